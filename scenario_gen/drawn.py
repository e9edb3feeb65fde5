"""What the drawn families share: how many scenarios, their seed, and equal probabilities."""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from .epicentres import Array


class Drawn:
    """``num_scenarios`` draws with ``seed``, each with probability 1 / num_scenarios.

    Raises
    ------
    InputError
        No scenario, or a negative seed.
    """

    def __init__(self, num_scenarios: int, seed: int):
        if num_scenarios < 1:
            raise InputError(f"--scenarios {num_scenarios}: must be at least 1")
        if seed < 0:
            raise InputError(f"--seed {seed}: must not be negative")
        self._num, self.seed = num_scenarios, seed

    @property
    def num_scenarios(self) -> int:
        """How many draws there are."""
        return self._num

    @property
    def probabilities(self) -> Array:
        """1 / num_scenarios for every draw (S,)."""
        return np.full(self._num, 1 / self._num)
