r"""The seeded families ``retrofit-random`` (60 bridges, 12 pairs) and ``retrofit-random-large`` (1,743 bridges, 200 pairs).

The network is one fixed draw each: places uniform on a square of 100 km, links those of their Delaunay triangulation, of which the longest
go as long as all places stay connected, down to the number of bridges: every link is a bridge. A link takes 1.2 |x_i - x_j| / 60 km/h.
Pairs are drawn at random, each with its shortest path, which may take ``tolerance`` longer. In scenario k, given an earthquake, with the
severity s_e of (1) in :mod:`.epicentres` at the bridge's middle and U uniform on (0, 1), its own,

    bridge e is damaged if U < 0.6 s_e,   its link then takes t_e (1 + delay_e)                                    (1)

Probabilities are those of damage *given* an earthquake; repair costs are per earthquake of the years of operation.
"""

from __future__ import annotations

import heapq
from functools import cache

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import Delaunay

from ..instances import Retrofit, RoadBlock, RoadScenario
from ..instances.fields import Source
from ..instances.retrofit import Element, Pair, Place, RetrofitUnits, RoadLink
from .drawn import Drawn
from .epicentres import Array, severities

_NETWORK_SEED, _SPEED_KMH, _DETOUR, _FRAGILITY = 11, 60.0, 1.2, 0.6


@cache
def network(name: str, num_bridges: int, num_pairs: int, tolerance: float) -> tuple[Retrofit, Array, Array, Array]:
    """Return the instance (without scenarios), the bridges' middles (E, 2) in km, their intact minutes and relative delays (E,)."""
    rng = np.random.default_rng(_NETWORK_SEED)
    places = rng.uniform(0, 100, (round(num_bridges / 2.2), 2))
    links = _links(places, num_bridges)
    minutes = np.round(60 * _DETOUR * np.linalg.norm(places[links[:, 0]] - places[links[:, 1]], axis=1) / _SPEED_KMH, 2)
    delay = np.round(rng.uniform(0.5, 3.0, num_bridges), 2)
    retrofit = np.round(rng.lognormal(0, 0.5, num_bridges), 3)
    repair = np.round(retrofit * rng.uniform(8, 20, num_bridges), 2)
    degrees = np.round(places / 111.2, 5)
    at = [Place(name=f"place{i:03d}", latitude=float(y), longitude=float(x)) for i, (x, y) in enumerate(degrees)]
    bridges = [f"bridge{e:04d}" for e in range(num_bridges)]
    middle = (places[links[:, 0]] + places[links[:, 1]]) / 2
    instance = Retrofit(
        format="quakeops/retrofit/1",
        name=name,
        title=f"{num_bridges} bridges of a random road network under earthquakes with random epicentres",
        source=Source(citation="quakeops: synthetic", licence="Apache-2.0"),
        provenance={"links": "synthetic", "elements": "synthetic", "pairs": "synthetic", "scenarios": "synthetic"},
        units=RetrofitUnits(money="million EUR", time="min"),
        places=at,
        elements=[
            Element(
                name=bridge,
                retrofit_cost=float(retrofit[e]),
                repair_cost=float(repair[e]),
                latitude=round(float(middle[e, 1]) / 111.2, 5),
                longitude=round(float(middle[e, 0]) / 111.2, 5),
            )
            for e, bridge in enumerate(bridges)
        ],
        links=[
            RoadLink(name=bridge, ends=(at[links[e, 0]].name, at[links[e, 1]].name), time=float(minutes[e]), element=bridge)
            for e, bridge in enumerate(bridges)
        ],
        pairs=[
            Pair(name=f"pair{q:03d}", origin=at[o].name, destination=at[d].name, path=[bridges[e] for e in path], tolerance=tolerance)
            for q, (o, d, path) in enumerate(_pairs(links, minutes, len(places), num_pairs, rng))
        ],
    )
    return instance, middle, minutes, delay


def _links(places: Array, count: int) -> np.ndarray:
    """Return ``count`` links (E, 2) of the Delaunay triangulation, the longest left out that connectivity can spare."""
    edges = {tuple(sorted((int(s[a]), int(s[b])))) for s in Delaunay(places).simplices for a, b in ((0, 1), (1, 2), (0, 2))}
    links = np.array(sorted(edges))
    lengths = np.linalg.norm(places[links[:, 0]] - places[links[:, 1]], axis=1)
    kept = np.ones(len(links), dtype=bool)
    longest = [(-length, e) for e, length in enumerate(lengths.tolist())]
    heapq.heapify(longest)
    while kept.sum() > count and longest:
        e = heapq.heappop(longest)[1]
        kept[e] = False
        graph = csr_array((np.ones(kept.sum()), tuple(links[kept].T)), shape=(len(places), len(places)))
        kept[e] = connected_components(graph, directed=False)[0] > 1
    return links[kept]


def _pairs(links: np.ndarray, minutes: Array, num_places: int, count: int, rng: np.random.Generator) -> list[tuple[int, int, list[int]]]:
    """Return (origin, destination, links of the shortest path) of ``count`` random pairs, at least 20 km apart by their path's minutes."""
    number = {tuple(link): e for e, link in enumerate(links.tolist())}
    graph = csr_array((minutes, tuple(links.T)), shape=(num_places, num_places))
    out: list[tuple[int, int, list[int]]] = []
    while len(out) < count:
        o, d = rng.choice(num_places, 2, replace=False).tolist()
        times, before = dijkstra(graph, directed=False, indices=o, return_predecessors=True)
        if times[d] < 20 * _DETOUR * 60 / _SPEED_KMH:
            continue
        path, at = [], d
        while at != o:
            path.append(number[tuple(sorted((at, int(before[at]))))])
            at = int(before[at])
        out.append((o, d, path[::-1]))
    return out


class RandomRoads(Drawn):
    """``num_scenarios`` draws of a family, each with probability 1 / num_scenarios."""

    def __init__(self, name: str, num_bridges: int, num_pairs: int, tolerance: float, num_scenarios: int, seed: int):
        super().__init__(num_scenarios, seed)
        self.instance, self._middle, self._minutes, self._delay = network(name, num_bridges, num_pairs, tolerance)

    def scenario(self, k: int) -> RoadScenario:
        """Draw scenario ``k``; the same for every number of scenarios, rank and order of calls."""
        return self.block(k, k + 1).scenario(0)

    def block(self, start: int, stop: int) -> RoadBlock:
        """Draw scenarios ``start, ..., stop - 1`` by (1)."""
        severity, magnitude, draws = severities(self.seed, start, stop, self._middle, len(self._middle))
        damaged = draws < _FRAGILITY * severity
        return RoadBlock(
            names=tuple(f"scen{k}" for k in range(start, stop)),
            labels=tuple(f"M {m:.2f}" for m in magnitude.tolist()),
            probability=np.full(stop - start, 1 / self._num),
            times=np.where(damaged, self._minutes * (1 + self._delay), self._minutes),
        )


def small(num_scenarios: int, seed: int) -> RandomRoads:
    """Return draws of ``retrofit-random``."""
    return RandomRoads("retrofit-random", 60, 12, 0.2, num_scenarios, seed)


def large(num_scenarios: int, seed: int) -> RandomRoads:
    """Return draws of ``retrofit-random-large``."""
    return RandomRoads("retrofit-random-large", 1743, 200, 0.2, num_scenarios, seed)
