r"""PyVRP as a heuristic: hard windows only, in integers; it has no soft windows, so they are either kept or left out.

PyVRP (Wouda, Lan and Kool 2024, INFORMS Journal on Computing 36(4), 943-955) minimises the cost of arcs by iterated local search.
Numbers of at most four decimals are taken exactly, as multiples of a power of ten; others are rounded to a millionth of the greatest, so
that a window that is kept in integers is kept: travel up, windows inwards.
"""

from __future__ import annotations

from importlib import metadata
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SolverUnavailableError
from .route_batch import earliest_departure
from .route_problem import Array, RouteProblem

SMALLEST = "0.14"
STEPS = 1e6
ROUNDING = 1e-4


def pyvrp_version() -> str | None:
    """Return the version of PyVRP that is installed, or None where none is, or one too old."""
    if find_spec("pyvrp") is None:
        return None
    version = metadata.version("pyvrp")
    return version if _numbers(version) >= _numbers(SMALLEST) else None


def pyvrp_routes(
    problem: RouteProblem, *, time_limit: float, seed: int, keep_soft: bool = True, iterations: int | None = None
) -> list[list[int]] | None:
    """Return PyVRP's best routes, or None where it found none that carry every site's demand.

    They may miss windows. ``keep_soft`` tells whether windows of finite penalty count as hard, or not at all.

    Raises
    ------
    SolverUnavailableError
        PyVRP is not installed.
    """
    if pyvrp_version() is None:
        raise SolverUnavailableError(f"PyVRP {SMALLEST} or newer is not installed: pip install 'quakeops[routing]'")
    import pyvrp
    from pyvrp.stop import MaxIterations, MaxRuntime, MultipleCriteria

    stops: list[Any] = [MaxRuntime(time_limit), *([] if iterations is None else [MaxIterations(iterations)])]
    result = pyvrp.solve(_data(problem, keep_soft), MultipleCriteria(stops), seed=seed, collect_stats=False)
    best = result.best
    if not best.is_complete() or best.has_excess_load():
        return None
    return [[int(stop.idx) + 1 for stop in route if stop.is_client()] for route in best.routes()]


def _data(problem: RouteProblem, keep_soft: bool) -> Any:
    """Return the problem in PyVRP's form: site j is location j and client j - 1; service is part of travel, time begins at 0."""
    import pyvrp

    n = problem.num_sites
    missing = ~(np.isfinite(problem.cost) & np.isfinite(problem.time))
    np.fill_diagonal(missing, False)
    lag = np.where(missing, 0.0, problem.time + problem.service[:, None])
    np.fill_diagonal(lag, 0.0)
    cost = np.where(missing, 0.0, problem.cost)
    np.fill_diagonal(cost, 0.0)
    begin = float(earliest_departure(problem, lag.max(axis=0).sum()))
    sides = ((problem.earliest, problem.early), (problem.latest, problem.late))
    kept = [np.isfinite(a) & (w > 0 if keep_soft else np.isinf(w)) for a, w in sides]
    earliest = np.where(kept[0], np.maximum(problem.earliest - begin, 0.0), 0.0)
    latest = np.where(kept[1], problem.latest - begin, np.inf)
    unit = _unit(lag, earliest, latest[kept[1]])
    cost_unit, load_unit = _unit(cost), _unit(problem.demand)
    distances, durations, opens, demand = _up(cost / cost_unit), _up(lag / unit), _up(earliest / unit), _up(problem.demand / load_unit)
    far = int(max(distances.sum(), durations.sum(), opens.max(initial=0))) + 1
    distances[missing] = durations[missing] = far
    closes = np.where(kept[1], -_up(np.where(kept[1], -latest, 0.0) / unit), far * (n + 2))
    capacity = int(demand.sum()) if problem.capacity == np.inf else int(-_up(np.array(-problem.capacity / load_unit)))
    clients = [
        pyvrp.Client(location=j, delivery=[int(demand[j])], tw_early=int(opens[j]), tw_late=max(int(closes[j]), int(opens[j])))
        for j in range(1, n + 1)
    ]
    vehicles = pyvrp.VehicleType(num_available=min(problem.vehicles, n), capacity=[capacity], tw_late=max(int(closes[0]), 0))
    matrices: list[Any] = [[distances], [durations]]
    locations = [pyvrp.Location(0.0, 0.0) for _ in range(n + 1)]
    return pyvrp.ProblemData(locations, clients, [pyvrp.Depot(location=0)], [vehicles], *matrices)


def _unit(*values: Array) -> float:
    """Return the power of ten of which all numbers are multiples, or else a millionth of the greatest."""
    numbers = np.concatenate([np.ravel(v) for v in values])
    for decimals in range(5):
        scaled = numbers * 10.0**decimals
        if np.all(np.abs(scaled - np.round(scaled)) <= ROUNDING):
            return 10.0**-decimals
    return float(numbers.max()) / STEPS


def _up(numbers: Array) -> NDArray[np.int64]:
    """Round up to integers, unless rounding already took a number beyond one."""
    return np.ceil(numbers - ROUNDING).astype(np.int64)


def _numbers(version: str) -> tuple[int, ...]:
    """Return the first two numbers of a version."""
    return tuple(int(part) for part in version.split(".")[:2])
