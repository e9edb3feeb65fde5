r"""How far an input may move before another policy takes over.

Costs c + s c', times t + s t' (exact). With u, v the cost and time until the root state (:mod:`quakeops.solvers.policy_value`),
both linear in s, C = u_root, T = v_root, a = c + P u - u_i and b = t + P v - v_i (u, v taken as 0 in the root), the test quantity of a
pair is a - (C/T) b. Times T > 0 it is the quadratic

    q(s) = a(s) T(s) - C(s) b(s),

linear when costs or times move alone, and the policy solves the optimality equation exactly where q >= 0 for every pair. The range
is the interval around 0 up to the first root at which some q turns negative.

Transitions P + s P' (numerical): the test quantities are rational in s, of a degree that grows with n; the interval is cut into equal
steps and the first step at whose end the policy fails is bisected. A failure that begins and ends within one step is missed.

"Optimal" means here: no action improves in any state. Where all states are recurrent that is optimality itself; an action in a
transient state can end the range without changing rho.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from ..errors import InputError
from .policy_iteration import IMPROVES, reduced_costs
from .policy_value import Factors, evaluate
from .smdp import SMDP, Array

ZERO = 1e-11
"""A coefficient of q this small against the terms it is summed from counts as zero (a tie)."""


@dataclass(frozen=True, slots=True)
class Range:
    """The policy is optimal for lower <= s <= upper.

    ``below`` and ``above`` are the pairs that take over beyond; ``None`` where the range is infinite, or ends because the model
    does (a negative time or probability, a cycle without time, a second recurrent class).
    """

    lower: float
    upper: float
    below: int | None
    above: int | None


def cost_time_range(smdp: SMDP, policy: ArrayLike, cost: ArrayLike | None = None, time: ArrayLike | None = None) -> Range:
    """Return the range of s in costs c + s ``cost`` and times t + s ``time``, both (M,), in which an optimal policy (n,) stays optimal.

    Raises
    ------
    InputError
        Wrong shapes, or a policy that is not optimal at s = 0 (the pair that improves it is named).
    """
    pairs = np.asarray(policy)
    c1, t1 = (_direction(smdp, name, x) for name, x in (("cost", cost), ("time", time)))
    root = evaluate(smdp, pairs).root
    factors = Factors(csr_array(smdp.transition[pairs]), root)
    data = np.column_stack([smdp.cost, c1, smdp.time, t1])
    until = factors(data[pairs])
    c_0, c_1, t_0, t_1 = until[root]
    until[root] = 0.0
    terms, sizes = _differences(smdp, data, until)
    a_0, a_1, b_0, b_1 = terms.T
    m_0, m_1, k_0, k_1 = sizes.T
    q = np.column_stack([a_0 * t_0 - c_0 * b_0, a_0 * t_1 + a_1 * t_0 - c_0 * b_1 - c_1 * b_0, a_1 * t_1 - c_1 * b_1])
    c_0, c_1, t_0, t_1 = abs(c_0), abs(c_1), abs(t_0), abs(t_1)
    size = np.column_stack([m_0 * t_0 + c_0 * k_0, m_0 * t_1 + m_1 * t_0 + c_0 * k_1 + c_1 * k_0, m_1 * t_1 + c_1 * k_1])
    q[np.abs(q) <= ZERO * size] = 0.0
    q[pairs] = 0.0
    for pair in np.flatnonzero(q[:, 0] < 0)[:1]:
        raise InputError(f"policy: not optimal at s = 0, {smdp.label(pair)} improves it")
    values, slopes = np.append(smdp.time, t_0), np.append(t1, factors(t1[pairs, None])[root, 0])
    ends: list[tuple[float, int | None]] = []
    for sign in (1, -1):
        falls = sign * slopes < 0
        model = float(np.min(values[falls] / np.abs(slopes[falls]), initial=np.inf))
        at, pair = _first_exit(q * [1, sign, 1])
        ends.append((at, pair) if at <= model else (model, None))
    (up, above), (down, below) = ends
    return Range(-down, up, below, above)


def transition_range(smdp: SMDP, policy: ArrayLike, change: csr_array, *, steps: int = 64) -> Range:
    """Return the range of s in P + s ``change`` (M, n), rows of sum 0, around 0 in which an optimal policy (n,) stays optimal.

    Numerical, and blind to failures within one of ``steps`` steps to each end of the model: see the module.

    Raises
    ------
    InputError
        Wrong shape, rows that do not sum to 0, or a policy that is not optimal at s = 0.
    """
    p1 = csr_array(change, dtype=float)
    if p1.shape != smdp.transition.shape:
        raise InputError(f"change: shape {p1.shape}, expected {smdp.transition.shape}")
    for pair in np.flatnonzero(~(np.abs(p1.sum(axis=1)) <= 1e-9))[:1]:
        raise InputError(f"change: {smdp.label(pair)}: the row sums to {p1.sum(axis=1)[pair]:g}, expected 0")
    ok, pair = _optimal_at(smdp, policy, p1, 0.0)
    if not ok:
        raise InputError("policy: not optimal at s = 0" + (f", {smdp.label(pair)} improves it" if pair is not None else ""))
    up, above = _search(smdp, policy, p1, steps)
    down, below = _search(smdp, policy, csr_array(-p1), steps)
    return Range(-down, up, below, above)


def _direction(smdp: SMDP, name: str, given: ArrayLike | None) -> Array:
    out = np.zeros(smdp.num_pairs) if given is None else np.asarray(given, dtype=float)
    if out.shape != (smdp.num_pairs,) or not np.all(np.isfinite(out)):
        raise InputError(f"direction of {name}: expected {smdp.num_pairs} finite numbers, one a pair")
    return out


def _differences(smdp: SMDP, own: Array, until: Array) -> tuple[Array, Array]:
    """(M, k) own + P until - until_i, and the same of absolute terms."""
    p = smdp.transition
    rows = np.repeat(np.arange(smdp.num_pairs), np.diff(p.indptr))
    moves = p.data[:, None] * (until[p.indices] - until[smdp.state[rows]])
    add = csr_array((np.ones(p.nnz), (rows, np.arange(p.nnz))), shape=(smdp.num_pairs, p.nnz))
    return own + add @ moves, np.abs(own) + add @ np.abs(moves)


def _first_exit(q: Array) -> tuple[float, int | None]:
    """Return the least s >= 0 beyond which some q_0 + q_1 s + q_2 s^2 is negative, and its row; (inf, None) if there is none."""
    exits = np.full(len(q), np.inf)
    for k, (constant, slope, bend) in enumerate(q):
        if constant == 0.0:  # a tie: the sign of the first coefficient that is not zero decides at once
            if slope < 0 or (slope == 0 and bend < 0):
                exits[k] = 0.0
            elif bend < 0:
                exits[k] = -slope / bend
        elif bend == 0.0:
            exits[k] = -constant / slope if slope < 0 else np.inf
        elif (inner := slope * slope - 4 * bend * constant) > 0:
            half = -0.5 * (slope + np.copysign(np.sqrt(inner), slope))
            exits[k] = min((r for r in (half / bend, constant / half) if r > 0), default=np.inf)
    first = int(np.argmin(exits))
    return (float(exits[first]), first) if np.isfinite(exits[first]) else (np.inf, None)


def _optimal_at(smdp: SMDP, policy: ArrayLike, change: csr_array, s: float) -> tuple[bool, int | None]:
    """Whether the policy is optimal at s, and else the pair that improves most (``None`` if the model is refused there)."""
    moved = csr_array(smdp.transition + s * change)
    moved.data[np.abs(moved.data) < 1e-15] = 0.0
    try:
        there = replace(smdp, transition=moved)
        test, scale = reduced_costs(there, evaluate(there, policy))
    except InputError:
        return False, None
    worst = int(np.argmin(test / np.where(scale > 0, scale, 1.0)))
    return bool(test[worst] >= -IMPROVES * scale[worst]), worst


def _search(smdp: SMDP, policy: ArrayLike, change: csr_array, steps: int) -> tuple[float, int | None]:
    falling = csr_array(change.minimum(0.0))
    falling.eliminate_zeros()
    if not falling.nnz:
        return np.inf, None
    rows = np.repeat(np.arange(smdp.num_pairs), np.diff(falling.indptr))
    end = float(np.min(smdp.transition[rows, falling.indices] / -falling.data))
    good, bad, taker = 0.0, None, None
    for s in np.linspace(0.0, end, steps + 1)[1:]:
        ok, pair = _optimal_at(smdp, policy, change, float(s))
        if not ok:
            bad, taker = float(s), pair
            break
        good = float(s)
    while bad is not None and bad - good > 1e-12 * max(end, 1e-300) and good < (middle := (good + bad) / 2) < bad:
        ok, pair = _optimal_at(smdp, policy, change, middle)
        good, bad, taker = (middle, bad, taker) if ok else (good, middle, pair)
    return good, taker
