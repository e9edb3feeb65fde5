"""The entries of a parameterized standard form, numbers and expressions, as constants plus coefficients of the random data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from .affine import Entries, Index
from .matrices import Array
from .symbols import Symbols


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Entries of a matrix, or of a vector (``col`` 0), at (row, col): their constants, and their random parts sorted."""

    row: Index
    col: Index
    constant: Array
    random: Entries

    @classmethod
    def of(cls, symbols: Symbols, values: Sequence[Any], row: Index, col: Index | None, what: Callable[[int, int], str]) -> Part:
        """Split ``values`` at (row, col); ``what(row, col)`` says in a message what an entry is.

        Raises
        ------
        ModelError
            An entry is not affine in the random data, or not finite.
        """
        col = np.zeros(len(row), dtype=np.intp) if col is None else col
        constant = np.empty(len(row))
        places: list[int] = []
        components: list[int] = []
        coefficients: list[float] = []
        for e, (i, j) in enumerate(zip(row.tolist(), col.tolist(), strict=True)):
            constant[e], of_entry, times = symbols.affine(values[e], what(i, j))
            places += [e] * len(of_entry)
            components += of_entry
            coefficients += times
        at, component = np.array(places, dtype=np.intp), np.array(components, dtype=np.intp)
        order = np.lexsort((component, col[at], row[at]))
        at, component, coefficient = at[order], component[order], np.array(coefficients, dtype=float)[order]
        return cls(row, col, constant, Entries(row[at], col[at], component, coefficient))

    def vector(self, size: int) -> Array:
        """Return the constants by row (size,)."""
        out = np.zeros(size)
        out[self.row] = self.constant
        return out

    def csr(self, shape: tuple[int, int]) -> csr_array:
        """Return the constants as a matrix, without stored zeros."""
        some = self.constant != 0
        out = csr_array((self.constant[some], (self.row[some], self.col[some])), shape=shape)
        out.sort_indices()
        return out

    def csr_xi(self, size: int, d: int) -> csr_array:
        """Return the linear map from xi to the rows (size, d)."""
        return csr_array((self.random.coefficient, (self.random.row, self.random.component)), shape=(size, d))


def coordinates(matrix: Any) -> tuple[Index, Index]:
    """Return rows and columns of the entries of a compressed-column matrix."""
    col = np.repeat(np.arange(matrix.shape[1]), np.diff(matrix.indptr))
    return np.asarray(matrix.indices[: len(col)], dtype=np.intp), col


def pick(random: Entries, chosen: NDArray[np.bool_], moved: Index, shift: int) -> Entries:
    """Pick random entries, rows renumbered by ``moved`` and columns by ``shift``."""
    return Entries(moved[random.row[chosen]], random.col[chosen] - shift, random.component[chosen], random.coefficient[chosen])
