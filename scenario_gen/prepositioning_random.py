"""The seeded family ``prepositioning-random``: epicentres over a full network of 20 depots, 3 sizes, 3 commodities.

The network is one fixed draw. In scenario k node i feels the severity s_i of (1) in :mod:`.epicentres`, and then demand = s_i * base_ik,
usable_i = 1 - s_i U(0.2, 0.9), capacity_ij = (1 - 0.8 s_i)(1 - 0.8 s_j) 2e5 ft3. Scenario k depends
on (seed, k) alone. Facility and commodity numbers are those cited from Rawls & Turnquist (2010), food and water per 1000 / 100 units.

For the casualty, loss and response-time terms (all numbers synthetic), with people_i and value_i of the same fixed draw as the network:
casualties_i = 0.02 s_i^2 people_i, loss_i = 0.3 s_i value_i; a road of d km takes d / 40 h when intact and that over
(1 - 0.8 s_i)(1 - 0.8 s_j) in the scenario; hours are shortest paths, made where they are asked for (:meth:`RandomSource.with_hours`).
"""

from __future__ import annotations

import copy
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..instances.arrays import Array, Scenario, ScenarioBlock
from ..instances.fields import Source, Units
from ..instances.schema import Commodity, FacilitySize, Impact, Link, Node, Prepositioning
from .drawn import Drawn
from .epicentres import severities

_NUM_NODES, _NETWORK_SEED, _FULL_CAPACITY, _SPEED_KM_H = 20, 1, 2.0e5, 40.0
_CASUALTY_RATE, _LOSS_RATE = 0.02, 0.3
_IMPACT = Impact(
    casualty_reduction=[(0, 0), (0.3, 0.3), (0.6, 0.45), (1, 0.55)], loss_reduction=[(0, 0), (0.5, 0.2), (1, 0.3)], horizon_h=72.0
)


@cache
def network() -> tuple[Prepositioning, Array, Array]:
    """Return the instance (without scenarios), node positions (N, 2) in km and base demand (N, K) in units."""
    rng = np.random.default_rng(_NETWORK_SEED)
    xy = rng.uniform(0, 100, (_NUM_NODES, 2))
    base = rng.lognormal(5, 0.8, (_NUM_NODES, 3)) * np.array([10, 8, 1.0])
    names = [f"node{i:02d}" for i in range(_NUM_NODES)]
    goods = [
        ("water", "1000 gal", 144.6, 647.7, 0.3),
        ("food", "100 meals", 83.33, 538.0, 0.04),
        ("medical", "kit", 1.16, 140.0, 5.8e-4),
    ]
    sizes = [("small", 19600.0, 36400.0), ("medium", 188400.0, 408200.0), ("large", 300000.0, 780000.0)]
    instance = Prepositioning(
        format="quakeops/prepositioning/1",
        name="prepositioning-random",
        title="Random network of 20 depots under earthquakes with random epicentres",
        source=Source(citation="quakeops; facility and commodity numbers as cited from Rawls & Turnquist (2010)", licence="Apache-2.0"),
        provenance={
            "sizes": "published",
            "commodities": "published",
            "nodes": "synthetic",
            "links": "synthetic",
            "impact": "synthetic",
            "scenarios": "synthetic",
        },
        units=Units(money="USD", distance="km", volume="ft3"),
        sizes=[FacilitySize(name=n, fixed_cost=f, capacity=c) for n, f, c in sizes],
        commodities=[
            Commodity(name=n, unit=u, volume=v, price=p, transport_cost=t, holding_cost=0.25 * p, shortage_penalty=10 * p)
            for n, u, v, p, t in goods
        ],
        nodes=[Node(name=n, latitude=y / 111.2, longitude=x / 111.2) for n, (x, y) in zip(names, xy, strict=True)],
        links=[
            Link(ends=(names[i], names[j]), length=d, hours=d / _SPEED_KM_H, capacity=_FULL_CAPACITY)
            for i in range(_NUM_NODES)
            for j in range(i + 1, _NUM_NODES)
            for d in (float(np.linalg.norm(xy[i] - xy[j])),)
        ],
        impact=_IMPACT,
    )
    return instance, xy, base


@cache
def exposed() -> tuple[Array, Array]:
    """Return the people and the value in USD exposed at every node (N,), drawn as the network is."""
    rng = np.random.default_rng((_NETWORK_SEED, 1))
    return rng.lognormal(10, 0.8, _NUM_NODES), rng.lognormal(19.5, 0.8, _NUM_NODES)


class RandomSource(Drawn):
    """``num_scenarios`` draws of the family, each with probability 1 / num_scenarios."""

    def __init__(self, num_scenarios: int, seed: int):
        super().__init__(num_scenarios, seed)
        self._hours = False
        self.instance, self._xy, self._base = network()

    def with_hours(self) -> RandomSource:
        """Return the same draws with travel times, which only the impact terms need."""
        other = copy.copy(self)
        other._hours = True
        return other

    @property
    def limited_links(self) -> NDArray[np.bool_]:
        """Every link has a capacity."""
        return np.ones(len(self.instance.links), dtype=bool)

    def scenario(self, k: int) -> Scenario:
        """Draw scenario ``k``; the same for every number of scenarios, rank and order of calls."""
        return self.block(k, k + 1).scenario(0)

    def block(self, start: int, stop: int) -> ScenarioBlock:
        """Draw scenarios ``start, ..., stop - 1``: each from its own generator, the formulas for all of them at once."""
        size = stop - start
        severity, magnitude, damage = severities(self.seed, start, stop, self._xy, more=_NUM_NODES)
        i, j = np.triu_indices(_NUM_NODES, 1)
        intact = 1 - 0.8 * severity
        people, value = exposed()
        return ScenarioBlock(
            names=tuple(f"scen{k}" for k in range(start, stop)),
            labels=tuple(f"M {m:.2f}" for m in magnitude.tolist()),
            probability=np.full(size, 1 / self._num),
            demand=severity[:, :, None] * self._base,
            usable=1 - severity * _uniform(damage, 0.2, 0.9),
            link_capacity=intact[:, i] * intact[:, j] * _FULL_CAPACITY,
            casualties=_CASUALTY_RATE * severity**2 * people,
            loss=_LOSS_RATE * severity * value,
            hours=self._travel_hours(intact) if self._hours else None,
        )

    def _travel_hours(self, intact: Array) -> Array:
        """Return shortest travel times (B, N, N) over the complete graph, by Floyd and Warshall on all scenarios at once."""
        direct = np.linalg.norm(self._xy[:, None] - self._xy, axis=2) / _SPEED_KM_H
        hours = np.asarray(direct / (intact[:, :, None] * intact[:, None, :]))
        for via in range(_NUM_NODES):
            hours = np.minimum(hours, hours[:, :, via, None] + hours[:, None, via, :])
        return hours


def _uniform(standard: Array, low: float, high: float) -> Array:
    """U(low, high) from U(0, 1), with the arithmetic of ``Generator.uniform``."""
    return low + (high - low) * standard
