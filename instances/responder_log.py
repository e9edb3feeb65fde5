"""Logs of earthquakes and responses: a CSV file with a row an event, and the counts that the estimators need.

Columns: ``event`` (a name of its own), ``state`` (the decision state in which the earthquake left the place, such as ``GL+FR``), ``action``
(the agency sent), ``next_state`` (the natural state that it found), ``travel_h`` and ``response_h`` (hours). After a response the place is
stable: one row is the transitions stable -> state, state -> next_state under the action, and back.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .arrays import Array
from .csv_table import CsvTable
from .incident_sets import IncidentSets
from .responder import Responder

COLUMNS = ("event", "state", "action", "next_state", "travel_h", "response_h")


@dataclass(frozen=True, slots=True, eq=False)
class ResponderLog:
    """L events of a ``file``.

    ``state`` and ``found`` (L,) sets of incidents as bits, ``agency`` (L,) numbers, ``travel`` and ``response`` (L,) hours.
    """

    file: str
    sets: IncidentSets
    agencies: tuple[str, ...]
    state: NDArray[np.int64]
    agency: NDArray[np.intp]
    found: NDArray[np.int64]
    travel: Array
    response: Array

    def __len__(self) -> int:
        return len(self.state)

    def starts(self) -> Counter[int]:
        """Return N(stable, ., i): how many earthquakes led to each decision state, the same for every action."""
        return Counter(self.state.tolist())

    def transitions(self) -> Counter[tuple[int, int, int]]:
        """Return M(i, a, i'): how often decision state i under agency a led to natural state i'."""
        return Counter(zip(self.state.tolist(), self.agency.tolist(), self.found.tolist(), strict=True))


def read_log(path: str | Path, skeleton: Responder) -> ResponderLog:
    """Read a log of events with the incidents, agencies and decision states of ``skeleton``.

    Raises
    ------
    InputError
        No such file, a column missing or unknown, an unknown incident, state or agency, an event twice, a negative travel or a response of
        no time, an incident that is gone on arrival where the skeleton is monotone; the message names file, line, field and value.
    """
    table = CsvTable(path)
    table.require(COLUMNS)
    table.refuse_others(COLUMNS)
    table.names("event")
    sets, agencies = skeleton.sets, [a.name for a in skeleton.agencies]
    decision = {sets.mask("starts", s.state) for s in skeleton.starts}
    state, found = _sets(table, "state", sets), _sets(table, "next_state", sets)
    agency = []
    for row, name in enumerate(table.text("action")):
        if state[row] not in decision:
            raise table.error(row, "state", f"a decision state: {', '.join(sets.name(m) for m in sorted(decision))}")
        if name not in agencies:
            raise table.error(row, "action", f"an agency: {', '.join(agencies)}")
        if skeleton.monotone and state[row] & ~found[row]:
            gone = sets.name(state[row] & ~found[row])
            raise table.error(row, "next_state", f"{gone!r} of the state to be there still, since 'monotone' is true")
        agency.append(agencies.index(name))
    travel, response = table.numbers("travel_h", 0.0), table.numbers("response_h", 0.0, above=True, expected="hours above 0")
    return ResponderLog(
        str(path), sets, tuple(agencies), np.array(state), np.array(agency, dtype=np.intp), np.array(found), travel, response
    )


def _sets(table: CsvTable, column: str, sets: IncidentSets) -> list[int]:
    """Return a column of sets of incidents as bits."""
    out, seen = [], dict[str, int]()
    for row, text in enumerate(table.text(column)):
        if text not in seen:
            try:
                seen[text] = sets.parse(column, text)
            except ValueError as e:
                raise InputError(f"{table.error(row, column, 'incidents joined by +')}: {str(e).removeprefix(f'{column}: ')}") from None
        out.append(seen[text])
    return out
