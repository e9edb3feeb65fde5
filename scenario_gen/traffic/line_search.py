"""Exact line search on the Beckmann value, by the root of its derivative."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from .costs import LinkCosts

Array = NDArray[np.float64]


def best_step(costs: LinkCosts, flow: Array, direction: Array) -> float:
    """Return the step in [0, 1] from ``flow`` along ``direction`` (L,) that minimises the Beckmann value.

    The derivative sum_a g_a(v_a + step d_a) d_a does not fall as the step grows, so its root is found by bracketing (Brent). Values of
    the function itself would not tell steps apart near the optimum.
    """

    def derivative(step: float) -> float:
        return float(costs.cost(np.maximum(flow + step * direction, 0.0)) @ direction)

    if derivative(1.0) <= 0:
        return 1.0
    if derivative(0.0) >= 0:
        return 0.0
    return float(brentq(derivative, 0.0, 1.0, xtol=1e-15, rtol=1e-14))
