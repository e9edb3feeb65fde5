"""Quantiles and tail means of weighted samples, as chance constraints need them: exact about which scenarios fit into epsilon.

A set of scenarios may be missed if its probability is at most epsilon. Floating point is not to decide that ((1 - 0.18) * 1000 is not 820):
numbers are taken as the decimals they are written as, and equal weights as 1 / S.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def exact_weights(p: Array) -> list[Fraction]:
    """Return probabilities (S,) as fractions: 1 / S each where all are equal, else the decimals they print as."""
    if (p == p[0]).all():
        return [Fraction(1, len(p))] * len(p)
    return [Fraction(str(v)) for v in p.tolist()]


def allowed_count(p: Array, epsilon: float) -> int | None:
    """Return how many of S equally likely scenarios may be missed, floor(epsilon S); ``None`` where weights differ."""
    return int(Fraction(str(float(epsilon))) * len(p)) if (p == p[0]).all() else None


def quantile(values: Array, p: Array, epsilon: float) -> float:
    """Return the smallest d of ``values`` (S,) with P(value > d) <= epsilon: for equal weights the (S - floor(epsilon S))-th smallest."""
    count = allowed_count(p, epsilon)
    order = np.argsort(-values, kind="stable")
    if count is not None:
        return float(values[order[count]])
    weights, limit, missed = exact_weights(p), Fraction(str(float(epsilon))), Fraction(0)
    best = float(values[order[0]])
    for k in order.tolist():
        if missed > limit:
            break
        best = float(values[k])
        missed += weights[k]
    return best


def cvar(values: Array, p: Array, epsilon: float) -> float:
    """Return the mean of the worst epsilon, min_t t + E(value - t)^+ / epsilon (Rockafellar & Uryasev 2000)."""
    t = quantile(values, p, epsilon)
    return t + float(p @ np.maximum(values - t, 0.0)) / (epsilon * float(p.sum()))


def smallest_epsilon(values: Array, p: Array, limit: float) -> float:
    """Return P(value > limit), the smallest epsilon whose quantile is at most ``limit``."""
    weights = exact_weights(p)
    return float(sum((weights[k] for k in np.flatnonzero(values > limit).tolist()), Fraction(0)))
