"""Responder scenarios as arrays: I decision states, A agencies, K incidents, E dominoes; one scenario, a block of B, a source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from .blocks import Array, Block, Given
from .responder import Responder
from .responder_arrays import ResponderLayout, domino_rows, layout_of
from .responder_parts import ResponderRecord


@dataclass(frozen=True, slots=True, eq=False)
class ResponderScenario:
    """One realisation: probabilities ``start`` (I,), expected ``time`` (I, A) in hours and ``cost`` (I, A), hazard times hours.

    They are made of ``travel`` (A,), ``response`` (A, K) and ``domino`` (E,) by :mod:`.responder_arrays`.
    """

    name: str
    label: str
    probability: float
    start: Array
    time: Array
    cost: Array
    travel: Array
    response: Array
    domino: Array


@dataclass(frozen=True, slots=True, eq=False)
class ResponderBlock(Block[ResponderScenario]):
    """B scenarios at once: the fields of :class:`ResponderScenario`, each with a leading axis B; probabilities are the source's."""

    names: tuple[str, ...]
    labels: tuple[str, ...]
    probability: Array
    start: Array
    time: Array
    cost: Array
    travel: Array
    response: Array
    domino: Array

    one: ClassVar[type[ResponderScenario]] = ResponderScenario

    @classmethod
    def made(
        cls,
        layout: ResponderLayout,
        labels: Sequence[str],
        probability: Array,
        start: Array,
        travel: Array,
        response: Array,
        domino: Array,
        first: int = 0,
    ) -> ResponderBlock:
        """Return the block of these parts, its times and costs computed; its scenarios are named from ``scen{first}`` on."""
        time, cost = layout.times_and_costs(travel, response, domino)
        names = tuple(f"scen{k}" for k in range(first, first + len(labels)))
        return cls(names, tuple(labels), probability, start, time, cost, travel, response, domino)


class ResponderSource(Protocol):
    """A finite, indexed set of scenarios of one responder instance; scenario ``k`` does not depend on the others."""

    @property
    def instance(self) -> Responder:
        """The instance whose states and agencies the scenarios refer to."""

    @property
    def layout(self) -> ResponderLayout:
        """States, agencies and dominoes that all scenarios share."""

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the decision states (I,)."""

    @property
    def num_scenarios(self) -> int:
        """How many scenarios there are."""

    @property
    def probabilities(self) -> Array:
        """Probability of every scenario (S,), without building any."""

    def scenario(self, k: int) -> ResponderScenario:
        """Return scenario ``k`` in ``range(num_scenarios)``."""

    def block(self, start: int, stop: int) -> ResponderBlock:
        """Return scenarios ``start, ..., stop - 1``, bit for bit those of :meth:`scenario`; none if ``start == stop``."""


class FixedResponder(Given[ResponderScenario, ResponderBlock]):
    """Scenarios that are given: those of records, or the instance's own numbers as the only one."""

    def __init__(self, instance: Responder, layout: ResponderLayout, block: ResponderBlock):
        self.instance, self.layout, self._all = instance, layout, block

    @classmethod
    def nominal(cls, instance: Responder) -> FixedResponder:
        """Return the source of one scenario, ``nominal``: the instance's own numbers."""
        return cls.of_records(instance, [ResponderRecord(name="nominal", probability=1.0)])

    @classmethod
    def of_records(cls, instance: Responder, records: Sequence[ResponderRecord]) -> FixedResponder:
        """Return the source of scenarios written in a file."""
        layout, domino = layout_of(instance, records)
        start, travel, response = parts_of(instance)
        count, num = len(records), len(layout.agencies)
        starts, dominoes = np.tile(start, (count, 1)), np.tile(domino, (count, 1))
        travels, responses = np.tile(travel, (count, 1)), np.tile(response, (count, 1, 1))
        sets = instance.sets
        state = {sets.mask("starts", s.state): i for i, s in enumerate(instance.starts)}
        agency, incident = ({name: n for n, name in enumerate(names)} for names in (layout.agencies, layout.incidents))
        masks = (layout.members @ (1 << np.arange(len(sets.names), dtype=np.int64))).tolist()
        edge = {(r, masks[t]): e for e, (r, t) in enumerate(zip(layout.row.tolist(), layout.to.tolist(), strict=True))}
        for s, record in enumerate(records):
            if record.starts is not None:
                starts[s] = 0.0
                for given in record.starts:
                    starts[s, state[sets.mask("starts", given.state)]] = given.probability
            for (mask, name), reached in domino_rows(instance, record.dominoes).items():
                row = state[mask] * num + agency[name]
                dominoes[s, layout.row == row] = 0.0
                for to, probability in reached.items():
                    dominoes[s, edge[row, to]] = probability
            for name, hours in record.travel_times_h.items():
                travels[s, agency[name]] = hours
            for name, times in record.response_times_h.items():
                for what, hours in times.items():
                    responses[s, agency[name], incident[what]] = hours
        weights = np.array([r.probability for r in records], dtype=float)
        block = ResponderBlock.made(layout, [r.name for r in records], weights, starts, travels, responses, dominoes)
        return cls(instance, layout, block)

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the decision states (I,)."""
        return self.layout.states


def parts_of(instance: Responder) -> tuple[Array, Array, Array]:
    """Return the instance's own ``start`` (I,), ``travel`` (A,) and ``response`` (A, K)."""
    response = [[a.response_times_h[i.name] for i in instance.incidents] for a in instance.agencies]
    start, travel = [s.probability for s in instance.starts], [a.travel_time_h for a in instance.agencies]
    return np.array(start, dtype=float), np.array(travel, dtype=float), np.array(response, dtype=float)
