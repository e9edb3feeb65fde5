"""The marks of a deployment plan on its map: routes, depots filled by what is ready, demand, what is missing and given up.

Every mark carries what it shows in its ``gid``: ``depot A``, ``ready A``, ``demand B``, ``missing B``, ``route A -> B``.
"""

from __future__ import annotations

import math
from typing import Any

from . import map_marks as marks
from .deployment_view import DeploymentView
from .plan_shapes import add_disc, add_pie

READY = "#4477aa"

DOT = 8.0
"""Radius in points of the largest demand."""

FEW = 30
"""Up to so many routes, those that take too long are drawn too."""

Places = dict[str, tuple[float, float]]


def width(view: DeploymentView, units: float) -> float:
    """Return the width of an arrow in points, proportional to its units."""
    return max(marks.THINNEST, marks.WIDEST * units / max(view.sent.values()))


def depot_radius(view: DeploymentView, depot: str) -> float:
    """Return the radius in points of a depot's circle, its area proportional to the stock."""
    stock = {d.name: d.stock for d in view.instance.depots}
    crowded = min(1.0, math.sqrt(5 / len(stock)))
    return max(3.0, marks.DEPOT * crowded * math.sqrt(stock[depot] / (max(stock.values()) or 1.0)))


def dot(view: DeploymentView, zone: str) -> float:
    """Return the radius in points of a demand's dot, its area proportional to the units (at least 1.8 points)."""
    return max(1.8, DOT * math.sqrt(view.demand[zone] / max(view.demand.values())))


def missing_share(view: DeploymentView, zone: str) -> float:
    """Return the share of a zone's demand that is missing."""
    return view.missing[zone] / view.demand[zone]


def zone_radius(view: DeploymentView, zone: str) -> float:
    """Return the radius in points of everything drawn at a zone."""
    ring = 2 + marks.RING * missing_share(view, zone) if zone in view.missing else 0.0
    return dot(view, zone) + ring if zone in view.demand else 1.5


def add_routes(axes: Any, view: DeploymentView, depots: Places, zones: Places) -> None:
    """Draw the routes within the time limit as thin grey lines (fainter where there are many), and dashed those that take too long."""
    inst = view.instance
    usable = {(r.depot, r.zone) for r in inst.usable_routes}
    for r in inst.routes:
        (x0, y0), (x1, y1) = depots[r.depot], zones[r.zone]
        style: dict[str, Any] = {"color": marks.LINK, "linewidth": 0.7, "alpha": min(1.0, 60 / len(inst.routes))}
        if (r.depot, r.zone) not in usable:
            if len(inst.routes) > FEW:
                continue
            style = {"color": marks.BROKEN, "linewidth": 0.9, "linestyle": (0, (4, 3))}
        axes.plot([x0, x1], [y0, y1], zorder=1, gid=f"route {r.depot} -> {r.zone}", scalex=False, scaley=False, **style)


def add_depots(axes: Any, view: DeploymentView, place: Places) -> None:
    """Draw each depot as a circle of its stock, filled by what is ready; one that is not opened dashed and empty."""
    stock = {d.name: d.stock for d in view.instance.depots}
    for depot, xy in place.items():
        size, opened = depot_radius(view, depot), depot in view.ready
        add_disc(axes, xy, size, f"free {depot}", facecolor="white", linewidth=0, zorder=5)
        if opened and stock[depot] > 0:
            add_pie(axes, xy, size, [(view.ready[depot] / stock[depot], READY, f"ready {depot}")])
        edge: dict[str, Any] = {"edgecolor": "#333333"} if opened else {"edgecolor": "#888888", "linestyle": (0, (2, 2))}
        add_disc(axes, xy, size, f"depot {depot}", facecolor="none", linewidth=1.2, zorder=5, **edge)


def add_zones(axes: Any, view: DeploymentView, place: Places) -> None:
    """Draw each zone with demand as a dot, hollow if it is given up, with a ring of what is missing."""
    for zone, xy in place.items():
        if zone not in view.demand:
            add_disc(axes, xy, 1.5, f"zone {zone}", facecolor="#999999", linewidth=0, zorder=2)
            continue
        free = zone in view.given_up
        style: dict[str, Any] = (
            {"facecolor": "white", "edgecolor": marks.DEMAND} if free else {"facecolor": marks.DEMAND, "edgecolor": "white"}
        )
        add_disc(axes, xy, dot(view, zone), f"demand {zone}", linewidth=1.3 if free else 0.8, zorder=7, **style)
        if zone in view.missing:
            ring = {"facecolor": "none", "edgecolor": marks.UNMET, "linewidth": 1.8}
            add_disc(axes, xy, zone_radius(view, zone), f"missing {zone}", zorder=6, **ring)
