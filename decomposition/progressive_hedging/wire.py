"""Short messages beside mpi-sppy's windows.

A look into another rank's window waits until that rank next enters MPI; a spoke that looks in every loop spends its time waiting. So the
hub rings when there is something to fetch, spokes announce their bounds, and both are eager sends that cost nothing to check.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np


class Tag(IntEnum):
    """What a message says."""

    NEWS = 1
    INCUMBENT = 2
    BOUND = 3


class Wire:
    """Eager messages of one number, on a communicator of their own."""

    def __init__(self, comm: Any):
        self._comm = comm.Dup()
        self._sent: list[tuple[Any, Any]] = []

    def tell(self, rank: int, tag: Tag, value: float = 0.0) -> None:
        """Send ``value`` to ``rank`` without waiting."""
        self._sent = [(request, buffer) for request, buffer in self._sent if not request.Test()]
        buffer = np.array([value])
        self._sent.append((self._comm.Isend(buffer, dest=rank, tag=int(tag)), buffer))

    def hear(self, tag: Tag) -> list[float]:
        """Return what has come in under ``tag``."""
        heard, buffer = [], np.empty(1)
        while self._comm.Iprobe(tag=int(tag)):
            self._comm.Recv(buffer, tag=int(tag))
            heard.append(float(buffer[0]))
        return heard

    def close(self) -> None:
        """Take what was never read and free the communicator; collective."""
        self._comm.Barrier()
        for tag in Tag:
            self.hear(tag)
        for request, _ in self._sent:
            request.Wait()
        self._comm.Free()
