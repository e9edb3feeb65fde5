"""Some scenarios taken out whole: their matrices, and the LP relaxation of them together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import block_diag, csr_array, hstack, vstack

from ...solvers import LinearProgram
from ..matrices import Array
from .problem import Group, Indices, Problem
from .recourse_lps import row_bounds


@dataclass(frozen=True, slots=True, eq=False)
class ScenarioPart:
    """One scenario's data: its group, T_s (m, n1), h_s (m,), d_s (n1,) and o_s."""

    group: Group
    T: csr_array
    rhs: Array
    cost_first: Array
    offset: float


def scenario_part(problem: Problem, scenario: int) -> ScenarioPart:
    """Return the data of the problem's scenario of that number, which this rank must hold."""
    for group in problem.groups:
        if scenario < len(group):
            xi = np.asarray(group.xi[scenario])
            zero = np.zeros(len(problem.first))
            deviation = zero if group.cost_first is None else group.cost_first[scenario : scenario + 1].toarray()[0]
            return ScenarioPart(group, group.scenario_matrix(xi), group.rhs_0 + group.rhs_xi @ xi, deviation, float(group.offset[scenario]))
        scenario -= len(group)
    raise IndexError(scenario)


def together(problem: Problem, scenarios: Indices) -> LinearProgram:
    """Return the LP relaxation of the extensive form of some scenarios, with their probabilities scaled to 1."""
    parts = [scenario_part(problem, k) for k in scenarios.tolist()]
    p = problem.probabilities[scenarios] / problem.probabilities[scenarios].sum()
    n1 = len(problem.first)
    below = hstack([vstack([part.T for part in parts]), block_diag([part.group.W for part in parts])], format="csr")
    above = hstack([problem.A, csr_array((problem.A.shape[0], below.shape[1] - n1))], format="csr")
    sides = [row_bounds(part.group, part.rhs) for part in parts]
    cost_first = problem.cost + sum((w * part.cost_first for w, part in zip(p, parts, strict=True)), np.zeros(n1))
    return LinearProgram(
        cost=np.concatenate([cost_first, *(w * part.group.cost for w, part in zip(p, parts, strict=True))]),
        matrix=csr_array(vstack([above, below], format="csr")),
        row_lower=np.concatenate([problem.row_lower, *(low for low, _ in sides)]),
        row_upper=np.concatenate([problem.row_upper, *(high for _, high in sides)]),
        lower=np.concatenate([problem.first.lower, *(part.group.second.lower for part in parts)]),
        upper=np.concatenate([problem.first.upper, *(part.group.second.upper for part in parts)]),
        integer=np.zeros(below.shape[1], dtype=bool),
    )
