"""A pre-positioning plan on a map: depots and their stock, one scenario's flows, and the demand left unmet."""

from __future__ import annotations

import math
import textwrap
from typing import Any

import numpy as np

from . import map_marks as marks
from .labels import Array, Label, place_labels
from .map_legend import add_legend
from .output import new_figure, percent, plain, unit
from .plan_view import PlanView
from .stock_bars import add_stock_bars

MAP = (0.06, 0.075, 0.625, 0.79)
"""Left, bottom, width and height of the map in the figure."""

COLUMN = 0.715
"""Left edge of the column with legend and stock."""

MANY = 12
"""Nodes with unmet demand of which each is told how much."""


def plan_figure(view: PlanView) -> Any:
    """Return the figure of a plan; sizes on it are areas or widths proportional to volumes (:mod:`quakeops.plots.map_marks`)."""
    figure = new_figure(12.5, 7.4)
    axes = figure.add_axes(MAP)
    place = {n.name: (n.longitude, n.latitude) for n in view.instance.nodes}
    _frame(axes, np.array(list(place.values())))
    marks.add_links(axes, view, place)
    arrows = marks.add_flows(axes, view, place)
    marks.add_nodes(axes, view, place)
    _name_nodes(axes, view, place, arrows)
    _title(figure, view)
    bottom = add_legend(figure, view, COLUMN)
    add_stock_bars(figure, view, (COLUMN, MAP[1], 0.985 - COLUMN, bottom - 0.05 - MAP[1]))
    return figure


def _frame(axes: Any, places: Array) -> None:
    """Set limits around all nodes, with degrees of longitude shortened by cos(latitude)."""
    low, high = places.min(axis=0), places.max(axis=0)
    shrink = max(0.05, math.cos(math.radians(float(low[1] + high[1]) / 2)))
    extent = axes.get_window_extent()
    needed = (high - low) * [shrink, 1] / [extent.width, extent.height]  # degrees of latitude a pixel, by axis
    span = max(1.2 * float(needed.max()), 1e-4) * np.array([extent.width, extent.height]) / [shrink, 1]
    left, bottom = (low + high - span) / 2
    axes.set(xlim=(left, left + span[0]), ylim=(bottom, bottom + span[1]))
    axes.set_aspect(1 / shrink)
    axes.set_xlabel("longitude (°)", fontsize=9)
    axes.set_ylabel("latitude (°)", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.set_facecolor("#fbfbf9")


def _name_nodes(axes: Any, view: PlanView, place: dict[str, tuple[float, float]], arrows: list[Any]) -> None:
    """Label depots and the nodes with demand; where many are short, the rings alone say it of nodes without a depot."""
    labels, many = [], len(view.unmet) > MANY
    for node in dict.fromkeys([*view.sizes, *view.demand]):
        lines = [plain(node)]
        if node in view.unmet and (node in view.sizes or not many):
            lines.append(f"{percent(view.unmet[node])} unmet")
        labels.append(
            Label(
                text="\n".join(lines),
                x=place[node][0],
                y=place[node][1],
                radius=marks.radius(view, node),
                color=marks.UNMET if node in view.unmet else "black",
                weight="bold" if node in view.sizes else "normal",
            )
        )
    place_labels(axes, labels, _crowd(axes, view, place, arrows))


def _crowd(axes: Any, view: PlanView, place: dict[str, tuple[float, float]], arrows: list[Any]) -> Array:
    """Return points (pixels) and weights: along arrows, and over the markers of nodes."""
    point = axes.figure.dpi / 72
    rows = []
    for arrow in arrows:
        outline = arrow.get_transform().transform_path(arrow.get_path()).interpolated(8).vertices
        rows.append(np.column_stack([outline, np.full(len(outline), 1.5)]))
    angles = np.linspace(0, 2 * math.pi, 12, endpoint=False)
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    for node, xy in place.items():
        centre = axes.transData.transform(xy)
        discs = np.concatenate([centre + r * marks.radius(view, node) * point * circle for r in (0.2, 0.6, 1.0)])
        rows.append(np.column_stack([discs, np.full(len(discs), 8.0 if node in view.sizes or node in view.demand else 1.0)]))
    return np.concatenate(rows)


def _title(figure: Any, view: PlanView) -> None:
    name, label = textwrap.shorten(view.instance.name, 45), textwrap.shorten(view.scenario, 60)
    money = unit(view.instance.units.money)
    gap = "no bound" if view.gap is None else f"gap {percent(view.gap)}"
    figure.text(MAP[0], 0.945, plain(f"{name}: plan, and flows in scenario “{label}”"), fontsize=13, weight="bold")
    facts = (
        f"probability {view.probability:.4g}   ·   expected cost {view.expected_cost:,.0f} {money} ({gap}; {plain(view.method)})"
        f"   ·   cost in this scenario {view.cost:,.0f} {money}"
    )
    figure.text(MAP[0], 0.905, facts, fontsize=9.5, color="#444444")
