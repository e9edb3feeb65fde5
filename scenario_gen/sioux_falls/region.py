"""Synthetic bridges and faults for the network of Sioux Falls. **Neither exists**; the real town lies where the earth is quiet.

The streets that carry the most vehicles both ways, at the user equilibrium of the intact network, are bridges, each in the middle of its
street and for both directions. Classes, sizes and costs are drawn as in :mod:`quakeops.scenario_gen.bridge_stock`. The faults are those of
grid-town, turned to run along the town: a strike-slip fault to the west and a thrust that dips towards the town from the east. Zones, with
people in proportion to the trips that start there, and buildings are there for the generator of earthquakes alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...instances.arrays import Array
from ...instances.road_network import RoadNetwork
from ..bridge_stock import Spans, draw_spans
from ..exposure import Exposure
from ..geometry import Projection
from ..metros.outline import Outline
from ..metros.plan import Core, Plan, Soft, Source
from ..metros.plans import TOWN
from ..metros.zones import shares
from ..network_region import bridge_hazard, lay_zones, network_region

Numbers = NDArray[np.int64]

SEED = 2026
"""Of classes, sizes and costs of the bridges, and of their soil."""

WIDTH_M = (9.0, 16.0)
"""Width of a bridge whose street takes less than 10,000 vehicles in one direction, and of the others."""

WIDE_FROM = 10_000.0
BUILDINGS_PER_ZONE = 12
BEYOND_KM = 2.0
"""How far beyond the outer nodes the region reaches."""

FAULTS = (
    Source("west", ((-10.0, -22.0), (-7.0, 22.0)), 90, 0, 14, "strike-slip", (5.5, 7.2), 0.012),
    Source("east", ((24.0, 30.0), (27.0, -30.0)), 50, 1, 16, "reverse", (6.0, 7.6), 0.01),
)


@dataclass(frozen=True, slots=True, eq=False)
class TwoWay:
    """E streets of a network whose links come in opposite pairs: ``ends`` (E, 2) nodes, the first one the smaller, ``links`` (E, 2)."""

    ends: Numbers
    links: Numbers

    @classmethod
    def of(cls, network: RoadNetwork) -> TwoWay:
        """Return the streets in the order of their links; raises :class:`InputError` for a link without, or with two, opposite ones."""
        number: dict[tuple[int, int], int] = {}
        for i, way in enumerate(zip(network.tail.tolist(), network.head.tolist(), strict=True)):
            if way in number:
                raise InputError(f"{network.name}: links {number[way]} and {i} both lead from node {way[0]} to {way[1]}: expected one")
            number[way] = i
        lone = next((i for (a, b), i in number.items() if (b, a) not in number), None)
        if lone is not None:
            raise InputError(f"{network.name}: link {lone} has no opposite one; expected streets that are used both ways")
        ways = [(a, b) for a, b in number if a < b]
        return cls(np.array(ways), np.array([(number[a, b], number[b, a]) for a, b in ways]))


def bridged_region(network: RoadNetwork, trips: Array, flow: Array, bridges: int) -> tuple[Exposure, Spans]:
    """Return the region and its bridges, for link flows (L,); a bridge is named after the nodes of its street, ``b10-16``.

    Raises
    ------
    InputError
        A number of bridges that the streets cannot have, a network without coordinates.
    """
    if network.x is None or network.y is None:
        raise InputError(f"{network.name}: has no coordinates of nodes")
    streets, names = TwoWay.of(network), node_names(network)
    if not 1 <= bridges <= len(streets.ends):
        raise InputError(f"field 'bridges': {bridges}: expected 1 to {len(streets.ends)}, the streets of {network.name}")
    street = np.sort(np.argsort(-flow[streets.links].sum(axis=1), kind="stable")[:bridges])
    ends, origin = streets.ends[street], Projection(round(float(network.y.mean()), 4), round(float(network.x.mean()), 4))
    node_km = np.column_stack(origin.to_km(network.y, network.x))
    where = [f"{names[a]}-{names[b]}" for a, b in ends.tolist()]
    links = np.zeros((bridges, network.links), dtype=bool)
    links[np.arange(bridges)[:, None], streets.links[street]] = True
    width = np.array(WIDTH_M)[(network.capacity[streets.links[street, 0]] >= WIDE_FROM).astype(int)]
    rng = np.random.default_rng(np.random.SeedSequence(SEED))
    spans = draw_spans([f"b{w}" for w in where], where, street, links, link_names(network), node_km[ends].mean(axis=1), width, origin, rng)
    people = shares(trips.sum(axis=1), round(float(trips.sum())))
    plan, land = _plan(network, node_km, origin, bridges, int(people.sum()))
    zones = lay_zones(node_km, plan.area_km2 / network.nodes, people, land.side(node_km))
    length = np.linalg.norm(node_km[streets.ends[:, 0]] - node_km[streets.ends[:, 1]], axis=1)
    return network_region(plan, land, zones, names, streets.ends, np.round(length, 3), spans, rng), spans


def node_names(network: RoadNetwork) -> tuple[str, ...]:
    """Return the numbers of the nodes in the file (N,)."""
    return tuple(str(n + 1) for n in range(network.nodes))


def link_names(network: RoadNetwork) -> tuple[str, ...]:
    """Return ``10-16``, from node 10 to node 16 (L,)."""
    return tuple(f"{a + 1}-{b + 1}" for a, b in zip(network.tail.tolist(), network.head.tolist(), strict=True))


def _plan(network: RoadNetwork, node_km: Array, origin: Projection, bridges: int, people: int) -> tuple[Plan, Outline]:
    (west, south), (east, north) = node_km.min(axis=0) - BEYOND_KM, node_km.max(axis=0) + BEYOND_KM
    box = ((west, south), (east, south), (east, north), (west, north))
    reach = float(np.hypot(east - west, north - south))
    plan = Plan(
        name="sioux-falls",
        title="The network of Sioux Falls with synthetic bridges and earthquakes",
        latitude=origin.latitude,
        longitude=origin.longitude,
        area_km2=float((east - west) * (north - south)),
        buildings=BUILDINGS_PER_ZONE * network.nodes,
        components=bridges,
        events=0,
        population=people,
        zones=network.nodes,
        depots=4,
        land=(tuple((float(x), float(y)) for x, y in box),),
        cores=(Core((0.0, 0.0), 1.0, reach / 3),),
        rock_vs30_m_s=420.0,
        soft=(Soft((0.0, 0.0), reach / 3, 240.0),),
        faults=FAULTS,
        hazard=bridge_hazard(),
        mix=TOWN.mix,
        codes=TOWN.codes,
        cost_per_m2=TOWN.cost_per_m2,
    )
    return plan, Outline((np.array(box),), 1.0)
