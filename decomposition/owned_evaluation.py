r"""A plan on scenarios it was not made for, where scenarios own variables: each scenario chooses its own.

    first   min sum_j z_j   s.t. (x, z, y) has recourse in s,      then   min cost   at that sum                     (1)

that is, a scenario is given up only if it must be. What is required of all scenarios together is then an outcome, not a condition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.sparse import csr_array, hstack, vstack

from ..errors import NoSolutionError
from ..result import Result
from ..solvers import Backend, LinearProgram
from .matrices import Array, ScenarioData, StageData
from .owned import Split, own_name, split
from .program import Program

KEPT = 1e-7
"""How far the sum of (1) may rise in the second step."""


def without_joint_rows(data: StageData, owned: Sequence[str]) -> StageData:
    """Return spread data with the first-stage rows that hold owned variables left open."""
    own = np.flatnonzero([name.partition("[")[0] in owned for name in data.first.names])
    joint = np.flatnonzero(np.diff(csr_array(data.A[:, own]).indptr))
    lower, upper = data.row_lower.copy(), data.row_upper.copy()
    lower[joint], upper[joint] = -np.inf, np.inf
    return replace(data, row_lower=lower, row_upper=upper)


def with_own_choice(result: Result, program: Program, anonymous: StageData, backend: Backend) -> Result:
    """Return ``result`` with its common plan and, for every scenario of ``program``, the owned variables of (1).

    ``anonymous`` are the program's matrices with one owner's variables.

    Raises
    ------
    NoSolutionError
        A scenario has no recourse whatever its own variables; it is named.
    """
    columns = split(anonymous.first, program.owned)
    names = anonymous.first.names
    plan: dict[str, float] = {names[j]: float(result.first_stage[names[j]]) for j in columns.common}
    x = np.array([plan[names[j]] for j in columns.common])
    for s in anonymous.scenarios:
        z = _chosen(anonymous, columns, s, x, backend)
        if z is None:
            raise NoSolutionError(f"the plan has no feasible recourse in scenario {s.name!r}, whatever is given up there")
        plan |= {own_name(names[j], s.name): float(v) for j, v in zip(columns.own.tolist(), z, strict=True)}
    return replace(result, first_stage=plan)


def _chosen(data: StageData, columns: Split, s: ScenarioData, x: Array, backend: Backend) -> Array | None:
    """Return the owned variables (o,) of (1) in scenario ``s``."""
    o, first = len(columns.own), data.first
    shift = s.T[:, columns.common] @ x
    total = csr_array(np.concatenate([np.ones(o), np.zeros(len(s.stage))])[None, :])
    rows = csr_array(vstack([hstack([s.T[:, columns.own], s.W]), total], format="csr"))
    own_integer = first.integer[columns.own]
    problem = LinearProgram(
        cost=np.concatenate([np.ones(o), np.zeros(len(s.stage))]),
        matrix=rows,
        row_lower=np.append(s.row_lower - shift, -np.inf),
        row_upper=np.append(s.row_upper - shift, np.inf),
        lower=np.concatenate([first.lower[columns.own], s.stage.lower]),
        upper=np.concatenate([first.upper[columns.own], s.stage.upper]),
        integer=np.concatenate([own_integer, s.stage.integer]),
    )
    options: dict[str, Any] = {"rel_gap": 1e-9} if problem.is_mip else {}
    model = backend.open(problem)
    fewest = model.solve(options)
    if fewest.objective is None or fewest.x is None:
        return None
    most = fewest.objective if own_integer.all() else fewest.objective * (1 + KEPT)
    model.set_row_bounds(problem.row_lower, np.append(problem.row_upper[:-1], most + KEPT))
    model.set_cost(np.concatenate([s.cost_first[columns.own], s.cost]))
    best = model.solve(options)
    z = np.asarray((fewest if best.x is None else best).x)[:o]
    return np.where(own_integer, np.round(z), np.maximum(z, first.lower[columns.own]))
