"""A routing program's scenarios as arrays, and its first stage as routes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

import numpy as np

from ...errors import InputError
from ...instances.routing import Routing
from ...instances.routing_arrays import RouteArrays, route_arrays
from ...instances.routing_source import RoutingSource
from ...models.protocol import variable_name
from ...models.routing import carries_later, counts_sites
from ...solvers.route_problem import Array, RouteProblem
from ..program import Program

Plan = dict[str, float]
SiteRoutes = tuple[tuple[int, ...], ...]


def is_routing(program: Program) -> bool:
    """Whether it is a program of :mod:`quakeops.models.routing`."""
    return isinstance(getattr(program.kwargs.get("source"), "instance", None), Routing)


def source_of(program: Program) -> RoutingSource:
    """Return the scenarios of a routing program."""
    source: RoutingSource = program.kwargs["source"]
    return source


def route_problem(source: RoutingSource, time: Array | None = None, demand: Array | None = None) -> RouteProblem:
    """Return the deterministic problem with these travel times (n+1, n+1) and casualties (n+1,), by default the instance's own.

    Without ``demand``, where what vehicles carry is of the second stage, loads are no condition on routes: the capacity is infinite.
    """
    arrays = route_arrays(source.instance, time, demand)
    parts = {f.name: getattr(arrays, f.name) for f in fields(RouteArrays)}
    if demand is None and carries_later(source):
        parts |= {"capacity": np.inf}
    return RouteProblem(**parts)


def routes_of(instance: Routing, first_stage: Mapping[str, float]) -> SiteRoutes:
    """Return the routes of a plan, sites by number; the first sites ascend.

    Raises
    ------
    InputError
        Arcs that are no routes from the depot through all sites and back.
    """
    nodes = instance.nodes
    after: dict[int, list[int]] = {}
    for i, tail in enumerate(nodes):
        after[i] = [j for j, head in enumerate(nodes) if i != j and first_stage.get(variable_name("drive", tail, head), 0.0) > 0.5]
    for j in range(1, len(nodes)):
        if len(after[j]) != 1:
            raise InputError(f"plan: {len(after[j])} arcs leave site {nodes[j]!r}, expected one")
    routes, seen = [], set[int]()
    for first in after[0]:
        route, j = [], first
        while j and j not in seen:
            seen.add(j)
            route.append(j)
            j = after[j][0]
        routes.append(tuple(route))
    if len(seen) < len(nodes) - 1 or sum(map(len, routes)) != len(seen):
        lost = next((nodes[j] for j in range(1, len(nodes)) if j not in seen), "a site twice")
        raise InputError(f"plan: no route from the depot through site {lost!r} and back")
    return tuple(routes)


def plan_of(source: RoutingSource, routes: Sequence[Sequence[int]]) -> Plan:
    """Return the first stage of routes, x and f of :mod:`quakeops.models.routing`, by name; sites by number."""
    nodes, arrays = source.instance.nodes, route_arrays(source.instance)
    need = np.ones(len(nodes)) if counts_sites(source, arrays) else arrays.demand
    plan = {variable_name(what, i, j): 0.0 for what in ("drive", "aboard") for i in nodes for j in nodes if i != j}
    for route in routes:
        aboard = 0.0
        for i, j in zip((0, *route), (*route, 0), strict=True):
            aboard += float(need[i]) if i else 0.0
            plan[variable_name("drive", nodes[i], nodes[j])], plan[variable_name("aboard", nodes[i], nodes[j])] = 1.0, aboard
    return plan
