"""An instance's scenario as arrays, in the order of its nodes (N), commodities (K) and links (L)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import shortest_path

from .schema import Prepositioning, ScenarioRecord

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """One realisation of the random data.

    ``demand`` (N, K) in units; ``usable`` (N,) fraction of the stock; ``link_capacity`` (L,) in volume per direction,
    ``inf`` where nothing ever limits the link; ``casualties`` (N,) people; ``loss`` (N,) money; ``hours`` (N, N) shortest travel
    time over the links that stand (``inf`` if cut off), ``None`` for an instance without travel times.
    """

    name: str
    label: str
    probability: float
    demand: Array
    usable: Array
    link_capacity: Array
    casualties: Array
    loss: Array
    hours: Array | None = None


class ScenarioSource(Protocol):
    """A finite, indexed set of scenarios of one instance; scenario ``k`` does not depend on the others."""

    @property
    def instance(self) -> Prepositioning:
        """The instance whose nodes, commodities and links the scenarios refer to."""

    @property
    def num_scenarios(self) -> int:
        """How many scenarios there are."""

    @property
    def limited_links(self) -> NDArray[np.bool_]:
        """Which links (L,) may ever be limited; fixed over all scenarios, so that every scenario has the same rows."""

    def scenario(self, k: int) -> Scenario:
        """Return scenario ``k`` in ``range(num_scenarios)``."""


class FixedSource:
    """The scenarios written in the instance itself, or others given for it (``records``)."""

    def __init__(self, instance: Prepositioning, records: list[ScenarioRecord] | None = None):
        self.instance = instance
        self.records = instance.scenarios if records is None else records
        self._node = {n.name: i for i, n in enumerate(instance.nodes)}
        self._commodity = {c.name: k for k, c in enumerate(instance.commodities)}
        self._link = {link.name: e for e, link in enumerate(instance.links)}

    @property
    def num_scenarios(self) -> int:
        """How many scenarios there are."""
        return len(self.records)

    @cached_property
    def limited_links(self) -> NDArray[np.bool_]:
        """Links with a capacity, or damaged in some scenario."""
        limited = np.array([link.capacity is not None for link in self.instance.links], dtype=bool)
        for record in self.records:
            for name in record.link_capacity_factor:
                limited[self._link[name]] = True
        return limited

    @cached_property
    def _enough(self) -> float:
        """A link capacity that never binds: the volume of the largest scenario's whole demand."""
        use = np.array([c.volume if c.link_use is None else c.link_use for c in self.instance.commodities])
        return max((float((self._demand(r) @ use).sum()) for r in self.records), default=0.0)

    def _demand(self, record: ScenarioRecord) -> Array:
        demand = np.zeros((len(self._node), len(self._commodity)))
        for node, amounts in record.demand.items():
            for commodity, units in amounts.items():
                demand[self._node[node], self._commodity[commodity]] = units
        return demand

    def scenario(self, k: int) -> Scenario:
        """Return scenario ``k`` as arrays."""
        inst, record = self.instance, self.records[k]
        usable = np.ones(len(inst.nodes))
        for node, fraction in record.usable.items():
            usable[self._node[node]] = fraction
        factor = np.ones(len(inst.links))
        for name, value in record.link_capacity_factor.items():
            factor[self._link[name]] = value
        full = np.array([self._enough if link.capacity is None else link.capacity for link in inst.links])
        return Scenario(
            name=f"scen{k}",
            label=record.name,
            probability=record.probability,
            demand=self._demand(record),
            usable=usable,
            link_capacity=np.where(self.limited_links, factor * full, np.inf),
            casualties=self._by_node(record.casualties),
            loss=self._by_node(record.loss),
            hours=travel_hours(inst, factor) if inst.impact else None,
        )

    def _by_node(self, values: dict[str, float]) -> Array:
        out = np.zeros(len(self._node))
        for node, value in values.items():
            out[self._node[node]] = value
        return out


def travel_hours(instance: Prepositioning, capacity_factor: Array) -> Array:
    """Return the (N, N) shortest travel times in hours over links whose ``capacity_factor`` is positive."""
    index = {n.name: i for i, n in enumerate(instance.nodes)}
    rows, columns, hours = [], [], []
    for link, factor in zip(instance.links, capacity_factor, strict=True):
        if factor > 0 and link.hours is not None:
            rows.append(index[link.ends[0]])
            columns.append(index[link.ends[1]])
            hours.append(max(link.hours, 1e-9))  # csgraph reads a stored zero as "no edge"
    graph = csr_array((hours, (rows, columns)), shape=(len(index), len(index)))
    return np.asarray(shortest_path(graph, directed=False), dtype=float)
