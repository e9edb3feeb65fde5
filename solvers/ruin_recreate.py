r"""Ruin and recreate: a local search that takes strings of neighbouring sites out of routes and puts each back where it costs least.

Slack induction by string removals (Christiaens and Vanden Berghe 2020, Transportation Science 54(2), 417-433), with its sizes: ten
sites removed on average, strings of ten at most, half of them split, and a position overlooked with probability 0.01. Every position is
priced by exact timing (``route_positions``), so soft windows cost what they cost. A site that finds no place stays out. A new plan
replaces the old one if fewer sites are out, or as many and it costs less than the old one less T ln U, U uniform; T falls geometrically.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from time import monotonic

import numpy as np

from .route_positions import RoutePositions
from .route_problem import RouteProblem

REMOVED = 10.0
STRING = 10
SPLIT = 0.5
GROW = 0.01
OVERLOOKED = 0.01
HOT, COLD = 0.5, 0.005  # of the mean cost of an arc


def ruin_recreate(
    problem: RouteProblem, *, time_limit: float, seed: int, start: Sequence[Sequence[int]] = (), iterations: int | None = None
) -> list[list[int]] | None:
    """Return the best routes found in ``time_limit`` seconds, or None where none served every site.

    The search begins with ``start``, whose routes may leave sites out. With ``iterations`` it ends after so many, the same on every machine
    unless time runs out first.
    """
    draw, noise = random.Random(seed), np.random.default_rng(seed)
    plan = RoutePositions(problem)
    for vehicle, route in enumerate(start):
        plan.set_route(vehicle, route)
    nearest, orders = _nearest(problem), _orders(problem)
    out = {j for j in range(1, problem.num_sites + 1) if plan.vehicle_of[j] < 0}
    _recreate(plan, out, _order(orders, draw), noise, {})
    value = plan_cost(plan)
    scale = max(float(plan.cut.sum()) / (problem.num_sites + 1), 1e-9)
    best, found = (len(out), value), _copy(plan, out)
    begun, count, done = monotonic(), 0, 0.0
    while done < 1:
        changed: dict[int, list[int]] = {}
        missing = set(out)
        _ruin(plan, nearest, draw, changed, missing)
        _recreate(plan, missing, _order(orders, draw), noise, changed)
        new = plan_cost(plan)
        temperature = HOT * scale * (COLD / HOT) ** done
        if len(missing) < len(out) or (len(missing) == len(out) and new < value - temperature * math.log(1.0 - draw.random())):
            value, out = new, missing
            if (len(out), value) < best:
                best, found = (len(out), value), _copy(plan, out)
        else:
            for vehicle, route in changed.items():
                plan.set_route(vehicle, route)
        count += 1
        done = (monotonic() - begun) / time_limit if time_limit > 0 else 1.0
        if iterations is not None and done < 1:
            done = count / iterations
    return found


def _copy(plan: RoutePositions, out: set[int]) -> list[list[int]] | None:
    """Return the routes of a plan, or None where sites are out or a route cannot be driven."""
    return [list(route) for route in plan.routes if route] if not out and math.isfinite(plan_cost(plan)) else None


def plan_cost(plan: RoutePositions) -> float:
    """Return what the routes of a plan cost together."""
    return math.fsum(plan.totals)


def _ruin(plan: RoutePositions, nearest: list[list[int]], draw: random.Random, changed: dict[int, list[int]], missing: set[int]) -> None:
    """Take strings out of neighbouring routes; ``changed`` receives the routes as they were, ``missing`` the sites."""
    used = [r for r in plan.routes if r]
    if not used:
        return
    longest = min(STRING, sum(len(r) for r in used) / len(used))
    strings = int(draw.uniform(1, 4 * REMOVED / (1 + longest)))
    for site in nearest[draw.randrange(1, len(nearest))]:
        vehicle = plan.vehicle_of[site]
        if vehicle < 0 or vehicle in changed:
            continue
        route = plan.routes[vehicle]
        changed[vehicle] = route
        length = min(len(route), int(draw.uniform(1, min(longest, len(route)) + 1)))
        at = route.index(site)
        spared = 0
        if 1 < length < len(route) and draw.random() < SPLIT:
            spared = 1
            while length + spared < len(route) and draw.random() < GROW:
                spared += 1
        first = draw.randint(max(0, at - length - spared + 1), min(at, len(route) - length - spared))
        string = route[first : first + length + spared]
        if spared:
            skip = draw.randint(1, length - 1)
            string = string[:skip] + string[skip + spared :]
        gone = set(string)
        missing |= gone
        plan.set_route(vehicle, [j for j in route if j not in gone])
        if len(changed) >= strings:
            break


def _recreate(plan: RoutePositions, missing: set[int], key: list[float], noise: np.random.Generator, changed: dict[int, list[int]]) -> None:
    """Put sites back by rising ``key``, each where it adds least; those that fit nowhere stay in ``missing``."""
    count = len(plan.after)
    for site in sorted(missing, key=key.__getitem__):
        place = plan.best_position(site, noise.random(count) >= OVERLOOKED)
        if place is None:
            continue
        vehicle, at = place
        route = plan.routes[vehicle]
        changed.setdefault(vehicle, route)
        plan.set_route(vehicle, [*route[:at], site, *route[at:]])
        missing.discard(site)


def _nearest(problem: RouteProblem) -> list[list[int]]:
    """Return of each site all sites, itself first, by rising cost there and back."""
    both = problem.cost + problem.cost.T
    np.fill_diagonal(both, -1.0)
    return [[int(j) for j in np.argsort(row, kind="stable") if j] for row in both]


def _orders(problem: RouteProblem) -> list[tuple[int, list[float] | None]]:
    """Return weights and keys by which sites are put back: none (at random), demand, far, near, the window's width, begin and end."""
    far = problem.cost[0]
    keys = ((4, -problem.demand), (2, -far), (1, far), (2, problem.latest - problem.earliest), (2, problem.earliest), (2, -problem.latest))
    return [(4, None), *((weight, key.tolist()) for weight, key in keys)]


def _order(orders: list[tuple[int, list[float] | None]], draw: random.Random) -> list[float]:
    """Draw one of the keys."""
    key = draw.choices([key for _, key in orders], [weight for weight, _ in orders])[0]
    return [draw.random() for _ in orders[1][1] or ()] if key is None else key
