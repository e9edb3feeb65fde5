r"""Distances between scenarios, and the nearest distribution on a few of them.

Between discrete distributions P on x_1, ..., x_S and Q on a subset J of these points the Kantorovich distance with cost c(x, y) = |x - y|_2
is a transport problem. Dupacova, Growe-Kuska and Romisch (2003, Math. Program. 95, theorem 2) solve it over all Q:

    min_Q D(P, Q) = sum_i p_i min_{j in J} c(x_i, x_j),     q_j = p_j + sum_{i not in J: j(i) = j} p_i               (1)

with j(i) a nearest kept point: each dropped scenario gives its probability to the nearest kept one. Ties go to the lowest index.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from math import fsum

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from ..processes import most_threads
from .weight_checks import Array, normalised

Indices = NDArray[np.int64]

HELD_BYTES = 2**30
"""Most memory for a matrix of all distances; above, its rows are computed when they are needed. 2**30 holds 11,585 scenarios."""
BLOCK_BYTES = 2**24


class Distances:
    """Euclidean distances between points (S, d); each is computed from its two points alone, so the digits do not depend on blocks."""

    def __init__(self, points: Array, held_bytes: int = HELD_BYTES):
        self._points = points
        self.num = len(points)
        self.block = max(1, min(self.num, BLOCK_BYTES // (8 * self.num)))
        self._held = self._all() if 8 * self.num**2 <= held_bytes else None

    def _all(self) -> Array:
        """Compute the upper triangle, block row by block row, and mirror it."""
        out = np.empty((self.num, self.num))

        def fill(start: int) -> None:
            stop = min(start + self.block, self.num)
            part = cdist(self._points[start:stop], self._points[start:])
            out[start:stop, start:] = part
            out[stop:, start:stop] = part[:, stop - start :].T

        with ThreadPoolExecutor(most_threads()) as pool:
            list(pool.map(fill, range(0, self.num, self.block)))
        return out

    def rows(self, which: Indices) -> Array:
        """Return the distances (B, S) from some points to all; B should not be above ``block``."""
        return cdist(self._points[which], self._points) if self._held is None else self._held[which]

    def row(self, i: int) -> Array:
        """Return the distances (S,) from one point to all; not to be written into."""
        return np.asarray(cdist(self._points[i : i + 1], self._points)[0] if self._held is None else self._held[i])

    def between(self, some: Indices, others: Indices) -> Array:
        """Return the distances (A, B) between two lists of points."""
        return cdist(self._points[some], self._points[others]) if self._held is None else self._held[np.ix_(some, others)]

    def blocks(self) -> Iterator[Indices]:
        """Cut all points into lists of at most ``block``."""
        for start in range(0, self.num, self.block):
            yield np.arange(start, min(start + self.block, self.num))


def redistribution(distances: Distances, probabilities: Array, kept: Indices) -> tuple[Array, Indices, float]:
    """Return (1): probabilities q (N,) of the kept points, the kept point nearest to each (S,), and the distance.

    ``kept`` (N,) is increasing and without repeats; a kept point is nearest to itself.
    """
    place, near = np.empty(distances.num, dtype=np.int64), np.empty(distances.num)
    for block in distances.blocks():
        part = distances.between(block, kept)
        place[block] = np.argmin(part, axis=1)
        near[block] = part[np.arange(len(block)), place[block]]
    place[kept], near[kept] = np.arange(len(kept)), 0.0
    order = np.argsort(place, kind="stable")
    parts = np.split(probabilities[order], np.searchsorted(place[order], np.arange(1, len(kept))))
    return normalised(np.array([fsum(part) for part in parts])), kept[place], fsum(probabilities * near)
