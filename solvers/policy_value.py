r"""The exact value of one policy: its cost per hour, relative values and stationary distribution, from one sparse factorisation.

Renewal-reward: take a recurrent state r and let u_i, v_i be the expected cost and time from i until r is next entered,

    u = c + P' u,   v = t + P' v,   P' = P without the column of r.

A cycle from r to r costs u_r and takes v_r, hence rho = u_r / v_r, and h = u - rho v less its value in r solves
h_i + rho t_i = c_i + sum_j P_ij h_j (Tijms, A First Course in Stochastic Models, 2003, sections 6.3 and 7.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csc_array, csr_array, eye_array
from scipy.sparse.linalg import splu

from ..errors import InputError, SolverError
from .chain import multichain, recurrent_classes, weights
from .smdp import SMDP, Array


@dataclass(frozen=True, slots=True, eq=False)
class PolicyValue:
    """What a policy is worth.

    Attributes
    ----------
    rho
        Long-run cost per unit of time, the same from every state.
    relative
        (n,) relative values h, 0 in state 0: how much dearer it is to start in i than in state 0.
    stationary
        (n,) long-run share of the decisions taken in each state; 0 in transient states.
    occupation
        (M,) decisions of each pair per unit of time: the x of the linear program; sum t x = 1, sum c x = rho.
    cycle_cost, cycle_time
        Expected cost and time between two entries of the state ``root``.
    root
        A recurrent state.
    time_to_root
        (n,) expected time until ``root`` is next entered (from ``root``: ``cycle_time``).
    """

    rho: float
    relative: Array
    stationary: Array
    occupation: Array
    cycle_cost: float
    cycle_time: float
    root: int
    time_to_root: Array


def evaluate(smdp: SMDP, policy: ArrayLike, root: int | None = None) -> PolicyValue:
    """Evaluate a policy exactly: (n,) integers, a pair for each state, or (M,) floats, the probability of each pair.

    ``root`` is a recurrent state; by default the one entered from most states, which keeps the factors sparse.

    Raises
    ------
    InputError
        A malformed policy, a multichain one (two classes are named), one whose cycle takes no time, or a root not recurrent.
    SolverError
        A state is left with a probability that rounding takes for 0.
    """
    choice = weights(smdp, policy)
    matrix, cost, time = csr_array(choice @ smdp.transition), choice @ smdp.cost, choice @ smdp.time
    classes = recurrent_classes(matrix)
    if len(classes) > 1:
        raise multichain(smdp, classes[0], classes[1])
    recurrent = classes[0]
    if root is None:
        root = int(recurrent[np.argmax(np.bincount(matrix.indices, minlength=smdp.num_states)[recurrent])])
    elif root not in recurrent:
        raise InputError(f"root: state {smdp.states[root]} is transient under this policy")
    if not time[recurrent].any():
        raise InputError(f"policy: its cycle through state {smdp.states[root]} takes no time, so it has no cost per unit of time")
    solve = Factors(matrix, root)
    to_root = solve(np.column_stack([cost, time]))
    cycle_cost, cycle_time = (float(x) for x in to_root[root])
    rho = cycle_cost / cycle_time
    h = to_root[:, 0] - rho * to_root[:, 1]
    h[root] = 0.0
    visits = solve.visits()
    visits[np.setdiff1d(np.arange(smdp.num_states), recurrent)] = 0.0
    return PolicyValue(
        rho=rho,
        relative=h - h[0],
        stationary=visits / visits.sum(),
        occupation=choice.T @ visits / cycle_time,
        cycle_cost=cycle_cost,
        cycle_time=cycle_time,
        root=root,
        time_to_root=to_root[:, 1],
    )


class Factors:
    """LU of I - P over the states other than the root: a nonsingular M-matrix for a unichain policy.

    Such a matrix with diagonally dominant rows is stable to eliminate down its diagonal, in any symmetric order, so the order may be the
    one of least degree in A + A': on random successors it leaves about half the work of COLAMD's.
    """

    def __init__(self, matrix: csr_array, root: int) -> None:
        self.matrix, self.root = matrix, root
        self.rest = np.delete(np.arange(matrix.shape[0]), root)
        self.system = csc_array(eye_array(len(self.rest)) - matrix[self.rest][:, self.rest])
        try:
            self.lu: Any = splu(self.system, "MMD_AT_PLUS_A", 0.0, options={"SymmetricMode": True}) if len(self.rest) else None
        except RuntimeError as e:
            raise SolverError(f"policy evaluation: I - P is singular in floating point (a state left with probability ~1e-16?): {e}") from e

    def __call__(self, own: Array) -> Array:
        """(n, k) solutions of x = own + P' x, with one step of iterative refinement."""
        out = np.zeros_like(own)
        if self.lu is not None:
            b = own[self.rest]
            x = self.lu.solve(b)
            out[self.rest] = x + self.lu.solve(b - self.system @ x)
        out[self.root] = own[self.root] + (self.matrix[[self.root]] @ out)[0]
        return out

    def visits(self) -> Array:
        """(n,) expected visits to each state between two visits of the root (1 there): pi up to a factor."""
        out = np.ones(self.matrix.shape[0])
        if self.lu is not None:
            b = self.matrix[[self.root]].toarray()[0][self.rest]
            x = self.lu.solve(b, "T")
            out[self.rest] = x + self.lu.solve(b - self.system.T @ x, "T")
        return np.maximum(out, 0.0)
