"""A regular grid in the isotropic coordinates (4') of ``correlation``: where the field is sampled exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Grid:
    """Nodes (u + j spacing, v + i spacing), i < ``rows``, j < ``columns``, at least two each; all in correlation lengths."""

    u: float
    v: float
    spacing: float
    rows: int
    columns: int

    @classmethod
    def covering(cls, u: Array, v: Array, spacing: float) -> Grid:
        """Return the smallest grid whose first node is the lower corner of the box around points (u, v) and whose cells cover the box."""
        cells = [max(1, int(np.ceil((c.max() - c.min()) / spacing))) for c in (u, v)]
        return cls(float(u.min()), float(v.min()), spacing, cells[1] + 1, cells[0] + 1)

    def cells(self, u: Array, v: Array) -> tuple[Indices, Indices, Array, Array]:
        """Return row and column of each point's cell, and the point's place in it, 0 to 1 along v and along u."""
        along_v, along_u = (v - self.v) / self.spacing, (u - self.u) / self.spacing
        row = np.clip(np.floor(along_v), 0, self.rows - 2).astype(np.int64)
        column = np.clip(np.floor(along_u), 0, self.columns - 2).astype(np.int64)
        return row, column, along_v - row, along_u - column
