"""The seeded families ``deployment-random`` (20 zones, 5 depots) and ``deployment-random-large`` (50 zones, 10 depots).

The network is one fixed draw each: zones and depots uniform on a square of 100 km, route hours = 0.5 h + 1.3 |x_i - x_j| / 40 km/h, a time
limit of 2.5 h (a zone beyond it from everywhere keeps its nearest depot), people by zone lognormal. In scenario k zone i needs

    D_i = b_i s_i       pallets of relief, b_i what it needs if hit in full, s_i the severity of (1) in :mod:`.epicentres`.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from ..instances.deployment import Deployment, DeploymentUnits, Depot, Fleet, Route, Zone
from ..instances.deployment_source import DemandBlock, DemandScenario
from ..instances.fields import Source
from .drawn import Drawn
from .epicentres import Array, severities

_NETWORK_SEED, _SPEED_KMH, _DETOUR, _LIMIT_H, _CAPACITY, _DUTY_H = 7, 40.0, 1.3, 2.5, 10.0, 24.0


@cache
def network(name: str, num_zones: int, num_depots: int) -> tuple[Deployment, Array, Array]:
    """Return the instance (without scenarios), zones' positions (n, 2) in km and their full need b (n,) in pallets."""
    rng = np.random.default_rng(_NETWORK_SEED)
    zones, depots = rng.uniform(0, 100, (num_zones, 2)), rng.uniform(0, 100, (num_depots, 2))
    need = np.round(rng.lognormal(4, 0.6, num_zones), 1)
    hours = np.round(0.5 + _DETOUR * np.linalg.norm(zones[:, None] - depots, axis=2) / _SPEED_KMH, 2)
    share = need.sum() / num_depots
    stock = np.round(2.5 * share * rng.uniform(0.8, 1.2, num_depots))
    opening = np.round(20 * share * rng.uniform(0.5, 1.5, num_depots))
    ready = np.round(100 * rng.uniform(0.8, 1.2, num_depots), 1)
    instance = Deployment(
        format="quakeops/deployment/1",
        name=name,
        title=f"{num_zones} random zones and {num_depots} depots under earthquakes with random epicentres",
        source=Source(citation="quakeops: synthetic", licence="Apache-2.0"),
        provenance={"depots": "synthetic", "zones": "synthetic", "routes": "synthetic", "fleet": "synthetic", "scenarios": "synthetic"},
        units=DeploymentUnits(money="EUR", resource="pallet"),
        depots=[
            Depot(
                name=f"depot{j:02d}",
                latitude=round(float(y) / 111.2, 4),
                longitude=round(float(x) / 111.2, 4),
                stock=float(stock[j]),
                vehicles=int(np.ceil(3 * stock[j] / _CAPACITY / _DUTY_H * 1.2)),
                opening_cost=float(opening[j]),
                ready_cost=float(ready[j]),
            )
            for j, (x, y) in enumerate(depots)
        ],
        zones=[
            Zone(
                name=f"zone{i:02d}",
                latitude=round(float(y) / 111.2, 4),
                longitude=round(float(x) / 111.2, 4),
                time_limit_h=None if hours[i].min() <= _LIMIT_H else float(hours[i].min()),
            )
            for i, (x, y) in enumerate(zones)
        ],
        routes=[
            Route(depot=f"depot{j:02d}", zone=f"zone{i:02d}", hours=float(hours[i, j]), cost=round(4 * float(hours[i, j]), 2))
            for i in range(num_zones)
            for j in range(num_depots)
        ],
        fleet=Fleet(capacity=_CAPACITY, hours=_DUTY_H, cost=800.0),
        time_limit_h=_LIMIT_H,
        epsilon=0.05,
    )
    return instance, zones, need


class RandomDemand(Drawn):
    """``num_scenarios`` draws of a family, each with probability 1 / num_scenarios."""

    def __init__(self, name: str, num_zones: int, num_depots: int, num_scenarios: int, seed: int):
        super().__init__(num_scenarios, seed)
        self.instance, self._places, self._need = network(name, num_zones, num_depots)

    def scenario(self, k: int) -> DemandScenario:
        """Draw scenario ``k``; the same for every number of scenarios, rank and order of calls."""
        return self.block(k, k + 1).scenario(0)

    def block(self, start: int, stop: int) -> DemandBlock:
        """Draw scenarios ``start, ..., stop - 1``."""
        severity, magnitude, _ = severities(self.seed, start, stop, self._places)
        return DemandBlock(
            names=tuple(f"scen{k}" for k in range(start, stop)),
            labels=tuple(f"M {m:.2f}" for m in magnitude.tolist()),
            probability=np.full(stop - start, 1 / self._num),
            demand=severity * self._need,
        )


def small(num_scenarios: int, seed: int) -> RandomDemand:
    """Return draws of ``deployment-random``."""
    return RandomDemand("deployment-random", 20, 5, num_scenarios, seed)


def large(num_scenarios: int, seed: int) -> RandomDemand:
    """Return draws of ``deployment-random-large``."""
    return RandomDemand("deployment-random-large", 50, 10, num_scenarios, seed)
