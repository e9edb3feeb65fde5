r"""Some scenarios' recourse LPs as one, on the diagonal: a call of the solver costs more than the few iterations of a small LP."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import block_diag, csr_array, vstack

from ...solvers import Backend, LinearProgram, Solution, SolverModel
from ...solvers.highs_costs import HighsCosts
from ..matrices import Array, ScenarioData

SIZE = 4000
"""Most columns of one LP of several scenarios: beyond, more iterations on more columns cost more than the calls that are saved."""


class Block:
    """Scenarios' recourse: W on the diagonal, T and the objectives q (of scenario 1, then of scenario 2, ...) below one another."""

    def __init__(self, scenarios: tuple[ScenarioData, ...], q: tuple[csr_array, ...], backend: Backend):
        self._backend, self.count = backend, len(scenarios)
        self.shape = tuple(s.W.shape for s in scenarios)
        self._W = csr_array(block_diag([s.W for s in scenarios], format="csr"))
        self._T = csr_array(vstack([s.T for s in scenarios], format="csr"))
        self._rows = np.concatenate([[0], np.cumsum([len(s.row_names) for s in scenarios])])
        self._low, self._high = np.concatenate([s.row_lower for s in scenarios]), np.concatenate([s.row_upper for s in scenarios])
        self._lower, self._upper = np.concatenate([s.stage.lower for s in scenarios]), np.concatenate([s.stage.upper for s in scenarios])
        self._q = csr_array(block_diag(q, format="csr"))
        self._q_turned = csr_array(self._q.T)
        self._model: SolverModel | None = None

    def rescale(self, factor: Array) -> None:
        """Divide the objectives by ``factor`` (K,)."""
        turn = np.tile(1 / factor, self.count)
        self._q = csr_array(csr_array((turn, (np.arange(len(turn)), np.arange(len(turn))))) @ self._q)
        self._q_turned = csr_array(self._q.T)

    def solve(self, x: Array, weights: Array, same: tuple[bool, bool], basis: Any = None) -> Solution:
        """Solve at plan x for these weights, from the last basis or the first time from ``basis``.

        ``same`` tells which of right-hand sides and costs are those of the call before.
        """
        shift = self._T @ x
        low, high, cost = self._low - shift, self._high - shift, self._q_turned @ np.tile(weights, self.count)
        if self._model is None:
            problem = LinearProgram(cost, self._W, low, high, self._lower, self._upper, np.zeros(len(cost), dtype=bool))
            self._model = HighsCosts(problem) if self._backend.name == "highs" else self._backend.open(problem)
            same = (False, False)
            if isinstance(self._model, HighsCosts) and basis is not None:
                self._model.start_from(basis)
        if isinstance(self._model, HighsCosts):
            return self._model.change(None if same[0] else (low, high), None if same[1] else cost)
        self._model.set_row_bounds(low, high)
        self._model.set_cost(cost)
        return self._model.solve({"threads": 1})

    def forget(self) -> None:
        """Open the LP anew at the next call."""
        self._model = None

    def basis(self) -> Any:
        """Return the last basis, in HiGHS."""
        return self._model.basis() if isinstance(self._model, HighsCosts) else None

    def objectives(self, y: Array, K: int) -> Array:
        """Return each scenario's second-stage objectives (B, K) at the block's second stage y."""
        return np.asarray((self._q @ y).reshape(self.count, K))

    def slopes(self, dual: Array) -> Array:
        """Return -pi_s'T_s of each scenario (B, n1)."""
        by_scenario = csr_array((-dual, np.arange(len(dual)), self._rows), shape=(self.count, len(dual)))
        return np.asarray((by_scenario @ self._T).toarray())
