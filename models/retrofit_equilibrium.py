r"""Which sets of restored elements meet the limits with traffic: at the user equilibrium of the restored network."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from ..errors import InputError
from ..instances import Retrofit, RoadSource
from ..instances.traffic_roads import States, TrafficRoads
from ..processes import Shared
from ..scenario_gen.traffic import Assignment, user_equilibrium
from .retrofit_rows import Row
from .retrofit_shortest import ShortestTimes

Names = frozenset[str]

EQUILIBRIUM_GAP, REACHED = 1e-11, 1e-9
"""Relative gap that the equilibria aim at, and the largest that will do."""

SLACK = 1e-5
"""Times longer than the limit by this share of it count as in time: more than what such a gap leaves open (measured: 1e-7 leaves 3e-4)."""


class EquilibriumTimes:
    """Travel times at the user equilibrium of the restored network, with all trips of the instance.

    A pair's limit is target (1 + tolerance), and without a target the time at the intact network's equilibrium in its place. States of
    damage that were computed are kept. Scenarios with the same damage share their rows. No time is shorter than that of the empty
    network, ``below``.

    Raises
    ------
    InputError
        Roads without trips; a pair without ends, or late even where everything is restored.
    """

    monotone = False

    def __init__(self, source: RoadSource):
        inst = source.instance
        if not isinstance(source, TrafficRoads):
            raise InputError(
                f"instance {inst.name!r}: requirement 'traffic' needs trips and capacities; grid-town and sioux-falls have them"
            )
        self.source = source
        self._names = [e.name for e in inst.elements]
        self._number = {e: i for i, e in enumerate(self._names)}
        self._ends = _ends_of_pairs(inst)
        self._late: dict[bytes, tuple[int, ...]] = {}
        self._processes: Shared[States, tuple[int, ...]] | None = None
        for pair in self.late_in(np.zeros(len(self._names), dtype=np.int8)):
            name, limit = inst.pairs[pair].name, self.limits[pair]
            what = f"takes longer with traffic than its limit {limit:g} even where everything is repaired"
            raise InputError(f"pairs[{pair}], {name!r}: {what}")

    @cached_property
    def below(self) -> ShortestTimes:
        """The times in the network without traffic."""
        inst, limits = self.source.instance, self.limits * (1 + SLACK)
        networks = [self.source.network_of(states) for states in self.source.states]
        times = np.array([np.where(n.closed, np.inf, n.free_flow_time) for n in networks])
        return ShortestTimes(
            inst, self.source.network.free_flow_time, times, {p.name: float(t) for p, t in zip(inst.pairs, limits, strict=True)}
        )

    @property
    def computed(self) -> int:
        """How many states of damage were computed."""
        return len(self._late)

    def damaged(self, k: int) -> tuple[str, ...]:
        """Return the elements that are not intact in scenario k."""
        return tuple(self._names[e] for e in np.flatnonzero(self.source.states[k]))

    def times(self, k: int, restored: Names) -> np.ndarray:
        """Return the pairs' times (P,) in scenario k with these elements restored; infinite where there is no way."""
        return self._pair_times(self.equilibrium(self._left(k, restored)))

    def late(self, k: int, restored: Names) -> tuple[int, ...]:
        """Return the pairs that take longer than their limits."""
        return self.late_in(self._left(k, restored))

    def all_late(self, k: int, decisions: Sequence[Names]) -> bool:
        """Whether each of these decisions leaves a pair late; computed by several processes, on Linux and without MPI."""
        new = {left.tobytes(): left for left in (self._left(k, z) for z in decisions)}
        new = {key: left for key, left in new.items() if key not in self._late}
        if len(new) > 1:
            if self._processes is None:
                self._processes = Shared(_late_pairs(self))
            self._late.update(zip(new, self._processes.map(list(new.values())), strict=True))
        return all(self.late(k, z) for z in decisions)

    def late_in(self, left: States) -> tuple[int, ...]:
        """Return the pairs that take longer than their limits where the elements (E,) are in these states."""
        key = left.tobytes()
        if key not in self._late:
            self._late[key] = self.compute(left)
        return self._late[key]

    def compute(self, left: States) -> tuple[int, ...]:
        """Return the same, not from what was computed before."""
        return tuple(np.flatnonzero(self._pair_times(self.equilibrium(left)) > self.limits * (1 + SLACK)).tolist())

    def is_late(self, k: int, restored: Names, pair: int) -> bool:
        """Whether any pair is late: all are computed at once."""
        return bool(self.late(k, restored))

    def matter(self, pair: int) -> Names:
        """Return all elements: traffic is one."""
        return frozenset(self._names)

    def alike(self, row: Row, k: int) -> Sequence[int]:
        """Return the scenarios with the same damage."""
        return np.flatnonzero((self.source.states == self.source.states[k]).all(axis=1)).tolist()

    def equilibrium(self, states: np.ndarray) -> Assignment:
        """Return the equilibrium where the elements (E,) are in these states; one that is not reached is an :class:`InputError`."""
        return self._reached(
            user_equilibrium(self.source.network_of(states), self.source.trips, rel_gap=EQUILIBRIUM_GAP, start=self._intact)
        )

    @cached_property
    def _intact(self) -> Assignment:
        return self._reached(user_equilibrium(self.source.network, self.source.trips, rel_gap=EQUILIBRIUM_GAP))

    def _reached(self, found: Assignment) -> Assignment:
        if found.rel_gap > REACHED:
            raise InputError(
                f"{self.source.network.name}: traffic has a relative gap of {found.rel_gap:.3g} ({found.stop}), expected {REACHED:g}"
            )
        return found

    @cached_property
    def limits(self) -> np.ndarray:
        """Limits of the pairs (P,)."""
        intact = self._pair_times(self._intact)
        pairs = self.source.instance.pairs
        return np.array([(t if p.target is None else p.target) * (1 + p.tolerance) for t, p in zip(intact, pairs, strict=True)])

    def _left(self, k: int, restored: Names) -> States:
        """Return the states (E,) that are left of scenario k's damage."""
        left: States = self.source.states[k].copy()
        left[[self._number[e] for e in restored]] = 0
        return left

    def _pair_times(self, found: Assignment) -> np.ndarray:
        times: np.ndarray = found.travel_costs().filled(np.inf)[self._ends[:, 0], self._ends[:, 1]]
        return times


def _late_pairs(times: EquilibriumTimes) -> Callable[[States], tuple[int, ...]]:
    """Return what the processes call; they hold the times, which hold the processes, and a circle would outlive both."""
    held = weakref.ref(times)

    def late(left: States) -> tuple[int, ...]:
        found = held()
        assert found is not None
        return found.compute(left)

    return late


def _ends_of_pairs(inst: Retrofit) -> np.ndarray:
    """Return the places (numbers) where the pairs start and end (P, 2)."""
    place = {p.name: i for i, p in enumerate(inst.places)}
    for i, pair in enumerate(inst.pairs):
        if pair.origin is None or pair.destination is None:
            raise InputError(f"pairs[{i}], {pair.name!r}: travel times with traffic need fields 'origin' and 'destination'")
    return np.array([[place[str(p.origin)], place[str(p.destination)]] for p in inst.pairs])
