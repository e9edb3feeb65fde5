"""The run: a plan to begin with, the LP phase, the MIP phase; and what is to be said of infeasible and unbounded problems."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..run import Run
from .crash import begin, costliest
from .engine import Engine
from .infeasible import explain
from .integer_recourse import integer_phase, require_served
from .lazy_phase import lazy_phase
from .lp_phase import Outcome, lp_phase
from .master import LAST_BOX
from .mip_phase import mip_phase
from .position import MipPosition
from .problem import Problem
from .recession import RAY, largest_cost, named_ray, recession, recourse_ray, without_costs
from .recourse_lps import UnboundedRecourseError
from .stabilization import Center

LP_SHARE = 0.2
"""Share of the gap asked for that the LP phase may leave to the MIP phase."""


def drive(engine: Engine, rel_gap: float) -> str:
    """Run all phases; returns why the run stopped: ``gap``, ``infeasible``, ``unbounded``, ``stalled`` or a limit.

    ``engine.explanations`` then says more of an infeasible or unbounded problem.
    """
    try:
        reason = _phases(engine, rel_gap)
    except UnboundedRecourseError as unbounded:
        group = unbounded.group
        ray = engine.team.on_rank_0(lambda: recourse_ray(engine, group))
        engine.explanations["unbounded"] = f"unbounded: recourse costs fall without limit along {ray}"
        reason = _why_no_plan(engine) or "unbounded"
    if reason == "infeasible" and "infeasible" not in engine.explanations:
        engine.explanations["infeasible"] = engine.team.on_rank_0(lambda: explain(engine))
    return reason


def _phases(engine: Engine, rel_gap: float) -> str:
    integer = bool(engine.problem.first.integer.any()) or engine.problem.integer_recourse
    if engine.problem.integer_recourse:
        require_served(engine)
    if engine.mip is not None:  # resumed there
        return _whole(engine, rel_gap)
    if engine.center is None and engine.lp is None:
        engine.center = begin(engine)
        if engine.run.plan is not None and not engine.problem.integer_recourse:
            plan = engine.run.plan
            engine.make_exact(Center(np.array([plan[name] for name in engine.problem.first.names]), None, np.inf, False))
    if engine.settings.retain and engine.master.retained is None:
        engine.retain(costliest(engine))
    while True:
        outcome = lp_phase(engine, (LP_SHARE if integer else 1.0) * rel_gap, exact=not integer, start=engine.center)
        engine.center = outcome.center
        if outcome.reason == "closed":
            return "gap"
        if outcome.reason != "box":
            break
        ray = _ray(engine)
        if ray is not None:
            engine.explanations["unbounded"] = f"unbounded: costs fall without limit along {ray}"
            return (_why_no_plan(engine) if integer else None) or "unbounded"
        if engine.team.on_rank_0(lambda: engine.master.box) >= LAST_BOX:  # which alone enlarges it
            return "stalled"
        engine.master.open_box()
    if not integer and outcome.center is not None:
        engine.offer(outcome.center)
    if (outcome.reason == "gap" and integer) or (outcome.reason == "stalled" and engine.problem.integer_recourse):
        return _whole(engine, rel_gap)
    return outcome.reason


def _whole(engine: Engine, rel_gap: float) -> str:
    """Run the phase that comes after the LP phase where there are integers; a resumed run may begin here."""
    engine.mip = engine.mip or MipPosition(candidate=engine.incumbent)
    if engine.problem.integer_recourse:
        engine.save_if_due(always=True)
        return integer_phase(engine, rel_gap)
    return mip_phase(engine, rel_gap) if engine.backend.solve_lazy is None else lazy_phase(engine, rel_gap)


def _ray(engine: Engine) -> str | None:
    """Return a direction of plans along which no recourse stops the costs from falling, by its variables; ``None`` if there is none."""
    problem = recession(engine.problem)
    outcome = _relaxed(engine, problem)
    center = outcome.center
    if center is None or center.cost > -RAY * largest_cost(problem):
        return None
    return named_ray(problem.first.names, center.x)


def _relaxed(engine: Engine, problem: Problem) -> Outcome:
    """Run the LP phase on a problem derived from the engine's."""
    other = _sibling(engine, problem)
    try:
        return lp_phase(other, 1e-9, exact=True)
    finally:
        other.close()


def _why_no_plan(engine: Engine) -> str | None:
    """Return why no plan with recourse in all scenarios was found, ``infeasible`` (then explained) or a limit; ``None`` if there is one."""
    other = _sibling(engine, without_costs(engine.problem))
    try:
        reason = _phases(other, 1e-6)
        if other.incumbent is not None:
            return None
        if reason == "infeasible":
            engine.explanations["infeasible"] = engine.team.on_rank_0(lambda: explain(other))
        return reason
    finally:
        other.close()


def _sibling(engine: Engine, problem: Problem) -> Engine:
    run = Run(rel_gap=1e-9, time_limit=engine.run.remaining(), method=engine.run.method, solver=engine.run.solver)
    return Engine(problem, engine.backend, run, replace(engine.settings, retain=0, iterations=None, risk=engine.risk), engine.team)
