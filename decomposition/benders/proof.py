"""What the best lower bound stands on: the cuts the master held when it was set, and the LP duals where an LP set it."""

from __future__ import annotations

from dataclasses import dataclass

from ..matrices import Array
from .cuts import Cut
from .ledger import Ledger
from .master import Master
from .problem import Indices

FEW = 8
"""So many records more than twice those needed are kept before the others are dropped."""


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """A bound (minimisation form) and the cuts and clusters (S,) it was computed from.

    ``row_dual`` are the duals of the master's LP, which counted money in ``unit``, x and eta in ``units``; ``None`` for a MIP's bound, and
    on ranks other than 0.
    """

    bound: float
    cuts: tuple[Cut, ...]
    clusters: Indices
    unit: float
    units: Array
    row_dual: Array | None = None


@dataclass(slots=True, eq=False)
class Proof:
    """``best``: what the best bound stands on; ``by_lp``: what the best one by an LP over duals' cuts does: arithmetic can prove it."""

    ledger: Ledger
    best: Standing | None = None
    by_lp: Standing | None = None

    def take(self, master: Master, clusters: Indices, bound: float, *, of_lp: bool) -> None:
        """Note that ``master`` as it stands now has set the best bound."""
        provable = of_lp and all(cut.from_duals for cut in master.cuts)
        self.best = Standing(bound, tuple(master.cuts), clusters, master.unit, master.left_units, master.row_dual if provable else None)
        if provable:
            self.by_lp = self.best
        self.forget(master)

    def forget(self, master: Master) -> None:
        """Drop records of evaluations that no cut refers to any more, once they are the most."""
        held = [master.cuts, *(s.cuts for s in (self.best, self.by_lp) if s is not None)]
        sources = {cut.source for cuts in held for cut in cuts}
        if len(self.ledger) > 2 * len(sources) + FEW:
            self.ledger.forget(sources)
