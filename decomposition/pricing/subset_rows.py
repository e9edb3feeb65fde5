r"""Subset-row cuts: of the routes that visit two or more of three sites, at most one is used (Jepsen et al. 2008).

    sum_r floor(visits of S by r / 2) x_r <= 1,    |S| = 3

With limited memory (Pecin, Contardo, Desaulniers, Uchoa 2017) a route's visits to S are counted from 0 again once it leaves the cut's
memory, a set of nodes that holds S: a weaker cut, still valid, that labels forget sooner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ...solvers.route_problem import Array
from .columns import Route

LEAST_VIOLATION = 0.05


@dataclass(frozen=True, slots=True)
class Cut:
    """Three sites and the nodes at which their visits are remembered."""

    members: frozenset[int]
    memory: frozenset[int]

    def coefficient(self, route: Route) -> float:
        """Return how often a route uses the cut up."""
        odd, count = False, 0
        for node in route:
            odd = odd and node in self.memory
            if node in self.members:
                count += odd
                odd = not odd
        return float(count)


def violated(routes: Sequence[Route], visits: Array, x: Array, most: int) -> list[Cut]:
    """Return the most violated cuts of a fractional solution, at most ``most``; ``visits`` (k, n+1) and ``x`` (k,) of its ``routes``."""
    triples = np.array(list(combinations(range(1, visits.shape[1]), 3)), dtype=np.int64).reshape(-1, 3)
    excess = np.empty(len(triples))
    for part in np.array_split(np.arange(len(triples)), max(1, len(triples) * len(x) // 4_000_000)):
        excess[part] = x @ (visits[:, triples[part]].sum(axis=2) // 2) - 1.0
    order = np.argsort(-excess, kind="stable")[:most]
    return [_with_memory(frozenset(triples[k].tolist()), routes) for k in order if excess[k] > LEAST_VIOLATION]


def _with_memory(members: frozenset[int], routes: Sequence[Route]) -> Cut:
    """Return the cut with the least memory that keeps its coefficients in ``routes``."""
    memory = set(members)
    for route in routes:
        places = [k for k, node in enumerate(route) if node in members]
        for first, second in zip(places[::2], places[1::2], strict=False):
            memory.update(route[first : second + 1])
    return Cut(members, frozenset(memory))
