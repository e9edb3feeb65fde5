"""The ranks that share the scenarios: who owns which block, and collectives that return the same digits for any number of ranks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from ... import parallel
from .problem import LARGEST_BLOCK, Block, Problem, block_size

T = TypeVar("T")


@dataclass(slots=True)
class Team:
    """All ranks of ``comm`` (``None``: this process alone); every method is called by all of them."""

    comm: Any = None

    @property
    def size(self) -> int:
        """Number of ranks."""
        return 1 if self.comm is None else int(self.comm.Get_size())

    @property
    def rank(self) -> int:
        """Number of this rank."""
        return parallel.rank(self.comm)

    def own_blocks(self, problem: Problem) -> list[Block]:
        """Return this rank's blocks, a contiguous share."""
        blocks = list(problem.blocks())
        bounds = [len(blocks) * r // self.size for r in (self.rank, self.rank + 1)]
        return blocks[bounds[0] : bounds[1]]

    def own_spans(self, num_scenarios: int, most: int = LARGEST_BLOCK) -> list[tuple[int, int]]:
        """Return this rank's scenarios (first, one past the last) of a problem of one group, at most ``most`` at a time."""
        size = block_size(num_scenarios)
        count = -(-num_scenarios // size)
        first, last = (min(num_scenarios, count * r // self.size * size) for r in (self.rank, self.rank + 1))
        return [(k, min(k + most, last)) for k in range(first, last, most)]

    def on_all(self, true: bool) -> bool:
        """Whether ``true`` on every rank."""
        return true if self.comm is None else all(self.comm.allgather(true))

    def gather(self, work: Callable[[], list[T]]) -> list[T]:
        """Run ``work`` on every rank and return everyone's items in the order of ranks; a failure anywhere is raised everywhere."""
        if self.comm is None:
            return work()
        return self.share(parallel.agree(self.comm, work))

    def share(self, items: list[T]) -> list[T]:
        """Return everyone's items in the order of ranks."""
        return items if self.comm is None else [item for part in self.comm.allgather(items) for item in part]

    def to_rank_0(self, items: list[T]) -> list[T]:
        """Return everyone's items in the order of ranks on rank 0, nothing on the others."""
        if self.comm is None:
            return items
        parts = self.comm.gather(items, root=0)
        return [item for part in parts or [] for item in part]

    def on_rank_0(self, work: Callable[[], T]) -> T:
        """Run ``work`` on rank 0 while the others wait without spinning; everyone gets its answer, or its error."""
        return parallel.on_rank_0(self.comm, work)
