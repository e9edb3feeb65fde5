r"""Finite planar ruptures on a fault, and the Joyner-Boore distance of sites from them.

A fault is a trace at the ground, a polyline in km (x east, y north), with one dip. By the right-hand rule it dips to the right of the way
along the trace. Each straight stretch of the trace, of length l and strike unit vector s, with d to the right of s, carries a rectangle
whose projection on the ground is

    { a + u s + v d :  0 <= u <= l,  z_top / tan(dip) <= v <= z_bottom / tan(dip) }

The Joyner-Boore distance of a site is that to the nearest point of the union of these projections: 0 inside, and for a vertical fault the
distance to the trace. In strike coordinates (u, v) about a rectangle's centre, with half sides l/2 and w/2,

    R_JB^2 = max(|u| - l/2, 0)^2 + max(|v| - w/2, 0)^2

At a bend, rectangles overlap on the inner side and leave a wedge open on the outer side; a site in the wedge has the distance to its edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .bssa14_coefficients import Mechanism
from .plausible import one_of, within
from .rupture_scaling import rupture_size_km

Array = NDArray[np.float64]

_BLOCK = 16_384
"""Sites treated at a time, so that intermediate arrays stay in the processor's cache; no result depends on it."""

_SHORTEST_KM = 1e-6
"""A bend of the trace nearer than this to an end of the rupture is left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Rupture:
    """A rupture: the stretch ``trace_km`` (P, 2) of the fault's trace, between the depths ``top_km`` and ``bottom_km``."""

    magnitude: float
    trace_km: Array
    dip_degrees: float
    top_km: float
    bottom_km: float
    mechanism: Mechanism

    @property
    def length_km(self) -> float:
        """Length along the trace."""
        return float(np.hypot(*np.diff(self.trace_km, axis=0).T).sum())

    @property
    def width_km(self) -> float:
        """Width down the dip."""
        return float((self.bottom_km - self.top_km) / np.sin(np.radians(self.dip_degrees)))

    @property
    def strike_degrees(self) -> Array:
        """Strike of each plane (P - 1,), clockwise from north, in [0, 360)."""
        dx, dy = np.diff(self.trace_km, axis=0).T
        return np.asarray(np.degrees(np.arctan2(dx, dy)) % 360)

    @property
    def corners_km(self) -> Array:
        """Projections of the planes on the ground (P - 1, 4, 2): along the top edge, then back along the bottom edge."""
        a, b, d, near, far = self._frame()
        return np.stack([a + near * d, b + near * d, b + far * d, a + far * d], axis=1)

    def _frame(self) -> tuple[Array, Array, Array, float, float]:
        """Starts and ends of the stretches, unit vectors to their right, and how far to the right top and bottom edges lie."""
        a, b = self.trace_km[:-1], self.trace_km[1:]
        s = (b - a) / np.hypot(*(b - a).T)[:, None]
        run = 1 / np.tan(np.radians(self.dip_degrees)) if self.dip_degrees < 90 else 0.0
        return a, b, np.stack([s[:, 1], -s[:, 0]], axis=1), float(self.top_km * run), float(self.bottom_km * run)


def place_rupture(
    trace_km: ArrayLike,
    magnitude: float,
    position: float,
    *,
    dip_degrees: float,
    top_km: float,
    bottom_km: float,
    mechanism: Mechanism = "unspecified",
    depth_position: float = 0.5,
) -> Rupture:
    """Place a rupture of the size of :func:`.rupture_size_km` on a fault; nothing is drawn here.

    Parameters
    ----------
    trace_km : array_like
        Trace at the ground (P, 2), x east and y north in km; the fault dips to the right of it.
    magnitude, position : float
        Magnitude, and where along the trace: 0 puts the rupture at the start, 1 at the end. A U(0, 1) number gives a uniform place.
    dip_degrees, top_km, bottom_km : float
        Dip in (0, 90]; depths of the fault's upper and lower edge. Length and width are clipped to the fault.
    mechanism : {"strike-slip", "reverse", "normal", "unspecified"}
    depth_position : float
        Where down the dip: 0 at the fault's upper edge, 1 at its lower edge.

    Raises
    ------
    InputError
        A trace of fewer than two places or with two equal ones in a row, a dip, depth, position or magnitude out of range.
    """
    one_of("mechanism", mechanism, get_args(Mechanism))
    trace = within("trace_km", trace_km, -1e5, 1e5, "km")
    within("position", position, 0.0, 1.0)
    within("depth_position", depth_position, 0.0, 1.0)
    within("dip_degrees", dip_degrees, 1.0, 90.0, "degrees", " (for a dip to the other side, reverse the trace)")
    within("top_km", top_km, 0.0, 700.0, "km")
    within("bottom_km", bottom_km, np.nextafter(top_km, np.inf), 700.0, "km", " (deeper than top_km)")
    if trace.ndim != 2 or trace.shape[1] != 2 or len(trace) < 2:
        raise InputError(f"trace_km has the shape {trace.shape}: expected (P, 2) with at least two places")
    steps = np.hypot(*np.diff(trace, axis=0).T)
    if not steps.all():
        i = int(np.argmin(steps))
        raise InputError(f"trace_km[{i + 1}] is the same place as trace_km[{i}]")
    along = np.concatenate([[0.0], np.cumsum(steps)])
    length, width = rupture_size_km(magnitude, mechanism)
    start = position * max(along[-1] - length, 0.0)
    end = min(start + length, along[-1])
    bends = along[(along > start + _SHORTEST_KM) & (along < end - _SHORTEST_KM)]
    cut = np.concatenate([[start], bends, [end]])
    sine = np.sin(np.radians(dip_degrees))
    height = min(width * sine, bottom_km - top_km)
    top = top_km + depth_position * (bottom_km - top_km - height)
    place = np.stack([np.interp(cut, along, trace[:, 0]), np.interp(cut, along, trace[:, 1])], axis=1)
    return Rupture(float(magnitude), place, float(dip_degrees), float(top), float(top + height), mechanism)


def place_within(mainshock: Rupture, magnitude: float, along: float, down: float) -> Rupture:
    """Place an aftershock on the main shock's plane, at two numbers of [0, 1] as in :func:`place_rupture`."""
    return place_rupture(
        mainshock.trace_km,
        magnitude,
        along,
        dip_degrees=mainshock.dip_degrees,
        top_km=mainshock.top_km,
        bottom_km=mainshock.bottom_km,
        mechanism=mainshock.mechanism,
        depth_position=down,
    )


def rjb_km(rupture: Rupture, x_km: ArrayLike, y_km: ArrayLike) -> Array:
    """Return the Joyner-Boore distance in km of sites at x (east) and y (north), any one shape.

    Raises
    ------
    InputError
        Coordinates that are not numbers, or x and y of different shapes.
    """
    x, y = within("x_km", x_km, -1e5, 1e5, "km"), within("y_km", y_km, -1e5, 1e5, "km")
    if x.shape != y.shape:
        raise InputError(f"x_km has the shape {x.shape}, y_km {y.shape}: expected the same")
    a, b, d, near, far = rupture._frame()
    centres = (a + b + (near + far) * d) / 2
    half_lengths, half_width = np.hypot(*(b - a).T) / 2, (far - near) / 2
    planes = [(*c, *n, h) for c, n, h in zip(centres.tolist(), d.tolist(), half_lengths.tolist(), strict=True)]
    out = np.empty(x.size)
    flat_x, flat_y = x.ravel(), y.ravel()
    for i in range(0, x.size, _BLOCK):
        block = slice(i, i + _BLOCK)
        out[block] = _nearest(planes, half_width, flat_x[block], flat_y[block])
    return out.reshape(x.shape)


def _nearest(planes: list[tuple[float, float, float, float, float]], half_width: float, x: Array, y: Array) -> Array:
    """Distance to the nearest of the rectangles (centre, unit vector down the dip, half length)."""
    best = np.full(len(x), np.inf)
    for c_x, c_y, d_x, d_y, half_length in planes:
        best_of_this = np.zeros(len(x))
        for along_x, along_y, half in ((-d_y, d_x, half_length), (d_x, d_y, half_width)):
            beyond = x * along_x
            beyond += y * along_y
            beyond -= c_x * along_x + c_y * along_y
            np.abs(beyond, out=beyond)
            beyond -= half
            np.maximum(beyond, 0.0, out=beyond)
            beyond *= beyond
            best_of_this += beyond
        np.minimum(best, best_of_this, out=best)
    return np.asarray(np.sqrt(best))
