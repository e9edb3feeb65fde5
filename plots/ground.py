"""Where the zones of a scenario set lie: places in km about the region's origin, and its land where the region is a packaged one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..scenario_gen.geometry import Projection
from ..scenario_gen.metros import metro, metro_names, metro_outline
from ..scenario_gen.scenario_set import instance_of

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

LONELY_KM = 10.0
"""Radius drawn around the zone of a region that has but one and no outline."""


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """A region's ground: ``zone_km`` (Z, 2) east and north of ``origin``; ``land`` polygons in km, none for a user's own region."""

    region: str
    origin: Projection
    zones: tuple[str, ...]
    zone_km: Array
    land: tuple[Array, ...]

    @property
    def synthetic(self) -> bool:
        """Whether this is a packaged region, all of which are synthetic."""
        return bool(self.land)

    @property
    def reach_km(self) -> float:
        """How far a zone is drawn where no outline bounds it: 0.8 of the median distance between neighbouring zones."""
        if len(self.zone_km) < 2:
            return LONELY_KM
        apart = np.linalg.norm(self.zone_km[:, None] - self.zone_km[None], axis=2)
        np.fill_diagonal(apart, np.inf)
        return 0.8 * float(np.median(apart.min(axis=1))) or LONELY_KM

    @property
    def rim_km(self) -> Array:
        """Points (n, 2) along the shores, or, where no outline is known, around the zones as they are drawn."""
        if not self.land:
            angle = np.linspace(0, 2 * np.pi, 60)
            circle = self.reach_km * np.column_stack([np.cos(angle), np.sin(angle)])
            return (self.zone_km[:, None] + circle).reshape(-1, 2)
        share = np.linspace(0, 1, 50)[:, None, None]
        rings = [(a + share * (np.roll(a, -1, axis=0) - a)).reshape(-1, 2) for a in self.land]
        return np.concatenate(rings)

    @property
    def corners_km(self) -> Array:
        """Points (n, 2) that a map of the whole region must show."""
        if self.land:
            return np.concatenate(self.land)
        return np.concatenate([self.zone_km - self.reach_km, self.zone_km + self.reach_km])


def ground_of(data: xr.Dataset) -> Ground:
    """Return the ground of a scenario set.

    Raises
    ------
    InputError
        The set carries no instance, which gives the places of the zones.
    """
    nodes = instance_of(data, "scenario set").nodes
    names = tuple(n.name for n in nodes)
    latitude, longitude = np.array([n.latitude for n in nodes]), np.array([n.longitude for n in nodes])
    region = str(data.attrs.get("region", ""))
    if region in metro_names() and metro(region).zones.names == names and np.allclose(metro(region).zones.latitude, latitude):
        origin, land = metro(region).origin, metro_outline(region).polygons
    else:
        origin, land = Projection(float(latitude.mean()), float(longitude.mean())), ()
    return Ground(region, origin, names, np.column_stack(origin.to_km(latitude, longitude)), land)
