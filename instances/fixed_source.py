"""The scenarios written in an instance, or in a scenario file for it, as arrays."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import shortest_path

from .arrays import Array, Scenario, ScenarioBlock
from .schema import Prepositioning, ScenarioRecord


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

    @property
    def probabilities(self) -> Array:
        """Probabilities of the records (S,)."""
        return np.array([r.probability for r in self.records], dtype=float)

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

    def block(self, start: int, stop: int) -> ScenarioBlock:
        """Return scenarios ``start, ..., stop - 1``, stacked."""
        drawn = [self.scenario(k) for k in range(start, max(stop, start + 1))]
        return ScenarioBlock.stack(drawn).take(range(stop - start))

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
