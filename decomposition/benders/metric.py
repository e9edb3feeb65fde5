r"""How far apart two scenarios are, so that moving probability between them has a price.

Scenario s is the vector xi_s of what differs between scenarios: of a model of quakeops its declared random data, of any other problem the
entries of h_s, T_s, W_s and q_s, bounds, and first-stage costs that are not the same in all scenarios (equal components count once). With
standard deviations sigma_k under the probabilities p,

    d(s, t) = (1 / D) sum_k |xi_sk - xi_tk| / sigma_k,     D such that sum_st p_s p_t d(s, t) = 1                (1)

So every component counts alike whatever its units are, and a distance of 1 is the mean distance of two scenarios drawn independently. By
E|X - X'| = 2 int F (1 - F), D takes a sort of each component and no pairs of scenarios.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.spatial.distance import cdist

from ...errors import InputError
from ..matrices import Array
from .grouping import distinct_columns
from .problem import Group, Problem
from .team import Team

KEPT_SCENARIOS = 5000
"""Up to so many scenarios the distances of all pairs are kept (200 MB); of more they are made again at every use."""


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """(1): ``points`` (S, K) in coordinates in which it is the 1-norm; ``scale`` (K,) of a component is sigma_k D.

    ``component`` (K,) numbers the varying components among those of the scenario vectors. ``pairs`` (S, S) are the distances, if kept.
    """

    points: Array
    scale: Array
    component: NDArray[np.int64]
    pairs: Array | None = None

    def __len__(self) -> int:
        return len(self.points)

    def between(self, s: NDArray[np.integer], t: NDArray[np.integer]) -> Array:
        """Return the distances of all of ``s`` (a,) from all of ``t`` (b,), (a, b)."""
        if not len(self.scale):
            return np.zeros((len(s), len(t)))
        if self.pairs is not None:
            return np.asarray(self.pairs[np.ix_(s, t)])
        return np.asarray(cdist(self.points[s], self.points[t], "cityblock"))

    def moved(self, targets: NDArray[np.integer]) -> Array:
        """Return how far each scenario is from its target in ``targets`` (S,)."""
        return np.asarray(np.abs(self.points - self.points[targets]).sum(axis=1))


def metric(vectors: Array, p: Array) -> Metric:
    """Return (1) of scenario vectors (S, K) with probabilities ``p`` (S,); constant components are left out."""
    varying = np.flatnonzero((vectors != vectors[0]).any(axis=0))
    centered = vectors[:, varying] - p @ vectors[:, varying]
    sigma = np.sqrt(p @ centered**2)
    order = np.argsort(centered, axis=0, kind="stable")
    below = np.cumsum(p[order], axis=0)[:-1]
    gaps = np.diff(np.take_along_axis(centered, order, axis=0), axis=0)
    mean = 2.0 * (below * (1.0 - below) * gaps).sum(axis=0)
    scale = sigma * float((mean / sigma).sum())
    points = np.ascontiguousarray(centered / scale)
    pairs = cdist(points, points, "cityblock") if len(varying) and len(points) <= KEPT_SCENARIOS else None
    return Metric(points, scale, varying, pairs)


def scenario_vectors(problem: Problem, team: Team) -> Array:
    """Return the scenarios' vectors (S, K) on every rank; called by all ranks.

    Raises
    ------
    InputError
        The scenarios differ in the shape of their recourse, so that there is nothing to take differences of.
    """
    if len(problem.groups) > 1:
        return _across_groups(problem)
    (group,) = problem.groups
    blocks = team.own_blocks(problem)
    parts = team.share([(b.start, np.array(group.xi[b.start : b.stop])) for b in blocks])
    xi = np.concatenate([part for _, part in sorted(parts, key=lambda pair: pair[0])])
    return xi if group.costs_xi is not None else np.hstack([xi, group.offset[:, None], _cost_first(group, len(problem.first))])


def _cost_first(group: Group, n1: int) -> Array:
    return np.zeros((len(group), n1)) if group.cost_first is None else group.cost_first.toarray()


def _across_groups(problem: Problem) -> Array:
    """Return the distinct varying entries of all data of the groups' scenarios."""
    shapes = {_shape(g) for g in problem.groups}
    if len(shapes) > 1:
        raise InputError(
            "--risk wasserstein: the scenarios differ in the shape of their recourse (number or senses of rows, variables, or which bounds "
            "are finite), so that no distance between them is defined"
        )
    n1, n2 = len(problem.first), len(problem.groups[0].second)
    entries_T = np.unique(np.concatenate([_keys(g.T_0, n1)[0] for g in problem.groups] + [_random(g, n1) for g in problem.groups]))
    entries_W = np.unique(np.concatenate([_keys(g.W, n2)[0] for g in problem.groups]))
    parts = []
    for g in problem.groups:
        n, rows = len(g), _own_rows(g)
        rhs = g.rhs_0 + np.asarray((g.rhs_xi @ np.asarray(g.xi).T).T)
        sides = np.repeat(np.concatenate([g.second.lower, g.second.upper])[None, :], n, axis=0)
        low, high = g.bounds_as_rows
        sides[:, np.concatenate([low, n2 + high])] = rhs[:, rows:]
        T = np.zeros((n, len(entries_T)))
        keys, values = _keys(g.T_0, n1)
        T[:, np.searchsorted(entries_T, keys)] = values
        T[:, np.searchsorted(entries_T, _random(g, n1))] = g.T_entries.coefficient * np.asarray(g.xi)[:, g.T_entries.component]
        W = np.zeros((n, len(entries_W)))
        keys, values = _keys(g.W, n2)
        inside = keys < rows * n2
        W[:, np.searchsorted(entries_W, keys[inside])] = values[inside]
        cost = np.repeat(g.cost[None, :], n, axis=0)
        sides = np.where(np.isfinite(sides), sides, 0.0)
        parts.append(np.hstack([rhs[:, :rows], T, W, cost, sides, g.offset[:, None], _cost_first(g, n1)]))
    every = np.vstack(parts)
    return distinct_columns(every[:, (every != every[0]).any(axis=0)])[0]


def _own_rows(group: Group) -> int:
    """Return the number of rows before those that stand for bounds."""
    return len(group.sense) - sum(len(part) for part in group.bounds_as_rows)


def _shape(group: Group) -> tuple[bytes, int, bytes]:
    """Return senses, number of variables and which bounds are finite, bounds that became rows being finite."""
    finite = np.isfinite(np.concatenate([group.second.lower, group.second.upper]))
    low, high = group.bounds_as_rows
    finite[np.concatenate([low, len(group.second) + high])] = True
    return group.sense[: _own_rows(group)].tobytes(), len(group.second), finite.tobytes()


def _keys(matrix: csr_array, columns: int) -> tuple[NDArray[np.int64], Array]:
    """Return each entry's place, row by row, and its value."""
    form = matrix.tocoo()
    row, column = form.coords
    return np.asarray(row.astype(np.int64) * columns + column), np.asarray(form.data)


def _random(group: Group, columns: int) -> NDArray[np.int64]:
    """Return the places of the random entries of T."""
    return group.T_entries.row * columns + group.T_entries.column
