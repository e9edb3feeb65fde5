r"""The master: first stage, one theta a cluster (and eta of the risk measure), and the cuts as rows.

    min  c'x + lambda eta + sum_c theta_c    s.t.  A x in its row bounds,  theta_c >= cuts,  0 >= feasibility cuts       (1)

Its LP is kept in the solver and changed in place; its MIP is loaded anew each time, with a starting solution. Every number that is
called a bound is the solver's dual bound. A theta without a cut is left out of the objective, and the value of (1) is no bound yet.
Infinite bounds of x and eta are boxed for as long as cuts do not bound (1); while a box is active, its value is no bound either.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, vstack

from ...errors import SolverError
from ...solvers import Backend, LinearProgram, Separate, Solution, SolverModel, Termination
from ..matrices import Array
from .cuts import Cut
from .problem import Indices, Problem
from .retained import Retained
from .risk import Risk

FIRST_BOX, LAST_BOX = 1e6, 1e12
SLACK = 1e-7
FILTER = 1e-9
"""Cuts that raise the model at a point by less than this, relatively, are not worth a row there."""

RESCALE = 64.0


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """A solution of the master: plan ``x``, ``eta``, model value ``theta`` (K,); ``bound`` is a lower bound, if it is one."""

    x: Array
    eta: float | None
    theta: Array
    value: float
    bound: float | None
    boxed: bool = False


@dataclass(slots=True, eq=False)
class Master:
    """The master of ``problem`` with ``clusters`` thetas; ``seconds`` were spent inside the solver."""

    problem: Problem
    backend: Backend
    risk: Risk
    clusters: int
    cuts: list[Cut] = field(default_factory=list)
    box: float = FIRST_BOX
    unit: float = 1.0
    without_box: bool = False
    fixed: tuple[Array, Array] | None = None
    retained: Retained | None = None
    _age: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    row_dual: Array | None = None
    seconds: float = 0.0
    _model: SolverModel | None = None

    @property
    def num_x(self) -> int:
        """n1."""
        return len(self.problem.first)

    @property
    def _first_theta(self) -> int:
        return self.num_x + int(self.risk.has_eta)

    @property
    def _num_y(self) -> int:
        return 0 if self.retained is None else len(self.retained.cost)

    @property
    def _first_cut(self) -> int:
        """Row of the first cut, after A and the retained scenarios' rows."""
        return int(self.problem.A.shape[0]) + (0 if self.retained is None else len(self.retained.row_lower))

    @property
    def awake(self) -> NDArray[np.bool_]:
        """Which thetas have a cut (K,)."""
        out = np.zeros(self.clusters, dtype=bool)
        for cut in self.cuts:
            out[list(cut.clusters)] = True
        return out

    @property
    def _constant(self) -> float:
        return 0.0 if self.retained is None else self.retained.constant

    def in_units(self, cost: float) -> float:
        """Return a cost as the solver's problems count it."""
        return (cost - self._constant) / self.unit

    def hold(self, retained: Retained, clusters: int) -> None:
        """Keep these scenarios whole in the master; the thetas, ``clusters`` of them, stand for the others."""
        self.retained, self.clusters, self._model = retained, clusters, None

    def split(self, parts: dict[int, int]) -> None:
        """Give each cluster c of ``parts`` a second theta of that number; a cut on theta_c then holds for the sum of both."""
        self.clusters += len(parts)
        for i, cut in enumerate(self.cuts):
            new = tuple(parts[c] for c in cut.clusters if c in parts)
            if new:
                self.cuts[i] = replace(cut, clusters=cut.clusters + new)
        self._model = None

    def _costs(self) -> Array:
        eta = [self.risk.weight] if self.risk.has_eta else []
        whole = self.retained
        first = self.problem.cost if whole is None else self.problem.cost + whole.cost_first
        y = np.zeros(0) if whole is None else whole.cost / self.unit
        return np.concatenate([np.concatenate([first, eta]) / self.unit, self.awake.astype(float), y])

    def _bounds(self, boxed: bool) -> tuple[Array, Array]:
        first = self.problem.first
        free = np.full(self._first_theta - self.num_x, np.inf)
        lower, upper = np.concatenate([first.lower, -free]), np.concatenate([first.upper, free])
        if self.fixed is not None:
            lower[: self.num_x], upper[: self.num_x] = self.fixed
        if boxed and not self.without_box:
            low, high = np.minimum(-self.box, upper), np.maximum(self.box, lower)
            lower, upper = np.where(np.isinf(lower), low, lower), np.where(np.isinf(upper), high, upper)
        thetas = np.full(self.clusters, np.inf)
        if self.retained is None:
            return np.concatenate([lower, -thetas]), np.concatenate([upper, thetas])
        return np.concatenate([lower, -thetas, self.retained.lower]), np.concatenate([upper, thetas, self.retained.upper])

    def _rows(self, cuts: list[Cut]) -> tuple[csr_array, Array]:
        """Return the cuts as rows >= their constants, each scaled by a power of two to a largest coefficient near 1."""
        n = self._first_theta + self.clusters + self._num_y
        if not cuts:
            return csr_array((0, n)), np.zeros(0)
        left, unit, scale = self._left(cuts, self.unit)
        index = [(i, k) for i, c in enumerate(cuts) for k in c.clusters]
        rows, columns = (np.array(v, dtype=np.int64) for v in zip(*index, strict=True)) if index else (np.zeros(0, np.int64),) * 2
        right = csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(cuts), self.clusters + self._num_y))
        matrix = csr_array(hstack([csr_array(left), right], format="csr"))
        constants = np.array([c.constant for c in cuts]) / unit * scale
        return csr_array(matrix * scale[:, None]), constants

    def _left(self, cuts: list[Cut], money: float) -> tuple[Array, Array, Array]:
        """Return the cuts' coefficients of x and eta, each cut's unit (``money``; 1 for feasibility cuts) and its row's scale."""
        left = np.array([-c.slope for c in cuts])
        if self.risk.has_eta:
            left = np.column_stack([left, [-c.eta_slope for c in cuts]])
        unit = np.array([money if c.clusters else 1.0 for c in cuts])
        left = left / unit[:, None]
        largest = np.maximum(np.abs(left).max(axis=1, initial=0.0), np.array([1.0 if c.clusters else 0.0 for c in cuts]))
        return left, unit, 2.0 ** -np.floor(np.log2(np.where(largest > 0, largest, 1.0)))

    def multipliers(self, cuts: list[Cut], row_dual: Array, money: float) -> tuple[Array, Array, Array]:
        """Return the multipliers of the rows of A, of the retained scenarios' rows and of ``cuts`` as they stand in (1).

        ``row_dual`` are those of an LP that counted in ``money``.
        """
        rows, kept, own = np.split(row_dual, [self.problem.A.shape[0], self._first_cut])
        if not cuts:
            return rows * money, kept * money, np.zeros(0)
        _, unit, scale = self._left(cuts, money)
        return rows * money, kept * money, own * scale * (money / unit)

    def program(self, *, integer: bool, boxed: bool) -> LinearProgram:
        """Return (1), or its LP relaxation, with or without the box."""
        rows, constants = self._rows(self.cuts)
        lower, upper = self._bounds(boxed)
        n = len(lower)
        top = csr_array(hstack([self.problem.A, csr_array((self.problem.A.shape[0], n - self.num_x))], format="csr"))
        whole = np.zeros(n, dtype=bool)
        if integer:
            whole[: self.num_x] = self.problem.first.integer
        matrices, row_lower, row_upper = [top], [self.problem.row_lower], [self.problem.row_upper]
        if self.retained is not None:
            kept = self.retained
            between = csr_array((len(kept.row_lower), n - self.num_x - self._num_y))
            matrices.append(csr_array(hstack([kept.T, between, kept.W], format="csr")))
            row_lower.append(kept.row_lower)
            row_upper.append(kept.row_upper)
        return LinearProgram(
            cost=self._costs(),
            matrix=csr_array(vstack([*matrices, rows], format="csr")),
            row_lower=np.concatenate([*row_lower, constants]),
            row_upper=np.concatenate([*row_upper, np.full(len(constants), np.inf)]),
            lower=lower,
            upper=upper,
            integer=whole,
        )

    def add(self, cuts: list[Cut]) -> None:
        """Append cuts."""
        if not cuts:
            return
        woken = not self.awake.all()
        self.cuts += cuts
        self._age = np.concatenate([self._age, np.zeros(len(cuts), dtype=np.int64)])
        if self._model is not None:
            matrix, constants = self._rows(cuts)
            self._model.add_rows(matrix, constants, np.full(len(cuts), np.inf))
            if woken:
                self._model.set_cost(self._costs())

    def slack_for(self, oldest: int) -> Indices:
        """Return the numbers of the cuts that were slack in the last ``oldest`` LPs solved here, but for one cut of each theta."""
        drop = self._age >= oldest
        last = {c: i for i, cut in enumerate(self.cuts) for c in cut.clusters}
        drop[list(last.values())] = False
        return np.flatnonzero(drop)

    def drop(self, cuts: Indices) -> None:
        """Drop the cuts of these numbers."""
        if len(cuts):
            kept = np.setdiff1d(np.arange(len(self.cuts)), cuts)
            self.cuts = [self.cuts[i] for i in kept.tolist()]
            self._age = self._age[kept]
            if self._model is not None:
                self._model.delete_rows(self._first_cut + cuts)

    def unload(self) -> None:
        """Forget the solver's problem and its basis; the next LP is loaded anew."""
        self._model = None

    def set_bounds(self, bounds: tuple[Array, Array] | None) -> None:
        """Restrict x to other bounds (values are no bounds of the problem then), or back to its own."""
        self.fixed = bounds
        if self._model is not None:
            self._model.set_column_bounds(*self._bounds(True))

    def scale_to(self, size: float) -> None:
        """Count money in the solver's problems by a power of two near ``size``, so that their numbers lie near 1; a near one is kept."""
        if size > 0 and not 1 / RESCALE <= self.unit / size <= RESCALE:
            self.unit = 2.0 ** np.floor(np.log2(size))
            self._model = None

    def open_box(self) -> None:
        """Take the box away, until an LP turns out unbounded without it; it then comes back 100 times larger."""
        self.without_box = True
        self.set_bounds(self.fixed)

    def enlarge_box(self) -> bool:
        """Put the box back, 100 times larger; ``False`` if it has its largest size."""
        self.without_box = False
        if self.box >= LAST_BOX:
            return False
        self.box *= 100
        self.set_bounds(self.fixed)
        return True

    @contextlib.contextmanager
    def in_solver(self, sign: float = 1.0) -> Iterator[None]:
        """Count the time spent inside as the solver's; ``sign`` -1: as not the solver's."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += sign * (time.perf_counter() - begin)

    def solve_lp(self) -> Point | None:
        """Solve the LP relaxation from the last basis; ``None`` if it is infeasible."""
        if self._model is None:
            self._model = self.backend.open(self.program(integer=False, boxed=True))
        with self.in_solver():
            found = self._model.solve({"threads": 1})
        if self.without_box and found.termination in (Termination.UNBOUNDED, Termination.INFEASIBLE_OR_UNBOUNDED) and self.enlarge_box():
            return self.solve_lp()
        if found.termination in (Termination.INFEASIBLE, Termination.INFEASIBLE_OR_UNBOUNDED):
            return None
        if found.x is None or found.objective is None or found.row_dual is None:
            raise SolverError(f"the solver failed on the Benders master: {found.termination} {found.detail}")
        if self.fixed is not None:
            return self._point(found)
        self.row_dual = found.row_dual
        slack = np.abs(found.row_dual[self._first_cut :]) <= SLACK
        self._age = np.where(slack, self._age + 1, 0)
        return self._point(found)

    def _point(self, found: Solution) -> Point:
        assert found.x is not None and found.objective is not None
        x = found.x[: self.num_x]
        eta = float(found.x[self.num_x]) if self.risk.has_eta else None
        lower, upper = self._bounds(False)
        unbounded = np.isinf(lower) | np.isinf(upper)
        at_box = np.abs(found.x) >= (np.inf if self.without_box else self.box * (1 - 1e-9))
        boxed = bool((unbounded & at_box)[: self._first_theta].any())
        valid = self.awake.all() and not boxed
        bound = None if found.bound is None or not valid else found.bound * self.unit + self._constant
        theta = found.x[self._first_theta : self._first_theta + self.clusters] * self.unit
        return Point(x, eta, theta, found.objective * self.unit + self._constant, bound, boxed)

    def solve_mip(
        self, rel_gap: float, time_limit: float | None, threads: int | None, start: Array | None
    ) -> tuple[Point | None, float | None]:
        """Solve (1) with integrality; returns its incumbent (``None``: none found) and its dual bound (``None``: none).

        Infinite bounds stand unboxed here: the LP phase has shown that the cuts bound (1).
        """
        model = self.backend.open(self.program(integer=True, boxed=False))
        if start is not None:
            model.warm_start(start)
        with self.in_solver():
            found = model.solve({"rel_gap": rel_gap, "time_limit": time_limit, "threads": threads})
        if found.termination is Termination.ERROR:
            raise SolverError(f"the solver failed on the Benders master: {found.detail}")
        bound = found.bound * self.unit + self._constant if found.bound is not None and self.awake.all() else None
        return (None if found.x is None else self._point(found)), bound

    def solve_lazy(
        self, separate: Separate, rel_gap: float, time_limit: float | None, threads: int | None, start: Array | None
    ) -> tuple[Point | None, float | None]:
        """Solve (1) with integrality and the rows that ``separate`` makes, in one tree; returns as :meth:`solve_mip` does."""
        if self.backend.solve_lazy is None:
            raise SolverError(f"solver {self.backend.name!r} takes no lazy rows")
        model = self.backend.open(self.program(integer=True, boxed=False))
        if start is not None:
            model.warm_start(start)
        options = {"rel_gap": rel_gap, "time_limit": time_limit, "threads": threads}

        def separated(full: Array) -> tuple[csr_array, Array, Array] | None:
            with self.in_solver(-1.0):
                return separate(full)

        with self.in_solver():
            found = self.backend.solve_lazy(model, separated, options=options)
        if found.termination is Termination.ERROR:
            raise SolverError(f"the solver failed on the Benders master: {found.detail}")
        bound = found.bound * self.unit + self._constant if found.bound is not None and self.awake.all() else None
        return (None if found.x is None else self._point(found)), bound

    def as_point(self, full: Array) -> Point:
        """Return a vector of the solver's columns as a point without value or bound."""
        eta = float(full[self.num_x]) if self.risk.has_eta else None
        theta = full[self._first_theta : self._first_theta + self.clusters] * self.unit
        return Point(full[: self.num_x], eta, theta, np.nan, None)

    def rows(self, cuts: list[Cut]) -> tuple[csr_array, Array, Array]:
        """Return cuts as rows of the solver's problem: matrix, lower and upper sides."""
        matrix, constants = self._rows(cuts)
        return matrix, constants, np.full(len(constants), np.inf)

    def model_value(self, x: Array, eta: float | None) -> Array:
        """Return the largest cut of each theta at (x, eta), (K,); -inf where there is none. Cuts over several thetas are left out."""
        out = np.full(self.clusters, -np.inf)
        single = [c for c in self.cuts if len(c.clusters) == 1]
        if single:
            values = np.array([c.slope for c in single]) @ x + np.array([c.constant for c in single])
            if eta is not None:
                values = values + eta * np.array([c.eta_slope for c in single])
            np.maximum.at(out, np.array([c.clusters[0] for c in single]), values)
        return out

    def raised_by(self, cuts: Sequence[Cut], x: Array, eta: float | None) -> list[bool]:
        """Whether each cut says more at (x, eta) than the cuts here; a feasibility cut is compared with those of its scenario."""
        model = self.model_value(x, eta)
        held: dict[int | None, float] = {}
        if any(not c.clusters for c in cuts):
            for c in self.cuts:
                if not c.clusters:
                    held[c.scenario] = max(held.get(c.scenario, 0.0), c.value(x, eta))
        known = [float(model[c.clusters[0]]) if c.clusters else held.get(c.scenario, 0.0) for c in cuts]
        values = [c.value(x, eta) for c in cuts]
        return [not np.isfinite(k) or v > k + FILTER * max(1.0, abs(k), abs(v)) for k, v in zip(known, values, strict=True)]

    def completed(self, x: Array, eta: float | None) -> Array | None:
        """Return a full master solution (x, eta, theta) for plan ``x``, to start a MIP from; ``None`` with retained scenarios."""
        if self.retained is not None:
            return None
        theta = self.model_value(x, eta)
        theta = np.where(np.isfinite(theta), theta, 0.0)
        for cut in self.cuts:
            if len(cut.clusters) > 1:
                theta[cut.clusters[0]] += max(0.0, cut.value(x, eta) - float(theta[list(cut.clusters)].sum()))
        return np.concatenate([x, [] if eta is None else [eta], theta / self.unit])


def new_clusters(problem: Problem, count: int) -> Indices:
    """Return the cluster of each scenario: ``count`` runs of neighbours of nearly equal length."""
    return np.arange(problem.num_scenarios) * min(count, problem.num_scenarios) // problem.num_scenarios
