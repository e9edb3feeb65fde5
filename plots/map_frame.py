"""The frame of a plan's map: limits around its places, what labels should not hide, title, legend."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from . import base_map
from .labels import Array
from .output import new_figure

MAP = (0.06, 0.075, 0.625, 0.79)
"""Left, bottom, width and height of the map in the figure."""

COLUMN = 0.715
"""Left edge of the column with legend and stock."""

TOP = 0.872
"""Upper edge of the legend in the figure."""


def map_figure(places: Array, *, finest: float = 1e-4) -> tuple[Any, Any]:
    """Return a figure and the axes of a map around all places (n, 2), degrees of longitude shortened by cos(latitude).

    A pixel is at least ``finest`` degrees of latitude high.
    """
    figure = new_figure(12.5, 7.4)
    axes = figure.add_axes(MAP)
    low, high = places.min(axis=0), places.max(axis=0)
    shrink = max(0.05, math.cos(math.radians(float(low[1] + high[1]) / 2)))
    extent = axes.get_window_extent()
    needed = (high - low) * [shrink, 1] / [extent.width, extent.height]  # degrees of latitude a pixel, by axis
    span = max(1.2 * float(needed.max()), finest) * np.array([extent.width, extent.height]) / [shrink, 1]
    left, bottom = (low + high - span) / 2
    axes.set(xlim=(left, left + span[0]), ylim=(bottom, bottom + span[1]))
    axes.set_aspect(1 / shrink)
    axes.set_xlabel("longitude (°)", fontsize=9)
    axes.set_ylabel("latitude (°)", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.set_facecolor("#fbfbf9")
    return figure, axes


def right_of(axes: Any, ends: Array, points: float) -> Any:
    """Return the transform that draws a line between ``ends`` (2, 2) so many points to the right of its direction."""
    from matplotlib.transforms import ScaledTranslation

    along = np.diff(axes.transData.transform(ends), axis=0)[0]
    right = np.array([along[1], -along[0]]) / max(float(np.hypot(*along)), 1e-12) * points / 72
    return axes.transData + ScaledTranslation(float(right[0]), float(right[1]), axes.figure.dpi_scale_trans)


def crowd(axes: Any, arrows: Iterable[Any], discs: Iterable[tuple[tuple[float, float], float, float]]) -> Array:
    """Return points (pixels) and weights: along arrows, and all over discs (place, radius in points, weight)."""
    point = axes.figure.dpi / 72
    rows = [np.zeros((0, 3))]
    for arrow in arrows:
        outline = arrow.get_transform().transform_path(arrow.get_path()).interpolated(8).vertices
        rows.append(np.column_stack([outline, np.full(len(outline), 1.5)]))
    angles = np.linspace(0, 2 * math.pi, 12, endpoint=False)
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    for place, radius, weight in discs:
        centre = axes.transData.transform(place)
        points = np.concatenate([centre + r * radius * point * circle for r in (0.2, 0.6, 1.0)])
        rows.append(np.column_stack([points, np.full(len(points), weight)]))
    return np.concatenate(rows)


def add_title(figure: Any, title: str, facts: Sequence[str]) -> None:
    """Write the title, and facts below it, at the left edge of the map."""
    base_map.add_title(figure, title, facts, left=MAP[0])


def add_legend(figure: Any, handles: Sequence[Any]) -> float:
    """Draw the legend at the top of the column; return its lower edge in the figure."""
    legend = figure.legend(
        handles=list(handles),
        loc="upper left",
        bbox_to_anchor=(COLUMN - 0.008, TOP),
        fontsize=8,
        frameon=False,
        borderaxespad=0,
        labelspacing=0.55,
        handlelength=2.6,
    )
    extent = legend.get_window_extent(figure.canvas.get_renderer())
    return float(figure.transFigure.inverted().transform((0, extent.y0))[1])
