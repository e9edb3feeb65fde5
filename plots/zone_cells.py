"""Zones as areas: each place belongs to the zone whose middle is nearest on its own piece of land (Voronoi cells, clipped to the land)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial import Voronoi

from ..scenario_gen.metros.outline import inside
from .ground import Array, Ground

FAR = 20.0
"""Distance of the four points that close the outer cells, in sizes of what is drawn."""


def cells(ground: Ground) -> list[tuple[int, Array, int]]:
    """Return (zone, polygon in km, number of the land it is clipped to) of all zones.

    A zone belongs to the land that holds its middle, or to every land if none does; without an outline there is one, number 0.
    """
    pieces = [np.ones(len(ground.zone_km), dtype=bool)]
    if ground.land:
        within = np.array([inside(polygon, ground.zone_km) for polygon in ground.land])
        pieces = [here | ~within.any(axis=0) for here in within]
    return [
        (int(zone), polygon, piece)
        for piece, here in enumerate(pieces)
        for zone, polygon in zip(np.flatnonzero(here), _voronoi(ground.zone_km[here], ground.corners_km), strict=True)
        if len(polygon)
    ]


def add_cells(axes: Any, ground: Ground, values: Array, norm: Any, colours: Any) -> Any:
    """Fill each zone with the colour of its value (Z,), hatched where it is NaN; return what a colour bar needs."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.patches import PathPatch, Polygon

    clips = []
    for path in _bounds(ground):
        clip = PathPatch(path, facecolor="none", edgecolor="none")
        axes.add_patch(clip)
        clips.append(clip)
    for zone, polygon, piece in cells(ground):
        known = bool(np.isfinite(values[zone]))
        style: dict[str, Any] = {"facecolor": colours(norm(values[zone]))} if known else {"facecolor": "#eeeeee", "hatch": "...."}
        cell = Polygon(polygon, closed=True, edgecolor="white", linewidth=0.7, zorder=1, gid=f"zone {ground.zones[zone]}", **style)
        axes.add_patch(cell)
        cell.set_clip_path(clips[piece])
    return ScalarMappable(norm, colours)


def _voronoi(points: Array, corners: Array) -> list[Array]:
    """Return the cell of each point, closed by points far outside; nothing for the second of two points at one place."""
    if not len(points):
        return []
    low, high = corners.min(axis=0), corners.max(axis=0)
    middle, size = (low + high) / 2, FAR * float(max((high - low).max(), 1.0))
    far = middle + size * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
    _, first = np.unique(points, axis=0, return_index=True)
    diagram = Voronoi(np.concatenate([points[np.sort(first)], far]))
    out: list[Array] = [np.zeros((0, 2)) for _ in points]
    for place, zone in enumerate(np.sort(first).tolist()):
        region = diagram.regions[diagram.point_region[place]]
        out[zone] = diagram.vertices[region]
    return out


def _bounds(ground: Ground) -> list[Any]:
    """Return the paths that cells are clipped to: the land polygons, or discs around the zones."""
    from matplotlib.path import Path

    if ground.land:
        return [Path(np.concatenate([polygon, polygon[:1]]), closed=True) for polygon in ground.land]
    discs = [Path.circle((float(x), float(y)), ground.reach_km) for x, y in ground.zone_km]
    return [Path.make_compound_path(*discs)]
