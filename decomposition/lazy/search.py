"""The exact recourse of a plan where rows are generated: each scenario is solved, recomputed and cut until its decision is allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.sparse import csr_array, vstack

from ...solvers import Backend, LinearProgram, Termination
from ..matrices import Array, ScenarioData, StageData
from .protocol import Lazy

EXACT = 1e-9
"""Relative gap of the decisions that are kept."""


@dataclass(slots=True)
class Searched:
    """``costs`` (S,) in minimisation form, or ``None`` if a scenario has no recourse or time ran out; the rows that were found."""

    costs: Array | None
    rows: dict[Any, frozenset[int]] = field(default_factory=dict)


def search(
    lazy: Lazy,
    data: StageData,
    backend: Backend,
    x: Array,
    out_of_time: Callable[[], bool],
    tell: Callable[[int], None] | None = None,
    *,
    exact: bool = True,
) -> Searched:
    """Return the costs of plan ``x`` with allowed decisions; ``data`` holds the rows there are, ``tell(k)`` is called before each scenario.

    Every scenario's decision is the cheapest one that ``lazy`` allows: rows are valid, and the decisions they leave are checked. Where they
    need not be ``exact``, decisions within ``lazy.gap`` of the cheapest do.
    """
    found = Searched(np.empty(len(data.scenarios)))
    own: dict[int, list[Any]] = {}
    first = dict(zip(data.first.names, x.tolist(), strict=True))
    for k, s in enumerate(data.scenarios):
        if tell is not None:
            tell(k)
        gap = lazy.gap
        while True:
            if out_of_time():
                return Searched(None, found.rows)
            y = _recourse(s, first, own.get(k, []), backend, x, gap)
            if y is None:
                return Searched(None, found.rows)
            y = np.where(s.stage.integer, np.round(y), y)
            values = first | dict(zip(s.stage.names, y.tolist(), strict=True))
            rows = lazy.violated(k, values)
            if not rows and (gap <= EXACT or not exact or not s.stage.integer.any()):
                break
            if not rows:
                gap = EXACT
            add(found.rows, rows)
            for row, scenarios in rows.items():
                for other in scenarios:
                    own.setdefault(other, []).append(row)
        assert found.costs is not None
        found.costs[k] = s.cost_first @ x + s.offset + s.cost @ y
    return found


def add(to: dict[Any, frozenset[int]], rows: Mapping[Any, frozenset[int]]) -> None:
    """Join rows into a mapping."""
    for row, scenarios in rows.items():
        to[row] = to.get(row, frozenset()) | scenarios


def _recourse(s: ScenarioData, first: Mapping[str, float], rows: list[Any], backend: Backend, x: Array, gap: float) -> Array | None:
    """Return an optimum of a scenario at ``x``, whose values by name are ``first``, with more rows; ``None`` if there is none."""
    second = {name: j for j, name in enumerate(s.stage.names)}
    shift = s.T @ x
    matrix, lower = s.W, s.row_lower - shift
    if rows:
        entries = [(i, second[name], c) for i, row in enumerate(rows) for name, c in row.coefficients.items() if name in second]
        at = np.array([e[:2] for e in entries], dtype=int).reshape(-1, 2).T
        more = csr_array((np.array([e[2] for e in entries]), (at[0], at[1])), shape=(len(rows), len(second)))
        taken = [sum(c * first[name] for name, c in row.coefficients.items() if name in first) for row in rows]
        matrix = csr_array(vstack([s.W, more], format="csr"))
        lower = np.concatenate([lower, [row.lower - t for row, t in zip(rows, taken, strict=True)]])
    upper = np.concatenate([s.row_upper - shift, np.full(len(rows), np.inf)])
    problem = LinearProgram(s.cost, matrix, lower, upper, s.stage.lower, s.stage.upper, s.stage.integer)
    found = backend.open(problem).solve({"rel_gap": gap} if s.stage.integer.any() else None)
    return found.x if found.termination is Termination.OPTIMAL else None
