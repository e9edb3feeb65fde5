"""GeoJSON out (RFC 7946): bridges as points, road links as lines, for maps in any geographic information system.

Coordinates are [longitude, latitude] in degrees (WGS 84), rounded to seven decimals, about a centimetre.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError
from ..files import write_atomically
from .bridges import BridgeInventory

DECIMALS = 7
Feature = dict[str, Any]


def points(latitude: ArrayLike, longitude: ArrayLike, properties: Sequence[Mapping[str, Any]]) -> list[Feature]:
    """Return one feature a place, with its properties.

    Raises
    ------
    InputError
        Different numbers of latitudes, longitudes and properties; a place that is none.
    """
    places = _positions(latitude, longitude, "point")
    _check_count(len(places), properties)
    return [_feature({"type": "Point", "coordinates": place}, own) for place, own in zip(places, properties, strict=True)]


def lines(paths: Sequence[tuple[ArrayLike, ArrayLike]], properties: Sequence[Mapping[str, Any]]) -> list[Feature]:
    """Return one feature a line, given as (latitudes (P,), longitudes (P,)) of at least two places.

    Raises
    ------
    InputError
        As :func:`points`; a line of fewer than two places, or one across the antimeridian, which RFC 7946 wants cut there.
    """
    _check_count(len(paths), properties)
    out = []
    for number, (path, own) in enumerate(zip(paths, properties, strict=True)):
        places = _positions(*path, f"line {number}, place")
        if len(places) < 2:
            raise InputError(f"line {number}: {len(places)} places: expected at least two")
        if any(abs(b[0] - a[0]) > 180 for a, b in pairwise(places)):
            raise InputError(f"line {number}: crosses the antimeridian: expected a line for each side of it")
        out.append(_feature({"type": "LineString", "coordinates": places}, own))
    return out


def bridge_points(inventory: BridgeInventory, **more: ArrayLike) -> list[Feature]:
    """Return the bridges as points: what the inventory holds of each, and further properties ``name=values`` (B,).

    Properties: ``name``, ``title``, ``imt``, a median ``<state>_g`` and ``<state>_beta`` a damage state, ``links``, and what there is of
    ``year``, ``length_m``, ``deck_area_m2``, ``repair_cost``, ``retrofit_cost``.
    """
    columns: dict[str, list[Any]] = {
        "name": list(inventory.names),
        "title": list(inventory.titles),
        "imt": list(inventory.measures),
        "links": [list(links) for links in inventory.links],
    }
    for d, state in enumerate(inventory.states):
        columns[f"{state}_g"], columns[f"{state}_beta"] = inventory.medians_g[:, d].tolist(), inventory.betas[:, d].tolist()
    if any(year is not None for year in inventory.years):
        columns["year"] = list(inventory.years)
    for name in ("length_m", "deck_area_m2", "repair_cost", "retrofit_cost"):
        values = getattr(inventory, name)
        if values is not None:
            columns[name] = values.tolist()
    for name, given in more.items():
        columns[name] = np.asarray(given).tolist()
        if len(columns[name]) != len(inventory):
            raise InputError(f"property {name!r}: {len(columns[name])} values: expected one for each of {len(inventory)} bridges")
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return points(inventory.latitude, inventory.longitude, rows)


def write_geojson(path: str | Path, features: Iterable[Feature]) -> None:
    """Write features as one FeatureCollection, a feature a line, whole or not at all.

    Raises
    ------
    InputError
        A property that JSON does not have, such as an infinite number, or a file that cannot be written.
    """
    shown = []
    for number, feature in enumerate(features):
        try:
            shown.append(json.dumps(feature, ensure_ascii=False, allow_nan=False))
        except (TypeError, ValueError) as e:
            raise InputError(f"{path}: feature {number}: a property cannot be written as JSON ({e}): {feature['properties']}") from None
    write_atomically(path, '{"type": "FeatureCollection", "features": [\n' + ",\n".join(shown) + "\n]}\n")


def _positions(latitude: ArrayLike, longitude: ArrayLike, what: str) -> list[list[float]]:
    """Return [longitude, latitude] of each place."""
    north, east = np.asarray(latitude, dtype=float), np.asarray(longitude, dtype=float)
    if north.ndim != 1 or north.shape != east.shape:
        raise InputError(f"latitude has the shape {north.shape}, longitude {east.shape}: expected one of each a place")
    for number, (lat, lon) in enumerate(zip(north.tolist(), east.tolist(), strict=True)):
        if not (math.isfinite(lat) and math.isfinite(lon) and abs(lat) <= 90 and abs(lon) <= 180):
            raise InputError(f"{what} {number}: latitude {lat:g}, longitude {lon:g}: expected -90 to 90 and -180 to 180 degrees")
    return np.round(np.column_stack([east, north]), DECIMALS).tolist()  # type: ignore[no-any-return]


def _check_count(places: int, properties: Sequence[Mapping[str, Any]]) -> None:
    if len(properties) != places:
        raise InputError(f"{len(properties)} sets of properties: expected one for each of {places} features")


def _feature(geometry: dict[str, Any], properties: Mapping[str, Any]) -> Feature:
    plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in properties.items()}
    return {"type": "Feature", "geometry": geometry, "properties": plain}
