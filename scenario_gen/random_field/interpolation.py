r"""From a grid to arbitrary sites: simple kriging from the four corners of the site's cell, plus an independent residual.

With K the 4 x 4 correlation of the corners, k(u) that between them and a site at u, and z4 the field at the corners,

    z(u) = w'z4 + s e,      w = K^-1 k,      s^2 = 1 - k'K^-1 k,      e ~ N(0, 1) independent between sites        (7)

has variance 1 exactly, and the exact correlation with each corner. (Bilinear weights without a residual lose several per cent of the
variance.) What (7) loses is the correlation of the residuals of neighbouring sites: see ``accuracy``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .grid import Grid

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

CORNERS = np.array([(0, 0), (0, 1), (1, 0), (1, 1)])
"""Row and column of a cell's corners."""


@dataclass(frozen=True, slots=True)
class LocalKriging:
    """Equation (7) at n sites: rows and columns of their corners (n, 4), ``weights`` w (n, 4), ``deviation`` s (n,)."""

    rows: Indices
    columns: Indices
    weights: Array
    deviation: Array


def local_kriging(grid: Grid, u: Array, v: Array) -> LocalKriging:
    """Return (7) at sites (u, v) in isotropic coordinates, inside the grid."""
    row, column, along_v, along_u = grid.cells(u, v)
    weights, deviation = cell_weights(grid.spacing, along_v, along_u)
    return LocalKriging(row[:, None] + CORNERS[:, 0], column[:, None] + CORNERS[:, 1], weights, deviation)


def cell_weights(spacing: float, along_v: Array, along_u: Array) -> tuple[Array, Array]:
    """Return w (n, 4) and s (n,) of (7) at places in a cell, 0 to 1 along v and u."""
    between = np.exp(-spacing * np.hypot(*(CORNERS[:, None] - CORNERS).transpose(2, 0, 1)))
    to_site = np.exp(-spacing * np.hypot(along_v[:, None] - CORNERS[:, 0], along_u[:, None] - CORNERS[:, 1]))
    weights = np.linalg.solve(between, to_site.T).T
    variance = 1.0 - np.einsum("nc,nc->n", weights, to_site)
    return weights, np.sqrt(np.maximum(variance, 0.0))  # below 0 by rounding alone, on a node
