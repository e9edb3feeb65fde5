"""What a run knows, as a result in the model's own sense: a maximisation is negated inside, and turned back here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .intervals import Statement
from .replication import Replication
from .report import LookRow, ReplicationRow, SaaResult
from .run import SaaRun
from .sequential import Look


def summary(run: SaaRun, reason: str, **facts: Any) -> SaaResult:
    """Return what is known, in the model's own sense."""
    sign, program = run.sign, run.source.population.program
    return SaaResult(
        model=program.name,
        instance=program.instance,
        sense="minimize" if sign > 0 else "maximize",
        method=run.source.run.method,
        solver=run.source.run.solver,
        procedure=run.options.procedure,
        confidence=run.options.confidence,
        sample_size=run.looks[-1].size if run.looks else run.options.sample,
        evaluation_size=run.evaluated,
        candidate=run.candidate,
        cost=None if run.cost is None else _in_sense(run.cost, sign),
        bound=None if run.bounds is None else _in_sense(run.bounds.bound, sign),
        gap=None if run.bounds is None else run.bounds.gap,
        replications=tuple(_row(r, sign) for r in run.replications),
        looks=tuple(_look(k, sign) for k in run.looks),
        until_gap=run.options.until_gap,
        certified=run.certified,
        violations=run.violations,
        stop_reason=reason,
        **facts,
    )


def _in_sense(s: Statement, sign: float) -> Statement:
    return replace(s, value=sign * s.value, limit=sign * s.limit)


def _row(r: Replication, sign: float) -> ReplicationRow:
    return ReplicationRow(
        number=r.number, size=r.size, candidate=sign * r.candidate, bound=sign * r.bound, gap=r.gap, gap_deviation=r.gap_deviation
    )


def _look(k: Look, sign: float) -> LookRow:
    return LookRow(
        number=k.number,
        size=k.size,
        cost=_in_sense(k.bounds.cost, sign),
        bound=_in_sense(k.bounds.bound, sign),
        gap=k.bounds.gap,
        confidence=k.confidence,
        target=k.target,
        within=k.within,
    )
