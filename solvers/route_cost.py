"""The exact cost of a set of routes, (1) of ``route_problem``: the one evaluator that heuristics and results share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .route_problem import Array, RouteProblem
from .route_timing import Timing, optimal_timing


@dataclass(frozen=True, slots=True)
class Visit:
    """One line of the table of arrivals: a service at a site, or a route's return.

    ``vehicle`` and ``stop`` count from 1; ``node`` is 0 for the return. Times and penalty are in the problem's units.
    """

    vehicle: int
    stop: int
    node: int
    name: str
    arrival: float
    start: float
    earliness: float
    lateness: float
    penalty: float


@dataclass(frozen=True, slots=True, eq=False)
class Routes:
    """Routes that hold, and what they cost.

    Attributes
    ----------
    routes
        The sites of each, in order, without the depot.
    cost, penalty
        The two parts of (1).
    timings
        The best timing of each route.
    visits
        The table of arrivals, route by route.
    by
        What found them; empty where they were given.
    """

    routes: tuple[tuple[int, ...], ...]
    cost: float
    penalty: float
    timings: tuple[Timing, ...]
    visits: tuple[Visit, ...]
    by: str = ""

    @property
    def total(self) -> float:
        """Return cost and penalty, the objective (1)."""
        return self.cost + self.penalty


def route_cost(problem: RouteProblem, route: Sequence[int]) -> float:
    """Return the cost of the arcs of one route, from the depot to the depot; infinite where there is no way."""
    return float(problem.cost[[0, *route], [*route, 0]].sum())


def evaluate_routes(problem: RouteProblem, routes: Sequence[Sequence[int]], *, time: Array | None = None, by: str = "") -> Routes | None:
    """Return what routes cost under their best timing, or None where a hard window cannot be kept or an arc is missing.

    ``time`` (n+1, n+1) stands in for the problem's own travel times.

    Raises
    ------
    InputError
        Routes that do not visit each site once, are too many or carry too much (see ``RouteProblem.check_routes``).
    """
    problem.check_routes(routes)
    timings = [optimal_timing(problem, route, time=time) for route in routes]
    cost = sum(route_cost(problem, route) for route in routes)
    kept = tuple(t for t in timings if t is not None)
    if len(kept) < len(timings) or cost == float("inf"):
        return None
    visits = [
        Visit(v, k + 1, j, problem.names[j], *(float(a[k]) for a in (t.arrivals, t.starts, t.earliness, t.lateness, t.penalties)))
        for v, (route, t) in enumerate(zip(routes, kept, strict=True), start=1)
        for k, j in enumerate((*route, 0))
    ]
    penalty = sum(t.penalty for t in kept)
    return Routes(tuple(tuple(int(j) for j in route) for route in routes), cost, penalty, kept, tuple(visits), by)
