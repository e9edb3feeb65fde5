"""Exact re-evaluation of a plan by the oracle: every scenario's recourse LP solved to its optimum, on all ranks."""

from __future__ import annotations

from ..matrices import Array, Stage
from ..recourse import FEASIBILITY, first_stage_violation
from .engine import Engine


class ExactPass:
    """The evaluator of an LP-recourse problem; what it returns is the risk measure of exact costs."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._failed: tuple[int, ...] = ()

    @property
    def first(self) -> Stage:
        """The first-stage variables."""
        return self._engine.problem.first

    @property
    def sign(self) -> float:
        """-1 for a maximisation."""
        return self._engine.problem.sign

    @property
    def num_scenarios(self) -> int:
        """How many scenarios the program has, repeated ones included."""
        return self._engine.problem.num_given

    def clean(self, x: Array) -> Array:
        """Round the integer part and clip tiny bound violations."""
        return self._engine.clean(x)

    def expected(self, x: Array) -> float | None:
        """Return the risk of the exact costs, or ``None`` if ``x`` is infeasible; a plan that was evaluated exactly is not solved again."""
        engine = self._engine
        if first_stage_violation(engine.problem, x)[0] > FEASIBILITY:
            return None
        known = engine.incumbent
        if known is not None and (known.x == x).all():
            return known.cost
        answer, center = engine.evaluate(x, None if known is None else known.eta, engine.effort(exact=True))
        self._failed = answer.infeasible
        return None if answer.infeasible else center.cost

    def why_infeasible(self, x: Array) -> str:
        """Say which first-stage row, or which scenario, rejects ``x``."""
        violation, name = first_stage_violation(self._engine.problem, x)
        if violation > FEASIBILITY:
            return f"first stage violates {name} by a relative {violation:.2g}"
        return f"scenario {self._engine.problem.labels[self._failed[0]]!r} has no feasible recourse" if self._failed else "feasible"
