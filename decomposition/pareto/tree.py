r"""Branch and bound over the integers of the first stage, on the master LP in which the cuts live.

A node is a box of the integers; its LP's optimum is a lower bound of every plan in it. Where the optimum is whole, the plan is refined
(cuts, attained points) and the node solved again. One tree serves a point; what it learns of the branching variables, the average rise of
the bound per unit of distance to the next whole number, serves the following ones.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..matrices import Array
from .outer import Box, OuterSolution

WHOLE = 1e-6
MOST_NODES = 100_000


@dataclass(slots=True)
class PseudoCosts:
    """Sum and number of the observed rises per unit, downwards and upwards, of each integer variable."""

    size: int
    total: Array = field(init=False)
    count: Array = field(init=False)

    def __post_init__(self) -> None:
        self.total, self.count = np.zeros((2, self.size)), np.zeros((2, self.size))

    def note(self, j: int, up: int, rise: float, distance: float) -> None:
        """Take an observed rise of the bound by branching on j."""
        self.total[up, j] += max(rise, 0.0) / distance
        self.count[up, j] += 1

    def choose(self, x: Array, candidates: NDArray[np.intp]) -> int:
        """Return the candidate whose smaller expected rise is largest (product rule); unseen variables count as average."""
        mean = self.total.sum(axis=1) / np.maximum(self.count.sum(axis=1), 1)
        rate = np.where(self.count > 0, self.total / np.maximum(self.count, 1), np.where(mean > 0, mean, 1.0)[:, None])
        down = x[candidates] - np.floor(x[candidates])
        score = np.maximum(rate[0, candidates] * down, 1e-9) * np.maximum(rate[1, candidates] * (1 - down), 1e-9)
        return int(candidates[np.argmax(score)])


@dataclass(frozen=True, slots=True, eq=False)
class Searched:
    """Lower bound over the whole tree, and the number of nodes."""

    bound: float
    nodes: int


def search(
    whole: NDArray[np.bool_],
    root: Box,
    bound: float,
    pseudo: PseudoCosts,
    solve: Callable[[Box, float], OuterSolution],
    refine: Callable[[Array], None],
    cutoff: Callable[[], float],
    version: Callable[[], int],
    stop: Callable[[], bool],
) -> Searched:
    """Search the tree from ``root``, whose bound is given, best bound first.

    ``solve(box, about)`` solves a node's LP; ``refine(z)`` makes it exact at whole integers z; ``cutoff()`` is the value from which
    on a node need not be followed; ``version()`` counts the cuts, and a node waiting since there were fewer is solved again; ``stop()``
    tells that time is over.
    """
    turn = itertools.count()  # nodes of the same bound come in their order; boxes are never compared
    heap: list[tuple[float, int, Box, OuterSolution | None, int]] = [(bound, next(turn), root, None, -1)]
    left, nodes = np.inf, 0
    refined: list[Array] = []
    at = np.flatnonzero(whole)
    while heap and heap[0][0] < cutoff() and nodes < MOST_NODES and not stop():
        about, _, (low, high), node, made = heapq.heappop(heap)
        if node is None or made != version():
            node = solve((low, high), about)
            nodes += 1
        if node.x is None or node.bound is None:
            if node.termination != "infeasible":
                left = min(left, about)
            continue
        value = max(about, node.bound)
        if value >= cutoff():
            left = min(left, value)
            continue
        x = node.x
        fractional = at[(np.abs(x[at] - np.round(x[at])) > WHOLE) & (low[at] < high[at])]
        if not len(fractional):
            z = np.where(whole, np.round(x), 0.0)
            if not any(np.array_equal(z, other) for other in refined):
                refined.append(z)
                refine(z)
                heapq.heappush(heap, (value, next(turn), (low, high), None, -1))
                continue
            open_ = at[low[at] < high[at]]
            if not len(open_):  # this plan alone, as exact as it gets
                left = min(left, value)
                continue
            fractional = open_
        j = pseudo.choose(x, fractional)
        split = min(max(np.floor(x[j] + WHOLE), low[j]), high[j] - 1)  # both children are smaller, also where x_j is at a bound
        for up in (0, 1):
            lower, upper = low.copy(), high.copy()
            if up:
                lower[j] = split + 1
            else:
                upper[j] = split
            child = solve((lower, upper), value)
            nodes += 1
            if child.x is None or child.bound is None:
                if child.termination != "infeasible":
                    heapq.heappush(heap, (value, next(turn), (lower, upper), None, -1))
                continue
            distance = split + 1 - x[j] if up else x[j] - split
            if WHOLE < distance < 1:
                pseudo.note(j, up, child.bound - value, distance)
            if child.bound < cutoff():
                heapq.heappush(heap, (max(value, child.bound), next(turn), (lower, upper), child, version()))
            else:
                left = min(left, child.bound)
    return Searched(min(left, heap[0][0] if heap else np.inf), nodes)
