"""Demand by zone of a deployment instance, as arrays in the order of its zones (n): one scenario, a block of B, a source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from .blocks import Array, Block, Given
from .deployment import Deployment, DeploymentRecord


@dataclass(frozen=True, slots=True, eq=False)
class DemandScenario:
    """One realisation: ``demand`` (n,) in units of the resource."""

    name: str
    label: str
    probability: float
    demand: Array


@dataclass(frozen=True, slots=True, eq=False)
class DemandBlock(Block[DemandScenario]):
    """B scenarios at once: ``probability`` (B,), ``demand`` (B, n); the probabilities are those of the whole source."""

    names: tuple[str, ...]
    labels: tuple[str, ...]
    probability: Array
    demand: Array

    one: ClassVar[type[DemandScenario]] = DemandScenario


class DemandSource(Protocol):
    """A finite, indexed set of demand scenarios of one deployment instance; scenario ``k`` does not depend on the others."""

    @property
    def instance(self) -> Deployment:
        """The instance whose zones the scenarios refer to."""

    @property
    def num_scenarios(self) -> int:
        """How many scenarios there are."""

    @property
    def probabilities(self) -> Array:
        """Probability of every scenario (S,), without building any."""

    def scenario(self, k: int) -> DemandScenario:
        """Return scenario ``k`` in ``range(num_scenarios)``."""

    def block(self, start: int, stop: int) -> DemandBlock:
        """Return scenarios ``start, ..., stop - 1``, bit for bit those of :meth:`scenario`; none if ``start == stop``."""


class FixedDemand(Given[DemandScenario, DemandBlock]):
    """A deployment instance with the demands (S, n) of all its scenarios."""

    def __init__(self, instance: Deployment, demand: Array, probabilities: Array, labels: Sequence[str]):
        self.instance = instance
        self._all = DemandBlock(tuple(f"scen{k}" for k in range(len(demand))), tuple(labels), probabilities, demand)

    @classmethod
    def of_records(cls, instance: Deployment, records: Sequence[DeploymentRecord]) -> FixedDemand:
        """Return the source of scenarios written in a file."""
        place = {z.name: i for i, z in enumerate(instance.zones)}
        demand = np.zeros((len(records), len(place)))
        for k, record in enumerate(records):
            for zone, units in record.demand.items():
                demand[k, place[zone]] = units
        return cls(instance, demand, np.array([r.probability for r in records], dtype=float), [r.name for r in records])
