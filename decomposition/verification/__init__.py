"""Verification of a result without a solver: what its numbers prove by arithmetic on matrices rebuilt from its provenance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...errors import InputError
from ...result import Result
from ..benders.compiled import compile_problem
from ..benders.owned import OwnedProblem
from ..benders.problem import Problem
from ..benders.risk import parse
from ..benders.team import Team
from ..program import from_provenance
from .bound import check_bound
from .generated import check_generated
from .numbers import check_numbers
from .owned import check_owned
from .plan import check_cost, check_plan
from .report import Check, Verdict, Verification

__all__ = ["Check", "Verdict", "Verification", "verify_result", "verify_with"]


def verify_result(result: Result) -> Verification:
    """Verify a result on the problem that its provenance names.

    Raises
    ------
    InputError
        The result does not say what was solved, the instance has changed since, or the certificate is malformed.
    """
    program = from_provenance(result.provenance)
    problem, _ = compile_problem(program, Team())
    say = verify_with(problem, result, OwnedProblem.of(problem, program) if program.owned else None)
    if program.lazy is not None:
        check_generated(program, problem, result, say)
    return say


def verify_with(problem: Problem, result: Result, owned: OwnedProblem | None = None) -> Verification:
    """Verify a result on ``problem``; ``owned`` is the same where scenarios own variables."""
    say = Verification(result.model, result.instance, result.method, result.status.value)
    certificate: Mapping[str, Any] = result.certificate or {}
    risk = parse(str(result.provenance.get("options", {}).get("risk") or "mean")).on(problem, Team())
    say.holds(
        "the sense of optimization",
        result.sense == ("minimize" if problem.sign > 0 else "maximize"),
        f"{result.sense}, of {risk} over {problem.num_scenarios} distinct scenarios",
    )
    check_numbers(result, problem.num_given, say)
    if owned is not None:
        check_owned(owned, result, say)
        return say
    x = np.zeros(len(problem.first))
    proved = False
    if result.objective is not None:
        missing = set(problem.first.names) ^ set(result.first_stage)
        if missing:
            raise InputError(f"result: field 'first_stage' does not fit the model: {sorted(missing)[0]!r}")
        x = np.array([result.first_stage[name] for name in problem.first.names], dtype=float)
        feasible = check_plan(problem, x, say)
        proved = check_cost(problem, risk, x, problem.sign * result.objective, certificate.get("recourse") or {}, say) and feasible
    if result.bound is not None:
        if result.method == "benders":
            check_bound(problem, risk, x, problem.sign * result.bound, certificate.get("bound") or {}, say)
        else:
            say.say("the bound", Verdict.TRUSTED, f"{result.bound:.10g}: by the solver ({result.method})")
    best = result.objective if proved else None
    if problem.sign > 0:
        say.upper = best
    else:
        say.lower, say.upper = best, say.lower
    return say
