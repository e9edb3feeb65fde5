r"""First-stage variables of which each scenario has its own, and the rows that join them.

A model may hold variables z_s that belong to scenario s alone, but are decided together: the indicator of a scenario that is given up, the
excess of its loss over a threshold. Its Pyomo model holds one, that of owner ``"*"``, and rows on it that hold in expectation,

    f'x + E[g'z] <= b,      T_s x + t_s z_s + W y_s >= h_s                                              (1)

:func:`spread` writes them as what they are to every method that knows only first and second stage: a copy per scenario in the first
stage, sum_s p_s g'z_s in the row. A row on integer owned variables alone is scaled, so that its smallest coefficient is 1 and solvers'
absolute tolerances lie far below one scenario; where scenarios weigh the same and g is integer its side is rounded to a whole number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack

from ..models.order_statistics import allowed_count
from .matrices import Array, ScenarioData, Stage, StageData

ANYONE = "*"
"""The owner that stands for a scenario's own."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Columns of a first stage: ``common`` to all scenarios, and ``own`` of each."""

    common: NDArray[np.intp]
    own: NDArray[np.intp]


def split(first: Stage, owned: Sequence[str]) -> Split:
    """Return which first-stage columns are owned: those of variables named in ``owned``, of owner ``"*"``."""
    mine = np.array([n.partition("[")[0] in owned and n.partition("[")[2].startswith(ANYONE) for n in first.names], dtype=bool)
    return Split(np.flatnonzero(~mine), np.flatnonzero(mine))


def own_name(name: str, owner: str) -> str:
    """Return the name of ``owner``'s copy of an owned variable, ``give_up[*,all]`` -> ``give_up[scen3,all]``."""
    return name.replace(f"[{ANYONE}", f"[{owner}", 1)


@dataclass(frozen=True, slots=True, eq=False)
class JointRows:
    """Rows of (1) with owned variables: f (r, n), g (r, o), the ``weight`` (r, S) of each scenario's g'z_s, sides (r,)."""

    rows: NDArray[np.intp]
    common: csr_array
    own: csr_array
    weight: Array
    lower: Array
    upper: Array


def joint_rows(A: csr_array, lower: Array, upper: Array, columns: Split, integer: NDArray[np.bool_], p: Array) -> JointRows:
    """Return the rows that hold owned variables, for scenarios of probabilities ``p`` (S,), scaled as the module says."""
    f, g = csr_array(A[:, columns.common]), csr_array(A[:, columns.own])
    rows = np.flatnonzero(np.diff(g.indptr))
    f, g, low, high = csr_array(f[rows]), csr_array(g[rows]), lower[rows].copy(), upper[rows].copy()
    weight = np.tile(p, (len(rows), 1))
    for i in range(len(rows)):
        mine = slice(g.indptr[i], g.indptr[i + 1])
        if f.indptr[i] < f.indptr[i + 1] or not integer[columns.own[g.indices[mine]]].all():
            continue
        scale = 1.0 / p[p > 0].min()
        weight[i] *= scale
        equal = bool((p == p[0]).all())
        whole = bool((g.data[mine] == np.round(g.data[mine])).all())
        if equal:
            weight[i] = 1.0
        for side, sign in ((low, -1), (high, 1)):
            if np.isfinite(side[i]):
                count = allowed_count(p, sign * side[i]) if equal and whole else None
                side[i] = side[i] * scale if count is None else sign * count
    return JointRows(rows, f, g, weight, low, high)


def spread(data: StageData, owned: Sequence[str]) -> StageData:
    """Return the program with a copy of the owned variables for every scenario, after the common ones."""
    columns = split(data.first, owned)
    if not len(columns.own):
        return data
    n, o, S = len(columns.common), len(columns.own), len(data.scenarios)
    blocks = _blocks(data.first, columns.own)
    place = np.empty((S, o), dtype=np.int64)  # column of scenario s's copy of owned variable k
    start = n
    for block in blocks:
        place[:, block] = start + np.arange(S * len(block)).reshape(S, len(block))
        start += S * len(block)
    joint = joint_rows(data.A, data.row_lower, data.row_upper, columns, data.first.integer, data.probabilities)
    lower, upper = data.row_lower.copy(), data.row_upper.copy()
    lower[joint.rows], upper[joint.rows] = joint.lower, joint.upper

    row, entry, value = [], [], []
    for i, k in enumerate(joint.rows.tolist()):
        mine = slice(joint.own.indptr[i], joint.own.indptr[i + 1])
        for j, g in zip(joint.own.indices[mine].tolist(), joint.own.data[mine].tolist(), strict=True):
            row.append(np.full(S, k))
            entry.append(place[:, j] - n)
            value.append(joint.weight[i] * g)
    own_part = csr_array(
        (np.concatenate([np.zeros(0), *value]), (np.concatenate([np.zeros(0, int), *row]), np.concatenate([np.zeros(0, int), *entry]))),
        shape=(data.A.shape[0], S * o),
    )
    order = np.argsort(place, axis=None, kind="stable")
    owners = np.repeat(np.arange(S), o)[order]
    of = np.tile(columns.own, S)[order]
    names = [own_name(data.first.names[j], data.scenarios[s].name) for s, j in zip(owners.tolist(), of.tolist(), strict=True)]
    both = np.concatenate([columns.common, of])
    first = Stage(
        (*(data.first.names[j] for j in columns.common), *names), data.first.lower[both], data.first.upper[both], data.first.integer[both]
    )
    free = not any(s.cost_first[columns.own].any() for s in data.scenarios)
    costs: dict[bytes, Array] = {}
    scenarios = tuple(_placed(s, columns, place[k], len(first), costs if free else None) for k, s in enumerate(data.scenarios))
    return replace(
        data,
        first=first,
        A=csr_array(hstack([data.A[:, columns.common], own_part], format="csr")),
        row_lower=lower,
        row_upper=upper,
        scenarios=scenarios,
    )


def _blocks(first: Stage, own: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Return the places among the owned columns of each owned variable, in order of appearance."""
    bases = [first.names[j].partition("[")[0] for j in own]
    return [np.flatnonzero([b == base for b in bases]) for base in dict.fromkeys(bases)]


def _placed(s: ScenarioData, columns: Split, place: NDArray[np.int64], width: int, shared: dict[bytes, Array] | None) -> ScenarioData:
    """Return scenario ``s`` with its owned columns moved to ``place`` (o,); where costs are ``shared``, equal ones are one array."""
    target = np.empty(len(columns.common) + len(columns.own), dtype=np.int64)
    target[columns.common], target[columns.own] = np.arange(len(columns.common)), place
    T = csr_array(s.T)
    moved = csr_array((T.data, target[T.indices], T.indptr), shape=(T.shape[0], width))
    moved.sort_indices()
    cost = np.zeros(width)
    cost[target] = s.cost_first
    if shared is not None:
        cost = shared.setdefault(s.cost_first.tobytes(), cost)
    return replace(s, T=moved, cost_first=cost)
