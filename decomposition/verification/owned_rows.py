r"""The rows of a chance decomposition's bound, by arithmetic.

Value rows are summed again from the scenarios' duals, with slopes in the owned variables; of a ray, what every scenario says in its
direction is computed again,

    alpha'x >= r_s - c_s'z_s,   r_s = rho'h_s + b(rho) - max over the bounds of x of (T_s'rho - alpha)'x          (1)

with the quantile that holds whatever is given up, and a mixing inequality from its chain alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from ...errors import InputError
from ..chance.certificate import KINDS, TRIVIAL
from ..chance.problem import ChanceProblem
from ..chance.rows import FEASIBILITY, STAR, VALUE
from ..matrices import Array
from ..packing import unpack
from .duals import GroupDuals

EQUAL = 1e-6
"""A stored number of a row, and the bound, may differ from what arithmetic gives by this, relative to their terms."""

Rows = tuple[Array, csr_array, csr_array, NDArray[np.int64]]


class OwnedRows:
    """Rows by arithmetic on the problem's data and the certificate's duals."""

    def __init__(self, chance: ChanceProblem, data: Mapping[str, Any]):
        problem = chance.owned.problem
        self.chance, self.groups = chance, [GroupDuals(problem, g) for g in problem.groups]
        S = len(chance.p)
        self.ids = unpack(data.get("ids"), "certificate.bound.ids", np.int64, (None, S))
        self.clusters = unpack(data.get("clusters"), "certificate.bound.clusters", np.int64, (S,))
        given = data.get("duals")
        if not isinstance(given, list) or len(given) != len(problem.groups):
            raise InputError(f"certificate.bound.duals: expected a list of {len(problem.groups)} arrays")
        self.duals = [
            unpack(d, f"certificate.bound.duals[{g}]", float, (None, len(group.sense)))
            for g, (d, group) in enumerate(zip(given, problem.groups, strict=True))
        ]

    def rows(self, section: Mapping[str, Any], name: str) -> tuple[Rows, list[str], float]:
        """Return constants (C,), slopes (C, n), weights (C, S o), kinds; what is wrong; the largest relative difference to those stored."""
        where = f"certificate.bound.{name}"

        def array(field: str, dtype: type, *shape: int | None) -> NDArray[Any]:
            return unpack(section.get(field), f"{where}.{field}", dtype, shape)

        n, num_z = len(self.chance.common), self.chance.num_z
        kind = array("kind", np.int64, None)
        count = len(kind)
        record, cluster = array("record", np.int64, count), array("cluster", np.int64, count)
        chains = np.split(array("chain", np.int64, None), array("chain_end", np.int64, count)[:-1])
        ends = array("places_end", np.int64, count)
        stored = array("constant", float, count), array("slope", float, count, n)
        own = csr_array((array("weights", float, None), array("places", np.int64, None), np.concatenate([[0], ends])), shape=(count, num_z))
        rays = [
            (unpack(r, f"{where}.rays[{i}]", float, (None,)), int(g), unpack(a, f"{where}.ray_slope[{i}]", float, (n,)))
            for i, (r, g, a) in enumerate(zip(section["rays"], section["ray_group"], section["ray_slope"], strict=True))
        ]
        directions = [self._direction(ray, g, alpha) for ray, g, alpha in rays]
        constant, slope, weights, wrong = np.zeros(count), np.zeros((count, n)), [], []
        names = {v: k for k, v in KINDS.items()}
        for i in range(count):
            if names.get(int(kind[i])) == VALUE:
                made = self._value(int(record[i]), int(cluster[i]))
            elif names.get(int(kind[i])) in (STAR, FEASIBILITY) and 0 <= record[i] < len(rays):
                made = self._from_ray(directions[int(record[i])], rays[int(record[i])][2], chains[i], mixing=names[int(kind[i])] == STAR)
            else:
                made = f"kind {kind[i]}, record {record[i]}"
            if isinstance(made, str):
                wrong.append(f"row {i}: {made}")
                weights.append(csr_array((1, num_z)))
                continue
            constant[i], slope[i] = made[0], made[1]
            weights.append(made[2])
        again = csr_array(vstack(weights, format="csr")) if weights else csr_array((0, num_z))
        scale = np.maximum(1.0, np.maximum(np.abs(constant), np.abs(slope).max(axis=1, initial=0.0)))
        apart = np.abs(stored[0] - constant) / scale
        apart = np.maximum(apart, np.abs(stored[1] - slope).max(axis=1, initial=0.0) / scale)
        apart = np.maximum(apart, abs(own - again).max(axis=1).toarray().ravel() / scale if count else apart)
        wrong += [f"row {i} differs from arithmetic by a relative {apart[i]:.1e}" for i in np.flatnonzero(apart > EQUAL).tolist()]
        return (constant, slope, again, kind), wrong, float(apart.max(initial=0.0))

    def _value(self, record: int, cluster: int) -> tuple[float, Array, csr_array] | str:
        """Return the sum of what the duals of one evaluation say of a cluster's scenarios."""
        problem, columns, o = self.chance.owned.problem, self.chance.owned.columns, self.chance.num_own
        members = np.flatnonzero(self.clusters == cluster)
        constant, slope, start = 0.0, np.zeros(len(self.chance.common)), 0
        places, weights = [np.zeros(0, dtype=np.int64)], [np.zeros(0)]
        for g, group in enumerate(problem.groups):
            mine = members[(members >= start) & (members < start + len(group))]
            start += len(group)
            if not len(mine):
                continue
            local = mine - (start - len(group))
            pi = np.zeros((len(mine), len(group.sense)))
            if record != TRIVIAL:
                ids = self.ids[record, mine] if 0 <= record < len(self.ids) else np.full(len(mine), -1)
                if (ids < 0).any() or (ids >= len(self.duals[g])).any():
                    return "a scenario's dual is missing"
                pi = self.duals[g][ids]
            checked = self.groups[g].check(pi)
            if not checked.valid.all():
                return "a dual is not feasible"
            xi, p = np.asarray(group.xi[local]), self.chance.p[mine]
            r_0, M = group.at(np.zeros(group.T_0.shape[1]))
            h = xi @ M.T + r_0
            slopes = group.slopes(pi, xi)
            slopes[:, columns.own] += problem.cost[columns.own]
            if group.cost_first is not None:
                slopes += group.cost_first[local].toarray()
            constant += float(p @ ((pi * h).sum(axis=1) + checked.b + group.offset[local]))
            slope += p @ slopes[:, columns.common]
            places.append((mine[:, None] * o + np.arange(o)).ravel())
            weights.append((p[:, None] * slopes[:, columns.own]).ravel())
        return constant, slope, self._own(np.concatenate(places), np.concatenate(weights))

    def _direction(self, ray: Array, g: int, alpha: Array) -> tuple[Array, Array] | str:
        """Return r (S,) and c (S, o) of (1); -inf for scenarios of other groups."""
        problem, columns = self.chance.owned.problem, self.chance.owned.columns
        if not 0 <= g < len(problem.groups) or len(ray) != len(problem.groups[g].sense):
            return "a ray of no group"
        checked = self.groups[g].check(ray[None, :], farkas=True)
        if not checked.valid.all():
            return "the ray proves nothing"
        level, gain = np.full(len(self.chance.p), -np.inf), np.zeros((len(self.chance.p), self.chance.num_own))
        first = sum(len(h) for h in problem.groups[:g])
        low, high = self.chance.common.lower, self.chance.common.upper
        for block in (b for b in problem.blocks() if b.group == g):
            group = problem.groups[g]
            xi = np.asarray(group.xi[block.start : block.stop])
            r_0, M = group.at(np.zeros(group.T_0.shape[1]))
            slopes = -group.slopes(np.broadcast_to(ray, (len(block), len(ray))), xi)
            excess = slopes[:, columns.common] - alpha
            rounding = 1e-9 * max(1.0, float(np.abs(alpha).max(initial=0.0)))
            excess[np.abs(excess) <= rounding] = 0.0
            with np.errstate(invalid="ignore"):
                most = np.where(excess > 0, excess * high, np.where(excess < 0, excess * low, 0.0)).sum(axis=1)
            span = slice(first + block.start, first + block.stop)
            level[span] = xi @ (M.T @ ray) + float(ray @ r_0) + float(checked.b[0]) - most
            gain[span] = slopes[:, columns.own]
        return level, gain

    def _from_ray(
        self, direction: tuple[Array, Array] | str, alpha: Array, chain: NDArray[np.int64], *, mixing: bool
    ) -> tuple[float, Array, csr_array] | str:
        """Return the row of a chain of scenarios, from the levels of all of them."""
        if isinstance(direction, str):
            return direction
        level, gain = direction
        o = self.chance.num_own
        if len(chain) and not (chain.min() >= 0 and chain.max() < len(level)):
            return "a chain of no scenarios"
        helps = gain > 1e-12 * max(1.0, float(np.abs(gain).max()))
        used = helps[np.isfinite(level)].any(axis=0)
        given_up = bool(self.chance.binary[used].all())
        if given_up:
            tail = self._tail(level, np.where(helps, gain, 0.0), float(self.chance.budget[used].sum()))
            gain = np.minimum(gain, np.maximum(level - tail, 0.0)[:, None])
        if not mixing:
            if len(chain) != 1:
                return "a row of one scenario has a chain"
            s = int(chain[0])
            return float(level[s]), -alpha, self._own(s * o + np.arange(o), -gain[s])
        if not given_up or (len(chain) and helps[chain].sum(axis=1).max() > 1):
            return "a mixing row of variables that are no indicators"
        levels = np.append(level[chain], tail)
        if (np.diff(levels) > EQUAL * np.maximum(1.0, np.abs(levels[1:]))).any():
            return "a chain that rises"
        heights = np.maximum(levels[:-1] - levels[1:], 0.0)
        places = np.concatenate([np.zeros(0, dtype=np.int64), *(s * o + np.flatnonzero(helps[s]) for s in chain.tolist())])
        return float(levels[0]), -alpha, self._own(places, -np.repeat(heights, helps[chain].sum(axis=1)))

    def _tail(self, level: Array, gain: Array, budget: float) -> float:
        """Return what bounds alpha'x from below whatever is given up."""
        order = np.argsort(-level, kind="stable")
        within = np.flatnonzero(np.cumsum(self.chance.p[order]) > budget * (1 + 1e-12) + 1e-12)
        quantile = float(level[order[within[0]]]) if len(within) else -np.inf
        return max(quantile, float((level - gain.sum(axis=1)).max()))

    def _own(self, places: NDArray[np.int64], weights: Array) -> csr_array:
        return csr_array((weights, (np.zeros(len(places), dtype=np.int64), places)), shape=(1, self.chance.num_z))

    def weak_duality(self, rows: Rows, section: Mapping[str, Any]) -> tuple[float, str]:
        """Return the lower bound that the multipliers prove, and what is wrong with them if anything is."""
        constant, slope, own, _ = rows
        weights = unpack(section.get("multipliers"), "certificate.bound.lp.multipliers", float, (len(constant),))
        owned = self.chance.owned
        problem, joint = owned.problem, owned.joint
        kept = np.setdiff1d(np.arange(problem.A.shape[0]), joint.rows)
        y = unpack(section.get("row_multipliers"), "certificate.bound.lp.row_multipliers", float, (len(kept) + len(joint.rows),))
        if (weights < 0).any():
            return -np.inf, "a multiplier is negative"
        cluster = unpack(section.get("cluster"), "certificate.bound.lp.cluster", np.int64, (len(constant),))
        total = np.bincount(cluster[cluster >= 0], weights=weights[cluster >= 0], minlength=int(self.clusters.max()) + 1)
        if np.abs(total - 1).max() > EQUAL:
            return -np.inf, "the multipliers of a cluster's rows do not sum to 1"
        low = np.concatenate([problem.row_lower[kept], joint.lower])
        high = np.concatenate([problem.row_upper[kept], joint.upper])
        side = np.where(y > 0, low, high)
        y = np.where(np.isfinite(side), y, 0.0)
        value = float(weights @ constant) + float((y * np.where(np.isfinite(side), side, 0.0)).sum())
        common = csr_array(problem.A[:, owned.columns.common])
        reduced = problem.cost[owned.columns.common] + weights @ slope - common[kept].T @ y[: len(kept)] - joint.common.T @ y[len(kept) :]
        spread = (joint.own.T @ (joint.weight * y[len(kept) :, None])).T.ravel()
        reduced_own = own.T @ weights - spread
        S = len(self.chance.p)
        for d, lower, upper in (
            (reduced, self.chance.common.lower, self.chance.common.upper),
            (reduced_own, np.tile(owned.own.lower, S), np.tile(owned.own.upper, S)),
        ):
            d = np.where(np.abs(d) <= EQUAL * np.abs(problem.cost).max(initial=1.0) * np.isinf(np.where(d > 0, lower, upper)), 0.0, d)
            bound = np.where(d > 0, lower, upper)
            if np.isinf(bound[d != 0]).any():
                return -np.inf, "a reduced cost stands against an infinite bound"
            value += float((d * np.where(d != 0, bound, 0.0)).sum())
        return value, ""
