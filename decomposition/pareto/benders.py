r"""Benders decomposition with rows on expectations, by cuts on weighted recourse.

The objectives of a point problem are expectations of one recourse policy, bound together by rows G u <= g: scenarios do not separate.
They do for given weights l of the objectives, and these are the multipliers of the rows f_k = E f_k(x, y). An iteration solves the master
(:mod:`.outer`), whose multipliers are its weights, then every scenario at the master's plan and weights (:mod:`.recourse`). That gives one
cut on l'theta, valid for every point of the front, and one column of the inner approximation (:mod:`.hull`), an attained point. Where the
master's plan is exact at its weights but its f is not attained yet, the plan's recourse is decomposed over the weights (:mod:`.mixing`).

For a point: a few rounds on the LP relaxation, then branch and bound on the master LP (:mod:`.tree`). Where a node's optimum is whole,
rounds with these integers go on until outer and inner approximation meet. A point starts with the integers of its neighbours, and with all
cuts, columns and bases so far; that is what makes a front cheaper than its points.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ...errors import ModelError
from ...solvers import Backend, LinearProgram, Termination
from ..matrices import Array
from .hull import Hull, InnerSolution
from .inner import Outcome, PointProblem, scaled
from .mixing import mix
from .objectives import Objectives
from .outer import CutPool, Master, OuterSolution
from .recourse import Evaluation, ScenarioLPs, UnboundedRecourseError
from .tree import PseudoCosts, search
from .units import boxes, units

CLUSTERS = 40
"""Most clusters of scenarios, each with its own theta."""

FLOOR = 1e-3
"""Least weight of the other objectives at the first evaluations: an optimum of one alone may be needlessly bad in the others."""

ROUNDS = 200
"""Most rounds with one set of integers; what is left is reported as a gap."""

REMEMBERED = 8
"""Sets of integers of earlier points that are tried first."""

MIXES = 30
"""Most weights at which one plan's recourse is decomposed in a row."""

SHARE, TREE, RELAXED, EXACT = 0.8, 0.95, 2.0, 0.5
"""Parts of the tolerance that may be left: by the rounds with fixed integers, by the tree (where it stops), by the relaxation (a start
only); and the part of a round's own at which the master counts as exact where it stands."""


NUMERIC = 1e-6
"""Least tolerance, relative to the value: the master's rows hold to 1e-7, and a bound is a sum of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Rounds:
    """What the rounds on an LP ended with."""

    outer: OuterSolution
    inner: InnerSolution | None


class WeightedBenders:
    """See :class:`.inner.InnerSolver`."""

    def __init__(self, objectives: Objectives, backend: Backend, threads: int | None = None, clusters: int = CLUSTERS):
        if objectives.data.integer_recourse:
            raise ModelError("Benders with several objectives needs continuous recourse; the extensive form takes integer recourse")
        self._objectives, self._backend = objectives, backend
        self._p = objectives.data.probabilities
        self._whole = objectives.data.first.integer
        self._lps = ScenarioLPs(objectives, backend, objectives.scale, threads)
        self._clusters = min(clusters, len(self._p))
        self._threads = threads
        self._pool = CutPool(len(objectives.names), self._clusters, len(self._whole))
        low, high = boxes(objectives.data)
        self._hull = Hull(objectives, backend, np.where(self._whole, 1.0, units(low, high)))
        self._cluster: NDArray[np.int64] | None = None
        self._count_in(objectives.scale)
        self._deadline: float | None = None
        self._points = self._nodes = 0
        self._pseudo = PseudoCosts(len(self._whole))
        self._plans: list[Array] = []

    @property
    def size(self) -> int:
        """Number of objectives."""
        return len(self._objectives.names)

    @property
    def scale(self) -> Array:
        """Magnitude of each objective's coefficients."""
        return self._scale

    def rescale(self, scale: Array) -> None:
        """Put cuts, columns and masters into other units of the objectives."""
        factor = scale / self._scale
        self._count_in(scale)
        self._lps.rescale(factor)
        self._pool.rescale(factor)
        self._hull.f = [f / factor for f in self._hull.f]
        if self._cluster is not None:
            self._open_masters()

    def _count_in(self, scale: Array) -> None:
        self._scale = scale
        self._first = self._objectives.expected_first / scale[:, None]
        self._constant = self._objectives.expected_offset / scale

    def _open_masters(self) -> None:
        self._lp = Master(self._objectives, self._scale, self._pool, self._clusters, self._backend)

    def work(self) -> dict[str, float]:
        """Counts of evaluations of all scenarios, cuts, attained points and master solves."""
        done: dict[str, float] = {
            "solves": self._points,
            "evaluations": self._lps.calls,
            "columns": len(self._hull.x),
            "nodes": self._nodes,
        }
        return done if self._cluster is None else done | {"masters": self._lp.solves}

    def solve(self, problem: PointProblem, time_limit: float | None = None) -> Outcome:
        """See :class:`.inner.InnerSolver`."""
        self._points += 1
        self._deadline = None if time_limit is None else time.perf_counter() + time_limit
        own = scaled(problem, self._scale)
        try:
            if self._cluster is None and (start := self._begin()) is not None:
                return start
            return self._point(own)
        except UnboundedRecourseError as e:
            return Outcome(Termination.UNBOUNDED, reason=f"scenario {e} has recourse of unbounded value")

    def _begin(self) -> Outcome | None:
        """Evaluate each objective at a first plan, cluster the scenarios by what they cost there, and open the masters."""
        K = self.size
        while True:
            x = self._any_plan()
            if x is None:
                rows = "has recourse in every scenario" if self._pool.rays else "satisfies the first stage's rows"
                return Outcome(Termination.INFEASIBLE, reason=f"no plan {rows}")
            found = [self._lps.evaluate(x, np.where(np.arange(K) == k, 1.0, FLOOR)) for k in range(K)]
            if not any([self._take_rays(e) for e in found]):
                break
        order = np.argsort(sum(e.value for e in found), kind="stable")
        self._cluster = np.empty(len(order), dtype=np.int64)
        self._cluster[order] = np.arange(len(order)) * self._clusters // len(order)
        self._open_masters()
        for e in found:
            self._take(e)
        for k in range(K):  # theta of one objective alone has no other lower bound
            self._take(self._lps.evaluate(x, np.where(np.arange(K) == k, 1.0, 0.0)))
        return None

    def _any_plan(self) -> Array | None:
        """Return a first-stage plan, integers relaxed, that satisfies its own rows and the rays so far."""
        data = self._objectives.data
        rays = [slope for _, slope in self._pool.rays]
        matrix = csr_array(np.vstack([data.A.toarray(), *(r[None, :] for r in rays)]))
        low = np.concatenate([data.row_lower, np.full(len(rays), -np.inf)])
        high = np.concatenate([data.row_upper, [-constant for constant, _ in self._pool.rays]])
        none = np.zeros(len(data.first))
        problem = LinearProgram(none, matrix, low, high, data.first.lower, data.first.upper, none > 0)
        return self._backend.open(problem).solve({"threads": 1}).x

    def _take_rays(self, e: Evaluation) -> bool:
        """Add v + s'(x' - x) <= 0 for every scenario without recourse, v its least violation; return whether there is one."""
        self._pool.rays += [(violation - float(slope @ e.x), slope) for violation, slope in e.rays]
        return bool(e.rays)

    # -- one point

    def _point(self, own: PointProblem) -> Outcome:
        relaxed = self._rounds(own, None, None)
        outer, best = relaxed.outer, relaxed.inner
        if outer.bound is None or outer.x is None or outer.at_box:
            return Outcome(Termination.UNBOUNDED if outer.at_box else outer.termination, reason="")
        bound, weights = outer.bound, outer.weights
        own = replace(own, tolerance=max(own.tolerance, NUMERIC * max(1.0, abs(bound))))
        if not self._whole.any():
            return self._outcome(own, bound, best, weights)
        best = self._known(own)

        def refine(z: Array) -> None:
            nonlocal best, weights
            found = self._rounds(own, z, None if best is None else best.value)
            if found.inner is not None and (best is None or found.inner.value <= best.value):
                best, weights = found.inner, found.outer.weights

        if best is not None:
            refine(np.where(self._whole, np.round(best.x), 0.0))
        first = self._objectives.data.first
        tree = search(
            self._whole,
            (first.lower, first.upper),
            bound,
            self._pseudo,
            lambda box, about: self._lp.solve(own, box, about=about, time_limit=self._left()),
            refine,
            lambda: np.inf if best is None else best.value - TREE * own.tolerance,
            lambda: len(self._pool) + len(self._pool.rays),
            self._out_of_time,
        )
        self._nodes += tree.nodes
        if best is None and not np.isfinite(tree.bound):
            return Outcome(Termination.INFEASIBLE, reason="no plan with whole numbers satisfies the rows")
        if best is None:
            return self._outcome(own, max(bound, tree.bound), None, weights)
        self._remember(best.x)
        return self._outcome(own, max(bound, min(tree.bound, best.value)), best, weights)

    def _known(self, own: PointProblem) -> InnerSolution | None:
        """Return the best combination with the integers of an earlier point's plan."""
        found = [inner for fixed in self._plans if (inner := self._hull.best(own, fixed)) is not None]
        return min(found, key=lambda inner: inner.value, default=None)

    def _remember(self, x: Array) -> None:
        """Put the integers of a plan first among those that later points try."""
        fixed = np.where(self._whole, np.round(x), 0.0)
        self._plans = [fixed, *(other for other in self._plans if not np.array_equal(other, fixed))][:REMEMBERED]

    def _rounds(self, own: PointProblem, fixed: Array | None, cutoff: float | None) -> Rounds:
        """Refine outer and inner approximation of the LP until they meet, or the LP with integers ``fixed`` cannot beat ``cutoff``.

        With the integers relaxed, the outer approximation need only be nearly exact at its own solution; the MIP is solved after it.
        Every second evaluation is half way between the two approximations, in plan and weights.
        """
        only_relaxed = fixed is None and bool(self._whole.any())
        tol = (RELAXED if only_relaxed else SHARE if self._whole.any() else 1.0) * own.tolerance
        inner: InnerSolution | None = None
        attained: list[Array] = []
        about = 0.0
        for k in range(ROUNDS):
            outer = self._lp.solve(own, None if fixed is None else (fixed, fixed), about=about, time_limit=self._left())
            if outer.x is None or outer.bound is None:
                break
            about = outer.bound
            inner = self._hull.best(own, fixed, relaxed=fixed is None)
            if (inner is not None and inner.value - outer.bound <= tol) or self._out_of_time():
                break
            if cutoff is not None and outer.bound >= cutoff - SHARE * own.tolerance:
                break
            assert outer.weights is not None
            x, weights, half = outer.x, outer.weights, False
            if inner is not None and k % 2 == 0:
                x, weights, half = 0.5 * (x + inner.x), 0.5 * (weights + inner.weights), True
            e = self._lps.evaluate(x, self._normal(weights))
            if self._take_rays(e):
                continue
            if self._take(e, outer) > (1.0 if only_relaxed else EXACT) * tol or half:
                continue
            if only_relaxed or any(np.allclose(x, other, rtol=1e-9, atol=0) for other in attained):
                break
            self._attain(own, x, outer, e, EXACT * tol)
            attained.append(x)
        return Rounds(outer, inner)

    def _attain(self, own: PointProblem, x: Array, outer: OuterSolution, e: Evaluation, tol: float) -> None:
        """Find the best recourse policy of plan ``x``: decompose over the weights, from the master's and its evaluation ``e`` on.

        Weights l with multipliers y <= 0 of the rows G give the lower bound l'f(x, l) + y'g; between two such pairs lie others.
        """
        assert outer.weights is not None
        constant = self._first @ x + self._constant
        at: list[Evaluation] = []
        here, best, lower = (outer.weights, outer.price), (outer.weights, outer.price), -np.inf
        for k in range(MIXES):
            at.append(e)
            value = float(here[0] @ (constant + self._p @ e.f) + here[1])
            if value > lower:
                best, lower = here, value
            found = mix(own, at, self._p, constant, self._backend)
            if found is None:
                return
            if found.feasible:
                self._hull.add(x, found.f)
            if found.value - lower <= tol * max(1.0, 1e-3 * abs(found.value)) or self._out_of_time():
                return  # if not feasible by now, no recourse of this plan meets the rows
            share = 1.0 if k % 3 == 2 else 0.5
            here = share * found.weights + (1 - share) * best[0], share * found.price + (1 - share) * best[1]
            e = self._lps.evaluate(x, self._normal(here[0]))
            self._take(e)

    def _normal(self, weights: Array) -> Array:
        return np.asarray(weights / max(float(weights.max()), 1e-12)) if weights.max() > 0 else np.ones(len(weights))

    def _take(self, e: Evaluation, outer: OuterSolution | None = None) -> float:
        """Add cut (2) and the column of an evaluation; return by how much the cut raises l'f at the master's solution."""
        assert self._cluster is not None
        C = self._clusters
        weighted = self._p * e.value
        value = np.bincount(self._cluster, weighted, C)
        slope = np.zeros((C, len(e.x)))
        np.add.at(slope, self._cluster, self._p[:, None] * e.slope)
        constant = value - slope @ e.x
        self._pool.add(e.weights, constant, slope)
        self._hull.add(e.x, self._p @ e.f + self._first @ e.x + self._constant)
        if outer is None or outer.x is None or outer.f is None:
            return np.inf
        total = constant.sum() + slope.sum(axis=0) @ outer.x + e.weights @ (self._first @ outer.x + self._constant)
        return float(total - e.weights @ outer.f)

    def _left(self) -> float | None:
        return None if self._deadline is None else max(0.01, self._deadline - time.perf_counter())

    def _out_of_time(self) -> bool:
        return self._deadline is not None and time.perf_counter() >= self._deadline

    def _outcome(self, own: PointProblem, bound: float, best: InnerSolution | None, weights: Array | None) -> Outcome:
        limit = Termination.TIME_LIMIT if self._out_of_time() else Termination.OTHER_LIMIT
        if best is None:
            return Outcome(limit, bound=bound)
        solved = best.value - bound <= own.tolerance * (1 + 1e-6) + 1e-9 * max(1.0, abs(best.value))
        first = self._objectives.data.first
        x = np.clip(np.where(self._whole, np.round(best.x), best.x), first.lower, first.upper)
        of_f = None if weights is None else self._normal(weights / self._scale)
        return Outcome(Termination.OPTIMAL if solved else limit, x, best.f * self._scale, best.value, bound, of_f)
