"""Routes over time: for every vehicle a row a stop, with travel, waiting and service against the stop's window.

Marks carry ``travel V K``, ``wait V K``, ``service V K``, ``window V K``, ``late V K``, ``early V K`` or ``range V K`` in their ``gid``: of
stop K of vehicle V, both counted from 1; the last stop is the return.
"""

from __future__ import annotations

from textwrap import shorten
from typing import Any

import numpy as np

from .colours import EARLY, LATE
from .output import amount, new_figure, plain
from .responder_graph import add_heading
from .route_map import stop_text
from .route_view import RouteView, facts_of, style_of, title_of

WINDOW = "#dcdcd6"
ROW_IN, HEAD_IN, FOOT_IN = 0.235, 0.95, 0.95
"""Height of a row, of the heading and of axis and legend, in inches."""

LONGEST = 28
"""Characters of a site's name."""

LEFT, WIDTH = 0.25, 0.575
EDGE = (0.03 - LEFT) / WIDTH
"""Left edge and width of the time axis in the figure, and of the vehicles' names on that axis."""


def timeline_figure(view: RouteView) -> Any:
    """Return the figure: time to the right, a row a stop, a gap between vehicles."""
    rows = sum(len(tour.stops) + 0.6 for tour in view.tours)
    height = HEAD_IN + FOOT_IN + ROW_IN * rows
    figure = new_figure(12.5, height)
    axes = figure.add_axes((LEFT, FOOT_IN / height, WIDTH, ROW_IN * rows / height))
    begin, end = _span(view)
    axes.set(xlim=(begin, end), ylim=(rows - 0.3, -0.8))
    ticks, names, y = [], [], 0.0
    for v, tour in enumerate(view.tours):
        style: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "va": "center"}
        axes.text(EDGE, y, f"vehicle {v + 1}", fontsize=8.5, weight="bold", color=style_of(v)[0], **style)
        axes.text(EDGE, y + 1, f"{amount(tour.casualties)} casualties", fontsize=7.5, color="#444444", **style)
        left = tour.departure
        for k, stop in enumerate(tour.stops):
            _draw_stop(axes, view, v, k, left, y)
            left = stop.start + stop.service
            ticks.append(y)
            names.append(plain(shorten(view.nodes[stop.node], LONGEST, placeholder=" …")))
            y += 1
        y += 0.6
    axes.set_yticks(ticks, names)
    axes.tick_params(axis="y", length=0, labelsize=8)
    axes.tick_params(axis="x", labelsize=8)
    axes.grid(axis="x", color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_xlabel(f"time{' (' + view.instance.units.time + ')' if view.instance.units.time else ''}", fontsize=9)
    add_heading(figure, title_of(view), facts_of(view))
    _legend(figure, view)
    return figure


def _span(view: RouteView) -> tuple[float, float]:
    """Return the limits of time: all that vehicles do, and finite ends of windows near it."""
    stops = [stop for tour in view.tours for stop in tour.stops]
    low = min(tour.departure for tour in view.tours)
    high = max(max(stop.start + stop.service, stop.last) for stop in stops)
    ends = [float(e) for e in (*view.earliest[1:], *view.latest[1:]) if np.isfinite(e)]
    near = [e for e in ends if low - (high - low) <= e <= high + 0.5 * (high - low)]
    low, high = min([low, *near]), max([high, *near])
    margin = 0.015 * max(high - low, 1e-9)
    return low - margin, high + margin


def _draw_stop(axes: Any, view: RouteView, v: int, k: int, left: float, y: float) -> None:
    """Draw one row: what vehicle ``v`` does from when it ``left`` the stop before."""
    stop = view.tours[v].stops[k]
    colour, tag = style_of(v)[0], f"{v + 1} {k + 1}"
    low, high = axes.get_xlim()
    opens, closes = (float(a[stop.node]) for a in (view.earliest, view.latest))
    if np.isfinite(opens) or np.isfinite(closes):
        opens, closes = max(opens, low), min(closes, high)
        axes.barh(y, closes - opens, left=opens, height=0.92, color=WINDOW, zorder=1, gid=f"window {tag}")
    axes.barh(y, stop.arrival - left, left=left, height=0.2, color=colour, alpha=0.75, zorder=3, gid=f"travel {tag}")
    if stop.start - stop.arrival > 1e-9:
        style: dict[str, Any] = {"facecolor": "white", "edgecolor": colour, "hatch": "////", "linewidth": 0.7}
        axes.barh(y, stop.start - stop.arrival, left=stop.arrival, height=0.44, zorder=3, gid=f"wait {tag}", **style)
    if stop.node and stop.service > 0:
        axes.barh(y, stop.service, left=stop.start, height=0.62, color=colour, zorder=4, gid=f"service {tag}")
    else:
        axes.plot([stop.start], [y], marker="D", markersize=4.5, color=colour, mec="white", mew=0.6, zorder=5, gid=f"service {tag}")
    for word, by, side, tone in (("late", stop.lateness, -1, LATE), ("early", stop.earliness, 1, EARLY)):
        if by > 1e-9 and abs(stop.penalty) > 1e-9:
            axes.plot([stop.start, stop.start + side * by], [y + 0.4] * 2, color=tone, linewidth=2.6, zorder=6, gid=f"{word} {tag}")
    if stop.last - stop.first > 1e-9:
        axes.plot(
            [stop.first, stop.last], [y - 0.4] * 2, color="#222222", linewidth=0.9, marker="|", markersize=4, zorder=6, gid=f"range {tag}"
        )
    outside = stop_text(view, stop)
    if outside:
        tone = LATE if stop.lateness >= stop.earliness else EARLY
        style = {"fontsize": 7.5, "va": "center", "color": tone, "transform": axes.get_yaxis_transform()}
        axes.text(1.01, y, outside, gid=f"text {tag}", **style)


def _legend(figure: Any, view: RouteView) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    grey = "#777777"
    handles: list[Any] = [
        Line2D([], [], color=grey, linewidth=2.2, label="travel"),
        Patch(facecolor="white", edgecolor=grey, hatch="////", label="wait"),
        Patch(color=grey, label="service"),
        Line2D([], [], color=grey, marker="D", markersize=4.5, linestyle="none", label="return, or service that takes no time"),
        Patch(color=WINDOW, label="window"),
    ]
    stops = [stop for tour in view.tours for stop in tour.stops if abs(stop.penalty) > 1e-9]
    for label, colour, by in (("late", LATE, [s.lateness for s in stops]), ("early", EARLY, [s.earliness for s in stops])):
        if any(by):
            handles.append(Line2D([], [], color=colour, linewidth=2.6, label=label))
    if view.num_scenarios > 1 and view.scenario is None:
        handles.append(Line2D([], [], color="#222222", linewidth=0.9, marker="|", markersize=5, label="starts in all scenarios"))
    figure.legend(handles=handles, loc="lower center", ncols=len(handles), fontsize=8, frameon=False)
