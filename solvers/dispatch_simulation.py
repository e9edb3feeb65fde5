r"""What an order of service does: damage still uncovered day by day, and the figures that are made of it.

Building i has a weight w_i (its true grade) and is served on day d_i >= 1; W is the sum of weights. The uncovered damage is

    U_t = sum_i w_i 1[d_i > t],    t = 0 to T = ceil(n / K),    U_0 = W, U_T = 0.

**AUC**, three conventions. A building is uncovered on days 0 to d_i - 1, so that

    left sum    U_0 + ... + U_(T-1) = sum_i w_i d_i,
    right sum   U_1 + ... + U_T     = sum_i w_i (d_i - 1),
    trapezoid   their mean          = sum_i w_i (d_i - 1/2).

The trapezoid is the closest reconstruction of Tables 5 and 6 of SeisRank-Ord (see :mod:`.dispatch_rules`); it is named ``auc``.

**T50, T90**: the first day by whose end 50 or 90 % of W is served. **Top-20 % median day**: the median d_i of the floor(n / 5) buildings of
largest weight, equal weights by position. (Of Yushu's 1,140 collapsed buildings the first 700, which gives severity-first 7.5 days; the
median of all 1,140 is 12.)

**Gini**, of what the article does not say; five variants, G = sum_i (2 i - m - 1) x_(i) / (m sum_i x_i) of m values in ascending order:
``weight_per_day`` w_i / d_i (the only one at the level of the printed numbers: the closest reconstruction), ``day`` d_i,
``reciprocal_day`` 1 / d_i, ``weighted_day`` w_i d_i, ``daily_weight`` the weight served on each of the T days. ``day`` and
``reciprocal_day`` are the same for every order of full days.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .dispatch_rules import num_days

Array = NDArray[np.float64]

TOP_SHARE = Fraction(1, 5)
GINIS = ("weight_per_day", "day", "reciprocal_day", "weighted_day", "daily_weight")
CLOSEST_GINI = "weight_per_day"
MOST_DAYS = 1000
"""Days a building, on average, that a schedule may last: beyond it is a mistake that would only fill the memory."""
ROUNDING = 1e-12
"""A share of W that is missed by less, relative to W, counts as reached."""


@dataclass(frozen=True, slots=True, eq=False)
class Simulation:
    """What an order did; the module says what each figure is.

    Attributes
    ----------
    num_days
        T, or the last day of service where that is later.
    uncovered, coverage
        (T+1,) U_t in the unit of the weights, and 1 - U_t / W.
    auc, auc_left, auc_right
        Trapezoid, left and right sum.
    t50, t90
        Days.
    top_median_day
        Of the 20 % of largest weight.
    gini
        By the name of the variant.
    """

    num_days: int
    uncovered: Array
    coverage: Array
    auc: float
    auc_left: float
    auc_right: float
    t50: int
    t90: int
    top_median_day: float
    gini: Mapping[str, float]


def simulate(days: ArrayLike, weights: ArrayLike, per_day: int) -> Simulation:
    """Return what serving building i on ``days[i]`` (n,) does, at most ``per_day`` on each, with ``weights`` (n,).

    An order becomes days by :func:`.dispatch_rules.service_days`.

    Raises
    ------
    InputError
        ``per_day`` below 1; no buildings; days that are not whole or start before 1; a day with more than ``per_day`` buildings; weights
        that are negative, not finite or all 0.
    """
    served, w = _checked(days, weights)
    n = len(w)
    last = max(num_days(n, per_day), int(served.max()))
    if last > MOST_DAYS * n:
        raise InputError(f"days: day {last} for {n} buildings: expected a schedule without so many empty days")
    busy = np.bincount(served)
    if busy.max() > per_day:
        raise InputError(f"days: {busy.max()} buildings on day {busy.argmax()}: expected at most per_day {per_day}")
    daily = np.bincount(served, weights=w, minlength=last + 1).astype(float)
    total, left = float(w.sum()), float(w @ served)
    covered = np.cumsum(daily)
    return Simulation(
        num_days=last,
        uncovered=np.maximum(total - covered, 0.0),
        coverage=np.minimum(covered / total, 1.0),
        auc=left - total / 2,
        auc_left=left,
        auc_right=left - total,
        t50=_first_day(covered, total, 0.5),
        t90=_first_day(covered, total, 0.9),
        top_median_day=_top_median(served, w),
        gini={
            "weight_per_day": gini(w / served),
            "day": gini(served),
            "reciprocal_day": gini(1 / served),
            "weighted_day": gini(w * served),
            "daily_weight": gini(daily[1:]),
        },
    )


def gini(values: ArrayLike) -> float:
    """Return the Gini index of values (m,) that are nowhere negative and not all 0: 0 if all are equal, (m - 1) / m if one has all.

    Raises
    ------
    InputError
        No values, a negative one or one that is not finite, or nothing but zeros.
    """
    x = np.sort(np.asarray(values, dtype=float).ravel())
    if len(x) == 0 or not (x[0] >= 0 and 0 < x[-1] < np.inf):
        raise InputError("values of a Gini index: expected numbers from 0 on, not all of them 0")
    m = len(x)
    return float((2 * np.arange(1, m + 1) - m - 1) @ x / (m * x.sum()))


def checked_weights(weights: ArrayLike) -> Array:
    """Return weights (n,) as floats; not a list of numbers from 0 on, or all 0, is an :class:`InputError` that names the row."""
    w = np.asarray(weights, dtype=float)
    if w.ndim != 1 or len(w) == 0:
        raise InputError(f"weights: shape {w.shape}: expected one weight a building, and at least one building")
    bad = np.flatnonzero(~((w >= 0) & np.isfinite(w)))
    if len(bad):
        raise InputError(f"weights: row {bad[0]}: {w[bad[0]]}: expected a finite number from 0 on")
    if not w.any():
        raise InputError("weights: all are 0, so there is no damage to cover: expected at least one above 0")
    return w


def _checked(days: ArrayLike, weights: ArrayLike) -> tuple[NDArray[np.int64], Array]:
    w, served = checked_weights(weights), np.asarray(days)
    if served.shape != w.shape or served.dtype.kind not in "iu":
        raise InputError(f"days: shape {served.shape} of {served.dtype}: expected {len(w)} whole numbers, one a building")
    if served.min() < 1:
        raise InputError(f"days: row {served.argmin()}: {served.min()}: expected a day from 1 on")
    return served.astype(np.int64), w


def _first_day(covered: Array, total: float, share: float) -> int:
    return int(np.argmax(covered >= (share - ROUNDING) * total))


def _top_median(days: NDArray[np.int64], w: Array) -> float:
    """Return the median day of the top 20 % by weight, at least one building."""
    size = max(int(TOP_SHARE * len(w)), 1)
    least = np.partition(w, len(w) - size)[len(w) - size]
    above = np.flatnonzero(w > least)
    return float(np.median(days[np.concatenate([above, np.flatnonzero(w == least)[: size - len(above)]])]))
