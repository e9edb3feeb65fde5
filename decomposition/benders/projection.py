"""The projection of a plan on a level set of the master's model, in a norm that makes it an LP."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array, hstack, vstack

from ...solvers import LinearProgram, Termination
from ..matrices import Array
from .master import Master


def project(master: Master, x: Array, eta: float | None, level: float, *, infinity: bool) -> tuple[Array, float | None] | None:
    """Return the point of {model <= level} nearest to (x, eta), by 1- or infinity-norm weighted with 1 / max(1, |x_j|), if there is any."""
    program = master.program(integer=False, boxed=True)
    center = x if eta is None else np.append(x, eta)
    k, n = len(center), len(program.cost)
    extra = 1 if infinity else k
    weight, units = 1.0 / np.maximum(1.0, np.abs(center)), master.left_units
    point = csr_array((weight * units, (np.arange(k), np.arange(k))), shape=(k, n))
    distance = csr_array(np.ones((k, 1)) if infinity else np.eye(k))
    blocks = [
        [program.matrix, csr_array((program.matrix.shape[0], extra))],
        [csr_array(program.cost[None, :]), csr_array((1, extra))],
        [point, distance],
        [point, -distance],
    ]
    free = np.full(k, np.inf)
    model = master.backend.open(
        LinearProgram(
            cost=np.concatenate([np.zeros(n), np.ones(extra)]),
            matrix=csr_array(vstack([hstack(row) for row in blocks], format="csr")),
            row_lower=np.concatenate([program.row_lower, [-np.inf], weight * center, -free]),
            row_upper=np.concatenate([program.row_upper, [master.in_units(level)], free, weight * center]),
            lower=np.concatenate([program.lower, np.zeros(extra)]),
            upper=np.concatenate([program.upper, np.full(extra, np.inf)]),
            integer=np.zeros(n + extra, dtype=bool),
        )
    )
    with master.in_solver():
        found = model.solve({"threads": 1})
    if found.termination is not Termination.OPTIMAL or found.x is None:
        return None
    nearest = found.x[:k] * units
    return nearest[: len(x)], None if eta is None else float(nearest[len(x)])
