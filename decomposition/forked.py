"""Compile scenario models in several processes, or on several ranks: Pyomo takes some 20 ms of one core for a model.

The processes are forked, so that they see a foreign module as it stands, and send back arrays. Under MPI the ranks share the work and
nothing is forked; nor is it where forking is unsafe (other systems than Linux).
"""

from __future__ import annotations

import os
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any

from ..parallel import agree, started_by_mpi
from .matrices import StageData, compile_program, join
from .program import Program

FEWEST = 20
"""Scenarios a process that make it worth starting."""

_inherited: list[Program] = []


def compile_forked(program: Program) -> StageData:
    """Return what :func:`compile_program` returns, compiled by as many processes as are worth it; raises as it does."""
    count = 1 if started_by_mpi() or sys.platform != "linux" else min(len(os.sched_getaffinity(0)), program.num_scenarios // FEWEST)
    if count < 2 or program.arrays is not None:
        return compile_program(program)
    shares = [list(range(first, program.num_scenarios, count)) for first in range(count)]
    _inherited.append(program)
    try:
        with warnings.catch_warnings(), ProcessPoolExecutor(count, mp_context=get_context("fork")) as processes:
            warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 and later, of forking beside threads: a child touches none
            parts = list(processes.map(_compile_share, shares))
    except BrokenProcessPool:  # a process was killed, by the system's lack of memory perhaps
        return compile_program(program)
    finally:
        _inherited.pop()
    return join(program, list(zip(shares, parts, strict=True)))


def compile_shared(program: Program, comm: Any) -> StageData:
    """Compile a share of the scenarios on each rank of ``comm`` (``None``: in this process and its forks), so that every rank holds all."""
    if comm is None:
        return compile_forked(program)
    share = range(comm.Get_rank(), program.num_scenarios, comm.Get_size())
    mine = agree(comm, lambda: compile_program(program, scenarios=share) if len(share) else None)
    parts = comm.allgather((list(share), mine))
    return agree(comm, lambda: join(program, parts))


def _compile_share(share: list[int]) -> StageData:
    return compile_program(_inherited[-1], scenarios=share)
