r"""The Newton step of path flows, all pairs of zones at once.

For free paths p with flows h_p, links a_p and reference path r(p), cost difference e and slopes S = diag(g'(v)) of the links,

    D = rows a_p - a_r(p)                                                                                         (1)
    (D S D' + diag(m)) d = -e,    m_p = k |e_p| / trips of p's pair                                               (2)

m makes (2) solvable, since path flows are not unique, and with damping k lets no path gain more than 1 / k of the pair's trips, however
flat the costs are here; as e goes to 0 it vanishes and the step becomes Newton's. Paths that their own second derivative alone would
empty, and those that (2) would make negative, are emptied (d_p = -h_p), and (2) is solved again for the others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.linalg import LinearOperator, cg

Array = NDArray[np.float64]

ROUNDS = 4
"""Times that (2) is solved: each after more paths are emptied."""
ACCURACY = 1e-2
MOST_PRODUCTS = 200


class System:
    """Equations (1)-(2): ``difference`` is D (P, L), ``slope`` g' (L,); ``e``, ``flow`` and ``trips`` (P,); ``damping`` is k."""

    def __init__(self, difference: csr_array, slope: Array, e: Array, flow: Array, trips: Array, damping: float) -> None:
        self.difference, self.slope, self.e, self.flow = difference, slope, e, flow
        self.m = damping * np.abs(e) / trips
        own = abs(difference) @ slope + self.m
        self.own = np.where(own > 0, own, 1.0)

    def scaled(self) -> Array:
        """Return -e over each path's own second derivative, a direction of descent."""
        return -self.e / self.own

    def newton(self) -> Array:
        """Return the solution of (2), by conjugate gradients scaled by the diagonal."""
        emptied = (self.e > 0) & (self.flow <= self.e / self.own)
        change = np.where(emptied, -self.flow, 0.0)
        for _ in range(ROUNDS):
            left = np.flatnonzero(~emptied)
            if not len(left):
                break
            pushed = self.slope * (self.difference.T @ np.where(emptied, change, 0.0))
            right_hand_side = -self.e[left] - (self.difference @ pushed)[left]
            change[left] = self._solve(left, right_hand_side)
            negative = ~emptied & (self.flow + change < 0)
            if not negative.any():
                break
            emptied |= negative
            change[emptied] = -self.flow[emptied]
        return change

    def _solve(self, left: NDArray[np.int64], right_hand_side: Array) -> Array:
        rows, m, own = self.difference[left], self.m[left], self.own[left]
        columns, size = rows.T, (len(left), len(left))
        hessian = LinearOperator(size, matvec=lambda d: rows @ (self.slope * (columns @ d)) + m * d, dtype=float)
        scaling = LinearOperator(size, matvec=lambda d: d / own, dtype=float)
        found, _ = cg(hessian, right_hand_side, rtol=ACCURACY, maxiter=MOST_PRODUCTS, M=scaling)
        return np.asarray(found)
