r"""Heads: from logits to grade probabilities, and gradients back. Softmax (n, 4), and three free sigmoids (n, 3).

Softmax: p = softmax(z), s_k = p_0 + ... + p_k. The cumulative probabilities are monotone by construction.

Free sigmoids: s_k = sigmoid(z_k) estimates P(y <= k), k = 0, 1, 2 (CORAL and CORN write P(y > k): the sign of their logits is the
opposite). Nothing makes s_0 <= s_1 <= s_2, so lambda_mono of eq. 1 matters here. Probabilities come from the differences, with negative
ones set to 0 and the rest rescaled:

    d_0 = s_0, d_1 = max(0, s_1 - s_0), d_2 = max(0, s_2 - s_1), d_3 = 1 - s_2;  p_c = d_c / sum d                          (h1)

Where s is monotone, sum d = 1 and p is exact; otherwise sum d = 1 + the violations. At a kink (equal neighbours) the derivative of max is
taken as 0. CORAL (Cao, Mirjalili and Raschka 2020, Pattern Recognit. Lett. 140, 325-331) is the case z_k = b_k - w'x with one w and
b_0 < b_1 < b_2 (``fit``): always monotone.

Logarithms of s_k and 1 - s_k come from the logits by log-sum-exp, so nothing is clipped and gradients are exact for logits of any size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, log_expit, log_softmax

from ...instances.grade_checks import NUM_GRADES, checked_rows

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HeadOutput:
    """What the terms of the functional read, and after :meth:`Head.backward` their derivatives in the same places.

    ``probabilities`` p (n, 4); ``cumulative`` s_k (n, 3); ``log_below`` ln s_k and ``log_above`` ln(1 - s_k) (n, 3).
    """

    probabilities: Array
    cumulative: Array
    log_below: Array
    log_above: Array

    def zeros(self) -> HeadOutput:
        """Return arrays of zeros of the same shapes: an empty gradient."""
        return HeadOutput(*(np.zeros_like(a) for a in (self.probabilities, self.cumulative, self.log_below, self.log_above)))


class SoftmaxHead:
    """Four logits, one a grade."""

    name = "softmax"
    num_logits = NUM_GRADES

    def forward(self, logits: ArrayLike) -> HeadOutput:
        """Return probabilities and their logarithms from logits (n, 4)."""
        log_p = log_softmax(checked_rows("logits", logits, self.num_logits), axis=1)
        log_below = np.minimum(np.logaddexp.accumulate(log_p, axis=1)[:, :-1], 0.0)
        log_above = np.minimum(np.logaddexp.accumulate(log_p[:, ::-1], axis=1)[:, -2::-1], 0.0)
        return HeadOutput(np.exp(log_p), np.exp(log_below), log_below, log_above)

    def backward(self, logits: ArrayLike, out: HeadOutput, slope: HeadOutput) -> Array:
        """Return the gradient by logits (n, 4) of a function whose derivatives by each part of ``out`` are ``slope``."""
        log_p = log_softmax(np.asarray(logits, dtype=float), axis=1)
        p, by_cumulative = out.probabilities, slope.cumulative * out.cumulative
        by_p = p * slope.probabilities
        gradient: Array = by_p - p * by_p.sum(axis=1, keepdims=True)
        for k in range(NUM_GRADES - 1):
            below = slope.log_below[:, k] + by_cumulative[:, k]  # ds_k = s_k d ln s_k
            above = slope.log_above[:, k]
            gradient[:, : k + 1] += below[:, None] * np.exp(log_p[:, : k + 1] - out.log_below[:, k, None])
            gradient[:, k + 1 :] += above[:, None] * np.exp(log_p[:, k + 1 :] - out.log_above[:, k, None])
            gradient -= (below + above)[:, None] * p
        return gradient


class SigmoidHead:
    """Three logits, one a cumulative probability P(y <= k)."""

    name = "sigmoid"
    num_logits = NUM_GRADES - 1

    def forward(self, logits: ArrayLike) -> HeadOutput:
        """Return cumulative probabilities and (h1) from logits (n, 3)."""
        z = checked_rows("logits", logits, self.num_logits)
        s = expit(z)
        steps = differences(s)
        steps[:, -1] = expit(-z[:, -1])
        return HeadOutput(steps / steps.sum(axis=1, keepdims=True), s, log_expit(z), log_expit(-z))

    def backward(self, logits: ArrayLike, out: HeadOutput, slope: HeadOutput) -> Array:
        """Return the gradient by logits (n, 3) of a function whose derivatives by each part of ``out`` are ``slope``."""
        z = np.asarray(logits, dtype=float)
        s, above = out.cumulative, expit(-z)
        by_s = slope.cumulative + through_differences(out.cumulative, out.probabilities, slope.probabilities)
        gradient: Array = by_s * s * above + slope.log_below * above - slope.log_above * s
        return gradient


Head = SoftmaxHead | SigmoidHead


def differences(cumulative: Array) -> Array:
    """Return d of (h1), (n, 4), from s (n, 3)."""
    n = len(cumulative)
    edges = np.hstack([np.zeros((n, 1)), cumulative, np.ones((n, 1))])
    return np.maximum(np.diff(edges, axis=1), 0.0)


def through_differences(cumulative: Array, probabilities: Array, slope: Array) -> Array:
    """Return derivatives by s (n, 3) from those by p (n, 4), through (h1)."""
    steps = differences(cumulative)
    by_step: Array = (slope - np.sum(slope * probabilities, axis=1, keepdims=True)) / steps.sum(axis=1, keepdims=True)
    by_step[:, 1:-1] *= steps[:, 1:-1] > 0
    return by_step[:, :-1] - by_step[:, 1:]


def from_probabilities(probabilities: Array, floor: float) -> HeadOutput:
    """Return the same reading of given probabilities (n, 4): s_k sums those up to k, 1 - s_k those above; logarithms from ``floor`` up."""
    below = np.cumsum(probabilities, axis=1)[:, :-1]
    above = np.cumsum(probabilities[:, ::-1], axis=1)[:, -2::-1]
    return HeadOutput(probabilities, below, np.log(np.maximum(below, floor)), np.log(np.maximum(above, floor)))


def to_probabilities(out: HeadOutput, slope: HeadOutput, floor: float) -> Array:
    """Return the gradient by the four probabilities, taken as free variables; a clipped logarithm has derivative 0."""
    above = np.cumsum(out.probabilities[:, ::-1], axis=1)[:, -2::-1]
    by_below = slope.cumulative + np.where(out.cumulative > floor, slope.log_below / np.maximum(out.cumulative, floor), 0.0)
    by_above = np.where(above > floor, slope.log_above / np.maximum(above, floor), 0.0)
    gradient = slope.probabilities.copy()
    gradient[:, :-1] += np.cumsum(by_below[:, ::-1], axis=1)[:, ::-1]
    gradient[:, 1:] += np.cumsum(by_above, axis=1)
    return gradient


HEADS: dict[str, Head] = {head.name: head for head in (SoftmaxHead(), SigmoidHead())}
"""Heads by name."""
