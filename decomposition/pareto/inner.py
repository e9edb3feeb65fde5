r"""What an inner solver solves for every point of a front, and what it returns.

    min  a'f + b'u   s.t.  f = E f(x, y),  u >= f,  G u <= g,  x in X,  y_s in Y_s(x) for every s                       (1)

f (K,) are the expected objectives of a plan x with a recourse policy y, u (K,) a point that they are at least as good as, and the rows G
hold u, not f: a plan that is *better* than asked for is never cut off. With a > 0 every optimal f is nondominated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ...solvers import Termination
from ..matrices import Array


@dataclass(frozen=True, slots=True, eq=False)
class PointProblem:
    """Problem (1): ``on_f`` a (K,), ``on_u`` b (K,), ``G`` (r, K), ``g`` (r,), in the objectives' own units.

    ``tolerance`` is the difference of incumbent and bound, in units of a'f + b'u, at which it counts as solved.
    """

    on_f: Array
    on_u: Array
    G: Array
    g: Array
    tolerance: float


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a solve of (1) found: plan ``x`` (n1,), its attained ``f`` (K,), ``value`` of (1) and a lower ``bound`` on it.

    ``weights`` (K,) are multipliers of the objectives at which the recourse is (nearly) optimal, where the method has them.
    """

    termination: Termination
    x: Array | None = None
    f: Array | None = None
    value: float | None = None
    bound: float | None = None
    weights: Array | None = None
    reason: str = ""


class InnerSolver(Protocol):
    """Solves problems (1) that differ in a, b, G and g alone, each from what the ones before have left."""

    @property
    def size(self) -> int:
        """Number of objectives K."""

    @property
    def scale(self) -> Array:
        """A positive magnitude of each objective (K,), such as that of its coefficients."""

    def rescale(self, scale: Array) -> None:
        """Count objectives in these units (K,) inside, the ranges once they are known: tolerances of solvers are absolute."""

    def solve(self, problem: PointProblem, time_limit: float | None = None) -> Outcome:
        """Solve ``problem``; ``OPTIMAL`` means value - bound <= tolerance."""

    def work(self) -> dict[str, float]:
        """Counts of what was done so far, for the record."""


def best_u(problem: PointProblem, f: Array) -> float | None:
    """Return min b'u over u >= f, G u <= g for a given f, ``None`` if there is no such u."""
    from scipy.optimize import linprog

    if not len(problem.g):
        return float(problem.on_u @ f)
    found = linprog(problem.on_u, A_ub=problem.G, b_ub=problem.g, bounds=[(v, None) for v in f], method="highs")
    return float(found.fun) if found.status == 0 else None


def scaled(problem: PointProblem, scale: Array) -> PointProblem:
    """Return the problem for objectives counted in units of ``scale`` (K,)."""
    return PointProblem(problem.on_f * scale, problem.on_u * scale, np.asarray(problem.G) * scale, problem.g, problem.tolerance)
