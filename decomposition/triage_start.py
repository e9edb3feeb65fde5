r"""A triage plan to begin with: first days that are close to the best where little but the capacity binds.

Let R_s be the buildings by grade that scenario s leaves for later, and c(R) what severity-first from day D + 1 on costs. A building of
class g that is left too costs, on average,

    later_g = sum_s p_s sum_l (N_gl / n_g) (c(R_s + e_l) - c(R_s)),

one that is served on a first day about wbar_g D / 2. Each first day serves what quotas ask of each district, and then others, by descending
later_g - wbar_g D / 2; those served in all change places, within their districts if there are quotas, to stand in descending wbar_g. R_s is
that of the same choice by wbar_g. Heuristic: what the plan costs is for the method to tell.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..instances.arrays import Array
from ..instances.triage import Triage
from ..instances.triage_source import TriageSource
from ..models.protocol import variable_name
from .severity_first import cost_from_day

Plan = dict[str, float]

BLOCK = 64
"""Scenarios in memory at once."""


def first_days(source: TriageSource) -> Plan | None:
    """Return first-stage values by name; None where crews are bound to districts, or quotas ask for more than a day holds.

    Longest waits, CVaR and Gini index are rules of the recourse: where they cut the plan off, the method will see that it has none.
    """
    instance = source.instance
    if any(c.districts for c in instance.crews):
        return None
    weights, count = np.array(instance.weights), np.array([c.count for c in instance.classes], dtype=float)
    mean = np.asarray(sum(p @ (share @ weights) for p, share in _shares(source, count)))
    early = _served(mean, count, instance)
    if early is None:
        return None
    later = np.zeros(len(count))
    for p, share in _shares(source, count):
        rest = np.einsum("g,bgl->bl", count - early.sum(axis=1), share)
        base = _cost(rest, weights, instance)
        more = np.stack([_cost(rest + one, weights, instance) - base for one in np.eye(len(weights))], axis=1)
        later += np.einsum("b,bgl,bl->g", p, share, more)
    early = _served(later - mean * instance.first_days / 2, count, instance)
    return None if early is None else _named(instance, _worst_first(early, mean, instance))


def _shares(source: TriageSource, count: Array) -> Iterator[tuple[Array, Array]]:
    """Yield probabilities (B,) and N_gl / n_g (B, G, 4), block by block."""
    p = source.probabilities / source.probabilities.sum()
    for start in range(0, source.num_scenarios, BLOCK):
        block = source.block(start, min(start + BLOCK, source.num_scenarios))
        yield p[start : start + len(block)], block.grades / count[:, None]


def _cost(rest: Array, weights: Array, instance: Triage) -> Array:
    return cost_from_day(instance.first_days, rest, weights, instance.per_day, instance.days - instance.first_days + 1)


def _members(instance: Triage) -> dict[str, NDArray[np.bool_]]:
    return {d.name: np.array([c.district == d.name for c in instance.classes]) for d in instance.districts}


def _served(worth: Array, count: Array, instance: Triage) -> Array | None:
    """Return buildings of each class on each first day, (G, D), by quota and then by descending worth; None where a day is too short."""
    order, members = _descending(worth), _members(instance)
    out = np.zeros((len(count), instance.first_days))
    for t in range(instance.first_days):
        for d in instance.districts:
            member = members[d.name]
            due = d.quota * instance.per_day * (t + 1) - out[member].sum()
            _take(out, t, order[member[order]], count, math.ceil(due - 1e-9))
        room = instance.per_day - out[:, t].sum()
        if room < 0:
            return None
        _take(out, t, order, count, room)
    return out


def _take(out: Array, t: int, order: NDArray[np.int64], count: Array, number: float) -> None:
    """Serve ``number`` more buildings on day t, in this order of classes."""
    left = count[order] - out[order].sum(axis=1)
    out[order, t] += np.clip(number - (np.cumsum(left) - left), 0, left)


def _worst_first(early: Array, mean: Array, instance: Triage) -> Array:
    """Return the same buildings, (G, D), changed in their places so that those of largest mean weight come first."""
    quotas = any(d.quota for d in instance.districts)
    pools = list(_members(instance).values()) if quotas else [np.ones(len(mean), dtype=bool)]
    out = np.zeros_like(early)
    for pool in pools:
        order = _descending(mean)
        order = order[pool[order]]
        after = np.cumsum(early[pool].sum(axis=0))
        number = early[order].sum(axis=1)
        end = np.cumsum(number)[:, None]
        start = end - number[:, None]
        out[order] = np.clip(np.minimum(end, after) - np.maximum(start, after - early[pool].sum(axis=0)), 0, None)
    return out


def _descending(worth: Array) -> NDArray[np.int64]:
    """Return the order by descending worth; what differs by rounding alone stays in its place."""
    return np.argsort(-np.round(worth / max(np.abs(worth).max(), 1e-300), 11), kind="stable")


def _named(instance: Triage, early: Array) -> Plan:
    """Return values by name; each day crews take districts in turn, up to what they can serve."""
    plan: Plan = {}
    for c, row in zip(instance.classes, early.tolist(), strict=True):
        plan |= {variable_name("early", c.name, t): n for t, n in enumerate(row, 1)}
    for t in range(instance.first_days):
        room = {c.name: float(c.per_day) for c in instance.crews}
        for d, member in _members(instance).items():
            left = float(early[member, t].sum())
            for crew in room:
                done = min(left, room[crew])
                plan[variable_name("work_early", d, crew, t + 1)] = done
                left, room[crew] = left - done, room[crew] - done
    return plan
