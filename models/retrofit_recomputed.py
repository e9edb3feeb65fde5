r"""Recomputed decisions: which sets of restored elements really meet the limits of :mod:`.retrofit`, and the rows that exclude the others.

A :class:`Times` computes what a decision does: the shortest paths of the restored network, or its traffic equilibrium. A decision Z that
is late is excluded by a row (1) of :mod:`.retrofit_rows`, for an interval of decisions from N to Z that is made as large as it can be

- by what is known: a part of Z that a valid row excludes need not be computed again;
- by times that are never shorter (``below``): what is late in the network without traffic is late with it;
- by ``monotone`` times: restoring more never makes anything later, so all parts of Z are late too. That is so for shortest paths. It is not
  for traffic, in which a restored link can slow a pair down (Braess's paradox): there every decision of the interval is computed, up to
  :data:`MOST` for a row; where one of them meets the limits, the interval stays smaller.

So each row is valid, whatever the traffic does. A first plan comes from rows that take traffic to be monotone
(:meth:`.Recomputed.guessing`); they tell nothing about bounds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Protocol

from .retrofit_rows import Row, RowPool

MOST = 32
"""Decisions that are computed at most to make one row stronger."""

MOST_FREE = 10
"""Elements that a row leaves free at most, both ways: it excludes two to that power decisions, each of which is looked up."""

Names = frozenset[str]


class Times(Protocol):
    """What restoring a set of elements does in a scenario."""

    @property
    def monotone(self) -> bool:
        """Whether restoring more never makes anything later."""

    @property
    def below(self) -> Times | None:
        """Monotone times that are never longer, if there are such."""

    def damaged(self, k: int) -> tuple[str, ...]:
        """Return the elements that are damaged in scenario k, in the instance's order."""

    def late(self, k: int, restored: Names) -> tuple[int, ...]:
        """Return the pairs (numbers) that miss their limits where exactly these damaged elements are restored."""

    def all_late(self, k: int, decisions: Sequence[Names]) -> bool:
        """Whether each of these decisions leaves a pair late."""

    def is_late(self, k: int, restored: Names, pair: int) -> bool:
        """Whether one pair does; where all come at one price, whether any does."""

    def matter(self, pair: int) -> Names:
        """Return the elements that may matter to one pair."""

    def alike(self, row: Row, k: int) -> Sequence[int]:
        """Return scenarios, k among them, in which a row of scenario k is valid too."""


class Recomputed:
    """The rows of a retrofit program, generated from recomputed decisions (``Lazy`` of the methods)."""

    def __init__(self, times: Times, pool: RowPool | None = None, *, guess: bool = False):
        self.times, self._guess = times, guess
        self.pool = RowPool() if pool is None else pool
        self._held: dict[int, list[Row]] = {}
        self._late_below: dict[tuple[int, Names], bool] = {}
        for row, scenarios in self.pool.where.items():
            for k in scenarios:
                self._held.setdefault(k, []).append(row)

    @property
    def gap(self) -> float:
        """30 %, since rows alone are wanted; with traffic 0: what is cheaper than the cheapest decision is then known to be late."""
        return 0.3 if self.times.monotone else 0.0

    def violated(self, k: int, values: Mapping[str, float]) -> dict[Row, frozenset[int]]:
        """Return rows that exclude the decision in scenario k, with the scenarios they hold in; none if it meets its limits."""
        restored = self._restored(k, values)
        retrofitted = frozenset(e for e in restored if values[f"retrofit[{e}]"] > 0.5)
        found: dict[Row, frozenset[int]] = {}
        for times in [self.times] if self.times.below is None else [self.times.below, self.times]:
            if late := times.late(k, restored):
                if times.monotone or self._guess:
                    rows = [self._cover(times, k, restored, pair) for pair in (late if times.monotone else late[:1])]
                else:
                    rows = [self._proved(k, restored, retrofitted)]
                found = {row: frozenset(times.alike(row, k)) for row in rows}
                break
        for row, scenarios in found.items():
            for other in scenarios:
                self._held.setdefault(other, []).append(row)
        return found

    def guessing(self) -> Recomputed | None:
        """Return one that takes times with traffic to be monotone."""
        return None if self.times.monotone else Recomputed(self.times, self.pool, guess=True)

    def allowed(self, k: int, values: Mapping[str, float]) -> bool:
        """Whether the decision in scenario k meets its limits."""
        return not self.times.late(k, self._restored(k, values))

    def invalid(self) -> tuple[Row, int] | None:
        """Return a row of the pool, and a scenario, in which it is not valid, if there is one; computed anew, row after row."""
        anew = Recomputed(self.times)
        for row, scenarios in self.pool.where.items():
            for k in sorted(scenarios):
                if not anew.holds(row, k):
                    return row, k
                anew._held.setdefault(k, []).append(row)
        return None

    def holds(self, row: Row, k: int) -> bool:
        """Whether a row is valid in scenario k: all that it excludes and is not known to be late is computed; if monotone, the largest."""
        damaged = frozenset(self.times.damaged(k))
        if not damaged.issuperset(row.restore) or not damaged.issuperset(row.spare):
            return False
        most = damaged - frozenset(row.restore)
        if self.times.below is not None and self.times.below.all_late(k, [most]):
            return True
        if self.times.monotone:
            return self.times.all_late(k, [most])
        return self.times.all_late(k, [z for z in _between(frozenset(row.spare), most) if not self._known_late(k, z)])

    def _restored(self, k: int, values: Mapping[str, float]) -> Names:
        return frozenset(e for e in self.times.damaged(k) if values[f"retrofit[{e}]"] + values[f"repair[{e}]"] > 0.5)

    def _cover(self, times: Times, k: int, restored: Names, pair: int) -> Row:
        """Return the cover of a largest decision around ``restored`` that leaves one pair late, by monotone times."""
        damaged = frozenset(self.times.damaged(k))
        most = restored | (damaged - times.matter(pair))
        for e in self.times.damaged(k):
            if e not in most and times.is_late(k, most | {e}, pair):
                most |= {e}
        return Row.of(damaged - most)

    def _proved(self, k: int, restored: Names, retrofitted: Names) -> Row:
        """Return the row of the largest interval around ``restored`` that is proved to be late."""
        damaged, spent = self.times.damaged(k), 0

        def all_late(least: Names, most: Names) -> bool:
            nonlocal spent
            if len(most - least) > MOST_FREE:
                return False
            unknown = [z for z in _between(least, most) if not self._known_late(k, z)]
            spent += len(unknown)
            return spent <= MOST and self.times.all_late(k, unknown)

        least, most = restored, restored
        for e in sorted(restored, key=lambda e: e in retrofitted):
            if all_late(least - {e}, most - {e}):
                least -= {e}
        for e in damaged:
            if e not in most and self.times.late(k, most | {e}) and all_late(least | {e}, most | {e}):
                most |= {e}
        return Row.of(frozenset(damaged) - most, least)

    def _known_late(self, k: int, restored: Names) -> bool:
        if any(row.excludes(restored) for row in self._held.get(k, ())):
            return True
        if self.times.below is None:
            return False
        if (k, restored) not in self._late_below:
            self._late_below[k, restored] = self.times.below.all_late(k, [restored])
        return self._late_below[k, restored]


def _between(least: Names, most: Names) -> Iterator[Names]:
    """Yield every set from ``least`` to ``most``, the largest first."""
    free = sorted(most - least)
    for size in range(len(free), -1, -1):
        for chosen in combinations(free, size):
            yield least | frozenset(chosen)
