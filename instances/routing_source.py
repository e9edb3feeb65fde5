"""Routing scenarios as arrays over the n+1 nodes, depot first: one scenario, a block of B, a source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from .blocks import Array, Block, Given
from .routing import Routing
from .routing_arrays import casualties, check_reachable, damaged_times, direct_times
from .routing_parts import RoutingRecord


@dataclass(frozen=True, slots=True, eq=False)
class RoutingScenario:
    """One realisation: travel ``time`` (n+1, n+1), finite between the depot and every site, at least over others; ``demand`` (n+1,)."""

    name: str
    label: str
    probability: float
    time: Array
    demand: Array


@dataclass(frozen=True, slots=True, eq=False)
class RoutingBlock(Block[RoutingScenario]):
    """B scenarios at once: ``time`` (B, n+1, n+1), ``demand`` (B, n+1); the probabilities are those of the whole source."""

    names: tuple[str, ...]
    labels: tuple[str, ...]
    probability: Array
    time: Array
    demand: Array

    one: ClassVar[type[RoutingScenario]] = RoutingScenario


class RoutingSource(Protocol):
    """A finite, indexed set of scenarios of one routing instance; scenario ``k`` does not depend on the others."""

    @property
    def instance(self) -> Routing:
        """The instance whose depot and sites the scenarios refer to."""

    @property
    def num_scenarios(self) -> int:
        """How many scenarios there are."""

    @property
    def probabilities(self) -> Array:
        """Probability of every scenario (S,), without building any."""

    @property
    def demand_varies(self) -> bool:
        """Whether casualties differ between scenarios, or from the instance's."""

    def of(self, instance: Routing) -> RoutingSource:
        """Return the same scenarios of an instance with the same places and casualties."""

    def scenario(self, k: int) -> RoutingScenario:
        """Return scenario ``k`` in ``range(num_scenarios)``."""

    def block(self, start: int, stop: int) -> RoutingBlock:
        """Return scenarios ``start, ..., stop - 1``, bit for bit those of :meth:`scenario`; none if ``start == stop``."""


class FixedRouting(Given[RoutingScenario, RoutingBlock]):
    """A routing instance with scenarios that are given."""

    def __init__(self, instance: Routing, block: RoutingBlock):
        self.instance, self._all = instance, block

    @property
    def demand_varies(self) -> bool:
        """Whether casualties differ from the instance's in some scenario."""
        return bool((self._all.demand != casualties(self.instance)).any())

    def of(self, instance: Routing) -> FixedRouting:
        """Return the same scenarios of an instance with the same places and casualties."""
        return FixedRouting(instance, self._all)

    @classmethod
    def nominal(cls, instance: Routing) -> FixedRouting:
        """Return the source of one scenario, ``nominal``: intact roads and the instance's own casualties."""
        return cls.of_records(instance, [RoutingRecord(name="nominal", probability=1.0)])

    @classmethod
    def of_records(cls, instance: Routing, records: Sequence[RoutingRecord]) -> FixedRouting:
        """Return the source of scenarios written in a file.

        Raises
        ------
        InputError
            A site that a scenario leaves without a way from or to the depot; both are named.
        """
        direct, nodes = direct_times(instance), instance.nodes
        place = {name: i for i, name in enumerate(nodes)}
        time, demand = np.empty((len(records), *direct.shape)), np.tile(casualties(instance), (len(records), 1))
        for k, record in enumerate(records):
            time[k] = damaged_times(direct, _factors(record, place))
            where = (
                f"scenarios[{k}].roads: in scenario {record.name!r}"
                if record.roads
                else f"instance {instance.name!r}, scenario {record.name!r}"
            )
            check_reachable(time[k], nodes, where)
            for site, count in record.casualties.items():
                demand[k, place[site]] = count
        names = tuple(f"scen{k}" for k in range(len(records)))
        weights = np.array([r.probability for r in records], dtype=float)
        return cls(instance, RoutingBlock(names, tuple(r.name for r in records), weights, time, demand))


def _factors(record: RoutingRecord, place: dict[str, int]) -> Array:
    """Return what multiplies each road's time (n+1, n+1): 1 where intact, infinite where closed."""
    factor = np.ones((len(place), len(place)))
    for road in record.roads:
        a, b = (place[end] for end in road.ends)
        factor[a, b] = np.inf if road.factor is None else road.factor
        if not road.one_way:
            factor[b, a] = factor[a, b]
    return factor
