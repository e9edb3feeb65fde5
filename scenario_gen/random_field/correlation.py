r"""Spatial correlation of within-event residuals: equation (4) of the ST-ERAO paper.

    R_jk = exp(-sqrt((dx/h_x)^2 + (dy/h_y)^2))                                                                   (4)

with dx, dy in km along the principal axes. The y axis, whose length is h_y, points ``azimuth`` degrees clockwise from north; the x axis
is 90 degrees clockwise of it (east for azimuth 0). In rotated and scaled coordinates

    u = (x cos a - y sin a) / h_x,      v = (x sin a + y cos a) / h_y                                            (4')

with x east, y north of any origin, the correlation is exp(-distance): everything else in this package works there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist

from ...errors import InputError

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Correlation:
    """Exponential correlation (4): lengths ``h_x_km``, ``h_y_km`` in km, ``azimuth_deg`` of the y axis, clockwise from north.

    Raises
    ------
    InputError
        A length that is not positive and finite, an azimuth that is not finite.
    """

    h_x_km: float
    h_y_km: float
    azimuth_deg: float = 0.0

    def __post_init__(self) -> None:
        for name, value in (("h_x_km", self.h_x_km), ("h_y_km", self.h_y_km)):
            if not (np.isfinite(value) and value > 0):
                raise InputError(f"{name} is {value:g}: expected a positive correlation length in km")
        if not np.isfinite(self.azimuth_deg):
            raise InputError(f"azimuth_deg is {self.azimuth_deg:g}: expected degrees clockwise from north")

    def isotropic(self, x_km: ArrayLike, y_km: ArrayLike) -> tuple[Array, Array]:
        """Return u and v of (4'), in correlation lengths, for x (east) and y (north) in km."""
        x, y = np.asarray(x_km, dtype=float), np.asarray(y_km, dtype=float)
        azimuth = np.radians(self.azimuth_deg)
        u = (x * np.cos(azimuth) - y * np.sin(azimuth)) / self.h_x_km
        v = (x * np.sin(azimuth) + y * np.cos(azimuth)) / self.h_y_km
        return u, v

    def between(self, x1_km: ArrayLike, y1_km: ArrayLike, x2_km: ArrayLike, y2_km: ArrayLike) -> Array:
        """Return R of (4) between sites 1 (n,) and sites 2 (m,), (n, m)."""
        first = np.column_stack(self.isotropic(*checked_sites(x1_km, y1_km)))
        second = np.column_stack(self.isotropic(*checked_sites(x2_km, y2_km)))
        r = cdist(first, second)
        np.negative(r, out=r)
        return np.asarray(np.exp(r, out=r))

    def matrix(self, x_km: ArrayLike, y_km: ArrayLike) -> Array:
        """Return R of (4) over sites (n,), (n, n)."""
        return self.between(x_km, y_km, x_km, y_km)


def jayaram_baker_2009(period_s: float, *, clustered: bool) -> Correlation:
    """Return the correlation of residuals of spectral acceleration: h = b/3 of Jayaram & Baker (2009).

    Their correlation is exp(-3 d/b), with b in km, at periods T below 1 s, b = 8.5 + 17.2 T where the Vs30 values do not show clustering
    and b = 40.7 - 15.0 T where they do, and b = 22.0 + 3.7 T from 1 s on; T = 0 is the peak ground acceleration. Equation (4) has no
    factor 3. N. Jayaram and J. W. Baker, Correlation model for spatially distributed ground-motion intensities, Earthquake Engineering &
    Structural Dynamics 38(15), 1687-1708, 2009.

    Raises
    ------
    InputError
        A period outside 0 to 10 s.
    """
    if not 0 <= period_s <= 10:
        raise InputError(f"period_s is {period_s:g}: expected 0 (PGA) to 10 s")
    if period_s >= 1:
        b = 22.0 + 3.7 * period_s
    elif clustered:
        b = 40.7 - 15.0 * period_s
    else:
        b = 8.5 + 17.2 * period_s
    return Correlation(b / 3, b / 3)


def checked_sites(x_km: ArrayLike, y_km: ArrayLike) -> tuple[Array, Array]:
    """Return coordinates as arrays (n,).

    Raises
    ------
    InputError
        No site, different numbers of x and y, or a coordinate that is not finite; the message names the site.
    """
    x, y = np.asarray(x_km, dtype=float), np.asarray(y_km, dtype=float)
    if x.ndim != 1 or x.shape != y.shape:
        raise InputError(f"x_km has shape {x.shape}, y_km {y.shape}: expected one coordinate a site in each")
    if not len(x):
        raise InputError("x_km and y_km are empty: expected at least one site")
    for name, values in (("x_km", x), ("y_km", y)):
        wrong = np.flatnonzero(~np.isfinite(values))
        if len(wrong):
            raise InputError(f"site {wrong[0]}: {name} is {values[wrong[0]]:g}: expected a finite coordinate in km")
    return x, y
