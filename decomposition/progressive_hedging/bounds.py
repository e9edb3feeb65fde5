"""Bounds from a rank's own subproblems, summed over the ranks in scenario order, so that every layout gives the same digits."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import NoSolutionError
from ...solvers import Backend, SolverModel, Termination
from ..extensive_form import scenario_problem
from ..matrices import Array, StageData
from ..recourse import FEASIBILITY, Recourse


def gathered(comm: Any, indices: list[int], values: Array, count: int) -> Array:
    """Return the values of all ``count`` subproblems from each rank's own (``indices``), on every rank of ``comm``; collective."""
    out = np.full((count, *np.shape(values)[1:]), np.nan)
    parts = [(indices, values)] if comm is None else comm.allgather((indices, values))
    for where, part in parts:
        out[where] = part
    return out


@dataclass(slots=True)
class LocalBounds:
    """Lagrangian bound at given W, and exact cost of given x, over the subproblems ``indices`` of this rank; both are collective.

    ``breathe`` is called between solves, so that MPI can answer other ranks meanwhile.
    """

    data: StageData
    indices: list[int]
    backend: Backend
    comm: Any
    deadline: float
    breathe: Callable[[], None]
    _models: dict[int, SolverModel] = field(default_factory=dict)
    _last: dict[int, Array] = field(default_factory=dict)
    _recourse: Recourse | None = None

    def gather(self, values: Array) -> Array:
        """Return all subproblems' values, in scenario order."""
        return gathered(self.comm, self.indices, values, len(self.data.scenarios))

    def lagrangian(self, weights: Array, rel_gap: float) -> float:
        """Return sum_s p_s min (c_s + W_s)'x + q_s'y, by the solvers' dual bounds; ``weights`` (S, n1) are centred here.

        ``-inf`` when a subproblem is unbounded or out of time.

        Raises
        ------
        NoSolutionError
            A subproblem has no solution at all, hence the program has none.
        """
        p = self.data.probabilities
        weights = weights - (p @ weights) / p.sum()
        values = np.array([self._minimise(k, weights[k], rel_gap) for k in self.indices])
        everything = self.gather(values)
        if np.isposinf(everything).any():
            name = self.data.scenarios[int(np.argmax(np.isposinf(everything)))].name
            raise NoSolutionError(f"infeasible: no plan whatsoever satisfies scenario {name!r}")
        return float(p @ everything)

    def gathered_minimisers(self) -> Array:
        """Return the first-stage part (S, n1) of the last Lagrangian subproblems' solutions; NaN where there is none. Collective."""
        n = len(self.data.first)
        return self.gather(np.array([self._last[k][:n] if k in self._last else np.full(n, np.nan) for k in self.indices]))

    def _minimise(self, k: int, w: Array, rel_gap: float) -> float:
        self.breathe()
        left = self.deadline - time.perf_counter()
        if left <= 0:
            return -np.inf
        s = self.data.scenarios[k]
        if k not in self._models:
            self._models[k] = self.backend.open(scenario_problem(self.data, s))
        model = self._models[k]
        model.set_cost(np.concatenate([s.cost_first + w, s.cost]))
        options = {"threads": 1, "time_limit": None if np.isinf(left) else left}
        if self.data.first.integer.any() or s.stage.integer.any():
            options["rel_gap"] = rel_gap
            if k in self._last:
                model.warm_start(self._last[k])
        solution = model.solve(options)
        if solution.x is not None:
            self._last[k] = solution.x
        if solution.termination is Termination.INFEASIBLE:
            return np.inf
        return -np.inf if solution.bound is None else solution.bound

    def expected(self, x: Array) -> float | None:
        """Return the exact expected cost of plan ``x``, or ``None`` if it violates the first stage or a scenario has no recourse."""
        if self._recourse is None:
            self._recourse = Recourse(self.data, self.backend, threads=1)
        x = self._recourse.clean(x)
        if self._recourse.first_stage_violation(x)[0] > FEASIBILITY:
            return None
        values = np.full(len(self.indices), np.inf)
        for position, k in enumerate(self.indices):
            self.breathe()
            s = self.data.scenarios[k]
            objective = self._recourse.solve(k, x).objective
            if objective is None:
                break
            values[position] = s.cost_first @ x + s.offset + objective
        total = float(self.data.probabilities @ self.gather(values))
        return total if np.isfinite(total) else None
