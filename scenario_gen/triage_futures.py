r"""Scenarios of a triage instance: what recognised buildings turn out to be.

In scenario k, from (seed, k) alone, the true grades of the n_g buildings of class g are independent draws from its recognised
probabilities, so that their numbers are multinomial, (N_g0, ..., N_g3) ~ Mult(n_g, p_g). Each scenario has probability 1 / S.
"""

from __future__ import annotations

import numpy as np

from ..instances import FixedTriage, Triage, TriageBlock, TriageScenario, TriageSource
from .drawn import Drawn
from .streams import Stream, generator


class DrawnTriage(Drawn):
    """``num_scenarios`` draws of an instance's grades."""

    def __init__(self, instance: Triage, num_scenarios: int, seed: int):
        super().__init__(num_scenarios, seed)
        self.instance = instance
        self._counts = np.array([c.count for c in instance.classes])
        p = np.array([c.probabilities for c in instance.classes], dtype=float)
        self._p = p / p.sum(axis=1, keepdims=True)

    def of(self, instance: Triage) -> DrawnTriage:
        """Return the same scenarios of an instance with the same classes."""
        return DrawnTriage(instance, self.num_scenarios, self.seed)

    def scenario(self, k: int) -> TriageScenario:
        """Draw scenario ``k``; the same for every number of scenarios, rank and order of calls."""
        return self.block(k, k + 1).scenario(0)

    def block(self, start: int, stop: int) -> TriageBlock:
        """Draw scenarios ``start, ..., stop - 1``."""
        numbers = range(start, max(stop, start))
        drawn = [generator(self.seed, k, Stream.GRADES).multinomial(self._counts, self._p) for k in numbers]
        grades = np.array(drawn, dtype=float).reshape(len(numbers), *self._p.shape)
        names, labels = tuple(f"scen{k}" for k in numbers), tuple(f"draw {k}" for k in numbers)
        return TriageBlock(names, labels, np.full(len(numbers), 1 / self.num_scenarios), grades)


def triage_futures(instance: Triage, num_scenarios: int | None, seed: int | None) -> TriageSource:
    """Return draws of an instance without written scenarios, 50 where no number is given; one without a seed is the expected numbers."""
    if num_scenarios == 1 and seed is None:
        return FixedTriage.nominal(instance)
    return DrawnTriage(instance, 50 if num_scenarios is None else num_scenarios, 0 if seed is None else seed)
