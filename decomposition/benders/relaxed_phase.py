"""Integer recourse after a first stage that is not binary: a relaxation's bound, tightened by Lagrangian cuts, and plans tried exactly.

Lagrangian cuts hold at every plan of the first stage, whatever its variables are; but they describe no more than the convex hull of each
scenario's pairs of plan and cost, so that a gap may remain, which is reported as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..matrices import Array
from ..recourse import FEASIBILITY, first_stage_violation
from .feasible_plan import plans_of_samples, seek_plan
from .integer_state import IntegerState
from .master_program import Point

STEPS = 3
"""Lagrangian programs a scenario at each of the master's solutions."""

PATIENCE, PROGRESS = 4, 0.01
"""The phase ends after so many rounds that closed less than this share of the gap between bound and incumbent (or of the bound)."""

TRIED = 3
"""First-stage copies tried as plans after each master MIP."""


@dataclass(slots=True, eq=False)
class RelaxedPhase:
    """First rounds at the solutions of the master's LP, then at those of its MIP."""

    state: IntegerState
    tried: set[bytes] = field(default_factory=set)

    def run(self, plans: list[Array]) -> str:
        """Try ``plans``, tighten the bound, try the master's; returns why the run stopped (``relaxation``: nothing more is gained)."""
        first = self._master(of_mip=True)
        for x in [*plans, *([] if first is None else [first.x])]:
            self._try(x)
        if self.state.closed():
            return "gap"
        reason = self._rounds(of_mip=False)
        if reason == "relaxation":
            plans_of_samples(self.state)
            reason = self._rounds(of_mip=True)
        if reason != "relaxation":
            return reason
        if self.state.engine.incumbent is None:
            seek_plan(self.state)
        return "gap" if self.state.closed() else "relaxation"

    def _rounds(self, of_mip: bool) -> str:
        state, engine, oracle = self.state, self.state.engine, self.state.oracle
        idle = 0
        while idle < PATIENCE:
            reason = engine.limit()
            if reason is not None:
                return reason
            before = self._state()
            point = self._master(of_mip)
            if state.closed():
                return "gap"
            if point is None:
                return engine.limit() or "infeasible"
            x, caps = point.x, np.full(engine.problem.num_scenarios, np.inf)
            if of_mip:
                x = engine.clean(x) + 0.0
                if self._try(x):
                    caps = oracle.values(x)
                plans = oracle.copies()
                for i in range(min(TRIED, len(plans))):
                    self._try(plans[(engine.iteration + i * len(plans) // TRIED) % len(plans)])
                if state.closed():
                    return "gap"
            added, solved = engine.added, oracle.solved["lagrangian"]
            state.add_lp_cuts(point, x)
            state.add_bounds(point, x, caps, STEPS)
            if engine.added == added and oracle.solved["lagrangian"] == solved and not (of_mip and state.tighten()):
                break  # no multipliers give more
            idle = 0 if self._progress(before) else idle + 1
        return "relaxation"

    def _master(self, of_mip: bool) -> Point | None:
        """Solve the master as MIP or LP and take its bound."""
        engine = self.state.engine
        if of_mip:
            point, bound = self.state.master()
            engine.raise_bound(bound)
            return point
        engine.iteration += 1
        with engine.run.timed("master"):
            found = engine.team.on_rank_0(engine.master.solve_lp)
        if found is not None:
            engine.raise_bound(found.bound, of_lp=True)
        return found

    def _try(self, x: Array) -> bool:
        """Evaluate plan ``x`` exactly if it satisfies the first stage; whether it does."""
        engine = self.state.engine
        x = engine.clean(x) + 0.0
        if first_stage_violation(engine.problem, x)[0] > FEASIBILITY:
            return False
        if x.tobytes() not in self.tried:
            self.tried.add(x.tobytes())
            self.state.offer(x)
        return True

    def _state(self) -> tuple[float, float]:
        """Return bound and incumbent's cost."""
        engine = self.state.engine
        return -np.inf if engine.bound is None else engine.bound, np.inf if engine.incumbent is None else engine.incumbent.cost

    def _progress(self, before: tuple[float, float]) -> bool:
        """Whether the gap (without an incumbent: the bound) has moved by a share of at least ``PROGRESS`` since ``before``."""
        (bound, cost), now = before, self._state()
        if not np.isfinite(cost):
            return np.isfinite(now[1]) or now[0] - bound > PROGRESS * abs(bound)
        return (now[0] - bound) + (cost - now[1]) > PROGRESS * (cost - bound)
