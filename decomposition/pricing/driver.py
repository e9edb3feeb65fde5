"""The tree search: best bound first, incumbents by exact timing."""

from __future__ import annotations

import heapq
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ...errors import InputError
from ...result import Status, relative_gap
from ...solvers.linear import Progress
from ...solvers.route_problem import RouteProblem
from .columns import Route
from .pricing import OutOfTime
from .relaxation import Node
from .start import insertion_routes
from .tree import Tree, least_routes


@dataclass(frozen=True, slots=True, eq=False)
class Priced:
    """Outcome of branch-and-price.

    Attributes
    ----------
    routes, objective
        The best routes found, sites in order without the depot, and their exactly timed cost; None where there are none.
    bound
        A lower bound of the optimum; None where none is known.
    root_bound
        The bound when the root was done; None where it was not.
    nodes, columns, cuts
        Relaxations solved, routes and subset-row cuts made.
    status
        ``OPTIMAL`` within the gap asked for, ``FEASIBLE`` or ``NO_SOLUTION`` at the time limit, ``INFEASIBLE``.
    bounds
        Each Lagrangian bound of the root, in order: none exceeds the optimum.
    timing
        Seconds: ``total``, ``pricing`` and ``processor`` (of this process).
    """

    routes: tuple[Route, ...] | None
    objective: float | None
    bound: float | None
    root_bound: float | None
    nodes: int
    columns: int
    cuts: int
    status: Status
    bounds: tuple[float, ...] = ()
    timing: dict[str, float] = field(default_factory=dict)

    @property
    def gap(self) -> float | None:
        """Return |objective - bound| / |objective|."""
        return relative_gap(self.objective, self.bound)


def branch_and_price(
    problem: RouteProblem,
    *,
    rel_gap: float = 1e-6,
    time_limit: float | None = None,
    routes: Sequence[Sequence[int]] | None = None,
    granularity: float = 0.0,
    progress: Progress | None = None,
) -> Priced:
    """Solve a routing problem exactly.

    Parameters
    ----------
    rel_gap
        Relative gap at which to stop.
    time_limit
        Seconds.
    routes
        Routes to begin with, from a heuristic.
    granularity
        Where the cost of every route is a multiple of this, bounds are rounded up to one: 0.1 with distances cut to one decimal and hard
        windows.
    progress
        Called as ``progress(elapsed_s, bound, objective)`` after each node.

    Raises
    ------
    InputError
        A negative gap, limit or granularity; routes that are none of the problem.
    """
    for name, value in (("rel_gap", rel_gap), ("time_limit", time_limit or 0.0), ("granularity", granularity)):
        if not value >= 0:
            raise InputError(f"branch_and_price: {name} is {value:g}, expected a number that is not negative")
    began, processor = time.perf_counter(), time.process_time()
    tree = Tree(problem, rel_gap, np.inf if time_limit is None else began + time_limit, granularity)
    if routes is not None:
        problem.check_routes(routes)
        tree.offer(routes)
    first = insertion_routes(problem, tree.columns)
    tree.columns.add([*first, *((j,) for j in range(1, problem.num_sites + 1))])
    if sum(map(len, first)) == problem.num_sites:
        tree.offer(first)
    none = np.zeros_like(tree.network.duration, dtype=bool)
    tree.push(Node(none, least_routes(problem), min(problem.vehicles, problem.num_sites)))
    stopped = False
    while tree.open and tree.open[0][0] < tree.cutoff:
        if time.perf_counter() > tree.deadline:
            stopped = True
            break
        _, _, node = heapq.heappop(tree.open)
        tree.nodes += 1
        try:
            outcome = tree.relaxation.solve(node, tree.cutoff)
        except OutOfTime:
            stopped = True
            heapq.heappush(tree.open, (tree.relaxation.bound, next(tree.number), node))
            break
        tree.settle(node, outcome)
        if progress is not None:
            progress(time.perf_counter() - began, tree.bound, tree.objective if tree.routes else None)
    return _finish(tree, stopped, began, processor)


def _finish(tree: Tree, stopped: bool, began: float, processor: float) -> Priced:
    bound = tree.bound
    found = tree.routes is not None
    if found:
        status = Status.FEASIBLE if stopped and bound < tree.objective - tree.rel_gap * abs(tree.objective) else Status.OPTIMAL
    else:
        status = Status.NO_SOLUTION if stopped else Status.INFEASIBLE
    timing = {
        "total": time.perf_counter() - began,
        "pricing": tree.pricer.seconds,
        "processor": time.process_time() - processor,
    }
    return Priced(
        routes=tree.routes,
        objective=tree.objective if found else None,
        bound=bound if np.isfinite(bound) else None,
        root_bound=tree.root_bound if tree.root_bound is not None and np.isfinite(tree.root_bound) else None,
        nodes=tree.nodes,
        columns=len(tree.columns),
        cuts=tree.relaxation.cuts,
        status=status,
        bounds=tuple(tree.relaxation.bounds),
        timing=timing,
    )
