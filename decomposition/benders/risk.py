r"""What is minimised over the scenarios' costs Z_s: expectation, CVaR, a mix of both, or the worst case.

    mean-CVaR   (1 - lambda) E[Z] + lambda CVaR_alpha(Z)
              = min_eta  lambda eta + E[ (1 - lambda) Z + lambda / (1 - alpha) (Z - eta)^+ ]           (1)
    worst case  max_s Z_s over scenarios of positive probability                                      (2)

(1) is Rockafellar & Uryasev (2000): eta becomes a master variable, and a dual that bounds Z_s from below at x bounds the integrand by
itself times (1 - lambda) plus, where it pays, lambda / (1 - alpha) (it - eta). So cuts are sums with one of two weights a scenario.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..matrices import Array


@dataclass(frozen=True, slots=True)
class Risk:
    """(1) with ``weight`` lambda and level ``alpha``; ``worst`` stands for (2). The default is the expectation."""

    weight: float = 0.0
    alpha: float = 0.0
    worst: bool = False

    @property
    def has_eta(self) -> bool:
        """Whether the master carries eta."""
        return self.weight > 0

    @property
    def tail(self) -> float:
        """Lambda / (1 - alpha)."""
        return self.weight / (1.0 - self.alpha)

    def multipliers(self, values: Array, eta: float | None) -> tuple[Array, Array]:
        """Return the weight of each scenario's dual, and of -eta, per unit of probability, (n,) each."""
        excess = np.zeros(len(values)) if eta is None else np.where(values > eta, self.tail, 0.0)
        return 1.0 - self.weight + excess, excess

    def of(self, costs: Array, p: Array) -> float:
        """Return the risk of ``costs`` (S,) under probabilities ``p`` exactly."""
        if self.worst:
            return float(costs.max())
        mean = float(p @ costs)
        return mean if not self.has_eta else (1.0 - self.weight) * mean + self.weight * cvar(costs, p, self.alpha)

    def best_eta(self, costs: Array, p: Array) -> float | None:
        """Return the eta that attains (1): the alpha-quantile of the costs."""
        return quantile(costs, p, self.alpha) if self.has_eta else None

    def __str__(self) -> str:
        if self.worst:
            return "worst"
        if not self.has_eta:
            return "mean"
        return f"cvar:{self.alpha:g}" if self.weight == 1 else f"mean-cvar:{self.weight:g}:{self.alpha:g}"


def parse(text: str) -> Risk:
    """Return the risk measure named by ``mean``, ``worst``, ``cvar:ALPHA`` or ``mean-cvar:LAMBDA:ALPHA``.

    Raises
    ------
    InputError
        Another name, or a number outside 0 <= ALPHA < 1, 0 <= LAMBDA <= 1.
    """
    name, *numbers = text.strip().lower().split(":")
    expected = "expected mean, worst, cvar:ALPHA or mean-cvar:LAMBDA:ALPHA with 0 <= ALPHA < 1, 0 <= LAMBDA <= 1"
    try:
        values = [float(n) for n in numbers]
    except ValueError:
        raise InputError(f"--risk {text!r}: {expected}") from None
    wanted = {"mean": 0, "expectation": 0, "worst": 0, "worst-case": 0, "cvar": 1, "mean-cvar": 2}.get(name)
    if wanted != len(values) or not all(0 <= v <= 1 for v in values) or (values and values[-1] == 1):
        raise InputError(f"--risk {text!r}: {expected}")
    if name.startswith("worst"):
        return Risk(worst=True)
    return Risk(values[0], values[1]) if wanted == 2 else Risk(1.0, values[0]) if wanted == 1 else Risk()


def quantile(costs: Array, p: Array, alpha: float) -> float:
    """Return the smallest cost whose cumulative probability reaches ``alpha``."""
    order: NDArray[np.intp] = np.argsort(costs, kind="stable")
    cumulative = np.cumsum(p[order])
    return float(costs[order[min(int(np.searchsorted(cumulative, alpha * cumulative[-1], side="left")), len(costs) - 1)]])


def cvar(costs: Array, p: Array, alpha: float) -> float:
    """Return CVaR_alpha = min_eta eta + E(Z - eta)^+ / (1 - alpha), attained at the alpha-quantile."""
    eta = quantile(costs, p, alpha)
    return eta + float(p @ np.maximum(costs - eta, 0.0)) / (1.0 - alpha)
