"""Labelled synthetic metropolitan areas: ``tokyo``, ``los-angeles``, ``istanbul``, ``chengdu``, and a ``town`` for documentation and tests.

Area, buildings, infrastructure nodes, historical events and population are exactly those of Table 1 of the ST-ERAO paper, whose data are
not public; all else is drawn, always the same, from the plans in :mod:`.plans`.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from ...errors import InputError, did_you_mean
from ..exposure import Exposure, Fault, Zones
from ..geometry import Projection
from .network import infrastructure
from .outline import Outline, outline
from .past import catalogue
from .plan import Plan, Source
from .plans import PLANS
from .relief import relief_instance
from .roads import roads
from .stock import building_stock
from .zones import lay_out

__all__ = ["metro", "metro_names", "metro_outline"]


def metro_names() -> list[str]:
    """Return the names of the packaged regions, sorted."""
    return sorted(PLANS)


@cache
def metro(name: str) -> Exposure:
    """Return a packaged region; the same at every call.

    Raises
    ------
    InputError
        Unknown name.
    """
    plan = _plan(name)
    land, rng = outline(plan), np.random.default_rng(plan.seed)
    origin = Projection(plan.latitude, plan.longitude)
    zones = lay_out(plan, land, rng)
    ends, km, crossing = roads(plan, zones)
    latitude, longitude = origin.to_degrees(*zones.centre.T)
    prefix = "".join(word[0] for word in plan.name.split("-")).upper()
    names = tuple(f"{prefix}{number:02d}" for number in range(1, plan.zones + 1))
    return Exposure(
        name=plan.name,
        title=plan.title,
        origin=origin,
        zones=Zones(names, latitude, longitude, zones.area_km2, zones.population),
        buildings=building_stock(plan, land, zones, origin, rng),
        infrastructure=infrastructure(plan, land, zones, ends, crossing, origin, rng),
        faults=tuple(_fault(source, land.scale, origin) for source in plan.faults),
        hazard=plan.hazard,
        relief=relief_instance(plan, zones, names, (latitude, longitude), ends, km),
        catalogue=catalogue(plan, land.scale, origin, rng),
    )


def metro_outline(name: str) -> Outline:
    """Return the land of a packaged region, in km about its origin, for maps."""
    return outline(_plan(name))


def _plan(name: str) -> Plan:
    if name not in PLANS:
        raise InputError(f"unknown region {name!r}{did_you_mean(name, metro_names())}; packaged: {', '.join(metro_names())}")
    return PLANS[name]


def _fault(source: Source, scale: float, origin: Projection) -> Fault:
    latitude, longitude = origin.to_degrees(*(np.array(source.trace, dtype=float) * scale).T)
    return Fault(
        name=source.name,
        trace=np.column_stack([latitude, longitude]),
        dip_degrees=source.dip_degrees,
        top_km=source.top_km,
        bottom_km=source.bottom_km,
        mechanism=source.mechanism,
        magnitudes=source.magnitudes,
        b_value=source.b_value,
        annual_rate=source.annual_rate,
    )
