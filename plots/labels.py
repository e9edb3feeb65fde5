"""Names beside the nodes of a map, nudged until they hide neither each other nor what is drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DIRECTIONS = tuple(math.radians(a) for a in (0, 180, 45, 135, 315, 225, 90, 270, 22, 158, 338, 202, 67, 113, 247, 293))
DISTANCES = (2.0, 10.0, 20.0, 32.0, 46.0)
"""Gaps between marker and label that are tried, in points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Text for the node at ``(x, y)`` in data coordinates, whose marker has ``radius`` points."""

    text: str
    x: float
    y: float
    radius: float
    color: str = "black"
    weight: str = "normal"


def place_labels(axes: Any, labels: list[Label], crowd: Array, *, size: float = 8.0) -> list[Any]:
    """Write every label where it covers least; ``crowd`` (n, 3) holds points in pixels better left visible, and their weights.

    The axes must have their final limits. Labels of larger markers are placed first; one that had to move far gets a leader line.
    """
    from matplotlib.patheffects import withStroke

    renderer = axes.figure.canvas.get_renderer()
    point = axes.figure.dpi / 72
    inside = _box(axes.get_window_extent(renderer))
    anchors = axes.transData.transform([(entry.x, entry.y) for entry in labels]) if labels else np.zeros((0, 2))
    markers = np.column_stack([anchors, [entry.radius * point for entry in labels]])
    taken: list[Array] = []
    out = []
    for label in sorted(labels, key=lambda entry: -entry.radius):
        style = {"color": label.color, "weight": label.weight, "ha": "center", "va": "center"}
        text = axes.text(0, 0, label.text, fontsize=size, zorder=9, **style)
        text.set_path_effects([withStroke(linewidth=2.5, foreground="white")])
        extent = text.get_window_extent(renderer)
        half = np.array([extent.width, extent.height]) / 2 + point
        anchor = axes.transData.transform((label.x, label.y))
        own = np.array([*anchor, label.radius * point])
        options = [(anchor + _offset(angle, own[2] + gap * point, half), gap) for gap in DISTANCES for angle in DIRECTIONS]
        boxes = [np.concatenate([centre - half, centre + half]) for centre, _ in options]
        costs = [
            _cost(box, taken, inside, crowd) + 0.6 * gap + 0.05 * n + 8 * _doubt(box, own, markers, 10 * point)
            for n, (box, (_, gap)) in enumerate(zip(boxes, options, strict=True))
        ]
        centre, gap = options[int(np.argmin(costs))]
        taken.append(boxes[int(np.argmin(costs))])
        text.set_position(axes.transData.inverted().transform(centre))
        if gap > DISTANCES[1]:
            _leader(axes, anchor, centre, half, label)
        out.append(text)
    return out


def _offset(angle: float, distance: float, half: Array) -> Array:
    """Return the label's centre relative to the node: its box touches the circle of radius ``distance`` in that direction."""
    direction = np.array([math.cos(angle), math.sin(angle)])
    return distance * direction + half * np.clip(direction / 0.7, -1, 1)


def _cost(box: Array, taken: list[Array], inside: Array, crowd: Array) -> float:
    overlaps = [_overlap(box, other) for other in taken]
    area = float((box[2] - box[0]) * (box[3] - box[1]))
    hidden = np.all((crowd[:, :2] >= box[:2]) & (crowd[:, :2] <= box[2:]), axis=1)
    return (
        20 * np.count_nonzero(overlaps)
        + 200 * sum(overlaps) / area
        + float(crowd[hidden, 2].sum())
        + 1000 * (1 - _overlap(box, inside) / area)
    )


def _doubt(box: Array, own: Array, markers: Array, margin: float) -> float:
    """Return how far other markers (x, y, radius) are nearer to the box than its ``own``, or farther by less than ``margin``."""

    def away(discs: Array) -> Array:
        return np.asarray(np.linalg.norm(discs[:, :2] - np.clip(discs[:, :2], box[:2], box[2:]), axis=1) - discs[:, 2])

    lead = (away(own[None, :]) + margin - away(markers)) / margin
    return float(np.clip(lead, 0, 2).sum()) - 1  # its own marker counts 1


def _overlap(a: Array, b: Array) -> float:
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    return float(np.prod(np.maximum(sides, 0)))


def _box(extent: Any) -> Array:
    return np.array([extent.x0, extent.y0, extent.x1, extent.y1])


def _leader(axes: Any, anchor: Array, centre: Array, half: Array, label: Label) -> None:
    """Draw a thin line from the nearest point of the label's box to its node."""
    near = np.clip(anchor, centre - half, centre + half)
    ends = axes.transData.inverted().transform([anchor, near])
    axes.plot(ends[:, 0], ends[:, 1], color=label.color, linewidth=0.5, zorder=3, scalex=False, scaley=False)
