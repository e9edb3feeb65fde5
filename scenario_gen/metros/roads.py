"""Roads between the zones of a metropolitan area: neighbours on the same land, and the crossings of the water between."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist

from .plan import Plan
from .zones import Layout

Numbers = NDArray[np.int64]

DETOUR = 1.3
"""Length of a road over the distance of its ends."""

NEIGHBOURS = 3


def roads(plan: Plan, zones: Layout) -> tuple[Numbers, NDArray[np.float64], NDArray[np.bool_]]:
    """Return the ends (L, 2) of the roads, smaller number first, their lengths in km, and whether they cross the water.

    Each zone is joined to its nearest neighbours on its own land, each land is connected by its minimum spanning tree, and different lands
    by the plan's number of shortest crossings with ends of their own.
    """
    distance = cdist(zones.centre, zones.centre)
    same = zones.side[:, None] == zones.side[None, :]
    pairs: set[tuple[int, int]] = set()
    for i in range(len(distance)):
        for j in np.argsort(np.where(same[i], distance[i], np.inf))[1 : NEIGHBOURS + 1].tolist():
            if same[i, j]:
                pairs.add((min(i, j), max(i, j)))
    for side in np.unique(zones.side).tolist():
        members = np.flatnonzero(zones.side == side)
        tree = minimum_spanning_tree(csr_array(distance[np.ix_(members, members)])).tocoo()
        pairs |= {(int(min(a, b)), int(max(a, b))) for a, b in zip(members[tree.row], members[tree.col], strict=True)}
    over_water: set[tuple[int, int]] = set()
    lands = np.unique(zones.side)
    for first, second in pairwise(lands.tolist()):
        here, there = np.flatnonzero(zones.side == first), np.flatnonzero(zones.side == second)
        used: set[int] = set()
        between = distance[np.ix_(here, there)]
        for flat in np.argsort(between, axis=None, kind="stable").tolist():
            a, b = int(here[flat // len(there)]), int(there[flat % len(there)])
            if not used & {a, b}:
                used |= {a, b}
                over_water.add((min(a, b), max(a, b)))
            if len(used) == 2 * plan.crossings:
                break
    ends = np.array(sorted(pairs | over_water))
    crossing = np.array([tuple(e) in over_water for e in ends.tolist()])
    return ends, np.round(DETOUR * distance[ends[:, 0], ends[:, 1]], 2), crossing
