r"""Bounds on the AUC (trapezoid) of any order of service: the best, the worst, and an order drawn at random.

With K served a day the AUC is sum_i w_i (d_i - 1/2), and the days d that n buildings share out are fixed: K times 1, K times 2, ... .

**Best and worst** (rearrangement inequality): the largest weights on the first days, or on the last. For weights that are grades 0 to 3 let
N_g be the number of buildings of grade g or more. Serving by descending grade leaves max(0, N_g - K t) of them after day t, so that
U_t = sum_g max(0, N_g - K t), g = 1 to 3, and with m_g = ceil(N_g / K)

    AUC = sum_g [ m_g N_g - K m_g (m_g - 1) / 2 ] - W / 2,    W = sum_g N_g.

Yushu (778, 918, 665 and 1,140 buildings of grades 0 to 3), K = 50: N_g = 2,723, 1,805 and 1,140, m_g = 55, 37 and 23, W = 5,668:

    75,515 + 33,485 + 13,570 - 2,834 = 119,736.

**Random**: each of the n! orders equally likely, d_i = D_(pi(i)). By linearity the mean is W (mean(D) - 1/2), and with the variances of w
and D over the n buildings (divisor n)

    Var = n^2 / (n - 1) Var(w) Var(D),

since Cov(D_pi(i), D_pi(j)) = -Var(D) / (n - 1) for i != j: Var = Var(D) [ sum_i w_i^2 - (sum over i != j of w_i w_j) / (n - 1) ]
(Hoeffding 1951, Ann. Math. Stat. 22(4), 558-566, for the linear statistic). Yushu: mean(D) = (50 (1 + ... + 70) + 71) / 3,501
= 124,321 / 3,501, so 5,668 * (124,321 / 3,501 - 1/2) = 198,437.47; Var(w) = 1.33153 and Var(D) = 408.493 give 1,380.15^2.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..processes import most_threads
from .dispatch_rules import num_days
from .dispatch_simulation import checked_weights

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class AucBounds:
    """Least and largest AUC of all orders; mean and standard deviation of one at random, in closed form and from ``draws`` drawn ones."""

    oracle: float
    worst: float
    random_mean: float
    random_sd: float
    simulated_mean: float | None = None
    simulated_sd: float | None = None
    draws: int = 0


def auc_bounds(weights: ArrayLike, per_day: int, *, draws: int = 0, seed: int = 0) -> AucBounds:
    """Return the bounds for ``weights`` (n,), ``per_day`` a day; ``draws`` (none, or at least 2) random orders check the closed form.

    Raises
    ------
    InputError
        As :func:`.dispatch_simulation.simulate`, and for a single draw.
    """
    w = checked_weights(weights)
    n, total = len(w), float(w.sum())
    num_days(n, per_day)
    if draws < 0 or draws == 1:
        raise InputError(f"draws {draws}: expected 0, or at least 2 to have a standard deviation")
    days = (np.arange(n) // per_day + 1).astype(float)
    ascending = np.sort(w)
    with ThreadPoolExecutor(most_threads()) as pool:
        drawn = np.array(list(pool.map(lambda k: _drawn(w, days, seed, k), range(draws)))) - total / 2
    return AucBounds(
        oracle=float(ascending[::-1] @ days) - total / 2,
        worst=float(ascending @ days) - total / 2,
        random_mean=total * (float(days.mean()) - 0.5),
        random_sd=n * math.sqrt(float(w.var() * days.var()) / (n - 1)) if n > 1 else 0.0,
        simulated_mean=float(drawn.mean()) if draws else None,
        simulated_sd=float(drawn.std(ddof=1)) if draws else None,
        draws=draws,
    )


def random_coverage(weights: ArrayLike, per_day: int) -> tuple[Array, Array]:
    """Return mean and standard deviation (T+1,) of the share of W that a random order has covered after t days.

    After t days k = min(K t, n) buildings, drawn without replacement, are served: mean k / n,
    variance k (n - k) / (n - 1) Var(w) / W^2.
    """
    w = checked_weights(weights)
    n = len(w)
    k = np.minimum(per_day * np.arange(num_days(n, per_day) + 1), n)
    return k / n, np.sqrt(k * (n - k) / max(n - 1, 1) * w.var()) / w.sum()


def _drawn(w: Array, days: Array, seed: int, k: int) -> float:
    """Return the left sum of the k-th random order; it depends on ``seed`` and k alone."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(k,)))
    return float(rng.permutation(w) @ days)
