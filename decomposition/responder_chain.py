r"""The chain of a responder scenario, and how its times and costs move with each input.

The stable state, number 0, has one action and no sojourn: an event leads from it to decision state i with probability p_i. Agency a takes
t_ia hours at hazard c_ia (:mod:`quakeops.instances.responder_arrays`), then all is stable again. Times are linear in travel and response
times; costs are linear in these, in the hazards and in alpha, one at a time. Dominoes are held: that a longer travel would leave more
time for them is not in the data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from ..instances.arrays import Array
from ..instances.incident_sets import STABLE
from ..instances.responder_arrays import ResponderLayout
from ..instances.responder_source import ResponderScenario
from ..solvers.smdp import SMDP

WAIT = "wait"
"""The stable state's only action."""


def smdp_of(scenario: ResponderScenario, layout: ResponderLayout | None = None) -> SMDP:
    """Return the SMDP: pair 0 is the stable state's, pair 1 + i A + a sends agency a to decision state i (state 1 + i).

    States and actions have the names of ``layout``, or without one ``s1, s2, ...`` and ``a0, a1, ...``.
    """
    n, agencies = scenario.time.shape
    states = tuple(f"s{i}" for i in range(1, n + 1)) if layout is None else layout.states
    names = tuple(f"a{a}" for a in range(agencies)) if layout is None else layout.agencies
    pairs = n * agencies
    row = np.concatenate([np.zeros(n, dtype=int), np.arange(1, pairs + 1)])
    column = np.concatenate([np.arange(1, n + 1), np.zeros(pairs, dtype=int)])
    probability = np.concatenate([scenario.start, np.ones(pairs)])
    return SMDP(
        states=(STABLE, *states),
        state=np.concatenate([[0], np.repeat(np.arange(1, n + 1), agencies)]),
        action=(WAIT, *(names * n)),
        time=with_wait(scenario.time),
        cost=with_wait(scenario.cost),
        transition=csr_array((probability, (row, column)), shape=(pairs + 1, n + 1)),
    )


def with_wait(values: Array) -> Array:
    """Return values (I, A) by pair (1 + I A,), 0 for the stable state's."""
    return np.concatenate([[0.0], values.ravel()])


@dataclass(frozen=True, slots=True, eq=False)
class Slope:
    """An input that times and costs are linear in: its ``value``, at most ``most``, and what a unit more adds to them, each (I, A)."""

    input: str
    value: float
    most: float
    time: Array
    cost: Array


def slopes(scenario: ResponderScenario, layout: ResponderLayout) -> Iterator[Slope]:
    """Yield travel times by agency, response times by agency and incident, hazards by incident, and alpha."""
    travel, response = np.zeros_like(scenario.travel), np.zeros_like(scenario.response)
    for a, agency in enumerate(layout.agencies):
        yield _slope(f"travel_time_h[{agency}]", scenario.travel[a], scenario, layout, _one(travel, a), response)
    for a, agency in enumerate(layout.agencies):
        for k, incident in enumerate(layout.incidents):
            name = f"response_times_h[{agency},{incident}]"
            yield _slope(name, scenario.response[a, k], scenario, layout, travel, _one(response, (a, k)))
    still = np.zeros_like(scenario.time)
    for k, incident in enumerate(layout.incidents):
        alone = replace(layout, hazard=_one(np.zeros_like(layout.hazard), k))
        yield Slope(f"hazard[{incident}]", float(layout.hazard[k]), np.inf, still, _costs(scenario, alone))
    late, soon = (_costs(scenario, replace(layout, alpha=alpha)) for alpha in (0.0, 1.0))
    yield Slope("alpha", layout.alpha, 1.0, still, soon - late)


def _slope(name: str, value: float, scenario: ResponderScenario, layout: ResponderLayout, travel: Array, response: Array) -> Slope:
    """Times and costs have no constant part, so those of one hour of one input are its slopes."""
    time, cost = layout.times_and_costs(travel[None], response[None], scenario.domino[None])
    return Slope(name, float(value), np.inf, time[0], cost[0])


def _costs(scenario: ResponderScenario, layout: ResponderLayout) -> Array:
    return np.asarray(layout.times_and_costs(scenario.travel[None], scenario.response[None], scenario.domino[None])[1][0])


def _one(zeros: Array, place: int | tuple[int, int]) -> Array:
    out = zeros.copy()
    out[place] = 1.0
    return out
