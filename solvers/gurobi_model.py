"""Thin driver of gurobipy: arrays in, :class:`Solution` out, one model per problem."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from .gurobi import GUROBI, failure
from .gurobi_rows import GurobiRows
from .linear import Array, LinearProgram, Progress, Solution, Termination


class GurobiModel:
    """A problem held in one Gurobi model: ``model``, with its variables ``columns``."""

    def __init__(self, problem: LinearProgram, environment: Any):
        import gurobipy

        self._grb = gurobipy
        self.problem = problem
        self.model: Any = gurobipy.Model(env=environment)
        kinds = np.where(problem.integer, "I", "C")
        self.columns: Any = self.model.addMVar(len(problem.cost), lb=problem.lower, ub=problem.upper, vtype=kinds)
        self.model.setObjective(problem.cost @ self.columns + problem.offset)
        self._lazy_tree: bool | None = None
        self._rows = GurobiRows(self.model)
        self._rows.add(self.columns, problem.matrix, problem.row_lower, problem.row_upper)

    def set_row_bounds(self, lower: Array, upper: Array) -> None:
        """Replace all row bounds."""
        self._rows.set_bounds(lower, upper)

    def set_column_bounds(self, lower: Array, upper: Array) -> None:
        """Replace all variable bounds."""
        self.columns.LB, self.columns.UB = lower, upper

    def set_cost(self, cost: Array) -> None:
        """Replace the cost vector."""
        self.columns.Obj = cost

    def set_integer(self, integer: NDArray[np.bool_]) -> None:
        """Replace which variables are integer."""
        self.model.setAttr("VType", self.columns.tolist(), np.where(integer, "I", "C").tolist())
        self.problem = replace(self.problem, integer=integer)

    def add_rows(self, matrix: csr_array, lower: Array, upper: Array) -> None:
        """Append rows."""
        self._rows.add(self.columns, matrix, lower, upper)

    def delete_rows(self, rows: NDArray[np.int64]) -> None:
        """Delete the rows of these numbers; those after them move up."""
        self._rows.delete(rows)

    def add_columns(self, cost: Array, lower: Array, upper: Array) -> None:
        """Append continuous columns without entries."""
        new = self.model.addMVar(len(cost), lb=lower, ub=upper, obj=cost)
        self.model.update()
        self.columns = self._grb.MVar.fromlist(self.columns.tolist() + new.tolist())
        self.problem = replace(self.problem, integer=np.concatenate([self.problem.integer, np.zeros(len(cost), dtype=bool)]))

    def warm_start(self, x: Array) -> None:
        """Offer a starting solution for the next MIP solve."""
        self.columns.Start = x

    def solve(self, options: dict[str, Any] | None = None, progress: Progress | None = None) -> Solution:
        """Solve from the last basis; see :class:`~quakeops.solvers.linear.SolverModel`."""
        return self.run(options, reporter(progress) if progress is not None and self.problem.is_mip else None)

    def run(self, options: dict[str, Any] | None, callback: Callable[[Any, int], None] | None, lazy: bool = False) -> Solution:
        """Optimize with a callback of Gurobi's; an exception in it ends the run and is raised here (gurobipy would only print it)."""
        if self._lazy_tree not in (None, lazy):  # Gurobi goes on in the last tree, which was another problem's
            self.model.reset()
        self._lazy_tree = lazy if self.problem.is_mip else None
        self.model.setParam("LazyConstraints", int(lazy))
        chosen = dict(options or {})
        if chosen.get("time_limit") is None:
            chosen["time_limit"] = float("inf")
        for name, value in GUROBI.translate(**chosen).items():
            self.model.setParam(name, value)
        failed: list[BaseException] = []

        def guarded(model: Any, where: int) -> None:
            try:
                if callback is not None and not failed:
                    callback(model, where)
            except BaseException as e:
                failed.append(e)
                model.terminate()

        try:
            self.model.optimize(None if callback is None else guarded)
        except self._grb.GurobiError as e:
            raise failure(e, self.model) from None
        if failed:
            self.model.reset()  # a point that nobody judged may stand as incumbent
            raise failed[0]
        return self._solution()

    def _solution(self) -> Solution:
        model, codes = self.model, self._grb.GRB
        termination = {
            codes.OPTIMAL: Termination.OPTIMAL,
            codes.INFEASIBLE: Termination.INFEASIBLE,
            codes.UNBOUNDED: Termination.UNBOUNDED,
            codes.INF_OR_UNBD: Termination.INFEASIBLE_OR_UNBOUNDED,
            codes.TIME_LIMIT: Termination.TIME_LIMIT,
            codes.NUMERIC: Termination.ERROR,
        }.get(model.Status, Termination.OTHER_LIMIT)
        mip = self.problem.is_mip
        if model.SolCount == 0:
            return Solution(
                termination,
                bound=_number(model.ObjBound) if mip and termination.endswith("limit") else None,
                detail=f"status {model.Status}",
            )
        optimal = termination is Termination.OPTIMAL
        duals = self._rows.duals() if optimal and not mip else None
        return Solution(
            termination,
            objective=float(model.ObjVal),
            bound=_number(model.ObjBound) if mip else (float(model.ObjVal) if optimal else None),
            x=np.array(self.columns.X),
            row_dual=duals,
            reduced_cost=np.array(self.columns.RC) if duals is not None else None,
            detail=f"status {model.Status}",
        )


def reporter(progress: Progress) -> Callable[[Any, int], None]:
    """Return a Gurobi callback that tells ``progress`` how a MIP stands."""
    from gurobipy import GRB

    start = time.perf_counter()

    def callback(model: Any, where: int) -> None:
        if where == GRB.Callback.MIP:
            bound, best = model.cbGet(GRB.Callback.MIP_OBJBND), model.cbGet(GRB.Callback.MIP_OBJBST)
            progress(time.perf_counter() - start, _number(bound), _number(best))

    return callback


def _number(value: float) -> float | None:
    return float(value) if abs(value) < 1e100 else None
