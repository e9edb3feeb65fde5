r"""The linear relaxation of one node of the tree: columns by labelling, then ng-sets enlarged, then subset-row cuts.

The bound needs no exact LP. For any duals pi, mu, tolls >= 0, and the least reduced cost rc <= 0 of all routes at them,

    sum_i pi_i - sum_k toll_k + min over the allowed numbers K of routes of K (mu + rc)

is at most the optimum (Lasdon's, or Farley's, bound). rc comes from exact pricing over ng-routes, a superset of the routes; its rounding
is subtracted.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...errors import SolverError
from ...solvers.route_problem import Array
from .columns import Columns, Route, is_elementary
from .master import Duals, Master
from .pricing import EXACT, Found, Level, Pricer
from .subset_rows import violated

LEVELS = (Level(2, 10), Level(1, 10), Level(1, 1 << 30), EXACT)
TINY = 1e-6
"""Below this, a column's value is 0; within it of a whole number, that number."""
CONVERGED = 1e-8
CUTS_A_ROUND = 20
LABEL_GROWTH = 12.0
"""No more cuts once exact pricing needs this many times the labels that it needed before cuts, and over ``MANY_LABELS``."""
MANY_LABELS = 400_000


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A part of the tree: arcs forbidden there, limits of the number of routes, and a bound known from its parent."""

    forbidden: NDArray[np.bool_]
    fewest: int
    most: int
    bound: float = -np.inf
    depth: int = 0


@dataclass(slots=True, eq=False)
class Outcome:
    """What a node gave: its bound, infinite where it is infeasible, and the routes used with their values unless it is done with."""

    bound: float
    numbers: list[int] = field(default_factory=list)
    x: Array = field(default_factory=lambda: np.zeros(0))


def lagrangian_bound(duals: Duals, found: Found, fewest: int, most: int) -> float:
    """Return the bound of the module's docstring, less the rounding of its sum."""
    each = duals.fleet + min(0.0, found.least) - found.slack
    parts = float(duals.site.sum()), -float(duals.toll.sum()), min(fewest * each, most * each)
    return sum(parts) - 1e-13 * (float(np.abs(duals.site).sum()) + sum(map(abs, parts)))


class Relaxation:
    """The master and the pricer, which all nodes share; ``bound`` is that of the node at work, valid whenever it is read.

    ``bounds`` are all those of the root.
    """

    def __init__(self, columns: Columns, master: Master, pricer: Pricer):
        self.columns, self.master, self.pricer = columns, master, pricer
        self.bound = -np.inf
        self.bounds: list[float] = []
        self.cuts, self._first_labels = 0, 0
        self._duals: Duals | None = None

    def solve(self, node: Node, cutoff: float) -> Outcome:
        """Return the node's outcome; work ends as soon as its bound reaches ``cutoff``."""
        self.bound = node.bound
        self.master.restrict(self._barred(node), node.fewest, node.most)
        while True:
            x = self._converge(node, cutoff)
            if x is None or self.bound >= cutoff:
                return Outcome(self.bound)
            numbers = np.flatnonzero(x > TINY).tolist()
            outcome = Outcome(self.bound, numbers, x[numbers])
            if np.all(np.abs(outcome.x - 1.0) < TINY):
                return outcome
            routes = [self.columns.routes[k] for k in numbers]
            if self._remember(routes):
                self.master.restrict(self._barred(node), node.fewest, node.most)
            elif not self._cut(routes, outcome):
                return outcome

    def _converge(self, node: Node, cutoff: float) -> Array | None:
        """Make columns until the relaxation is solved; None where the node is infeasible."""
        level, relapses = 0, 0
        while True:
            solved = self.master.solve()
            if solved is None:
                relapses += 1
                if relapses > 5:
                    raise SolverError("the master of the routes is infeasible, its first phase is not")
                self.master.set_phase(1)
                continue
            value, x, duals = solved
            self._duals = duals
            if self.master.phase == 1 and value <= 1e-7:
                self.master.set_phase(2)
                continue
            exact = LEVELS[level] == EXACT
            found = self.pricer(duals, self.master.cuts, node.forbidden, self.master.phase, LEVELS[level])
            if exact:
                bound = lagrangian_bound(duals, found, node.fewest, node.most)
                if self.master.phase == 1 and bound > TINY:
                    self.bound = np.inf
                    return None
                if self.master.phase == 2:
                    if node.depth == 0:
                        self.bounds.append(bound)
                    self.bound = max(self.bound, bound)
                    if self.bound >= cutoff or value - bound <= CONVERGED * max(1.0, abs(value)):
                        return x
            if self.columns.add(found.routes):
                level = min(level, 1) if exact else level
            elif not exact:
                level += 1
            elif self.master.phase == 2:
                return x
            else:
                raise SolverError(f"pricing found no route, while {value:g} sites are not served and the bound of that is {bound:g}")

    def reduced_costs(self) -> Array:
        """Return the reduced cost of each column at the last duals, cuts and fleet left out."""
        site = np.zeros(self.master.sites + 1) if self._duals is None else self._duals.site
        return np.array([c - site[list(r)].sum() for r, c in zip(self.columns.routes, self.columns.costs, strict=True)])

    def _barred(self, node: Node) -> NDArray[np.bool_]:
        """Return which columns use forbidden arcs or revisit a site that they should remember."""
        barred = self.columns.using(node.forbidden)
        for k, route in enumerate(self.columns.routes):
            if not barred[k] and not is_elementary(route):
                barred[k] = not self._is_ng_route(route)
        return barred

    def _is_ng_route(self, route: Route) -> bool:
        remembered: set[int] = set()
        for site in route:
            if site in remembered:
                return False
            remembered = {k for k in remembered if self.pricer.near[site, k]} | {site}
        return True

    def _remember(self, routes: list[Route]) -> bool:
        """Enlarge the ng-sets so that none of the routes remains with its cycles; False where there is no cycle."""
        changed = False
        for route in routes:
            last: dict[int, int] = {}
            for place, site in enumerate(route):
                if site in last:
                    self.pricer.near[list(route[last[site] + 1 : place]), site] = True
                    changed = True
                last[site] = place
        return changed

    def _cut(self, routes: list[Route], outcome: Outcome) -> bool:
        """Add violated subset-row cuts, unless labelling has become too slow; False where none was added."""
        labels = self.pricer.last_labels
        self._first_labels = self._first_labels or labels
        if labels > max(MANY_LABELS, LABEL_GROWTH * self._first_labels):
            return False
        cuts = violated(routes, self.columns.visits(outcome.numbers), outcome.x, CUTS_A_ROUND)
        self.master.add_cuts(cuts)
        self.cuts += len(cuts)
        return bool(cuts)
