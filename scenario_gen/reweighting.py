r"""Hazard-consistent weights: scenario weights whose exceedance curves come nearest to given hazard curves.

Given intensities IM_si and target rates or probabilities t_il > 0 at site i and level a_l, find weights w (S,)

    min  sum_il v_il |r_il| / sum_il v_il  +  kappa sum_s |w_s - w0_s| / (2 W)                                    (1)
    s.t. sum_s w_s 1[IM_si >= a_l] = t_il (1 + r_il),     sum_s w_s = W,     w >= 0

with r the deviation relative to the target, v the importance of site and level, w0 prior weights; or, in place of the mean, the largest
v_il |r_il| / max v. This is the linear program of optimization-based probabilistic scenarios without its binary choice of how many are
kept: Vaziri, Davidson, Apivatanagul & Nozick (2012, J. Earthquake Eng. 16, 296-315) choose earthquakes, Han & Davidson (2012, Earthquake
Eng. Struct. Dyn. 41, 2141-2158) ground-motion maps too; they weigh absolute deviations by the return period, which is relative as well.

An optimum found at a vertex keeps at most about as many scenarios as there are sites x levels: without a penalty kappa, few scenarios
carry all the weight, and what the curves do not see (correlation between sites, losses) may drift.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError
from .hazard_curves import exceedance_curves, levels_reached
from .hazard_program import fitted_weights
from .plausible import one_of
from .weight_checks import Array, array_of, checked_levels, checked_probabilities, checked_weights, kish_size, normalised, refuse


@dataclass(frozen=True, slots=True, eq=False)
class Reweighting:
    """Weights that fit hazard curves.

    Attributes
    ----------
    weights
        w of (1), (S,), in the unit of the targets.
    achieved, targets
        Curves (sites, L) by these weights, and those asked for.
    prior
        w0, (S,); equal weights of the same sum if none were given.
    prior_achieved
        Curves (sites, L) by w0.
    importance
        v, (sites, L).
    """

    weights: Array
    achieved: Array
    targets: Array
    prior: Array
    prior_achieved: Array
    importance: Array

    @property
    def probabilities(self) -> Array:
        """The weights over their sum, (S,)."""
        return normalised(self.weights)

    @property
    def relative_errors(self) -> Array:
        """Deviations r of (1), (sites, L)."""
        return self.achieved / self.targets - 1

    @property
    def max_error(self) -> float:
        """Largest |r| where v > 0."""
        return float(np.abs(self.relative_errors[self.importance > 0]).max())

    @property
    def mean_error(self) -> float:
        """Mean of |r|, weighted by v."""
        return float(np.average(np.abs(self.relative_errors), weights=self.importance))

    @property
    def prior_mean_error(self) -> float:
        """The same by the prior weights."""
        return float(np.average(np.abs(self.prior_achieved / self.targets - 1), weights=self.importance))

    @property
    def kept(self) -> int:
        """Number of scenarios with positive weight."""
        return int(np.count_nonzero(self.weights))

    @property
    def effective_size(self) -> float:
        """Kish's effective sample size of the weights; that of the prior is ``kish_size(prior)``."""
        return kish_size(self.weights)

    @property
    def moved(self) -> float:
        """Total variation between prior and new probabilities: the share of probability that was moved, 0 to 1."""
        return fsum(np.abs(self.probabilities - normalised(self.prior))) / 2

    def summary(self) -> str:
        """Say it in two lines."""
        return (
            f"hazard curves: mean error {100 * self.prior_mean_error:.3g} % -> {100 * self.mean_error:.3g} %, "
            f"largest {100 * self.max_error:.3g} %\n"
            f"{self.kept} of {len(self.weights)} scenarios have weight, effective sample size {kish_size(self.prior):.1f} -> "
            f"{self.effective_size:.1f}, {100 * self.moved:.3g} % of the probability moved"
        )


def reweight(
    intensity: ArrayLike,
    levels: ArrayLike,
    targets: ArrayLike,
    *,
    total: float | None = 1.0,
    prior: ArrayLike | None = None,
    penalty: float = 0.0,
    importance: ArrayLike | None = None,
    norm: str = "mean",
) -> Reweighting:
    """Solve (1) with HiGHS.

    Parameters
    ----------
    intensity
        Intensity measures (S, sites).
    levels
        Levels (L,) or (sites, L), in the same unit, increasing.
    targets
        Rates or probabilities (sites, L) of at least these levels, positive, not increasing from level to level.
    total
        W, the sum of the weights: 1 for probabilities, the annual rate of all events for rates, ``None`` if it is free.
    prior
        w0, (S,), with sum ``total``. Default: equal weights.
    penalty
        kappa, at least 0: what moving all probability costs, in mean relative error. With a free total it needs a prior.
    importance
        v, (sites, L), at least 0; a target with 0 is not fitted. Default: 1.
    norm
        ``"mean"`` or ``"max"`` of the relative deviations.

    Raises
    ------
    InputError
        Values out of range; the message names field, scenario or site and level, and value.
    SolverError
        HiGHS did not solve the program.
    """
    im = array_of("intensity", intensity, ("scenario", "site"), (None, None))
    a = checked_levels(levels, im.shape[1])
    t = array_of("targets", targets, ("site", "level"), a.shape)
    refuse("targets", t, t <= 0, ("site", "level"), "a positive rate (give importance 0 to leave it out)")
    rises = np.concatenate([np.zeros((len(t), 1), dtype=bool), np.diff(t, axis=1) > 0], axis=1)
    refuse("targets", t, rises, ("site", "level"), "not more than at the level below")
    v = np.ones(t.shape) if importance is None else array_of("importance", importance, ("site", "level"), t.shape)
    refuse("importance", v, v < 0, ("site", "level"), "at least 0")
    if not v.any():
        raise InputError("field 'importance': all are 0: expected a positive one")
    one_of("norm", norm, ("mean", "max"))
    if not 0 <= penalty < np.inf:
        raise InputError(f"field 'penalty': {penalty}: expected a finite number of at least 0")
    if total is not None and not 0 < total < np.inf:
        raise InputError(f"field 'total': {total}: expected a positive number, or None")
    if total is None and prior is None and penalty > 0:
        raise InputError("field 'penalty': with a free total it needs the field 'prior'")
    w0 = _prior(prior, len(im), total)
    w = fitted_weights(levels_reached(im, a), t, v, total, w0, penalty, norm)
    w = np.maximum(w, 0.0)
    w = w if total is None else normalised(w, total)
    if prior is None and total is None:
        w0 = np.full(len(im), fsum(w) / len(im))
    return Reweighting(w, exceedance_curves(im, w, a), t, w0, exceedance_curves(im, w0, a), v)


def _prior(prior: ArrayLike | None, count: int, total: float | None) -> Array:
    if prior is None:
        return np.full(count, (1.0 if total is None else total) / count)
    return checked_weights("prior", prior, count) if total is None else checked_probabilities("prior", prior, count, total)
