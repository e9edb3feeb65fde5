"""Compile scenario models in several processes, or on several ranks: Pyomo takes some 20 ms of one core for a model."""

from __future__ import annotations

from typing import Any

from ..parallel import agree
from ..processes import Shared, most_processes
from .matrices import StageData, compile_program, join
from .program import Program

FEWEST = 20
"""Scenarios a process that make it worth starting."""


def compile_forked(program: Program) -> StageData:
    """Return what :func:`compile_program` returns, compiled by as many processes as are worth it; raises as it does."""
    count = min(most_processes(), program.num_scenarios // FEWEST)
    if count < 2 or program.arrays is not None:
        return compile_program(program)
    shares = [list(range(first, program.num_scenarios, count)) for first in range(count)]
    processes: Shared[list[int], StageData] = Shared(lambda share: compile_program(program, scenarios=share))
    return join(program, list(zip(shares, processes.map(shares), strict=True)))


def compile_shared(program: Program, comm: Any) -> StageData:
    """Compile a share of the scenarios on each rank of ``comm`` (``None``: in this process and its forks), so that every rank holds all."""
    if comm is None:
        return compile_forked(program)
    share = range(comm.Get_rank(), program.num_scenarios, comm.Get_size())
    mine = agree(comm, lambda: compile_program(program, scenarios=share) if len(share) else None)
    parts = comm.allgather((list(share), mine))
    return agree(comm, lambda: join(program, parts))
