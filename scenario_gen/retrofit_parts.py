"""Parts of a retrofit instance on a road network: places, bridges as elements, one-way links, pairs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..instances.arrays import Array
from ..instances.bridges import BridgeInventory
from ..instances.retrofit import Element, Pair, Place, RoadLink
from ..instances.road_network import RoadNetwork

DEGREES = 6
"""Decimals of coordinates."""


def places_at(names: Sequence[str], latitude: Array, longitude: Array) -> list[Place]:
    """Return places in degrees."""
    return [
        Place(name=n, latitude=round(y, DEGREES), longitude=round(x, DEGREES))
        for n, y, x in zip(names, latitude.tolist(), longitude.tolist(), strict=True)
    ]


def bridge_elements(bridges: BridgeInventory, years: float) -> list[Element]:
    """Return bridges as elements, repairs being paid over ``years`` of operation, not discounted.

    Raises
    ------
    InputError
        Years that are not positive, an inventory without costs.
    """
    if not 0 < years < np.inf:
        raise InputError(f"field 'years': {years}: expected a positive number")
    if bridges.retrofit_cost is None or bridges.repair_cost is None:
        raise InputError("bridges: fields 'retrofit_cost' and 'repair_cost' are missing")
    columns = bridges.latitude, bridges.longitude, bridges.retrofit_cost, years * bridges.repair_cost
    return [
        Element(name=name, latitude=round(y, DEGREES), longitude=round(x, DEGREES), retrofit_cost=before, repair_cost=after)
        for name, y, x, before, after in zip(bridges.names, *(c.tolist() for c in columns), strict=True)
    ]


def one_way_links(network: RoadNetwork, places: Sequence[str], names: Sequence[str], bridges: BridgeInventory) -> list[RoadLink]:
    """Return the links (L,) of a network at their free-flow times, each on the bridge that carries it, if any."""
    of_link = {link: bridge for bridge, links in zip(bridges.names, bridges.links, strict=True) for link in links}
    return [
        RoadLink(name=name, ends=(places[a], places[b]), time=t, element=of_link.get(name), one_way=True)
        for name, a, b, t in zip(names, network.tail.tolist(), network.head.tolist(), network.free_flow_time.tolist(), strict=True)
    ]


def pairs_between(places: Sequence[str], ends: NDArray[np.int64], tolerance: float) -> list[Pair]:
    """Return pairs (P, 2) of places, each of which may take ``tolerance`` longer than its path when all is intact.

    Raises
    ------
    InputError
        A tolerance that is negative or not finite.
    """
    if not 0 <= tolerance < np.inf:
        raise InputError(f"field 'tolerance': {tolerance}: expected a finite number of at least 0")
    ways = [(places[a], places[b]) for a, b in ends.tolist()]
    return [Pair(name=f"{a} to {b}", origin=a, destination=b, tolerance=tolerance) for a, b in ways]
