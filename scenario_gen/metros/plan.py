"""What the synthetic metropolitan areas are drawn from: outline, cores, soil, faults, building mix and the totals that must come out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..exposure import Hazard

Point = tuple[float, float]
"""x (east) and y (north) of the origin in km."""

DISTRICTS = ("core", "inner", "outer")
"""Classes of zones by density of people; each has its own building mix."""


@dataclass(frozen=True, slots=True)
class Core:
    """A centre of settlement: people thin out from it over ``spread_km``."""

    at: Point
    weight: float
    spread_km: float


@dataclass(frozen=True, slots=True)
class Soft:
    """A place of soft soil: Vs30 falls to ``vs30_m_s`` within ``radius_km``."""

    at: Point
    radius_km: float
    vs30_m_s: float


@dataclass(frozen=True, slots=True)
class Source:
    """A fault by its ``trace`` in km; strike by the right-hand rule, so that it dips to the right of the way along the trace."""

    name: str
    trace: tuple[Point, ...]
    dip_degrees: float
    top_km: float
    bottom_km: float
    mechanism: Literal["strike-slip", "reverse", "normal"]
    magnitudes: tuple[float, float]
    annual_rate: float
    b_value: float = 0.9


@dataclass(frozen=True, slots=True)
class Plan:
    """A metropolitan area to be drawn. The outline's shape is kept and its size changed so that the land is ``area_km2``.

    ``land`` are polygons that water divides; ``crossings`` of the water between them carry roads. ``mix`` gives the share of each HAZUS
    building type by district class, ``codes`` the share of code levels HC, MC, LC, PC. ``cost_per_m2`` in USD. ``basin_km`` is how much
    deeper than the mean of its Vs30 rock lies under the first soft place (z_1 of the ground motion's basin term).
    """

    name: str
    title: str
    latitude: float
    longitude: float
    area_km2: float
    buildings: int
    components: int
    events: int
    population: int
    zones: int
    depots: int
    land: tuple[tuple[Point, ...], ...]
    cores: tuple[Core, ...]
    rock_vs30_m_s: float
    soft: tuple[Soft, ...]
    faults: tuple[Source, ...]
    hazard: Hazard
    mix: tuple[dict[str, float], dict[str, float], dict[str, float]]
    codes: tuple[float, float, float, float]
    cost_per_m2: float
    crossings: int = 2
    basin_km: float = 0.0
    seed: int = 2026
