r"""The extensive form as inner solver: all scenarios in one problem, kept in the solver; rows, costs and start change along the front.

Columns are x, y_1, ..., y_S, f, u of :mod:`.inner`; rows are those of the first stage and the scenarios, f_k - E f_k(x, y) = 0 and u - f
>= 0, then G u <= g of the point.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from scipy.sparse import block_array, csr_array, eye_array, hstack

from ...solvers import Backend, LinearProgram, Solution, Termination
from ..extensive_form import assemble, tell_apart
from ..matrices import Array
from ..recourse import FEASIBILITY, first_stage_violation
from .inner import Outcome, PointProblem, scaled
from .objectives import Objectives

INTEGRALITY = 1e-9
"""Tolerance of integers: rows that hold objectives at what an anchor attained leave no room for rounding them."""


class ExtensiveForm:
    """See :class:`.inner.InnerSolver`."""

    def __init__(self, objectives: Objectives, backend: Backend, threads: int | None = None):
        self._objectives, self._backend, self._threads = objectives, backend, threads
        self._start: Array | None = None
        self._solves = 0
        self._open(objectives.scale)

    @property
    def size(self) -> int:
        """Number of objectives."""
        return len(self._objectives.names)

    @property
    def scale(self) -> Array:
        """Magnitude of each objective's coefficients."""
        return self._scale

    def rescale(self, scale: Array) -> None:
        """Load the problem again with f and u in other units; the last solution stays as a start."""
        if self._start is not None:
            self._start[-2 * self.size :] *= np.tile(self._scale / scale, 2)
        self._open(scale)

    def _open(self, scale: Array) -> None:
        self._scale = scale
        self._problem = _assembled(self._objectives, scale)
        self._model = self._backend.open(self._problem)
        self._base = self._problem.matrix.shape[0]
        self._G = np.zeros((0, self.size))

    def work(self) -> dict[str, float]:
        """How many problems were solved."""
        return {"solves": self._solves}

    def solve(self, problem: PointProblem, time_limit: float | None = None) -> Outcome:
        """See :class:`.inner.InnerSolver`; the incumbent's rows are checked and its f computed by arithmetic from its x and y."""
        K, n = self.size, len(self._problem.cost)
        own = scaled(problem, self._scale)
        self._set_rows(own.G, own.g)
        cost = np.zeros(n)
        cost[n - 2 * K : n - K], cost[n - K :] = own.on_f, own.on_u
        self._model.set_cost(cost)
        if self._start is not None and self._problem.is_mip:
            self._model.warm_start(self._start)
        deadline = None if time_limit is None else time.perf_counter() + time_limit
        rel_gap = 1e-3
        while True:
            options = {"threads": self._threads, "time_limit": None if deadline is None else max(0.01, deadline - time.perf_counter())}
            self._solves += 1
            solution = self._model.solve(options | ({"rel_gap": rel_gap, "integrality": INTEGRALITY} if self._problem.is_mip else {}))
            if solution.termination is Termination.INFEASIBLE_OR_UNBOUNDED:
                solution = Solution(self._told_apart(cost, own), detail=solution.detail)
            if solution.x is None:
                return Outcome(solution.termination, reason=solution.detail)
            solution = self._whole(solution)
            self._start = solution.x
            found = self._checked(problem, solution)
            if solution.termination is not Termination.OPTIMAL or found.termination is not Termination.OTHER_LIMIT or rel_gap < 1e-11:
                return found
            assert found.value is not None  # the solver's gap is relative, the tolerance is not
            rel_gap = min(rel_gap / 10, 0.5 * problem.tolerance / max(abs(found.value), 1e-10))
            assert solution.x is not None
            self._model.warm_start(solution.x)

    def _whole(self, solution: Solution) -> Solution:
        """Return the solution with its integers at whole numbers and the rest solved for them; the bound stays the MIP's."""
        p = self._problem
        assert solution.x is not None
        if not p.is_mip:
            return solution
        held = np.clip(np.round(solution.x), p.lower, p.upper)
        self._model.set_column_bounds(np.where(p.integer, held, p.lower), np.where(p.integer, held, p.upper))
        again = self._model.solve({"threads": self._threads, "rel_gap": 1e-9})
        self._model.set_column_bounds(p.lower, p.upper)
        return solution if again.x is None else replace(solution, x=again.x, objective=again.objective)

    def _set_rows(self, G: Array, g: Array) -> None:
        K, n = self.size, len(self._problem.cost)
        low = np.concatenate([self._problem.row_lower, np.full(len(g), -np.inf)])
        high = np.concatenate([self._problem.row_upper, g])
        if not np.array_equal(G, self._G):
            if len(self._G):
                self._model.delete_rows(np.arange(self._base, self._base + len(self._G)))
            if len(g):
                rows = hstack([csr_array((len(g), n - K)), csr_array(G)], format="csr")
                self._model.add_rows(csr_array(rows), np.full(len(g), -np.inf), g)
            self._G = G
        self._model.set_row_bounds(low, high)

    def _told_apart(self, cost: Array, own: PointProblem) -> Termination:
        K, n = self.size, len(cost)
        rows = hstack([csr_array((len(own.g), n - K)), csr_array(own.G)], format="csr")
        matrix = csr_array(block_array([[self._problem.matrix], [rows]], format="csr")) if len(own.g) else self._problem.matrix
        p = self._problem
        low, high = np.concatenate([p.row_lower, np.full(len(own.g), -np.inf)]), np.concatenate([p.row_upper, own.g])
        return tell_apart(LinearProgram(cost, matrix, low, high, p.lower, p.upper, p.integer), self._backend)

    def _checked(self, problem: PointProblem, solution: Solution) -> Outcome:
        """Round the integers, look at every row, and take f from x and y."""
        assert solution.x is not None
        K, p, data = self.size, self._problem, self._objectives.data
        v = np.clip(np.where(p.integer, np.round(solution.x), solution.x), p.lower, p.upper)
        x, y = v[: len(data.first)], v[len(data.first) : -2 * K]
        f, start, worst = np.zeros(K), 0, first_stage_violation(data, x)
        for s, c, q, o in zip(data.scenarios, self._objectives.first, self._objectives.second, self._objectives.offset, strict=True):
            own = y[start : start + len(s.stage)]
            start += len(s.stage)
            f += s.probability * (c @ x + q @ own + o)
            activity = s.T @ x + s.W @ own
            size = np.maximum(1, abs(s.T) @ np.abs(x) + abs(s.W) @ np.abs(own))
            violation = np.maximum(s.row_lower - activity, activity - s.row_upper) / size
            if len(violation) and violation.max() > worst[0]:
                worst = float(violation.max()), f"{s.name}: {s.row_names[int(violation.argmax())]}"
        if worst[0] > FEASIBILITY:
            return Outcome(Termination.ERROR, bound=solution.bound, reason=f"the incumbent misses {worst[1]} by a relative {worst[0]:.2g}")
        u = np.maximum(f, v[-K:] * self._scale)
        value = float(problem.on_f @ f + problem.on_u @ u)
        solved = solution.bound is not None and value - solution.bound <= problem.tolerance * (1 + 1e-6) + 1e-7 * max(1.0, abs(value))
        short = Termination.OTHER_LIMIT if solution.termination is Termination.OPTIMAL else solution.termination
        how = Termination.OPTIMAL if solved else short
        return Outcome(how, x, f, value, solution.bound, reason=solution.detail)


def _assembled(objectives: Objectives, scale: Array) -> LinearProgram:
    """Return the problem without costs and without G; f and u are counted in units of ``scale``."""
    data, K = objectives.data, len(objectives.names)
    base = assemble(data)
    n = len(base.cost)
    p = data.probabilities
    spread = hstack([csr_array(objectives.expected_first), *(w * q for w, q in zip(p, objectives.second, strict=True))], format="csr")
    spread = csr_array(csr_array((1 / scale, (np.arange(K), np.arange(K)))) @ spread)
    one = eye_array(K, format="csr")
    none = csr_array((K, n))
    blocks = [[base.matrix, csr_array((base.matrix.shape[0], K)), csr_array((base.matrix.shape[0], K))]]
    low, high = [base.row_lower], [base.row_upper]
    blocks += [[-spread, one, csr_array((K, K))], [none, -one, one]]
    constant = objectives.expected_offset / scale
    low += [constant, np.zeros(K)]
    high += [constant, np.full(K, np.inf)]
    free = np.full(2 * K, np.inf)
    return LinearProgram(
        cost=np.zeros(n + 2 * K),
        matrix=csr_array(block_array(blocks, format="csr")),
        row_lower=np.concatenate(low),
        row_upper=np.concatenate(high),
        lower=np.concatenate([base.lower, -free]),
        upper=np.concatenate([base.upper, free]),
        integer=np.concatenate([base.integer, np.zeros(2 * K, dtype=bool)]),
    )
