"""Why a problem is infeasible: the scenarios that no plan at all can satisfy, if there are any."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...solvers import Termination
from .engine import Engine
from .together import together

MOST_TRIED, SHOWN = 100, 3


def explain(engine: Engine) -> str:
    """Return a sentence that names the scenarios without recourse for any plan, among those whose feasibility cuts the master holds."""
    problem = engine.problem
    tried = list(dict.fromkeys(c.scenario for c in engine.master.cuts if not c.clusters and c.scenario is not None))[:MOST_TRIED]
    if not tried:
        return "infeasible: no plan satisfies the first stage"
    culprits = []
    for s in tried:
        program = together(problem, np.array([s]))
        integer = np.zeros(len(program.cost), dtype=bool)
        integer[: len(problem.first)] = problem.first.integer
        program = replace(program, cost=np.zeros_like(program.cost), integer=integer)
        if engine.backend.open(program).solve().termination is Termination.INFEASIBLE:
            culprits.append(repr(problem.labels[s]))
            if len(culprits) > SHOWN:
                break
    if not culprits:
        return "infeasible: each scenario can be satisfied by some plan, but no plan satisfies them all"
    return f"infeasible: no plan whatsoever satisfies scenario {', '.join(culprits[:SHOWN])}" + (", ..." if len(culprits) > SHOWN else "")
