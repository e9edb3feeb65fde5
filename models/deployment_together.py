"""Whether all zones can get at once what is required of them here and now; the refusal where they cannot."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy.optimize import linprog

from ..errors import InputError
from ..instances import Deployment

SHORT = 1e-6
"""Units missed in all, relative to what is required, that rounding explains."""


def shortfalls(inst: Deployment, needed: Mapping[str, float]) -> dict[str, float]:
    """Return how many units each zone misses when as few as possible are missed in all, all depots and vehicles made ready.

    min sum_i s_i  over  sum_j y_ij + s_i >= needed_i,  sum_i y_ij <= B_j,  sum_i 2 h_ij y_ij / k <= H N_j,  y, s >= 0
    """
    zones, depots, routes = [z.name for z in inst.zones], [d.name for d in inst.depots], inst.usable_routes
    n, m, r = len(zones), len(depots), len(routes)
    rows = np.zeros((n + 2 * m, r + n))
    for column, route in enumerate(routes):
        j = depots.index(route.depot)
        rows[zones.index(route.zone), column] = -1.0
        rows[n + j, column] = 1.0
        rows[n + m + j, column] = 2 * route.hours / inst.fleet.capacity
    rows[np.arange(n), r + np.arange(n)] = -1.0
    sides = np.concatenate(
        [-np.array([needed[z] for z in zones]), [d.stock for d in inst.depots], [inst.fleet.hours * d.vehicles for d in inst.depots]]
    )
    found = linprog(np.concatenate([np.zeros(r), np.ones(n)]), A_ub=rows, b_ub=sides, method="highs")
    return dict(zip(zones, found.x[r:].tolist(), strict=True))


def check_together(inst: Deployment, epsilon: float, needed_at: Callable[[float], Mapping[str, float]], *, exact: bool) -> None:
    """Raise :class:`InputError` if the zones cannot all get what ``needed_at(epsilon)`` says at once.

    The message names the zones that are short, by how much, and the least epsilon for which they are not; ``exact`` if that one is
    feasible, else none below it is.
    """

    def missing(e: float) -> dict[str, float]:
        needed = needed_at(e)
        return {z: s for z, s in shortfalls(inst, needed).items() if s > SHORT * max(1.0, needed[z])}

    short = missing(epsilon)
    if not short:
        return
    low, high = epsilon, 1.0 - 1e-9
    least = "there is none below 1" if missing(high) else ""
    while not least and high - low > 1e-7:
        middle = (low + high) / 2
        low, high = (low, middle) if not missing(middle) else (middle, high)
    least = least or (f"the smallest feasible epsilon is {high:.6g}" if exact else f"no epsilon below {high:.6g} is feasible")
    named = ", ".join(f"{zone!r} {units:.6g}" for zone, units in short.items())
    raise InputError(
        f"epsilon {epsilon:g} asks for more than can be sent to all zones at once: {inst.units.resource}s too few at {named}; {least}"
    )
