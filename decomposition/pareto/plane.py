r"""Normalised normal constraints: a plane before the front, its points, and the problem of each point.

With the ideal point f^I and the ranges r_k = f^N_k - f^I_k of the payoff table, normalised objectives are (f_k - f^I_k) / r_k. Messac,
Ismail-Yahaya & Mattson (2003), Struct. Multidisc. Optim. 25, 86-98, solve for a point X of the plane through m^1, ..., m^K

    min  u_K + rho sum_k f_k   s.t.  (m^K - m^k)'(u - X) <= 0   for k = 1, ..., K - 1,   u >= f                           (1)

(their rows hold the objectives themselves, and there is no rho). They take the anchors for m^k. From three objectives on, normals of that
plane can have entries of both signs; then a plan meets the rows of (1) by being *worse*, and whole parts of the front are never found. So
m^k is the corner of the box from ideal to nadir with m^k_k = 0 and 1 elsewhere, as in the enhanced method of Sanchis, Martinez, Blasco &
Salcedo (2008), Struct. Multidisc. Optim. 36, 537-546; with two objectives that is the same. The rows become u_k - u_K <= X_k - X_K: the
line from X towards the ideal point's side is followed. They hold u, a point that f is at least as good as, so that every X gives a plan
and, with rho > 0, every plan is nondominated: where the line misses the front, (1) ends at the front's edge.

Points X = sum_k t_k m^k, t on the lattice of the simplex with p points on an edge, C(p + K - 2, K - 1) in all. For K >= 3 the front may
reach beyond the simplex (Messac & Mattson 2004, AIAA J. 42(10), 2101-2111): :func:`extended` gives points of the plane around it.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from ..matrices import Array
from .inner import PointProblem

RHO = 1e-3
"""Weight of the sum of normalised objectives in (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """Payoff table ``payoff`` (K, K), anchor by objective, with the problem (1) of any point of the plane."""

    payoff: Array

    @property
    def ideal(self) -> Array:
        """Least value of each objective in the table (K,)."""
        return np.asarray(self.payoff.min(axis=0))

    @property
    def nadir(self) -> Array:
        """Largest value of each objective in the table (K,)."""
        return np.asarray(self.payoff.max(axis=0))

    @property
    def ranges(self) -> Array:
        """Nadir less ideal (K,)."""
        return self.nadir - self.ideal

    def normalised(self, f: Array) -> Array:
        """Return (f - ideal) / ranges."""
        return np.asarray((f - self.ideal) / self.ranges)

    @property
    def corners(self) -> Array:
        """The normalised points m^k that span the plane, one a row."""
        return 1.0 - np.eye(len(self.payoff))

    def problem(self, t: Array, tolerance: float) -> PointProblem:
        """Return (1) for X = sum_k t_k m^k, in the objectives' own units; its value is normalised, but for a constant."""
        m, r = self.corners, self.ranges
        K = len(r)
        N = m[-1] - m[:-1]
        aim = np.zeros(K)
        aim[-1] = 1.0
        return PointProblem(RHO / r, aim / r, N / r, N @ (t @ m) + (N / r) @ self.ideal, tolerance)

    def projected(self, f: Array) -> Array:
        """Return the weights t (P, K), sum 1, of the plane's points whose lines f (P, K) lie on."""
        u = self.normalised(np.atleast_2d(f))
        return np.asarray((1 + u.sum(axis=1, keepdims=True)) / u.shape[1] - u)


def lattice(K: int, points: int) -> Array:
    """Return the largest simplex lattice of at most ``points`` points (n, K), neighbours after one another."""
    p = edge_points(K, points)
    steps = p - 1
    if steps == 0:
        return np.full((1, K), 1 / K)
    return np.array(list(_serpentine(K, steps)), dtype=float) / steps


def edge_points(K: int, points: int) -> int:
    """Return how many points an edge of that lattice has."""
    if K == 2:
        return points
    p = 1
    while math.comb(p + K - 1, K - 1) <= points:
        p += 1
    return p


def _serpentine(K: int, steps: int) -> list[tuple[int, ...]]:
    """Return the compositions of ``steps`` into K parts, every second run backwards."""
    if K == 1:
        return [(steps,)]
    out: list[tuple[int, ...]] = []
    for first in range(steps, -1, -1):
        rest = _serpentine(K - 1, steps - first)
        out += [(first, *r) for r in (rest if (steps - first) % 2 == 0 else rest[::-1])]
    return out


def extended(K: int, steps: int, reach: float = 0.5) -> Array:
    """Return lattice points of the plane on and around the simplex (n, K): every weight at least ``-reach``, sum 1, spacing 1 / steps."""
    low = -math.floor(reach * steps + 1e-9)
    parts = range(low, steps - (K - 1) * low + 1)
    found = [(*c, steps - sum(c)) for c in itertools.product(parts, repeat=K - 1)]
    return np.array([c for c in found if c[-1] >= low], dtype=float) / steps
