r"""Relative value iteration for an SMDP, with bounds on the least cost per unit of time that close at every step.

1. *States of zero sojourn* take no step of their own: V_j = min over their actions of c + P V, in an order in which every
   successor is known (their transitions substituted into those that lead to them). A cycle of them is an error. In a state
   with both kinds of action, each that takes time becomes a state of its own behind it.
2. *Schweitzer's transformation* of the others: cost c/t an hour, transitions I + (eta/t)(P - I) with 0 < eta < min t/(1 - P_ii):
   a chain with a step of eta hours, the same rho and h, and no period (Schweitzer 1971; Tijms 2003, section 7.1).
3. h <- T h. With D = (T h - h)/eta, min D <= rho <= max D: for every policy the chain's average of T h - h is at most its
   cost, and for the minimising policy it is its cost (Odoni 1969; Tijms 2003, section 6.6). Proved but for rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from .policy_value import evaluate
from .smdp import SMDP, Array, Integers
from .zero_sojourn import Ladder, ladder, split_mixed


@dataclass(frozen=True, slots=True, eq=False)
class ValueIteration:
    """Outcome of value iteration.

    Attributes
    ----------
    rho, lower, upper
        The least cost per unit of time lies in [lower, upper]; rho is the middle.
    policy
        (n,) pairs that minimise in the last step; their cost per unit of time is at most ``upper``.
    relative
        (n,) relative values of all states, 0 in state 0.
    iterations
        Steps taken.
    converged
        Whether upper - lower <= ``tolerance`` max(|lower|, |upper|).
    polished
        Whether the last step started from the exact relative values of the policy found (a linear solve), because
        ``max_iterations`` steps did not bring the bounds together. The bounds hold either way.
    """

    rho: float
    lower: float
    upper: float
    policy: Integers
    relative: Array
    iterations: int
    converged: bool
    polished: bool


def value_iteration(
    smdp: SMDP, *, tolerance: float = 1e-11, max_iterations: int = 10_000, damping: float = 0.9, polish: bool = True
) -> ValueIteration:
    """Iterate until the bounds on the least cost per unit of time differ by ``tolerance`` relatively.

    ``damping`` in (0, 1) is eta over its upper limit. If the bounds are still apart after ``max_iterations`` steps and
    ``polish``, the policy found is evaluated exactly and one more step is taken from its relative values.

    Raises
    ------
    InputError
        ``damping`` or ``max_iterations`` out of range, a cycle of states of zero sojourn, or, when polishing, a multichain policy.
    """
    if not 0 < damping < 1:
        raise InputError(f"damping: {damping}, expected a number between 0 and 1")
    if max_iterations < 1:
        raise InputError(f"max_iterations: {max_iterations}, expected at least 1")
    operator = _Operator(smdp, damping)
    h = np.zeros(operator.smdp.num_states)
    iterations = 0
    for _ in range(max_iterations):
        iterations += 1
        lower, upper, h = operator.step(h)
        converged = upper - lower <= tolerance * max(abs(lower), abs(upper))
        if converged:
            break
    polished = polish and not converged
    if polished:
        h = evaluate(operator.smdp, operator.policy(h)).relative
        lower, upper, h = operator.step(h)
        iterations += 1
        converged = upper - lower <= tolerance * max(abs(lower), abs(upper))
    policy = operator.policy(h)[: smdp.num_states]
    h = operator.ladder.fill(h)
    relative = h[: smdp.num_states] - h[0]
    return ValueIteration((lower + upper) / 2, lower, upper, policy, relative, iterations, bool(converged), polished)


class _Operator:
    """The transformed operator T on the values of all states; those of zero sojourn are filled in first."""

    def __init__(self, smdp: SMDP, damping: float) -> None:
        self.smdp = split_mixed(smdp)
        self.ladder: Ladder = ladder(self.smdp)
        full = self.smdp
        own = full.transition[np.arange(full.num_pairs), full.state]
        timed = np.flatnonzero(full.time > 0)
        leaving = 1.0 - own[timed]
        limit = full.time[timed][leaving > 0] / leaving[leaving > 0]
        self.eta = damping * float(limit.min() if limit.size else full.time[timed].min())
        self.states = np.unique(full.state[timed])
        self.start = np.searchsorted(full.state[timed], self.states)
        self.of = np.repeat(np.arange(len(self.states)), np.diff(np.append(self.start, len(timed))))
        self.timed, self.rows = timed, full.transition[timed]
        self.cost, self.time = full.cost[timed], full.time[timed]

    def rates(self, h: Array) -> Array:
        """(T,) (c + P h - h_i)/t of each pair that takes time."""
        rates: Array = (self.cost + self.rows @ h - h[self.states][self.of]) / self.time
        return rates

    def step(self, h: Array) -> tuple[float, float, Array]:
        """Return bounds on rho and the next values, less their change in the first state."""
        h = self.ladder.fill(h)
        change = np.minimum.reduceat(self.rates(h), self.start)
        out = h.copy()
        out[self.states] += self.eta * (change - change[0])
        return float(change.min()), float(change.max()), out

    def policy(self, h: Array) -> Integers:
        """(n,) the minimising pair of each state, the first of equals."""
        full, h = self.smdp, self.ladder.fill(h)
        test = full.cost + full.transition @ h - h[full.state]
        test[self.timed] = self.rates(h)
        best = np.minimum.reduceat(test, full.first)
        hits = np.flatnonzero(test == best[full.state])
        return hits[np.searchsorted(full.state[hits], np.arange(full.num_states))]
