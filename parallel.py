"""MPI, if this process was started by ``mpiexec``: the communicator, and how ranks agree, wait and stop together."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

from .errors import QuakeopsError, SolverError, SolverUnavailableError

T = TypeVar("T")

_LAUNCHERS = ("PMI_SIZE", "PMIX_RANK", "OMPI_COMM_WORLD_SIZE", "MPI_LOCALNRANKS")
_PAUSE_S = 0.02
_FORWARD_S = 1.5
"""What the launcher gets to pass on a failing rank's last words: after an abort it drops what it has not forwarded (seen with MPICH)."""


def started_by_mpi() -> bool:
    """Whether an MPI launcher's variables are set."""
    return any(name in os.environ for name in _LAUNCHERS)


def world() -> Any:
    """Return ``COMM_WORLD`` when several ranks run, else ``None``; MPI is not initialised in a serial process."""
    if not started_by_mpi():
        return None
    try:
        from mpi4py import MPI
    except ImportError as e:
        raise SolverUnavailableError(f"started by mpiexec, but mpi4py cannot be imported ({e}); pip install 'quakeops[mpi]'") from None
    return MPI.COMM_WORLD if MPI.COMM_WORLD.Get_size() > 1 else None


def rank(comm: Any) -> int:
    """Return the rank in ``comm``, 0 when serial."""
    return 0 if comm is None else int(comm.Get_rank())


def agree(comm: Any, action: Callable[[], T]) -> T:
    """Run ``action`` on every rank; if it fails on any, the first failing rank's error is raised on all of them."""
    if comm is None:
        return action()
    outcome: T | None = None
    error: QuakeopsError | None = None
    unexpected: Exception | None = None
    try:
        outcome = action()
    except QuakeopsError as e:
        error = e
    except Exception as e:
        error, unexpected = _failed(comm, e), e
    errors = comm.allgather(error)
    if unexpected is not None:
        raise unexpected
    for found in errors:
        if found is not None:
            raise found
    return outcome  # type: ignore[return-value]


def on_rank_0(comm: Any, action: Callable[[], T]) -> T:
    """Run ``action`` on rank 0 while the others wait without spinning; its result, or its error, is everyone's."""
    if comm is None:
        return action()
    if rank(comm) == 0:
        answer: tuple[T | None, QuakeopsError | None]
        unexpected: Exception | None = None
        try:
            answer = (action(), None)
        except QuakeopsError as e:
            answer = (None, e)
        except Exception as e:
            answer, unexpected = (None, _failed(comm, e)), e
        for other in range(1, comm.Get_size()):
            comm.send(answer, dest=other, tag=71)
        if unexpected is not None:
            raise unexpected
    else:
        while not comm.iprobe(source=0, tag=71):
            time.sleep(_PAUSE_S)
        answer = comm.recv(source=0, tag=71)
    if answer[1] is not None:
        raise answer[1]
    return answer[0]  # type: ignore[return-value]


_told: list[Exception] = []


def all_know(error: BaseException) -> bool:
    """Whether every rank raises this rank's error, so that none waits for it and rank 0 says what failed."""
    return any(e is error for e in _told)


def _failed(comm: Any, error: Exception) -> SolverError:
    """What the other ranks are told of an error that quakeops did not raise on purpose; the failing rank raises it itself."""
    _told.append(error)
    return SolverError(f"rank {comm.Get_rank()} failed: {type(error).__name__}: {error}")


last_words: list[Callable[[str, str], None]] = []
"""Called with (error type, message) before a rank that failed alone stops all of them; the command line's --json uses it."""


def abort(comm: Any, error: BaseException) -> NoReturn:
    """Say on stderr what failed here and stop every rank with the error's exit code (4 unless it has one).

    The lowest failing rank is given the time to speak first, so that one message appears.
    """
    rank_here = comm.Get_rank()
    time.sleep(0.1 * min(rank_here, 10))
    kind = type(error).__name__
    message = f"rank {rank_here}: {error}" if isinstance(error, QuakeopsError) else f"rank {rank_here}: {kind}: {error}"
    sys.stderr.write(f"quakeops: {message}\n")
    sys.stderr.flush()
    for say in last_words:
        say(kind, message)
    time.sleep(_FORWARD_S)
    code = int(getattr(error, "exit_code", 4))
    comm.Abort(code)
    os._exit(code)  # MPI_Abort may return before the process is killed; nothing more is to be said
