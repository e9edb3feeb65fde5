"""Times of links under damage, as arrays in the order of a retrofit instance's links (L): one scenario, a block of B, a source.

Rates of a year are taken as probabilities; what they leave of 1 is that of the first scenario, in which nothing happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from .blocks import Array, Block, Given
from .retrofit import RATE_TOLERANCE, Retrofit, RetrofitRecord

QUIET = "no earthquake"
"""Label of the scenario in which nothing happens."""


@dataclass(frozen=True, slots=True, eq=False)
class RoadScenario:
    """One realisation: ``times`` (L,) of the links, infinite where closed."""

    name: str
    label: str
    probability: float
    times: Array


@dataclass(frozen=True, slots=True, eq=False)
class RoadBlock(Block[RoadScenario]):
    """B scenarios at once: ``probability`` (B,), ``times`` (B, L); the probabilities are those of the whole source."""

    names: tuple[str, ...]
    labels: tuple[str, ...]
    probability: Array
    times: Array

    one: ClassVar[type[RoadScenario]] = RoadScenario


class RoadSource(Protocol):
    """A finite, indexed set of damage scenarios of one retrofit instance; scenario ``k`` does not depend on the others."""

    @property
    def instance(self) -> Retrofit:
        """The instance whose links the scenarios refer to."""

    @property
    def num_scenarios(self) -> int:
        """How many scenarios there are."""

    @property
    def probabilities(self) -> Array:
        """Probability of every scenario (S,), without building any."""

    def scenario(self, k: int) -> RoadScenario:
        """Return scenario ``k`` in ``range(num_scenarios)``."""

    def block(self, start: int, stop: int) -> RoadBlock:
        """Return scenarios ``start, ..., stop - 1``, bit for bit those of :meth:`scenario`; none if ``start == stop``."""


class FixedRoads(Given[RoadScenario, RoadBlock]):
    """A retrofit instance with the times (S, L) of all its scenarios; rates (S,) below 1 leave the rest to a quiet year, before them."""

    def __init__(self, instance: Retrofit, times: Array, rates: Array, labels: Sequence[str]):
        self.instance = instance
        rest = 1.0 - float(np.sum(rates))
        if rest > RATE_TOLERANCE:
            intact = np.array([[link.time for link in instance.links]])
            times, rates, labels = np.vstack([intact, times]), np.append(rest, rates), [QUIET, *labels]
        self._all = RoadBlock(tuple(f"scen{k}" for k in range(len(times))), tuple(labels), np.asarray(rates, dtype=float), times)

    @classmethod
    def of_records(cls, instance: Retrofit, records: Sequence[RetrofitRecord]) -> FixedRoads:
        """Return the source of scenarios written in a file."""
        place = {link.name: i for i, link in enumerate(instance.links)}
        times = np.tile([link.time for link in instance.links], (len(records), 1)).astype(float)
        for k, record in enumerate(records):
            for link, time in record.times.items():
                times[k, place[link]] = np.inf if time is None else time
        return cls(instance, times, np.array([r.rate for r in records], dtype=float), [r.name for r in records])

    def as_instance(self) -> Retrofit:
        """Return the instance with its scenarios written in it, but for the year without earthquake; names that repeat are numbered."""
        intact, names = [link.time for link in self.instance.links], [link.name for link in self.instance.links]
        records = []
        for k, label in enumerate(self._all.labels):
            if label == QUIET:
                continue
            changed = {
                name: None if np.isinf(time) else float(time)
                for name, time, before in zip(names, self._all.times[k].tolist(), intact, strict=True)
                if time != before
            }
            name = label if self._all.labels.count(label) == 1 else f"{label} ({self._all.names[k]})"
            records.append(RetrofitRecord(name=name, rate=float(self._all.probability[k]), times=changed))
        return self.instance.model_copy(update={"scenarios": records})
