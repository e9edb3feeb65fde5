"""A CSV file of recognised buildings: the probabilities of the four damage grades of each, ``p0`` to ``p3``, and perhaps its district."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .csv_table import CsvTable, write_csv
from .grade_checks import SUM_TOLERANCE, Array, checked_probabilities

PROBABILITIES = ("p0", "p1", "p2", "p3")


@dataclass(frozen=True, slots=True, eq=False)
class RecognisedBuildings:
    """Probabilities (n, 4) of the grades; names of buildings and of their districts (n,), None where there are none."""

    probabilities: Array
    district: tuple[str, ...] | None = None
    names: tuple[str, ...] | None = None

    @property
    def district_numbers(self) -> NDArray[np.int64] | None:
        """A number (n,) for each building's district, or None."""
        return None if self.district is None else np.unique(self.district, return_inverse=True)[1].astype(np.int64)


def read_recognised(path: str | Path, expected: Sequence[str] | None = None, count: int | None = None) -> RecognisedBuildings:
    """Read columns ``p0`` to ``p3`` and, if wanted, ``building`` (names) and ``district`` (any text).

    ``count`` buildings, with the names ``expected``, are those of another file, in the same order.

    Raises
    ------
    InputError
        As :class:`.csv_table.CsvTable`; a column that is missing or unknown; a value that is no number from 0 to 1; a row whose sum is not
        1 within 1e-5; another number of rows than ``count``, or another building than expected. File, line and value are named.
    """
    table = CsvTable(path)
    table.require(PROBABILITIES)
    table.refuse_others(["building", "district", *PROBABILITIES])
    values = np.column_stack([table.numbers(name, 0, 1) for name in PROBABILITIES])
    if count is not None and len(values) != count:
        raise table.wrong(f"{len(values)} rows: expected {count}, as many as there are grades")
    off = np.abs(values.sum(axis=1) - 1)
    if off.max() > SUM_TOLERANCE:
        row = int(np.argmax(off > SUM_TOLERANCE))
        shown = ", ".join(f"{p:g}" for p in values[row])
        raise table.wrong(f"probabilities {shown}: the sum is {values[row].sum():.9g}: expected 1 to within {SUM_TOLERANCE:g}", row)
    names = tuple(table.names("building")) if "building" in table else None
    if expected is not None and names is not None:
        for row, (name, other) in enumerate(zip(names, expected, strict=True)):
            if name != other:
                raise table.error(row, "building", f"{other!r}, as in the file of grades")
    return RecognisedBuildings(values, tuple(table.text("district")) if "district" in table else None, names)


def write_recognised(
    path: str | Path, probabilities: ArrayLike, *, names: Sequence[str] | None = None, districts: Sequence[str] | None = None
) -> None:
    """Write what :func:`read_recognised` reads, whole or not at all, with the digits that give the same numbers back.

    Raises
    ------
    InputError
        Bad probabilities (row named).
    """
    p = checked_probabilities(probabilities)
    given = [("building", names), ("district", districts)]
    columns = [(name, list(values)) for name, values in given if values is not None]
    columns += [(name, [repr(float(v)) for v in p[:, k]]) for k, name in enumerate(PROBABILITIES)]
    write_csv(path, [name for name, _ in columns], zip(*(values for _, values in columns), strict=True))
