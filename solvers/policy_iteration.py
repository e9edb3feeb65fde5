r"""Policy iteration for the least long-run cost per unit of time of an SMDP.

Evaluate: h_i + rho t_i = c_i + sum_j P_ij h_j exactly (:mod:`quakeops.solvers.policy_value`). Improve: in each state take the
action with the least test quantity c - rho t + P h, and keep the old one unless another is better (Howard 1960; Puterman, Markov
Decision Processes, 1994, chapter 11; Tijms 2003, section 7.2).
When no action improves, h_i <= c - rho t + P h for every pair, which weighted with any policy's stationary distribution says that
no policy costs less than rho, whatever its chain.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from ..errors import InputError, SolverError
from .chain import meeting_state, recurrent_classes
from .policy_value import PolicyValue, evaluate
from .smdp import SMDP, Array, Integers
from .value_iteration import ValueIteration, value_iteration

IMPROVES = 1e-12
"""An action replaces the old one when its test quantity is lower by this times the terms it is made of."""

LARGE = 500
"""From this many states on the policy to start from comes from value iteration: a sweep is far cheaper than a factorisation."""


@dataclass(frozen=True, slots=True, eq=False)
class AverageOptimum:
    """An optimal policy.

    Attributes
    ----------
    policy
        (n,) the pair chosen in each state.
    value
        Its exact value: rho, relative values, stationary distribution.
    ties
        (K,) all pairs, the chosen ones included, whose test quantity equals the best of its state within ``tie_tolerance``
        times the sum of the absolute terms |c| + |rho| t + P |h - h_i|. With rho = cost of every policy made of them.
    test
        (M,) test quantity less the state's relative value, c - rho t + P h - h_i: what choosing the pair once adds; 0 where tied.
    iterations
        Policies evaluated.
    meeting_state
        A state that every policy reaches: proof that all policies are unichain. ``None``: only the policies met were checked.
    """

    policy: Integers
    value: PolicyValue
    ties: Integers
    test: Array
    iterations: int
    meeting_state: int | None

    @property
    def rho(self) -> float:
        """Return the least long-run cost per unit of time."""
        return self.value.rho


def policy_iteration(
    smdp: SMDP,
    start: ArrayLike | None = None,
    *,
    tie_tolerance: float = 1e-9,
    max_iterations: int = 1000,
    check_all_policies: bool = True,
) -> AverageOptimum:
    """Find a policy of least cost per unit of time, and every action tied with it.

    ``start`` is (n,) pairs, by default the first action of each state, or with many states :func:`head_start`.
    ``check_all_policies=False`` accepts a model that has multichain policies as long as none is met; the answer is optimal among
    all policies all the same.

    Raises
    ------
    InputError
        A multichain model or policy (two classes are named), or a policy whose cycle takes no time.
    SolverError
        ``max_iterations`` policies were not enough.
    """
    if start is None:
        start = head_start(smdp, tie_tolerance) if smdp.num_states >= LARGE else smdp.first
    policy = np.asarray(start)
    if policy.shape != (smdp.num_states,) or not np.issubdtype(policy.dtype, np.integer):
        raise InputError(f"start: expected {smdp.num_states} pairs, one a state")
    meeting = meeting_state(smdp) if check_all_policies else None
    seen: set[bytes] = set()
    for iteration in range(1, max_iterations + 1):
        value = evaluate(smdp, policy)
        test, scale = reduced_costs(smdp, value)
        better = improve(smdp, policy, test, scale)
        seen.add(policy.tobytes())
        if better.tobytes() in seen:  # no action improves; an earlier policy can come back by rounding alone
            best = np.minimum.reduceat(test, smdp.first)[smdp.state]
            ties = np.flatnonzero(test - best <= tie_tolerance * scale)
            return AverageOptimum(policy, value, np.union1d(ties, policy), test, iteration, meeting)
        policy = better
    raise SolverError(f"policy iteration: {max_iterations} policies were not enough")


def head_start(smdp: SMDP, tie_tolerance: float = 1e-9) -> Integers:
    """(n,) pairs that a thousand sweeps of value iteration prefer; the first action where it is tied with them within the tolerance.

    It is a guess, to be evaluated: the first actions where states of zero sojourn form a cycle, or where the guess is multichain.
    """
    try:
        swept = value_iteration(smdp, max_iterations=1000, polish=False)
    except InputError:  # states of zero sojourn that can follow each other for ever, under policies that may never be met
        return smdp.first
    policy = improve(smdp, smdp.first, *reduced_costs(smdp, swept), tolerance=tie_tolerance)
    return policy if len(recurrent_classes(csr_array(smdp.transition[policy]))) == 1 else smdp.first


def reduced_costs(smdp: SMDP, value: PolicyValue | ValueIteration) -> tuple[Array, Array]:
    """(M,) c - rho t + P h - h_i of each pair, and the size of its terms, by which tolerances are scaled.

    P h - h_i is summed as P (h - h_i), so that a constant added to h plays no part.
    """
    h, p = value.relative, smdp.transition
    rows = np.repeat(np.arange(smdp.num_pairs), np.diff(p.indptr))
    steps = p.data * (h[p.indices] - h[smdp.state[rows]])
    test = smdp.cost - value.rho * smdp.time + np.bincount(rows, steps, smdp.num_pairs)
    size = np.abs(smdp.cost) + abs(value.rho) * smdp.time + np.bincount(rows, np.abs(steps), smdp.num_pairs)
    return test, np.maximum.reduceat(size, smdp.first)[smdp.state]


def improve(smdp: SMDP, policy: Integers, test: Array, scale: Array, tolerance: float = IMPROVES) -> Integers:
    """(n,) the best pair of each state, the first of equals; the old one where no other is better beyond rounding."""
    best = np.minimum.reduceat(test, smdp.first)
    hits = np.flatnonzero(test == best[smdp.state])
    choice = hits[np.searchsorted(smdp.state[hits], np.arange(smdp.num_states))]
    keep = test[policy] - best <= tolerance * scale[policy]
    return np.where(keep, policy, choice).astype(np.int64)
