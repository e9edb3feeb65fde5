"""Who travels where: the pairs of zones with trips, and those that the network does not connect."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from ...errors import InputError
from ...instances.road_network import RoadNetwork
from ..plausible import within
from .costs import LinkCosts
from .shortest_paths import RoadGraph, Trees

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]


class Traffic:
    """A network with its demand, split into connected pairs (W,) and what cannot be served.

    Pair w goes from origin ``origins[row[w]]`` to ``target[w]``, a node of the graph, with ``trips[w] > 0``. Trips within a zone use no
    link and are no pair.
    """

    def __init__(self, network: RoadNetwork, demand: ArrayLike) -> None:
        self.network, self.costs, self.graph = network, LinkCosts.of(network), RoadGraph(network)
        self.demand = within("demand", demand, 0, np.finfo(float).max).copy()
        self.demand.flags.writeable = False
        zones = network.zones
        if self.demand.shape != (zones, zones):
            raise InputError(f"demand has shape {self.demand.shape}: expected ({zones}, {zones}), the zones of {network.name}")
        between = self.demand * ~np.eye(zones, dtype=bool)
        asked = np.flatnonzero(between.any(axis=1))
        reach = self.graph.trees(np.ones(network.links), asked).distance[:, self.graph.as_target(np.arange(zones))]
        self.unserved = np.zeros((zones, zones))
        self.unserved[asked] = np.where(np.isinf(reach), between[asked], 0.0)
        served = between - self.unserved
        self.origins = np.flatnonzero(served.any(axis=1))
        self.row, self.destination = np.nonzero(served[self.origins])
        self.target = self.graph.as_target(self.destination)
        self.trips = served[self.origins[self.row], self.destination]

    def trees(self, cost: Array) -> Trees:
        """Return the shortest path trees from the origins for costs (L,)."""
        return self.graph.trees(cost, self.origins)

    def shortest(self, trees: Trees) -> Array:
        """Return the cost of each pair's shortest path (W,)."""
        return np.asarray(trees.distance[self.row, self.target])

    def all_or_nothing(self, trees: Trees) -> Array:
        """Return link flows (L,) with all trips on the shortest paths."""
        flow = np.zeros(self.network.links)
        for places, link in trees.steps(self.row, self.target):
            flow += np.bincount(link, self.trips[places], minlength=len(flow))
        return flow

    def paths(self, trees: Trees, pairs: Numbers) -> csr_array:
        """Return the shortest paths of some pairs (P,) as their incidence matrix with the links (P, L)."""
        steps = list(trees.steps(self.row[pairs], self.target[pairs]))
        rows = np.concatenate([np.empty(0, dtype=np.int64), *(places for places, _ in steps)])
        links = np.concatenate([np.empty(0, dtype=np.int64), *(link for _, link in steps)])
        return csr_array((np.ones(len(rows)), (rows, links)), shape=(len(pairs), self.network.links))
