r"""The bridge to Bayesian updating: from recognition probabilities to the likelihood of what was seen, P(O_b | DS_b = d).

A classifier returns P(DS | image) under the mix of grades it was trained on. Multiplying that into a prior would count the training mix as
evidence. Two ways to a likelihood:

Confusion matrix. The observation is the label o_b = argmax_c p_bc. With counts N_do of held-out buildings (true grade d, label o) and a
Dirichlet prior a_do on each row of the matrix, the predictive probability of the label is

    P(O_b = o | DS_b = d) = (N_do + a_do) / sum_o' (N_do' + a_do')                                              (l1)

exact for one building; for many buildings it treats labels as independent given DS, which ignores that all share one uncertain matrix.

Training prior. With calibrated p and shares pi_d of the grades in the data it was calibrated on, Bayes' rule turned round is

    P(O_b | DS_b = d) proportional to p_bd / pi_d                                                               (l2)

up to a factor per building, which updating does not need; rows are scaled to a largest value of 1. With any prior q of the site,
P(DS_b = d | O_b) = q_d L_bd / sum_e q_e L_be, either way. Buildings are taken as conditionally independent given their states.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError
from ...instances.grade_checks import NUM_GRADES, checked_probabilities, checked_rows
from ..plausible import within

Array = NDArray[np.float64]


def observation_likelihoods(
    probabilities: ArrayLike, *, confusion: ArrayLike | None = None, dirichlet: ArrayLike = 1.0, training_prior: ArrayLike | None = None
) -> Array:
    """Return P(O_b | DS_b = d), (n, 4), by (l1) where ``confusion`` is given, by (l2) where ``training_prior`` is: one of the two.

    Parameters
    ----------
    probabilities
        Recognition probabilities of the grades, (n, 4); calibrated for (l2). (l1) reads the most probable grade only, the lower of equals.
    confusion
        Counts N (4, 4), rows true grade, columns predicted, of buildings that were not trained on.
    dirichlet
        a: one number for all cells, or (4, 4), above 0. 1 is the uniform prior, 1/2 Jeffreys'.
    training_prior
        pi: shares of the grades, (4,), above 0, sum 1.

    Raises
    ------
    InputError
        Bad probabilities (row named), both ways or neither, counts below 0, a prior that is not positive or not of sum 1, or shapes.
    """
    p = checked_probabilities(probabilities)
    if (confusion is None) == (training_prior is None):
        raise InputError("confusion and training_prior: expected exactly one of the two")
    if confusion is not None:
        return label_likelihoods(confusion, dirichlet)[:, np.argmax(p, axis=1)].T
    prior = checked_probabilities(np.atleast_2d(np.asarray(training_prior, dtype=float)), "training_prior")
    if len(prior) != 1 or not (prior > 0).all():
        raise InputError(f"training_prior is {np.asarray(training_prior).tolist()}: expected four shares above 0 whose sum is 1")
    odds = np.maximum(p, 0.0) / prior
    scaled: Array = odds / odds.max(axis=1, keepdims=True)
    return scaled


def label_likelihoods(confusion: ArrayLike, dirichlet: ArrayLike = 1.0) -> Array:
    """Return (l1) as (4, 4): row d the true grade, column o the label; rows sum to 1. InputError as in :func:`observation_likelihoods`."""
    counts = checked_rows("confusion", confusion, NUM_GRADES)
    if len(counts) != NUM_GRADES:
        raise InputError(f"confusion has shape {counts.shape}: expected (4, 4), rows the true grade, columns the predicted one")
    within("confusion", counts, 0, np.inf)
    prior = within("dirichlet", dirichlet, np.finfo(float).tiny, 1e12, hint=", above 0")
    if prior.shape not in ((), counts.shape):
        raise InputError(f"dirichlet has shape {prior.shape}: expected one number or (4, 4)")
    total = counts + prior
    rows: Array = total / total.sum(axis=1, keepdims=True)
    return rows
