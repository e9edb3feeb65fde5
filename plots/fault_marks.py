"""Faults on a map: all traces thin, the rupture of an event thick, with the outline of its plane on the ground and its magnitude."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..scenario_gen.exposure import Exposure
from ..scenario_gen.ruptures import Rupture
from .colours import FAULT, RUPTURE
from .ground import Array
from .labels import Label, place_labels

STEEP = 89.0
"""From this dip in degrees on, a plane seen from above is a line."""


def rupture_points(rupture: Rupture) -> Array:
    """Return the places (n, 2) in km that a map of the rupture must show."""
    return np.concatenate([rupture.trace_km, rupture.corners_km.reshape(-1, 2)])


def rupture_line(rupture: Rupture) -> Array:
    """Return the rupture's upper edge, seen from above, as a line (n, 2) in km."""
    return np.asarray(rupture.corners_km[:, :2].reshape(-1, 2))


def along(line: Array) -> Array:
    """Return places along a line (n, 2), fifty a stretch."""
    share = np.linspace(0, 1, 50)[:, None, None]
    return np.asarray(line[:-1] + share * (line[1:] - line[:-1])).reshape(-1, 2)


def add_faults(axes: Any, exposure: Exposure) -> None:
    """Draw the traces of all faults, each with its name in the ``gid``."""
    from matplotlib.patheffects import withStroke

    for fault in exposure.faults:
        x, y = exposure.origin.to_km(*fault.trace.T)
        style = {"color": FAULT, "linewidth": 1.0, "linestyle": (0, (5, 2)), "zorder": 3, "scalex": False, "scaley": False}
        line = axes.plot(x, y, gid=f"fault {fault.name}", **style)
        line[0].set_path_effects([withStroke(linewidth=2.4, foreground="white", alpha=0.7)])


def add_rupture(axes: Any, rupture: Rupture, zones: Array) -> Any:
    """Draw the rupture's upper edge thick and the projection of its planes, and return its magnitude, written off the ``zones`` (Z, 2)."""
    from matplotlib.patches import Polygon
    from matplotlib.patheffects import withStroke

    for number, corners in enumerate(rupture.corners_km):
        if rupture.dip_degrees < STEEP:
            axes.add_patch(Polygon(corners, closed=True, facecolor=RUPTURE, alpha=0.12, linewidth=0, zorder=1.2))
            style = {"facecolor": "none", "edgecolor": RUPTURE, "linewidth": 1.4, "zorder": 6}
            axes.add_patch(Polygon(corners, closed=True, gid=f"plane {number}", **style))
    top = rupture_line(rupture)
    line = axes.plot(*top.T, color=RUPTURE, linewidth=3.6, solid_capstyle="round", zorder=7, gid="rupture", scalex=False, scaley=False)
    line[0].set_path_effects([withStroke(linewidth=5.6, foreground="white")])
    crowd = [(zones, 20.0), (along(top), 4.0), (np.concatenate([along(c) for c in rupture.corners_km]), 0.5)]
    points = np.concatenate([np.column_stack([axes.transData.transform(p), np.full(len(p), weight)]) for p, weight in crowd])
    x, y = _halfway(top).tolist()
    label = Label(text=f"M {rupture.magnitude:.2f}", x=x, y=y, radius=6.0, color=RUPTURE, weight="bold")
    return place_labels(axes, [label], points, size=10.5)[0]


def _halfway(line: Array) -> Array:
    along_km = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    return np.array([np.interp(along_km[-1] / 2, along_km, line[:, 0]), np.interp(along_km[-1] / 2, along_km, line[:, 1])])
