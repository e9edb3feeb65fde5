"""The functions behind ``quakeops.solve`` and ``quakeops.evaluate``; the command line adds nothing to them but text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from . import parallel
from .decomposition.ambiguity import check_radius, plan_ambiguity
from .decomposition.benders import Risk, Saved, Settings, new_checkpoint, parse_risk, solve_benders
from .decomposition.chance import refuse_settings, solve_chance
from .decomposition.compiled import anonymous_stage_data, stage_data
from .decomposition.evaluation import Evaluation, evaluate_plan, plan_vector
from .decomposition.export import FORMATS, export_program
from .decomposition.extensive_form import solve_extensive_form
from .decomposition.owned import spread
from .decomposition.owned_evaluation import with_own_choice
from .decomposition.pareto import INNER, ParetoFront, offered_objectives, solve_front
from .decomposition.program import Program, from_model, from_module, from_provenance
from .decomposition.recourse_solutions import with_recourse
from .decomposition.risk_form import solve_risk_form
from .decomposition.run import Progress, Run, provenance
from .decomposition.saa import SaaResult, checked, statistical_bounds
from .decomposition.saa.violations import exact_violations, violations
from .decomposition.sampling import fresh
from .decomposition.smps import from_smps
from .decomposition.verification import Verification, verify_result
from .errors import InputError
from .files import require_writable
from .result import Result
from .solvers import Backend, get

if TYPE_CHECKING:
    import xarray as xr

METHODS = ("ef", "ph", "benders")


def solve(
    model: str | None = None,
    *,
    module: str | ModuleType | None = None,
    smps: str | Path | None = None,
    instance: str | None = None,
    scenarios: int | None = None,
    scenario_file: str | None = None,
    seed: int | None = None,
    arguments: Mapping[str, Any] | None = None,
    method: str | None = None,
    solver: str | None = None,
    rel_gap: float | None = None,
    time_limit: float | None = None,
    threads: int | None = None,
    iterations: int | None = None,
    bundles: int | None = None,
    log: str | None = None,
    risk: str | None = None,
    cuts: str | None = None,
    clusters: int | None = None,
    stabilization: str | None = None,
    pool: bool | None = None,
    retain: int | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_every: int | None = None,
    resume: str | Path | None = None,
    certificate: bool = True,
    progress: Progress | None = None,
) -> Result:
    """Solve a model of quakeops, any two-stage linear mpi-sppy scenario module, or SMPS files.

    Parameters
    ----------
    model, module, smps
        One of them: a name such as ``"prepositioning"``; a foreign scenario module (import path or module object); stem or folder of
        SMPS files.
    instance, scenario_file, scenarios, seed
        What to solve it on. ``scenarios`` and ``seed`` are for drawn families and foreign modules only.
    arguments
        Options that the model or module declares (its ``inparser_adder``), such as ``{"joint": False}`` of ``deployment``.
    method
        ``"ef"`` (extensive form, the default), ``"ph"`` (progressive hedging by mpi-sppy) or ``"benders"`` (our own engine).
    solver, threads
        Backend of the registry (default ``"highs"``), and its threads for ``ef`` and ``benders`` (default: the solver's choice; two for
        recourse problems in one process); ``ph`` runs one thread a rank.
    rel_gap, time_limit
        Stop at this relative gap (default 1e-3), or after this many seconds.
    iterations
        For ``ph`` and ``benders``: most iterations.
    bundles, log
        For ``ph`` only: number of bundles the scenarios are joined into (``None``: each alone), file for mpi-sppy's log.
    risk
        For ``ef`` and ``benders``: ``"mean"``, ``"cvar:ALPHA"``, ``"mean-cvar:LAMBDA:ALPHA"``, ``"worst"`` or ``"wasserstein:RADIUS"``;
        objective and bound of the result are then of that measure.
    cuts, clusters, stabilization, pool, retain
        For ``benders`` only; see :class:`~quakeops.decomposition.benders.settings.Settings`.
    checkpoint, checkpoint_every, resume
        For ``benders`` only. ``checkpoint`` is a folder that gets the run's state every so many iterations; ``resume`` one whose state the
        run goes on from, and writes to unless ``checkpoint`` names another. The problem, ``solver``, ``rel_gap`` and the engine's settings
        are then those of that run where they are not given; limits and threads are not taken over. The time limit counts from the run's
        first start.
    certificate
        Put into the result what :func:`verify` checks it by, up to a stated size.
    progress
        Called with a :class:`~quakeops.result.TracePoint` as bound and incumbent improve.

    Raises
    ------
    InputError
        Something is misspelt or does not fit together; the message says what.
    SolverError
        The solver is missing, unlicensed or failed.

    Examples
    --------
    >>> import quakeops
    >>> plan = quakeops.solve("prepositioning", instance="newsvendor", rel_gap=1e-9)
    >>> plan.status.value
    'optimal'
    """
    if method is None:
        method = "ef" if resume is None else "benders"
    if rel_gap is not None and not rel_gap >= 0:
        raise InputError(f"--rel-gap {rel_gap}: must not be negative")
    if time_limit is not None and not time_limit > 0:
        raise InputError(f"--time-limit {time_limit}: must be positive (seconds)")
    if threads is not None and threads < 1:
        raise InputError(f"--threads {threads}: must be at least 1")
    if method not in METHODS:
        raise InputError(f"unknown method {method!r}; known: {', '.join(METHODS)}")
    engine = {"cuts": cuts, "clusters": clusters, "stabilization": stabilization, "pool": pool, "retain": retain, "risk": risk}
    of_methods: dict[str, tuple[Any, tuple[str, ...]]] = {"iterations": (iterations, ("ph", "benders"))}
    of_methods |= {"bundles": (bundles, ("ph",)), "log": (log, ("ph",))}
    states = {"checkpoint": checkpoint, "checkpoint-every": checkpoint_every, "resume": resume}
    of_methods |= {name: (value, ("benders",)) for name, value in (engine | states).items()} | {"risk": (risk, ("ef", "benders"))}
    for name, (value, methods) in of_methods.items():
        if value is not None and method not in methods:
            raise InputError(f"--{name} is an option of --method {' and '.join(methods)}, not of {method}")
    for name, count in (("iterations", iterations), ("bundles", bundles), ("checkpoint-every", checkpoint_every)):
        if count is not None and count < 1:
            raise InputError(f"--{name} {count}: must be at least 1")
    if checkpoint_every is not None and checkpoint is None and resume is None:
        raise InputError("--checkpoint-every goes with --checkpoint or --resume")
    if threads is not None and method == "ph":
        raise InputError(f"--threads {threads}: progressive hedging runs one thread a rank; give mpiexec more ranks instead")
    comm = parallel.world()
    saved = None if resume is None else parallel.on_rank_0(comm, lambda: Saved.load(Path(resume)))
    solver = solver or "highs" if saved is None else saved.solver(solver)
    if rel_gap is None:
        rel_gap = 1e-3 if saved is None else saved.rel_gap
    run = Run(rel_gap=rel_gap, time_limit=time_limit, threads=threads, progress=progress, method=method, solver=solver)
    run.certificate = certificate
    given = (model, module, smps, instance, scenarios, scenario_file, seed, arguments or None)

    def rebuilt() -> Program:
        if saved is None:
            return _program(*given)
        return saved.program(None if given.count(None) == len(given) else _program(*given))

    backend, program = parallel.agree(comm, lambda: (get(solver), rebuilt()))
    options = {"rel_gap": rel_gap, "time_limit": time_limit, "threads": threads, "iterations": iterations, "bundles": bundles}
    chosen: dict[str, Any] = {name: value for name, value in engine.items() if value is not None}
    if saved is not None:
        chosen = saved.settings(chosen)  # those that are not the default
    options |= chosen
    run.provenance = provenance(program.recipe, program.instance_hash, **options) | {"ranks": 1 if comm is None else comm.Get_size()}
    if method == "ef":
        measure = parse_risk(risk or "mean")
        result = parallel.on_rank_0(comm, lambda: _extensive_form(program, backend, run, measure))
    elif method == "benders":
        settings = Settings(**chosen | {"risk": parse_risk(chosen.get("risk", "mean"))}, iterations=iterations, threads=threads)
        if program.owned:
            refuse_settings(settings, checkpoint or resume)
        where = checkpoint if resume is None or checkpoint is not None else resume
        writer = None if where is None else new_checkpoint(Path(where), checkpoint_every, program, solver, settings, saved, comm)
        if program.owned:
            result = solve_chance(program, backend, run, comm=comm, settings=settings)
        else:
            result = solve_benders(program, backend, run, comm=comm, settings=settings, checkpoint=writer, saved=saved)
    else:
        from .decomposition.progressive_hedging import solve_progressive_hedging

        result = solve_progressive_hedging(program, backend, run, comm=comm, iterations=iterations, bundles=bundles, log=log)
    if certificate and method != "benders":
        result = parallel.on_rank_0(comm, lambda: with_recourse(result, program, backend))
    return replace(result, model=program.name, instance=program.instance)


def generate(
    region: str | Path,
    *,
    scenarios: int,
    seed: int = 0,
    time_of_day: str = "night",
    fault: str | None = None,
    magnitude: float | None = None,
    importance: bool = False,
    aftershocks: bool = False,
    reduce_to: int | None = None,
    reduction: str = "forward",
    threads: int | None = None,
    out: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> xr.Dataset:
    """Generate a scenario set of a region: ground motion, damage, cascade, losses, relief needed.

    Parameters
    ----------
    region
        Packaged region (``"istanbul"``, ``"tokyo"``, ``"los-angeles"``, ``"chengdu"``, ``"town"``) or a region file.
    scenarios, seed
        How many; scenario k depends on the seed and k alone.
    time_of_day
        Where people are: ``"night"``, ``"day"`` or ``"commute"``.
    fault, magnitude
        This fault alone; this magnitude instead of drawn ones.
    importance
        Draw large magnitudes and residuals more often, and weight.
    aftershocks
        Add the damage of aftershocks within 72 h.
    reduce_to, reduction
        Keep so many scenarios with optimal probabilities, chosen by ``"forward"`` selection or ``"medoids"``.
    threads
        Default: one a core. No number depends on it.
    out
        NetCDF file to write, for ``solve(..., scenario_file=...)``.
    progress
        Called with scenarios done and in all.

    Returns
    -------
    xarray.Dataset
        Variables of :data:`quakeops.scenario_gen.scenario_set.VARIABLES`, each with its units.

    Raises
    ------
    InputError
        An unknown name, a value out of range, a file that is missing or malformed; the message says what.

    Examples
    --------
    >>> import quakeops
    >>> town = quakeops.generate("town", scenarios=4, seed=1)
    >>> dict(town.sizes)["scenario"], town["loss"].units
    (4, 'money')
    """
    from .scenario_gen.make_set import make_set
    from .scenario_gen.regions import open_region
    from .scenario_gen.scenario_set import save as save_set

    if out is not None:
        require_writable(Path(out))

    def made() -> xr.Dataset:
        data = make_set(
            open_region(region),
            scenarios,
            seed=seed,
            time_of_day=time_of_day,
            fault=fault,
            magnitude=magnitude,
            importance=importance,
            aftershocks=aftershocks,
            reduce_to=reduce_to,
            reduction=reduction,
            threads=threads,
            progress=progress,
        )
        if out is not None:
            save_set(data, out)
        return data

    return parallel.on_rank_0(parallel.world(), made)


def verify(result: Result) -> Verification:
    """Check a result by arithmetic on matrices rebuilt from its provenance, without a solver, and say what is proved and what trusted.

    Raises
    ------
    InputError
        The result does not say what was solved, the instance has changed since, or the result's certificate is malformed.

    Examples
    --------
    >>> import quakeops
    >>> plan = quakeops.solve("prepositioning", instance="newsvendor", method="benders", rel_gap=1e-9)
    >>> quakeops.verify(plan).ok
    True
    """
    return parallel.on_rank_0(parallel.world(), lambda: verify_result(result))


def _extensive_form(program: Program, backend: Backend, run: Run, risk: Risk) -> Result:
    if risk != Risk():
        return solve_risk_form(program, backend, run, risk)
    with run.timed("build"):
        data = stage_data(program)
    run.sign = data.sign
    return solve_extensive_form(data, backend, run)


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
    other = scenarios is not None or scenario_file is not None
    if other and program.violations is not None:
        program = replace(program, kwargs={**program.kwargs, "loose": True})
    anonymous = anonymous_stage_data(program)
    data = spread(anonymous, program.owned)
    if program.violations is not None:
        evpi = vss = False
    if program.owned and other:
        result = with_own_choice(result, program, anonymous, backend)
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
        progress=progress,
    )
    if program.violations is not None:
        figures = replace(figures, vss_note="EVPI and VSS are not defined where the requirement joins the scenarios")
        counted = violations(program, result.first_stage, 0.95) if sampled else None
        exact = exact_violations(program, result.first_stage, data.probabilities) if counted is None else counted
        figures = replace(figures, violations=exact)
    if radius is not None:
        if program.owned:
            raise InputError("--radius: does not go with a model in which scenarios own variables")
        figures = replace(figures, ambiguity=plan_ambiguity(program, backend, plan_vector(result, data), radius))
    if service is None or source is None:
        return figures
    label = source.scenario(program.scenario_names.index(figures.worst_scenario)).label
    return replace(figures, worst_scenario=f"{figures.worst_scenario} ({label})")


def saa(
    model: str | None = None,
    *,
    module: str | ModuleType | None = None,
    smps: str | Path | None = None,
    instance: str | None = None,
    scenarios: int | None = None,
    scenario_file: str | None = None,
    arguments: Mapping[str, Any] | None = None,
    candidate: Result | None = None,
    sample: int = 100,
    replications: int | None = None,
    procedure: str | None = None,
    until_gap: float | None = None,
    iterations: int | None = None,
    confidence: float = 0.95,
    evaluation: int | None = None,
    method: str = "benders",
    solver: str = "highs",
    seed: int = 0,
    rel_gap: float | None = None,
    time_limit: float | None = None,
    threads: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> SaaResult:
    r"""Bound a plan's optimality gap and the optimal value statistically, from independent samples of the scenarios.

    With f(x, xi) the cost of plan x, v_n the optimal value of a sample of n scenarios and f_n(x) the candidate's mean cost on it, each
    replication gives G = f_n(x) - v_n >= 0 on common random numbers, whose mean is at least the gap E f(x, xi) - z*, since E v_n <= z*
    (Mak, Morton & Wood 1999). Bounds are of the expected cost.

    Parameters
    ----------
    model, module, smps, instance, scenario_file, arguments
        What to sample, as in :func:`solve`; left out, what ``candidate`` was solved on. A drawn family and a module that declares ``seed``
        draw anew; everything else is drawn from with replacement.
    scenarios
        For a module without ``seed`` that needs it: the number of scenarios that are its whole distribution.
    candidate
        A result whose plan is judged. Default: the plan of a sample of its own.
    sample, replications
        Scenarios n a sample, and samples m (default 30; two with ``"a2rp"``).
    procedure
        ``"mrp"``, multiple replications (default), or ``"a2rp"``, averaged two replications (default with ``until_gap``).
    until_gap, iterations
        Double the sample size until the limit of the gap is within this share of the candidate's cost, at most so often (default 8).
    confidence
        Level of each statement on its own.
    evaluation
        Fresh scenarios for the candidate's cost (default 10 n, n the last sample size), or, where the model has chance constraints, for
        their violation probabilities.
    method, solver, rel_gap, threads
        How samples are solved: ``"benders"`` or ``"ef"``. ``rel_gap`` (default 1e-3, or a tenth of a smaller ``until_gap``): what a solve
        leaves open counts as gap.
    seed, time_limit
        Every sample is drawn from it; after so many seconds what is done is reported.
    progress
        Called with a step's name, how many of it are done, and of how many.

    Raises
    ------
    InputError
        An option out of range, options that do not go together, a candidate that does not fit, or nothing to sample.
    NoSolutionError
        The candidate has no recourse in a sampled scenario, or a sample problem has no solution.

    Examples
    --------
    >>> import quakeops
    >>> plan = quakeops.solve("prepositioning", instance="newsvendor", rel_gap=1e-9)
    >>> found = quakeops.saa(candidate=plan, sample=50, replications=5, method="ef", seed=1)
    >>> 0 <= found.gap.value <= found.gap.limit < 0.02 * found.cost.value
    True
    """
    given: dict[str, Any] = {"model": model, "module": module, "smps": smps, "instance": instance, "scenarios": scenarios}
    given |= {"scenario_file": scenario_file, "arguments": arguments or None}
    options = checked(
        procedure=procedure,
        sample=sample,
        replications=replications,
        evaluation=evaluation,
        confidence=confidence,
        until_gap=until_gap,
        iterations=iterations,
        rel_gap=rel_gap,
        method=method,
    )
    if seed < 0:
        raise InputError(f"--seed {seed}: must not be negative")
    if time_limit is not None and not time_limit > 0:
        raise InputError(f"--time-limit {time_limit}: must be positive (seconds)")
    if threads is not None and threads < 1:
        raise InputError(f"--threads {threads}: must be at least 1")
    comm = parallel.world()

    def opened() -> tuple[Backend, Program]:
        if candidate is not None:
            candidate.raise_for_status()
            if set(given.values()) == {None}:
                return get(solver), from_provenance(candidate.provenance)
        return get(solver), _to_sample(given, sample)

    backend, program = parallel.agree(comm, opened)
    return statistical_bounds(
        program,
        backend,
        options,
        method=method,
        solver=solver,
        seed=seed,
        candidate=None if candidate is None else candidate.first_stage,
        candidate_from="" if candidate is None else f"a plan by {candidate.method} on {candidate.num_scenarios} scenarios",
        time_limit=time_limit,
        threads=threads,
        comm=comm,
        progress=progress,
    )


def _to_sample(given: dict[str, Any], sample: int) -> Program:
    """Return the program whose scenarios are to be sampled."""
    module, scenarios, arguments = given["module"], given["scenarios"], given["arguments"]
    if module is None or given["model"] is not None or given["smps"] is not None:
        if scenarios is not None:
            raise InputError(f"--scenarios {scenarios}: is for modules without a seed; the size of a sample is --sample")
        return _program(**given, seed=None)
    probe = _program(**given | {"scenarios": scenarios or sample}, seed=None)
    if not probe.recipe["seeded"]:
        return probe if scenarios is not None else _program(**given, seed=None)
    if scenarios is not None:
        raise InputError(f"--scenarios {scenarios}: module {probe.name!r} declares a seed and draws its samples; their size is --sample")
    if "seed" in (arguments or {}):
        raise InputError(f"--module-arg seed={arguments['seed']}: every sample gets a seed of its own; give --seed")
    return probe


def export(
    model: str | None = None,
    *,
    out: str | Path,
    file_format: str = "smps",
    module: str | ModuleType | None = None,
    smps: str | Path | None = None,
    instance: str | None = None,
    scenarios: int | None = None,
    scenario_file: str | None = None,
    seed: int | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> tuple[Path, ...]:
    """Write a problem to files and return their paths; the problem is named as in :func:`solve`.

    ``file_format`` is ``"smps"`` (OUT.cor, OUT.tim, OUT.sto), or ``"lp"`` or ``"mps"`` (the extensive form, OUT.lp or OUT.mps).

    Raises
    ------
    InputError
        Something is misspelt or does not fit together, or the scenarios do not fit the format; the message says what.
    """
    if file_format not in FORMATS:
        raise InputError(f"unknown format {file_format!r}; known: {', '.join(FORMATS)}")
    require_writable(Path(out))

    def written() -> tuple[Path, ...]:
        program = _program(model, module, smps, instance, scenarios, scenario_file, seed, arguments)
        name = program.name if program.instance in ("", program.name) else f"{program.name}-{program.instance}"
        return export_program(stage_data(program), name, file_format, Path(out))

    return parallel.on_rank_0(parallel.world(), written)


def _program(
    model: str | None,
    module: str | ModuleType | None,
    smps: str | Path | None,
    instance: str | None,
    scenarios: int | None,
    scenario_file: str | None,
    seed: int | None,
    arguments: Mapping[str, Any] | None,
) -> Program:
    if [model, module, smps].count(None) != 2:
        raise InputError("give either a model or --module or --smps, and only one of them")
    if model is not None:
        return from_model(
            model, instance=instance, scenario_file=scenario_file, num_scenarios=scenarios, seed=seed, arguments=arguments or None
        )
    if smps is not None:
        given = {
            "instance": instance,
            "scenario-file": scenario_file,
            "scenarios": scenarios,
            "seed": seed,
            "module-arg": arguments or None,
        }
        for name, value in given.items():
            if value is not None:
                raise InputError(f"--{name} does not go with --smps, whose files hold the whole problem")
        return from_smps(smps)
    assert module is not None
    for name, value in (("instance", instance), ("scenario-file", scenario_file)):
        if value is not None:
            raise InputError(f"--{name} goes with a model of quakeops; pass --module-arg key=value to a module")
    arguments = dict(arguments or {})
    if seed is not None:
        arguments["seed"] = seed
    return from_module(module, num_scenarios=scenarios, arguments=arguments)


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
