r"""Bounds that rows imply on variables without finite ones, by arithmetic.

For a row  lo <= sum_j a_j v_j <= hi  and a variable k with a_k > 0,

    v_k <= (hi - sum_(j != k) min a_j v_j) / a_k,     v_k >= (lo - sum_(j != k) max a_j v_j) / a_k               (1)

(the other way round for a_k < 0), where the sums run over the variables' bounds.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from ..matrices import Array

ROUNDS = 4
"""How often (1) is applied to all rows; bounds from one round serve the next."""


def implied_bounds(matrix: csr_array, row_lower: Array, row_upper: Array, lower: Array, upper: Array) -> tuple[Array, Array]:
    """Return bounds (n,) with those infinite ones made finite that (1) can; ``matrix`` (m, n)."""
    lower, upper = lower.copy(), upper.copy()
    entries = matrix.tocoo()
    row, col = entries.coords
    a = entries.data
    keep = a != 0
    row, col, a = row[keep], col[keep], a[keep]
    for _ in range(ROUNDS):
        least, most = np.where(a > 0, a * lower[col], a * upper[col]), np.where(a > 0, a * upper[col], a * lower[col])
        rest_least, rest_most = (_of_others(row, part, matrix.shape[0]) for part in (least, most))
        over, under = (row_upper[row] - rest_least) / a, (row_lower[row] - rest_most) / a
        above, below = np.where(a > 0, over, under), np.where(a > 0, under, over)
        new_upper, new_lower = np.full_like(upper, np.inf), np.full_like(lower, -np.inf)
        np.minimum.at(new_upper, col, np.where(np.isnan(above), np.inf, above))
        np.maximum.at(new_lower, col, np.where(np.isnan(below), -np.inf, below))
        better = (np.isinf(upper) & np.isfinite(new_upper)), (np.isinf(lower) & np.isfinite(new_lower))
        if not any(b.any() for b in better):
            break
        upper, lower = np.where(better[0], new_upper, upper), np.where(better[1], new_lower, lower)
    return lower, upper


def _of_others(row: Array, part: Array, m: int) -> Array:
    """Return for each entry the sum of its row's other entries, infinite where one of them is."""
    infinite = np.isinf(part)
    count = np.bincount(row, weights=infinite, minlength=m)[row] - infinite
    finite = np.where(infinite, 0.0, part)
    rest = np.bincount(row, weights=finite, minlength=m)[row] - finite
    side = np.where(part[infinite][0] > 0, np.inf, -np.inf) if infinite.any() else 0.0
    return np.where(count > 0, side, rest)
