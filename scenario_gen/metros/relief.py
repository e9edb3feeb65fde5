"""The pre-positioning instance of a metropolitan area: zones as nodes, roads as links, four relief goods."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...instances.fields import Source, Units
from ...instances.schema import Commodity, FacilitySize, Link, Node, Prepositioning
from .plan import Plan
from .zones import Layout

GOODS = (
    # name, unit, m3 a unit, price, transport per km, holding, shortage penalty, in USD a unit
    ("water", "m3", 1.15, 60.0, 0.12, 6.0, 1_800.0),
    ("food", "1000 rations", 1.9, 1_500.0, 0.2, 225.0, 24_000.0),
    ("shelter", "family kit", 0.35, 320.0, 0.04, 32.0, 4_000.0),
    ("medical", "kit", 0.05, 450.0, 0.01, 45.0, 30_000.0),
)
SIZES = (("small", 20_000.0, 2_000.0), ("medium", 80_000.0, 12_000.0), ("large", 250_000.0, 50_000.0))
"""Name, fixed cost in USD, capacity in m3."""

SPEED_KM_H = 35.0
LANES_M3 = 24_000.0
"""What a road carries in one direction within the horizon: 30 lorries an hour of about 11 m3 over 72 h."""


def relief_instance(
    plan: Plan,
    zones: Layout,
    names: tuple[str, ...],
    places: tuple[NDArray[np.float64], NDArray[np.float64]],
    ends: NDArray[np.int64],
    km: NDArray[np.float64],
) -> Prepositioning:
    """Return the instance without scenarios; depots may stand in the zones with most people, those most spread out first."""
    return Prepositioning(
        format="quakeops/prepositioning/1",
        name=plan.name,
        title=plan.title,
        source=Source(
            citation="quakeops, synthetic; totals of area, buildings, components, events and population: ST-ERAO paper, Table 1",
            licence="Apache-2.0",
            notes="Costs and capacities are plausible round numbers, not a survey.",
        ),
        provenance={"nodes": "synthetic", "links": "synthetic", "sizes": "synthetic", "commodities": "synthetic", "scenarios": "synthetic"},
        units=Units(money="USD", distance="km", volume="m3"),
        sizes=[FacilitySize(name=n, fixed_cost=f, capacity=c) for n, f, c in SIZES],
        commodities=[
            Commodity(name=n, unit=u, volume=v, price=p, transport_cost=t, holding_cost=h, shortage_penalty=s)
            for n, u, v, p, t, h, s in GOODS
        ],
        nodes=[
            Node(name=name, latitude=float(lat), longitude=float(lon), candidate=bool(depot))
            for name, lat, lon, depot in zip(names, *places, depot_zones(plan.depots, zones), strict=True)
        ],
        links=[
            Link(ends=(names[a], names[b]), length=float(d), hours=round(float(d) / SPEED_KM_H, 3), capacity=LANES_M3)
            for (a, b), d in zip(ends.tolist(), km, strict=True)
        ],
    )


def depot_zones(count: int, zones: Layout) -> NDArray[np.bool_]:
    """Return which zones may hold a depot: one after the other, the zone with the most people times distance to the depots so far."""
    chosen = [int(np.argmax(zones.population))]
    while len(chosen) < min(count, len(zones.population)):
        distance = np.linalg.norm(zones.centre[:, None] - zones.centre[chosen], axis=2).min(axis=1)
        chosen.append(int(np.argmax(zones.population * distance)))
    out = np.zeros(len(zones.population), dtype=bool)
    out[chosen] = True
    return out
