"""Bound records of MPS: what each type says of a column's lower and upper bound and of its integrality.

Where solvers differ: an integer column (between markers) without any bound is [0, 1], and [0, inf) before its bounds apply once it has one;
``UP`` with a negative value on a column without a lower bound of its own makes that -inf.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .core import Array
from .records import Record

TYPES = ("UP", "LO", "FX", "FR", "MI", "PL", "BV", "LI", "UI")
_NO_VALUE = ("FR", "MI", "PL", "BV")
_WHOLE = ("BV", "LI", "UI")


class Bounds:
    """The BOUNDS section, record by record, and the arrays it ends in."""

    def __init__(self) -> None:
        self.low: dict[int, float] = {}
        self.high: dict[int, float] = {}
        self.whole: set[int] = set()
        self.last: dict[int, Record] = {}

    def take(self, record: Record, columns: dict[str, int]) -> None:
        """Add one record."""
        kind = bound_type(record, record.fields[0])
        column, value = bound_target(record, kind, record.fields[1:], columns)
        for side, given, end in zip(("lower", "upper"), (self.low, self.high), sides(kind, value), strict=True):
            if end is not None and given.setdefault(column, end) != end:
                raise record.error(f"{kind} sets the {side} bound of a column that has one already, {given[column]:g}, to {end:g}")
        if kind in _WHOLE:
            self.whole.add(column)
        self.last[column] = record

    def arrays(self, names: tuple[str, ...], marked: NDArray[np.bool_]) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Return lower and upper bounds and integrality of all columns, ``marked`` being those between integer markers."""
        lower, upper, integer = np.zeros(len(marked)), np.where(marked, 1.0, np.inf), marked.copy()
        integer[list(self.whole)] = True
        for j, record in self.last.items():
            upper[j] = self.high.get(j, math.inf)
            lower[j] = self.low.get(j, -math.inf if upper[j] < 0 else 0.0)
            if lower[j] > upper[j]:
                raise record.error(f"column {names[j]!r} has lower bound {lower[j]:g} above its upper bound {upper[j]:g}")
        return lower, upper, integer


def bound_type(record: Record, given: str) -> str:
    """Return the type in capitals; semicontinuous and unknown ones are refused."""
    kind = given.upper()
    if kind == "SC":
        raise record.wrong("type", given, "semicontinuous variables are not treated")
    if kind not in TYPES:
        raise record.wrong("type", given, f"expected one of {', '.join(TYPES)}")
    return kind


def bound_target(record: Record, kind: str, fields: tuple[str, ...], columns: dict[str, int]) -> tuple[int, float]:
    """Return position of the column and value (NaN: none) of a bound record's ``fields`` after its type: ``[set] column [value]``."""
    with_set = len(fields) > 1 and fields[1] in columns if kind in _NO_VALUE else len(fields) > 2
    at = int(with_set)  # some writers put a value behind FR and its like too
    if len(fields) <= at + (kind not in _NO_VALUE):
        raise record.error(f"expected [set,] column and value after {kind}, found {' '.join(fields)!r}")
    if fields[at] not in columns:
        raise record.wrong("column", fields[at], "no such column in the core file")
    if kind in _NO_VALUE:
        return columns[fields[at]], math.nan
    return columns[fields[at]], record.number(at + 2, "value", finite=False)


def sides(kind: str, value: float) -> tuple[float | None, float | None]:
    """Return the (lower, upper) bounds that a bound of ``kind`` sets; ``None`` leaves a side as it is."""
    match kind:
        case "UP" | "UI":
            return None, value
        case "LO" | "LI":
            return value, None
        case "FX":
            return value, value
        case "FR":
            return -math.inf, math.inf
        case "MI":
            return -math.inf, None
        case "PL":
            return None, math.inf
    return 0.0, 1.0  # BV
