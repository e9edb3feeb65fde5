r"""Bi-conjugate Frank-Wolfe (M. Mitradjieva and P. O. Lindberg, Transportation Science 47(2), 280-293, 2013).

From flows x and the all-or-nothing flows y at their costs, the step goes towards a mixture of y and the two last targets s1, s2,

    s = b0 y + b1 s1 + b2 s2,    (b0, b1, b2) = (1, nu, mu) / (1 + mu + nu)                                      (1)

such that s - x is conjugate, under the diagonal Hessian H of the Beckmann value at x, to the two last directions. Those are, up to a
factor and with the last step length l,

    D1 = s1 - x,    D2 = l s1 + (1 - l) s2 - x                                                                   (2)
    mu = max(0, -D2'H(y - x) / D2'H(s2 - s1)),    nu = max(0, -D1'H(y - x) / D1'H D1 + mu l / (1 - l))           (3)

A step of (nearly) 1 leaves no direction to be conjugate to, and the memory starts anew.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .assignment import Assignment, PathFlows, Progress, Stop
from .demand import Traffic
from .line_search import best_step
from .path_set import PathSet

Array = NDArray[np.float64]

WHOLE_STEP = 0.9999


def frank_wolfe(traffic: Traffic, rel_gap: float, max_iterations: int, start: PathFlows | None = None) -> Assignment:
    """Return the equilibrium's link flows to a relative gap, from known paths if given, without paths."""
    costs, progress = traffic.costs, Progress(traffic, rel_gap, max_iterations)
    first = PathSet.at_free_flow(traffic) if start is None else PathSet.from_paths(traffic, start)
    flow = first.link_flow()
    targets: list[Array] = []
    step = 0.0
    while True:
        cost = costs.cost(flow)
        trees = traffic.trees(cost)
        progress.update(flow, cost, float(traffic.shortest(trees) @ traffic.trips))
        if progress.stop is not None:
            return progress.assignment("bi-conjugate Frank-Wolfe", flow, progress.stop)
        nearest = traffic.all_or_nothing(trees)
        target = _target(flow, nearest, targets, step, costs.slope(flow))
        if cost @ (target - flow) >= 0:
            target, targets = nearest, []
        step = best_step(costs, flow, target - flow)
        if step == 0:
            if target is nearest:
                return progress.assignment("bi-conjugate Frank-Wolfe", flow, Stop.NO_PROGRESS)
            targets = []
            continue
        flow = np.maximum(flow + step * (target - flow), 0.0)
        targets = [] if step > WHOLE_STEP else [target, *targets[:1]]


def _target(flow: Array, nearest: Array, targets: list[Array], step: float, curvature: Array) -> Array:
    """Return (1) from the last targets: two of them, one (mu = 0) or none (y itself)."""
    if not targets:
        return nearest
    ahead = nearest - flow
    first = targets[0] - flow
    mu = nu = 0.0
    if len(targets) == 2:
        second = step * targets[0] + (1 - step) * targets[1] - flow
        mu = max(0.0, -_ratio(second * curvature, ahead, targets[1] - targets[0]))
    nu = max(0.0, -_ratio(first * curvature, ahead, first) + mu * step / (1 - step))
    mixed = nearest + nu * targets[0] + (mu * targets[1] if mu else 0.0)
    return np.asarray(mixed / (1 + mu + nu))


def _ratio(weights: Array, above: Array, below: Array) -> float:
    """Return weights'above / weights'below, 0 where there is no curvature."""
    denominator = float(weights @ below)
    return float(weights @ above) / denominator if denominator else 0.0
