r"""Dual vertices of one group: what any scenario's recourse is at least, for any plan, by one matrix product.

A dual solution pi of the group's recourse LP proves, for every scenario s and plan x,

    Q_s(x) >= pi'(h_s - T_s x) + b(pi),     b(pi) = sum_j min(l_j r_j, u_j r_j),  r = q - W'pi                 (1)

(b collects the reduced costs of bounded recourse variables). With (2) of ``problem``, h_s - T_s x = r_0 + M xi_s, so the values of all
pool members for all scenarios are Xi (M'Pi') + (Pi r_0 + b).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..matrices import Array
from .problem import Group, Indices


class Vertices:
    """All duals that were kept, with their bases; ``active`` numbers those in the pool."""

    def __init__(self, group: Group):
        m = len(group.sense)
        self._group = group
        self._pi, self._b = np.zeros((64, m)), np.zeros(64)
        self._number: dict[bytes, int] = {}
        self.bases: list[Any] = []
        self.last_used: list[int] = []
        self.active: Indices = np.zeros(0, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.bases)

    @property
    def pi(self) -> Array:
        """Duals (P, m)."""
        return self._pi[: len(self)]

    @property
    def b(self) -> Array:
        """b(pi) of (1), (P,)."""
        return self._b[: len(self)]

    def add(self, pi: Array, b: Array, bases: Sequence[Any], now: int) -> Indices:
        """Keep duals (k, m) that are not there yet, and put them in the pool; returns the number of each."""
        numbers = np.empty(len(pi), dtype=np.int64)
        for i, (vertex, key) in enumerate(zip(pi, _keys(pi), strict=True)):
            number = self._number.get(key)
            if number is None:
                number = len(self)
                if number == len(self._b):
                    self._pi = np.concatenate([self._pi, np.zeros_like(self._pi)])
                    self._b = np.concatenate([self._b, np.zeros_like(self._b)])
                self._pi[number], self._b[number] = vertex, b[i]
                self._number[key] = number
                self.bases.append(bases[i])
                self.last_used.append(now)
            numbers[i] = number
        self.active = np.union1d(self.active, numbers)
        return numbers

    def touch(self, numbers: Indices, now: int) -> None:
        """Note that these were the best of some scenario."""
        for n in numbers.tolist():
            self.last_used[n] = now

    def shrink(self, most: int) -> None:
        """Keep the ``most`` most recently used in the pool."""
        if len(self.active) > most:
            age = np.array([self.last_used[n] for n in self.active.tolist()])
            order = np.lexsort((self.active, -age))
            for key in _keys(self._pi[self.active[order[most:]]]):  # found again, it counts as new
                del self._number[key]
            self.active = np.sort(self.active[order[:most]])

    def restore(self, pi: Array, b: Array, bases: Sequence[Any], last_used: Sequence[int]) -> None:
        """Start with the pool of a checkpoint: duals (P, m), their b (P,), bases, and when each was last used."""
        self.active = self.add(pi, b, bases, 0)
        self.last_used[:] = last_used

    def weights(self, x: Array) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the constants (P,) and coefficients (d, P) of the active duals' values over xi at ``x``, for ranking."""
        r_0, M = self._group.at(x)
        pi = self._pi[self.active]
        return (pi @ r_0 + self._b[self.active]).astype(np.float32), np.ascontiguousarray(M.T @ pi.T).astype(np.float32)


def bound_terms(group: Group, pi: Array) -> Array:
    """Return b(pi) (k,) of (1) for duals (k, m); reduced costs against an infinite bound count as zero (see :func:`residuals`)."""
    reduced = group.cost - np.asarray((group.W.T @ pi.T).T)
    side = np.where(reduced > 0, group.second.lower, group.second.upper)
    return np.asarray((reduced * np.where(np.isfinite(side), side, 0.0)).sum(axis=1))


def residuals(group: Group, pi: Array) -> Array:
    """Return the largest reduced cost against an infinite bound (k,), relative to the largest of 1, q and pi."""
    reduced = group.cost - np.asarray((group.W.T @ pi.T).T)
    side = np.where(reduced > 0, group.second.lower, group.second.upper)
    scale = np.maximum(1.0, np.maximum(np.abs(group.cost).max(initial=0.0), np.abs(pi).max(axis=1, initial=0.0)))
    return np.asarray(np.where(np.isfinite(side), 0.0, np.abs(reduced)).max(axis=1, initial=0.0) / scale)


def sign_clipped(group: Group, pi: Array) -> Array:
    """Return duals with entries of the wrong sign for their row's sense set to zero (>= rows: pi >= 0, <= rows: pi <= 0)."""
    out = np.where((group.sense == -1) & (pi < 0), 0.0, pi)
    return np.where((group.sense == 1) & (out > 0), 0.0, out)


def _keys(pi: Array) -> list[bytes]:
    """Round each dual (k, m) to ten digits of its largest entry; a multiple of a vertex is another one."""
    digits = 10 - np.ceil(np.log10(np.maximum(1.0, np.abs(pi).max(axis=1, initial=0.0)))).astype(np.int64)
    rounded = np.empty_like(pi)
    for d in np.unique(digits).tolist():
        rounded[digits == d] = np.round(pi[digits == d], d) + 0.0
    return [row.tobytes() for row in rounded]
