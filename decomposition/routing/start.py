"""A plan to begin with: routes that are good at mean travel times, by a heuristic."""

from __future__ import annotations

import numpy as np

from ...solvers.route_heuristic import good_routes
from ..program import Program
from .problem import Plan, plan_of, route_problem, source_of

BLOCK = 256

MOST_SECONDS, SHARE = 10.0, 0.1
"""Seconds that are spent at most, and share of the run's time limit."""

ITERATIONS = 400
"""Rounds of each heuristic: plans are the same in every run that has the time."""


def heuristic_plan(program: Program, time_limit: float | None = None) -> Plan | None:
    """Return a first stage of a routing program, or ``None`` where none was found; what it costs is for the method to tell."""
    source = source_of(program)
    mean = np.zeros((len(source.instance.nodes),) * 2)
    weights = source.probabilities / source.probabilities.sum()
    for start in range(0, source.num_scenarios, BLOCK):
        block = source.block(start, min(start + BLOCK, source.num_scenarios))
        mean += np.tensordot(weights[start : start + len(block)], block.time, 1)
    seconds = MOST_SECONDS if time_limit is None else min(MOST_SECONDS, SHARE * time_limit)
    found = good_routes(route_problem(source, mean), time_limit=seconds, iterations=ITERATIONS)
    return None if found is None else plan_of(source, found.routes)
