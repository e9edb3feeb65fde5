r"""Labelled synthetic buildings as feature vectors, and a stratified split: to compare objectives where no images are at hand.

A latent damage u ~ N(0, 1) is cut into the four grades at the quantiles of the asked shares. Features are noisy readings of it,

    x_1 = u + 0.8 e_1          x_2 = u^2 / 2 + 0.8 e_2          x_3 = 1.5 max(0, u - 0.3) + e_3          x_4 = tanh(2 u) + e_4
    x_5 = 0.4 u + e_5          x_6, x_7, x_8 = e_6, e_7, e_8                                              e ~ N(0, noise^2)

so that grades overlap at their borders and the last three carry nothing. No number stands for a real data set but the default shares, which
are Yushu's (Table 1 of SeisRank-Ord). The first m buildings of a seed are the same for every n.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from ...errors import InputError
from ...instances.damage_grades import YUSHU
from ...instances.grade_checks import Grades, checked_grades
from ..plausible import within
from .shares import cumulative_shares

Array = NDArray[np.float64]
Index = NDArray[np.int64]

NUM_FEATURES = 8


def synthetic_features(n: int, seed: int, *, counts: ArrayLike = YUSHU, noise: float = 1.0) -> tuple[Array, Grades]:
    """Return features (n, 8) and grades (n,); ``counts`` (4,) give the expected shares of the grades.

    Raises
    ------
    InputError
        Fewer than one building, shares that are not positive in sum, or a negative noise.
    """
    within("n", n, 1, 1e9)
    within("noise", noise, 0, 1e6)
    upper = cumulative_shares(counts)
    z = np.random.default_rng(seed).standard_normal((n, 1 + NUM_FEATURES))
    u, e = z[:, 0], noise * z[:, 1:]
    grades = np.searchsorted(ndtri(upper[:-1]), u, side="right").astype(np.int64)
    e[:, :2] *= 0.8
    e[:, :5] += np.column_stack([u, u**2 / 2, 1.5 * np.maximum(0, u - 0.3), np.tanh(2 * u), 0.4 * u])
    return e, grades


def stratified_split(grades: ArrayLike, shares: ArrayLike, seed: int) -> list[Index]:
    """Return sorted row numbers of each part, every grade split in the given shares (cuts rounded), in a seeded order.

    Raises
    ------
    InputError
        Grades outside 0..3, or shares that are negative or do not sum to 1.
    """
    y = checked_grades(grades)
    part = within("shares", shares, 0, 1)
    if part.ndim != 1 or abs(part.sum() - 1) > 1e-9:
        raise InputError(f"shares are {part.tolist()}: expected numbers whose sum is 1")
    rng = np.random.default_rng(seed)
    pieces: list[list[Index]] = [[] for _ in part]
    for grade in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == grade))
        cuts = np.round(np.cumsum(part)[:-1] * len(rows)).astype(int)
        for piece, chosen in zip(pieces, np.split(rows, cuts), strict=True):
            piece.append(chosen)
    return [np.sort(np.concatenate(piece)) for piece in pieces]
