"""The town as an instance of the retrofit model: pairs of zones on different banks, times of links by scenario.

A street is one link, but where each direction has a bridge of its own it is two. A closed link has no time, a slowed one twice its time.
Repair costs count over ``years`` of operation, so that retrofit + sum over scenarios of rate x repair is a cost over these years, not
discounted, in which rates are those of one year.
"""

from __future__ import annotations

import numpy as np

from ...errors import InputError
from ...instances import FixedRoads, Retrofit
from ...instances.fields import Source
from ...instances.retrofit import Element, Pair, Place, RetrofitUnits, RoadLink
from .closures import SLOW_TIME
from .draw import grid_town
from .paths import shortest_path
from .streets import Numbers
from .town import GridTown

PAIRS = 30
LEAST_MINUTES = 5.0
"""Pairs that are nearer have one bridge that serves them, and no detour."""

TOLERANCE = 0.1
YEARS = 50.0


def town_roads(town: GridTown, *, pairs: int = PAIRS, tolerance: float = TOLERANCE, years: float = YEARS) -> FixedRoads:
    """Return the instance with its scenarios.

    Parameters
    ----------
    town
        What :func:`.grid_town` drew.
    pairs, tolerance
        How many pairs of zones, the busiest over the river at least 5 minutes apart; each may take so much longer than the shortest
        time when all is intact.
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
    if not 0 < years < np.inf:
        raise InputError(f"field 'years': {years}: expected a positive number")
    if not 0 <= tolerance < np.inf:
        raise InputError(f"field 'tolerance': {tolerance}: expected a finite number of at least 0")
    streets, bridges, count = town.streets, town.bridges, len(town.streets.ends)
    of_link = np.where(town.carriers.any(axis=0), town.carriers.argmax(axis=0), -1)
    twin = of_link[:count] != of_link[count:]
    kept: Numbers = np.concatenate([np.arange(count), count + np.flatnonzero(twin)])
    name_of = [streets.link_names[i if i < count or twin[i - count] else i - count] for i in range(2 * count)]
    minutes = np.round(streets.free_flow_minutes, 6)
    latitude, longitude = town.region.zones.latitude, town.region.zones.longitude
    instance = Retrofit(
        format="quakeops/retrofit/1",
        name="grid-town",
        title=f"A synthetic town with {len(bridges)} bridges over a river",
        source=Source(citation="quakeops: synthetic", licence="Apache-2.0", notes=f"repair costs count over {years:g} years"),
        provenance=dict.fromkeys(("places", "links", "elements", "pairs", "scenarios"), "synthetic"),
        units=RetrofitUnits(money="USD", time="min"),
        places=[
            Place(name=n, latitude=round(float(y), 6), longitude=round(float(x), 6))
            for n, y, x in zip(streets.names, latitude, longitude, strict=True)
        ],
        elements=[
            Element(
                name=name,
                retrofit_cost=float(_given(bridges.retrofit_cost)[b]),
                repair_cost=float(years * _given(bridges.repair_cost)[b]),
                latitude=round(float(bridges.latitude[b]), 6),
                longitude=round(float(bridges.longitude[b]), 6),
            )
            for b, name in enumerate(bridges.names)
        ],
        links=[
            RoadLink(
                name=streets.link_names[i],
                ends=(streets.names[streets.tail[i]], streets.names[streets.head[i]]),
                time=float(minutes[i]),
                element=bridges.names[of_link[i]] if of_link[i] >= 0 else None,
                one_way=bool(twin[i % count]),
            )
            for i in kept.tolist()
        ],
        pairs=[_pair(town, a, b, name_of, tolerance) for a, b in town.busiest_pairs(pairs, least_minutes=LEAST_MINUTES).tolist()],
    )
    times = minutes * np.where(town.slowed, SLOW_TIME, 1.0)
    times[town.closed] = np.inf
    labels = [f"M {m:.2f}" for m in town.magnitudes.tolist()]
    return FixedRoads(instance, times[:, kept], town.rates, labels)


def grid_town_roads(num_scenarios: int, seed: int) -> FixedRoads:
    """Return the instance of the default town; of ``num_scenarios`` the first is a year without earthquake.

    Raises
    ------
    InputError
        No scenario.
    """
    if num_scenarios < 1:
        raise InputError(f"--scenarios {num_scenarios}: must be at least 1")
    drawn = town_roads(grid_town(scenarios=max(num_scenarios - 1, 1), seed=seed))
    return drawn if num_scenarios > 1 else FixedRoads(drawn.instance, drawn.block(0, 0).times, np.zeros(0), [])


def _pair(town: GridTown, start: int, end: int, name_of: list[str], tolerance: float) -> Pair:
    path = shortest_path(town.streets, town.streets.free_flow_minutes, start, end)
    if path is None:
        raise InputError(f"{town.streets.names[start]} cannot be reached from {town.streets.names[end]} even when all is intact")
    names = town.streets.names[start], town.streets.names[end]
    return Pair(
        name=f"{names[0]} to {names[1]}",
        origin=names[0],
        destination=names[1],
        path=[name_of[i] for i in path.tolist()],
        tolerance=tolerance,
    )


def _given(costs: np.ndarray | None) -> np.ndarray:
    if costs is None:
        raise InputError("the town's bridges have no costs")
    return costs
