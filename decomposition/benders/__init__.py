"""The Benders engine: two-stage programs solved by cuts from recourse duals, with a bound and a plan that can both be checked.

``problem`` holds the compiled data, ``oracle`` answers what a plan costs, ``cuts`` and ``master`` collect what is known, ``stabilization``
chooses where to ask, ``stopping`` says when to end, ``driver`` runs the phases.
"""

from __future__ import annotations

from typing import Any

from ...result import Result
from ...solvers import Backend, Termination
from ..program import Program
from ..run import Run, finish
from .certificate import certified, keep_records
from .compiled import compile_problem
from .driver import drive
from .engine import Engine
from .exact import ExactPass
from .problem import Problem
from .risk import parse as parse_risk
from .settings import Settings
from .team import Team

__all__ = ["Settings", "parse_risk", "solve_benders", "solve_problem"]


def solve_benders(program: Program, backend: Backend, run: Run, *, comm: Any = None, settings: Settings | None = None) -> Result:
    """Solve by Benders decomposition; every rank of ``comm`` gets the result.

    Raises
    ------
    InputError
        An option does not fit the program.
    ModelError
        The program is not a two-stage linear program of one common first stage.
    """
    team = Team(comm)
    with run.timed("build"):
        problem, _ = compile_problem(program, team)
    return solve_problem(problem, backend, run, team, settings or Settings())


def solve_problem(problem: Problem, backend: Backend, run: Run, team: Team, settings: Settings) -> Result:
    """Solve a compiled problem."""
    run.sign = problem.sign
    engine = Engine(problem, backend, run, settings, team)
    if run.certificate:
        keep_records(engine)
    try:
        reason = drive(engine, run.rel_gap)
        termination = {"infeasible": Termination.INFEASIBLE, "unbounded": Termination.UNBOUNDED}.get(reason, Termination.OTHER_LIMIT)
        x = None if engine.incumbent is None else engine.incumbent.x
        reason = {"gap": "gap reached", **engine.explanations}.get(reason, reason)
        result = finish(run, ExactPass(engine), x=x, bound=engine.bound, termination=termination, reason=reason)
        return certified(engine, result) if run.certificate else result
    finally:
        engine.close()
