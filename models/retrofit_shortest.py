r"""Which sets of restored elements meet the limits on shortest paths, one small graph a pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from ..instances import Retrofit, RoadSource
from ..instances.arrays import Array
from ..instances.retrofit import Pair
from .retrofit_network import SLACK, Arc, arcs_that_matter, network_limits
from .retrofit_rows import Row

Names = frozenset[str]


class ShortestTimes:
    """Shortest paths over links as they are in a scenario, ``times`` (S, L), restored ones at their ``intact`` times (L,).

    Restoring more never makes them longer. A row of one scenario is valid in every other whose times are no shorter on the row's elements
    and on the links that no element carries.
    """

    monotone = True
    below = None

    def __init__(self, inst: Retrofit, intact: Array, times: Array, limits: dict[str, float]):
        self._names = [e.name for e in inst.elements]
        self._number = {e: i for i, e in enumerate(self._names)}
        self._times, self._intact = times, intact
        self._carrier = np.array([-1 if link.element is None else self._number[link.element] for link in inst.links])
        arcs = arcs_that_matter(inst, limits, intact)
        self._around = [_Around.of(p, arcs[p.name], limits[p.name] * (1 + SLACK)) for p in inst.pairs]

    @classmethod
    def of(cls, source: RoadSource) -> ShortestTimes:
        """Return the times of an instance's scenarios."""
        inst = source.instance
        intact = np.array([link.time for link in inst.links])
        return cls(inst, intact, source.block(0, source.num_scenarios).times, network_limits(inst))

    def damaged(self, k: int) -> tuple[str, ...]:
        """Return the elements with a slower link in scenario k."""
        hit = np.unique(self._carrier[self._times[k] > self._intact])
        return tuple(self._names[e] for e in hit if e >= 0)

    def late(self, k: int, restored: Names) -> tuple[int, ...]:
        """Return the pairs whose shortest path is longer than their limit."""
        times = self._restored(k, restored)
        return tuple(p for p, around in enumerate(self._around) if around.is_late(times))

    def all_late(self, k: int, decisions: Sequence[Names]) -> bool:
        """Whether each of these decisions leaves a pair late."""
        return all(any(around.is_late(self._restored(k, z)) for around in self._around) for z in decisions)

    def is_late(self, k: int, restored: Names, pair: int) -> bool:
        """Whether one pair's shortest path is longer than its limit."""
        return self._around[pair].is_late(self._restored(k, restored))

    def matter(self, pair: int) -> Names:
        """Return the elements on paths that meet the pair's limit in the intact network."""
        return frozenset(self._names[e] for e in np.unique(self._carrier[self._around[pair].links]) if e >= 0)

    def alike(self, row: Row, k: int) -> Sequence[int]:
        """Return the scenarios in which the row's elements, and links without one, are no faster than in scenario k."""
        own = np.isin(self._carrier, [-1, *(self._number[e] for e in row.restore)])
        return np.flatnonzero((self._times[:, own] >= self._times[k, own]).all(axis=1)).tolist()

    def _restored(self, k: int, restored: Names) -> np.ndarray:
        """Return the times of the links (L,)."""
        mended = np.zeros(len(self._names) + 1, dtype=bool)  # the last stands for no element
        mended[[self._number[e] for e in restored]] = True
        return np.where(mended[self._carrier], self._intact, self._times[k])


@dataclass(frozen=True, slots=True)
class _Around:
    """The arcs that matter to one pair, as a graph of their places: of parallel arcs the fastest counts."""

    links: np.ndarray
    starts: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray
    origin: int
    destination: int
    limit: float

    @classmethod
    def of(cls, pair: Pair, arcs: list[Arc], limit: float) -> _Around:
        """Return the graph of ``arcs``."""
        place = {name: i for i, name in enumerate(dict.fromkeys(end for a in arcs for end in (a.tail, a.head)))}
        arcs = sorted(arcs, key=lambda a: (place[a.tail], place[a.head]))
        ends = np.array([(place[a.tail], place[a.head]) for a in arcs])
        starts = np.flatnonzero(np.append(True, (np.diff(ends, axis=0) != 0).any(axis=1)))
        indptr = np.searchsorted(ends[starts, 0], np.arange(len(place) + 1))
        links = np.array([a.link for a in arcs])
        return cls(links, starts, ends[starts, 1], indptr, place[str(pair.origin)], place[str(pair.destination)], limit)

    def is_late(self, times: np.ndarray) -> bool:
        """Whether the shortest path over links with these times (L,) is longer than the limit."""
        weights = np.maximum(np.minimum.reduceat(times[self.links], self.starts), 1e-12)  # an explicit zero would be no arc
        n = len(self.indptr) - 1
        distance = dijkstra(csr_array((weights, self.indices, self.indptr), shape=(n, n)), indices=self.origin)
        return bool(distance[self.destination] > self.limit)
