r"""User equilibrium on path flows: column generation and projected Newton steps.

With paths p (rows a_p of A) of pair w(p), flows h >= 0 whose sum over a pair's paths is its trips, link flows v = A'h and path costs
A g(v), the equilibrium minimises the Beckmann value over h. Outer rounds add each pair's shortest path if it is cheaper than all that
the pair has. Inner steps move flow between known paths of all pairs at once: the path with the largest flow of each pair, r(p), takes
what the others give; these are free if they have flow or are cheaper, and change by the Newton step of ``newton_system``. The result is
put back onto each pair's simplex, and the Beckmann value minimised on the straight way there. Where that way is none of descent, each
free path moves by its own second derivative alone, which always is one.

Projected Newton steps for multicommodity flows are D. P. Bertsekas and E. M. Gafni's (IEEE Trans. Automatic Control 28(12), 1090-1096,
1983).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .assignment import Assignment, PathFlows, Progress, Stop
from .demand import Traffic
from .line_search import best_step
from .newton_system import System
from .path_set import PathSet

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]

CHEAPER = 1e-13
"""A path is new if it is cheaper by this relative amount than those known: less is rounding."""
INNER_STEPS = 20
INNER_SHARE = 0.05
"""Inner steps go on until the gap over the known paths is this share of the gap over all paths."""
NO_FLOW = 1e-14
"""Share of a pair's trips below which a path is empty."""
SHORT, MOST_DAMPING = 0.1, 1e9
"""After a shorter step than this the next one is damped ten times as much, after a whole one a tenth as much."""
PATIENCE = 30
"""Outer rounds without a smaller gap after which rounding is what is left."""


def path_newton(traffic: Traffic, rel_gap: float, max_iterations: int, start: PathFlows | None = None) -> Assignment:
    """Return the equilibrium to a relative gap, with path flows, from known paths if given."""
    progress = Progress(traffic, rel_gap, max_iterations)
    paths = PathSet.at_free_flow(traffic) if start is None else PathSet.from_paths(traffic, start)
    smallest, since = np.inf, 0
    while True:
        flow = paths.link_flow()
        cost = traffic.costs.cost(flow)
        trees = traffic.trees(cost)
        shortest = traffic.shortest(trees)
        progress.update(flow, cost, float(shortest @ traffic.trips))
        smallest, since = (progress.rel_gap, 0) if progress.rel_gap < smallest else (smallest, since + 1)
        stop = progress.stop or (Stop.NO_PROGRESS if since >= PATIENCE else None)
        if stop is None:
            known = np.minimum.reduceat(paths.incidence @ cost, paths.starts())
            new = np.flatnonzero(shortest < known * (1 - CHEAPER))
            paths.add(trees, new, np.zeros(len(new)))
            moved = _balance(paths, max(INNER_SHARE * progress.rel_gap, 0.3 * rel_gap))
            stop = None if moved or len(new) else Stop.NO_PROGRESS
        if stop is not None:
            return progress.assignment("path Newton", flow, stop, paths.result())
        paths.keep(paths.flow > 0)


def _balance(paths: PathSet, rel_gap: float) -> bool:
    """Move flow between the known paths until the gap over them is small; tell whether any was moved."""
    moved = False
    for _ in range(INNER_STEPS):
        flow = paths.link_flow()
        cost = paths.traffic.costs.cost(flow)
        path_cost = paths.incidence @ cost
        least = np.minimum.reduceat(path_cost, paths.starts())
        if paths.flow @ (path_cost - least[paths.pair]) <= rel_gap * (cost @ flow) or not _step(paths, flow, path_cost):
            break
        moved = True
    return moved


def _step(paths: PathSet, flow: Array, path_cost: Array) -> bool:
    """Make one projected Newton step; tell whether it moved anything."""
    costs, reference = paths.traffic.costs, paths.largest()[paths.pair]
    excess = path_cost - path_cost[reference]
    free = np.flatnonzero((reference != np.arange(len(reference))) & ((paths.flow > 0) | (excess < 0)))
    if not len(free):
        return False
    difference = paths.incidence[free] - paths.incidence[reference[free]]
    system = System(difference, costs.slope(flow), excess[free], paths.flow[free], paths.traffic.trips[paths.pair[free]], paths.damping)
    for change in (system.newton(), system.scaled()):
        moved = _within_simplex(paths, free, change) - paths.flow[free]
        along = difference.T @ moved  # not from path flows before and after: their rounding would hide a small descent
        step = best_step(costs, flow, along) if along.any() else 0.0
        if step == 1:
            paths.damping = max(paths.damping / 10, 1.0)
        elif step < SHORT:
            paths.damping = min(paths.damping * 10, MOST_DAMPING)
        if step > 0:
            paths.flow[free] += step * moved
            paths.flow[reference[free]] = _rest(paths, free)
            return True
    return False


def _within_simplex(paths: PathSet, free: Numbers, change: Array) -> Array:
    """Return the flows of the free paths after a change: none negative, each pair's sum at most its trips."""
    trips, pair = paths.traffic.trips, paths.pair[free]
    wanted = np.maximum(paths.flow[free] + change, 0.0)
    wanted[wanted < NO_FLOW * trips[pair]] = 0.0
    others = np.bincount(pair, wanted, minlength=len(trips))
    too_much = np.minimum(np.divide(trips, others, out=np.ones_like(trips), where=others > 0), 1.0)
    return np.asarray(wanted * too_much[pair])


def _rest(paths: PathSet, free: Numbers) -> Array:
    """Return what the free paths leave for the path with the largest flow of each one's pair."""
    trips, pair = paths.traffic.trips, paths.pair[free]
    return np.asarray(np.maximum(trips - np.bincount(pair, paths.flow[free], minlength=len(trips)), 0.0)[pair])
