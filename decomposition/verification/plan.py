"""The plan and its cost: first-stage feasibility, recourse in every scenario, and the sum of the costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..benders.problem import Group, Problem
from ..benders.recourse_lps import row_bounds
from ..benders.risk import Risk
from ..benders.transport import Ball
from ..matrices import Array
from ..packing import unpack
from .report import Verdict, Verification

TOLERANCE = 1e-6
"""Violations up to this, relative to the terms of their row, count as satisfied; so do differences of money, relative to the amount."""


@dataclass(slots=True)
class Worst:
    """The largest violation seen, and where."""

    value: float = 0.0
    where: str = ""

    def see(self, values: Array, name: Any) -> None:
        """Take the largest of ``values``; ``name(i)`` says where the i-th stands."""
        if values.size:
            i = int(np.argmax(values))
            if not values.flat[i] <= self.value:
                self.value, self.where = float(values.flat[i]), name(i)


def check_plan(problem: Problem, x: Array, say: Verification) -> bool:
    """Check rows, bounds and integrality of the first stage at ``x``."""
    first, worst = problem.first, Worst()
    activity, scale = problem.A @ x, np.maximum(1.0, abs(problem.A) @ np.abs(x))
    worst.see(np.maximum(problem.row_lower - activity, activity - problem.row_upper) / scale, lambda i: f"row {problem.row_names[i]}")
    worst.see(np.maximum(first.lower - x, x - first.upper) / np.maximum(1.0, np.abs(x)), lambda i: f"bound of {first.names[i]}")
    worst.see(np.where(first.integer, np.abs(x - np.round(x)), 0.0), lambda i: f"integrality of {first.names[i]}")
    count = f"{len(problem.row_names)} rows, {len(x)} bounds, {int(first.integer.sum())} integers"
    return say.holds(
        "the plan satisfies the first stage",
        worst.value <= TOLERANCE,
        f"{count}; largest violation {worst.value:.1e}" + (f" ({worst.where})" if worst.value else ""),
    )


def check_cost(problem: Problem, risk: Risk, x: Array, objective: float, recourse: Mapping[str, Any], say: Verification) -> bool:
    """Check the plan's cost (minimisation form) from stored recourse; returns whether it is proved."""
    claim = "the plan's cost"
    values = recourse.get("values")
    if values is None:
        say.say(claim, Verdict.TRUSTED, f"recourse solutions are not in the result ({recourse.get('missing') or 'none were recorded'})")
        return False
    costs, worst, position = np.empty(problem.num_scenarios), Worst(), 0
    for g, group in enumerate(problem.groups):
        y = unpack(values[g] if g < len(values) else None, f"certificate.recourse.values[{g}]", float, (len(group), len(group.second)))
        labels = problem.labels[position : position + len(group)]
        for k in range(len(group)):
            _see_recourse(group, k, x, y[k], str(labels[k]), worst)
            costs[position + k] = group.cost @ y[k] + group.extra_costs(x, k, k + 1)[0]
        position += len(group)
    feasible = say.holds(
        "there is recourse in every scenario",
        worst.value <= TOLERANCE,
        f"{problem.num_scenarios} distinct scenarios, rows, bounds and integrality; largest violation {worst.value:.1e}"
        + (f" ({worst.where})" if worst.value else ""),
    )
    if risk.ball is not None:
        check_worst_case(problem, risk.ball, costs, say)
    total = float(problem.cost @ x) + risk.of(costs, problem.probabilities)
    scale = max(1.0, abs(total), float(np.abs(problem.cost) @ np.abs(x)))
    return (
        say.holds(
            claim,
            abs(total - objective) <= TOLERANCE * scale,
            f"{risk} of the stored recourse's costs {problem.sign * total:.10g}, objective {problem.sign * objective:.10g}",
        )
        and feasible
    )


def check_worst_case(problem: Problem, ball: Ball, costs: Array, say: Verification) -> None:
    """Check the distribution that ``costs`` (S,) are weighted with: it is within the radius, and by duality none costs more."""
    found = ball.worst(costs)
    less, more = (float(ball.p @ ball.metric.moved(move.targets)) for move in (found.less, found.more))
    distance = (1 - found.share) * less + found.share * more
    weights, dual = found.weights(ball.p), ball.dual_value(costs, found.price)
    value, scale = float(weights @ costs), max(1.0, float(np.abs(costs).max()))
    say.holds(
        "the worst distribution",
        distance <= ball.radius * (1 + 1e-9) and abs(dual - value) <= 1e-9 * scale and abs(float(weights.sum()) - 1) <= 1e-9,
        f"transport {distance:.6g} of radius {ball.radius:g}; its cost {problem.sign * value:.10g} is "
        f"{abs(dual - value) / scale:.1e} from that of the dual price {found.price:.6g}",
    )


def _see_recourse(group: Group, k: int, x: Array, y: Array, label: str, worst: Worst) -> None:
    T = group.scenario_matrix(group.xi[k])
    h = group.rhs_0 + group.rhs_xi @ group.xi[k]
    low, high = row_bounds(group, h)
    activity = group.W @ y + T @ x
    scale = np.maximum(1.0, np.maximum(np.abs(h), abs(group.W) @ np.abs(y) + abs(T) @ np.abs(x)))
    worst.see(np.maximum(low - activity, activity - high) / scale, lambda i: f"{label}, row {group.row_names[i]}")
    second, names = group.second, group.names(k)
    worst.see(np.maximum(second.lower - y, y - second.upper) / np.maximum(1.0, np.abs(y)), lambda j: f"{label}, bound of {names[j]}")
    worst.see(np.where(second.integer, np.abs(y - np.round(y)), 0.0), lambda j: f"{label}, integrality of {names[j]}")
