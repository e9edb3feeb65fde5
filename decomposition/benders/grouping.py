"""From compiled scenarios to groups: which share W, q and senses, which entries of h and T vary, which scenarios are the same one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, eye_array, vstack

from ..matrices import Array, ScenarioData, StageData
from .problem import Entries, Group, Indices, Problem


@dataclass(frozen=True, slots=True, eq=False)
class _OneSided:
    """A scenario whose rows have one side each (a range stands twice, a free row not at all)."""

    data: ScenarioData
    W: csr_array
    T: csr_array
    rhs: Array
    sense: NDArray[np.int8]
    names: tuple[str, ...]

    def key(self) -> bytes:
        stage = self.data.stage
        digest = hashlib.sha256()
        finite = np.isfinite(stage.lower) + 2 * np.isfinite(stage.upper)
        for array in (self.W.indptr, self.W.indices, self.W.data, self.data.cost, self.sense, stage.integer, finite):
            digest.update(np.ascontiguousarray(array).tobytes() + b"|")
        return digest.digest()


def from_stage_data(data: StageData, *, keep_repeated: bool = False) -> Problem:
    """Return the engine's problem; scenarios of probability zero are dropped, repeated ones joined unless they are kept."""
    kept = [s for s in data.scenarios if s.probability > 0]
    by_key: dict[bytes, list[_OneSided]] = {}
    for s in kept:
        one = _one_sided(s)
        by_key.setdefault(one.key(), []).append(one)
    costs = np.array([s.cost_first for s in kept])
    weights = np.array([s.probability for s in kept])
    same = bool((costs == costs[0]).all())
    cost = costs[0] if same else weights @ costs / weights.sum()
    groups, probabilities, labels = [], [], []
    for members in by_key.values():
        group, p, names = _group(members, None if same else cost, keep_repeated)
        groups.append(group)
        probabilities.append(p)
        labels += names
    total = np.concatenate(probabilities)
    return Problem(
        first=data.first,
        cost=cost,
        A=data.A,
        row_lower=data.row_lower,
        row_upper=data.row_upper,
        row_names=data.row_names,
        groups=tuple(groups),
        probabilities=total / total.sum(),
        labels=labels,
        sign=data.sign,
        num_given=len(data.scenarios),
    )


def _one_sided(s: ScenarioData) -> _OneSided:
    low, high = np.isfinite(s.row_lower), np.isfinite(s.row_upper)
    equal = low & high & (s.row_lower == s.row_upper)
    at_least, at_most = np.flatnonzero(low & ~equal), np.flatnonzero(high & ~equal)
    both = np.concatenate([np.flatnonzero(equal), at_least, at_most])
    sense = np.repeat(np.array([0, -1, 1], dtype=np.int8), [int(equal.sum()), len(at_least), len(at_most)])
    rhs = np.concatenate([s.row_lower[equal], s.row_lower[at_least], s.row_upper[at_most]])
    order = np.argsort(both, kind="stable")
    rows = both[order]
    W, T = csr_array(s.W[rows]), csr_array(s.T[rows])
    for matrix in (W, T):
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
    return _OneSided(s, W, T, rhs[order], sense[order], tuple(s.row_names[i] for i in rows))


def _bounds_to_rows(members: list[_OneSided]) -> tuple[list[_OneSided], tuple[Indices, Indices]]:
    """Where a recourse variable's finite bound varies between scenarios, make it a row, so that the bounds are common.

    Returns also the variables whose lower, and whose upper, bounds are the last rows now.
    """
    lower = np.array([m.data.stage.lower for m in members])
    upper = np.array([m.data.stage.upper for m in members])
    low, high = (np.flatnonzero((side != side[0]).any(axis=0)) for side in (lower, upper))
    if not len(low) and not len(high):
        return members, (low, high)
    out = []
    unit = csr_array(eye_array(lower.shape[1]))
    for m in members:
        stage = m.data.stage
        new_lower, new_upper = stage.lower.copy(), stage.upper.copy()
        new_lower[low], new_upper[high] = -np.inf, np.inf
        extra = len(low) + len(high)
        out.append(
            _OneSided(
                replace(m.data, stage=replace(stage, lower=new_lower, upper=new_upper)),
                csr_array(vstack([m.W, unit[low], unit[high]])),
                csr_array(vstack([m.T, csr_array((extra, m.T.shape[1]))])),
                np.concatenate([m.rhs, stage.lower[low], stage.upper[high]]),
                np.concatenate([m.sense, np.full(len(low), -1, np.int8), np.full(len(high), 1, np.int8)]),
                (*m.names, *(f"lower bound of {stage.names[j]}" for j in low), *(f"upper bound of {stage.names[j]}" for j in high)),
            )
        )
    return out, (low, high)


def _group(members: list[_OneSided], cost: Array | None, keep_repeated: bool) -> tuple[Group, Array, list[str]]:
    """Return the group of ``members`` (without repeated scenarios), their probabilities and names."""
    members, bounds = _bounds_to_rows(members)
    base = members[0]
    rhs = np.array([m.rhs for m in members])
    offset = np.array([m.data.offset for m in members])
    rows, columns, values = _stacked([m.T for m in members])
    deviation = None if cost is None else np.array([m.data.cost_first - cost for m in members])
    p = np.array([m.data.probability for m in members])

    everything = [rhs, offset[:, None], values] + ([] if deviation is None else [deviation])
    first_of, p = (np.arange(len(p)), p) if keep_repeated else merge(np.hstack(everything), p)
    names = [members[i].data.name for i in first_of]
    rhs, offset, values = rhs[first_of], offset[first_of], values[first_of]

    varying_rhs, varying_T = (np.flatnonzero((v != v[0]).any(axis=0)) for v in (rhs, values))
    xi, component = distinct_columns(np.hstack([rhs[:, varying_rhs], values[:, varying_T]]))
    of_rhs, of_T = component[: len(varying_rhs)], component[len(varying_rhs) :]
    m, n1 = base.T.shape
    rhs_0 = rhs[0].copy()
    rhs_0[varying_rhs] = 0.0
    fixed = np.ones(len(rows), dtype=bool)
    fixed[varying_T] = False
    group = Group(
        cost=base.data.cost,
        W=base.W,
        sense=base.sense,
        second=base.data.stage,
        row_names=base.names,
        rhs_0=rhs_0,
        rhs_xi=csr_array((np.ones(len(of_rhs)), (varying_rhs, of_rhs)), shape=(m, xi.shape[1])),
        T_0=csr_array((values[0][fixed], (rows[fixed], columns[fixed])), shape=(m, n1)),
        T_entries=Entries(rows[varying_T], columns[varying_T], of_T, np.ones(len(of_T))),
        xi=xi,
        offset=offset,
        cost_first=None if deviation is None else csr_array(deviation[first_of]),
        bounds_as_rows=bounds,
        own_names=None if len({m.data.stage.names for m in members}) == 1 else tuple(members[i].data.stage.names for i in first_of),
    )
    return group, p, names


def _stacked(matrices: Sequence[csr_array]) -> tuple[Indices, Indices, Array]:
    """Return rows and columns of the union of the sparsity patterns, and the entries of each matrix there (n, e)."""
    base = matrices[0]
    if all(np.array_equal(m.indptr, base.indptr) and np.array_equal(m.indices, base.indices) for m in matrices[1:]):
        pattern, values = base, np.array([m.data for m in matrices])
        rows, columns = pattern.tocoo().coords
        return rows.astype(np.int64), columns.astype(np.int64), values
    union = csr_array(base.shape)
    for m in matrices:
        union = csr_array(union + abs(m))
    rows, columns = union.tocoo().coords
    dense = np.array([np.asarray(m[rows, columns]).reshape(-1) for m in matrices])
    return rows.astype(np.int64), columns.astype(np.int64), dense


def merge(data: Array, p: Array) -> tuple[Indices, Array]:
    """Return the first row of each set of equal rows (in order of appearance) and the probabilities added over the set."""
    if len(data) == 1:
        return np.zeros(1, dtype=np.int64), p
    _, first, inverse = np.unique(data, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    total = np.zeros(len(first))
    np.add.at(total, rank[inverse.reshape(-1)], p)
    return first[order].astype(np.int64), total


def distinct_columns(data: Array) -> tuple[Array, Indices]:
    """Return the distinct columns, in order of appearance, and for each given column the number of its distinct one."""
    seen: dict[bytes, int] = {}
    chosen: list[int] = []
    component: list[int] = []
    for j, column in enumerate(np.ascontiguousarray(data.T)):
        key = column.tobytes()
        if key not in seen:
            seen[key] = len(chosen)
            chosen.append(j)
        component.append(seen[key])
    return np.ascontiguousarray(data[:, chosen]), np.array(component, dtype=np.int64)
