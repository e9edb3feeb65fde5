"""Rounds of cuts from sharpened recourse on the master's LP, and plans rounded from it: between the LP phase and the master MIPs."""

from __future__ import annotations

import numpy as np

from ..matrices import Array
from ..recourse import FEASIBILITY, first_stage_violation
from .integer_state import IntegerState
from .master_program import Point

THRESHOLDS = (0.2, 0.35, 0.5, 0.65, 0.8)
"""A relaxed plan is rounded up from each of these."""

TRIED = 2
"""Rounded plans whose recourse is solved with integrality, those that cost least in the sharpened relaxation."""

SETTLED = 0.1
"""The rounds end within this share of the gap asked for between the master's value and the best cost of the sharpened relaxation."""

PATIENCE, PROGRESS = 4, 1e-5

COARSE = 2e-4
"""Facets beyond minimal covers are looked for once a round of covers raises the bound by less than this share."""


def sharp_rounds(state: IntegerState) -> str | None:
    """Run the rounds; returns why the run must stop, if it must."""
    engine = state.engine
    best, idle, finely = np.inf, 0, False
    center: Array | None = None
    before: float | None = None
    while True:
        reason = engine.limit()
        if reason is not None:
            return reason
        engine.iteration += 1
        with engine.run.timed("master"):
            point = engine.team.on_rank_0(engine.master.solve_lp)
        if point is None or point.bound is None:
            return None
        engine.raise_bound(point.bound, of_lp=True)
        if state.closed():
            return "gap"
        raised = np.inf if before is None else point.bound - before
        before = point.bound
        idle = 0 if raised > PROGRESS * abs(before) else idle + 1
        if raised <= COARSE * abs(before) and not finely:  # what was a cost becomes more
            _round(state, point.x, *([] if center is None else [center]))
            finely, best, center = True, np.inf, None
            if state.closed():
                return "gap"
        if idle >= PATIENCE or (center is not None and best - before <= SETTLED * state.target.tolerance * abs(best)):
            _round(state, point.x, *([] if center is None else [center]))
            return "gap" if state.closed() else None
        x = point.x if center is None or engine.iteration % 2 else 0.5 * (point.x + center)
        cost = add_sharp_cuts(state, point, x, finely=finely)
        if cost < best:
            best, center = cost, x


def add_sharp_cuts(state: IntegerState, point: Point, x: Array, *, finely: bool = True) -> float:
    """Add the cuts of the sharpened recourse at ``x``; returns the plan's cost in it, inf if that is infeasible."""
    engine, oracle = state.engine, state.oracle
    with engine.run.timed("facets"):
        found = oracle.sharp_values(x, finely=finely)
    if found is None:
        return state.add_lp_cuts(point, x)
    values, slopes = found
    engine.add(oracle.cuts(x, point.eta, values, slopes), x, point.eta, point)
    return state.cost_from(x, values)


def _round(state: IntegerState, *relaxed: Array) -> None:
    """Offer the best of the plans rounded from relaxed ones."""
    engine, first = state.engine, state.engine.problem.first
    plans: dict[bytes, Array] = {}
    for x in relaxed:
        for threshold in THRESHOLDS:
            rounded = np.floor(x + 1 - threshold)
            plan = engine.clean(np.where(first.integer, np.clip(rounded, first.lower, first.upper), x)) + 0.0
            if first_stage_violation(engine.problem, plan)[0] <= FEASIBILITY:
                plans[plan.tobytes()] = plan
    costs = []
    for plan in plans.values():
        with engine.run.timed("facets"):
            found = state.oracle.sharp_values(plan, separate=False)
        costs.append(np.inf if found is None else state.cost_from(plan, found[0]))
    for i in np.argsort(costs, kind="stable")[:TRIED].tolist():
        if np.isfinite(costs[i]):
            state.offer(list(plans.values())[i])
