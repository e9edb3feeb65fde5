"""The file format of a retrofit instance: road links, the elements (bridges) that carry them, pairs to be connected, damage by scenario.

Scenarios are sparse: a link that is not mentioned keeps its time. :mod:`quakeops.instances.retrofit_source` turns them into arrays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from .deployment import Latitude, Longitude
from .fields import BestKnown, Name, NonNegative, Origin, Positive, Record, Source, known, unique

RATE_TOLERANCE = 1e-9
"""Rates may exceed the stated total by this share of it: sums of rounded numbers."""


class RetrofitUnits(Record):
    """Units of the instance's numbers, for labels and reports."""

    money: str = "USD"
    time: str = "min"


class Place(Record):
    """Where links end."""

    name: Name
    latitude: Latitude
    longitude: Longitude


class Element(Record):
    """What can be damaged, such as a bridge: money to retrofit it before, money to repair it after."""

    name: Name
    retrofit_cost: NonNegative
    repair_cost: NonNegative
    latitude: Latitude | None = None
    longitude: Longitude | None = None


class RoadLink(Record):
    """A link between two places, used both ways unless ``one_way``; ``time`` when intact; the element that carries it, if any.

    ``ends`` may be left out where no requirement is on shortest paths.
    """

    name: Name
    ends: tuple[Name, Name] | None = None
    time: NonNegative
    element: Name | None = None
    one_way: bool = False


class Pair(Record):
    """What shall be reached from where: ``path`` (names of links) or the shortest path from ``origin`` to ``destination``.

    The time allowed is ``target`` (1 + ``tolerance``); without a target, the path's time, or the shortest one, when all is intact.
    """

    name: Name
    origin: Name | None = None
    destination: Name | None = None
    path: Annotated[list[Name], Field(min_length=1)] | None = None
    target: Positive | None = None
    tolerance: NonNegative = 0.0


class RetrofitRecord(Record):
    """One scenario: its annual ``rate``, and the links' times under damage, ``link -> time`` or ``None`` where closed."""

    name: Name
    rate: NonNegative
    times: dict[Name, NonNegative | None] = {}


class Retrofit(Record):
    """An instance of retrofit before, repair after."""

    format: Literal["quakeops/retrofit/1"]
    name: Name
    title: str
    source: Source
    provenance: dict[str, Origin]
    units: RetrofitUnits = RetrofitUnits()
    places: list[Place] = []
    elements: Annotated[list[Element], Field(min_length=1)]
    links: Annotated[list[RoadLink], Field(min_length=1)]
    pairs: Annotated[list[Pair], Field(min_length=1)]
    total_rate: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = None
    retrofit_budget: NonNegative | None = None
    crews: Annotated[int, Field(ge=0)] | None = None
    scenarios: list[RetrofitRecord] = []
    best_known: BestKnown | None = None

    record: ClassVar[type[RetrofitRecord]] = RetrofitRecord

    @model_validator(mode="after")
    def _consistent(self) -> Retrofit:
        places, elements = unique("places", (p.name for p in self.places)), unique("elements", (e.name for e in self.elements))
        links = unique("links", (link.name for link in self.links))
        unique("pairs", (p.name for p in self.pairs))
        for i, link in enumerate(self.links):
            for end in link.ends or ():
                known(f"links[{i}].ends", end, places, "place")
            if link.element is not None:
                known(f"links[{i}].element", link.element, elements, "element")
        for i, pair in enumerate(self.pairs):
            for name in pair.path or ():
                known(f"pairs[{i}].path", name, links, "link")
            for field in ("origin", "destination"):
                if (place := getattr(pair, field)) is not None:
                    known(f"pairs[{i}].{field}", place, places, "place")
            if pair.path is None and (pair.origin is None or pair.destination is None):
                raise ValueError(f"pairs[{i}]: {pair.name!r} has neither a path nor origin and destination")
        self.check_records(self.scenarios)
        return self

    def check_records(self, records: Sequence[RetrofitRecord]) -> None:
        """Check names, times and rates of scenarios; raises ``ValueError`` naming the field."""
        intact = {link.name: link.time for link in self.links}
        unique("scenarios", (s.name for s in records))
        for i, s in enumerate(records):
            for link, time in s.times.items():
                known(f"scenarios[{i}].times", link, set(intact), "link")
                if time is not None and time < intact[link]:
                    raise ValueError(f"scenarios[{i}].times: {link!r} takes {time:g} when damaged, less than {intact[link]:g} when intact")
        total, most = math.fsum(s.rate for s in records), 1.0 if self.total_rate is None else self.total_rate
        if total > most * (1 + RATE_TOLERANCE):
            what = "1, so they are no probabilities of a year" if self.total_rate is None else f"the total_rate {most:.12g}"
            raise ValueError(f"scenarios[*].rate: the sum is {total:.12g}, more than {what}")
