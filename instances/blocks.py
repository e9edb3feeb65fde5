"""What blocks of scenarios and given lists of them share, whatever a scenario holds.

A scenario is a dataclass with ``name``, ``label``, ``probability`` and then its arrays. A block of B of them has ``names``, ``labels``,
``probability`` (B,) and the same arrays with a leading axis B, in the same order; an array may be ``None`` in all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
One = TypeVar("One")


class Block(Generic[One]):
    """B scenarios at once; a dataclass of the fields that the module says. Probabilities are those of the whole source."""

    __slots__ = ()

    one: ClassVar[type[Any]]
    """The scenarios' class."""

    names: tuple[str, ...]
    labels: tuple[str, ...]
    probability: Array

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def stack(cls, scenarios: Sequence[One]) -> Self:
        """Put scenarios of one instance, at least one, into a block."""
        first: Sequence[Any] = scenarios
        arrays = ([getattr(s, f.name) for s in first] for f in fields(cls.one)[3:])
        names, labels = tuple(s.name for s in first), tuple(s.label for s in first)
        probability = np.array([s.probability for s in first], dtype=float)
        return cls(names, labels, probability, *(None if a[0] is None else np.stack(a) for a in arrays))  # type: ignore[call-arg]

    def scenario(self, b: int) -> One:
        """Return the scenario in place ``b`` of the block."""
        arrays = (None if a is None else a[b] for a in self._arrays())
        one: One = self.one(self.names[b], self.labels[b], float(self.probability[b]), *arrays)
        return one

    def take(self, places: Sequence[int] | NDArray[np.intp]) -> Self:
        """Return the scenarios in these places, in this order, repetitions allowed."""
        at = np.asarray(places, dtype=np.intp)
        names, labels = tuple(self.names[b] for b in at), tuple(self.labels[b] for b in at)
        arrays = (None if a is None else np.ascontiguousarray(a[at]) for a in self._arrays())
        return type(self)(names, labels, self.probability[at], *arrays)  # type: ignore[call-arg]

    def _arrays(self) -> list[Any]:
        return [getattr(self, f.name) for f in fields(self.one)[3:]]


Blocks = TypeVar("Blocks", bound=Block[Any])


class Given(Generic[One, Blocks]):
    """A finite list of scenarios that are all there, in one block."""

    _all: Blocks

    @property
    def num_scenarios(self) -> int:
        """How many scenarios there are."""
        return len(self._all)

    @property
    def probabilities(self) -> Array:
        """Probability of every scenario (S,)."""
        return self._all.probability.copy()

    def scenario(self, k: int) -> One:
        """Return scenario ``k``."""
        one: One = self._all.scenario(k)
        return one

    def block(self, start: int, stop: int) -> Blocks:
        """Return scenarios ``start, ..., stop - 1``."""
        return self._all.take(range(start, stop))
