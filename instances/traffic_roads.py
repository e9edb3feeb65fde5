"""Roads whose travel times are a matter of traffic: a retrofit instance with its network, its trips, and damage states by scenario.

The times (S, L) of :class:`FixedRoads` are what a *linear* model sees: a damaged element slows or closes its own links and no others.
What a set of repairs really does to all times is for a traffic model to say, on the network that :meth:`TrafficRoads.network_of` returns.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .arrays import Array
from .retrofit import Retrofit
from .retrofit_source import FixedRoads
from .road_network import RoadNetwork

States = NDArray[np.int8]

INTACT, SLOWED, CLOSED = 0, 1, 2
"""States of an element, worst last."""


def states_of_links(inst: Retrofit, states: States) -> States:
    """Return the states (..., L) of the links where the elements (..., E) are in these; a link without an element is intact."""
    element = {e.name: i for i, e in enumerate(inst.elements)}
    carrier = np.array([-1 if link.element is None else element[link.element] for link in inst.links])
    return np.where(carrier >= 0, states[..., carrier], np.int8(INTACT)).astype(np.int8)


def check_network(inst: Retrofit, network: RoadNetwork) -> None:
    """Raise :class:`InputError` where node i or link i of the network is not place i or link i of the instance, used one way."""
    if network.links != len(inst.links) or network.nodes != len(inst.places):
        raise InputError(
            f"{inst.name}: the network has {network.links} links and {network.nodes} nodes, "
            f"the instance {len(inst.links)} links and {len(inst.places)} places"
        )
    names = [p.name for p in inst.places]
    for i, link in enumerate(inst.links):
        ends = names[network.tail[i]], names[network.head[i]]
        if not link.one_way or link.ends != ends:
            raise InputError(f"{inst.name}: links[{i}], {link.name!r}: expected one_way, and ends {ends}, those of the network's link")


class TrafficRoads(FixedRoads):
    """A retrofit instance on a road network with trips.

    Node i of ``network`` is place i of the instance, link i of ``network`` link i of the instance, used one way. ``trips`` (Z, Z) are in
    the unit of the capacities. ``states`` (S, E) of the elements in the scenarios given: a slowed element multiplies the free-flow time of
    its links by ``slow_time`` (at least 1) and their capacity by ``slow_capacity`` (in (0, 1]), a closed one closes them.

    Raises
    ------
    InputError
        Network, instance and states that do not fit each other.
    """

    def __init__(
        self,
        instance: Retrofit,
        times: Array,
        rates: Array,
        labels: Sequence[str],
        *,
        network: RoadNetwork,
        trips: Array,
        states: States,
        slow_time: float = 2.0,
        slow_capacity: float = 0.5,
    ):
        super().__init__(instance, times, rates, labels)
        shape = (len(times), len(instance.elements))
        if states.shape != shape:
            raise InputError(f"{instance.name}: states have shape {states.shape}, expected {shape}, one for each scenario and element")
        check_network(instance, network)
        quiet = np.zeros((self.num_scenarios - len(states), states.shape[1]), dtype=np.int8)
        self.states: States = np.vstack([quiet, states.astype(np.int8)])
        self.network, self.trips = network, trips
        self._slow_time, self._slow_capacity = slow_time, slow_capacity

    def network_of(self, states: States) -> RoadNetwork:
        """Return the network where the elements (E,) are in these states."""
        own = states_of_links(self.instance, states)
        slowed = own == SLOWED
        return self.network.damaged(own == CLOSED, np.where(slowed, self._slow_time, 1.0), np.where(slowed, self._slow_capacity, 1.0))

    def quiet(self) -> TrafficRoads:
        """Return the same roads in a year without earthquake alone."""
        return TrafficRoads(
            self.instance,
            self.block(0, 0).times,
            np.zeros(0),
            (),
            network=self.network,
            trips=self.trips,
            states=self.states[:0],
            slow_time=self._slow_time,
            slow_capacity=self._slow_capacity,
        )
