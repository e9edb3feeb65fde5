"""The one problem form the drivers take, and what they return; plain arrays, no solver object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Array = NDArray[np.float64]
Progress = Callable[[float, float | None, float | None], None]
"""Called as ``progress(elapsed_s, bound, incumbent)`` while a MIP is solved."""


@dataclass(frozen=True, slots=True, eq=False)
class LinearProgram:
    r"""``min c'x + offset`` subject to ``row_lower <= A x <= row_upper``, ``lower <= x <= upper``, ``x_j`` integer where ``integer``.

    Shapes: ``cost, lower, upper, integer`` (n,); ``matrix`` (m, n); ``row_lower, row_upper`` (m,). Free sides are ``-inf`` / ``inf``.
    """

    cost: Array
    matrix: csr_array
    row_lower: Array
    row_upper: Array
    lower: Array
    upper: Array
    integer: NDArray[np.bool_]
    offset: float = 0.0

    @property
    def is_mip(self) -> bool:
        """Whether any variable is integer."""
        return bool(self.integer.any())


class Termination(StrEnum):
    """Why a solver stopped; what it holds is told by ``Solution.x``."""

    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    INFEASIBLE_OR_UNBOUNDED = "infeasible_or_unbounded"
    TIME_LIMIT = "time_limit"
    OTHER_LIMIT = "other_limit"
    ERROR = "error"


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """Outcome of one solve; ``None`` where the solver has nothing.

    ``row_dual`` (m,) has the sign of d objective / d right-hand side (minimisation): >= 0 on a ``>=`` row, <= 0 on ``<=``.
    ``reduced_cost`` (n,) is c - A'y. ``bound`` is the dual bound (for a solved LP its optimum). ``detail`` is the solver's own status.
    """

    termination: Termination
    objective: float | None = None
    bound: float | None = None
    x: Array | None = None
    row_dual: Array | None = None
    reduced_cost: Array | None = None
    detail: str = ""


class SolverModel(Protocol):
    """A problem loaded in a solver, changed in place and re-solved from the last basis or solution."""

    def set_row_bounds(self, lower: Array, upper: Array) -> None:
        """Replace all row bounds."""

    def set_column_bounds(self, lower: Array, upper: Array) -> None:
        """Replace all variable bounds."""

    def set_cost(self, cost: Array) -> None:
        """Replace the cost vector."""

    def warm_start(self, x: Array) -> None:
        """Offer a starting solution for the next MIP solve."""

    def solve(self, options: dict[str, Any] | None = None, progress: Progress | None = None) -> Solution:
        """Solve; ``options`` in the registry's common spelling. A time limit holds for this solve, the others until they are changed."""
