r"""The governance risk functional of SeisRank-Ord (eq. 1-8): values, every term apart, and analytic gradients.

For a batch of n buildings with grades y in 0..3, probabilities p, cumulative probabilities s_k = p_0 + ... + p_k and t_k = 1[y <= k],

    C_ord  = mean_i sum_{k=0..2} -(t_k ln s_k + (1 - t_k) ln(1 - s_k)) + lambda_mono sum_{k=0..2} max(0, s_k - s_{k+1})^2       (1)
    C_asym = mean_i sum_c w(c, y) p_c                                                                                          (2)
    w(c, y) = alpha (y - c) for c < y, c - y otherwise                                                                         (3)
    r      = p_2 + p_3                                                                                                         (4)
    C_rank = mean over severe i, other j of max(0, m - (r_i - r_j))                                                            (5)
    C_reg  = mean_i sum_c (p_c - 1[y = c])^2                                                                                   (6)
    C      = C_ord + C_asym + C_rank + lambda_reg C_reg                                                                        (7, 8)

Zhang, Wang and Chen, J. King Saud Univ. Sci., doi 10.25259/JKSUS_1757_2025. Two signs are put right. Eq. 1 is the negative log-likelihood:
its minus signs are lost in the text. Eq. 3 reads alpha (c - y) for c < y, which is negative and would reward underestimation, while the
words beside it ask for penalties that are not negative: it is alpha (y - c). The expectation (8) is a mean over the batch, and (5) is a
term of the whole batch: the mean over parts of a batch is another number. In (1) s_3 = 1. With a softmax the monotonicity part is zero; it
matters with free sigmoids (``heads``).

The gradient by logits is exact but at the kinks of (5) and of (h1) in ``heads``, and nothing is clipped. The gradient by probabilities
takes the four entries of a row as free variables, 1 - s_k being the sum of those above k, and clips: ln is taken of max(s, 1e-12), and
a clipped logarithm has derivative 0; above 1e-12 it is exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_softmax

from ...instances.grade_checks import NUM_GRADES, SEVERE, Grades, checked_grades, checked_probabilities
from ..plausible import one_of
from .heads import HEADS, HeadOutput, from_probabilities, to_probabilities
from .hinge import pairwise_hinge
from .parameters import RiskParameters

Array = NDArray[np.float64]

LOG_FLOOR = 1e-12
"""Smallest number whose logarithm is taken where probabilities, not logits, are given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """The functional on one batch.

    ``value`` is (7) with the weights of the parameters; ``ordinal`` (lambda_mono's part included), ``asymmetric``, ``pairwise`` and
    ``brier`` are the terms (1), (2), (5) and (6) before weights and lambda_reg, None where the weight is 0. ``gradient`` is that of
    ``value``, by what was given: probabilities (n, 4) or logits (n, 4) or (n, 3). ``note`` says why the pairwise term is 0 where one of
    its sets is empty.
    """

    value: float
    gradient: Array
    ordinal: float | None = None
    asymmetric: float | None = None
    pairwise: float | None = None
    brier: float | None = None
    note: str | None = None


def risk_of_probabilities(probabilities: ArrayLike, grades: ArrayLike, parameters: RiskParameters | None = None) -> Risk:
    """Return (7) and its gradient by the probabilities (n, 4); ``grades`` (n,); default parameters where none are given.

    Raises
    ------
    InputError
        Probabilities with NaN, out of range or not of sum 1 (the row is named), grades outside 0..3, or shapes that do not fit.
    """
    p = checked_probabilities(probabilities)
    y = checked_grades(grades, len(p))
    out = from_probabilities(p, LOG_FLOOR)
    slope = out.zeros()
    value, terms, note = add_terms(out, slope, y, parameters or RiskParameters())
    return Risk(value=value, gradient=to_probabilities(out, slope, LOG_FLOOR), note=note, **terms)


def risk_of_logits(logits: ArrayLike, grades: ArrayLike, parameters: RiskParameters | None = None, head: str = "softmax") -> Risk:
    """Return (7) and its gradient by logits: (n, 4) for head ``softmax``, (n, 3) for head ``sigmoid``; ``grades`` (n,).

    Raises
    ------
    InputError
        A logit that is not finite (row named), grades outside 0..3, shapes that do not fit, or an unknown head.
    """
    one_of("head", head, HEADS)
    out = HEADS[head].forward(logits)
    y = checked_grades(grades, len(out.probabilities))
    slope = out.zeros()
    value, terms, note = add_terms(out, slope, y, parameters or RiskParameters())
    return Risk(value=value, gradient=HEADS[head].backward(logits, out, slope), note=note, **terms)


def asymmetric_costs(alpha: float) -> Array:
    """Return w(c, y) of (3) as (4, 4): row y, the true grade, column c."""
    step = np.arange(NUM_GRADES)[None, :] - np.arange(NUM_GRADES)[:, None]
    return np.where(step < 0, -alpha * step, step).astype(float)


def add_terms(out: HeadOutput, slope: HeadOutput, y: Grades, q: RiskParameters) -> tuple[float, dict[str, float], str | None]:
    """Add the weighted derivatives of each term to ``slope`` in place; return (7), the terms by name, and the note."""
    n, note = len(y), None
    found: dict[str, float] = {}
    if q.ordinal:
        t = y[:, None] <= np.arange(NUM_GRADES - 1)
        fit = -np.sum(np.where(t, out.log_below, out.log_above)) / n
        slope.log_below[t] -= q.ordinal / n
        slope.log_above[~t] -= q.ordinal / n
        fall = np.maximum(out.cumulative - np.column_stack([out.cumulative[:, 1:], np.ones(n)]), 0.0)
        by_fall = 2 * q.ordinal * q.lambda_mono / n * fall
        slope.cumulative[:] += by_fall
        slope.cumulative[:, 1:] -= by_fall[:, :-1]
        found["ordinal"] = float(fit + q.lambda_mono * np.sum(fall**2) / n)
    if q.asymmetric:
        cost = asymmetric_costs(q.alpha)[y]
        found["asymmetric"] = float(np.sum(cost * out.probabilities) / n)
        slope.probabilities[:] += q.asymmetric / n * cost
    if q.pairwise:
        hinge = pairwise_hinge(out.probabilities[:, SEVERE:].sum(axis=1), y >= SEVERE, q.margin)
        found["pairwise"], note = hinge.value, hinge.note
        slope.probabilities[:, SEVERE:] += q.pairwise * hinge.gradient[:, None]
    if q.brier:
        off = out.probabilities - np.eye(NUM_GRADES)[y]
        found["brier"] = float(np.sum(off**2) / n)
        slope.probabilities[:] += 2 * q.brier * q.lambda_reg / n * off
    weight = {"ordinal": q.ordinal, "asymmetric": q.asymmetric, "pairwise": q.pairwise, "brier": q.brier * q.lambda_reg}
    return sum(weight[name] * term for name, term in found.items()), found, note


def cross_entropy_of_logits(logits: ArrayLike, grades: ArrayLike, head: str = "softmax") -> tuple[float, Array]:
    """Return the mean of -ln p_y, the baseline, and its gradient by logits; with head ``sigmoid`` p is (h1) of ``heads``, from 1e-12 up.

    Raises
    ------
    InputError
        As in :func:`risk_of_logits`.
    """
    one_of("head", head, HEADS)
    out = HEADS[head].forward(logits)
    n = len(out.probabilities)
    y = checked_grades(grades, n)
    if head == "softmax":
        log_p = log_softmax(np.asarray(logits, dtype=float), axis=1)[np.arange(n), y]
        return float(-np.mean(log_p)), (out.probabilities - np.eye(NUM_GRADES)[y]) / n
    rows = np.arange(n)
    slope, chosen = out.zeros(), out.probabilities[rows, y]
    slope.probabilities[rows, y] = np.where(chosen > LOG_FLOOR, -1 / (n * np.maximum(chosen, LOG_FLOOR)), 0.0)
    return float(-np.mean(np.log(np.maximum(chosen, LOG_FLOOR)))), HEADS[head].backward(logits, out, slope)
