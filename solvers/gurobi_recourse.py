"""Recourse LPs in Gurobi: one model, right-hand sides changed in place, each solve from a basis that the caller gives."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SolverError
from .gurobi import failure
from .gurobi_rows import one_sided, ranged
from .linear import Array, LinearProgram, RecourseSolution, Termination


class GurobiRecourse:
    """See :class:`~quakeops.solvers.linear.RecourseModel`. Dual simplex without presolve, one thread, an environment of its own.

    A row's sides are one finite side or two equal ones; a basis is Gurobi's ``VBasis``, then ``CBasis`` (n + m,).
    """

    will_pack = False

    def __init__(self, problem: LinearProgram):
        import gurobipy

        self._core = gurobipy
        quiet = {"OutputFlag": 0, "Threads": 1, "Method": 1, "Presolve": 0, "FeasibilityTol": 1e-7, "OptimalityTol": 1e-7}  # as HiGHS
        self._model: Any = gurobipy.Model(env=gurobipy.Env(params=quiet))  # threads must not share an environment
        self._x: Any = self._model.addMVar(len(problem.cost), lb=problem.lower, ub=problem.upper, obj=problem.cost)
        self._senses, sides = one_sided(problem.row_lower, problem.row_upper)
        self._rows: Any = self._model.addMConstr(problem.matrix, self._x, self._senses, sides)
        self._model.update()

    def set_cost(self, cost: Array) -> None:
        """Replace the cost vector."""
        self._x.Obj = cost

    def solve(self, row_lower: Array, row_upper: Array, start: Any = None) -> RecourseSolution:
        """Solve from basis ``start``, after everything else was forgotten (a basis alone does not fix the answer)."""
        if np.any(ranged(row_lower, row_upper)):
            raise SolverError("a row of a recourse problem has two different finite sides; split it into two rows")
        model, codes = self._model, self._core.GRB
        senses, sides = one_sided(row_lower, row_upper)
        if np.any(senses != self._senses):
            self._senses = senses
            model.setAttr("Sense", self._rows.tolist(), senses.tolist())
        self._rows.RHS = sides
        model.reset()
        if start is not None:
            n = len(start) - len(sides)
            self._x.VBasis, self._rows.CBasis = start[:n], start[n:]
        try:
            model.optimize()
        except self._core.GurobiError as e:
            raise failure(e, model) from None
        if model.Status == codes.OPTIMAL:
            basis = np.concatenate([self._x.VBasis, self._rows.CBasis]).astype(np.int8)
            return RecourseSolution(Termination.OPTIMAL, float(model.ObjVal), np.array(self._rows.Pi), basis)
        if model.Status == codes.INFEASIBLE:
            return RecourseSolution(Termination.INFEASIBLE)
        if start is not None:  # a basis that leads into numerical trouble: once more from scratch
            return self.solve(row_lower, row_upper)
        if model.Status == codes.UNBOUNDED:
            return RecourseSolution(Termination.UNBOUNDED)
        if model.Status == codes.INF_OR_UNBD:
            return RecourseSolution(Termination.INFEASIBLE_OR_UNBOUNDED)
        raise SolverError(f"Gurobi stopped on a recourse problem with status {model.Status}")

    def pack(self, basis: Any) -> NDArray[np.int8]:
        """Return a basis as one status a column, then one a row (n + m,)."""
        return np.array(basis, dtype=np.int8)

    def unpack(self, packed: NDArray[np.int8]) -> Any:
        """Inverse of :meth:`pack`."""
        return np.array(packed, dtype=np.int8)
