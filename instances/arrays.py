"""Scenarios of an instance as arrays, in the order of its nodes (N), commodities (K) and links (L): one, or a block of B."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .schema import Prepositioning

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


@dataclass(frozen=True, slots=True, eq=False)
class ScenarioBlock:
    """B scenarios at once: the fields of :class:`Scenario`, each with a leading scenario axis.

    ``probability`` (B,); ``demand`` (B, N, K); ``usable`` (B, N); ``link_capacity`` (B, L); ``casualties``, ``loss`` (B, N);
    ``hours`` (B, N, N) or ``None``. The probabilities are those of the whole source; they do not sum to 1 over a block.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    probability: Array
    demand: Array
    usable: Array
    link_capacity: Array
    casualties: Array
    loss: Array
    hours: Array | None = None

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def stack(cls, scenarios: Sequence[Scenario]) -> ScenarioBlock:
        """Put scenarios of one instance, at least one, into a block."""
        hours = [s.hours for s in scenarios if s.hours is not None]
        return cls(
            names=tuple(s.name for s in scenarios),
            labels=tuple(s.label for s in scenarios),
            probability=np.array([s.probability for s in scenarios], dtype=float),
            demand=np.stack([s.demand for s in scenarios]),
            usable=np.stack([s.usable for s in scenarios]),
            link_capacity=np.stack([s.link_capacity for s in scenarios]),
            casualties=np.stack([s.casualties for s in scenarios]),
            loss=np.stack([s.loss for s in scenarios]),
            hours=np.stack(hours) if hours else None,
        )

    def scenario(self, b: int) -> Scenario:
        """Return the scenario in place ``b`` of the block."""
        return Scenario(
            name=self.names[b],
            label=self.labels[b],
            probability=float(self.probability[b]),
            demand=self.demand[b],
            usable=self.usable[b],
            link_capacity=self.link_capacity[b],
            casualties=self.casualties[b],
            loss=self.loss[b],
            hours=None if self.hours is None else self.hours[b],
        )

    def take(self, places: Sequence[int] | NDArray[np.intp]) -> ScenarioBlock:
        """Return the scenarios in these places, in this order, repetitions allowed."""
        at = np.asarray(places, dtype=np.intp)
        return ScenarioBlock(
            names=tuple(self.names[b] for b in at),
            labels=tuple(self.labels[b] for b in at),
            probability=self.probability[at],
            demand=self.demand[at],
            usable=self.usable[at],
            link_capacity=self.link_capacity[at],
            casualties=self.casualties[at],
            loss=self.loss[at],
            hours=None if self.hours is None else self.hours[at],
        )


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

    @property
    def probabilities(self) -> Array:
        """Probability of every scenario (S,), without building any."""

    def scenario(self, k: int) -> Scenario:
        """Return scenario ``k`` in ``range(num_scenarios)``."""

    def block(self, start: int, stop: int) -> ScenarioBlock:
        """Return scenarios ``start, ..., stop - 1``, bit for bit those of :meth:`scenario`; none if ``start == stop``."""
