"""A deployment plan on a map: depots and what is ready there, what one scenario demands, what is sent, missing and given up.

Every mark carries what it shows in its ``gid``: ``sent A -> B``, and those of :mod:`.deployment_marks`.
"""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np

from . import deployment_marks as own
from . import map_marks as marks
from .deployment_bars import add_depot_bars
from .deployment_view import DeploymentView
from .labels import Label, place_labels
from .map_frame import COLUMN, MAP, add_legend, add_title, crowd, map_figure
from .output import amount, percent, plain, round_down
from .plan_shapes import add_arrow, disc_key

MANY = 12
"""Zones with missing demand of which each is told how much."""


def deployment_figure(view: DeploymentView) -> Any:
    """Return the figure of a plan; areas of discs and widths of arrows are proportional to units."""
    depots: own.Places = {d.name: (d.longitude, d.latitude) for d in view.instance.depots}
    zones: own.Places = {z.name: (z.longitude, z.latitude) for z in view.instance.zones}
    figure, axes = map_figure(np.array([*depots.values(), *zones.values()]))
    own.add_routes(axes, view, depots, zones)
    arrows = [
        add_arrow(
            axes,
            depots[j],
            zones[i],
            own.width(view, units),
            color=marks.FLOW,
            gaps=(own.depot_radius(view, j), own.zone_radius(view, i) + 0.5),
            gid=f"sent {j} -> {i}",
        )
        for (j, i), units in sorted(view.sent.items(), key=lambda entry: -entry[1])
    ]
    own.add_depots(axes, view, depots)
    own.add_zones(axes, view, zones)
    _name(axes, view, depots, zones, arrows)
    _title(figure, view)
    bottom = add_legend(figure, _legend(view))
    add_depot_bars(figure, view, (COLUMN, MAP[1], 0.985 - COLUMN, bottom - 0.05 - MAP[1]), own.READY, marks.FLOW)
    return figure


def _name(axes: Any, view: DeploymentView, depots: own.Places, zones: own.Places, arrows: list[Any]) -> None:
    """Label depots in bold, and zones with what is missing there."""
    labels = [
        Label(
            text=plain(depot) + ("" if depot in view.ready else "\nnot opened"),
            x=xy[0],
            y=xy[1],
            radius=own.depot_radius(view, depot),
            color="black" if depot in view.ready else "#777777",
            weight="bold" if depot in view.ready else "normal",
        )
        for depot, xy in depots.items()
    ]
    many = len(view.missing) > MANY
    for zone, xy in zones.items():
        told = zone in view.missing and not many
        text = plain(zone) + (f"\n{percent(own.missing_share(view, zone))} missing" if told else "")
        color = marks.UNMET if zone in view.missing else "black" if zone in view.demand else "#777777"
        labels.append(Label(text=text, x=xy[0], y=xy[1], radius=own.zone_radius(view, zone), color=color))
    discs = [(xy, own.depot_radius(view, j), 8.0) for j, xy in depots.items()]
    discs += [(xy, own.zone_radius(view, i), 8.0 if i in view.demand else 1.0) for i, xy in zones.items()]
    place_labels(axes, labels, crowd(axes, arrows, discs))


def _title(figure: Any, view: DeploymentView) -> None:
    name, label = textwrap.shorten(view.instance.name, 45), textwrap.shorten(view.scenario, 60)
    money = view.instance.units.money
    gap = "no bound" if view.gap is None else f"gap {percent(view.gap)}"
    gone = ", given up" if view.demand and view.given_up == frozenset(view.demand) else ""
    facts = (
        view.form,
        f"expected cost {view.expected_cost:,.0f} {money} ({gap}; {view.method})",
        f"in this scenario {view.cost:,.0f} {money} (probability {view.probability:.4g})",
    )
    add_title(figure, f"{name}: plan, and what is sent in scenario “{label}”{gone}", facts)


def _legend(view: DeploymentView) -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    resource, inst = view.instance.units.resource, view.instance
    out = [disc_key(6.5, "depot: area = stock that it can hold ready", edge="#333333")]
    if view.ready:
        out.append(Patch(facecolor=own.READY, label=plain(f"{resource}s made ready")))
    if view.demand:
        required = [i for i in view.demand if i not in view.given_up]
        if required:
            most = max(required, key=view.demand.__getitem__)
            out.append(disc_key(own.dot(view, most), plain(f"demand of {amount(view.demand[most])} {resource}s (area)"), face=marks.DEMAND))
        if view.given_up:
            most = max(view.given_up, key=view.demand.__getitem__)
            text = f"demand of {amount(view.demand[most])} {resource}s, given up:\nnothing is required"
            out.append(disc_key(own.dot(view, most), plain(text), face="white", edge=marks.DEMAND, width=1.3))
    if view.missing:
        worst = max(view.missing, key=lambda i: own.missing_share(view, i))
        size = 2 + marks.RING * own.missing_share(view, worst) + 2
        out.append(disc_key(size, f"missing demand (ring),\nhere {percent(own.missing_share(view, worst))}", edge=marks.UNMET, width=1.8))
    if view.sent:
        largest = max(view.sent.values())
        for units in dict.fromkeys((round_down(largest), round_down(largest / 5))):
            style: dict[str, Any] = {"color": marks.FLOW, "alpha": 0.75, "linewidth": own.width(view, units)}
            out.append(Line2D([], [], label=plain(f"{units:,g} {resource}s sent"), **style))
    out.append(Line2D([], [], color=marks.LINK, linewidth=0.9, label="route within its time limit"))
    if len(inst.usable_routes) < len(inst.routes) <= own.FEW:
        out.append(Line2D([], [], color=marks.BROKEN, linewidth=0.9, linestyle=(0, (4, 3)), label="route that takes too long"))
    return out
