"""Thin driver of gurobipy, with its licence told apart from its absence."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import numpy as np

from ..errors import SolverError, SolverUnavailableError
from .linear import Array, LinearProgram, Progress, Solution, Termination
from .registry import Backend, Feature, Probe, register

FREE_SIZE = 2000
"""Variables, and linear constraints, that gurobipy solves without a licence of one's own."""


@cache
def _environment() -> Any:
    import gurobipy

    return gurobipy.Env(params={"OutputFlag": 0})


def _probe() -> Probe:
    try:
        import gurobipy
    except ImportError:
        return Probe(problem="not installed; pip install 'quakeops[gurobi]'")
    version = ".".join(map(str, gurobipy.gurobi.version()))
    try:
        with gurobipy.Model(env=_environment()) as model:
            model.addVars(FREE_SIZE + 1)
            model.optimize()
    except gurobipy.GurobiError as e:
        if e.errno == gurobipy.GRB.Error.SIZE_LIMIT_EXCEEDED:
            return Probe(version=version, limit=f"no licence of one's own: at most {FREE_SIZE} variables and constraints")
        return Probe(
            version=version,
            problem=f"installed ({version}), but no usable licence: {e} (see gurobi.com/licenses, or --solver highs)",
        )
    return Probe(version=version)


class GurobiModel:
    """A problem held in one Gurobi model."""

    def __init__(self, problem: LinearProgram):
        import gurobipy

        self._grb = gurobipy
        self.problem = problem
        self._model: Any = gurobipy.Model(env=_environment())
        kinds = np.where(problem.integer, "I", "C")
        self._x: Any = self._model.addMVar(len(problem.cost), lb=problem.lower, ub=problem.upper, vtype=kinds)
        self._model.setObjective(problem.cost @ self._x + problem.offset)
        low, high = problem.row_lower, problem.row_upper
        self._equal = np.flatnonzero(low == high)
        self._lower = np.flatnonzero(np.isfinite(low) & (low != high))
        self._upper = np.flatnonzero(np.isfinite(high) & (low != high))
        self._blocks: list[tuple[Any, Any]] = [
            (rows, self._model.addMConstr(problem.matrix[rows], self._x, sense, side[rows]))
            for rows, sense, side in ((self._equal, "=", low), (self._lower, ">", low), (self._upper, "<", high))
            if len(rows)
        ]
        self._senses = [s for rows, s in ((self._equal, "="), (self._lower, ">"), (self._upper, "<")) if len(rows)]
        self._model.update()

    def set_row_bounds(self, lower: Array, upper: Array) -> None:
        """Replace all row bounds; which sides are finite or equal must stay as it was."""
        for (rows, constraints), sense in zip(self._blocks, self._senses, strict=True):
            constraints.RHS = (upper if sense == "<" else lower)[rows]

    def set_column_bounds(self, lower: Array, upper: Array) -> None:
        """Replace all variable bounds."""
        self._x.LB, self._x.UB = lower, upper

    def set_cost(self, cost: Array) -> None:
        """Replace the cost vector."""
        self._x.Obj = cost

    def warm_start(self, x: Array) -> None:
        """Offer a starting solution for the next MIP solve."""
        self._x.Start = x

    def solve(self, options: dict[str, Any] | None = None, progress: Progress | None = None) -> Solution:
        """Solve from the last basis; see :class:`~quakeops.solvers.linear.SolverModel`."""
        start = time.perf_counter()
        chosen = {**(options or {})}
        if chosen.get("time_limit") is None:
            chosen["time_limit"] = float("inf")
        for name, value in GUROBI.translate(**chosen).items():
            self._model.setParam(name, value)

        def callback(model: Any, where: int) -> None:
            if where == self._grb.GRB.Callback.MIP and progress is not None:
                bound, best = (model.cbGet(c) for c in (self._grb.GRB.Callback.MIP_OBJBND, self._grb.GRB.Callback.MIP_OBJBST))
                progress(time.perf_counter() - start, _number(bound), _number(best))

        try:
            self._model.optimize(callback if progress is not None and self.problem.is_mip else None)
        except self._grb.GurobiError as e:
            if e.errno == self._grb.GRB.Error.SIZE_LIMIT_EXCEEDED:
                m, n = self.problem.matrix.shape
                raise SolverUnavailableError(
                    f"solver 'gurobi': this problem has {n} variables and {m} constraints; without a licence of one's own gurobipy stops "
                    f"at {FREE_SIZE} of each. Install a licence (gurobi.com/licenses; free for academia) or use --solver highs"
                ) from None
            raise SolverError(f"Gurobi failed: {e}") from None
        return self._solution()

    def _solution(self) -> Solution:
        model, codes = self._model, self._grb.GRB
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
        duals = None
        if optimal and not mip:
            duals = np.zeros(len(self.problem.row_lower))
            for rows, constraints in self._blocks:
                duals[rows] += constraints.Pi
        return Solution(
            termination,
            objective=float(model.ObjVal),
            bound=_number(model.ObjBound) if mip else (float(model.ObjVal) if optimal else None),
            x=np.array(self._x.X),
            row_dual=duals,
            reduced_cost=np.array(self._x.RC) if duals is not None else None,
            detail=f"status {model.Status}",
        )


def _number(value: float) -> float | None:
    return float(value) if abs(value) < 1e100 else None


GUROBI = register(
    Backend(
        name="gurobi",
        pyomo_name="gurobi_direct",
        pyomo_mip_name="gurobi_direct",
        features=frozenset(Feature),
        options={"rel_gap": "MIPGap", "time_limit": "TimeLimit", "threads": "Threads", "seed": "Seed"},
        probe=_probe,
        open=GurobiModel,
    )
)
