"""A digest of a compiled problem, by which a checkpoint knows its program again."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from .compiled import sample_numbers
from .problem import Problem


def fingerprint(problem: Problem) -> str:
    """Return a digest of the compiled problem: all but the random data, and those of the scenarios that every rank holds."""
    digest = hashlib.sha256()
    first = problem.first
    parts: list[Any] = [problem.cost, first.lower, first.upper, first.integer, problem.row_lower, problem.row_upper, problem.probabilities]
    sparse = [problem.A]
    for group in problem.groups:
        sparse += [group.W, group.T_0, group.rhs_xi]
        parts += [group.cost, group.sense, group.rhs_0, group.second.lower, group.second.upper, group.second.integer]
        held = sample_numbers(problem.num_scenarios) if len(problem.groups) == 1 else slice(None)
        parts.append(group.xi[held])
    for matrix in sparse:
        parts += [matrix.indptr, matrix.indices, matrix.data]
    for part in parts:
        digest.update(np.ascontiguousarray(part).tobytes() + b"|")
    return digest.hexdigest()
