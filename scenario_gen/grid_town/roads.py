"""The town as an instance of the retrofit model: pairs of zones on different banks, times of links under traffic, by scenario.

Each direction of a street is a link of its own. Repair costs count over ``years`` of operation, so that retrofit + sum over scenarios of
rate x repair is a cost over these years, not discounted, in which rates are those of one year.
"""

from __future__ import annotations

from ...errors import InputError
from ...instances import Retrofit
from ...instances.fields import Source
from ...instances.retrofit import RetrofitUnits
from ...instances.traffic_roads import TrafficRoads
from ..retrofit_parts import bridge_elements, one_way_links, pairs_between, places_at
from ..traffic_roads import traffic_roads
from .closures import SLOW_CAPACITY, SLOW_TIME, element_states
from .draw import grid_town
from .town import GridTown

PAIRS = 30
LEAST_MINUTES = 5.0
"""Pairs that are nearer have one bridge that serves them, and no detour."""

TOLERANCE = 0.1
YEARS = 50.0


def town_roads(town: GridTown, *, pairs: int = PAIRS, tolerance: float = TOLERANCE, years: float = YEARS) -> TrafficRoads:
    """Return the instance with its scenarios: minutes at the user equilibrium, as :func:`.traffic_roads` says; trips in vehicles an hour.

    Parameters
    ----------
    town
        What :func:`.grid_town` drew.
    pairs, tolerance
        How many pairs of zones, the busiest over the river at least 5 minutes apart without traffic; each may take so much longer than the
        shortest time when all is intact.
    years
        Years of operation over which repairs are paid.

    Raises
    ------
    InputError
        A number out of range.

    Examples
    --------
    >>> source = town_roads(grid_town(scenarios=10), pairs=5)
    >>> source.num_scenarios, len(source.instance.elements), source.instance.pairs[0].name  # ten, and a year without earthquake
    (11, 20, 'C7 to D4')
    """
    streets, bridges, network = town.streets, town.bridges, town.road_network()
    skeleton = Retrofit(
        format="quakeops/retrofit/1",
        name="grid-town",
        title=f"A synthetic town with {len(bridges)} bridges over a river",
        source=Source(citation="quakeops: synthetic", licence="Apache-2.0", notes=f"repair costs count over {years:g} years"),
        provenance=dict.fromkeys(("places", "links", "elements", "pairs", "scenarios"), "synthetic"),
        units=RetrofitUnits(money="USD", time="min"),
        places=places_at(streets.names, town.region.zones.latitude, town.region.zones.longitude),
        elements=bridge_elements(bridges, years),
        links=one_way_links(network, streets.names, streets.link_names, bridges),
        pairs=pairs_between(streets.names, town.busiest_pairs(pairs, least_minutes=LEAST_MINUTES), tolerance),
    )
    labels = [f"M {m:.2f}" for m in town.magnitudes.tolist()]
    states = element_states(town.states)
    return traffic_roads(skeleton, network, town.trips, states, town.rates, labels, slow_time=SLOW_TIME, slow_capacity=SLOW_CAPACITY)


def grid_town_roads(num_scenarios: int, seed: int) -> TrafficRoads:
    """Return the instance of the default town; of ``num_scenarios`` the first is a year without earthquake.

    Raises
    ------
    InputError
        No scenario.
    """
    if num_scenarios < 1:
        raise InputError(f"--scenarios {num_scenarios}: must be at least 1")
    drawn = town_roads(grid_town(scenarios=max(num_scenarios - 1, 1), seed=seed))
    return drawn if num_scenarios > 1 else drawn.quiet()
