r"""Expected losses of large portfolios by lookup: eq. 10-11 tabulated over ln IM for each archetype.

For one archetype the expected ratio is a function of x = ln IM alone,

    r(x) = r_0 + sum_d (r_d - r_{d-1}) Phi((x - ln theta_d) / beta)                                                      (1)

with r_d the ratio at state d. Its second derivative is at most phi(1) V / beta^2, where V = sum_d |r_d - r_{d-1}| (the largest ratio, if
ratios rise with damage), so that linear interpolation on a grid of step h errs by at most

    h^2 / 8 phi(1) V / beta^2 + Phi(-5) V                                                                                (2)

where the second term is what the ends leave out: 5 beta beyond the medians the table holds the limits of r for IM -> 0 and infinity. h is
chosen from the tolerance on (2) relative to V. Numbers are kept in single precision.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from ..errors import InputError
from .fragility import FragilitySet, check_numbers, state_probabilities
from .plausible import within

Array = NDArray[np.float64]
Single = NDArray[np.float32]

_STEEPEST = float(np.exp(-0.5) / np.sqrt(2 * np.pi))
"""max |phi'| = phi(1)."""

_REACH = 5.0
"""Betas by which the grid goes beyond the medians."""


class LossTable:
    """Loss ratio and casualties per person by severity of A archetypes, looked up instead of computed.

    Parameters
    ----------
    fragility : FragilitySet
        Equal betas in an archetype, as Hazus buildings have: with different ones, (2) does not hold.
    loss_ratio : array (A, D + 1)
        :func:`.losses.loss_ratios` of the archetypes' occupancy classes.
    casualty_rate : array (A, D + 1, S)
        :func:`.losses.casualty_rates` of their building types.
    tolerance : float
        Largest error of a ratio relative to its V, from 1e-6 to 0.1.

    Raises
    ------
    InputError
        Arrays of other shapes, a ratio or rate outside [0, 1], different betas in an archetype, archetypes of different intensity measures.
    """

    def __init__(self, fragility: FragilitySet, loss_ratio: Array, casualty_rate: Array, *, tolerance: float = 1e-4):
        archetypes, states = len(fragility), len(fragility.states) + 1
        within("tolerance", tolerance, 1e-6, 0.1)
        if loss_ratio.shape != (archetypes, states) or casualty_rate.shape[:2] != (archetypes, states):
            shapes = f"loss_ratio has shape {loss_ratio.shape}, casualty_rate {casualty_rate.shape}"
            raise InputError(f"{shapes}: expected ({archetypes}, {states}) and ({archetypes}, {states}, severities)")
        for name, imt, betas in zip(fragility.names, fragility.imts, fragility.betas, strict=True):
            if (betas != betas[0]).any():
                raise InputError(f"fragility {name!r}: betas are {', '.join(f'{b:g}' for b in betas)}: expected one beta for all states")
            if imt != fragility.imts[0]:
                raise InputError(f"fragility {name!r} is for {imt}: expected {fragility.imts[0]}, as for {fragility.names[0]!r}")
        within("loss_ratio", loss_ratio, 0, 1)
        within("casualty_rate", casualty_rate, 0, 1)
        ratios = np.concatenate([loss_ratio[:, :, None], casualty_rate], axis=2)
        self._at_state = np.ascontiguousarray(ratios.reshape(-1, ratios.shape[2]))
        self._states, self.num_archetypes = states, archetypes
        ln_median, beta = np.log(fragility.medians), fragility.betas
        self.step = float(beta.min(initial=1.0) * np.sqrt(8 * (tolerance - ndtr(-_REACH)) / _STEEPEST))
        self._low = float((ln_median - _REACH * beta).min(initial=0.0))
        points = int(np.ceil((float((ln_median + _REACH * beta).max(initial=0.0)) - self._low) / self.step)) + 1
        x = self._low + self.step * np.arange(points)
        exceedance = ndtr((x[:, None] - ln_median[:, None]) / beta[:, None])  # (A, G, D)
        exceedance[:, 0], exceedance[:, -1] = 0, 1
        table = np.einsum("agd,ads->ags", state_probabilities(exceedance), ratios)
        slope = np.diff(table, axis=1)
        self._cells = points - 1
        rows = np.concatenate([table[:, :-1], slope], axis=2, dtype=np.float32)
        self._rows = np.ascontiguousarray(rows.reshape(-1, rows.shape[2]))

    def expected(self, ln_im: ArrayLike, archetype: NDArray[np.integer]) -> Single:
        """Return (1) within (2), (..., n, 1 + S): loss ratio, then casualties per person by severity, for ln IM (..., n)."""
        check_numbers(archetype, self.num_archetypes)
        place = (np.asarray(ln_im) - self._low) / self.step
        if place.size and np.isnan(place.min()):
            raise InputError(f"ln_im is nan at site {int(np.argwhere(np.isnan(place))[0, -1])}: expected numbers")
        np.clip(place, 0, self._cells, out=place)
        cell = np.minimum(place.astype(np.int64), self._cells - 1)
        fraction = (place - cell).astype(np.float32)[..., None]
        rows = self._rows.take(cell + archetype * self._cells, axis=0)
        width = rows.shape[-1] // 2
        out = rows[..., width:]
        out *= fraction
        out += rows[..., :width]
        return np.asarray(out)

    def realised(self, states: NDArray[np.integer], archetype: NDArray[np.integer]) -> Array:
        """Return loss ratio and casualties per person of the states reached, (..., n, 1 + S)."""
        check_numbers(archetype, self.num_archetypes)
        check_numbers(states.reshape(-1), self._states, "state")
        return np.asarray(self._at_state.take(archetype * self._states + states, axis=0))
