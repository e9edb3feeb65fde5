"""The town as a region: zones at its crossings, buildings, its bridges as components, two faults; what the scenario generator works on.

Everything is synthetic. A zone stands at each crossing and has a block's area; people thin out from the middle. The faults are a
strike-slip fault 6 km south of the middle (M 5.5 to 7.2, 0.012 events a year) and a thrust that dips towards the town from 25 km north
(M 6 to 7.6, 0.01 a year). The correlation length is that of SA(1.0), the measure of bridges, after Jayaram & Baker (2009).
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from ..exposure import KINDS, Exposure, Fault, Hazard, Infrastructure, Zones
from ..geometry import Projection
from ..metros.outline import Outline
from ..metros.plan import Core, Plan, Soft, Source
from ..metros.plans import TOWN
from ..metros.relief import relief_instance
from ..metros.stock import building_stock, vs30
from ..metros.zones import Layout, density, shares
from ..random_field import jayaram_baker_2009
from .spans import Spans
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
        hazard=_hazard(),
        mix=TOWN.mix,
        codes=TOWN.codes,
        cost_per_m2=TOWN.cost_per_m2,
    )
    zones = _zones(plan, streets)
    latitude, longitude = ORIGIN.to_degrees(*zones.centre.T)
    return Exposure(
        name=plan.name,
        title=plan.title,
        origin=ORIGIN,
        zones=Zones(streets.names, latitude, longitude, zones.area_km2, zones.population),
        buildings=building_stock(plan, land, zones, ORIGIN, rng),
        infrastructure=_components(plan, streets, spans, rng),
        faults=tuple(_fault(source) for source in plan.faults),
        hazard=plan.hazard,
        relief=relief_instance(plan, zones, streets.names, (latitude, longitude), streets.ends, streets.length_km),
    )


def _hazard() -> Hazard:
    correlation = jayaram_baker_2009(1.0, clustered=False)
    return Hazard(h_x_km=correlation.h_x_km, h_y_km=correlation.h_y_km)


def _zones(plan: Plan, streets: Streets) -> Layout:
    centre: Array = np.column_stack([streets.x_km, streets.y_km])
    people = shares(density(plan, 1.0, centre), plan.population)
    order = np.argsort(np.argsort(-people, kind="stable"))
    district = np.searchsorted(np.array([0.25, 0.6]), (order + 0.5) / len(centre)).astype(np.int64)
    return Layout(centre, np.full(len(centre), streets.block_km**2), people, district, streets.bank)


def _components(plan: Plan, streets: Streets, spans: Spans, rng: Generator) -> Infrastructure:
    count = len(spans.street)
    classes = tuple(sorted(set(spans.classes)))
    none = np.zeros(0, dtype=np.int64)
    return Infrastructure(
        names=spans.inventory.names,
        kind=np.full(count, KINDS.index("road")),
        latitude=spans.inventory.latitude,
        longitude=spans.inventory.longitude,
        vs30_m_s=vs30(plan, 1.0, spans.place_km, rng),
        zone=streets.ends[spans.street, 0],
        fragility=np.array([classes.index(c) for c in spans.classes], dtype=np.int64),
        fragilities=classes,
        capacity=np.zeros(count),
        road=spans.street,
        source=none,
        target=none,
        weight=np.zeros(0),
    )


def _fault(source: Source) -> Fault:
    latitude, longitude = ORIGIN.to_degrees(*np.array(source.trace, dtype=float).T)
    trace = np.column_stack([latitude, longitude])
    return Fault(
        source.name,
        trace,
        source.dip_degrees,
        source.top_km,
        source.bottom_km,
        source.mechanism,
        source.magnitudes,
        source.b_value,
        source.annual_rate,
    )
