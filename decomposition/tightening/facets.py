r"""Facets of covering knapsacks, found where they are violated.

For K = {z binary: sum_i a_i z_i >= b} with a_i > 0, an inequality pi'z >= 1, pi >= 0, holds on K exactly if pi'f >= 1 for the minimal
f in K, those of which no item can be left out. The one that a fractional z misses most solves

    min pi'z   s.t.   pi'f >= 1  for all minimal f,   0 <= pi <= 1                                                  (1)

and is a facet of the dominant of conv K, of which minimal covers (Balas 1975; Wolsey 1975) are those with pi in {0, 1}. The minimal f are
found among all subsets, as bits of a number: 2^k of them for k items.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ...solvers import Backend, LinearProgram
from ..matrices import Array

MOST_ITEMS = 12
"""Of a knapsack with more items the smallest are taken to be there: then some of its inequalities are found, not all."""

MARGIN = 1e-9
"""What is missing of b, relative to it, for a sum to count as not reaching it."""

VIOLATED = 1e-4
"""An inequality counts as violated from here on."""

FRACTIONAL = 1e-6
PULL = 1e-6
"""Weight of pi itself in (1): of equally violated inequalities, one with small coefficients."""


def minimal_sets(weights: Array, side: float) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the items looked at (k,) and the minimal sets of them (F, k) that reach ``side``, the other items being there.

    There are none where the others reach it alone.
    """
    items, reaches = _reaching(weights, side)
    k = len(items)
    if reaches[0]:
        return items, np.zeros((0, k), dtype=bool)
    minimal, numbers = reaches.copy(), np.arange(1 << k)
    for j in range(k):
        having = numbers[(numbers >> j) & 1 == 1]
        minimal[having] &= ~reaches[having & ~(1 << j)]
    return items, _sets(numbers[minimal], k)


def minimal_covers(weights: Array, side: float) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the items looked at (k,) and the minimal covers N (C, k): without N the others do not reach ``side``; sum over N >= 1."""
    items, reaches = _reaching(weights, side)
    k = len(items)
    if reaches[0]:
        return items, np.zeros((0, k), dtype=bool)
    maximal, numbers = ~reaches, np.arange(1 << k)
    for j in range(k):
        without = numbers[(numbers >> j) & 1 == 0]
        maximal[without] &= reaches[without | (1 << j)]
    return items, ~_sets(numbers[maximal], k)


def _reaching(weights: Array, side: float) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the largest items (k,) in their order, and which of their subsets (2^k,), with all others, reach ``side``."""
    items = np.sort(np.argsort(-weights, kind="stable")[:MOST_ITEMS])
    rest = side - float(weights.sum() - weights[items].sum())
    sums = np.zeros(1)
    for a in weights[items]:  # the subset of number 2^j + r is that of r with item j
        sums = np.concatenate([sums, sums + a])
    return items, sums >= rest - MARGIN * side


def _sets(numbers: NDArray[np.int64], k: int) -> NDArray[np.bool_]:
    return np.asarray((numbers[:, None] >> np.arange(k)) & 1 == 1)


def violated_facet(sets: NDArray[np.bool_], z: Array, backend: Backend) -> Array | None:
    """Return pi (k,) of the inequality that z (k,) misses most, ``None`` if it misses none."""
    if not len(sets) or ((z < FRACTIONAL) | (z > 1 - FRACTIONAL)).all():
        return None
    k = sets.shape[1]
    program = LinearProgram(
        cost=z + PULL,
        matrix=csr_array(sets.astype(float)),
        row_lower=np.ones(len(sets)),
        row_upper=np.full(len(sets), np.inf),
        lower=np.zeros(k),
        upper=np.ones(k),
        integer=np.zeros(k, dtype=bool),
    )
    found = backend.open(program).solve({"threads": 1})
    if found.x is None:
        return None
    pi = np.where(found.x < 1e-9, 0.0, found.x)
    least = float((sets @ pi).min())  # exactly valid, whatever the solver's tolerances
    if least <= 0:
        return None
    pi = np.minimum(pi / min(least, 1.0), 1.0)
    return pi if float(pi @ z) < 1 - VIOLATED and float((sets @ pi).min()) >= 1 - 1e-12 else None
