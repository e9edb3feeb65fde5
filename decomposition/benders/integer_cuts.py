r"""Cuts of integer recourse where every first-stage variable that touches the recourse takes one of two values.

With dist(x) = sum over these variables of |x_j - x^_j| / (u_j - l_j), affine on such plans, at least 1 at every other one:

    Q_s(x) >= Q_s(x^) - (Q_s(x^) - L_s) dist(x)      integer L-shaped cut (Laporte & Louveaux 1993), L_s <= Q_s at every plan     (1)
    dist(x) >= 1                                     x^ has no recourse in some scenario, or is settled                           (2)
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..matrices import Array, Stage
from .cuts import Cut, Known, block_sums, cluster_cuts, moved_cuts
from .problem import Indices, Problem
from .risk import Risk
from .team import Team


def two_valued(first: Stage) -> NDArray[np.bool_]:
    """Return which variables take at most two values: binary, integer between neighbours, or fixed (n1,)."""
    return np.asarray((first.upper == first.lower) | (first.integer & (np.floor(first.upper) - np.ceil(first.lower) <= 1)))


def distance_slope(x: Array, first: Stage, touching: NDArray[np.bool_]) -> Array:
    """Return the slope (n1,) of dist around plan ``x``."""
    lower, upper = np.where(first.integer, np.ceil(first.lower), first.lower), np.where(first.integer, np.floor(first.upper), first.upper)
    up = x > 0.5 * (lower + upper)
    return np.where(touching & (upper > lower), np.where(up, -1.0, 1.0), 0.0)


def l_shaped_slopes(values: Array, floors: Array, toward: Array) -> Array:
    """Return the slopes (S, n1) of (1) at a plan where Q_s is ``values`` (S,), with L_s of ``floors`` (S,)."""
    return -np.where(np.isfinite(values), np.maximum(values - floors, 0.0), 0.0)[:, None] * toward


def no_good(x: Array, toward: Array, scenario: int | None, source: int) -> Cut:
    """Return (2) as a feasibility cut."""
    return Cut((), 1.0 + float(toward @ x), -toward, source=source, scenario=scenario)


def summed(
    problem: Problem, clusters: Indices, risk: Risk, x: Array, eta: float | None, costs: Array, slopes: Array, source: int
) -> tuple[Cut, ...]:
    """Return one cut a cluster from scenarios that cost at least ``costs`` (S,) + ``slopes`` (S, n1) (x' - x) at plan x'.

    A cluster with an infinite cost gives none. The sums run as those of LP duals do, so that every risk measure is served; what they are
    made of stands in no ledger: they are trusted.
    """
    p, usable = problem.probabilities, np.isfinite(costs)
    if risk.ball is not None:
        known = [Known(b, costs[b.span], slopes[b.span], usable[b.span]) for b in problem.blocks()]
        _, moves = risk.ball.moves(np.where(usable, costs, -np.inf))
        return tuple(replace(cut, from_duals=False, targets=None) for cut in moved_cuts(known, moves, p, clusters, x, source, Team()))
    sums = [
        block_sums(b, costs[b.span], slopes[b.span], usable[b.span], p[b.span], clusters[b.span], risk, x, eta) for b in problem.blocks()
    ]
    return tuple(replace(cut, from_duals=False) for cut in cluster_cuts(sums, risk, source))
