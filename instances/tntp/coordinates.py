"""Node files: coordinates, as ``*_node.tntp`` or as GeoJSON points with the node's number in the property ``id``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...files import read_json
from .scanner import counting, lines_of, record

Array = NDArray[np.float64]

COLUMNS = ("node", "X", "Y")


def read_nodes(path: str | Path, nodes: int | None = None) -> tuple[Array, Array]:
    """Return x and y (N,) of the nodes 1 to N, in the file's coordinates.

    Raises
    ------
    InputError
        A node missing, given twice, or beyond ``nodes``, the number there are; a coordinate that is no number.
    """
    is_json = Path(path).suffix.lower() in (".geojson", ".json")
    places = _points(path, nodes) if is_json else _records(path, nodes)
    expected = len(places) if nodes is None else nodes
    for node in range(1, expected + 1):
        if node not in places:
            raise InputError(f"{path}: node {node} is missing; expected the nodes 1 to {expected}")
    x, y = np.array([places[n] for n in range(1, expected + 1)], dtype=float).reshape(-1, 2).T
    return x, y


def _records(path: str | Path, nodes: int | None) -> dict[int, tuple[float, float]]:
    found: dict[int, tuple[float, float]] = {}
    for at, line in enumerate(counting(lines_of(path))):
        if at == 0 and line.text.lower().startswith("node"):
            continue
        number, x, y = record(line, COLUMNS)
        node = line.whole("node", number, 1, nodes, "a node")
        if node in found:
            raise line.error(f"node {node} comes a second time")
        found[node] = line.real("X", x), line.real("Y", y)
    return found


def _points(path: str | Path, nodes: int | None) -> dict[int, tuple[float, float]]:
    data: Any = read_json(path)
    found: dict[int, tuple[float, float]] = {}
    features = data.get("features") if isinstance(data, dict) else None
    if not isinstance(features, list):
        raise InputError(f"{path}: expected a GeoJSON FeatureCollection")
    for i, feature in enumerate(features):
        try:
            node = int(feature["properties"]["id"])
            x, y = (float(c) for c in feature["geometry"]["coordinates"][:2])
        except (KeyError, TypeError, ValueError):
            raise InputError(f"{path}: features[{i}]: expected a point with a property id, the node's number") from None
        if node < 1 or node in found or (nodes is not None and node > nodes):
            raise InputError(f"{path}: features[{i}].properties.id is {node}: expected a node from 1 to {nodes or 'N'}, each once")
        if not np.isfinite([x, y]).all():
            raise InputError(f"{path}: features[{i}]: the coordinates {x}, {y} are not finite")
        found[node] = x, y
    return found
