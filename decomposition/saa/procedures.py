r"""From replications to statements: multiple replications, and averaged two replications.

Multiple replications (MRP; Mak, Morton & Wood 1999): m independent replications give G^1, ..., G^m and v^1, ..., v^m, and with the sample
deviation s_G of the m numbers, at confidence level c,

    gap <= mean(G) + t_{m-1, c} s_G / sqrt(m),        z* >= mean(v) - t_{m-1, c} s_v / sqrt(m)                              (1)

They are approximately normal for moderate n already, since each is a mean; (1) needs m large enough for the t interval only.

Averaged two replications (A2RP; Bayraksan & Morton 2006, Mathematical Programming 108, 495-514): two replications of n scenarios, whose
variances over the scenarios are pooled,

    G = (G^1 + G^2)/2,     s^2 = (s_1^2 + s_2^2)/2,     gap <= G + t_{2n-2, c} s / sqrt(2 n)                                (2)

and the same with v and the deviation of f(x_n, xi) for z*. Two problems are solved instead of m; the interval is asymptotic in n, and at
small n covers less than it says where a sample's plan often equals a candidate that is not optimal (then G = s = 0). The degrees of freedom
are those of the pooled variance; the paper takes the normal quantile, which is smaller.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from .intervals import Statement, about_mean
from .replication import Replication

PROCEDURES = ("mrp", "a2rp")


@dataclass(frozen=True, slots=True)
class Bounds:
    """The gap of the candidate and its cost with upper limits, the bound on the optimal value with a lower one (minimisation form).

    ``cost`` is that on the replications' samples.
    """

    gap: Statement
    cost: Statement
    bound: Statement


def bounds(procedure: str, replications: Sequence[Replication], confidence: float) -> Bounds:
    """Return the statements of a procedure at a confidence level, each on its own.

    Raises
    ------
    InputError
        Unknown procedure, or fewer replications than it needs.
    """
    if procedure not in PROCEDURES:
        raise InputError(f"--procedure {procedure!r}: expected {' or '.join(PROCEDURES)}")
    if len(replications) < 2:
        raise InputError(f"{len(replications)} replications: {procedure} needs at least 2")
    if procedure == "mrp":
        return multiple_replications(replications, confidence)
    return averaged_two_replications(replications, confidence)


def multiple_replications(replications: Sequence[Replication], confidence: float) -> Bounds:
    """Return (1)."""
    m = len(replications)

    def about(values: list[float], side: int) -> Statement:
        return about_mean(float(np.mean(values)), float(np.std(values, ddof=1)) / math.sqrt(m), m - 1, confidence, side=side)

    return Bounds(
        gap=about([r.gap for r in replications], 1),
        cost=about([r.candidate for r in replications], 1),
        bound=about([r.bound for r in replications], -1),
    )


def averaged_two_replications(replications: Sequence[Replication], confidence: float) -> Bounds:
    """Return (2)."""
    if len(replications) != 2 or replications[0].size != replications[1].size:
        raise InputError("averaged two replications take two replications of one size")
    n = replications[0].size

    def about(values: list[float], deviations: list[float], side: int) -> Statement:
        pooled = math.sqrt(float(np.mean(np.square(deviations))))
        return about_mean(float(np.mean(values)), pooled / math.sqrt(2 * n), 2 * n - 2, confidence, side=side)

    return Bounds(
        gap=about([r.gap for r in replications], [r.gap_deviation for r in replications], 1),
        cost=about([r.candidate for r in replications], [r.candidate_deviation for r in replications], 1),
        bound=about([r.bound for r in replications], [r.bound_deviation for r in replications], -1),
    )
