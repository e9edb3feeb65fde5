r"""Sequential sampling: larger and larger samples until the candidate's gap is certified to be small.

Look k = 1, 2, ... draws fresh samples of n_k = n_1 2^(k-1) scenarios, independent of all before: one whose plan is the candidate x_k
(unless one is given), and those of the replications, which give a limit U_k with P(gap of x_k <= U_k) >= 1 - alpha_k. It stops at

    T = min { k : U_k <= G |mean cost of x_k| },     alpha_k = alpha / (k (k+1)),     sum_k alpha_k = alpha                   (1)

This is the fixed-width rule of Bayraksan & Pierre-Louis (2012, SIAM Journal on Optimization 22, 1518-1548), which stops when the whole
interval [0, U] is narrow enough, with the error probability shared out among the looks: as in Bayraksan & Morton (2011, Operations
Research 59, 898-913), whose sample sizes grow for it, the errors of all looks together stay below alpha. So P(gap of x_T <= U_T) >=
1 - alpha whenever T comes, by the union bound, as far as each interval covers what it says; neither G -> 0 nor an inflation is needed.

Where plans are few, all sample plans may equal a candidate that is not optimal: the differences vanish, and with them the width of the
interval. Such a look certifies nothing alone; its candidate is kept and looked at again, on twice as many scenarios, and must pass again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..matrices import Array
from .procedures import Bounds, bounds
from .replication import Replication

ROUNDING = 1e-9
"""A standard error up to this share of the cost is none: two plans that are equal up to a solver's rounding."""


@dataclass(frozen=True, slots=True)
class Look:
    """One iteration: sample size n_k, what its replications say at ``confidence`` 1 - alpha_k, and the target."""

    number: int
    size: int
    bounds: Bounds
    confidence: float
    target: float

    @property
    def within(self) -> bool:
        """Whether the limit of the gap is within the target."""
        return self.bounds.gap.limit <= self.target

    @property
    def blind(self) -> bool:
        """Whether the candidate cost the same as the samples' plans in every scenario, so that nothing is known of the gap's variance."""
        return self.bounds.gap.standard_error <= ROUNDING * abs(self.bounds.cost.value)


def confidence_of_look(number: int, confidence: float) -> float:
    """Return 1 - alpha_k of (1)."""
    return 1 - (1 - confidence) / (number * (number + 1))


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A look that was completed, its candidate and replications."""

    look: Look
    candidate: Array
    replications: tuple[Replication, ...]


def sequential(
    candidate: Callable[[int, int], Array],
    replications: Callable[[int, int, Array], Sequence[Replication]],
    *,
    procedure: str,
    first_size: int,
    until_gap: float,
    confidence: float,
    most: int,
    record: Callable[[Outcome], None],
) -> bool:
    """Run (1) for at most ``most`` looks; returns whether the gap was certified.

    ``candidate(k, n_k)`` gives the plan of look k, ``replications(k, n_k, plan)`` its replications; ``record`` gets each outcome.
    """
    again: Array | None = None
    for k in range(1, most + 1):
        size = first_size * 2 ** (k - 1)
        plan = candidate(k, size) if again is None else again
        done = tuple(replications(k, size, plan))
        level = confidence_of_look(k, confidence)
        found = bounds(procedure, done, level)
        look = Look(k, size, found, level, until_gap * abs(found.cost.value))
        record(Outcome(look, plan, done))
        if look.within and (again is not None or not look.blind):
            return True
        again = plan if look.within else None
    return False
