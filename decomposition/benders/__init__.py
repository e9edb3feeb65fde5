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
from .checkpoint import Checkpoint, new_checkpoint
from .compiled import compile_problem
from .driver import drive
from .engine import Engine
from .exact import ExactPass
from .integer_recourse import IntegerPass
from .last_resort import last_resort
from .position import End
from .problem import Problem
from .risk import Risk
from .risk import parse as parse_risk
from .saved import Saved
from .settings import Settings
from .team import Team

__all__ = ["Checkpoint", "Risk", "Saved", "Settings", "new_checkpoint", "parse_risk", "solve_benders", "solve_problem"]


def solve_benders(
    program: Program,
    backend: Backend,
    run: Run,
    *,
    comm: Any = None,
    settings: Settings | None = None,
    checkpoint: Checkpoint | None = None,
    saved: Saved | None = None,
) -> Result:
    """Solve by Benders decomposition; every rank of ``comm`` gets the result.

    ``checkpoint`` writes the run's state now and then; ``saved`` is a state to go on from.

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
    return solve_problem(problem, backend, run, team, settings or Settings(), checkpoint, saved)


def solve_problem(
    problem: Problem,
    backend: Backend,
    run: Run,
    team: Team,
    settings: Settings,
    checkpoint: Checkpoint | None = None,
    saved: Saved | None = None,
) -> Result:
    """Solve a compiled problem."""
    run.sign = problem.sign
    engine = Engine(problem, backend, run, settings, team, checkpoint=checkpoint)
    if run.certificate:
        keep_records(engine)
    try:
        if saved is not None:
            saved.put_into(engine)
        if engine.end is None:
            engine.end = End(drive(engine, run.rel_gap), run.rel_gap)
            if not problem.integer_recourse:  # whose phase begins again
                engine.save_if_due(always=True)
        reason = engine.end.reason
        if engine.incumbent is None and reason.endswith("limit") and not problem.integer_recourse:
            last_resort(engine)
        termination = {"infeasible": Termination.INFEASIBLE, "unbounded": Termination.UNBOUNDED}.get(reason, Termination.OTHER_LIMIT)
        x = None if engine.incumbent is None else engine.incumbent.x
        reason = {"gap": "gap reached", **engine.explanations}.get(reason, reason)
        evaluator = IntegerPass(engine) if problem.integer_recourse else ExactPass(engine)
        run.timing |= engine.timing()
        run.provenance["benders"] = engine.work()
        result = finish(run, evaluator, x=x, bound=engine.bound, termination=termination, reason=reason)
        return certified(engine, result) if run.certificate else result
    finally:
        engine.close()
