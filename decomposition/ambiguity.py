r"""What a plan costs if the scenarios' distribution is not quite the given one: exactly near the sample, and a bound beyond it.

Within a transport distance r of the scenarios' probabilities (:mod:`.benders.transport`, distance of :mod:`.benders.metric`), the worst
expected cost on the *given* scenarios is computed exactly. For distributions on *any* data, with fixed W and q,

    Z(x, xi) = max_pi pi'(h(xi) - T(xi) x) + b(pi) + o(xi) + d(xi)'x     over pi with q - W'pi of the signs that y's bounds allow     (1)

is a maximum of affine functions of xi, so that |Z(x, xi) - Z(x, xi')| <= L d(xi, xi') with, the distance being a weighted 1-norm,

    L = max_k scale_k max_pi | pi' d(h - T x)/d xi_k + d(o + d'x)/d xi_k |                                               (2)

two LPs a component, and sup_P E_P[Z] <= E_p[Z] + r L (Mohajerin Esfahani & Kuhn 2018, theorem 6.3; with equality if xi may be any vector).
Since real data are not any vector (a demand is not negative), the right-hand side is a *bound*, called so here, and never an objective.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, vstack

from ..errors import InputError, NoSolutionError, SolverError
from ..solvers import Backend, LinearProgram, Termination
from .benders.compiled import compile_problem
from .benders.metric import Metric
from .benders.problem import Group, Problem
from .benders.risk import Risk
from .benders.team import Team
from .compiled import stage_data
from .matrices import Array, StageData
from .program import Program
from .recourse import Recourse
from .risk_form import distinct


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguity:
    """A plan's worst expected cost within ``radius``, in the model's own sense; a radius of 1 is the mean distance of two scenarios.

    ``worst_expectation`` is exact, over distributions on the given scenarios; ``price`` what it grows by per unit of radius, ``moved`` the
    probability that the worst distribution puts elsewhere. ``lipschitz_bound`` holds for distributions on any data; ``None``: ``note`` says
    why there is none.
    """

    radius: float
    worst_expectation: float
    price: float
    moved: float
    lipschitz_constant: float | None
    lipschitz_bound: float | None
    note: str = ""


def check_radius(radius: float) -> None:
    """Raise :class:`InputError` unless ``radius`` is finite and not negative."""
    if not (math.isfinite(radius) and radius >= 0):
        raise InputError(f"--radius {radius}: must be a finite number that is not negative")


def plan_ambiguity(program: Program, backend: Backend, x: Array, radius: float) -> Ambiguity:
    """Return what plan ``x`` (n1,) costs within transport distance ``radius`` of the program's scenarios.

    Raises
    ------
    InputError
        ``radius`` is negative or not finite, there are too many scenarios, or no distance between them is defined.
    NoSolutionError
        The plan has no recourse in some scenario.
    """
    check_radius(radius)
    problem, compiled = compile_problem(program, Team())
    return problem_ambiguity(problem, stage_data(program) if compiled is None else compiled, backend, x, radius)


def problem_ambiguity(problem: Problem, data: StageData, backend: Backend, x: Array, radius: float) -> Ambiguity:
    """Return :func:`plan_ambiguity` of a compiled problem and its scenarios' matrices."""
    ball = Risk(radius=radius or 1.0).on(problem, Team()).ball
    assert ball is not None
    costs = Recourse(distinct(data, problem), backend).costs(x)
    if costs is None:
        raise NoSolutionError("the plan has no feasible recourse in some scenario")
    p, sign = problem.probabilities, problem.sign
    found = ball.worst(costs) if radius > 0 else None
    mean = float(p @ costs)
    constant, note = lipschitz_constant(problem, backend, x, ball.metric)
    return Ambiguity(
        radius=radius,
        worst_expectation=sign * (mean if found is None else found.value),
        price=found.price if found is not None else 0.0,
        moved=0.0 if found is None else 0.5 * float(np.abs(found.weights(p) - p).sum()),
        lipschitz_constant=constant,
        lipschitz_bound=None if constant is None else sign * (mean + radius * constant),
        note=note,
    )


def lipschitz_constant(problem: Problem, backend: Backend, x: Array, metric: Metric) -> tuple[float | None, str]:
    """Return L of (2) at plan ``x``, or ``None`` and why there is no finite one."""
    if len(problem.groups) > 1:
        return None, "recourse costs or the recourse matrix are random, so that costs need not be Lipschitz in the data"
    (group,) = problem.groups
    if group.integer:
        return None, "integer recourse: costs jump as the data change"
    slopes, constants = _derivatives(group, x)
    slopes, constants = csr_array(slopes[metric.component]), constants[metric.component]
    model = backend.open(_dual_polyhedron(group))
    steepest = 0.0
    for k in range(len(constants)):
        row = slopes[[k]].toarray()[0]
        for side in (-1.0, 1.0):
            most = 0.0
            if row.any():
                model.set_cost(side * row)
                found = model.solve({"threads": 1})
                if found.termination in (Termination.UNBOUNDED, Termination.INFEASIBLE_OR_UNBOUNDED):
                    return None, "no finite Lipschitz constant: some data leave the plan without recourse"
                if found.objective is None:
                    raise SolverError(f"the solver failed on a Lipschitz constant: {found.termination} {found.detail}")
                most = -(found.objective if found.bound is None else min(found.bound, found.objective))
            steepest = max(steepest, float(metric.scale[k]) * (most - side * float(constants[k])))
    return steepest, ""


def _derivatives(group: Group, x: Array) -> tuple[csr_array, Array]:
    """Return the slopes of h - T x (K, m), and those of o + d'x (K,), in each component of the scenario vectors."""
    M = csr_array(group.at(x)[1].T)
    if group.costs_xi is not None:
        return M, np.asarray(group.costs_xi.T @ np.concatenate([[1.0], x]))
    below = csr_array((1 + len(x), M.shape[1]))
    return csr_array(vstack([M, below])), np.concatenate([np.zeros(M.shape[0]), [1.0], x])


def _dual_polyhedron(group: Group) -> LinearProgram:
    """Return the LP whose columns are pi (m,): signs by the senses of the rows, reduced costs q - W'pi by the bounds of y."""
    low, high = np.isfinite(group.second.lower), np.isfinite(group.second.upper)
    return LinearProgram(
        cost=np.zeros(len(group.sense)),
        matrix=csr_array(group.W.T),
        row_lower=np.where(low, -np.inf, group.cost),
        row_upper=np.where(high, np.inf, group.cost),
        lower=np.where(group.sense == -1, 0.0, -np.inf),
        upper=np.where(group.sense == 1, 0.0, np.inf),
        integer=np.zeros(len(group.sense), dtype=bool),
    )
