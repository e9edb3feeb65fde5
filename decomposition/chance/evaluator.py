"""A plan with its owned variables as one vector, evaluated exactly."""

from __future__ import annotations

import numpy as np

from ..matrices import Array, Stage
from ..recourse import FEASIBILITY
from .engine import Engine


class Evaluator:
    """Exact evaluation of a plan with its owned variables."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._chance = engine.chance
        first, owned = engine.chance.common, engine.chance.owned
        names = [n for row in owned.names() for n in row]
        S, own = len(engine.chance.p), owned.own
        self._stage = Stage(
            (*first.names, *names),
            np.concatenate([first.lower, np.tile(own.lower, S)]),
            np.concatenate([first.upper, np.tile(own.upper, S)]),
            np.concatenate([first.integer, np.tile(own.integer, S)]),
        )

    @property
    def first(self) -> Stage:
        """The common variables, then all scenarios' own."""
        return self._stage

    @property
    def sign(self) -> float:
        """-1 for a maximisation."""
        return self._chance.owned.problem.sign

    @property
    def num_scenarios(self) -> int:
        """How many scenarios there are."""
        return self._chance.owned.problem.num_given

    def joined(self, x: Array, z: Array) -> Array:
        """Return one vector of a plan and its owned variables."""
        return np.concatenate([x, z.ravel()])

    def _parts(self, full: Array) -> tuple[Array, Array]:
        n = len(self._chance.common)
        return full[:n], full[n:].reshape(len(self._chance.p), self._chance.num_own)

    def clean(self, x: Array) -> Array:
        """Round the integer part and clip tiny bound violations."""
        stage = self._stage
        return np.clip(np.where(stage.integer, np.round(x), x), stage.lower, stage.upper)

    def expected(self, x: Array) -> float | None:
        """Return the exact expected cost, or ``None`` if the plan is infeasible."""
        common, z = self._parts(x)
        seen = self._engine.oracle.evaluate(common, z)
        if not seen.feasible or self._chance.violation(common, z)[0] > FEASIBILITY:
            return None
        return self._engine.cost(seen)

    def why_infeasible(self, x: Array) -> str:
        """Say what rejects the plan."""
        common, z = self._parts(x)
        self._chance.set(z)
        violation, name = self._chance.violation(common, z)
        return f"first stage violates {name} by a relative {violation:.2g}" if violation > FEASIBILITY else "a scenario has no recourse"
