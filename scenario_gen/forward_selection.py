r"""Fast forward selection: keep, one after the other, the scenario that brings the Kantorovich distance down most.

With J the scenarios kept so far, c_J(k) = min_{j in J} c_kj and c_{}(k) = infinity, the next is (Heitsch & Romisch 2003, Comput. Optim.
Appl. 24, 187-206; the distance is (1) of ``kantorovich``)

    u = argmin_u sum_k p_k min(c_J(k), c_ku)   =   argmax_u g_J(u),     g_J(u) = sum_k p_k max(0, c_J(k) - c_ku)          (1)

A gain g_J(u) can only fall as J grows, so a gain computed for an earlier J is an upper bound, and only those candidates are computed again
whose bound reaches the best gain known (Minoux 1978, Accelerated greedy algorithms): the choice is that of the full search. The first step
and the second look at all S^2 distances, the others at a few columns of S each.

Gains that differ by less than 1e-12 of the distance to the best single scenario count as equal, and the lowest index is taken.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .kantorovich import Distances, Indices
from .weight_checks import Array

TIE = 1e-12


def select_forward(distances: Distances, probabilities: Array, count: int) -> tuple[Indices, float]:
    """Return ``count`` scenarios in the order in which (1) takes them, and the distance to the first alone."""
    cost = np.concatenate([distances.rows(block) @ probabilities for block in distances.blocks()])
    single = float(cost.min())
    tie = TIE * single
    chosen = [_first(cost <= single + tie)]
    nearest = distances.row(chosen[0]).copy()
    bound = np.full(distances.num, np.inf)
    is_open = np.ones(distances.num, dtype=bool)
    is_open[chosen[0]] = False
    while len(chosen) < count:
        if not np.any(nearest[probabilities > 0]):  # nothing left to gain
            chosen.extend(np.flatnonzero(is_open)[: count - len(chosen)].tolist())
            break
        fresh, best, size = np.zeros(distances.num, dtype=bool), -np.inf, 16
        while (stale := np.flatnonzero(is_open & ~fresh & (bound >= best - tie))).size:
            which = stale[np.argsort(-bound[stale], kind="stable")[: min(size, distances.block)]]
            bound[which] = np.maximum(nearest - distances.rows(which), 0.0) @ probabilities
            fresh[which] = True
            best, size = max(best, float(bound[which].max())), 2 * size
        chosen.append(_first(is_open & fresh & (bound >= best - tie)))
        is_open[chosen[-1]] = False
        nearest = np.minimum(nearest, distances.row(chosen[-1]))
    return np.array(chosen, dtype=np.int64), single


def _first(mask: NDArray[np.bool_]) -> int:
    return int(np.argmax(mask))
