"""Shaking of a region in each scenario: PGA at buildings, depots and components, SA(1.0) at bridges, aftershocks included.

    ln IM_j = mu_j + eta + eps_j                                                                         (eq. 1 of the ST-ERAO paper)

with mu, tau, phi of BSSA14, eta = tau e and eps = phi z, where z is a correlated N(0, 1) field (eq. 3-4). At bridges, SA(1.0) has the
residuals rho z + sqrt(1 - rho^2) z' with a second field z' of the same correlation, rho from Baker & Jayaram (2008); so has eta. Sites are
numbered: buildings, then a depot in the middle of each zone, then infrastructure components (bridges among them).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .aftershocks import aftershock_sequence
from .cross_correlation import baker_jayaram_2008
from .events import Event, EventModel
from .exposure import Exposure
from .ground_motion import SiteTerms, prepare
from .random_field import Correlation, FieldSampler
from .ruptures import Rupture, place_within, rjb_km
from .streams import derived_seed

Array = NDArray[np.float64]

HORIZON_DAYS = 3.0
SMALLEST_AFTERSHOCK = 5.0
SECOND_FIELD = 1
"""What the second field's seed is derived for."""


@dataclass(frozen=True, slots=True, eq=False)
class Shaken:
    """A scenario's event and ln of what it does to the sites: PGA in g (n,), SA(1.0) in g at the bridges; the aftershocks in it."""

    event: Event
    ln_pga: Array
    ln_sa: Array
    aftershocks: int


class Shaking:
    """Draws the shaking of scenarios; threads may share it.

    With ``aftershocks``, those of magnitude 5 and more within 72 h are added, each with its own eta and field. Capacities do not fall with
    repeated shaking, so that the largest shaking of a site decides, and the larger of the values is returned.
    """

    def __init__(self, exposure: Exposure, events: EventModel, *, seed: int, aftershocks: bool = False):
        self.exposure, self.events, self.seed, self._aftershocks = exposure, events, seed, aftershocks
        hazard, components = exposure.hazard, exposure.infrastructure
        x, y, vs30 = _sites(exposure)
        self._x, self._y = x, y
        self.bridges = components.of("road")
        """Numbers of the bridges among the components."""
        self._bridge_sites = self.bridges + len(x) - len(components)
        correlation = Correlation(hazard.h_x_km, hazard.h_y_km, hazard.azimuth_deg)
        self._terms = prepare(vs30, imt="PGA", region=hazard.region)
        z1 = None if components.z1_km is None or hazard.basin is None else components.z1_km[self.bridges]
        self._terms_sa = prepare(vs30[self._bridge_sites], imt="SA(1.0)", region=hazard.region, basin=hazard.basin, z1_km=z1)
        self._field = FieldSampler(correlation, x, y, seed=seed)
        bridges, second = self._bridge_sites, derived_seed(seed, SECOND_FIELD)
        self._second = FieldSampler(correlation, x[bridges], y[bridges], seed=second) if len(bridges) else None
        self.rho = baker_jayaram_2008(0.01, 1.0)

    @property
    def num_sites(self) -> int:
        """How many sites there are."""
        return len(self._x)

    def block(self, start: int, stop: int) -> list[Shaken]:
        """Return scenarios ``start, ..., stop - 1``; best with an even start."""
        fields = self._field.block(start, stop)
        second = self._second_block(self._second, start, stop)
        return [self._scenario(k, fields[k - start], second[k - start]) for k in range(start, stop)]

    def event(self, k: int) -> Event:
        """Return the event of scenario ``k`` alone."""
        return self.events.draw(self.seed, k, self.rho)

    def _second_block(self, sampler: FieldSampler | None, start: int, stop: int) -> NDArray[np.floating]:
        return np.zeros((stop - start, 0)) if sampler is None else sampler.block(start, stop)

    def _scenario(self, k: int, field: NDArray[np.floating], second: NDArray[np.floating]) -> Shaken:
        event = self.event(k)
        ln_pga, ln_sa = self._at(event.rupture, event.eta, event.eta_sa, field, second)
        count = 0
        if self._aftershocks:
            sequence = aftershock_sequence(
                event.rupture.magnitude,
                self.exposure.hazard.aftershock_regime,
                horizon_days=HORIZON_DAYS,
                seed=self.seed,
                k=k,
                smallest_magnitude=min(SMALLEST_AFTERSHOCK, event.rupture.magnitude - 0.1),
            )
            count = len(sequence)
            for magnitude, along, down, own in zip(sequence.magnitudes, sequence.along, sequence.down, sequence.seeds, strict=True):
                rupture = place_within(event.rupture, float(magnitude), float(along), float(down))
                pga, sa = self._aftershock(k, rupture, own)
                np.maximum(ln_pga, pga, out=ln_pga)
                np.maximum(ln_sa, sa, out=ln_sa)
        return Shaken(event, ln_pga, ln_sa, count)

    def _aftershock(self, k: int, rupture: Rupture, seed: int) -> tuple[Array, Array]:
        """Return ln PGA and ln SA(1.0) of one aftershock, which draws all that it needs with its own seed."""
        field = self._field.with_seed(seed)
        second = None if self._second is None else self._second.with_seed(derived_seed(seed, SECOND_FIELD))
        own = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(k,))).standard_normal(2)
        eta, eta_sa = float(own[0]), float(self.rho * own[0] + np.sqrt(1 - self.rho**2) * own[1])
        return self._at(rupture, eta, eta_sa, field.block(k, k + 1)[0], self._second_block(second, k, k + 1)[0])

    def _at(
        self, rupture: Rupture, eta: float, eta_sa: float, field: NDArray[np.floating], second: NDArray[np.floating]
    ) -> tuple[Array, Array]:
        distance = rjb_km(rupture, self._x, self._y)
        ln_pga = _shaken(self._terms, rupture, distance, eta, field)
        residual = self.rho * field[self._bridge_sites] + np.sqrt(1 - self.rho**2) * second
        return ln_pga, _shaken(self._terms_sa, rupture, distance[self._bridge_sites], eta_sa, residual)


def _shaken(terms: SiteTerms, rupture: Rupture, distance: Array, eta: float, field: NDArray[np.floating]) -> Array:
    """Return mu + tau e + phi z (n,)."""
    out, tau, phi = terms.at(rupture.magnitude, distance, rupture.mechanism)
    out += phi * field
    if len(out):
        out += eta * float(tau.flat[0])
    return out


def _sites(exposure: Exposure) -> tuple[Array, Array, Array]:
    """Return x, y in km and Vs30 of buildings, depots and components; a depot stands on the median soil of its zone's buildings."""
    zones, buildings, components = exposure.zones, exposure.buildings, exposure.infrastructure
    x, y = (np.concatenate(part) for part in zip(exposure.building_km, _zone_km(exposure), exposure.component_km, strict=True))
    order = np.argsort(buildings.zone, kind="stable")
    groups = np.split(buildings.vs30_m_s[order], np.searchsorted(buildings.zone[order], np.arange(1, len(zones))))
    overall = float(np.median(buildings.vs30_m_s))
    soil = np.array([float(np.median(g)) if len(g) else overall for g in groups])
    return x, y, np.concatenate([buildings.vs30_m_s, soil, components.vs30_m_s])


def _zone_km(exposure: Exposure) -> tuple[Array, Array]:
    return exposure.origin.to_km(exposure.zones.latitude, exposure.zones.longitude)
