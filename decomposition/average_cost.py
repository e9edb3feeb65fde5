"""Solve the linear program of an average-cost SMDP: optimal policy, rate and relative values from its primal and dual."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler
from scipy.sparse import csr_array

from ..errors import NoSolutionError
from ..models.average_cost import Limits, build
from ..solvers import Backend, LinearProgram, Termination
from ..solvers.smdp import SMDP
from .matrices import Array

USED = 1e-9
"""Share of a state's decisions above which an action counts as taken."""


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
    """

    rho: float
    occupation: Array
    probability: Array
    relative: Array
    price: dict[str, float]
    randomised: tuple[str, ...]


def solve_average_cost(smdp: SMDP, backend: Backend, limits: Limits | None = None) -> AverageCost:
    """Return an optimum.

    Raises
    ------
    NoSolutionError
        No policy keeps the limits, or costs fall for ever.
    """
    model = build(smdp, limits)  # rows know their names as long as it lives
    form = LinearStandardFormCompiler().write(model, mixed_form=True)
    order = np.array([v.index() for v in form.columns])
    kind = np.array([row.bound_type for row in form.rows])
    matrix, n = csr_array(form.A), len(order)
    low, high = np.where(kind <= 0, form.rhs, -np.inf), np.where(kind >= 0, form.rhs, np.inf)
    cost = np.asarray(form.c.todense(), dtype=float).reshape(-1)
    problem = LinearProgram(cost, matrix, low, high, np.zeros(n), np.full(n, np.inf), np.zeros(n, dtype=bool))
    found = backend.open(problem).solve()
    if found.termination is not Termination.OPTIMAL or found.x is None or found.row_dual is None or found.objective is None:
        why = " (no policy keeps the limits)" if limits else ""
        raise NoSolutionError(f"average-cost linear program: {found.termination.value}{why}")
    x = np.zeros(smdp.num_pairs)
    x[order] = np.maximum(found.x, 0.0)
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
