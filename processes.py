"""Work shared by forked processes: they see everything as it stands when the first work is given out, and send back what they return.

Nothing is forked under MPI, whose ranks share work in their own way, nor where forking is unsafe (other systems than Linux). What is
called in a process must not solve optimization problems: solvers keep threads, which a fork does not inherit.
"""

from __future__ import annotations

import os
import sys
import warnings
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, Generic, TypeVar

from .parallel import started_by_mpi

Given = TypeVar("Given")
Returned = TypeVar("Returned")

_inherited: list[Callable[[Any], Any]] = []


def most_processes() -> int:
    """Return how many processes may share work here, 1 where nothing is to be forked."""
    return 1 if started_by_mpi() or sys.platform != "linux" else most_threads()


def most_threads() -> int:
    """Return how many cores this process may use, where the system tells; otherwise how many there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Shared(Generic[Given, Returned]):
    """Calls ``function`` on many arguments at once; the processes live until this object goes."""

    def __init__(self, function: Callable[[Given], Returned]):
        self._function = function
        self._pool: ProcessPoolExecutor | None = None

    def map(self, given: Sequence[Given]) -> list[Returned]:
        """Return ``[function(g) for g in given]``; in this process alone if a single one is given or processes cannot be used."""
        if len(given) < 2 or most_processes() < 2:
            return [self._function(g) for g in given]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore", DeprecationWarning
                )  # Python 3.12 and later, of forking beside threads: a child touches none
                return list(self._processes().map(_call, given))
        except BrokenProcessPool:  # a process was killed, by the system's lack of memory perhaps
            self._pool = None
            return [self._function(g) for g in given]

    def _processes(self) -> ProcessPoolExecutor:
        if self._pool is None:
            _inherited.append(self._function)
            try:
                self._pool = ProcessPoolExecutor(most_processes(), mp_context=get_context("fork"))
                self._pool.submit(int).result()  # starts all processes
            finally:
                _inherited.pop()
            weakref.finalize(self, self._pool.shutdown, wait=False, cancel_futures=True)
        return self._pool


def _call(given: Any) -> Any:
    return _inherited[-1](given)
