"""Routes on a map: a colour a vehicle, the depot, sites sized by casualties, with window, start of service, and penalty.

Every mark carries what it shows in its ``gid``: ``leg V A > B`` of vehicle V, counted from 1; ``site A``; ``depot``; ``label A``.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from ..decomposition.routing import Stop, Tour
from ..errors import InputError
from .colours import EARLY, LATE
from .labels import Array, Label, place_labels
from .map_frame import COLUMN, MAP, TOP, add_title, crowd
from .output import amount, new_figure, plain
from .route_view import RouteView, facts_of, style_of, title_of, window_text

LARGEST, LEAST = 9.0, 3.0
"""Radius in points of the site with most casualties, and at least."""

DEPOT_RADIUS, BADGE, BEND = 7.5, 6.5, 4.0
"""Radii of the depot and of vehicles' numbers, and how far ways there and back are apart from the straight line, in points."""

MOST_LABELS = 30
"""Sites beyond which only those outside their windows have more than a name."""

SITE = "#f1e9dc"


def route_figure(view: RouteView) -> Any:
    """Return the figure.

    Raises
    ------
    InputError
        Places without coordinates.
    """
    if not np.isfinite(view.places).all():
        name = view.nodes[int(np.flatnonzero(~np.isfinite(view.places).all(axis=1))[0])]
        raise InputError(
            f"instance {view.instance.name!r} has no map to draw routes on: {name!r} has no x and y; --kind timeline shows the routes"
        )
    figure, axes = _axes(view)
    legs = [leg for v, tour in enumerate(view.tours) for leg in _draw_tour(axes, view, v, tour)]
    radii = _radii(view)
    for j, name in enumerate(view.nodes):
        shape = {"marker": "s", "markersize": 2 * DEPOT_RADIUS, "mfc": "#222222"} if not j else {"marker": "o", "markersize": 2 * radii[j]}
        style = {"mfc": SITE, "mec": "#222222", "mew": 0.9, "zorder": 6, "linestyle": "none"} | shape
        axes.plot(*view.places[j], **style, gid="depot" if not j else f"site {name}")
    badges: list[Array] = []
    for v, tour in enumerate(view.tours):
        _badge(axes, view, v, tour, badges)
    discs = [((float(x), float(y)), r, 6.0) for (x, y), r in zip(view.places, radii, strict=True)]
    discs += [(tuple(axes.transData.inverted().transform(spot)), BADGE, 6.0) for spot in badges]
    hidden = crowd(axes, legs, discs) * [1, 1, 2]
    stops = {stop.node: stop for tour in view.tours for stop in tour.stops[:-1]}
    labels = [_label(view, j, stops.get(j), float(radii[j])) for j in range(len(view.nodes))]
    texts = place_labels(axes, labels, hidden, size=7.5 if len(labels) <= MOST_LABELS else 6.5)
    for text in texts:
        text.set_gid(f"label {text.get_text().splitlines()[0]}")
    add_title(figure, title_of(view), facts_of(view))
    _legend(figure, view)
    return figure


def _axes(view: RouteView) -> tuple[Any, Any]:
    figure = new_figure(12.5, 7.4)
    axes = figure.add_axes(MAP)
    extent = axes.get_window_extent()
    size = np.array([extent.width, extent.height])
    low, high = view.places.min(axis=0), view.places.max(axis=0)
    half = 1.22 * max(float(((high - low) / size).max()), 1e-9) * size / 2
    (left, bottom), (right, top) = (low + high) / 2 - half, (low + high) / 2 + half
    axes.set(xlim=(left, right), ylim=(bottom, top))
    axes.set_aspect(1.0)
    unit = view.instance.units.distance
    if view.instance.metric in ("GEO", "great_circle"):
        names = ("east (degrees of longitude, shortened to those of latitude)", "latitude (°)")
    else:
        names = (f"x ({unit})", f"y ({unit})") if unit else ("x", "y")
    axes.set_xlabel(plain(names[0]), fontsize=9)
    axes.set_ylabel(plain(names[1]), fontsize=9)
    axes.tick_params(labelsize=8)
    axes.set_facecolor("#fbfbf9")
    return figure, axes


def _radii(view: RouteView) -> Array:
    """Return the radii of all marks in points: of sites, areas by casualties."""
    casualties = np.array([0.0, *(s.casualties for s in view.instance.sites)])
    crowded = min(1.0, 20 / len(casualties))
    radii = np.maximum(LEAST * crowded**0.5, LARGEST * crowded * np.sqrt(casualties / max(float(casualties.max()), 1e-9)))
    radii[0] = DEPOT_RADIUS
    return np.asarray(radii)


def _way(view: RouteView, tour: Tour) -> list[int]:
    """Return the nodes that a vehicle passes, from the depot to the depot."""
    if view.instance.shuttle:
        return [0, *(node for site in tour.sites for node in (site, 0))]
    return [0, *tour.sites, 0]


def _draw_tour(axes: Any, view: RouteView, v: int, tour: Tour) -> list[Any]:
    """Draw a vehicle's legs, those to the depot lighter; there and back on one road bend apart."""
    from matplotlib.patches import FancyArrowPatch

    colour, dashes = style_of(v)
    way, radii, out = _way(view, tour), _radii(view), []
    both = set(pairwise(way))
    for a, b in pairwise(way):
        bend = _bend(axes, view.places[[a, b]]) if (b, a) in both else 0.0
        leg = FancyArrowPatch(
            tuple(view.places[a]),
            tuple(view.places[b]),
            connectionstyle=f"arc3,rad={bend}",
            arrowstyle="-|>,head_length=4.2,head_width=2.0",
            shrinkA=float(radii[a]),
            shrinkB=float(radii[b]) + 0.5,
            color=colour,
            linewidth=1.3 if not b else 2.0,
            alpha=0.55 if not b else 0.95,
            linestyle=(0, dashes) if dashes else "solid",
            zorder=3 if not b else 4,
            gid=f"leg {v + 1} {view.nodes[a]} > {view.nodes[b]}",
        )
        axes.add_patch(leg)
        out.append(leg)
    return out


def _bend(axes: Any, ends: Array) -> float:
    """Return the ``rad`` of matplotlib's ``arc3`` by which a line bends aside by ``BEND`` points in its middle, less where it is short."""
    length = float(np.hypot(*np.diff(axes.transData.transform(ends), axis=0)[0]))
    return float(min(0.16, 2 * BEND * axes.figure.dpi / 72 / max(length, 1e-9)))


def _badge(axes: Any, view: RouteView, v: int, tour: Tour, taken: list[Array]) -> None:
    """Write the vehicle's number on its first leg, where it is farthest from all places and from numbers ``taken`` (pixels)."""
    ends = view.places[[0, tour.sites[0]]]
    bend = _bend(axes, ends) if view.instance.shuttle or len(tour.sites) == 1 else 0.0
    begin, end = axes.transData.transform(ends)
    along = end - begin
    shares = np.linspace(0.3, 0.7, 9)
    spots = begin + np.outer(shares, along) + np.outer(2 * shares * (1 - shares) * bend, [along[1], -along[0]])
    others = np.concatenate([axes.transData.transform(view.places), np.reshape(taken, (-1, 2))])
    room = np.linalg.norm(spots[:, None, :] - others, axis=2).min(axis=1)
    spot = spots[int(np.argmax(np.minimum(room, 4 * BADGE) - np.abs(shares - 0.5)))]
    taken.append(spot)
    box = {"boxstyle": "circle,pad=0.22", "facecolor": style_of(v)[0], "edgecolor": "white", "linewidth": 0.8}
    style: dict[str, Any] = {"color": "white", "fontsize": 7, "weight": "bold", "ha": "center", "va": "center", "zorder": 7}
    axes.text(*axes.transData.inverted().transform(spot), str(v + 1), bbox=box, gid=f"vehicle {v + 1}", **style)


def _label(view: RouteView, node: int, stop: Stop | None, radius: float) -> Label:
    x, y = map(float, view.places[node])
    name = plain(view.nodes[node])
    if stop is None:
        return Label(text=name, x=x, y=y, radius=radius, weight="bold")
    outside = stop_text(view, stop)
    lines = [name]
    if len(view.nodes) - 1 <= MOST_LABELS or outside:
        window = window_text(view, node)
        lines.append(f"{window}, start {amount(stop.start)}" if window else f"start {amount(stop.start)}")
    if outside:
        lines.append(outside)
    return Label(text="\n".join(lines), x=x, y=y, radius=radius, color=colour_of(stop))


def stop_text(view: RouteView, stop: Stop) -> str:
    """Return how far a service is outside its window where that costs, as ``late 0.021, costs 0.64``; empty where not."""
    if abs(stop.penalty) <= 1e-9:
        return ""
    parts = [f"{word} {amount(by)}" for word, by in (("early", stop.earliness), ("late", stop.lateness)) if by > 1e-9]
    return f"{' and '.join(parts) or 'at its edge'}, costs {amount(stop.penalty)}"


def colour_of(stop: Stop) -> str:
    """Return the colour of a service: late, early or neither, whichever is more on average."""
    if abs(stop.penalty) <= 1e-9 or stop.earliness == stop.lateness:
        return "black"
    return LATE if stop.lateness > stop.earliness else EARLY


def _in_unit(view: RouteView) -> str:
    return f" ({view.instance.units.time})" if view.instance.units.time else ""


def _legend(figure: Any, view: RouteView) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    capacity = "" if np.isinf(view.instance.capacity) or view.instance.shuttle else f"/{view.instance.capacity:g}"
    heading = f"vehicle: casualties{'/capacity' if capacity else ''}, travel, penalty{_in_unit(view)}"
    handles: list[Any] = [Patch(facecolor="none", edgecolor="none", label=plain(heading))]
    for v, tour in enumerate(view.tours):
        colour, dashes = style_of(v)
        penalty = "-" if abs(tour.penalty) <= 1e-9 else amount(tour.penalty)
        text = f"{v + 1}: {amount(tour.casualties)}{capacity}, {amount(tour.travel)}, {penalty}"
        handles.append(Line2D([], [], color=colour, linewidth=2, linestyle=(0, dashes) if dashes else "solid", label=plain(text)))
    dot: dict[str, Any] = {"linestyle": "none", "mec": "#222222"}
    handles.append(Line2D([], [], marker="s", markersize=9, mfc="#222222", label="depot", **dot))
    largest = max(s.casualties for s in view.instance.sites)
    site = f"site, area by casualties (most: {largest:g})" if largest else "site"
    handles.append(Line2D([], [], marker="o", markersize=8, mfc=SITE, label=site, **dot))
    window = "window, " if np.isfinite([view.earliest[1:], view.latest[1:]]).any() else ""
    mean = "mean " if view.num_scenarios > 1 and view.scenario is None else ""
    if len(view.nodes) - 1 <= MOST_LABELS:
        text = f"name; {window}{mean}start of service{_in_unit(view)}"
        handles.append(Patch(facecolor="none", edgecolor="none", label=plain(text)))
    colours = {colour_of(stop) for tour in view.tours for stop in tour.stops[:-1]}
    names = ((LATE, "later than the window"), (EARLY, "earlier than the window"))
    handles += [Patch(color=colour, label=label) for colour, label in names if colour in colours]
    returns = [stop for tour in view.tours for stop in tour.stops[-1:] if abs(stop.penalty) > 1e-9]
    if returns:
        cost = amount(sum(stop.penalty for stop in returns))
        by = amount(float(view.latest[0]))
        handles.append(Patch(facecolor="none", edgecolor="none", label=f"{len(returns)} back after {by}: costs {cost}"))
    style: dict[str, Any] = {"fontsize": 8 if len(handles) <= 26 else 6.5, "frameon": False, "borderaxespad": 0, "labelspacing": 0.55}
    figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(COLUMN - 0.008, TOP), handlelength=2.6, **style)
