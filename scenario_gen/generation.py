"""Scenario sets of a region, streamed: blocks of scenarios over threads, sites never kept beyond a scenario.

For each scenario: an event on a fault, the shaking of all sites, damage of buildings and components, the cascade over the dependency
graph, and what is left by zone, road, bridge and hospital. Scenario k depends on (seed, k) alone: any block, thread or number of scenarios
gives the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, did_you_mean
from ..processes import most_threads
from .cascade import sample_function
from .damage import BRIDGE_CAPACITY, USABLE_BEDS, DamageModel
from .dependency_graph import DependencyGraph
from .events import EventModel
from .exposure import KINDS, TIMES, Exposure
from .importance import EventProposal
from .needs import demand
from .shaking import Shaking

BLOCK = 64
"""Scenarios of a block; no number depends on it."""

Arrays = dict[str, NDArray[Any]]


class ScenarioGenerator:
    """Generates scenarios of a region.

    Parameters
    ----------
    exposure
        The region.
    seed
        Not negative; scenario k depends on it and on k alone.
    time_of_day
        Where people are: ``"night"``, ``"day"`` or ``"commute"``.
    fault, magnitude, proposal
        As in :class:`.events.EventModel`.
    aftershocks
        Add the damage of aftershocks within 72 h.

    Raises
    ------
    InputError
        A value out of range or an unknown name.
    """

    def __init__(
        self,
        exposure: Exposure,
        *,
        seed: int,
        time_of_day: str = "night",
        fault: str | None = None,
        magnitude: float | None = None,
        proposal: EventProposal | None = None,
        aftershocks: bool = False,
    ):
        if seed < 0:
            raise InputError(f"--seed {seed}: must not be negative")
        if time_of_day not in TIMES:
            raise InputError(f"unknown time of day {time_of_day!r}{did_you_mean(time_of_day, list(TIMES))}; known: {', '.join(TIMES)}")
        self.exposure, self.seed = exposure, seed
        self.events = EventModel(exposure, fault=fault, magnitude=magnitude, proposal=proposal)
        self.shaking = Shaking(exposure, self.events, seed=seed, aftershocks=aftershocks)
        self.damage = DamageModel(exposure, self.shaking, time_of_day)
        parts = exposure.infrastructure
        kinds = [KINDS[i] for i in parts.kind.tolist()]
        self.graph = DependencyGraph.from_arrays(parts.names, parts.source, parts.target, parts.weight, kind=kinds)
        self._commodities = [c.name for c in exposure.relief.commodities]
        demand(self._commodities, np.zeros(1), np.zeros(1), np.zeros((1, 4)))  # refuses unknown goods now

    def generate(
        self, count: int, *, start: int = 0, threads: int | None = None, progress: Callable[[int, int], None] | None = None
    ) -> Arrays:
        """Return scenarios ``start, ..., start + count - 1`` as arrays named as in :data:`.scenario_set.VARIABLES`, and ``log_weight``."""
        if count < 1:
            raise InputError(f"--scenarios {count}: must be at least 1")
        out: Arrays = {}
        done = 0
        for block in self.blocks(count, start=start, threads=threads):
            size = len(block["number"])
            for name, values in block.items():
                if name not in out:
                    out[name] = np.empty((count, *values.shape[1:]), dtype=values.dtype)
                out[name][done : done + size] = values
            done += size
            if progress is not None:
                progress(done, count)
        return out

    def blocks(self, count: int, *, start: int = 0, threads: int | None = None) -> Iterator[Arrays]:
        """Yield the same, block by block in order, a few blocks ahead at work."""
        stop = start + count
        cuts = [start, *range((start // BLOCK + 1) * BLOCK, stop, BLOCK), stop]
        spans = list(pairwise(cuts))
        workers = threads or most_threads()
        if workers == 1:
            yield from (self.block(*span) for span in spans)
            return
        with ThreadPoolExecutor(workers) as pool:
            waiting = [pool.submit(self.block, *span) for span in spans[: 2 * workers]]
            for place in range(len(spans)):
                yield waiting.pop(0).result()
                if place + 2 * workers < len(spans):
                    waiting.append(pool.submit(self.block, *spans[place + 2 * workers]))

    def block(self, start: int, stop: int) -> Arrays:
        """Return scenarios ``start, ..., stop - 1``."""
        found: dict[str, list[Any]] = {}
        failed, states = [], []
        for pair in range(start // 2, (stop + 1) // 2):
            first = max(2 * pair, start)
            for k, shaken in enumerate(self.shaking.block(first, min(2 * pair + 2, stop)), first):
                damage = self.damage.of(k, shaken)
                row = {
                    "number": k,
                    "magnitude": shaken.event.rupture.magnitude,
                    "fault": shaken.event.fault,
                    "eta": shaken.event.eta,
                    "aftershocks": shaken.aftershocks,
                    "log_weight": shaken.event.log_weight,
                    "pga": damage.pga,
                    "buildings": damage.buildings,
                    "loss": damage.loss,
                    "casualties": damage.casualties,
                    "displaced": damage.displaced,
                    "depot_usable": damage.depot_usable,
                    "bridge_state": damage.bridge_state,
                }
                for name, value in row.items():
                    found.setdefault(name, []).append(value)
                failed.append(damage.failed)
                states.append(damage.component_state)
        out = {name: np.array(values) for name, values in found.items()}
        lost = sample_function(self.graph, np.array(failed), seed=self.seed, first_scenario=start, threads=1)
        out |= self._services(lost) | self._roads(out["bridge_state"]) | self._hospitals(np.array(states), lost)
        at_home = np.maximum(self.exposure.zones.population - out["displaced"], 0)
        out["demand"] = demand(self._commodities, out["displaced"], at_home * out["water_lost"], out["casualties"])
        return out

    def _services(self, lost: NDArray[np.bool_]) -> Arrays:
        """Share of each zone's power, water and communications (by people served) that is without function; 0 where nothing serves it."""
        parts, zones = self.exposure.infrastructure, len(self.exposure.zones)
        out: Arrays = {}
        for kind in ("power", "water", "communications"):
            here = parts.of(kind)
            zone, served = parts.zone[here], parts.capacity[here]
            whole = np.bincount(zone, served, zones)
            without = np.array([np.bincount(zone, served * row, zones) for row in lost[:, here]])
            out[f"{kind}_lost"] = np.minimum(without / np.where(whole > 0, whole, 1), 1.0)
        return out

    def _roads(self, states: NDArray[np.int8]) -> Arrays:
        """Capacity and time factors of the roads: the worst bridge decides, and the speed falls as the capacity does."""
        road = self.exposure.infrastructure.road[self.shaking.bridges]
        factor = np.ones((len(states), len(self.exposure.relief.links)))
        for number, row in enumerate(BRIDGE_CAPACITY[states]):
            np.minimum.at(factor[number], road, row)
        with np.errstate(divide="ignore"):
            return {"link_capacity_factor": factor, "link_time_factor": 1 / factor}

    def _hospitals(self, states: NDArray[np.int8], lost: NDArray[np.bool_]) -> Arrays:
        """Beds that can be used: by the hospital's own damage, none where function is lost."""
        here = self.exposure.infrastructure.of("hospital")
        beds = self.exposure.infrastructure.capacity[here] * USABLE_BEDS[states[:, here]]
        return {"hospital_beds": np.where(lost[:, here], 0.0, beds)}
