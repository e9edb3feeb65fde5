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


@dataclass(frozen=True, slots=True, eq=False)
class RecourseSolution:
    """Outcome of one recourse LP: its optimum with ``dual`` pi (m,); pi'b + sum_j min(l_j r_j, u_j r_j) = optimum, r = q - W'pi.

    ``basis`` is what :meth:`RecourseModel.solve` takes as ``start``: one status a column, then one a row (n + m,).
    """

    termination: Termination
    objective: float | None = None
    dual: Array | None = None
    basis: Any = None
    detail: str = ""


class RecourseModel(Protocol):
    """An LP solved many times for other right-hand sides, each time from a given basis and from nothing else.

    ``will_pack`` tells that many of the bases it returns will be packed; they may then come with what makes that fast.
    """

    will_pack: bool

    def set_cost(self, cost: Array) -> None:
        """Replace the cost vector."""

    def solve(self, row_lower: Array, row_upper: Array, start: Any = None) -> RecourseSolution:
        """Solve from basis ``start`` (or from scratch); the answer depends on the arguments alone, not on what was solved before."""

    def pack(self, basis: Any) -> NDArray[np.int8]:
        """Return a basis as a plain array that crosses MPI and goes to files."""

    def unpack(self, packed: NDArray[np.int8]) -> Any:
        """Inverse of :meth:`pack`."""


class SolverModel(Protocol):
    """A problem loaded in a solver, changed in place and re-solved from the last basis or solution."""

    def set_row_bounds(self, lower: Array, upper: Array) -> None:
        """Replace all row bounds."""

    def set_column_bounds(self, lower: Array, upper: Array) -> None:
        """Replace all variable bounds."""

    def set_cost(self, cost: Array) -> None:
        """Replace the cost vector."""

    def set_integer(self, integer: NDArray[np.bool_]) -> None:
        """Replace which variables are integer."""

    def add_rows(self, matrix: csr_array, lower: Array, upper: Array) -> None:
        """Append rows."""

    def delete_rows(self, rows: NDArray[np.int64]) -> None:
        """Delete the rows of these numbers; those after them move up."""

    def add_columns(self, cost: Array, lower: Array, upper: Array) -> None:
        """Append continuous columns without entries."""

    def warm_start(self, x: Array) -> None:
        """Offer a starting solution for the next MIP solve."""

    def solve(self, options: dict[str, Any] | None = None, progress: Progress | None = None) -> Solution:
        """Solve; ``options`` in the registry's common spelling. A time limit holds for this solve, the others until they are changed."""


Separate = Callable[[Array], tuple[csr_array, Array, Array] | None]
"""From a point x (n,) of the master to rows ``(matrix (k, n), lower, upper)`` that cut it off; ``None`` or no rows: x stands.

A row has one finite side or two equal ones."""


class LazySolver(Protocol):
    """Branch and bound in one tree with rows that ``separate`` makes as they are needed."""

    def __call__(
        self,
        model: SolverModel,
        separate: Separate,
        *,
        options: dict[str, Any] | None = None,
        progress: Progress | None = None,
        separate_fractional: Separate | None = None,
        every: int = 0,
    ) -> Solution:
        """Solve the MIP that ``model`` holds plus all rows that ``separate`` could make.

        ``separate`` is asked at every integer solution before it is accepted (x integer to the solver's tolerance), so
        ``Solution.x`` passed it, and ``Solution.bound`` is a dual bound of the whole problem if every row made is valid for it.
        ``separate_fractional`` is asked at the root's relaxations, then at each ``every``-th node (0: at the root alone).
        An exception in either ends the solve and is raised. The rows are not added to the model.
        """
