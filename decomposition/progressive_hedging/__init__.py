"""Progressive hedging by mpi-sppy, in one process or as cylinders under MPI; this package is the only place that runs mpi-sppy.

The scenarios are compiled to arrays once, over all ranks; mpi-sppy's PH then works on subproblems written back from them. W starts from the
LP relaxation's duals (:mod:`.start`). Bounds are ours: Lagrangian bounds by the solvers' dual bounds, incumbents evaluated exactly.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ... import parallel
from ...errors import InputError, NoSolutionError
from ...files import require_writable
from ...result import Result
from ...solvers import Backend, Termination
from ..compiled import stage_data
from ..matrices import StageData
from ..program import Program
from ..recourse import Recourse
from ..run import Run, finish
from .start import Start, lp_start
from .subproblems import bundle

CYLINDERS = 3
ITERATIONS = 1000

MOST_COPIES = 250_000
"""Of variables that scenarios own, all subproblems hold at most so many together."""


def solve_progressive_hedging(
    program: Program,
    backend: Backend,
    run: Run,
    *,
    comm: Any = None,
    iterations: int | None = None,
    bundles: int | None = None,
    log: str | None = None,
) -> Result:
    """Run PH until the gap, the time limit or the iteration limit is reached; every rank of ``comm`` gets the result.

    A multiple of three ranks is laid out as hub, Lagrangian and incumbent cylinders; any other number as one cylinder. More ranks than
    ``3 x`` (or ``1 x``) the number of subproblems are refused.

    Raises
    ------
    InputError
        The number of ranks or of bundles does not fit.
    """
    with run.timed("build"):
        data = stage_data(program, comm)
    run.sign = data.sign
    parallel.agree(comm, lambda: _check(data, comm, bundles, program.owned))
    parallel.agree(comm, lambda: require_writable(None if log is None else Path(log), "--log"))
    with run.timed("start"):
        start = lp_start(data, backend, run.remaining(), comm=comm, bundles=bundles)
        run.report(bound=start.bound)
    recourse = Recourse(data, backend, 1)
    if start.impossible is not None:
        return finish(run, recourse, x=None, bound=None, termination=start.impossible, reason=start.reason)
    try:
        with run.timed("solve"), _guarded(comm), _mpi_sppy_output(log, comm):
            x, bound, count, reason = _run(bundle(data, bundles), backend, start, run, comm, iterations, program.ph_rho)
    except NoSolutionError as e:
        return finish(run, recourse, x=None, bound=None, termination=Termination.INFEASIBLE, reason=str(e))
    run.provenance["ph"] = {"iterations": count, "layout": _layout(comm), "bundles": bundles}
    known = float(bound) if np.isfinite(bound) else None
    return parallel.on_rank_0(comm, lambda: finish(run, recourse, x=x, bound=known, termination=Termination.OTHER_LIMIT, reason=reason))


def _check(data: StageData, comm: Any, bundles: int | None, owned: tuple[str, ...]) -> None:
    count = len(data.scenarios)
    if bundles is not None and bundles > count:
        raise InputError(f"--bundles {bundles}: there are only {count} scenarios")
    subproblems = count if bundles is None else bundles
    own = sum(name.partition("[")[0] in owned for name in data.first.names)
    if own * subproblems > MOST_COPIES:
        raise InputError(
            f"--method ph: the requirement joins the scenarios and does not separate; each of {subproblems} subproblems would hold copies "
            f"of all {own} variables {', '.join(owned)}, {own * subproblems} in all, at most {MOST_COPIES}; use --method benders, or fewer "
            "scenarios or --bundles"
        )
    size = 1 if comm is None else comm.Get_size()
    used = size // CYLINDERS if size % CYLINDERS == 0 else size
    if used > subproblems:
        raise InputError(
            f"{size} ranks for {subproblems} subproblems: use at most {CYLINDERS * subproblems} (a multiple of {CYLINDERS}) "
            f"or {subproblems}"
        )


def _layout(comm: Any) -> str:
    size = 1 if comm is None else comm.Get_size()
    if size % CYLINDERS:
        return f"one cylinder of {size} rank{'s' if size > 1 else ''}"
    return f"{CYLINDERS} cylinders of {size // CYLINDERS} rank{'s' if size > CYLINDERS else ''}: PH hub, Lagrangian bound, incumbents"


def _run(
    data: StageData, backend: Backend, start: Start, run: Run, comm: Any, iterations: int | None, rho: float | None
) -> tuple[Any, float, int, str]:
    from .hub import Job

    job = Job(
        data=data, backend=backend, start=start, run=run, iterations=ITERATIONS if iterations is None else iterations, comm=comm, rho=rho
    )
    if comm is not None and comm.Get_size() % CYLINDERS == 0:
        with (
            tempfile.TemporaryDirectory() as scratch,
            contextlib.chdir(scratch),
        ):  # mpi-sppy opens hub.log in the working folder at import
            from .cylinders import run_cylinders
        return run_cylinders(job)
    from .one_cylinder import run_one_cylinder

    return run_one_cylinder(job)


@contextlib.contextmanager
def _guarded(comm: Any) -> Iterator[None]:
    """A rank that fails alone stops all of them with its message; the others would wait for it for ever."""
    try:
        yield
    except BaseException as e:
        if comm is None:
            raise
        parallel.abort(comm, e)


@contextlib.contextmanager
def _mpi_sppy_output(log: str | None, comm: Any) -> Iterator[None]:
    """Send what mpi-sppy prints to ``log`` (``log.rankK`` on other ranks), or nowhere."""
    rank = parallel.rank(comm)
    target = os.devnull if log is None else (log if rank == 0 else f"{log}.rank{rank}")
    pyomo = logging.getLogger("pyomo")
    propagate = pyomo.propagate
    with Path(target).open("w", encoding="utf-8") as stream:
        handler = logging.StreamHandler(stream)
        pyomo.addHandler(handler)
        pyomo.propagate = False
        try:
            with contextlib.redirect_stdout(stream):
                yield
        finally:
            pyomo.removeHandler(handler)
            pyomo.propagate = propagate
