"""Columns: routes with their exact costs, the sites they visit and the arcs they use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ...solvers.route_problem import Array, RouteProblem
from .compiled import compiled
from .extension import travel
from .labels import COUNT, HINGES, NODE, TIME, VALUE
from .network import Integers, Network, Prices, words

Route = tuple[int, ...]


@compiled
def path_cost(path: Integers, floats: Array, integers: Integers, network: Network, prices: Prices) -> float:
    """Return the least cost of a path from the depot to the depot, its first node left out; two rows of a label table serve as scratch."""
    floats[0, :] = 0.0
    floats[0, TIME], floats[0, VALUE] = network.start, prices.fixed
    integers[0, NODE], integers[0, COUNT] = 0, 0
    for k in range(len(path)):
        if not travel(floats, integers, k % 2, path[k], (k + 1) % 2, network, prices):
            return np.inf
        integers[(k + 1) % 2, NODE] = path[k]
    return float(floats[len(path) % 2, VALUE])


def plain_prices(cost: Array) -> Prices:
    """Return prices without duals, cuts or ng-sets."""
    nodes = len(cost)
    none = np.zeros((nodes, 1), dtype=np.int64)
    return Prices(cost, 0.0, none, none[:, 0].copy(), np.zeros((nodes, words(nodes)), dtype=np.int64), none, none, np.zeros(1))


class Columns:
    """Every route made so far, once each, with its cost by exact timing."""

    def __init__(self, problem: RouteProblem, network: Network):
        self.network = network
        self.prices = plain_prices(problem.cost)
        self.routes: list[Route] = []
        self.costs: list[float] = []
        self._known: set[Route] = set()

    def __len__(self) -> int:
        return len(self.routes)

    def cost(self, route: Sequence[int]) -> float:
        """Return the least cost of a route, which may visit a site twice; infinite where it cannot be driven."""
        path = np.array([*route, 0], dtype=np.int64)
        floats = np.zeros((2, HINGES + 4 * len(path) + 4))
        return path_cost(path, floats, np.zeros((2, COUNT + 1), dtype=np.int64), self.network, self.prices)

    def add(self, routes: Iterable[Route]) -> list[int]:
        """Add the routes that are new and can be driven; return their numbers."""
        new = []
        for route in routes:
            if route in self._known or not np.isfinite(cost := self.cost(route)):
                continue
            self._known.add(route)
            new.append(len(self.routes))
            self.routes.append(route)
            self.costs.append(cost)
        return new

    def visits(self, numbers: Sequence[int]) -> Array:
        """Return how often each column visits each node, (len(numbers), n+1); the depot counts as 0."""
        counts = np.zeros((len(numbers), len(self.network.demand)))
        for row, number in enumerate(numbers):
            np.add.at(counts[row], list(self.routes[number]), 1.0)
        return counts

    def flows(self, numbers: Sequence[int], x: Array) -> Array:
        """Return the flow on every arc (n+1, n+1) where column ``numbers[k]`` is used ``x[k]`` times."""
        flow = np.zeros_like(self.network.duration)
        for number, amount in zip(numbers, x, strict=True):
            route = self.routes[number]
            np.add.at(flow, ([0, *route], [*route, 0]), amount)
        return flow

    def using(self, forbidden: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which columns use a forbidden arc."""
        if not self.routes:
            return np.zeros(0, dtype=bool)
        starts = np.cumsum([0, *(len(r) + 1 for r in self.routes[:-1])])
        tails = np.concatenate([[0, *r] for r in self.routes])
        heads = np.concatenate([[*r, 0] for r in self.routes])
        return np.asarray(np.logical_or.reduceat(forbidden[tails, heads], starts), dtype=bool)


def is_elementary(route: Route) -> bool:
    """Whether a route visits no site twice."""
    return len(set(route)) == len(route)
