"""The legend of a plan's map, with the units of the instance."""

from __future__ import annotations

from typing import Any

from . import map_marks as marks
from .output import amount, percent, plain, round_down, unit
from .plan_shapes import disc_key
from .plan_view import PlanView


def legend_entries(view: PlanView) -> list[Any]:
    """Return the entries of the legend: commodities, nodes, flows and links, of those that the map holds."""
    return [*_commodities(view), *_nodes(view), *_lines(view)]


def _commodities(view: PlanView) -> list[Any]:
    from matplotlib.patches import Patch

    volume = unit(view.instance.units.volume)
    return [
        Patch(
            facecolor=marks.color(view, c.name),
            label=plain(f"{c.name} ({'' if c.unit[:1].isdigit() else '1 '}{c.unit} = ") + f"{c.volume:,g} {volume})",
        )
        for c in view.instance.commodities
    ]


def _nodes(view: PlanView) -> list[Any]:
    volume = unit(view.instance.units.volume)
    out = []
    if view.sizes:
        out.append(disc_key(6.5, "depot: area = capacity,\nfilled with its stock by commodity", edge="#333333"))
    if view.demand:
        out.append(disc_key(marks.DOT, f"demand of {amount(max(view.demand.values()))} {volume} (area)", face=marks.DEMAND))
    if view.unmet:
        worst = max(view.unmet.values())
        text = f"unmet demand, here {percent(worst)}\n(mean over commodities)"
        out.append(disc_key(2 + marks.RING * worst + 2, text, edge=marks.UNMET, width=1.8))
    if {n.name for n in view.instance.nodes} - set(view.demand) - set(view.sizes):
        out.append(disc_key(1.5, "node without demand", face="#999999"))
    return out


def _lines(view: PlanView) -> list[Any]:
    from matplotlib.lines import Line2D

    volume = unit(view.instance.units.volume)
    out = []
    if view.flows:
        largest = max(view.flows.values())
        for amount in dict.fromkeys((round_down(largest), round_down(largest / 5))):
            style: dict[str, Any] = {"color": marks.FLOW, "alpha": 0.75, "linewidth": marks.flow_width(view, amount)}
            out.append(Line2D([], [], label=f"flow of {amount:,g} {volume}", **style))
    if len(view.broken) < len(view.instance.links):
        out.append(Line2D([], [], color=marks.LINK, linewidth=0.9, label="link"))
    if view.broken:
        out.append(Line2D([], [], color=marks.BROKEN, linewidth=1.2, linestyle=(0, (4, 3)), label="link broken in this scenario"))
    return out
