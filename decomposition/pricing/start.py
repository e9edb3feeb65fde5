"""First columns and incumbents: cheapest insertion, and the best set of the routes made so far (restricted master MIP)."""

from __future__ import annotations

import numpy as np

from ...solvers.highs_object import new_highs
from ...solvers.route_problem import Array, RouteProblem
from .columns import Columns, Route, is_elementary


def insertion_routes(problem: RouteProblem, columns: Columns) -> list[Route]:
    """Return routes built by inserting, again and again, the site that costs least where it costs least; some sites may be left out."""
    routes: list[tuple[Route, float]] = []
    options: dict[tuple[int, int], tuple[float, Route, float]] = {}
    left = set(range(1, problem.num_sites + 1))

    def best(site: int, place: int) -> tuple[float, Route, float]:
        route, cost = routes[place] if place < len(routes) else ((), 0.0)
        if problem.demand[[site, *route]].sum() > problem.capacity * (1 + 1e-12):
            return np.inf, (), np.inf
        made = [(*route[:k], site, *route[k:]) for k in range(len(route) + 1)]
        costs = [columns.cost(r) for r in made]
        k = int(np.argmin(costs))
        return costs[k] - cost, made[k], costs[k]

    place = -1
    while left:
        count = min(len(routes) + 1, problem.vehicles)
        for site in left:
            for k in range(count):
                if k == place or (site, k) not in options:
                    options[site, k] = best(site, k)
        site, place = min(((s, k) for s in left for k in range(count)), key=lambda at: (options[at][0], at))
        extra, route, cost = options[site, place]
        if not np.isfinite(extra):
            break
        if place == len(routes):
            routes.append((route, cost))
            options = {at: o for at, o in options.items() if at[1] != place}
        else:
            routes[place] = (route, cost)
        left.remove(site)
    return [route for route, _ in routes]


def best_of(columns: Columns, reduced: Array, vehicles: int, *, limit: float, most: int = 3000, nodes: int = 2000) -> list[Route] | None:
    """Return the cheapest set of routes that visits each site once, among the ``most`` columns of least ``reduced`` cost, if one is found.

    The search ends after ``nodes`` nodes or ``limit`` seconds.
    """
    allowed = [k for k in np.argsort(reduced, kind="stable").tolist() if is_elementary(columns.routes[k])][:most]
    highs = new_highs()
    for name, value in (("threads", 1), ("mip_max_nodes", nodes), ("time_limit", limit), ("mip_rel_gap", 1e-6)):
        highs.setOptionValue(name, value)
    sites = len(columns.network.demand) - 1
    none = np.zeros(0, dtype=np.int32)
    highs.addRows(sites + 1, np.append(np.ones(sites), 0.0), np.append(np.ones(sites), float(vehicles)), 0, none, none, np.zeros(0))
    rows = [[*(j - 1 for j in columns.routes[k]), sites] for k in allowed]
    starts = np.cumsum([0, *(len(r) for r in rows[:-1])]).astype(np.int32)
    index = np.concatenate(rows).astype(np.int32)
    count = len(allowed)
    costs = np.array([columns.costs[k] for k in allowed])
    highs.addCols(count, costs, np.zeros(count), np.ones(count), len(index), starts, index, np.ones(len(index)))
    highs.changeColsIntegrality(count, np.arange(count, dtype=np.int32), np.ones(count, dtype=np.uint8))
    highs.run()
    x = np.array(highs.getSolution().col_value)
    if not len(x) or highs.getInfo().primal_solution_status != 2:
        return None
    return [columns.routes[k] for k, used in zip(allowed, x, strict=True) if used > 0.5]
