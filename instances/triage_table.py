"""A triage instance from a CSV file of recognised buildings: those of a district with the same probabilities are one class."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import InputError
from .fields import Source
from .recognised_buildings import RecognisedBuildings, read_recognised
from .triage import BuildingClass, Crew, District, Triage

PER_DAY = 50
"""Buildings served a day, as Yushu's."""

FIRST_DAYS = 5
"""Days decided on before grades are known."""

EVERYWHERE = "all"
"""Name of the district where the file has none."""


def read_triage(path: Path) -> Triage:
    """Read a file of :func:`.recognised_buildings.read_recognised` as an instance named after it; raises as that and :func:`triage_of`."""
    return triage_of(read_recognised(path), path.stem, str(path))


def triage_of(buildings: RecognisedBuildings, name: str, where: str, *, per_day: int | None = None) -> Triage:
    """Return the instance; a class of one building has its name, one of several that of the first, and how many more there are.

    ``per_day`` is 50, or one less than there are buildings, where it is not given. Five first days are decided on before grades are
    known, or all but the last day. ``where`` the buildings are from is the instance's source.

    Raises
    ------
    InputError
        Buildings that are all served on one day, so that there is no order to decide on.
    """
    p = buildings.probabilities / buildings.probabilities.sum(axis=1, keepdims=True)
    n = len(p)
    crew = min(PER_DAY, max(n - 1, 1)) if per_day is None else per_day
    if n <= crew:
        raise InputError(f"{where}: {n} buildings, {crew} a day: all are served on day 1, so that there is no order to decide on")
    places = buildings.district or (EVERYWHERE,) * n
    number = {d: i for i, d in enumerate(dict.fromkeys(places))}
    keys = np.column_stack([[number[d] for d in places], p])
    _, first, count = np.unique(keys, axis=0, return_index=True, return_counts=True)
    names = buildings.names or tuple(f"building {k + 1}" for k in range(n))
    classes = [
        BuildingClass(
            name=names[first[c]] + (f" and {count[c] - 1} alike" if count[c] > 1 else ""),
            district=places[first[c]],
            count=int(count[c]),
            probabilities=p[first[c]].tolist(),
        )
        for c in np.argsort(first)
    ]
    return Triage(
        format="quakeops/triage/1",
        name=name,
        title=f"{n:,} recognised buildings",
        source=Source(citation=where, licence="that of the file"),
        provenance={},
        districts=[District(name=d) for d in number],
        crews=[Crew(name="crews", per_day=crew)],
        classes=classes,
        first_days=min(FIRST_DAYS, -(-n // crew) - 1),
    )
