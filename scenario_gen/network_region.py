"""A road network with its bridges as a region: zones at its nodes, buildings, bridges as components, faults, relief goods.

It is what the scenario generator works on. Its zones, roads and bridges are numbered as nodes, streets and bridges of the network are. The
correlation length is that of SA(1.0), the measure of bridges, after Jayaram & Baker (2009).
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..instances.arrays import Array
from .bridge_stock import Spans
from .exposure import KINDS, Exposure, Fault, Hazard, Infrastructure, Zones
from .geometry import Projection
from .metros.outline import Outline
from .metros.plan import Plan, Source
from .metros.relief import relief_instance
from .metros.stock import building_stock, vs30
from .metros.zones import Layout
from .random_field import jayaram_baker_2009

Numbers = NDArray[np.int64]


def network_region(
    plan: Plan, land: Outline, zones: Layout, names: tuple[str, ...], ends: Numbers, length_km: Array, spans: Spans, rng: Generator
) -> Exposure:
    """Return the region of a plan with zones ``names`` (N,) laid out already, streets ``ends`` (E, 2) with lengths (E,), and bridges."""
    origin = Projection(plan.latitude, plan.longitude)
    latitude, longitude = origin.to_degrees(*zones.centre.T)
    return Exposure(
        name=plan.name,
        title=plan.title,
        origin=origin,
        zones=Zones(names, latitude, longitude, zones.area_km2, zones.population),
        buildings=building_stock(plan, land, zones, origin, rng),
        infrastructure=_components(plan, ends, spans, rng),
        faults=tuple(_fault(source, origin) for source in plan.faults),
        hazard=plan.hazard,
        relief=relief_instance(plan, zones, names, (latitude, longitude), ends, length_km),
    )


def bridge_hazard() -> Hazard:
    """Return the settings of the ground motion for regions in which bridges matter."""
    correlation = jayaram_baker_2009(1.0, clustered=False)
    return Hazard(h_x_km=correlation.h_x_km, h_y_km=correlation.h_y_km)


def lay_zones(centre: Array, area_km2: float, people: Numbers, side: Numbers) -> Layout:
    """Return zones of one size at nodes (N, 2) in km: of three classes of density, the first quarter, up to 60 %, and the rest."""
    order = np.argsort(np.argsort(-people, kind="stable"))
    district = np.searchsorted(np.array([0.25, 0.6]), (order + 0.5) / len(centre)).astype(np.int64)
    return Layout(centre, np.full(len(centre), area_km2), people, district, side)


def _components(plan: Plan, ends: Numbers, spans: Spans, rng: Generator) -> Infrastructure:
    count = len(spans.street)
    classes = tuple(sorted(set(spans.classes)))
    none = np.zeros(0, dtype=np.int64)
    return Infrastructure(
        names=spans.inventory.names,
        kind=np.full(count, KINDS.index("road")),
        latitude=spans.inventory.latitude,
        longitude=spans.inventory.longitude,
        vs30_m_s=vs30(plan, 1.0, spans.place_km, rng),
        zone=ends[spans.street, 0],
        fragility=np.array([classes.index(c) for c in spans.classes], dtype=np.int64),
        fragilities=classes,
        capacity=np.zeros(count),
        road=spans.street,
        source=none,
        target=none,
        weight=np.zeros(0),
    )


def _fault(source: Source, origin: Projection) -> Fault:
    latitude, longitude = origin.to_degrees(*np.array(source.trace, dtype=float).T)
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
