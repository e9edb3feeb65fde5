"""The file format of a triage instance: recognised buildings by class and district, daily capacity, rules of fairness.

Buildings of a class stand in one district and have the same recognised probabilities of the four damage grades, so that nothing tells them
apart until their grades are known. :mod:`.triage_source` turns an instance and its scenarios into arrays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from .fields import PROBABILITY_TOLERANCE, BestKnown, Fraction, Name, NonNegative, Origin, Record, Source, check_sum, known, unique

GRADES = 4
"""L0 (intact), L1 (slightly damaged), L2 (severely damaged), L3 (collapsed)."""

Count = Annotated[int, Field(ge=0)]
ByGrade = Annotated[list[NonNegative], Field(min_length=GRADES, max_length=GRADES)]


class District(Record):
    """A district; ``quota``: the share of the capacity to each day that it has had by then, as long as it has buildings."""

    name: Name
    quota: Fraction = 0.0


class Crew(Record):
    """A crew: buildings it serves a day, and the districts it works in, all if none is named."""

    name: Name
    per_day: Annotated[int, Field(ge=1)]
    districts: list[Name] = []


class BuildingClass(Record):
    """``count`` buildings of a district with the same recognised ``probabilities`` of the four grades."""

    name: Name
    district: Name
    count: Annotated[int, Field(ge=1)]
    probabilities: Annotated[list[Fraction], Field(min_length=GRADES, max_length=GRADES)]


class Fairness(Record):
    """Rules: days by which all of a true grade are served; most CVaR, and most Gini index, of the districts' expected waits in days.

    ``max_wait_days`` by grade; a grade with ``None`` may wait.
    """

    max_wait_days: Annotated[list[Annotated[int, Field(ge=1)] | None], Field(min_length=GRADES, max_length=GRADES)] = [None] * GRADES
    cvar_level: Annotated[float, Field(ge=0, lt=1)] = 0.8
    cvar_days: NonNegative | None = None
    gini: Fraction | None = None


class TriageRecord(Record):
    """One scenario: how many buildings of each class turn out to be of each grade; a class that is not named has its expected numbers."""

    name: Name
    probability: Fraction
    grades: dict[Name, Annotated[list[Count], Field(min_length=GRADES, max_length=GRADES)]] = {}


class Triage(Record):
    """An instance of triage. ``weights``: what a day's delay of a building of each grade costs; ``first_days`` are decided on now."""

    format: Literal["quakeops/triage/1"]
    name: Name
    title: str
    source: Source
    provenance: dict[str, Origin]
    weights: ByGrade = [0.0, 1.0, 2.0, 3.0]
    districts: Annotated[list[District], Field(min_length=1)]
    crews: Annotated[list[Crew], Field(min_length=1)]
    classes: Annotated[list[BuildingClass], Field(min_length=1)]
    first_days: Annotated[int, Field(ge=1)] = 5
    spare_days: Annotated[int, Field(ge=0)] = 0
    fairness: Fairness = Fairness()
    scenarios: list[TriageRecord] = []
    best_known: BestKnown | None = None

    record: ClassVar[type[TriageRecord]] = TriageRecord

    @property
    def per_day(self) -> int:
        """Buildings that all crews together serve a day, K."""
        return sum(c.per_day for c in self.crews)

    @property
    def buildings(self) -> int:
        """Number of buildings, N."""
        return sum(c.count for c in self.classes)

    @property
    def days(self) -> int:
        """Days until all are served, ceil(N / K), and the spare ones."""
        return math.ceil(self.buildings / self.per_day) + self.spare_days

    @model_validator(mode="after")
    def _consistent(self) -> Triage:
        districts = unique("districts", (d.name for d in self.districts))
        unique("crews", (c.name for c in self.crews))
        unique("classes", (c.name for c in self.classes))
        total = math.fsum(d.quota for d in self.districts)
        if total > 1 + PROBABILITY_TOLERANCE:
            raise ValueError(f"districts[*].quota: the sum is {total:.6g}, above the capacity: expected at most 1")
        for i, crew in enumerate(self.crews):
            for name in crew.districts:
                known(f"crews[{i}].districts", name, districts, "district")
        for i, group in enumerate(self.classes):
            known(f"classes[{i}].district", group.district, districts, "district")
            total = math.fsum(group.probabilities)
            if abs(total - 1) > PROBABILITY_TOLERANCE:
                raise ValueError(f"classes[{i}].probabilities: those of class {group.name!r} sum to {total:.12g}, expected 1")
        if self.first_days >= self.days:
            raise ValueError(f"first_days: {self.first_days}, but all are served within {self.days} days: expected fewer")
        for grade, wait in enumerate(self.fairness.max_wait_days):
            if wait is not None and wait <= self.first_days:
                raise ValueError(
                    f"fairness.max_wait_days[{grade}]: {wait}, but grades become known after day {self.first_days}: expected a later day"
                )
        self.check_records(self.scenarios)
        return self

    def check_records(self, records: Sequence[TriageRecord]) -> None:
        """Check names, numbers and probabilities of scenarios; raises ``ValueError`` naming the field."""
        count = {c.name: c.count for c in self.classes}
        unique("scenarios", (r.name for r in records))
        for n, record in enumerate(records):
            for name, grades in record.grades.items():
                known(f"scenarios[{n}].grades", name, set(count), "class")
                if sum(grades) != count[name]:
                    raise ValueError(f"scenarios[{n}].grades.{name}: {sum(grades)} buildings, expected the class's {count[name]}")
        check_sum([r.probability for r in records])
