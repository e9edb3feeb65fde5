"""Synthetic bridges: of which Hazus class, how large, at what cost.

A repair costs 0.25 (the cost ratio of extensive damage in Hazus) times 3,150 USD a square metre of deck, a retrofit a share of the repair,
uniform in [0.08, 0.3], so that bridges differ in what is worth doing. Classes are of two spans and more; a bridge built from 1990 on is of
the seismic class of its family.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..instances.arrays import Array
from ..instances.bridges import BridgeInventory
from .geometry import Projection
from .hazus import component_fragilities

USD_PER_M2 = 3_150.0
REPAIR_SHARE = 0.25
RETROFIT_SHARE = (0.08, 0.3)
YEARS = (1955, 2015)
SEISMIC_FROM = 1990
LENGTH_M = (90.0, 240.0)

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

    street: NDArray[np.int64]
    links: NDArray[np.bool_]
    classes: tuple[str, ...]
    inventory: BridgeInventory
    place_km: Array


def draw_spans(
    names: Sequence[str],
    where: Sequence[str],
    street: NDArray[np.int64],
    links: NDArray[np.bool_],
    link_names: Sequence[str],
    place_km: Array,
    width_m: Array,
    origin: Projection,
    rng: Generator,
) -> Spans:
    """Draw year, class, length and retrofit share of B bridges of given names, places and widths; ``where`` begins their titles."""
    count = len(names)
    year = rng.integers(*YEARS, count)
    family = rng.choice(len(FAMILIES), count, p=[share for _, share, *_ in FAMILIES])
    classes = tuple(FAMILIES[f][2 if y < SEISMIC_FROM else 3] for f, y in zip(family.tolist(), year.tolist(), strict=True))
    length = np.round(rng.uniform(*LENGTH_M, count))
    area = length * width_m
    repair = np.round(REPAIR_SHARE * USD_PER_M2 * area, -3)
    latitude, longitude = origin.to_degrees(*place_km.T)
    set_ = component_fragilities(classes)
    inventory = BridgeInventory(
        names=tuple(names),
        titles=tuple(f"{at}: {FAMILIES[f][0]} ({c})" for at, f, c in zip(where, family.tolist(), classes, strict=True)),
        latitude=latitude,
        longitude=longitude,
        measures=("SA(1.0)",) * count,
        states=set_.states,
        medians_g=set_.medians,
        betas=set_.betas,
        links=tuple(tuple(np.array(link_names)[row].tolist()) for row in links),
        links_below=((),) * count,
        years=tuple(year.tolist()),
        length_m=length,
        deck_area_m2=area,
        repair_cost=repair,
        retrofit_cost=np.round(repair * rng.uniform(*RETROFIT_SHARE, count), -3),
        notes=("synthetic",),
    )
    return Spans(street, links, classes, inventory, place_km)
