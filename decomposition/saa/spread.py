"""Independent jobs over the ranks of a communicator: job i on rank i modulo their number, everyone gets all results in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ...parallel import agree, rank
from .sample import StoppedError

T = TypeVar("T")


def spread(comm: Any, jobs: Sequence[Callable[[], T]], done: list[T], progress: Callable[[int], None] | None = None) -> None:
    """Run all jobs and append their results to ``done`` in order; an error on any rank is raised on all of them.

    ``progress`` is called with the number of jobs done, on rank 0 as far as it knows.

    Raises
    ------
    StoppedError
        A job stopped; those that were finished are in ``done`` all the same.
    """
    size = 1 if comm is None else int(comm.Get_size())
    mine: list[tuple[int, T]] = []
    stops: list[str] = []

    def work() -> None:
        for i in range(rank(comm), len(jobs), size):
            try:
                mine.append((i, jobs[i]()))
            except StoppedError as stop:
                stops.append(str(stop))
                return
            if progress is not None:
                progress(min(len(jobs), len(mine) * size))

    try:
        agree(comm, work)
    except KeyboardInterrupt:
        if comm is not None:
            raise
        stops.append("interrupted")
    parts = [(mine, stops)] if comm is None else comm.allgather((mine, stops))
    done += [result for _, result in sorted((pair for part, _ in parts for pair in part), key=lambda pair: pair[0])]
    reasons = [reason for _, own in parts for reason in own]
    if reasons:
        raise StoppedError(reasons[0])
