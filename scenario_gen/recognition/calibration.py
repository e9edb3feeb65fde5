r"""Calibration: the reliability table, the expected calibration error, and temperature scaling.

Confidences q in [0, 1] fall into B equal bins, (b - 1)/B <= q < b/B, the last one closed. With n_b buildings in bin b, their mean
confidence and the share o_b of them for which the event came true,

    ECE = sum_b n_b / n |o_b - mean q|          (Naeini, Cooper and Hauskrecht 2015, AAAI; Guo et al. 2017, ICML)

Two events: ``top``, the most probable grade is the true one, q its probability; ``severe``, the true grade is 2 or 3, q = r = p_2 + p_3.

Temperature scaling (Guo et al. 2017) replaces p by p^(1/T) / sum p^(1/T), with the T that minimises cross-entropy on held-out buildings. It
keeps the order of the grades of a building, so accuracy and kappa stay; it cannot undo a bias towards some grades.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from ...instances.grade_checks import SEVERE, checked_grades, checked_probabilities
from ..plausible import one_of, within

Array = NDArray[np.float64]

_FLOOR = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """The table by bin, (B,): edges (B + 1,), buildings, and mean confidence and observed share, NaN where a bin is empty; and its ECE."""

    edges: Array
    count: NDArray[np.int64]
    confidence: Array
    observed: Array
    ece: float


def calibration(probabilities: ArrayLike, grades: ArrayLike, *, bins: int = 10, of: str = "top") -> Reliability:
    """Return the reliability table of probabilities (n, 4) against true grades (n,), of the event ``top`` or ``severe``.

    Raises
    ------
    InputError
        Bad probabilities or grades (row named), an unknown event, or fewer than one bin.
    """
    p = checked_probabilities(probabilities)
    y = checked_grades(grades, len(p))
    one_of("of", of, ("top", "severe"))
    within("bins", bins, 1, 1e6)
    if of == "top":
        top = np.argmax(p, axis=1)
        q, event = p[np.arange(len(p)), top], top == y
    else:
        q, event = p[:, SEVERE:].sum(axis=1), y >= SEVERE
    place = np.clip(np.floor(q * bins).astype(np.int64), 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    sum_q, hits = np.bincount(place, q, bins), np.bincount(place, event, bins)
    with np.errstate(invalid="ignore"):
        return Reliability(
            edges=np.linspace(0, 1, bins + 1),
            count=count,
            confidence=sum_q / count,
            observed=hits / count,
            ece=float(np.sum(np.abs(hits - sum_q)) / len(p)),
        )


def fit_temperature(probabilities: ArrayLike, grades: ArrayLike) -> float:
    """Return the T in [0.01, 100] that fits probabilities (n, 4) of held-out buildings to their grades (n,); above 1: they were too sure.

    Raises
    ------
    InputError
        Bad probabilities or grades; the row is named.
    """
    p = checked_probabilities(probabilities)
    y = checked_grades(grades, len(p))
    log_p, rows = np.log(np.maximum(p, _FLOOR)), np.arange(len(p))

    def cross_entropy(log_t: float) -> float:
        return -float(np.mean(log_softmax(log_p * np.exp(-log_t), axis=1)[rows, y]))

    limit = np.log(100.0)
    return float(np.exp(minimize_scalar(cross_entropy, bounds=(-limit, limit), method="bounded", options={"xatol": 1e-8}).x))


def tempered(probabilities: ArrayLike, temperature: float) -> Array:
    """Return p^(1/T) / sum p^(1/T), (n, 4); InputError for bad probabilities or a T outside [0.01, 100]."""
    within("temperature", temperature, 0.01, 100)
    scaled: Array = np.maximum(checked_probabilities(probabilities), 0.0) ** (1 / temperature)
    scaled /= scaled.sum(axis=1, keepdims=True)
    return scaled
