"""Latitude and longitude to kilometres east and north of an origin, and back.

A metropolitan area is small enough for the equirectangular projection about its own centre: 75 km from it, distances err by up to 0.6 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError

Array = NDArray[np.float64]

KM_PER_DEGREE = 6371.0088 * np.pi / 180
"""Length of a degree of latitude on the mean sphere (IUGG 1980)."""

FARTHEST_DEGREES = 8.0
"""No site lies so far from its region's origin; farther ones are most likely latitude and longitude swapped."""


@dataclass(frozen=True, slots=True)
class Projection:
    """Local coordinates about ``latitude``, ``longitude`` (degrees)."""

    latitude: float
    longitude: float

    def to_km(self, latitude: ArrayLike, longitude: ArrayLike) -> tuple[Array, Array]:
        """Return x (east) and y (north) in km."""
        north = (np.asarray(latitude, dtype=float) - self.latitude) * KM_PER_DEGREE
        east = (np.asarray(longitude, dtype=float) - self.longitude) * KM_PER_DEGREE * np.cos(np.radians(self.latitude))
        return east, north

    def to_degrees(self, x_km: ArrayLike, y_km: ArrayLike) -> tuple[Array, Array]:
        """Return latitude and longitude in degrees; the inverse of :meth:`to_km`."""
        latitude = self.latitude + np.asarray(y_km, dtype=float) / KM_PER_DEGREE
        longitude = self.longitude + np.asarray(x_km, dtype=float) / (KM_PER_DEGREE * np.cos(np.radians(self.latitude)))
        return latitude, longitude


def check_coordinates(latitude: Array, longitude: Array, *, where: str, origin: Projection | None = None, first_row: int = 0) -> None:
    """Check coordinates in degrees, near ``origin`` if one is given; ``first_row`` is the number of the first one in the user's file.

    Raises
    ------
    InputError
        A latitude outside [-90, 90], a longitude outside [-180, 180], or a place that looks as if the two were swapped; the message names
        the row.
    """
    for name, values, most in (("latitude", latitude, 90.0), ("longitude", longitude, 180.0)):
        wrong = np.flatnonzero(~(np.abs(values) <= most))
        if len(wrong):
            row = int(wrong[0])
            swapped = name == "latitude" and abs(float(longitude[row])) <= 90 and abs(float(values[row])) <= 180
            hint = "; latitude and longitude may be swapped" if swapped else ""
            raise InputError(
                f"{where}: row {row + first_row}: field {name!r} is {values[row]:g}: expected -{most:g} to {most:g} degrees{hint}"
            )
    if origin is None:
        return
    far = (np.abs(latitude - origin.latitude) > FARTHEST_DEGREES) | (np.abs(longitude - origin.longitude) > FARTHEST_DEGREES)
    if far.any():
        row = int(np.flatnonzero(far)[0])
        swapped = abs(longitude[row] - origin.latitude) <= FARTHEST_DEGREES and abs(latitude[row] - origin.longitude) <= FARTHEST_DEGREES
        hint = "latitude and longitude are swapped" if swapped else "expected a place of the region"
        raise InputError(
            f"{where}: row {row + first_row}: latitude {latitude[row]:g}, longitude {longitude[row]:g} lies more than "
            f"{FARTHEST_DEGREES:g} degrees from the region's origin ({origin.latitude:g}, {origin.longitude:g}): {hint}"
        )
