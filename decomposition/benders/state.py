"""What a checkpoint holds of an engine, and how an engine takes it back.

Held: the cuts and settings of the master, clusters, plans, bound, counters, the positions of the phases, the dual vertices that are in the
pool with their bases, and what a certificate needs. Not held, since the program gives it again: the problem and its scenarios. Solvers'
own states (a warm basis) cannot be held: the engine that goes on drops them too, whenever a checkpoint is due.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...result import TracePoint
from .snapshot import Arrays, Reader, Writer

if TYPE_CHECKING:
    from .engine import Engine

ENGINE = ("problem", "backend", "run", "settings", "team", "risk", "oracle", "master", "asked", "proof", "checkpoint", "resuming")
MASTER = ("problem", "backend", "risk", "fixed", "_model")
ORACLE_GIVEN = ("problem", "backend", "team", "threads", "pool", "most_active", "most_new")
ORACLE = (*ORACLE_GIVEN, "solved", "seconds", "ledger", "will_pack", "vertices", "_blocks")
"""Fields that a checkpoint does not hold, or not in this way; every other field of these classes is held."""

LEDGER = "ledger_"
"""Begins the names of the ledger's arrays."""

Bases = list[dict[int, NDArray[np.int8]]]


def capture(engine: Engine, packed: Bases) -> tuple[dict[str, Any], Arrays]:
    """Return an engine's tree and arrays; called by all ranks, of use on rank 0.

    ``packed`` (one mapping a group) keeps the bases of vertices that were packed before; they never change.
    """
    writer = Writer()
    run = engine.run
    tree: dict[str, Any] = {
        "engine": {name: writer.tree(getattr(engine, name)) for name in _held(engine, ENGINE)},
        "master": {name: writer.tree(getattr(engine.master, name)) for name in _held(engine.master, MASTER)},
        "oracle": {name: writer.tree(getattr(engine.oracle, name)) for name in _held(engine.oracle, ORACLE)},
        "vertices": [writer.tree(_vertices(engine, g, packed[g])) for g in range(len(engine.oracle.vertices))],
        "run": writer.tree(
            {
                "solved": sum(engine.team.share([engine.oracle.solved])),
                "seconds": engine.oracle.seconds,
                "bound": run.bound,
                "objective": run.objective,
                "timing": run.timing,
                "elapsed": run.elapsed(),
                "trace": _trace_array(run.trace),
            }
        ),
        "proof": None,
    }
    if engine.proof is not None:
        proof = engine.proof
        refused = [why for why in engine.team.share([proof.ledger.refused]) if why]
        tree["proof"] = {"refused": refused[0] if refused else ""} | {n: writer.tree(getattr(proof, n)) for n in _held(proof, ("ledger",))}
        ledger = proof.ledger.state(engine.team, engine.oracle.vertices)
        writer.arrays.update({LEDGER + name: part for name, part in (ledger or {}).items()})
    tree["cuts"] = writer.finish()
    return tree, writer.arrays


def restore(engine: Engine, tree: dict[str, Any], arrays: Arrays) -> None:
    """Put a new engine of the same problem where the captured one stood; its clock goes on.

    Without records of duals in the tree, a certificate of this run will say that they are missing.

    Raises
    ------
    KeyError, ValueError, TypeError, IndexError, AttributeError, ImportError
        The tree is not one that :func:`capture` returned.
    """
    reader = Reader(arrays, tree["cuts"])
    for part, name, left_out in ((engine, "engine", ENGINE), (engine.master, "master", MASTER), (engine.oracle, "oracle", ORACLE)):
        names = _held(part, left_out)
        if set(names) != set(tree[name]):
            raise ValueError(f"the {name} has fields {sorted(names)}, found {sorted(tree[name])}")
        for key, value in tree[name].items():
            setattr(part, key, reader.value(value))
    for g, saved in enumerate(tree["vertices"]):
        _put_vertices(engine, g, reader.value(saved))
    _put_run(engine, reader.value(tree["run"]))
    if engine.proof is not None and tree["proof"] is None:
        engine.proof.ledger.refused = "since the run went on from a checkpoint of one that was not to end with a certificate"
    elif engine.proof is not None:
        proof, saved = engine.proof, tree["proof"]
        for key in _held(proof, ("ledger",)):
            setattr(proof, key, reader.value(saved[key]))
        blocks, excess = engine.team.own_blocks(engine.problem), engine.risk.has_excess
        proof.ledger.restore({k.removeprefix(LEDGER): v for k, v in arrays.items() if k.startswith(LEDGER)}, blocks, has_excess=excess)
        proof.ledger.refused = saved["refused"]


def _trace_array(trace: list[TracePoint]) -> NDArray[np.float64]:
    """Return time, bound and objective of each point (T, 3); NaN where there is none."""
    return np.array([(p.time_s, p.bound, p.objective) for p in trace], dtype=float).reshape(-1, 3)


def _held(part: Any, left_out: Iterable[str]) -> list[str]:
    return [f.name for f in fields(part) if f.name not in left_out and f.name not in ("_executor", "_local")]


def _vertices(engine: Engine, g: int, packed: dict[int, NDArray[np.int8]]) -> dict[str, NDArray[Any]]:
    """Return the pool of group ``g``: duals (P, m), their b (P,), bases (P, n + m), when each was last used (P,)."""
    vertices = engine.oracle.vertices[g]
    numbers = vertices.active.tolist()
    if engine.team.rank == 0:
        for n in numbers:
            if n not in packed:
                packed[n] = engine.oracle.lps.pack(g, vertices.bases[n])
    bases = [packed[n] for n in numbers] if engine.team.rank == 0 else []
    return {
        "pi": vertices.pi[vertices.active],
        "b": vertices.b[vertices.active],
        "bases": np.array(bases, dtype=np.int8).reshape(len(bases), -1) if bases else np.zeros((0, 0), dtype=np.int8),
        "last_used": np.array([vertices.last_used[n] for n in numbers], dtype=np.int64),
    }


def _put_vertices(engine: Engine, g: int, saved: dict[str, NDArray[Any]]) -> None:
    if len(saved["pi"]):
        bases = [engine.oracle.lps.unpack(g, b) for b in saved["bases"]]
        engine.oracle.vertices[g].restore(saved["pi"], saved["b"], bases, saved["last_used"].tolist())


def _put_run(engine: Engine, saved: dict[str, Any]) -> None:
    run = engine.run
    run.bound, run.objective = saved["bound"], saved["objective"]
    for part, seconds in saved["timing"].items():
        run.timing[part] = run.timing.get(part, 0.0) + seconds
    rows = saved["trace"].tolist()
    run.trace[:] = [TracePoint(time_s=t, bound=None if b != b else b, objective=None if o != o else o) for t, b, o in rows]
    if engine.team.rank == 0:
        engine.oracle.solved += saved["solved"]
        engine.oracle.seconds.update({part: s + engine.oracle.seconds.get(part, 0.0) for part, s in saved["seconds"].items()})
    run.start = time.perf_counter() - saved["elapsed"] - run.elapsed()
