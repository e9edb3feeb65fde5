r"""Confidence statements about a mean and about a probability.

Of a mean, from a value with standard error e and d degrees of freedom, at confidence level c (Student):

    two-sided:   value +- t_{d, (1+c)/2} e                                                              (1)
    one-sided:   mean <= value + t_{d, c} e,   or   mean >= value - t_{d, c} e                          (2)

Of a probability p, from k hits in n independent trials (Clopper & Pearson 1934, Biometrika 26, 404-413): the exact interval holds the p for
which neither P(Bin(n, p) >= k) nor P(Bin(n, p) <= k) is below (1-c)/2; its one-sided form holds the p with P(Bin(n, p) <= k) >= 1-c.
It covers p with probability at least c for every n and p.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtri, stdtrit
from scipy.stats import binomtest

from ...errors import InputError


@dataclass(frozen=True, slots=True)
class Statement:
    """An estimate with its standard error, the half width of its two-sided interval (1), and its one-sided limit (2).

    The limit lies on the pessimistic side: above a cost or a gap that is minimised, below a bound on the optimum.
    """

    value: float
    standard_error: float
    half_width: float
    limit: float


@dataclass(frozen=True, slots=True)
class Probability:
    """``count`` hits in ``trials``: the estimate, its exact two-sided interval, and the exact one-sided upper limit.

    ``allowed`` is the probability that the model allows, if it says so.
    """

    count: int
    trials: int
    estimate: float
    low: float
    high: float
    limit: float
    allowed: float | None = None


def require_confidence(confidence: float) -> float:
    """Return the level, or refuse what does not lie strictly between 0 and 1."""
    if not 0 < confidence < 1:
        raise InputError(f"--confidence {confidence}: must lie strictly between 0 and 1")
    return confidence


def about_mean(value: float, standard_error: float, degrees: float, confidence: float, *, side: int) -> Statement:
    """Return (1) and (2); ``side`` is 1 for an upper limit and -1 for a lower one, infinite ``degrees`` mean the normal distribution."""
    levels = [(1 + confidence) / 2, confidence]
    two, one = (float(q) for q in (ndtri(levels) if math.isinf(degrees) else stdtrit(degrees, levels)))
    return Statement(value, standard_error, two * standard_error, value + side * one * standard_error)


def exact_binomial(count: int, trials: int, confidence: float, allowed: float | None = None) -> Probability:
    """Return the Clopper-Pearson intervals of a probability.

    Raises
    ------
    InputError
        ``count`` is not between 0 and ``trials``, or there is no trial.
    """
    if trials < 1 or not 0 <= count <= trials:
        raise InputError(f"{count} hits in {trials} trials: expected 0 <= hits <= trials and at least one trial")
    both = binomtest(count, trials).proportion_ci(require_confidence(confidence), method="exact")
    above = binomtest(count, trials, alternative="less").proportion_ci(confidence, method="exact")
    return Probability(count, trials, count / trials, float(both.low), float(both.high), float(above.high), allowed)
