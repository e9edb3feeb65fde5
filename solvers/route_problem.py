r"""One vehicle-routing problem with soft or hard time windows, on arrays: what the exact methods and the heuristics solve.

At most K vehicles leave the depot, node 0, at or after ``earliest[0]``; each visits some of the sites 1 to n, which together need no more
than its capacity, and returns. A vehicle may wait anywhere. Service at node j begins at s_j and lasts ``service[j]``; the next node is
reached ``time[j, k]`` later. Its routes cost

    sum_routes sum_arcs cost_ij  +  sum_j early_j max(0, earliest_j - s_j) + late_j max(0, s_j - latest_j)            (1)

where each route's return counts as a service at the depot. An infinite penalty makes that side of the window hard: beginning then is
forbidden, waiting is not. With ``step`` the penalty is the step of the source's eq. 3: -early_j where s_j <= earliest_j, late_j where
s_j > latest_j, else 0; the return is treated as with proportional penalties.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class RouteProblem:
    """n sites and the depot, node 0, in any unit of time and cost.

    Parameters
    ----------
    cost, time
        (n+1, n+1) of every arc; >= 0, infinite where there is no way. ``time`` need not satisfy the triangle inequality, nor be symmetric.
    service, demand
        (n+1,) >= 0; ``demand[0]`` is 0.
    earliest, latest
        (n+1,) the windows; minus and plus infinity where there is none. Those of the depot are of departure and return.
    early, late
        (n+1,) penalties of a unit of time (of the step, with ``step``); ``inf`` is hard. ``early[0]`` is not used: none departs early.
    vehicles, capacity
        Number of vehicles, and what each carries; ``inf`` where it does not matter.
    step
        Whether penalties are steps.
    names
        (n+1,) names of the nodes, for messages.

    Raises
    ------
    InputError
        Wrong shapes, a negative or undefined number, a window that ends before it begins, a demand above the capacity.
    """

    cost: Array
    time: Array
    service: Array
    demand: Array
    earliest: Array
    latest: Array
    early: Array
    late: Array
    vehicles: int
    capacity: float
    step: bool = False
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        nodes = len(np.atleast_1d(self.demand))
        if not self.names:
            object.__setattr__(self, "names", ("depot", *(str(j) for j in range(1, nodes))))
        shapes: dict[str, tuple[int, ...]] = {"cost": (nodes, nodes), "time": (nodes, nodes)}
        shapes |= dict.fromkeys(("service", "demand", "earliest", "latest", "early", "late"), (nodes,))
        for field, shape in shapes.items():
            values = np.array(getattr(self, field), dtype=float)
            if values.shape != shape:
                raise InputError(f"routing: {field} has shape {values.shape}, expected {shape}")
            window = field in ("earliest", "latest")
            for at in np.argwhere(np.isnan(values) if window else ~(values >= 0))[:1]:
                where = " to ".join(self.names[j] for j in at)
                raise InputError(
                    f"routing: {field} of {where} is {values[tuple(at)]:g}, expected a number{'' if window else ' that is not negative'}"
                )
            object.__setattr__(self, field, values)
        if self.vehicles < 1:
            raise InputError(f"routing: {self.vehicles} vehicles, expected at least 1")
        for j in np.flatnonzero(self.latest < self.earliest)[:1]:
            raise InputError(f"routing: the window of {self.names[j]} ends at {self.latest[j]:g}, before it begins at {self.earliest[j]:g}")
        for j in np.flatnonzero(self.demand > self.capacity)[:1]:
            raise InputError(
                f"routing: {self.names[j]} needs {self.demand[j]:g}, more than the capacity {self.capacity:g} of every vehicle"
            )

    @property
    def num_sites(self) -> int:
        """Return n."""
        return len(self.demand) - 1

    def check_routes(self, routes: Sequence[Sequence[int]]) -> None:
        """Refuse routes that do not visit each site once, are too many or carry too much.

        Raises
        ------
        InputError
            Which site or route it is.
        """
        visited = [j for route in routes for j in route]
        for j in range(1, self.num_sites + 1):
            if visited.count(j) != 1:
                raise InputError(f"routes: site {self.names[j]} is visited {visited.count(j)} times, expected once")
        if len(visited) != self.num_sites or not all(len(r) for r in routes):
            raise InputError(f"routes: expected sites 1 to {self.num_sites} and no empty route")
        if len(routes) > self.vehicles:
            raise InputError(f"routes: {len(routes)}, expected at most {self.vehicles}, one a vehicle")
        for number, route in enumerate(routes, start=1):
            if (load := float(self.demand[list(route)].sum())) > self.capacity * (1 + 1e-12):
                raise InputError(f"routes: route {number} carries {load:g}, more than the capacity {self.capacity:g}")
