"""The state of a run of the chance decomposition, and the steps that its phases are made of."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...solvers import Backend
from ..benders.ledger import Ledger
from ..benders.settings import Settings
from ..benders.stopping import Limits
from ..benders.team import Team
from ..matrices import Array
from ..recourse import FEASIBILITY
from ..run import Run
from .master import Master, Point
from .oracle import ChanceOracle, Seen
from .problem import ChanceProblem
from .rows import Indices, Row
from .stars import Stars

DEEP, SHARE = 1e-6, 1e-2
"""Value rows violated by less than this, or by less than this share of the gap asked for, relatively, are not added."""

NEW_DIRECTIONS, NEW_STARS = 50, 100
"""Most of each that one step adds."""

THREADS = 2

FEW = 8
"""So many records more than twice those needed are kept before the others are dropped."""


@dataclass(frozen=True, slots=True, eq=False)
class Incumbent:
    """A feasible plan with its owned variables and its exact cost (minimisation form)."""

    x: Array
    z: Array
    cost: float


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """The best bound that an LP set, its rows, and the multipliers of the first stage's rows (m,) and of ``rows``."""

    bound: float
    rows: tuple[Row, ...]
    first: Array
    weights: Array


@dataclass(eq=False)
class Engine:
    """Master, oracle and directions of one problem; all methods are called by all ranks of ``team``."""

    chance: ChanceProblem
    backend: Backend
    run: Run
    settings: Settings
    team: Team
    clusters: Indices = field(init=False)
    master: Master = field(init=False)
    oracle: ChanceOracle = field(init=False)
    stars: Stars = field(init=False)
    incumbent: Incumbent | None = None
    bound: float | None = None
    iteration: int = 0
    standing: Standing | None = None

    def __post_init__(self) -> None:
        count = self.settings.num_clusters(len(self.chance.p))
        self.clusters = np.arange(len(self.chance.p)) * count // len(self.chance.p)
        threads = self.settings.threads or (THREADS if self.team.size == 1 else 1)
        self.master = Master(self.chance, self.backend, count)
        self.oracle = ChanceOracle(self.chance, self.backend, self.team, self.clusters, threads, self.settings.pool)
        self.stars = Stars(self.chance, self.team)
        if self.run.certificate:
            self.oracle.oracle.ledger = Ledger(self.chance.at)

    def close(self) -> None:
        """Stop the threads."""
        self.oracle.close()

    def limit(self) -> str | None:
        """Return why the run must stop now, if it must; the same on all ranks."""
        return self.team.on_rank_0(lambda: Limits(self.run, self.settings.iterations).why(self.iteration))

    def cost(self, seen: Seen) -> float:
        """Return the cost of what was seen exactly."""
        columns = self.chance.owned.columns.common
        return float(self.chance.owned.problem.cost[columns] @ seen.x) + float(self.chance.p @ seen.costs)

    def clean(self, x: Array) -> Array:
        """Return ``x`` with its integers rounded and bound violations of a solver's tolerance clipped."""
        first = self.chance.common
        return np.clip(np.where(first.integer, np.round(x), x), first.lower, first.upper)

    def clean_own(self, z: Array) -> Array:
        """Return Z with its integers rounded, within its bounds."""
        own = self.chance.owned.own
        return np.clip(np.where(own.integer, np.round(z), z), own.lower, own.upper)

    def clip_plan(self, x: Array) -> Array:
        """Return ``x`` within its bounds."""
        return np.clip(x, self.chance.common.lower, self.chance.common.upper)

    def clip(self, z: Array) -> Array:
        """Return Z within its bounds."""
        own = self.chance.owned.own
        return np.clip(z, own.lower, own.upper)

    def strict(self, z: Array) -> Array:
        """Return Z with all that is not fully given up not given up at all."""
        own = self.chance.owned.own
        return np.where(own.integer, np.where(z >= own.upper - 1e-6, own.upper, own.lower), np.clip(z, own.lower, own.upper))

    def look(self, x: Array, z: Array) -> Seen:
        """Ask the oracle at (x, Z) and keep the directions of its rays."""
        seen = self.oracle.evaluate(x, z)
        if not self.master.rows or seen.feasible:
            size = float(np.abs(self.chance.owned.problem.cost[self.chance.owned.columns.common]) @ np.abs(x))
            recourse = float(self.chance.p @ np.abs(np.where(np.isfinite(seen.costs), seen.costs, 0.0)))
            self.master.scale_to(size + recourse, recourse / self.master.clusters)
        return seen

    def learn(self, seen: Seen, point: Point | None) -> int:
        """Give the master what ``seen`` says, as far as it is violated at ``point`` (``None``: all of it); returns how many rows."""
        self.stars.add(seen.rays, NEW_DIRECTIONS)
        rows = list(seen.rows) if point is None else self.violated(list(seen.rows), point)
        x, z = (seen.x, seen.z) if point is None else (point.x, point.z)
        rows += self.stars.separate(x, z, NEW_STARS)
        return self.master.add(rows)

    def violated(self, rows: list[Row], point: Point) -> list[Row]:
        """Return the rows that are violated at the master's solution."""
        z, deep = point.z.ravel(), min(DEEP, SHARE * self.run.rel_gap)
        return [r for r in rows if r.violation(point.x, z, point.theta, self.master.theta_unit) > deep]

    def offer(self, seen: Seen) -> bool:
        """Take a feasible plan, seen exactly, as the incumbent if it is the best; whether it is feasible."""
        if not seen.feasible or not seen.exact or self.chance.violation(seen.x, seen.z)[0] > FEASIBILITY:
            return False
        cost = self.cost(seen)
        if self.incumbent is None or cost < self.incumbent.cost:
            self.incumbent = Incumbent(seen.x, seen.z, cost)
            self.report()
        return True

    def raise_bound(self, bound: float | None, *, of_lp: bool = False) -> None:
        """Keep the best lower bound; ``of_lp``: it is the optimum of the master's LP, whose multipliers prove it."""
        if bound is not None and (self.bound is None or bound > self.bound):
            self.bound = bound
            if of_lp and self.oracle.oracle.ledger is not None:
                held = self.team.on_rank_0(lambda: self.master.multipliers() if self.team.rank == 0 else None)
                if held is not None:
                    self.standing = Standing(bound, tuple(self.master.rows), *held)
            self.report()

    def forget(self) -> None:
        """Drop the records of evaluations that no row refers to any more, once they are the most."""
        ledger = self.oracle.oracle.ledger
        if ledger is not None:
            held = [*self.master.rows, *(self.standing.rows if self.standing is not None else ())]
            sources = {row.source for row in held}
            if len(ledger) > 2 * len(sources) + FEW:
                ledger.forget(sources)

    def report(self) -> None:
        """Tell the run the best bound and incumbent."""
        self.run.report(bound=self.bound, objective=None if self.incumbent is None else self.incumbent.cost)

    def work(self) -> dict[str, int]:
        """Return what all ranks together did."""
        solved = sum(self.team.share([self.oracle.oracle.solved]))
        return {
            "iterations": self.iteration,
            "evaluations": self.oracle.oracle.rounds,
            "recourse_lps": solved,
            "directions": len(self.stars.directions),
            "rows": len(self.master.rows),
        }
