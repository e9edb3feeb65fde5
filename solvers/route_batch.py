r"""Many partial routes at once: the least penalty of each, kept as hinges (see ``route_timing``), one numpy row a route.

A row stands for g(t) = penalty + sum_i weight_i max(0, place_i - t), the least penalty of the services so far where the last begins by t.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .route_problem import Array, RouteProblem

SLACK = 1e-9  # what rounding may add to a time, relative to its size


def slack_of(limit: Array) -> Array:
    """Return how far beyond a limit rounding may take a time; 0 where there is no limit."""
    finite = np.isfinite(limit)
    return SLACK * np.where(finite, np.maximum(1.0, np.abs(np.where(finite, limit, 0.0))), 0.0)


def has_soft_windows(problem: RouteProblem) -> bool:
    """Return whether some service can be penalised, rather than forbidden, for its time."""
    sides = ((problem.earliest, problem.early), (problem.latest, problem.late))
    early, late = ((w > 0) & np.isfinite(w) & np.isfinite(a) for a, w in sides)
    return bool(early[1:].any() or late.any())


def earliest_departure(problem: RouteProblem, length: ArrayLike) -> Array:
    """Return the earliest departure; where it is free, one before which no vehicle gains by leaving: its routes last ``length`` at most."""
    length = np.asarray(length, dtype=float)
    if np.isfinite(problem.earliest[0]):
        return np.full(length.shape, problem.earliest[0])
    breaks = np.concatenate([problem.earliest, problem.latest])
    return np.asarray(np.min(breaks, where=np.isfinite(breaks), initial=0.0) - length - 1)


@dataclass(frozen=True, slots=True, eq=False)
class PartialRoutes:
    """S partial routes: ``penalty`` (S,), ``places`` and ``weights`` (S, H), the rightmost hinge first.

    A hinge of infinite weight is the earliest time at which the last service can begin. With step penalties it is the only one, and
    ``penalty`` is of the steps taken.
    """

    problem: RouteProblem
    penalty: Array
    places: Array
    weights: Array

    @staticmethod
    def begin(problem: RouteProblem, departure: Array) -> PartialRoutes:
        """Return routes that leave the depot, at (S,) times or later."""
        return PartialRoutes(problem, np.zeros(len(departure)), departure[:, None], np.full((len(departure), 1), np.inf))

    def take(self, rows: NDArray[np.int64]) -> PartialRoutes:
        """Return some of the routes."""
        return PartialRoutes(self.problem, self.penalty[rows], self.places[rows], self.weights[rows])

    def extend(self, nodes: NDArray[np.int64], lags: Array) -> PartialRoutes:
        """Return the routes one service longer: at (S,) ``nodes``, 0 for the return, which are reached ``lags`` after the last one began.

        A service that no timing allows makes the row's penalty infinite; so does an infinite lag.
        """
        problem = self.problem
        missing = ~np.isfinite(lags)
        penalty = np.where(missing, np.inf, self.penalty)
        places = self.places + np.where(missing, 0.0, lags)[:, None]
        early, late, earliest, latest = (a[nodes] for a in (problem.early, problem.late, problem.earliest, problem.latest))
        early = np.where(np.isfinite(earliest), early, 0.0)
        late = np.where(np.isfinite(latest), late, 0.0)
        soft = np.where(np.isinf(late), 0.0, late)
        closing = np.where(np.isinf(late), latest, np.inf)
        if problem.step:
            return self._step(nodes, penalty, places[:, 0], early, soft, closing)
        weights = self.weights
        if early.any():
            places, weights = _with_hinge(places, weights, earliest, early)
        if soft.any():
            places, weights = _with_hinge(places, weights, latest, soft)
        if early.any() or soft.any():
            order = np.argsort(-places, axis=1, kind="stable")
            places, weights = np.take_along_axis(places, order, axis=1), np.take_along_axis(weights, order, axis=1)
        if soft.any():
            right = np.hstack([np.zeros((len(penalty), 1)), np.cumsum(weights, axis=1)[:, :-1]])
            taken = np.clip(soft[:, None] - right, 0.0, weights)
            penalty = penalty + (taken * np.where(taken > 0, places - latest[:, None], 0.0)).sum(axis=1)
            weights = weights - taken
        if np.isfinite(closing).any():
            hard = np.isinf(weights)
            low = np.where(hard, places, -np.inf).max(axis=1)
            penalty = np.where(low > closing + slack_of(closing), np.inf, penalty)
            penalty = penalty + (np.where(hard, 0.0, weights) * np.maximum(0.0, places - closing[:, None])).sum(axis=1)
            places = np.minimum(places, closing[:, None])
        return PartialRoutes(problem, penalty, places, weights)

    def _step(self, nodes: NDArray[np.int64], penalty: Array, low: Array, early: Array, soft: Array, closing: Array) -> PartialRoutes:
        """Begin the next service as early as possible and pay the step."""
        earliest, latest = self.problem.earliest[nodes], self.problem.latest[nodes]
        low = np.where(np.isinf(early), np.maximum(low, earliest), low)
        penalty = penalty - np.where((low <= earliest + slack_of(earliest)) & np.isfinite(early), early, 0.0)
        over = np.where(soft > 0, low - latest, 0.0)
        beyond = over > np.where(nodes > 0, slack_of(latest), 0.0)
        penalty = penalty + np.where(beyond, soft * np.where(nodes > 0, 1.0, over), 0.0)
        penalty = np.where(low > closing + slack_of(closing), np.inf, penalty)
        return PartialRoutes(self.problem, penalty, low[:, None], self.weights)


def _with_hinge(places: Array, weights: Array, place: Array, weight: Array) -> tuple[Array, Array]:
    """Put one more hinge into each row, unsorted; where its weight is 0 its place does not matter."""
    return np.column_stack([places, np.where(weight > 0, place, 0.0)]), np.column_stack([weights, weight])
