"""Integer recourse after a binary first stage: master MIPs with LP, integer L-shaped and Lagrangian cuts until the optimum is proved."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...solvers import LinearProgram
from ..matrices import Array
from .integer_cuts import distance_slope, no_good
from .integer_state import TIGHTEST, IntegerState
from .master_program import Point
from .risk import Risk
from .sharp_rounds import add_sharp_cuts, sharp_rounds
from .stabilization import Center

WORTH = 0.1
"""A plan's recourse is solved with integrality once its LP cuts raise the master at it by less than this share of the open gap."""

FREE, CHEAP = 4, 12
"""So many plans get integer L-shaped cuts alone; up to ``CHEAP``, one Lagrangian program a scenario, and ``STEPS`` beyond."""

STEPS = 3
VISITS = 5
"""So often the LP cuts at one plan are refined before its recourse is solved with integrality."""

PATIENCE = 8
"""After so many plans that LP cuts cut off, the best of them is evaluated exactly if there is no incumbent yet."""

UNDERCUT = 1e-6
"""Relative amount by which the master must undercut a plan that it knows exactly for this to count as its solver's tolerance."""


@dataclass(slots=True, eq=False)
class BinaryPhase:
    """``settled`` holds lower bounds of plans that were solved to their best completion, by what touches the recourse.

    A plan that the master returns after its integer L-shaped cut (a solver's tolerance times the cut's coefficients can do that) is
    ``excluded``: cut off, its settled bound taking its place. ``fallback`` is the plan that costs least in the LP relaxation so far.
    """

    state: IntegerState
    settled: dict[bytes, float] = field(default_factory=dict)
    visits: dict[bytes, int] = field(default_factory=dict)
    made: set[tuple[bytes, float | None]] = field(default_factory=set)
    bounded: set[bytes] = field(default_factory=set)
    excluded: float = np.inf
    fallback: Array | None = None
    fallback_cost: float = np.inf

    def run(self) -> str:
        """Return why the run stopped."""
        state, engine, oracle = self.state, self.state.engine, self.state.oracle
        if oracle.sharp and (reason := sharp_rounds(state)) is not None:
            return reason
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
                    if engine.incumbent is None and len(self.visits) % PATIENCE == 0 and self.fallback is not None:
                        self._solve(point, self.fallback, 0)  # a plan early on
                        self.fallback, self.fallback_cost = None, np.inf
                    continue
                solved += 1
                steps = 0 if solved <= FREE else 1 if solved <= CHEAP else STEPS
                self._solve(point, x, steps)
            elif not (self._add_exact(point, x, point.eta) or self._exclude(x, point.value) or state.tighten() or self._exclude(x)):
                return "stalled"

    def _cut_off_cheaply(self, point: Point, x: Array) -> bool:
        """Whether the LP cuts at ``x``, or what is known from other plans, cut it off by an amount worth another master MIP."""
        state, oracle = self.state, self.state.oracle
        key = x[oracle.touching].tobytes()
        self.visits[key] = self.visits.get(key, 0) + 1
        if self.visits[key] > VISITS:
            return False
        lp_cost = (add_sharp_cuts if oracle.sharp else IntegerState.add_lp_cuts)(state, point, x)
        if lp_cost < self.fallback_cost:
            self.fallback, self.fallback_cost = x, lp_cost
        return lp_cost > point.value + self._worthwhile(point) or state.add_bounds(point, x, oracle.floors, 0) > 0

    def _solve(self, point: Point, x: Array, steps: int) -> None:
        """Solve the recourse at ``x`` with integrality and add the cuts this gives."""
        state, oracle = self.state, self.state.oracle
        lower = self._hopeless(x)
        if lower is not None:
            state.add_l_shaped(point, x, point.eta, lower)
            if steps:
                state.add_bounds(point, x, lower, steps)
            return
        center = state.offer(x)
        self._add_exact(point, x, point.eta)
        self._add_exact(point, x, center.eta)
        self._settle(center)
        if steps and np.isfinite(center.cost):
            state.add_bounds(point, x, oracle.values(x), steps)

    def _hopeless(self, x: Array) -> Array | None:
        """Return lower bounds of the recourse costs (S,), where these are enough to see that ``x`` is no better than the incumbent."""
        state, best, key = self.state, self.state.engine.incumbent, x[self.state.oracle.touching].tobytes()
        if best is None or key in self.bounded:
            return None
        self.bounded.add(key)
        with state.engine.run.timed("integer recourse"):
            lower = state.oracle.lower_values(x)
        enough = best.cost - 0.5 * state.target.tolerance * abs(best.cost)
        return lower if np.isfinite(lower).all() and state.cost_from(x, lower) >= enough else None

    def _worthwhile(self, point: Point) -> float:
        best = self.state.engine.incumbent
        return WORTH * (0.1 * abs(point.value) if best is None else max(best.cost - point.value, 0.0)) + 1e-6 * max(1.0, abs(point.value))

    def _add_exact(self, point: Point, x: Array, eta: float | None) -> bool:
        """Add the exact cuts at (x, eta), unless they were made before; whether there were any."""
        mean = self.state.engine.settings.risk == Risk()  # whose cuts depend on nothing else
        key = ((x[self.state.oracle.touching] if mean else x).tobytes(), eta)
        if key in self.made:
            return False
        self.made.add(key)
        return self.state.add_l_shaped(point, x, eta, self.state.oracle.values(x)) > 0

    def _settle(self, center: Center) -> None:
        """Find the best plan that looks like ``center`` to the recourse, offer it, and note what such plans cost at least.

        What lies beside the recourse is then chosen by its own expected costs; not so, and so left to the cuts, where these are random and
        the risk measure is not the mean.
        """
        state, engine, oracle = self.state, self.state.engine, self.state.oracle
        problem, x, key = engine.problem, center.x, center.x[oracle.touching].tobytes()
        if np.isinf(center.cost) or oracle.touching.all():
            self.settled[key] = center.cost
            return
        random = oracle.random_costs()
        if engine.settings.risk != Risk() and random[:, ~oracle.touching].any():
            return
        program = LinearProgram(
            cost=problem.cost + problem.probabilities @ random,
            matrix=problem.A,
            row_lower=problem.row_lower,
            row_upper=problem.row_upper,
            lower=np.where(oracle.touching, x, problem.first.lower),
            upper=np.where(oracle.touching, x, problem.first.upper),
            integer=problem.first.integer & ~oracle.touching,
        )
        options = {"threads": engine.settings.threads, "time_limit": engine.run.remaining()} | (
            {"rel_gap": TIGHTEST} if program.is_mip else {}
        )
        found = engine.team.on_rank_0(lambda: engine.backend.open(program).solve(options))
        if found.x is not None and found.objective is not None and found.bound is not None:
            best = state.offer(np.where(oracle.touching, x, engine.clean(found.x)) + 0.0)
            self.settled[key] = best.cost - max(0.0, found.objective - found.bound)

    def _exclude(self, x: Array, value: float = -np.inf) -> bool:
        """Cut off all plans that look like ``x`` to the recourse; ``False`` if what they cost is not settled, or not above ``value``."""
        engine, oracle = self.state.engine, self.state.oracle
        bound = self.settled.get(x[oracle.touching].tobytes())
        if bound is None or bound <= value + UNDERCUT * max(1.0, abs(value)):
            return False
        self.excluded = min(self.excluded, bound)
        engine.master.add([no_good(x, distance_slope(x, engine.problem.first, oracle.touching), None, engine.oracle.rounds)])
        return True
