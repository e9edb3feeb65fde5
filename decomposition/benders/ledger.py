"""What cuts stand on: for every evaluation whose cuts are still held, the dual of each scenario; kept by the rank that owns the scenario.

A dual that is a member of the pool is kept as its number there, any other once, however many scenarios and evaluations it served.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..matrices import Array
from .evaluate_block import Found, Ray
from .problem import Block, Problem
from .records import NONE, Collected, Duals, Flags, Numbers, Share
from .team import Team
from .vertices import Vertices

MOST_ENTRIES = 20_000_000
"""Problems whose scenarios have more dual entries than this together (S m) are not recorded."""

MOST_BYTES = 2_000_000_000
"""Recording stops where a rank's duals outside the pool take more."""


@dataclass(slots=True, eq=False)
class Ledger:
    """Records of this rank's blocks; ``refused`` says why there are none, if so."""

    problem: Problem
    refused: str = ""
    _duals: list[Duals] = field(init=False)
    _shares: dict[int, list[Share]] = field(default_factory=dict)
    _rays: dict[tuple[int, int], Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        entries = sum(len(g) * len(g.sense) for g in self.problem.groups)
        if entries > MOST_ENTRIES:
            self.refused = f"too large: {entries} dual entries an evaluation, more than {MOST_ENTRIES}"
        self._empty()

    def _empty(self) -> None:
        self._duals = [Duals(len(g.sense)) for g in self.problem.groups]
        self._shares, self._rays = {}, {}

    def __len__(self) -> int:
        """Return the number of evaluations recorded."""
        return len(self._shares)

    @property
    def nbytes(self) -> int:
        """Bytes of the duals kept here."""
        return sum(d.pi.nbytes for d in self._duals)

    def record(self, source: int, found: Iterable[Found], rays: Iterable[Ray]) -> None:
        """Take down what evaluation ``source`` used in this rank's blocks, and the rays of its feasibility cuts."""
        if self.refused:
            return
        shares = []
        for f in found:
            better = f.gain > 0
            pool, own = f.used.copy(), np.full(len(f.block), NONE, dtype=np.int32)
            place = f.scenario[better] - f.block.position
            pool[place], own[place] = NONE, self._duals[f.group].add(f.dual[better])
            shares.append(Share(f.block, pool, own, f.excess))
        self._shares[source] = shares
        self._rays |= {(source, r.scenario): r.dual for r in rays}
        if self.nbytes > MOST_BYTES:
            self.refused = f"too large: more than {MOST_BYTES / 1e9:g} GB of duals on one rank"
            self._empty()

    def forget(self, sources: set[int]) -> None:
        """Keep the records of these evaluations alone."""
        if self._shares.keys() <= sources:
            return
        self._shares = {s: shares for s, shares in self._shares.items() if s in sources}
        self._rays = {key: dual for key, dual in self._rays.items() if key[0] in sources}
        old = self._duals
        self._duals = [Duals(len(g.sense)) for g in self.problem.groups]
        for shares in self._shares.values():
            for k, share in enumerate(shares):
                own, g = share.own.copy(), share.block.group
                mine = own != NONE
                own[mine] = self._duals[g].add(old[g].pi[own[mine]])
                shares[k] = Share(share.block, share.pool, own, share.excess)

    def collect(self, team: Team, vertices: Sequence[Vertices], wanted: Mapping[int, Flags], *, merged: bool = True) -> Collected | None:
        """Return on rank 0 the records of evaluations ``wanted`` for the scenarios marked there (S,); ``None`` on the others.

        Called by all ranks; evaluations that were never recorded are left out. Unless ``merged``, a dual that was found, and later used as
        a member of the pool, may stand there twice: that takes a fraction of the time.
        """
        parts = team.to_rank_0([self._own(vertices, wanted, merged)])
        if team.rank:
            return None
        sources = tuple(sorted({s for shares, _ in parts for s in shares}))
        row = {s: i for i, s in enumerate(sources)}
        shape = (len(sources), self.problem.num_scenarios)
        ids, excess = np.full(shape, NONE, dtype=np.int32), np.zeros(shape, dtype=bool)
        duals = [Duals(len(g.sense)) for g in self.problem.groups]
        for shares, local in parts:
            if len(parts) == 1:
                number = [np.arange(len(part), dtype=np.int32) for part in local]
            else:
                number = [whole.add(part) for whole, part in zip(duals, local, strict=True)]
            for source, own in shares.items():
                for share in own:
                    mine = share.own != NONE
                    ids[row[source], share.block.span][mine] = number[share.block.group][share.own[mine]]
                    if share.excess is not None:
                        excess[row[source], share.block.span] = share.excess & mine
        kept = parts[0][1] if len(parts) == 1 else [d.pi for d in duals]
        return Collected(sources, ids, excess, tuple(pi.copy() for pi in kept), dict(self._rays))

    def _own(self, vertices: Sequence[Vertices], wanted: Mapping[int, Flags], merged: bool) -> tuple[dict[int, list[Share]], list[Array]]:
        """Return this rank's shares of the evaluations ``wanted``, with the duals they use, pool members too, in one numbering."""
        sources = sorted(wanted.keys() & self._shares.keys())
        in_pool, in_own = ([np.zeros(len(kept), dtype=bool) for kept in every] for every in (vertices, self._duals))
        for source in sources:
            for share in self._shares[source]:
                asked, g = wanted[source][share.block.span], share.block.group
                for numbers, marks in ((share.pool, in_pool[g]), (share.own, in_own[g])):
                    marks[numbers[asked & (numbers != NONE)]] = True
        used: list[Array] = []
        pool_to, own_to = ([np.full(len(m), NONE, dtype=np.int32) for m in marks] for marks in (in_pool, in_own))
        for g, group in enumerate(self.problem.groups):
            both = np.concatenate([vertices[g].pi[in_pool[g]], self._duals[g].pi[in_own[g]]])
            numbers = np.arange(len(both), dtype=np.int32)
            if merged:
                distinct = Duals(len(group.sense))
                numbers = distinct.add(both)
                both = distinct.pi
            pool_to[g][in_pool[g]], own_to[g][in_own[g]] = np.split(numbers, [int(in_pool[g].sum())])
            used.append(both)
        out: dict[int, list[Share]] = {}
        for source in sources:
            out[source] = []
            for share in self._shares[source]:
                asked, g = wanted[source][share.block.span], share.block.group
                own = np.full(len(share.block), NONE, dtype=np.int32)
                for numbers, to in ((share.pool, pool_to[g]), (share.own, own_to[g])):
                    mine = asked & (numbers != NONE)
                    own[mine] = to[numbers[mine]]
                out[source].append(Share(share.block, np.full_like(own, NONE), own, share.excess))
        return out, used

    def state(self, team: Team, vertices: Sequence[Vertices]) -> dict[str, Array | Numbers | Flags] | None:
        """Return all records of all ranks as plain arrays, on rank 0; ``None`` on the others."""
        everything = np.ones(self.problem.num_scenarios, dtype=bool)
        every = sorted({s for part in team.share([list(self._shares)]) for s in part})
        collected = self.collect(team, vertices, dict.fromkeys(every, everything), merged=False)
        if collected is None:
            return None
        keys = sorted(collected.rays)
        out: dict[str, Array | Numbers | Flags] = {
            "sources": np.array(collected.sources, dtype=np.int32),
            "ids": collected.ids,
            "excess": collected.excess,
            "rays": np.array(keys, dtype=np.int32).reshape(-1, 2),
            "ray_duals": np.concatenate([np.zeros(0), *(collected.rays[k] for k in keys)]),
        }
        return out | {f"duals_{g}": pi for g, pi in enumerate(collected.duals)}

    def restore(self, state: Mapping[str, Array | Numbers | Flags], blocks: Iterable[Block], *, has_excess: bool) -> None:
        """Take back what :meth:`state` returned, for this rank's ``blocks``; ``has_excess``: whether the risk measure has one."""
        self._empty()
        kept = [self._duals[g].add(np.asarray(state[f"duals_{g}"], dtype=float)) for g in range(len(self.problem.groups))]
        own_blocks = list(blocks)
        for row, source in enumerate(state["sources"].tolist()):
            shares = []
            for b in own_blocks:
                own = np.array(state["ids"][row, b.span], dtype=np.int32)
                own[own != NONE] = kept[b.group][own[own != NONE]]
                excess = np.array(state["excess"][row, b.span], dtype=bool) if has_excess else None
                shares.append(Share(b, np.full_like(own, NONE), own, excess))
            self._shares[source] = shares
        sizes = np.cumsum([0, *(len(g) for g in self.problem.groups)])
        place = 0
        for source, scenario in state["rays"].tolist():
            m = len(self.problem.groups[int(np.searchsorted(sizes, scenario, side="right")) - 1].sense)
            self._rays[source, scenario] = np.array(state["ray_duals"][place : place + m], dtype=float)
            place += m
