r"""The best recourse policy of one plan under rows on expectations, by combining each scenario's optima at several weights.

At a fixed x the recourse problems are coupled by f = E f(x, y) and G u <= g alone. With y_s^1, ..., y_s^R optimal for weights l^1, ...,
l^R,

    min  a'f + b'u   s.t.  f = f_0 + sum_s p_s sum_r w_sr f_s(y_s^r),  sum_r w_sr = 1,  u >= f,  G u <= g,  w >= 0          (1)

is the master of a Dantzig-Wolfe decomposition; the multipliers of its f-rows are the weights at which the scenarios are to be solved next.
All but at most as many scenarios as there are coupling rows keep a single y_s^r in a vertex of (1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import block_array, csr_array, eye_array

from ...solvers import Backend, LinearProgram
from ..matrices import Array
from .inner import PointProblem
from .recourse import Evaluation

PENALTY = 1e3
"""Cost of violating a row of G, times the largest cost of (1): while no combination satisfies them, the weights lead there."""


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """Optimum of (1): attained ``f`` (K,) and its ``value`` with penalties, multipliers ``weights`` (K,), ``price`` y'g; if G holds."""

    f: Array
    value: float
    weights: Array
    price: float
    feasible: bool


def mix(problem: PointProblem, evaluations: list[Evaluation], p: Array, constant: Array, backend: Backend) -> Mixture | None:
    """Solve (1) over evaluations at one plan; ``constant`` (K,) is f_0, the objectives' first-stage part."""
    S, K = evaluations[0].f.shape
    R, r = len(evaluations), len(problem.g)
    spread = np.concatenate([(p[:, None] * e.f).T for e in evaluations], axis=1)  # (K, R S)
    one = eye_array(K, format="csr")
    pick = csr_array((np.ones(R * S), (np.tile(np.arange(S), R), np.arange(R * S))), shape=(S, R * S))
    G = csr_array(np.asarray(problem.G, dtype=float).reshape(r, K))
    rows = [
        [csr_array(-spread), one, csr_array((K, K)), csr_array((K, r))],
        [pick, csr_array((S, K)), csr_array((S, K)), csr_array((S, r))],
        [csr_array((K, R * S)), -one, one, csr_array((K, r))],
        [csr_array((r, R * S)), csr_array((r, K)), G, -eye_array(r, format="csr")],
    ]
    if not r:
        rows.pop()
    largest = max(float(np.abs(problem.on_f).max()), float(np.abs(problem.on_u).max()))
    free = np.full(2 * K, np.inf)
    model = LinearProgram(
        cost=np.concatenate([np.zeros(R * S), problem.on_f, problem.on_u, np.full(r, PENALTY * largest)]),
        matrix=csr_array(block_array(rows, format="csr")),
        row_lower=np.concatenate([constant, np.ones(S), np.zeros(K), np.full(r, -np.inf)]),
        row_upper=np.concatenate([constant, np.ones(S), np.full(K, np.inf), problem.g]),
        lower=np.concatenate([np.zeros(R * S), -free, np.zeros(r)]),
        upper=np.concatenate([np.full(R * S, np.inf), free, np.full(r, np.inf)]),
        integer=np.zeros(R * S + 2 * K + r, dtype=bool),
    )
    found = backend.open(model).solve({"threads": 1})
    if found.x is None or found.row_dual is None:
        return None
    f = constant + spread @ np.maximum(found.x[: R * S], 0.0)
    slack = found.x[R * S + 2 * K :]
    missed = PENALTY * largest * float(slack.sum())
    value = float(problem.on_f @ f + problem.on_u @ np.maximum(f, found.x[R * S + K : R * S + 2 * K])) + missed
    price = float(found.row_dual[-r:] @ problem.g) if r else 0.0
    return Mixture(f, value, np.maximum(found.row_dual[:K], 0.0), price, bool((slack <= 1e-9).all()))
