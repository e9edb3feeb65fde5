r"""The LP bound by weak duality: for multipliers lambda >= 0 of the cuts and y of the first stage's rows,

    min c'x + lambda_eta eta + sum theta  >=  sum_k lambda_k constant_k + sum_i (y_i > 0 ? y_i a_lo_i : y_i a_hi_i)
                                              + sum_j min(l_j d_j, u_j d_j),     d = c + sum_k lambda_k slope_k - A'y       (1)

if the multipliers of every theta's cuts sum to 1 and lambda_eta + sum_k lambda_k eta_slope_k = 0 (theta and eta are free). For a mean-CVaR
this sum says that the scenarios' weights lie in the risk measure's dual set. For a transport distance, eta >= 0 costs the radius r, and
r + sum_k lambda_k eta_slope_k >= 0 says that the mixed moves of the cuts stay within r.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..benders.problem import Problem
from ..benders.risk import Risk
from ..matrices import Array
from .certificate import Section
from .cuts import Recomputed
from .implied import implied_bounds

ROUNDING, SOLVER = 1e-10, 1e-6
"""Reduced costs of unbounded variables, relative to the terms they are sums of: what arithmetic rounds, and what solvers leave."""


@dataclass(slots=True)
class LowerBound:
    """``value`` of (1); ``wrong`` says what makes it invalid; ``open``: the largest relative reduced cost of a variable without a bound."""

    value: float
    wrong: list[str] = field(default_factory=list)
    open: float = 0.0


def weak_duality(problem: Problem, risk: Risk, section: Section, cuts: Recomputed) -> LowerBound:
    """Return (1) for the section's multipliers and the recomputed cuts."""
    out = LowerBound(0.0)
    weights, y = section.cut_multipliers, section.row_multipliers
    if (weights < 0).any():
        out.wrong.append(f"the multiplier of cut {int(weights.argmin())} is negative")
    if (section.clusters < 0).any():
        out.wrong.append("some scenarios belong to no cluster")
    total = np.zeros(int(section.clusters.max()) + 1)
    for k, clusters in enumerate(section.cuts.clusters):
        np.add.at(total, clusters, weights[k])
    thetas = np.zeros(1, dtype=int) if risk.worst else np.unique(section.clusters)
    off = np.abs(total[thetas] - 1.0)
    if off.max() > SOLVER:
        out.wrong.append(f"the multipliers of cluster {int(thetas[off.argmax()])} sum to {total[thetas][off.argmax()]:.9g}, not to 1")
    out.open = float(off.max()) if off.max() > ROUNDING else 0.0

    sides = np.where(y > 0, problem.row_lower, problem.row_upper)
    if np.isinf(sides[y != 0]).any():
        out.wrong.append("a row multiplier has the sign of an infinite side")
    out.value = float(weights @ cuts.constant) + float((y * np.where(np.isfinite(sides) & (y != 0), sides, 0.0)).sum())
    if risk.has_eta:
        reduced_eta = risk.eta_cost + float(weights @ cuts.eta_slope)
        if np.isinf(risk.eta_lower) or reduced_eta < 0:
            _free(out, reduced_eta, risk.eta_cost + float(weights @ np.abs(cuts.eta_slope)), "eta")
    reduced = problem.cost + weights @ cuts.slope - problem.A.T @ y
    size = np.abs(problem.cost) + weights @ np.abs(cuts.slope) + abs(problem.A).T @ np.abs(y)
    out.value += _over_bounds(problem, reduced, size, out)
    return out


def _free(out: LowerBound, reduced: float, size: float, name: str) -> None:
    """Take note of the reduced cost of an unbounded variable, which must be zero."""
    relative = abs(reduced) / max(size, 1e-12)
    if relative > SOLVER:
        out.wrong.append(f"the reduced cost of {name}, which is unbounded, is {reduced:.3g}")
    elif relative > ROUNDING:
        out.open = max(out.open, relative)


def _over_bounds(problem: Problem, reduced: Array, size: Array, out: LowerBound) -> float:
    """Return sum_j min(l_j d_j, u_j d_j), with the bounds that rows imply where a reduced cost stands against an infinite one."""
    first = problem.first
    lower, upper = first.lower, first.upper
    against = np.isinf(np.where(reduced > 0, lower, upper)) & (np.abs(reduced) > ROUNDING * size)
    if against.any():
        implied = implied_bounds(problem.A, problem.row_lower, problem.row_upper, lower, upper)
        lower, upper = np.where(against, implied[0], lower), np.where(against, implied[1], upper)
    side = np.where(reduced > 0, lower, upper)
    for j in np.flatnonzero(np.isinf(side) & against).tolist():
        _free(out, float(reduced[j]), float(size[j]), first.names[j])
    return float((reduced * np.where(np.isfinite(side), side, 0.0)).sum())
