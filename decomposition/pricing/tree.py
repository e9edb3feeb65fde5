"""The tree: open nodes, best bound first, the incumbent, and what closed nodes prove."""

from __future__ import annotations

import heapq
import time
from collections.abc import Sequence
from itertools import count

import numpy as np
from numpy.typing import NDArray

from ...errors import SolverError
from ...solvers.route_cost import evaluate_routes
from ...solvers.route_problem import RouteProblem
from .branching import children
from .columns import Columns, Route
from .master import Master
from .network import build_network
from .pricing import Pricer
from .relaxation import Node, Outcome, Relaxation
from .start import best_of

NEIGHBOURS = 10
MIP_EVERY = 20
"""The restricted master is solved as a MIP at the root, and then once in so many nodes."""


class Tree:
    """The open nodes, the incumbent, and the least bound of what was closed without being proved worse."""

    def __init__(self, problem: RouteProblem, rel_gap: float, deadline: float, granularity: float):
        self.problem, self.rel_gap, self.deadline, self.granularity = problem, rel_gap, deadline, granularity
        self.network = build_network(problem)
        self.columns = Columns(problem, self.network)
        self.pricer = Pricer(self.network, problem.cost, near_sites(problem), deadline)
        self.relaxation = Relaxation(self.columns, Master(self.columns, problem.vehicles), self.pricer)
        self.objective = np.inf
        self.routes: tuple[Route, ...] | None = None
        self.open: list[tuple[float, int, Node]] = []
        self.closed = np.inf
        self.nodes, self.cuts, self.number = 0, 0, count()
        self.root_bound: float | None = None

    def offer(self, routes: Sequence[Sequence[int]]) -> bool:
        """Take over routes that are better than the incumbent by their exact cost; False where they cannot be driven."""
        known = evaluate_routes(self.problem, routes)
        if known is None:
            return False
        self.columns.add(known.routes)
        if known.total < self.objective:
            self.objective, self.routes = known.total, known.routes
        return True

    def rounded(self, bound: float) -> float:
        """Return a bound, rounded up where all costs are multiples of ``granularity``."""
        if self.granularity == 0.0 or not np.isfinite(bound):
            return bound
        return float(np.ceil(bound / self.granularity - 1e-5) * self.granularity)

    @property
    def cutoff(self) -> float:
        """Return the bound at which a node is done with."""
        close = self.objective - self.rel_gap * abs(self.objective) if np.isfinite(self.objective) else np.inf
        return close - self.granularity * (1 - 1e-4) if self.granularity and np.isfinite(close) else close

    @property
    def bound(self) -> float:
        """Return the bound of the whole tree, the node at work not counted."""
        least = min(self.closed, self.open[0][0] if self.open else np.inf)
        return min(self.rounded(least), self.objective)

    def push(self, node: Node) -> None:
        """Keep a node for later, or close it where its bound is good enough."""
        if node.fewest > node.most:
            return
        if node.bound >= self.cutoff:
            self.closed = min(self.closed, node.bound)
        else:
            heapq.heappush(self.open, (node.bound, next(self.number), node))

    def settle(self, node: Node, outcome: Outcome) -> None:
        """Take a solved node: its routes if they are whole, else its children."""
        if self.root_bound is None:
            self.root_bound = outcome.bound
        if not len(outcome.x):
            self.closed = min(self.closed, outcome.bound)
            return
        if np.all(np.abs(outcome.x - 1.0) < 1e-5):
            if not self.offer([self.columns.routes[k] for k in outcome.numbers]):
                raise SolverError("routes of the master cannot be driven by exact timing")
            self.closed = min(self.closed, outcome.bound)
            return
        if self.nodes % MIP_EVERY == 1:
            left = max(0.0, self.deadline - time.perf_counter())
            if routes := best_of(self.columns, self.relaxation.reduced_costs(), self.problem.vehicles, limit=left):
                self.offer(routes)
        for child in children(node, outcome, self.columns):
            self.push(child)


def least_routes(problem: RouteProblem) -> int:
    """Return how many routes the demands need at least."""
    return max(1, int(np.ceil(problem.demand.sum() / problem.capacity - 1e-9))) if problem.capacity > 0 else 1


def near_sites(problem: RouteProblem) -> NDArray[np.bool_]:
    """Return the ng-sets as flags (n+1, n+1): the nearest sites of each, by cost either way; all where load does not end a cycle."""
    nodes = problem.num_sites + 1
    if np.any(problem.demand[1:] <= 0):
        return np.ones((nodes, nodes), dtype=bool)
    near = np.eye(nodes, dtype=bool)
    distance = np.minimum(problem.cost, problem.cost.T)
    for j in range(1, nodes):
        near[j, 1 + np.argsort(distance[j, 1:], kind="stable")[:NEIGHBOURS]] = True
    return near
