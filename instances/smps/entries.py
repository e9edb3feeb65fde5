"""Entries of a stoch file: which number of the core a record names, and what value it gives it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from .bounds import TYPES, bound_target, bound_type, sides
from .core import Core
from .periods import Periods
from .records import Record, as_number
from .scenarios import Key, What

Rule = Literal["REPLACE", "ADD", "MULTIPLY"]


@dataclass(frozen=True, slots=True)
class Entries:
    """Reads entries against a core; random data of the first period are refused."""

    core: Core
    periods: Periods

    def is_bound(self, record: Record) -> bool:
        """Tell whether a record opens with a bound's type (and no column has that for a name)."""
        word = record.fields[0]
        return word.upper() in (*TYPES, "SC") and word not in self.core.column_index

    def bound(self, record: Record, fields: tuple[str, ...], rule: Rule) -> dict[Key, float]:
        """Return the entries of ``TYPE [set] column [value]``, ``fields`` being those after the type."""
        core, kind = self.core, bound_type(record, record.fields[0])
        column, given = bound_target(record, kind, fields, core.column_index)
        if not self.periods.columns[column]:
            raise record.wrong("column", core.column_names[column], "a random bound in the first period; only the second may be random")
        if kind in ("BV", "LI", "UI") and not core.integer[column]:
            raise record.wrong(
                "type", kind, f"column {core.column_names[column]!r} is continuous in the core; integrality cannot be random"
            )
        return {
            Key(what, -1, column): self._applied(record, rule, Key(what, -1, column), value)
            for what, value in zip((What.LOWER, What.UPPER), sides(kind, given), strict=True)
            if value is not None
        }

    def entry(self, record: Record, column: str, row: str, value: float, rule: Rule) -> tuple[Key, float]:
        """Return the entry that ``column row value`` names: a coefficient or, under the name of a set, a right-hand side or range."""
        core = self.core
        if row not in core.row_index and row not in core.all_rows:
            raise record.wrong("row", row, "no such row in the core file")
        i = core.row_index.get(row, -1)
        if i >= 0 and not self.periods.rows[i]:
            raise record.wrong("row", row, "random data in a row of the first period; only the second may be random")
        if column in core.column_index:
            j = core.column_index[column]
            if i < 0 and row == core.objective and not self.periods.columns[j]:
                raise record.wrong("column", column, "a random cost in the first period; only the second may be random")
            key = Key(What.COST if i < 0 else What.MATRIX, i, j)
        elif column == core.range_name or (column.upper() in ("RNG", "RANGE", "RANGES") and column != core.rhs_name):
            key = Key(What.RANGE, i, -1)
        elif column == core.rhs_name or column.upper() == "RHS":
            key = Key(What.RHS if i >= 0 else What.OFFSET, i, -1)
        else:
            raise record.wrong("column", column, f"no such column in the core file, and not its RHS set {core.rhs_name!r}")
        value = self._applied(record, rule, key, value)
        return key, (0.0 - value if key.what is What.OFFSET else value)

    def dropped(self, row: str) -> bool:
        """Tell whether a row is an N row other than the objective, whose entries count for nothing."""
        return row in self.core.all_rows and row not in self.core.row_index and row != self.core.objective

    def data(self, record: Record, rule: Rule) -> dict[Key, float]:
        """Return the entries of a data record of a scenario or block: a bound, or one or two pairs of row and value."""
        fields = record.fields
        if self.is_bound(record):
            return self.bound(record, fields[1:], rule)
        if len(fields) not in (3, 5):
            raise record.error(f"expected a column and one or two pairs of row and value, found {' '.join(fields)!r}")
        found: dict[Key, float] = {}
        for at in range(1, len(fields), 2):
            if not self.dropped(fields[at]):
                key, value = self.entry(record, fields[0], fields[at], self.value(record, at + 1, fields[0]), rule)
                if key in found:
                    raise record.wrong("row", fields[at], "given twice")
                found[key] = value
        return found

    def value(self, record: Record, position: int, column: str) -> float:
        """Return the value of an entry: finite for a coefficient, while a right-hand side or range may be infinite."""
        return record.number(position, "value", finite=column in self.core.column_index)

    def _applied(self, record: Record, rule: Rule, key: Key, value: float) -> float:
        if rule == "REPLACE":
            return value
        base = self._base(key)
        if not math.isfinite(base) or not math.isfinite(value):
            raise record.error(f"{rule}: the core's value ({base:g}) and this one ({value:g}) must both be finite")
        return base + value if rule == "ADD" else base * value

    def _base(self, key: Key) -> float:
        core = self.core
        match key.what:
            case What.COST:
                return float(core.cost[key.column])
            case What.MATRIX:
                return float(core.matrix[key.row, key.column])
            case What.OFFSET:
                return 0.0 - core.offset
            case What.RHS:
                return float(core.rhs[key.row])
            case What.RANGE:
                return float(core.ranges[key.row])
            case What.LOWER:
                return float(core.lower[key.column])
        return float(core.upper[key.column])


def probability(record: Record, position: int) -> float:
    """Return a probability in [0, 1]."""
    text = record.fields[position]
    value = as_number(text)
    if value is None or not 0 <= value <= 1:
        raise record.wrong("probability", text, "expected a number in [0, 1]")
    return value
