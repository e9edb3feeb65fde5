r"""What is minimised over the scenarios' costs Z_s: expectation, CVaR, a mix of both, the worst case, or the worst distribution near p.

    mean-CVaR    (1 - lambda) E[Z] + lambda CVaR_alpha(Z)
               = min_eta  lambda eta + E[ (1 - lambda) Z + lambda / (1 - alpha) (Z - eta)^+ ]          (1)
    worst case   max_s Z_s over scenarios of positive probability                                     (2)
    wasserstein  sup_P E_P[Z] over the distributions P on the scenarios within transport distance r
               = min_(eta >= 0)  r eta + sum_s p_s max_t (Z_t - eta d_st)                              (3)

(1) is Rockafellar & Uryasev (2000), (3) is (1) of :mod:`.transport`. Either way eta becomes a master variable, and cuts are sums over
scenarios with weights that hold at every eta: in (1) a dual that bounds Z_s from below counts 1 - lambda times plus, where it pays,
lambda / (1 - alpha) times itself less eta; in (3) scenario s counts the dual of a scenario t of its choice, less eta d_st.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..matrices import Array
from .metric import metric, scenario_vectors
from .problem import Problem
from .team import Team
from .transport import Ball

MOST_SCENARIOS = 20_000
"""With (3) every evaluation compares all pairs of scenarios; more are refused."""


@dataclass(frozen=True, slots=True)
class Risk:
    """(1) with ``weight`` lambda and level ``alpha``; ``worst`` stands for (2), a positive ``radius`` for (3), else the expectation.

    (3) can be computed once :meth:`on` has given it the scenarios' distances, its ``ball``.
    """

    weight: float = 0.0
    alpha: float = 0.0
    worst: bool = False
    radius: float = 0.0
    ball: Ball | None = field(default=None, compare=False, repr=False)

    @property
    def has_eta(self) -> bool:
        """Whether the master carries eta."""
        return self.weight > 0 or self.radius > 0

    @property
    def has_excess(self) -> bool:
        """Whether scenarios that cost more than eta count more."""
        return self.weight > 0

    @property
    def eta_cost(self) -> float:
        """What eta costs in the master: lambda or r."""
        return self.radius if self.radius > 0 else self.weight

    @property
    def eta_lower(self) -> float:
        """The lower bound of eta."""
        return 0.0 if self.radius > 0 else -np.inf

    @property
    def tail(self) -> float:
        """Lambda / (1 - alpha)."""
        return self.weight / (1.0 - self.alpha)

    def on(self, problem: Problem, team: Team) -> Risk:
        """Return the measure for the scenarios of ``problem``; called by all ranks.

        Raises
        ------
        InputError
            There are too many scenarios for (3), or no distance between them is defined.
        """
        if self.radius == 0 or (self.ball is not None and len(self.ball.p) == problem.num_scenarios):
            return self
        if problem.num_scenarios > MOST_SCENARIOS:
            raise InputError(f"--risk {self}: compares all pairs of scenarios; {problem.num_scenarios} are more than {MOST_SCENARIOS}")
        distances = metric(scenario_vectors(problem, team), problem.probabilities)
        return replace(self, ball=Ball(self.radius, distances, problem.probabilities))

    def multipliers(self, values: Array, eta: float | None) -> tuple[Array, Array]:
        """Return the weight of each scenario's dual, and of -eta, per unit of probability, (n,) each; not of (3)."""
        excess = np.zeros(len(values)) if eta is None else np.where(values > eta, self.tail, 0.0)
        return 1.0 - self.weight + excess, excess

    def of(self, costs: Array, p: Array) -> float:
        """Return the risk of ``costs`` (S,) under probabilities ``p`` exactly."""
        if self.worst:
            return float(costs[p > 0].max())
        if self.ball is not None:
            return self.ball.worst(costs).value
        mean = float(p @ costs)
        return mean if not self.has_excess else (1.0 - self.weight) * mean + self.weight * cvar(costs, p, self.alpha)

    def best_eta(self, costs: Array, p: Array) -> float | None:
        """Return the eta that attains the minimum: of (1) the alpha-quantile of the costs, of (3) the marginal cost of the radius."""
        if self.ball is not None:
            return self.ball.worst(costs).price
        return quantile(costs, p, self.alpha) if self.has_eta else None

    def __str__(self) -> str:
        return self.text(lambda v: f"{v:g}")

    def exactly(self) -> str:
        """Return the measure as :func:`parse` reads it, to the last digit."""
        return self.text(repr)

    def text(self, number: Callable[[float], str]) -> str:
        """Return the measure as :func:`parse` reads it, its numbers written by ``number``."""
        if self.worst:
            return "worst"
        if self.radius > 0:
            return f"wasserstein:{number(self.radius)}"
        if not self.has_eta:
            return "mean"
        return f"cvar:{number(self.alpha)}" if self.weight == 1 else f"mean-cvar:{number(self.weight)}:{number(self.alpha)}"


def parse(text: str) -> Risk:
    """Return the risk measure named by ``mean``, ``worst``, ``cvar:ALPHA``, ``mean-cvar:LAMBDA:ALPHA`` or ``wasserstein:RADIUS``.

    Raises
    ------
    InputError
        Another name, or a number outside 0 <= ALPHA < 1, 0 <= LAMBDA <= 1, 0 <= RADIUS < inf.
    """
    name, *numbers = text.strip().lower().split(":")
    expected = (
        "expected mean, worst, cvar:ALPHA or mean-cvar:LAMBDA:ALPHA with 0 <= ALPHA < 1, 0 <= LAMBDA <= 1, "
        "or wasserstein:RADIUS with a finite RADIUS >= 0"
    )
    try:
        values = [float(n) for n in numbers]
    except ValueError:
        raise InputError(f"--risk {text!r}: {expected}") from None
    wanted = {"mean": 0, "expectation": 0, "worst": 0, "worst-case": 0, "cvar": 1, "mean-cvar": 2, "wasserstein": 1}.get(name)
    if wanted != len(values) or not all(v >= 0 and math.isfinite(v) for v in values):
        raise InputError(f"--risk {text!r}: {expected}")
    if name == "wasserstein":
        return Risk(radius=values[0])
    if any(v > 1 for v in values) or (values and values[-1] == 1):
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
