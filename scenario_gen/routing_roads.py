r"""Roads between the places of a routing instance under earthquakes of a region: ground motion, bridges, slowed and closed roads.

The places are mapped onto the region: scaled alike in x and y until they fill the box around its zones in one direction, and put in its
middle. A road runs straight between each two of N places, with a bridge halfway. In scenario k, from (seed, k) alone, an event of the
region's faults shakes the bridges with SA(1.0) of BSSA14 on the soil of the nearest building,

    ln SA_r = mu_r + tau eta + phi z_r,                                                                                   (1)

z a field with the region's correlation; the bridge's Hazus class, a fixed draw, and one normal number give its damage state. The road's
time is multiplied by 1 up to slight damage, 2 with moderate damage (half the speed), 4 from extensive damage on: the bridge is closed,
and local roads lead around it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..errors import InputError
from ..instances import Routing
from ..instances.arrays import Array
from ..instances.routing_arrays import plane_places
from .bridge_stock import FAMILIES
from .events import EventModel
from .exposure import Exposure
from .ground_motion import prepare
from .hazus import component_fragilities
from .keyed import keyed_normals
from .random_field import CholeskySampler, Correlation, FieldSampler
from .regions import open_region
from .ruptures import rjb_km
from .streams import Stream

FACTORS = np.array([1.0, 1.0, 2.0, 4.0, 4.0])
"""What damage states none, slight, moderate, extensive, complete of its bridge multiply a road's time by (ours)."""

MOST_EXACT = 3_000
"""Bridges up to this many have an exactly correlated field; more have one by circulant embedding."""

_CLASSES_SEED = 5


class RoadQuakes:
    """Factors of the roads of an instance under earthquakes; scenario k depends on (seed, k) alone.

    Raises
    ------
    InputError
        An unknown region, an instance without coordinates or with all places in one point, a negative seed.
    """

    def __init__(self, instance: Routing, region: str, *, seed: int, magnitude: float | None = None):
        exposure = open_region(region)
        places = placed_km(instance, exposure)
        self.seed, self._nodes = seed, len(places)
        self._tail, self._head = np.triu_indices(self._nodes, 1)
        self.middle_km = (places[self._tail] + places[self._head]) / 2
        """Where the bridges are (R, 2), km east and north of the region's origin."""
        self._place, self._site = np.unique(np.round(self.middle_km, 6), axis=0, return_inverse=True)
        nearest = cKDTree(np.column_stack(exposure.building_km)).query(self._place)[1]
        hazard = exposure.hazard
        self._terms = prepare(exposure.buildings.vs30_m_s[nearest], imt="SA(1.0)", region=hazard.region)
        self._events = EventModel(exposure, magnitude=magnitude)
        sampler = CholeskySampler if len(self._place) <= MOST_EXACT else FieldSampler
        self._field = sampler(Correlation(hazard.h_x_km, hazard.h_y_km, hazard.azimuth_deg), *self._place.T, seed=seed)
        self.classes = _classes(len(self._site))
        """Hazus class of each bridge (R,)."""
        self._bridges = component_fragilities(self.classes).at(np.arange(len(self._site)))

    def block(self, start: int, stop: int) -> tuple[NDArray[np.int8], Array]:
        """Return damage states (B, R) of the bridges, 0 none to 4 complete, and magnitudes (B,), of scenarios ``start, ..., stop - 1``.

        Roads are in the order (0, 1), (0, 2), ..., (1, 2), ...
        """
        states, magnitudes = np.empty((stop - start, len(self._site)), dtype=np.int8), np.empty(stop - start)
        for b, z in enumerate(self._field.block(start, stop)):
            event = self._events.draw(self.seed, start + b, 1.0)
            magnitudes[b] = event.rupture.magnitude
            mean, tau, phi = self._terms.at(event.rupture.magnitude, rjb_km(event.rupture, *self._place.T), event.rupture.mechanism)
            ln_sa = (mean + tau * event.eta + phi * z)[self._site]
            states[b] = self._bridges.sample_states(ln_sa, keyed_normals(self.seed, start + b, Stream.COMPONENT_STATE, len(ln_sa)))
        return states, magnitudes

    def factors(self, states: NDArray[np.int8]) -> Array:
        """Return what multiplies the time between each two places (B, N, N), both ways alike, for damage states (B, R)."""
        out = np.ones((len(states), self._nodes, self._nodes))
        out[:, self._tail, self._head] = out[:, self._head, self._tail] = FACTORS[states]
        return out


def placed_km(instance: Routing, exposure: Exposure) -> Array:
    """Return the places (N, 2) of an instance on the region, in km from its origin; raises as :class:`RoadQuakes` does."""
    places = plane_places(instance)
    reach = np.ptp(places, axis=0)
    if not (np.isfinite(places).all() and reach.max() > 0):
        raise InputError(f"instance {instance.name!r}: drawn roads need coordinates of the depot and all sites, not all the same")
    zones = np.column_stack(exposure.origin.to_km(exposure.zones.latitude, exposure.zones.longitude))
    with np.errstate(divide="ignore"):
        scale = (np.ptp(zones, axis=0) / reach).min()
    middle = (places.min(axis=0) + places.max(axis=0)) / 2
    return np.asarray((places - middle) * scale + (zones.min(axis=0) + zones.max(axis=0)) / 2)


def _classes(count: int) -> tuple[str, ...]:
    """Return the Hazus classes of bridges: those of each family built before 1990, by the family's share."""
    share = np.array([s for _, s, *_ in FAMILIES])
    drawn = np.random.default_rng(_CLASSES_SEED).choice(len(FAMILIES), count, p=share / share.sum())
    return tuple(FAMILIES[f][2] for f in drawn.tolist())
