r"""Unbounded or not: the recession problem of a two-stage program, solved by the engine itself.

A direction d of plans, with directions y_s of recourse, along which every finite side is kept,

    A d in the recession cone of its sides,   W y_s + T_s d >=, =, <= 0,   d_j, y_j >= 0, <= 0 or = 0 where bounds are finite      (1)

lowers the cost without limit if c'd + rho(d_s'd + q'y_s) < 0 (rho is positively homogeneous). (1) with -1 <= d <= 1 has the form of the
program itself, so its optimum is 0 or a ray that no recourse stops.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array

from ...solvers import LinearProgram
from ..matrices import Array, Stage
from .engine import Engine
from .problem import Group, Problem
from .recourse_lps import row_bounds

RAY = 1e-7
"""A recession optimum below minus this, relative to the largest cost, is a ray."""

SHOWN = 5


def recession(problem: Problem) -> Problem:
    """Return problem (1)."""
    first = problem.first
    lower, upper = _cone(first.lower, first.upper)
    box = replace(first, lower=np.maximum(lower, -1.0), upper=np.minimum(upper, 1.0), integer=np.zeros(len(first), dtype=bool))
    row_lower, row_upper = _cone(problem.row_lower, problem.row_upper)
    groups = tuple(_recession_group(g) for g in problem.groups)
    return replace(problem, first=box, row_lower=row_lower, row_upper=row_upper, groups=groups)


def _cone(lower: Array, upper: Array) -> tuple[Array, Array]:
    return np.where(np.isfinite(lower), 0.0, -np.inf), np.where(np.isfinite(upper), 0.0, np.inf)


def _recession_group(group: Group) -> Group:
    lower, upper = _cone(group.second.lower, group.second.upper)
    second = Stage(group.second.names, lower, upper, np.zeros(len(group.second), dtype=bool))
    zero = csr_array(group.rhs_xi.shape)
    return replace(group, second=second, rhs_0=np.zeros_like(group.rhs_0), rhs_xi=zero, offset=np.zeros_like(group.offset))


def largest_cost(problem: Problem) -> float:
    """Return the largest cost coefficient, at least 1."""
    return max(1.0, float(np.abs(problem.cost).max(initial=0.0)), *(float(np.abs(g.cost).max(initial=0.0)) for g in problem.groups))


def named_ray(names: tuple[str, ...], ray: Array) -> str:
    """Return the variables of a ray with the sign in which they grow, the largest first."""
    order = np.argsort(-np.abs(ray), kind="stable")
    moving = [f"{'+' if ray[j] > 0 else '-'}{names[j]}" for j in order if abs(ray[j]) > 1e-6 * np.abs(ray).max(initial=0.0)]
    return ", ".join(moving[:SHOWN]) + (", ..." if len(moving) > SHOWN else "")


def recourse_ray(engine: Engine, g: int) -> str:
    """Return the recourse variables of group ``g`` that lower its cost without limit."""
    group = _recession_group(engine.problem.groups[g])
    lower, upper = row_bounds(group, np.zeros(len(group.sense)))
    box = np.maximum(group.second.lower, -1.0), np.minimum(group.second.upper, 1.0)
    found = engine.backend.open(LinearProgram(group.cost, group.W, lower, upper, *box, group.second.integer)).solve()
    return "" if found.x is None else named_ray(group.second.names, found.x)


def without_costs(problem: Problem) -> Problem:
    """Return the problem of finding any feasible plan."""
    return replace(problem, cost=np.zeros_like(problem.cost), groups=tuple(_without_costs(g) for g in problem.groups))


def _without_costs(group: Group) -> Group:
    second = replace(group.second, integer=np.zeros_like(group.second.integer))
    return replace(group, cost=np.zeros_like(group.cost), offset=np.zeros_like(group.offset), cost_first=None, second=second)
