r"""One scenario's mixed-integer programs: its recourse at a plan, and its Lagrangian relaxation with a copy of the first stage.

    Q_s(x)  = min q'y             s.t.  W y >=, =, <= h_s - T_s x,   y in Y                                        (1)
    L_s(pi) = min q'y - pi'z      s.t.  T_s z + W y >=, =, <= h_s,   z in X,   y in Y                              (2)

X is the set of first-stage plans (rows, bounds, integrality), Y that of the recourse's bounds and integrality. For every x in X and
every pi, Q_s(x) >= L_s(pi) + pi'x, since z = x with the best y of (1) is feasible in (2): a Lagrangian cut (Zou, Ahmed & Sun 2019).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, vstack

from ...errors import SolverError
from ...solvers import Backend, LinearProgram, Solution, Termination
from ..matrices import Array
from ..recourse import FEASIBILITY
from .problem import Group, Problem
from .recourse_lps import row_bounds

EXACT_GAP = 1e-9
"""Relative gap to which a recourse value is solved."""


class OutOfTimeError(Exception):
    """The time limit passed inside a scenario's program."""


class UnboundedCopyError(Exception):
    """(2) has no finite optimum for the multipliers asked; ``args[0]`` is the scenario's number."""


@dataclass(frozen=True, slots=True, eq=False)
class CopySolution:
    """(2): a lower bound ``bound`` of L_s(pi), and a feasible pair's copy ``plan`` (n1,) with its recourse cost ``cost`` q'y."""

    bound: float
    plan: Array
    cost: float


def touching(problem: Problem) -> NDArray[np.bool_]:
    """Return which first-stage variables enter some recourse problem (n1,)."""
    out = np.zeros(len(problem.first), dtype=bool)
    for group in problem.groups:
        out[group.T_0.indices[group.T_0.data != 0]] = True
        out[group.T_entries.column] = True
    return out


@dataclass(slots=True, eq=False)
class ScenarioMIPs:
    """Solves (1) and (2) for any scenario, each from nothing but its arguments, so that answers do not depend on ranks or threads."""

    problem: Problem
    backend: Backend
    remaining: Callable[[], float | None] = lambda: None

    def recourse(self, group: Group, xi: Array, x: Array) -> float | None:
        """Return Q_s(x) of (1) to a gap of ``EXACT_GAP``; ``None`` if x has no recourse."""
        if not len(group.second):
            return self._without_variables(group, xi, x)
        program = self._recourse(group, xi, x)
        found = self._solve(program, EXACT_GAP)
        if found.termination is Termination.INFEASIBLE:
            return None
        if found.termination is not Termination.OPTIMAL or found.objective is None:
            raise SolverError(f"the solver failed on an integer recourse problem: {found.termination} {found.detail}")
        return self._polished(program, found)

    def recourse_bound(self, group: Group, xi: Array, x: Array, rel_gap: float) -> float:
        """Return a lower bound of Q_s(x), whose relative gap is at most ``rel_gap``; inf if x has no recourse."""
        if not len(group.second):
            value = self._without_variables(group, xi, x)
            return np.inf if value is None else value
        found = self._solve(self._recourse(group, xi, x), rel_gap)
        if found.termination is Termination.INFEASIBLE:
            return np.inf
        return -np.inf if found.bound is None else found.bound

    def _without_variables(self, group: Group, xi: Array, x: Array) -> float | None:
        """Return 0 if the rows of a scenario without recourse variables hold (a solver would not look), else ``None``."""
        rhs = group.right_hand_sides(x, xi[None, :])[0]
        lower, upper = row_bounds(group, rhs)
        slack = FEASIBILITY * np.maximum(1.0, np.abs(rhs))
        return 0.0 if (lower <= slack).all() and (upper >= -slack).all() else None

    def _recourse(self, group: Group, xi: Array, x: Array) -> LinearProgram:
        lower, upper = row_bounds(group, group.right_hand_sides(x, xi[None, :])[0])
        second = group.second
        return LinearProgram(group.cost, group.W, lower, upper, second.lower, second.upper, second.integer)

    def _polished(self, program: LinearProgram, found: Solution) -> float | None:
        """Return the cost with the integer variables at the whole numbers next to the solver's, if those leave a feasible rest."""
        if not program.is_mip or found.x is None:
            return found.objective
        lower, upper = (np.where(program.integer, np.round(found.x), side) for side in (program.lower, program.upper))
        again = self._solve(replace(program, lower=lower, upper=upper, integer=np.zeros_like(program.integer)), EXACT_GAP)
        return found.objective if again.objective is None else again.objective

    def copied(self, group: Group, xi: Array, pi: Array, rel_gap: float) -> CopySolution | None:
        """Return (2) for multipliers ``pi`` (n1,) to a relative gap; ``None`` if no plan whatsoever has recourse."""
        first, second = self.problem.first, group.second
        A = self.problem.A
        lower, upper = row_bounds(group, group.rhs_0 + group.rhs_xi @ xi)
        above = hstack([A, csr_array((A.shape[0], len(second)))], format="csr")
        found = self._solve(
            LinearProgram(
                cost=np.concatenate([-pi, group.cost]),
                matrix=csr_array(vstack([above, hstack([group.scenario_matrix(xi), group.W])], format="csr")),
                row_lower=np.concatenate([self.problem.row_lower, lower]),
                row_upper=np.concatenate([self.problem.row_upper, upper]),
                lower=np.concatenate([first.lower, second.lower]),
                upper=np.concatenate([first.upper, second.upper]),
                integer=np.concatenate([first.integer, second.integer]),
            ),
            rel_gap,
        )
        if found.termination is Termination.INFEASIBLE:
            return None
        if found.x is None or found.bound is None:
            raise UnboundedCopyError(found.detail)
        n1 = len(first)
        plan = np.where(first.integer, np.round(found.x[:n1]), found.x[:n1])
        return CopySolution(found.bound, plan, float(group.cost @ found.x[n1:]))

    def _solve(self, program: LinearProgram, rel_gap: float) -> Solution:
        options = {"threads": 1, "time_limit": self.remaining()} | ({"rel_gap": rel_gap} if program.is_mip else {})
        found = self.backend.open(program).solve(options)
        if found.termination is Termination.TIME_LIMIT:
            raise OutOfTimeError
        return found
