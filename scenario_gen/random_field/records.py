"""What stations recorded of one event."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import LinAlgError, cho_factor

from ...errors import InputError
from .cholesky import check_apart
from .correlation import Array, Correlation, checked_sites


@dataclass(frozen=True, slots=True)
class Records:
    """What m stations recorded of one event; make it by :meth:`of`. All arrays (m,)."""

    x_km: Array
    y_km: Array
    residual: Array
    tau: Array
    phi: Array
    sigma: Array

    @classmethod
    def of(
        cls, x_km: ArrayLike, y_km: ArrayLike, residual: ArrayLike, *, tau: ArrayLike, phi: ArrayLike, sigma: ArrayLike = 0.0
    ) -> Records:
        """Return records: ``residual`` = ln IM - ln median, standard deviations ``tau`` between and ``phi`` within events and ``sigma``
        of the measurement, in ln units, one for all stations or one each.

        Raises
        ------
        InputError
            A number that is not finite, phi not positive, tau or sigma negative, a wrong count; the message names the station.
        """
        x, y = checked_sites(x_km, y_km)
        values = {}
        for name, given in (("residual", residual), ("tau", tau), ("phi", phi), ("sigma", sigma)):
            array = np.asarray(given, dtype=float)
            if array.shape not in ((), x.shape) or (name == "residual" and array.shape != x.shape):
                raise InputError(f"{name} has shape {array.shape}: expected one value for each of {len(x)} stations")
            array = np.broadcast_to(array, x.shape)
            least = {"residual": -np.inf, "phi": np.nextafter(0, 1)}.get(name, 0.0)
            wrong = np.flatnonzero(~(np.isfinite(array) & (array >= least)))
            if len(wrong):
                expected = {"residual": "a finite number", "phi": "a positive number"}.get(name, "0 or a positive number")
                raise InputError(f"station {wrong[0]}: {name} is {array[wrong[0]]:g}: expected {expected} in ln units")
            values[name] = array
        return cls(x, y, values["residual"], values["tau"], values["phi"], values["sigma"])

    def covariance(self, correlation: Correlation) -> Array:
        """Return S of (10) of ``conditioning``, (m, m)."""
        within = correlation.matrix(self.x_km, self.y_km) * self.phi[:, None] * self.phi
        return np.asarray(within + np.outer(self.tau, self.tau) + np.diag(self.sigma**2))

    def factor(self, correlation: Correlation) -> tuple[Array, bool]:
        """Return the Cholesky factor of S for ``cho_solve``."""
        exact = self.sigma == 0
        check_apart(correlation, self.x_km[exact], self.y_km[exact], "station without sigma")
        try:
            return cho_factor(self.covariance(correlation), lower=True)  # type: ignore[no-any-return]
        except LinAlgError as e:
            raise InputError("the covariance of the records is singular: expected stations farther apart, or a larger sigma") from e
