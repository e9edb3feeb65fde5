"""States that take no time: the order in which their values follow from the others, without a step of their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import block_array, coo_array, csr_array

from ..errors import InputError
from .smdp import SMDP, Array, Integers


@dataclass(frozen=True, slots=True, eq=False)
class Rung:
    """States of zero sojourn whose successors have known values: (k,) states, their pairs' rows, costs and first rows."""

    states: Integers
    rows: csr_array
    cost: Array
    start: Integers


@dataclass(frozen=True, slots=True, eq=False)
class Ladder:
    """All states of zero sojourn, rung by rung."""

    rungs: tuple[Rung, ...]

    def fill(self, h: Array) -> Array:
        """(n,) h with V_j = min over actions of c + P V in the states of zero sojourn."""
        h = h.copy()
        for rung in self.rungs:
            h[rung.states] = np.minimum.reduceat(rung.cost + rung.rows @ h, rung.start)
        return h


def ladder(smdp: SMDP) -> Ladder:
    """Order the states of zero sojourn; each state's actions all take time or all take none (:func:`split_mixed`).

    Raises
    ------
    InputError
        States of zero sojourn that can follow each other for ever; the message names them.
    """
    zero = np.zeros(smdp.num_states, dtype=bool)
    zero[smdp.state[smdp.time == 0]] = True
    rungs: list[Rung] = []
    open_states = zero.copy()
    while open_states.any():
        blocked = np.zeros(smdp.num_states, dtype=bool)
        waits = smdp.transition @ open_states.astype(float) > 0
        blocked[smdp.state[waits]] = True
        states = np.flatnonzero(open_states & ~blocked)
        if not states.size:
            names = ", ".join(smdp.states[i] for i in np.flatnonzero(open_states)[:8])
            raise InputError(f"states of zero sojourn that can follow each other for ever, among: {names}")
        pairs = np.flatnonzero(np.isin(smdp.state, states))
        start = np.searchsorted(smdp.state[pairs], states).astype(np.int64)
        rungs.append(Rung(states, smdp.transition[pairs], smdp.cost[pairs], start))
        open_states[states] = False
    return Ladder(tuple(rungs))


def split_mixed(smdp: SMDP) -> SMDP:
    """Give each action that takes time, in a state where another takes none, a state of its own behind an action that takes none.

    The first n states and M pairs keep their numbers, so a policy of the result starts with the policy of ``smdp``.
    """
    n, m = smdp.num_states, smdp.num_pairs
    some_zero = np.zeros(n, dtype=bool)
    some_zero[smdp.state[smdp.time == 0]] = True
    moved = np.flatnonzero((smdp.time > 0) & some_zero[smdp.state])
    k = len(moved)
    if not k:
        return smdp
    stays = np.ones(m)
    stays[moved] = 0.0
    kept = csr_array(smdp.transition.multiply(stays[:, None]))
    jump = coo_array((np.ones(k), (moved, np.arange(k))), shape=(m, k))
    return SMDP(
        states=(*smdp.states, *(f"{smdp.label(pair)} (under way)" for pair in moved)),
        state=np.concatenate([smdp.state, np.arange(n, n + k)]),
        action=(*smdp.action, *("go on" for _ in moved)),
        time=np.concatenate([smdp.time * stays, smdp.time[moved]]),
        cost=np.concatenate([smdp.cost * stays, smdp.cost[moved]]),
        transition=csr_array(block_array([[kept, jump], [smdp.transition[moved], None]])),
    )
