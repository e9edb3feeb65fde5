r"""How hard an earthquake with a random epicentre hits places on a square of 100 km: the severity behind the drawn families.

In scenario k an earthquake of magnitude M ~ U(5.5, 7.8) has its epicentre e uniform on the square; place i at x_i feels

    s_i = 1 / (1 + exp(-(1.5 (M - 6.3) - |e - x_i| / 20 km + N(0, 0.6^2))))                              (1)

from the generator of (seed, k) alone, which then goes on to whatever else the family draws for that scenario.
"""

from __future__ import annotations

import numpy as np
from numpy.random import PCG64, Generator, SeedSequence
from numpy.typing import NDArray

Array = NDArray[np.float64]


def severities(seed: int, start: int, stop: int, places_km: Array, more: int = 0) -> tuple[Array, Array, Array]:
    """Return severities (B, N) at places (N, 2), magnitudes (B,) and ``more`` uniform numbers (B, more) of a block of scenarios."""
    size, n = stop - start, len(places_km)
    place, standard, uniform = np.empty((size, 3)), np.empty((size, n)), np.empty((size, more))
    for b, k in enumerate(range(start, stop)):
        rng = Generator(PCG64(SeedSequence(seed, spawn_key=(k,))))
        rng.random(out=place[b])
        rng.standard_normal(out=standard[b])
        rng.random(out=uniform[b])
    magnitude = 5.5 + (7.8 - 5.5) * place[:, 2]
    distance = np.linalg.norm(places_km - 100 * place[:, None, :2], axis=2)
    severity = 1 / (1 + np.exp(-((magnitude[:, None] - 6.3) * 1.5 - distance / 20 + 0.6 * standard)))
    return severity, magnitude, uniform
