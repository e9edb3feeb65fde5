"""The bridges over the river: where, of which Hazus class, how large, at what cost.

Costs are synthetic: a repair costs 0.25 (the cost ratio of extensive damage in Hazus) times 3,150 USD a square metre of deck, a retrofit a
share of the repair, uniform in [0.08, 0.3], so that bridges differ in what is worth doing. Classes are of two spans and more; a bridge
built from 1990 on is of the seismic class of its family.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from ...errors import InputError
from ...instances.bridges import BridgeInventory
from ..geometry import Projection
from ..hazus import component_fragilities
from .streets import Array, Mask, Numbers, Streets

USD_PER_M2 = 3_150.0
REPAIR_SHARE = 0.25
RETROFIT_SHARE = (0.08, 0.3)
YEARS = (1955, 2015)
SEISMIC_FROM = 1990
LENGTH_M = (90.0, 240.0)
WIDTH_M = {"street": 9.0, "arterial": 16.0, "one way": 8.5}
APART_KM = 0.04
"""Half the distance between two bridges of one street."""

FAMILIES: tuple[tuple[str, float, str, str], ...] = (
    # name, share, class before 1990, class from 1990 on
    ("concrete, simple spans", 0.3, "HWB.GS.5", "HWB.GS.7"),
    ("concrete, continuous", 0.15, "HWB.GS.10", "HWB.GS.11"),
    ("steel, simple spans", 0.15, "HWB.GS.12", "HWB.GS.14"),
    ("steel, continuous", 0.1, "HWB.GS.15", "HWB.GS.16"),
    ("prestressed concrete, simple spans", 0.2, "HWB.GS.17", "HWB.GS.19"),
    ("prestressed concrete, continuous", 0.1, "HWB.GS.22", "HWB.GS.23"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """B bridges: the street of each (B,), the ``links`` (B, L) that it carries, Hazus class, inventory and place in km (B, 2)."""

    street: Numbers
    links: Mask
    classes: tuple[str, ...]
    inventory: BridgeInventory
    place_km: Array


def unbridged(streets: Streets, count: int, rng: Generator) -> tuple[Mask, Numbers]:
    """Return the streets (E,) that end at the river for want of a bridge, and how many bridges each street has, (E,): 0, 1 or 2.

    Arterials come first, then streets in a drawn order; with more bridges than streets over the river, these get one for each direction
    in the same order.

    Raises
    ------
    InputError
        A number of bridges that the streets over the river cannot have.
    """
    over = np.flatnonzero(streets.crosses)
    if not 1 <= count <= 2 * len(over):
        raise InputError(f"field 'bridges': {count}: {len(over)} streets cross the river: expected 1 to {2 * len(over)} bridges")
    order = over[np.lexsort([rng.random(len(over)), ~streets.arterial[over]])]
    bridges = np.zeros(len(streets.ends), dtype=np.int64)
    np.add.at(bridges, np.concatenate([order, order])[:count], 1)
    return streets.crosses & (bridges == 0), bridges


def build(streets: Streets, bridges: Numbers, origin: Projection, rng: Generator) -> Spans:
    """Draw the bridges of streets that have ``bridges`` (E,) each, numbered by street."""
    count = len(streets.ends)
    street = np.repeat(np.arange(count), bridges)
    second = np.concatenate([[False], street[1:] == street[:-1]])
    single = bridges[street] == 1
    links = np.zeros((len(street), 2 * count), dtype=bool)
    every = np.arange(len(street))
    links[every, np.where(second, street + count, street)] = True
    links[every[single], street[single] + count] = True
    year = rng.integers(*YEARS, len(street))
    family = rng.choice(len(FAMILIES), len(street), p=[share for _, share, *_ in FAMILIES])
    classes = tuple(FAMILIES[f][2 if y < SEISMIC_FROM else 3] for f, y in zip(family.tolist(), year.tolist(), strict=True))
    length = np.round(rng.uniform(*LENGTH_M, len(street)))
    kind = np.where(single, np.where(streets.arterial[street], "arterial", "street"), "one way")
    area = length * np.array([WIDTH_M[k] for k in kind.tolist()])
    repair = np.round(REPAIR_SHARE * USD_PER_M2 * area, -3)
    place = streets.over_river_km[street] + _aside(streets, street) * np.where(single, 0, np.where(second, -1, 1))[:, None]
    latitude, longitude = origin.to_degrees(*place.T)
    set_ = component_fragilities(classes)
    names = tuple(f"b{number:02d}" for number in range(1, len(street) + 1))
    inventory = BridgeInventory(
        names=names,
        titles=tuple(
            f"{streets.street_names[e]}{'' if alone else ', one way'}: {FAMILIES[f][0]} ({c})"
            for e, alone, f, c in zip(street.tolist(), single.tolist(), family.tolist(), classes, strict=True)
        ),
        latitude=latitude,
        longitude=longitude,
        measures=("SA(1.0)",) * len(street),
        states=set_.states,
        medians_g=set_.medians,
        betas=set_.betas,
        links=tuple(tuple(np.array(streets.link_names)[row].tolist()) for row in links),
        links_below=((),) * len(street),
        years=tuple(year.tolist()),
        length_m=length,
        deck_area_m2=area,
        repair_cost=repair,
        retrofit_cost=np.round(repair * rng.uniform(*RETROFIT_SHARE, len(street)), -3),
        notes=("synthetic",),
    )
    return Spans(street, links, classes, inventory, place)


def _aside(streets: Streets, street: Numbers) -> Array:
    """Return half the way between two bridges of a street, to the right of its first direction, (B, 2) in km."""
    a, b = streets.ends[street].T
    along = np.column_stack([streets.x_km[b] - streets.x_km[a], streets.y_km[b] - streets.y_km[a]])
    along /= np.linalg.norm(along, axis=1)[:, None]
    return APART_KM * np.column_stack([along[:, 1], -along[:, 0]])
