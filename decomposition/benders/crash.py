"""Where a run begins: the LP relaxation of a few scenarios together, then, of very many, that of a sample by the engine itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import block_diag, csr_array, hstack, vstack

from ...solvers import LinearProgram, Termination
from ..matrices import Array
from ..run import Run
from .compiled import SAMPLE, sample_numbers
from .engine import Engine
from .lp_phase import lp_phase
from .oracle import Effort
from .problem import Group, Indices, Problem
from .recourse_lps import row_bounds
from .stabilization import Center

CRASH_ENTRIES = 80_000
"""Most matrix entries of the few scenarios that are solved together."""

SAMPLE_GAP = 1e-3
"""Gap of the LP phase on the sample."""

TRANSFER = 6
"""Last plans of the sample's run at which cuts over all scenarios are made from the pool."""


def begin(engine: Engine) -> Center | None:
    """Return a plan to start the LP phase from, having filled pool and master with what was learnt on the way."""
    with engine.run.timed("start"):
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
    try:
        center = lp_phase(small, SAMPLE_GAP, exact=False, start=start).center
    finally:
        small.close()
    engine.oracle.vertices = small.oracle.vertices
    for x, eta in small.asked[-TRANSFER - 1 : -1]:
        answer, _ = engine.evaluate(x, eta, Effort(0))
        engine.add(answer.cuts, x, eta)
    return center


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
    found = engine.backend.open(together(problem, chosen)).solve({"time_limit": engine.run.remaining()})
    if found.termination is not Termination.OPTIMAL or found.x is None:
        return None
    return Center(np.clip(found.x[: len(problem.first)], problem.first.lower, problem.first.upper), None, np.inf, False)


def together(problem: Problem, scenarios: Indices) -> LinearProgram:
    """Return the LP relaxation of the extensive form of some scenarios, with their probabilities scaled to 1."""
    parts = [_part(problem, k) for k in scenarios.tolist()]
    p = problem.probabilities[scenarios] / problem.probabilities[scenarios].sum()
    n1 = len(problem.first)
    below = hstack([vstack([T for _, _, T, _, _ in parts]), block_diag([g.W for g, _, _, _, _ in parts])], format="csr")
    above = hstack([problem.A, csr_array((problem.A.shape[0], below.shape[1] - n1))], format="csr")
    sides = [row_bounds(g, h) for g, _, _, h, _ in parts]
    cost_first = problem.cost + sum((w * d for w, (_, _, _, _, d) in zip(p, parts, strict=True)), np.zeros(n1))
    return LinearProgram(
        cost=np.concatenate([cost_first, *(w * g.cost for w, (g, _, _, _, _) in zip(p, parts, strict=True))]),
        matrix=csr_array(vstack([above, below], format="csr")),
        row_lower=np.concatenate([problem.row_lower, *(low for low, _ in sides)]),
        row_upper=np.concatenate([problem.row_upper, *(high for _, high in sides)]),
        lower=np.concatenate([problem.first.lower, *(g.second.lower for g, _, _, _, _ in parts)]),
        upper=np.concatenate([problem.first.upper, *(g.second.upper for g, _, _, _, _ in parts)]),
        integer=np.zeros(below.shape[1], dtype=bool),
    )


def _part(problem: Problem, scenario: int) -> tuple[Group, int, csr_array, Array, Array]:
    """Return a scenario's group, number in it, T_s (m, n1), h_s (m,) and d_s (n1,)."""
    for group in problem.groups:
        if scenario < len(group):
            xi = np.asarray(group.xi[scenario])
            zero = np.zeros(len(problem.first))
            deviation = zero if group.cost_first is None else group.cost_first[scenario : scenario + 1].toarray()[0]
            return group, scenario, group.scenario_matrix(xi), group.rhs_0 + group.rhs_xi @ xi, deviation
        scenario -= len(group)
    raise IndexError(scenario)
