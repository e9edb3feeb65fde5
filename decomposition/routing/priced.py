"""One scenario of a routing program by branch-and-price: a result like that of any method."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import InputError
from ...instances.routing import Routing
from ...result import Result, Status
from ...solvers import Backend, Termination
from ...solvers.route_heuristic import good_routes
from ..compiled import stage_data
from ..pricing import branch_and_price
from ..program import Program
from ..recourse import Recourse
from ..run import Run, finish
from .problem import is_routing, plan_of, route_problem, source_of
from .start import ITERATIONS, MOST_SECONDS, SHARE


def solve_by_pricing(program: Program, backend: Backend, run: Run) -> Result:
    """Return the result of branch-and-price; the plan is evaluated by the compact model's recourse, as for every method.

    Raises
    ------
    InputError
        Not a routing program of one scenario, or one whose casualties may be left behind.
    """
    if not is_routing(program):
        raise InputError(f"--method pricing: prices routes of model 'routing', not of {program.name!r}")
    source = source_of(program)
    if source.num_scenarios != 1:
        raise InputError(f"--method pricing: solves one scenario, found {source.num_scenarios}; --method benders takes them all")
    scenario = source.scenario(0)
    if source.instance.left_penalty is not None:
        raise InputError("--method pricing: picks up all casualties; with left_penalty use --method ef or benders")
    problem = route_problem(source, scenario.time, scenario.demand)
    with run.timed("heuristic"):
        seconds = MOST_SECONDS if run.time_limit is None else min(MOST_SECONDS, SHARE * run.time_limit)
        found = good_routes(problem, time_limit=seconds, iterations=ITERATIONS)
    if found is not None:
        run.report(objective=found.total)
    with run.timed("pricing"):
        priced = branch_and_price(
            problem,
            rel_gap=run.rel_gap,
            time_limit=run.remaining(),
            routes=None if found is None else found.routes,
            granularity=granularity(source.instance),
            progress=lambda _, bound, best: run.report(bound=None if bound is None or np.isinf(bound) else bound, objective=best),
        )
    run.provenance["pricing"] = {"nodes": priced.nodes, "columns": priced.columns, "cuts": priced.cuts, "root_bound": priced.root_bound}
    run.provenance["heuristic"] = None if found is None else found.by
    data = stage_data(program)
    run.sign = data.sign
    plan = None if priced.routes is None else plan_of(source, priced.routes)
    x = None if plan is None else np.array([plan[name] for name in data.first.names])
    ends: dict[Any, Termination] = {Status.OPTIMAL: Termination.OPTIMAL, Status.INFEASIBLE: Termination.INFEASIBLE}
    termination = ends.get(priced.status, Termination.TIME_LIMIT)
    reason = {Termination.OPTIMAL: "gap reached", Termination.TIME_LIMIT: "time limit"}.get(
        termination, "infeasible: no routes keep all windows"
    )
    return finish(run, Recourse(data, backend), x=x, bound=priced.bound, termination=termination, reason=reason)


def granularity(instance: Routing) -> float:
    """Return of what the cost of every route is a multiple, 0 if of nothing: 10^-d where distances are cut off and windows are hard."""
    whole = instance.windows == "hard" and instance.speed == 1.0 and instance.penalty == "proportional" and instance.metric != "explicit"
    return 10.0**-instance.decimals if whole and instance.decimals is not None else 0.0
