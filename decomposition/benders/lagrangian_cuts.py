r"""Multipliers of Lagrangian cuts: raise what is known of a scenario's recourse from below at a plan.

Pairs (z_i, v_i) of copy and recourse cost of (2) of ``scenario_mips`` bound the value at x of the cut with multipliers pi from above,

    L(pi) + pi'x  <=  min_i v_i + pi'(x - z_i)                                                                    (1)

so that the multipliers to try next solve a small LP around the best ones so far, pi^:

    max t - epsilon sum_j |pi_j - pi^_j| r_j   s.t.  t <= (1),  t <= cap,  |pi_j - pi^_j| <= radius / r_j           (2)

r_j is the range of x_j, cap the recourse cost at x where it is known: cutting planes in a box (Marsten, Hogan & Blankenship 1975), whose
pairs serve all later plans. The multipliers to begin with are the slope of the LP relaxation's dual; the cut they give is the strengthened
Benders cut of Zou, Ahmed & Sun (2019).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ...solvers import Backend, LinearProgram, Termination
from ..matrices import Array
from .problem import Group
from .scenario_bounds import ScenarioBounds
from .scenario_mips import ScenarioMIPs, UnboundedCopyError

EPSILON = 1e-3
ENOUGH = 1e-7
"""A cut within this, relatively, of the most that (1) and the cap allow is as good as it gets."""

SHARE, LOOSEST, TIGHTEST = 0.05, 1e-2, 1e-7
"""A program is solved to this share of what its multipliers could gain, relative to the cut's value, within these gaps."""

GROW, SHRINK = 2.0, 0.7
"""Factors of the box after multipliers that gained at least half of what was hoped for, and after those that gained nothing."""


@dataclass(slots=True, eq=False)
class Lagrangian:
    """Raises scenarios' bounds at plans.

    ``touching`` (n1,) are the variables that may have multipliers, ``ranges`` (n1,) their r_j.
    """

    mips: ScenarioMIPs
    backend: Backend
    touching: NDArray[np.bool_]
    ranges: Array

    def raise_at(self, bounds: ScenarioBounds, group: Group, xi: Array, x: Array, cap: float, steps: int) -> int:
        """Solve up to ``steps`` programs (2) of ``scenario_mips`` to raise ``bounds`` at ``x``; returns how many were solved.

        The scenario is known to have recourse for some plan; ``cap`` is its recourse cost at ``x``, inf if that is not known.
        """
        for step in range(steps):
            value, pi = bounds.best(x)
            most = cap
            if pi.tobytes() in bounds.tried:
                found = None if enough(value, cap) else self._multipliers(bounds, x, pi, cap)
                if found is None or enough(value, found[1]):
                    return step
                pi, most = found
            gain = (most - value) / max(1.0, abs(value))
            try:
                solved = self.mips.copied(group, xi, pi, float(np.clip(SHARE * gain, TIGHTEST, LOOSEST)))
            except UnboundedCopyError:
                return step + 1
            finally:
                bounds.tried.add(pi.tobytes())
            if solved is None:  # numerical trouble: it had a plan before
                return step + 1
            bounds.add_point(solved.plan, solved.cost)
            bounds.add(solved.bound, pi)
            reached = solved.bound + float(pi @ x)
            if reached >= 0.5 * (value + most):
                bounds.radius *= GROW
            elif reached < value:
                bounds.radius *= SHRINK
        return steps

    def _multipliers(self, bounds: ScenarioBounds, x: Array, center: Array, cap: float) -> tuple[Array, float] | None:
        """Return multipliers (n1,) of (2) and the most that (1) and the cap allow them; ``None`` if (2) has no optimum."""
        j = np.flatnonzero(self.touching)
        r, away = self.ranges[j], (x - bounds.points)[:, j]
        if bounds.radius == 0.0:
            bounds.radius = max(1.0, float(np.abs(center[j] * r).max(initial=0.0)), float(np.ptp(bounds.costs)))
        k, n = len(j), len(bounds.costs)
        found = self.backend.open(
            LinearProgram(
                cost=np.concatenate([[-1.0], np.full(2 * k, EPSILON)]),
                matrix=csr_array(np.column_stack([np.ones(n), -away / r, away / r])),
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


def enough(value: float, most: float) -> bool:
    """Whether ``value`` is within ``ENOUGH`` of the most that it can be."""
    return most - value <= ENOUGH * max(1.0, abs(value))
