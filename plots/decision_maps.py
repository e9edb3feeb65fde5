"""Maps of retrofit plans side by side: left what is retrofitted, right how often a year the rest is repaired. One row a plan.

Each row's marks carry ``retrofitted``, ``not retrofitted``, ``repaired``, ``never repaired`` as their ``gid``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..scenario_gen.geometry import Projection
from . import output
from .base_map import add_map, add_scale
from .colours import heat
from .ground import Array, Ground

DONE, NOT_DONE = "#d62728", "#5fc9d8"
"""The paper's colours: red where something is done, cyan where not."""

EDGE = "#333333"
DOT: dict[str, Any] = {"s": 34, "edgecolors": EDGE, "linewidths": 0.5}

FAR = 5.0
"""Elements farther from the middle than so many times the distance that nine in ten keep are left out of the map."""

WIDTH_IN, ROW_IN, TOP_IN, BOTTOM_IN, AROUND_IN = 10.5, 4.35, 0.5, 0.3, 0.65
LEFT, RIGHT, WIDE = 0.05, 0.475, 0.395
"""Left edges of the two columns of maps, and their width, in shares of the figure."""


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """A plan: what it is called, which elements are ``retrofitted`` (E,), and how often a year each is repaired, ``repairs`` (E,)."""

    title: str
    retrofitted: NDArray[np.bool_]
    repairs: Array


def draw_decisions(latitude: Array, longitude: Array, plans: Sequence[Decisions], target: str | Path, *, title: str) -> None:
    """Draw the maps of plans for elements at ``latitude`` and ``longitude`` (E,) in degrees into the file ``target``, whole or not at all.

    Raises
    ------
    InputError
        No plan, or one of another number of elements; unknown file ending, missing folder or matplotlib.
    """
    path = output.check_target(target)
    output.require_matplotlib()
    output.save(decisions_figure(latitude, longitude, plans, title), path)


def decisions_figure(latitude: Array, longitude: Array, plans: Sequence[Decisions], title: str) -> Any:
    """Return the figure of :func:`draw_decisions`."""
    _check(latitude, longitude, plans)
    origin = Projection(float(np.median(latitude)), float(np.median(longitude)))
    place = np.column_stack(origin.to_km(latitude, longitude))
    away = np.hypot(*place.T)
    near = away <= FAR * max(float(np.quantile(away, 0.9)), 1e-3)
    ground = Ground("", origin, (), place[near], ())
    height = TOP_IN + ROW_IN * len(plans) + BOTTOM_IN
    figure = output.new_figure(WIDTH_IN, height)
    figure.text(LEFT, 1 - 0.36 / height, output.plain(title), fontsize=13, weight="bold")
    norm = _norm(np.concatenate([p.repairs for p in plans]))
    for row, plan in enumerate(plans):
        bottom = (BOTTOM_IN + ROW_IN * (len(plans) - 1 - row) + 0.2) / height
        left, right = (_map(figure, ground, (at, bottom, WIDE, (ROW_IN - AROUND_IN) / height)) for at in (LEFT, RIGHT))
        _retrofits(left, plan, place, near)
        _repairs(right, plan, place, near, norm)
        left.set_title(output.plain(f"{plan.title}: {plan.retrofitted.sum()} retrofitted"), fontsize=10, loc="left")
        right.set_title(output.plain(f"{plan.title}: {plan.repairs.sum():.3g} repairs a year"), fontsize=10, loc="left")
        add_scale(left, place[near])
    _legends(figure, norm, height)
    if not near.all():
        figure.text(LEFT, 0.12 / height, f"not on the maps: {(~near).sum()} far away", fontsize=8.5, color="#444444")
    return figure


def _map(figure: Any, ground: Ground, area: tuple[float, float, float, float]) -> Any:
    """Add a map with every second label of the longitudes, which stand too close in half a figure."""
    axes = add_map(figure, ground, ground.zone_km, area)
    axes.set_xticks(axes.get_xticks()[::2], [label.get_text() for label in axes.get_xticklabels()[::2]])
    return axes


def _legends(figure: Any, norm: Any, height: float) -> None:
    """Draw what the colours mean: above the maps, and the shades of repairs beside the lowest."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.lines import Line2D

    style: dict[str, Any] = {"fontsize": 8.5, "frameon": False, "ncol": 2, "borderaxespad": 0, "handletextpad": 0.2}
    dot: dict[str, Any] = {"linestyle": "none", "marker": "o", "markeredgecolor": EDGE, "markeredgewidth": 0.5}
    dots = [
        Line2D([], [], color=colour, label=label, **dot)
        for colour, label in ((DONE, "retrofitted"), (NOT_DONE, "not retrofitted (left), never repaired (right)"))
    ]
    figure.legend(handles=dots, loc="upper left", bbox_to_anchor=(LEFT, 1 - 0.44 / height), **style)
    if norm is None:
        return
    area = (RIGHT + WIDE + 0.015, (BOTTOM_IN + 0.2) / height, 0.016, (ROW_IN - AROUND_IN) / height)
    bar = figure.colorbar(ScalarMappable(norm, heat()), cax=figure.add_axes(area))
    bar.set_label("repaired, times a year", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    ticks = output.round_ticks(norm.vmin, norm.vmax)
    bar.set_ticks(ticks, labels=[f"{t:g}" for t in ticks])
    bar.ax.minorticks_off()


def _check(latitude: Array, longitude: Array, plans: Sequence[Decisions]) -> None:
    if not plans:
        raise InputError("no plan to draw")
    for plan in plans:
        shapes = (plan.retrofitted.shape, plan.repairs.shape, longitude.shape)
        if any(shape != latitude.shape for shape in shapes):
            raise InputError(f"plan {plan.title!r}: retrofits, repairs, longitudes have shapes {shapes}, expected {latitude.shape}")


def _norm(repairs: Array) -> Any:
    """Return the logarithmic scale of repairs a year that all rows share, ``None`` if nothing is repaired."""
    from matplotlib.colors import LogNorm

    some = repairs[repairs > 0]
    if not len(some):
        return None
    low, high = float(some.min()), float(some.max())
    return LogNorm(low if low < high else low / 2, high)


def _retrofits(axes: Any, plan: Decisions, place: Array, near: NDArray[np.bool_]) -> None:
    """Draw what is retrofitted and what is not, the fewer on top, since bridges may stand at one place."""
    for done, colour, name in ((False, NOT_DONE, "not retrofitted"), (True, DONE, "retrofitted")):
        here = near & (plan.retrofitted == done)
        axes.scatter(*place[here].T, c=colour, zorder=4 + (2 * here.sum() < near.sum()), gid=name, **DOT)


def _repairs(axes: Any, plan: Decisions, place: Array, near: NDArray[np.bool_], norm: Any) -> None:
    axes.scatter(*place[near & (plan.repairs == 0)].T, c=NOT_DONE, zorder=4, gid="never repaired", **DOT)
    some = np.flatnonzero(near & (plan.repairs > 0))
    some = some[np.argsort(plan.repairs[some], kind="stable")]
    axes.scatter(*place[some].T, c=plan.repairs[some], cmap=heat(), norm=norm, zorder=5, gid="repaired", **DOT)
