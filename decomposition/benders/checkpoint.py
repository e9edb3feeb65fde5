"""Checkpoints of a run that is under way: when one is due, and what it says of the run besides the engine's state."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import parallel
from ...errors import InputError
from ..program import Program
from ..run import provenance
from . import checkpoint_files
from .fingerprint import fingerprint
from .saved import Saved, plain
from .settings import Settings
from .snapshot import Arrays
from .state import Bases, capture

if TYPE_CHECKING:
    from .engine import Engine

log = logging.getLogger(__name__)

EVERY = 10
"""Iterations between two checkpoints."""

FREE = ("iterations", "threads")
"""Settings that may differ in the run that goes on."""


@dataclass(slots=True, eq=False)
class Checkpoint:
    """Writes an engine's state to ``folder`` every ``every`` iterations; ``header`` is what does not change during the run."""

    folder: Path
    every: int
    header: Mapping[str, Any]
    number: int = 0
    written: int = 0
    _packed: Bases = field(default_factory=list)
    _problem: str = ""

    def due(self, iteration: int) -> bool:
        """Whether a checkpoint is written before iteration ``iteration`` + 1."""
        return iteration % self.every == 0

    def save(self, engine: Engine) -> None:
        """Write a checkpoint, and make the engine forget what a checkpoint cannot hold; called by all ranks.

        If it cannot be written, the one before stays, a warning is logged, and the run goes on.

        Raises
        ------
        InputError
            The first one cannot be written.
        """
        with engine.run.timed("checkpoint"):
            engine.master.unload()
            if not self._packed:
                self._packed = [{} for _ in engine.problem.groups]
            tree, arrays = capture(engine, self._packed)
            engine.team.on_rank_0(lambda: self._write(engine, tree, arrays))

    def _write(self, engine: Engine, tree: dict[str, Any], arrays: Arrays) -> None:
        run = engine.run
        self._problem = self._problem or fingerprint(engine.problem)
        summary = {
            "rel_gap": run.rel_gap,
            "every": self.every,
            "iteration": engine.iteration,
            "elapsed_s": run.elapsed(),
            "bound": run.bound,
            "objective": run.objective,
            "end": None if engine.end is None else engine.end.reason,
            "problem": self._problem,
        }
        self.number += 1
        try:
            checkpoint_files.write(self.folder, self.number, {**self.header, **summary, "number": self.number, "state": tree}, arrays)
        except InputError as e:
            if not self.written:
                raise
            log.warning("checkpoint not written, the one before is kept: %s", e)
        else:
            self.written += 1


def new_checkpoint(
    folder: Path, every: int | None, program: Program, solver: str, settings: Settings, saved: Saved | None, comm: Any
) -> Checkpoint:
    """Return the writer of a run's checkpoints on all ranks of ``comm``; ``saved`` is the one that the run goes on from.

    Raises
    ------
    InputError
        The folder cannot be written to, or holds the checkpoint of another run.
    """
    same = saved is not None and saved.folder.resolve() == folder.resolve()

    def prepared() -> None:
        if not same and checkpoint_files.holds_checkpoint(folder):
            raise InputError(f"--checkpoint {folder}: holds a checkpoint already; go on from it with --resume {folder}, or remove it")
        checkpoint_files.make_folder(folder)

    parallel.on_rank_0(comm, prepared)
    if every is None:
        every = EVERY if saved is None else int(saved.header["every"])
    path = {f.name: getattr(settings, f.name) for f in fields(settings) if f.name not in FREE}
    header = {
        "recipe": plain(program.recipe),
        "instance_hash": program.instance_hash,
        "solver": solver,
        "settings": path | {"risk": settings.risk.exactly()},
        "versions": provenance({}, "")["versions"],
    }
    return Checkpoint(folder, every, header, number=int(saved.header["number"]) if same and saved is not None else 0)
