r"""The network of a retrofit instance, for requirements on shortest paths: arcs that matter to a pair, and their times by scenario.

A pair's time is that of the shortest path over links as they are, restored ones at their intact times. An arc (u, v) matters to it only if

    dist(o, u) + t0_uv + dist(v, d) <= T_p                                                                          (1)

in the intact network, since no path over another arc meets the limit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from ..errors import InputError
from ..instances import Retrofit, RoadBlock

SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Arc:
    """A directed use of link number ``link``."""

    tail: str
    head: str
    link: int


def arcs_of(inst: Retrofit) -> list[Arc]:
    """Return both directions of every link with ends, one of a one-way link."""
    out = []
    for i, link in enumerate(inst.links):
        if link.ends is None:
            continue
        u, v = link.ends
        out += [Arc(u, v, i)] if link.one_way else [Arc(u, v, i), Arc(v, u, i)]
    return out


def shortest(inst: Retrofit, arcs: list[Arc], times: np.ndarray, sources: list[str], *, backward: bool = False) -> np.ndarray:
    """Return the times (sources, places) from the sources over ``arcs``, or to them, for times (L,) of the links (infinite: closed)."""
    place = {p.name: i for i, p in enumerate(inst.places)}
    best: dict[tuple[int, int], float] = {}
    for a in arcs:
        key = (place[a.head], place[a.tail]) if backward else (place[a.tail], place[a.head])
        if np.isfinite(times[a.link]):
            best[key] = min(best.get(key, np.inf), float(times[a.link]))
    rows, cols = (np.array([k[i] for k in best], dtype=int) for i in (0, 1))
    weights = np.maximum(np.array(list(best.values()), dtype=float), 1e-12)  # an explicit zero would be no arc
    graph = csr_array((weights, (rows, cols)), shape=(len(place), len(place)))
    return np.asarray(dijkstra(graph, indices=[place[s] for s in sources])).reshape(len(sources), len(place))


def network_limits(inst: Retrofit) -> dict[str, float]:
    """Return T_p of every pair: target (1 + tolerance), the shortest intact time where there is no target.

    Raises
    ------
    InputError
        A pair without origin and destination; one that does not meet its limit in the intact network.
    """
    arcs, intact, out = arcs_of(inst), np.array([link.time for link in inst.links]), {}
    place = {p.name: i for i, p in enumerate(inst.places)}
    for i, pair in enumerate(inst.pairs):
        if pair.origin is None or pair.destination is None:
            raise InputError(f"pairs[{i}], {pair.name!r}: a requirement on shortest paths needs fields 'origin' and 'destination'")
        least = float(shortest(inst, arcs, intact, [pair.origin])[0, place[pair.destination]])
        limit = (least if pair.target is None else pair.target) * (1 + pair.tolerance)
        if not np.isfinite(least) or least > limit * (1 + SLACK):
            raise InputError(f"pairs[{i}], {pair.name!r}: takes {least:g} when everything is intact, longer than its limit {limit:g}")
        out[pair.name] = limit
    return out


def arcs_that_matter(inst: Retrofit, limits: dict[str, float], intact: np.ndarray | None = None) -> dict[str, list[Arc]]:
    """Return the arcs (1) of every pair; ``intact`` (L,) other times of the links than the instance's."""
    arcs, place = arcs_of(inst), {p.name: i for i, p in enumerate(inst.places)}
    if intact is None:
        intact = np.array([link.time for link in inst.links])
    out = {}
    for pair in inst.pairs:
        assert pair.origin is not None and pair.destination is not None
        ahead = shortest(inst, arcs, intact, [pair.origin])[0]
        back = shortest(inst, arcs, intact, [pair.destination], backward=True)[0]
        limit = limits[pair.name] * (1 + SLACK)
        out[pair.name] = [a for a in arcs if ahead[place[a.tail]] + intact[a.link] + back[place[a.head]] <= limit]
    return out


def check_restorable(inst: Retrofit, block: RoadBlock, limits: dict[str, float]) -> None:
    """Raise :class:`InputError` for a pair that misses its limit in a scenario of the block even where all elements are restored."""
    arcs, place = arcs_of(inst), {p.name: i for i, p in enumerate(inst.places)}
    intact = np.array([link.time for link in inst.links])
    plain = np.array([link.element is None for link in inst.links])
    worse = (block.times > intact) & plain
    for b in np.flatnonzero(worse.any(axis=1)):
        times = np.where(plain, block.times[b], intact)
        for i, pair in enumerate(inst.pairs):
            assert pair.origin is not None and pair.destination is not None
            time = float(shortest(inst, arcs, times, [pair.origin])[0, place[pair.destination]])
            if time > limits[pair.name] * (1 + SLACK):
                what = f"takes {time:g} in scenario {block.labels[b]!r} even where everything is repaired"
                raise InputError(f"pairs[{i}], {pair.name!r}: {what}, its limit is {limits[pair.name]:g}")
