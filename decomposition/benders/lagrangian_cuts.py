r"""Lagrangian cuts of one scenario: what is known of its recourse from below, and multipliers that raise it at a plan.

Solutions (z_i, v_i) of (2) of ``scenario_mips`` (copy and recourse cost) bound the value at x of the cut with multipliers pi from above,

    L(pi) + pi'x  <=  min_i v_i + pi'(x - z_i)                                                                    (1)

so that the multipliers to try next come from the small LP over pi and t, around the best multipliers pi^ so far,

    max t - epsilon sum_j |pi_j - pi^_j| r_j   s.t.  t <= (1), t <= cap, |pi_j - pi^_j| <= radius / r_j           (2)

with r_j the range of x_j and cap the recourse cost at x, where it is known: a cutting-plane method in a box (Kelley; Marsten et al. 1975)
whose points serve all later plans. The first multipliers are the slope of the LP relaxation's dual: the strengthened Benders cut.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ...solvers import Backend, LinearProgram, Termination
from ..matrices import Array
from .problem import Group
from .scenario_mips import ScenarioMIPs, UnboundedCopyError

EPSILON = 1e-3
ENOUGH = 1e-7
"""A cut within this of the most that (1) allows, relatively, is as good as it gets."""


@dataclass(slots=True, eq=False)
class ScenarioBounds:
    """Cuts ``constants`` (P,) + ``slopes`` (P, n1) below one scenario's recourse cost, and ``points`` (N, n1) with ``costs`` (N,) of (1).

    ``floor`` bounds the recourse cost of every plan from below.
    """

    num_x: int
    floor: float = -np.inf
    constants: Array = field(default_factory=lambda: np.zeros(0))
    slopes: Array = field(init=False)
    points: Array = field(init=False)
    costs: Array = field(default_factory=lambda: np.zeros(0))
    radius: float = 0.0
    seen: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.slopes, self.points = np.zeros((0, self.num_x)), np.zeros((0, self.num_x))

    def best(self, x: Array) -> tuple[float, Array]:
        """Return the largest cut's value at ``x`` and its slope."""
        if not len(self.constants):
            return -np.inf, np.zeros(self.num_x)
        values = self.constants + self.slopes @ x
        k = int(np.argmax(values))
        return float(values[k]), self.slopes[k]

    def add_cut(self, constant: float, slope: Array) -> None:
        """Keep a cut."""
        self.constants = np.append(self.constants, constant)
        self.slopes = np.vstack([self.slopes, slope])

    def add_point(self, plan: Array, cost: float) -> None:
        """Keep a solution; of two with the same copy the cheaper."""
        same = np.flatnonzero((self.points == plan).all(axis=1))
        if len(same):
            self.costs[same[0]] = min(self.costs[same[0]], cost)
            return
        self.points = np.vstack([self.points, plan])
        self.costs = np.append(self.costs, cost)


@dataclass(slots=True, eq=False)
class Lagrangian:
    """Raises scenarios' bounds at plans; ``touching`` (n1,) are the variables that may have multipliers, ``ranges`` (n1,) their r_j."""

    mips: ScenarioMIPs
    backend: Backend
    touching: NDArray[np.bool_]
    ranges: Array
    rel_gap: float = 1e-4

    def raise_at(self, bounds: ScenarioBounds, group: Group, xi: Array, x: Array, cap: float, steps: int) -> int:
        """Solve up to ``steps`` programs (2) to raise ``bounds`` at ``x``; returns how many were solved.

        The scenario is known to have recourse for some plan.
        """
        for step in range(steps):
            value, center = bounds.best(x)
            key = center.tobytes()
            if key not in bounds.seen:
                pi, most = center, np.inf
            else:
                if cap - value <= ENOUGH * max(1.0, abs(value)):
                    return step
                found = self._multipliers(bounds, x, center, cap)
                if found is None:
                    return step
                pi, most = found
                if most - value <= ENOUGH * max(1.0, abs(value)):
                    return step
            bounds.seen.add(pi.tobytes())
            try:
                solved = self.mips.copied(group, xi, pi, self.rel_gap)
            except UnboundedCopyError:
                return step + 1
            assert solved is not None
            bounds.add_point(solved.plan, solved.cost)
            bounds.add_cut(solved.bound, pi)
            bounds.seen.add(pi.tobytes())
            reached = solved.bound + float(pi @ x)
            if np.isfinite(most):
                bounds.radius *= 2.0 if reached > value + 0.5 * (most - value) else 0.7 if reached < value else 1.0
        return steps

    def _multipliers(self, bounds: ScenarioBounds, x: Array, center: Array, cap: float) -> tuple[Array, float] | None:
        """Return (2)'s multipliers and the value that (1) allows them; ``None`` if (2) has no optimum."""
        j = np.flatnonzero(self.touching)
        r = self.ranges[j]
        away = (x - bounds.points)[:, j]
        if bounds.radius == 0.0:
            bounds.radius = max(1.0, float(np.abs(center[j] * r).max(initial=0.0)), float(np.ptp(bounds.costs)))
        k, n = len(j), len(bounds.costs)
        rise = away / r  # in units of the box
        found = self.backend.open(
            LinearProgram(
                cost=np.concatenate([[-1.0], np.full(2 * k, EPSILON)]),
                matrix=csr_array(np.column_stack([np.ones(n), -rise, rise])),
                row_lower=np.full(n, -np.inf),
                row_upper=bounds.costs + away @ center[j],
                lower=np.concatenate([[-np.inf], np.zeros(2 * k)]),
                upper=np.concatenate([[cap], np.full(2 * k, bounds.radius)]),
                integer=np.zeros(2 * k + 1, dtype=bool),
            )
        ).solve({"threads": 1})
        if found.termination is not Termination.OPTIMAL or found.x is None:
            return None
        pi = np.zeros(len(x))
        pi[j] = center[j] + (found.x[1 : k + 1] - found.x[k + 1 :]) / r
        return pi, min(cap, float((bounds.costs + (x - bounds.points) @ pi).min()))
