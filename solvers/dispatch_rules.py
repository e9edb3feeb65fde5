"""Dispatch rules: in which order damaged buildings are served, so many a day.

Policies A, B and C of Zhang, Wang and Chen (SeisRank-Ord, doi 10.25259/JKSUS_1757_2025), section 5:

- A, severity-first: by descending damage index;
- B, egalitarian: a rotation that ignores the prediction. The article does not say in which order it rotates; here lots are drawn once, and
  with districts the turn goes round them, one building of each at a time, until each has no more;
- C, quota and threshold: a share (0.7) of each day's places is kept for buildings whose P(severe) exceeds a threshold (0.8); the rest goes
  to the others by *ascending* index, as the article has it. Places that one side can no longer use go to the other, so every day is full.

A rule of your own is any function of ``(Prediction, per_day)`` that returns an order. Equal buildings are served by their position.
Every order serves all: ``per_day`` buildings on day 1, as many on day 2, ..., the last ones on day T = ceil(n / per_day).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError

Array = NDArray[np.float64]
Order = NDArray[np.int64]

QUOTA, THRESHOLD = 0.7, 0.8
"""Section 5: the share of a day's places for buildings whose P(severe) is above the threshold."""


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What a rule knows of n buildings.

    Attributes
    ----------
    index
        (n,) damage index, larger is worse.
    severe
        (n,) P(severe), or a score in its place.
    district
        (n,) a number for each building's district, or None.
    """

    index: Array
    severe: Array
    district: Order | None = None

    def __post_init__(self) -> None:
        n = len(self.index)
        if n == 0:
            raise InputError("field 'index': no buildings: expected at least one")
        for name, values in (("index", self.index), ("severe", self.severe), ("district", self.district)):
            if values is not None and np.shape(values) != (n,):
                raise InputError(f"field {name!r}: shape {np.shape(values)}: expected ({n},), one value a building")
            if values is not None and not np.isfinite(values).all():
                at = int(np.flatnonzero(~np.isfinite(values))[0])
                raise InputError(f"field {name!r}: row {at}: {values[at]}: expected a finite number")


Rule = Callable[[Prediction, int], Order]
"""From what is predicted, and the number served a day, to an order: positions, the first to be served first."""


def severity_first(prediction: Prediction, per_day: int) -> Order:
    """Return policy A's order."""
    return np.argsort(-prediction.index, kind="stable")


def egalitarian(seed: int = 0) -> Rule:
    """Return policy B: lots drawn from ``seed``, then round the districts if there are any."""

    def order(prediction: Prediction, per_day: int) -> Order:
        lots: Order = np.random.default_rng(seed).permutation(len(prediction.index))
        return lots if prediction.district is None else _round_robin(lots, prediction.district)

    return order


def quota_threshold(quota: float = QUOTA, threshold: float = THRESHOLD) -> Rule:
    """Return policy C.

    Of the places of the first d days floor(quota * per_day * d) are kept for buildings above the threshold: 35 of 50 every day, or
    0, 1, 1, 0, 1, ... where one building is served a day. They are served by descending index, the others by ascending index.

    Raises
    ------
    InputError
        A quota outside 0 to 1, which would be above the day's capacity, or a threshold that is not finite.
    """
    if not 0 <= quota <= 1:
        raise InputError(f"quota {quota}: expected a share of each day's capacity, from 0 to 1")
    if not np.isfinite(threshold):
        raise InputError(f"threshold {threshold}: expected a finite number")
    share = Fraction(quota).limit_denominator(10**6)

    def order(prediction: Prediction, per_day: int) -> Order:
        above = prediction.severe > threshold
        flagged, others = np.flatnonzero(above), np.flatnonzero(~above)
        flagged = flagged[np.argsort(-prediction.index[flagged], kind="stable")]
        others = others[np.argsort(prediction.index[others], kind="stable")]
        places = per_day * np.arange(1, num_days(len(above), per_day) + 1)
        kept = share.numerator * places // share.denominator
        turn = [np.searchsorted(kept, np.arange(len(flagged)), "right"), np.searchsorted(places - kept, np.arange(len(others)), "right")]
        return np.concatenate([flagged, others])[np.argsort(np.concatenate(turn), kind="stable")]

    return order


def num_days(n: int, per_day: int) -> int:
    """Return T = ceil(n / per_day); ``per_day`` below 1 or not whole is an :class:`InputError`."""
    if isinstance(per_day, bool) or not isinstance(per_day, int | np.integer) or per_day < 1:
        raise InputError(f"per_day {per_day}: expected a whole number of buildings a day, at least 1")
    return -(-n // int(per_day))


def service_days(order: ArrayLike, per_day: int) -> Order:
    """Return the day (n,), from 1, on which each building is served, if ``per_day`` are served a day in this order.

    Raises
    ------
    InputError
        ``per_day`` below 1, or an order that is no permutation of 0 to n - 1.
    """
    served = np.asarray(order)
    n = served.size
    num_days(n, per_day)
    if served.ndim != 1 or n == 0 or served.dtype.kind not in "iu":
        raise InputError(f"order: shape {served.shape} of {served.dtype}: expected the positions of all buildings, each once")
    if served.min() != 0 or served.max() != n - 1 or not (np.bincount(served, minlength=n) == 1).all():
        raise InputError(f"order: expected each of the positions 0 to {n - 1} once")
    days = np.empty(n, dtype=np.int64)
    days[served] = np.arange(n) // int(per_day) + 1
    return days


def _round_robin(lots: Order, district: Order) -> Order:
    """Return the order that serves the next of each district in turn: by place within the district, then by district."""
    by_district = lots[np.argsort(district[lots], kind="stable")]
    _, sizes = np.unique(district, return_counts=True)
    place = np.arange(len(lots)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return by_district[np.argsort(place, kind="stable")]
