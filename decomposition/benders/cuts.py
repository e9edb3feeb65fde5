r"""Cuts, and how scenario duals are summed into them.

Scenario s at plan x^, with a dual of value v_s and slope g_s, costs at least v_s + g_s'(x - x^) at every plan x. A cluster of
scenarios gives the master one row (weights of :mod:`risk`: m_s on the dual, e_s on -eta)

    theta_c >= sum_(s in c) p_s ( m_s (v_s + g_s'(x - x^)) - e_s eta )                                        (1)

or, where scenario s may count the dual of a scenario t(s) at a distance d_(s,t(s)),

    theta_c >= sum_(s in c) p_s ( v_t(s) + g_t(s)'(x - x^) - d_(s,t(s)) eta )                                  (1')

A recourse problem that misses its rows by at least v_s > 0 at x^, with the same kind of slope, gives v_s + g_s'(x - x^) <= 0.    (2)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

from ..matrices import Array
from .problem import Block, Indices
from .risk import Risk
from .team import Team
from .transport import Move


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """sum of theta over ``clusters`` >= constant + slope'x + eta_slope eta; without clusters, 0 >= the same: a feasibility cut.

    ``source`` is the number of the evaluation that made it, ``scenario`` that of a feasibility cut's (or worst-case cut's) scenario.
    ``from_duals`` tells that it is a sum of that evaluation's duals as in (1) or (2), and so can be verified; other cuts are trusted.
    ``targets`` (S,) are the t(s) of (1'), one array for all cuts of a move.
    """

    clusters: tuple[int, ...]
    constant: float
    slope: Array
    eta_slope: float = 0.0
    source: int = -1
    scenario: int | None = None
    from_duals: bool = False
    targets: NDArray[np.int32] | None = None

    def value(self, x: Array, eta: float | None = None) -> float:
        """Return the right-hand side at (x, eta)."""
        return self.constant + float(self.slope @ x) + (self.eta_slope * eta if eta is not None else 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class BlockSums:
    """One block's share of each cluster's cut: ``clusters`` (k,), ``totals`` (k, 2 + n1): constant, eta slope, slope.

    ``missing`` (k,) counts scenarios without a dual. In the worst case the share is the costliest scenario's, ``top`` its cost.
    """

    clusters: Indices
    totals: Array
    missing: Indices
    top: Array
    scenario: Indices


def block_sums(
    block: Block,
    costs: Array,
    slopes: Array,
    usable: NDArray[np.bool_],
    p: Array,
    clusters: Indices,
    risk: Risk,
    x: Array,
    eta: float | None,
) -> BlockSums:
    """Sum a block's duals into its clusters; ``costs``, ``slopes``, ``usable``, ``p``, ``clusters`` run over the block's scenarios."""
    present, local = np.unique(clusters, return_inverse=True)
    local = local.reshape(-1)
    count = len(present)
    missing = np.bincount(local, weights=~usable, minlength=count).astype(np.int64)
    costs = np.where(usable, costs, 0.0)
    constants = costs - slopes @ x
    top, scenario = np.full(count, -np.inf), np.full(count, -1)
    if risk.worst:
        totals = np.zeros((count, 2 + len(x)))
        for c in range(count):
            members = np.flatnonzero((local == c) & usable)
            if len(members):
                k = int(members[np.argmax(costs[members])])
                totals[c, 0], totals[c, 2:], top[c], scenario[c] = constants[k], slopes[k], costs[k], block.position + k
        return BlockSums(present, totals, missing, top, scenario)
    multiplier, excess = risk.multipliers(costs, eta)
    rows = np.column_stack([multiplier * constants, -excess, multiplier[:, None] * slopes])
    share = csr_array((np.where(usable, p, 0.0), (local, np.arange(len(local)))), shape=(count, len(local)))
    return BlockSums(present, np.asarray(share @ rows), missing, top, scenario)


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What is known of a block's scenarios: ``costs`` (B,) and ``slopes`` (B, n1) of the duals that bound them from below.

    ``usable`` (B,) tells who has a dual.
    """

    block: Block
    costs: Array
    slopes: Array
    usable: NDArray[np.bool_]


def moved_sums(known: Known, move: Move, p: Array, clusters: Indices, x: Array) -> BlockSums:
    """Sum what scenarios of the block say to those that count them, by (1'); ``p`` and ``clusters`` (S,) are those of all scenarios."""
    place = move.targets - known.block.position
    here = np.flatnonzero((place >= 0) & (place < len(known.block)))
    present, local = np.unique(clusters[here], return_inverse=True)
    local, of = local.reshape(-1), place[here]
    count = len(present)
    costs = np.where(known.usable, known.costs, 0.0)
    weight = np.where(known.usable[of], p[here], 0.0)
    share = csr_array((weight, (local, of)), shape=(count, len(known.block)))
    sums = np.asarray(share @ np.column_stack([costs - known.slopes @ x, known.slopes]))
    eta = np.bincount(local, weights=weight * move.distance[here], minlength=count)
    missing = np.bincount(local, weights=~known.usable[of], minlength=count).astype(np.int64)
    totals = np.column_stack([sums[:, 0], -eta, sums[:, 1:]])
    return BlockSums(present, totals, missing, np.full(count, -np.inf), np.full(count, -1))


def moved_cuts(
    known: Sequence[Known], moves: Sequence[Move], p: Array, clusters: Indices, x: Array, source: int, team: Team
) -> tuple[Cut, ...]:
    """Return the cuts (1') of each move, one a cluster; ``known`` are this rank's blocks, and all ranks get the same cuts."""
    with threadpool_limits(1, "blas"):
        every = team.gather(lambda: [[moved_sums(k, move, p, clusters, x) for move in moves] for k in known])
    out: list[Cut] = []
    for i, move in enumerate(moves):
        cuts = cluster_cuts((sums[i] for sums in every), Risk(), source)
        out += [replace(cut, targets=move.targets) for cut in cuts]
    return tuple(out)


def cluster_cuts(sums: Iterable[BlockSums], risk: Risk, source: int) -> tuple[Cut, ...]:
    """Add the blocks' shares in their order and return one cut a cluster; a cluster with a scenario that has no dual gives none."""
    total: dict[int, Array] = {}
    top: dict[int, tuple[float, int]] = {}
    missing: dict[int, int] = {}
    for s in sums:
        for k, c in enumerate(s.clusters.tolist()):
            if c < 0:  # retained in the master
                continue
            missing[c] = missing.get(c, 0) + int(s.missing[k])
            if risk.worst:
                if s.scenario[k] >= 0 and s.top[k] > top.get(c, (-np.inf, -1))[0]:
                    top[c], total[c] = (float(s.top[k]), int(s.scenario[k])), s.totals[k]
            else:
                total[c] = total[c] + s.totals[k] if c in total else s.totals[k]
    if risk.worst:
        return tuple(Cut((0,), float(t[0]), t[2:], source=source, scenario=top[c][1], from_duals=True) for c, t in sorted(total.items()))
    return tuple(Cut((c,), float(t[0]), t[2:], float(t[1]), source, from_duals=True) for c, t in sorted(total.items()) if not missing[c])


def feasibility_cut(violation: float, slope: Array, x: Array, scenario: int, source: int) -> Cut:
    """Return (2), scaled to a slope of length 1 (unless it is zero)."""
    size = float(np.linalg.norm(slope)) or 1.0
    return Cut((), (violation - float(slope @ x)) / size, slope / size, source=source, scenario=scenario, from_duals=True)
