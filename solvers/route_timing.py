r"""Exact optimal timing of a fixed route: when to begin each service, so that the penalties are least; waiting is free.

    min  sum_k early_k max(0, earliest_k - s_k) + late_k max(0, s_k - latest_k),    s_k >= s_{k-1} + service_{k-1} + time_{k-1,k}

over the visits k = 1 to m and the return, m + 1, with s_0 >= earliest_0. Let g_k(t) be the least penalty of the first k services
where the k-th begins by t. It is convex, piecewise linear and nonincreasing, hence a sum of hinges,

    g_k(t) = c + sum_i w_i max(0, a_i - t),

one of them infinitely heavy: at the earliest time possible. To travel shifts every a_i; to be early adds a hinge. Since

    late * max(0, t - b) = late * (max(0, b - t) + t - b),

to be late adds a hinge of weight late at latest_k and then takes the weight late off the rightmost hinges: the minimum lies where the slope
changes sign, and c grows by sum(weight taken * a) - late * latest_k. A hard latest moves each hinge beyond it there. So a route needs no
linear program (on optimal timing: Vidal, Crainic, Gendreau and Prins 2015, Networks 65(1), 76-102). With step penalties (see
``RouteProblem``) the penalty never falls with time, so the earliest starts are optimal.

A service may begin later than a hard latest by rounding, ``SLACK`` times the size of the number; a step is taken with as much allowance.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .route_batch import SLACK, PartialRoutes, earliest_departure, slack_of
from .route_problem import Array, RouteProblem

Nodes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Timing:
    """The best timing of one route of m sites; of the best ones, that in which each service begins earliest.

    Attributes
    ----------
    penalty
        The sum of all penalties.
    arrivals, starts
        (m+1,) when each site, and at last the depot, is reached, and when service there begins. The first site is reached as
        if the vehicle left just in time.
    earliness, lateness
        (m+1,) time by which each service begins outside its window, whether it is penalised or not.
    penalties
        (m+1,) of each service.
    departure
        When service at the depot begins, so that the first site is reached in time.
    """

    penalty: float
    arrivals: Array
    starts: Array
    earliness: Array
    lateness: Array
    penalties: Array
    departure: float


def optimal_timing(problem: RouteProblem, route: Sequence[int], *, time: Array | None = None) -> Timing | None:
    """Return the best timing of a route (its sites, without the depot), or None where a hard window cannot be kept or an arc is missing.

    ``time`` (n+1, n+1) stands in for the problem's own travel times, for one scenario of them.

    Raises
    ------
    InputError
        An empty route, or ``time`` of a wrong shape.
    """
    nodes, lags = _legs(problem, route, problem.time if time is None else time)
    if not np.isfinite(lags).all():
        return None
    first = float(earliest_departure(problem, lags.sum(axis=-1)))
    starts = _earliest_starts(problem, nodes, lags, first) if problem.step else _best_starts(problem, nodes, lags, first)
    if starts is None:
        return None
    departure = float(starts[0] - lags[0])
    arrivals = np.concatenate([[departure], starts[:-1]]) + lags
    earliness = np.maximum(0.0, problem.earliest[nodes] - starts)
    lateness = np.maximum(0.0, starts - problem.latest[nodes])
    penalties = _penalties(problem, nodes, starts)
    return Timing(float(penalties.sum()), arrivals, starts, earliness, lateness, penalties, departure)


def route_penalties(problem: RouteProblem, route: Sequence[int], times: Array) -> Array:
    """Return the least penalty of a route in each of S scenarios of travel times (S, n+1, n+1); infinite where no timing is allowed.

    The recursion of ``optimal_timing``, over all scenarios at once: (S,) numbers in O(S m^2 log m).

    Raises
    ------
    InputError
        An empty route, or ``times`` of a wrong shape.
    """
    if np.ndim(times) != 3:
        raise InputError(f"routing: times has shape {np.shape(times)}, expected one (n+1, n+1) matrix a scenario")
    nodes, lags = _legs(problem, route, times)
    part = PartialRoutes.begin(problem, earliest_departure(problem, np.where(np.isfinite(lags), lags, 0.0).sum(axis=-1)))
    for k, j in enumerate(nodes):
        part = part.extend(np.full(len(lags), j), lags[:, k])
    return part.penalty


def _legs(problem: RouteProblem, route: Sequence[int], times: Array) -> tuple[Nodes, Array]:
    """Return the nodes of a route after the depot, (m+1,), and the time from each service's beginning to the next arrival, (..., m+1)."""
    size = problem.num_sites + 1
    if np.shape(times)[-2:] != (size, size):
        raise InputError(f"routing: the travel times have shape {np.shape(times)}, expected {(size, size)} of each scenario")
    if not len(route):
        raise InputError("routing: an empty route has no timing")
    nodes = np.array([*route, 0])
    before = np.array([0, *route])
    return nodes, problem.service[before] + np.asarray(times)[..., before, nodes]


def _penalties(problem: RouteProblem, nodes: Nodes, starts: Array) -> Array:
    """Return the penalty of each start, (m+1,), of starts that hard windows allow."""
    early, late, earliest, latest = (a[nodes] for a in (problem.early, problem.late, problem.earliest, problem.latest))
    early, late = (np.where(np.isinf(a), 0.0, a) for a in (early, late))
    under, over = np.maximum(0.0, earliest - starts), np.maximum(0.0, starts - latest)
    if problem.step:
        return np.where(nodes == 0, late * over, late * (over > slack_of(latest)) - early * (starts <= earliest + slack_of(earliest)))
    return early * under + late * over


def _room(latest: float) -> float:
    """Return a latest time and what rounding may add to it."""
    return latest + SLACK * max(1.0, abs(latest))


def _earliest_starts(problem: RouteProblem, nodes: Nodes, lags: Array, first: float) -> Array | None:
    """Return the earliest starts, which wait for hard earliest times only; None where a hard latest is missed."""
    starts = np.empty(len(nodes))
    low = first
    for k, j in enumerate(nodes):
        low += lags[k]
        if np.isinf(problem.early[j]):
            low = max(low, problem.earliest[j])
        if np.isinf(problem.late[j]) and low > _room(problem.latest[j]):
            return None
        starts[k] = low
    return starts


def _best_starts(problem: RouteProblem, nodes: Nodes, lags: Array, first: float) -> Array | None:
    """Return the starts of least penalty, by the recursion forward over hinges and the choice backward; None where none is allowed."""
    hinges = [(first, np.inf)]
    best = np.empty(len(nodes))  # the first minimum of the penalty of service k and all before it
    shift = 0.0  # hinges are kept less all travel so far
    for k, j in enumerate(nodes.tolist()):
        shift += float(lags[k])
        earliest, latest, early, late = (float(a[j]) for a in (problem.earliest, problem.latest, problem.early, problem.late))
        if early and earliest > -np.inf:
            insort(hinges, (earliest - shift, early))
        if late and latest < np.inf:
            if late == np.inf:
                if max(a for a, w in hinges if w == np.inf) > _room(latest) - shift:
                    return None
                hinges = [(min(a, latest - shift), w) for a, w in hinges]
            else:
                insort(hinges, (latest - shift, late))
                while late:
                    a, w = hinges.pop()
                    if w > late:
                        hinges.append((a, w - late))
                    late = max(0.0, late - w)
        best[k] = hinges[-1][0] + shift
    for k in range(len(nodes) - 2, -1, -1):
        best[k] = min(best[k], best[k + 1] - lags[k + 1])
    return best
