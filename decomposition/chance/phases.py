"""The phases: rows at LP solutions until none is violated; then master MIPs, each completed to a plan with what is given up fixed."""

from __future__ import annotations

import numpy as np

from ...solvers import Termination
from ..benders.stopping import Gap
from .engine import NEW_STARS, Engine
from .master import Point

OLDEST = 10
"""Rows slack in so many LPs are dropped."""

STALL, STALLED = 1e-4, 6
"""The LP phase ends when ``STALLED`` looks have raised its bound by less than this share."""

SHARE, TIGHTEN, TIGHTEST = 0.3, 0.1, 1e-9
"""A master MIP may leave this share of the gap open; where that leads nowhere, a tenth of it, and so on."""

COMPLETIONS = 20
"""Most master MIPs with owned variables fixed in search of one plan."""

FIRST_SLICE = 10.0
"""Seconds of the first master MIP; each one after it may take twice as long as the one before."""


def lp_phase(engine: Engine, *, stall: float = STALL) -> tuple[str, Point | None]:
    """Cut LP solutions off until no row is violated; returns why it ended (done, stalled, infeasible or a limit) and the last."""
    bounds: list[float] = []
    while True:
        reason = engine.limit()
        if reason is not None:
            return reason, None
        engine.iteration += 1
        with engine.run.timed("master"):
            point = engine.team.on_rank_0(engine.master.solve_lp)
        if point is None:
            return "infeasible", None
        if point.bound is not None:
            engine.raise_bound(point.bound, of_lp=True)
        with engine.run.timed("stars"):
            rows = engine.stars.separate(point.x, point.z, NEW_STARS)
        if engine.master.add(rows):
            _purge(engine)
            continue
        found = 0
        for z in (engine.strict(point.z), engine.clip(point.z)):
            seen = engine.look(engine.clip_plan(point.x), z)
            found += engine.learn(seen, point)
            if found:
                break
        _purge(engine)
        if not found:
            return "done", point
        if point.bound is not None:
            bounds.append(point.bound)
            if len(bounds) > STALLED and bounds[-1] - bounds[-1 - STALLED] <= stall * abs(bounds[-1]):
                return "stalled", point


def _purge(engine: Engine) -> None:
    """Drop rows that rank 0, which alone solves the LPs, saw slack for long; the rows are the same on all ranks."""
    gone = engine.team.on_rank_0(lambda: engine.master.slack_rows(OLDEST))
    engine.master.drop(gone)
    engine.forget()


def mip_phase(engine: Engine, rel_gap: float) -> str:
    """Run until incumbent and bound are within ``rel_gap``; returns why it stopped."""
    target, tolerance, seconds = Gap(rel_gap), max(SHARE * rel_gap, TIGHTEST), FIRST_SLICE
    while True:
        reason = engine.limit()
        if reason is not None:
            return reason
        before = (engine.bound, engine.incumbent, len(engine.master.rows))
        point, bound, end = _master(engine, tolerance, seconds)
        engine.raise_bound(bound)
        if _closed(engine, target):
            return "gap"
        if end in (Termination.INFEASIBLE, Termination.INFEASIBLE_OR_UNBOUNDED):  # the LP phase has shown that it is bounded
            return "infeasible"
        if point is not None:
            complete(engine, point, tolerance)
        if _closed(engine, target):
            return "gap"
        if end is Termination.OPTIMAL and before == (engine.bound, engine.incumbent, len(engine.master.rows)):
            if tolerance <= TIGHTEST:
                return "stalled"
            tolerance = max(tolerance * TIGHTEN, TIGHTEST)
        seconds *= 2


def complete(engine: Engine, point: Point, tolerance: float) -> None:
    """Find a good plan with the integer owned variables of ``point``: LPs with all integers fixed, MIPs that choose others for x."""
    for _ in range(COMPLETIONS):
        z, x = engine.clean_own(point.z), engine.clean(point.x)
        engine.master.fix(z, x)
        try:
            reason = _fixed_lp(engine, tolerance)
        finally:
            engine.master.fix(None)
        if reason != "infeasible":
            return
        engine.master.fix(z)
        try:
            again, _, _ = _master(engine, tolerance, FIRST_SLICE)
        finally:
            engine.master.fix(None)
        if again is None:
            return
        point = again


def _fixed_lp(engine: Engine, tolerance: float) -> str:
    """Cut until the plan of the fixed integers costs what the master says: ``infeasible``, ``done``, ``beaten`` or a limit."""
    gap, best, idle = Gap(tolerance), np.inf, 0
    while True:
        reason = engine.limit()
        if reason is not None:
            return reason
        engine.iteration += 1
        with engine.run.timed("master"):
            point = engine.team.on_rank_0(engine.master.solve_lp)
        if point is None:
            return "infeasible"
        if best < np.inf and gap.reached(best, point.bound):
            return "done"
        if engine.incumbent is not None and point.bound is not None and point.bound >= engine.incumbent.cost * (1 - 1e-9):
            return "beaten"
        seen = engine.look(engine.clean(point.x), engine.clean_own(point.z))
        if engine.offer(seen):
            best = min(best, engine.cost(seen))
        added = engine.learn(seen, point)
        idle = 0 if added else idle + 1
        if idle > 1:
            return "done"


def first_plan(engine: Engine, point: Point, tolerance: float) -> None:
    """Complete the LP phase's last solution, what is given up rounded to what the budgets allow, the largest first."""
    chance, z = engine.chance, engine.clip(point.z).copy()
    p = chance.p
    for j in np.flatnonzero(chance.binary).tolist():
        order = np.argsort(-z[:, j], kind="stable")
        missed = np.cumsum(p[order])
        count = int(np.searchsorted(missed, chance.budget[j] * (1 + 1e-12) + 1e-12, side="right"))
        z[:, j] = 0.0
        z[order[:count], j] = 1.0
    engine.master.fix(engine.clean_own(z))
    try:
        start, _, _ = _master(engine, tolerance, FIRST_SLICE)
    finally:
        engine.master.fix(None)
    if start is not None:
        complete(engine, start, tolerance)


def _master(engine: Engine, tolerance: float, seconds: float) -> tuple[Point | None, float | None, Termination]:
    start = None
    held = engine.incumbent
    if held is not None and (engine.master.fixed is None or np.array_equal(engine.master.fixed, held.z)):
        start = engine.master.completed(held.x, held.z)
    remaining = engine.run.remaining()
    limit = seconds if remaining is None else min(seconds, remaining)
    with engine.run.timed("master"):
        return engine.team.on_rank_0(lambda: engine.master.solve_mip(tolerance, limit, engine.settings.threads, start))


def _closed(engine: Engine, target: Gap) -> bool:
    return engine.incumbent is not None and target.reached(engine.incumbent.cost, engine.bound)
