r"""Solve a program whose rows are generated: relax, solve by any method, recompute every decision of the plan, cut, repeat.

Each round's bound is one of a relaxation, so it is a bound. Each round's plan gets its exact cost by :func:`.search.search`. A round whose
plan needs no new row ends the run: its objective and bound are those of the program itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ... import parallel
from ...errors import InputError
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

Method = Callable[[Program, Run], Result]
Rows = Mapping[Any, frozenset[int]]


@dataclass(slots=True)
class _Recomputed:
    """Rank 0's side: recomputes plans and keeps the best."""

    backend: Backend
    run: Run
    risk: Risk
    best: Array | None = None
    cost: float = np.inf

    def plan(self, program: Program, first_stage: Mapping[str, float] | None) -> tuple[Rows, float | None]:
        """Return the rows that a plan's decisions violate, and its exact cost (minimisation form), if known; ``None``: nothing now."""
        data = stage_data(program)
        self.run.sign = data.sign
        lower = np.where(np.isfinite(data.first.lower), data.first.lower, 0.0)
        x = lower if first_stage is None else np.array([first_stage[name] for name in data.first.names])
        if first_stage_violation(data, x)[0] > FEASIBILITY:
            return {}, None
        found = search(_of(program), data, self.backend, x, self.run.out_of_time)
        if found.costs is None:
            return found.rows, None
        cost = self.risk.of(found.costs, data.probabilities)
        if cost < self.cost:
            self.best, self.cost = x, cost
        self.run.report(objective=cost)
        return found.rows, cost

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
        """Return the best plan that was recomputed, with the best bound."""
        data, run = stage_data(program), self.run
        reason = "time limit: not every decision of the last plan was recomputed"
        recourse = RiskRecourse(data, self.backend, risk=self.risk, num_given=program.num_scenarios)
        bound = None if run.bound is None else run.bound * data.sign
        run.provenance["recipe"] = dict(program.recipe)
        return finish(run, recourse, x=self.best, bound=bound, termination=Termination.TIME_LIMIT, reason=reason)


def solve_lazy(program: Program, backend: Backend, run: Run, risk: Risk, method: Method, comm: Any = None) -> Result:
    """Return the result of a program with generated rows; called by all ranks, of which rank 0 recomputes.

    The recipe in the result's provenance holds the rows that were found, and so names the last relaxation.

    Raises
    ------
    InputError
        A risk measure over distances between scenarios, which are data of the relaxation.
    """
    if risk.radius > 0:
        raise InputError(f"--risk {risk}: does not go with generated rows, on which the distances between scenarios would depend")
    ours, rounds = _Recomputed(backend, run, risk), 0
    rows, _ = parallel.on_rank_0(comm, lambda: ours.plan(program, None))
    program = program.with_rows(rows)
    while not run.out_of_time():
        rounds += 1
        inner = Run(run.rel_gap, run.remaining(), run.threads, certificate=run.certificate, method=run.method, solver=run.solver)
        inner.provenance = run.provenance | {"recipe": dict(program.recipe)}
        with run.timed("relaxations"):
            result = method(program, inner)
        run.report(bound=None if result.bound is None else result.bound * inner.sign)
        if result.objective is None:
            if inner.out_of_time():
                break
            return replace(result, timing=_timing(run))
        with run.timed("recompute"):
            rows, cost = parallel.on_rank_0(comm, lambda p=program, r=result: ours.plan(p, r.first_stage))
            if not rows and cost is not None:
                rows = parallel.on_rank_0(comm, lambda p=program, r=result: ours.stored(p, r))
        if not rows and cost is not None:
            reason = f"{result.stop_reason}; every decision recomputed, {rounds} round{'s' * (rounds > 1)}"
            trace = (*run.trace, TracePoint(time_s=run.elapsed(), bound=result.bound, objective=result.objective))
            return replace(result, stop_reason=reason, trace=trace, timing=_timing(run))
        program = program.with_rows(rows)
    return parallel.on_rank_0(comm, lambda: ours.unfinished(program))


def _of(program: Program) -> Lazy:
    assert program.lazy is not None
    return program.lazy


def _timing(run: Run) -> dict[str, float]:
    return {**run.timing, "total": run.elapsed()}
