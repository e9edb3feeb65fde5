"""One bound of a certificate: its cuts as arrays, and the multipliers by which an LP bound follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..matrices import Array
from ..packing import pack
from .cuts import Cut
from .engine import Engine
from .problem import Indices
from .proof import Standing
from .records import Collected, Duals
from .together import scenario_part
from .vertices import bound_terms, sign_clipped

UNUSED = 1e-14
"""LP multipliers up to this are zero."""

OPTIMALITY, WORST, FEASIBILITY, TRUSTED = range(4)
"""Kinds of cuts: of scenario clusters, of the one costliest scenario, of a scenario without recourse; not a sum of recorded duals."""

RETAINED = -2
"""Source of the cut that stands for the scenarios that the master holds whole."""


@dataclass(slots=True, eq=False)
class Section:
    """A bound (minimisation form), the cuts it stands on and each scenario's cluster (S,), or -1 if the master holds it whole.

    Of an LP: ``rows`` (m1,), ``weights`` (C,) and ``retained``, the multipliers of the first stage's rows, the cuts, the retained rows.
    """

    name: str
    bound: float
    cuts: list[Cut]
    clusters: Indices
    rows: Array | None = None
    weights: Array | None = None
    retained: Array | None = None

    def with_retained(self, engine: Engine, collected: Collected) -> Collected:
        """Turn the retained scenarios' multipliers p pi into duals pi and one cut of weight 1; other sections are left as they are."""
        kept = engine.master.retained
        if self.retained is None or self.weights is None or kept is None:
            return collected
        problem = engine.problem
        cluster = int(self.clusters.max()) + 1
        self.clusters = np.where(self.clusters < 0, cluster, self.clusters)
        ids = np.full(problem.num_scenarios, -1, dtype=np.int32)
        duals = [Duals(d.shape[1]) for d in collected.duals]
        for store, d in zip(duals, collected.duals, strict=True):
            store.add(d)
        constant, slope, place = 0.0, np.zeros(engine.master.num_x), 0
        for s in kept.scenarios.tolist():
            part, p = scenario_part(problem, s), float(problem.probabilities[s])
            pi = sign_clipped(part.group, self.retained[None, place : place + len(part.rhs)] / p)
            place += len(part.rhs)
            constant += p * (float(pi[0] @ part.rhs + bound_terms(part.group, pi)[0]) + part.offset)
            slope = slope + p * (part.cost_first - part.T.T @ pi[0])
            ids[s] = duals[problem.groups.index(part.group)].add(pi)[0]
        self.cuts = [*self.cuts, Cut((cluster,), constant, slope, source=RETAINED, from_duals=True)]
        self.weights = np.append(self.weights, 1.0)
        return replace(
            collected,
            sources=(*collected.sources, RETAINED),
            ids=np.vstack([collected.ids, ids]),
            excess=np.vstack([collected.excess, np.zeros(problem.num_scenarios, dtype=bool)]),
            duals=tuple(d.pi.copy() for d in duals),
        )

    def packed(self, collected: Collected, n1: int) -> dict[str, Any]:
        """Return the section as plain data."""
        out = {"bound": self.bound, "clusters": pack(self.clusters.astype(np.int32)), "cuts": _cuts(self.cuts, collected, n1)}
        if self.rows is not None and self.weights is not None:
            out |= {"row_multipliers": pack(self.rows), "cut_multipliers": pack(self.weights)}
        return out


def lp_section(engine: Engine, standing: Standing) -> Section:
    """Return the section of a master LP's bound: the cuts with positive multipliers.

    Solvers' multipliers hold to their tolerance; here those of the wrong sign are set to zero, and the largest of each theta takes up what
    is missing in their sum, which must be 1.
    """
    problem, cuts = engine.problem, list(standing.cuts)
    assert standing.row_dual is not None
    rows, retained, weights = engine.master.multipliers(cuts, standing.row_dual, standing.unit, standing.units)
    rows = np.where(np.where(rows > 0, np.isfinite(problem.row_lower), np.isfinite(problem.row_upper)), rows, 0.0)
    weights = np.where(weights > UNUSED, weights, 0.0)
    total: dict[int, float] = {}
    largest: dict[int, int] = {}
    for i in np.argsort(weights, kind="stable").tolist():
        for c in cuts[i].clusters:
            total[c] = total.get(c, 0.0) + float(weights[i])
        if len(cuts[i].clusters) == 1:
            largest[cuts[i].clusters[0]] = i
    for c, i in largest.items():
        weights[i] = max(0.0, weights[i] + 1.0 - total[c])
    chosen = np.flatnonzero(weights > 0)
    kept = retained if engine.master.retained is not None else None
    return Section("lp", standing.bound, [cuts[i] for i in chosen.tolist()], standing.clusters, rows, weights[chosen], kept)


def _kind(cut: Cut) -> int:
    if not cut.from_duals:
        return TRUSTED
    return FEASIBILITY if not cut.clusters else OPTIMALITY if cut.scenario is None else WORST


def _cuts(cuts: Sequence[Cut], collected: Collected, n1: int) -> dict[str, Any]:
    """Return cuts as packed arrays; ``record`` is the row of ``ids``; of feasibility cuts, the row of ``rays``."""
    row = {source: i for i, source in enumerate(collected.sources)}
    kinds = [_kind(c) for c in cuts]
    rays: list[Array] = []
    record: list[int] = []
    for k, (cut, kind) in enumerate(zip(cuts, kinds, strict=True)):
        key = (cut.source, -1 if cut.scenario is None else cut.scenario)
        if kind == FEASIBILITY and key in collected.rays:
            record.append(len(rays))
            rays.append(collected.rays[key])
        elif kind in (OPTIMALITY, WORST) and cut.source in row:
            record.append(row[cut.source])
        else:
            kinds[k] = TRUSTED
            record.append(-1)
    moves = {id(c.targets): c.targets for c in cuts if c.targets is not None}
    number = {key: i for i, key in enumerate(moves)}
    widths: Indices = np.array([len(c.clusters) for c in cuts], dtype=np.int64)
    longest = max((len(r) for r in rays), default=0)
    return {
        "kind": pack(np.array(kinds, dtype=np.int8)),
        "record": pack(np.array(record, dtype=np.int32)),
        "scenario": pack(np.array([-1 if c.scenario is None else c.scenario for c in cuts], dtype=np.int32)),
        "constant": pack(np.array([c.constant for c in cuts], dtype=float)),
        "slope": pack(np.array([c.slope for c in cuts], dtype=float).reshape(-1, n1)),
        "eta_slope": pack(np.array([c.eta_slope for c in cuts], dtype=float)),
        "clusters_end": pack(np.cumsum(widths)),
        "clusters": pack(np.array([k for c in cuts for k in c.clusters], dtype=np.int32)),
        "move": pack(np.array([number.get(id(c.targets), -1) for c in cuts], dtype=np.int32)),
        "moves": pack(np.array(list(moves.values()), dtype=np.int32).reshape(len(moves), collected.ids.shape[1])),
        "rays": pack(np.array([np.pad(r, (0, longest - len(r))) for r in rays], dtype=float).reshape(len(rays), longest)),
    }
