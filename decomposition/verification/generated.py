"""Generated rows: each is computed anew, and so is every decision of the plan's recourse."""

from __future__ import annotations

import numpy as np

from ...result import Result
from ..benders.problem import Problem
from ..lazy.decisions import stored_decisions
from ..program import Program
from .report import Verdict, Verification


def check_generated(program: Program, problem: Problem, result: Result, say: Verification) -> None:
    """Check that the rows of ``program`` are valid, so that its bounds are bounds, and that the plan's decisions are allowed."""
    lazy = program.lazy
    assert lazy is not None
    count, invalid = sum(len(where) for where in program.kwargs["rows"].where.values()), lazy.invalid()
    detail = f"{count}, each in its scenario, computed anew"
    if invalid is not None:
        detail = f"{program.scenario_names[invalid[1]]}: {invalid[0]} is not valid"
    say.holds("the generated rows", invalid is None, detail)
    if result.objective is None:
        return
    x = np.array([result.first_stage[name] for name in problem.first.names])
    recourse = (result.certificate or {}).get("recourse") or {}
    count, late = 0, None
    for k, values in stored_decisions(problem, program.scenario_names, x, recourse):
        count += 1
        if not lazy.allowed(k, values):
            late = late or program.scenario_names[k]
    claim = "every decision is allowed when computed anew"
    if not count:
        say.say(claim, Verdict.TRUSTED, "recourse solutions are not in the result")
    elif not say.holds(claim, late is None, f"{count} distinct scenarios" if late is None else f"{late}: it is not"):
        say.upper = None
