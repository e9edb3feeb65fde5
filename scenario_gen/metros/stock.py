"""The building stock of a metropolitan area: where, of what type, on what soil, worth what, with whom inside."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..exposure import Buildings
from ..geometry import Projection
from .outline import Outline
from .plan import Plan
from .zones import Layout, shares

Array = NDArray[np.float64]

CODES = ("HC", "MC", "LC", "PC")
OLD = ("C3", "S5", "URM")
"""Types that no moderate or high code allows: HAZUS has them as LC and PC alone."""

OCCUPANCIES = (
    # class, share of the buildings, floor area as a multiple of the type's, share of the people by night, by day, at commuting time
    ("RES1", 0.46, 0.5, None, None, None),
    ("RES3", 0.4, 1.2, None, None, None),
    ("COM1", 0.05, 1.0, 0.0, 0.14, 0.1),
    ("COM4", 0.04, 2.0, 0.0, 0.2, 0.08),
    ("IND2", 0.03, 2.5, 0.01, 0.1, 0.05),
    ("EDU1", 0.012, 3.0, 0.0, 0.16, 0.03),
    ("GOV1", 0.008, 2.0, 0.0, 0.02, 0.01),
)
AT_HOME = (0.99, 0.3, 0.4)
"""Share of the people in residential buildings by night, by day, at commuting time; who is in no building is outdoors or on the road."""

LOW_RISE = ("W1", "MH", "URML", "C1L", "C3L", "RM1L")
FLOOR_AREA_M2 = {"L": 260.0, "M": 1100.0, "H": 3600.0}


def building_stock(plan: Plan, land: Outline, zones: Layout, origin: Projection, rng: Generator) -> Buildings:
    """Draw the plan's number of buildings; people by night sum to 99 % of each zone's population."""
    per_zone = shares(zones.population.astype(float) ** 0.9, plan.buildings)
    zone = np.repeat(np.arange(plan.zones), per_zone)
    place = scattered(land, zones, zone, rng)
    types = _types(plan, zones.district[zone], rng)
    codes = _codes(plan, types, rng)
    occupancies = _occupancies(types, rng)
    floor = _floor_area(types, occupancies, rng)
    kinds, archetype = np.unique(np.column_stack([types, codes, occupancies]), axis=0, return_inverse=True)
    latitude, longitude = origin.to_degrees(*place.T)
    return Buildings(
        latitude=latitude,
        longitude=longitude,
        vs30_m_s=vs30(plan, land.scale, place, rng),
        archetype=archetype.reshape(-1),
        archetypes=tuple((str(t), str(c), str(o)) for t, c, o in kinds),
        zone=zone,
        value=np.round(floor * plan.cost_per_m2 * rng.lognormal(0, 0.2, len(floor)), -2),
        occupants=_occupants(zones, zone, occupancies, floor),
    )


def scattered(land: Outline, zones: Layout, zone: NDArray[np.int64], rng: Generator) -> Array:
    """Scatter places (n, 2) around their zones' centres, on the zone's own piece of land.

    What falls into the water is drawn again, nearer to the centre.
    """
    spread = 0.55 * np.sqrt(zones.area_km2 / np.pi)
    place = zones.centre[zone].copy()
    left = np.arange(len(zone))
    for attempt in range(8):
        drawn = zones.centre[zone[left]] + rng.standard_normal((len(left), 2)) * (spread[zone[left]] * 0.8**attempt)[:, None]
        dry = land.side(drawn) == zones.side[zone[left]]
        place[left[dry]] = drawn[dry]
        left = left[~dry]
    return place


def vs30(plan: Plan, scale: float, place: Array, rng: Generator) -> Array:
    """Return Vs30 in m/s: the plan's rock, softer near its soft places, with 12 % of scatter."""
    log = np.full(len(place), np.log(plan.rock_vs30_m_s))
    for soft in plan.soft:
        distance = np.linalg.norm(place - scale * np.array(soft.at), axis=1) / (scale * soft.radius_km)
        log += np.minimum(0, np.log(soft.vs30_m_s) - log) * np.exp(-(distance**2))
    return np.asarray(np.round(np.clip(np.exp(log + 0.12 * rng.standard_normal(len(log))), 150, 1100), 1))


def _types(plan: Plan, district: NDArray[np.int64], rng: Generator) -> NDArray[np.str_]:
    out = np.empty(len(district), dtype="U5")
    for number, mix in enumerate(plan.mix):
        here = np.flatnonzero(district == number)
        p = np.array(list(mix.values()))
        out[here] = rng.choice(list(mix), len(here), p=p / p.sum())
    return out


def _codes(plan: Plan, types: NDArray[np.str_], rng: Generator) -> NDArray[np.str_]:
    p = np.array(plan.codes)
    out = rng.choice(CODES, len(types), p=p / p.sum())
    old = np.zeros(len(types), dtype=bool)
    for prefix in OLD:
        old |= np.char.startswith(types, prefix)
    return np.where(old, rng.choice(CODES[2:], len(types), p=p[2:] / p[2:].sum()), out)


def _occupancies(types: NDArray[np.str_], rng: Generator) -> NDArray[np.str_]:
    p = np.array([o[1] for o in OCCUPANCIES])
    out = rng.choice([o[0] for o in OCCUPANCIES], len(types), p=p / p.sum())
    low = np.isin(types, LOW_RISE)
    out = np.where((out == "RES1") & ~low, "RES3", out)
    return np.where(types == "MH", "RES2", out)


def _floor_area(types: NDArray[np.str_], occupancies: NDArray[np.str_], rng: Generator) -> Array:
    by_type = np.full(len(types), FLOOR_AREA_M2["L"])
    for rise in ("M", "H"):
        tall = np.char.endswith(types, rise) & ~np.isin(types, ("MH",))
        by_type[tall] = FLOOR_AREA_M2[rise]
    factor = dict.fromkeys(("RES2",), 0.3) | {o[0]: o[2] for o in OCCUPANCIES}
    return np.asarray(by_type * np.vectorize(factor.__getitem__, otypes=[float])(occupancies) * rng.lognormal(0, 0.35, len(types)))


def _occupants(zones: Layout, zone: NDArray[np.int64], occupancies: NDArray[np.str_], floor: Array) -> Array:
    """Return people (n, 3): residents by floor area of their zone's homes, workers and pupils by floor area of all their buildings."""
    home = np.char.startswith(occupancies, "RES")
    at_home = np.where(home, floor, 0.0)
    share = at_home / np.maximum(np.bincount(zone, at_home, len(zones.population)), 1e-9)[zone]
    out = np.outer(share * zones.population[zone], AT_HOME)
    everyone = zones.population.sum()
    for name, _, _, *parts in OCCUPANCIES:
        if parts[1] is not None:
            here = occupancies == name
            out[here] = np.outer(floor[here] / floor[here].sum(), np.array(parts) * everyone) if here.any() else 0
    return np.round(out, 2)
