"""``quakeops.pareto``: the front of several objectives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .. import parallel
from ..decomposition.pareto import INNER, ParetoFront, offered_objectives, solve_front
from ..decomposition.program import from_model
from ..decomposition.run import provenance
from ..errors import InputError
from ..solvers import get


def pareto(
    model: str,
    *,
    objectives: Sequence[str] | None = None,
    points: int = 55,
    budget: float | None = None,
    instance: str | None = None,
    scenarios: int | None = None,
    scenario_file: str | None = None,
    seed: int | None = None,
    arguments: Mapping[str, Any] | None = None,
    method: str = "benders",
    solver: str = "highs",
    rel_gap: float = 1e-3,
    time_limit: float | None = None,
    threads: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> ParetoFront:
    """Compute the Pareto front of a model's objectives under a budget on its first-stage cost.

    Lexicographic anchors, then the normalized normal constraint method on a lattice of the plane through them, then points that fill
    what the lattice leaves open.

    Parameters
    ----------
    model, instance, scenarios, scenario_file, seed, arguments
        What to solve it on, as in :func:`solve`; the model must name its objectives as stage expressions.
    objectives
        At least two of them; default all that the model offers (``casualties``, ``loss``, ``response_time`` of ``prepositioning``).
    points
        About how many; 55 are a whole lattice for three objectives.
    budget
        Largest first-stage cost; default 0.6 of what the plan of least expected cost spends.
    method
        Inner solver: ``"benders"``, with cuts on weighted recourse that all points share, or ``"ef"``.
    rel_gap
        Each point is solved to this share of the objectives' ranges.
    time_limit
        After so many seconds what was found is returned.
    progress
        Called with a step's name, how many of it are done, and of how many.

    Raises
    ------
    InputError
        Unknown or identical objectives, a constant or unbounded one, fewer points than objectives, a budget below what any plan costs.

    Examples
    --------
    >>> import quakeops
    >>> front = quakeops.pareto("prepositioning", objectives=["casualties", "loss"], points=3, instance="islands-3", budget=200000)
    >>> front.status.value, len(front.points) >= 2
    ('optimal', True)
    """
    comm = parallel.world()
    return parallel.on_rank_0(
        comm,
        lambda: _pareto(
            model,
            objectives,
            points,
            budget,
            (instance, scenarios, scenario_file, seed, arguments),
            method,
            solver,
            rel_gap,
            time_limit,
            threads,
            progress,
        ),
    )


def _pareto(
    model: str,
    objectives: Sequence[str] | None,
    points: int,
    budget: float | None,
    given: tuple[str | None, int | None, str | None, int | None, Mapping[str, Any] | None],
    method: str,
    solver: str,
    rel_gap: float,
    time_limit: float | None,
    threads: int | None,
    progress: Callable[[str, int, int], None] | None,
) -> ParetoFront:
    if method not in INNER:
        raise InputError(f"--method {method!r}: a front is computed by {' or '.join(INNER)}")
    if not rel_gap > 0:
        raise InputError(f"--rel-gap {rel_gap}: must be positive")
    if time_limit is not None and not time_limit > 0:
        raise InputError(f"--time-limit {time_limit}: must be positive (seconds)")
    instance, scenarios, scenario_file, seed, arguments = given
    offered = offered_objectives(model)
    if instance is None and scenario_file is None:
        instance = offered.instance
    program = from_model(
        model,
        instance=instance,
        scenario_file=scenario_file,
        num_scenarios=scenarios,
        seed=seed,
        arguments={**offered.arguments, **(arguments or {})},
    )
    options = {"points": points, "budget": budget, "rel_gap": rel_gap, "time_limit": time_limit, "threads": threads}
    return solve_front(
        program,
        get(solver),
        tuple(offered.units) if objectives is None else tuple(objectives),
        points=points,
        budget=budget,
        method=method,
        rel_gap=rel_gap,
        time_limit=time_limit,
        threads=threads,
        units=offered.units_of(program),
        provenance=provenance(program.recipe, program.instance_hash, **options),
        progress=progress,
    )
