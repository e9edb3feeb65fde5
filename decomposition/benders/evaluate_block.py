"""One block of scenarios at one plan: rank the pool, solve the chosen recourse LPs, and sum what they say."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..matrices import Array
from .cuts import BlockSums, Known, block_sums
from .problem import Block, Group, Indices
from .recourse_lps import Outcome, RecourseLPs
from .risk import Risk
from .vertices import Vertices, bound_terms, sign_clipped


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """What is asked of every block: plan ``x``, ``eta`` of the risk measure, and the cluster and probability of every scenario (S,)."""

    x: Array
    eta: float | None
    risk: Risk
    clusters: Indices
    probabilities: Array


@dataclass(frozen=True, slots=True, eq=False)
class AtPlan:
    """A group at plan x: r_0 (m,), M (m, d), and the pool's constants (P,) and coefficients (d, P), ``None`` without a pool."""

    r_0: Array
    M: csr_array
    ranking: tuple[NDArray[np.float32], NDArray[np.float32]] | None


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Duals that a block's LPs gave: ``gain`` (k,) over the pool, already times the probability in ``worth`` (k,).

    ``used`` (B,) numbers the pool's best vertex of each scenario of the block (-1: there is none, or the recourse is infeasible); where a
    dual found gains on it, the cuts are made of that one. ``excess`` (B,) tells whose cost stood above eta, if the risk measure has one.
    ``known`` waits for the costs of all scenarios, where the weights of duals depend on them.
    """

    block: Block
    known: Known | None
    used: NDArray[np.int32]
    excess: NDArray[np.bool_] | None
    group: int
    scenario: Indices
    gain: Array
    worth: Array
    dual: Array
    b: Array
    bases: list[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Ray:
    """A scenario without recourse: by how much at least its rows are missed, and the slope (n1,) of that in the plan."""

    violation: float
    scenario: int
    slope: Array
    dual: Array


@dataclass(frozen=True, slots=True, eq=False)
class BlockAnswer:
    """``costs`` (B,) of the block's scenarios, ``exact`` (B,) where an LP was solved, and what goes into the cuts.

    There are no ``sums`` where the weights of duals depend on all scenarios' costs.
    ``lp_seconds`` were spent in the solver, ``product_seconds`` in matrix products and the copies they need: right-hand
    sides, ranking of the pool, reduced costs, slopes and their sums.
    """

    block: Block
    costs: Array
    exact: NDArray[np.bool_]
    rays: list[Ray]
    sums: BlockSums | None
    lp_seconds: float
    product_seconds: float
    solved: int


def evaluate_block(
    block: Block, group: Group, vertices: Vertices, at: AtPlan, chosen: Indices, query: Query, lps: RecourseLPs
) -> tuple[BlockAnswer, Found]:
    """Rank the pool for the block's scenarios, solve the ``chosen`` LPs (all without a pool), sum the best duals into their clusters' cuts.

    An LP starts from the basis of its scenario's best pool vertex, without a pool from that of the scenario before it in the block.
    """
    clock = time.perf_counter()
    xi = np.asarray(group.xi[block.start : block.stop])
    rhs = np.ascontiguousarray((at.M @ xi.T).T) + at.r_0
    values, duals, b = np.full(len(block), -np.inf), np.zeros_like(rhs), np.zeros(len(block))
    starts: list[Any] = [None] * len(block)
    used = np.full(len(block), -1, dtype=np.int32)
    if at.ranking is None:
        chosen = np.arange(len(block))
    else:
        best = _best(vertices, at.ranking, xi)
        used[:] = best
        duals, b = vertices.pi[best], vertices.b[best]
        values = np.einsum("sm,sm->s", duals, rhs) + b
        starts = [vertices.bases[n] for n in best.tolist()]
    products = time.perf_counter() - clock
    begin = time.perf_counter()
    outcomes: list[Outcome] = []
    last = None
    for k in chosen.tolist():
        outcome = lps.solve(block.group, rhs[k], last if starts[k] is None else starts[k])
        last = last if outcome.basis is None else outcome.basis
        outcomes.append(outcome)
    seconds = time.perf_counter() - begin

    solved = sign_clipped(group, np.array([o.dual for o in outcomes]).reshape(len(outcomes), rhs.shape[1]))
    feasible = np.array([o.cost is not None for o in outcomes], dtype=bool)
    which, pi = chosen[feasible], solved[feasible]
    clock = time.perf_counter()
    terms = bound_terms(group, pi)
    own = np.einsum("sm,sm->s", pi, rhs[which]) + terms
    gain = own - values[which]
    products += time.perf_counter() - clock
    better = gain > 0
    duals[which[better]], b[which[better]], values[which[better]] = pi[better], terms[better], own[better]
    bases = [o.basis for o in outcomes if o.cost is not None]
    worth = gain * query.probabilities[block.span][which]
    rays = []
    for i in np.flatnonzero(~feasible).tolist():
        k = int(chosen[i])
        values[k] = -np.inf
        rays.append(Ray(outcomes[i].violation, block.position + k, group.slopes(solved[i : i + 1], xi[k : k + 1])[0], solved[i]))
    clock = time.perf_counter()
    extra = group.extra_costs(query.x, block.start, block.stop)
    slopes = group.slopes(duals, xi)
    if group.cost_first is not None:
        slopes = slopes + group.cost_first[block.start : block.stop].toarray()
    costs = values + extra
    used[~np.isfinite(values)] = -1
    excess = query.risk.multipliers(costs, query.eta)[1] > 0 if query.risk.has_excess else None
    usable = np.isfinite(values)
    known = None if query.risk.ball is None else Known(block, costs.copy(), slopes, usable)
    found = Found(block, known, used, excess, block.group, block.position + which, gain, worth, pi, terms, bases)
    p, clusters = query.probabilities[block.span], query.clusters[block.span]
    sums = None if known is not None else block_sums(block, costs, slopes, usable, p, clusters, query.risk, query.x, query.eta)
    products += time.perf_counter() - clock
    exact = np.zeros(len(block), dtype=bool)
    exact[which] = True
    costs[which] = np.array([o.cost for o in outcomes if o.cost is not None]) + extra[which]
    return BlockAnswer(block, costs, exact, rays, sums, seconds, products, len(outcomes)), found


def _best(vertices: Vertices, ranking: tuple[NDArray[np.float32], NDArray[np.float32]], xi: Array) -> Indices:
    """Return the number of the pool's best vertex for each scenario (B,); single precision decides which, not its value."""
    constants, coefficients = ranking
    score = xi.astype(np.float32) @ coefficients
    score += constants
    return np.asarray(vertices.active[score.argmax(axis=1)])
