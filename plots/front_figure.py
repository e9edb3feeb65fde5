"""A Pareto front: two objectives as a curve of points, three in space beside their three projections; the knee is marked."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ..decomposition.pareto import ParetoFront
from ..errors import InputError
from .output import new_figure, plain

MILLIONS = 1e7
"""An objective that reaches this is drawn in millions of its unit."""

POINT, ANCHOR, KNEE = "#3b6ea5", "#222222", "#c8102e"


def front_figure(front: ParetoFront) -> Any:
    """Return the figure of a front of two or three objectives.

    Raises
    ------
    InputError
        Another number of objectives, or no points.
    """
    if len(front.names) not in (2, 3):
        raise InputError(f"a front of {len(front.names)} objectives cannot be drawn; expected two or three")
    if not front.points:
        raise InputError("the front holds no points to draw")
    values = np.array([[p.objectives[n] for n in front.names] for p in front.points])
    millions = np.abs(values).max(axis=0) >= MILLIONS
    values = np.where(millions, values / 1e6, values)
    labels = [_label(front, k, bool(million)) for k, million in enumerate(millions)]
    figure = new_figure(9.6, 6.4) if len(front.names) == 2 else new_figure(12.6, 7.4)
    if len(front.names) == 2:
        _flat(figure.add_axes((0.12, 0.11, 0.84, 0.73)), front, values, labels, 0, 1, legend=True)
    else:
        _space(figure.add_axes((0.0, 0.04, 0.55, 0.82), projection="3d"), front, values, labels)
        for (a, b), bottom in zip(itertools.combinations(range(3), 2), (0.665, 0.38, 0.085), strict=True):
            _flat(figure.add_axes((0.66, bottom, 0.32, 0.2)), front, values, labels, a, b, legend=False)
    name = " ".join(dict.fromkeys(n for n in (front.model, front.instance) if n))
    figure.text(0.06, 0.945, plain(f"{name}: {len(front.points)} nondominated plans"), fontsize=13, weight="bold")
    budget = "" if front.budget is None else f"first stage at most {front.budget:,.0f} {front.units.get('budget', '')}".rstrip() + "  ·  "
    facts = f"{budget}hypervolume {front.hypervolume:.3f}  ·  {front.method} with {front.solver}, {front.num_scenarios:,} scenarios"
    figure.text(0.06, 0.9, plain(facts), fontsize=9.5, color="#444444")
    return figure


def _label(front: ParetoFront, k: int, million: bool) -> str:
    unit = " ".join(part for part in ("million" if million else "", front.units.get(front.names[k]) or "") if part)
    return plain(front.names[k].replace("_", " ") + (f" ({unit})" if unit else ""))


def _marks(front: ParetoFront) -> list[tuple[str, list[int], str, str, float]]:
    """Return (legend, points, colour, marker, size) of plain points, anchors and the knee."""
    anchors = [k for k, p in enumerate(front.points) if p.origin == "anchor"]
    knee = [] if front.knee is None else [front.knee]
    others = [k for k in range(len(front.points)) if k not in anchors and k not in knee]
    return [
        ("plan", others, POINT, "o", 26.0),
        ("least of one objective", [k for k in anchors if k not in knee], ANCHOR, "s", 34.0),
        ("knee", knee, KNEE, "*", 170.0),
    ]


def _plain_number(value: float, _: object) -> str:
    return f"{value:,.10g}"


def _flat(axes: Any, front: ParetoFront, values: Any, labels: list[str], a: int, b: int, *, legend: bool) -> None:
    from matplotlib import ticker

    for text, chosen, colour, marker, size in _marks(front):
        if chosen:
            axes.scatter(values[chosen, a], values[chosen, b], s=size, c=colour, marker=marker, label=text, zorder=3, linewidths=0)
    axes.set_xlabel(labels[a], fontsize=9)
    axes.set_ylabel(labels[b], fontsize=9)
    axes.tick_params(labelsize=8)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(_plain_number)
        axis.set_major_locator(ticker.MaxNLocator(6))
    axes.grid(color="#eeeeee")
    axes.spines[["top", "right"]].set_visible(False)
    if legend:
        axes.legend(fontsize=9, framealpha=0.9)


def _space(axes: Any, front: ParetoFront, values: Any, labels: list[str]) -> None:
    from matplotlib import ticker

    floor = values[:, 2].min() - 0.05 * np.ptp(values[:, 2])
    for x, y, z in values.tolist():
        axes.plot([x, x], [y, y], [floor, z], color="#cccccc", linewidth=0.6, zorder=1)
    for text, chosen, colour, marker, size in _marks(front):
        if chosen:
            axes.scatter(*values[chosen].T, s=size, c=colour, marker=marker, label=text, depthshade=False, linewidths=0)
    for k, setter in enumerate((axes.set_xlabel, axes.set_ylabel, axes.set_zlabel)):
        setter(labels[k], fontsize=9, labelpad=9)
    axes.tick_params(labelsize=7.5)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_major_formatter(_plain_number)
        axis.set_major_locator(ticker.MaxNLocator(5))
    axes.view_init(elev=22, azim=-52)
    axes.legend(fontsize=9, loc="upper left", framealpha=0.9)
