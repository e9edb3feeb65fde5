"""The town and its earthquakes in one object: what a retrofit model needs of them, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...instances.bridges import BridgeInventory
from ...instances.damage_maps import DamageMaps
from ...instances.road_network import RoadNetwork
from ..exposure import Exposure
from .closures import SLOW_CAPACITY, SLOW_TIME, link_states
from .paths import free_flow_minutes
from .streets import Array, Mask, Numbers, Streets


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class GridTown:
    """A town of N crossings (its traffic zones), L directed links, B bridges, under S earthquakes.

    ``trips`` (N, N) vehicles an hour; ``carriers`` (B, L) which bridge carries which link; ``states`` (S, B) damage states 0 to 4;
    ``magnitudes`` (S,); ``maps`` the damaged bridges with annual rates; ``region`` the town as a region of the scenario generator;
    ``seed`` that of the earthquakes. All of it is synthetic.
    """

    streets: Streets
    trips: Array
    bridges: BridgeInventory
    carriers: Mask
    region: Exposure
    states: NDArray[np.int8]
    magnitudes: Array
    maps: DamageMaps
    seed: int

    @property
    def rates(self) -> Array:
        """Annual rate of each scenario, (S,)."""
        return self.maps.rates

    @property
    def closed(self) -> Mask:
        """Links that are closed until their bridge is repaired, (S, L)."""
        return link_states(self.states, self.carriers)[0]

    @property
    def slowed(self) -> Mask:
        """Links that are open with half the capacity and twice the time, (S, L)."""
        return link_states(self.states, self.carriers)[1]

    def links(self, scenario: int, repaired: Mask | None = None) -> tuple[Mask, Array, Array]:
        """Return which links (L,) are open in a scenario, free-flow minutes and vehicles an hour of all links, (L,) each.

        Bridges of the mask ``repaired`` (B,) count as undamaged: what was retrofitted before or is repaired after.

        Raises
        ------
        InputError
            A scenario that does not exist, a mask of another shape.
        """
        if not 0 <= scenario < len(self.states):
            raise InputError(f"field 'scenario': {scenario}: expected 0 to {len(self.states) - 1}")
        if repaired is not None and np.shape(repaired) != (len(self.bridges),):
            raise InputError(f"field 'repaired' has shape {np.shape(repaired)}: expected ({len(self.bridges)},), one for each bridge")
        state = self.states[scenario] if repaired is None else np.where(repaired, np.int8(0), self.states[scenario])
        closed, slowed = (links[0] for links in link_states(state[None].astype(np.int8), self.carriers))
        minutes = self.streets.free_flow_minutes * np.where(slowed, SLOW_TIME, 1.0)
        return ~closed, minutes, self.streets.capacity_veh_h * np.where(slowed, SLOW_CAPACITY, 1.0)

    def road_network(self, scenario: int | None = None, repaired: Mask | None = None) -> RoadNetwork:
        """Return the network for a traffic model, undamaged or as :meth:`links` says: minutes, vehicles an hour, km; every node a zone."""
        nodes = len(self.streets.names)
        network = RoadNetwork(
            name="grid-town",
            zones=nodes,
            nodes=nodes,
            tail=self.streets.tail,
            head=self.streets.head,
            free_flow_time=self.streets.free_flow_minutes,
            capacity=self.streets.capacity_veh_h,
            length=self.streets.link_km,
            x=self.streets.x_km,
            y=self.streets.y_km,
        )
        if scenario is None:
            return network
        is_open, minutes, capacity = self.links(scenario, repaired)
        return network.damaged(~is_open, minutes / network.free_flow_time, capacity / network.capacity)

    def busiest_pairs(self, count: int, *, least_minutes: float = 0.0) -> Numbers:
        """Return the pairs (origin, destination) on different banks with the most trips, the busiest first, (count, 2).

        Pairs that are less than ``least_minutes`` apart when all is intact and without traffic are left out.

        Raises
        ------
        InputError
            More pairs than there are, or fewer than one.
        """
        across = self.streets.bank[:, None] != self.streets.bank
        across &= free_flow_minutes(self.streets, self.streets.free_flow_minutes) >= least_minutes
        if not 1 <= count <= int(across.sum()):
            raise InputError(f"field 'count': {count}: expected 1 to {int(across.sum())} such pairs of zones")
        order = np.argsort(-np.where(across, self.trips, -1.0), axis=None, kind="stable")[:count]
        return np.column_stack(np.unravel_index(order, self.trips.shape))
