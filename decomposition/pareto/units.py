"""Units of first-stage variables: the largest value each can take, so that a solver sees numbers near 1.

A solver drops coefficients below about 1e-9; a cut's slope per unit of stock is of that size where stocks are counted in hundred thousands.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from ..matrices import Array, StageData

PASSES = 2
ARTIFICIAL = 1e7
"""Bound, in the variable's own units, of what nothing bounds; an optimum that lies there is called unbounded."""


def boxes(data: StageData) -> tuple[Array, Array]:
    """Return lower and upper bounds (n1,) that the variables' bounds and single rows imply, infinite where there are none."""
    low, high = data.first.lower.copy(), data.first.upper.copy()
    A = csr_array(data.A)
    for _ in range(PASSES):
        for matrix, rhs in ((A, data.row_upper), (csr_array(-A), -data.row_lower)):
            for i in np.flatnonzero(np.isfinite(rhs)):
                span = slice(matrix.indptr[i], matrix.indptr[i + 1])
                cols, a = matrix.indices[span], matrix.data[span]
                cols, a = cols[a != 0], a[a != 0]
                least = np.where(a > 0, a * low[cols], a * high[cols])
                endless = ~np.isfinite(least)
                total = float(least[~endless].sum())
                others = np.where(endless, total, total - np.where(endless, 0.0, least))
                known = endless.sum() - endless == 0
                side = (rhs[i] - others) / a
                up, down = known & (a > 0), known & (a < 0)
                high[cols[up]] = np.minimum(high[cols[up]], side[up])
                low[cols[down]] = np.maximum(low[cols[down]], side[down])
    return low, high


def units(low: Array, high: Array) -> Array:
    """Return the unit (n1,) of each variable: its largest absolute value, 1 where that is not finite or nought."""
    largest = np.maximum(np.abs(low), np.abs(high))
    return np.where(np.isfinite(largest) & (largest > 0), largest, 1.0)
