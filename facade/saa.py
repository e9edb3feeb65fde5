"""``quakeops.saa``: statistical bounds from samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from .. import parallel
from ..decomposition.program import Program, from_provenance
from ..decomposition.saa import SaaResult, checked, statistical_bounds
from ..errors import InputError
from ..result import Result
from ..solvers import Backend, get
from .problem import program_of, refuse_generated


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
        backend, program = opened_any()
        refuse_generated(program, "saa")
        return backend, program

    def opened_any() -> tuple[Backend, Program]:
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
        return program_of(**given, seed=None)
    probe = program_of(**given | {"scenarios": scenarios or sample}, seed=None)
    if not probe.recipe["seeded"]:
        return probe if scenarios is not None else program_of(**given, seed=None)
    if scenarios is not None:
        raise InputError(f"--scenarios {scenarios}: module {probe.name!r} declares a seed and draws its samples; their size is --sample")
    if "seed" in (arguments or {}):
        raise InputError(f"--module-arg seed={arguments['seed']}: every sample gets a seed of its own; give --seed")
    return probe
