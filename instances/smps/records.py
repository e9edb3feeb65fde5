"""Lines of an SMPS file as records: a section header (column 1), or data fields in free or fixed format.

Fixed format holds the fields in columns 2-3, 5-12, 15-22, 25-36, 40-47 and 50-61, so that a name may hold blanks; everything else splits at
blanks. Empty fields are left out in both, so that the two read alike. ``*`` in column 1 starts a comment.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...errors import InputError

INFINITE = 1e20
"""Bounds and right-hand sides of at least this magnitude are infinite (as in HiGHS)."""

_FIELDS = (slice(1, 3), slice(4, 12), slice(14, 22), slice(24, 36), slice(39, 47), slice(49, None))


@dataclass(frozen=True, slots=True)
class Record:
    """One line: where it stands, its section, and its fields; a header's fields are its words."""

    path: Path
    line: int
    section: str
    header: bool
    fields: tuple[str, ...]

    def error(self, message: str) -> InputError:
        """Return the error that names file, line and section."""
        return InputError(f"{self.path}:{self.line}: section {self.section}: {message}")

    def wrong(self, field: str, value: object, expected: str) -> InputError:
        """Return the error of one field."""
        return self.error(f"field {field!r} is {value!r}: {expected}")

    def number(self, position: int, field: str, *, finite: bool = True) -> float:
        """Return a field as a number; ``finite=False`` takes infinity, spelt out or as at least 1e20."""
        text = self.fields[position]
        value = as_number(text)
        if value is None or math.isnan(value) or (finite and math.isinf(value)):
            raise self.wrong(field, text, "expected a finite number" if finite else "expected a number")
        return value if finite or abs(value) < INFINITE else math.copysign(math.inf, value)


def as_number(text: str) -> float | None:
    """Return the number that ``text`` spells (a Fortran exponent ``1.5D3`` included), or ``None``."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return float(text.upper().replace("D", "E"))
    except ValueError:
        return None


def bare(text: str) -> str:
    """Return a word without the quotes that ``'MARKER'`` and ``'ROOT'`` may wear."""
    return text.strip("'\"")


def read_text(path: Path) -> list[str]:
    """Return the lines of a file; old files with other characters than UTF-8 (in comments, mostly) are read as Latin-1."""
    try:
        raw = path.read_bytes()
    except OSError as e:
        raise InputError(f"{path}: cannot be read: {e.strerror or e}") from None
    try:
        return raw.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return raw.decode("latin-1").splitlines()


def records(path: Path, lines: list[str], *, fixed: bool) -> Iterator[Record]:
    """Yield the records of a file, up to ``ENDATA``, whose absence is an error (a file cut short)."""
    section = "(none)"
    for number, line in enumerate(lines, 1):
        if not line.strip() or line[0] == "*":
            continue
        if not line[0].isspace():
            words = tuple(line.split())
            section = words[0].upper()
            if section == "ENDATA":
                return
            yield Record(path, number, section, True, words)
        else:
            yield Record(path, number, section, False, _fixed(line) if fixed else tuple(line.split()))
    raise InputError(f"{path}: ENDATA is missing at the end (is the file cut short?)")


def is_fixed(lines: list[str]) -> bool:
    """Tell whether a core file needs fixed format: some record does not split at blanks, but does by columns into names with blanks."""
    section = ""
    for line in lines:
        if not line.strip() or line[0] == "*":
            continue
        if not line[0].isspace():
            section = line.split()[0].upper()
        elif section in ("ROWS", "COLUMNS") and not _well_formed(section, tuple(line.split())):
            fields = _fixed(line)
            if _well_formed(section, fields) and any(" " in f for f in fields):
                return True
    return False


def _fixed(line: str) -> tuple[str, ...]:
    line = line.expandtabs()
    return tuple(field for field in (line[columns].strip() for columns in _FIELDS) if field)


def _well_formed(section: str, fields: tuple[str, ...]) -> bool:
    if section == "ROWS":
        return len(fields) == 2
    if len(fields) == 3 and bare(fields[1]).upper() == "MARKER":
        return True
    return len(fields) in (3, 5) and all(as_number(v) is not None for v in fields[2::2])
