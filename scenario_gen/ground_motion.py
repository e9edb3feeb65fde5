r"""Median shaking and its scatter after Boore, Stewart, Seyhan & Atkinson (2014), "BSSA14"; eq. numbers are those of that paper.

    ln Y = F_E + F_P + F_S,   F_S = ln F_lin + ln F_nl + F_dz1                                                     (1), (5)
    F_E  = e_mech + e_4 (M - M_h) + e_5 (M - M_h)^2   for M <= M_h,   e_mech + e_6 (M - M_h) above                 (2)
    F_P  = (c_1 + c_2 (M - M_ref)) ln(R / R_ref) + (c_3 + dc_3) (R - R_ref),   R = sqrt(R_JB^2 + h^2)              (3), (4)
    ln F_lin = c ln(min(Vs30, V_c) / V_ref)                                                                        (6)
    ln F_nl  = f_1 + f_2 ln((PGA_r + f_3) / f_3),   f_2 = f_4 (exp(f_5 (min(Vs30, 760) - 360)) - exp(400 f_5))     (7), (8)
    F_dz1 = min(f_6 dz_1, f_7) for periods of at least 0.65 s, else 0,   dz_1 = z_1 - mu_z1(Vs30)                  (9), (10)
    tau(M), phi(M, R_JB, Vs30)                                                                                     (14) to (17)

PGA_r is the median PGA on rock (Vs30 = 760 m/s, without basin) of the same rupture in the same region. This is mu, tau and phi of
eq. 1-3 of the ST-ERAO paper, which leaves the prediction equation open. Boore et al. (2014), Earthquake Spectra 30(3), 1057-1085.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from types import EllipsisType
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .bssa14_coefficients import DC_3_OF_REGION, E_OF_MECHANISM, F_1, F_3_G, M_REF, R_REF_KM, TABLE, V_REF_M_S, Imt, Mechanism, Region, Row
from .plausible import one_of, within

Array = NDArray[np.float64]
Basin = Literal["california", "japan"]

_BLOCK = 16_384
"""Numbers treated at a time, so that intermediate arrays stay in the processor's cache; no result depends on it."""


@dataclass(frozen=True, slots=True, eq=False)
class SiteTerms:
    """What BSSA14 needs of the sites, computed once for many ruptures: made by :func:`prepare`.

    ln Y = F_E + F_P + ``constant`` + ``f_2`` ln(PGA_r + f_3); ``phi_reduction`` is the last term of eq. 15. All (n,) or any other shape.
    """

    imt: Imt
    region: Region
    constant: Array
    f_2: Array
    phi_reduction: Array

    def at(self, magnitude: ArrayLike, rjb_km: ArrayLike, mechanism: Mechanism = "strike-slip") -> tuple[Array, Array, Array]:
        """Return (ln median, tau, phi) as :func:`bssa14` does.

        Raises
        ------
        InputError
            As in :func:`bssa14`.
        """
        one_of("mechanism", mechanism, get_args(Mechanism))
        m = within("magnitude", magnitude, 3.0, 9.0, hint=" (BSSA14 holds for 3 to 8.5, 3 to 7 if normal)")
        r = within("rjb_km", rjb_km, 0.0, 2.0e4, "km")
        try:
            shape = np.broadcast_shapes(m.shape, r.shape, self.f_2.shape)
        except ValueError:
            raise InputError(f"magnitude {m.shape}, rjb_km {r.shape} and the sites {self.f_2.shape} do not broadcast") from None
        median, phi = np.empty(shape), np.empty(shape)
        for block in _blocks(shape):
            m_, r_, f_2, constant, reduction = (_part(x, block) for x in (m, r, self.f_2, self.constant, self.phi_reduction))
            median[block] = self._median(m_, r_, mechanism, f_2, constant)
            phi[block] = _phi(TABLE[self.imt], m_, r_) - reduction  # eq. 15
        row = TABLE[self.imt]
        tau = row.tau_1 + (row.tau_2 - row.tau_1) * np.clip(m - 4.5, 0.0, 1.0)  # eq. 14
        return median, np.broadcast_to(tau, shape), phi

    def _median(self, m: Array, r: Array, mechanism: Mechanism, f_2: Array, constant: Array) -> Array:
        rock = _event_and_path(TABLE["PGA"], m, r, mechanism, self.region)  # ln PGA_r
        own = rock if self.imt == "PGA" else _event_and_path(TABLE[self.imt], m, r, mechanism, self.region)
        amplification = np.exp(rock)
        amplification += F_3_G
        return own + np.log(amplification) * f_2 + constant  # eq. 7


def _blocks(shape: tuple[int, ...]) -> Iterator[tuple[EllipsisType | slice, ...]]:
    """Cut the last axis so that a block holds about _BLOCK numbers."""
    if not shape:
        yield (...,)
        return
    width = max(1, _BLOCK // max(1, math.prod(shape[:-1])))
    for i in range(0, shape[-1], width):
        yield (..., slice(i, i + width))


def _part(x: Array, block: tuple[EllipsisType | slice, ...]) -> Array:
    """Return the block of an array that broadcasts against it."""
    return x[block] if x.ndim and x.shape[-1] > 1 else x


def _event_and_path(row: Row, m: Array, r: Array, mechanism: Mechanism, region: Region) -> Array:
    """F_E + F_P of eq. 2-4, with ln R = ln(R^2) / 2."""
    over = m - row.M_h
    event = getattr(row, E_OF_MECHANISM[mechanism]) + np.where(over <= 0, row.e_4 * over + row.e_5 * over**2, row.e_6 * over)
    spreading, anelastic = row.c_1 + row.c_2 * (m - M_REF), row.c_3 + getattr(row, DC_3_OF_REGION[region])
    square = r * r + row.h**2
    path = np.log(square) * (spreading / 2) + np.sqrt(square) * anelastic
    return np.asarray(path + (event - spreading * np.log(R_REF_KM) - anelastic * R_REF_KM))


def _phi(row: Row, m: Array, r: Array) -> Array:
    """Phi before its Vs30 term: eq. 16 and 17."""
    phi = row.phi_1 + (row.phi_2 - row.phi_1) * np.clip(m - 4.5, 0.0, 1.0)
    if not r.size or r.max() <= row.R_1:
        return phi
    far = np.log(np.clip(r / row.R_1, 1.0, row.R_2 / row.R_1)) / np.log(row.R_2 / row.R_1)
    return np.asarray(phi + row.dphi_R * far)


def prepare(
    vs30_m_s: ArrayLike, *, imt: Imt = "PGA", region: Region = "global", basin: Basin | None = None, z1_km: ArrayLike | None = None
) -> SiteTerms:
    """Compute what depends on the sites alone; parameters and errors as in :func:`bssa14`."""
    one_of("imt", imt, TABLE)
    one_of("region", region, get_args(Region))
    one_of("basin", basin, (None, *get_args(Basin)))
    v = within("vs30_m_s", vs30_m_s, 10.0, 1.0e4, "m/s", "; values in km/s must be multiplied by 1000")
    row = TABLE[imt]
    f_2 = row.f_4 * (np.exp(row.f_5 * (np.minimum(v, 760.0) - 360.0)) - np.exp(row.f_5 * 400.0))  # eq. 8
    constant = row.c * np.log(np.minimum(v, row.V_c) / V_REF_M_S) + F_1 - f_2 * np.log(F_3_G)  # eq. 6, 7
    if z1_km is not None:
        if basin is None:
            raise InputError("z1_km is given but basin is None: expected 'california' or 'japan', whose mean depth it is compared with")
        z1 = within("z1_km", z1_km, 0.0, 20.0, "km", "; values in m must be divided by 1000")
        try:
            constant, f_2 = np.broadcast_arrays(constant + np.minimum(row.f_6 * (z1 - mean_z1_km(v, basin)), row.f_7), f_2)  # eq. 9, 10
        except ValueError:
            raise InputError(f"z1_km {z1.shape} and vs30_m_s {v.shape} do not broadcast") from None
    soft = np.clip(np.log(row.V_2 / v) / np.log(row.V_2 / row.V_1), 0.0, 1.0)
    return SiteTerms(imt, region, constant, f_2, row.dphi_V * soft)


def mean_z1_km(vs30_m_s: ArrayLike, basin: Basin) -> Array:
    """Mean depth in km to a shear-wave velocity of 1 km/s at a given Vs30: eq. 11 (California), eq. 12 (Japan)."""
    v = np.asarray(vs30_m_s, dtype=float)
    factor, power, v_0 = (-7.15, 4, 570.94) if basin == "california" else (-5.23, 2, 412.39)
    return np.exp(factor / power * np.log((v**power + v_0**power) / (1360.0**power + v_0**power))) / 1000


def bssa14(
    magnitude: ArrayLike,
    rjb_km: ArrayLike,
    vs30_m_s: ArrayLike,
    *,
    mechanism: Mechanism = "strike-slip",
    imt: Imt = "PGA",
    region: Region = "global",
    basin: Basin | None = None,
    z1_km: ArrayLike | None = None,
) -> tuple[Array, Array, Array]:
    """Return the ln of the median, the between-event tau and the within-event phi (both of ln Y).

    The model holds for M 3-8.5 (normal faulting 3-7), R_JB 0-400 km, Vs30 150-1500 m/s, z_1 0-3 km; beyond, numbers are extrapolated. For
    many ruptures over the same sites use :func:`prepare` once and :meth:`SiteTerms.at`, which this function calls.

    Parameters
    ----------
    magnitude, rjb_km, vs30_m_s, z1_km : array_like
        Moment magnitude; Joyner-Boore distance in km; Vs30 in m/s; depth to 1 km/s in km. They broadcast: R ruptures as (R, 1) against n
        sites as (n,) or distances (R, n) give (R, n).
    mechanism : {"strike-slip", "reverse", "normal", "unspecified"}
    imt : {"PGA", "PGV", "SA(1.0)"}
        Units of the median: g, cm/s, g.
    region : {"global", "china-turkey", "italy-japan"}
        Adjusts the anelastic term: dc_3 of eq. 3. "global" holds for California, New Zealand and Taiwan.
    basin : {None, "california", "japan"}
        Which mean depth ``z1_km`` is compared with. Without ``z1_km`` dz_1 is 0, the mean basin; ``z1_km`` without ``basin`` is refused.

    Returns
    -------
    tuple of arrays
        ln median, tau, phi, all of the broadcast shape; tau may be a read-only view of fewer numbers.

    Raises
    ------
    InputError
        An unknown option, M outside [3, 9], a negative distance, Vs30 outside 10-10,000 m/s, z_1 outside 0-20 km, a value that is not a
        number, or shapes that do not broadcast; names the field and the index of the first bad value.

    Examples
    --------
    >>> ln_median, tau, phi = bssa14(7.2, [20.0, 60.0], 300.0)
    >>> np.exp(ln_median).round(4).tolist(), tau.tolist(), phi.tolist()
    ([0.2298, 0.0956], [0.348, 0.348], [0.495, 0.495])
    """
    return prepare(vs30_m_s, imt=imt, region=region, basin=basin, z1_km=z1_km).at(magnitude, rjb_km, mechanism)
