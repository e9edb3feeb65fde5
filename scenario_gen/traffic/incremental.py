"""Incremental assignment: a quick approximation of the user equilibrium, not a method that converges to it.

The demand is loaded in shares; each goes onto the paths that are shortest at the costs of what is loaded already, and stays there. With
many small shares the flows come near the equilibrium's, but trips loaded early are never moved away, so a gap remains.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ...errors import InputError
from ...instances.road_network import RoadNetwork
from .assignment import Assignment, Progress, Stop
from .demand import Traffic


def incremental_assignment(network: RoadNetwork, demand: ArrayLike, fractions: Sequence[float] = (0.4, 0.3, 0.2, 0.1)) -> Assignment:
    """Return an approximate equilibrium, all-or-nothing share by share; its ``rel_gap`` tells how far it is from one.

    Parameters
    ----------
    network, demand
        As in ``user_equilibrium``.
    fractions
        Shares of the demand in the order of loading, above 0, with sum 1. ``[1 / n] * n`` loads n equal ones.

    Raises
    ------
    InputError
        Shares that are not above 0 or do not sum to 1; demand as in ``user_equilibrium``.
    """
    shares = [float(share) for share in fractions]
    if not all(share > 0 for share in shares) or abs(math.fsum(shares) - 1) > 1e-9:
        listed = ", ".join(f"{share:g}" for share in shares[:10])
        raise InputError(f"fractions: {listed}: expected shares above 0 with sum 1, found {math.fsum(shares):g}")
    traffic = Traffic(network, demand)
    flow = np.zeros(network.links)
    for share in shares:
        flow = flow + share * traffic.all_or_nothing(traffic.trees(traffic.costs.cost(flow)))
    cost = traffic.costs.cost(flow)
    progress = Progress(traffic, 0.0, len(shares) + 1, iterations=len(shares))
    progress.update(flow, cost, float(traffic.shortest(traffic.trees(cost)) @ traffic.trips))
    return progress.assignment("incremental (approximation)", flow, Stop.STEPS_DONE)
