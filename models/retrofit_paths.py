r"""What a path still needs in a scenario, as data of :mod:`.retrofit`.

With d_e >= 0 the delay of path p on the links that element e carries, an element restored (z_e = 1) takes its d_e away. The path meets
its limit T_p if

    sum_e d_e z_e >= n_p,    n_p = (time of p under damage) - T_p                                                  (1)

z is binary, so (1) may be tightened without a loss: an element whose links are closed, or without which the others do not reach n_p, is
restored in every solution (must_e = 1), and taken out of (1); what is left is divided by n_p, and no coefficient need exceed 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..instances import Retrofit, RoadBlock

TIGHT = 1e-9
"""Relative to a path's limit: needs below it are none."""


@dataclass(frozen=True, slots=True, eq=False)
class PathNeeds:
    """For B scenarios: ``gain`` (B, I) by (pair, element) in the order of :func:`incidence`, ``need`` (B, P) 0 or 1, ``must`` (B, E)."""

    gain: np.ndarray
    need: np.ndarray
    must: np.ndarray


def incidence(inst: Retrofit) -> list[tuple[str, str]]:
    """Return (pair, element) for every element that carries a link of the pair's path."""
    carrier = {link.name: link.element for link in inst.links}
    return [(p.name, e) for p in inst.pairs if p.path for e in dict.fromkeys(carrier[link] for link in p.path) if e is not None]


def limits(inst: Retrofit) -> dict[str, float]:
    """Return T_p of every pair with a path: target (1 + tolerance), the intact path's time where there is no target."""
    time = {link.name: link.time for link in inst.links}
    return {p.name: (sum(time[a] for a in p.path) if p.target is None else p.target) * (1 + p.tolerance) for p in inst.pairs if p.path}


def path_needs(inst: Retrofit, block: RoadBlock) -> PathNeeds:
    """Return the data of (1) for a block of scenarios.

    Raises
    ------
    InputError
        A pair that does not meet its limit even where all elements are restored; pair and scenario are named.
    """
    place = {link.name: i for i, link in enumerate(inst.links)}
    element = {e.name: i for i, e in enumerate(inst.elements)}
    intact = np.array([link.time for link in inst.links])
    limit = limits(inst)
    paths = [p for p in inst.pairs if p.path]
    gains, needs, must = [], np.zeros((len(block), len(paths))), np.zeros((len(block), len(element)))
    for column, pair in enumerate(paths):
        at = np.array([place[a] for a in pair.path or ()])
        carriers = np.array([-1 if (e := inst.links[a].element) is None else element[e] for a in at])
        times = block.times[:, at]
        closed = np.isinf(times)
        delay = np.where(closed, 0.0, times - intact[at])
        stuck = (closed & (carriers < 0)).any(axis=1)
        own = list(dict.fromkeys(c for c in carriers.tolist() if c >= 0))
        gain = np.array([delay[:, carriers == e].sum(axis=1) for e in own]).reshape(len(own), len(block)).T
        forced = np.array([closed[:, carriers == e].any(axis=1) for e in own]).reshape(len(own), len(block)).T
        need = delay.sum(axis=1) + (intact[at].sum() - limit[pair.name])
        left, scaled, forced = tightened(gain, need, forced, TIGHT * max(limit[pair.name], 1e-300))
        failed = np.flatnonzero(stuck | left)
        if len(failed):
            what = f"takes longer than its limit {limit[pair.name]:g} in scenario {block.labels[failed[0]]!r}"
            raise InputError(f"pairs[{inst.pairs.index(pair)}], {pair.name!r}: {what} even where everything is repaired")
        gains.append(scaled)
        needs[:, column] = (scaled > 0).any(axis=1)
        must[:, own] = np.maximum(must[:, own], forced)
    return PathNeeds(np.concatenate(gains, axis=1) if gains else np.zeros((len(block), 0)), needs, must)


def tightened(gain: np.ndarray, need: np.ndarray, forced: np.ndarray, small: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return where (1) cannot be met (B,), its coefficients for a right-hand side of 1 (0 where nothing is needed), and must (B, E)."""
    forced = forced.copy()
    while True:
        free = np.where(forced, 0.0, gain)
        rest = need - np.where(forced, gain, 0.0).sum(axis=1)
        total = free.sum(axis=1)
        unmet = (rest > small) & (total < rest - small)
        essential = (free > 0) & (rest > small)[:, None] & (total[:, None] - free < (rest - small)[:, None]) & ~unmet[:, None]
        if not essential.any():
            break
        forced |= essential
    wanted = (rest > small) & ~unmet
    scaled = np.where(wanted[:, None], np.minimum(free / np.where(wanted, rest, 1.0)[:, None], 1.0), 0.0)
    return unmet, np.where(scaled >= 1 - 1e-12, 1.0, scaled), forced
