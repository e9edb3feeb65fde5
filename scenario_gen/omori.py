r"""The Omori-Utsu rate of aftershocks, eq. 5 of the ST-ERAO paper, its integral and inverse; truncated Gutenberg-Richter magnitudes.

    lambda(t) = K / (t + c)^p,   K = 10^(a + b (M_main - M_min))                                                             (5)
    N(t) = int_0^t lambda = K c^q (e^(q l) - 1) / q,   q = 1 - p,   l = ln(1 + t / c);   K l for p = 1
    t(u) = c (e^l - 1),   l = ln(1 + u (e^(q L) - 1)) / q,   L = ln(1 + T / c);   u L for p = 1:      N(t(u)) = u N(T)
    F(m) = (1 - 10^(-b (m - M_min))) / (1 - 10^(-b (M_max - M_min)))   on [M_min, M_max]

K counts the events of at least M_min (Reasenberg & Jones 1989, Science 243, 1173-1176). Both cases of p are one formula below, in functions
that are accurate through q = 0. Times are in days.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import exprel

Array = NDArray[np.float64]


def rate_per_day(t_days: ArrayLike, k: float, c_days: float, p: float) -> Array:
    """Return lambda(t) of eq. 5; ``k`` is K, in events per day^(1 - p)."""
    return np.asarray(k * (np.asarray(t_days, dtype=float) + c_days) ** -p)


def expected_number(t_days: ArrayLike, k: float, c_days: float, p: float) -> Array:
    """Return N(t), the expected number of aftershocks until t, for any p."""
    log = np.log1p(np.asarray(t_days, dtype=float) / c_days)
    return np.asarray(k * c_days ** (1 - p) * log * exprel((1 - p) * log))


def times_days(fractions: ArrayLike, horizon_days: float, c_days: float, p: float) -> Array:
    """Return t(u) in [0, horizon]: of U(0, 1) numbers, the times of aftershocks within the horizon, given how many there are."""
    q, log_horizon = 1 - p, np.log1p(horizon_days / c_days)
    y = np.asarray(fractions, dtype=float) * log_horizon * exprel(q * log_horizon)  # (e^(q l) - 1) / q
    log = np.log1p(q * y) / q if q else y
    return np.asarray(np.minimum(c_days * np.expm1(log), horizon_days))


def magnitudes(fractions: ArrayLike, b: float, smallest: float, largest: float) -> Array:
    """Return the inverse of F: of U(0, 1) numbers, magnitudes in [smallest, largest]."""
    beta = b * np.log(10.0)
    out = smallest - np.log1p(np.asarray(fractions, dtype=float) * np.expm1(-beta * (largest - smallest))) / beta
    return np.asarray(np.clip(out, smallest, largest))
