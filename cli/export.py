"""``quakeops export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .. import facade
from ..models import MODELS
from . import options
from .output import console, emit_json, is_speaker
from .solve import pairs


def export(
    out: Annotated[Path, typer.Option(metavar="STEM", help="files to write, without suffix")],
    model: Annotated[str | None, typer.Argument(metavar="[MODEL]", help=f"one of: {', '.join(MODELS)}")] = None,
    module: Annotated[str | None, typer.Option(metavar="PKG.MOD", help="foreign mpi-sppy scenario module in place of MODEL")] = None,
    model_arg: options.ModelArg = None,
    smps: Annotated[str | None, typer.Option(metavar="DIR|STEM", help="SMPS files (.cor, .tim, .sto) in place of MODEL")] = None,
    instance: Annotated[str | None, typer.Option(metavar="NAME|FILE", help="packaged instance, drawn family or .json file")] = None,
    scenarios: Annotated[int | None, typer.Option(metavar="N", help="number of scenarios, of a drawn family or a module")] = None,
    scenario_file: options.ScenarioFile = None,
    seed: Annotated[int | None, typer.Option(metavar="K", help="seed of a drawn family")] = None,
    file_format: Annotated[str, typer.Option("--format", help="smps, or lp or mps (extensive form)")] = "smps",
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> int:
    """Write a problem as SMPS files, or its extensive form as an LP or MPS file."""
    written = facade.export(
        model,
        out=out,
        file_format=file_format,
        module=module,
        smps=smps,
        instance=instance,
        scenarios=scenarios,
        scenario_file=scenario_file,
        seed=seed,
        arguments=pairs(model_arg or []),
    )
    if is_speaker():
        if as_json:
            emit_json({"files": [str(path) for path in written]})
        else:
            console().print(f"written to {', '.join(map(str, written))}", soft_wrap=True)
    return 0
