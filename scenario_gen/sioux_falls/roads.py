"""Sioux Falls as an instance of the retrofit model: a published network and its trips, **with synthetic bridges and earthquakes**.

Network, trips and coordinates are those of LeBlanc, Morlok & Pierskalla (1975) in the collection TransportationNetworks, read from a folder
that the user names. Times are in the unit of the file, which states none. Pairs are the zones with the most trips that no street joins.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...instances import Retrofit
from ...instances.arrays import Array
from ...instances.fields import Source
from ...instances.retrofit import RetrofitUnits
from ...instances.road_network import RoadNetwork
from ...instances.tntp import find_tntp, read_network, read_trips
from ...instances.traffic_roads import TrafficRoads
from ..bridge_quakes import draw_quakes
from ..grid_town.closures import SLOW_CAPACITY, SLOW_TIME, element_states
from ..retrofit_parts import bridge_elements, one_way_links, pairs_between, places_at
from ..traffic import user_equilibrium
from ..traffic_roads import REL_GAP, traffic_roads
from .region import bridged_region, link_names, node_names

NAME = "sioux-falls"
SOURCE = Source(
    citation=(
        "network and trips: L. J. LeBlanc, E. K. Morlok and W. P. Pierskalla, Transportation Research 9(5), 309-318, 1975, from "
        "https://github.com/bstabler/TransportationNetworks; bridges, their costs and earthquakes: quakeops, synthetic"
    ),
    doi="10.1016/0041-1647(75)90030-1",
    licence="network and trips: for academic research purposes only, not part of quakeops; the rest Apache-2.0",
)
NOTES = "Bridges, costs, faults and earthquakes are synthetic. Repair costs count over {years:g} years."
PROVENANCE = {"places": "published", "links": "published", "links.time": "reconstructed", "elements": "synthetic"}


def sioux_falls(
    folder: str | Path | None = None,
    *,
    scenarios: int = 50,
    seed: int = 0,
    bridges: int = 20,
    pairs: int = 20,
    tolerance: float = 0.2,
    years: float = 50.0,
) -> TrafficRoads:
    """Return the instance with its scenarios: a year without earthquake, and earthquakes that damage its synthetic bridges.

    Parameters
    ----------
    folder
        Where the TNTP files are, as in :func:`quakeops.instances.tntp.find_tntp`; by default the environment variable ``QUAKEOPS_TNTP``.
    scenarios, seed
        How many earthquakes, and their seed; scenario k depends on (seed, k) alone.
    bridges
        How many streets are bridges, those with the largest equilibrium flow.
    pairs, tolerance
        How many pairs of zones; each may take so much longer than the shortest time when all is intact.
    years
        Years of operation over which repairs are paid.

    Raises
    ------
    InputError
        No folder, or files that are missing or malformed; a number out of range.
    """
    network, trips = _read(folder)
    region, spans = bridged_region(network, trips, user_equilibrium(network, trips, rel_gap=REL_GAP).flow, bridges)
    places, count = node_names(network), len(spans.inventory)
    skeleton = Retrofit(
        format="quakeops/retrofit/1",
        name=NAME,
        title=f"The network of Sioux Falls with {count} synthetic bridges and synthetic earthquakes",
        source=SOURCE.model_copy(update={"notes": NOTES.format(years=years)}),
        provenance=PROVENANCE | dict.fromkeys(("pairs", "scenarios"), "synthetic"),
        units=RetrofitUnits(money="USD", time="unit of the file"),
        places=places_at(places, region.zones.latitude, region.zones.longitude),
        elements=bridge_elements(spans.inventory, years),
        links=one_way_links(network, places, link_names(network), spans.inventory),
        pairs=pairs_between(places, far_pairs(network, trips, pairs), tolerance),
    )
    drawn = draw_quakes(region, scenarios, seed)
    labels = [f"M {m:.2f}" for m in drawn.magnitudes.tolist()]
    states = element_states(drawn.states)
    return traffic_roads(skeleton, network, trips, states, drawn.rates, labels, slow_time=SLOW_TIME, slow_capacity=SLOW_CAPACITY)


def sioux_falls_roads(num_scenarios: int, seed: int) -> TrafficRoads:
    """Return the instance; of ``num_scenarios`` the first is a year without earthquake. Raises as :func:`sioux_falls` does."""
    if num_scenarios < 1:
        raise InputError(f"--scenarios {num_scenarios}: must be at least 1")
    drawn = sioux_falls(scenarios=max(num_scenarios - 1, 1), seed=seed)
    return drawn if num_scenarios > 1 else drawn.quiet()


def far_pairs(network: RoadNetwork, trips: Array, count: int) -> NDArray[np.int64]:
    """Return the pairs of zones (origin, destination) with the most trips that no link joins, the busiest first, (count, 2).

    Raises
    ------
    InputError
        More pairs than there are, or fewer than one.
    """
    joined = np.eye(network.nodes, dtype=bool)
    joined[network.tail, network.head] = True
    apart = ~joined[: network.zones, : network.zones] & (trips > 0)
    if not 1 <= count <= int(apart.sum()):
        raise InputError(f"field 'pairs': {count}: expected 1 to {int(apart.sum())}, the pairs of zones with trips and no street between")
    order = np.argsort(-np.where(apart, trips, 0.0), axis=None, kind="stable")[:count]
    return np.column_stack(np.unravel_index(order, trips.shape))


def _read(folder: str | Path | None) -> tuple[RoadNetwork, Array]:
    files = find_tntp(NAME, folder)
    for what, found in (("trips", files.trips), ("node", files.nodes)):
        if found is None:
            raise InputError(f"{files.network.parent}: no file *_{what}.tntp, which instance {NAME!r} needs")
    network = read_network(files.network, nodes=files.nodes)
    return network, read_trips(files.trips or "", network.zones)
