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
from .compiled import compile_problem
from .driver import drive
from .engine import Engine
from .exact import ExactPass
from .risk import parse as parse_risk
from .settings import Settings
from .team import Team

__all__ = ["Settings", "parse_risk", "solve_benders"]


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
    settings = settings or Settings()
    with run.timed("build"):
        problem, data = compile_problem(program, team)
    run.sign = problem.sign
    engine = Engine(problem, backend, run, settings, team)
    try:
        reason = drive(engine, run.rel_gap)
        termination = {"infeasible": Termination.INFEASIBLE, "unbounded": Termination.UNBOUNDED}.get(reason, Termination.OTHER_LIMIT)
        x = None if engine.incumbent is None else engine.incumbent.x
        result = finish(run, ExactPass(engine), x=x, bound=engine.bound, termination=termination, reason=reason)
    finally:
        engine.close()
    return result
