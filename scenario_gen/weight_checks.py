"""Checks and sums shared by reduction, reweighting and hazard curves: matrices of finite numbers, probabilities, weights, levels."""

from __future__ import annotations

from math import fsum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError

Array = NDArray[np.float64]

SUM_TOLERANCE = 1e-9
"""How far a sum of probabilities may be from what it should be, relative."""


def array_of(name: str, values: ArrayLike, axes: tuple[str, ...], shape: tuple[int | None, ...], largest: float = np.inf) -> Array:
    """Return finite numbers as a C-contiguous array of the shape asked for; ``axes`` name its axes in messages, None takes any length.

    Raises
    ------
    InputError
        Not numbers, another shape, not finite, or larger than ``largest`` in size.
    """
    try:
        out = np.ascontiguousarray(values, dtype=float)
    except (TypeError, ValueError) as e:
        raise InputError(f"field {name!r}: expected numbers: {e}") from None
    wanted = ", ".join(f"{axis}s" if n is None else f"{n} {axis}s" for axis, n in zip(axes, shape, strict=True))
    if out.ndim != len(shape) or any(n not in (None, m) for n, m in zip(shape, out.shape, strict=True)):
        raise InputError(f"field {name!r} has shape {out.shape}: expected ({wanted})")
    if 0 in out.shape:
        raise InputError(f"field {name!r} has shape {out.shape}: expected at least one of each ({wanted})")
    expected = "a finite number" if largest == np.inf else f"a finite number of at most {largest:g} in size"
    refuse(name, out, ~(np.abs(out) <= largest) | ~np.isfinite(out), axes, expected)
    return out


def refuse(name: str, values: Array, wrong: NDArray[np.bool_], axes: tuple[str, ...], expected: str) -> None:
    """Raise an error that names the first wrong value, its place and what was expected, if there is one."""
    if wrong.any():
        index = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
        place = ", ".join(f"{axis} {int(i)}" for axis, i in zip(axes, index, strict=True))
        raise InputError(f"field {name!r}, {place}: {values[index]:g}: expected {expected}")


def checked_weights(name: str, values: ArrayLike, count: int | None) -> Array:
    """Return nonnegative weights (S,), such as annual rates, not all zero."""
    out = array_of(name, values, ("scenario",), (count,))
    refuse(name, out, out < 0, ("scenario",), "at least 0")
    if not out.any():
        raise InputError(f"field {name!r}: all {len(out)} are 0: expected a positive one")
    return out


def checked_probabilities(name: str, values: ArrayLike, count: int | None, total: float = 1.0) -> Array:
    """Return numbers (S,) in [0, total] whose sum is ``total`` up to 1e-9 relative, normalised by :func:`normalised`."""
    out = array_of(name, values, ("scenario",), (count,))
    refuse(name, out, ~((out >= 0) & (out <= total * (1 + SUM_TOLERANCE))), ("scenario",), f"a number in [0, {total:g}]")
    found = fsum(out)
    if abs(found - total) > SUM_TOLERANCE * total:
        raise InputError(
            f"field {name!r}: the sum over {len(out)} scenarios is {found:.12g}: expected {total:g} to within {SUM_TOLERANCE:g}"
        )
    return normalised(out, total)


def normalised(weights: Array, total: float = 1.0) -> Array:
    """Return weights whose exact sum is ``total`` up to the rounding of each one."""
    return weights * (total / fsum(weights))


def kish_size(weights: Array) -> float:
    """Return the effective sample size (sum w)^2 / sum w^2 of Kish (1965)."""
    scaled = weights / weights.max()
    return float(fsum(scaled) ** 2 / fsum(scaled**2))


def checked_levels(levels: ArrayLike, num_sites: int) -> Array:
    """Return levels (sites, L) from (L,) or (sites, L), strictly increasing at each site."""
    flat = np.ndim(levels) == 1
    axes: tuple[str, ...] = ("level",) if flat else ("site", "level")
    out = array_of("levels", levels, axes, (None,) if flat else (num_sites, None))
    wrong = np.concatenate([np.zeros((*out.shape[:-1], 1), dtype=bool), np.diff(out, axis=-1) <= 0], axis=-1)
    refuse("levels", out, wrong, axes, "levels that increase")
    return np.broadcast_to(out, (num_sites, out.shape[-1]))
