"""``quakeops.export``: a problem as files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from .. import parallel
from ..decomposition.compiled import stage_data
from ..decomposition.export import FORMATS, export_program
from ..errors import InputError
from ..files import require_writable
from .problem import program_of, refuse_generated


def export(
    model: str | None = None,
    *,
    out: str | Path,
    file_format: str = "smps",
    module: str | ModuleType | None = None,
    smps: str | Path | None = None,
    instance: str | None = None,
    scenarios: int | None = None,
    scenario_file: str | None = None,
    seed: int | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> tuple[Path, ...]:
    """Write a problem to files and return their paths; the problem is named as in :func:`solve`.

    ``file_format`` is ``"smps"`` (OUT.cor, OUT.tim, OUT.sto), or ``"lp"`` or ``"mps"`` (the extensive form, OUT.lp or OUT.mps).

    Raises
    ------
    InputError
        Something is misspelt or does not fit together, or the scenarios do not fit the format; the message says what.
    """
    if file_format not in FORMATS:
        raise InputError(f"unknown format {file_format!r}; known: {', '.join(FORMATS)}")
    require_writable(Path(out))

    def written() -> tuple[Path, ...]:
        program = program_of(model, module, smps, instance, scenarios, scenario_file, seed, arguments)
        refuse_generated(program, "export", with_rows=True)
        name = program.name if program.instance in ("", program.name) else f"{program.name}-{program.instance}"
        return export_program(stage_data(program), name, file_format, Path(out))

    return parallel.on_rank_0(parallel.world(), written)
