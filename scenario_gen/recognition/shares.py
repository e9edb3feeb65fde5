"""Shares of the four grades from counts in any unit."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError
from ...instances.grade_checks import NUM_GRADES
from ..plausible import within

Array = NDArray[np.float64]


def cumulative_shares(counts: ArrayLike) -> Array:
    """Return the cumulative shares (4,) of grades with these counts or weights (4,); the last one is exactly 1.

    Raises
    ------
    InputError
        Not four numbers from 0 on, or all of them 0.
    """
    weights = within("counts", counts, 0, 1e15)
    if weights.shape != (NUM_GRADES,) or not weights.sum() > 0:
        raise InputError(f"counts are {weights.tolist()}: expected four numbers, not all 0")
    upper: Array = np.cumsum(weights)
    upper /= upper[-1]
    return upper
