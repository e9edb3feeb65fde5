r"""A triage plan to begin with: first days that are close to the best where nothing but the capacity binds.

Let R_s be the buildings by grade that scenario s leaves for later, and c(R) what severity-first from day D + 1 on costs. A building of
class g that is left too costs, on average,

    later_g = sum_s p_s sum_l (N_gl / n_g) (c(R_s + e_l) - c(R_s)),

one that is served on a first day about wbar_g D / 2. The K D buildings with the largest later_g - wbar_g D / 2 are served, by descending
wbar_g; R_s is that of a first choice by wbar_g. Heuristic: what the plan costs is for the method to tell.
"""

from __future__ import annotations

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
    """Return first-stage values by name; None where quotas, or crews bound to districts, may forbid such a plan.

    Longest waits, CVaR and Gini index are rules of the recourse: where they cut the plan off, the method will see that it has none.
    """
    instance = source.instance
    if any(d.quota for d in instance.districts) or any(c.districts for c in instance.crews):
        return None
    weights, count = np.array(instance.weights), np.array([c.count for c in instance.classes], dtype=float)
    places = instance.per_day * instance.first_days
    mean = sum(p @ (share @ weights) for p, share in _shares(source, count))
    early = _chosen(np.asarray(mean), count, places)
    later = np.zeros(len(count))
    for p, share in _shares(source, count):
        rest = np.einsum("g,bgl->bl", count - early, share)
        base = _cost(rest, weights, instance)
        more = np.stack([_cost(rest + one, weights, instance) - base for one in np.eye(len(weights))], axis=1)
        later += np.einsum("b,bgl,bl->g", p, share, more)
    early = _chosen(later - mean * instance.first_days / 2, count, places)
    return _named(instance, _by_day(early, _descending(np.asarray(mean)), instance))


def _shares(source: TriageSource, count: Array) -> Iterator[tuple[Array, Array]]:
    """Yield probabilities (B,) and N_gl / n_g (B, G, 4), block by block."""
    p = source.probabilities / source.probabilities.sum()
    for start in range(0, source.num_scenarios, BLOCK):
        block = source.block(start, min(start + BLOCK, source.num_scenarios))
        yield p[start : start + len(block)], block.grades / count[:, None]


def _cost(rest: Array, weights: Array, instance: Triage) -> Array:
    return cost_from_day(instance.first_days, rest, weights, instance.per_day, instance.days - instance.first_days + 1)


def _descending(worth: Array) -> NDArray[np.int64]:
    """Return the order by descending worth; what differs by rounding alone stays in its place."""
    return np.argsort(-np.round(worth / max(np.abs(worth).max(), 1e-300), 11), kind="stable")


def _chosen(worth: Array, count: Array, places: int) -> Array:
    """Return how many of each class (G,) take the places, by descending worth."""
    order = _descending(worth)
    before = np.cumsum(count[order]) - count[order]
    out = np.zeros(len(count))
    out[order] = np.clip(places - before, 0, count[order])
    return out


def _by_day(early: Array, order: NDArray[np.int64], instance: Triage) -> Array:
    """Return buildings of each class on each first day, (G, D), in this order of classes."""
    end = np.cumsum(early[order])
    day = instance.per_day * np.arange(instance.first_days)
    out = np.zeros((len(early), instance.first_days))
    out[order] = np.clip(np.minimum(end[:, None], day + instance.per_day) - np.maximum((end - early[order])[:, None], day), 0, None)
    return out


def _named(instance: Triage, early: Array) -> Plan:
    """Return values by name; each day crews take districts in turn, up to what they can serve."""
    plan: Plan = {}
    for c, row in zip(instance.classes, early.tolist(), strict=True):
        plan |= {variable_name("early", c.name, t): n for t, n in enumerate(row, 1)}
    where = {d.name: np.array([c.district == d.name for c in instance.classes]) for d in instance.districts}
    for t in range(instance.first_days):
        room = {c.name: float(c.per_day) for c in instance.crews}
        for d, member in where.items():
            left = float(early[member, t].sum())
            for crew in room:
                done = min(left, room[crew])
                plan[variable_name("work_early", d, crew, t + 1)] = done
                left, room[crew] = left - done, room[crew] - done
    return plan
