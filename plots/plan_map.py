"""A pre-positioning plan on a map: depots and their stock, one scenario's flows, and the demand left unmet."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np

from . import map_marks as marks
from .labels import Label, place_labels
from .map_frame import COLUMN, MAP, add_legend, add_title, crowd, map_figure
from .map_legend import legend_entries
from .output import percent, plain
from .plan_view import PlanView
from .stock_bars import add_stock_bars

MANY = 12
"""Nodes with unmet demand of which each is told how much."""


def plan_figure(view: PlanView) -> Any:
    """Return the figure of a plan; sizes on it are areas or widths proportional to volumes (:mod:`quakeops.plots.map_marks`)."""
    place = {n.name: (n.longitude, n.latitude) for n in view.instance.nodes}
    figure, axes = map_figure(np.array(list(place.values())))
    marks.add_links(axes, view, place)
    arrows = marks.add_flows(axes, view, place)
    marks.add_nodes(axes, view, place)
    _name_nodes(axes, view, place, arrows)
    _title(figure, view)
    bottom = add_legend(figure, legend_entries(view))
    add_stock_bars(figure, view, (COLUMN, MAP[1], 0.985 - COLUMN, bottom - 0.05 - MAP[1]))
    return figure


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
    discs = [(xy, marks.radius(view, node), 8.0 if node in view.sizes or node in view.demand else 1.0) for node, xy in place.items()]
    place_labels(axes, labels, crowd(axes, arrows, discs))


def _title(figure: Any, view: PlanView) -> None:
    name, label = textwrap.shorten(view.instance.name, 45), textwrap.shorten(view.scenario, 60)
    money = view.instance.units.money
    gap = "no bound" if view.gap is None else f"gap {percent(view.gap)}"
    facts = (
        f"probability {view.probability:.4g}",
        f"expected cost {view.expected_cost:,.0f} {money} ({gap}; {view.method})",
        f"cost in this scenario {view.cost:,.0f} {money}",
    )
    add_title(figure, f"{name}: plan, and flows in scenario “{label}”", facts)
