"""What a plan and given owned variables cost in every scenario, and the rows in both that say so."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from ...solvers import Backend
from ..benders.cuts import cluster_cuts
from ..benders.evaluate_block import Found, Query
from ..benders.oracle import EXACT, Effort, Oracle
from ..benders.risk import Risk
from ..benders.team import Team
from ..benders.vertices import bound_terms, residuals
from ..matrices import Array
from .problem import ChanceProblem
from .rows import VALUE, Indices, Row


@dataclass(frozen=True, slots=True, eq=False)
class Ray:
    """Why scenario ``scenario`` (of group ``group``) has no recourse: the dual (m,) of its least violation, and ``alpha`` = T'dual (n,)."""

    group: int
    scenario: int
    violation: float
    dual: Array
    alpha: Array


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the oracle says of (x, Z): ``costs`` (S,), -inf where there is no recourse, the value rows, the rays."""

    x: Array
    z: Array
    costs: Array
    exact: bool
    rows: tuple[Row, ...]
    rays: tuple[Ray, ...]

    @property
    def feasible(self) -> bool:
        """Whether every scenario has recourse, as far as it was solved."""
        return not self.rays


@dataclass(eq=False)
class ChanceOracle:
    """The engine's recourse oracle, asked at each scenario's own variables."""

    chance: ChanceProblem
    backend: Backend
    team: Team
    clusters: Indices
    threads: int = 2
    pool: bool = True
    oracle: Oracle = field(init=False)

    def __post_init__(self) -> None:
        self.oracle = Oracle(self.chance.at, self.backend, self.team, threads=self.threads, pool=self.pool)

    def close(self) -> None:
        """Stop the threads."""
        self.oracle.close()

    def evaluate(self, x: Array, z: Array, effort: Effort = EXACT) -> Seen:
        """Evaluate plan x (n,) with owned variables Z (S, o); called by all ranks."""
        self.chance.set(z)
        self.oracle.problem = self.chance.at
        query = Query(x, None, Risk(), self.clusters, self.chance.p)
        begin = time.perf_counter()
        answers, found = self.oracle.look(query, effort)
        self.oracle.seconds["oracle"] += time.perf_counter() - begin
        costs = np.empty(len(self.chance.p))
        exact = True
        for a in answers:
            costs[a.block.span] = a.costs
            exact = exact and bool(a.exact.all())
        slopes = np.zeros(z.shape)
        for span, part in self.team.share([(f.block.span, self._own_slopes(f)) for f in found]):
            slopes[span] = part
        rays = sorted(
            (Ray(a.block.group, r.scenario, r.violation, r.dual, -r.slope) for a in answers for r in a.rays), key=lambda r: -r.violation
        )
        if self.oracle.ledger is not None:
            self.oracle.ledger.record(self.oracle.rounds, found, [])
        rows = self._value_rows(cluster_cuts((a.sums for a in answers if a.sums is not None), Risk(), self.oracle.rounds), slopes, z)
        self.oracle.extend_pool(found)
        return Seen(x, z, costs, exact, rows, tuple(rays))

    def _own_slopes(self, found: Found) -> Array:
        """Return d cost_s / d z_s (B, o) by the duals that the block's sums are made of."""
        block = found.block
        group = self.chance.owned.problem.groups[block.group]
        own = self.chance.owned.columns.own
        pi = np.zeros((len(block), len(group.sense)))
        pooled = found.used >= 0
        pi[pooled] = self.oracle.vertices[block.group].pi[found.used[pooled]]
        better = found.gain > 0
        pi[found.scenario[better] - block.position] = found.dual[better]
        out = group.slopes(pi, np.asarray(group.xi[block.start : block.stop]))[:, own] + self.chance.owned.problem.cost[own]
        if group.cost_first is not None:
            out = out + group.cost_first[block.start : block.stop][:, own].toarray()
        return np.asarray(out)

    def _value_rows(self, cuts: tuple, slopes: Array, z: Array) -> tuple[Row, ...]:  # type: ignore[type-arg]
        o, weighted = z.shape[1], self.chance.p[:, None] * slopes
        rows = []
        for cut in cuts:
            members = np.flatnonzero(self.clusters == cut.clusters[0])
            places = (members[:, None] * o + np.arange(o)).ravel()
            weights = weighted[members].ravel()
            constant = cut.constant - float(weights @ z[members].ravel())
            rows.append(Row(VALUE, constant, cut.slope, places, weights, cut.clusters[0], cut.source))
        return tuple(rows)

    def trivial_rows(self) -> list[Row]:
        """Return what the dual 0 says of every cluster: costs at the better bound of each recourse variable; none where one is infinite."""
        parts = []
        for g in self.chance.owned.problem.groups:
            zero = np.zeros((1, len(g.sense)))
            if residuals(g, zero)[0] > 0:
                return []
            parts.append(g.offset + bound_terms(g, zero)[0])
        costs, own = np.concatenate(parts), self.chance.owned.problem.cost[self.chance.owned.columns.own]
        if any(g.cost_first is not None for g in self.chance.owned.problem.groups):
            return []
        rows = []
        for c in range(int(self.clusters.max()) + 1):
            members = np.flatnonzero(self.clusters == c)
            p = self.chance.p[members]
            places = (members[:, None] * len(own) + np.arange(len(own))).ravel()
            weights = (p[:, None] * own).ravel()
            rows.append(Row(VALUE, float(p @ costs[members]), np.zeros(len(self.chance.common)), places, weights, c))
        return rows
