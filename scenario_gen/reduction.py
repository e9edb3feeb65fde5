r"""Fewer scenarios: keep N of S, with the probabilities that change the distribution least in what matters to the decision.

The caller describes each scenario by features (S, d), for instance the demand of each zone and commodity. Two ways to choose what is kept:

- :func:`fast_forward_selection`: greedy, and nested: the first scenarios of a longer selection are the shorter selection;
- :func:`k_medoids`: starts from it and from seeded draws, and exchanges scenarios while that helps. Never worse, slower.

Both are heuristics for an NP-hard problem; given what is kept, the probabilities of (1) in ``kantorovich`` are optimal. The distance bounds
the error of every expectation: |E_P f - E_Q f| <= L D(P, Q) for f with Lipschitz constant L in the (scaled) features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError
from .forward_selection import select_forward
from .kantorovich import HELD_BYTES, Distances, Indices, redistribution
from .medoids import HELPS, exchange, seeded_start
from .reduction_loss import Lost, lost
from .weight_checks import Array, array_of, checked_probabilities, refuse

_LARGEST = 1e150
"""Squares of larger features overflow."""


@dataclass(frozen=True, slots=True, eq=False)
class Reduction:
    """Scenarios that were kept.

    Attributes
    ----------
    kept
        Their numbers (N,) in the full set, increasing.
    probabilities
        Their probabilities (N,); sum 1.
    nearest
        For each scenario of the full set the number of the kept one that stands for it, (S,).
    distance
        Kantorovich distance to the full set.
    lost
        What was lost.
    order
        The same scenarios as ``kept`` in the order of selection (forward selection), or increasing.
    """

    kept: Indices
    probabilities: Array
    nearest: Indices
    distance: float
    lost: Lost
    order: Indices


def standard_scale(features: ArrayLike, probabilities: ArrayLike) -> Array:
    """Return the standard deviation (d,) of each feature (S, d), 1 for a constant one: the usual ``scale``.

    Raises
    ------
    InputError
        As for :func:`fast_forward_selection`.
    """
    x, p, _ = _checked(features, probabilities, 1, None)
    deviation = np.sqrt(p @ (x - p @ x) ** 2)
    return np.where(np.ptp(x, axis=0) > 0, np.where(deviation > 0, deviation, 1.0), 1.0)


def fast_forward_selection(
    features: ArrayLike, probabilities: ArrayLike, count: int, *, scale: ArrayLike | None = None, held_bytes: int = HELD_BYTES
) -> Reduction:
    """Keep ``count`` scenarios by fast forward selection (Heitsch & Romisch 2003; (1) of ``forward_selection``).

    Parameters
    ----------
    features
        What describes each scenario, (S, d).
    probabilities
        Probabilities (S,), sum 1.
    count
        How many to keep, 1 to S.
    scale
        What each feature is divided by before distances are taken, (d,), positive; see :func:`standard_scale`. Default: 1.
    held_bytes
        Most memory for all distances; if S^2 of them are more, they are computed again where needed. The result is the same.

    Raises
    ------
    InputError
        A feature that is not a finite number (the message names scenario and feature), probabilities outside [0, 1] or with another sum,
        a count outside 1 to S, a scale that is not positive.
    """
    x, p, scaled = _checked(features, probabilities, count, scale)
    distances = Distances(scaled, held_bytes)
    order, single = select_forward(distances, p, count)
    return _reduction(x, p, distances, order, single)


def k_medoids(
    features: ArrayLike,
    probabilities: ArrayLike,
    count: int,
    *,
    seed: int,
    restarts: int = 4,
    scale: ArrayLike | None = None,
    held_bytes: int = HELD_BYTES,
) -> Reduction:
    """Keep ``count`` scenarios by weighted k-medoids with exchanges (a heuristic; see ``medoids``).

    Start 0 is the result of :func:`fast_forward_selection`, start r > 0 is drawn from ``SeedSequence(seed, spawn_key=(r,))``; the best
    end is returned, the earliest of equal ones.

    Parameters
    ----------
    features, probabilities, count, scale, held_bytes
        As for :func:`fast_forward_selection`.
    seed
        Of the starts.
    restarts
        Number of starts, at least 1.

    Raises
    ------
    InputError
        As for :func:`fast_forward_selection`; no start.
    """
    x, p, scaled = _checked(features, probabilities, count, scale)
    if restarts < 1:
        raise InputError(f"field 'restarts': {restarts}: expected at least 1")
    if seed < 0:
        raise InputError(f"field 'seed': {seed}: expected at least 0")
    distances = Distances(scaled, held_bytes)
    start, single = select_forward(distances, p, count)
    best = start if count == 1 else exchange(distances, p, start, single)
    least = redistribution(distances, p, np.sort(best))[2]
    for r in range(1, restarts if 1 < count < len(p) else 1):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(r,)))
        other = exchange(distances, p, seeded_start(distances, p, count, rng), single)
        distance = redistribution(distances, p, np.sort(other))[2]
        if distance < least - HELPS * single:
            best, least = other, distance
    return _reduction(x, p, distances, np.sort(best), single)


def _reduction(features: Array, probabilities: Array, distances: Distances, order: Indices, single: float) -> Reduction:
    kept = np.sort(order)
    q, nearest, distance = redistribution(distances, probabilities, kept)
    return Reduction(kept, q, nearest, distance, lost(features, probabilities, kept, q, distance, single), order)


def _checked(features: ArrayLike, probabilities: ArrayLike, count: int, scale: ArrayLike | None) -> tuple[Array, Array, Array]:
    """Return features, probabilities, and features over scale."""
    x = array_of("features", features, ("scenario", "feature"), (None, None), _LARGEST)
    p = checked_probabilities("probabilities", probabilities, len(x))
    if not 1 <= count <= len(x):
        raise InputError(f"field 'count': {count}: expected 1 to {len(x)}, the number of scenarios")
    if scale is None:
        return x, p, x
    divisor = array_of("scale", scale, ("feature",), (x.shape[1],))
    refuse("scale", divisor, divisor <= 0, ("feature",), "a positive number")
    return x, p, array_of("features", x / divisor, ("scenario", "feature"), x.shape, _LARGEST)
