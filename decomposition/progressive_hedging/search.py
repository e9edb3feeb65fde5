"""The incumbent search: a queue of candidate plans, each polished and evaluated exactly; collective over a cylinder's ranks."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

import numpy as np

from ...solvers import Backend
from ..matrices import Array, StageData
from .bounds import LocalBounds
from .incumbents import Completion, Polish, neighbours, roundings
from .start import Start

MOST_ENTRIES = 20_000_000
"""Extensive forms with more matrix entries than this are not held to polish plans."""

_SEED = 0


class Search:
    """Candidates in order: the plan given, the start's, then each batch of PH's (xbar, then the scenarios' own), then neighbours of the
    best.

    Rank 0 of ``comm`` chooses and polishes; all ranks evaluate. ``best`` and ``best_x`` are equal on all of them.
    """

    def __init__(self, data: StageData, backend: Backend, bounds: LocalBounds, start: Start, comm: Any, plan: Array | None = None):
        self._data, self._bounds, self._comm = data, bounds, comm
        self._rng = np.random.default_rng(_SEED)
        self._queue: deque[Array] = deque()
        self._near: list[Array] | None = None
        self._leads = comm is None or comm.Get_rank() == 0
        small = sum(s.W.nnz + s.T.nnz for s in data.scenarios) <= MOST_ENTRIES
        self._polish = Polish(data, backend) if self._leads and small else None
        mixed = bool(data.first.integer.any() and not data.first.integer.all())
        self._completion = Completion(data, backend) if self._leads and mixed and len(data.row_names) else None
        self.best: float | None = None
        self.best_x: Array | None = None
        if plan is not None:
            self._queue.append(plan)
        if start.x is not None:
            self._push(start.x)

    def feed(self, *batches: Array) -> None:
        """Queue each batch's mean (xbar) and its points (S, n1), in place of what was queued from earlier iterations."""
        self._queue.clear()
        p = self._data.probabilities
        whole = [points for points in batches if np.isfinite(points).all()]
        for points in whole:
            self._push(p @ points / p.sum())
        for points in whole:
            self._queue.extend(points[i] for i in self._rng.permutation(len(points)))

    def _push(self, centre: Array) -> None:
        if self._completion is not None:
            completed = self._completion.complete(centre)
            if completed is not None:
                self._queue.append(completed)
        self._queue.extend(roundings(self._data, centre))

    def step(self) -> bool:
        """Try one candidate; ``False`` when there is none left. Collective."""
        x = self._choose() if self._leads else None
        if self._comm is not None:
            x = self._comm.bcast(x, root=0)
        if x is None:
            return False
        if not len(x):  # a candidate that polishing has ruled out
            return True
        value = self._bounds.expected(x)
        if value is not None and (self.best is None or value < self.best):
            first = self._data.first
            self.best, self._near = value, None
            self.best_x = np.clip(np.where(first.integer, np.round(x), x), first.lower, first.upper)
            self._tighten(self.best_x)
        return True

    def _tighten(self, x: Array) -> None:
        """Queue, as the next candidate, the cheapest integers for the new best's continuous part (a depot left empty is closed)."""
        completed = self._completion.complete(x) if self._completion is not None else None
        if completed is not None and not np.array_equal(completed[self._data.first.integer], x[self._data.first.integer]):
            self._queue.appendleft(completed)

    def _choose(self) -> Array | None:
        """Return the next plan to evaluate, an empty one if the candidate is hopeless, ``None`` if there is none."""
        if self._queue:
            x = self._queue.popleft()
        else:
            if self.best_x is None or self._polish is None or not self._data.first.integer.any():
                return None
            if self._near is None:
                self._near = neighbours(self._data, self.best_x, self._rng)
            if not self._near:
                return None
            x = self._near.pop()
        if self._polish is None:
            return x
        left = self._bounds.deadline - time.perf_counter()
        found = self._polish.polish(x, None if np.isinf(left) else max(left, 0.1))
        hopeless = found is None or (self.best is not None and found[0] >= self.best)
        return np.zeros(0) if hopeless or found is None else found[1]
