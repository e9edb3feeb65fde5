"""What a region's earthquakes do to its bridges: damage states and annual rates of scenarios.

Earthquakes come from the generator of all regions (:mod:`quakeops.scenario_gen.generation`): events on faults, BSSA14 shaking with
correlated residuals, Hazus fragilities of bridges. With annual rate Lambda of the faults' events and importance weights w_k (1 without
importance sampling), scenario k of S stands for

    rate_k = Lambda w_k / sum_j w_j                                                                                 (1)

earthquakes a year. Event, shaking and damage of scenario k depend on (seed, k) alone; its rate also on how many scenarios there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..instances.arrays import Array
from .exposure import Exposure
from .generation import ScenarioGenerator
from .importance import EventProposal, set_weights


@dataclass(frozen=True, slots=True, eq=False)
class BridgeQuakes:
    """S earthquakes: ``states`` (S, B) damage states 0 to 4 of the bridges, ``magnitudes`` and annual ``rates`` (S,)."""

    states: NDArray[np.int8]
    magnitudes: Array
    rates: Array


def draw_quakes(region: Exposure, scenarios: int, seed: int, *, importance: bool = True, threads: int | None = None) -> BridgeQuakes:
    """Draw earthquakes of a region, with ``importance`` large and strong ones more often.

    Raises
    ------
    InputError
        No scenario, a negative seed.
    """
    generator = ScenarioGenerator(region, seed=seed, proposal=EventProposal() if importance else None)
    drawn = generator.generate(scenarios, threads=threads)
    rates = generator.events.annual_rate * set_weights(drawn["log_weight"]).probabilities
    return BridgeQuakes(drawn["bridge_state"], drawn["magnitude"], rates)
