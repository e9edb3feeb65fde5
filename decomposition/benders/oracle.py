"""The recourse oracle: for a plan, what every scenario costs (exactly or from below) and the cuts that say so."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from threading import local
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ...solvers import Backend
from ..matrices import Array
from .cuts import Cut, cluster_cuts, feasibility_cut, moved_cuts
from .evaluate_block import AtPlan, BlockAnswer, Found, Query, evaluate_block
from .ledger import Ledger
from .problem import Block, Indices, Problem
from .recourse_lps import RecourseLPs
from .risk import Risk
from .team import Team
from .vertices import Vertices

MOST_RAYS = 32
"""Feasibility cuts of one evaluation, the most violated first."""


@dataclass(frozen=True, slots=True)
class Effort:
    """Which recourse LPs an evaluation solves: every ``stride``-th scenario from ``first`` on (1: all, an exact pass; 0: none)."""

    stride: int = 1
    first: int = 0

    def chosen(self, block: Block) -> Indices:
        """Return the block's scenarios (numbers within it) that are solved."""
        if self.stride == 0:
            return np.zeros(0, dtype=np.int64)
        return np.flatnonzero((np.arange(block.position, block.position + len(block)) + self.first) % self.stride == 0)


EXACT = Effort()


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What the oracle says of a plan, in minimisation form and without c'x.

    ``costs`` (S,) equal each scenario's cost where ``exact`` (S,) and bound it from below elsewhere; ``infeasible`` numbers the scenarios
    without recourse, whose cost is -inf. ``cuts`` hold at every plan; they say most at ``eta``, which is the one asked at unless the risk
    measure knows a better one. ``pool_gap`` is the mean cost that the pool missed, where seen.
    """

    x: Array
    eta: float | None
    costs: Array
    exact: NDArray[np.bool_]
    infeasible: tuple[int, ...]
    cuts: tuple[Cut, ...]
    pool_gap: float | None

    @property
    def complete(self) -> bool:
        """Whether every scenario was solved, and none failed."""
        return bool(self.exact.all())


@dataclass(slots=True)
class Oracle:
    """Evaluates plans of one problem; ``pool`` keeps dual vertices and offers them to all scenarios of their group.

    ``seconds`` of this rank: ``oracle`` in its blocks, of which ``lp`` in the solver and ``product`` in matrix products, each divided
    by the number of threads; ``exchange`` between ranks, for cuts and pool. ``solved`` counts this rank's recourse LPs.
    ``will_pack`` tells that bases will be packed, for other ranks or for checkpoints.
    """

    problem: Problem
    backend: Backend
    team: Team
    threads: int = 2
    pool: bool = True
    most_active: int = 4000
    most_new: int = 1000
    seconds: dict[str, float] = field(default_factory=lambda: {"lp": 0.0, "product": 0.0, "oracle": 0.0, "exchange": 0.0})
    solved: int = 0
    rounds: int = 0
    ledger: Ledger | None = None
    will_pack: bool = False
    vertices: list[Vertices] = field(init=False)
    _blocks: list[Block] = field(init=False)
    _executor: ThreadPoolExecutor | None = field(init=False, default=None)
    _local: local = field(init=False, default_factory=local)

    def __post_init__(self) -> None:
        self.vertices = [Vertices(g) for g in self.problem.groups]
        self._blocks = self.team.own_blocks(self.problem)
        if self.threads > 1:
            self._executor = ThreadPoolExecutor(self.threads)

    def close(self) -> None:
        """Stop the threads."""
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)

    def evaluate(self, x: Array, clusters: Indices, risk: Risk, eta: float | None = None, effort: Effort = EXACT) -> Answer:
        """Evaluate plan ``x`` (n1,); cuts are summed over ``clusters``, the cluster of each scenario (S,).

        Raises
        ------
        UnboundedRecourseError
            A scenario's recourse cost is unbounded below.
        """
        query = Query(x, eta, risk, clusters, self.problem.probabilities)
        start = time.perf_counter()
        answers, found = self.look(query, effort)
        begin = time.perf_counter()
        self.seconds["oracle"] += begin - start
        costs, exact = np.empty(self.problem.num_scenarios), np.zeros(self.problem.num_scenarios, dtype=bool)
        for a in answers:
            costs[a.block.span], exact[a.block.span] = a.costs, a.exact
        rays = sorted((r for a in answers for r in a.rays), key=lambda r: (-r.violation, r.scenario))
        if self.ledger is not None:
            self.ledger.record(self.rounds, found, rays[:MOST_RAYS])
        if risk.ball is None:
            cuts = cluster_cuts((a.sums for a in answers if a.sums is not None), risk, self.rounds)
        else:
            eta, moves = risk.ball.moves(costs)
            cuts = moved_cuts([f.known for f in found if f.known is not None], moves, risk.ball.p, clusters, x, self.rounds, self.team)
        pool_gap = self.extend_pool(found)
        self.seconds["exchange"] += time.perf_counter() - begin
        return Answer(
            x=x,
            eta=eta,
            costs=costs,
            exact=exact,
            infeasible=tuple(r.scenario for r in rays),
            cuts=tuple(feasibility_cut(r.violation, r.slope, x, r.scenario, self.rounds) for r in rays[:MOST_RAYS]) + cuts,
            pool_gap=pool_gap,
        )

    def look(self, query: Query, effort: Effort) -> tuple[list[BlockAnswer], list[Found]]:
        """Return what all ranks' blocks answer, and what this rank's LPs found; called by all ranks."""
        self.rounds += 1
        found: list[Found] = []
        return self.team.gather(lambda: self._own_answers(query, effort, found)), found

    def _own_answers(self, query: Query, effort: Effort, found: list[Found]) -> list[BlockAnswer]:
        """Evaluate this rank's blocks, each in one thread; so does linear algebra, that digits do not depend on cores."""

        def work(block: Block) -> tuple[BlockAnswer, Found]:
            g = block.group
            return evaluate_block(block, self.problem.groups[g], self.vertices[g], at[g], effort.chosen(block), query, self._lps())

        with threadpool_limits(1, "blas"):
            begin = time.perf_counter()
            at = [
                AtPlan(*g.at(query.x), v.weights(query.x) if self.pool and len(v.active) else None)
                for g, v in zip(self.problem.groups, self.vertices, strict=True)
            ]
            self.seconds["product"] += time.perf_counter() - begin
            done = list(map(work, self._blocks) if self._executor is None else self._executor.map(work, self._blocks))
        self.seconds["lp"] += sum(a.lp_seconds for a, _ in done) / self.threads
        self.seconds["product"] += sum(a.product_seconds for a, _ in done) / self.threads
        self.solved += sum(a.solved for a, _ in done)
        found += [f for _, f in done]
        return [a for a, _ in done]

    def _lps(self) -> RecourseLPs:
        """Return this thread's recourse problems."""
        if not hasattr(self._local, "lps"):
            self._local.lps = RecourseLPs(self.problem.groups, self.backend, will_pack=self.will_pack)
        return self._local.lps  # type: ignore[no-any-return]

    @property
    def lps(self) -> RecourseLPs:
        """The recourse problems of the calling thread."""
        return self._lps()

    def extend_pool(self, found: list[Found]) -> float | None:
        """Put the most worthwhile new duals of all ranks into every rank's pool; return the mean gain over it."""
        none = (np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))
        everyone = [none, *self.team.share([(f.scenario, f.worth, f.gain) for f in found])]
        scenarios, worth, gains = (np.concatenate(part) for part in zip(*everyone, strict=True))
        if self.pool and len(worth):
            best = np.argsort(-worth, kind="stable")[: self.most_new]
            chosen = {int(s) for s in scenarios[best[worth[best] > 0]]}
            fresh = [self._packed(f, [i for i, s in enumerate(f.scenario.tolist()) if s in chosen]) for f in found]
            shared = self.team.share([f for f in fresh if len(f[3])])
            for group, v in enumerate(self.vertices):
                new = [(pi, b, self._unpacked(group, bases)) for g, pi, b, bases in shared if g == group]
                if new:
                    pis, bs, bases = zip(*new, strict=True)
                    v.add(np.concatenate(pis), np.concatenate(bs), list(chain.from_iterable(bases)), self.rounds)
                v.shrink(self.most_active)
        finite = gains[np.isfinite(gains)]
        return float(finite.mean()) if len(finite) else None

    def _packed(self, found: Found, chosen: list[int]) -> tuple[int, Array, Array, list[Any]]:
        """Return chosen duals with their bases, as plain arrays if they go to other ranks."""
        bases = [found.bases[i] for i in chosen]
        if self.team.size > 1:
            bases = [self._lps().pack(found.group, b) for b in bases]
        return found.group, found.dual[chosen], found.b[chosen], bases

    def _unpacked(self, group: int, bases: list[Any]) -> list[Any]:
        return [self._lps().unpack(group, b) for b in bases] if self.team.size > 1 else bases
