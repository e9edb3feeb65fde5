r"""User equilibrium: nobody can travel cheaper by changing the path (Wardrop's first principle).

The link flows of an equilibrium minimise the Beckmann value over all flows that serve the demand d_w of every pair of zones w:

    min sum_a G_a(v_a)   subject to   v_a = sum of h_p over paths p through a,   sum of h_p over paths of w = d_w,   h >= 0

They are unique on links whose cost rises with the flow.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from threadpoolctl import ThreadpoolController

from ...errors import InputError
from ...instances.road_network import RoadNetwork
from ..plausible import one_of
from .assignment import Assignment, PathFlows
from .demand import Traffic
from .frank_wolfe import frank_wolfe
from .path_newton import path_newton

Method = Literal["path-newton", "frank-wolfe"]
_LIBRARIES = ThreadpoolController()
"""Found once: looking for them takes 2 ms."""

METHODS: tuple[Method, ...] = ("path-newton", "frank-wolfe")


def user_equilibrium(
    network: RoadNetwork,
    demand: ArrayLike,
    *,
    method: Method = "path-newton",
    rel_gap: float = 1e-8,
    max_iterations: int = 10_000,
    start: Assignment | None = None,
) -> Assignment:
    """Return flows and times at the user equilibrium, to a relative gap.

    Parameters
    ----------
    network
        Roads with BPR travel times.
    demand
        Trips (Z, Z) from each zone (row) to each zone (column), in the unit of the capacities. Trips within a zone use no road.
    method
        ``path-newton``, which knows the paths, or ``frank-wolfe`` (bi-conjugate), which needs less memory and many more iterations.
    rel_gap
        Stop at (sum g v - sum g y) / sum g v of this size, with costs g, flows v, and y all trips on the shortest paths at costs g.
    max_iterations
        Stop after this many rounds of shortest paths.
    start
        A ``path-newton`` assignment on the same roads, damaged otherwise or with another demand, whose paths to start from. It changes
        the time it takes and the digits beyond the gap, nothing else.

    Raises
    ------
    InputError
        Demand that is negative or of another shape than the zones, an unknown method, a gap or limit that is negative, a start from
        other roads or without paths.

    Examples
    --------
    Two roads of 10 and 15 minutes; at the equilibrium both take the same time:

    >>> roads = RoadNetwork(name="two roads", zones=2, nodes=2, tail=[0, 0], head=[1, 1], free_flow_time=[10, 15], capacity=[100, 200])
    >>> found = user_equilibrium(roads, [[0, 500], [0, 0]], rel_gap=1e-10)
    >>> found.stop.value, found.flow.round(1).tolist(), found.time.round(3).tolist()
    ('gap reached', [187.3, 312.7], [28.45, 28.45])
    """
    one_of("method", method, METHODS)
    if not 0 <= rel_gap < np.inf:
        raise InputError(f"rel_gap is {rel_gap}: expected a number that is not negative")
    if max_iterations < 1:
        raise InputError(f"max_iterations is {max_iterations}: expected at least 1")
    traffic = Traffic(network, demand)
    paths = None if start is None else _paths(network, start)
    solve = path_newton if method == "path-newton" else frank_wolfe
    with _LIBRARIES.limit(limits=1, user_api="blas"):  # threads gain nothing here, and wait for each other on a busy machine
        return solve(traffic, rel_gap, max_iterations, paths)


def _paths(network: RoadNetwork, start: Assignment) -> PathFlows:
    """Return the paths to start from."""
    if start.paths is None:
        raise InputError(f"start: the assignment by {start.method} holds no paths; start from one by path-newton")
    same = start.network.zones == network.zones and start.network.first_through == network.first_through
    for name in ("tail", "head"):
        same = same and np.array_equal(getattr(start.network, name), getattr(network, name))
    if not same:
        raise InputError(f"start: its roads ({start.network.name}) are not those of {network.name}; only damage and demand may differ")
    return start.paths
