r"""Recorded duals: row signs, reduced costs, and the part of a dual's value that variable bounds give.

    b(pi) = sum_j min(l_j r_j, u_j r_j),     r = q - W'pi     (q = 0 for a proof of infeasibility)               (1)

A reduced cost against an infinite bound must be zero. Up to ``ROUNDING`` it counts as that. Beyond, it is charged with the bound that the
recourse rows imply for all scenarios and plans, which lowers b; if they imply none, it is reported up to ``SOLVER``, and above that the
dual proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..benders.problem import Group, Problem
from ..benders.recourse_lps import row_bounds
from ..matrices import Array
from .implied import implied_bounds

ROUNDING, SOLVER = 1e-10, 1e-6
"""Reduced costs relative to the largest of 1, |q| and |pi|: what arithmetic rounds, and what solvers leave."""


@dataclass(slots=True)
class DualCheck:
    """Duals (D, m) of one group: b (D,) of (1), the size of its terms (D,), which are ``valid`` (D,), and what was met on the way."""

    b: Array
    size: Array
    valid: NDArray[np.bool_]
    charged: float
    open: float


class GroupDuals:
    """Checks duals of one group; the implied bounds are computed when they are first needed."""

    def __init__(self, problem: Problem, group: Group):
        self._problem, self._group = problem, group
        self._implied: tuple[Array, Array] | None = None

    def check(self, pi: Array, *, farkas: bool = False) -> DualCheck:
        """Check duals ``pi`` (D, m), of the recourse or (``farkas``) of its infeasibility."""
        group = self._group
        cost = np.zeros_like(group.cost) if farkas else group.cost
        signs = ((group.sense != -1) | (pi >= 0)).all(axis=1) & ((group.sense != 1) | (pi <= 0)).all(axis=1)
        reduced = cost - np.asarray((group.W.T @ pi.T).T)
        scale = np.maximum(1.0, np.maximum(np.abs(cost).max(initial=0.0), np.abs(pi).max(axis=1, initial=0.0)))
        side = np.where(reduced > 0, group.second.lower, group.second.upper)
        against = np.isinf(side) & (np.abs(reduced) > ROUNDING * scale[:, None])
        charge = np.zeros_like(reduced)
        missing = against
        if against.any():
            low, high = self.implied()
            other = np.where(reduced > 0, low, high)
            charge = np.where(against & np.isfinite(other), reduced * np.where(np.isfinite(other), other, 0.0), 0.0)
            missing = against & np.isinf(other)
        relative = np.where(missing, np.abs(reduced), 0.0).max(axis=1, initial=0.0) / scale
        terms = reduced * np.where(np.isfinite(side), side, 0.0) + charge
        charged = float(np.abs(charge).sum(axis=1).max(initial=0.0))
        valid = signs & (relative <= SOLVER)
        return DualCheck(terms.sum(axis=1), np.abs(terms).sum(axis=1), valid, charged, float(relative.max(initial=0.0)))

    def implied(self) -> tuple[Array, Array]:
        """Return bounds (n2,) of the recourse variables that hold in every scenario of the group at every plan."""
        if self._implied is None:
            problem, group = self._problem, self._group
            box = implied_bounds(problem.A, problem.row_lower, problem.row_upper, problem.first.lower, problem.first.upper)
            low, high = np.full(len(group.sense), np.inf), np.full(len(group.sense), -np.inf)
            for start in range(0, len(group), 256):
                xi = np.asarray(group.xi[start : start + 256])
                least, most = _sides(group, xi, box)
                low, high = np.minimum(low, least.min(axis=0)), np.maximum(high, most.max(axis=0))
            (row_low, _), (_, row_high) = row_bounds(group, low), row_bounds(group, high)
            self._implied = implied_bounds(group.W, row_low, row_high, group.second.lower, group.second.upper)
        return self._implied


def _sides(group: Group, xi: Array, box: tuple[Array, Array]) -> tuple[Array, Array]:
    """Return the least and largest h_s - T_s x (B, m) over plans in ``box``."""
    h = group.rhs_0 + np.asarray((group.rhs_xi @ xi.T).T)
    fixed = group.T_0.tocoo()
    row, col = fixed.coords
    entries = group.T_entries
    parts = [_products(-fixed.data, box, col), _products(-entries.coefficient * xi[:, entries.component], box, entries.column)]
    out = []
    for side in (0, 1):
        total = h + np.bincount(row, weights=parts[0][side], minlength=h.shape[1])
        for k in range(len(xi)) if len(entries) else ():
            total[k] += np.bincount(entries.row, weights=parts[1][side][k], minlength=h.shape[1])
        out.append(total)
    return out[0], out[1]


def _products(a: Array, box: tuple[Array, Array], col: NDArray[np.integer]) -> tuple[Array, Array]:
    """Return the least and the largest a x over x in ``box``, entry by entry; 0 times an infinite bound is 0."""
    ends = [np.where(a == 0, 0.0, a * np.where((a == 0) & np.isinf(side[col]), 0.0, side[col])) for side in box]
    return np.minimum(*ends), np.maximum(*ends)
