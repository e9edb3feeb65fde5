"""The core of an SMPS problem: one linear program as arrays, in the order of its file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from .records import INFINITE

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Core:
    """``min`` (or ``max``) ``cost'x + offset`` subject to ``row_lower <= matrix x <= row_upper``, ``lower <= x <= upper``.

    ``kinds`` (m,) holds E, L or G; ``rhs`` (m,) the right-hand sides; ``ranges`` (m,) the RANGES values, NaN where there is none.
    ``all_rows`` are the names of all rows of the file, objective and dropped N rows included; ``row_names`` those of the m constraints.
    """

    name: str
    objective: str
    maximize: bool
    all_rows: tuple[str, ...]
    row_names: tuple[str, ...]
    column_names: tuple[str, ...]
    cost: Array
    offset: float
    matrix: csr_array
    kinds: NDArray[np.str_]
    rhs: Array
    ranges: Array
    lower: Array
    upper: Array
    integer: NDArray[np.bool_]
    rhs_name: str = "RHS"
    range_name: str = "RNG"

    @cached_property
    def row_lower(self) -> Array:
        """Lower sides of the rows (m,)."""
        return row_bounds(self.kinds, self.rhs, self.ranges)[0]

    @cached_property
    def row_upper(self) -> Array:
        """Upper sides of the rows (m,)."""
        return row_bounds(self.kinds, self.rhs, self.ranges)[1]

    @cached_property
    def row_index(self) -> dict[str, int]:
        """Position of each constraint."""
        return {name: i for i, name in enumerate(self.row_names)}

    @cached_property
    def column_index(self) -> dict[str, int]:
        """Position of each column."""
        return {name: j for j, name in enumerate(self.column_names)}

    def describe(self, what: object, row: int, column: int) -> str:
        """Return how a message names an entry: ``column 'X', row 'R'``."""
        parts = [f"column {self.column_names[column]!r}"] if column >= 0 else []
        parts += [f"row {self.row_names[row]!r}"] if row >= 0 else []
        return ", ".join(parts) or f"row {self.objective!r}"


def row_bounds(kinds: NDArray[np.str_], rhs: Array, ranges: Array) -> tuple[Array, Array]:
    """Return the two sides of each row from its kind, right-hand side b and range R (NaN: none).

    L: [b - abs(R), b];  G: [b, b + abs(R)];  E: [b, b + R] for R >= 0, else [b + R, b]. A side of at least 1e20 is infinite.
    """
    none = np.isnan(ranges)
    width = np.where(none, 0.0, ranges)
    is_l, is_g = kinds == "L", kinds == "G"
    low = np.where(is_l, np.where(none, -np.inf, rhs - np.abs(width)), np.where(is_g, rhs, rhs + np.minimum(width, 0)))
    high = np.where(is_g, np.where(none, np.inf, rhs + np.abs(width)), np.where(is_l, rhs, rhs + np.maximum(width, 0)))
    low = np.where(low <= -INFINITE, -np.inf, low)
    high = np.where(high >= INFINITE, np.inf, high)
    return low, high
