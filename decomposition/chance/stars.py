r"""Mixing inequalities: what the scenarios together say of one direction of the plan.

A ray rho of the recourse's dual says of every scenario of its group (r, c >= 0 from rho, h_s, t_s; alpha = T'rho)

    alpha'x >= r_s - sum_j c_sj z_sj                                                                        (1)

With z_sj binary, u_s = sum of z_sj over the j that matter, and P(u > 0) <= eps, the (1 - eps)-quantile of r bounds alpha'x from below
whatever is given up: the *tail* tau. For any chain r_1 >= ... >= r_l > tau of scenarios,

    alpha'x + sum_i (r_i - r_(i+1)) u_i >= r_1,      r_(l+1) = tau                                           (2)

(star or mixing inequalities: Atamturk, Nemhauser & Savelsbergh 2000; Luedtke, Ahmed & Nemhauser 2010; as cuts of a decomposition, Luedtke
2014). The chain most violated at a point takes, from the largest r down, whoever's u is the smallest so far. Where T_s varies, r_s is
lowered by the most that (T_s'rho - alpha)'x can be within the bounds of x, so that (1) holds with one alpha.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..benders.problem import Group
from ..benders.team import Team
from ..matrices import Array
from .oracle import Ray
from .problem import ChanceProblem
from .rows import FEASIBILITY, STAR, Indices, Row

DEEP = 1e-6
"""A row is worth adding if it is violated by this, relative to its numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Direction:
    """(1) of one ray: ``alpha`` (n,), and the scenarios ``top`` (k,) with r > tau, largest first; ``gain`` (k, o) are their c.

    Where each has one owned variable that matters (``helps`` (k, o)) and these have a budget, rows (2) are made of them (``mixed``):
    ``steps`` (k + 1,) are their levels and then tau. Elsewhere (1), c being at most r - tau, and ``steps`` (k,) are the levels.
    """

    alpha: Array
    ray: Array
    group: int
    mixed: bool
    top: Indices
    steps: Array
    helps: NDArray[np.bool_]
    gain: Array

    @property
    def size(self) -> float:
        """The largest entry of alpha, by which rows are divided."""
        return float(np.abs(self.alpha).max(initial=0.0)) or 1.0


@dataclass(eq=False)
class Stars:
    """All directions found so far, and the rows that they give at a point."""

    chance: ChanceProblem
    team: Team
    directions: list[Direction] = field(default_factory=list)
    _known: set[bytes] = field(default_factory=set)
    _packed: tuple[list[Direction], Array, Indices, Array, NDArray[np.bool_]] | None = None

    def add(self, rays: Sequence[Ray], most: int) -> list[Direction]:
        """Take the new ones among ``rays``, at most so many, the most violated first; called by all ranks."""
        fresh: list[Ray] = []
        for ray in rays:
            if len(fresh) == most:
                break
            size = float(np.abs(ray.dual).max())
            both = np.concatenate([ray.dual, ray.alpha]) / (size or 1.0)  # of a random T, alpha differs by scenario
            key = ray.group.to_bytes(4) + (np.round(both, 9) + 0.0).tobytes()
            if size > 0 and key not in self._known:
                self._known.add(key)
                fresh.append(Ray(ray.group, ray.scenario, ray.violation / size, ray.dual / size, ray.alpha / size))
        made = self._made(fresh) if fresh else []
        self.directions += made
        self._packed = None
        return made

    def _made(self, rays: Sequence[Ray]) -> list[Direction]:
        """Return the direction of each ray, the scenarios' levels by the ranks that own them."""
        problem, columns = self.chance.owned.problem, self.chance.owned.columns
        blocks = self.team.own_blocks(problem)
        low, high = self.chance.common.lower, self.chance.common.upper

        def work() -> list[tuple[int, slice, Array, Array]]:
            out = []
            for i, ray in enumerate(rays):
                group = problem.groups[ray.group]
                r_0, M = group.at(np.zeros(group.T_0.shape[1]))
                base = float(ray.dual @ r_0) + _bound_term(group, ray.dual)
                for block in (b for b in blocks if b.group == ray.group):
                    xi = np.asarray(group.xi[block.start : block.stop])
                    level = xi @ (M.T @ ray.dual) + base
                    slopes = -group.slopes(np.broadcast_to(ray.dual, (len(block), len(ray.dual))), xi)
                    excess = slopes[:, columns.common] - ray.alpha
                    if excess.any():
                        with np.errstate(invalid="ignore"):
                            level = level - np.where(excess > 0, excess * high, np.where(excess < 0, excess * low, 0.0)).sum(axis=1)
                    out.append((i, block.span, level, slopes[:, columns.own]))
            return out

        level = np.full((len(rays), len(self.chance.p)), -np.inf)
        gain = np.zeros((len(rays), len(self.chance.p), self.chance.num_own))
        for i, span, r, c in self.team.gather(work):
            level[i, span], gain[i, span] = r, c
        return [self._direction(ray, level[i], gain[i]) for i, ray in enumerate(rays)]

    def _direction(self, ray: Ray, level: Array, gain: Array) -> Direction:
        helps = gain > 1e-12 * max(1.0, float(np.abs(gain).max()))
        used = helps[np.isfinite(level)].any(axis=0)
        if not self.chance.binary[used].all():
            every = np.flatnonzero(np.isfinite(level))
            return Direction(ray.alpha, ray.dual, ray.group, False, every, level[every], helps[every], gain[every])
        budget = float(self.chance.budget[used].sum())
        order = np.argsort(-level, kind="stable")
        missed = np.cumsum(self.chance.p[order])
        count = int(np.searchsorted(missed, budget * (1 + 1e-12) + 1e-12, side="right"))
        least = (level - np.where(helps, gain, 0.0).sum(axis=1)).max()  # holds even of scenarios that are given up
        tail = max(float(level[order[count]]) if count < len(order) else -np.inf, float(least))
        top = order[: int((level > tail).sum())].astype(np.int64)
        alone = helps.sum(axis=1).max() <= 1
        if np.isfinite(tail) and alone:
            return Direction(ray.alpha, ray.dual, ray.group, True, top, np.append(level[top], tail), helps[top], gain[top])
        gain = np.minimum(gain, np.maximum(level - tail, 0.0)[:, None])
        return Direction(ray.alpha, ray.dual, ray.group, False, top, level[top], helps[top], gain[top])

    def _pack(self) -> tuple[list[Direction], Array, Indices, Array, NDArray[np.bool_]]:
        """Return alphas (R, n), tops (R, K), steps (R, K + 1), helps (R, K, o), padded by the tail."""
        if self._packed is None:
            usable = [d for d in self.directions if d.mixed]
            width = max((len(d.steps) - 1 for d in usable), default=0)
            tops, steps = np.zeros((len(usable), width), dtype=np.int64), np.zeros((len(usable), width + 1))
            helps = np.zeros((len(usable), width, self.chance.num_own), dtype=bool)
            for i, d in enumerate(usable):
                k = len(d.steps) - 1
                tops[i, :k], steps[i, :k], steps[i, k:], helps[i, :k] = d.top, d.steps[:-1], d.steps[-1], d.helps
            alphas = np.array([d.alpha for d in usable]).reshape(len(usable), len(self.chance.common))
            self._packed = usable, alphas, tops, steps, helps
        return self._packed

    def separate(self, x: Array, z: Array, most: int) -> list[Row]:
        """Return the most violated rows at x and Z (S, o), at most ``most`` of each kind."""
        return [*self._mixing(x, z, most), *self._single(x, z, most)]

    def _mixing(self, x: Array, z: Array, most: int) -> list[Row]:
        """Return rows (2)."""
        usable, alphas, tops, steps, helps = self._pack()
        if not usable:
            return []
        u = np.where(helps, z[tops], 0.0).sum(axis=2)
        least = np.minimum.accumulate(np.minimum(u, 1.0), axis=1)
        short = steps[:, 0] - ((steps[:, :-1] - steps[:, 1:]) * least).sum(axis=1) - alphas @ x
        size = np.maximum(1.0, np.abs(steps).max(axis=1))
        order = np.argsort(-short / size, kind="stable")
        return [self._row(usable[i], u[i]) for i in order[:most].tolist() if short[i] > DEEP * size[i]]

    def _single(self, x: Array, z: Array, most: int) -> list[Row]:
        """Return rows (1) of directions that are not mixed."""
        found: list[tuple[float, Direction, int]] = []
        for d in (d for d in self.directions if not d.mixed):
            short = d.steps - d.alpha @ x - (d.gain * z[d.top]).sum(axis=1)
            size = max(1.0, float(np.abs(d.steps).max(initial=0.0)))
            found += [(float(short[i]) / size, d, int(i)) for i in np.flatnonzero(short > DEEP * size)]
        found.sort(key=lambda f: -f[0])
        return [self._plain(d, i) for _, d, i in found[:most]]

    def _row(self, d: Direction, u: Array) -> Row:
        """Return (2) for the chain most violated where the scenarios of ``d.top`` have u."""
        chain, best = [], 1.0
        for i in range(len(d.top)):
            if u[i] < best:
                chain.append(i)
                best = float(u[i])
        levels = np.append(d.steps[chain], d.steps[-1])
        places, weights = [np.zeros(0, dtype=np.int64)], [np.zeros(0)]
        for i, height in zip(chain, (levels[:-1] - levels[1:]).tolist(), strict=True):
            mine = np.flatnonzero(d.helps[i])
            places.append(int(d.top[i]) * self.chance.num_own + mine)
            weights.append(np.full(len(mine), -height / d.size))
        return Row(
            STAR,
            float(levels[0]) / d.size,
            -d.alpha / d.size,
            np.concatenate(places),
            np.concatenate(weights),
            ray=d.ray / d.size,
            group=d.group,
            alpha=d.alpha / d.size,
            chain=d.top[chain],
        )

    def _plain(self, d: Direction, i: int) -> Row:
        """Return (1) of scenario ``d.top[i]``."""
        places = int(d.top[i]) * self.chance.num_own + np.arange(self.chance.num_own)
        return Row(
            FEASIBILITY,
            float(d.steps[i]) / d.size,
            -d.alpha / d.size,
            places,
            -d.gain[i] / d.size,
            ray=d.ray / d.size,
            group=d.group,
            alpha=d.alpha / d.size,
            chain=d.top[[i]],
        )


def _bound_term(group: Group, ray: Array) -> float:
    """Return sum_j min(l_j r_j, u_j r_j) with r = -W'rho: what bounded recourse variables take off."""
    reduced = -np.asarray(group.W.T @ ray)
    side = np.where(reduced > 0, group.second.lower, group.second.upper)
    return float((reduced * np.where(np.isfinite(side), side, 0.0)).sum())
