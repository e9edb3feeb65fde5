"""Shake map: peak ground acceleration at the buildings in one scenario, faults and rupture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..scenario_gen.exposure import Exposure
from ..scenario_gen.generation import ScenarioGenerator
from .base_map import COLUMN, MAP, add_colour_bar, add_map, add_scale, add_title, inside_of, map_figure, name_zones
from .colours import FAULT, RUPTURE, heat
from .fault_marks import STEEP, add_faults, add_rupture, along, rupture_points
from .ground import Array, Ground, ground_of
from .map_keys import add_legend, dot, outside
from .output import round_ticks
from .set_facts import facts, heading

if TYPE_CHECKING:
    import xarray as xr

MANY = 5_000
"""Above so many buildings the map shows the geometric mean in hexagons, not each building."""

HEXAGONS = 150
"""Hexagons from left to right."""


def shake_figure(data: xr.Dataset, row: int, generator: ScenarioGenerator) -> Any:
    """Return the figure of the shaking of the scenario in ``row``, made again by ``generator``."""
    k = int(data["number"].values[row])
    shaken = generator.shaking.block(k, k + 1)[0]
    exposure, ground = generator.exposure, ground_of(data)
    pga = np.exp(shaken.ln_pga[: len(exposure.buildings)])
    place = np.column_stack(exposure.building_km)
    edge = rupture_points(shaken.event.rupture)
    shown = np.concatenate([ground.corners_km, place, edge])
    figure = map_figure(shown)
    axes = add_map(figure, ground, shown)
    marks = _shaking(axes, place, pga)
    add_faults(axes, exposure)
    magnitude = add_rupture(axes, shaken.event.rupture, ground.zone_km)
    name_zones(axes, ground, avoid=inside_of(magnitude))
    add_scale(axes, np.concatenate([place, along(edge), _fault_points(exposure), ground.rim_km]))
    add_colour_bar(figure, marks, "peak ground acceleration, PGA (g)", round_ticks(*marks.get_clim()))
    _legend(figure, len(place) > MANY, ground, dips=shaken.event.rupture.dip_degrees < STEEP)
    _histogram(figure, pga, marks)
    add_title(figure, f"Shaking in {heading(data, row)}", facts(data, ground, row))
    return figure


def _shaking(axes: Any, place: Array, pga: Array) -> Any:
    from matplotlib.colors import LogNorm

    if len(pga) <= MANY:
        norm = LogNorm(*_range(pga))
        return axes.scatter(*place.T, c=pga, s=9, linewidths=0, cmap=heat(), norm=norm, zorder=2, gid="pga", rasterized=True)
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    rows = max(1, round(HEXAGONS * (top - bottom) / (right - left) / np.sqrt(3)))
    marks = axes.hexbin(
        *place.T,
        C=np.log(pga),
        reduce_C_function=lambda values: float(np.exp(np.mean(values))),
        gridsize=(HEXAGONS, rows),
        extent=(left, right, bottom, top),
        linewidths=0.3,
        edgecolors="face",
        cmap=heat(),
        zorder=2,
        gid="pga",
    )
    marks.set_norm(LogNorm(*_range(marks.get_array())))
    return marks


def _range(values: Array) -> tuple[float, float]:
    """Return the limits of the colours: the values', at least a factor of 1.5 apart."""
    low, high = float(np.min(values)), float(np.max(values))
    widen = max(1.0, 1.5 / (high / low)) ** 0.5
    return low / widen, high * widen


def _fault_points(exposure: Exposure) -> Array:
    return np.concatenate([along(np.column_stack(exposure.origin.to_km(*f.trace.T))) for f in exposure.faults])


def _legend(figure: Any, many: bool, ground: Ground, *, dips: bool) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    what = "buildings: geometric mean\nof PGA in a hexagon" if many else "buildings, by PGA"
    handles: list[Any] = [
        Line2D([], [], linestyle="none", marker="h" if many else "o", markersize=7, color=heat()(0.5), label=what),
        Line2D([], [], color=RUPTURE, linewidth=3.6, label="rupture: its upper edge"),
        Line2D([], [], color=FAULT, linewidth=1.0, linestyle=(0, (5, 2)), label="faults"),
        dot("middle of a zone, its name"),
    ]
    if dips:
        handles.insert(2, Patch(facecolor="#d8e7f1", edgecolor=RUPTURE, linewidth=1.4, label="and its plane, seen from above"))
    add_legend(figure, [*handles, *outside(ground)])


def _histogram(figure: Any, pga: Array, marks: Any) -> None:
    """Draw the number of buildings by PGA, in the map's colours."""
    axes = figure.add_axes((COLUMN + 0.02, MAP[1], 0.982 - COLUMN - 0.02, 0.31))
    edges = np.geomspace(*_range(pga), 31)
    counts, _ = np.histogram(pga, edges)
    middle = np.sqrt(edges[:-1] * edges[1:])
    axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color=marks.cmap(marks.norm(middle)), linewidth=0, gid="histogram")
    axes.set_xscale("log")
    axes.set_xlim(edges[0], edges[-1])
    ticks = round_ticks(edges[0], edges[-1])
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.set_xlabel("PGA (g)", fontsize=8.5)
    axes.set_title(f"{len(pga):,} buildings by PGA", fontsize=9, loc="left", weight="bold", pad=19, x=-0.17)
    axes.tick_params(labelsize=7.5)
    axes.locator_params(axis="y", nbins=4)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.spines[["top", "right"]].set_visible(False)
    shown = f"median {np.median(pga):.2g} g, 95 %: {np.quantile(pga, 0.95):.2g} g, largest {pga.max():.2g} g"
    axes.text(-0.17, 1.025, shown, transform=axes.transAxes, fontsize=7.5, va="bottom")
