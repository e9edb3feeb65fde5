"""The marks of a plan on its map: links, flow arrows, depots with pies of stock, demand, rings of unmet demand.

Every mark carries what it shows in its ``gid``: ``flow A -> B``, ``depot A``, ``stock A: water``, ``demand A``, ``unmet A``,
``link A -- B``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from .plan_shapes import add_arrow, add_disc, add_pie
from .plan_view import PlanView

Places = dict[str, tuple[float, float]]

COMMODITIES = ("#4477aa", "#ddaa33", "#aa3377", "#66ccee", "#228833", "#997700", "#7b6fb8", "#777777")
FLOW, DEMAND, UNMET, LINK, BROKEN = "#1b7f79", "#222222", "#cc2222", "#b9b9b9", "#e08080"

WIDEST, THINNEST = 8.0, 0.8
"""Arrow widths in points: of the largest flow, and at least."""

DEPOT, DOT, RING = 17.0, 5.5, 7.0
"""Radii in points: largest capacity (smaller where depots are many), largest demand, and what 100 % unmet adds around it."""


def flow_width(view: PlanView, volume: float) -> float:
    """Return the width of an arrow in points, proportional to its volume."""
    return max(THINNEST, WIDEST * volume / max(view.flows.values()))


def depot_radius(view: PlanView, node: str) -> float:
    """Return the radius in points of a depot's circle, its area proportional to the capacity."""
    crowded = min(1.0, math.sqrt(5 / len(view.sizes)))
    return DEPOT * crowded * math.sqrt(view.capacity(node) / max(s.capacity for s in view.instance.sizes))


def demand_radius(view: PlanView, node: str) -> float:
    """Return the radius in points of a demand's dot, its area proportional to the volume (at least 1.8 points)."""
    largest = max(view.demand.values(), default=0.0)
    return max(1.8, DOT * math.sqrt(view.demand[node] / largest)) if largest > 0 else 1.8


def marker_radius(view: PlanView, node: str) -> float:
    """Return the radius in points of a node's marker without its ring of unmet demand."""
    depot = depot_radius(view, node) if node in view.sizes else 0.0
    return max(depot, demand_radius(view, node) if node in view.demand else 1.5)


def radius(view: PlanView, node: str) -> float:
    """Return the radius in points of everything drawn at a node."""
    return marker_radius(view, node) + (2 + RING * view.unmet[node] if node in view.unmet else 0.0)


def color(view: PlanView, commodity: str) -> str:
    """Return a commodity's colour."""
    names = [c.name for c in view.instance.commodities]
    return COMMODITIES[names.index(commodity) % len(COMMODITIES)]


def add_links(axes: Any, view: PlanView, place: Places) -> None:
    """Draw links as thin grey lines (fainter where there are many), broken ones dashed red."""
    faint = min(1.0, 60 / max(1, len(view.instance.links)))
    for link in view.instance.links:
        (x0, y0), (x1, y1) = place[link.ends[0]], place[link.ends[1]]
        style: dict[str, Any] = {"color": LINK, "linewidth": 0.7, "alpha": faint}
        if link.ends in view.broken:
            style = {"color": BROKEN, "linewidth": 1.2, "linestyle": (0, (4, 3))}
        axes.plot([x0, x1], [y0, y1], zorder=1, gid=f"link {link.name}", scalex=False, scaley=False, **style)


def add_flows(axes: Any, view: PlanView, place: Places) -> list[Any]:
    """Draw each flow as an arrow; return the arrows."""
    arrows = []
    for (i, j), volume in sorted(view.flows.items(), key=lambda entry: -entry[1]):
        gaps = (marker_radius(view, i), marker_radius(view, j) + 0.5)
        arrows.append(add_arrow(axes, place[i], place[j], flow_width(view, volume), color=FLOW, gaps=gaps, gid=f"flow {i} -> {j}"))
    return arrows


def add_nodes(axes: Any, view: PlanView, place: Places) -> None:
    """Draw every node: depot (circle of its capacity, pie of its stock), dot of its demand, ring of what is unmet."""

    def circle(node: str, size: float, what: str, **style: Any) -> None:
        add_disc(axes, place[node], size, f"{what} {node}", **style)

    for node in sorted(place, key=lambda n: view.stocked_volume(n) if n in view.sizes else 0.0):  # the fullest on top
        if node in view.sizes:
            circle(node, depot_radius(view, node), "free", facecolor="white", linewidth=0, zorder=5)
            add_pie(axes, place[node], depot_radius(view, node), _stock(view, node))
            circle(node, depot_radius(view, node), "depot", facecolor="none", edgecolor="#333333", linewidth=1.2, zorder=5)
        if node in view.demand:
            circle(node, demand_radius(view, node), "demand", facecolor=DEMAND, edgecolor="white", linewidth=0.8, zorder=7)
        elif node not in view.sizes:
            circle(node, 1.5, "node", facecolor="#999999", linewidth=0, zorder=2)
        if node in view.unmet:
            circle(node, radius(view, node), "unmet", facecolor="none", edgecolor=UNMET, linewidth=1.8, zorder=6)


def _stock(view: PlanView, node: str) -> Iterator[tuple[float, str, str]]:
    """Return the parts of a depot's pie, its stock by commodity; what stays white is free capacity."""
    capacity = view.capacity(node)
    for c in view.instance.commodities:
        volume = c.volume * view.stock[node].get(c.name, 0.0)
        if volume > 0:
            yield volume / capacity, color(view, c.name), f"stock {node}: {c.name}"
