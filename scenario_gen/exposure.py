"""What an earthquake may hit: zones, buildings, infrastructure and roads of a region, and the faults around it, as arrays.

Everything that a scenario needs of a region and that is no random number stands here. Numbers of buildings, components, roads and zones
are their places in these arrays; random numbers are keyed by them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..instances import Prepositioning
from .fragility import Fragility
from .geometry import Projection

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]

KINDS = ("power", "water", "road", "hospital", "communications")
"""What an infrastructure component may be; a component of kind ``road`` is a bridge of the road that it names."""

TIMES = ("night", "day", "commute")
"""Times of day of HAZUS' casualty model: 2 am, 2 pm, 5 pm."""


@dataclass(frozen=True, slots=True, eq=False)
class Zones:
    """Z zones: places in degrees, ``area_km2``, ``population`` (people)."""

    names: tuple[str, ...]
    latitude: Array
    longitude: Array
    area_km2: Array
    population: Numbers

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, slots=True, eq=False)
class Buildings:
    """B buildings. ``archetype`` numbers ``archetypes``: (HAZUS building type, code level, occupancy class).

    ``value`` is the replacement value in the region's currency, ``occupants`` (B, 3) people by :data:`TIMES`, ``zone`` the zone's number.
    """

    latitude: Array
    longitude: Array
    vs30_m_s: Array
    archetype: Numbers
    archetypes: tuple[tuple[str, str, str], ...]
    zone: Numbers
    value: Array
    occupants: Array

    def __len__(self) -> int:
        return len(self.latitude)


@dataclass(frozen=True, slots=True, eq=False)
class Infrastructure:
    """C components and the edges of their dependency graph: ``target`` depends on ``source`` with ``weight``.

    ``kind`` numbers :data:`KINDS`; ``fragility`` numbers ``fragilities``, names of ``own_classes`` or of :mod:`.hazus` classes;
    ``capacity`` is what a component gives while it works: people served (power, water, communications), beds (hospital), nothing of its
    own (road); ``road`` numbers the road that a bridge carries, -1 for other components; ``z1_km`` is the depth to 1 km/s, if known, for
    the basin term of long periods.
    """

    names: tuple[str, ...]
    kind: Numbers
    latitude: Array
    longitude: Array
    vs30_m_s: Array
    zone: Numbers
    fragility: Numbers
    fragilities: tuple[str, ...]
    capacity: Array
    road: Numbers
    source: Numbers
    target: Numbers
    weight: Array
    z1_km: Array | None = None
    own_classes: tuple[Fragility, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def of(self, kind: str) -> Numbers:
        """Return the numbers of the components of one kind."""
        return np.flatnonzero(self.kind == KINDS.index(kind))


@dataclass(frozen=True, slots=True, eq=False)
class Fault:
    """A seismic source: ``trace`` (P, 2) latitude and longitude in degrees, strike by the right-hand rule.

    Magnitudes follow a truncated Gutenberg-Richter law with slope ``b_value`` between ``magnitudes``; ``annual_rate`` counts its events of
    at least the smaller one.
    """

    name: str
    trace: Array
    dip_degrees: float
    top_km: float
    bottom_km: float
    mechanism: Literal["strike-slip", "reverse", "normal", "unspecified"]
    magnitudes: tuple[float, float]
    b_value: float
    annual_rate: float


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """Past events: ``year``, ``magnitude``, place in degrees."""

    year: Numbers
    magnitude: Array
    latitude: Array
    longitude: Array

    def __len__(self) -> int:
        return len(self.year)


@dataclass(frozen=True, slots=True)
class Hazard:
    """Settings of the ground motion: options of :func:`.ground_motion.bssa14`, correlation lengths of eq. 4, regime of the aftershocks."""

    region: Literal["global", "china-turkey", "italy-japan"] = "global"
    basin: Literal["california", "japan"] | None = None
    h_x_km: float = 40.7 / 3
    h_y_km: float = 40.7 / 3
    azimuth_deg: float = 0.0
    aftershock_regime: str = "ANSR-SHALCON"


@dataclass(frozen=True, eq=False)
class Exposure:
    """A region. ``relief`` is the pre-positioning instance on it, whose nodes are the zones and whose links are the roads."""

    name: str
    title: str
    origin: Projection
    zones: Zones
    buildings: Buildings
    infrastructure: Infrastructure
    faults: tuple[Fault, ...]
    hazard: Hazard
    relief: Prepositioning
    catalogue: Catalogue | None = None

    @cached_property
    def building_km(self) -> tuple[Array, Array]:
        """X and y of the buildings in km."""
        return self.origin.to_km(self.buildings.latitude, self.buildings.longitude)

    @cached_property
    def component_km(self) -> tuple[Array, Array]:
        """X and y of the infrastructure components in km."""
        return self.origin.to_km(self.infrastructure.latitude, self.infrastructure.longitude)
