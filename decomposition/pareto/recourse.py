r"""Weighted recourse: every scenario's LP at a plan x and weights l >= 0, in blocks of scenarios, each call warm from the last.

    Q_s^l(x) = min_y { (sum_k l_k q_ks)'y : W_s y >=, =, <= h_s - T_s x,  l <= y <= u }                                (1)

Its dual pi gives Q_s^l(x') >= Q_s^l(x) - pi'T_s (x' - x) for every x', and its optimal y the K objectives of that scenario.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.sparse import csr_array, hstack

from ...errors import SolverError
from ...processes import most_threads
from ...solvers import Backend, LinearProgram, Solution, Termination
from ..matrices import Array, ScenarioData
from .block import SIZE, Block
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
    """The recourse LPs (1) of all scenarios in blocks over ``threads`` threads; the digits do not depend on how many."""

    def __init__(self, objectives: Objectives, backend: Backend, scale: Array, threads: int | None = None):
        data = objectives.data.scenarios
        self._data, self._backend = data, backend
        columns = max((len(s.stage) for s in data), default=1)
        size = max(1, SIZE // max(columns, 1)) if backend.name == "highs" else 1
        self._parts = [range(k, min(k + size, len(data))) for k in range(0, len(data), size)]
        self._q = [csr_array(q) for q in objectives.second]
        self._scale = scale
        self._blocks = [self._block(part) for part in self._parts]
        self._basis: Any = None
        self._last: tuple[Array, Array] | None = None
        self._threads = max(1, min(threads or min(2, most_threads()), len(self._parts)))
        self.calls = 0

    def _block(self, part: range) -> Block:
        block = Block(tuple(self._data[k] for k in part), tuple(self._q[k] for k in part), self._backend)
        block.rescale(self._scale)
        return block

    def rescale(self, factor: Array) -> None:
        """Count objectives in units ``factor`` (K,) times the ones before."""
        self._scale = self._scale * factor
        for block in self._blocks:
            block.rescale(factor)
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
        if self._basis is None:  # where all others start, whatever the threads
            self._solve(0, same, out)
            self._basis = self._blocks[0].basis()

        def share(numbers: range) -> list[tuple[float, Array]]:
            return [ray for b in numbers for ray in self._solve(b, same, out)]

        if self._threads == 1:
            out.rays.extend(share(range(len(self._parts))))
        else:
            with ThreadPoolExecutor(self._threads) as pool:
                for found in pool.map(share, [range(t, len(self._parts), self._threads) for t in range(self._threads)]):
                    out.rays.extend(found)
        self._last = (x, weights)
        return out

    def _solve(self, b: int, same: tuple[bool, bool], out: Evaluation) -> list[tuple[float, Array]]:
        """Solve block b; where it has no optimum, its scenarios one by one, and return the rays of those that have no recourse."""
        block, part = self._blocks[b], self._parts[b]
        found = block.solve(out.x, out.weights, same, self._basis if block.shape == self._blocks[0].shape else None)
        if found.termination is Termination.OPTIMAL:
            self._take(block, part, found, out)
            return []
        block.forget()
        rays = []
        for k in part:
            alone = block if len(part) == 1 else self._block(range(k, k + 1))
            single = found if len(part) == 1 else alone.solve(out.x, out.weights, (False, False))
            if single.termination is Termination.OPTIMAL:
                self._take(alone, range(k, k + 1), single, out)
            else:
                rays.append(self._ray(self._data[k], out.x))
        return rays

    def _take(self, block: Block, part: range, found: Solution, out: Evaluation) -> None:
        assert found.x is not None and found.row_dual is not None
        at = slice(part.start, part.stop)
        out.f[at] = block.objectives(found.x, len(out.weights))
        out.value[at] = out.f[at] @ out.weights
        out.slope[at] = block.slopes(found.row_dual)

    def _ray(self, s: ScenarioData, x: Array) -> tuple[float, Array]:
        """Return the least sum of row violations of an infeasible scenario at x and its slope in x."""
        shift = s.T @ x
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
        return found.objective, -(csr_array(s.T.T) @ found.row_dual)
