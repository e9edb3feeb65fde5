r"""How often a plan misses a chance constraint: counted on fresh scenarios, with the exact binomial interval.

Scenario by scenario the plan meets a constraint or misses it, so the number of misses among N independent scenarios is Bin(N, p) with p the
violation probability, and the interval of Clopper & Pearson covers p at least at its level, for any N.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, ModelError
from ..program import Program
from .intervals import Probability, exact_binomial

BLOCK = 4096
"""Scenarios asked of the model at a time."""


def violations(program: Program, plan: Mapping[str, float], confidence: float) -> dict[str, Probability]:
    """Return the violation probability of each chance constraint, from the program's scenarios, which are independent draws.

    Raises
    ------
    InputError
        The plan lacks a variable that the model looks for.
    ModelError
        The model's hook returns something else than one array a constraint, as long as the block.
    """
    counts = {name: int(hits.sum()) for name, hits in missed(program, plan).items()}
    allowed = _allowed(program)
    return {name: exact_binomial(count, program.num_scenarios, confidence, allowed.get(name)) for name, count in counts.items()}


def exact_violations(program: Program, plan: Mapping[str, float], p: NDArray[np.float64]) -> dict[str, Probability]:
    """Return the violation probability of each chance constraint where the program's scenarios, of probabilities ``p``, are all there are.

    Raises as :func:`violations` does.
    """
    allowed, out = _allowed(program), {}
    for name, hits in missed(program, plan).items():
        value = float(p[hits].sum())
        out[name] = Probability(int(hits.sum()), len(p), value, value, value, value, allowed.get(name))
    return out


def missed(program: Program, plan: Mapping[str, float]) -> dict[str, NDArray[np.bool_]]:
    """Return for each chance constraint in which scenarios (S,) the plan misses it; nothing for a model without such."""
    hook = program.violations
    if hook is None:
        return {}
    parts: dict[str, list[NDArray[np.bool_]]] = {}
    for start in range(0, program.num_scenarios, BLOCK):
        stop = min(start + BLOCK, program.num_scenarios)
        try:
            found = hook(plan=dict(plan), start=start, stop=stop, **program.kwargs)
        except KeyError as e:
            raise InputError(f"candidate: field 'first_stage' does not fit the model: {e.args[0]!r} is missing") from None
        if start and set(found) != set(parts):
            raise ModelError(f"{program.name}: violations() names other constraints in scenarios {start} to {stop - 1} than before")
        for name, hits in found.items():
            if hits.shape != (stop - start,):
                raise ModelError(f"{program.name}: violations() gives {name!r} an array of shape {hits.shape}, expected ({stop - start},)")
            parts.setdefault(name, []).append(hits.astype(bool))
    return {name: np.concatenate(hits) for name, hits in parts.items()}


def _allowed(program: Program) -> Mapping[str, float]:
    return {} if program.allowed is None else program.allowed(**program.kwargs)
