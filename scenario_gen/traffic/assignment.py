"""What an assignment of traffic returns: flows, times, how near they are to the equilibrium, who was not served."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ...instances.road_network import RoadNetwork
from .costs import LinkCosts
from .demand import Traffic
from .shortest_paths import RoadGraph

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]


class Stop(StrEnum):
    """Why an assignment ended."""

    GAP_REACHED = "gap reached"
    ITERATION_LIMIT = "iteration limit"
    NO_PROGRESS = "no progress"
    STEPS_DONE = "steps done"


@dataclass(frozen=True, slots=True, eq=False)
class PathFlows:
    """Paths that carry an equilibrium: their links (P, L), their ends and their flows (P,), sorted by pair of zones."""

    incidence: csr_array
    origin: Numbers
    destination: Numbers
    flow: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assignment:
    """Traffic on a network, in the units of the network's data.

    Attributes
    ----------
    flow, time
        Flow and travel time of each link (L,), equation (1) of ``costs``; no flow on closed links.
    beckmann
        Beckmann value of the flows, an upper bound of the equilibrium's.
    bound
        Proved lower bound of the equilibrium's Beckmann value: the largest over the iterations of
        sum_a G_a(v_a) + g_a(v_a) (y_a - v_a), with y all trips on the shortest paths.
    total_time, total_cost
        sum_a v_a t_a and sum_a v_a g_a, with tolls and lengths.
    rel_gap
        (sum_a g_a v_a - sum_a g_a y_a) / sum_a g_a v_a at the flows returned; 0 at the equilibrium.
    iterations, stop
        Rounds of shortest paths made, and why there were no more.
    demand, unserved
        Trips asked for, and those between zones that the network does not connect (Z, Z). The latter are in no flow and in no sum.
    paths
        Path flows, where the method has them.
    """

    network: RoadNetwork
    method: str
    flow: Array
    time: Array
    beckmann: float
    bound: float
    total_time: float
    total_cost: float
    rel_gap: float
    iterations: int
    stop: Stop
    demand: Array
    unserved: Array
    paths: PathFlows | None = None

    @property
    def cost(self) -> Array:
        """Cost of each link (L,) that drivers minimise, equation (2) of ``costs``."""
        return LinkCosts.of(self.network).cost(self.flow)

    @property
    def unserved_pairs(self) -> list[tuple[int, int]]:
        """Pairs of zones with trips between them but no open path."""
        return [(int(o), int(d)) for o, d in np.argwhere(self.unserved > 0)]

    def travel_costs(self) -> np.ma.MaskedArray[tuple[int, int], np.dtype[np.float64]]:
        """Return the cost of the shortest path between all zones (Z, Z) at the flows of this assignment.

        Without weights on tolls and lengths these are travel times. Within a zone it is 0. Pairs that no path connects are masked.
        """
        graph, zones = RoadGraph(self.network), np.arange(self.network.zones)
        cost = graph.trees(self.cost, zones).distance[:, graph.as_target(zones)]
        cost[zones, zones] = 0.0
        return np.ma.masked_where(np.isinf(cost), cost)


@dataclass(slots=True)
class Progress:
    """Gap and bound of the flows of one iteration after another."""

    traffic: Traffic
    target: float
    limit: int
    rel_gap: float = np.inf
    bound: float = 0.0
    iterations: int = 0

    def update(self, flow: Array, cost: Array, shortest: float) -> None:
        """Take in flows (L,), their costs (L,) and ``shortest``, the cost of all trips on the shortest paths."""
        spent = float(cost @ flow)
        self.rel_gap = max(spent - shortest, 0.0) / spent if spent > 0 else 0.0
        self.bound = max(self.bound, self.traffic.costs.beckmann(flow) - max(spent - shortest, 0.0))
        self.iterations += 1

    @property
    def stop(self) -> Stop | None:
        """Why to end now, if so."""
        if self.rel_gap <= self.target:
            return Stop.GAP_REACHED
        return Stop.ITERATION_LIMIT if self.iterations >= self.limit else None

    def assignment(self, method: str, flow: Array, stop: Stop, paths: PathFlows | None = None) -> Assignment:
        """Return the result for the flows that were taken in last."""
        costs = self.traffic.costs
        time, beckmann = costs.time(flow), costs.beckmann(flow)
        return Assignment(
            network=self.traffic.network,
            method=method,
            flow=flow,
            time=time,
            beckmann=beckmann,
            bound=min(self.bound, beckmann),
            total_time=float(time @ flow),
            total_cost=float(costs.cost(flow) @ flow),
            rel_gap=self.rel_gap,
            iterations=self.iterations,
            stop=stop,
            demand=self.traffic.demand,
            unserved=self.traffic.unserved,
            paths=paths,
        )
