r"""How far the correlation of interpolated sites is from the wanted one, by arithmetic, and the spacing that keeps it below a bound.

Between sites 1 and 2 with corner weights w1, w2 and K12 the correlation of their corners, (7) of ``interpolation`` gives

    w1'K12 w2      (plus s^2 if they are the same site)                                                          (8)

Two sites of one cell have the error Cov(r1, r2) of their kriging residuals, at most the largest s^2; it is reached by sites close
together in the middle of a cell, where with a the spacing in correlation lengths

    s^2 = 1 - 4 exp(-sqrt(2) a) / (1 + 2 exp(-a) + exp(-sqrt(2) a)) = 0.5607 a - O(a^2)                          (9)

Sites on both sides of a cell's edge, the next worst, reach about 0.5 a. :func:`largest_error` looks at all pairs of places in
neighbouring cells.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from ...errors import InputError
from .grid import Grid
from .interpolation import CORNERS, cell_weights, local_kriging

Array = NDArray[np.float64]

ACCURACY = 0.01
"""Largest error of a correlation coefficient by default."""

COARSEST = 0.1
"""Errors above this one are refused: up to here (9) was compared with :func:`largest_error`."""


def middle_variance(spacing: float) -> float:
    """Return s^2 of (9): the largest error of a correlation at this spacing in correlation lengths."""
    diagonal = np.exp(-np.sqrt(2.0) * spacing)
    return float(1.0 - 4.0 * diagonal / (1.0 + 2.0 * np.exp(-spacing) + diagonal))


def spacing_for(accuracy: float) -> float:
    """Return the spacing in correlation lengths whose largest error (9) is ``accuracy``: 0.017849 for 0.01.

    Raises
    ------
    InputError
        An accuracy outside (0, 0.1].
    """
    if not 0 < accuracy <= COARSEST:
        raise InputError(f"accuracy is {accuracy:g}: expected an error of correlation coefficients above 0, at most {COARSEST:g}")
    return float(brentq(lambda a: middle_variance(a) - accuracy, 0.0, 4.0 * accuracy, xtol=1e-15))


def interpolated_correlation(grid: Grid, u: Array, v: Array) -> Array:
    """Return (8) between all sites (u, v), (n, n): what the interpolated field has, to be compared with exp(-distance)."""
    kriging = local_kriging(grid, u, v)
    nodes, corner = np.unique(kriging.rows * grid.columns + kriging.columns, return_inverse=True)
    weights = np.zeros((len(u), len(nodes)))
    np.put_along_axis(weights, corner.reshape(kriging.rows.shape), kriging.weights, axis=1)
    rows, columns = np.divmod(nodes, grid.columns)
    between = np.exp(-grid.spacing * np.hypot(rows[:, None] - rows, columns[:, None] - columns))
    return np.asarray(weights @ between @ weights.T + np.diag(kriging.deviation**2))


def largest_error(spacing: float, *, places: int = 8, cells: int = 3) -> float:
    """Return the largest |(8) - exp(-distance)| between different sites, over places on a lattice of steps 1/``places`` of a cell.

    Looks at pairs in one cell, two sites at one place included (the limit of close ones), and in cells up to ``cells`` apart.
    """
    at = np.arange(places + 1) / places
    along_v, along_u = (c.ravel() for c in np.meshgrid(at, at, indexing="ij"))
    weights, _ = cell_weights(spacing, along_v, along_u)
    worst = 0.0
    for i in range(cells + 1):
        for j in range(-cells, cells + 1):
            corners = CORNERS + np.array([i, j])
            between = np.exp(-spacing * np.hypot(*(CORNERS[:, None] - corners).transpose(2, 0, 1)))
            distance = spacing * np.hypot(along_v[:, None] - along_v - i, along_u[:, None] - along_u - j)
            worst = max(worst, float(np.abs(weights @ between @ weights.T - np.exp(-distance)).max()))
    return worst
