"""The town as a region: zones at its crossings, buildings, its bridges as components, two faults; what the scenario generator works on.

Everything is synthetic. A zone stands at each crossing and has a block's area; people thin out from the middle. The faults are a
strike-slip fault 6 km south of the middle (M 5.5 to 7.2, 0.012 events a year) and a thrust that dips towards the town from 25 km north
(M 6 to 7.6, 0.01 a year).
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from ..bridge_stock import Spans
from ..exposure import Exposure
from ..geometry import Projection
from ..metros.outline import Outline
from ..metros.plan import Core, Plan, Soft, Source
from ..metros.plans import TOWN
from ..metros.zones import density, shares
from ..network_region import bridge_hazard, lay_zones, network_region
from .streets import Array, Streets

ORIGIN = Projection(40.1, 31.2)
PEOPLE_PER_CROSSING = 900
BUILDINGS_PER_CROSSING = 12
DEPOTS = 4

FAULTS = (
    Source("south", ((-22.0, -8.0), (22.0, -4.5)), 90, 0, 14, "strike-slip", (5.5, 7.2), 0.012),
    Source("north", ((-30.0, 27.0), (30.0, 24.0)), 50, 1, 16, "reverse", (6.0, 7.6), 0.01),
)


def banks(streets: Streets) -> Outline:
    """Return the land: two polygons that meet in the middle of the river, two blocks beyond the outer streets."""
    river = streets.river_km
    low, high = streets.y_km.min() - 2 * streets.block_km, streets.y_km.max() + 2 * streets.block_km
    south = np.concatenate([river, [[river[-1, 0], low], [river[0, 0], low]]])
    north = np.concatenate([river, [[river[-1, 0], high], [river[0, 0], high]]])
    return Outline((south, north), 1.0)


def region(streets: Streets, spans: Spans, rng: Generator) -> Exposure:
    """Return the town as the scenario generator's region; its zones, roads and bridges are numbered as crossings, streets and spans are."""
    crossings = len(streets.names)
    reach = float(np.hypot(np.ptp(streets.x_km), np.ptp(streets.y_km)))
    soft = streets.river_km[len(streets.river_km) // 2]
    land = banks(streets)
    plan = Plan(
        name="grid-town",
        title="A synthetic town on a street grid, divided by a river",
        latitude=ORIGIN.latitude,
        longitude=ORIGIN.longitude,
        area_km2=crossings * streets.block_km**2,
        buildings=BUILDINGS_PER_CROSSING * crossings,
        components=len(spans.street),
        events=0,
        population=PEOPLE_PER_CROSSING * crossings,
        zones=crossings,
        depots=DEPOTS,
        land=tuple(tuple((float(x), float(y)) for x, y in polygon) for polygon in land.polygons),
        cores=(Core((0.0, 0.0), 1.0, reach / 3),),
        rock_vs30_m_s=420.0,
        soft=(Soft((float(soft[0]), float(soft[1])), reach / 3, 240.0),),
        faults=FAULTS,
        hazard=bridge_hazard(),
        mix=TOWN.mix,
        codes=TOWN.codes,
        cost_per_m2=TOWN.cost_per_m2,
    )
    centre: Array = np.column_stack([streets.x_km, streets.y_km])
    people = shares(density(plan, 1.0, centre), plan.population)
    zones = lay_zones(centre, streets.block_km**2, people, streets.bank)
    return network_region(plan, land, zones, streets.names, streets.ends, streets.length_km, spans, rng)
