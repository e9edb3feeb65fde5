"""``quakeops what-if``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from .. import facade
from ..decomposition.responder_figures import FIGURES
from ..errors import InputError
from ..files import require_writable, write_atomically
from . import options
from .output import console, emit_json, is_speaker
from .what_if_tables import show


def what_if(
    instance: Annotated[str | None, typer.Argument(metavar="[INSTANCE]", help="NAME or FILE.json (default: responder-case-1)")] = None,
    policy: Annotated[
        list[Path] | None, typer.Option(metavar="FILE.json", help="policy or result file to compare; may be repeated")
    ] = None,
    limit: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help=f"most of {', '.join(FIGURES)}; may be repeated")] = None,
    objective: Annotated[str, typer.Option(help="rate (hazard an hour), event (hazard an event) or restoration (hours)")] = "rate",
    scenario_file: options.ScenarioFile = None,
    scenario: Annotated[str | None, typer.Option(metavar="NAME|K", help="the numbers of this scenario, by label or as scen0")] = None,
    solver: options.Solver = "highs",
    out: Annotated[Path | None, typer.Option(metavar="FILE.json", help="write all figures here")] = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> int:
    """Compare responder policies, find the best under limits, and how far inputs may move."""
    require_writable(out)
    found = facade.what_if(
        instance,
        policy_files=policy or [],
        limits=_limits(limit or []),
        objective=objective,
        scenario_file=scenario_file,
        scenario=scenario,
        solver=solver,
    )
    if is_speaker():
        if out is not None:
            write_atomically(out, json.dumps(found.to_dict(), indent=1, allow_nan=False) + "\n")
        if as_json:
            emit_json(found.to_dict())
        else:
            show(found, console())
            if out is not None:
                console().print(f"\nwritten to {out}")
    return 0


def _limits(items: list[str]) -> dict[str, float]:
    """Return the ``NAME=VALUE`` of ``--limit``."""
    limits: dict[str, float] = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals:
            raise InputError(f"--limit {item!r}: expected NAME=VALUE, NAME one of {', '.join(FIGURES)}")
        if name in limits:
            raise InputError(f"--limit {item!r}: {name} has a limit already")
        try:
            limits[name] = float(value)
        except ValueError:
            raise InputError(f"--limit {item!r}: the value {value!r} is not a number") from None
    return limits
