"""Damage maps from CSV: which elements are damaged in each scenario, and how often a year each scenario happens.

One row a scenario: its name, its annual rate, and 0 or 1 for every element. The rate at which element b is damaged is

    lambda_b = sum over scenarios s of rate_s damaged_sb                                                            (1)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, did_you_mean
from .bridges import BridgeInventory
from .csv_table import Array, CsvTable, write_csv

SUM_TOLERANCE = 1e-9
"""Relative rounding error that the sum of rates may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapColumns:
    """Columns beside the elements': name of the scenario, annual rate, event it belongs to (may be absent), and those not used."""

    scenario: str = "scenario"
    rate: str = "annual_rate"
    event: str = "event"
    unread: tuple[str, ...] = ()

    def all_in(self, header: tuple[str, ...]) -> bool:
        """Whether a file's header has scenario, rate and every unread column."""
        return {self.scenario, self.rate, *self.unread} <= set(header)


QUAKEOPS = MapColumns()
"""Our own format: ``scenario, annual_rate``, optional ``event``, and a column for each element."""

SAN_FRANCISCO_71 = MapColumns(
    scenario="row",
    rate="annual_rate_weight_div10",
    event="map_index_0based",
    unread=("total_travel_time_s", "trips_made", "vmt", "delay_cost_per_h", "conn_cost_per_h", "direct_cost_usd"),
)
"""Extract of the public maps of 71 San Francisco bridges: ten damage maps for each of 45 ground-motion maps, which are its events."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DamageMaps:
    """S scenarios over B elements: ``rates`` (S,) a year, ``damaged`` (S, B); ``events`` groups scenarios of one earthquake, if known."""

    scenarios: tuple[str, ...]
    elements: tuple[str, ...]
    rates: Array
    damaged: NDArray[np.bool_]
    events: tuple[str, ...] | None = None

    @property
    def total_rate(self) -> float:
        """How often a year any of the scenarios happens."""
        return fsum(self.rates.tolist())

    @property
    def element_rates(self) -> Array:
        """How often a year each element is damaged: (1), (B,)."""
        return np.array([fsum(self.rates[column].tolist()) for column in self.damaged.T])


def read_damage_maps(
    path: str | Path,
    bridges: BridgeInventory | Sequence[str] | None = None,
    *,
    total_rate: float | None = None,
    columns: MapColumns | None = None,
) -> DamageMaps:
    r"""Read damage maps.

    Parameters
    ----------
    path
        A CSV file with a header line.
    bridges
        An inventory, or names of elements: the file must have a column for each and no other, and the result is in their order. Default:
        whatever elements the file has, in its order.
    total_rate
        Stated annual rate of all earthquakes that the scenarios stand for; rates that sum to more than it are refused. Those of less are
        not: scenarios may leave out earthquakes that damage nothing.
    columns
        The columns that are no elements. Default: the public San Francisco maps if the file has their columns, else our own format.

    Raises
    ------
    InputError
        A missing column, an unknown or missing element, a scenario named twice, a rate that is negative or no number, an entry other than
        0 and 1, rates above ``total_rate``; the message names file, line, field, value and what was expected.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "maps.csv"
    >>> _ = path.write_text("scenario,annual_rate,west,east\nstrong,0.002,1,1\nweak,0.01,0,1\n")
    >>> maps = read_damage_maps(path, ["east", "west"], total_rate=0.02)
    >>> maps.element_rates.tolist(), maps.total_rate
    ([0.012, 0.002], 0.012)
    """
    table = CsvTable(path)
    if columns is None:
        columns = SAN_FRANCISCO_71 if SAN_FRANCISCO_71.all_in(table.header) else QUAKEOPS
    table.require((columns.scenario, columns.rate))
    given = {columns.scenario, columns.rate, columns.event, *columns.unread}
    found = [name for name in table.header if name not in given]
    elements = _elements(table, found, bridges)
    rates = table.numbers(columns.rate, 0, expected="an annual rate of at least 0")
    if total_rate is not None:
        _check_total(table, columns.rate, rates, total_rate)
    return DamageMaps(
        scenarios=tuple(table.names(columns.scenario)),
        elements=tuple(elements),
        rates=rates,
        damaged=_entries(table, elements),
        events=tuple(table.text(columns.event)) if columns.event in table else None,
    )


def write_damage_maps(path: str | Path, maps: DamageMaps, comment: str = "") -> None:
    """Write damage maps in our own format, whole or not at all; :func:`read_damage_maps` gives back the same numbers."""
    reserved = {QUAKEOPS.scenario, QUAKEOPS.rate, QUAKEOPS.event} & set(maps.elements)
    if reserved:
        raise InputError(f"element {min(reserved)!r}: the name is that of another column of the file")
    events = [] if maps.events is None else [QUAKEOPS.event]
    rows = (
        [name, repr(rate), *(() if maps.events is None else (maps.events[s],)), *("1" if d else "0" for d in damaged)]
        for s, (name, rate, damaged) in enumerate(zip(maps.scenarios, maps.rates.tolist(), maps.damaged.tolist(), strict=True))
    )
    write_csv(path, [QUAKEOPS.scenario, QUAKEOPS.rate, *events, *maps.elements], rows, comment)


def _elements(table: CsvTable, found: list[str], bridges: BridgeInventory | Sequence[str] | None) -> list[str]:
    """Return the elements in the order asked for, after a check that they are those of the file."""
    if not found:
        raise InputError(f"{table.path}: a column for an element is missing (found: {', '.join(table.header)})")
    if bridges is None:
        return found
    known = list(bridges.names if isinstance(bridges, BridgeInventory) else bridges)
    for name in found:
        if name not in known:
            raise InputError(
                f"{table.path}: line {table.header_line}: the column {name!r} is no bridge of the inventory{did_you_mean(name, known)}"
            )
    for name in known:
        if name not in found:
            raise InputError(f"{table.path}: line {table.header_line}: a column for the bridge {name!r} of the inventory is missing")
    return known


def _check_total(table: CsvTable, column: str, rates: Array, total: float) -> None:
    if not 0 <= total < np.inf:
        raise InputError(f"field 'total_rate': {total}: expected a finite number of at least 0")
    most = total * (1 + SUM_TOLERANCE)
    whole = fsum(rates.tolist())
    if whole > most:
        row = min(int(np.searchsorted(np.cumsum(rates), most, side="right")), len(rates) - 1)
        raise InputError(
            f"{table.path}: line {table.lines[row]}: field {column!r}: from this line on the rates sum to more than the stated total "
            f"{total:.10g} a year (all of them to {whole:.10g})"
        )


def _entries(table: CsvTable, elements: list[str]) -> NDArray[np.bool_]:
    places = [table.header.index(name) for name in elements]
    out = np.empty((len(table), len(elements)), dtype=bool)
    for row, cells in enumerate(table.rows):
        marks = [cells[place] for place in places]
        if not set(marks) <= {"0", "1"}:
            wrong = next(name for name, mark in zip(elements, marks, strict=True) if mark not in ("0", "1"))
            raise table.error(row, wrong, "0 (undamaged) or 1 (damaged)")
        out[row] = [mark == "1" for mark in marks]
    return out
