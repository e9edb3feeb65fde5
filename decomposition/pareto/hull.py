r"""The inner approximation: convex combinations of plans with recourse that were evaluated before.

Constraints and objectives of a two-stage program without integer recourse are convex in (x, y). So if recourse y^r was found for the first
stage x^r, with expected objectives f^r, then for weights w >= 0, sum w = 1, the recourse sum_r w_r y^r is feasible for every plan x with
T_s x = T_s sum_r w_r x^r, and attains f = sum_r w_r f^r:

    min  a'f + b'u   s.t.  x in X,  x_j = sum_r w_r x^r_j  for every j that the second stage or an objective sees,
         f = sum_r w_r f^r,  u >= f,  G u <= g,  w >= 0,  sum w = 1                                                       (1)

Its optimum is an upper bound that a plan with an actual recourse policy attains. Like the cuts, the columns serve every point of the front.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import block_array, csr_array, eye_array

from ...solvers import Backend, LinearProgram
from ..matrices import Array
from .inner import PointProblem
from .objectives import Objectives


@dataclass(frozen=True, slots=True, eq=False)
class InnerSolution:
    """Optimum of (1): its value, plan, attained objectives, and, of the LP, the multipliers ``weights`` (K,) of the rows of f."""

    value: float
    x: Array
    f: Array
    weights: Array


@dataclass(slots=True)
class Hull:
    """The columns ``x`` (R, n1), ``f`` (R, K), the latter in units of ``scale``; ``unit`` (n1,) are the units of x."""

    objectives: Objectives
    backend: Backend
    unit: Array
    x: list[Array] = field(default_factory=list)
    f: list[Array] = field(default_factory=list)
    seen: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        data = self.objectives.data
        seen = np.abs(self.objectives.expected_first).sum(axis=0) > 0
        for s in data.scenarios:
            seen[s.T.indices[s.T.data != 0]] = True
        self.seen = np.flatnonzero(seen).astype(np.int64)

    def add(self, x: Array, f: Array) -> None:
        """Take a plan and what its recourse attains."""
        self.x.append(x)
        self.f.append(f)

    def best(
        self, problem: PointProblem, fixed: Array | None = None, *, relaxed: bool = False, time_limit: float | None = None
    ) -> InnerSolution | None:
        """Solve (1), with the integers of ``fixed``, or ``relaxed``, or as a MIP; ``None`` if no combination satisfies it."""
        data, K, n, R = self.objectives.data, len(self.objectives.names), len(self.unit), len(self.x)
        first = data.first
        if not R:
            return None
        whole = first.integer
        low, high = first.lower.copy(), first.upper.copy()
        columns = np.arange(R)
        if fixed is not None:
            low[whole] = high[whole] = fixed[whole]
        diagonal = csr_array((self.unit, (np.arange(n), np.arange(n))), shape=(n, n))
        xs, fs = np.array(self.x)[columns] / self.unit, np.array(self.f)[columns]
        J, m = self.seen, data.A.shape[0]
        one = eye_array(K, format="csr")
        pick = csr_array((np.ones(len(J)), (np.arange(len(J)), J)), shape=(len(J), n))
        G = csr_array(np.asarray(problem.G, dtype=float).reshape(-1, K))
        rows = [
            [csr_array(data.A) @ diagonal, csr_array((m, R)), csr_array((m, K)), csr_array((m, K))],
            [pick, csr_array(-xs[:, J].T), csr_array((len(J), K)), csr_array((len(J), K))],
            [csr_array((K, n)), csr_array(-fs.T), one, csr_array((K, K))],
            [csr_array((1, n)), csr_array(np.ones((1, R))), csr_array((1, K)), csr_array((1, K))],
            [csr_array((K, n)), csr_array((K, R)), -one, one],
            [csr_array((len(problem.g), n)), csr_array((len(problem.g), R)), csr_array((len(problem.g), K)), G],
        ]
        if not len(problem.g):
            rows.pop()
        free = np.full(2 * K, np.inf)
        model = LinearProgram(
            cost=np.concatenate([np.zeros(n + R), problem.on_f, problem.on_u]),
            matrix=csr_array(block_array(rows, format="csr")),
            row_lower=np.concatenate([data.row_lower, np.zeros(len(J) + K), [1.0], np.zeros(K), np.full(len(problem.g), -np.inf)]),
            row_upper=np.concatenate([data.row_upper, np.zeros(len(J) + K), [1.0], np.full(K, np.inf), problem.g]),
            lower=np.concatenate([low / self.unit, np.zeros(R), -free]),
            upper=np.concatenate([high / self.unit, np.full(R, np.inf), free]),
            integer=np.concatenate([whole & (fixed is None) & (not relaxed), np.zeros(R + 2 * K, dtype=bool)]),
        )
        options = {"threads": 1, "time_limit": time_limit} | ({"rel_gap": 1e-6} if model.is_mip else {})
        found = self.backend.open(model).solve(options)
        if found.x is None:
            return None
        x, w = self.unit * found.x[:n], np.maximum(found.x[n : n + R], 0.0)
        w = w / w.sum()
        f = w @ fs
        u = np.maximum(f, found.x[-K:])
        at = m + len(J)
        weights = np.zeros(K) if found.row_dual is None else np.maximum(found.row_dual[at : at + K], 0.0)
        return InnerSolution(float(problem.on_f @ f + problem.on_u @ u), x, f, weights)
