r"""The pairwise hinge of triage, eq. 5 of SeisRank-Ord, in O(n log n).

    C_rank = 1 / (|P| |N|) sum_{i in P} sum_{j in N} max(0, m - (r_i - r_j))                                    (5)

P are the severe buildings, N the others, r the severe-risk score of eq. 4, m the margin. With u_i = r_i - m a pair is active where
r_j > u_i, so with r_N sorted the inner sum is a suffix sum minus a count times u_i, both found by one binary search. The same comparison
from the other side counts the active i of every j: the two counts agree to the last bit, whatever the ties. At a kink (r_j = u_i) the
derivative taken is 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Hinge:
    """Value of (5), its gradient by score (n,), the number of active pairs, and a note where one side is empty."""

    value: float
    gradient: Array
    active_pairs: int
    note: str | None = None


def pairwise_hinge(score: Array, severe: NDArray[np.bool_], margin: float) -> Hinge:
    """Return (5) and its gradient; the value is 0, with a note, where no building or every building is severe.

    Parameters
    ----------
    score
        r, (n,), finite.
    severe
        Membership of P, (n,).
    margin
        m, in units of the score.
    """
    shifted, other = score[severe] - margin, score[~severe]
    gradient = np.zeros(len(score))
    if not len(shifted) or not len(other):
        which = "no building is severe" if not len(shifted) else "every building is severe"
        return Hinge(0.0, gradient, 0, f"{which}: the pairwise term is 0")
    ascending = np.sort(other)
    suffix = np.append(np.cumsum(ascending[::-1])[::-1], 0.0)
    first = np.searchsorted(ascending, shifted, side="right")
    active = len(other) - first
    total = float(np.sum(suffix[first] - active * shifted))
    pairs = len(shifted) * len(other)
    gradient[severe] = -active / pairs
    gradient[~severe] = np.searchsorted(np.sort(shifted), other, side="left") / pairs
    return Hinge(max(total, 0.0) / pairs, gradient, int(active.sum()))
