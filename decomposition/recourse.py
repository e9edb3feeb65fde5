"""Exact evaluation of a plan: every scenario's recourse problem solved at fixed first-stage values."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from scipy.sparse import csr_array

from ..solvers import Backend, LinearProgram, Solution, SolverModel, Termination
from .matrices import Array, ScenarioData, Stage, StageData

FEASIBILITY = 1e-6
"""Row and bound violations up to this, relative to max(1, |value|), count as satisfied (the solvers' own tolerance)."""


@dataclass(slots=True)
class Recourse:
    """Q_s(x) = min q_s'y subject to r_lo <= T_s x + W_s y <= r_hi, for every scenario, warm-started from one plan to the next.

    Scenarios with equal W, q and bounds share one loaded problem, whose row bounds alone change.
    """

    data: StageData
    backend: Backend
    threads: int | None = None
    _models: dict[str, SolverModel] = field(default_factory=dict)
    _keys: dict[int, str] = field(default_factory=dict)

    @property
    def first(self) -> Stage:
        """The first-stage variables."""
        return self.data.first

    @property
    def sign(self) -> float:
        """-1 for a maximisation."""
        return self.data.sign

    @property
    def num_scenarios(self) -> int:
        """How many scenarios there are."""
        return len(self.data.scenarios)

    def clean(self, x: Array) -> Array:
        """Round the integer part and clip tiny bound violations."""
        first = self.data.first
        x = np.where(first.integer, np.round(x), x)
        return np.clip(x, first.lower, first.upper)

    def first_stage_violation(self, x: Array) -> tuple[float, str]:
        """Return the largest relative violation of first-stage rows, bounds and integrality, and its name; plain arithmetic."""
        return first_stage_violation(self.data, x)

    def solve(self, k: int, x: Array) -> Solution:
        """Solve scenario ``k``'s recourse at ``x`` (cost q'y alone, in minimisation form); short of its optimum it has no value."""
        s = self.data.scenarios[k]
        shift = s.T @ x
        if not len(s.stage):
            ok = np.all(shift >= s.row_lower - FEASIBILITY * np.maximum(1, np.abs(shift))) and np.all(
                shift <= s.row_upper + FEASIBILITY * np.maximum(1, np.abs(shift))
            )
            return Solution(Termination.OPTIMAL, 0.0, 0.0, np.zeros(0)) if ok else Solution(Termination.INFEASIBLE)
        model = self._model(k, s)
        model.set_row_bounds(s.row_lower - shift, s.row_upper - shift)
        options = {"threads": self.threads} | ({"rel_gap": 1e-9} if s.stage.integer.any() else {})
        solution = model.solve(options)
        return solution if solution.termination is Termination.OPTIMAL else Solution(solution.termination, detail=solution.detail)

    def costs(self, x: Array) -> Array | None:
        """Return each scenario's total cost (S,) in minimisation form, or ``None`` if some scenario has no recourse."""
        out = np.empty(len(self.data.scenarios))
        for k, s in enumerate(self.data.scenarios):
            solution = self.solve(k, x)
            if solution.objective is None:
                return None
            out[k] = s.cost_first @ x + s.offset + solution.objective
        return out

    def expected(self, x: Array) -> float | None:
        """Return the exact expected cost of ``x`` in minimisation form, or ``None`` if ``x`` is infeasible."""
        if self.first_stage_violation(x)[0] > FEASIBILITY:
            return None
        costs = self.costs(x)
        return None if costs is None else float(self.data.probabilities @ costs)

    def why_infeasible(self, x: Array) -> str:
        """Say which first-stage row, or which scenario, rejects ``x``."""
        violation, name = self.first_stage_violation(x)
        if violation > FEASIBILITY:
            return f"first stage violates {name} by a relative {violation:.2g}"
        for k, s in enumerate(self.data.scenarios):
            if self.solve(k, x).objective is None:
                return f"scenario {s.name!r} has no feasible recourse"
        return "feasible"

    def _model(self, k: int, s: ScenarioData) -> SolverModel:
        key = self._keys.get(k)
        if key is None:
            key = self._keys[k] = _signature(s)
        if key not in self._models:
            problem = LinearProgram(s.cost, s.W, s.row_lower, s.row_upper, s.stage.lower, s.stage.upper, s.stage.integer)
            self._models[key] = self.backend.open(problem)
        return self._models[key]


class FirstStage(Protocol):
    """What holds a first stage: its variables and its rows."""

    @property
    def first(self) -> Stage:
        """The variables."""

    @property
    def A(self) -> csr_array:
        """The rows' matrix."""

    @property
    def row_lower(self) -> Array:
        """The rows' lower sides."""

    @property
    def row_upper(self) -> Array:
        """The rows' upper sides."""

    @property
    def row_names(self) -> tuple[str, ...]:
        """The rows' names."""


def first_stage_violation(data: FirstStage, x: Array) -> tuple[float, str]:
    """Return the largest relative violation of first-stage rows, bounds and integrality at ``x``, and its name; plain arithmetic."""
    first = data.first
    activity = data.A @ x
    scale = np.maximum(1, abs(data.A) @ np.abs(x))
    rows = np.maximum(data.row_lower - activity, activity - data.row_upper) / scale
    bounds = np.maximum(first.lower - x, x - first.upper) / np.maximum(1, np.abs(x))
    whole = np.where(first.integer, np.abs(x - np.round(x)), 0)
    values = np.concatenate([rows, bounds, whole])
    names = (*data.row_names, *(f"bound of {n}" for n in first.names), *(f"integrality of {n}" for n in first.names))
    worst = int(np.argmax(values)) if len(values) else -1
    return (float(values[worst]), names[worst]) if worst >= 0 else (0.0, "")


def _signature(s: ScenarioData) -> str:
    """Hash of everything of a recourse problem but its right-hand side (and which sides are finite or equal)."""
    digest = hashlib.sha256()
    kinds = np.isfinite(s.row_lower) + 2 * np.isfinite(s.row_upper) + 4 * (s.row_lower == s.row_upper)
    for array in (s.cost, s.W.data, s.W.indices, s.W.indptr, s.stage.lower, s.stage.upper, s.stage.integer, kinds):
        digest.update(np.ascontiguousarray(array).tobytes())
        digest.update(b"|")
    return digest.hexdigest()
