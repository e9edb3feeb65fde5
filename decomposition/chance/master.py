r"""The master of the chance decomposition: x, all scenarios' own variables and one theta a cluster, with the rows found so far.

    min  c'x + sum_c theta_c   s.t.   A x in its sides,   f'x + sum_s w_s g'z_s in its sides,   rows of :mod:`.rows`           (1)

Costs of owned variables are part of theta. Columns are counted in units near their size and money in one near the costs (powers of two):
a solver drops small entries beside large ones. A theta without a value row is left out, and (1) is then no bound.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, vstack

from ...errors import ModelError, SolverError
from ...solvers import Backend, LinearProgram, Solution, SolverModel, Termination
from ..extensive_form import tell_apart
from ..matrices import Array
from .problem import ChanceProblem
from .rows import Row, matrix

SLACK = 1e-7
SMALLEST_THETA = 2.0**-12
"""Least unit of theta in units of money, and least entry of theta in a row."""

TIGHT, INTEGRALITY = 1e-5, 1e-9
"""Below this gap integers are held to 1e-9: what a solver's 1e-6 of an indicator frees would be seen in the bound."""

FEW = 100
"""Fewer rows than this are not worth dropping."""


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """A solution of (1): x (n,), Z (S, o), theta (K,), its value; ``bound`` is a lower bound if it is one."""

    x: Array
    z: Array
    theta: Array
    value: float
    bound: float | None


@dataclass(eq=False)
class Master:
    """(1) in ``backend``, on rank 0; ``rows`` grow and are dropped where they stay slack."""

    chance: ChanceProblem
    backend: Backend
    clusters: int
    unit: float = 1.0
    theta_unit: float = 1.0
    rows: list[Row] = field(default_factory=list)
    row_dual: Array | None = None
    fixed: Array | None = None
    _age: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    _keys: set[tuple[object, ...]] = field(default_factory=set)
    _model: SolverModel | None = None
    _bounds: tuple[Array, Array] | None = None

    def __post_init__(self) -> None:
        chance, own = self.chance, self.chance.owned.own
        problem, columns, joint = chance.owned.problem, chance.owned.columns, chance.owned.joint
        S, n = len(chance.p), len(chance.common)
        self._n, self._z = n, chance.num_z
        kept = np.setdiff1d(np.arange(problem.A.shape[0]), joint.rows)
        A = csr_array(problem.A[:, columns.common])
        spread = [hstack([joint.own[[i]] * w for w in joint.weight[i]], format="csr") for i in range(len(joint.rows))]
        above = hstack([A[kept], csr_array((len(kept), self._z + self.clusters))], format="csr")
        parts = [above, *(hstack([joint.common[[i]], row, csr_array((1, self.clusters))], format="csr") for i, row in enumerate(spread))]
        self._fixed_rows = csr_array(vstack(parts, format="csr"))
        self._lower = np.concatenate([problem.row_lower[kept], joint.lower])
        self._upper = np.concatenate([problem.row_upper[kept], joint.upper])
        ends = chance.common.lower, chance.common.upper
        reach = np.minimum(np.where(np.isfinite(ends[0]), np.abs(ends[0]), np.inf), np.inf)
        reach = np.maximum(np.where(np.isfinite(ends[1]), np.abs(ends[1]), 1.0), np.where(np.isfinite(reach), reach, 1.0))
        self._x_unit = np.where(chance.common.integer, 1.0, 2.0 ** np.round(np.log2(np.maximum(reach, 1.0))))
        self._low = np.concatenate([ends[0], np.tile(own.lower, S), np.full(self.clusters, -np.inf)])
        self._high = np.concatenate([ends[1], np.tile(own.upper, S), np.full(self.clusters, np.inf)])
        self._integer = np.concatenate([chance.common.integer, np.tile(own.integer, S), np.zeros(self.clusters, dtype=bool)])
        self._cost = np.concatenate([problem.cost[columns.common], np.zeros(self._z), np.ones(self.clusters)])

    @property
    def first_row(self) -> int:
        """Number of the first of ``rows`` among the solver's rows."""
        return len(self._lower)

    @property
    def awake(self) -> bool:
        """Whether every theta has a value row."""
        return len({r.cluster for r in self.rows if r.cluster is not None}) == self.clusters

    def scale_to(self, size: float, theta: float) -> None:
        """Count money by a power of two near ``size``, each theta by one near ``theta``; solvers' tolerances are those shares of them."""
        if size > 0 and not 1 / 64 <= self.unit / size <= 64:
            self.unit = 2.0 ** float(np.floor(np.log2(size)))
            self._model = None
        theta = max(theta, self.unit * SMALLEST_THETA)
        if not 1 / 64 <= self.theta_unit / theta <= 64:
            self.theta_unit = 2.0 ** float(np.floor(np.log2(theta)))
            self._model = None

    def add(self, rows: list[Row]) -> int:
        """Append the rows that are not there yet (a solver holds rows to a tolerance, so one may seem violated again); return how many."""
        fresh: list[Row] = []
        for row in rows:
            if row.key not in self._keys:
                self._keys.add(row.key)
                fresh.append(row)
        rows = fresh
        if not rows:
            return 0
        slept = not self.awake
        self.rows += rows
        self._age = np.concatenate([self._age, np.zeros(len(rows), dtype=np.int64)])
        if self._model is not None:
            if slept:
                self._model = None
            else:
                body, lower = self._scaled(rows)
                self._model.add_rows(body, lower, np.full(len(rows), np.inf))
        return len(rows)

    def slack_rows(self, oldest: int) -> NDArray[np.int64]:
        """Return the rows that were slack in the last ``oldest`` LPs solved here, but for one of each theta; none if they are few."""
        drop = self._age >= oldest
        last = {r.cluster: i for i, r in enumerate(self.rows) if r.cluster is not None}
        drop[list(last.values())] = False
        return np.flatnonzero(drop) if drop.sum() >= FEW else np.zeros(0, dtype=np.int64)

    def drop(self, gone: NDArray[np.int64]) -> None:
        """Drop the rows of these numbers."""
        if len(gone):
            kept = np.setdiff1d(np.arange(len(self.rows)), gone)
            self._keys -= {self.rows[i].key for i in gone.tolist()}
            self.rows = [self.rows[i] for i in kept.tolist()]
            self._age = self._age[kept]
            if self._model is not None:
                self._model.delete_rows(self.first_row + gone)

    @property
    def units(self) -> Array:
        """The columns' units."""
        return np.concatenate([self._x_unit, np.ones(self._z), np.full(self.clusters, self.theta_unit)])

    def _scaled(self, rows: list[Row]) -> tuple[csr_array, Array]:
        body, lower = matrix(rows, self._n, self._z, self.clusters)
        scale = self._scales(rows, body)
        return csr_array(body * self.units[None, :] * scale[:, None]), lower * scale

    def _scales(self, rows: list[Row], body: csr_array) -> Array:
        """Return by what each row is multiplied in the solver."""
        scale = np.array([1.0 if r.cluster is None else 1.0 / self.theta_unit for r in rows])
        biggest = np.maximum(abs(body * self.units[None, :] * scale[:, None]).max(axis=1).toarray().ravel(), 1e-300)
        wish = 2.0 ** np.round(np.log2(np.maximum(1.0, biggest)))
        return np.asarray(scale / np.where([r.cluster is None for r in rows], wish, np.minimum(wish, 1 / SMALLEST_THETA)))

    def multipliers(self) -> tuple[Array, Array]:
        """Return the last LP's multipliers, in money, of the first stage's rows and of ``rows``."""
        assert self.row_dual is not None
        body, _ = matrix(self.rows, self._n, self._z, self.clusters)
        own = self.row_dual[self.first_row :] * self._scales(self.rows, body) if self.rows else np.zeros(0)
        return self.row_dual[: self.first_row] * self.unit, own * self.unit

    def program(self, *, integer: bool) -> LinearProgram:
        """Return (1) in units."""
        body, lower = self._scaled(self.rows)
        units = self.units
        low, high = (self._low, self._high) if self._bounds is None else self._bounds
        cost = self._cost * units / self.unit
        if not self.awake:
            awake = {r.cluster for r in self.rows}
            cost[self._n + self._z :] *= [1.0 if c in awake else 0.0 for c in range(self.clusters)]
        fixed = csr_array(self._fixed_rows * units[None, :])
        return LinearProgram(
            cost=cost,
            matrix=csr_array(vstack([fixed, body], format="csr")),
            row_lower=np.concatenate([self._lower, lower]),
            row_upper=np.concatenate([self._upper, np.full(len(lower), np.inf)]),
            lower=low / units,
            upper=high / units,
            integer=self._integer if integer else np.zeros_like(self._integer),
        )

    def fix(self, z: Array | None, x: Array | None = None) -> None:
        """Hold the integer owned variables at Z (S, o), with ``x`` the plan's integers too; ``None``: let go."""
        self.fixed, self._bounds = z, None
        if z is not None:
            low, high = self._low.copy(), self._high.copy()
            n = self._n
            held = self._integer.copy()
            held[:n] &= x is not None
            full = np.round(np.concatenate([np.zeros(n) if x is None else x, z.ravel(), np.zeros(self.clusters)]))
            low[held] = high[held] = full[held]
            self._bounds = low, high
        if self._model is not None:
            low, high = (self._low, self._high) if self._bounds is None else self._bounds
            self._model.set_column_bounds(low / self.units, high / self.units)

    def solve_lp(self) -> Point | None:
        """Solve the LP relaxation from the last basis; ``None`` if it is infeasible.

        Raises
        ------
        ModelError
            It is unbounded: a first-stage variable without bound whose cost falls faster than any row holds it.
        """
        if self._model is None:
            self._model = self.backend.open(self.program(integer=False))
        found = self._model.solve({"threads": 1})
        end = found.termination
        if end is Termination.INFEASIBLE_OR_UNBOUNDED:
            end = tell_apart(self.program(integer=False), self.backend)
        if end is Termination.INFEASIBLE:
            return None
        if end is Termination.UNBOUNDED:
            raise ModelError("costs of the first stage fall without limit; give its variables finite bounds")
        if found.x is None or found.objective is None or found.row_dual is None:
            raise SolverError(f"the solver failed on the chance master: {found.termination} {found.detail}")
        self.row_dual = found.row_dual
        if self.fixed is None:
            slack = np.abs(found.row_dual[self.first_row :]) <= SLACK
            self._age = np.where(slack, self._age + 1, 0)
        return self._point(found)

    def solve_mip(
        self, rel_gap: float, time_limit: float | None, threads: int | None, start: Array | None
    ) -> tuple[Point | None, float | None, Termination]:
        """Solve (1) with integrality from ``start`` (x, z, theta): incumbent and dual bound, ``None`` where there is none, and its end."""
        model = self.backend.open(self.program(integer=True))
        if start is not None:
            model.warm_start(start / self.units)
        options = {"rel_gap": rel_gap, "time_limit": time_limit, "threads": threads}
        found = model.solve(options | ({"integrality": INTEGRALITY} if rel_gap < TIGHT else {}))
        if found.termination is Termination.ERROR:
            raise SolverError(f"the solver failed on the chance master: {found.detail}")
        bound = None if found.bound is None or not self.awake else found.bound * self.unit
        return (None if found.x is None else self._point(found)), bound, found.termination

    def _point(self, found: Solution) -> Point:
        assert found.x is not None and found.objective is not None
        full = found.x * self.units
        z = full[self._n : self._n + self._z].reshape(len(self.chance.p), self.chance.num_own)
        bound = None if found.bound is None or not self.awake else found.bound * self.unit
        return Point(full[: self._n], z, full[self._n + self._z :], found.objective * self.unit, bound)

    def completed(self, x: Array, z: Array) -> Array:
        """Return the full solution (x, z, theta) with theta as low as the rows allow."""
        theta = np.full(self.clusters, -np.inf)
        flat = z.ravel()
        for row in self.rows:
            if row.cluster is not None:
                theta[row.cluster] = max(theta[row.cluster], row.at(x, flat))
        return np.concatenate([x, flat, np.where(np.isfinite(theta), theta, 0.0)])
