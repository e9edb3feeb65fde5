"""Checkpoints of a run: when one is due, what it says of the run, and how a run goes on from it."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import parallel
from ...errors import InputError
from ...result import TracePoint
from ..program import Program, from_recipe
from ..run import provenance
from . import checkpoint_files
from .compiled import sample_numbers
from .problem import Problem
from .risk import Risk, parse
from .settings import Settings
from .snapshot import Arrays
from .state import Bases, capture, restore

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
        summary = {
            "rel_gap": run.rel_gap,
            "every": self.every,
            "iteration": engine.iteration,
            "elapsed_s": run.elapsed(),
            "bound": run.bound,
            "objective": run.objective,
            "end": None if engine.end is None else engine.end.reason,
            "problem": fingerprint(engine.problem),
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


@dataclass(frozen=True, slots=True, eq=False)
class Saved:
    """A checkpoint as it was read from ``folder``."""

    folder: Path
    header: dict[str, Any]
    arrays: Arrays

    @classmethod
    def load(cls, folder: Path) -> Saved:
        """Read a checkpoint; see :func:`~.checkpoint_files.read`."""
        header, arrays = checkpoint_files.read(folder)
        absent = [k for k in ("recipe", "instance_hash", "solver", "settings", "rel_gap", "every", "number", "state") if k not in header]
        if absent:
            raise InputError(f"{folder / checkpoint_files.HEADER}: damaged: field {absent[0]!r} is missing")
        return cls(folder, header, arrays)

    @property
    def rel_gap(self) -> float:
        """The gap that the run was asked for."""
        return float(self.header["rel_gap"])

    @property
    def iteration(self) -> int:
        """Iterations that were behind it."""
        return int(self.header["iteration"])

    def solver(self, given: str | None) -> str:
        """Return the run's solver; ``given`` is the one asked for now, if any."""
        if given not in (None, self.header["solver"]):
            raise self._unfit("solver", given, self.header["solver"])
        return str(self.header["solver"])

    def settings(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the run's settings with those given now, by their names; ``given`` has none that is not asked for.

        Raises
        ------
        InputError
            One that changes the path of the run differs.
        """
        known = dict(self.header["settings"])
        for name, value in given.items():
            if value != known.get(name) and (name != "risk" or parse(value) != parse(known[name])):
                raise self._unfit(name.replace("_", "-"), value, known.get(name))
        return known

    def program(self, given: Program | None) -> Program:
        """Return the run's program, rebuilt from its recipe unless it is ``given``.

        Raises
        ------
        InputError
            The one given, or what is found under the recipe's names now, is another one.
        """
        program = from_recipe(self.header["recipe"]) if given is None else given
        recipe = _plain(program.recipe)
        if recipe != self.header["recipe"]:
            changed = next((k for k in sorted({*recipe, *self.header["recipe"]}) if recipe.get(k) != self.header["recipe"].get(k)), "")
            was, now = self.header["recipe"].get(changed), recipe.get(changed)
            raise InputError(f"--resume {self.folder}: the checkpoint is of another program: {changed} was {was!r}, now {now!r}")
        if program.instance_hash != self.header["instance_hash"]:
            raise InputError(f"--resume {self.folder}: instance {program.instance!r} has changed since the checkpoint was made")
        return program

    def put_into(self, engine: Engine) -> None:
        """Put ``engine`` where the run stood; called by all ranks.

        Raises
        ------
        InputError
            The compiled problem is another one, or the state is damaged.
        """
        if fingerprint(engine.problem) != self.header["problem"]:
            raise InputError(f"--resume {self.folder}: the program's data have changed since the checkpoint was made")
        try:
            restore(engine, self.header["state"], self.arrays)
        except (KeyError, ValueError, TypeError, IndexError, AttributeError, ImportError) as e:
            path = self.folder / checkpoint_files.HEADER
            raise InputError(f"{path}: damaged, or written by another version of quakeops: {type(e).__name__}: {e}") from None
        rel_gap = engine.run.rel_gap
        if engine.end is not None and not engine.end.stands(rel_gap):
            engine.end = None
        if rel_gap < self.header["rel_gap"]:  # the LP phase left more open than is allowed now
            engine.mip = None
            engine.lp = None if engine.lp is None or engine.lp.fixed is not None else engine.lp
        engine.resuming = engine.end is None and engine.lp is not None
        engine.run.provenance["resumed"] = {"iteration": self.iteration, "elapsed_s": float(self.header["elapsed_s"])}
        run, note = engine.run, f"resumed at iteration {self.iteration}"
        progress = run.progress
        if progress is not None:
            progress(TracePoint(time_s=run.elapsed(), bound=run.bound, objective=run.objective, note=note))

    def _unfit(self, option: str, given: Any, known: Any) -> InputError:
        return InputError(f"--{option} {given}: the checkpoint in {self.folder} was made with {known}")


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
        "recipe": _plain(program.recipe),
        "instance_hash": program.instance_hash,
        "solver": solver,
        "settings": path | {"risk": exact_text(settings.risk)},
        "versions": provenance({}, "")["versions"],
    }
    return Checkpoint(folder, every, header, number=int(saved.header["number"]) if same and saved is not None else 0)


def exact_text(risk: Risk) -> str:
    """Return a risk measure as :func:`~.risk.parse` reads it, to the last digit."""
    numbers = {"worst": (), "mean": (), "cvar": (risk.alpha,), "mean-cvar": (risk.weight, risk.alpha)}
    name = str(risk).partition(":")[0]
    return ":".join([name, *(repr(v) for v in numbers[name])])


def fingerprint(problem: Problem) -> str:
    """Return a digest of the compiled problem: all but the random data, and those of the scenarios that every rank holds."""
    digest = hashlib.sha256()
    first = problem.first
    parts: list[Any] = [problem.cost, first.lower, first.upper, first.integer, problem.row_lower, problem.row_upper, problem.probabilities]
    sparse = [problem.A]
    for group in problem.groups:
        sparse += [group.W, group.T_0, group.rhs_xi]
        parts += [group.cost, group.sense, group.rhs_0, group.second.lower, group.second.upper, group.second.integer]
        held = sample_numbers(problem.num_scenarios) if len(problem.groups) == 1 else slice(None)
        parts.append(group.xi[held])
    for matrix in sparse:
        parts += [matrix.indptr, matrix.indices, matrix.data]
    for part in parts:
        digest.update(np.ascontiguousarray(part).tobytes() + b"|")
    return digest.hexdigest()


def _plain(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe as it comes back from JSON."""
    return dict(json.loads(json.dumps(dict(recipe), default=str)))
