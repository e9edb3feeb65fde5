"""Where a run stands inside its phases: all that a phase carries from one iteration to the next, so that a resumed run can go on there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..matrices import Array
from .stabilization import Center, Stabilization


@dataclass(slots=True, eq=False)
class LpPosition:
    """An LP phase: its stabilization, the bounds on x that hold in it (``None``: the problem's own), its best plan and its lower bound.

    It may end as soon as ``bound`` reaches ``cutoff``; ``idle`` counts iterations in a row that led nowhere; ``confirmed`` tells that the
    best plan's estimated cost has been made again with the pool that said it was good enough.
    """

    rule: Stabilization
    fixed: tuple[Array, Array] | None = None
    center: Center | None = None
    bound: float | None = None
    cutoff: float | None = None
    idle: int = 0
    confirmed: bool = False


@dataclass(slots=True, eq=False)
class MipPosition:
    """The MIP phase: the gap that its next master MIP may leave, the best plan, and what was known before the round under way."""

    tolerance: float = np.inf
    candidate: Center | None = None
    before: tuple[float | None, Center | None, Center | None, int] = (None, None, None, -1)


@dataclass(frozen=True, slots=True)
class End:
    """Why a run stopped, and the gap it was asked for."""

    reason: str
    rel_gap: float

    def stands(self, rel_gap: float) -> bool:
        """Whether a run that goes on, to ``rel_gap``, would stop at once for the same reason; after a limit it would not."""
        return self.reason in ("infeasible", "unbounded", "stalled") or (self.reason == "gap" and rel_gap >= self.rel_gap)
