r"""What the procedures need of a problem: samples that can be solved, and the cost of a plan in each of their scenarios.

Costs are in minimisation form. A sample of n scenarios may hold equal ones once, with a weight (multiples of 1/n):

    mean(z) = sum_j w_j z_j,     variance(z) = n/(n-1) sum_j w_j (z_j - mean(z))^2                                        (1)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

from ..matrices import Array


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """A plan of a sample problem, and a dual bound: at most the sample problem's optimal value."""

    plan: Array
    bound: float


class Sample(Protocol):
    """Some equally likely scenarios."""

    @property
    def size(self) -> int:
        """Number of scenarios n."""

    def solve(self) -> Solved:
        """Solve the sample problem; raises :class:`StoppedError` when the time is over."""

    def costs(self, plan: Array) -> tuple[Array, Array]:
        """Return the costs of a plan in the distinct scenarios, and their weights, which sum to 1; the same order for every plan."""


class Source(Protocol):
    """What draws independent samples."""

    def sample(self, size: int, use: int, *, comm: Any = None) -> Sample:
        """Return the sample number ``use``, independent of all others, on which the ranks of ``comm`` work together."""


class StoppedError(Exception):
    """A limit was reached, or the user interrupted; what is done until then is reported."""


def mean(values: Array, weights: Array) -> float:
    """Return the sample mean."""
    return float(weights @ values)


def deviation(values: Array, weights: Array, size: int) -> float:
    """Return the sample's standard deviation (1), by ``size`` - 1."""
    centred = values - mean(values, weights)
    return math.sqrt(float(weights @ centred**2) * size / (size - 1))
