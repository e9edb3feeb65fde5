r"""Solve a program whose rows are generated: relax, solve by any method, recompute every decision of the plan, cut, repeat.

Each round's bound is one of a relaxation, so it is a bound. Each round's plan gets its exact cost by :func:`.search.search`. A round whose
plan needs no new row ends the run: its objective and bound are those of the program itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ... import parallel
from ...errors import InputError, ModelError
from ...result import Result, TracePoint
from ...solvers import Backend, Termination
from ..benders import Risk
from ..benders.compiled import compile_problem
from ..benders.team import Team
from ..compiled import stage_data
from ..matrices import Array
from ..program import Program
from ..recourse import FEASIBILITY, first_stage_violation
from ..risk_form import RiskRecourse
from ..run import Run, finish
from .decisions import stored_decisions
from .protocol import Lazy
from .search import add, search

SEARCHING = 0.8
"""Share of the time limit after which nothing more is recomputed."""

TELL_S = 5.0
"""Seconds between two words on how far recomputing is."""

Method = Callable[[Program, Run], Result]
Rows = Mapping[Any, frozenset[int]]


@dataclass(slots=True)
class _Kept(RiskRecourse):
    """Evaluates the plan that was kept by the cost of its allowed decisions; under the rows there are, others may be cheaper."""

    cost: float = np.inf

    def expected(self, x: Array) -> float | None:
        """Return the cost, or ``None`` if the first stage is violated."""
        return None if self.first_stage_violation(x)[0] > FEASIBILITY else self.cost


@dataclass(slots=True)
class _Recomputed:
    """Rank 0's side: recomputes plans and keeps the best with the cost of its decisions, all of which are allowed."""

    backend: Backend
    run: Run
    risk: Risk
    best: Array | None = None
    cost: float = np.inf
    told: float = 0.0

    def plan(self, program: Program, first_stage: Mapping[str, float] | None) -> tuple[Rows, float | None, float]:
        """Return the rows that a plan's decisions violate, its exact cost in minimisation form if it is known, and the program's sign.

        Without a first stage it is the plan of all variables at their lower bounds, or at 0.
        """
        data = stage_data(program)
        lower = np.where(np.isfinite(data.first.lower), data.first.lower, 0.0)
        x = lower if first_stage is None else np.array([first_stage[name] for name in data.first.names])
        if first_stage_violation(data, x)[0] > FEASIBILITY:
            return {}, None, data.sign
        found = search(_of(program), data, self.backend, x, self._late, lambda k: self._tell(k, program), exact=first_stage is not None)
        if found.costs is None:
            return found.rows, None, data.sign
        cost = self.risk.of(found.costs, data.probabilities)
        if cost < self.cost:
            self.best, self.cost = x, cost
        return found.rows, cost, data.sign

    def _late(self) -> bool:
        """Whether what is left of the time limit is to be kept for a bound from the rows there are."""
        return self.run.time_limit is not None and self.run.elapsed() >= SEARCHING * self.run.time_limit

    def _tell(self, k: int, program: Program) -> None:
        """Say every few seconds which scenario is recomputed."""
        run, now = self.run, self.run.elapsed()
        if run.progress is not None and now - self.told >= TELL_S:
            self.told, note = now, f"recomputing scenario {k + 1} of {program.num_scenarios}"
            run.progress(TracePoint(time_s=now, bound=run.bound, objective=run.objective, note=note))

    def stored(self, program: Program, result: Result) -> Rows:
        """Return the rows that the decisions in a result's certificate violate; they may be others of the same cost."""
        recourse = (result.certificate or {}).get("recourse") or {}
        if recourse.get("values") is None:
            return {}
        problem, _ = compile_problem(program, Team())
        x = np.array([result.first_stage[name] for name in problem.first.names])
        rows: dict[Any, frozenset[int]] = {}
        for k, values in stored_decisions(problem, program.scenario_names, x, recourse):
            add(rows, _of(program).violated(k, values))
        return rows

    def unfinished(self, program: Program) -> Result:
        """Return the best plan that was recomputed, with the best bound; the recipe's rows are those behind the bound."""
        run, data = self.run, stage_data(program)
        reason = "time limit: not every decision of the last plan was recomputed"
        recourse = _Kept(data, self.backend, risk=self.risk, num_given=program.num_scenarios, cost=self.cost)
        bound = None if run.bound is None else run.bound * data.sign
        run.provenance["recipe"] = dict(program.recipe)
        return finish(run, recourse, x=self.best, bound=bound, termination=Termination.TIME_LIMIT, reason=reason)


def solve_lazy(program: Program, backend: Backend, run: Run, risk: Risk, method: Method, comm: Any = None) -> Result:
    """Return the result of a program with generated rows; called by all ranks, of which rank 0 recomputes.

    Where rows are dear to prove, a plan is first found with rows that are only guessed. Its decisions are allowed, so its cost is that of
    an incumbent; the bound waits for proved rows. The recipe in the result's provenance holds these, and so names the last relaxation.

    Raises
    ------
    InputError
        A risk measure over distances between scenarios, which are data of the relaxation.
    ModelError
        Decisions violate generated rows that were added before.
    """
    if risk.radius > 0:
        raise InputError(f"--risk {risk}: does not go with generated rows, on which the distances between scenarios would depend")
    ours = _Recomputed(backend, run, risk)
    guess = _of(program).guessing()
    if guess is not None:
        _rounds(replace(program, lazy=guess), ours, method, comm, bounds=False)
    program, result = _rounds(program, ours, method, comm)
    return parallel.on_rank_0(comm, lambda: ours.unfinished(program)) if result is None else result


def _rounds(program: Program, ours: _Recomputed, method: Method, comm: Any, *, bounds: bool = True) -> tuple[Program, Result | None]:
    """Return the program with the rows that were found, and the result if it is done; ``bounds``: rows are valid, so bounds are."""
    run, rounds = ours.run, 0

    def recomputed(first_stage: Mapping[str, float] | None) -> tuple[Rows, float | None]:
        rows, cost, run.sign = parallel.on_rank_0(comm, lambda: ours.plan(program, first_stage))
        run.report(objective=cost)
        return rows, cost

    with run.timed("recompute"):
        program = program.with_rows(recomputed(None)[0])
    while not parallel.on_rank_0(comm, run.out_of_time):  # clocks of ranks differ
        rounds += 1
        inner = Run(run.rel_gap, run.remaining(), run.threads, certificate=run.certificate, method=run.method, solver=run.solver)
        inner.provenance = run.provenance | {"recipe": dict(program.recipe)}
        with run.timed("relaxations"):
            result = method(program, inner)
        if bounds:
            run.report(bound=None if result.bound is None else result.bound * inner.sign)
        if result.objective is None:
            ended = parallel.on_rank_0(comm, inner.out_of_time)
            return program, None if ended else replace(result, timing=_timing(run))
        with run.timed("recompute"):
            rows, cost = recomputed(result.first_stage)
            if not rows and cost is not None:
                rows = parallel.on_rank_0(comm, partial(ours.stored, program, result))
        if not rows and cost is not None:
            reason = f"{result.stop_reason}; every decision recomputed, {rounds} round{'s' * (rounds > 1)}"
            trace = (*run.trace, TracePoint(time_s=run.elapsed(), bound=result.bound, objective=result.objective))
            return program, replace(result, stop_reason=reason, trace=trace, timing=_timing(run))
        if not rows:
            break
        known = program.kwargs["rows"].where
        if again := [row for row, where in rows.items() if where <= known.get(row, frozenset())]:
            raise ModelError(f"{program.name}: a decision violates {again[0]}, which its model holds; is the model without the rows?")
        program = program.with_rows(rows)
    return program, None


def _of(program: Program) -> Lazy:
    assert program.lazy is not None
    return program.lazy


def _timing(run: Run) -> dict[str, float]:
    return {**run.timing, "total": run.elapsed()}
