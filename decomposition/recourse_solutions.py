"""A plan's recourse, scenario by scenario: the second-stage values that show its cost by arithmetic."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np

from ..result import Result
from ..solvers import Backend, LinearProgram, SolverModel
from .benders.compiled import compile_problem
from .benders.owned import OwnedProblem
from .benders.problem import Problem
from .benders.recourse_lps import row_bounds
from .benders.team import Team
from .matrices import Array
from .packing import pack
from .program import Program

MOST_NUMBERS = 2_000_000
"""Plans with more second-stage values than this, over all scenarios, are not written down."""

LEAST_SECONDS = 10.0
"""Solving the recourse once more may take this long, or twice as long as the exact evaluation took."""


def recourse_certificate(problem: Problem, backend: Backend, team: Team, x: Array, seconds: float) -> dict[str, Any]:
    """Return on every rank ``{"values": [packed (n, n2) of each group]}`` of plan ``x``, or ``{"missing": why}``; called by all ranks.

    ``seconds`` is what the exact evaluation took.
    """
    numbers = sum(len(g) * len(g.second) for g in problem.groups)
    if numbers > MOST_NUMBERS:
        return {"missing": f"too large: {numbers} second-stage values, more than {MOST_NUMBERS}"}
    parts = team.gather(lambda: _own(problem, backend, team, x, max(LEAST_SECONDS, 2 * seconds)))
    if any(y is None for _, _, y in parts):
        return {"missing": "a scenario was not solved within the time allowed"}
    values = [np.zeros((len(g), len(g.second))) for g in problem.groups]
    for g, start, y in parts:
        values[g][start : start + len(y)] = y
    return {"values": [pack(v) for v in values]}


def with_recourse(result: Result, program: Program, backend: Backend) -> Result:
    """Return a result of ``program`` with its plan's recourse in the certificate; of another method than Benders."""
    if result.objective is None:
        return result
    problem, _ = compile_problem(program, Team())
    if program.owned:
        owned = OwnedProblem.of(problem, program)
        x, z = owned.values(result)
        problem = owned.fixed(z)
    else:
        x = np.array([result.first_stage[name] for name in problem.first.names])
    recourse = recourse_certificate(problem, backend, Team(), x, result.timing.get("evaluate", 0.0))
    return replace(result, certificate={"recourse": recourse})


def _own(problem: Problem, backend: Backend, team: Team, x: Array, seconds: float) -> list[tuple[int, int, Any]]:
    """Return (group, first scenario, values (B, n2) or ``None`` if out of time) of this rank's blocks."""
    deadline = time.perf_counter() + seconds
    out: list[tuple[int, int, Any]] = []
    model: SolverModel | None = None
    opened = -1
    for block in team.own_blocks(problem):
        group = problem.groups[block.group]
        y = np.zeros((len(block), len(group.second)))
        if len(group.second):
            sides = group.right_hand_sides(x, np.asarray(group.xi[block.start : block.stop]))
            if model is None or opened != block.group:
                low, high = row_bounds(group, sides[0])
                second = group.second
                model = backend.open(LinearProgram(group.cost, group.W, low, high, second.lower, second.upper, second.integer))
                opened = block.group
            for k, rhs in enumerate(sides):
                model.set_row_bounds(*row_bounds(group, rhs))
                left = deadline - time.perf_counter()
                found = (
                    None if left <= 0 else model.solve({"threads": 1, "time_limit": left} | ({"rel_gap": 1e-9} if group.integer else {}))
                )
                if found is None or found.x is None:
                    return [*out, (block.group, block.start, None)]
                y[k] = found.x
        out.append((block.group, block.start, y))
    return out
