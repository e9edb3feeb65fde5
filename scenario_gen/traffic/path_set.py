"""The paths in use, sorted by pair of zones, with their flows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from .assignment import PathFlows
from .demand import Traffic
from .shortest_paths import Trees

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(slots=True)
class PathSet:
    """Paths (P, L) of pairs (P,) with flows h (P,); every pair has at least one."""

    traffic: Traffic
    incidence: csr_array
    pair: Numbers
    flow: Array
    damping: float = 1.0

    @classmethod
    def at_free_flow(cls, traffic: Traffic) -> PathSet:
        """All trips on the shortest paths of the empty network."""
        trees = traffic.trees(traffic.costs.cost(np.zeros(traffic.network.links)))
        pairs = np.arange(len(traffic.trips))
        return cls(traffic, traffic.paths(trees, pairs), pairs, traffic.trips.copy())

    @classmethod
    def from_paths(cls, traffic: Traffic, known: PathFlows) -> PathSet:
        """Paths of another assignment: those over closed links go, their trips spread over the pair's others or a new shortest path."""
        zones = traffic.network.zones
        number = np.full((zones, zones), -1)
        number[traffic.origins[traffic.row], traffic.destination] = np.arange(len(traffic.trips))
        pair = number[known.origin, known.destination]
        kept = (pair >= 0) & (known.incidence @ traffic.network.closed.astype(float) == 0)
        pair, flow = pair[kept], known.flow[kept]
        carried = np.bincount(pair, flow, minlength=len(traffic.trips)).astype(float)  # of nothing it would be whole
        flow = flow * np.divide(traffic.trips, carried, out=np.zeros_like(carried), where=carried > 0)[pair]
        paths = cls(traffic, known.incidence[kept], pair, flow)
        bare = np.flatnonzero(carried == 0)
        paths.keep(carried[pair] > 0)
        if len(bare):
            paths.add(traffic.trees(traffic.costs.cost(paths.link_flow())), bare, traffic.trips[bare])
        return paths

    def link_flow(self) -> Array:
        """Return the flows of the links (L,)."""
        return np.asarray(self.incidence.T @ self.flow)

    def starts(self) -> Numbers:
        """Return where each pair's paths begin (W,)."""
        return np.searchsorted(self.pair, np.arange(len(self.traffic.trips)))

    def largest(self) -> Numbers:
        """Return the path with the largest flow of each pair (W,)."""
        order = np.lexsort((self.flow, self.pair))
        return np.asarray(order[np.append(self.starts()[1:], len(order)) - 1])

    def add(self, trees: Trees, pairs: Numbers, flow: Array) -> None:
        """Add the shortest paths of some pairs, with flows."""
        pair = np.concatenate([self.pair, pairs])
        order = np.argsort(pair, kind="stable")
        self.incidence = csr_array(vstack([self.incidence, self.traffic.paths(trees, pairs)], format="csr"))[order]
        self.pair, self.flow = pair[order], np.concatenate([self.flow, flow])[order]

    def keep(self, kept: Mask) -> None:
        """Drop the other paths."""
        if not kept.all():
            self.incidence, self.pair, self.flow = self.incidence[kept], self.pair[kept], self.flow[kept]

    def result(self) -> PathFlows:
        """Return the paths that carry flow."""
        self.keep(self.flow > 0)
        return PathFlows(self.incidence, self.origin(), self.traffic.destination[self.pair], self.flow)

    def origin(self) -> Numbers:
        """Return each path's origin (P,)."""
        return np.asarray(self.traffic.origins[self.traffic.row[self.pair]])
