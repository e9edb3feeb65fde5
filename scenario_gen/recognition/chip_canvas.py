"""What synthetic chips are drawn with: a square canvas, smooth random fields, soft edges, layers of colour.

A canvas spans [-1, 1] in x and y at any size in pixels, so lengths are shares of half its side and a scene looks the same at every size.
Images are float32 (3, size, size), with channels in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Image = NDArray[np.floating[Any]]
Grid = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Canvas:
    """Pixel centres ``x`` (1, size) and ``y`` (size, 1), and the width of a pixel."""

    size: int
    x: Image
    y: Image
    pixel: float

    def field(self, nodes: Grid) -> Image:
        """Return a smooth field (size, size) of independent standard normals (g, g): every pixel is N(0, 1), bumps are about 2 / g wide."""
        weights = _weights(self.size, len(nodes))
        return weights @ nodes.astype(np.float32) @ weights.T

    def inside(self, distance: Image) -> Image:
        """Return 1 where the signed distance is negative, 0 where it is positive, and a slope one pixel wide between."""
        return between_0_and_1(0.5 - distance / self.pixel)

    def above(self, field: Image, threshold: Image | float, softness: float = 0.25) -> Image:
        """Return 1 where a field of :meth:`field` exceeds the threshold, 0 where not, and a slope between."""
        return between_0_and_1(0.5 + (field - threshold) / softness)


def between_0_and_1(values: Image) -> Image:
    """Return the values, cut at 0 and 1."""
    cut: Image = np.clip(values, 0, 1)
    return cut


@lru_cache(maxsize=16)
def canvas(size: int) -> Canvas:
    """Return the canvas of ``size`` pixels a side."""
    at = _centres(size)
    return Canvas(size, at[None, :], at[:, None], 2 / size)


def _centres(size: int) -> Image:
    return ((2 * np.arange(size) + 1) / size - 1).astype(np.float32)


@lru_cache(maxsize=64)
def _weights(size: int, nodes: int) -> Image:
    """Gaussian weights (size, g) of nodes at equal steps; rows have norm 1, so that independent N(0, 1) stay so."""
    steps = (_centres(size)[:, None] - np.linspace(-1, 1, nodes)[None, :]) * (nodes - 1) / 2
    weights = np.exp(-0.5 * (steps / 0.6) ** 2)
    scaled: Image = (weights / np.linalg.norm(weights, axis=1, keepdims=True)).astype(np.float32)
    return scaled


@lru_cache(maxsize=32)
def blur_weights(size: int, width: float) -> Image:
    """Return Gaussian weights (size, size) of rows of sum 1; ``width`` is the standard deviation on the canvas."""
    steps = (_centres(size)[:, None] - _centres(size)[None, :]) / max(width, 1e-6)
    weights = np.exp(-0.5 * steps**2)
    scaled: Image = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return scaled


def colour(rgb: ArrayLike) -> Image:
    """Return a colour as (3, 1, 1)."""
    return np.array(rgb, dtype=np.float32)[:, None, None]


def paint(image: Image, cover: Image, with_colour: Image) -> None:
    """Lay a colour (3, 1, 1) or (3, size, size) over the image where ``cover`` (size, size), from 0 to 1, says."""
    image += cover * (with_colour - image)
