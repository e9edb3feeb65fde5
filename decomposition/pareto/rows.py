"""The rows that the master LP has beside its first ones: which they are, their sides, and which are idle.

HiGHS loses the basis when a row that is tight leaves the LP, and a solve from none takes several times as long. So a row goes only after it
was slack for a while, and one that shall not hold for now has its side taken away.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ...solvers import LinearProgram, SolverModel
from ..matrices import Array

RAY, ASPIRATION = -1, -2
"""First parts of keys of rows that are no cuts; a cut's is its number in the pool."""

IDLE, MOST_ROWS = 20, 1200
"""Rows slack for so many solves leave the LP once it has more rows than this; they stay in the pool."""


class Rows:
    """Rows appended to ``problem`` in ``model``: ``keys`` (number of the cut or kind, cluster or number), sides ``lower``, ``upper``."""

    def __init__(self, model: SolverModel, problem: LinearProgram):
        self._model, self._base = model, len(problem.row_lower)
        self.lower, self.upper = problem.row_lower, problem.row_upper
        self.keys: list[tuple[int, int]] = []
        self._idle = np.zeros(0, dtype=int)

    def add(self, keys: list[tuple[int, int]], matrix: csr_array, lower: Array, upper: Array) -> None:
        """Append rows."""
        self._model.add_rows(matrix, lower, upper)
        self.lower, self.upper = np.concatenate([self.lower, lower]), np.concatenate([self.upper, upper])
        self.keys += keys
        self._idle = np.append(self._idle, np.zeros(len(keys), dtype=int))

    def of(self, kind: int, number: int) -> NDArray[np.int64]:
        """Return the places in the LP of the rows of this key."""
        return np.array([self._base + i for i, key in enumerate(self.keys) if key == (kind, number)], dtype=np.int64)

    def set_upper(self, upper: Array) -> None:
        """Replace the upper sides of all rows."""
        if not np.array_equal(upper, self.upper):
            self._model.set_row_bounds(self.lower, upper)
            self.upper = upper

    def note(self, missing: Array) -> None:
        """Count for how long each cut has been slack; ``missing`` (R, C) says by how much each of the pool is violated."""
        if not self.keys:
            return
        r, c = np.array(self.keys).T
        slack = (r >= 0) & (missing[r, np.where(r >= 0, c, 0)] < -1e-6)
        self._idle = np.where(slack, self._idle + 1, 0)

    def purge(self, first: int) -> None:
        """Take out idle cuts, but for the pool's ``first`` ones."""
        if len(self.keys) <= MOST_ROWS:
            return
        r = np.array([key[0] for key in self.keys])
        gone = np.flatnonzero((self._idle > IDLE) & (r >= first))
        if len(gone):
            self.delete(self._base + gone)

    def delete(self, places: NDArray[np.int64]) -> None:
        """Take out the rows at these places in the LP."""
        self._model.delete_rows(places)
        kept = np.setdiff1d(np.arange(len(self.keys)), places - self._base)
        self.keys, self._idle = [self.keys[i] for i in kept], self._idle[kept]
        places_kept = np.concatenate([np.arange(self._base), self._base + kept])
        self.lower, self.upper = self.lower[places_kept], self.upper[places_kept]
