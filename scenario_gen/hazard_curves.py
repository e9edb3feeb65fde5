r"""Hazard curves from weighted scenarios: what weight exceeds each level at each site.

With weights w_s of scenarios s, probabilities or annual rates, and intensity measure IM_si at site i,

    H_i(a) = sum_s w_s 1[IM_si >= a]                                        (1)

is the probability or the annual rate of at least ``a``. A rate becomes the probability of at least one event in t years, events being
Poisson (McGuire 2004, Seismic hazard and risk analysis, EERI MNO-10), by

    P = 1 - exp(-H t)                                                       (2)

Each scenario adds its weight to one bin per site, between the levels that it lies between, and the curve is the sum of the bins above: the
digits depend on the order of the scenarios, not on how they are cut into blocks, and nothing of size scenarios x sites is held.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .weight_checks import Array, array_of, checked_levels, checked_weights, refuse


def levels_reached(intensity: NDArray[np.floating], levels: Array) -> NDArray[np.int64]:
    """Return how many levels (sites, L), increasing, each intensity (B, sites) reaches: 0 to L, (B, sites)."""
    out = np.zeros(intensity.shape, dtype=np.int64)
    for level in levels.T:
        out += intensity >= level
    return out


class ExceedanceCounter:
    """The curves (1), built from blocks of scenarios.

    Parameters
    ----------
    levels
        Levels (L,) for all sites or (sites, L), in the unit of the intensity measure, increasing.
    num_sites
        Number of sites.

    Raises
    ------
    InputError
        Levels that do not increase, or are not finite.
    """

    def __init__(self, levels: ArrayLike, num_sites: int):
        if num_sites < 1:
            raise InputError(f"field 'num_sites': {num_sites}: expected at least 1")
        self.levels = checked_levels(levels, num_sites)
        self._bins = np.zeros((num_sites, self.levels.shape[1] + 1))
        self._sites = np.arange(num_sites)
        self.num_scenarios = 0

    def add(self, intensity: ArrayLike, weights: ArrayLike) -> None:
        """Count a block of scenarios: intensities (B, sites) and weights (B,).

        Raises
        ------
        InputError
            A negative weight, an intensity that is not a number; the message numbers scenarios from the first block on.
        """
        im = np.asarray(intensity)
        w = np.asarray(weights, dtype=float)
        if im.ndim != 2 or im.shape[1] != len(self._sites) or w.shape != im.shape[:1]:
            raise InputError(
                f"field 'intensity' has shape {im.shape}, 'weights' {w.shape}: expected (B, {len(self._sites)} sites) and (B,)"
            )
        if np.isnan(im).any():
            s, site = (int(i) for i in np.argwhere(np.isnan(im))[0])
            raise InputError(f"field 'intensity', scenario {self.num_scenarios + s}, site {site}: nan: expected a number")
        if not np.all((w >= 0) & np.isfinite(w)):
            s = int(np.argmin((w >= 0) & np.isfinite(w)))
            raise InputError(f"field 'weights', scenario {self.num_scenarios + s}: {w[s]:g}: expected a finite number of at least 0")
        for row, weight in zip(im, w.tolist(), strict=True):
            self._bins[self._sites, levels_reached(row[None], self.levels)[0]] += weight
        self.num_scenarios += len(w)

    def curves(self) -> Array:
        """Return (1) at the levels, (sites, L)."""
        return np.cumsum(self._bins[:, :0:-1], axis=1)[:, ::-1]

    def standard_errors(self) -> Array:
        """Return sqrt(H (W - H) / n) (sites, L): the Monte Carlo error of n equally weighted scenarios of total weight W."""
        total = self._bins.sum(axis=1, keepdims=True)
        curves = self.curves()
        return np.asarray(np.sqrt(np.maximum(curves * (total - curves), 0) / max(1, self.num_scenarios)))


def exceedance_curves(intensity: ArrayLike, weights: ArrayLike, levels: ArrayLike) -> Array:
    """Return the curves (1) (sites, L) at levels (L,) or (sites, L), of intensities (S, sites) and weights (S,): probabilities or rates.

    Raises
    ------
    InputError
        A negative weight, levels that do not increase, a value that is not finite.
    """
    im = array_of("intensity", intensity, ("scenario", "site"), (None, None))
    counter = ExceedanceCounter(levels, im.shape[1])
    counter.add(im, checked_weights("weights", weights, len(im)))
    return counter.curves()


def poisson_probability(rates: ArrayLike, years: float) -> Array:
    """Return (2): the probability of at least one event in ``years`` years, for annual rates of any shape.

    Raises
    ------
    InputError
        A negative rate, or years that are not positive.
    """
    values = np.asarray(rates, dtype=float)
    if not 0 < years < np.inf:
        raise InputError(f"field 'years': {years}: expected a positive number")
    flat = values.reshape(-1)
    refuse("rates", flat, ~(flat >= 0), ("entry",), "at least 0 a year")
    return np.asarray(-np.expm1(-values * years))
