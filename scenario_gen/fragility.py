r"""Fragility: the damage state that a shaking puts a building or a component into.

    P(DS >= ds | IM) = Phi((ln IM - ln theta_ds) / beta_ds)                                 (eq. 6 of the ST-ERAO paper)

with theta_ds the median capacity (the paper's mu is ln theta) and beta_ds the logarithmic dispersion. Where the betas of a class differ,
its curves cross, and a worse state would be reached more often than a lighter one. A state is reached here only if all the lighter ones
are:

    P(DS >= ds | IM) = min over d <= ds of Phi((ln IM - ln theta_d) / beta_d)                                            (1)

States are sampled with one standard normal z per building: state ds is reached if ln IM + beta_d z >= ln theta_d for all d <= ds, which has
exactly the probabilities (1). With the same z, stronger shaking never gives a lighter state, and larger medians never a worse one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from ..errors import InputError

Array = NDArray[np.float64]
States = NDArray[np.int8]

STATES = ("slight", "moderate", "extensive", "complete")
"""Damage states 1 to 4 of Hazus; state 0 is none."""


@dataclass(frozen=True, slots=True)
class Fragility:
    """Lognormal fragility of one class: per state the median capacity (g for PGA and SA, cm/s for PGV) and beta.

    Raises
    ------
    InputError
        A median that is not positive or smaller than that of a lighter state (equal ones exist in Hazus: the lighter state is then
        skipped), a beta that is not positive, or not one of each per state.
    """

    name: str
    imt: str
    medians: tuple[float, ...]
    betas: tuple[float, ...]
    states: tuple[str, ...] = STATES

    def __post_init__(self) -> None:
        if not self.states or {len(self.medians), len(self.betas)} != {len(self.states)}:
            given = f"{len(self.medians)} medians and {len(self.betas)} betas"
            raise InputError(f"fragility {self.name!r}: {given}: expected one of each for {', '.join(self.states) or 'at least one state'}")
        if found := first_wrong(self.medians, self.betas, self.states):
            field, value, expected = found
            raise InputError(f"fragility {self.name!r}: field {field!r} is {value:g}: expected {expected}")

    def exceedance(self, ln_im: ArrayLike) -> Array:
        """Return (1) for states 1, ..., D, of the shape of ``ln_im`` with an axis (D,) added."""
        return _exceedance(np.asarray(ln_im, dtype=float)[..., None], np.log(self.medians), np.array(self.betas))

    def probabilities(self, ln_im: ArrayLike) -> Array:
        """Return the probability of states 0, ..., D, on an axis (D + 1,) added at the end."""
        return state_probabilities(self.exceedance(ln_im))


class FragilitySet:
    """Fragilities of A archetypes as arrays: ``medians`` and ``betas`` (A, D); all have the same states, but perhaps other measures."""

    def __init__(self, fragilities: Sequence[Fragility], states: tuple[str, ...] = STATES):
        for f in fragilities:
            if f.states != states:
                raise InputError(f"fragility {f.name!r} has the states {', '.join(f.states)}: expected {', '.join(states)}")
        self.names, self.imts, self.states = tuple(f.name for f in fragilities), tuple(f.imt for f in fragilities), states
        self.medians = np.array([f.medians for f in fragilities]).reshape(-1, len(states))
        self.betas = np.array([f.betas for f in fragilities]).reshape(-1, len(states))

    def __len__(self) -> int:
        return len(self.names)

    def imts_of(self, archetype: NDArray[np.integer]) -> list[str]:
        """Return the intensity measure of each of n sites with these archetype numbers."""
        return [self.imts[a] for a in archetype.tolist()]

    def exceedance(self, ln_im: ArrayLike, archetype: NDArray[np.integer]) -> Array:
        """Return (1), (..., n, D), for ln IM (..., n) at n sites with archetype numbers (n,)."""
        check_numbers(archetype, len(self))
        return _exceedance(np.asarray(ln_im, dtype=float)[..., None], np.log(self.medians)[archetype], self.betas[archetype])

    def probabilities(self, ln_im: ArrayLike, archetype: NDArray[np.integer]) -> Array:
        """Return the probability of states 0, ..., D, (..., n, D + 1)."""
        return state_probabilities(self.exceedance(ln_im, archetype))

    def at(self, archetype: NDArray[np.integer]) -> Thresholds:
        """Return the thresholds at n sites with these archetype numbers, ready for sampling many scenarios."""
        check_numbers(archetype, len(self))
        return Thresholds(np.log(self.medians), self.betas, archetype)

    def sample_states(self, ln_im: ArrayLike, archetype: NDArray[np.integer], normals: ArrayLike) -> States:
        """Sample once; :meth:`at` is faster for many scenarios of the same sites, with the same numbers."""
        return self.at(archetype).sample_states(ln_im, normals)


class Thresholds:
    """ln theta and beta gathered at n sites, one contiguous row a state, in single precision: relative error 6e-8 of ln IM + beta z."""

    def __init__(self, ln_medians: Array, betas: Array, archetype: NDArray[np.integer]):
        self._ln_median = np.ascontiguousarray(ln_medians.T, dtype=np.float32).take(archetype, axis=1)
        used = betas[np.bincount(archetype, minlength=len(betas)) > 0]
        self._one_beta = bool((used == used[:, :1]).all())
        self._beta: list[float | Array]
        if used.size and (used == used.flat[0]).all():
            self._beta = [float(used.flat[0])]
        else:
            self._beta = list(np.ascontiguousarray(betas.T[: 1 if self._one_beta else None]).take(archetype, axis=1))

    def sample_states(self, ln_im: ArrayLike, normals: ArrayLike) -> States:
        """Return states 0, ..., D, of the shape (..., n) of ln IM and of the standard normals, which the caller keys by site and scenario.

        Raises
        ------
        InputError
            A value that is not a number, or another number of sites.
        """
        ln_im, normals = np.asarray(ln_im), np.asarray(normals)
        sites = self._ln_median.shape[1]
        if ln_im.shape[-1:] != (sites,) or normals.shape[-1:] != (sites,):
            raise InputError(f"ln_im has shape {ln_im.shape} and normals {normals.shape}: expected {sites} sites on the last axis")
        state = np.zeros(np.broadcast_shapes(ln_im.shape, normals.shape), dtype=np.int8)
        reached = np.ones(state.shape, dtype=np.bool_)
        for d, threshold in enumerate(self._ln_median):
            if d < len(self._beta):
                shaken = (self._beta[d] * normals + ln_im).astype(np.float32)
                if shaken.size and np.isnan(shaken.min()):
                    raise InputError(f"ln_im or normals is nan at site {int(np.argwhere(np.isnan(shaken))[0, -1])}: expected numbers")
            if self._one_beta:
                np.greater_equal(shaken, threshold, out=reached)
            else:
                reached &= shaken >= threshold
            state += reached
        return state


def first_wrong(medians: Sequence[float], betas: Sequence[float], states: Sequence[str]) -> tuple[str, float, str] | None:
    """Return field, value and what was expected of the first parameter that cannot be, or ``None``."""
    lighter, name = 0.0, ""
    for state, median, beta in zip(states, medians, betas, strict=True):
        if not 0 < median < np.inf:
            return f"{state}_median", median, "a positive number"
        if median < lighter:
            return f"{state}_median", median, f"at least the median of {name}, {lighter:g}: medians must not decrease from state to state"
        if not 0 < beta < np.inf:
            return f"{state}_beta", beta, "a positive number"
        lighter, name = median, state
    return None


def state_probabilities(exceedance: Array) -> Array:
    """Return P(DS = 0), ..., P(DS = D) (..., D + 1) from P(DS >= 1), ..., P(DS >= D): the differences in eq. 10; they sum to 1."""
    ones = np.ones((*exceedance.shape[:-1], 1))
    return -np.diff(np.concatenate([ones, exceedance, np.zeros_like(ones)], axis=-1), axis=-1)


def check_numbers(archetype: NDArray[np.integer], count: int, name: str = "archetype") -> None:
    """Raise an ``InputError`` unless all numbers (of archetypes, of zones) are in [0, count)."""
    if archetype.size and (int(archetype.min()) < 0 or int(archetype.max()) >= count):
        wrong = int(np.argmax((archetype < 0) | (archetype >= count)))
        raise InputError(f"{name}[{wrong}] is {int(archetype[wrong])}: expected 0 to {count - 1}")


def _exceedance(ln_im: Array, ln_medians: Array, betas: Array) -> Array:
    return np.asarray(np.minimum.accumulate(ndtr((ln_im - ln_medians) / betas), axis=-1))
