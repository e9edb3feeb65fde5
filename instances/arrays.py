"""Scenarios of an instance as arrays, in the order of its nodes (N), commodities (K) and links (L): one, or a block of B."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from .blocks import Array as Array
from .blocks import Block
from .schema import Prepositioning


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
class ScenarioBlock(Block[Scenario]):
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

    one: ClassVar[type[Scenario]] = Scenario


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
