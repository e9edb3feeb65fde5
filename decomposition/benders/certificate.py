"""The certificate of a run: cuts behind its bound, the duals they are sums of, and the multipliers by which an LP bound follows.

``lp`` is the best bound that an LP master set, ``mip`` the final bound where branch and bound set it. Both hold their cuts; the scenario
probabilities and all matrices are left out, since whoever verifies rebuilds them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ...result import Result
from ..packing import pack
from ..recourse_solutions import recourse_certificate
from .engine import Engine
from .ledger import Ledger
from .proof import Proof
from .records import Collected, Flags
from .sections import Section, lp_section

MOST_BYTES = 128_000_000
"""Larger certificates (before compression) are dropped."""


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
    refused = [] if proof is None else [why for why in engine.team.share([proof.ledger.refused]) if why]
    if refused:
        return {"missing": f"not recorded, {refused[0]}"}
    if proof is None or proof.best is None:
        return {"missing": "no bound"}
    sections: list[Section] = []
    wanted = engine.team.on_rank_0(lambda: _wanted(engine, sections, proof))
    collected = proof.ledger.collect(engine.team, engine.oracle.vertices, wanted)
    if collected is None:
        return {}
    for section in sections:
        collected = section.with_retained(engine, collected)
    size = collected.ids.nbytes + sum(d.nbytes for d in collected.duals) + sum(8 * len(s.cuts) * engine.master.num_x for s in sections)
    if size > MOST_BYTES:
        return {"missing": f"dropped, too large: {size / 1e6:.0f} MB, more than {MOST_BYTES / 1e6:.0f} MB"}
    out: dict[str, Any] = {"ids": pack(collected.ids), "duals": [pack(d) for d in collected.duals]}
    if engine.risk.has_excess:
        out["excess"] = pack(collected.excess.astype(np.uint8))
    return out | {section.name: section.packed(collected, engine.master.num_x) for section in sections}


def _wanted(engine: Engine, sections: list[Section], proof: Proof) -> dict[int, Flags]:
    """Put the sections into ``sections``, and return for each evaluation the scenarios (S,) whose duals some cut of them needs."""
    if proof.by_lp is not None:
        sections.append(lp_section(engine, proof.by_lp))
    if proof.best is not None and proof.best is not proof.by_lp:
        sections.append(Section("mip", proof.best.bound, list(proof.best.cuts), proof.best.clusters))
    out: dict[int, Flags] = {}
    for section in sections:
        for cut in section.cuts:
            if cut.from_duals and cut.clusters:
                mask = out.setdefault(cut.source, np.zeros(engine.problem.num_scenarios, dtype=bool))
                if cut.scenario is None:
                    counting = np.isin(section.clusters, cut.clusters)
                    mask |= counting if cut.targets is None else np.bincount(cut.targets[counting], minlength=len(mask)) > 0
                else:
                    mask[cut.scenario] = True
    return out


def collect_lp(engine: Engine) -> tuple[Section | None, Collected | None]:
    """Return on rank 0 the section of the best bound that an LP set, with its duals, if there is one; called by all ranks."""
    proof = engine.proof
    if proof is None or proof.by_lp is None or any(engine.team.share([bool(proof.ledger.refused)])):
        return None, None
    sections: list[Section] = []
    wanted = engine.team.on_rank_0(lambda: _wanted(engine, sections, replace(proof, best=proof.by_lp)))
    collected = proof.ledger.collect(engine.team, engine.oracle.vertices, wanted)
    return (sections[0], collected) if sections else (None, None)
