"""The certificate of a run: cuts behind its bound, the duals they are sums of, and the multipliers by which an LP bound follows.

``lp`` is the best bound that an LP master set, ``mip`` the final bound where branch and bound set it. Both hold their cuts; the scenario
probabilities and all matrices are left out, since whoever verifies rebuilds them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...result import Result
from ..matrices import Array
from ..packing import pack
from ..recourse_solutions import recourse_certificate
from .cuts import Cut
from .engine import Engine
from .ledger import Collected, Flags, Ledger
from .problem import Indices
from .proof import Proof, Standing

MOST_BYTES = 128_000_000
"""Larger certificates (before compression) are dropped."""

UNUSED = 1e-14
"""LP multipliers up to this are zero."""

OPTIMALITY, WORST, FEASIBILITY, TRUSTED = range(4)
"""Kinds of cuts: of scenario clusters, of the one costliest scenario, of a scenario without recourse; not a sum of recorded duals."""


def keep_records(engine: Engine) -> None:
    """Let the engine record what a certificate needs."""
    engine.proof = Proof(Ledger(engine.problem))
    engine.oracle.ledger = engine.proof.ledger


def certified(engine: Engine, result: Result) -> Result:
    """Return ``result`` with its certificate (on rank 0), once the run is over; called by all ranks."""
    with engine.run.timed("certificate"):
        out: dict[str, Any] = {}
        if result.bound is not None:
            out["bound"] = bound_certificate(engine)
        if result.objective is not None:
            x = np.array([result.first_stage[name] for name in engine.problem.first.names])
            seconds = result.timing.get("evaluate", 0.0)
            out["recourse"] = recourse_certificate(engine.problem, engine.backend, engine.team, x, seconds)
    timing = {**result.timing, "certificate": engine.run.timing["certificate"]}
    return replace(result, timing=timing, certificate=out if engine.team.rank == 0 and out else None)


def bound_certificate(engine: Engine) -> dict[str, Any]:
    """Return on rank 0 what proves the engine's bound, or ``{"missing": why}``; called by all ranks."""
    proof = engine.proof
    if proof is None or proof.best is None:
        return {"missing": "no bound"}
    refused = [why for why in engine.team.share([proof.ledger.refused]) if why]
    if refused:
        return {"missing": f"not recorded, too large: {refused[0]}"}
    sections: dict[str, tuple[Standing, list[Cut], dict[str, Any]]] = {}
    if proof.by_lp is not None:
        by_lp = proof.by_lp
        chosen, multipliers = engine.team.on_rank_0(lambda: _multipliers(engine, by_lp))
        sections["lp"] = (by_lp, [by_lp.cuts[i] for i in chosen], multipliers)
    if proof.best is not proof.by_lp:
        sections["mip"] = (proof.best, list(proof.best.cuts), {})
    collected = proof.ledger.collect(engine.team, engine.oracle.vertices, _wanted(engine, sections.values()))
    if collected is None:
        return {}
    size = collected.ids.nbytes + sum(d.nbytes for d in collected.duals) + sum(8 * len(cuts) * engine.master.num_x for _, cuts, _ in sections.values())
    if size > MOST_BYTES:
        return {"missing": f"dropped, too large: {size / 1e6:.0f} MB, more than {MOST_BYTES / 1e6:.0f} MB"}
    out: dict[str, Any] = {"ids": pack(collected.ids), "duals": [pack(d) for d in collected.duals]}
    if engine.settings.risk.has_eta:
        out["excess"] = pack(collected.excess.astype(np.uint8))
    for name, (standing, cuts, more) in sections.items():
        written = _cuts(cuts, collected, engine.master.num_x)
        out[name] = {"bound": standing.bound, "clusters": pack(standing.clusters.astype(np.int32)), "cuts": written} | more
    return out


def _multipliers(engine: Engine, standing: Standing) -> tuple[list[int], dict[str, Any]]:
    """Return which cuts the LP bound needs, and the multipliers of the first stage's rows and of these cuts, cleaned.

    Solvers' multipliers hold to their tolerance; here wrong signs are set to zero, and those of each theta's cuts sum to 1.
    """
    problem, cuts = engine.problem, list(standing.cuts)
    assert standing.row_dual is not None
    rows, weights = engine.master.multipliers(cuts, standing.row_dual, standing.unit)
    rows = np.where(np.where(rows > 0, np.isfinite(problem.row_lower), np.isfinite(problem.row_upper)), rows, 0.0)
    weights = np.where(weights > UNUSED, weights, 0.0)
    total = np.zeros(engine.master.clusters)
    joint = np.zeros(engine.master.clusters, dtype=bool)
    for cut, weight in zip(cuts, weights.tolist(), strict=True):
        total[list(cut.clusters)] += weight
        joint[list(cut.clusters)] |= len(cut.clusters) > 1 and weight > 0
    for i, cut in enumerate(cuts):
        if len(cut.clusters) == 1 and not joint[cut.clusters[0]] and total[cut.clusters[0]] > 0:
            weights[i] /= total[cut.clusters[0]]
    chosen = np.flatnonzero(weights > 0)
    return chosen.tolist(), {"row_multipliers": pack(rows), "cut_multipliers": pack(weights[chosen])}


def _wanted(engine: Engine, sections: Any) -> dict[int, Flags]:
    """Return for each evaluation the scenarios (S,) whose duals some cut needs."""
    out: dict[int, Flags] = {}
    for standing, cuts, _ in sections:
        for cut in cuts:
            if cut.from_duals and cut.clusters:
                mask = out.setdefault(cut.source, np.zeros(engine.problem.num_scenarios, dtype=bool))
                if cut.scenario is None:
                    mask |= np.isin(standing.clusters, cut.clusters)
                else:
                    mask[cut.scenario] = True
    return out


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
        "rays": pack(np.array([np.pad(r, (0, longest - len(r))) for r in rays], dtype=float).reshape(len(rays), longest)),
    }
