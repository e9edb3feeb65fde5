"""Damage grades of buildings: Yushu's counts, and CSV files of grades and of recognition probabilities.

Grades are L0 (intact), L1 (slightly damaged), L2 (severely damaged) and L3 (collapsed), as whole numbers 0 to 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .csv_table import CsvTable

Array = NDArray[np.float64]
Grades = NDArray[np.int64]

YUSHU = (778, 918, 665, 1140)
"""Buildings of grades 0 to 3, earthquake of 14 April 2010 (SeisRank-Ord, doi 10.25259/JKSUS_1757_2025, Table 1): 3,501."""

PROBABILITIES = ("p0", "p1", "p2", "p3")
SUM_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class GradedBuildings:
    """True grades (n,), a number (n,) for each building's district, and names; None where there are none."""

    grades: Grades
    district: Grades | None = None
    names: tuple[str, ...] | None = None


def yushu_grades() -> Grades:
    """Return the grades (3501,) in ascending order; the article does not list the buildings one by one."""
    return np.repeat(np.arange(4), YUSHU)


def read_grades(path: str | Path) -> GradedBuildings:
    """Read a CSV file with a column ``grade`` and, if wanted, ``building`` (names) and ``district`` (any text).

    Raises
    ------
    InputError
        As :class:`.csv_table.CsvTable`; a column that is missing or unknown; a grade that is none of 0 to 3 (file, line and value named).
    """
    table = CsvTable(path)
    table.require(["grade"])
    table.refuse_others(["building", "district", "grade"])
    text = table.text("grade")
    for row, value in enumerate(text):
        if value not in ("0", "1", "2", "3"):
            raise table.error(row, "grade", "0, 1, 2 or 3")
    district = np.unique(table.text("district"), return_inverse=True)[1].astype(np.int64) if "district" in table else None
    return GradedBuildings(np.array(text, dtype=np.int64), district, tuple(table.names("building")) if "building" in table else None)


def read_probabilities(path: str | Path, buildings: GradedBuildings) -> Array:
    """Read a CSV file with columns ``p0`` to ``p3``, the probabilities of each grade, into an array (n, 4).

    Its rows are those of the buildings, in the same order; where both files have a column ``building``, the names must agree.

    Raises
    ------
    InputError
        As :class:`.csv_table.CsvTable`; a column that is missing or unknown; a value that is no number from 0 to 1; a row that does not
        sum to 1 within 1e-6; another number of rows than grades, or another building.
    """
    table = CsvTable(path)
    table.require(PROBABILITIES)
    table.refuse_others(["building", *PROBABILITIES])
    values = np.column_stack([table.numbers(name, 0, 1) for name in PROBABILITIES])
    if len(values) != len(buildings.grades):
        raise InputError(f"{path}: {len(values)} rows: expected {len(buildings.grades)}, as many as there are grades")
    bad = _bad_row(values)
    if bad is not None:
        raise InputError(f"{path}: line {table.lines[bad]}: {_complaint(values[bad])}")
    if buildings.names is not None and "building" in table:
        for row, (name, expected) in enumerate(zip(table.text("building"), buildings.names, strict=True)):
            if name != expected:
                raise table.error(row, "building", f"{expected!r}, as in the file of grades")
    return values


def checked_grades(grades: ArrayLike) -> Grades:
    """Return grades (n,) as whole numbers; an empty list, or a value that is none of 0 to 3, is an :class:`InputError`."""
    values = np.asarray(grades)
    if values.ndim != 1 or len(values) == 0 or values.dtype.kind not in "iuf":
        raise InputError(f"grades: shape {values.shape} of {values.dtype}: expected one of 0 to 3 a building, and at least one building")
    bad = np.flatnonzero(~np.isin(values, (0, 1, 2, 3)))
    if len(bad):
        raise InputError(f"grades: row {bad[0]}: {values[bad[0]]}: expected 0, 1, 2 or 3")
    return values.astype(np.int64)


def checked_probabilities(probabilities: ArrayLike, n: int) -> Array:
    """Return probabilities (n, 4) as floats; a wrong shape, or a row that is no distribution, is an :class:`InputError` (row named)."""
    values = np.asarray(probabilities, dtype=float)
    if values.shape != (n, 4):
        raise InputError(f"probabilities: shape {values.shape}: expected ({n}, 4), a row for each building that has a grade")
    bad = _bad_row(values)
    if bad is not None:
        raise InputError(f"probabilities: row {bad}: {_complaint(values[bad])}")
    return values


def _bad_row(values: Array) -> int | None:
    """Return the first row that is no distribution, or None; comparisons with NaN are false."""
    good = ((values >= 0) & (values <= 1)).all(axis=1) & (np.abs(values.sum(axis=1) - 1) <= SUM_TOLERANCE)
    return None if good.all() else int(np.argmin(good))


def _complaint(row: Array) -> str:
    shown = ", ".join(f"{p:g}" for p in row)
    return f"probabilities {shown}: sum to {row.sum():g}: expected numbers from 0 to 1 that sum to 1"
