"""Where a run begins: the LP relaxation of a few scenarios together, then, of very many, that of a sample by the engine itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...errors import SolverUnavailableError
from ...solvers import Termination
from ..run import Run
from .compiled import SAMPLE, sample_numbers
from .engine import Engine
from .lp_phase import lp_phase
from .oracle import Effort
from .problem import Indices
from .stabilization import Center
from .together import together

CRASH_ENTRIES = 80_000
"""Most matrix entries of the few scenarios that are solved together."""

SAMPLE_GAP = 1e-3
"""Gap of the LP phase on the sample."""

TRANSFER = 6
"""Last plans of the sample's run at which cuts over all scenarios are made from the pool."""


def begin(engine: Engine) -> Center | None:
    """Return a plan to start the LP phase from, having filled pool and master with what was learnt on the way."""
    with engine.run.timed("start"):
        with engine.run.timed("crash"):
            center = engine.team.on_rank_0(lambda: few_together(engine))
        problem = engine.problem
        if not engine.settings.pool or len(problem.groups) > 1 or problem.num_scenarios <= 2 * SAMPLE:
            return center
        return on_sample(engine, center)


def on_sample(engine: Engine, start: Center | None) -> Center | None:
    """Solve the LP relaxation of an even sample of the scenarios; keep its dual vertices, and make cuts of them at its last plans."""
    own = Run(rel_gap=SAMPLE_GAP, time_limit=engine.run.remaining())
    problem = engine.problem.sample(sample_numbers(engine.problem.num_scenarios))
    small = Engine(problem, engine.backend, own, replace(engine.settings, retain=0), engine.team)
    small.oracle.will_pack = engine.oracle.will_pack
    try:
        center = lp_phase(small, SAMPLE_GAP, exact=False, start=start).center
    finally:
        small.close()
    engine.absorb(small)
    engine.oracle.vertices = small.oracle.vertices
    for x, eta in small.asked[-TRANSFER - 1 : -1]:
        answer, _ = engine.evaluate(x, eta, Effort(0))
        engine.add(answer.cuts, x, answer.eta)
    return center


def costliest(engine: Engine) -> Indices:
    """Return the scenarios to retain: of the sample, those that add most to the expected cost of the plan to start from."""
    problem, center = engine.problem, engine.center
    held = sample_numbers(problem.num_scenarios)
    count = min(engine.settings.retain, len(held), problem.num_scenarios - 1)
    x = np.clip(np.zeros(len(problem.first)), problem.first.lower, problem.first.upper) if center is None else center.x
    answer, _ = engine.evaluate(x, None, Effort())
    worth = np.where(np.isfinite(answer.costs), problem.probabilities * answer.costs, np.inf)[held]
    return np.sort(held[np.argsort(-worth, kind="stable")[:count]])


def few_together(engine: Engine) -> Center | None:
    """Return the plan of the LP relaxation of a few scenarios, evenly spread; ``None`` if it has no optimum."""
    problem = engine.problem
    entries = max(1, max(g.W.nnz + g.T_0.nnz + len(g.T_entries) for g in problem.groups))
    count = min(problem.num_scenarios, max(1, CRASH_ENTRIES // entries))
    if len(problem.groups) == 1:  # those that every rank holds
        sample = sample_numbers(problem.num_scenarios)
        chosen = sample[np.arange(count) * len(sample) // count]
    else:
        chosen = np.arange(count) * problem.num_scenarios // count
    try:
        found = engine.backend.open(together(problem, chosen)).solve({"time_limit": engine.run.remaining()})
    except SolverUnavailableError:  # beyond the size of a licence that the engine's own problems fit
        return None
    if found.termination is not Termination.OPTIMAL or found.x is None:
        return None
    return Center(np.clip(found.x[: len(problem.first)], problem.first.lower, problem.first.upper), None, np.inf, False)
