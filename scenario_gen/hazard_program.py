r"""The linear program (1) of ``reweighting``, in the form in which it is solved.

The rows of each site are differenced over its levels, so that a scenario stands in one row per site, not in all up to its intensity:

    sum_{s: a_l <= IM_si < a_l+1} w_s  -  t_l r_l  +  t_l+1 r_l+1  =  t_l - t_l+1          (t_L+1 = 0)             (2)

Row l is divided by t_l. With a penalty, w = w0 + rise - fall with 0 <= fall <= w0; its cost is that of rise + fall.
"""

from __future__ import annotations

from math import fsum

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

from ..errors import SolverError
from .weight_checks import Array


def fitted_weights(reached: NDArray[np.int64], t: Array, v: Array, total: float | None, w0: Array, penalty: float, norm: str) -> Array:
    """Return w (S,) for scenarios that reach (S, sites) of the L levels, targets t (sites, L) and importance v (sites, L).

    Columns: w / unit as given, or its rise and fall from w0; then r+ and r-; then the largest deviation.

    Raises
    ------
    SolverError
        HiGHS did not solve the program.
    """
    num, (sites, L) = len(reached), t.shape
    unit = (fsum(t[:, 0]) / sites if total is None else total) / num
    scenario, site = np.nonzero(reached)
    row = site * L + reached[scenario, site] - 1
    bins = sparse.csr_array((unit / t.ravel()[row], (row, scenario)), shape=(t.size, num))
    below = np.concatenate([t[:, 1:], np.zeros((sites, 1))], axis=1) / t  # t_l+1 / t_l: rows (2) are divided by t_l
    deviation = sparse.eye_array(t.size) - sparse.diags_array(below.ravel()[:-1], offsets=1)
    rows, right = [bins, -deviation, deviation], 1 - below.ravel()
    ends = [np.ones(num), np.zeros(2 * t.size)]
    cost = [np.zeros(num), np.tile(v.ravel() / v.sum(), 2)]
    upper = [np.full(num, np.inf), np.full(2 * t.size, np.inf)]
    start = w0 / unit
    if penalty > 0:
        each = penalty * unit / (2 * fsum(w0))
        rows, right = [bins, -bins, *rows[1:]], right - bins @ start
        ends, cost, upper = [ends[0], -ends[0], ends[1]], [np.full(2 * num, each), cost[1]], [upper[0], start, upper[1]]
    equal = [sparse.hstack(rows)]
    if total is not None:
        equal.append(sparse.csr_array(np.concatenate(ends)[None] / num))
        right = np.append(right, 0.0 if penalty > 0 else 1.0)
    A, most = sparse.vstack(equal).tocsc(), None
    c, high = np.concatenate(cost), np.concatenate(upper)
    if norm == "max":
        fitted = np.flatnonzero(v.ravel() > 0)
        scaled = sparse.csr_array((v.ravel()[fitted] / v.max(), (np.arange(len(fitted)), fitted)), shape=(len(fitted), t.size))
        before = sparse.csr_array((len(fitted), A.shape[1] - 2 * t.size))
        most = sparse.hstack([before, scaled, scaled, sparse.csr_array(-np.ones((len(fitted), 1)))]).tocsc()
        A = sparse.hstack([A, sparse.csc_array((A.shape[0], 1))]).tocsc()
        c[-2 * t.size :] = 0.0
        c, high = np.append(c, 1.0), np.append(high, np.inf)
    found = linprog(
        c,
        A_ub=most,
        b_ub=None if most is None else np.zeros(most.shape[0]),
        A_eq=A,
        b_eq=right,
        bounds=np.stack([np.zeros(len(c)), high], axis=1),
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if found.status != 0:
        raise SolverError(f"hazard-consistent weights: HiGHS stopped: {found.message}")
    return np.asarray(unit * (start + found.x[:num] - found.x[num : 2 * num] if penalty > 0 else found.x[:num]))
