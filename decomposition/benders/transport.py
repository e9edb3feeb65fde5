r"""The worst distribution within a transport distance of the scenarios' probabilities, and what it costs.

Among the distributions P on the S scenarios to which p can be moved, pi_st from s to t, at a mean distance of at most r,

    sup_P E_P[Z] = max { sum_st pi_st Z_t : sum_t pi_st = p_s, sum_st pi_st d_st <= r, pi >= 0 }
                 = min_(gamma >= 0) gamma r + sum_s p_s max_t (Z_t - gamma d_st)                                   (1)

(Mohajerin Esfahani & Kuhn 2018; Blanchet & Murthy 2019; Gao & Kleywegt 2023; here on a support that is given). What scenario s gains by
moving a mean distance b is the least concave function above the points (d_st, Z_t - Z_s). So (1) is a continuous knapsack: the segments of
these S functions, steepest first, until r is spent. The slope of the last is gamma. No S x S array is kept: distances are made for a
block of scenarios at a time, and only those points stay that no dearer scenario is nearer than.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..matrices import Array
from .metric import Metric
from .problem import Indices

ENTRIES = 2_000_000
"""Distances that are held at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Move:
    """Each scenario's probability goes whole to its ``targets`` (S,), over distances ``distance`` (S,)."""

    targets: NDArray[np.int32]
    distance: Array


@dataclass(frozen=True, slots=True, eq=False)
class WorstCase:
    """A solution of (1): its ``value``, the ``price`` gamma, and the optimal plan as (1 - share) ``less`` + share ``more``.

    Both moves attain the maxima in (1) at gamma, so that no distribution does better; one costs at most r, the other at least r unless
    gamma is 0. ``reached`` is what their mix costs.
    """

    value: float
    price: float
    less: Move
    more: Move
    share: float
    reached: float

    @property
    def moves(self) -> tuple[Move, ...]:
        """The moves without repetition."""
        return (self.less,) if self.less is self.more else (self.less, self.more)

    def weights(self, p: Array) -> Array:
        """Return the worst distribution P (S,)."""
        less, more = (np.bincount(m.targets, weights=p, minlength=len(p)) for m in (self.less, self.more))
        return np.asarray((1.0 - self.share) * less + self.share * more)


@dataclass(slots=True, eq=False)
class Ball:
    """The distributions at a transport distance of at most ``radius`` from ``p`` (S,); the last question asked is remembered."""

    radius: float
    metric: Metric
    p: Array
    _asked: Array | None = field(default=None, init=False)
    _answer: WorstCase | None = field(default=None, init=False)

    def worst(self, costs: Array) -> WorstCase:
        """Return (1) for ``costs`` (S,)."""
        if self._answer is None or self._asked is None or not np.array_equal(self._asked, costs):
            self._asked, self._answer = costs.copy(), worst_case(costs, self.p, self.radius, self.metric)
        return self._answer

    def moves(self, costs: Array) -> tuple[float, tuple[Move, ...]]:
        """Return the price of (1) for ``costs`` (S,), and its moves; nothing moves while there is a scenario without recourse (-inf)."""
        if np.isfinite(costs).all():
            found = self.worst(costs)
            return found.price, found.moves
        return 0.0, (Move(np.arange(len(costs), dtype=np.int32), np.zeros(len(costs))),)

    def dual_value(self, costs: Array, price: float) -> float:
        """Return the right-hand side of (1) at gamma = ``price``: no distribution costs more. Straight from its formula."""
        everyone, step = np.arange(len(costs)), max(1, ENTRIES // len(costs))
        best = [(costs - price * self.metric.between(everyone[i : i + step], everyone)).max(axis=1) for i in range(0, len(costs), step)]
        return price * self.radius + float(self.p @ np.concatenate(best))


@dataclass(frozen=True, slots=True, eq=False)
class _Chains:
    """The concave functions: each point's scenario ``s``, target ``t``, distance ``d`` and cost ``z``, by scenario and rising distance."""

    s: Indices
    t: Indices
    d: Array
    z: Array

    def kept(self, which: NDArray[np.bool_]) -> _Chains:
        return _Chains(self.s[which], self.t[which], self.d[which], self.z[which])


def worst_case(costs: Array, p: Array, radius: float, metric: Metric) -> WorstCase:
    """Return the solution of (1) for ``costs`` Z (S,) and probabilities ``p`` (S,), exact up to rounding."""
    dearest = np.argsort(-costs, kind="stable")
    parts = [_chains(costs, span, dearest, metric) for span in _spans(len(costs))]
    chains = _Chains(*(np.concatenate([getattr(c, name) for c in parts]) for name in ("s", "t", "d", "z")))
    follows = np.flatnonzero(chains.s[1:] == chains.s[:-1]) + 1
    slope = (chains.z[follows] - chains.z[follows - 1]) / (chains.d[follows] - chains.d[follows - 1])
    length = p[chains.s[follows]] * (chains.d[follows] - chains.d[follows - 1])
    order = np.argsort(-slope, kind="stable")
    last = int(np.searchsorted(np.cumsum(length[order]), radius, side="right"))
    price = float(slope[order[last]]) if last < len(order) else 0.0
    heads = np.flatnonzero(np.diff(chains.s, prepend=-1) != 0)

    def move(used: NDArray[np.bool_]) -> Move:
        at = np.empty(len(costs), dtype=np.int64)
        at[chains.s[heads]] = heads
        at[chains.s[follows[used]]] = follows[used]  # of several segments of a scenario, the last
        return Move(chains.t[at].astype(np.int32), chains.d[at])

    less = move(slope > price)
    more = less if price == 0.0 else move(slope >= price)
    low, high = float(p @ less.distance), float(p @ more.distance)
    share = 0.0 if more is less or high <= low else min(1.0, max(0.0, (radius - low) / (high - low)))
    value = float(p @ costs[less.targets]) + share * float(p @ (costs[more.targets] - costs[less.targets]))
    return WorstCase(value, price, less, more, share, low + share * (high - low))


def _spans(count: int) -> list[tuple[int, int]]:
    """Return blocks of places in an order of ``count`` scenarios, each of about ``ENTRIES`` distances."""
    out, start = [], 0
    while start < count:
        stop = min(count, start + max(16, ENTRIES // (start + 1)), start + 2048)
        out.append((start, stop))
        start = stop
    return out


def _chains(costs: Array, span: tuple[int, int], order: Indices, metric: Metric) -> _Chains:
    """Return the chains of the scenarios at places ``span`` of ``order``, which runs from the dearest to the cheapest."""
    start, stop = span
    d = metric.between(order[start:stop], order[:stop])
    nearest = np.minimum.accumulate(d, axis=1)
    front = np.ones(d.shape, dtype=bool)
    front[:, 1:] = d[:, 1:] < nearest[:, :-1]
    row, place = (index[::-1] for index in np.nonzero(front))  # a row's nearest point, which is the scenario itself, comes first
    t = order[place]
    chains = _Chains(order[start + row], t, d[row, place], costs[t])
    while True:
        step = np.diff(chains.s) == 0
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.where(step, np.diff(chains.z) / np.diff(chains.d), 0.0)
        below = np.zeros(len(chains.s), dtype=bool)
        below[1:-1] = step[:-1] & step[1:] & (slope[:-1] <= slope[1:])  # on or under the line between its neighbours
        below[1:] |= step & (slope <= 0)
        if not below.any():
            return chains
        chains = chains.kept(~below)
