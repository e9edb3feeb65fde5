"""The certificate of a run: the rows behind its bounds, the duals they are made of, and the multipliers by which the LP bound follows.

``lp`` is the best bound that an LP master set, with its rows of positive multiplier; ``mip`` the final bound, if branch and bound set it,
with all rows of the last master. Matrices, probabilities and levels are left out: whoever verifies rebuilds them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..benders.records import Collected
from ..packing import pack
from ..recourse_solutions import recourse_certificate
from .engine import Engine
from .rows import FEASIBILITY, STAR, VALUE, Row

KINDS = {VALUE: 0, STAR: 1, FEASIBILITY: 2}

TRIVIAL = -1
"""Record of a value row that is made of the dual 0."""

MOST_BYTES = 128_000_000
"""Larger certificates (before compression) are dropped."""


def certificate(engine: Engine, seconds: float) -> dict[str, Any] | None:
    """Return the certificate on rank 0, ``None`` on the others; called by all ranks. ``seconds`` the exact evaluation took."""
    out: dict[str, Any] = {"bound": _bound(engine)}
    held = engine.incumbent
    if held is not None:
        out["recourse"] = recourse_certificate(engine.chance.owned.fixed(held.z), engine.backend, engine.team, held.x, seconds)
    return out if engine.team.rank == 0 else None


def _bound(engine: Engine) -> dict[str, Any]:
    ledger = engine.oracle.oracle.ledger
    refused = [why for why in engine.team.share(["" if ledger is None else ledger.refused]) if why]
    if ledger is None or refused:
        return {"missing": f"not recorded, {refused[0]}" if refused else "no bound"}
    standing = engine.standing
    rows: dict[str, Sequence[Row]] = {}
    if standing is not None:
        used = np.flatnonzero(standing.weights > 0)
        rows["lp"] = [standing.rows[i] for i in used.tolist()]
    rows["mip"] = engine.master.rows if standing is None or engine.bound != standing.bound else []
    wanted: dict[int, Any] = {}
    for row in (r for part in rows.values() for r in part if r.kind == VALUE):
        if row.source >= 0:
            mask = wanted.setdefault(row.source, np.zeros(len(engine.chance.p), dtype=bool))
            mask |= engine.clusters == row.cluster
    collected = ledger.collect(engine.team, engine.oracle.oracle.vertices, wanted)
    if collected is None:
        return {}
    size = collected.ids.nbytes + sum(d.nbytes for d in collected.duals) + sum(8 * (len(r.slope) + 2 * len(r.places)) for r in rows["mip"])
    if size > MOST_BYTES:
        return {"missing": f"dropped, too large: {size / 1e6:.0f} MB, more than {MOST_BYTES / 1e6:.0f} MB"}
    out: dict[str, Any] = {
        "ids": pack(collected.ids),
        "duals": [pack(d) for d in collected.duals],
        "clusters": pack(engine.clusters.astype(np.int32)),
    }
    if standing is not None:
        section = _rows(rows["lp"], collected) | {"bound": standing.bound, "row_multipliers": pack(standing.first)}
        out["lp"] = section | {"multipliers": pack(standing.weights[standing.weights > 0])}
    if rows["mip"]:
        out["mip"] = _rows(rows["mip"], collected) | {"bound": engine.bound}
    return out


def _rows(rows: Sequence[Row], collected: Collected) -> dict[str, Any]:
    """Return rows as plain arrays: kind, record or ray, cluster, chain; and their numbers."""
    record_of = {source: i for i, source in enumerate(collected.sources)}
    rays: dict[bytes, int] = {}
    kept: list[Row] = []
    record = []
    for row in rows:
        if row.ray is None or row.alpha is None:
            record.append(record_of.get(row.source, TRIVIAL))
            continue
        key = row.ray.tobytes() + row.alpha.tobytes()
        if key not in rays:
            rays[key] = len(kept)
            kept.append(row)
        record.append(rays[key])
    none = np.zeros(0, dtype=np.int64)
    chains = [none if r.chain is None else r.chain for r in rows]
    return {
        "kind": pack(np.array([KINDS[r.kind] for r in rows], dtype=np.int8)),
        "record": pack(np.array(record, dtype=np.int32)),
        "cluster": pack(np.array([-1 if r.cluster is None else r.cluster for r in rows], dtype=np.int32)),
        "chain_end": pack(np.cumsum([len(c) for c in chains]).astype(np.int64)),
        "chain": pack(np.concatenate([none, *chains]).astype(np.int32)),
        "constant": pack(np.array([r.constant for r in rows])),
        "slope": pack(np.array([r.slope for r in rows])),
        "places_end": pack(np.cumsum([len(r.places) for r in rows]).astype(np.int64)),
        "places": pack(np.concatenate([none, *(r.places for r in rows)]).astype(np.int32)),
        "weights": pack(np.concatenate([np.zeros(0), *(r.weights for r in rows)])),
        "rays": [pack(r.ray) for r in kept if r.ray is not None],
        "ray_group": [r.group for r in kept],
        "ray_slope": [pack(r.alpha) for r in kept if r.alpha is not None],
    }
