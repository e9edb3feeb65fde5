"""Command-line options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ResultFile = Annotated[Path, typer.Argument(metavar="RESULT", help="result file written by 'quakeops solve --out'")]
Solver = Annotated[str, typer.Option(help="highs or gurobi")]
Json = Annotated[bool, typer.Option("--json", help="print one JSON object on stdout and nothing else")]
Debug = Annotated[bool, typer.Option("--debug", help="show the traceback of an error")]
ScenarioFile = Annotated[str | None, typer.Option(metavar="FILE", help="scenarios in place of the instance's own")]
ModelArg = Annotated[
    list[str] | None,
    typer.Option("--model-arg", "--module-arg", metavar="KEY=VALUE", help="option that the model or module declares; may be repeated"),
]
