"""The caller's rows inside a Gurobi model: Gurobi's have one side each and no numbers of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from .linear import Array


def one_sided(lower: Array, upper: Array) -> tuple[NDArray[np.str_], Array]:
    """Return sense and right-hand side of each row, the lower side's where there are two; a free row is ``<= inf``."""
    below = lower > -np.inf
    return np.where(lower == upper, "=", np.where(below, ">", "<")), np.where(below, lower, upper)


def ranged(lower: Array, upper: Array) -> NDArray[np.bool_]:
    """Return which rows have two different sides, so that :func:`one_sided` does not tell all of them."""
    two: NDArray[np.bool_] = (lower > -np.inf) & (upper < np.inf) & (lower != upper)
    return two


class GurobiRows:
    """Rows 0 to m - 1, each one constraint of the model; the upper side of a range is a second one."""

    def __init__(self, model: Any):
        self._model = model
        self._first: list[Any] = []
        self._second: list[Any] = []
        self._owner: NDArray[np.int64] = np.zeros(0, dtype=np.int64)  # the row of each second constraint
        self._senses: NDArray[np.str_] = np.zeros(0, dtype="<U1")
        self._firsts: Any
        self._seconds: Any
        self._arrange()

    def __len__(self) -> int:
        return len(self._first)

    def add(self, columns: Any, matrix: csr_array, lower: Array, upper: Array) -> None:
        """Append rows with entries in all ``columns`` of the model."""
        senses, sides = one_sided(lower, upper)
        two = np.flatnonzero(ranged(lower, upper))
        self._owner = np.concatenate([self._owner, len(self) + two])
        self._first += self._model.addMConstr(matrix, columns, senses, sides).tolist()
        if len(two):
            self._second += self._model.addMConstr(matrix[two], columns, np.full(len(two), "<"), upper[two]).tolist()
        self._senses = np.concatenate([self._senses, senses])
        self._arrange()

    def delete(self, rows: NDArray[np.int64]) -> None:
        """Delete the rows of these numbers; those after them move up."""
        keep = np.ones(len(self), dtype=bool)
        keep[rows] = False
        second = keep[self._owner]
        self._model.remove([c for c, k in zip(self._first + self._second, (*keep, *second), strict=True) if not k])
        self._first = [c for c, k in zip(self._first, keep, strict=True) if k]
        self._second = [c for c, k in zip(self._second, second, strict=True) if k]
        self._owner = (np.cumsum(keep) - 1)[self._owner[second]]
        self._senses = self._senses[keep]
        self._arrange()

    def set_bounds(self, lower: Array, upper: Array) -> None:
        """Replace both sides of every row; a row may change its kind."""
        senses, sides = one_sided(lower, upper)
        two = ranged(lower, upper)
        new = np.setdiff1d(np.flatnonzero(two), self._owner)
        if len(new):
            for row in new:
                self._second.append(self._model.addLConstr(self._model.getRow(self._first[row]), "<", upper[row]))
            self._owner = np.concatenate([self._owner, new])
            self._arrange()
        if np.any(senses != self._senses):
            self._senses = senses
            self._model.setAttr("Sense", self._first, senses.tolist())  # as lists: gurobipy 13 refuses an array of one string
        self._firsts.RHS = sides
        if len(self._owner):
            self._seconds.RHS = upper[self._owner]

    def duals(self) -> Array:
        """Return d objective / d right-hand side of every row (m,) after an LP was solved."""
        duals = np.array(self._firsts.Pi, dtype=float)
        if len(self._owner):
            duals[self._owner] += self._seconds.Pi
        return duals

    def _arrange(self) -> None:
        import gurobipy

        self._model.update()
        self._firsts, self._seconds = gurobipy.MConstr.fromlist(self._first), gurobipy.MConstr.fromlist(self._second)
