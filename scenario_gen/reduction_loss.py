"""What a reduction lost: distance, moments of the features, and the upper tail of their total."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .weight_checks import Array

LEVEL = 0.95
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Lost:
    """Losses of a reduced set against the full one.

    Attributes
    ----------
    distance
        Kantorovich distance, in the unit of the scaled features.
    single
        The same for the best single scenario, the most that any sensible reduction loses.
    mean_error
        |mean after - mean before| / standard deviation before, (d,); 0 for a constant feature.
    deviation_error
        |standard deviation after / before - 1|, (d,); 0 for a constant feature.
    quantile_before, quantile_after
        The 95 % quantile of the sum of the features, unscaled: the smallest t with P(sum <= t) >= 0.95.
    """

    distance: float
    single: float
    mean_error: Array
    deviation_error: Array
    quantile_before: float
    quantile_after: float

    @property
    def relative_distance(self) -> float:
        """Distance over that of the best single scenario; 0 if all scenarios are the same."""
        return self.distance / self.single if self.single > 0 else 0.0

    @property
    def worst_mean(self) -> tuple[int, float]:
        """The feature with the largest error of the mean, and this error."""
        j = int(np.argmax(self.mean_error))
        return j, float(self.mean_error[j])

    @property
    def worst_deviation(self) -> tuple[int, float]:
        """The feature with the largest error of the standard deviation, and this error."""
        j = int(np.argmax(self.deviation_error))
        return j, float(self.deviation_error[j])

    @property
    def quantile_error(self) -> float | None:
        """|after / before - 1| of the 95 % quantile of the total; ``None`` if it was 0."""
        return abs(self.quantile_after / self.quantile_before - 1) if self.quantile_before else None

    def summary(self) -> str:
        """Say it in three lines."""
        (i, mean), (j, deviation) = self.worst_mean, self.worst_deviation
        relative = "" if self.quantile_error is None else f" ({100 * self.quantile_error:.2g} % off)"
        return (
            f"Kantorovich distance {self.distance:.4g}, {100 * self.relative_distance:.3g} % of that of the best single scenario\n"
            f"mean off by at most {mean:.2g} standard deviations (feature {i}), "
            f"standard deviation by at most {100 * deviation:.2g} % (feature {j})\n"
            f"95 % quantile of the total {self.quantile_before:.6g} -> {self.quantile_after:.6g}{relative}"
        )


def lost(features: Array, before: Array, kept: NDArray[np.int64], after: Array, distance: float, single: float) -> Lost:
    """Compare all scenarios (S, d) with probabilities ``before`` (S,) with those kept (N,) with probabilities ``after`` (N,)."""
    few = features[kept]
    (m0, s0), (m1, s1) = _moments(features, before), _moments(few, after)
    varies = np.ptp(features[before > 0], axis=0) > 0
    safe = np.where(varies, s0, 1.0)
    return Lost(
        distance,
        single,
        np.where(varies, np.abs(m1 - m0) / safe, 0.0),
        np.where(varies, np.abs(s1 / safe - 1), 0.0),
        weighted_quantile(features.sum(axis=1), before, LEVEL),
        weighted_quantile(few.sum(axis=1), after, LEVEL),
    )


def weighted_quantile(values: Array, probabilities: Array, level: float) -> float:
    """Return the smallest value (S,) with P(X <= value) >= level; 1e-12 below counts as reached."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(probabilities[order]) >= level - _ROUNDING
    return float(values[order][int(np.argmax(reached)) if reached.any() else -1])


def _moments(features: Array, probabilities: Array) -> tuple[Array, Array]:
    mean = probabilities @ features
    return mean, np.sqrt(probabilities @ (features - mean) ** 2)
