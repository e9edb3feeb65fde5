"""``quakeops.evaluate``: a plan on its own scenarios or on others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .. import parallel
from ..decomposition.ambiguity import check_radius, plan_ambiguity
from ..decomposition.compiled import anonymous_stage_data, stage_data
from ..decomposition.evaluation import Evaluation, evaluate_plan, plan_vector
from ..decomposition.lazy.search import search
from ..decomposition.matrices import ScenarioData
from ..decomposition.owned import spread
from ..decomposition.owned_evaluation import with_own_choice, without_joint_rows
from ..decomposition.program import Program, from_provenance
from ..decomposition.saa.violations import exact_violations, violations
from ..decomposition.sampling import fresh
from ..errors import InputError
from ..result import Result
from ..solvers import Backend, get


def evaluate(
    result: Result,
    *,
    scenarios: int | None = None,
    seed: int | None = None,
    scenario_file: str | None = None,
    solver: str = "highs",
    cvar_level: float = 0.95,
    evpi: bool = True,
    vss: bool = True,
    radius: float | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Evaluation:
    """Evaluate a plan on its own scenarios, on ``scenarios`` fresh ones drawn with ``seed``, or on those of a file.

    ``seed`` defaults to the plan's own plus one, so that the draws are not those the plan was made for. Fresh scenarios of a drawn family
    are new draws; of a fixed instance, draws with replacement by its probabilities; of a foreign
    module, what it makes of that number of scenarios (and of ``seed``, if it declares one). ``radius`` asks for the worst expected cost
    within that transport distance of the scenarios' probabilities, see :class:`~quakeops.decomposition.ambiguity.Ambiguity`.

    Raises
    ------
    InputError
        The result does not say what it was computed on, or does not fit its model; or ``radius`` is negative.
    NoSolutionError
        The result holds no plan, or the plan fails in some scenario.
    """
    if scenarios is not None and scenarios < 2:
        raise InputError(f"--scenarios {scenarios}: give at least 2, or leave it out for the scenarios of the plan")
    if seed is not None and scenarios is None:
        raise InputError("--seed goes with --scenarios")
    comm = parallel.world()
    return parallel.on_rank_0(
        comm, lambda: _evaluate(result, scenarios, seed, scenario_file, solver, cvar_level, evpi, vss, radius, progress)
    )


def _evaluate(
    result: Result,
    scenarios: int | None,
    seed: int | None,
    scenario_file: str | None,
    solver: str,
    cvar_level: float,
    evpi: bool,
    vss: bool,
    radius: float | None,
    progress: Callable[[str, int, int], None] | None,
) -> Evaluation:
    result.raise_for_status()
    if radius is not None:
        check_radius(radius)
    backend = get(solver)
    program, sampled = fresh(from_provenance(result.provenance), scenarios, seed, scenario_file)
    if radius is not None and program.owned:
        raise InputError(f"--radius {radius:g}: does not go with a model in which scenarios own variables")
    other = scenarios is not None or scenario_file is not None
    if other and program.violations is not None:
        program = replace(program, kwargs={**program.kwargs, "loose": True})
    if program.lazy is not None:
        program = _recomputed(program, result, backend)
    anonymous = anonymous_stage_data(program)
    data = spread(anonymous, program.owned)
    joined = bool(program.owned) or program.violations is not None
    if joined or program.lazy is not None:
        evpi = vss = False
    if program.owned and other:
        result = with_own_choice(result, program, anonymous, backend)
        data = without_joint_rows(data, program.owned)
    source, service = program.kwargs.get("source"), program.service
    figures = evaluate_plan(
        result,
        data,
        backend,
        sampled=sampled,
        cvar_level=cvar_level,
        evpi=evpi,
        vss=vss,
        service=None if service is None else lambda k, values: service(source, k, values),
        mean=_mean_scenario(program),
        progress=progress,
    )
    if joined:
        figures = replace(figures, vss_note="EVPI and VSS are not defined where the requirement joins the scenarios")
    if program.lazy is not None:
        figures = replace(figures, vss_note="EVPI and VSS are not given where decisions are recomputed: other plans' were not")
    if program.violations is not None:
        drawn = sampled and other  # the scenarios that a plan was made for are no independent draws to judge it by
        plan, p = result.first_stage, data.probabilities
        figures = replace(figures, violations=violations(program, plan, 0.95) if drawn else exact_violations(program, plan, p))
    if radius is not None:
        figures = replace(figures, ambiguity=plan_ambiguity(program, backend, plan_vector(result, data), radius))
    if service is None or source is None:
        return figures
    label = source.scenario(program.scenario_names.index(figures.worst_scenario)).label
    return replace(figures, worst_scenario=f"{figures.worst_scenario} ({label})")


def _recomputed(program: Program, result: Result, backend: Backend) -> Program:
    """Return the program with the rows that a plan needs, which need not be one that was solved for: its decisions are then allowed."""
    assert program.lazy is not None
    data = stage_data(program)
    return program.with_rows(search(program.lazy, data, backend, plan_vector(result, data), lambda: False).rows)


def _mean_scenario(program: Program) -> ScenarioData | None:
    """Return the scenario of the mean data, of a model that makes it itself."""
    if program.mean_source is None:
        return None
    source = program.mean_source(program.kwargs["source"])
    alone = replace(program, scenario_names=program.scenario_names[:1], kwargs={**program.kwargs, "source": source})
    return stage_data(alone).scenarios[0]
