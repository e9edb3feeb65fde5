"""The synthetic town on a map: streets, river, bridges; by how often a bridge is damaged, or in one scenario with what is closed."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..scenario_gen.grid_town import GridTown
from ..scenario_gen.grid_town.closures import link_states
from ..scenario_gen.grid_town.region import banks
from ..scenario_gen.grid_town.streets import Mask
from . import output
from .base_map import COLUMN, MAP, OUTSIDE, add_colour_bar, add_map, add_scale, add_title, map_figure
from .colours import SERIES, heat
from .ground import Array, Ground
from .labels import Label, place_labels
from .map_keys import add_legend

STATES = ("none", "slight", "moderate", "extensive", "complete")
STATE_COLOURS = ("#ffffff", "#f6e8b1", "#f2a93b", "#d1495b", "#5b0f2e")
CLOSED, SLOWED, STREET = "#c1121f", "#e08e0b", "#8d8d8d"
RETROFITTED, REPAIRED = SERIES[0], SERIES[2]
RIVER_KM = 0.13
MARKER = 8.5
"""Diameter of a bridge in points."""


def draw_road_map(
    town: GridTown,
    target: str | Path,
    *,
    scenario: int | None = None,
    retrofitted: Collection[str] = (),
    repaired: Collection[str] = (),
) -> None:
    """Draw the town into the file ``target`` (.png, .svg or .pdf), which is written whole or not at all.

    Parameters
    ----------
    town
        What :func:`quakeops.scenario_gen.grid_town.grid_town` drew.
    scenario
        Number of the scenario whose damage is shown; by default bridges are coloured by how often a year they are damaged.
    retrofitted, repaired
        Names of bridges that are ringed as retrofitted before, or repaired after. In a scenario they count as undamaged.

    Raises
    ------
    InputError
        A scenario or bridge that does not exist; unknown file ending, missing folder or matplotlib.
    """
    path = output.check_target(target)
    output.require_matplotlib()
    output.save(road_map_figure(town, scenario, retrofitted, repaired), path)


def road_map_figure(town: GridTown, scenario: int | None, retrofitted: Collection[str], repaired: Collection[str]) -> Any:
    """Return the figure of :func:`draw_road_map`."""
    _check(town, scenario, (*retrofitted, *repaired))
    streets = town.streets
    ground = Ground("grid-town", town.region.origin, streets.names, np.column_stack([streets.x_km, streets.y_km]), banks(streets).polygons)
    shown = ground.zone_km
    margin = 0.6 * streets.block_km
    shown = np.concatenate([shown - margin, shown + margin])
    figure = map_figure(shown)
    axes = add_map(figure, ground, shown)
    _river(axes, streets.river_km)
    sound = np.isin(town.bridges.names, [*retrofitted, *repaired])
    closed = slowed = np.zeros(len(streets.tail), dtype=bool)
    if scenario is not None:
        state = np.where(sound, 0, town.states[scenario]).astype(np.int8)
        closed, slowed = (links[0] for links in link_states(state[None], town.carriers))
    lines = _streets(axes, town, closed, slowed)
    place = np.column_stack(town.region.origin.to_km(town.bridges.latitude, town.bridges.longitude))
    bridges = _by_rate(figure, axes, town, place) if scenario is None else _by_state(axes, town.states[scenario], place)
    rings = [
        _rings(axes, place[np.isin(town.bridges.names, list(names))], colour, label)
        for names, colour, label in ((retrofitted, RETROFITTED, "retrofitted before"), (repaired, REPAIRED, "repaired after"))
        if names
    ]
    _names(axes, town, place)
    add_scale(axes, ground.zone_km)
    add_legend(figure, [*bridges, *rings, *lines], COLUMN if scenario is None else MAP[0] + MAP[2] + 0.02)
    told = [f"{len(streets.names)} crossings, {len(town.bridges)} bridges", "synthetic"]
    if scenario is None:
        add_title(figure, "grid-town: how often bridges are damaged", [f"{len(town.states)} scenarios, seed {town.seed}", *told])
    else:
        what = f"once in {1 / town.rates[scenario]:,.0f} years" if town.rates[scenario] > 0 else "rate 0"
        add_title(figure, f"grid-town: scenario {scenario}, M {town.magnitudes[scenario]:.2f}", [what, f"seed {town.seed}", *told])
    return figure


def _check(town: GridTown, scenario: int | None, names: Collection[str]) -> None:
    if scenario is not None and not 0 <= scenario < len(town.states):
        raise InputError(f"--scenario {scenario}: expected 0 to {len(town.states) - 1}")
    for name in names:
        if name not in town.bridges.names:
            raise InputError(f"{name!r} is no bridge of the town: expected {town.bridges.names[0]} to {town.bridges.names[-1]}")


def _river(axes: Any, river: Array) -> None:
    (left, right), extent = axes.get_xlim(), axes.get_window_extent()
    points_per_km = extent.width / (right - left) * 72 / axes.figure.dpi
    style: dict[str, Any] = {"color": OUTSIDE, "linewidth": RIVER_KM * points_per_km, "solid_joinstyle": "round", "zorder": 0.6}
    axes.plot(*river.T, gid="river", scalex=False, scaley=False, **style)


def _streets(axes: Any, town: GridTown, closed: Mask, slowed: Mask) -> list[Any]:
    """Draw the streets; one that is closed or slowed in either direction is drawn so."""
    from matplotlib.lines import Line2D

    streets = town.streets
    count = len(streets.ends)
    kinds = np.where(closed[:count] | closed[count:], 2, np.where(slowed[:count] | slowed[count:], 1, 0))
    looks: tuple[dict[str, Any], ...] = (
        {"color": STREET, "solid_capstyle": "round"},
        {"color": SLOWED, "linestyle": (0, (4, 1.5))},
        {"color": CLOSED, "linestyle": (0, (1.2, 1.2))},
    )
    for e, (name, (a, b)) in enumerate(zip(streets.street_names, streets.ends.tolist(), strict=True)):
        width = (2.6 if streets.arterial[e] else 1.1) + 0.8 * bool(kinds[e])
        ends = streets.x_km[[a, b]], streets.y_km[[a, b]]
        axes.plot(*ends, linewidth=width, zorder=2, gid=f"street {name}", scalex=False, scaley=False, **looks[int(kinds[e])])
    out = [Line2D([], [], color=STREET, linewidth=2.6, label="arterial"), Line2D([], [], color=STREET, linewidth=1.1, label="street")]
    for kind, label in ((1, "slowed, at least one way"), (2, "closed, at least one way")):
        if (kinds == kind).any():
            out.append(Line2D([], [], linewidth=2, label=label, **looks[kind]))
    return out


def _by_state(axes: Any, states: Array, place: Array) -> list[Any]:
    from matplotlib.lines import Line2D

    style: dict[str, Any] = {"marker": "o", "markersize": MARKER, "linestyle": "none", "markeredgecolor": "#222222", "markeredgewidth": 0.9}
    out = []
    for state, (name, colour) in enumerate(zip(STATES, STATE_COLOURS, strict=True)):
        here = place[states == state]
        if len(here):
            axes.plot(*here.T, markerfacecolor=colour, zorder=5, gid=f"bridges {name}", scalex=False, scaley=False, **style)
            out.append(Line2D([], [], markerfacecolor=colour, label=f"bridge, damage: {name} ({len(here)})", **style))
    return out


def _by_rate(figure: Any, axes: Any, town: GridTown, place: Array) -> list[Any]:
    from matplotlib.colors import LogNorm
    from matplotlib.lines import Line2D

    rates = town.maps.element_rates
    hit = rates > 0
    style: dict[str, Any] = {"marker": "o", "edgecolors": "#222222", "linewidths": 0.9, "s": MARKER**2, "zorder": 5}
    low, high = (float(rates[hit].min()), float(rates.max())) if hit.any() else (1e-4, 1e-3)
    low = low if low < high else low / 2
    marks = axes.scatter(*place[hit].T, c=rates[hit], cmap=heat(), norm=LogNorm(low, high), gid="bridges damaged", **style)
    add_colour_bar(figure, marks, "damaged, times a year (moderate damage or worse)", output.round_ticks(low, high))
    if not hit.all():
        axes.scatter(*place[~hit].T, c="white", gid="bridges undamaged", **style)
    white: dict[str, Any] = {
        "marker": "o",
        "markersize": MARKER,
        "linestyle": "none",
        "markerfacecolor": "white",
        "markeredgecolor": "#222222",
    }
    return [Line2D([], [], label="bridge (white: never damaged)" if not hit.all() else "bridge", **white)]


def _rings(axes: Any, place: Array, colour: str, label: str) -> Any:
    from matplotlib.lines import Line2D

    style: dict[str, Any] = {
        "marker": "o",
        "linestyle": "none",
        "markerfacecolor": "none",
        "markeredgecolor": colour,
        "markeredgewidth": 2.2,
    }
    axes.plot(*place.T, markersize=MARKER + 5, zorder=6, gid=label, scalex=False, scaley=False, **style)
    return Line2D([], [], markersize=MARKER + 2, label=label, **style)


def _names(axes: Any, town: GridTown, place: Array) -> None:
    pixels = axes.transData.transform(place)
    crowd = np.column_stack([pixels, np.full(len(pixels), 20.0)])
    labels = [
        Label(text=name, x=float(x), y=float(y), radius=MARKER / 2, color="#222222")
        for name, (x, y) in zip(town.bridges.names, place, strict=True)
    ]
    place_labels(axes, labels, crowd, size=7.5)
