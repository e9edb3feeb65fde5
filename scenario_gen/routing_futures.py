r"""Scenarios drawn around a routing instance, as its field ``uncertainty`` says.

In scenario k, from (seed, k) alone, roads are damaged by an earthquake (:mod:`.routing_roads`), given that one happens, and

    casualties of site i = min(nint(q_i exp(sigma Z_i - sigma^2 / 2)), capacity of a vehicle),   Z_i ~ N(0, 1),          (1)

where sigma > 0, without that limit where casualties may be left behind (``left_penalty``). Each scenario has probability 1 / S. Without a
seed, one scenario is not drawn: it is the instance's own numbers.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ..errors import InputError
from ..instances import FixedRouting, Routing, RoutingBlock, RoutingScenario, RoutingSource
from ..instances.arrays import Array
from ..instances.routing_arrays import casualties, check_reachable, damaged_times, direct_times, intact_times
from ..instances.routing_parts import RoutingUncertainty
from .drawn import Drawn
from .routing_roads import RoadQuakes
from .streams import Stream, generator


class DrawnRouting(Drawn):
    """``num_scenarios`` draws around an instance, each with probability 1 / num_scenarios.

    Raises
    ------
    InputError
        No scenario, a negative seed; when the first one is drawn, an unknown region, or an instance without coordinates.
    """

    def __init__(self, instance: Routing, num_scenarios: int, seed: int):
        super().__init__(num_scenarios, seed)
        self.instance, self._known = instance, instance.uncertainty or RoutingUncertainty()
        self._direct, self._casualties = direct_times(instance), casualties(instance)
        check_reachable(self._direct, instance.nodes, f"instance {instance.name!r}")

    @cached_property
    def quakes(self) -> RoadQuakes | None:
        """What damages the roads, made when first asked for: a region takes a second or two."""
        known = self._known
        return None if known.region is None else RoadQuakes(self.instance, known.region, seed=self.seed, magnitude=known.magnitude)

    @property
    def demand_varies(self) -> bool:
        """Whether casualties are drawn."""
        return self._known.casualty_sigma > 0

    def of(self, instance: Routing) -> DrawnRouting:
        """Return the same draws of an instance with the same places and casualties."""
        return DrawnRouting(instance, self._num, self.seed)

    def scenario(self, k: int) -> RoutingScenario:
        """Draw scenario ``k``; the same for every number of scenarios, rank and order of calls."""
        return self.block(k, k + 1).scenario(0)

    def block(self, start: int, stop: int) -> RoutingBlock:
        """Draw scenarios ``start, ..., stop - 1``."""
        numbers = range(start, max(stop, start))
        time, labels = np.tile(intact_times(self.instance), (len(numbers), 1, 1)), [f"draw {k}" for k in numbers]
        if self.quakes is not None and len(numbers):
            states, magnitudes = self.quakes.block(start, stop)
            labels = [f"M {m:.2f}" for m in magnitudes.tolist()]
            for b, factor in enumerate(self.quakes.factors(states)):
                time[b] = damaged_times(self._direct, factor)
        demand = np.array([self._demand(k) for k in numbers]).reshape(len(numbers), len(self._casualties))
        return RoutingBlock(tuple(f"scen{k}" for k in numbers), tuple(labels), np.full(len(numbers), 1 / self._num), time, demand)

    def _demand(self, k: int) -> Array:
        sigma = self._known.casualty_sigma
        if not sigma:
            return self._casualties.copy()
        factor = np.exp(sigma * generator(self.seed, k, Stream.CASUALTIES).standard_normal(len(self._casualties)) - sigma**2 / 2)
        most = self.instance.capacity if self.instance.left_penalty is None else np.inf
        return np.minimum(np.rint(self._casualties * factor), most)


def routing_futures(instance: Routing, num_scenarios: int | None, seed: int | None) -> RoutingSource:
    """Return the source of an instance without written scenarios: its own numbers, or draws where a number or a seed is given.

    A seed without a number draws 100 scenarios.

    Raises
    ------
    InputError
        Several scenarios, or a seed, of an instance without ``uncertainty``.
    """
    if seed is None and num_scenarios in (None, 1):
        return FixedRouting.nominal(instance)
    if instance.uncertainty is None:
        asked = f"--seed {seed}" if seed is not None else f"--scenarios {num_scenarios}"
        raise InputError(f"{asked}: instance {instance.name!r} has no field 'uncertainty' to draw from; it has one scenario, its own")
    drawn = DrawnRouting(instance, 100 if num_scenarios is None else num_scenarios, 0 if seed is None else seed)
    drawn.block(0, 1)  # refuses an unknown region now
    return drawn
