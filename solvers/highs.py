"""Thin driver of highspy: arrays in, :class:`Solution` out, one ``Highs`` object per problem."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..errors import SolverError
from .highs_object import new_highs
from .linear import Array, LinearProgram, Progress, RecourseModel, Solution, Termination
from .registry import Backend, Feature, Probe, register


def _probe() -> Probe:
    try:
        import highspy  # noqa: F401
    except ImportError as e:
        return Probe(problem=f"not installed ({e}); pip install highspy")
    return Probe(version=new_highs().version())


class HighsModel:
    """A problem held in one HiGHS object; simplex restarts from the last basis, a MIP from the given solution."""

    def __init__(self, problem: LinearProgram):
        import highspy

        self._highspy = highspy
        self.problem = problem
        self._highs = new_highs()
        self._set("mip_abs_gap", 1e-10)  # HiGHS's own 1e-6 would end a run above the relative gap asked for
        m, n = problem.matrix.shape
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = n, m
        lp.col_cost_, lp.offset_ = problem.cost, problem.offset
        lp.col_lower_, lp.col_upper_ = problem.lower, problem.upper
        lp.row_lower_, lp.row_upper_ = problem.row_lower, problem.row_upper
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.num_col_, lp.a_matrix_.num_row_ = n, m
        lp.a_matrix_.start_, lp.a_matrix_.index_ = problem.matrix.indptr, problem.matrix.indices
        lp.a_matrix_.value_ = problem.matrix.data
        if problem.is_mip:
            kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
            lp.integrality_ = [kinds[int(i)] for i in problem.integer]
        self._check(self._highs.passModel(lp), "passModel")
        self._columns, self._rows = np.arange(n, dtype=np.int32), np.arange(m, dtype=np.int32)

    def set_row_bounds(self, lower: Array, upper: Array) -> None:
        """Replace all row bounds."""
        self._check(self._highs.changeRowsBounds(len(self._rows), self._rows, lower, upper), "changeRowsBounds")

    def set_column_bounds(self, lower: Array, upper: Array) -> None:
        """Replace all variable bounds."""
        self._check(self._highs.changeColsBounds(len(self._columns), self._columns, lower, upper), "changeColsBounds")

    def set_cost(self, cost: Array) -> None:
        """Replace the cost vector."""
        self._check(self._highs.changeColsCost(len(self._columns), self._columns, cost), "changeColsCost")

    def set_integer(self, integer: NDArray[np.bool_]) -> None:
        """Replace which variables are integer."""
        kinds = np.where(integer, 1, 0).astype(np.uint8)
        self._check(self._highs.changeColsIntegrality(len(kinds), self._columns, kinds), "changeColsIntegrality")
        self.problem = replace(self.problem, integer=integer)

    def add_rows(self, matrix: csr_array, lower: Array, upper: Array) -> None:
        """Append rows."""
        starts, entries, values = matrix.indptr[:-1].astype(np.int32), matrix.indices.astype(np.int32), matrix.data
        self._check(self._highs.addRows(len(lower), lower, upper, len(values), starts, entries, values), "addRows")
        self._rows = np.arange(len(self._rows) + len(lower), dtype=np.int32)

    def delete_rows(self, rows: NDArray[np.int64]) -> None:
        """Delete the rows of these numbers; those after them move up."""
        rows = np.unique(rows)  # HiGHS refuses them in any other order
        self._check(self._highs.deleteRows(len(rows), rows.astype(np.int32)), "deleteRows")
        self._rows = np.arange(len(self._rows) - len(rows), dtype=np.int32)

    def add_columns(self, cost: Array, lower: Array, upper: Array) -> None:
        """Append continuous columns without entries."""
        none = np.zeros(0, dtype=np.int32)
        starts = np.zeros(len(cost), dtype=np.int32)
        self._check(self._highs.addCols(len(cost), cost, lower, upper, 0, starts, none, np.zeros(0)), "addCols")
        self._columns = np.arange(len(self._columns) + len(cost), dtype=np.int32)
        self.problem = replace(self.problem, integer=np.concatenate([self.problem.integer, np.zeros(len(cost), dtype=bool)]))

    def warm_start(self, x: Array) -> None:
        """Offer a starting solution for the next MIP solve."""
        solution = self._highspy.HighsSolution()
        solution.col_value = list(x)
        self._check(self._highs.setSolution(solution), "setSolution")

    def solve(self, options: dict[str, Any] | None = None, progress: Progress | None = None) -> Solution:
        """Solve from the last basis; see :class:`~quakeops.solvers.linear.SolverModel`."""
        start = time.perf_counter()
        chosen = dict(options or {})
        limit = chosen.get("time_limit")
        limit = math.inf if limit is None else float(limit)
        chosen["time_limit"] = limit if self.problem.is_mip else limit + self._highs.getRunTime()  # an LP's clock never restarts
        for name, value in HIGHS.translate(**chosen).items():
            self._set(name, value)
        failed: list[BaseException] = []
        handler = self._report(progress, start, failed) if progress and self.problem.is_mip else None
        if handler is not None:
            self._highs.cbMipInterrupt += handler  # cbMipLogging is silent without output_flag
        try:
            status = self._highs.run()
            if not failed and not self.problem.is_mip and self._doubtful():
                self._highs.clearSolver()
                status = self._highs.run()
            if not failed and self.problem.is_mip and self._highs.getModelStatus() == self._highspy.HighsModelStatus.kInfeasible:
                status = self._without_presolve()
        finally:
            if handler is not None:
                self._highs.cbMipInterrupt -= handler
        if failed:
            raise failed[0]
        model_status = self._highs.getModelStatus()
        if status == self._highspy.HighsStatus.kError and model_status == self._highspy.HighsModelStatus.kNotset:
            self._highs.resetGlobalScheduler(True)  # HiGHS keeps one scheduler a process and refuses another number of threads
            status = self._highs.run()
            model_status = self._highs.getModelStatus()
        if status == self._highspy.HighsStatus.kError and model_status == self._highspy.HighsModelStatus.kNotset:
            raise SolverError("HiGHS failed to run: model status 'Not Set'")
        return self._solution(model_status)

    def _doubtful(self) -> bool:
        """Whether an LP's optimum from the last basis misses a row by more than the tolerance (seen with HiGHS 1.16)."""
        optimal = self._highs.getModelStatus() == self._highspy.HighsModelStatus.kOptimal
        feasible = self._highs.getInfo().primal_solution_status == self._highspy.SolutionStatus.kSolutionStatusFeasible
        return bool(optimal and not feasible)

    def _without_presolve(self) -> Any:
        """Solve again: HiGHS 1.15.1's MIP presolve has called feasible problems infeasible, so its word is not taken alone."""
        self._set("presolve", "off")
        try:
            return self._highs.run()
        finally:
            self._set("presolve", "choose")

    def _report(self, progress: Progress, start: float, failed: list[BaseException]) -> Any:
        """Return a handler that tells ``progress``; its exception interrupts the run and goes into ``failed`` (HiGHS 1.16 drops it)."""
        last: tuple[float | None, float | None] = (None, None)

        def handler(event: Any) -> None:
            nonlocal last
            if failed:
                event.data_in.user_interrupt = True
                return
            now = _number(event.data_out.mip_dual_bound), _number(event.data_out.mip_primal_bound)
            if now != last:
                last = now
                try:
                    progress(time.perf_counter() - start, *now)
                except BaseException as e:
                    failed.append(e)
                    event.data_in.user_interrupt = True

        return handler

    def _solution(self, status: Any) -> Solution:
        detail = self._highs.modelStatusToString(status)
        termination = _TERMINATION.get(status.name, Termination.ERROR)
        info = self._highs.getInfo()
        feasible = info.primal_solution_status == self._highspy.SolutionStatus.kSolutionStatusFeasible
        mip = self.problem.is_mip
        if not feasible:
            bound = _number(info.mip_dual_bound) if mip and termination.endswith("limit") else None
            return Solution(termination, bound=bound, detail=detail)
        solution = self._highs.getSolution()
        optimal = termination is Termination.OPTIMAL
        return Solution(
            termination,
            objective=float(info.objective_function_value),
            bound=_number(info.mip_dual_bound) if mip else (float(info.objective_function_value) if optimal else None),
            x=np.array(solution.col_value, dtype=float),
            row_dual=None if mip or not optimal else np.array(solution.row_dual, dtype=float),
            reduced_cost=None if mip or not optimal else np.array(solution.col_dual, dtype=float),
            detail=detail,
        )

    def _set(self, name: str, value: Any) -> None:
        self._check(self._highs.setOptionValue(name, value), f"option {name} = {value!r}")

    def _check(self, status: Any, what: str) -> None:
        if status == self._highspy.HighsStatus.kError:
            raise SolverError(f"HiGHS refused {what}")


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


_TERMINATION = {
    "kOptimal": Termination.OPTIMAL,
    "kModelEmpty": Termination.OPTIMAL,
    "kInfeasible": Termination.INFEASIBLE,
    "kUnbounded": Termination.UNBOUNDED,
    "kUnboundedOrInfeasible": Termination.INFEASIBLE_OR_UNBOUNDED,
    "kTimeLimit": Termination.TIME_LIMIT,
    "kIterationLimit": Termination.OTHER_LIMIT,
    "kSolutionLimit": Termination.OTHER_LIMIT,
    "kInterrupt": Termination.OTHER_LIMIT,
    "kObjectiveBound": Termination.OTHER_LIMIT,
    "kObjectiveTarget": Termination.OTHER_LIMIT,
}


def _open_recourse(problem: LinearProgram) -> RecourseModel:
    from .highs_recourse import HighsRecourse

    return HighsRecourse(problem)


HIGHS = register(
    Backend(
        name="highs",
        pyomo_name="highs",
        pyomo_mip_name="appsi_highs",
        features=frozenset({Feature.LP, Feature.MIP, Feature.QP, Feature.DUALS}),
        options={
            "rel_gap": "mip_rel_gap",
            "time_limit": "time_limit",
            "threads": "threads",
            "seed": "random_seed",
            "integrality": "mip_feasibility_tolerance",
            "algorithm": "solver",
        },
        probe=_probe,
        open=HighsModel,
        open_recourse=_open_recourse,
    )
)
