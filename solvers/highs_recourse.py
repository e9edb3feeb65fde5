"""Recourse LPs in HiGHS: one object, right-hand sides changed in place, each solve from a basis that the caller gives."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SolverError
from .linear import Array, LinearProgram, RecourseSolution, Termination


class HighsRecourse:
    """See :class:`~quakeops.solvers.linear.RecourseModel`. Dual simplex without presolve, one thread."""

    def __init__(self, problem: LinearProgram):
        import highspy

        self._core = highspy
        self._highs = highs = highspy.Highs()
        for name, value in (("output_flag", False), ("presolve", "off"), ("solver", "simplex"), ("simplex_strategy", 1)):
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
            highs.setBasis(start)
        highs.run()
        status = highs.getModelStatus()
        if status in self._optimal:
            dual = np.array(highs.getSolution().row_dual)
            return RecourseSolution(Termination.OPTIMAL, float(highs.getInfo().objective_function_value), dual, highs.getBasis())
        if status == self._core.HighsModelStatus.kInfeasible:
            return RecourseSolution(Termination.INFEASIBLE)
        if start is not None:  # a basis that leads into numerical trouble: once more from scratch
            return self.solve(row_lower, row_upper)
        if status == self._core.HighsModelStatus.kUnbounded:
            return RecourseSolution(Termination.UNBOUNDED)
        if status == self._core.HighsModelStatus.kUnboundedOrInfeasible:
            return RecourseSolution(Termination.INFEASIBLE_OR_UNBOUNDED)
        raise SolverError(f"HiGHS stopped on a recourse problem with status {highs.modelStatusToString(status)!r}")

    def pack(self, basis: Any) -> NDArray[np.int8]:
        """Return a basis as one status a column, then one a row (n + m,)."""
        return np.array([int(v) for v in (*basis.col_status, *basis.row_status)], dtype=np.int8)

    def unpack(self, packed: NDArray[np.int8]) -> Any:
        """Inverse of :meth:`pack`."""
        basis = self._core.HighsBasis()
        statuses = [self._statuses[int(v)] for v in packed]
        n = len(self._columns)
        basis.col_status, basis.row_status, basis.valid = statuses[:n], statuses[n:], True
        return basis

