"""What fixed routes cost in every scenario, by exact timing and without a solver: a second road to a plan's expected cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from ...instances.routing_arrays import shuttled
from ...instances.routing_source import RoutingSource
from ...models.routing import carries_later
from ...solvers.route_problem import Array
from ...solvers.route_timing import route_penalties
from .problem import SiteRoutes, route_problem

BLOCK = 256


@dataclass(frozen=True, slots=True, eq=False)
class RouteEvaluation:
    """Travel and penalties of fixed routes by scenario (S,), in the unit of time; ``penalty`` is infinite where a hard window breaks."""

    probability: Array
    travel: Array
    penalty: Array

    @property
    def expected(self) -> float:
        """Expected objective: travel and penalties."""
        return float(self.probability @ (self.travel + self.penalty))


def evaluate_plan(source: RoutingSource, routes: SiteRoutes) -> RouteEvaluation:
    """Return what routes, sites by number, cost in every scenario with optimal starts of service.

    Raises
    ------
    InputError
        Routes that are none of the instance's, or casualties that may be left behind (their pick-up is a decision of its own).
    """
    if carries_later(source):
        raise InputError(
            f"instance {source.instance.name!r}: random casualties, or such that may be left behind, are no matter of timing alone"
        )
    problem = route_problem(source)
    problem.check_routes(routes)
    count = source.num_scenarios
    travel, penalty = np.zeros(count), np.zeros(count)
    for start in range(0, count, BLOCK):
        block = source.block(start, min(start + BLOCK, count))
        times = np.stack([shuttled(t) for t in block.time]) if source.instance.shuttle else block.time
        here = slice(start, start + len(block))
        for route in routes:
            travel[here] += times[:, [0, *route], [*route, 0]].sum(axis=1)
            penalty[here] += route_penalties(problem, route, times)
    return RouteEvaluation(source.probabilities / source.probabilities.sum(), travel, penalty)
