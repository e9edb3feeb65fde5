"""Aftershock sequences: how many, when, how large and where on the main shock's plane, keyed by scenario.

The number is Poisson with the mean N(T) of :mod:`.omori`; given the number, times are independent draws from lambda / N(T) and magnitudes
from the truncated Gutenberg-Richter law. The number comes from one U(0, 1) by inversion, and aftershock i (in order of drawing) has numbers
of its own: with a larger a, all aftershocks of the same scenario stay and others join them.

Damage accumulates by the worst state: a building or component keeps the worst state that the main shock or any aftershock puts it into
(:func:`worst_state`). Each aftershock has its own eta and field, drawn with its own seed (``AftershockSequence.seeds``). Fragilities
do not shift with damage: no data support a shift for all building types.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, pdtr, pdtrik

from ..errors import InputError
from . import omori
from .aftershock_regimes import REGIMES, AftershockParameters
from .keyed import keyed_uniforms, keyed_words
from .plausible import one_of, within
from .streams import Stream

Array = NDArray[np.float64]
States = TypeVar("States", bound=np.integer)

_PER_EVENT = 8
"""Random numbers reserved for each aftershock; the first lot belongs to the sequence."""

_MOST = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class AftershockSequence:
    """Aftershocks in order of time, (E,) each.

    ``along`` and ``down`` are U(0, 1) places on the main shock's plane, for :func:`.ruptures.place_within`; ``seeds`` are for what else is
    drawn in each aftershock; ``expected_number`` is N(T) of the sequence.
    """

    times_days: Array
    magnitudes: Array
    along: Array
    down: Array
    seeds: tuple[int, ...]
    expected_number: float

    def __len__(self) -> int:
        return len(self.times_days)


def aftershock_sequence(
    mainshock_magnitude: float,
    regime: str | AftershockParameters,
    *,
    horizon_days: float,
    seed: int,
    k: int,
    smallest_magnitude: float = 5.0,
    largest_magnitude: float | None = None,
    draw_productivity: bool = False,
) -> AftershockSequence:
    """Draw the aftershocks of scenario ``k`` within ``horizon_days`` of its main shock.

    Parameters
    ----------
    mainshock_magnitude : float
    regime : str or AftershockParameters
        A name of :data:`.aftershock_regimes.REGIMES`, or parameters.
    horizon_days : float
        T in days, counted from the main shock.
    seed, k : int
        Everything drawn depends on these two alone.
    smallest_magnitude, largest_magnitude : float
        Range of magnitudes; the largest is the main shock's unless given. N(T) counts all events above the smallest, and the cut at the
        largest moves the few beyond into the range.
    draw_productivity : bool
        Draw a from N(a, sigma^2), the spread between sequences of a regime, instead of the median a.

    Raises
    ------
    InputError
        An unknown regime, a value out of range, or more than a million expected aftershocks.
    """
    if isinstance(regime, str):
        one_of("regime", regime, REGIMES)
        regime = REGIMES[regime]
    largest = mainshock_magnitude if largest_magnitude is None else largest_magnitude
    within("mainshock_magnitude", mainshock_magnitude, 3.0, 9.5)
    within("smallest_magnitude", smallest_magnitude, 0.0, np.nextafter(largest, -np.inf), hint=" (below the largest magnitude)")
    within("horizon_days", horizon_days, 0.0, 36525.0, "days")
    within("c_days", regime.c_days, 1e-6, 1e3, "days")
    within("b", regime.b, 0.1, 5.0)
    within("p", regime.p, 0.0, 5.0)
    for name, number in (("seed", seed), ("k", k)):
        if number < 0:
            raise InputError(f"{name} is {number}: must not be negative")
    u_number, u_productivity = keyed_uniforms(seed, k, Stream.AFTERSHOCKS, 2).tolist()
    a = regime.a + (regime.sigma(mainshock_magnitude) * float(ndtri(u_productivity)) if draw_productivity else 0.0)
    productivity = 10 ** (a + regime.b * (mainshock_magnitude - smallest_magnitude))
    mean = float(omori.expected_number(horizon_days, productivity, regime.c_days, regime.p))
    if not mean <= _MOST:
        raise InputError(f"{mean:.3g} aftershocks are expected: smallest_magnitude {smallest_magnitude:g} is too small (at most {_MOST:,})")
    count = _poisson(u_number, mean)
    u = keyed_uniforms(seed, k, Stream.AFTERSHOCKS, _PER_EVENT * (count + 1)).reshape(-1, _PER_EVENT)[1:]
    words = keyed_words(seed, k, Stream.AFTERSHOCKS, 0, _PER_EVENT * (count + 1)).reshape(-1, _PER_EVENT)[1:, 4]
    times = omori.times_days(u[:, 0], horizon_days, regime.c_days, regime.p)
    order = np.argsort(times, kind="stable")
    return AftershockSequence(
        times_days=times[order],
        magnitudes=omori.magnitudes(u[order, 1], regime.b, smallest_magnitude, largest),
        along=u[order, 2],
        down=u[order, 3],
        seeds=tuple(words[order].tolist()),
        expected_number=mean,
    )


def _poisson(u: float, mean: float) -> int:
    """Return the smallest n with P(N <= n) >= u."""
    if u <= pdtr(0, mean):
        return 0
    n = int(np.ceil(pdtrik(u, mean)))
    while n > 0 and pdtr(n - 1, mean) >= u:
        n -= 1
    while pdtr(n, mean) < u:
        n += 1
    return n


def worst_state(states: Iterable[NDArray[States]]) -> NDArray[States]:
    """Return the worst (largest) damage state of each item over main shock and aftershocks; the arrays have one shape.

    Raises
    ------
    InputError
        No array at all.
    """
    events = iter(states)
    first = next(events, None)
    if first is None:
        raise InputError("states: expected at least the main shock's")
    worst = first.copy()
    for other in events:
        np.maximum(worst, other, out=worst)
    return worst
