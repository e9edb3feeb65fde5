"""Subproblems for mpi-sppy: bundles of scenarios, written back from the compiled arrays as small Pyomo models.

Every subproblem minimises, has all its nonanticipative variables in some row, and a name that ends in a number, whatever the module
that the arrays came from: what mpi-sppy needs and foreign modules may lack.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr import LinearExpression
from scipy.sparse import block_diag, csr_array, hstack, vstack

from ...models.protocol import attach_first_stage
from ..matrices import Array, ScenarioData, Stage, StageData


def bundle(data: StageData, count: int | None) -> StageData:
    """Join the scenarios into ``count`` bundles of consecutive ones (``None``: leave them alone).

    A bundle is a scenario whose probability is the sum P of its members', with costs sum_s (p_s / P) (c_s, q_s) and stacked rows.
    """
    if count is None or count >= len(data.scenarios):
        return data
    groups = np.array_split(np.arange(len(data.scenarios)), count)
    return replace(data, scenarios=tuple(_join([data.scenarios[k] for k in group], i) for i, group in enumerate(groups)))


def _join(members: list[ScenarioData], number: int) -> ScenarioData:
    total = sum(s.probability for s in members)
    share = [s.probability / total if total > 0 else 1 / len(members) for s in members]

    def joined(parts: list[Array]) -> Array:
        return np.concatenate(parts)

    stage = Stage(
        tuple(f"{s.name}.{n}" for s in members for n in s.stage.names),
        joined([s.stage.lower for s in members]),
        joined([s.stage.upper for s in members]),
        np.concatenate([s.stage.integer for s in members]),
    )
    return ScenarioData(
        name=f"bundle{number}",
        probability=total,
        cost_first=np.sum([w * s.cost_first for w, s in zip(share, members, strict=True)], axis=0),
        cost=joined([w * s.cost for w, s in zip(share, members, strict=True)]),
        offset=float(sum(w * s.offset for w, s in zip(share, members, strict=True))),
        T=csr_array(vstack([s.T for s in members])),
        W=csr_array(block_diag([s.W for s in members], format="csr")),
        row_lower=joined([s.row_lower for s in members]),
        row_upper=joined([s.row_upper for s in members]),
        row_names=tuple(f"{s.name}.{n}" for s in members for n in s.row_names),
        stage=stage,
    )


def pyomo_model(data: StageData, k: int) -> pyo.ConcreteModel:
    """Return subproblem ``k`` as an annotated Pyomo model: ``x`` (nonanticipative), ``y``, ``rows``, ``cost``."""
    s = data.scenarios[k]
    m = pyo.ConcreteModel(f"sub{k}")
    m.x = _variables(data.first)
    m.y = _variables(s.stage)
    m.rows = pyo.ConstraintList()
    x, y = list(m.x.values()), list(m.y.values())
    _add_rows(m.rows, data.A, x, data.row_lower, data.row_upper)
    both = csr_array(hstack([s.T, s.W], format="csr"))
    _add_rows(m.rows, both, [*x, *y], s.row_lower, s.row_upper)
    used = np.zeros(len(x), dtype=bool)
    used[data.A.indices] = True
    used[s.T.indices] = True
    for j in np.flatnonzero(~used):  # mpi-sppy rejects a nonanticipative variable that no row mentions
        low = data.first.lower[j] if np.isfinite(data.first.lower[j]) else None
        high = data.first.upper[j] if np.isfinite(data.first.upper[j]) else None
        m.rows.add((low, x[j], high) if (low, high) != (None, None) else (None, x[j] - x[j], 0))
    m.first_stage_cost = pyo.Expression(expr=LinearExpression(linear_coefs=s.cost_first.tolist(), linear_vars=x))
    second = LinearExpression(constant=s.offset, linear_coefs=s.cost.tolist(), linear_vars=y)
    m.cost = pyo.Objective(expr=m.first_stage_cost + second)
    attach_first_stage(m, m.first_stage_cost, [m.x], s.probability)
    return m


def _variables(stage: Stage) -> pyo.Var:
    def bounds(_: pyo.ConcreteModel, j: int) -> tuple[float | None, float | None]:
        low, high = float(stage.lower[j]), float(stage.upper[j])
        return (low if np.isfinite(low) else None, high if np.isfinite(high) else None)

    def domain(_: pyo.ConcreteModel, j: int) -> pyo.Set:
        if not stage.integer[j]:
            return pyo.Reals
        return pyo.Binary if stage.lower[j] >= 0 and stage.upper[j] <= 1 else pyo.Integers

    return pyo.Var(range(len(stage)), bounds=bounds, within=domain)


def _add_rows(rows: pyo.ConstraintList, matrix: csr_array, variables: list[pyo.Var], lower: Array, upper: Array) -> None:
    for i in range(matrix.shape[0]):
        span = slice(matrix.indptr[i], matrix.indptr[i + 1])
        body = LinearExpression(linear_coefs=matrix.data[span].tolist(), linear_vars=[variables[j] for j in matrix.indices[span]])
        low, high = float(lower[i]), float(upper[i])
        if low == high:
            rows.add(body == low)
        elif np.isfinite(low) or np.isfinite(high):
            rows.add((low if np.isfinite(low) else None, body, high if np.isfinite(high) else None))
