"""The land of a metropolitan area: polygons scaled to its area, points in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from .plan import Plan

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """Land polygons in km; ``scale`` is what the plan's coordinates are multiplied by."""

    polygons: tuple[Array, ...]
    scale: float

    def side(self, points: Array) -> NDArray[np.int64]:
        """Return which polygon each point (n, 2) lies in, -1 for water."""
        out = np.full(len(points), -1)
        for number, polygon in enumerate(self.polygons):
            out[inside(polygon, points)] = number
        return out

    def draw(self, rng: Generator, count: int) -> Array:
        """Draw points uniformly over the land (count, 2)."""
        corners = np.concatenate(self.polygons)
        low, high = corners.min(axis=0), corners.max(axis=0)
        found = np.zeros((0, 2))
        while len(found) < count:
            points = rng.uniform(low, high, (2 * count, 2))
            found = np.concatenate([found, points[self.side(points) >= 0]])
        return found[:count]


def outline(plan: Plan) -> Outline:
    """Return the plan's land, scaled to its area."""
    scale = float(np.sqrt(plan.area_km2 / sum(area(np.array(p, dtype=float)) for p in plan.land)))
    return Outline(tuple(np.array(p, dtype=float) * scale for p in plan.land), scale)


def area(polygon: Array) -> float:
    """Return the area of a simple polygon (n, 2) by the shoelace formula."""
    x, y = polygon.T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def inside(polygon: Array, points: Array) -> NDArray[np.bool_]:
    """Whether points (n, 2) lie in a simple polygon: an odd number of its edges crosses the ray to the east."""
    out = np.zeros(len(points), dtype=bool)
    x, y = points.T
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if y0 != y1:
            out ^= ((y0 > y) != (y1 > y)) & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return out
