"""Trip files: ``*_trips.tntp``, for each origin pairs of destination and flow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .scanner import Line, scan

TOLERANCE = 1e-4
"""Largest relative difference between the sum of the trips and the total that the file states: totals are printed rounded."""


def read_trips(path: str | Path, zones: int | None = None, *, tolerance: float = TOLERANCE) -> NDArray[np.float64]:
    """Return the trips (Z, Z) from each zone (row) to each zone (column); pairs that the file leaves out have none.

    Parameters
    ----------
    path
        The file.
    zones
        Number of zones of the network, which the file's must equal.
    tolerance
        Largest relative difference between the sum of the trips and ``<TOTAL OD FLOW>``.

    Raises
    ------
    InputError
        A missing or wrong tag, trips from or to an unknown zone, negative or given twice, a sum that is not the stated total.
    """
    file = scan(path)
    tag, text = file.tag("NUMBER OF ZONES")
    stated = tag.whole("<NUMBER OF ZONES>", text, 1, None)
    if zones is not None and stated != zones:
        raise tag.error(f"<NUMBER OF ZONES> is {stated}: expected {zones}, the zones of the network")
    trips = np.full((stated, stated), np.nan)
    origin: int | None = None
    for line in file.body:
        word, *rest = line.text.split()
        if word.lower() == "origin":
            if len(rest) != 1:
                raise line.error(f"found {line.text!r}: expected 'Origin' and a zone")
            origin = line.whole("Origin", rest[0], 1, stated, "a zone")
        elif origin is None:
            raise line.error("trips before the first 'Origin' line")
        else:
            _read(line, trips[origin - 1])
    trips[np.isnan(trips)] = 0.0
    tag, text = file.tag("TOTAL OD FLOW")
    total, found = tag.real("<TOTAL OD FLOW>", text, least=0), float(trips.sum())
    if abs(found - total) > tolerance * max(total, found):
        raise tag.error(f"<TOTAL OD FLOW> is {text}, but the trips sum to {found:.10g}")
    return trips


def _read(line: Line, row: NDArray[np.float64]) -> None:
    """Write the pairs ``destination : flow ;`` of a line into an origin's row."""
    *entries, after = line.text.split(";")
    if after.strip():
        raise line.error(f"found {after.strip()!r} after the last ';': expected pairs 'zone : trips;'")
    for entry in entries:
        zone, colon, flow = (part.strip() for part in entry.partition(":"))
        if not colon:
            raise line.error(f"found {entry.strip()!r}: expected 'zone : trips'")
        destination = line.whole("destination", zone, 1, len(row), "a zone")
        if not np.isnan(row[destination - 1]):
            raise line.error(f"destination {destination} comes a second time for this origin")
        row[destination - 1] = line.real(f"trips to {destination}", flow, least=0)
