r"""Importance sampling of magnitude and event residual: more of the rare, large events, and weights that undo it.

Target: magnitude M with the truncated Gutenberg-Richter density f of ``magnitude_law`` and epsilon = eta / tau ~ N(0, 1) with density phi,

    f(m) phi(e) = beta exp(-beta (m - m_min)) / (1 - exp(-beta (m_max - m_min))) phi(e),     m_min <= m <= m_max           (1)

independent. Tempered: M by f with t beta in place of beta (t = 0: uniform in M, t = 1: no change), epsilon ~ N(shift, width^2). With
densities f_t and h, what is drawn is the defensive mixture (Hesterberg 1995, Technometrics 37; Owen & Zhou 2000, J. Am. Stat. Assoc. 95)
with share a of the target,

    g(m, e) = a f(m) phi(e) + (1 - a) f_t(m) h(e),     w = f phi / g = 1 / (a + (1 - a) f_t h / (f phi)) <= 1 / a     (2)

so no weight is above 1 / a, whatever t, shift and width are. E_g[w Z] = E_f[Z] for every Z. In a set of scenarios, the probabilities
are (3), and the effective sample size is Kish's (4):

    p_k = w_k / sum_j w_j                                                   (3)
    n_eff = (sum_k w_k)^2 / sum_k w_k^2                                     (4)

Draw and weight of scenario k come from its own random numbers; only (3) knows the others. Jayaram & Baker (2010, Earthquake Eng. Struct.
Dyn. 39, 1109-1131) sample magnitudes and residuals by importance for maps of ground motion over a region.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum, inf, log, pi

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError
from .magnitude_law import MagnitudeLaw
from .plausible import within
from .weight_checks import Array, array_of, kish_size, normalised

__all__ = ["EventProposal", "MagnitudeLaw", "SetWeights", "set_weights"]


@dataclass(frozen=True, slots=True)
class EventProposal:
    """The mixture (2).

    Attributes
    ----------
    share
        Share a of the target, in (0, 1]; 1 is plain sampling. Weights are at most 1 / a.
    tempering
        Power t of the magnitude density in the other part, at least 0: 0 is uniform in M, 1 leaves it as it is.
    shift, width
        Mean and standard deviation of epsilon in the other part; 0 and 1 leave it as it is.
    """

    share: float = 0.25
    tempering: float = 0.0
    shift: float = 0.5
    width: float = 1.2

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise InputError(f"field 'share': {self.share}: expected a number in (0, 1]")
        if not 0 <= self.tempering < inf:
            raise InputError(f"field 'tempering': {self.tempering}: expected a finite number of at least 0")
        if not -inf < self.shift < inf:
            raise InputError(f"field 'shift': {self.shift}: expected a finite number")
        if not 0 < self.width < inf:
            raise InputError(f"field 'width': {self.width}: expected a positive number")

    def draw(self, law: MagnitudeLaw, choice: ArrayLike, uniform: ArrayLike, normal: ArrayLike) -> tuple[Array, Array, Array]:
        """Return magnitude, epsilon and ln w of (2), of the common shape of the arguments.

        Parameters
        ----------
        law
            Target law of the magnitude.
        choice
            U(0, 1): below ``share`` the target is drawn, above the other part.
        uniform
            U(0, 1) that becomes the magnitude.
        normal
            N(0, 1) that becomes epsilon.
        """
        plain = np.asarray(choice, dtype=float) < self.share
        z = np.asarray(normal, dtype=float)
        magnitude = np.where(plain, law.magnitude(uniform), law.tempered(self.tempering).magnitude(uniform))
        epsilon = np.where(plain, z, self.shift + self.width * z)
        return magnitude, epsilon, self.log_weight(law, magnitude, epsilon)

    def log_weight(self, law: MagnitudeLaw, magnitude: ArrayLike, epsilon: ArrayLike) -> Array:
        """Return ln w of (2).

        Raises
        ------
        InputError
            A magnitude outside the law's bounds, where neither density is positive.
        """
        e = np.asarray(epsilon, dtype=float)
        within("magnitude", magnitude, law.minimum, law.maximum)
        if self.share == 1:
            return np.zeros(np.broadcast_shapes(np.shape(magnitude), e.shape))
        ratio = law.tempered(self.tempering).log_density(magnitude) - law.log_density(magnitude)
        ratio = ratio + (e**2 - ((e - self.shift) / self.width) ** 2) / 2 - log(self.width)
        return np.asarray(-np.logaddexp(log(self.share), log(1 - self.share) + ratio))

    def log_density(self, law: MagnitudeLaw, magnitude: ArrayLike, epsilon: ArrayLike) -> Array:
        """Return ln g of (2)."""
        e = np.asarray(epsilon, dtype=float)
        return np.asarray(law.log_density(magnitude) - e**2 / 2 - log(2 * pi) / 2 - self.log_weight(law, magnitude, e))


@dataclass(frozen=True, slots=True, eq=False)
class SetWeights:
    """Weights of a set of scenarios, normalised, and how good they are.

    Attributes
    ----------
    probabilities
        (3), (S,); sum 1.
    effective_size
        (4): the plain sample that would give a mean with this variance, for a quantity that does not depend on the weights. A rare event is
        often estimated far better than this number says.
    mean_weight, mean_weight_error
        Mean of w and its standard error; the mean tends to 1, so a difference of many errors shows a set that was selected or cut.
    """

    probabilities: Array
    effective_size: float
    mean_weight: float
    mean_weight_error: float

    @property
    def largest(self) -> float:
        """The largest probability."""
        return float(self.probabilities.max())

    def summary(self) -> str:
        """Say it in a line."""
        n = len(self.probabilities)
        return (
            f"effective sample size {self.effective_size:.1f} of {n}, largest probability {self.largest * n:.3g} / {n}, "
            f"mean weight {self.mean_weight:.4f} +- {self.mean_weight_error:.4f}"
        )


def set_weights(log_weights: ArrayLike) -> SetWeights:
    """Normalise the weights of a set by (3) and report (4), from ln w (S,).

    Raises
    ------
    InputError
        No scenario, or a weight that is not finite.
    """
    lw = array_of("log_weights", log_weights, ("scenario",), (None,))
    top = float(lw.max())
    scaled = np.exp(lw - top)
    n = len(lw)
    mean = fsum(scaled) / n
    error = (fsum((scaled - mean) ** 2) / max(1, n - 1) / n) ** 0.5
    return SetWeights(normalised(scaled), kish_size(scaled), float(mean * np.exp(top)), float(error * np.exp(top)))
