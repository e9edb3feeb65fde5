"""A retrofit instance from damage maps alone: whatever is damaged has to be restored.

Each element is a path of its own that takes 1 when intact, 2 when damaged, and may take 1. Then the model
separates by element: with annual rate r_e of damage, retrofitting e is worth it from the ratio on at which ratio r_e c_rep,e = c_ret,e.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from .damage_maps import DamageMaps
from .fields import Source
from .retrofit import Element, Pair, Retrofit, RoadLink
from .retrofit_source import FixedRoads
from .sf_bridges import sf_bridges_71


def repair_if_damaged(
    maps: DamageMaps,
    retrofit_costs: Mapping[str, float] | None = None,
    repair_costs: Mapping[str, float] | None = None,
    *,
    name: str = "repair-if-damaged",
    source: Source | None = None,
    places: Mapping[str, tuple[float, float]] | None = None,
) -> FixedRoads:
    """Return the scenarios of ``maps`` for one-element paths.

    Costs by element are 1 where not given; ``places`` are latitude and longitude by element.
    """
    before, after, at = retrofit_costs or {}, repair_costs or {}, places or {}
    elements = []
    for e in maps.elements:
        latitude, longitude = (float(v) for v in at[e]) if e in at else (None, None)
        elements.append(
            Element(name=e, retrofit_cost=before.get(e, 1.0), repair_cost=after.get(e, 1.0), latitude=latitude, longitude=longitude)
        )
    instance = Retrofit(
        format="quakeops/retrofit/1",
        name=name,
        title=f"{len(elements)} elements, each repaired where damaged",
        source=source or Source(citation="the damage maps' own", licence="the damage maps' own"),
        provenance={"paths": "synthetic"},
        elements=elements,
        links=[RoadLink(name=e, time=1.0, element=e) for e in maps.elements],
        pairs=[Pair(name=e, path=[e], target=1.0) for e in maps.elements],
    )
    return FixedRoads(instance, 1.0 + np.asarray(maps.damaged, dtype=float), maps.rates, maps.scenarios)


def sf_bridges_roads(folder: str | Path | None = None) -> FixedRoads:
    """Return the public San Francisco set, 71 bridges and 450 damage maps, as ``sf-bridges-71``; every cost is 1, as in the paper's sweep.

    Parameters
    ----------
    folder
        Where its two files are; by default what the environment variable says (:func:`.sf_bridges.sf_bridges_71`).
    """
    bridges, maps = sf_bridges_71(folder)
    source = Source(
        citation="bakerjw/bayAreaTransportation and gbhattacharjee/sobol, public repositories; Miller & Baker's damage maps",
        licence="GPL-3 (sobol); read from your copy, not part of quakeops",
    )
    return repair_if_damaged(
        maps,
        name="sf-bridges-71",
        source=source,
        places=dict(zip(bridges.names, zip(bridges.latitude, bridges.longitude, strict=True), strict=True)),
    )
