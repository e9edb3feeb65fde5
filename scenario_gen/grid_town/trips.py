r"""Who drives where: a gravity model, constrained to what each zone produces.

    T_ij = O_i A_j exp(-c_ij/theta) / sum_{k != i} A_k exp(-c_ik/theta),     T_ii = 0                              (1)

with O_i the trips that start in i (in proportion to its people), A_j its attraction (people, doubled in the middle), c_ij the free-flow
time in minutes, theta = 8 minutes. Synthetic, for a peak hour: at the user equilibrium the busiest bridge of the default town takes 1.3
times its free-flow time. The form is the singly constrained gravity model
(Ortuzar & Willumsen, Modelling Transport, 4th ed., Wiley 2011; section 5.3 from memory, not checked).
"""

from __future__ import annotations

import numpy as np

from .streets import Array

TRIPS_PER_PERSON_H = 0.4
THETA_MINUTES = 8.0


def gravity(people: Array, minutes: Array, from_middle_km: Array) -> Array:
    """Return vehicles an hour from zone to zone, (N, N), from people (N,), free-flow times (N, N) and distances from the middle (N,)."""
    attraction = people * (1 + np.exp(-((from_middle_km / max(float(from_middle_km.mean()), 1e-9)) ** 2)))
    pull = attraction * np.exp(-minutes / THETA_MINUTES)
    np.fill_diagonal(pull, 0.0)
    return np.asarray((TRIPS_PER_PERSON_H * people / pull.sum(axis=1))[:, None] * pull)
