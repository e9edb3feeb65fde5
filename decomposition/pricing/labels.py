r"""Labels: partial routes from the depot, as rows of two tables, and the pool that holds them.

A label at node i stands for a path that ends there. F(t) is the least reduced cost of the path if service at i has begun by time t: convex,
nonincreasing, piecewise linear, and infinite before the earliest time possible. A row keeps it as hinges,

    F(t) = value + sum_k weight_k max(0, place_k - t),     t >= time,   place_1 <= place_2 <= ...

With hard windows there is no hinge, and a label is what it is elsewhere: load, time, cost.

Floats of a row: load, time, value, finished (reduced cost of the route that returns from here, infinite where it may not or is not known),
then place and weight of each hinge. Integers: node, parent (-1 at the depot), next in its bucket (-1 at the end), alive, number of hinges,
then the words of the ng-memory and those of the odd cuts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...solvers.route_problem import Array
from .network import Integers, Network, Prices

LOAD, TIME, VALUE, FINISHED, HINGES = 0, 1, 2, 3, 4
NODE, PARENT, NEXT, ALIVE, COUNT, SETS = 0, 1, 2, 3, 4, 5
SIZE, WAITING, STATUS = 0, 1, 2
DONE, POOL_FULL, HINGES_FULL = 0, 1, 2
FIRST_SIZE = 1 << 14


@dataclass(slots=True, eq=False)
class Pool:
    """The labels of one search: tables, the first label of each bucket, a heap of those to extend, and counters.

    ``counters`` are labels in use, labels on the heap and why the search returned.
    """

    floats: Array
    integers: Integers
    heads: Integers
    heap: Integers
    keys: Array
    counters: Integers

    @classmethod
    def at_depot(cls, network: Network, prices: Prices, soft: bool) -> Pool:
        """Return the pool that holds the depot's label alone; ``soft`` where there may be hinges."""
        floats = np.zeros((FIRST_SIZE, HINGES + (16 if soft else 0)))
        integers = np.zeros((FIRST_SIZE, SETS + prices.neighbours.shape[1] + prices.members.shape[1]), dtype=np.int64)
        floats[0, [TIME, VALUE, FINISHED]] = network.start, prices.fixed, np.inf
        integers[0, [PARENT, NEXT, ALIVE]] = -1, -1, 1
        heads = np.full((len(network.demand), network.buckets), -1, dtype=np.int64)
        heap, keys = np.zeros(FIRST_SIZE, dtype=np.int64), np.zeros(FIRST_SIZE)
        return cls(floats, integers, heads, heap, keys, np.array([1, 1, DONE]))

    def grow(self) -> None:
        """Make room for what the search lacked: twice the labels, or twice the hinges."""
        if self.counters[STATUS] == HINGES_FULL:
            wide = self.floats.shape[1] - HINGES
            self.floats = np.pad(self.floats, ((0, 0), (0, max(wide, 16))))
            return
        size = len(self.floats)
        self.floats = np.pad(self.floats, ((0, size), (0, 0)))
        self.integers = np.pad(self.integers, ((0, size), (0, 0)))
        self.heap, self.keys = np.pad(self.heap, (0, size)), np.pad(self.keys, (0, size))

    def route(self, label: int) -> tuple[int, ...]:
        """Return the sites of a label's path, in order."""
        sites: list[int] = []
        while label > 0:
            sites.append(int(self.integers[label, NODE]))
            label = int(self.integers[label, PARENT])
        return tuple(reversed(sites))
