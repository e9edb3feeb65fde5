"""What a scenario's recourse can do without: variables that never help, and rows that always hold.

A variable of cost c >= 0 whose increase from its lower bound helps no row stays there in some optimum, for every first stage. Rows that
hold for all values within the bounds of both stages are left out. With an optimum of what is left goes one of the whole.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..matrices import Array, ScenarioData, Stage, StageData

HOLDS = 1e-9
"""A row holds always if its least (or largest) activity keeps its side to this, relative to max(1, |side|)."""


def without_idle(data: StageData) -> StageData:
    """Return ``data`` with its scenarios reduced; those without integers, on whose common matrices much depends, as they are."""
    return replace(data, scenarios=tuple(reduced(s, data.first) if s.stage.integer.any() else s for s in data.scenarios))


def reduced(s: ScenarioData, first: Stage) -> ScenarioData:
    """Return a scenario without the rows that always hold and the variables that never help."""
    return _without_rows(_without_variables(_without_rows(s, first)), first)


def _without_variables(s: ScenarioData) -> ScenarioData:
    W = csr_array(s.W)
    W.eliminate_zeros()
    stays = _never_helps(s, W)
    at = np.where(stays, s.stage.lower, 0.0)
    shift = W @ at
    kept = np.flatnonzero(~stays)
    return replace(
        s,
        cost=s.cost[kept],
        offset=s.offset + float(s.cost @ at),
        W=csr_array(W[:, kept]),
        row_lower=s.row_lower - shift,
        row_upper=s.row_upper - shift,
        stage=Stage(tuple(s.stage.names[j] for j in kept), s.stage.lower[kept], s.stage.upper[kept], s.stage.integer[kept]),
    )


def _without_rows(s: ScenarioData, first: Stage) -> ScenarioData:
    T, W = csr_array(s.T), csr_array(s.W)
    of_first, of_second = _activity(T, first.lower, first.upper), _activity(W, s.stage.lower, s.stage.upper)
    least, most = of_first[0] + of_second[0], of_first[1] + of_second[1]
    slack = [HOLDS * np.maximum(1.0, np.abs(np.where(np.isfinite(side), side, 0.0))) for side in (s.row_lower, s.row_upper)]
    rows = np.flatnonzero((least < s.row_lower - slack[0]) | (most > s.row_upper + slack[1]))
    names = tuple(s.row_names[i] for i in rows)
    return replace(s, T=csr_array(T[rows]), W=csr_array(W[rows]), row_lower=s.row_lower[rows], row_upper=s.row_upper[rows], row_names=names)


def _never_helps(s: ScenarioData, W: csr_array) -> NDArray[np.bool_]:
    """Return which variables stay at their lower bounds (n2,)."""
    rows = np.repeat(np.arange(W.shape[0]), np.diff(W.indptr))
    raises_needed = np.isfinite(s.row_lower)[rows] & (W.data > 0)
    lowers_needed = np.isfinite(s.row_upper)[rows] & (W.data < 0)
    helps = np.zeros(W.shape[1], dtype=bool)
    helps[W.indices[raises_needed | lowers_needed]] = True
    return np.asarray(~helps & (s.cost >= 0) & np.isfinite(s.stage.lower))


def _activity(matrix: csr_array, lower: Array, upper: Array) -> tuple[Array, Array]:
    """Return the least and the largest value of each row within bounds."""
    up, down = matrix.maximum(0), matrix.minimum(0)
    return _product(up, lower) + _product(down, upper), _product(up, upper) + _product(down, lower)


def _product(matrix: csr_array, v: Array) -> Array:
    """Return matrix @ v, where v may be infinite: zeros of the matrix do not count."""
    finite = np.where(np.isfinite(v), v, 0.0)
    out = np.asarray(matrix @ finite)
    for sign in (1.0, -1.0):
        endless = np.flatnonzero(v == sign * np.inf)
        if len(endless):
            weight = np.asarray(csr_array(matrix[:, endless]).sum(axis=1)).ravel()
            out = np.where(weight > 0, sign * np.inf, np.where(weight < 0, -sign * np.inf, out))
    return out
