"""Damage grades of buildings: Yushu's counts, and CSV files of grades.

Grades are L0 (intact), L1 (slightly damaged), L2 (severely damaged) and L3 (collapsed), as whole numbers 0 to 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .csv_table import CsvTable
from .grade_checks import Grades

YUSHU = (778, 918, 665, 1140)
"""Buildings of grades 0 to 3, earthquake of 14 April 2010 (SeisRank-Ord, doi 10.25259/JKSUS_1757_2025, Table 1): 3,501."""


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
