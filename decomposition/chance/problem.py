r"""The problem of the chance decomposition: scenarios that own variables, and how often each of these may be 1.

    min c'x + sum_s p_s Q_s(x, z_s)   s.t.   A x in its sides,   f'x + sum_s w_s g'z_s in its sides          (1)
    Q_s(x, z) = min q'y  s.t.  W y >=, =, <= h_s - T_s x - t_s z,   l <= y <= u                               (2)

Where z_sj is binary and a row of (1) bounds its expectation alone, sum_s p_s z_sj <= eps_j, scenario s can be *given up* in j; ``budget``
holds these eps_j, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..benders.owned import OwnedProblem
from ..benders.problem import Problem
from ..matrices import Array, Stage
from ..recourse import first_stage_violation


@dataclass(eq=False)
class ChanceProblem:
    """(1) over an :class:`OwnedProblem`; ``at`` is (1) in x alone at the owned variables last set."""

    owned: OwnedProblem
    at: Problem

    @classmethod
    def of(cls, owned: OwnedProblem) -> ChanceProblem:
        """Return the problem, its owned variables at their lower bounds."""
        own = owned.own
        z = np.tile(np.where(np.isfinite(own.lower), own.lower, 0.0), (owned.problem.num_scenarios, 1))
        return cls(owned, owned.fixed(z))

    @property
    def p(self) -> Array:
        """Probabilities (S,)."""
        return self.owned.problem.probabilities

    @property
    def common(self) -> Stage:
        """The variables x."""
        return self.at.first

    @property
    def num_own(self) -> int:
        """How many variables a scenario owns (o)."""
        return len(self.owned.columns.own)

    @property
    def num_z(self) -> int:
        """S o."""
        return len(self.p) * self.num_own

    def set(self, z: Array) -> None:
        """Put owned variables Z (S, o) into ``at``; the pool of dual vertices stays valid, since z is part of xi."""
        self.at = self.owned.fixed(z)

    def violation(self, x: Array, z: Array) -> tuple[float, str]:
        """Return the largest relative violation of first-stage rows, bounds and integrality at x and Z (S, o), and its name."""
        own = self.owned.own
        worst = max(first_stage_violation(self.at, x), self.owned.joint_violation(x, z), key=lambda v: v[0])
        whole = np.where(own.integer, np.abs(z - np.round(z)), 0.0)
        away = np.maximum(np.maximum(own.lower - z, z - own.upper), whole)
        s, j = np.unravel_index(int(np.argmax(away)), away.shape)
        return max(worst, (float(away[s, j]), f"{own.names[j]} of {self.owned.problem.labels[int(s)]}"), key=lambda v: v[0])

    @cached_property
    def budget(self) -> Array:
        """eps_j (o,) as a probability, infinite where nothing bounds how often z_j may be 1."""
        joint, out = self.owned.joint, np.full(self.num_own, np.inf)
        integer = self.owned.own.integer & (self.owned.own.lower == 0) & (self.owned.own.upper == 1)
        for i in range(len(joint.rows)):
            mine = joint.own.indices[joint.own.indptr[i] : joint.own.indptr[i + 1]]
            if joint.common.indptr[i] < joint.common.indptr[i + 1] or len(mine) != 1 or not integer[mine[0]]:
                continue
            g, some = float(joint.own.data[joint.own.indptr[i]]), self.p > 0
            scale = joint.weight[i][some] / self.p[some]
            if g > 0 and np.isfinite(joint.upper[i]) and np.ptp(scale) <= 1e-9 * abs(scale[0]):
                out[mine[0]] = min(out[mine[0]], joint.upper[i] / (g * scale[0]))
        return out

    @property
    def binary(self) -> NDArray[np.bool_]:
        """Which owned variables (o,) are binary with a budget."""
        return np.isfinite(self.budget)
