"""Plans to try where the first stage is not binary: those of the extensive form, with integrality, of a few scenarios."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..matrices import Array
from .compiled import sample_numbers
from .integer_state import IntegerState
from .problem import Indices, Problem
from .together import scenario_part, together

SAMPLES, SIZE = 3, 10
"""Samples whose plans are tried, and scenarios a sample."""

MOST = 20
"""Scenarios put together at most in search of any plan."""

REL_GAP, SECONDS = 1e-2, 20.0
"""A plan to try need not be the best of its scenarios, nor take longer."""


def plans_of_samples(state: IntegerState) -> None:
    """Offer the plans of ``SAMPLES`` evenly spread samples."""
    engine = state.engine
    held = sample_numbers(engine.problem.num_scenarios)  # by every rank
    size = min(SIZE, len(held))
    for i in range(min(SAMPLES, len(held) // size)):
        numbers = held[(np.arange(size) * len(held) + i * len(held) // SAMPLES) // size]
        x = engine.team.on_rank_0(lambda n=numbers: _together(state, n))  # type: ignore[misc]
        if x is not None:
            state.offer(x)


def seek_plan(state: IntegerState) -> None:
    """Offer a plan that has recourse in all scenarios: one scenario's, then, as long as some fail, one of those more, up to ``MOST``."""
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
    remaining = engine.run.remaining()
    limit = SECONDS if remaining is None else min(SECONDS, remaining)
    found = engine.backend.open(program).solve({"rel_gap": REL_GAP, "time_limit": limit, "threads": engine.settings.threads})
    return None if found.x is None else engine.clean(found.x[: len(engine.problem.first)])


def _integer(problem: Problem, numbers: Indices) -> NDArray[np.bool_]:
    parts = [scenario_part(problem, k) for k in numbers.tolist()]
    return np.concatenate([problem.first.integer, *(part.group.second.integer for part in parts)])
