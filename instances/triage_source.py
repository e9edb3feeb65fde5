"""Triage scenarios as arrays: how many buildings of each of G classes are of each grade; one scenario, a block of B, a source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from .blocks import Array, Block, Given
from .triage import Triage, TriageRecord


@dataclass(frozen=True, slots=True, eq=False)
class TriageScenario:
    """One realisation: ``grades`` (G, 4), buildings of each class by true grade."""

    name: str
    label: str
    probability: float
    grades: Array


@dataclass(frozen=True, slots=True, eq=False)
class TriageBlock(Block[TriageScenario]):
    """B scenarios at once: ``grades`` (B, G, 4)."""

    names: tuple[str, ...]
    labels: tuple[str, ...]
    probability: Array
    grades: Array

    one: ClassVar[type[TriageScenario]] = TriageScenario


class TriageSource(Protocol):
    """A finite, indexed set of scenarios of one triage instance; scenario ``k`` does not depend on the others."""

    @property
    def instance(self) -> Triage:
        """The instance whose classes the scenarios refer to."""

    @property
    def num_scenarios(self) -> int:
        """How many scenarios there are."""

    @property
    def probabilities(self) -> Array:
        """Probability of every scenario (S,), without building any."""

    def of(self, instance: Triage) -> TriageSource:
        """Return the same scenarios of an instance with the same classes."""

    def scenario(self, k: int) -> TriageScenario:
        """Return scenario ``k`` in ``range(num_scenarios)``."""

    def block(self, start: int, stop: int) -> TriageBlock:
        """Return scenarios ``start, ..., stop - 1``, bit for bit those of :meth:`scenario`; none if ``start == stop``."""


def expected_grades(instance: Triage) -> Array:
    """Return the expected numbers by class and grade (G, 4)."""
    return np.array([[c.count * p for p in c.probabilities] for c in instance.classes], dtype=float)


class FixedTriage(Given[TriageScenario, TriageBlock]):
    """A triage instance with scenarios that are given."""

    def __init__(self, instance: Triage, block: TriageBlock):
        self.instance, self._all = instance, block

    def of(self, instance: Triage) -> FixedTriage:
        """Return the same scenarios of an instance with the same classes."""
        return FixedTriage(instance, self._all)

    @classmethod
    def nominal(cls, instance: Triage) -> FixedTriage:
        """Return the source of one scenario, ``expected``: the expected numbers of each class."""
        return cls.of_records(instance, [TriageRecord(name="expected", probability=1.0)])

    @classmethod
    def of_records(cls, instance: Triage, records: Sequence[TriageRecord]) -> FixedTriage:
        """Return the source of scenarios written in a file."""
        place = {c.name: g for g, c in enumerate(instance.classes)}
        grades = np.tile(expected_grades(instance), (len(records), 1, 1))
        for k, record in enumerate(records):
            for name, numbers in record.grades.items():
                grades[k, place[name]] = numbers
        names = tuple(f"scen{k}" for k in range(len(records)))
        weights = np.array([r.probability for r in records], dtype=float)
        return cls(instance, TriageBlock(names, tuple(r.name for r in records), weights, grades))
