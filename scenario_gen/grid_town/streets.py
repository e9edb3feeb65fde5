r"""The street grid and the river through it.

Crossings stand at (c b, r b), columns c and rows r of blocks of b km. The river's middle is the polyline through the places

    y_c = (R - 1)/2 + a sin(2 pi c/(C - 1) + psi),     a = 0.3 (R - 1),     psi uniform                             (1)

in blocks, kept 0.15 blocks away from every crossing; as 0 < y_c < R - 1, each bank is connected. A street between two banks crosses the
river once, where the straight line between its ends meets the polyline.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ...errors import InputError

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]

MOST_ROWS = 26
ARTERIAL_EVERY = 3
"""Every third row and column is an arterial, beginning with the second."""

SPEED_KM_H = (30.0, 50.0)
CAPACITY_VEH_H = (500.0, 1000.0)
"""Of a street and of an arterial, in one direction: a lane that traffic lights give about half of the time; synthetic."""

CLEARANCE = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class Streets:
    """N crossings and E streets; each street is two directed links, e one way and E + e the other, L = 2 E.

    ``x_km``, ``y_km`` (N,) about the middle of the town; ``bank`` (N,) 0 south, 1 north; ``ends`` (E, 2) numbers of crossings;
    ``length_km``, ``arterial`` (E,); ``over_river_km`` (E, 2) where a street crosses the river, NaN where it does not; ``river_km`` (P, 2)
    the middle of the river from west to east.
    """

    names: tuple[str, ...]
    x_km: Array
    y_km: Array
    bank: Numbers
    ends: Numbers
    length_km: Array
    arterial: Mask
    over_river_km: Array
    river_km: Array

    @property
    def block_km(self) -> float:
        """How far apart crossings are."""
        return float(self.x_km[1] - self.x_km[0])

    @property
    def crosses(self) -> Mask:
        """Which streets cross the river, (E,)."""
        return np.asarray(np.isfinite(self.over_river_km[:, 0]))

    @property
    def street_names(self) -> tuple[str, ...]:
        """``A1-A2`` (E,); also the name of the street's first link."""
        return tuple(f"{self.names[a]}-{self.names[b]}" for a, b in self.ends.tolist())

    @property
    def link_names(self) -> tuple[str, ...]:
        """``A1-A2``, from A1 to A2 (L,)."""
        return (*self.street_names, *(f"{self.names[b]}-{self.names[a]}" for a, b in self.ends.tolist()))

    @property
    def tail(self) -> Numbers:
        """The crossing that a link starts from, (L,)."""
        return np.concatenate([self.ends[:, 0], self.ends[:, 1]])

    @property
    def head(self) -> Numbers:
        """The crossing that a link ends at, (L,)."""
        return np.concatenate([self.ends[:, 1], self.ends[:, 0]])

    @property
    def link_km(self) -> Array:
        """Lengths of the links, (L,)."""
        return np.tile(self.length_km, 2)

    @property
    def free_flow_minutes(self) -> Array:
        """Travel times of the links without traffic, (L,)."""
        return np.asarray(60 * self.link_km / np.array(SPEED_KM_H)[np.tile(self.arterial, 2).astype(int)])

    @property
    def capacity_veh_h(self) -> Array:
        """Vehicles an hour of the links, (L,)."""
        return np.asarray(np.array(CAPACITY_VEH_H)[np.tile(self.arterial, 2).astype(int)])

    def without(self, streets: Mask) -> Streets:
        """Return the same streets without those of a mask (E,)."""
        kept = ~streets
        return replace(
            self,
            ends=self.ends[kept],
            length_km=self.length_km[kept],
            arterial=self.arterial[kept],
            over_river_km=self.over_river_km[kept],
        )


def lay_out(rows: int, columns: int, block_km: float, rng: Generator) -> Streets:
    """Draw the river and the lengths of the streets: 1 to 1.1 blocks.

    Raises
    ------
    InputError
        Fewer than two rows or columns, more than 26 rows, a block that is not positive.
    """
    for name, value, most in (("rows", rows, MOST_ROWS), ("columns", columns, 999)):
        if not 2 <= value <= most:
            raise InputError(f"field {name!r}: {value}: expected 2 to {most}")
    if not 0 < block_km <= 10:
        raise InputError(f"field 'block_km': {block_km:g}: expected a positive number of km, at most 10")
    row, column = np.divmod(np.arange(rows * columns), columns)
    river = _river(rows, columns, float(rng.random()))
    bank = (row > river[column]).astype(np.int64)
    number = np.arange(rows * columns).reshape(rows, columns)
    along = np.column_stack([number[:, :-1].ravel(), number[:, 1:].ravel()])
    across = np.column_stack([number[:-1].ravel(), number[1:].ravel()])
    ends = np.concatenate([along, across])
    over = np.full((len(ends), 2), np.nan)
    for e in np.flatnonzero(bank[ends[:, 0]] != bank[ends[:, 1]]).tolist():
        r, c = int(row[ends[e, 0]]), int(column[ends[e, 0]])
        if e < len(along):
            over[e] = c + (r - river[c]) / (river[c + 1] - river[c]), r
        else:
            over[e] = c, river[c]
    main_row, main_column = (np.arange(n) % ARTERIAL_EVERY == 1 for n in (rows, columns))
    middle = np.array([columns - 1, rows - 1]) / 2
    ends_of_river = np.array([[-2.0, river[0]], *zip(range(columns), river, strict=True), [columns + 1, river[-1]]])
    x, y = (block_km * (p - m) for p, m in zip((column, row), middle, strict=True))
    return Streets(
        names=tuple(f"{chr(ord('A') + r)}{c + 1}" for r, c in zip(row.tolist(), column.tolist(), strict=True)),
        x_km=x,
        y_km=y,
        bank=bank,
        ends=ends,
        length_km=np.round(block_km * rng.uniform(1, 1.1, len(ends)), 3),
        arterial=np.concatenate([main_row[row[along[:, 0]]], main_column[column[across[:, 0]]]]),
        over_river_km=block_km * (over - middle),
        river_km=block_km * (ends_of_river - middle),
    )


def _river(rows: int, columns: int, phase: float) -> Array:
    """Return y_c of (1), (C,), in blocks, off the crossings."""
    turn = 2 * np.pi * (np.arange(columns) / max(columns - 1, 1) + phase)
    y = (rows - 1) / 2 + 0.3 * (rows - 1) * np.sin(turn)
    low = np.clip(np.floor(y), 0, rows - 2)
    return np.asarray(low + np.clip(y - low, CLEARANCE, 1 - CLEARANCE))
