r"""What labelling needs of a routing problem, as plain arrays: one named tuple for what never changes, one for what each pricing sets.

Time is only kept where it matters: with no lateness to pay, every wait is free, and all durations are 0. A departure that may be at any
time is set so early that leaving before it gains nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...solvers.route_problem import Array, RouteProblem

Integers = NDArray[np.int64]
BITS = 62
"""Sets of nodes and of cuts are bits of signed 64-bit words, this many a word."""
SLACK = 1e-9
"""By this times the size of the number, a service may begin later than a hard latest time, and steps are taken with the same allowance."""


class Network(NamedTuple):
    """The problem, for compiled code: nodes 0 to n, 0 the depot.

    ``duration`` (n+1, n+1) is service at the first node plus travel; ``shortest`` its shortest paths. ``late`` and ``early`` are 0 where
    the window has no such side, ``latest`` and ``earliest`` finite. ``room`` is ``latest`` plus slack. ``start`` is the departure. Where
    ``step`` is 1, penalties are steps. ``low`` and ``width`` (n+1,) divide the labels of a node into ``buckets`` ranges of load (``axis``
    0) or time (``axis`` 1).
    """

    duration: Array
    shortest: Array
    demand: Array
    capacity: float
    earliest: Array
    latest: Array
    room: Array
    early: Array
    late: Array
    start: float
    step: int
    axis: int
    low: Array
    width: Array
    buckets: int


class Prices(NamedTuple):
    """What one pricing minimises, and over which arcs.

    ``cost`` (n+1, n+1) of arcs less duals, infinite where there is none; ``fixed`` of a route; ``successors`` (n+1, n+1) the sites that may
    follow each node, the first ``successor_count[i]`` of row i. ``neighbours`` (n+1, W) are the ng-sets. Cut k costs ``toll[k]`` >= 0 at
    each second visit of its ``members`` (n+1, C) and is remembered at nodes of its ``memory`` (n+1, C). All sets are bits.
    """

    cost: Array
    fixed: float
    successors: Integers
    successor_count: Integers
    neighbours: Integers
    members: Integers
    memory: Integers
    toll: Array


def build_network(problem: RouteProblem, buckets: int = 20) -> Network:
    """Return the network of a problem."""
    early, late = problem.early.copy(), problem.late.copy()
    early[np.isneginf(problem.earliest)] = 0.0
    late[np.isposinf(problem.latest)] = 0.0
    early[0] = 0.0
    duration = np.where(np.isfinite(problem.cost), problem.service[:, None] + problem.time, np.inf)
    np.fill_diagonal(duration, np.inf)
    if not late.any() and not problem.step:
        early[:] = 0.0
        duration[np.isfinite(duration)] = 0.0
    earliest = np.where(np.isfinite(problem.earliest), problem.earliest, 0.0)
    latest = np.where(np.isfinite(problem.latest), problem.latest, 0.0)
    start = float(problem.earliest[0])
    if start == -np.inf:
        longest = duration[np.isfinite(duration)].max(initial=0.0)
        start = float(min(0.0, earliest.min(), latest.min()) - len(early) * longest)
    hard = np.isinf(late)
    timed = bool(2 * hard[1:].sum() > len(hard) - 1)
    capacity = min(problem.capacity, float(problem.demand.sum()))
    low = np.maximum(earliest, start) if timed else np.zeros(len(early))
    horizon = float(latest[hard].max(initial=0.0))
    span = np.where(hard, latest, horizon) - low if timed else np.full(len(early), capacity)
    return Network(
        duration=duration,
        shortest=shortest_durations(duration),
        demand=problem.demand,
        capacity=capacity * (1 + 1e-12),
        earliest=earliest,
        latest=latest,
        room=latest + SLACK * np.maximum(1.0, np.abs(latest)),
        early=early,
        late=late,
        start=start,
        step=int(problem.step),
        axis=int(timed),
        low=low,
        width=np.maximum(span / buckets, 1e-9),
        buckets=buckets,
    )


def shortest_durations(duration: Array) -> Array:
    """Return the shortest duration from each node to each other, not over the depot (Floyd, Warshall)."""
    shortest = duration.copy()
    for k in range(1, len(shortest)):
        np.minimum(shortest, shortest[:, k, None] + shortest[None, k, :], out=shortest)
    return shortest


def words(count: int) -> int:
    """Return how many words hold a set of ``count`` things."""
    return max(1, -(-count // BITS))


def pack(sets: NDArray[np.bool_]) -> Integers:
    """Return rows of flags (m, count) as rows of words (m, words)."""
    packed = np.zeros((len(sets), words(sets.shape[1])), dtype=np.int64)
    for k in range(sets.shape[1]):
        packed[:, k // BITS] |= sets[:, k].astype(np.int64) << np.int64(k % BITS)
    return packed
