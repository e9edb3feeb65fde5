"""Travel times of a retrofit instance under traffic: intact ones, and those that a linear model sees in each scenario.

Intact times are those of the user equilibrium of the whole network. In a scenario, a closed element's links are infinite; a slowed
element's links take their time at the user equilibrium of the damaged network (all damage present, the same trips), and never less than
intact; **every other link keeps its intact time**. That is the linear assumption of eq. 2 of the paper (Bucher et al. (eds.), ICOSSAR 2017,
1629-1638), each of whose links is slow or not by its own element alone. Its section 5 calls this a limitation, since bridges "may affect
not only the roads directly associated to them but also others because of network effects": traffic that a closed bridge sends elsewhere
slows links here that the linear model takes to be as before.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import InputError
from ..instances import Retrofit
from ..instances.arrays import Array
from ..instances.road_network import RoadNetwork
from ..instances.traffic_roads import CLOSED, SLOWED, States, TrafficRoads, check_network, states_of_links
from .traffic import Assignment, Stop, damaged_equilibria, user_equilibrium
from .traffic.shortest_paths import RoadGraph

REL_GAP = 1e-12
"""Relative gap of the equilibria: times are then good to about 1e-9, and their rounded values the same on every machine."""


def traffic_roads(
    skeleton: Retrofit,
    network: RoadNetwork,
    trips: Array,
    states: States,
    rates: Array,
    labels: Sequence[str],
    *,
    slow_time: float = 2.0,
    slow_capacity: float = 0.5,
    decimals: int = 5,
) -> TrafficRoads:
    """Return the skeleton with times and paths under traffic, and its scenarios.

    Parameters
    ----------
    skeleton
        An instance whose place i is node i and whose link i is link i of the network, one way. Its times are replaced; its pairs have
        ``origin`` and ``destination`` and get a path, a shortest one at the intact times.
    network, trips
        The intact roads, and vehicles (Z, Z) in the unit of the capacities.
    states, rates, labels
        State of every element (S, E), annual rates (S,) and names of the scenarios given.
    slow_time, slow_capacity
        What a slowed element makes of its links' free-flow time and capacity, as in :class:`.TrafficRoads`.
    decimals
        To which times are rounded; a path's time is then exactly the sum of its links' times.

    Raises
    ------
    InputError
        A network that does not fit the skeleton, or has zones that cannot be passed through; a pair without ends or without a way; an
        equilibrium that is not reached.
    """
    check_network(skeleton, network)
    if network.first_through > 0:
        raise InputError(f"{network.name}: first_through is {network.first_through}: an instance's paths may pass every place, expected 0")
    intact = _reached(user_equilibrium(network, trips, rel_gap=REL_GAP), network.name)
    before = np.round(intact.time, decimals)
    paths = _paths(skeleton, network, np.round(before * 10**decimals))
    instance = skeleton.model_copy(
        update={
            "links": [link.model_copy(update={"time": t}) for link, t in zip(skeleton.links, before.tolist(), strict=True)],
            "pairs": [pair.model_copy(update={"path": path}) for pair, path in zip(skeleton.pairs, paths, strict=True)],
        }
    )
    own = states_of_links(instance, states)
    times = np.tile(before, (len(states), 1))
    hit = np.flatnonzero((own == SLOWED).any(axis=1))
    if len(hit):
        slowed = own[hit] == SLOWED
        found = damaged_equilibria(
            network,
            trips,
            closed=own[hit] == CLOSED,
            slow=np.where(slowed, slow_time, 1.0),
            capacity=np.where(slowed, slow_capacity, 1.0),
            rel_gap=REL_GAP,
            base=intact,
        )
        after = np.array([_reached(a, labels[k]).time for k, a in zip(hit.tolist(), found, strict=True)])
        times[hit] = np.where(slowed, np.maximum(np.round(after, decimals), before), before)
    times[own == CLOSED] = np.inf
    return TrafficRoads(
        instance, times, rates, labels, network=network, trips=trips, states=states, slow_time=slow_time, slow_capacity=slow_capacity
    )


def _reached(found: Assignment, where: str) -> Assignment:
    if found.stop is not Stop.GAP_REACHED:
        raise InputError(f"{where}: traffic has a relative gap of {found.rel_gap:.3g} ({found.stop}): expected {REL_GAP:g}")
    return found


def _paths(skeleton: Retrofit, network: RoadNetwork, times: Array) -> list[list[str]]:
    """Return a shortest path of each pair as names of links, for whole numbers as times (L,), whose sums are exact."""
    place = {p.name: i for i, p in enumerate(skeleton.places)}
    for pair in skeleton.pairs:
        if pair.origin is None or pair.destination is None:
            raise InputError(f"pair {pair.name!r}: a path under traffic needs fields 'origin' and 'destination'")
    graph = RoadGraph(network)
    rows = np.arange(len(skeleton.pairs))
    ends = np.array([(place[str(p.origin)], place[str(p.destination)]) for p in skeleton.pairs], dtype=np.int64)
    trees = graph.trees(times, ends[:, 0])
    lost = np.flatnonzero(np.isinf(trees.distance[rows, ends[:, 1]]))
    if len(lost):
        raise InputError(f"pair {skeleton.pairs[lost[0]].name!r}: no way leads there even when all is intact")
    paths: list[list[str]] = [[] for _ in rows]
    for places, links in trees.steps(rows, ends[:, 1]):
        for p, link in zip(places.tolist(), links.tolist(), strict=True):
            paths[p].insert(0, skeleton.links[link].name)
    return paths
