"""A checkpoint that was read: what it says of the run, what fits it, and how an engine goes on from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import InputError
from ...result import TracePoint
from ..program import Program, from_recipe
from . import checkpoint_files
from .fingerprint import fingerprint
from .risk import parse
from .settings import Settings
from .snapshot import Arrays
from .state import restore

if TYPE_CHECKING:
    from .engine import Engine

FIELDS = ("recipe", "instance_hash", "problem", "solver", "settings", "rel_gap", "every", "number", "iteration", "elapsed_s", "state")
"""What a checkpoint's header must hold."""


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
        absent = [k for k in FIELDS if k not in header]
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
        """Return the run's settings that are not the default, by their names; ``given`` are those that are asked for now.

        Raises
        ------
        InputError
            One that changes the path of the run differs.
        """
        known, default = dict(self.header["settings"]), Settings()
        for name, value in given.items():
            if value != known.get(name) and (name != "risk" or parse(value) != parse(known[name])):
                raise self._unfit(name.replace("_", "-"), value, known.get(name))
        return {k: v for k, v in known.items() if v != (str(default.risk) if k == "risk" else getattr(default, k))}

    def program(self, given: Program | None) -> Program:
        """Return the run's program, rebuilt from its recipe unless it is ``given``.

        Raises
        ------
        InputError
            The one given, or what is found under the recipe's names now, is another one.
        """
        program = from_recipe(self.header["recipe"]) if given is None else given
        recipe = plain(program.recipe)
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


def plain(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe as it comes back from JSON."""
    return dict(json.loads(json.dumps(dict(recipe), default=str)))
