"""Checks of damage grades 0..3, of probabilities (n, 4) and of other numbers by building; errors name field and row."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError

Array = NDArray[np.float64]
Grades = NDArray[np.int64]

NUM_GRADES = 4
"""L0 intact, L1 slightly damaged, L2 severely damaged, L3 collapsed."""
SEVERE = 2
"""Grades from here on are severe."""
SUM_TOLERANCE = 1e-5
"""How far the sum of a row of probabilities may be from 1: float32 outputs pass, and tables with six decimals."""


def checked_rows(name: str, values: ArrayLike, columns: int | None) -> Array:
    """Return finite numbers (n, columns), n >= 1; None takes any number of columns.

    Raises
    ------
    InputError
        Not numbers, another shape, no rows, or a number that is not finite; the message names the row.
    """
    try:
        out = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as e:
        raise InputError(f"{name}: expected numbers: {e}") from None
    wanted = "m" if columns is None else columns
    if out.ndim != 2 or not out.size or (columns is not None and out.shape[1] != columns):
        raise InputError(f"{name} has shape {out.shape}: expected (n, {wanted}) with at least one row")
    finite = np.isfinite(out)
    if not finite.all():
        row, column = (int(i) for i in np.argwhere(~finite)[0])
        raise InputError(f"{name}, row {row}, column {column}: {out[row, column]:g}: expected a finite number")
    return out


def checked_probabilities(values: ArrayLike, name: str = "probabilities", count: int | None = None) -> Array:
    """Return probabilities (n, 4) of the grades, each row within 1e-5 of the sum 1 (not rescaled); ``count`` is the n asked for.

    Raises
    ------
    InputError
        Wrong shape, NaN, a number outside [0, 1], or a row with another sum; the message names the row.
    """
    out = checked_rows(name, values, NUM_GRADES)
    if count is not None and len(out) != count:
        raise InputError(f"{name}: {len(out)} rows: expected {count}, one for each building that has a grade")
    wrong = (out < -SUM_TOLERANCE) | (out > 1 + SUM_TOLERANCE)
    if wrong.any():
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        raise InputError(f"{name}, row {row}, grade {column}: {out[row, column]:.9g}: expected a probability from 0 to 1")
    total = out.sum(axis=1)
    off = np.abs(total - 1) > SUM_TOLERANCE
    if off.any():
        row = int(np.argmax(off))
        raise InputError(f"{name}, row {row}: the sum is {total[row]:.9g}: expected 1 to within {SUM_TOLERANCE:g}")
    return out


def checked_grades(values: ArrayLike, count: int | None = None, name: str = "grades", num_grades: int = NUM_GRADES) -> Grades:
    """Return integer grades (n,) from 0 to ``num_grades`` - 1; ``count`` is the n asked for.

    Raises
    ------
    InputError
        Wrong shape or length, not whole numbers, or outside the range; the message names the row.
    """
    try:
        given = np.asarray(values)
    except ValueError as e:
        raise InputError(f"{name}: expected whole numbers: {e}") from None
    if given.dtype.kind not in "iuf":
        raise InputError(f"{name}: values of type {given.dtype}: expected whole numbers")
    raw = given.astype(float)
    if raw.ndim != 1 or not raw.size or (count is not None and len(raw) != count):
        raise InputError(f"{name} has shape {raw.shape}: expected ({'n' if count is None else count},) with at least one row")
    good = (raw >= 0) & (raw < num_grades) & (raw == np.floor(raw))
    if not good.all():
        row = int(np.argmin(good))
        raise InputError(f"{name}, row {row}: {raw[row]:g}: expected a whole number from 0 to {num_grades - 1}")
    return raw.astype(np.int64)
