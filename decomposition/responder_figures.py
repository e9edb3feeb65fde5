r"""The three figures of a responder policy, each a ratio of totals over the decisions of its chain, and the objectives that minimise them.

With x_m decisions of pair m an hour, of which x_0 are events (pair 0 is the stable state's), hazards c and hours t (0 in pair 0):

    hazard-rate         sum c x / sum t x          objective ``rate``
    hazard-per-event    sum c x / x_0              objective ``event``
    hours-per-event     sum t x / x_0              objective ``restoration``

So each is the long-run cost an hour of the same chain under other costs and another clock, of which events have the one that gives 1 to
pair 0 and no time to a decision: whatever is known of average costs holds for all three.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..errors import InputError, did_you_mean
from ..solvers.smdp import SMDP, Array
from .responder_chain import Slope, with_wait

OBJECTIVES = {"rate": "hazard-rate", "event": "hazard-per-event", "restoration": "hours-per-event"}
"""Objective -> the figure that it minimises."""

FIGURES = tuple(OBJECTIVES.values())


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a policy makes people bear: hazard an hour ``rho``; hazard and hours of restoring of a mean event."""

    rho: float
    hazard_per_event: float
    hours_per_event: float

    def figure(self, name: str) -> float:
        """Return one of :data:`FIGURES`."""
        return dict(zip(FIGURES, (self.rho, self.hazard_per_event, self.hours_per_event), strict=True))[name]


def check_objective(objective: str) -> None:
    """Raise :class:`InputError` for an objective that is not one of :data:`OBJECTIVES`."""
    if objective not in OBJECTIVES:
        raise InputError(f"objective {objective!r}{did_you_mean(objective, list(OBJECTIVES))}: expected {' or '.join(OBJECTIVES)}")


def ratio(smdp: SMDP, figure: str) -> tuple[Array, Array]:
    """Return numerator and denominator of a figure by pair, (M,) each."""
    event = np.zeros(smdp.num_pairs)
    event[0] = 1.0
    return smdp.time if figure == "hours-per-event" else smdp.cost, smdp.time if figure == "hazard-rate" else event


def minimising(smdp: SMDP, figure: str) -> SMDP:
    """Return the chain with the costs and the clock under which ``figure`` is the cost per unit of time."""
    cost, time = ratio(smdp, figure)
    return replace(smdp, cost=cost, time=time)


def directions(slope: Slope, figure: str) -> tuple[Array, Array]:
    """Return how costs and clock of :func:`minimising` move with an input, by pair."""
    cost, time = with_wait(slope.cost), with_wait(slope.time)
    return time if figure == "hours-per-event" else cost, time if figure == "hazard-rate" else np.zeros_like(time)
