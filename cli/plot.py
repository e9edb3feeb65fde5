"""``quakeops plot``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..result import Result
from . import options
from .output import console, is_speaker


def plot(
    result: options.ResultFile,
    kind: Annotated[str, typer.Option(help="plan (map) or convergence")] = "plan",
    scenario: Annotated[
        str | None, typer.Option(metavar="NAME", help="plan: show this scenario's flows (default: the one with most demand)")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="picture to write (.png, .svg or .pdf); default: beside RESULT")
    ] = None,
    debug: options.Debug = False,
) -> int:
    """Draw a plan on a map, or the convergence of bound and incumbent over time."""
    from .. import plots

    target = out or result.with_name(f"{result.stem}-{kind}.png")
    plots.draw(Result.load(result), kind, target, scenario=scenario)
    if is_speaker():
        console().print(f"written to {target}")
    return 0
