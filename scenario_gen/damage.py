"""What the shaking of a scenario does to the buildings and components of a region, by zone, road, bridge and hospital.

Damage states are sampled building by building (eq. 6 of the ST-ERAO paper with one standard normal capacity each); losses and casualties
are then those of the state reached (eq. 10-11 with P(DS = ds) 0 or 1). Sums over a zone need only how much of value, people and number
stands in each (zone, archetype, state).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .exposure import TIMES, Exposure
from .hazus import building_fragilities, component_fragilities
from .keyed import keyed_normals
from .losses import casualty_rates, loss_ratios
from .needs import displaced_shares
from .shaking import Shaken, Shaking
from .streams import Stream

Array = NDArray[np.float64]

NUM_STATES = 5
LOST_FROM = 3
"""A component loses its function at extensive damage (state 3); what it loses to others is the cascade's business."""

DEPOT = ("S3", "MC")
"""HAZUS type and code level of a depot: a light metal frame."""

USABLE_STOCK = np.array([1.0, 0.95, 0.8, 0.4, 0.0])
"""Usable fraction of a depot's stock by its damage state (ours)."""

USABLE_BEDS = np.array([1.0, 0.9, 0.5, 0.0, 0.0])
"""Usable fraction of a hospital's beds by its damage state (ours)."""

BRIDGE_CAPACITY = np.array([1.0, 0.7, 0.3, 0.02, 0.0])
"""Capacity of a road over a bridge by its damage state: HAZUS' restoration of highway bridges at day 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Damage:
    """One scenario: see :data:`.scenario_set.VARIABLES`; ``failed`` (C,) tells which components are physically out of order."""

    pga: Array
    buildings: Array
    loss: Array
    casualties: Array
    displaced: Array
    depot_usable: Array
    bridge_state: NDArray[np.int8]
    component_state: NDArray[np.int8]
    failed: NDArray[np.bool_]


class DamageModel:
    """Damage of a region; ``time_of_day`` says where people are. Threads may share it."""

    def __init__(self, exposure: Exposure, shaking: Shaking, time_of_day: str):
        buildings, components = exposure.buildings, exposure.infrastructure
        self._exposure, self._shaking = exposure, shaking
        self._num_buildings, self._zones = len(buildings), len(exposure.zones)
        self._archetypes = len(buildings.archetypes)
        types = [(t, c) for t, c, _ in buildings.archetypes] + [DEPOT]
        depots = np.full(self._zones, self._archetypes)
        self._thresholds = building_fragilities(types).at(np.concatenate([buildings.archetype, depots]))
        self._components = component_fragilities(components.fragilities, components.own_classes).at(components.fragility)
        self._bridges = shaking.bridges
        self._group = (buildings.zone * self._archetypes + buildings.archetype) * NUM_STATES
        self._value, self._night = buildings.value, buildings.occupants[:, 0]
        self._people = buildings.occupants[:, TIMES.index(time_of_day)]
        occupancies = [o for *_, o in buildings.archetypes]
        self._loss_ratio = loss_ratios(occupancies)
        self._casualty_rate = casualty_rates(types[:-1])
        self._displaced = displaced_shares(occupancies)
        self._in_zone = np.maximum(np.bincount(buildings.zone, minlength=self._zones), 1)

    def of(self, k: int, shaken: Shaken) -> Damage:
        """Return the damage of scenario ``k``."""
        seed, n, depots = self._shaking.seed, self._num_buildings, self._num_buildings + self._zones
        ln_pga = shaken.ln_pga
        capacity = keyed_normals(seed, k, Stream.BUILDING_STATE, depots)
        states = self._thresholds.sample_states(ln_pga[:depots], capacity)
        group = self._group + states[:n]
        size = self._zones * self._archetypes * NUM_STATES

        def in_groups(weights: Array | None) -> Array:
            return np.bincount(group, weights, size).reshape(self._zones, self._archetypes, NUM_STATES).astype(float)

        ln_im = ln_pga[depots:].copy()
        ln_im[self._bridges] = shaken.ln_sa
        normals = keyed_normals(seed, k, Stream.COMPONENT_STATE, len(ln_im))
        component = self._components.sample_states(ln_im, normals)
        mean_ln = np.bincount(self._exposure.buildings.zone, ln_pga[:n], self._zones) / self._in_zone
        return Damage(
            pga=np.exp(mean_ln),
            buildings=in_groups(None).sum(axis=1),
            loss=np.einsum("zas,as->z", in_groups(self._value), self._loss_ratio),
            casualties=np.einsum("zas,asv->zv", in_groups(self._people), self._casualty_rate),
            displaced=np.einsum("zas,as->z", in_groups(self._night), self._displaced),
            depot_usable=USABLE_STOCK[states[n:]],
            bridge_state=component[self._bridges],
            component_state=component,
            failed=component >= LOST_FROM,
        )
