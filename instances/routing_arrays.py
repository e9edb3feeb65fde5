r"""A routing instance as arrays, nodes 0 (depot) to n: times, windows, penalties; roads under damage; the shuttle.

Damage multiplies a road's time or closes it. A road stands for the best way between two places, so a vehicle that meets damage takes what
is quicker, the damaged road itself or a way through other places:

    t_ij = min(f_ij t0_ij, shortest path from i to j in the damaged network)     if the road is damaged or missing,       (1)
    t_ij = t0_ij                                                                 if not.                                  (2)

By (2), a scenario without damage is the intact network, also where rounded distances break the triangle inequality; for the same reason
(1) is t0_ij where it would be less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from ..errors import InputError
from .blocks import Array
from .metrics import decimal_degrees, distances
from .routing import Routing


@dataclass(frozen=True, slots=True, eq=False)
class RouteArrays:
    """One deterministic routing problem, with the fields of :class:`quakeops.solvers.route_problem.RouteProblem`, in that order."""

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
    step: bool
    names: tuple[str, ...]


def direct_times(instance: Routing) -> Array:
    """Return the times (n+1, n+1) of the intact roads, infinite where there is none, 0 on the diagonal."""
    if instance.travel_times is not None:
        times = np.array([[np.inf if t is None else t for t in row] for row in instance.travel_times], dtype=float)
        np.fill_diagonal(times, 0.0)
        return times
    assert instance.metric != "explicit"
    x, y = _coordinates(instance)
    return np.asarray(distances(instance.metric, x, y, instance.decimals) / instance.speed)


def intact_times(instance: Routing) -> Array:
    """Return the travel times (n+1, n+1) when all roads are intact, by (1) where there is none."""
    direct = direct_times(instance)
    return damaged_times(direct, np.ones_like(direct))


def _coordinates(instance: Routing) -> tuple[Array, Array]:
    """Return x and y (n+1,) as given, undefined where they are not."""
    pairs = [(np.nan if p.x is None else p.x, np.nan if p.y is None else p.y) for p in instance.places]
    x, y = np.array(pairs, dtype=float).T
    return x, y


def plane_places(instance: Routing) -> Array:
    """Return where depot and sites are on a map, x to the east and y to the north (n+1, 2); undefined where there are no coordinates.

    In the unit of the coordinates; degrees of longitude are shortened to those of latitude in the middle.
    """
    places = np.column_stack(_coordinates(instance))
    if instance.metric == "GEO":
        places = decimal_degrees(places)[:, ::-1]
    if instance.metric in ("GEO", "great_circle"):
        places = places * np.array([np.cos(np.radians(places[:, 1].mean())), 1.0])
    return np.asarray(places)


def damaged_times(direct: Array, factor: Array) -> Array:
    """Return the times (n+1, n+1) by (1), (2), infinite where no way is left.

    ``direct`` (n+1, n+1) are the times of the intact roads, infinite where there is none; ``factor`` (n+1, n+1) is 1 where a road is intact
    and infinite where it is closed.
    """
    touched = (factor != 1) | np.isinf(direct)
    if not touched.any():
        return direct.copy()
    with np.errstate(invalid="ignore"):
        damaged = np.where(np.isinf(factor), np.inf, direct * factor)
    intact = np.where(np.isinf(direct), 0.0, direct)
    return np.where(touched, np.maximum(intact, np.minimum(damaged, shortest_times(damaged))), direct)


def shortest_times(direct: Array) -> Array:
    """Return the shortest times over all places; ``direct`` (N, N) of the roads, infinite where none is; a time may be 0."""
    tail, head = np.nonzero(np.isfinite(direct))
    graph = csr_array((direct[tail, head], (tail, head)), shape=direct.shape)
    return np.asarray(dijkstra(graph))


def check_reachable(time: Array, names: Sequence[str], where: str) -> None:
    """Refuse times (n+1, n+1) under which a site cannot be reached from the depot, or the depot from it.

    Raises
    ------
    InputError
        ``where``, which names a scenario, and the site.
    """
    there = shortest_times(time)
    for j in np.flatnonzero(np.isinf(there[0]) | np.isinf(there[:, 0]))[:1]:
        way = f"cannot be reached from depot {names[0]!r}" if np.isinf(there[0, j]) else f"has no way back to depot {names[0]!r}"
        raise InputError(f"{where}: site {names[j]!r} {way}: every way is closed")


def casualties(instance: Routing) -> Array:
    """Return the instance's own casualties (n+1,), 0 at the depot."""
    return np.array([0.0, *(s.casualties for s in instance.sites)])


def route_arrays(instance: Routing, time: Array | None = None, demand: Array | None = None) -> RouteArrays:
    """Return the problem of one scenario: ``time`` (n+1, n+1) and ``demand`` (n+1,), by default the instance's own.

    Hard windows have infinite penalties; soft ones beta times the weights of priority and side, 0 where a window has no such side. With
    ``shuttle``, the way from site to site leads over the depot, and no route has a capacity.
    """
    time = intact_times(instance) if time is None else np.asarray(time, dtype=float)
    earliest, latest, early, late = windows(instance)
    return RouteArrays(
        cost=shuttled(time) if instance.shuttle else time.copy(),
        time=shuttled(time) if instance.shuttle else time.copy(),
        service=np.array([0.0, *(s.service_time for s in instance.sites)]),
        demand=casualties(instance) if demand is None else np.asarray(demand, dtype=float),
        earliest=earliest,
        latest=latest,
        early=early,
        late=late,
        vehicles=instance.vehicles.count,
        capacity=np.inf if instance.shuttle else instance.capacity,
        step=instance.penalty == "step",
        names=instance.nodes,
    )


def windows(instance: Routing) -> tuple[Array, Array, Array, Array]:
    """Return ``earliest``, ``latest``, infinite where there is none, and penalties ``early``, ``late``, infinite where hard, all (n+1,)."""
    weight_of = {p.name: p.weight for p in instance.priorities}
    weight = np.array([1.0, *(1.0 if s.priority is None else weight_of[s.priority] for s in instance.sites)])
    earliest = np.array([-np.inf if p.earliest is None else p.earliest for p in instance.places])
    latest = np.array([np.inf if p.latest is None else p.latest for p in instance.places])
    if instance.windows == "hard":
        early, late = np.full(len(weight), np.inf), np.full(len(weight), np.inf)
    else:
        early, late = instance.beta * instance.early_weight * weight, instance.beta * instance.late_weight * weight
    early, late = np.where(np.isinf(earliest), 0.0, early), np.where(np.isinf(latest), 0.0, late)
    early[0] = 0.0
    return earliest, latest, early, late


def shuttled(time: Array) -> Array:
    """Return times (n+1, n+1) by which a vehicle goes from site to site over the depot."""
    out = time.copy()
    out[1:, 1:] = time[1:, :1] + time[:1, 1:]
    np.fill_diagonal(out, 0.0)
    return out
