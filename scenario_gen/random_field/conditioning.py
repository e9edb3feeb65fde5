r"""Fields given what stations have recorded: the exact Gaussian posterior, and draws from it by Matheron's rule.

Total residuals are d = tau e + phi z with e ~ N(0, 1) the event's term, eta = tau e, and z ~ N(0, R) the field, eps = phi z. Stations s
observe y = d_s + sigma times independent N(0, 1). Over the vector (e, z), with prior covariance P = diag(1, R) and y = H (e, z_s) +
noise,

    G = P H' = (tau_s'; R(., s) phi_s),     S = tau_s tau_s' + phi_s R_ss phi_s + diag(sigma^2)                  (10)
    mean = G S^-1 y,        covariance = P - G S^-1 G'                                                           (11)

Conditional simulation (Matheron's rule; Journel & Huijbregts, Mining Geostatistics, 1978) turns a prior draw (e, z) and drawn noise w
into one of the posterior:

    (e, z) + G S^-1 (y - tau_s e - phi_s z_s - sigma w)                                                          (12)

At stations without noise the drawn tau e + phi z is then the record itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cho_solve

from ...errors import InputError
from ..keyed import keyed_normals
from ..streams import Stream
from .correlation import Array, Correlation, checked_sites
from .fields import Fields, Sites, check_block, check_numbers
from .records import Records

SAME_PLACE_KM = 1e-6
"""Farther apart than this, a station and its site are not the same."""


def posterior(correlation: Correlation, records: Records, x_km: ArrayLike, y_km: ArrayLike) -> tuple[Array, Array]:
    """Return mean (1 + n,) and covariance (1 + n, 1 + n) of (11): of e, then of z at n sites. For small n.

    Those of d = tau e + phi z at the sites are A mean and A covariance A' with A = (tau, diag(phi)), (n, 1 + n).
    """
    x, y = checked_sites(x_km, y_km)
    factor = records.factor(correlation)
    gain = np.vstack([records.tau, correlation.between(x, y, records.x_km, records.y_km) * records.phi])
    prior = np.zeros((1 + len(x), 1 + len(x)))
    prior[0, 0] = 1.0
    prior[1:, 1:] = correlation.matrix(x, y)
    return gain @ cho_solve(factor, records.residual), prior - gain @ cho_solve(factor, gain.T)


class ConditionedSampler:
    """Draws of (e, z) given records: (12) applied to the fields of ``prior``, whose sites include the stations.

    ``station_sites`` are the stations' site numbers in ``prior``, by default its last ones. Memory: sites x stations numbers.

    Raises
    ------
    InputError
        A station that is not where its site is, two stations without sigma at one place.
    """

    def __init__(self, prior: Fields, records: Records, station_sites: Sites | None = None):
        n, m = len(prior.x_km), len(records.x_km)
        if n < m:
            raise InputError(f"{m} stations, {n} sites: expected every station among the sites")
        self.prior, self.records = prior, records
        self._stations = np.arange(n - m, n) if station_sites is None else np.asarray(station_sites)
        check_numbers(self._stations, n)
        if self._stations.shape != (m,):
            raise InputError(f"station_sites has shape {self._stations.shape}: expected one site number for each of {m} stations")
        away = np.hypot(prior.x_km[self._stations] - records.x_km, prior.y_km[self._stations] - records.y_km)
        wrong = np.flatnonzero(away > SAME_PLACE_KM)
        if len(wrong):
            raise InputError(
                f"station {wrong[0]} is {away[wrong[0]]:g} km from site {self._stations[wrong[0]]}: expected a site at the station's place"
            )
        self._factor = records.factor(prior.correlation)
        reach = prior.correlation.between(records.x_km, records.y_km, prior.x_km, prior.y_km)
        reach *= records.phi[:, None]
        self._gain = reach.astype(prior.dtype)

    def update(self, event: float, at_stations: Array, noise: Array) -> tuple[float, Array]:
        """Return the e of (12), and S^-1 (y - ...) there, (m,), by which the field is corrected, from one prior draw."""
        r = self.records
        factors = cho_solve(self._factor, r.residual - r.tau * event - r.phi * at_stations - r.sigma * noise, check_finite=False)
        return float(event + r.tau @ factors), np.asarray(factors)

    def block(self, start: int, stop: int, sites: Sites | None = None, *, event: Array | None = None) -> tuple[Array, NDArray[Any]]:
        """Return e (stop - start,) and z (stop - start, n) given the records, at all sites or at those given by number.

        ``event`` are prior draws of e; by default they are drawn from the seed of ``prior``.
        """
        check_block(start, stop)
        seed, m = self.prior.seed, len(self._stations)
        chosen = np.arange(len(self.prior.x_km)) if sites is None else np.asarray(sites)
        drawn = self.prior.block(start, stop, np.concatenate([self._stations, chosen]))
        at_stations, z = drawn[:, :m].astype(float), drawn[:, m:]
        gain = self._gain if sites is None else self._gain[:, chosen]
        terms = np.empty(stop - start)
        for i, k in enumerate(range(start, stop)):
            prior_term = keyed_normals(seed, k, Stream.EVENT_RESIDUAL, 1)[0] if event is None else event[i]
            terms[i], factors = self.update(float(prior_term), at_stations[i], keyed_normals(seed, k, Stream.OBSERVATION, m))
            for row, factor in zip(gain, factors.tolist(), strict=True):  # one by one: a matrix product's bits depend on its shape
                z[i] += row * factor
        return terms, z
