"""Scenarios of an SMPS problem as changes to its core: listed one by one, or a product of independent distributions made on demand."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from .core import Array


class What(IntEnum):
    """What a random entry replaces: the objective's coefficient or constant, a matrix entry, a right-hand side, a range, a bound."""

    COST = 0
    OFFSET = 1
    MATRIX = 2
    RHS = 3
    RANGE = 4
    LOWER = 5
    UPPER = 6


class Key(NamedTuple):
    """One entry of the core: row and column positions, -1 where there is none."""

    what: What
    row: int
    column: int


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """Entries (k,) that replace those of the core: ``what`` (:class:`What`), ``row`` and ``column`` (-1: none), ``value``."""

    what: NDArray[np.int8]
    row: NDArray[np.int64]
    column: NDArray[np.int64]
    value: Array

    def of(self, what: What) -> tuple[NDArray[np.int64], NDArray[np.int64], Array]:
        """Return rows, columns and values of one kind of entry."""
        chosen = self.what == what
        return self.row[chosen], self.column[chosen], self.value[chosen]


def changes(entries: Mapping[Key, float]) -> Changes:
    """Return ``{key: value}`` as arrays."""
    keys = np.array([*entries], dtype=np.int64).reshape(-1, 3)
    return Changes(keys[:, 0].astype(np.int8), keys[:, 1], keys[:, 2], np.array([*entries.values()], dtype=float))


@dataclass(frozen=True, slots=True, eq=False)
class SmpsScenario:
    """One scenario: its probability, and what differs from the core."""

    name: str
    probability: float
    changes: Changes


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """A discrete random vector independent of the others: an INDEP entry or a block, with its realisations' probabilities and changes."""

    name: str
    probabilities: Array
    realisations: tuple[Changes, ...]


class ListedScenarios(Sequence[SmpsScenario]):
    """The scenarios of a SCENARIOS section, or others given one by one."""

    def __init__(self, scenarios: Sequence[SmpsScenario]):
        self._scenarios = tuple(scenarios)
        self.probabilities = np.array([s.probability for s in self._scenarios])

    def __len__(self) -> int:
        return len(self._scenarios)

    @overload
    def __getitem__(self, k: int) -> SmpsScenario: ...
    @overload
    def __getitem__(self, k: slice) -> Sequence[SmpsScenario]: ...
    def __getitem__(self, k: int | slice) -> SmpsScenario | Sequence[SmpsScenario]:
        return self._scenarios[k]

    @property
    def names(self) -> Iterator[str]:
        """The scenarios' names."""
        return (s.name for s in self._scenarios)


class ProductScenarios(Sequence[SmpsScenario]):
    """All combinations of independent distributions, the last one varying fastest; ``scen0``, ``scen1``, ..., made on demand."""

    def __init__(self, distributions: Sequence[Distribution]):
        self.distributions = tuple(distributions)
        self._shape = tuple(len(d.probabilities) for d in self.distributions)

    @property
    def combinations(self) -> int:
        """Number of scenarios, however large (``len`` is limited)."""
        return math.prod(self._shape)

    def __len__(self) -> int:
        return self.combinations

    @overload
    def __getitem__(self, k: int) -> SmpsScenario: ...
    @overload
    def __getitem__(self, k: slice) -> Sequence[SmpsScenario]: ...
    def __getitem__(self, k: int | slice) -> SmpsScenario | Sequence[SmpsScenario]:
        if isinstance(k, slice):
            return [self[i] for i in range(*k.indices(len(self)))]
        if not -len(self) <= k < len(self):
            raise IndexError(k)
        k %= len(self)
        parts = [d.realisations[i] for d, i in zip(self.distributions, np.unravel_index(k, self._shape), strict=True)]
        joined = Changes(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("what", "row", "column", "value")))
        return SmpsScenario(f"scen{k}", float(self.probabilities[k]), joined)

    @property
    def names(self) -> Iterator[str]:
        """The scenarios' names."""
        return (f"scen{k}" for k in range(len(self)))

    @cached_property
    def probabilities(self) -> Array:
        """Probabilities (S,): products of the distributions' own."""
        product = np.ones(1)
        for d in self.distributions:
            product = np.outer(product, d.probabilities).reshape(-1)
        return product


Scenarios = ListedScenarios | ProductScenarios
