"""Checks of numbers and names that a caller gives, with one message that names the field, the place and what was expected."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError


def within(name: str, values: ArrayLike, low: float, high: float, unit: str = "", hint: str = "") -> NDArray[np.float64]:
    """Return values as an array of floats, all of them in [low, high]; the values may have any shape.

    Raises
    ------
    InputError
        A value outside, not a number, or not numeric. The message gives the index of the first one.
    """
    try:
        out = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as e:
        raise InputError(f"{name}: expected numbers: {e}") from None
    if not out.size or (low <= out.min() and out.max() <= high):
        return out
    index = np.unravel_index(int(np.argmax(~((out >= low) & (out <= high)))), out.shape)
    place = f"[{', '.join(str(int(i)) for i in index)}]" if index else ""
    raise InputError(f"{name}{place} is {out[index]:g}: expected {low:g} to {high:g}{f' {unit}' if unit else ''}{hint}")


def one_of(name: str, value: object, known: Iterable[object]) -> None:
    """Check that an option is a known one.

    Raises
    ------
    InputError
        It is not; the message names a similar one and lists all.
    """
    choices = list(known)
    if value in choices:
        return
    close = get_close_matches(str(value), [str(c) for c in choices], n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise InputError(f"{name} {value!r} is unknown{hint} (known: {', '.join(map(repr, choices))})")
