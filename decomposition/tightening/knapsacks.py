r"""Covering knapsacks among the rows of a scenario: sum_j a_j v_j >= b over binaries of both stages, a_j >= 0.

Binaries of which a row of the scenario lets at most one be 1 make one item, z = their sum, with the largest of their coefficients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack

from ..matrices import Array, Stage


@dataclass(frozen=True, slots=True, eq=False)
class Knapsack:
    """``weights`` (k,) of the items, at most ``side``; ``columns`` of each among (first stage, second stage)."""

    weights: Array
    side: float
    columns: tuple[NDArray[np.int64], ...]


def binaries(stage: Stage) -> NDArray[np.bool_]:
    """Return which variables are binary."""
    return np.asarray(stage.integer & (stage.lower == 0) & (stage.upper == 1))


def knapsacks(T: csr_array, W: csr_array, row_lower: Array, row_upper: Array, first: Stage, second: Stage) -> list[Knapsack]:
    """Return the covering knapsacks of a scenario's rows that are no covers themselves."""
    matrix = csr_array(hstack([csr_array(T), csr_array(W)], format="csr"))
    matrix.eliminate_zeros()
    binary = np.concatenate([binaries(first), binaries(second)])
    set_of = _at_most_one(matrix, row_upper, binary)
    out = []
    for i in np.flatnonzero(np.isfinite(row_lower) & (row_lower > 0)).tolist():
        at = matrix.indices[matrix.indptr[i] : matrix.indptr[i + 1]]
        a = matrix.data[matrix.indptr[i] : matrix.indptr[i + 1]]
        b = float(row_lower[i])
        if len(at) < 2 or (a <= 0).any() or not binary[at].all():
            continue
        items: dict[int, list[int]] = {}
        for place, column in enumerate(at.tolist()):
            items.setdefault(int(set_of[column]), []).append(place)
        weights = np.array([min(float(a[places].max()), b) for places in items.values()])
        if len(weights) > 1 and weights.min() < b:
            out.append(Knapsack(weights, b, tuple(at[places].astype(np.int64) for places in items.values())))
    return out


def _at_most_one(matrix: csr_array, row_upper: Array, binary: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return for each column the number of a set of binaries of which at most one is 1; the sets are disjoint."""
    set_of = np.arange(matrix.shape[1], dtype=np.int64)
    free = binary.copy()
    for i in np.flatnonzero(np.isfinite(row_upper) & (row_upper > 0)).tolist():
        at = matrix.indices[matrix.indptr[i] : matrix.indptr[i + 1]]
        a = matrix.data[matrix.indptr[i] : matrix.indptr[i + 1]]
        if len(at) < 2 or not free[at].all() or (a <= 0).any():
            continue
        if np.sort(a)[:2].sum() > row_upper[i] * (1 + 1e-9):  # no two of them fit
            set_of[at] = at.min()
            free[at] = False
    return set_of
