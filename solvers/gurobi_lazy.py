"""Lazy rows in one Gurobi tree."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InputError
from .gurobi_model import GurobiModel, reporter
from .gurobi_rows import one_sided, ranged
from .linear import Array, Progress, Separate, Solution, SolverModel


def solve_lazy(
    model: SolverModel,
    separate: Separate,
    *,
    options: dict[str, Any] | None = None,
    progress: Progress | None = None,
    separate_fractional: Separate | None = None,
    every: int = 0,
) -> Solution:
    """See :class:`~quakeops.solvers.linear.LazySolver`.

    Raises
    ------
    InputError
        ``model`` is not a Gurobi model of a MIP (Gurobi makes no callbacks in an LP), or a separated row has two different sides.
    """
    from gurobipy import GRB

    if not isinstance(model, GurobiModel) or not model.problem.is_mip:
        raise InputError("lazy rows need a Gurobi model with an integer variable")
    report = None if progress is None else reporter(progress)
    columns, at, due = model.columns, GRB.Callback, 0.0

    def callback(grb: Any, where: int) -> None:
        nonlocal due
        if where == at.MIPSOL:
            _add(grb, columns, separate, grb.cbGetSolution(columns))
        elif where == at.MIPNODE and separate_fractional is not None and grb.cbGet(at.MIPNODE_STATUS) == GRB.OPTIMAL:
            nodes = grb.cbGet(at.MIPNODE_NODCNT)
            if nodes == 0 or (every and nodes >= due):
                due = nodes + every
                _add(grb, columns, separate_fractional, grb.cbGetNodeRel(columns))
        elif report is not None:
            report(grb, where)

    return model.run(options, callback, lazy=True)


def _add(grb: Any, columns: Any, separate: Separate, x: Array) -> None:
    rows = separate(x)
    if rows is None or not rows[0].shape[0]:
        return
    matrix, lower, upper = rows
    if np.any(ranged(lower, upper)):
        raise InputError("a lazy row has two different finite sides; split it into two rows")
    senses, sides = one_sided(lower, upper)
    for sense in np.unique(senses):
        these = np.flatnonzero(senses == sense)
        activity = matrix[these] @ columns
        grb.cbLazy(activity <= sides[these] if sense == "<" else activity >= sides[these] if sense == ">" else activity == sides[these])
