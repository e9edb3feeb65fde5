"""Integer recourse after a binary first stage: master MIPs with LP, integer L-shaped and Lagrangian cuts until the optimum is proved."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..matrices import Array
from .integer_cuts import distance_slope, no_good
from .integer_state import TIGHTEST, IntegerState
from .master import Point
from .stabilization import Center

WORTH = 0.1
"""A plan's recourse is solved with integrality once its LP cuts raise the master at it by less than this share of the open gap."""

FREE, CHEAP = 4, 12
"""So many plans get integer L-shaped cuts alone; up to ``CHEAP``, one Lagrangian program a scenario, and ``STEPS`` beyond."""

STEPS = 3
VISITS = 5
"""So often the LP cuts at one plan are refined before its recourse is solved with integrality."""

COMPLETIONS = 50
"""Most cuts in search of the best completion of one binary plan."""


@dataclass(slots=True, eq=False)
class BinaryPhase:
    """``settled`` holds lower bounds of plans that were solved to their best completion, by what touches the recourse.

    A plan that the master returns after its integer L-shaped cut (a solver's tolerance times the cut's coefficients can do that) is
    ``excluded``: cut off, its settled bound taking its place.
    """

    state: IntegerState
    settled: dict[bytes, float] = field(default_factory=dict)
    visits: dict[bytes, int] = field(default_factory=dict)
    made: set[tuple[bytes, float | None]] = field(default_factory=set)
    excluded: float = np.inf

    def run(self) -> str:
        """Return why the run stopped."""
        state, engine, oracle = self.state, self.state.engine, self.state.oracle
        solved = 0  # plans, with integrality
        while True:
            reason = engine.limit()
            if reason is not None:
                return reason
            point, bound = state.master()
            if point is None:
                reason = engine.limit()
                if reason is not None or np.isinf(self.excluded):
                    return reason or "infeasible"
                engine.raise_bound(self.excluded)
                return "gap" if state.closed() else "stalled"
            if bound is not None:
                engine.raise_bound(min(bound, self.excluded))
            if state.closed():
                return "gap"
            x = engine.clean(point.x) + 0.0  # no -0.0, since plans are told apart by their bytes
            if not oracle.known(x):
                if self._cut_off_cheaply(point, x):
                    continue
                solved += 1
                steps = 0 if solved <= FREE else 1 if solved <= CHEAP else STEPS
                self._solve(point, x, steps)
            elif not (self._add_exact(point, x, point.eta) or state.tighten() or self._exclude(x)):
                return "stalled"

    def _cut_off_cheaply(self, point: Point, x: Array) -> bool:
        """Whether the LP cuts at ``x``, or what is known from other plans, cut it off by an amount worth another master MIP."""
        state, oracle = self.state, self.state.oracle
        key = x[oracle.touching].tobytes()
        self.visits[key] = self.visits.get(key, 0) + 1
        if self.visits[key] > VISITS:
            return False
        lp_cost = state.add_lp_cuts(point, x)
        if state.engine.incumbent is None and np.isfinite(lp_cost):  # any plan is better than none
            return False
        return lp_cost > point.value + self._worthwhile(point) or state.add_bounds(point, x, oracle.floors, 0) > 0

    def _solve(self, point: Point, x: Array, steps: int) -> None:
        """Solve the recourse at ``x`` with integrality and add the cuts this gives."""
        state, oracle = self.state, self.state.oracle
        center = state.offer(x)
        self._add_exact(point, x, point.eta)
        self._add_exact(point, x, center.eta)
        self._settle(center)
        if steps and np.isfinite(center.cost):
            state.add_bounds(point, x, oracle.values(x), steps)

    def _worthwhile(self, point: Point) -> float:
        best = self.state.engine.incumbent
        return WORTH * (1e-3 * abs(point.value) if best is None else max(best.cost - point.value, 0.0)) + 1e-6 * max(1.0, abs(point.value))

    def _add_exact(self, point: Point, x: Array, eta: float | None) -> bool:
        """Add the exact cuts at (x, eta), unless they were made before; whether there were any."""
        key = (x.tobytes(), eta)
        if key in self.made:
            return False
        self.made.add(key)
        return self.state.add_exact(point, x, eta) > 0

    def _settle(self, center: Center) -> None:
        """Find the best plan that looks like ``center`` to the recourse, offer it, and note what such plans cost at least."""
        state, engine, oracle = self.state, self.state.engine, self.state.oracle
        x = center.x
        key = x[oracle.touching].tobytes()
        if np.isinf(center.cost):
            self.settled[key] = np.inf
            return
        if oracle.touching.all():
            self.settled[key] = center.cost
            return
        first = engine.problem.first
        engine.master.set_bounds((np.where(oracle.touching, x, first.lower), np.where(oracle.touching, x, first.upper)))
        try:
            for _ in range(COMPLETIONS):
                found, bound = state.master()
                if found is None:
                    return
                x = np.where(oracle.touching, x, engine.clean(found.x)) + 0.0
                center = state.offer(x)
                if bound is not None and center.cost - bound <= state.tolerance * abs(center.cost) + TIGHTEST:
                    self.settled[key] = bound
                if not self._add_exact(found, x, found.eta):
                    return
        finally:
            engine.master.set_bounds(None)

    def _exclude(self, x: Array) -> bool:
        """Cut off all plans that look like ``x`` to the recourse; ``False`` if what they cost is not settled."""
        engine, oracle = self.state.engine, self.state.oracle
        bound = self.settled.get(x[oracle.touching].tobytes())
        if bound is None:
            return False
        self.excluded = min(self.excluded, bound)
        engine.master.add([no_good(x, distance_slope(x, engine.problem.first, oracle.touching), None, engine.oracle.rounds)])
        return True
