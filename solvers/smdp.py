"""A finite semi-Markov decision process (SMDP) as arrays: what policy iteration, value iteration and ranging read.

In state i an action a is chosen; it costs c(i, a) and takes t(i, a) hours on average; then state j follows with probability
P(i, a, j). Wanted is the least long-run cost per hour. A Markov decision process is the case t = 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, diags_array

from ..errors import InputError

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

ROW_SUM = 1e-9
"""How far the probabilities of a row may be from 1 before they are refused; nearer ones are divided by their sum."""


@dataclass(frozen=True, slots=True, eq=False)
class SMDP:
    """n states and M state-action pairs, sorted by state.

    Parameters
    ----------
    states
        (n,) names.
    state
        (M,) the state of each pair, ascending; every state occurs.
    action
        (M,) the action's name; no name twice in one state.
    time
        (M,) expected sojourn >= 0, in any unit.
    cost
        (M,) expected cost of one sojourn, of any sign.
    transition
        (M, n) probabilities of the next state, sparse or dense.

    Raises
    ------
    InputError
        Wrong shapes, a state without action, pairs not sorted by state, an action named twice, a number that is not finite, a
        negative time or probability, a row that does not sum to 1 within 1e-9; the message names state and action.
    """

    states: tuple[str, ...]
    state: Integers
    action: tuple[str, ...]
    time: Array
    cost: Array
    transition: csr_array

    def __post_init__(self) -> None:
        object.__setattr__(self, "states", tuple(map(str, self.states)))
        object.__setattr__(self, "action", tuple(map(str, self.action)))
        object.__setattr__(self, "state", np.asarray(self.state, dtype=np.int64))
        object.__setattr__(self, "time", np.array(self.time, dtype=float))
        object.__setattr__(self, "cost", np.array(self.cost, dtype=float))
        object.__setattr__(self, "transition", csr_array(self.transition, dtype=float, copy=True))
        self._check_pairs()
        self._check_numbers()
        sums = self.transition.sum(axis=1)
        for pair in np.flatnonzero(np.abs(sums - 1.0) > ROW_SUM)[:1]:
            raise InputError(f"{self.label(pair)}: probabilities sum to {sums[pair]:.12g}, expected 1")
        scaled = csr_array(diags_array(1.0 / sums) @ self.transition)
        scaled.sum_duplicates()
        scaled.eliminate_zeros()
        object.__setattr__(self, "transition", scaled)

    @property
    def num_states(self) -> int:
        """Return n."""
        return len(self.states)

    @property
    def num_pairs(self) -> int:
        """Return M."""
        return len(self.action)

    @property
    def first(self) -> Integers:
        """(n,) the first pair of each state."""
        return np.searchsorted(self.state, np.arange(self.num_states)).astype(np.int64)

    def label(self, pair: Any) -> str:
        """Name a pair for a message."""
        return f"state {self.states[self.state[pair]]}, action {self.action[pair]}"

    def policy(self, actions: Sequence[str]) -> Integers:
        """Return the pairs (n,) of a policy that gives one action's name for each state.

        Raises
        ------
        InputError
            Another number of actions than states, or an action that its state does not have.
        """
        if len(actions) != self.num_states:
            raise InputError(f"policy: {len(actions)} actions, expected one for each of {self.num_states} states")
        pairs = {(int(i), a): pair for pair, (i, a) in enumerate(zip(self.state, self.action, strict=True))}
        for i, a in enumerate(actions):
            if (i, str(a)) not in pairs:
                raise InputError(f"policy: state {self.states[i]} has no action {a}")
        return np.array([pairs[i, str(a)] for i, a in enumerate(actions)], dtype=np.int64)

    def actions(self, policy: ArrayLike) -> tuple[str, ...]:
        """Return the actions' names (n,) of a policy given as pairs."""
        return tuple(self.action[pair] for pair in np.asarray(policy))

    def _check_pairs(self) -> None:
        n, m = self.num_states, self.num_pairs
        shapes = {"state": self.state.shape, "time": self.time.shape, "cost": self.cost.shape}
        for name, shape in shapes.items():
            if shape != (m,):
                raise InputError(f"SMDP: {name} has shape {shape}, expected {(m,)}, one entry an action")
        if self.transition.shape != (m, n):
            raise InputError(f"SMDP: transition has shape {self.transition.shape}, expected {(m, n)}")
        if len(set(self.states)) < n:
            raise InputError("SMDP: two states have the same name")
        if np.any((self.state < 0) | (self.state >= n)):
            raise InputError(f"SMDP: state numbers must lie in 0..{n - 1}")
        for i in np.flatnonzero(np.bincount(self.state, minlength=n) == 0)[:1]:
            raise InputError(f"state {self.states[i]}: no action")
        if np.any(np.diff(self.state) < 0):
            raise InputError("SMDP: the pairs must be sorted by state")
        seen: set[tuple[int, str]] = set()
        for pair, key in enumerate(zip(self.state.tolist(), self.action, strict=True)):
            if key in seen:
                raise InputError(f"{self.label(pair)}: named twice")
            seen.add(key)

    def _check_numbers(self) -> None:
        p = self.transition
        rows = np.repeat(np.arange(self.num_pairs), np.diff(p.indptr))
        for what, values, pairs in (
            ("time", self.time, np.arange(self.num_pairs)),
            ("cost", self.cost, np.arange(self.num_pairs)),
            ("probability", p.data, rows),
        ):
            for k in np.flatnonzero(~np.isfinite(values))[:1]:
                raise InputError(f"{self.label(pairs[k])}: {what} {values[k]} is not finite")
            if what != "cost":
                for k in np.flatnonzero(values < 0)[:1]:
                    raise InputError(f"{self.label(pairs[k])}: {what} {values[k]:g} is negative")
