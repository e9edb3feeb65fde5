"""Shortest paths from many zones at once, and what follows from them: which links lead from one zone to another.

Nodes below ``first_through`` only start and end trips. Each of them is split: node z keeps the links that leave it, a second node N + z
takes those that enter it and has none that leave. One graph then serves all origins. Of parallel links the cheapest counts. Trees come
from ``scipy.sparse.csgraph.dijkstra``, which keeps explicit zeros as links of cost 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from ...instances.road_network import RoadNetwork

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Trees:
    """One shortest path tree an origin: ``distance`` (O, N') and ``link_into`` (O, N'), the last link to a node, -1 where there is none."""

    distance: Array
    link_into: Numbers
    origins: Numbers
    tail: Numbers

    def steps(self, rows: Numbers, nodes: Numbers) -> Iterator[tuple[Numbers, Numbers]]:
        """Walk from ``nodes`` (P,) back to the origins in ``rows`` (P,), all at once.

        Yields for every step the places in the two arrays that are still under way, and the link that each of them takes. Nodes must
        be reachable.
        """
        at, under_way = nodes.copy(), np.flatnonzero(nodes != self.origins[rows])
        while len(under_way):
            link = self.link_into[rows[under_way], at[under_way]]
            yield under_way, link
            at[under_way] = self.tail[link]
            under_way = under_way[at[under_way] != self.origins[rows[under_way]]]


class RoadGraph:
    """The open links of a network as a sparse matrix whose entries are replaced at every call."""

    def __init__(self, network: RoadNetwork) -> None:
        split = network.first_through
        self.size = network.nodes + split
        self.tail = network.tail
        self._nodes, self._split = network.nodes, split
        usable = np.flatnonzero(~network.closed)
        key = network.tail[usable] * self.size + self.as_target(network.head[usable])
        order = np.argsort(key, kind="stable")
        self._links, key = usable[order], key[order]
        self._keys, self._starts = np.unique(key, return_index=True)
        self._parallel = len(self._keys) < len(key)
        self._group = np.repeat(np.arange(len(self._keys)), np.diff(np.append(self._starts, len(key))))
        self._columns = (self._keys % self.size).astype(np.int32)
        self._pointers = np.searchsorted(self._keys // self.size, np.arange(self.size + 1)).astype(np.int32)

    def as_target(self, nodes: Numbers) -> Numbers:
        """Return the graph's node at which trips to these nodes end."""
        return np.where(nodes < self._split, nodes + self._nodes, nodes)

    def trees(self, cost: Array, origins: Numbers) -> Trees:
        """Return the shortest path trees from ``origins`` (O,) for costs (L,) of at least 0."""
        links = self._links
        if self._parallel:
            links = links[np.lexsort((cost[links], self._group))][self._starts]
        if not len(origins):
            nothing = np.empty((0, self.size))
            return Trees(nothing, nothing.astype(np.int64), origins, self.tail)
        matrix = csr_array((cost[links], self._columns, self._pointers), shape=(self.size, self.size))
        distance, before = dijkstra(matrix, indices=origins, return_predecessors=True)
        link_into = np.full(before.shape, -1)
        reached = before >= 0
        key = before.astype(np.int64) * self.size + np.arange(self.size)
        link_into[reached] = links[np.searchsorted(self._keys, key[reached])]
        return Trees(distance, link_into, origins, self.tail)
