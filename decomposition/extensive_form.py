"""The extensive form: all scenarios in one problem, handed to the solver as arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.sparse import block_array, block_diag, csr_array, hstack, vstack

from ..errors import SolverError
from ..result import Result
from ..solvers import Backend, LinearProgram, Solution, Termination
from .matrices import Array, ScenarioData, StageData
from .recourse import Recourse
from .run import Run, finish


def assemble(data: StageData, *, relax: bool = False) -> LinearProgram:
    r"""Return ``min sum_s p_s (c_s'x + q_s'y_s + offset_s)`` over x and all y_s.

    Columns are x, y_1, ..., y_S; rows A, then each scenario's.

    ``relax`` drops integrality.
    """
    scenarios = data.scenarios
    p = data.probabilities
    first = csr_array((data.A.shape[0], sum(len(s.stage) for s in scenarios)))
    top = hstack([data.A, first], format="csr")
    bottom = hstack([vstack([s.T for s in scenarios]), block_diag([s.W for s in scenarios])], format="csr")
    stages = [data.first, *(s.stage for s in scenarios)]
    integer = np.concatenate([stage.integer for stage in stages])
    return LinearProgram(
        cost=np.concatenate([data.cost, *(w * s.cost for w, s in zip(p, scenarios, strict=True))]),
        matrix=csr_array(vstack([top, bottom], format="csr")),
        row_lower=np.concatenate([data.row_lower, *(s.row_lower for s in scenarios)]),
        row_upper=np.concatenate([data.row_upper, *(s.row_upper for s in scenarios)]),
        lower=np.concatenate([stage.lower for stage in stages]),
        upper=np.concatenate([stage.upper for stage in stages]),
        integer=np.zeros_like(integer) if relax else integer,
        offset=float(p @ [s.offset for s in scenarios]),
    )


def scenario_problem(data: StageData, s: ScenarioData, extra_cost: Array | None = None) -> LinearProgram:
    """Return scenario ``s`` alone: ``min (c_s + extra_cost)'x + q_s'y + offset_s`` with x free (wait and see, or Lagrangian)."""
    return LinearProgram(
        cost=np.concatenate([s.cost_first if extra_cost is None else s.cost_first + extra_cost, s.cost]),
        matrix=csr_array(block_array([[data.A, csr_array((data.A.shape[0], len(s.stage)))], [s.T, s.W]], format="csr")),
        row_lower=np.concatenate([data.row_lower, s.row_lower]),
        row_upper=np.concatenate([data.row_upper, s.row_upper]),
        lower=np.concatenate([data.first.lower, s.stage.lower]),
        upper=np.concatenate([data.first.upper, s.stage.upper]),
        integer=np.concatenate([data.first.integer, s.stage.integer]),
        offset=s.offset,
    )


def solve_extensive_form(
    data: StageData, backend: Backend, run: Run, *, form: Callable[[], LinearProgram] | None = None, recourse: Recourse | None = None
) -> Result:
    """Solve the extensive form and return a result whose objective is the plan's exact re-evaluation.

    The bound is the solver's dual bound. Infeasible and unbounded are told apart by a second solve where the solver does not. ``form``
    makes another problem than :func:`assemble`, whose first columns are x too, and ``recourse`` evaluates its plans.
    """
    with run.timed("assemble"):
        problem = assemble(data) if form is None else form()
        model = backend.open(problem)
    if run.plan is not None and form is None and problem.is_mip:
        whole = _with_recourse(data, backend, np.array([run.plan[name] for name in data.first.names]))
        if whole is not None:
            model.warm_start(whole)
    options = {"rel_gap": run.rel_gap, "threads": run.threads, "time_limit": run.remaining()}
    started = run.elapsed()
    with run.timed("solve"):
        solution = model.solve(
            options if problem.is_mip else {k: v for k, v in options.items() if k != "rel_gap"},
            lambda seconds, bound, best: run.report(bound=bound, objective=best, at=started + seconds),
        )
    if solution.termination is Termination.ERROR:
        raise SolverError(f"solver {backend.name!r} failed on the extensive form: {solution.detail}")
    if solution.termination is Termination.INFEASIBLE_OR_UNBOUNDED:
        solution = Solution(tell_apart(problem, backend), detail=solution.detail)
    x = None if solution.x is None else solution.x[: len(data.first)]
    reason = "gap reached" if solution.termination is Termination.OPTIMAL else solution.termination.value.replace("_", " ")
    if solution.termination is Termination.INFEASIBLE:
        reason = explain_infeasible(data, backend)

    def repair() -> Array | None:
        """Solve the rest again, as an LP, with every integer variable fixed at the whole number next to it."""
        if solution.x is None or not problem.is_mip:
            return None
        lower, upper = (np.where(problem.integer, np.round(solution.x), side) for side in (problem.lower, problem.upper))
        fixed = replace(problem, lower=lower, upper=upper, integer=np.zeros_like(problem.integer))
        again = backend.open(fixed).solve({"time_limit": run.remaining()})
        return None if again.x is None else again.x[: len(data.first)]

    evaluator = Recourse(data, backend) if recourse is None else recourse
    return finish(run, evaluator, x=x, bound=solution.bound, termination=solution.termination, reason=reason, repair=repair)


def _with_recourse(data: StageData, backend: Backend, x: Array) -> Array | None:
    """Return the extensive form's columns with plan ``x`` and each scenario's best recourse; ``None`` if one has none."""
    recourse = Recourse(data, backend)
    parts = [recourse.solve(k, x).x for k in range(len(data.scenarios))]
    found = [y for y in parts if y is not None]
    return np.concatenate([x, *found]) if len(found) == len(parts) else None


def tell_apart(problem: LinearProgram, backend: Backend) -> Termination:
    """Solve for feasibility alone: a feasible problem that is 'infeasible or unbounded' is unbounded."""
    model = backend.open(problem)
    model.set_cost(np.zeros_like(problem.cost))
    found = model.solve()
    return Termination.UNBOUNDED if found.termination is Termination.OPTIMAL else Termination.INFEASIBLE


def explain_infeasible(data: StageData, backend: Backend, most: int = 3) -> str:
    """Name the scenarios that no plan at all can satisfy, if that is why the whole is infeasible."""
    culprits = []
    for s in data.scenarios:
        model = backend.open(scenario_problem(data, s))
        model.set_cost(np.zeros(len(data.first) + len(s.stage)))
        if model.solve().termination is Termination.INFEASIBLE:
            culprits.append(repr(s.name))
            if len(culprits) > most:
                break
    if not culprits:
        return "infeasible: each scenario can be satisfied by some plan, but no plan satisfies them all"
    listed = ", ".join(culprits[:most]) + (", ..." if len(culprits) > most else "")
    return f"infeasible: no plan whatsoever satisfies scenario {listed}"
