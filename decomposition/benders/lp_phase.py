"""The LP phase: cutting planes on the relaxed first stage (or on one with its integers fixed), stabilized."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..matrices import Array
from .engine import Engine
from .master_program import Point
from .position import LpPosition
from .stabilization import Center, stabilization
from .stopping import LIMITS, Gap

REFINE = 3
"""Iterations between refinements of adaptive clusters."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """``center``: the best plan of the phase; ``bound``: its lower bound (for the restricted first stage, if there was a restriction).

    ``reason``: ``"gap"``, ``"infeasible"``, ``"box"`` (the optimum lies at the box around the master), ``"stalled"``,
    ``"cutoff"`` or a limit.
    """

    center: Center | None
    bound: float | None
    reason: str
    point: Point | None = None


def lp_phase(
    engine: Engine,
    tolerance: float,
    *,
    exact: bool,
    fixed: tuple[Array, Array] | None = None,
    start: Center | None = None,
    cutoff: float | None = None,
) -> Outcome:
    """Cut until the best plan's cost is within ``tolerance`` of the master's value; ``exact``: that cost must be exact, not estimated.

    ``fixed`` are bounds on x in place of the problem's own; then neither the engine's bound nor its center is touched, and the phase may
    end as soon as its own bound reaches ``cutoff``.
    """
    here = engine.lp if engine.resuming else None
    engine.resuming = False
    if here is None:
        here = engine.lp = LpPosition(stabilization(engine.settings.stabilization), fixed, cutoff=cutoff)
        if start is not None:
            here.center = _first(engine, start, whole=fixed is not None)
    engine.master.set_bounds(here.fixed)
    try:
        outcome = _run(engine, Gap(tolerance), exact, here)
    finally:
        engine.master.set_bounds(None)
    if outcome.reason not in LIMITS:
        engine.lp = None
    return outcome


def _first(engine: Engine, start: Center, *, whole: bool) -> Center | None:
    """Evaluate the plan to start from; returns the center, ``None`` if it is infeasible."""
    x = engine.clean(start.x) if whole else start.x
    answer, center = engine.evaluate(x, start.eta, engine.effort())
    engine.add(answer.cuts, x, answer.eta)
    if answer.infeasible:
        return None
    engine.master.scale_to(center.scale, center.x)
    return center


def _run(engine: Engine, gap: Gap, exact: bool, here: LpPosition) -> Outcome:
    rule, cutoff, fixed = here.rule, here.cutoff, here.fixed is not None
    center, bound, idle = here.center, here.bound, here.idle
    while True:
        here.center, here.bound, here.idle = center, bound, idle
        reason = engine.limit()
        if reason is not None:
            return Outcome(center, bound, reason)
        engine.save_if_due()
        engine.iteration += 1
        with engine.run.timed("master"):
            point = engine.team.on_rank_0(engine.master.solve_lp)
        if point is None:
            return Outcome(None, None, "infeasible")
        if point.bound is not None and (bound is None or point.bound > bound):
            bound = point.bound
            if not fixed:
                engine.raise_bound(bound, of_lp=True)
                if engine.incumbent is not None and Gap(engine.run.rel_gap).reached(engine.incumbent.cost, engine.bound):
                    return Outcome(center, bound, "closed", point)
        if cutoff is not None and bound is not None and bound >= cutoff:
            return Outcome(center, bound, "cutoff", point)
        near = center is not None and gap.reached(engine.estimate(center), bound)
        if near and center is not None:
            if point.boxed:
                return Outcome(center, None, "box", point)
            if center.exact or (here.confirmed and not exact):
                return Outcome(center, bound, "gap", point)
            answer, center = engine.evaluate(center.x, center.eta, engine.effort(exact=exact))
            engine.add(answer.cuts, answer.x, answer.eta)
            here.confirmed = not answer.infeasible
            if answer.infeasible:
                center = None
            continue
        with engine.run.timed("master"):
            x, eta = rule.query(engine.master, point, center)
        x = engine.clean(x) if fixed else x
        answer, asked = engine.evaluate(x, eta, engine.effort())
        cut_off = any(engine.cutting_off(answer.cuts, point))
        added = engine.add(answer.cuts, x, answer.eta, point)
        if not fixed:
            engine.purge()
        if engine.settings.cuts == "adaptive" and not fixed and engine.iteration % REFINE == 0:
            engine.refine(answer.cuts, point)
        improved = not answer.infeasible and (center is None or engine.estimate(asked) < engine.estimate(center))
        if improved:
            center, here.confirmed = asked, False
            engine.master.scale_to(center.scale, center.x)
        rule.learn(cut_off, improved)
        idle = 0 if cut_off or improved or added else idle + 1
        if idle == 1 and engine.stride > 1:  # the pool has no more to say: solve more
            engine.stride = max(1, engine.stride // 4)
        if idle >= 3:
            return Outcome(center, bound, "box" if point.boxed else "stalled", point)


def integers_fixed(engine: Engine, x: Array) -> tuple[Array, Array]:
    """Return bounds that hold the integer variables at the whole numbers next to ``x``."""
    first = engine.problem.first
    whole = np.round(x)
    return np.where(first.integer, whole, first.lower), np.where(first.integer, whole, first.upper)
