r"""Good routes at once: PyVRP where it is installed, and ruin and recreate with exact timing.

PyVRP knows hard windows only. Where all are hard it does the work, and ruin and recreate steps in if it finds nothing. With soft
windows PyVRP gives two starts, one that keeps them and one that ignores them, in a quarter of the time each; ruin and recreate then
improves the better one under the true objective. Without PyVRP it does all.
"""

from __future__ import annotations

from dataclasses import replace
from time import monotonic

from ..errors import InputError
from .route_batch import has_soft_windows
from .route_cost import Routes, evaluate_routes
from .route_problem import RouteProblem
from .route_pyvrp import pyvrp_routes, pyvrp_version
from .ruin_recreate import ruin_recreate

OWN = "local search"
START_SHARE = 0.25
HARD_SHARE = 0.8


def good_routes(
    problem: RouteProblem, *, time_limit: float, seed: int = 0, iterations: int | None = None, use_pyvrp: bool | None = None
) -> Routes | None:
    """Return the best routes found, by exact evaluation, or None where none were found that serve every site and keep the hard windows.

    Parameters
    ----------
    time_limit
        Seconds for the whole search.
    seed, iterations
        The same seed gives the same routes, if each method ends by its ``iterations`` before its time.
    use_pyvrp
        Whether to use it; by default where it is installed. ``Routes.by`` says what was used.

    Raises
    ------
    InputError
        A time limit or a number of iterations that is not positive.
    SolverUnavailableError
        ``use_pyvrp`` is true and PyVRP is not installed.
    """
    if not time_limit > 0:
        raise InputError(f"time_limit: {time_limit:g}, expected a positive number of seconds")
    if iterations is not None and iterations < 1:
        raise InputError(f"iterations: {iterations}, expected at least 1")
    version = pyvrp_version()
    pyvrp = version is not None if use_pyvrp is None else use_pyvrp
    soft = has_soft_windows(problem)
    begun = monotonic()
    best: Routes | None = None
    if pyvrp:
        for keep_soft in (True, False) if soft else (True,):
            share = START_SHARE if soft else HARD_SHARE
            routes = pyvrp_routes(problem, time_limit=share * time_limit, seed=seed, keep_soft=keep_soft, iterations=iterations)
            best = _better(best, None if routes is None else evaluate_routes(problem, routes, by=f"pyvrp {version}"))
        if best is not None and not soft:
            return best
    start, left = () if best is None else best.routes, max(0.0, time_limit - (monotonic() - begun))
    routes = ruin_recreate(problem, time_limit=left, seed=seed, start=start, iterations=iterations)
    by = OWN if best is None else f"{best.by}, {OWN}"
    found = _better(best, None if routes is None else evaluate_routes(problem, routes))
    return None if found is None else replace(found, by=by)


def _better(one: Routes | None, other: Routes | None) -> Routes | None:
    """Return the cheaper of two."""
    if one is None or other is None:
        return one or other
    return other if other.total < one.total else one
