"""``quakeops.solve``: one problem, one method, one result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from .. import parallel
from ..decomposition.benders import Risk, Saved, Settings, new_checkpoint, parse_risk, solve_benders
from ..decomposition.chance import refuse_settings, solve_chance
from ..decomposition.compiled import stage_data
from ..decomposition.extensive_form import solve_extensive_form
from ..decomposition.lazy import solve_lazy
from ..decomposition.program import Program
from ..decomposition.recourse_solutions import with_recourse
from ..decomposition.risk_form import solve_risk_form
from ..decomposition.routing import solve_by_pricing
from ..decomposition.run import Progress, Run, provenance
from ..decomposition.start_plans import start_plan
from ..errors import InputError
from ..result import Result
from ..solvers import Backend, get
from .problem import program_of

METHODS = ("ef", "ph", "benders", "pricing")


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
        ``"ef"`` (extensive form, the default), ``"ph"`` (progressive hedging by mpi-sppy) or ``"benders"`` (our own engine);
        ``"pricing"`` (branch-and-price) for one scenario of model ``"routing"``.
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
    if threads is not None and method == "pricing":
        raise InputError(f"--threads {threads}: branch-and-price runs one thread")
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
            return program_of(*given)
        return saved.program(None if given.count(None) == len(given) else program_of(*given))

    backend, program = parallel.agree(comm, lambda: (get(solver), rebuilt()))
    options = {"rel_gap": rel_gap, "time_limit": time_limit, "threads": threads, "iterations": iterations, "bundles": bundles}
    chosen: dict[str, Any] = {name: value for name, value in engine.items() if value is not None}
    if saved is not None:
        chosen = saved.settings(chosen)  # those that are not the default
    options |= chosen
    run.provenance = provenance(program.recipe, program.instance_hash, **options) | {"ranks": 1 if comm is None else comm.Get_size()}
    if program.owned and parse_risk(risk or "mean") != Risk():
        raise InputError(f"--risk {risk}: a model in which scenarios own variables (chance constraints, rule=cvar) takes the mean alone")
    measure = parse_risk(risk or "mean")
    settings = Settings(**chosen | {"risk": parse_risk(chosen.get("risk", "mean"))}, iterations=iterations, threads=threads)
    if program.owned and method == "benders":
        refuse_settings(settings, checkpoint or resume)
    if program.lazy is not None and (checkpoint or resume):
        raise InputError("--checkpoint, --resume: do not go with rows that are generated while solving")
    where = checkpoint if resume is None or checkpoint is not None else resume
    writer = None if where is None else new_checkpoint(Path(where), checkpoint_every, program, solver, settings, saved, comm)

    def by_method(program: Program, run: Run) -> Result:
        """Called by all ranks."""
        if method == "benders" and program.owned:
            return solve_chance(program, backend, run, comm=comm, settings=settings)
        if method == "pricing":
            result = parallel.on_rank_0(comm, lambda: solve_by_pricing(program, backend, run))
        elif method == "benders":
            return solve_benders(program, backend, run, comm=comm, settings=settings, checkpoint=writer, saved=saved)
        elif method == "ef":
            result = parallel.on_rank_0(comm, lambda: _extensive_form(program, backend, run, measure))
        else:
            from ..decomposition.progressive_hedging import solve_progressive_hedging

            result = solve_progressive_hedging(program, backend, run, comm=comm, iterations=iterations, bundles=bundles, log=log)
        return parallel.on_rank_0(comm, lambda: with_recourse(result, program, backend)) if certificate else result

    if method != "pricing" and resume is None:
        with run.timed("start plan"):
            run.plan = parallel.on_rank_0(comm, lambda: start_plan(program, time_limit))
    lazy = program.lazy is not None
    result = solve_lazy(program, backend, run, measure, by_method, comm) if lazy else by_method(program, run)
    return replace(result, model=program.name, instance=program.instance)


def _extensive_form(program: Program, backend: Backend, run: Run, risk: Risk) -> Result:
    if risk != Risk():
        return solve_risk_form(program, backend, run, risk)
    with run.timed("build"):
        data = stage_data(program)
    run.sign = data.sign
    return solve_extensive_form(data, backend, run)
