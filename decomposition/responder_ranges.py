r"""How far each input of a responder scenario may move before another policy is optimal.

One input moves and all others stay. For travel and response times, hazards and alpha ranges are those of
:func:`quakeops.solvers.ranges.cost_time_range`, exact. When p_i moves by s, the other starts keep their proportions, p + s e with
e = (unit_i - p) / (1 - p_i). With C = sum_i p_i c_i,d(i), T = sum_i p_i t_i,d(i) and C', T' the same of e, the policy is optimal
while for every (j, b)

    (c_jb - c_j,d(j)) (T + s T') - (t_jb - t_j,d(j)) (C + s C') >= 0,                                                   (R)

linear in s: exact too. "Optimal" is in every state, also where p_j = 0. All this holds for each objective, with its costs and clock
(:mod:`.responder_figures`) for c and t, those of the stable state's pair included in C and T.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..instances.arrays import Array
from ..instances.responder_arrays import ResponderLayout
from ..instances.responder_source import ResponderScenario
from ..solvers.ranges import ZERO, cost_time_range
from ..solvers.smdp import SMDP, Integers
from .responder_chain import slopes
from .responder_figures import OBJECTIVES, directions, minimising

Choice = tuple[str, str]
"""A decision state and the agency sent there."""


@dataclass(frozen=True, slots=True)
class InputRange:
    """The optimal policy stays so while ``input``, now ``value``, is in [lower, upper]; ``upper`` ``None``: however large.

    ``below`` and ``above`` say what is sent where instead beyond; ``None`` where the range ends with the values that are allowed.
    """

    input: str
    value: float
    lower: float
    upper: float | None
    below: Choice | None
    above: Choice | None


def input_ranges(
    scenario: ResponderScenario, layout: ResponderLayout, smdp: SMDP, policy: Integers, objective: str = "rate"
) -> tuple[InputRange, ...]:
    """Return the range of every input in which ``policy``, optimal for the chain ``smdp`` of the scenario, stays optimal.

    Raises
    ------
    InputError
        The policy is not optimal now.
    """
    figure = OBJECTIVES[objective]
    chain = minimising(smdp, figure)
    return (*_linear(scenario, layout, chain, policy, figure), *_starts(scenario, chain, policy))


def choice(smdp: SMDP, pair: int) -> Choice:
    """Return a pair as state and agency."""
    return smdp.states[smdp.state[pair]], smdp.action[pair]


def _linear(scenario: ResponderScenario, layout: ResponderLayout, smdp: SMDP, policy: Integers, figure: str) -> Iterator[InputRange]:
    """Yield the ranges of inputs that times and costs are linear in; none goes below 0."""
    for s in slopes(scenario, layout):
        found = cost_time_range(smdp, policy, *directions(s, figure))
        yield _range(smdp, s.input, s.value, s.most, found.lower, found.upper, found.below, found.above)


def _starts(scenario: ResponderScenario, smdp: SMDP, policy: Integers) -> Iterator[InputRange]:
    """Yield the ranges (R) of the start probabilities; of one that is 1 there is none."""
    own = policy[1:]
    cost, time = smdp.cost[own], smdp.time[own]
    a, b = ((x - x[policy][smdp.state])[1:] for x in (smdp.cost, smdp.time))
    mean_cost, mean_time = float(scenario.start @ cost), float(scenario.start @ time)
    q = _difference(a, b, mean_cost + float(smdp.cost[0]), mean_time + float(smdp.time[0]))
    for i, p in enumerate(scenario.start.tolist()):
        if p < 1:
            slope = _difference(a, b, cost[i] - mean_cost, time[i] - mean_time) / (1 - p)
            (down, below), (up, above) = (_first(q, sign * slope) for sign in (-1, 1))
            yield _range(smdp, f"start[{smdp.states[1 + i]}]", p, 1.0, -down, up, below, above)


def _difference(a: Array, b: Array, cost: float, time: float) -> Array:
    """Return a time - b cost; 0 where that is rounding."""
    q = a * time - b * cost
    return np.where(np.abs(q) <= ZERO * (np.abs(a * time) + np.abs(b * cost)), 0.0, q)


def _first(q: Array, slope: Array) -> tuple[float, int | None]:
    """Return the largest s up to which q + s slope >= 0, and the pair that ends it."""
    falls = np.flatnonzero(slope < 0)
    ends = q[falls] / -slope[falls]
    return (float(ends.min()), 1 + int(falls[ends.argmin()])) if len(falls) else (np.inf, None)


def _range(smdp: SMDP, name: str, value: float, most: float, down: float, up: float, below: int | None, above: int | None) -> InputRange:
    """Return the range of ``value`` + s for s in [down, up], within 0 and ``most``."""
    lower, upper = max(0.0, value + down), min(most, value + up)
    return InputRange(
        input=name,
        value=value,
        lower=lower,
        upper=None if np.isinf(upper) else upper,
        below=None if below is None or value + down < 0 else choice(smdp, below),
        above=None if above is None or value + up > most else choice(smdp, above),
    )
