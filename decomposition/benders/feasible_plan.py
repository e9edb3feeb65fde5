"""A plan with integer recourse in every scenario, where none was met on the way: few scenarios together, then one more that fails, and so on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..matrices import Array
from .compiled import sample_numbers
from .integer_state import IntegerState
from .problem import Indices, Problem
from .together import scenario_part, together

MOST = 20
"""Scenarios put together at most."""

REL_GAP = 0.05


def seek_plan(state: IntegerState) -> None:
    """Offer a plan that has recourse in all scenarios, if the extensive form of up to ``MOST`` of them gives one."""
    engine = state.engine
    problem = engine.problem
    held = sample_numbers(problem.num_scenarios)  # by every rank
    chosen = [int(held[np.argmax(problem.probabilities[held])])]
    while len(chosen) <= MOST:
        numbers = np.array(chosen)
        x = engine.team.on_rank_0(lambda n=numbers: _together(state, n))  # type: ignore[misc]
        if x is None or np.isfinite(state.offer(x).cost):
            return
        failed = [k for k in held.tolist() if k not in chosen and np.isinf(state.oracle.values(x)[k])]
        if not failed:
            return
        chosen.append(failed[0])


def _together(state: IntegerState, numbers: Indices) -> Array | None:
    """Return the plan of the extensive form of some scenarios, with integrality; ``None`` if it has none."""
    engine = state.engine
    program = replace(together(engine.problem, numbers), integer=_integer(engine.problem, numbers))
    found = engine.backend.open(program).solve({"rel_gap": REL_GAP, "time_limit": engine.run.remaining(), "threads": engine.settings.threads})
    return None if found.x is None else engine.clean(found.x[: len(engine.problem.first)])


def _integer(problem: Problem, numbers: Indices) -> NDArray[np.bool_]:
    parts = [scenario_part(problem, k) for k in numbers.tolist()]
    return np.concatenate([problem.first.integer, *(part.group.second.integer for part in parts)])
