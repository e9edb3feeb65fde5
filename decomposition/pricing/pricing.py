"""Pricing: from duals to routes of negative reduced cost, by labelling; heuristic levels first, the exact one gives a bound."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...solvers.route_problem import Array
from .columns import Route
from .labels import DONE, FINISHED, SIZE, STATUS, Pool
from .master import Duals
from .network import Integers, Network, Prices, pack
from .search import search
from .subset_rows import Cut

NEGLIGIBLE = 1e-9
"""A cut that costs less is left out of the labels, which keeps every bound valid: its toll is 0 there."""


class OutOfTime(Exception):
    """The time limit was reached within a pricing."""


class Level(NamedTuple):
    """How hard a pricing tries: the dominance (0 exact), and how many successors of each node it looks at."""

    dominance: int
    successors: int


EXACT = Level(0, 1 << 30)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Routes of negative reduced cost, best first; the least reduced cost found, at most 0; what rounding may hide of it."""

    routes: list[Route]
    least: float
    slack: float


class Pricer:
    """Prices routes over a network; ``near`` (n+1, n+1) says which sites each node remembers (ng-sets)."""

    def __init__(self, network: Network, cost: Array, near: NDArray[np.bool_], deadline: float, most: int = 120):
        self.network, self.cost, self.near, self.deadline, self.most = network, cost, near, deadline, most
        self.soft = bool(np.any((network.early > 0) & np.isfinite(network.early))) and not network.step
        arrival = np.maximum(network.start + network.shortest[0], np.where(np.isinf(network.early), network.earliest, -np.inf))
        arrival[0] = network.start
        hopeless = np.isinf(network.late)[None, :] & (arrival[:, None] + network.duration > network.room[None, :])
        heavy = network.demand[:, None] + network.demand[None, :] > network.capacity
        self.possible = np.isfinite(network.duration) & np.isfinite(cost) & ~hopeless & ~heavy
        self.longest = len(network.demand) - 1
        if not near[1:, 1:].all():
            self.longest = int(network.capacity / float(network.demand[1:].min()))
        self.labels, self.calls, self.last_labels, self.seconds = 0, 0, 0, 0.0

    def prices(self, duals: Duals, cuts: list[Cut], forbidden: NDArray[np.bool_], phase: int, level: Level) -> Prices:
        """Return the data of one pricing; in phase 1 routes cost nothing but their duals."""
        cost = np.where(self.possible & ~forbidden, (self.cost if phase == 2 else 0.0) - duals.site[None, :], np.inf)
        successors, counts = _successors(cost, level.successors)
        active = [k for k in range(len(cuts)) if duals.toll[k] > NEGLIGIBLE]
        nodes = len(cost)
        members, memory = np.zeros((nodes, len(active)), dtype=bool), np.zeros((nodes, len(active)), dtype=bool)
        for column, k in enumerate(active):
            members[list(cuts[k].members), column] = True
            memory[list(cuts[k].memory), column] = True
        toll = np.append(duals.toll[active], 0.0)
        return Prices(cost, -duals.fleet, successors, counts, pack(self.near), pack(members), pack(memory), toll)

    def __call__(self, duals: Duals, cuts: list[Cut], forbidden: NDArray[np.bool_], phase: int, level: Level) -> Found:
        """Search.

        Raises
        ------
        OutOfTime
            The time limit was reached.
        """
        began = time.perf_counter()
        if began > self.deadline:
            raise OutOfTime
        prices = self.prices(duals, cuts, forbidden, phase, level)
        network = self.network if phase == 2 else _unpenalised(self.network)
        finite = prices.cost[np.isfinite(prices.cost)]
        tolerance = 1e-13 * float(np.abs(finite).max(initial=1.0))
        pool = Pool.at_depot(network, prices, self.soft and phase == 2)
        while True:
            search(
                pool.floats, pool.integers, pool.heads, pool.heap, pool.keys, pool.counters, network, prices, level.dominance, tolerance
            )  # fmt: skip
            if pool.counters[STATUS] == DONE:
                break
            if time.perf_counter() > self.deadline:
                raise OutOfTime
            pool.grow()
        self.last_labels = int(pool.counters[SIZE])
        self.labels += self.last_labels
        self.calls += 1
        self.seconds += time.perf_counter() - began
        finished = pool.floats[: pool.counters[SIZE], FINISHED]
        best = np.flatnonzero(finished < -1e3 * tolerance)
        best = best[np.argsort(finished[best], kind="stable")]
        least = float(finished[best[0]]) if len(best) else 0.0
        return Found([pool.route(int(k)) for k in best[: self.most]], least, tolerance * (1e3 + 2 * self.longest))


def _successors(cost: Array, most: int) -> tuple[Integers, Integers]:
    """Return the sites that may follow each node, the ``most`` cheapest of them, in order of cost."""
    nodes = len(cost)
    sites = cost[:, 1:]
    order = np.argsort(sites, axis=1, kind="stable").astype(np.int64) + 1
    counts = np.minimum(np.isfinite(sites).sum(axis=1), most).astype(np.int64)
    counts[0] = np.isfinite(sites[0]).sum()
    return np.ascontiguousarray(np.pad(order, ((0, 0), (0, 1)))), counts.reshape(nodes)


def _unpenalised(network: Network) -> Network:
    """Return the network with its hard windows alone."""
    early, late = (np.where(np.isinf(a), a, 0.0) for a in (network.early, network.late))
    return network._replace(early=early, late=late)
