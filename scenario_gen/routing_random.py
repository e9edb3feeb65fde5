"""The drawn families ``routing-random`` (8 sites) and ``routing-r101-15`` (the first 15 customers of Solomon's R101).

Both are one fixed instance whose roads are damaged by earthquakes of a metropolitan area (:mod:`.routing_roads`); casualties are known.

- ``routing-random``: sites uniform on a square of 24 km with the depot in the middle, roads at 0.5 km/min, 5 to 30 casualties, service of
  10 min and half a minute a casualty, windows of 40 to 90 min that begin within 10 to 120 min, a third of the sites ``red`` with weight 3.
- ``routing-r101-15``: R101's numbers, distances truncated to one decimal, with soft windows, beta = 1 and at most 8 vehicles.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from ..instances import Routing, load_as
from ..instances.fields import Source
from ..instances.routing_parts import Depot, Fleet, Priority, RoutingUncertainty, RoutingUnits, Site
from .routing_futures import DrawnRouting

SITES, SIDE_KM, KM_A_MINUTE, _SEED = 8, 24.0, 0.5, 23
TOWN = RoutingUncertainty(region="town", magnitude=6.5)
LOS_ANGELES = RoutingUncertainty(region="los-angeles", magnitude=7.0)


@cache
def town() -> Routing:
    """Return the instance of ``routing-random``."""
    rng = np.random.default_rng(_SEED)
    place = np.round(rng.uniform(0, SIDE_KM, (SITES, 2)), 2)
    casualties = rng.integers(5, 31, SITES)
    earliest = np.round(rng.uniform(10, 120, SITES))
    latest = earliest + np.round(rng.uniform(40, 90, SITES))
    red = np.argsort(rng.random(SITES))[: SITES // 3]
    return Routing(
        format="quakeops/routing/1",
        name="routing-random",
        title=f"{SITES} sites of a city whose roads an earthquake has damaged, drawn",
        source=Source(citation="quakeops: synthetic", licence="Apache-2.0"),
        provenance={field: "synthetic" for field in ("depot", "sites", "vehicles", "priorities", "uncertainty")},
        units=RoutingUnits(time="min", distance="km"),
        depot=Depot(name="depot", x=SIDE_KM / 2, y=SIDE_KM / 2),
        sites=[
            Site(
                name=f"site{i + 1}",
                x=float(place[i, 0]),
                y=float(place[i, 1]),
                casualties=float(casualties[i]),
                service_time=10 + 0.5 * float(casualties[i]),
                earliest=float(earliest[i]),
                latest=float(latest[i]),
                priority="red" if i in red else "yellow",
            )
            for i in range(SITES)
        ],
        speed=KM_A_MINUTE,
        vehicles=Fleet(count=4, capacity=60),
        priorities=[Priority(name="red", weight=3), Priority(name="yellow", weight=1)],
        uncertainty=TOWN,
    )


@cache
def r101() -> Routing:
    """Return the instance of ``routing-r101-15``."""
    whole = load_as(Routing, "solomon-r101-25")
    return whole.model_copy(
        update={
            "name": "routing-r101-15",
            "title": "The first 15 customers of Solomon's R101, soft windows, on roads that an earthquake has damaged",
            "provenance": {
                "depot": "published",
                "sites": "published",
                "windows": "synthetic",
                "vehicles": "synthetic",
                "uncertainty": "synthetic",
            },
            "source": whole.source.model_copy(
                update={"notes": "Soft windows, beta = 1 and 8 vehicles are ours; so is the damage of the roads."}
            ),
            "sites": whole.sites[:15],
            "vehicles": Fleet(count=8, capacity=whole.vehicles.capacity),
            "windows": "soft",
            "beta": 1.0,
            "uncertainty": LOS_ANGELES,
            "best_known": None,
        }
    )


def small(num_scenarios: int, seed: int) -> DrawnRouting:
    """Return draws of ``routing-random``."""
    return DrawnRouting(town(), num_scenarios, seed)


def r101_15(num_scenarios: int, seed: int) -> DrawnRouting:
    """Return draws of ``routing-r101-15``."""
    return DrawnRouting(r101(), num_scenarios, seed)
