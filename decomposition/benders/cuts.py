r"""Cuts, and how scenario duals are summed into them.

Scenario s at plan x^, with a dual of value v_s and slope g_s, costs at least v_s + g_s'(x - x^) at every plan x. A cluster of
scenarios gives the master one row (weights of :mod:`risk`: m_s on the dual, e_s on -eta)

    theta_c >= sum_(s in c) p_s ( m_s (v_s + g_s'(x - x^)) - e_s eta )                                        (1)

A recourse problem that misses its rows by at least v_s > 0 at x^, with the same kind of slope, gives v_s + g_s'(x - x^) <= 0.    (2)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..matrices import Array
from .problem import Block, Indices
from .risk import Risk


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """sum of theta over ``clusters`` >= constant + slope'x + eta_slope eta; without clusters, 0 >= the same: a feasibility cut.

    ``source`` is the number of the evaluation that made it, ``scenario`` that of a feasibility cut's (or worst-case cut's) scenario.
    ``from_duals`` tells that it is a sum of that evaluation's duals as in (1) or (2), and so can be verified; other cuts are trusted.
    """

    clusters: tuple[int, ...]
    constant: float
    slope: Array
    eta_slope: float = 0.0
    source: int = -1
    scenario: int | None = None
    from_duals: bool = False

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
