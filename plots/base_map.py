"""A map in km, north up, with degrees on its axes: land, a scale bar and an arrow to the north where least is hidden, names of zones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..scenario_gen.geometry import Projection
from .ground import Array, Ground
from .labels import Label, place_labels
from .output import new_figure, plain, round_down

MAP = (0.055, 0.075, 0.645, 0.79)
"""Left, bottom, width and height of the map in the figure."""

WIDTH_IN, HEIGHTS_IN = 12.5, (6.0, 7.4)

COLUMN = 0.79
"""Left edge of the column beside the map and its colour bar."""

LAND, SHORE, OUTSIDE, EMPTY = "#f7f5ef", "#93a1aa", "#dfebf3", "#fbfbf9"
MARGIN = 1.06
"""Size of the map over that of what it must show."""


def map_figure(shown: Array, area: tuple[float, float, float, float] = MAP) -> Any:
    """Return a figure whose map in ``area`` is about as high as ``shown`` (n, 2) in km needs."""
    width, height = shown.max(axis=0) - shown.min(axis=0)
    needed = WIDTH_IN * area[2] * height / max(float(width), 1e-6) / area[3]
    return new_figure(WIDTH_IN, float(np.clip(needed, *HEIGHTS_IN)))


def add_map(figure: Any, ground: Ground, shown: Array, area: tuple[float, float, float, float] = MAP) -> Any:
    """Add axes in km with the land of ``ground``; all of ``shown`` (n, 2) lies inside, and a km is as long to the east as to the north."""
    from matplotlib.patches import Polygon

    axes = figure.add_axes(area)
    extent = axes.get_window_extent()
    size = np.array([extent.width, extent.height])
    low, high = shown.min(axis=0), shown.max(axis=0)
    half = MARGIN * max(float(((high - low) / size).max()), 1e-6) * size / 2
    left, bottom = (low + high) / 2 - half
    right, top = (low + high) / 2 + half
    axes.set(xlim=(left, right), ylim=(bottom, top))
    axes.set_aspect(1.0)
    axes.set_facecolor(OUTSIDE if ground.land else EMPTY)
    for number, polygon in enumerate(ground.land):
        style = {"facecolor": LAND, "edgecolor": SHORE, "linewidth": 0.8, "zorder": 0.5}
        axes.add_patch(Polygon(polygon, closed=True, gid=f"land {number}", **style))
    _degrees(axes, ground.origin)
    return axes


def add_scale(axes: Any, avoid: Array) -> None:
    """Draw scale bar and north arrow into the corner where they hide the fewest of the points ``avoid`` (n, 2)."""
    from matplotlib.patheffects import withStroke

    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    width, height = right - left, top - bottom
    length = round_down(0.22 * width)
    box = np.array([length + 0.075 * width, 0.085 * height])
    corners = [
        (left + 0.02 * width if west else right - 0.02 * width - box[0], bottom + 0.02 * height if south else top - 0.02 * height - box[1])
        for south, west in ((True, True), (True, False), (False, True), (False, False))
    ]
    hidden = [int(np.all((avoid >= corner) & (avoid <= np.array(corner) + box), axis=1).sum()) for corner in corners]
    x, y = corners[int(np.argmin(hidden))]
    halo = [withStroke(linewidth=3, foreground="white")]
    y_bar = y + 0.3 * box[1]
    bar = axes.plot([x, x + length], [y_bar, y_bar], color="#222222", linewidth=2.5, solid_capstyle="butt", zorder=10, gid="scale")
    words = [axes.text(x + length / 2, y_bar + 0.012 * height, f"{length:g} km", fontsize=8.5, ha="center", va="bottom", zorder=10)]
    at = x + length + 0.05 * width
    style = {"arrowstyle": "-|>", "color": "#222222", "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=(at, y + 0.62 * box[1]), xytext=(at, y), arrowprops=style, zorder=10)
    words.append(axes.text(at, y + 0.66 * box[1], "N", fontsize=8.5, weight="bold", ha="center", va="bottom", zorder=10))
    for mark in (*bar, *words):
        mark.set_path_effects(halo)


def name_zones(axes: Any, ground: Ground, *, size: float = 6.5, avoid: Array | None = None) -> list[Any]:
    """Write the names of the zones beside a dot in their middle, away from the points ``avoid`` (n, 3), pixels and weights."""
    dot = {"marker": "o", "markersize": 3, "color": "#222222", "markeredgecolor": "white", "markeredgewidth": 0.6}
    axes.plot(*ground.zone_km.T, linestyle="none", zorder=8, gid="zones", scalex=False, scaley=False, **dot)
    small = size if len(ground.zones) <= 60 else size - 1
    labels = [
        Label(text=plain(name), x=float(x), y=float(y), radius=1.5, color="#222222")
        for name, (x, y) in zip(ground.zones, ground.zone_km, strict=True)
    ]
    return place_labels(axes, labels, np.zeros((0, 3)) if avoid is None else avoid, size=small)


def inside_of(text: Any) -> Array:
    """Return points in pixels all over a text, and how bad it is to hide them, for :func:`name_zones`."""
    box = text.get_window_extent(text.figure.canvas.get_renderer())
    x, y = np.meshgrid(np.linspace(box.x0, box.x1, 15), np.linspace(box.y0, box.y1, 6))
    return np.column_stack([x.ravel(), y.ravel(), np.full(x.size, 20.0)])


def add_title(figure: Any, title: str, facts: Sequence[str], left: float = MAP[0]) -> None:
    """Write the title, and facts below it, at the left edge of the map."""
    figure.text(left, 0.945, plain(title), fontsize=13, weight="bold")
    figure.text(left, 0.905, plain("   ·   ".join(facts)), fontsize=9.5, color="#444444")


def add_colour_bar(figure: Any, marks: Any, label: str, ticks: Sequence[float] | None = None) -> Any:
    """Draw the colour bar of ``marks`` right of the map."""
    bar = figure.colorbar(marks, cax=figure.add_axes((MAP[0] + MAP[2] + 0.012, MAP[1], 0.014, MAP[3])))
    bar.set_label(label, fontsize=9)
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_linewidth(0.6)
    if ticks is not None:
        bar.set_ticks(list(ticks), labels=[f"{t:g}" for t in ticks])
        bar.ax.minorticks_off()
    return bar


def _degrees(axes: Any, origin: Projection) -> None:
    """Label the axes in degrees, at round ones."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    (south, north), (west, east) = origin.to_degrees(np.array([left, right]), np.array([bottom, top]))
    for low, high, along_x in ((west, east, True), (south, north, False)):
        step = round_down((high - low) / 3.5)
        margin = 0.03 * (high - low)
        values = step * np.arange(math.ceil((low + margin) / step), math.floor((high - margin) / step) + 1)
        places = origin.to_km(origin.latitude, values)[0] if along_x else origin.to_km(values, origin.longitude)[1]
        decimals = max(0, -math.floor(math.log10(step)))
        names = [f"{abs(v):.{decimals}f}° {('E' if v >= 0 else 'W') if along_x else ('N' if v >= 0 else 'S')}" for v in values]
        (axes.set_xticks if along_x else axes.set_yticks)(places, names)
    axes.tick_params(labelsize=8)
    for label in axes.get_yticklabels():
        label.set(rotation=90, va="center")
