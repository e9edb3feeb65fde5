"""Which random numbers a scenario's parts draw: one stream a part, so that a part may draw more without moving the others.

Part ``stream`` of scenario ``k`` draws from ``SeedSequence(seed, spawn_key=(k, stream))``.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.random import PCG64, Generator, SeedSequence


class Stream(IntEnum):
    """Numbers of the streams; published results depend on them, so they never change."""

    EVENT = 1
    EVENT_RESIDUAL = 2
    FIELD = 3
    SITE_RESIDUAL = 4
    BUILDING_STATE = 5
    COMPONENT_STATE = 6
    CASCADE = 7
    AFTERSHOCKS = 8
    OBSERVATION = 9
    ROADS = 10
    CASUALTIES = 11
    GRADES = 12


def generator(seed: int, k: int, stream: Stream) -> Generator:
    """Return the generator of one part of scenario ``k``."""
    return Generator(PCG64(SeedSequence(seed, spawn_key=(k, int(stream)))))


def derived_seed(seed: int, use: int) -> int:
    """Return a seed for something that draws from the same streams but must be independent, such as a second random field."""
    return int(SeedSequence([seed, use]).generate_state(1, np.uint64)[0])
