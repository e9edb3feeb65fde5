"""When vehicles are where: the best timing of a plan's routes in one scenario, or its means over all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from ...instances.routing_arrays import shuttled
from ...instances.routing_source import RoutingScenario, RoutingSource
from ...solvers.route_timing import optimal_timing
from .problem import SiteRoutes, route_problem

BLOCK = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A service at a site, or a vehicle's return (``node`` 0), in the unit of time.

    ``arrival``, ``start``, ``earliness``, ``lateness`` and ``penalty`` are means over scenarios, ``first`` and ``last`` the earliest and
    the latest start of all scenarios.
    """

    node: int
    arrival: float
    start: float
    service: float
    earliness: float
    lateness: float
    penalty: float
    first: float
    last: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tour:
    """One vehicle's route: ``departure`` and ``travel`` are means over scenarios; the last of the ``stops`` is the return."""

    departure: float
    travel: float
    casualties: float
    stops: tuple[Stop, ...]

    @property
    def sites(self) -> tuple[int, ...]:
        """Sites by number, in order."""
        return tuple(stop.node for stop in self.stops[:-1])

    @property
    def penalty(self) -> float:
        """Sum of the stops' penalties."""
        return sum(stop.penalty for stop in self.stops)


def timetable(source: RoutingSource, routes: SiteRoutes, scenario: int | None = None) -> tuple[Tour, ...]:
    """Return what each vehicle does, with optimal starts of service in every scenario, or in the one with this number.

    Raises
    ------
    InputError
        Routes that are none of the instance's, or that no timing allows in some scenario.
    """
    problem = route_problem(source)
    problem.check_routes(routes)
    departure, travel = np.zeros(len(routes)), np.zeros(len(routes))
    means = [np.zeros((5, len(route) + 1)) for route in routes]
    first, last = ([np.full(len(route) + 1, sign * np.inf) for route in routes] for sign in (1, -1))
    casualties = np.zeros(len(problem.demand))
    for weight, scen in _scenarios(source, scenario):
        time = shuttled(scen.time) if source.instance.shuttle else scen.time
        casualties += weight * scen.demand
        for v, route in enumerate(routes):
            timing = optimal_timing(problem, route, time=time)
            if timing is None:
                raise InputError(f"plan: vehicle {v + 1} breaks a hard window in scenario {scen.label!r}")
            departure[v] += weight * timing.departure
            travel[v] += weight * float(time[[0, *route], [*route, 0]].sum())
            means[v] += weight * np.stack([timing.arrivals, timing.starts, timing.earliness, timing.lateness, timing.penalties])
            first[v], last[v] = np.minimum(first[v], timing.starts), np.maximum(last[v], timing.starts)
    tours = []
    for v, route in enumerate(routes):
        columns = zip(*means[v].tolist(), first[v].tolist(), last[v].tolist(), strict=True)
        stops = tuple(
            Stop(
                node=node,
                service=float(problem.service[node]),
                arrival=arrival,
                start=start,
                earliness=earliness,
                lateness=lateness,
                penalty=penalty,
                first=low,
                last=high,
            )
            for node, (arrival, start, earliness, lateness, penalty, low, high) in zip((*route, 0), columns, strict=True)
        )
        load = float(casualties[list(route)].sum())
        tours.append(Tour(departure=float(departure[v]), travel=float(travel[v]), casualties=load, stops=stops))
    return tuple(tours)


def _scenarios(source: RoutingSource, scenario: int | None) -> Iterator[tuple[float, RoutingScenario]]:
    """Yield the scenarios with weights that sum to 1: all, or the one with this number."""
    if scenario is not None:
        yield 1.0, source.scenario(scenario)
        return
    weights = source.probabilities / source.probabilities.sum()
    for start in range(0, source.num_scenarios, BLOCK):
        block = source.block(start, min(start + BLOCK, source.num_scenarios))
        for k in range(len(block)):
            yield float(weights[start + k]), block.scenario(k)
