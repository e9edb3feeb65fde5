"""Buildings from a CSV or GeoJSON file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .columns import Table
from .exposure import Buildings
from .geometry import Projection, check_coordinates
from .hazus import building_codes, occupancy_classes

BUILDING_COLUMNS = {
    "latitude": ("lat", "y"),
    "longitude": ("lon", "lng", "long", "x"),
    "type": ("building_type", "StructureType", "taxonomy", "bldg_type"),
    "code": ("code_level", "DesignLevel", "design_code"),
    "occupancy": ("OccupancyClass", "occ", "occ_class"),
    "vs30": ("vs30_m_s", "vs30_ms"),
    "value": ("ReplacementCost", "replacement_value", "structural", "cost"),
    "occupants_night": ("night", "occupants", "population"),
    "occupants_day": ("day",),
    "occupants_commute": ("transit", "commute", "occupants_transit"),
    "zone": ("district", "zone_name", "node"),
}
"""Fields of a building and other names that their columns may have (case, spaces and underscores do not count)."""


def read_buildings(
    path: Path, zones: tuple[str, ...], places: tuple[NDArray[np.float64], NDArray[np.float64]], origin: Projection
) -> Buildings:
    """Read buildings; one without a zone lies in the nearest. Occupants by day and at commuting time default to those by night.

    Raises
    ------
    InputError
        A missing column, an unknown type, code level, occupancy class or zone, a value out of range, coordinates that look swapped; the
        message names file, row, field and value.
    """
    table = Table(path, BUILDING_COLUMNS)
    latitude, longitude = table.numbers("latitude"), table.numbers("longitude")
    check_coordinates(latitude, longitude, where=str(path), origin=origin, first_row=1)
    types = table.text("type")
    codes = table.text("code")
    known = building_codes()
    for row, pair in enumerate(zip(types, codes, strict=True), 1):
        if pair[0] not in known:
            table.choices("type", sorted(known))
        if pair[1] not in known[pair[0]]:
            raise table.error(row, "code", pair[1], f"a code level of {pair[0]}: {', '.join(known[pair[0]])}")
    classes = occupancy_classes()
    occupancy = table.choices("occupancy", classes, default="RES1" if "occupancy" not in table else None)
    vs30 = table.numbers("vs30", least=10, most=10_000, default=None if "vs30" in table else 400.0, hint=" m/s; the value may be in km/s")
    night = table.numbers("occupants_night", least=0)
    others = (table.numbers(f, least=0) if f in table else night for f in ("occupants_day", "occupants_commute"))
    kinds, archetype = np.unique(np.column_stack([types, codes, np.array(classes)[occupancy]]), axis=0, return_inverse=True)
    if "zone" in table:
        zone = table.choices("zone", zones)
    else:
        centres, points = (np.column_stack(origin.to_km(*p)) for p in (places, (latitude, longitude)))
        zone = np.asarray(cKDTree(centres).query(points)[1], dtype=np.int64)
    return Buildings(
        latitude=latitude,
        longitude=longitude,
        vs30_m_s=vs30,
        archetype=archetype.reshape(-1).astype(np.int64),
        archetypes=tuple((str(t), str(c), str(o)) for t, c, o in kinds),
        zone=zone,
        value=table.numbers("value", least=0),
        occupants=np.column_stack([night, *others]),
    )
