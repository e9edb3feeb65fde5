"""The steps that both ways of solving problems with integer recourse share: master MIP, exact costs, and the kinds of cuts."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass

import numpy as np

from ..matrices import Array
from ..recourse import FEASIBILITY, first_stage_violation
from .engine import Engine
from .integer_cuts import distance_slope, l_shaped_slopes, no_good
from .integer_oracle import IntegerOracle
from .master_program import Point
from .scenario_mips import OutOfTimeError
from .stabilization import Center
from .stopping import Gap

TIGHTEST = 1e-9
"""Gap beyond which a master MIP is not tightened."""

LEAST_S, SHARE = 1.0, 0.1
"""Time for a last plan after a limit, in seconds at least and as a share of the time limit."""

NO_GAP = 1e-2
"""What counts as open as long as there is no incumbent."""


@dataclass(slots=True, eq=False)
class IntegerState:
    """What both ways keep: the engine, the oracle, the target, and the gap of the next master MIP.

    That is ``tolerance``, or the share ``loose`` of what is still open between bound and incumbent.
    """

    engine: Engine
    oracle: IntegerOracle
    target: Gap
    tolerance: float
    loose: float = 0.1

    def closed(self) -> bool:
        """Whether incumbent and bound meet."""
        engine = self.engine
        return engine.incumbent is not None and self.target.reached(engine.incumbent.cost, engine.bound)

    def tighten(self) -> bool:
        """Solve master MIPs to a tenth of the gap from now on; ``False`` if it is the smallest already."""
        if self.loose == 0.0 and self.tolerance <= TIGHTEST:
            return False
        if self.loose > 0.0:
            self.loose = 0.1 * self.loose if self.loose * self._open_gap() > 10 * self.tolerance else 0.0
        else:
            self.tolerance = max(0.1 * self.tolerance, TIGHTEST)
        return True

    def _open_gap(self) -> float:
        """Return the relative gap between incumbent and bound; ``NO_GAP`` without them."""
        bound, best = self.engine.bound, self.engine.incumbent
        return NO_GAP if best is None or bound is None else max(0.0, best.cost - bound) / max(1e-10, abs(best.cost))

    def master(self) -> tuple[Point | None, float | None]:
        """Solve the master MIP from the incumbent; return its solution, cleaned of the solver's tolerances, and its dual bound."""
        engine = self.engine
        engine.iteration += 1
        known = engine.incumbent
        tolerance = max(self.tolerance, self.loose * self._open_gap())
        start = None if known is None else engine.master.completed(known.x, known.eta)
        with engine.run.timed("master"):
            return engine.team.on_rank_0(lambda: engine.master.solve_mip(tolerance, engine.run.remaining(), engine.settings.threads, start))

    def offer(self, x: Array) -> Center:
        """Evaluate plan ``x`` exactly and offer it as incumbent; its cost is inf if a scenario has no recourse."""
        engine, risk, p = self.engine, self.engine.risk, self.engine.problem.probabilities
        with engine.run.timed("integer recourse"):
            costs = self.oracle.costs(x)
        if not np.isfinite(costs).all():
            return Center(x, None, np.inf, True)
        center = Center(x, risk.best_eta(costs, p), float(engine.problem.cost @ x) + risk.of(costs, p), True)
        if first_stage_violation(engine.problem, x)[0] <= FEASIBILITY:
            engine.offer(center)
        return center

    def add_lp_cuts(self, point: Point, x: Array) -> float:
        """Add the cuts of the LP relaxations at ``x``; returns the plan's cost in the relaxation, inf if that is infeasible."""
        engine = self.engine
        answer, center = engine.evaluate(x, point.eta, engine.effort(exact=True))
        engine.add(answer.cuts, x, answer.eta, point)
        return center.cost

    def add_bounds(self, point: Point, x: Array, caps: Array, steps: int) -> int:
        """Raise the scenarios' bounds at ``x`` by Lagrangian cuts, and add the cuts these make; returns how many."""
        engine = self.engine
        with engine.run.timed("lagrangian cuts"):
            values, slopes = self.oracle.raise_at(x, caps, steps)
        return engine.add(self.oracle.cuts(x, point.eta, values, slopes), x, point.eta, point)

    def last_resort(self, x: Array) -> None:
        """Offer plan ``x`` for a run that a limit stopped, if its recourse is solved within a tenth of that limit (and a second)."""
        deadline = time.perf_counter() + max(LEAST_S, SHARE * (self.engine.run.time_limit or np.inf))
        with contextlib.suppress(OutOfTimeError):
            self.oracle.prolong(lambda: max(0.01, deadline - time.perf_counter()))
            self.offer(x)

    def cost_from(self, x: Array, values: Array) -> float:
        """Return the cost of plan ``x`` if its recourse costs ``values`` (S,), which bounds it from below if these do."""
        engine = self.engine
        risk = engine.risk.of(values + self.oracle.first_stage_costs(x), engine.problem.probabilities)
        return float(engine.problem.cost @ x) + risk

    def add_l_shaped(self, point: Point, x: Array, eta: float | None, values: Array) -> int:
        """Add the integer L-shaped cuts at (x, eta), or the no-good cut of a plan without recourse; returns how many.

        ``values`` (S,) are recourse costs at ``x``, or lower bounds of them.
        """
        engine, first = self.engine, self.engine.problem.first
        toward = distance_slope(x, first, self.oracle.touching)
        cuts = self.oracle.cuts(x, eta, values, l_shaped_slopes(values, self.oracle.floors, toward))
        failed = np.flatnonzero(np.isinf(values))
        if len(failed):
            cuts = (no_good(x, toward, int(failed[0]), engine.oracle.rounds), *cuts)
        return engine.add(cuts, x, eta, point)
