"""``quakeops generate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from .. import facade
from ..files import require_writable
from ..scenario_gen.set_summary import summary
from . import options
from .output import ProgressLine, console, emit_json, is_speaker


def generate(
    region: Annotated[str, typer.Argument(metavar="REGION", help="packaged region or region file (.json)")],
    scenarios: Annotated[int, typer.Option(metavar="N", help="number of scenarios")],
    out: Annotated[Path, typer.Option(metavar="FILE.nc", help="write the scenario set here")],
    seed: Annotated[int, typer.Option(metavar="K", help="seed; scenario k depends on the seed and k alone")] = 0,
    time_of_day: Annotated[str, typer.Option(help="night, day or commute: where people are")] = "night",
    fault: Annotated[str | None, typer.Option(metavar="NAME", help="this fault alone (default: all, by their annual rates)")] = None,
    magnitude: Annotated[float | None, typer.Option(metavar="M", help="this magnitude (default: drawn by Gutenberg-Richter)")] = None,
    importance: Annotated[bool, typer.Option(help="draw large magnitudes and residuals more often, and weight")] = False,
    aftershocks: Annotated[bool, typer.Option(help="add the damage of aftershocks")] = False,
    reduce_to: Annotated[int | None, typer.Option(metavar="N", help="keep so many scenarios, with optimal probabilities")] = None,
    reduction: Annotated[str, typer.Option(help="how to choose them: forward or medoids")] = "forward",
    threads: Annotated[int | None, typer.Option(metavar="N", help="threads (default: one a core)")] = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> int:
    """Generate scenarios of a region: ground motion, damage, cascade, losses, relief needed."""
    require_writable(out)
    with ProgressLine(f"generate {region}") as progress:
        made = facade.generate(
            region,
            scenarios=scenarios,
            seed=seed,
            time_of_day=time_of_day,
            fault=fault,
            magnitude=magnitude,
            importance=importance,
            aftershocks=aftershocks,
            reduce_to=reduce_to,
            reduction=reduction,
            threads=threads,
            out=out,
            progress=lambda done, total: progress.count("scenarios", done, total),
        )
    if is_speaker():
        facts = summary(made)
        if as_json:
            emit_json({"file": str(out), **facts})
        else:
            _show(facts)
            console().print(f"written to {out}")
    return 0


def _show(facts: dict[str, Any]) -> None:
    out, money = console(), facts["money"]
    number = "scenario" if facts["scenarios"] == 1 else "scenarios"
    out.print(f"{facts['region']}: {facts['scenarios']} {number}, seed {facts['seed']}, {facts['time_of_day']}")
    if facts["reduction"] != "no":
        out.print(f"reduced from {facts['scenarios_drawn']}: {facts['reduction']}")
    if facts["importance_sampling"] != "no":
        out.print(f"importance sampling: {facts['importance_sampling']}")
    table = Table(box=None, padding=(0, 2, 0, 2))
    for heading in ("", "mean", "95 %", "largest"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, unit in (
        ("magnitude", ""),
        ("loss", money),
        ("casualties", "people"),
        ("displaced", "people"),
        ("water lost", "share of people"),
    ):
        figures = facts["figures"][name]
        table.add_row(f"{name} [{unit}]" if unit else name, *(_number(figures[f]) for f in ("mean", "q95", "largest")))
    for name, figures in facts["demand"].items():
        table.add_row(f"demand, {name}", *(_number(figures[f]) for f in ("mean", "q95", "largest")))
    out.print(table)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
