"""Recourse LPs in HiGHS: one object, right-hand sides changed in place, each solve from a basis that the caller gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SolverError
from .highs_object import new_highs
from .linear import Array, LinearProgram, RecourseSolution, Termination


@dataclass(frozen=True, slots=True, eq=False)
class NotedBasis:
    """A basis with what packs it ten times faster than its statuses: HiGHS' numbers of its basic variables, columns at their upper side."""

    highs: Any
    basic: NDArray[np.int32]
    at_upper: NDArray[np.int64]


TOLERANCE = 1e-7
"""Primal feasibility, HiGHS' default."""


class HighsRecourse:
    """See :class:`~quakeops.solvers.linear.RecourseModel`. Dual simplex without presolve, one thread."""

    will_pack = False

    def __init__(self, problem: LinearProgram):
        import highspy

        self._core = highspy
        self._highs = highs = new_highs()
        for name, value in (("presolve", "off"), ("solver", "simplex"), ("simplex_strategy", 1)):
            highs.setOptionValue(name, value)
        m, n = problem.matrix.shape
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = n, m
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = problem.cost, problem.lower, problem.upper
        lp.row_lower_, lp.row_upper_ = problem.row_lower, problem.row_upper
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.num_col_, lp.a_matrix_.num_row_ = n, m
        lp.a_matrix_.start_, lp.a_matrix_.index_ = problem.matrix.indptr, problem.matrix.indices
        lp.a_matrix_.value_ = problem.matrix.data
        if highs.passModel(lp) == highspy.HighsStatus.kError:
            raise SolverError("HiGHS refused a recourse problem")
        self._columns, self._rows = np.arange(n, dtype=np.int32), np.arange(m, dtype=np.int32)
        self._statuses = {int(v): v for v in highspy.HighsBasisStatus.__members__.values()}
        lower, upper = (np.concatenate(sides) for sides in ((problem.lower, problem.row_lower), (problem.upper, problem.row_upper)))
        self._nonbasic = np.where(np.isfinite(lower), 0, np.where(np.isfinite(upper), 2, 3)).astype(np.int8)  # at lower, at upper, free
        two_sided = np.isfinite(lower) & np.isfinite(upper) & (lower < upper)
        self._boxed, self._ranged = np.flatnonzero(two_sided[:n]), bool(two_sided[n:].any())
        self._upper = problem.upper
        self._optimal = (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kModelEmpty)

    def set_cost(self, cost: Array) -> None:
        """Replace the cost vector."""
        self._highs.changeColsCost(len(cost), self._columns, cost)

    def solve(self, row_lower: Array, row_upper: Array, start: Any = None) -> RecourseSolution:
        """Solve from basis ``start``, after everything else was forgotten (a basis alone does not fix the answer)."""
        highs = self._highs
        highs.clearSolver()
        highs.changeRowsBounds(len(self._rows), self._rows, row_lower, row_upper)
        if start is not None:
            highs.setBasis(start.highs if isinstance(start, NotedBasis) else start)
        highs.run()
        status = highs.getModelStatus()
        if not len(self._columns) and (np.any(row_lower > TOLERANCE) or np.any(row_upper < -TOLERANCE)):
            return RecourseSolution(Termination.INFEASIBLE)  # HiGHS calls a problem without columns optimal whatever its rows say
        if status in self._optimal:
            dual = np.array(highs.getSolution().row_dual)
            basis = self._noted(start) if self.will_pack and not self._ranged else highs.getBasis()
            return RecourseSolution(Termination.OPTIMAL, float(highs.getInfo().objective_function_value), dual, basis)
        if status == self._core.HighsModelStatus.kInfeasible:
            return RecourseSolution(Termination.INFEASIBLE)
        if start is not None:  # a basis that leads into numerical trouble: once more from scratch
            return self.solve(row_lower, row_upper)
        if status == self._core.HighsModelStatus.kUnbounded:
            return RecourseSolution(Termination.UNBOUNDED)
        if status == self._core.HighsModelStatus.kUnboundedOrInfeasible:
            return RecourseSolution(Termination.INFEASIBLE_OR_UNBOUNDED)
        raise SolverError(f"HiGHS stopped on a recourse problem with status {highs.modelStatusToString(status)!r}")

    def _noted(self, start: Any) -> Any:
        """Return the final basis with what packs it; the basic variables of ``start`` where no iteration was made."""
        highs, none = self._highs, np.zeros(0, dtype=np.int64)
        if isinstance(start, NotedBasis) and not len(self._boxed) and highs.getInfo().simplex_iteration_count == 0:
            return NotedBasis(highs.getBasis(), start.basic, none)
        status, basic = highs.getBasicVariables()
        if status != self._core.HighsStatus.kOk:
            return highs.getBasis()
        at_upper = none
        if len(self._boxed):
            x = np.array(highs.getSolution().col_value)
            at_upper = self._boxed[x[self._boxed] == self._upper[self._boxed]]
        return NotedBasis(highs.getBasis(), np.array(basic, dtype=np.int32), at_upper)

    def pack(self, basis: Any) -> NDArray[np.int8]:
        """Return a basis as one status a column, then one a row (n + m,)."""
        if isinstance(basis, NotedBasis):
            out = self._nonbasic.copy()
            out[basis.at_upper] = 2
            out[np.where(basis.basic >= 0, basis.basic, len(self._columns) - 1 - basis.basic)] = 1
            return out
        return np.array([int(v) for v in (*basis.col_status, *basis.row_status)], dtype=np.int8)

    def unpack(self, packed: NDArray[np.int8]) -> Any:
        """Inverse of :meth:`pack`."""
        basis = self._core.HighsBasis()
        statuses = list(map(self._statuses.__getitem__, packed.tolist()))
        n = len(self._columns)
        basis.col_status, basis.row_status, basis.valid = statuses[:n], statuses[n:], True
        return basis
