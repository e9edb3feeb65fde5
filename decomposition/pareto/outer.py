r"""The outer approximation: a master problem in x, in theta by objective and cluster of scenarios, in f and u.

    min  a'f + b'u   s.t.  x in X,  f_k = sum_c theta_ck + E c_k'x + E o_k,  u >= f,  G u <= g,
         l'theta_c >= alpha + beta'x   for every cut (l, alpha, beta) of cluster c                                        (1)

with theta_ck >= sum_{s in c} p_s q_ks'y_s. A cut made at weights l >= 0 and a first stage x' holds for every plan with every recourse,

    l'theta_c >= sum_{s in c} p_s ( Q_s^l(x') - pi_s'T_s (x - x') ),                                                     (2)

whatever the point of the front: the collection serves all of them. A cut on one objective alone would not do: one y sets them all, and
only its weighted sums have a lower bound that depends on x alone. The optimum of (1) is a lower bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import block_array, coo_array, csr_array, eye_array

from ...solvers import Backend, LinearProgram, SolverModel, Termination
from ..matrices import Array
from .inner import PointProblem
from .objectives import Objectives
from .rows import ASPIRATION, RAY, Rows
from .units import ARTIFICIAL, boxes, units

VIOLATED = 2e-7
"""A cut is violated by more than this, relative to max(1, |its side|); a solver's own tolerance is half of it."""

TINY = 1e-8
"""Coefficients of a cut below this, in the master's units, go into its constant at the variable's worst bound."""

ADDED = 3
"""Most violated cuts of a cluster that enter the LP at once."""

MOST_G = 8
"""So many different matrices G are kept in the LP."""


Box = tuple[Array, Array]
"""Lower and upper bounds of the first-stage variables (n1,), of which those of the integers count."""


class CutPool:
    """All cuts: ``weights`` (R, K), ``constant`` (R, C), ``slope`` (R, C, n1); and ``rays`` (constant, slope), rows without theta."""

    def __init__(self, K: int, clusters: int, n: int):
        self._room = [np.zeros((16, K)), np.zeros((16, clusters)), np.zeros((16, clusters, n))]
        self._size = 0
        self.rays: list[tuple[float, Array]] = []

    def __len__(self) -> int:
        return self._size

    @property
    def weights(self) -> Array:
        """Weights l of each cut."""
        return self._room[0][: self._size]

    @property
    def constant(self) -> Array:
        """Constants alpha of each cut by cluster."""
        return self._room[1][: self._size]

    @property
    def slope(self) -> Array:
        """Slopes beta of each cut by cluster."""
        return self._room[2][: self._size]

    def add(self, weights: Array, constant: Array, slope: Array) -> None:
        """Take a cut of every cluster."""
        if self._size == len(self._room[0]):
            self._room = [np.concatenate([part, np.zeros_like(part)]) for part in self._room]
        for part, new in zip(self._room, (weights, constant, slope), strict=True):
            part[self._size] = new
        self._size += 1

    def rescale(self, factor: Array) -> None:
        """Count theta in other units, ``factor`` (K,) times the ones before; rows are scaled to a largest weight of 1."""
        weights = self.weights * factor
        size = weights.max(axis=1)
        self.weights[:] = weights / size[:, None]
        self.constant[:] /= size[:, None]
        self.slope[:] /= size[:, None, None]

    def missing(self, x: Array, theta: Array) -> Array:
        """Return by how much (x, theta (C, K)) misses each cut (R, C), relative to max(1, |its side|)."""
        needed = self.constant + self.slope @ x
        return np.asarray((needed - self.weights @ theta.T) / np.maximum(1.0, np.abs(needed)))


@dataclass(frozen=True, slots=True, eq=False)
class OuterSolution:
    """Optimum of (1): ``bound`` on it, plan ``x``, ``f``; of the LP, multipliers ``weights`` of f's rows and ``price`` y'g of G."""

    termination: Termination
    bound: float | None = None
    x: Array | None = None
    f: Array | None = None
    weights: Array | None = None
    price: float = 0.0
    at_box: bool = False


class Master:
    """The LP (1), its integers relaxed within a box; rows are taken from the pool as they are violated."""

    def __init__(self, objectives: Objectives, scale: Array, pool: CutPool, clusters: int, backend: Backend):
        data, K = objectives.data, len(objectives.names)
        self._pool, self._K, self._C, self._n = pool, K, clusters, len(data.first)
        low, high = boxes(data)
        self._unit = units(low, high)
        self._low = np.maximum(low, -ARTIFICIAL) / self._unit
        self._high = np.minimum(high, ARTIFICIAL) / self._unit
        self._boxed = ~np.isfinite(low) | ~np.isfinite(high)
        whole = data.first.integer
        self._unit = np.where(whole, 1.0, self._unit)
        self._low, self._high = (np.where(whole, np.clip(v, -ARTIFICIAL, ARTIFICIAL), s) for v, s in ((low, self._low), (high, self._high)))
        self._integer = whole
        problem = self._base(objectives, scale)
        self._problem = problem
        self._model: SolverModel = backend.open(problem)
        self._rows = Rows(self._model, problem)
        self._known: list[Array] = []
        self._g, self._active = np.zeros(0), np.zeros(0, dtype=int)
        self._rays = 0
        self.solves = 0

    @property
    def num_columns(self) -> int:
        """Columns of the master."""
        return len(self._problem.cost)

    def solve(
        self,
        problem: PointProblem,
        box: Box | None = None,
        *,
        about: float = 0.0,
        time_limit: float | None = None,
    ) -> OuterSolution:
        """Solve (1) with every cut of the pool, the integers relaxed within ``box``; ``about`` is a guess of the optimum."""
        self._prepare(problem, box, about)
        while True:
            self.solves += 1
            found = self._model.solve({"time_limit": time_limit, "threads": 1})
            if found.x is None or found.row_dual is None or found.bound is None:
                return OuterSolution(found.termination)
            x = self._unit * found.x[: self._n]
            missing = self._pool.missing(x, self._theta(found.x))
            self._rows.note(missing)
            new = self._violated(missing)
            if not new:
                break
            self._add(new)
        price = float(found.row_dual[self._active] @ self._g) if len(self._g) else 0.0
        m = len(self._problem.row_lower) - 2 * self._K
        weights = np.maximum(found.row_dual[m : m + self._K], 0.0)
        f = found.x[self._n + self._C * self._K :][: self._K]
        at_box = (np.abs(x) >= 0.999 * ARTIFICIAL) & self._boxed
        return OuterSolution(found.termination, found.bound - 1.0 + about, x, f, weights, price, bool(at_box.any()))

    def _theta(self, v: Array) -> Array:
        return np.asarray(v[self._n : self._n + self._C * self._K].reshape(self._C, self._K))

    def _prepare(self, problem: PointProblem, box: Box | None, about: float) -> None:
        n, C, K = self._n, self._C, self._K
        cost = np.zeros(self.num_columns)
        cost[n + C * K : n + (C + 1) * K], cost[n + (C + 1) * K : -1] = problem.on_f, problem.on_u
        cost[-1] = 1.0 - about
        self._model.set_cost(cost)
        low, high = self._problem.lower.copy(), self._problem.upper.copy()
        if box is not None:
            at = np.flatnonzero(self._integer)
            low[at], high[at] = box[0][at], box[1][at]
        self._model.set_column_bounds(low, high)
        if not self._rows.keys:  # without the first cuts theta has no lower bound
            self._add([(r, c) for r in range(len(self._pool)) for c in range(self._C)])
        if len(self._pool.rays) > self._rays:
            self._add_rays()
        self._rows.purge(2 * self._K)  # the first cuts keep theta bounded
        self._set_sides(np.asarray(problem.G, dtype=float).reshape(-1, self._K), np.asarray(problem.g, dtype=float))

    def _set_sides(self, G: Array, g: Array) -> None:
        """Give the rows G u <= g their sides; those of other problems' G stay, without any, so that the basis is kept."""
        if len(g) and not any(np.array_equal(G, other) for other in self._known):
            self._append_G(G)
        upper = self._rows.upper.copy()
        for i, other in enumerate(self._known):
            upper[self._rows.of(ASPIRATION, i)] = g if np.array_equal(G, other) else np.inf
        self._rows.set_upper(upper)
        self._g = g
        at = next((i for i, other in enumerate(self._known) if np.array_equal(G, other)), None)
        self._active = np.zeros(0, dtype=int) if at is None else self._rows.of(ASPIRATION, at)

    def _append_G(self, G: Array) -> None:
        if len(self._known) == MOST_G:
            self._rows.delete(np.concatenate([self._rows.of(ASPIRATION, i) for i in range(MOST_G)]))
            self._known = []
        rows, cols = np.nonzero(G)
        matrix = coo_array((G[rows, cols], (rows, cols + self.num_columns - 1 - self._K)), shape=(len(G), self.num_columns)).tocsr()
        self._rows.add([(ASPIRATION, len(self._known))] * len(G), csr_array(matrix), np.full(len(G), -np.inf), np.full(len(G), np.inf))
        self._known.append(G)

    def _add(self, pairs: list[tuple[int, int]]) -> None:
        """Append cut rows (number in the pool, cluster)."""
        n, K = self._n, self._K
        matrix, low = np.zeros((len(pairs), self.num_columns)), np.zeros(len(pairs))
        for i, (r, c) in enumerate(pairs):
            matrix[i], low[i] = self._row(self._pool.slope[r][c], self._pool.constant[r][c])
            matrix[i, n + c * K : n + (c + 1) * K] = self._pool.weights[r]
        self._rows.add(pairs, csr_array(matrix), low, np.full(len(pairs), np.inf))

    def _row(self, slope: Array, constant: float) -> tuple[Array, float]:
        """Return a cut's row in x and its side; entries too small for the solver are bounded away."""
        out = np.zeros(self.num_columns)
        beta = slope * self._unit
        small = (np.abs(beta) < TINY) & (beta != 0)
        loss = np.minimum(beta * self._low, beta * self._high)[small].sum()
        out[: self._n] = np.where(small, 0.0, -beta)
        return out, constant + float(loss)

    def _add_rays(self) -> None:
        for constant, slope in self._pool.rays[self._rays :]:
            row, low = self._row(slope, constant)
            size = max(1.0, float(np.abs(row).max()))
            self._rows.add([(RAY, 0)], csr_array(row[None, :] / size), np.array([low / size]), np.array([np.inf]))
        self._rays = len(self._pool.rays)

    def _violated(self, missing: Array) -> list[tuple[int, int]]:
        """Return the ``ADDED`` most violated cuts of every cluster that are not in the LP."""
        held = set(self._rows.keys)
        order = np.argsort(-missing, axis=0, kind="stable")[:ADDED]
        return [(int(r), c) for ranks in order for c, r in enumerate(ranks) if missing[r, c] > VIOLATED and (int(r), c) not in held]

    def _base(self, objectives: Objectives, scale: Array) -> LinearProgram:
        data, K, C, n = objectives.data, self._K, self._C, self._n
        diagonal = csr_array((self._unit, (np.arange(n), np.arange(n))), shape=(n, n))
        A = csr_array(csr_array(data.A) @ diagonal)
        size = abs(A).max(axis=1).toarray().ravel() if A.shape[0] and n else np.ones(A.shape[0])
        size = np.where(size > 0, size, 1.0)
        A = csr_array(csr_array((1 / size, (np.arange(len(size)), np.arange(len(size)))), shape=(len(size), len(size))) @ A)
        first = csr_array(objectives.expected_first / scale[:, None]) @ diagonal
        one, spread = eye_array(K, format="csr"), csr_array(np.tile(np.eye(K), C))
        blocks = [
            [A, csr_array((A.shape[0], C * K + 2 * K + 1))],
            [csr_array(block_array([[-first, -spread, one, csr_array((K, K)), csr_array((K, 1))]])), None],
            [csr_array(block_array([[csr_array((K, n)), csr_array((K, C * K)), -one, one, csr_array((K, 1))]])), None],
        ]
        top = block_array([blocks[0]], format="csr")
        matrix = csr_array(block_array([[top], [blocks[1][0]], [blocks[2][0]]], format="csr"))
        constant = objectives.expected_offset / scale
        free = np.full(C * K + 2 * K, np.inf)
        return LinearProgram(
            cost=np.zeros(matrix.shape[1]),
            matrix=matrix,
            row_lower=np.concatenate([data.row_lower / size, constant, np.zeros(K)]),
            row_upper=np.concatenate([data.row_upper / size, constant, np.full(K, np.inf)]),
            lower=np.concatenate([self._low, -free, [1.0]]),
            upper=np.concatenate([self._high, free, [1.0]]),
            integer=np.zeros(matrix.shape[1], dtype=bool),
        )
