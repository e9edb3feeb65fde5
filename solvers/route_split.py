r"""The best division of a giant tour into routes, each priced by exact timing: how a permutation of the sites is read as a plan.

With c_ij the cost (1) of the route that visits the tour's sites i+1 to j in their order, infinite where it breaks the capacity or a hard
window, the least cost of the first j sites in k routes is

    V_kj = min_{i < j} V_{k-1,i} + c_ij,   V_00 = 0

(Prins 2004, Computers & Operations Research 31(12), 1985-2002, with at most K vehicles). A route beyond the K-th costs a surcharge above
that of any plan, so that tours that need too many vehicles can still be told apart.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .route_batch import PartialRoutes, earliest_departure
from .route_problem import Array, RouteProblem

Tours = NDArray[np.int64]


def segment_costs(problem: RouteProblem, tours: Tours) -> Array:
    """Return c (P, n+1, n+1) of P tours (P, n) of all sites, infinite where i >= j."""
    count, n = tours.shape
    costs = np.full((count, n + 1, n + 1), np.inf)
    tour, first = (a.ravel() for a in np.indices((count, n)))
    node = np.zeros(count * n, dtype=np.int64)
    lag = problem.time + problem.service[:, None]
    finite = np.where(np.isfinite(lag), lag, 0.0)
    part = PartialRoutes.begin(problem, np.full(count * n, earliest_departure(problem, finite.max(axis=0).sum())))
    cost, load = np.zeros(count * n), np.zeros(count * n)
    for length in range(1, n + 1):
        rows = np.flatnonzero(first + length <= n)
        rows = rows[load[rows] + problem.demand[tours[tour[rows], first[rows] + length - 1]] <= problem.capacity * (1 + 1e-12)]
        tour, first, node, cost, load, part = tour[rows], first[rows], node[rows], cost[rows], load[rows], part.take(rows)
        if not len(rows):
            break
        site = tours[tour, first + length - 1]
        part = part.extend(site, lag[node, site])
        cost, load, node = cost + problem.cost[node, site], load + problem.demand[site], site
        whole = part.extend(np.zeros_like(site), lag[site, 0])
        costs[tour, first, first + length] = cost + problem.cost[site, 0] + whole.penalty
    return costs


def split(problem: RouteProblem, tours: Tours) -> tuple[Array, list[list[list[int]]]]:
    """Return the least cost (P,) of each tour's division, with surcharges, and its routes; infinite and empty where there is none."""
    count, n = tours.shape
    costs = segment_costs(problem, tours)
    vehicles = min(problem.vehicles, n)
    spread = np.abs(np.where(np.isfinite(costs), costs, 0.0)).max()
    surcharge = 2 * n * (1.0 + spread)
    values = np.full((count, vehicles + 1, n + 1), np.inf)
    values[:, 0, 0] = 0.0
    before = np.zeros((count, vehicles + 1, n + 1), dtype=np.int64)
    extra = np.zeros((count, n + 1), dtype=np.bool_)
    rows = np.arange(count)
    for j in range(1, n + 1):
        ways = values[:, :-1, :j] + costs[:, None, :j, j]
        before[:, 1:, j] = ways.argmin(axis=2)
        values[:, 1:, j] = ways.min(axis=2)
        more = values[:, -1, :j] + costs[:, :j, j] + surcharge
        best = more.argmin(axis=1)
        extra[:, j] = more[rows, best] < values[:, -1, j]
        before[extra[:, j], -1, j] = best[extra[:, j]]
        values[:, -1, j] = np.minimum(values[:, -1, j], more[rows, best])
    fewest = values[:, :, n].argmin(axis=1)
    totals = values[rows, fewest, n]
    plans = []
    for p in range(count):
        routes: list[list[int]] = []
        k, j = int(fewest[p]), n
        while j and np.isfinite(totals[p]):
            i = int(before[p, k, j])
            k -= 0 if k == vehicles and extra[p, j] else 1
            routes.append(tours[p, i:j].tolist())
            j = i
        plans.append(routes[::-1])
    return totals, plans
