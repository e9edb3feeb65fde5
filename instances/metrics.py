r"""Distances between places by their coordinates: those of TSPLIB, exact Euclidean ones, great circles.

TSPLIB 95 (Reinelt, Heidelberg University, section 2): with xd, yd the differences of the coordinates,

    EUC_2D   nint(sqrt(xd^2 + yd^2)),        CEIL_2D  the same rounded up,                                          (1)
    ATT      r = sqrt((xd^2 + yd^2) / 10),   nint(r), one more if nint(r) < r,                                      (2)
    GEO      (int) (6378.388 arccos(((1 + q1) q2 - (1 - q1) q3) / 2) + 1),                                          (3)
             q1 = cos(long_i - long_j), q2 = cos(lat_i - lat_j), q3 = cos(lat_i + lat_j),

where nint(v) is the integer part of v + 0.5, and for GEO x is a latitude and y a longitude as ``DDD.MM``: degrees, then minutes. (TSPLIB's
text rounds degrees; its distances and optima are those of the integer part, as here. pi is 3.141592.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from .blocks import Array

Metric = Literal["euclidean", "EUC_2D", "CEIL_2D", "ATT", "GEO", "great_circle"]
MetricOrExplicit = Literal["euclidean", "EUC_2D", "CEIL_2D", "ATT", "GEO", "great_circle", "explicit"]
"""``explicit``: there is a matrix instead."""

EARTH_KM = 6371.0088
"""Mean radius of the earth, for great circles."""

_TSPLIB_PI, _TSPLIB_EARTH_KM = 3.141592, 6378.388


def distances(metric: Metric, x: Array, y: Array, decimals: int | None = None) -> Array:
    """Return the distances (N, N) of places at ``x``, ``y`` (N,), 0 on the diagonal.

    Parameters
    ----------
    metric
        ``euclidean`` (exact), one of TSPLIB, or ``great_circle``: km on a sphere, x a longitude and y a latitude in degrees.
    x, y
        Coordinates as given.
    decimals
        Distances are cut off (not rounded) after so many decimals; those of Solomon's instances after one.
    """
    out = _METRICS[metric](np.asarray(x, dtype=float), np.asarray(y, dtype=float))
    np.fill_diagonal(out, 0.0)
    return out if decimals is None else truncated(out, decimals)


def truncated(values: Array, decimals: int) -> Array:
    """Return ``values`` >= 0 cut off after ``decimals`` decimals; a product within 1e-9 below a whole number counts as that number."""
    scale = 10.0**decimals
    return np.asarray(np.floor(values * scale + 1e-9) / scale)


def _plane(x: Array, y: Array) -> Array:
    return np.asarray(np.hypot(np.subtract.outer(x, x), np.subtract.outer(y, y)))


def _att(x: Array, y: Array) -> Array:
    exact = np.sqrt((np.subtract.outer(x, x) ** 2 + np.subtract.outer(y, y) ** 2) / 10)
    whole = np.floor(exact + 0.5)
    return np.asarray(np.where(whole < exact, whole + 1, whole))


def _geo(x: Array, y: Array) -> Array:
    latitude, longitude = (_TSPLIB_PI * decimal_degrees(v) / 180 for v in (x, y))
    q1 = np.cos(np.subtract.outer(longitude, longitude))
    q2, q3 = np.cos(np.subtract.outer(latitude, latitude)), np.cos(np.add.outer(latitude, latitude))
    angle = np.arccos(np.clip(((1 + q1) * q2 - (1 - q1) * q3) / 2, -1, 1))
    return np.asarray(np.floor(_TSPLIB_EARTH_KM * angle + 1))


def decimal_degrees(values: Array) -> Array:
    """Return the degrees of ``DDD.MM``, degrees and minutes."""
    whole = np.trunc(values)
    return np.asarray(whole + 5 * (values - whole) / 3)


def _great_circle(x: Array, y: Array) -> Array:
    longitude, latitude = np.radians(x), np.radians(y)
    half = np.sin(np.subtract.outer(latitude, latitude) / 2) ** 2
    half = half + np.multiply.outer(np.cos(latitude), np.cos(latitude)) * np.sin(np.subtract.outer(longitude, longitude) / 2) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1))))


_METRICS: dict[str, Callable[[Array, Array], Array]] = {
    "euclidean": _plane,
    "EUC_2D": lambda x, y: np.floor(_plane(x, y) + 0.5),
    "CEIL_2D": lambda x, y: np.ceil(_plane(x, y)),
    "ATT": _att,
    "GEO": _geo,
    "great_circle": _great_circle,
}
