"""Lines of a TNTP file: metadata tags, records, and errors that name file and line."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from ...errors import InputError

TAG = re.compile(r"<([^>]*)>(.*)")
END = "END OF METADATA"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file, with its number from 1 on."""

    path: Path
    number: int
    text: str

    def error(self, message: str) -> InputError:
        """Return an error that names file and line, to be raised."""
        return InputError(f"{self.path}, line {self.number}: {message}")

    def real(self, what: str, text: str, least: float = -math.inf, *, positive: bool = False) -> float:
        """Return a finite number of at least ``least``, or above 0 if it must be ``positive``."""
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and value >= least and (value > 0 or not positive)):
            if positive:
                raise self.error(f"{what} is {text!r}: expected a number above 0")
            raise self.error(f"{what} is {text!r}: expected a number" + (f" of at least {least:g}" if math.isfinite(least) else ""))
        return value

    def whole(self, what: str, text: str, least: int, most: int | None, kind: str = "a whole number") -> int:
        """Return a whole number from ``least`` to ``most``."""
        if re.fullmatch(r"[+-]?\d+", text) and least <= int(text) and (most is None or int(text) <= most):
            return int(text)
        allowed = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise self.error(f"{what} is {text!r}: expected {kind} {allowed}")


@dataclass(frozen=True, slots=True)
class Scanned:
    """Tags with their lines, and the lines after them that count."""

    path: Path
    tags: dict[str, Line]
    body: list[Line]
    comments: list[Line]

    def tag(self, name: str) -> tuple[Line, str]:
        """Return a tag's line and value."""
        if name not in self.tags:
            close = get_close_matches(name, self.tags, n=1)
            hint = f"; line {self.tags[close[0]].number} has <{close[0]}>" if close else ""
            raise InputError(f"{self.path}: the tag <{name}> is missing before <{END}>{hint}")
        line = self.tags[name]
        match = TAG.match(line.text)
        return line, match[2].strip() if match else ""

    def count(self, name: str, least: int = 1, most: int | None = None) -> int:
        """Return the whole number that a tag gives."""
        line, text = self.tag(name)
        return line.whole(f"<{name}>", text, least, most)

    def weight(self, name: str) -> float:
        """Return the number of a tag that may be left out, then 0."""
        if name not in self.tags:
            return 0.0
        line, text = self.tag(name)
        return line.real(f"<{name}>", text, least=0)


def lines_of(path: str | Path) -> list[Line]:
    """Return all lines of a text file, stripped."""
    where = Path(path)
    try:
        text = where.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as e:
        raise InputError(f"{path}: cannot be read: {e}") from None
    return [Line(where, number, line.strip()) for number, line in enumerate(text.splitlines(), start=1)]


def counting(lines: Iterable[Line]) -> list[Line]:
    """Return the lines that are neither blank nor comments."""
    return [line for line in lines if line.text and not line.text.startswith("~")]


def scan(path: str | Path) -> Scanned:
    """Return tags and body of a file.

    Raises
    ------
    InputError
        A line before ``<END OF METADATA>`` that is no tag, a tag that comes twice, no end of the tags.
    """
    lines, tags = lines_of(path), dict[str, Line]()
    for at, line in enumerate(lines):
        if not line.text or line.text.startswith("~"):
            continue
        match = TAG.match(line.text)
        if match is None:
            raise line.error(f"found {line.text[:40]!r}: expected a tag like <NUMBER OF ZONES> or <{END}>")
        name = " ".join(match[1].upper().split())
        if name == END:
            after = lines[at + 1 :]
            return Scanned(Path(path), tags, counting(after), [line for line in after if line.text.startswith("~")])
        if name in tags:
            raise line.error(f"the tag <{name}> comes a second time (first in line {tags[name].number})")
        tags[name] = line
    raise InputError(f"{path}: the tag <{END}> is missing (is this a TNTP file?)")


def record(line: Line, columns: tuple[str, ...]) -> list[str]:
    """Return the fields of a record that ends with ``;``, one a column."""
    text, end, rest = line.text.partition(";")
    if not end or rest.strip():
        raise line.error("expected one record that ends with ';'")
    found = text.split()
    if len(found) != len(columns):
        raise line.error(f"found {len(found)} columns: expected {len(columns)} ({', '.join(columns)})")
    return found
