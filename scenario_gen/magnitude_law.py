r"""The truncated Gutenberg-Richter law of magnitudes, with beta = b ln 10 (Cornell & Vanmarcke 1969, 4th World Conf. Earthquake Eng.):

f(m) = beta exp(-beta (m - m_min)) / (1 - exp(-beta (m_max - m_min))),     m_min <= m <= m_max                    (1)
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError
from .weight_checks import Array

_LN_10 = log(10)


@dataclass(frozen=True, slots=True)
class MagnitudeLaw:
    """The law (1): Gutenberg-Richter slope ``b_value`` (0: uniform) between ``minimum`` and ``maximum``."""

    b_value: float
    minimum: float
    maximum: float

    def __post_init__(self) -> None:
        if not 0 <= self.b_value < inf:
            raise InputError(f"field 'b_value': {self.b_value}: expected a finite number of at least 0")
        if not 0 < self.maximum - self.minimum < inf:
            raise InputError(f"field 'maximum': {self.maximum}: expected a magnitude above the minimum {self.minimum}")

    def magnitude(self, uniform: ArrayLike) -> Array:
        """Return magnitudes from U(0, 1), increasing, by the inverse of the distribution function."""
        u, beta, width = np.asarray(uniform, dtype=float), self.b_value * _LN_10, self.maximum - self.minimum
        above = u * width if beta == 0 else -np.log1p(u * np.expm1(-beta * width)) / beta
        return np.asarray(np.minimum(self.minimum + above, self.maximum))

    def log_density(self, magnitude: ArrayLike) -> Array:
        """Return ln of (1), -infinity outside."""
        m, beta, width = np.asarray(magnitude, dtype=float), self.b_value * _LN_10, self.maximum - self.minimum
        top = -np.log(width) if beta == 0 else np.log(beta / -np.expm1(-beta * width))
        return np.where((m >= self.minimum) & (m <= self.maximum), top - beta * (m - self.minimum), -inf)

    def tempered(self, power: float) -> MagnitudeLaw:
        """Return the law with density in proportion to this one to a power."""
        return MagnitudeLaw(power * self.b_value, self.minimum, self.maximum)
