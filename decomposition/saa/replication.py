r"""One replication: a sample of n scenarios, the candidate plan and the sample's own optimal plan, on the same scenarios.

With f(x, xi) the cost of plan x in scenario xi, f_n the mean over the sample, v_n = min f_n and x_n its plan, the gap estimator of a
candidate x (Mak, Morton & Wood 1999, Operations Research Letters 24, 47-56, sec. 3) is

    G_n(x) = f_n(x) - v_n >= 0,      E G_n(x) >= E f(x, xi) - z* = the candidate's gap,    since E v_n <= z*                (1)

Both terms share their random numbers, so that G_n is nonnegative and varies little. Its sample variance (Bayraksan & Morton 2006,
Mathematical Programming 108, 495-514) is that of the paired differences

    s_n^2(x) = 1/(n-1) sum_i ( [f(x, xi_i) - f(x_n, xi_i)] - [f_n(x) - f_n(x_n)] )^2                                        (2)

A sample problem that is solved to a relative gap alone has a dual bound b <= v_n and a plan with f_n(x_n) >= v_n. Then b stands for v_n in
(1): the estimate grows by what the solver left open, and stays on the safe side. The plan's cost f_n(x_n) in its place would not.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..matrices import Array
from .sample import Sample, deviation, mean


@dataclass(frozen=True, slots=True)
class Replication:
    """Number, size n, f_n of the candidate, dual bound b on v_n, f_n of the sample's own plan, gap (1) and the deviation s_n (2) of it.

    ``candidate_deviation`` and ``bound_deviation`` are the standard deviations of f(x, xi) and f(x_n, xi).
    """

    number: int
    size: int
    candidate: float
    bound: float
    own: float
    gap: float
    gap_deviation: float
    candidate_deviation: float
    bound_deviation: float


def replicate(sample: Sample, candidate: Array, number: int = 0) -> Replication:
    """Solve a sample and compare the candidate with its plan, scenario by scenario."""
    solved = sample.solve()
    costs, weights = sample.costs(candidate)
    own_costs, _ = sample.costs(solved.plan)
    at_candidate, at_own = mean(costs, weights), mean(own_costs, weights)
    bound = min(solved.bound, at_own, at_candidate)  # v_n is at most each of them; they may differ by rounding
    return Replication(
        number=number,
        size=sample.size,
        candidate=at_candidate,
        bound=bound,
        own=at_own,
        gap=at_candidate - bound,
        gap_deviation=deviation(costs - own_costs, weights, sample.size),
        candidate_deviation=deviation(costs, weights, sample.size),
        bound_deviation=deviation(own_costs, weights, sample.size),
    )
