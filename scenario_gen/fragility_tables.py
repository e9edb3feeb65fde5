"""A user's own fragilities from a CSV file: one class a row, median and beta per damage state."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from .columns import Table
from .fragility import STATES, Fragility, first_wrong

_IMT = re.compile(r"PGA|PGV|SA\(\d+(\.\d+)?\)")
_LARGEST = {"PGV": (1000.0, "cm/s", "m/s")}
_LARGEST_G = (10.0, "g", "m/s2 or % g")


def fragility_columns(states: Sequence[str] = STATES) -> dict[str, tuple[str, ...]]:
    """Return the fields of a fragility table and other names that their columns may have; one column ``beta`` may serve all states."""
    columns: dict[str, tuple[str, ...]] = {"name": ("type", "class", "id", "taxonomy"), "imt": ("im", "intensity_measure")}
    for s in states:
        columns[f"{s}_median"] = (f"median_{s}", f"theta_{s}", f"{s}_theta", f"{s}_g", s)
        columns[f"{s}_beta"] = (f"beta_{s}", "beta")
    return columns


def read_fragilities(path: Path, states: tuple[str, ...] = STATES) -> tuple[Fragility, ...]:
    """Read fragilities; medians in g (PGA, SA) or cm/s (PGV). Without a column ``imt`` they are for PGA.

    Raises
    ------
    InputError
        A missing column, a name that comes twice, an unknown intensity measure, a median or beta that is not positive, medians out of
        order, or so large that the unit must be another; the message names file, row, field and value.
    """
    table = Table(path, fragility_columns(states))
    names, imts = table.text("name"), table.text("imt", "PGA")
    medians, betas = ([table.numbers(f"{s}_{what}").tolist() for s in states] for what in ("median", "beta"))
    seen: dict[str, int] = {}
    out = []
    for row, (name, imt) in enumerate(zip(names, imts, strict=True), 1):
        if name in seen:
            raise table.error(row, "name", name, f"a name of its own (row {seen[name]} has it too)")
        seen[name] = row
        if not _IMT.fullmatch(imt):
            raise table.error(row, "imt", imt, "PGA, PGV or SA(period in s)")
        own = tuple(m[row - 1] for m in medians)
        beta = tuple(b[row - 1] for b in betas)
        if found := first_wrong(own, beta, states):
            field, value, expected = found
            raise table.error(row, field, f"{value:g}", expected)
        largest, unit, other = _LARGEST.get(imt, _LARGEST_G)
        for s, median in zip(states, own, strict=True):
            if median > largest:
                raise table.error(row, f"{s}_median", f"{median:g}", f"at most {largest:g} {unit}; the value may be in {other}")
        out.append(Fragility(name, imt, own, beta, states))
    return tuple(out)
