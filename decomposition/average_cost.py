"""Solve the linear program of an average-cost SMDP: optimal policy, rate and relative values from its primal and dual.

A basis of the program is I - P of a policy, which fills in when it is factorised unless P is sparse by structure; on 4,096 states with
random successors the simplex and interior point methods of HiGHS take minutes. So a large program without limits goes to the simplex
method for some seconds, and then to a first-order method (PDLP: Applegate et al., Advances in Neural Information Processing Systems 34,
2021). Either optimum holds to a tolerance of about 1e-6. The basic solution nearest to it, the policy it uses most, is computed exactly;
while an action has a negative reduced cost, such actions enter in all states at once (block pivots, the step of policy iteration).
``pivots`` counts them: 0 says that the solver's own policy is optimal. Occupation, rate and relative values are then feasible in primal
and dual, to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler
from scipy.sparse import csr_array

from ..errors import NoSolutionError
from ..models.average_cost import Limits, build
from ..solvers import Backend, LinearProgram, Termination
from ..solvers.chain import recurrent_classes
from ..solvers.policy_iteration import LARGE, policy_iteration
from ..solvers.smdp import SMDP
from .matrices import Array

USED = 1e-9
"""Share of a state's decisions above which an action counts as taken."""

ROADS: tuple[dict[str, Any], ...] = ({"algorithm": "simplex", "time_limit": 2.5}, {"algorithm": "pdlp", "time_limit": 5.0}, {})
"""Options of the methods that a large program is tried by, the next where one runs out of time."""

AGREES = 1e-4
"""How far the first-order method's rate may be from the exact one, in units of the mean of |c| an hour."""


@dataclass(frozen=True, slots=True, eq=False)
class AverageCost:
    """An optimum of the linear program.

    Attributes
    ----------
    rho
        Cost an hour.
    occupation
        Decisions of each pair in an hour (M,).
    probability
        Probability of each pair in its state (M,): shares of the occupation, and in states that are not visited, 1 for an action of least
        reduced cost.
    relative
        Relative values (n,), 0 in state 0; with limits those of the Lagrangian at its optimal prices.
    price
        How much rho falls for a unit more of each limit, >= 0.
    randomised
        States in which more than one action is taken.
    pivots
        Block pivots from the solver's own policy to the optimum; ``None`` where the solver's solution is returned as it is.
    """

    rho: float
    occupation: Array
    probability: Array
    relative: Array
    price: dict[str, float]
    randomised: tuple[str, ...]
    pivots: int | None = None


def solve_average_cost(smdp: SMDP, backend: Backend, limits: Limits | None = None) -> AverageCost:
    """Return an optimum.

    Raises
    ------
    NoSolutionError
        No policy keeps the limits, or costs fall for ever.
    """
    model = build(smdp, limits)  # rows know their names as long as it lives
    form = LinearStandardFormCompiler().write(model, mixed_form=True)
    kind = np.array([row.bound_type for row in form.rows])
    matrix, n = csr_array(form.A), len(form.columns)
    low, high = np.where(kind <= 0, form.rhs, -np.inf), np.where(kind >= 0, form.rhs, np.inf)
    cost = np.asarray(form.c.todense(), dtype=float).reshape(-1)
    problem = LinearProgram(cost, matrix, low, high, np.zeros(n), np.full(n, np.inf), np.zeros(n, dtype=bool))
    large = not limits and smdp.num_states >= LARGE
    for options in ROADS if large and "algorithm" in backend.options else ():
        rough = backend.open(problem).solve(options)
        if rough.termination is Termination.OPTIMAL and rough.x is not None:
            basic = _crossover(smdp, _by_pair(smdp, form, rough.x), rough.objective)
            if basic is not None:
                return basic
    found = backend.open(problem).solve()
    if found.termination is not Termination.OPTIMAL or found.x is None or found.row_dual is None or found.objective is None:
        why = " (no policy keeps the limits)" if limits else ""
        raise NoSolutionError(f"average-cost linear program: {found.termination.value}{why}")
    x = _by_pair(smdp, form, found.x)
    dual = {str(row.constraint.name): float(y) for row, y in zip(form.rows, found.row_dual, strict=True)}
    h = np.array([dual.get(f"balance[{j}]", 0.0) for j in range(smdp.num_states)])
    price = {name: max(0.0, -dual[f"limits[{i}]"]) for i, name in enumerate(limits or {}, 1)}
    costs = smdp.cost + sum((price[name] * np.asarray(c) for name, (c, _) in (limits or {}).items()), np.zeros(smdp.num_pairs))
    reduced = costs - dual["hour"] * smdp.time + smdp.transition @ h - h[smdp.state]
    probability = _probability(smdp, x, reduced)
    several = np.bincount(smdp.state, probability > USED, minlength=smdp.num_states) > 1
    return AverageCost(
        rho=found.objective,
        occupation=x,
        probability=probability,
        relative=h - h[0],
        price=price,
        randomised=tuple(smdp.states[i] for i in np.flatnonzero(several)),
    )


def _by_pair(smdp: SMDP, form: Any, columns: Array) -> Array:
    """Return the values of the program's columns by pair (M,), none negative."""
    x = np.zeros(smdp.num_pairs)
    x[[v.index() for v in form.columns]] = np.maximum(columns, 0.0)
    return x


def _crossover(smdp: SMDP, x: Array, rate: float | None) -> AverageCost | None:
    """Return a basic optimum from an approximate occupation (M,); ``None`` if its rate is not that of the optimum found."""
    mass = np.flatnonzero(x == np.maximum.reduceat(x, smdp.first)[smdp.state])
    policy = mass[np.searchsorted(smdp.state[mass], np.arange(smdp.num_states))]
    if len(recurrent_classes(csr_array(smdp.transition[policy]))) > 1:
        return None
    best = policy_iteration(smdp, policy, check_all_policies=False)
    occupation = best.value.occupation
    if rate is None or abs(rate - best.rho) > AGREES * float(np.abs(smdp.cost) @ occupation):
        return None
    probability = np.zeros(smdp.num_pairs)
    probability[best.policy] = 1.0
    return AverageCost(best.rho, occupation, probability, best.value.relative, {}, (), best.iterations - 1)


def _probability(smdp: SMDP, x: Array, reduced: Array) -> Array:
    """Return each pair's probability in its state (M,)."""
    visits = np.bincount(smdp.state, x, minlength=smdp.num_states)
    visited = visits > USED * visits.max()
    shares = x / np.where(visited, visits, 1.0)[smdp.state]
    out = np.where(visited[smdp.state] & (shares > USED), shares, 0.0)
    first = smdp.first
    for i in np.flatnonzero(~visited):
        stop = first[i + 1] if i + 1 < len(first) else smdp.num_pairs
        out[first[i] + int(np.argmin(reduced[first[i] : stop]))] = 1.0
    return np.asarray(out / np.bincount(smdp.state, out, minlength=smdp.num_states)[smdp.state])
