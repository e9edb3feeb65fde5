"""What the ledger is made of: distinct duals, one block's record of an evaluation, and everyone's records together."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..matrices import Array
from .problem import Block

NONE = -1
"""Stands for "no dual" among numbers of duals, which are >= 0."""

Numbers = NDArray[np.int32]
Flags = NDArray[np.bool_]


class Duals:
    """Distinct duals (n, m) of one group, numbered in order of appearance."""

    def __init__(self, m: int):
        self._pi = np.zeros((16, m))
        self._number: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._number)

    @property
    def pi(self) -> Array:
        """The duals (n, m)."""
        return self._pi[: len(self)]

    def add(self, pi: Array) -> Numbers:
        """Return the numbers (k,) of duals (k, m); new ones are kept."""
        out = np.empty(len(pi), dtype=np.int32)
        for i, dual in enumerate(pi):
            key = hashlib.blake2b(dual, digest_size=16).digest()
            number = self._number.setdefault(key, len(self._number))
            if number == len(self._pi):
                self._pi = np.concatenate([self._pi, np.zeros_like(self._pi)])
            self._pi[number] = dual
            out[i] = number
        return out


@dataclass(frozen=True, slots=True, eq=False)
class Share:
    """One block at one evaluation: which dual each scenario had, and whether its cost stood above eta (``None``: no eta).

    ``pool`` (B,) numbers a pool member, ``own`` (B,) a dual of the ledger; at most one of the two is not ``NONE``.
    """

    block: Block
    pool: Numbers
    own: Numbers
    excess: Flags | None


@dataclass(frozen=True, slots=True, eq=False)
class Collected:
    """Everyone's records: ``ids`` (R, S) number a dual of the scenario's group (``NONE``: not asked for, or none), ``sources`` (R,).

    ``excess`` (R, S) tells whose cost stood above eta; ``rays`` hold the dual of a (source, scenario) without recourse.
    """

    sources: tuple[int, ...]
    ids: Numbers
    excess: Flags
    duals: tuple[Array, ...]
    rays: dict[tuple[int, int], Array]
