"""Read a time file: which rows and columns belong to the second period."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from .core import Core
from .records import Record, records


@dataclass(frozen=True, slots=True, eq=False)
class Periods:
    """The two periods' names, and which columns (n,) and rows (m,) of the core stand in the second."""

    names: tuple[str, str]
    columns: NDArray[np.bool_]
    rows: NDArray[np.bool_]


def read_periods(path: Path, lines: list[str], core: Core, *, fixed: bool) -> Periods:
    """Return the period of each row and column, by markers in the core's order (implicit) or by lists (explicit)."""
    periods: list[Record] = []
    members: dict[str, dict[str, Record]] = {"ROWS": {}, "COLUMNS": {}}
    explicit = False
    for record in records(path, lines, fixed=fixed):
        if record.header:
            explicit = explicit or _is_explicit(record)
        elif record.section == "PERIODS":
            periods.append(record)
        elif record.section in members:
            members[record.section][record.fields[0]] = record
        else:
            raise record.error(f"{' '.join(record.fields)!r} is out of place")
    if any(len(r.fields) != (1 if explicit else 3) for r in periods):
        odd = next(r for r in periods if len(r.fields) != (1 if explicit else 3))
        raise odd.error(f"expected {'a period' if explicit else 'column, row and period'}, found {' '.join(odd.fields)!r}")
    names = [r.fields[-1] for r in periods]
    if len(names) != 2 or names[0] == names[1]:
        raise InputError(f"{path}: periods {', '.join(names) or 'none'}: only two-stage problems are read, with exactly two periods")
    if explicit:
        rows = _listed(path, "row", core.row_names, members["ROWS"], names, {*core.all_rows})
        columns = _listed(path, "column", core.column_names, members["COLUMNS"], names, {*core.column_names})
    else:
        first, second = periods
        columns = _from_marker(first, second, 0, "column", core.column_names)
        behind = _from_marker(first, second, 1, "row", core.all_rows, frozenset(core.all_rows) - frozenset(core.row_names))
        rows = behind[[name in core.row_index for name in core.all_rows]]
    _check_first_rows(path, core, rows, columns)
    return Periods((names[0], names[1]), columns, rows)


def _is_explicit(record: Record) -> bool:
    if record.section not in ("TIME", "PERIODS", "ROWS", "COLUMNS"):
        raise record.error("such a section is not read; known: TIME, PERIODS, ROWS, COLUMNS, ENDATA")
    if record.section != "PERIODS" or len(record.fields) == 1:
        return False
    if record.fields[1].upper() not in ("LP", "IMPLICIT", "EXPLICIT"):
        raise record.wrong("form", record.fields[1], "expected LP, IMPLICIT or EXPLICIT")
    return record.fields[1].upper() == "EXPLICIT"


def _from_marker(
    first: Record, second: Record, field: int, what: str, names: tuple[str, ...], free: frozenset[str] = frozenset()
) -> NDArray[np.bool_]:
    """Return which ``names`` stand at or behind the second period's marker; before the first period's only ``free`` (N) rows may."""
    order = {name: i for i, name in enumerate(names)}
    for record in (first, second):
        if record.fields[field] not in order:
            raise record.wrong(what, record.fields[field], f"no such {what} in the core file")
    begin, split = (order[r.fields[field]] for r in (first, second))
    if split < begin or (split == begin and names[split] not in free):
        raise second.wrong(what, second.fields[field], f"does not stand behind {first.fields[field]!r}, where period 1 begins")
    before = [name for name in names[:begin] if name not in free]
    if before:
        raise first.wrong(what, first.fields[field], f"{what} {before[0]!r} stands before it, in no period")
    return np.arange(len(names)) >= split


def _listed(
    path: Path, what: str, names: tuple[str, ...], members: dict[str, Record], periods: list[str], known: set[str]
) -> NDArray[np.bool_]:
    for name, record in members.items():
        if name not in known:
            raise record.wrong(what, name, f"no such {what} in the core file")
        if len(record.fields) != 2 or record.fields[1] not in periods:
            raise record.wrong("period", " ".join(record.fields[1:]), f"expected {' or '.join(periods)}")
    missing = [name for name in names if name not in members]
    if missing:
        raise InputError(f"{path}: section {what.upper()}S: {what} {missing[0]!r} of the core file is in no period")
    return np.array([members[name].fields[1] == periods[1] for name in names], dtype=bool)


def _check_first_rows(path: Path, core: Core, rows: NDArray[np.bool_], columns: NDArray[np.bool_]) -> None:
    wrong = core.matrix[np.flatnonzero(~rows)][:, np.flatnonzero(columns)].tocoo()
    if wrong.nnz:
        row = core.row_names[int(np.flatnonzero(~rows)[wrong.row[0]])]
        column = core.column_names[int(np.flatnonzero(columns)[wrong.col[0]])]
        raise InputError(f"{path}: row {row!r} is in the first period, but holds column {column!r} of the second")
