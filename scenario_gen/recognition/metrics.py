r"""Metrics of recognised grades: accuracy, kappas, squared error, missed severity, and the paper's Sets 1-3.

With counts N_ab of true grade a and predicted grade b, n = sum N, row sums N_a., column sums N_.b:

    overall accuracy   sum_a N_aa / n
    kappa              1 - sum_ab v_ab N_ab / sum_ab v_ab N_a. N_.b / n,   v_ab = 1[a != b] (Cohen 1960), (a - b)^2 (quadratic, Cohen 1968)
    MSE                mean (a - b)^2
    underestimation    share of the buildings with true grade >= 2 whose predicted grade is below the true one
    missed severe      share of the buildings with true grade >= 2 whose predicted grade is below 2

Sets (section 4.1 of SeisRank-Ord): Set 1 = {L0, L1}, {L2, L3}; Set 2 = {L0}, {L1}, {L2, L3}; Set 3 = the four grades. Training is always on
four grades; evaluation regroups true and predicted ones. MSE in a set is that of its class numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...instances.grade_checks import NUM_GRADES, SEVERE, Grades, checked_grades, checked_probabilities
from ..plausible import one_of
from .calibration import calibration

Array = NDArray[np.float64]
Counts = NDArray[np.int64]

SETS: dict[int, tuple[int, ...]] = {1: (0, 0, 1, 1), 2: (0, 1, 2, 2), 3: (0, 1, 2, 3)}
"""Class of each of the grades L0..L3, by set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMetrics:
    """Metrics of one set; a kappa is None where true and predicted classes are all one and the same (chance agreement is 1)."""

    num_classes: int
    accuracy: float
    kappa: float | None
    quadratic_kappa: float | None
    mse: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Metrics of one model: ``sets`` by number 1..3; the two rates are None without a severe building; ECE by ``calibration``, 10 bins."""

    sets: dict[int, SetMetrics]
    underestimation_rate: float | None
    missed_severe_rate: float | None
    brier: float
    ece: float
    severe_ece: float


def predicted_grades(probabilities: ArrayLike) -> Grades:
    """Return the most probable grade of each building (n,), the lower of equals; InputError as in ``checked_probabilities``."""
    chosen: Grades = np.argmax(checked_probabilities(probabilities), axis=1)
    return chosen


def regrouped(grades: ArrayLike, number: int) -> Grades:
    """Return classes (n,) of grades (n,) in Set 1, 2 or 3; InputError for another set or a grade outside 0..3."""
    one_of("set", number, SETS)
    return np.asarray(SETS[number], dtype=np.int64)[checked_grades(grades)]


def confusion_counts(grades: ArrayLike, predicted: ArrayLike, num_classes: int = NUM_GRADES) -> Counts:
    """Return N_ab (c, c), rows true, columns predicted; InputError for a class outside 0..c-1 or other lengths."""
    true = checked_grades(grades, num_grades=num_classes)
    other = checked_grades(predicted, len(true), "predicted", num_classes)
    return np.bincount(num_classes * true + other, minlength=num_classes**2).reshape(num_classes, num_classes)


def overall_accuracy(counts: Counts) -> float:
    """Return the share on the diagonal of N (c, c)."""
    return float(np.trace(counts) / counts.sum())


def cohen_kappa(counts: Counts, quadratic: bool = False) -> float | None:
    """Return kappa of N (c, c), None where chance agreement is 1."""
    cost = _squares(len(counts)) if quadratic else 1.0 - np.eye(len(counts))
    chance = np.sum(cost * np.outer(counts.sum(axis=1), counts.sum(axis=0))) / counts.sum()
    return float(1 - np.sum(cost * counts) / chance) if chance > 0 else None


def mean_squared_error(counts: Counts) -> float:
    """Return the mean of (a - b)^2 over N (c, c)."""
    return float(np.sum(_squares(len(counts)) * counts) / counts.sum())


def underestimation_rate(grades: ArrayLike, predicted: ArrayLike) -> float | None:
    """Return the share of severe buildings graded below their true grade, None without one; InputError for bad grades."""
    counts = confusion_counts(grades, predicted)[SEVERE:]
    return float(np.tril(counts, SEVERE - 1).sum() / counts.sum()) if counts.any() else None


def missed_severe_rate(grades: ArrayLike, predicted: ArrayLike) -> float | None:
    """Return the share of severe buildings graded as not severe, None without one; InputError for bad grades."""
    counts = confusion_counts(grades, predicted)[SEVERE:]
    return float(counts[:, :SEVERE].sum() / counts.sum()) if counts.any() else None


def brier_score(probabilities: ArrayLike, grades: ArrayLike) -> float:
    """Return the mean over buildings of sum_c (p_c - 1[y = c])^2, in [0, 2] (eq. 6, Brier 1950); InputError for bad input."""
    p = checked_probabilities(probabilities)
    return float(np.mean(np.sum((p - np.eye(NUM_GRADES)[checked_grades(grades, len(p))]) ** 2, axis=1)))


def metrics_of(probabilities: ArrayLike, grades: ArrayLike) -> Metrics:
    """Return all metrics of probabilities (n, 4) against true grades (n,); the predicted grade is the most probable one.

    Raises
    ------
    InputError
        Bad probabilities or grades; the row is named.
    """
    p = checked_probabilities(probabilities)
    y = checked_grades(grades, len(p))
    predicted = predicted_grades(p)
    sets = {}
    for number, classes in SETS.items():
        counts = confusion_counts(regrouped(y, number), regrouped(predicted, number), max(classes) + 1)
        sets[number] = SetMetrics(
            num_classes=len(counts),
            accuracy=overall_accuracy(counts),
            kappa=cohen_kappa(counts),
            quadratic_kappa=cohen_kappa(counts, quadratic=True),
            mse=mean_squared_error(counts),
        )
    return Metrics(
        sets=sets,
        underestimation_rate=underestimation_rate(y, predicted),
        missed_severe_rate=missed_severe_rate(y, predicted),
        brier=brier_score(p, y),
        ece=calibration(p, y).ece,
        severe_ece=calibration(p, y, of="severe").ece,
    )


def _squares(num_classes: int) -> Array:
    return np.subtract.outer(np.arange(num_classes), np.arange(num_classes)).astype(float) ** 2
