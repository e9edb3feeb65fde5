"""Infrastructure of a metropolitan area: power, water, bridges, hospitals, communications, and who depends on whom.

The dependency graph has layers and no cycle: transmission substations feed distribution substations; those feed water plants and pumping
stations and communication facilities; hospitals need power, water and communications. Every component leans on two or three of the
nearest ones of the layer above.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..exposure import KINDS, Infrastructure
from ..geometry import Projection
from ..ground_motion import mean_z1_km
from .outline import Outline
from .plan import Plan
from .stock import scattered, vs30
from .zones import Layout, shares

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]

LAYERS: tuple[tuple[str, str, float, dict[str, float]], ...] = (
    # name, kind, share of the components, HAZUS classes with their shares
    ("transmission", "power", 0.01, {"EP.S.H.A": 0.5, "EP.S.H.U": 0.5}),
    ("substation", "power", 0.19, {"EP.S.L.A": 0.3, "EP.S.L.U": 0.3, "EP.S.M.A": 0.2, "EP.S.M.U": 0.2}),
    ("plant", "water", 0.03, {"PWT.M.A": 0.35, "PWT.M.U": 0.25, "PWT.L.A": 0.25, "PWT.L.U": 0.15}),
    ("pump", "water", 0.22, {"PPP.S.A": 0.35, "PPP.S.U": 0.65}),
    ("exchange", "communications", 0.2, {"CF.A": 0.4, "CF.U": 0.6}),
    ("hospital", "hospital", 0.03, {}),
    ("bridge", "road", 0.32, {"HWB.GS.5": 0.3, "HWB.GS.10": 0.15, "HWB.GS.17": 0.25, "HWB.GS.22": 0.15, "HWB.GS.19": 0.15}),
)
FEEDS = (
    # from, to, feeders of each, probability that the loss of a feeder is felt
    ("transmission", "substation", 2, 0.35),
    ("substation", "plant", 2, 0.35),
    ("substation", "pump", 2, 0.4),
    ("plant", "pump", 1, 0.45),
    ("substation", "exchange", 2, 0.3),
    ("substation", "hospital", 2, 0.2),
    ("pump", "hospital", 2, 0.2),
    ("exchange", "hospital", 1, 0.15),
)
HOSPITAL_TYPES = {"C2M.HC": 0.25, "C1M.MC": 0.35, "C1H.MC": 0.2, "C1M.LC": 0.2}
BEDS_PER_1000 = 3.0


def infrastructure(
    plan: Plan, land: Outline, zones: Layout, road_ends: Numbers, crossing: NDArray[np.bool_], origin: Projection, rng: Generator
) -> Infrastructure:
    """Draw the plan's number of components and their edges."""
    counts = shares(np.array([layer[2] for layer in LAYERS]), plan.components)
    layer = np.repeat(np.arange(len(LAYERS)), counts)
    people = zones.population / zones.population.sum()
    zone = rng.choice(plan.zones, len(layer), p=people)
    road = np.full(len(layer), -1)
    bridges = np.flatnonzero(layer == len(LAYERS) - 1)
    road[bridges] = _road_of_bridges(len(bridges), road_ends, crossing, rng)
    zone[bridges] = road_ends[road[bridges], rng.integers(0, 2, len(bridges))]
    place = scattered(land, zones, zone, rng)
    share = rng.uniform(0.1, 0.9, len(bridges))[:, None]
    between = share * zones.centre[road_ends[road[bridges], 0]] + (1 - share) * zones.centre[road_ends[road[bridges], 1]]
    place[bridges] = between
    classes = [list(names) or list(HOSPITAL_TYPES) for *_, names in LAYERS]
    fragilities = tuple(sorted({c for names in classes for c in names}))
    fragility = np.empty(len(layer), dtype=np.int64)
    for number, (_, _, _, shares_of) in enumerate(LAYERS):
        given = shares_of or HOSPITAL_TYPES
        here = np.flatnonzero(layer == number)
        drawn = rng.choice(len(given), len(here), p=np.array(list(given.values())))
        fragility[here] = np.array([fragilities.index(c) for c in given])[drawn]
    source, target, weight = _edges(layer, place, rng)
    latitude, longitude = origin.to_degrees(*place.T)
    soil = vs30(plan, land.scale, place, rng)
    number_in_layer = np.arange(len(layer)) - np.concatenate([[0], np.cumsum(counts)[:-1]])[layer]
    return Infrastructure(
        names=tuple(f"{LAYERS[a][0]} {n}" for a, n in zip(layer.tolist(), number_in_layer.tolist(), strict=True)),
        kind=np.array([KINDS.index(kind) for _, kind, *_ in LAYERS])[layer],
        latitude=latitude,
        longitude=longitude,
        vs30_m_s=soil,
        zone=zone,
        fragility=fragility,
        fragilities=fragilities,
        capacity=_capacity(plan, zones, layer, zone, rng),
        road=road,
        source=source,
        target=target,
        weight=weight,
        z1_km=_depth(plan, land.scale, place, soil),
    )


def _road_of_bridges(count: int, ends: Numbers, crossing: NDArray[np.bool_], rng: Generator) -> Numbers:
    """Return the road of each bridge: every crossing has one, the others are spread over all roads."""
    fixed = np.flatnonzero(crossing)[:count]
    return np.concatenate([fixed, rng.integers(0, len(ends), count - len(fixed))])


def _edges(layer: Numbers, place: Array, rng: Generator) -> tuple[Numbers, Numbers, Array]:
    names = [name for name, *_ in LAYERS]
    sources, targets, weights = [], [], []
    for feeder, fed, degree, weight in FEEDS:
        above, below = (np.flatnonzero(layer == names.index(name)) for name in (feeder, fed))
        degree = min(degree, len(above))
        if not degree or not len(below):
            continue
        nearest = cKDTree(place[above]).query(place[below], k=degree)[1].reshape(len(below), degree)
        sources.append(above[nearest].reshape(-1))
        targets.append(np.repeat(below, degree))
        weights.append(np.clip(weight * rng.uniform(0.6, 1.4, len(below) * degree), 0, 1))
    rounded: Array = np.round(np.concatenate(weights), 3).astype(float)
    return np.concatenate(sources), np.concatenate(targets), rounded


def _depth(plan: Plan, scale: float, place: Array, soil: Array) -> Array | None:
    """Return z_1 in km, deeper than the mean of the soil's Vs30 in the basin; ``None`` where there is none."""
    if plan.hazard.basin is None:
        return None
    middle = plan.soft[0]
    distance = np.linalg.norm(place - scale * np.array(middle.at), axis=1) / (2 * scale * middle.radius_km)
    return np.asarray(np.round(mean_z1_km(soil, plan.hazard.basin) + plan.basin_km * np.exp(-(distance**2)), 3), dtype=float)


def _capacity(plan: Plan, zones: Layout, layer: Numbers, zone: Numbers, rng: Generator) -> Array:
    """Return people served by each power, water and communication component of its zone, beds of each hospital, 0 for bridges."""
    out = np.zeros(len(layer))
    for number, (_, kind, *_) in enumerate(LAYERS):
        here = np.flatnonzero(layer == number)
        if kind == "hospital":
            beds = rng.lognormal(0, 0.6, len(here))
            out[here] = shares(beds, round(BEDS_PER_1000 * plan.population / 1000))
        elif kind != "road":
            out[here] = (zones.population[zone[here]] / np.bincount(zone[here], minlength=plan.zones)[zone[here]]).round(1)
    return out
