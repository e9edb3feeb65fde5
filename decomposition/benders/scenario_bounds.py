"""What is known of one scenario's recourse cost from below: affine functions of the plan; and the solutions that bound such functions."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..matrices import Array

MOST = 1000
"""Affine functions, and solutions, kept a scenario; the oldest go first."""


@dataclass(slots=True, eq=False)
class ScenarioBounds:
    """Q_s(x) >= ``constants`` (P,) + ``slopes`` (P, n1) x for every plan x of the first stage.

    ``points`` (N, n1) with ``costs`` (N,) are first-stage copies and recourse costs of feasible pairs of (2) of ``scenario_mips``.
    ``tried`` are the multipliers whose program was solved; ``radius`` is the size of the box around the best ones.
    """

    num_x: int
    constants: Array = field(default_factory=lambda: np.zeros(0))
    slopes: Array = field(init=False)
    points: Array = field(init=False)
    costs: Array = field(default_factory=lambda: np.zeros(0))
    tried: set[bytes] = field(default_factory=set)
    radius: float = 0.0

    def __post_init__(self) -> None:
        self.slopes, self.points = np.zeros((0, self.num_x)), np.zeros((0, self.num_x))

    def best(self, x: Array) -> tuple[float, Array]:
        """Return the largest value at ``x`` and its slope (n1,); -inf and zeros if nothing is known."""
        if not len(self.constants):
            return -np.inf, np.zeros(self.num_x)
        values = self.constants + self.slopes @ x
        k = int(np.argmax(values))
        return float(values[k]), self.slopes[k]

    def add(self, constant: float, slope: Array) -> None:
        """Keep an affine function."""
        self.constants = np.append(self.constants, constant)[-MOST:]
        self.slopes = np.vstack([self.slopes, slope])[-MOST:]

    def add_point(self, plan: Array, cost: float) -> None:
        """Keep a pair; of two with the same copy the cheaper."""
        same = np.flatnonzero((self.points == plan).all(axis=1))
        if len(same):
            self.costs[same[0]] = min(self.costs[same[0]], cost)
            return
        self.points = np.vstack([self.points, plan])[-MOST:]
        self.costs = np.append(self.costs, cost)[-MOST:]
