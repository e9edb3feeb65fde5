r"""Weighted k-medoids: exchange a kept scenario for another while that brings the Kantorovich distance down.

The problem min_{|J| = N} sum_k p_k min_{j in J} c_kj is NP-hard (Kariv & Hakimi 1979): this is a heuristic. It starts from some J and
makes every exchange that helps, found in the order of the scenarios; when none is left, no exchange of one scenario (so no better centre of
any cluster either) lowers the distance. The change that scenario x brings in place of each medoid is found for all medoids at once
(FasterPAM: Schubert & Rousseeuw 2021, Information Systems 101, 101804), with weights p. For d1, d2 the distances to the nearest and the
second nearest medoid and d that to x, the change in place of medoid i is the sum of

    sum_k p_k min(d_k - d1_k, 0)                                        for all k with another medoid than i          (1)
    sum_k p_k (min(d_k, d2_k) - d1_k)                                   for all k with medoid i                         (2)
"""

from __future__ import annotations

import numpy as np

from .kantorovich import Distances, Indices
from .weight_checks import Array

HELPS = 1e-12
"""A change counts if it is above this part of the distance to the best single scenario."""


def seeded_start(distances: Distances, probabilities: Array, count: int, rng: np.random.Generator) -> Indices:
    """Draw ``count`` scenarios: each with probability in proportion to p_k times the distance to those drawn before."""
    chosen: list[int] = []
    pull = probabilities.copy()
    nearest = np.full(distances.num, np.inf)
    while len(chosen) < count:
        cumulative = np.cumsum(pull)
        if cumulative[-1] > 0:
            x = int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))
            x = min(x, int(np.flatnonzero(pull)[-1]))
        else:
            x = int(np.setdiff1d(np.arange(distances.num), chosen)[0])
        chosen.append(x)
        nearest = np.minimum(nearest, distances.row(x))
        nearest[x] = 0.0
        pull = probabilities * nearest
    return np.array(chosen, dtype=np.int64)


def exchange(distances: Distances, probabilities: Array, start: Indices, single: float) -> Indices:
    """Return medoids (N,) that no exchange improves, from N >= 2 medoids; ``single`` is the distance to the best single scenario."""
    p, count = probabilities, len(start)
    medoids = start.copy()
    is_medoid = np.zeros(distances.num, dtype=bool)
    is_medoid[medoids] = True
    slots, dist = np.empty((distances.num, 2), dtype=np.int64), np.empty((distances.num, 2))  # of the nearest and the second nearest

    def assign(which: Indices) -> None:
        for part in np.array_split(which, max(1, -(-len(which) // distances.block))):
            rows = distances.between(part, medoids)
            two = np.argpartition(rows, 1, axis=1)[:, :2]
            slots[part], dist[part] = two, np.take_along_axis(rows, two, axis=1)

    assign(np.arange(distances.num))
    removal = np.bincount(slots[:, 0], p * (dist[:, 1] - dist[:, 0]), count)
    x, without = 0, 0
    while without < distances.num:
        if not is_medoid[x]:
            row = distances.row(x)
            near = np.flatnonzero(row < dist[:, 1])
            d, d1, d2, weight = row[near], dist[near, 0], dist[near, 1], p[near]
            closer = d < d1
            shared = float(weight[closer] @ (d - d1)[closer])
            change = removal + np.bincount(slots[near, 0], weight * np.where(closer, d1 - d2, d - d2), count)
            i = int(np.argmin(change))
            if change[i] + shared < -HELPS * single:
                is_medoid[medoids[i]], is_medoid[x] = False, True
                medoids[i] = x
                lost = (slots == i).any(axis=1)
                near = np.flatnonzero((row < dist[:, 1]) & ~lost)
                first = row[near] < dist[near, 0]
                a, b = near[first], near[~first]
                slots[a, 1], dist[a, 1] = slots[a, 0], dist[a, 0]
                slots[a, 0], dist[a, 0] = i, row[a]
                slots[b, 1], dist[b, 1] = i, row[b]
                assign(np.flatnonzero(lost))
                removal = np.bincount(slots[:, 0], p * (dist[:, 1] - dist[:, 0]), count)
                without = -1
        without += 1
        x = (x + 1) % distances.num
    return medoids
