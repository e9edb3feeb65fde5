"""The Markov chain of a policy: its matrix, its recurrent classes, and whether there is one class only (unichain)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from ..errors import InputError
from .smdp import SMDP, Integers


def weights(smdp: SMDP, policy: ArrayLike) -> csr_array:
    """(n, M) probability of each pair in each state.

    ``policy`` is (n,) integers, the pair chosen in each state, or (M,) floats, the probability of each pair in its state.

    Raises
    ------
    InputError
        Wrong shape, a pair of another state, a negative probability, or probabilities that do not sum to 1 (1e-9).
    """
    n, m = smdp.num_states, smdp.num_pairs
    given = np.asarray(policy)
    if np.issubdtype(given.dtype, np.integer):
        if given.shape != (n,):
            raise InputError(f"policy: shape {given.shape}, expected {(n,)} pairs or {(m,)} probabilities")
        for i in range(n):
            if not 0 <= given[i] < m or smdp.state[given[i]] != i:
                raise InputError(f"policy: pair {given[i]} is no action of state {smdp.states[i]}")
        return csr_array((np.ones(n), (np.arange(n), given)), shape=(n, m))
    if given.shape != (m,):
        raise InputError(f"policy: shape {given.shape}, expected {(n,)} integer pairs or {(m,)} probabilities")
    for pair in np.flatnonzero(~(given >= 0))[:1]:
        raise InputError(f"policy: {smdp.label(pair)}: probability {given[pair]} must be >= 0")
    sums = np.bincount(smdp.state, given, n)
    for i in np.flatnonzero(~(np.abs(sums - 1) <= 1e-9))[:1]:
        raise InputError(f"policy: state {smdp.states[i]}: probabilities sum to {sums[i]:.12g}, expected 1")
    out = csr_array((given / sums[smdp.state], (smdp.state, np.arange(m))), shape=(n, m))
    out.eliminate_zeros()
    return out


def recurrent_classes(matrix: csr_array) -> list[Integers]:
    """Return the recurrent classes of a stochastic matrix (n, n): its strong components that no transition leaves."""
    count, label = connected_components(matrix, directed=True, connection="strong")
    rows, columns = matrix.nonzero()
    closed = np.ones(count, dtype=bool)
    closed[label[rows[label[rows] != label[columns]]]] = False
    return [np.flatnonzero(label == k).astype(np.int64) for k in np.flatnonzero(closed)]


def check_unichain(smdp: SMDP, policy: ArrayLike) -> Integers:
    """Return the states of the one recurrent class of a policy.

    Raises
    ------
    InputError
        The policy is multichain: the message names two of its classes by their states.
    """
    classes = recurrent_classes(csr_array(weights(smdp, policy) @ smdp.transition))
    if len(classes) > 1:
        raise multichain(smdp, classes[0], classes[1])
    return classes[0]


def multichain(smdp: SMDP, one: Integers, other: Integers) -> InputError:
    """Return the error that names two recurrent classes."""

    def names(states: Integers) -> str:
        return "{" + ", ".join(smdp.states[i] for i in states[:8]) + (", ..." if len(states) > 8 else "") + "}"

    first, second = sorted((one, other), key=lambda states: int(states[0]))
    return InputError(f"multichain: under some policy the states {names(first)} and {names(second)} are never left; expected one class")


def meeting_state(smdp: SMDP) -> int | None:
    """Return a state that every policy reaches from every state, a proof that all policies are unichain; ``None`` if undecided.

    The states that surely reach s: s itself, then each state *all* of whose actions lead into the set with positive probability.
    If that is every state, s lies in the one recurrent class of every policy. Otherwise the rest has actions that keep the
    chain in it; their recurrent class C does not hold s, so the next candidate is sought in C too. Two such classes without a
    common state make one multichain policy. Deciding every case is NP-hard (Tsitsiklis, Operations Research Letters 35, 2007).

    One chain may stay away from many candidates at once, and is asked to: from twice as many as last time, or half where it cannot.

    Raises
    ------
    InputError
        Some policy is multichain; two classes are named.
    """
    found: list[Integers] = []
    candidates = np.arange(smdp.num_states)
    policy: Integers | None = smdp.first
    many = 1
    while policy is not None:
        classes = recurrent_classes(csr_array(smdp.transition[policy]))
        left = np.intersect1d(candidates, classes[0])
        others = found if not left.size else []  # each class found holds all candidates
        for one in (*others, *classes[1:]):
            if not np.intersect1d(one, classes[0]).size:
                raise multichain(smdp, one, classes[0])
        if not left.size:
            return None
        found.append(classes[0])
        candidates = left
        many = min(many, len(candidates))
        policy = _escape(smdp, candidates[:many])
        while policy is None and many > 1:
            many //= 2
            policy = _escape(smdp, candidates[:many])
        many *= 2
    return int(candidates[0])


def _escape(smdp: SMDP, targets: Integers) -> Integers | None:
    """(n,) pairs of a policy that stays away from all targets for ever from some state; ``None`` if every policy reaches one."""
    back = csr_array(smdp.transition.T)
    open_pairs = np.bincount(smdp.state, minlength=smdp.num_states)  # actions of each state not yet seen to lead into the set
    leads = np.zeros(smdp.num_pairs, dtype=bool)
    inside = np.zeros(smdp.num_states, dtype=bool)
    inside[targets] = True
    stack = targets.tolist()
    while stack:
        j = stack.pop()
        pairs = back.indices[back.indptr[j] : back.indptr[j + 1]]
        pairs = pairs[~leads[pairs]]
        leads[pairs] = True
        np.subtract.at(open_pairs, smdp.state[pairs], 1)
        new = np.unique(smdp.state[pairs])
        new = new[(open_pairs[new] == 0) & ~inside[new]]
        inside[new] = True
        stack.extend(new.tolist())
    if inside.all():
        return None
    policy = smdp.first.copy()
    staying = np.flatnonzero(~leads & ~inside[smdp.state])[::-1]  # backwards: the first such action of a state is written last
    policy[smdp.state[staying]] = staying
    return policy
