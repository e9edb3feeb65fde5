"""Severity-first on numbers of buildings by grade: who is served on which day, and what that costs."""

from __future__ import annotations

import numpy as np

from ..instances.arrays import Array


def severity_first(buildings: Array, weights: Array, per_day: int, days: int) -> Array:
    """Return how many of ``buildings`` (..., 4) by grade are served each day, (..., T, 4), by descending weight, ``per_day`` a day."""
    order = np.argsort(-weights, kind="stable")
    queue = buildings[..., order]
    end = np.cumsum(queue, axis=-1)[..., None, :]
    start = end - queue[..., None, :]
    day = per_day * np.arange(days)[:, None]
    served = np.zeros((*buildings.shape[:-1], days, buildings.shape[-1]))
    served[..., order] = np.clip(np.minimum(end, day + per_day) - np.maximum(start, day), 0.0, None)
    return served


def cost_from_day(first: int, buildings: Array, weights: Array, per_day: int, days: int) -> Array:
    """Return the weighted delay (...,) of serving ``buildings`` (..., 4) severity-first on ``days`` days after day ``first``."""
    daily = severity_first(buildings, weights, per_day, days) @ weights
    cost: Array = daily @ (first + 0.5 + np.arange(days))
    return cost
