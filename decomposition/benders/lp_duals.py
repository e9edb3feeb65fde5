r"""The LP relaxation's nonanticipativity duals at any number of scenarios, from the engine's LP phase.

With multipliers lambda_k of the cuts in the last master LP (those of a theta sum to 1) and duals pi_(s,k) of the scenarios that cut k sums,
scenario s has the dual sum_k lambda_k pi_(s,k), and sees the slope

    g_s = c_s - T_s' sum_k lambda_k pi_(s,k)                                                                     (1)

A proof of infeasibility rho of scenario s with multiplier mu adds mu / p_s rho to its dual.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...solvers import Backend
from ..matrices import Array
from ..run import Run
from .certificate import collect_lp, keep_records
from .driver import drive
from .engine import Engine
from .problem import Problem
from .records import Collected
from .sections import Section
from .settings import Settings
from .team import Team

TOLERANCE = 1e-7
"""Gap of the LP phase."""


@dataclass(frozen=True, slots=True, eq=False)
class LpDuals:
    """``slopes`` (S, n1) of (1) of the scenarios ``labels``, the LP relaxation's ``bound`` and best plan ``x`` (n1,).

    ``None`` stands for what was not found. ``reason``, why the phase stopped, is ``gap``, ``infeasible``, ``unbounded``, ``stalled`` or a
    limit; ``detail`` says more.
    """

    slopes: Array | None
    labels: tuple[str, ...]
    bound: float | None
    x: Array | None
    reason: str
    detail: str = ""


def relaxation(problem: Problem) -> Problem:
    """Return ``problem`` without integrality in either stage."""
    groups = tuple(replace(g, second=replace(g.second, integer=np.zeros_like(g.second.integer))) for g in problem.groups)
    return replace(problem, groups=groups, first=replace(problem.first, integer=np.zeros_like(problem.first.integer)))


def lp_duals(problem: Problem, backend: Backend, team: Team, time_limit: float | None = None) -> LpDuals:
    """Solve the LP relaxation of ``problem``, expectation, and return its duals on every rank; called by all ranks."""
    problem = relaxation(problem)
    engine = Engine(problem, backend, Run(rel_gap=TOLERANCE, time_limit=time_limit), Settings(threads=1), team)
    keep_records(engine)
    try:
        reason = drive(engine, TOLERANCE)
        section, collected = collect_lp(engine)
        x = engine.incumbent.x if engine.incumbent is not None else None if engine.center is None else engine.center.x
        slopes = team.on_rank_0(lambda: None if section is None or collected is None else _slopes(problem, section, collected))
        bound = None if slopes is None or engine.bound is None else float(engine.bound)
        return LpDuals(slopes, tuple(problem.labels), bound, x, reason, engine.explanations.get(reason, reason))
    finally:
        engine.close()


def _slopes(problem: Problem, section: Section, collected: Collected) -> Array:
    """Return (1) from the cuts with positive multipliers."""
    assert section.weights is not None
    row = {source: i for i, source in enumerate(collected.sources)}
    weight = np.zeros((len(collected.sources), problem.num_scenarios))
    rays: list[tuple[int, Array]] = []
    for cut, multiplier in zip(section.cuts, section.weights.tolist(), strict=True):
        if cut.clusters:
            weight[row[cut.source], np.isin(section.clusters, cut.clusters)] += multiplier
        elif cut.scenario is not None:
            rays.append((cut.scenario, multiplier * cut.slope / problem.probabilities[cut.scenario]))
    out = np.tile(problem.cost, (problem.num_scenarios, 1))
    for block in problem.blocks():
        group = problem.groups[block.group]
        xi = np.asarray(group.xi[block.start : block.stop])
        pi = np.zeros((len(block), len(group.sense)))
        for r in range(len(collected.sources)):
            ids = collected.ids[r, block.span]
            used = ids >= 0
            pi[used] += weight[r, block.span][used, None] * collected.duals[block.group][ids[used]]
        out[block.span] += group.slopes(pi, xi)
        if group.cost_first is not None:
            out[block.span] += group.cost_first[block.start : block.stop].toarray()
    for scenario, slope in rays:
        out[scenario] += slope
    return out
