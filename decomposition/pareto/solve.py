"""A program's front: objectives compiled, budget chosen, points found by one of the inner solvers, and the result as plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...errors import InputError, NoSolutionError
from ...result import Result, Status
from ...solvers import Backend
from ..benders import Settings, solve_benders
from ..program import Program
from ..run import Run
from .benders import WeightedBenders
from .driver import RawFront, find_front, solved
from .extensive import ExtensiveForm
from .front import FrontPoint, ParetoFront
from .inner import InnerSolver
from .objectives import Objectives, compile_objectives
from .quality import hypervolume, knee

INNER: Mapping[str, Callable[[Objectives, Backend, int | None], InnerSolver]] = {"benders": WeightedBenders, "ef": ExtensiveForm}

BUDGET, BUDGET_SHARE = "first_stage_cost", 0.6
"""The expression that a budget bounds, and the default: this share of what the plan of least expected cost spends on it."""

REFERENCE = 1.1
"""The hypervolume's reference point lies this far from the ideal point, in units of the ranges."""


def solve_front(
    program: Program,
    backend: Backend,
    names: Sequence[str],
    *,
    points: int,
    budget: float | None = None,
    method: str = "benders",
    rel_gap: float = 1e-3,
    time_limit: float | None = None,
    threads: int | None = None,
    units: Mapping[str, str] | None = None,
    provenance: Mapping[str, Any] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> ParetoFront:
    """Return the front of a program under a budget on its first-stage cost (module docstrings of the package).

    Raises
    ------
    InputError
        What :func:`.objectives.compile_objectives` and :func:`.driver.find_front` refuse; a budget below what any plan costs.
    """
    objectives = compile_objectives(program, names, BUDGET)
    given = budget
    if budget is None:
        budget = BUDGET_SHARE * _usual_spending(program, backend, objectives, threads)
    _affordable(objectives, backend, budget)
    bounded = objectives.with_budget(budget)
    inner = INNER[method](bounded, backend, threads)
    raw = find_front(inner, objectives.names, points, rel_gap, time_limit, progress)
    front = _front(raw, bounded, rel_gap)
    work = {"points": points, "budget_given": given, "work": inner.work()}
    return replace(
        front,
        method=method,
        solver=backend.name,
        budget=budget,
        model=program.name,
        instance=program.instance,
        num_scenarios=program.num_scenarios,
        asked=points,
        units=dict(units or {}),
        provenance={**(provenance or {}), "pareto": work},
    )


def _usual_spending(program: Program, backend: Backend, objectives: Objectives, threads: int | None) -> float:
    """Return what the plan of least expected cost spends."""
    assert objectives.budget_cost is not None
    result: Result = solve_benders(
        program, backend, Run(rel_gap=1e-2, method="benders", solver=backend.name), settings=Settings(threads=threads)
    )
    result.raise_for_status()
    x = np.array([result.first_stage[n] for n in objectives.data.first.names])
    return float(objectives.budget_cost @ x) + objectives.budget_offset


def _affordable(objectives: Objectives, backend: Backend, budget: float) -> None:
    """Refuse a budget below what the cheapest first stage costs."""
    from ...solvers import LinearProgram

    data = objectives.data
    assert objectives.budget_cost is not None
    first = data.first
    problem = LinearProgram(objectives.budget_cost, data.A, data.row_lower, data.row_upper, first.lower, first.upper, first.integer)
    found = backend.open(problem).solve({"rel_gap": 1e-9})
    if found.objective is None:
        raise NoSolutionError(f"no plan satisfies the first stage ({found.termination})")
    least = found.objective + objectives.budget_offset
    if budget < least - 1e-9 * max(1.0, abs(least)):
        raise InputError(f"--budget {budget:g}: no plan costs less than {least:g}")


def _front(raw: RawFront, objectives: Objectives, rel_gap: float) -> ParetoFront:
    names, payoff = objectives.names, raw.anchors.payoff
    ideal, nadir = payoff.min(axis=0), payoff.max(axis=0)
    kept = [raw.found[i] for i in raw.kept]
    points = []
    for one in kept:
        f, x = one.outcome.f, one.outcome.x
        assert f is not None and x is not None
        weights = one.outcome.weights
        points.append(
            FrontPoint(
                objectives=_named(names, f),
                first_stage=_named(objectives.data.first.names, x),
                status=Status.OPTIMAL if solved(one, rel_gap) else Status.FEASIBLE,
                gap=one.gap,
                origin=one.origin,
                weights=None if weights is None else _named(names, weights),
            )
        )
    normalised = raw.plane.normalised(np.array([one.outcome.f for one in kept]))
    reference = np.full(len(names), REFERENCE)
    whole = raw.complete and all(p.status is Status.OPTIMAL for p in points)
    return ParetoFront(
        status=Status.OPTIMAL if whole else Status.FEASIBLE,
        method="",
        solver="",
        names=names,
        points=tuple(points),
        payoff={a: _named(names, row) for a, row in zip(names, payoff, strict=True)},
        ideal=_named(names, ideal),
        nadir=_named(names, nadir),
        bounds={n: float(b) if np.isfinite(b) else None for n, b in zip(names, raw.anchors.bounds, strict=True)},
        hypervolume=hypervolume(normalised, reference) / REFERENCE ** len(names),
        reference=_named(names, ideal + REFERENCE * (nadir - ideal)),
        knee=knee(normalised, raw.plane.normalised(payoff)),
        solved=len(raw.found),
        stop_reason="every point solved to the gap" if whole else "time limit" if not raw.complete else "a gap is left at some points",
        timing=dict(raw.timing),
    )


def _named(names: Sequence[str], values: Any) -> dict[str, float]:
    return {n: float(v) for n, v in zip(names, values, strict=True)}
