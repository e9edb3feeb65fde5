"""What samplers of fields have in common, and the checks of what they are asked for."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from .correlation import Array, Correlation

Sites = NDArray[np.integer[Any]]


class Fields(Protocol):
    """What samplers of correlated N(0, 1) fields have: a correlation, sites ``x_km``, ``y_km`` (n,), a seed, and blocks of scenarios."""

    correlation: Correlation
    x_km: Array
    y_km: Array
    seed: int
    dtype: np.dtype[Any]

    def block(self, start: int, stop: int, sites: Sites | None = None) -> NDArray[Any]:
        """Return fields ``start, ..., stop - 1`` at all sites, or at the site numbers given, (stop - start, sites)."""


def check_block(start: int, stop: int) -> None:
    """Check a range of scenarios."""
    if not 0 <= start <= stop:
        raise InputError(f"scenarios {start} to {stop}: expected 0 <= start <= stop")


def check_numbers(sites: Sites, count: int) -> None:
    """Check site numbers."""
    wrong = np.flatnonzero((sites < 0) | (sites >= count))
    if len(wrong):
        raise InputError(f"sites[{wrong[0]}] is {sites[wrong[0]]}: expected site numbers 0 to {count - 1}")


def checked_dtype(dtype: Any) -> np.dtype[Any]:
    """Return single or double precision."""
    checked: np.dtype[Any] = np.dtype(dtype)
    if checked not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise InputError(f"dtype is {checked}: expected float32 or float64")
    return checked
