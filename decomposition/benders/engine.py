"""The state of one run and the steps that all phases share: ask the oracle, keep the best, hand cuts to the master."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...solvers import Backend
from ..matrices import Array
from ..run import Run
from .checkpoint import Checkpoint
from .cuts import Cut
from .master import Master, new_clusters
from .master_program import Point
from .oracle import EXACT, Answer, Effort, Oracle
from .position import End, LpPosition, MipPosition
from .problem import Indices, Problem
from .proof import Proof
from .retained import retain
from .risk import Risk
from .settings import Settings
from .stabilization import Center
from .stopping import Limits
from .team import Team

VIOLATION = 1e-7
"""Relative violation from which a cut counts as cutting the master's solution off."""

OLDEST, ENOUGH = 10, 200
"""Cuts slack in so many LPs are purged once there are more than ``ENOUGH`` a cluster-free master, or 4 a cluster."""

FEW, SHARE = 600, 300
"""Up to ``FEW`` scenarios every evaluation solves all recourse LPs; beyond, about ``SHARE`` of them, and the pool speaks for the others."""


@dataclass(slots=True, eq=False)
class Engine:
    """Everything a run knows; a checkpoint is its plain-data image."""

    problem: Problem
    backend: Backend
    run: Run
    settings: Settings
    team: Team = field(default_factory=Team)
    risk: Risk = field(init=False)
    oracle: Oracle = field(init=False)
    master: Master = field(init=False)
    clusters: Indices = field(init=False)
    center: Center | None = None
    incumbent: Center | None = None
    bound: float | None = None
    iteration: int = 0
    stride: int = 1
    pool_gap: float = 0.0
    added: int = 0
    explanations: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[Array, float | None]] = field(default_factory=list)
    proof: Proof | None = None
    lp: LpPosition | None = None
    mip: MipPosition | None = None
    end: End | None = None
    resuming: bool = False
    checkpoint: Checkpoint | None = None

    def __post_init__(self) -> None:
        count = self.settings.num_clusters(self.problem.num_scenarios)
        self.risk = self.settings.risk.on(self.problem, self.team)
        threads = self.settings.threads or (2 if self.team.size == 1 else 1)
        self.oracle = Oracle(self.problem, self.backend, self.team, threads, self.settings.pool)
        self.oracle.will_pack = self.team.size > 1 or self.checkpoint is not None
        self.clusters = new_clusters(self.problem, count)
        thetas = 1 if self.risk.worst else count
        self.master = Master(self.problem, self.risk, thetas, backend=self.backend)
        self.stride = 1 if self.problem.num_scenarios <= FEW else max(2, self.problem.num_scenarios // SHARE)

    def close(self) -> None:
        """Stop the oracle's threads."""
        self.oracle.close()

    def timing(self) -> dict[str, float]:
        """Return this rank's seconds by part, beyond those that the run has timed: see ``Oracle.seconds`` and ``Master.seconds``."""
        return {**self.oracle.seconds, "master solver": self.master.seconds}

    def work(self) -> dict[str, int]:
        """Return what all ranks together did: iterations, evaluations of a plan, recourse LPs solved, cuts given to the master."""
        solved = sum(self.team.share([self.oracle.solved]))
        return {"iterations": self.iteration, "evaluations": self.oracle.rounds, "recourse_lps": solved, "cuts": self.added}

    def absorb(self, other: Engine) -> None:
        """Add the time and the recourse LPs of an engine that ran inside this one."""
        for part, seconds in other.oracle.seconds.items():
            self.oracle.seconds[part] += seconds
        self.oracle.solved += other.oracle.solved
        self.master.seconds += other.master.seconds
        self.run.timing["master"] = self.run.timing.get("master", 0.0) + other.run.timing.get("master", 0.0)

    def clean(self, x: Array) -> Array:
        """Return ``x`` with its integer part rounded and bound violations of a solver's tolerance clipped."""
        first = self.problem.first
        return np.clip(np.where(first.integer, np.round(x), x), first.lower, first.upper)

    def limit(self) -> str | None:
        """Return why the run must stop now, if it must; the same on all ranks."""
        return self.team.on_rank_0(lambda: Limits(self.run, self.settings.iterations).why(self.iteration))

    def estimate(self, center: Center) -> float:
        """Return a center's cost, with what the pool of its time is estimated to miss where it was not evaluated exactly."""
        return center.cost if center.exact else center.cost + center.missing

    def effort(self, *, exact: bool = False) -> Effort:
        """Return how many LPs the next evaluation solves."""
        return EXACT if exact or self.stride == 1 or not self.settings.pool else Effort(self.stride, self.iteration)

    def evaluate(self, x: Array, eta: float | None, effort: Effort) -> tuple[Answer, Center]:
        """Ask the oracle and return its answer with the plan's cost: exact, or estimated by what the pool missed where it was solved."""
        self.asked.append((x, eta))
        answer = self.oracle.evaluate(x, self.clusters, self.risk, eta, effort)
        if answer.pool_gap is not None and not answer.complete:
            self.pool_gap = answer.pool_gap
        if answer.infeasible:
            return answer, Center(x, eta, np.inf, False)
        cost = float(self.problem.cost @ x) + self.risk.of(answer.costs, self.problem.probabilities)
        best_eta = self.risk.best_eta(answer.costs, self.problem.probabilities)
        scale = float(np.abs(self.problem.cost) @ np.abs(x) + self.problem.probabilities @ np.abs(answer.costs))
        return answer, Center(x, best_eta, cost, answer.complete, scale, 0.0 if answer.complete else self.pool_gap)

    def add(self, cuts: tuple[Cut, ...], x: Array, eta: float | None, point: Point | None = None) -> int:
        """Give the master the cuts that raise its model at their own point or are violated at its solution; returns how many."""
        raises = self.master.raised_by(cuts, x, eta)
        off = [False] * len(cuts) if point is None else self.cutting_off(cuts, point)
        useful = [c for c, r, o in zip(cuts, raises, off, strict=True) if r or o]
        self.master.add(useful)
        self.added += len(useful)
        return len(useful)

    def cutting_off(self, cuts: tuple[Cut, ...], point: Point) -> list[bool]:
        """Whether each cut is violated at the master's solution by more than what the master, to its solver's tolerance, holds already."""
        off = [violated(cut, point) for cut in cuts]
        if not any(off):
            return off
        return [o and r for o, r in zip(off, self.master.raised_by(cuts, point.x, point.eta), strict=True)]

    def retain(self, scenarios: Indices) -> None:
        """Hold these scenarios whole in the master, before any cut; the clusters left are numbered anew."""
        if not len(scenarios):
            return
        others = np.setdiff1d(np.arange(self.problem.num_scenarios), scenarios)
        clusters = np.full(self.problem.num_scenarios, -1)
        clusters[others] = np.unique(self.clusters[others], return_inverse=True)[1].reshape(-1)
        self.clusters = clusters
        self.master.hold(retain(self.problem, scenarios), int(clusters.max()) + 1)

    def refine(self, cuts: tuple[Cut, ...], point: Point) -> None:
        """Split the half of the clusters whose new cuts are violated most at the master's solution, up to the clusters of the settings."""
        if self.risk.worst:  # whose cuts are all on one theta
            return
        most = min(self.settings.clusters, self.problem.num_scenarios)
        excess = {c.clusters[0]: c.value(point.x, point.eta) - float(point.theta[c.clusters[0]]) for c in cuts if len(c.clusters) == 1}
        sizes = np.bincount(self.clusters[self.clusters >= 0], minlength=self.master.clusters)
        order = sorted((c for c in excess if sizes[c] > 1), key=lambda c: (-excess[c], c))
        chosen = order[: min(max(1, self.master.clusters // 2), most - self.master.clusters)]
        if not chosen:
            return
        parts = {c: self.master.clusters + i for i, c in enumerate(chosen)}
        self.clusters = self.clusters.copy()
        for c, new in parts.items():
            members = np.flatnonzero(self.clusters == c)
            self.clusters[members[len(members) // 2 :]] = new
        self.master.split(parts)

    def save_if_due(self, *, always: bool = False) -> None:
        """Write a checkpoint, if the run writes any and one is due; the phases' positions are up to date."""
        if self.checkpoint is not None and (always or self.checkpoint.due(self.iteration)):
            self.checkpoint.save(self)

    def purge(self) -> None:
        """Drop cuts that have long been slack; only while the LP of the whole first stage is solved, whose slacks count."""
        if len(self.master.cuts) <= max(ENOUGH, 4 * self.master.clusters):
            return
        gone = self.team.on_rank_0(lambda: self.master.slack_for(OLDEST))  # which alone solves the LPs
        self.master.drop(gone)
        if len(gone) and self.proof is not None:
            self.proof.forget(self.master)

    def raise_bound(self, bound: float | None, *, of_lp: bool = False) -> None:
        """Keep the best lower bound; ``of_lp``: it is the optimum of the master's LP, whose duals prove it."""
        if bound is not None and (self.bound is None or bound > self.bound):
            self.bound = bound
            if self.proof is not None:
                self.proof.take(self.master, self.clusters, bound, of_lp=of_lp)
            self.report()

    def make_exact(self, center: Center) -> Center | None:
        """Evaluate a plan that satisfies integrality exactly, offer it as incumbent and return it; ``None`` if it is infeasible."""
        if not center.exact:
            answer, center = self.evaluate(center.x, center.eta, self.effort(exact=True))
            self.add(answer.cuts, answer.x, answer.eta)
            if answer.infeasible:
                return None
        self.offer(center)
        return center

    def offer(self, center: Center) -> None:
        """Keep the best plan that satisfies integrality and was evaluated exactly."""
        if center.exact and np.isfinite(center.cost) and (self.incumbent is None or center.cost < self.incumbent.cost):
            self.incumbent = center
            self.report()

    def report(self) -> None:
        """Tell the run the best bound and incumbent."""
        self.run.report(bound=self.bound, objective=None if self.incumbent is None else self.incumbent.cost)


def violated(cut: Cut, point: Point) -> bool:
    """Whether a cut is violated at the master's solution."""
    theta = float(point.theta[list(cut.clusters)].sum()) if cut.clusters else 0.0
    value = cut.value(point.x, point.eta)
    return value > theta + VIOLATION * max(1.0, abs(theta), abs(value))
