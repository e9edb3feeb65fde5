r"""The master of ``master_program`` in a solver: cuts added and dropped, its LP, its MIP, its MIP with lazy cuts.

Its LP is kept in the solver and changed in place; its MIP is loaded anew each time, with a starting solution. Every number that is
called a bound is the solver's dual bound.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ...errors import SolverError
from ...solvers import Backend, Separate, Solution, SolverModel, Termination
from ..matrices import Array
from .cuts import Cut
from .master_program import MasterProgram, Point
from .problem import Indices, Problem
from .retained import Retained

LAST_BOX = 1e12
SLACK = 1e-7
RESCALE = 64.0


@dataclass(slots=True, eq=False)
class Master(MasterProgram):
    """The master kept in ``backend``; ``seconds`` were spent inside the solver."""

    backend: Backend = field(kw_only=True)
    row_dual: Array | None = None
    seconds: float = 0.0
    _age: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    _model: SolverModel | None = None

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

    def add(self, cuts: list[Cut]) -> None:
        """Append cuts."""
        if not cuts:
            return
        woken = not self.awake.all()
        self.cuts += cuts
        self._age = np.concatenate([self._age, np.zeros(len(cuts), dtype=np.int64)])
        if self.shrink_units(cuts):
            self._model = None
        if self._model is not None:
            matrix, constants = self._rows(cuts)
            self._model.add_rows(matrix, constants, np.full(len(cuts), np.inf))
            if woken:
                self._model.set_cost(self._costs_in_units())

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
            self._model.set_column_bounds(*self._bounds_in_units(True))

    def scale_to(self, size: float, x: Array | None = None) -> None:
        """Count money by a power of two near ``size`` and variables in units that suit plan ``x``; near units are kept."""
        if x is not None and self.fit_units(x):
            self._model = None
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
        point = self._point(found)
        if self._refitted(found, point):
            return self.solve_lp()
        if self.fixed is not None:
            return point
        self.row_dual = found.row_dual
        slack = np.abs(found.row_dual[self._first_cut :]) <= SLACK
        self._age = np.where(slack, self._age + 1, 0)
        return point

    def _refitted(self, found: Solution, point: Point) -> bool:
        """Whether units were too small for a solution, and are larger now; values at the box say nothing."""
        if point.boxed or found.x is None or not self.fit_units(point.x, self._parts(found.x)[3]):
            return False
        self._model = None
        return True

    def _point(self, found: Solution) -> Point:
        assert found.x is not None and found.objective is not None
        x, eta, theta, _ = self._parts(found.x)
        lower, upper = self._bounds(False)
        unbounded = np.isinf(lower) | np.isinf(upper)
        at_box = np.abs(found.x * self.column_units) >= (np.inf if self.without_box else self.box * (1 - 1e-9))
        boxed = bool((unbounded & at_box)[: self._first_theta].any())
        valid = self.awake.all() and not boxed
        bound = None if found.bound is None or not valid else found.bound * self.unit + self._constant
        return Point(x, eta, theta, found.objective * self.unit + self._constant, bound, boxed)

    def solve_mip(
        self, rel_gap: float, time_limit: float | None, threads: int | None, start: Array | None
    ) -> tuple[Point | None, float | None]:
        """Solve (1) with integrality; returns its incumbent (``None``: none found) and its dual bound (``None``: none).

        Infinite bounds stand unboxed here: the LP phase has shown that the cuts bound (1).
        """
        begin = time.perf_counter()
        model = self.backend.open(self.program(integer=True, boxed=False))
        if start is not None:
            model.warm_start(start)
        with self.in_solver():
            found = model.solve({"rel_gap": rel_gap, "time_limit": time_limit, "threads": threads})
        if found.termination is Termination.ERROR:
            raise SolverError(f"the solver failed on the Benders master: {found.detail}")
        point = None if found.x is None else self._point(found)
        if point is not None and self._refitted(found, point):
            left = None if time_limit is None else max(0.01, time_limit - (time.perf_counter() - begin))
            return self.solve_mip(rel_gap, left, threads, None)
        bound = found.bound * self.unit + self._constant if found.bound is not None and self.awake.all() else None
        return point, bound

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


def new_clusters(problem: Problem, count: int) -> Indices:
    """Return the cluster of each scenario: ``count`` runs of neighbours of nearly equal length."""
    return np.arange(problem.num_scenarios) * min(count, problem.num_scenarios) // problem.num_scenarios
