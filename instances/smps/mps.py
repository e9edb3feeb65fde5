"""Read a core file: MPS, free or fixed.

Where readers differ: the constant of the objective is minus its right-hand side; the first N row is the objective, further ones are
dropped; of RHS and RANGES there may be one set only, while BOUNDS count whatever their set is called (:mod:`.bounds` for the rest).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from ...errors import InputError
from .bounds import Bounds
from .core import Core
from .records import Record, bare, records

_SENSES = {"MAX": True, "MAXIMIZE": True, "MAXIMISE": True, "MIN": False, "MINIMIZE": False, "MINIMISE": False}


def read_core(path: Path, lines: list[str], *, fixed: bool) -> Core:
    """Return the linear program of a core file."""
    reader = _Reader(path)
    for record in records(path, lines, fixed=fixed):
        (reader.header if record.header else reader.data)(record)
    return reader.core()


class _Reader:
    def __init__(self, path: Path):
        self.path, self.name, self.maximize, self.whole = path, path.stem, False, False
        self.rows: dict[str, int | None] = {}  # position among the constraints; None for an N row
        self.kinds: list[str] = []
        self.objective: str | None = None
        self.columns: dict[str, int] = {}
        self.integer: list[bool] = []
        self.entries: dict[tuple[str, int], float] = {}
        self.sets: dict[str, str] = {}
        self.right: dict[str, dict[str, float]] = {"RHS": {}, "RANGES": {}}
        self.bounds = Bounds()
        self.sections: dict[str, Callable[[Record], None]] = {
            "OBJSENSE": lambda record: self.sense(record, record.fields[0]),
            "ROWS": self.row,
            "COLUMNS": self.column,
            "RHS": self.side,
            "RANGES": self.side,
            "BOUNDS": lambda record: self.bounds.take(record, self.columns),
        }

    def header(self, record: Record) -> None:
        """Take a section's header."""
        if record.section == "NAME":
            self.name = record.fields[1] if len(record.fields) > 1 else self.name
        elif record.section == "OBJSENSE" and len(record.fields) > 1:
            self.sense(record, record.fields[1])
        elif record.section in _SENSES:  # the line after OBJSENSE, not indented
            self.sense(record, record.section)
        elif record.section not in self.sections:
            raise record.error(f"such a section is not read; known: NAME, {', '.join(self.sections)}, ENDATA")

    def data(self, record: Record) -> None:
        """Take a data record."""
        if record.section not in self.sections:
            raise record.error(f"{' '.join(record.fields)!r} is out of place")
        self.sections[record.section](record)

    def sense(self, record: Record, word: str) -> None:
        if word.upper() not in _SENSES:
            raise record.wrong("sense", word, "expected MAX or MIN")
        self.maximize = _SENSES[word.upper()]

    def row(self, record: Record) -> None:
        if len(record.fields) != 2:
            raise record.error(f"expected a row's type and name, found {' '.join(record.fields)!r}")
        kind, name = record.fields[0].upper(), record.fields[1]
        if kind not in ("N", "E", "L", "G"):
            raise record.wrong("type", record.fields[0], "expected N, E, L or G")
        if name in self.rows:
            raise record.wrong("row", name, "named twice")
        if kind == "N":
            self.objective = name if self.objective is None else self.objective
            self.rows[name] = None
        else:
            self.rows[name] = len(self.kinds)
            self.kinds.append(kind)

    def column(self, record: Record) -> None:
        fields = record.fields
        if len(fields) == 3 and bare(fields[1]).upper() == "MARKER":
            if bare(fields[2]).upper() not in ("INTORG", "INTEND"):
                raise record.wrong("marker", fields[2], "expected 'INTORG' or 'INTEND'")
            self.whole = bare(fields[2]).upper() == "INTORG"
            return
        if len(fields) not in (3, 5):
            raise record.error(f"expected a column and one or two pairs of row and value, found {' '.join(fields)!r}")
        j = self.columns.setdefault(fields[0], len(self.columns))
        if j == len(self.integer):
            self.integer.append(self.whole)
        elif j != len(self.integer) - 1:
            raise record.wrong("column", fields[0], "its entries do not stand together")
        for at in range(1, len(fields), 2):
            if (self.known(record, fields[at]), j) in self.entries:
                raise record.wrong("row", fields[at], f"column {fields[0]!r} has two entries there")
            self.entries[fields[at], j] = record.number(at + 1, "value")

    def side(self, record: Record) -> None:
        fields, section = record.fields, record.section
        if not 2 <= len(fields) <= 5:
            raise record.error(f"expected [set and] one or two pairs of row and value, found {' '.join(fields)!r}")
        start = len(fields) % 2  # without a set's name the pairs stand alone
        own = fields[0] if start else self.sets.get(section, section)
        if self.sets.setdefault(section, own) != own:
            raise record.wrong("set", own, f"a second one after {self.sets[section]!r}; one is read")
        for at in range(start, len(fields), 2):
            if self.known(record, fields[at]) in self.right[section]:
                raise record.wrong("row", fields[at], "given twice")
            self.right[section][fields[at]] = record.number(at + 1, "value", finite=self.rows[fields[at]] is None)

    def known(self, record: Record, row: str) -> str:
        if row not in self.rows:
            raise record.wrong("row", row, "no such row in section ROWS")
        return row

    def core(self) -> Core:
        """Return what was read as arrays."""
        for what, there in (("an N row (the objective)", self.objective), ("a constraint", self.kinds), ("a column", self.columns)):
            if not there:
                raise InputError(f"{self.path}: {what} is missing")
        assert self.objective is not None
        names = tuple(self.columns)
        shape = len(self.kinds), len(names)
        cost, rhs, ranges = np.zeros(shape[1]), np.zeros(shape[0]), np.full(shape[0], np.nan)
        triples = []
        for (row, j), value in self.entries.items():
            i = self.rows[row]
            if i is not None:
                triples.append((i, j, value))
            elif row == self.objective:
                cost[j] = value
        for values, array in ((self.right["RHS"], rhs), (self.right["RANGES"], ranges)):
            for row, value in values.items():
                if (i := self.rows[row]) is not None:
                    array[i] = value
        at_row, at_column, value_there = (np.array(part) for part in zip(*triples, strict=True)) if triples else (np.zeros(0, int),) * 3
        matrix = csr_array((value_there.astype(float), (at_row, at_column)), shape=shape)
        matrix.sort_indices()
        lower, upper, integer = self.bounds.arrays(names, np.array(self.integer, dtype=bool))
        return Core(
            name=self.name,
            objective=self.objective,
            maximize=self.maximize,
            all_rows=tuple(self.rows),
            row_names=tuple(row for row, i in self.rows.items() if i is not None),
            column_names=names,
            cost=cost,
            offset=0.0 - self.right["RHS"].get(self.objective, 0.0),
            matrix=matrix,
            kinds=np.array(self.kinds),
            rhs=rhs,
            ranges=ranges,
            lower=lower,
            upper=upper,
            integer=integer,
            rhs_name=self.sets.get("RHS", "RHS"),
            range_name=self.sets.get("RANGES", "RNG"),
        )
