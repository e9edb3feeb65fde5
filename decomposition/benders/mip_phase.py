"""The MIP phase: master MIPs whose dual bounds count, each followed by the best continuous completion of its integers."""

from __future__ import annotations

from .engine import Engine
from .lp_phase import integers_fixed, lp_phase
from .master_program import Point
from .position import MipPosition
from .stabilization import Center
from .stopping import Gap

SHARE, TIGHTEN, TIGHTEST = 0.3, 0.1, 1e-9
"""A master MIP, or a completion, may leave this share of the gap open; where that leads nowhere, a tenth of it, and so on."""


def mip_phase(engine: Engine, rel_gap: float) -> str:
    """Run until incumbent and bound are within ``rel_gap``; returns why it stopped.

    HiGHS is asked again with the new cuts each time, from the best plan, with a gap that tightens.
    """
    target = Gap(rel_gap)
    here = engine.mip = engine.mip or MipPosition(candidate=engine.incumbent)
    here.tolerance = min(here.tolerance, max(SHARE * rel_gap, TIGHTEST))
    while True:
        candidate = here.candidate
        fixed, start, cutoff = None, None, None
        if not engine.resuming:
            reason = engine.limit()
            if reason is not None:
                return reason
            engine.save_if_due(always=True)
            here.before = (engine.bound, engine.incumbent, candidate, engine.added)
            point = _master(engine, here.tolerance, candidate)
            if _closed(engine, target):
                return "gap"
            if point is None:
                return engine.limit() or "infeasible"
            fixed = integers_fixed(engine, point.x)
            start = Center(point.x, point.eta, point.value, False)
            cutoff = None if candidate is None else engine.estimate(candidate)
        found = lp_phase(engine, here.tolerance, exact=False, fixed=fixed, start=start, cutoff=cutoff).center
        if found is not None and (candidate is None or engine.estimate(found) < engine.estimate(candidate)):
            candidate = found
        stuck = here.before == (engine.bound, engine.incumbent, candidate, engine.added)
        if candidate is not None and (candidate.exact or stuck or target.reached(engine.estimate(candidate), engine.bound)):
            candidate = engine.make_exact(candidate)
        here.candidate = candidate
        if _closed(engine, target):
            return "gap"
        if stuck:
            if here.tolerance <= TIGHTEST:
                return "stalled"
            here.tolerance = max(here.tolerance * TIGHTEN, TIGHTEST)


def _closed(engine: Engine, target: Gap) -> bool:
    return engine.incumbent is not None and target.reached(engine.incumbent.cost, engine.bound)


def _master(engine: Engine, tolerance: float, start: Center | None) -> Point | None:
    """Solve the master MIP from plan ``start`` and take its bound."""
    full = None if start is None else engine.master.completed(start.x, start.eta)
    remaining = engine.run.remaining()
    with engine.run.timed("master"):
        point, bound = engine.team.on_rank_0(lambda: engine.master.solve_mip(tolerance, remaining, engine.settings.threads, full))
    engine.raise_bound(bound)
    return point
