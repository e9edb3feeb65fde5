r"""Where progressive hedging starts: the LP relaxation's plan and its nonanticipativity duals as first weights W.

Let x*, y* solve the LP relaxation of the extensive form, with duals p_s pi_s of scenario s's rows. Scenario s alone sees at x* the slope

    g_s = c_s - T_s' pi_s                                                                       (1)
    W_s = -g_s + sum_r p_r g_r,          so that sum_s p_s W_s = 0                              (2)

With costs c_s + W_s every scenario's LP has x* among its optima, so the Lagrangian bound sum_s p_s min (c_s + W_s)'x + q_s'y of the
relaxation equals the LP bound, and with integrality kept it is at least that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...solvers import Backend, Termination
from ..extensive_form import assemble, explain_infeasible, tell_apart
from ..matrices import Array, StageData

MOST_ENTRIES = 20_000_000
"""Extensive forms with more matrix entries than this are not solved for a start: W = 0 then."""


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """``bound`` of the LP relaxation (minimisation form), its plan ``x`` (n1,) and the weights W (S, n1)."""

    weights: Array
    bound: float | None = None
    x: Array | None = None
    impossible: Termination | None = None  # INFEASIBLE or UNBOUNDED, with the reason
    reason: str = ""


def lp_start(data: StageData, backend: Backend, time_limit: float | None = None) -> Start:
    """Solve the LP relaxation of the extensive form; without an optimum within the limits the start is W = 0."""
    zero = np.zeros((len(data.scenarios), len(data.first)))
    if sum(s.W.nnz + s.T.nnz for s in data.scenarios) > MOST_ENTRIES:
        return Start(zero)
    relaxation = assemble(data, relax=True)
    solution = backend.open(relaxation).solve({"threads": 1, "time_limit": time_limit})
    found = solution.termination
    if found is Termination.INFEASIBLE_OR_UNBOUNDED:
        found = tell_apart(relaxation, backend)
    if found is Termination.INFEASIBLE:
        return Start(zero, impossible=found, reason=explain_infeasible(data, backend))
    if found is Termination.UNBOUNDED:
        return Start(zero, impossible=found, reason="unbounded: the LP relaxation is")
    if found is not Termination.OPTIMAL or solution.row_dual is None or solution.x is None:
        return Start(zero)
    return Start(nonanticipativity_duals(data, solution.row_dual), solution.objective, solution.x[: len(data.first)])


def nonanticipativity_duals(data: StageData, row_dual: Array) -> Array:
    """Return W (S, n1) of (1)-(2) from the duals of the extensive form's rows (those of A first, then scenario by scenario)."""
    slopes = np.zeros((len(data.scenarios), len(data.first)))
    p = data.probabilities
    row = data.A.shape[0]
    for k, s in enumerate(data.scenarios):
        pi = row_dual[row : row + s.T.shape[0]]
        row += s.T.shape[0]
        if p[k] > 0:
            slopes[k] = s.cost_first - s.T.T @ (pi / p[k])
    weights = p @ slopes / p.sum() - slopes
    weights[p == 0] = 0.0
    return centred(weights, p)


def centred(weights: Array, p: Array) -> Array:
    """Return ``weights`` less their expectation, so that sum_s p_s W_s = 0 to the last digits."""
    return np.asarray(weights - (p @ weights) / p.sum())
