"""Plans to try: roundings, completions, polished integer patterns and their neighbours (all in minimisation form)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...solvers import Backend, LinearProgram, SolverModel, Termination
from ..extensive_form import assemble
from ..matrices import Array, StageData

THRESHOLDS = (0.5, 0.1, 0.3, 0.9)
"""An integer component is rounded up when its fraction is at least this."""


def roundings(data: StageData, x: Array) -> Iterator[Array]:
    """Yield ``x`` with its integers rounded at each of :data:`THRESHOLDS`."""
    first = data.first
    if not first.integer.any():
        yield np.clip(x, first.lower, first.upper)
        return
    for threshold in THRESHOLDS:
        rounded = np.floor(x) + (x - np.floor(x) >= threshold)
        yield np.clip(np.where(first.integer, rounded, x), first.lower, first.upper)


class Completion:
    """The cheapest integers that admit a given continuous first stage, by a MIP over the first-stage rows."""

    def __init__(self, data: StageData, backend: Backend):
        self._data = data
        first = data.first
        problem = LinearProgram(data.cost, data.A, data.row_lower, data.row_upper, first.lower, first.upper, first.integer)
        self._model: SolverModel = backend.open(problem)

    def complete(self, x: Array) -> Array | None:
        """Return ``x`` with other integers, or ``None`` when none admit it."""
        first = self._data.first
        value = np.clip(np.where(np.abs(x) < 1e-7, 0.0, x), first.lower, first.upper)
        self._model.set_column_bounds(np.where(first.integer, first.lower, value), np.where(first.integer, first.upper, value))
        return self._model.solve({"threads": 1, "rel_gap": 1e-4, "time_limit": 5.0}).x


class Polish:
    """Integers fixed, the continuous first stage optimal for all scenarios at once: one warm-started LP of the extensive form."""

    def __init__(self, data: StageData, backend: Backend):
        self._first = data.first
        self._problem = assemble(data, relax=True)
        self._model: SolverModel = backend.open(self._problem)
        self._seen: set[bytes] = set()

    def polish(self, x: Array, time_limit: float | None) -> tuple[float, Array] | None:
        """Return (LP value, plan) for the integers of ``x``; ``None`` when they were tried before or admit nothing."""
        integer, n = self._first.integer, len(self._first)
        pattern = np.round(x[integer])
        if pattern.tobytes() in self._seen:
            return None
        self._seen.add(pattern.tobytes())
        lower, upper = self._problem.lower.copy(), self._problem.upper.copy()
        lower[:n][integer] = upper[:n][integer] = pattern
        self._model.set_column_bounds(lower, upper)
        solution = self._model.solve({"threads": 1, "time_limit": time_limit})
        if solution.termination is not Termination.OPTIMAL or solution.x is None or solution.objective is None:
            return None
        plan = solution.x[:n].copy()
        plan[integer] = pattern
        return solution.objective, plan


def neighbours(data: StageData, x: Array, rng: np.random.Generator) -> list[Array]:
    """Return plans one move away from ``x``, the promising ones last (they are popped from the end).

    A move changes one integer by one; a swap takes one from an integer and gives it to another, first within a shared first-stage row.
    """
    first = data.first
    integers = np.flatnonzero(first.integer)
    on = [int(j) for j in integers if x[j] > first.lower[j] + 0.5]
    touches = (abs(data.A) > 0).astype(float)
    together = (touches.T @ touches).tocsr()

    def moved(*steps: tuple[int, float]) -> Array | None:
        y = x.copy()
        for j, step in steps:
            y[j] += step
            if not first.lower[j] - 1e-9 <= y[j] <= first.upper[j] + 1e-9:
                return None
        return y

    near = {i: {int(j) for j in together[[i]].indices if j != i and first.integer[j]} for i in on}
    close = [moved((i, -1.0), (j, 1.0)) for i in on for j in sorted(near[i])]
    far = [moved((i, -1.0), (int(j), 1.0)) for i in on for j in integers if j != i and int(j) not in near[i]]
    drops, adds = [moved((j, -1.0)) for j in on], [moved((int(j), 1.0)) for j in integers]
    out: list[Array] = []
    for group in (far, adds, drops, close):
        good = [y for y in group if y is not None]
        out += [good[i] for i in rng.permutation(len(good))]
    return out
