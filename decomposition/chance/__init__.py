"""Programs whose scenarios own variables, such as the indicator of being given up, by decomposition.

``problem`` holds the data, ``oracle`` asks every scenario at its own variables, ``stars`` makes mixing inequalities of what rays say of all
scenarios, ``master`` holds all rows, ``engine`` and ``phases`` run them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError, ModelError
from ...result import Result
from ...solvers import Backend, Termination
from ..benders.compiled import compile_problem
from ..benders.owned import OwnedProblem
from ..benders.recourse_lps import UnboundedRecourseError
from ..benders.settings import Settings
from ..benders.team import Team
from ..program import Program
from ..run import Run, finish
from .certificate import certificate
from .engine import Engine
from .evaluator import Evaluator
from .phases import first_plan, lp_phase, mip_phase
from .problem import ChanceProblem

__all__ = ["refuse_settings", "solve_chance"]


def solve_chance(program: Program, backend: Backend, run: Run, *, comm: Any = None, settings: Settings | None = None) -> Result:
    """Solve a program with owned variables; every rank of ``comm`` gets the result.

    Raises
    ------
    InputError
        A risk measure or retained scenarios, which do not go with owned variables.
    ModelError
        Costs fall without limit, in the first stage or in some recourse.
    """
    settings, team = settings or Settings(), Team(comm)
    refuse_settings(settings)
    with run.timed("build"):
        problem, _ = compile_problem(program, team)
        chance = ChanceProblem.of(OwnedProblem.of(problem, program))
    run.sign = problem.sign
    engine = Engine(chance, backend, run, settings, team)
    try:
        try:
            reason = _drive(engine, run.rel_gap)
        except UnboundedRecourseError as e:
            raise ModelError(f"{program.name}: the recourse costs of a scenario fall without limit") from e
        held = engine.incumbent
        termination = Termination.INFEASIBLE if reason == "infeasible" and held is None else Termination.OTHER_LIMIT
        evaluator = Evaluator(engine)
        x = None if held is None else evaluator.joined(held.x, held.z)
        run.timing |= {k: v for k, v in engine.oracle.oracle.seconds.items()}
        run.provenance["chance"] = engine.work()
        reason = {"gap": "gap reached"}.get(reason, reason)
        result = finish(run, evaluator, x=x, bound=engine.bound, termination=termination, reason=reason)
        if not run.certificate:
            return result
        with run.timed("certificate"):
            proof = certificate(engine, run.timing.get("evaluate", 0.0))
        return replace(result, certificate=proof, timing=dict(run.timing))
    finally:
        engine.close()


def refuse_settings(settings: Settings, state: str | Path | None = None) -> None:
    """Raise :class:`InputError` for settings, and folders of states, that do not go with owned variables."""
    model = "a model in which scenarios own variables (chance constraints, rule=cvar)"
    if str(settings.risk) != "mean":
        raise InputError(f"--risk {settings.risk}: {model} takes the mean alone")
    default = Settings()
    for name in ("retain", "stabilization"):
        if getattr(settings, name) != getattr(default, name):
            raise InputError(f"--{name} {getattr(settings, name)}: does not go with {model}")
    if settings.cuts == "adaptive":
        raise InputError(f"--cuts adaptive: does not go with {model}; expected single, clustered or multi")
    if state is not None:
        raise InputError(f"--checkpoint, --resume {state}: no state is kept of {model}")


def _drive(engine: Engine, rel_gap: float) -> str:
    own = engine.chance.owned.own
    highest = np.where(np.isfinite(own.upper), own.upper, own.lower)
    engine.master.add(engine.oracle.trivial_rows())
    start = engine.team.on_rank_0(engine.master.solve_lp)
    if start is None:
        return "infeasible"
    engine.learn(engine.look(engine.clip_plan(start.x), np.tile(highest, (len(engine.chance.p), 1))), None)
    reason, point = lp_phase(engine)
    if point is None:
        return reason
    first_plan(engine, point, rel_gap)
    return mip_phase(engine, rel_gap)
