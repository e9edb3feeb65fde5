r"""Weighted recourse: every scenario's LP at a plan x and weights l >= 0, one solver object a scenario, each call warm from the last.

    Q_s^l(x) = min_y { (sum_k l_k q_ks)'y : W_s y >=, =, <= h_s - T_s x,  l <= y <= u }                                (1)

Its dual pi gives Q_s^l(x') >= Q_s^l(x) - pi'T_s (x' - x) for every x', and its optimal y the K objectives of that scenario.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.sparse import csr_array, hstack

from ...errors import SolverError
from ...solvers import Backend, LinearProgram, Solution, SolverModel, Termination
from ...solvers.highs_costs import HighsCosts
from ..matrices import Array, ScenarioData
from .objectives import Objectives

INFEASIBLE = 1e-7
"""Sum of row violations, relative to the largest right-hand side, above which a scenario is infeasible."""


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """All scenarios at (x, weights): second-stage objectives ``f`` (S, K), Q ``value`` (S,), ``slope`` (S, n1) of (1).

    ``rays`` (violation at x, slope): where some scenario has no recourse; ``f`` and the others are then of no use.
    """

    x: Array
    weights: Array
    f: Array
    value: Array
    slope: Array
    rays: list[tuple[float, Array]] = field(default_factory=list)


class UnboundedRecourseError(SolverError):
    """A scenario's weighted recourse has no finite optimum."""


class ScenarioLPs:
    """The recourse LPs (1) of all scenarios over ``threads`` threads; the digits do not depend on how many."""

    def __init__(self, objectives: Objectives, backend: Backend, scale: Array, threads: int | None = None):
        self._data, self._backend = objectives.data.scenarios, backend
        self._q = [csr_array(csr_array((1 / scale, (range(len(scale)), range(len(scale))))) @ q) for q in objectives.second]
        self._q_turned = [csr_array(q.T) for q in self._q]
        self._T = [csr_array(s.T.T) for s in self._data]
        self._models: list[SolverModel | None] = [None] * len(self._data)
        self._basis: Any = None
        self._last: tuple[Array, Array] | None = None
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self._threads = max(1, min(threads or min(2, cores), len(self._data)))
        self.calls = 0

    def rescale(self, factor: Array) -> None:
        """Count objectives in units ``factor`` (K,) times the ones before."""
        turn = csr_array((1 / factor, (range(len(factor)), range(len(factor)))))
        self._q = [csr_array(turn @ q) for q in self._q]
        self._q_turned = [csr_array(q.T) for q in self._q]
        self._last = None

    def evaluate(self, x: Array, weights: Array) -> Evaluation:
        """Solve (1) for every scenario.

        Raises
        ------
        UnboundedRecourseError
            Some scenario's optimum is not finite.
        SolverError
            The solver failed on a scenario.
        """
        S, K = len(self._data), len(weights)
        out = Evaluation(x, weights, np.zeros((S, K)), np.zeros(S), np.zeros((S, len(x))))
        self.calls += 1
        same = (False, False) if self._last is None else (np.array_equal(x, self._last[0]), np.array_equal(weights, self._last[1]))
        self._last = None  # until all of them have been solved
        if self._basis is None and self._backend.name == "highs":  # where all others start, whatever the threads
            self._solve(0, x, weights, same, out)
            opened = self._models[0]
            self._basis = opened.basis() if isinstance(opened, HighsCosts) else None

        def part(numbers: range) -> list[tuple[float, Array]]:
            return [ray for s in numbers if (ray := self._solve(s, x, weights, same, out)) is not None]

        if self._threads == 1:
            out.rays.extend(part(range(S)))
        else:
            with ThreadPoolExecutor(self._threads) as pool:
                for found in pool.map(part, [range(t, S, self._threads) for t in range(self._threads)]):
                    out.rays.extend(found)
        self._last = (x, weights)
        return out

    def _solve(self, k: int, x: Array, weights: Array, same: tuple[bool, bool], out: Evaluation) -> tuple[float, Array] | None:
        s, q = self._data[k], self._q[k]
        shift = s.T @ x
        found = self._at(k, s.row_lower - shift, s.row_upper - shift, self._q_turned[k] @ weights, same)
        if found.termination is Termination.OPTIMAL:
            assert found.x is not None and found.row_dual is not None
            out.f[k] = q @ found.x
            out.value[k] = weights @ out.f[k]
            out.slope[k] = -(self._T[k] @ found.row_dual)
            return None
        self._models[k] = None
        return self._ray(s, k, shift)

    def _at(self, k: int, low: Array, high: Array, cost: Array, same: tuple[bool, bool]) -> Solution:
        """Solve scenario ``k``'s LP, from its last basis or, the first time, from the first scenario's.

        ``same`` tells which of right-hand sides and costs are those of the call before.
        """
        model, s = self._models[k], self._data[k]
        if model is None:
            problem = LinearProgram(cost, s.W, low, high, s.stage.lower, s.stage.upper, np.zeros(len(s.stage), dtype=bool))
            model = self._models[k] = HighsCosts(problem) if self._backend.name == "highs" else self._backend.open(problem)
            same = (False, False)
            if isinstance(model, HighsCosts) and self._basis and self._data[0].W.shape == s.W.shape:
                model.start_from(self._basis)
        if isinstance(model, HighsCosts):
            return model.change(None if same[0] else (low, high), None if same[1] else cost)
        model.set_row_bounds(low, high)
        model.set_cost(cost)
        return model.solve({"threads": 1})

    def _ray(self, s: ScenarioData, k: int, shift: Array) -> tuple[float, Array]:
        """Return the least sum of row violations of an infeasible scenario and its slope in x."""
        m, low, high = len(s.row_names), s.row_lower - shift, s.row_upper - shift
        short, over = np.flatnonzero(np.isfinite(low)), np.flatnonzero(np.isfinite(high))
        rows, extra = np.concatenate([short, over]), len(short) + len(over)
        slack = csr_array((np.repeat([1.0, -1.0], [len(short), len(over)]), (rows, np.arange(extra))), shape=(m, extra))
        problem = LinearProgram(
            np.concatenate([np.zeros(len(s.stage)), np.ones(extra)]),
            csr_array(hstack([s.W, slack], format="csr")),
            low,
            high,
            np.concatenate([s.stage.lower, np.zeros(extra)]),
            np.concatenate([s.stage.upper, np.full(extra, np.inf)]),
            np.zeros(len(s.stage) + extra, dtype=bool),
        )
        found = self._backend.open(problem).solve({"threads": 1})
        if found.objective is None or found.row_dual is None:
            raise SolverError(f"the solver failed on the recourse problem of scenario {s.name!r}: {found.detail}")
        if found.objective <= INFEASIBLE * max(1.0, float(np.abs(shift).max(initial=0.0))):
            raise UnboundedRecourseError(s.name)
        return found.objective, -(self._T[k] @ found.row_dual)
