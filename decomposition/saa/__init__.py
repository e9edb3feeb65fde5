"""Statistical bounds by sample average approximation: how far a plan can be from the best one, when scenarios can only be sampled.

``replication`` compares a candidate with a sample's own plan, ``procedures`` turns replications into confidence statements, ``sequential``
enlarges samples until a gap is certified, ``program_source`` draws and solves the samples of a program, ``violations`` counts missed chance
constraints, ``run`` does it in order, ``report`` is what comes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...solvers import Backend
from ..program import Program
from ..run import Run, provenance
from ..sampling import Population
from .intervals import Probability, Statement
from .options import Options, checked
from .program_source import ProgramSource
from .report import LookRow, ReplicationRow, SaaResult, is_saa
from .run import SaaRun, Told
from .summary import summary

__all__ = [
    "LookRow",
    "Options",
    "Probability",
    "ReplicationRow",
    "SaaResult",
    "Statement",
    "checked",
    "is_saa",
    "statistical_bounds",
]


def statistical_bounds(
    program: Program,
    backend: Backend,
    options: Options,
    *,
    method: str,
    solver: str,
    seed: int,
    candidate: Mapping[str, float] | None = None,
    candidate_from: str = "given",
    time_limit: float | None = None,
    threads: int | None = None,
    comm: Any = None,
    progress: Told | None = None,
) -> SaaResult:
    """Return the bounds on a program's optimal value and on a candidate's gap; every rank of ``comm`` gets the same.

    Raises
    ------
    InputError
        There is nothing to sample, or the candidate does not fit the model.
    NoSolutionError
        The candidate has no recourse in some scenario, or a sample problem has no solution.
    """
    if threads is None and comm is not None:
        threads = 1
    run = Run(rel_gap=options.rel_gap, time_limit=time_limit, threads=threads, method=method, solver=solver)
    source = ProgramSource(Population(program), backend, run, seed)
    saa = SaaRun(source, options, comm, candidate, progress)
    reason = saa.go()
    chosen = {"rel_gap": options.rel_gap, "time_limit": time_limit, "threads": threads, "seed": seed}
    return summary(
        saa,
        reason,
        candidate_from=candidate_from if candidate is not None else "the plan of a sample",
        timing={"total": run.elapsed()},
        provenance=provenance(program.recipe, program.instance_hash, **chosen) | {"ranks": 1 if comm is None else int(comm.Get_size())},
    )
