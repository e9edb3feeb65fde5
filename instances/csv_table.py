"""Rows of a CSV file with a header line, each with its place in the file: errors name file, line, field and value.

Above the header there may be lines that start with ``#``; they and empty lines are skipped, and spaces around a cell do not count.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, did_you_mean
from ..files import write_atomically

Array = NDArray[np.float64]


class CsvTable:
    """The header and the rows of ``path``; rows are counted from 0, ``lines`` tells where each ends in the file.

    Raises
    ------
    InputError
        No such file, not readable text, no header or no row, a column twice, a row with another number of cells than the header.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.rows: list[list[str]] = []
        self.lines: list[int] = []
        header: list[str] | None = None
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as file:
                reader = csv.reader(file, strict=True)
                for cells in ([cell.strip() for cell in row] for row in reader):
                    if cells in ([], [""]) or (header is None and cells[0].startswith("#")):
                        continue
                    if header is None:
                        header = cells
                        self.header_line = reader.line_num
                        continue
                    if len(cells) != len(header):
                        raise InputError(f"{path}: line {reader.line_num}: {len(cells)} cells: expected {len(header)}, as in the header")
                    self.rows.append(cells)
                    self.lines.append(reader.line_num)
        except FileNotFoundError:
            raise InputError(f"{path}: no such file") from None
        except (OSError, UnicodeDecodeError) as e:
            raise InputError(f"{path}: cannot be read: {e}") from None
        except csv.Error as e:
            raise InputError(f"{path}: line {reader.line_num}: not valid CSV: {e}") from None
        if header is None:
            raise InputError(f"{path}: is empty: expected a header line")
        self.header = tuple(header)
        self._place = {name: i for i, name in enumerate(header)}
        if "" in self._place:
            raise self._of_header(f"column {self._place[''] + 1} of the header has no name")
        if len(self._place) < len(header):
            name = next(n for i, n in enumerate(header) if n in header[:i])
            raise self._of_header(f"the column {name!r} appears twice")
        if not self.rows:
            raise InputError(f"{path}: holds no rows below its header")

    def __contains__(self, column: object) -> bool:
        return column in self._place

    def __len__(self) -> int:
        return len(self.rows)

    def require(self, columns: Iterable[str]) -> None:
        """Raise :class:`InputError` unless all these columns exist."""
        for name in columns:
            if name not in self:
                hint = did_you_mean(name, list(self.header)).replace("did you mean", "is it")
                raise self._of_header(f"the column {name!r} is missing{hint} (found: {', '.join(self.header)})")

    def refuse_others(self, known: Iterable[str]) -> None:
        """Raise :class:`InputError` if there are columns beside the known ones: a misspelt one must not be ignored."""
        names = list(known)
        for name in self.header:
            if name not in names:
                raise self._of_header(f"the column {name!r} is unknown{did_you_mean(name, names)} (known: {', '.join(names)})")

    def text(self, column: str, *, empty: bool = False) -> list[str]:
        """Return a column as text; unless ``empty`` is allowed, no cell may be."""
        place = self._place[column]
        out = [row[place] for row in self.rows]
        if not empty and "" in out:
            raise self.error(out.index(""), column, "a value")
        return out

    def names(self, column: str) -> list[str]:
        """Return a column of names, none of them empty or given twice."""
        out = self.text(column)
        first: dict[str, int] = {}
        for row, name in enumerate(out):
            if name in first:
                raise self.error(row, column, f"a name of its own (line {self.lines[first[name]]} has it too)")
            first[name] = row
        return out

    def numbers(self, column: str, least: float = -math.inf, most: float = math.inf, *, above: bool = False, expected: str = "") -> Array:
        """Return a column of finite numbers from ``least`` (or ``above`` it) to ``most``; ``expected`` words the range in an error."""
        out = np.empty(len(self.rows))
        for row, value in enumerate(self.text(column)):
            try:
                number = float(value) if "_" not in value else math.nan
            except ValueError:
                number = math.nan
            if not math.isfinite(number):
                raise self.error(row, column, expected or "a finite number")
            if not least <= number <= most or (above and number == least):
                raise self.error(row, column, expected or f"{least:g} to {most:g}")
            out[row] = number
        return out

    def error(self, row: int, column: str, expected: str) -> InputError:
        """Return the error for a cell."""
        return InputError(
            f"{self.path}: line {self.lines[row]}: field {column!r} is {self.rows[row][self._place[column]]!r}: expected {expected}"
        )

    def wrong(self, message: str, row: int | None = None) -> InputError:
        """Return the error for the file, or for a whole row."""
        return InputError(f"{self.path}: {message}" if row is None else f"{self.path}: line {self.lines[row]}: {message}")

    def _of_header(self, message: str) -> InputError:
        return InputError(f"{self.path}: line {self.header_line}: {message}")


def write_csv(path: str | Path, header: Iterable[str], rows: Iterable[Iterable[str]], comment: str = "") -> None:
    """Write a table that :class:`CsvTable` reads, whole or not at all; ``comment`` goes above the header, each line after a ``#``."""
    text = "".join(f"# {line}\n" for line in comment.splitlines())
    write_atomically(path, text + "".join(",".join(map(_cell, row)) + "\n" for row in (header, *rows)))


def _cell(value: str) -> str:
    return '"' + value.replace('"', '""') + '"' if any(mark in value for mark in ',"\r\n') else value
