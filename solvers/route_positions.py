r"""Where a site can be put into unfinished routes, and what it costs exactly there: the state of ``ruin_recreate``.

A position is before a site (n of them), or at the end of a vehicle's route (K). For every position, arrays hold the node before, the cost
of the arc that is cut, when the node before is ready at the earliest, when the node after must begin at the latest (both by hard windows
alone), and what more the vehicle can carry: all positions of a site take a few numpy operations. Where windows are soft, the penalty at a
position comes from the least penalty g of what precedes and h of what follows, both sums of hinges (``route_timing``; h is a g with time
turned round):

    min_t g(t) + h(t) = c_g + c_h + sum of min(weights) * (a - b) over hinges paired off, the greatest a with the least b, while a > b.

Step penalties are counted along the rest of the route, each more by its ``early``, so that none is negative.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .route_batch import earliest_departure, has_soft_windows, slack_of
from .route_problem import RouteProblem

INF = float("inf")
FAR = 1e300  # later than every time, and finite: inf <= FAR is false
Hinges = list[tuple[float, float]]
Side = tuple[float, Hinges]


class RoutePositions:
    """Routes of some of the sites, at most one a vehicle, that change one at a time; ``routes`` holds them, empty ones too."""

    def __init__(self, problem: RouteProblem) -> None:
        self.problem = problem
        n = problem.num_sites
        self.vehicles = min(problem.vehicles, n)
        self.routes: list[list[int]] = [[] for _ in range(self.vehicles)]
        self.vehicle_of = [-1] * (n + 1)
        missing = ~(np.isfinite(problem.cost) & np.isfinite(problem.time))
        self.cost = np.where(missing, 0.0, problem.cost)
        self.lag = np.where(missing, INF, problem.time + problem.service[:, None])
        self.soft = has_soft_windows(problem)
        earliest, latest = problem.earliest.copy(), problem.latest.copy()
        earliest[0] = earliest_departure(problem, np.where(missing, 0.0, self.lag).max(axis=0).sum())
        self.opens = np.where(np.isinf(problem.early), earliest, -FAR)
        self.opens[0] = earliest[0]
        self.closes = np.where(np.isinf(problem.late) & np.isfinite(latest), latest + slack_of(latest), FAR)
        self.after = np.concatenate([np.arange(1, n + 1), np.zeros(self.vehicles, dtype=np.int64)])
        self.before = np.zeros(n + self.vehicles, dtype=np.int64)
        self.arrays = np.zeros((5, n + self.vehicles))
        self.arrays[3] = -1.0
        self.cut, self.ready, self.due, self.room, self.paid = self.arrays
        self.left: list[Side] = [(0.0, [])] * (n + 1)
        self.right: list[Side] = [(0.0, [])] * (n + 1)
        self._windows = list(zip(earliest.tolist(), problem.early.tolist(), latest.tolist(), problem.late.tolist(), strict=True))
        self._turned = [(-latest_j, late, -earliest_j, early) for earliest_j, early, latest_j, late in self._windows]
        end = self._windows[0][2:]
        self.depot_left: Side = (0.0, [(float(earliest[0]), INF)])
        self.depot_right: Side = (0.0, [(-end[0], end[1])] if end[1] > 0 and end[0] < INF else [])
        self._lags, self._costs = self.lag.tolist(), self.cost.tolist()
        self._opens, self._closes, self._demand = self.opens.tolist(), self.closes.tolist(), problem.demand.tolist()
        self._steps = _step_slacks(problem) if problem.step else []
        self._capacity = problem.capacity * (1 + 1e-12) if problem.capacity < INF else FAR
        self.totals = [0.0] * self.vehicles
        for vehicle in range(self.vehicles):
            self.set_route(vehicle, [])

    def set_route(self, vehicle: int, route: Sequence[int]) -> None:
        """Give a vehicle a route; sites that it loses are in none. ``totals`` holds its cost, infinite where it cannot be driven."""
        n, lags, costs = self.problem.num_sites, self._lags, self._costs
        for j in self.routes[vehicle]:
            if self.vehicle_of[j] == vehicle:
                self.vehicle_of[j] = -1
                self.room[j - 1] = -1.0
        route = list(route)
        self.routes[vehicle] = route
        nodes = [0, *route, 0]
        ready, cut = [self._opens[0]], []
        for i, j in pairwise(nodes):
            start = max(ready[-1] + lags[i][j], self._opens[j])
            ready.append(start if start <= self._closes[j] else INF)
            cut.append(costs[i][j])
        due = [self._closes[0]]
        for i, j in zip(reversed(nodes[:-1]), reversed(nodes[1:]), strict=True):
            start = min(due[-1] - lags[i][j], self._closes[i])
            due.append(start if start >= self._opens[i] else -INF)
        due.reverse()
        room = self._capacity - sum(self._demand[j] for j in route)
        penalty = self._soft_sides(nodes) if self.soft and route else 0.0
        if not route:
            cut, self.totals[vehicle] = [0.0], 0.0
        else:
            self.totals[vehicle] = sum(cut) + penalty if ready[-1] < INF else INF
        where = [j - 1 for j in route]
        where.append(n + vehicle)
        self.before[where] = nodes[:-1]
        count = len(where)
        self.arrays[:, where] = (cut, ready[:-1], due[1:], [room] * count, [penalty if ready[-1] < INF else 0.0] * count)
        for j in route:
            self.vehicle_of[j] = vehicle

    def best_position(self, site: int, seen: NDArray[np.bool_]) -> tuple[int, int] | None:
        """Return the vehicle and the place in its route where a site adds least, or None where it fits nowhere.

        ``seen`` (n + K) says which positions count.
        """
        lag, cost = self.lag, self.cost
        start = np.maximum(self.ready + lag[self.before, site], self.opens[site])
        fits = seen & (self.room >= self._demand[site]) & (start <= self.closes[site]) & (start + lag[site, self.after] <= self.due)
        where = np.flatnonzero(fits)
        if not len(where):
            return None
        before, after = self.before[where], self.after[where]
        added = cost[before, site] + cost[site, after] - self.cut[where]
        if self.soft:
            best = self._best_soft(site, where, added)
            if best is None:
                return None
        else:
            best = int(where[np.argmin(added)])
        n = self.problem.num_sites
        vehicle = best - n if best >= n else self.vehicle_of[best + 1]
        return vehicle, len(self.routes[vehicle]) if best >= n else self.routes[vehicle].index(best + 1)

    def _best_soft(self, site: int, where: NDArray[np.int64], added: NDArray[np.float64]) -> int | None:
        """Return the position that adds least cost and penalty, tried by rising lower bound: a route's new penalty is not negative."""
        bounds = added - self.paid[where]
        best, least = None, INF
        for k in np.argsort(bounds).tolist():
            bound = float(bounds[k])
            if bound >= least:
                break
            position = int(where[k])
            penalty = self._penalty_at(site, position, least - bound)
            if bound + penalty < least:
                best, least = position, bound + penalty
        return best

    def _penalty_at(self, site: int, position: int, limit: float) -> float:
        """Return the least penalty of the route that has the site at a position."""
        n = self.problem.num_sites
        i, j = int(self.before[position]), int(self.after[position])
        if self.problem.step:
            vehicle = position - n if position >= n else self.vehicle_of[j]
            route = self.routes[vehicle]
            rest = route[route.index(j) :] if j else []
            return self._walk(float(self.ready[position]), self.left[i][0] if i else 0.0, [i, site, *rest, 0], limit)
        value, hinges = self.left[i] if i else self.depot_left
        value, hinges = extend(value, hinges, self._lags[i][site], *self._windows[site])
        rest_value, mirrored = self.right[j] if j else self.depot_right
        return value + rest_value + _join(hinges, mirrored, self._lags[site][j])

    def _soft_sides(self, nodes: list[int]) -> float:
        """Keep g and h of each site of a route, and return its penalty."""
        if self.problem.step:
            value, ready = 0.0, self._opens[0]
            for i, j in pairwise(nodes):
                ready, more = self._begin(ready + self._lags[i][j], j)
                value += more
                if j:
                    self.left[j] = (value, [])
            return value
        side = self.depot_left
        for i, j in pairwise(nodes[:-1]):
            self.left[j] = side = extend(*side, self._lags[i][j], *self._windows[j])
        last = side
        side = self.depot_right
        for i, j in zip(reversed(nodes[1:-1]), reversed(nodes[2:]), strict=True):
            self.right[i] = side = extend(*side, self._lags[i][j], *self._turned[i])
        return last[0] + self.depot_right[0] + _join(last[1], self.depot_right[1], self._lags[nodes[-2]][0])

    def _begin(self, arrival: float, j: int) -> tuple[float, float]:
        """Return when a service begins, as early as it may, and its step, more by ``early``."""
        start = max(arrival, self._opens[j]) if j else arrival
        before, after, early, late = self._steps[j]
        if j == 0:
            return start, late * max(0.0, start - after)
        return start, (0.0 if start <= before else early) + (late if start > after else 0.0)

    def _walk(self, ready: float, value: float, nodes: list[int], limit: float) -> float:
        """Return the steps of a route from some node on, ``value`` before it included; no more than tells that they exceed the limit."""
        for i, j in pairwise(nodes):
            ready, more = self._begin(ready + self._lags[i][j], j)
            value += more
            if value >= limit:
                return value
        return value


def extend(value: float, hinges: Hinges, lag: float, earliest: float, early: float, latest: float, late: float) -> Side:
    """Return g after one more service, ``lag`` after the last one began; hinges stand by rising place, and a hard latest can be kept."""
    hinges = [(a + lag, w) for a, w in hinges]
    if early > 0 and earliest > -INF:
        insort(hinges, (earliest, early))
    if late <= 0 or latest == INF:
        return value, hinges
    if late == INF:
        value += sum(w * (a - latest) for a, w in hinges if a > latest and w < INF)
        return value, [(min(a, latest), w) for a, w in hinges]
    insort(hinges, (latest, late))
    while late > 0:
        a, w = hinges.pop()
        if w > late:
            hinges.append((a, w - late))
        value += min(w, late) * (a - latest)
        late -= w
    return value, hinges


def _join(hinges: Hinges, mirrored: Hinges, lag: float) -> float:
    """Return the least of g + h less what both hold already: h's hinges stand mirrored, and ``lag`` lies between."""
    total = 0.0
    x, y = len(hinges) - 1, len(mirrored) - 1
    if x < 0 or y < 0:
        return 0.0
    (a, w), (b, v) = hinges[x], mirrored[y]
    while (over := a + lag + b) > 0:
        taken = min(w, v)
        if taken == INF:  # two hard windows that meet but for rounding
            break
        total += taken * over
        w, v = w - taken, v - taken
        if w <= 0:
            x -= 1
            if x < 0:
                break
            a, w = hinges[x]
        if v <= 0:
            y -= 1
            if y < 0:
                break
            b, v = mirrored[y]
    return total


def _step_slacks(problem: RouteProblem) -> list[tuple[float, float, float, float]]:
    """Return of each node the times by which and after which a step is taken, and both steps; that of the return grows with time."""
    early, late = (np.where(np.isinf(a), 0.0, a) for a in (problem.early, problem.late))
    slack = slack_of(problem.latest)
    slack[0] = 0.0
    late = np.where(np.isfinite(problem.latest), late, 0.0)
    early = np.where(np.isfinite(problem.earliest), early, 0.0)
    after = np.where(np.isfinite(problem.latest), problem.latest + slack, FAR)
    return list(zip((problem.earliest + slack_of(problem.earliest)).tolist(), after.tolist(), early.tolist(), late.tolist(), strict=True))
