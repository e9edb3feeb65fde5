"""When a phase ends: each rule says why, or nothing."""

from __future__ import annotations

from dataclasses import dataclass

from ..run import Run

LIMITS = ("time limit", "iteration limit")


@dataclass(frozen=True, slots=True)
class Gap:
    """Cost and bound lie within a relative ``tolerance``."""

    tolerance: float

    def reached(self, cost: float | None, bound: float | None) -> bool:
        """Whether ``cost`` - ``bound`` <= tolerance |cost| (and a hair for an optimum of 0)."""
        return cost is not None and bound is not None and cost - bound <= self.tolerance * abs(cost) + 1e-9


@dataclass(frozen=True, slots=True)
class Limits:
    """The run's time limit and the most iterations."""

    run: Run
    iterations: int | None = None

    def why(self, iteration: int) -> str | None:
        """Return the limit that stops the run now, or ``None``."""
        if self.run.out_of_time():
            return "time limit"
        if self.iterations is not None and iteration >= self.iterations:
            return "iteration limit"
        return None
