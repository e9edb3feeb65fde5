r"""Cuts summed again from recorded duals.

Scenario s with a dual pi of its recourse and the weight w_s = p_s m_s of the risk measure adds to its cluster's cut

    constant  w_s (pi'h_s + b(pi) + o_s),     slope  w_s (d_s - T_s'pi),     slope in eta  -p_s e_s               (1)

with m_s = 1 - lambda + e_s and e_s = lambda / (1 - alpha) or 0 (both hold at every eta). With a transport distance, scenario s adds (1) of
any scenario t with the weight p_s, and -p_s d_st in eta. The worst case's cut is that of one scenario, with weight 1. A proof of
infeasibility gives 0 >= pi'h_s + b(pi) - (T_s'pi)'x up to a positive factor, here such that the slope has length 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..benders.problem import Group, Problem
from ..benders.risk import Risk
from ..benders.sections import FEASIBILITY, OPTIMALITY, TRUSTED, WORST
from ..matrices import Array
from .certificate import Cuts, Duals, Section
from .duals import DualCheck, GroupDuals

EQUAL = 1e-9
"""Difference between a stored and a recomputed number of a cut, relative to the terms it is a sum of."""


@dataclass(slots=True)
class Recomputed:
    """``constant`` (C,), ``slope`` (C, n1) and ``eta_slope`` (C,) by arithmetic (as stored where trusted).

    ``wrong`` says which differ, and why.
    """

    constant: Array
    slope: Array
    eta_slope: Array
    wrong: list[str] = field(default_factory=list)
    largest: float = 0.0
    charged: float = 0.0
    open: float = 0.0
    trusted: int = 0


class Recomputation:
    """Sums the cuts of a section again; what is known of the duals is kept from one section to the next.

    ``x`` is the plan, whose size tells to how many digits a constant, found at some plan, can be known.
    """

    def __init__(self, problem: Problem, risk: Risk, duals: Duals, x: Array):
        self._problem, self._risk, self._duals = problem, risk, duals
        self._reach = np.maximum(1.0, np.abs(x))
        self._groups = [GroupDuals(problem, g) for g in problem.groups]
        self._checked: list[DualCheck] = [g.check(pi) for g, pi in zip(self._groups, duals.duals, strict=True)]
        self._ends = np.cumsum([len(g) for g in problem.groups])

    def of(self, section: Section) -> Recomputed:
        """Return the section's cuts by arithmetic."""
        cuts = section.cuts
        out = Recomputed(cuts.constant.copy(), cuts.slope.copy(), cuts.eta_slope.copy())
        for checked in self._checked:
            out.charged, out.open = max(out.charged, checked.charged), max(out.open, checked.open)
        summed = np.flatnonzero(cuts.kind == OPTIMALITY)
        for record, move in np.unique(np.column_stack([cuts.record, cuts.move])[summed], axis=0).tolist():
            chosen = summed[(cuts.record[summed] == record) & (cuts.move[summed] == move)]
            self._optimality(section, chosen, record, move, out)
        for k in np.flatnonzero(cuts.kind == WORST).tolist():
            self._worst(cuts, k, out)
        for k in np.flatnonzero(cuts.kind == FEASIBILITY).tolist():
            self._feasibility(cuts, k, out)
        out.trusted = int((cuts.kind == TRUSTED).sum())
        return out

    def _weights(self, section: Section, record: int, move: int) -> tuple[csr_array, Array]:
        """Return with what weight each cluster's cut counts each scenario's dual (K, S), and its slope in eta (K,)."""
        p, of = self._problem.probabilities, section.clusters
        count = int(of.max()) + 1
        inside = np.flatnonzero(of >= 0)
        if move >= 0 and self._risk.ball is not None:
            counted = section.cuts.moves[move]
            weights, eta = p, p * self._risk.ball.metric.moved(counted)
        else:
            counted = np.arange(len(p))
            excess = np.where(self._duals.excess[record], self._risk.tail, 0.0)
            weights, eta = p * (1.0 - self._risk.weight + excess), p * excess
        matrix = csr_array((weights[inside], (of[inside], counted[inside])), shape=(count, len(p)))
        return matrix, np.bincount(of[inside], weights=-eta[inside], minlength=count).astype(float)

    def _optimality(self, section: Section, chosen: NDArray[np.intp], record: int, move: int, out: Recomputed) -> None:
        """Recompute cuts ``chosen`` of evaluation ``record`` by (1), block by block."""
        problem, n1 = self._problem, len(self._problem.first)
        weights, eta = self._weights(section, record, move)
        count = len(eta)
        total, size = np.zeros((count, 2 + n1)), np.zeros((count, 2 + n1))
        total[:, 1] = eta
        broken = np.zeros(count, dtype=np.int64)
        for block in problem.blocks():
            ids = self._duals.ids[record, block.span]
            checked, group = self._checked[block.group], problem.groups[block.group]
            valid = (ids >= 0) & (checked.valid[ids] if len(checked.valid) else False)
            own = weights[:, block.span]
            present = np.flatnonzero(np.diff(own.indptr))
            broken[present] += np.asarray((own[present] != 0) @ (~valid).astype(np.int64))
            safe = np.where(valid, ids, 0)
            if not valid.any() or not len(present):
                continue
            share = np.where(valid, own[present].toarray(), 0.0)
            pi = self._duals.duals[block.group][safe]
            parts = _parts(
                group, pi, checked.b[safe], checked.size[safe], np.asarray(group.xi[block.start : block.stop]), share, block.start
            )
            total[present, 0] += parts[0]
            size[present, 0] += parts[1]
            total[present, 2:] += parts[2]
            size[present, 2:] += parts[3]
        for k in chosen.tolist():
            clusters = section.cuts.clusters[k]
            if broken[clusters].any():
                out.wrong.append(f"cut {k} of {section.name}: {int(broken[clusters].sum())} scenarios without a valid dual")
                continue
            self._compare(section.cuts, k, total[clusters].sum(axis=0), size[clusters].sum(axis=0), out)

    def _worst(self, cuts: Cuts, k: int, out: Recomputed) -> None:
        s, record = int(cuts.scenario[k]), int(cuts.record[k])
        g, local = self._place(s)
        number = int(self._duals.ids[record, s])
        checked = self._checked[g]
        if number < 0 or not checked.valid[number] or not self._risk.worst:
            out.wrong.append(f"cut {k}: scenario {s} has no valid dual")
            return
        group = self._problem.groups[g]
        pi = self._duals.duals[g][number : number + 1]
        xi = np.asarray(group.xi[local : local + 1])
        constant, size, slope, slope_size = _parts(group, pi, checked.b[[number]], checked.size[[number]], xi, np.ones((1, 1)), local)
        self._compare(cuts, k, np.concatenate([constant, [0.0], slope[0]]), np.concatenate([size, [0.0], slope_size[0]]), out)

    def _feasibility(self, cuts: Cuts, k: int, out: Recomputed) -> None:
        s = int(cuts.scenario[k])
        g, local = self._place(s)
        group = self._problem.groups[g]
        pi = cuts.rays[int(cuts.record[k])][None, : len(group.sense)]
        checked = self._groups[g].check(pi, farkas=True)
        out.charged, out.open = max(out.charged, checked.charged), max(out.open, checked.open)
        if not checked.valid[0]:
            out.wrong.append(f"feasibility cut {k}: its dual proves nothing (row signs, or a reduced cost against an infinite bound)")
            return
        h = group.rhs_0 + group.rhs_xi @ group.xi[local]
        T = group.scenario_matrix(group.xi[local])
        slope, slope_size = -(T.T @ pi[0]), abs(T).T @ np.abs(pi[0])
        length = float(np.linalg.norm(slope)) or 1.0
        constant, size = float(pi[0] @ h + checked.b[0]), float(np.abs(pi[0]) @ np.abs(h) + checked.size[0])
        computed, sizes = np.concatenate([[constant, 0.0], slope]) / length, np.concatenate([[size, 0.0], slope_size]) / length
        self._compare(cuts, k, computed, sizes, out, tolerance=1e-7)

    def _place(self, s: int) -> tuple[int, int]:
        g = int(np.searchsorted(self._ends, s, side="right"))
        return g, s - (int(self._ends[g - 1]) if g else 0)

    def _compare(self, cuts: Cuts, k: int, computed: Array, size: Array, out: Recomputed, tolerance: float = EQUAL) -> None:
        """Put the computed cut in place of the stored one, which must be the same."""
        stored = np.concatenate([[cuts.constant[k], cuts.eta_slope[k]], cuts.slope[k]])
        scale = np.maximum(size, np.abs(computed)) + 1e-12
        scale[0] += float(size[2:] @ self._reach)
        off = np.abs(stored - computed) / scale
        out.largest = max(out.largest, float(off.max()))
        out.constant[k], out.eta_slope[k], out.slope[k] = computed[0], computed[1], computed[2:]
        if off.max() > tolerance:
            i = int(off.argmax())
            what = ("constant", "slope in eta")[i] if i < 2 else f"slope in {self._problem.first.names[i - 2]}"
            out.wrong.append(f"cut {k}: {what} is {stored[i]:.10g}, its duals give {computed[i]:.10g}")


def _parts(group: Group, pi: Array, b: Array, size: Array, xi: Array, share: Array, start: int) -> tuple[Array, Array, Array, Array]:
    """Return constants (K,), the size of their terms (K,), slopes (K, n1) and their terms' size, summed with weights ``share`` (K, B)."""
    h = group.rhs_0 + np.asarray((group.rhs_xi @ xi.T).T)
    offset = group.offset[start : start + len(pi)]
    values = np.einsum("sm,sm->s", pi, h) + b + offset
    sizes = np.einsum("sm,sm->s", np.abs(pi), np.abs(h)) + size + np.abs(offset)
    e = group.T_entries
    n1 = group.T_0.shape[1]
    slopes = -np.asarray((group.T_0.T @ (share @ pi).T).T)
    slope_sizes = np.asarray((abs(group.T_0).T @ (share @ np.abs(pi)).T).T)
    if len(e):
        random = pi[:, e.row] * xi[:, e.component] * e.coefficient
        for k in range(len(share)):
            if share[k].any():
                slopes[k] -= np.bincount(e.column, weights=share[k] @ random, minlength=n1)
                slope_sizes[k] += np.bincount(e.column, weights=share[k] @ np.abs(random), minlength=n1)
    if group.cost_first is not None:
        deviation = group.cost_first[start : start + len(pi)]
        slopes = slopes + share @ deviation
        slope_sizes = slope_sizes + share @ abs(deviation)
    return share @ values, share @ sizes, slopes, slope_sizes
