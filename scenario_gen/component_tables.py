"""Infrastructure components and their dependencies from CSV files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .columns import Table
from .dependency_graph import DependencyGraph
from .exposure import KINDS, Infrastructure
from .fragility import Fragility
from .geometry import Projection, check_coordinates
from .hazus import component_classes, component_fragilities

COMPONENT_COLUMNS = {
    "name": ("id", "component"),
    "kind": ("type", "category"),
    "latitude": ("lat", "y"),
    "longitude": ("lon", "lng", "long", "x"),
    "fragility": ("hazus_class", "class", "fragility_class"),
    "vs30": ("vs30_m_s", "vs30_ms"),
    "zone": ("district", "node"),
    "capacity": ("served", "beds"),
    "road": ("link",),
    "z1": ("z1_km", "z1pt0_km"),
}
EDGE_COLUMNS = {"source": ("from", "u"), "target": ("to", "v"), "weight": ("probability", "w")}


def no_components() -> Infrastructure:
    """Return an infrastructure without components."""
    none, numbers = np.zeros(0), np.zeros(0, dtype=np.int64)
    return Infrastructure((), numbers, none, none, none, numbers, numbers, (), none, numbers, numbers, numbers, none)


def read_components(
    path: Path,
    edges: Path | None,
    zones: Sequence[str],
    roads: Sequence[str],
    origin: Projection,
    own: tuple[Fragility, ...] = (),
    *,
    strict: bool = False,
) -> Infrastructure:
    """Read components, and the edges of their dependency graph if there is a file of them; ``own`` classes may be named beside Hazus'.

    ``strict`` refuses cycles of dependencies.

    Raises
    ------
    InputError
        A missing column, an unknown kind, class, zone or road, an edge to a component that does not exist, a weight outside [0, 1]; the
        message names file, row, field and value.
    """
    table = Table(path, COMPONENT_COLUMNS)
    names = table.text("name")
    first: dict[str, int] = {}
    for row, name in enumerate(names, 1):
        if name in first:
            raise table.error(row, "name", name, f"a name of its own (row {first[name]} has it too)")
        first[name] = row
    latitude, longitude = table.numbers("latitude"), table.numbers("longitude")
    check_coordinates(latitude, longitude, where=str(path), origin=origin, first_row=1)
    kind = table.choices("kind", KINDS)
    classes = (*(f.name for f in own), *(name for name in component_classes() if name not in {f.name for f in own}))
    fragility = table.choices("fragility", classes)
    for row, (k, measure) in enumerate(zip(kind.tolist(), component_fragilities(classes, own).imts_of(fragility), strict=True), 1):
        expected = "SA(1.0)" if KINDS[k] == "road" else "PGA"
        if measure != expected:
            raise table.error(
                row, "fragility", classes[fragility[row - 1]], f"a class for {expected}, as kind {KINDS[k]!r} has, not for {measure}"
            )
    used, place = np.unique(fragility, return_inverse=True)
    road = np.full(len(names), -1)
    for row, (k, text) in enumerate(zip(kind.tolist(), table.text("road", ""), strict=True), 1):
        if KINDS[k] == "road":
            if text not in roads:
                raise table.error(row, "road", text, f"a link of the instance: {', '.join(roads[:6])}{', ...' if len(roads) > 6 else ''}")
            road[row - 1] = roads.index(text)
    source, target, weight = _edges(edges, names, strict)
    named = tuple(classes[i] for i in used.tolist())
    return Infrastructure(
        names=tuple(names),
        kind=kind,
        latitude=latitude,
        longitude=longitude,
        vs30_m_s=table.numbers("vs30", least=10, most=10_000, default=None if "vs30" in table else 400.0, hint=" m/s"),
        zone=table.choices("zone", zones),
        fragility=place.reshape(-1).astype(np.int64),
        fragilities=named,
        capacity=table.numbers("capacity", least=0, default=None if "capacity" in table else 1.0),
        road=road,
        source=source,
        target=target,
        weight=weight,
        own_classes=tuple(f for f in own if f.name in named),
        z1_km=table.numbers("z1", least=0, most=20, hint=" km; the value may be in m") if "z1" in table else None,
    )


def _edges(path: Path | None, names: list[str], strict: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if path is None:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)
    table = Table(path, EDGE_COLUMNS)
    ends = table.choices("source", names), table.choices("target", names)
    graph = DependencyGraph.from_arrays(names, *ends, table.numbers("weight", least=0, most=1), strict=strict, where=f"{path}: ")
    return graph.source, graph.target, graph.weight
