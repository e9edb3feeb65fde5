"""``quakeops pareto``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from .. import facade
from ..decomposition.pareto import ParetoFront
from ..errors import InputError
from ..files import require_writable, write_atomically
from ..models import MODELS
from . import options
from .output import ProgressLine, console, emit_json, is_speaker
from .solve import pairs

MOST_SHOWN = 60


def pareto(
    model: Annotated[str, typer.Argument(metavar="MODEL", help=f"one of: {', '.join(MODELS)}")],
    objectives: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="stage expressions of the model (default: all that it offers)")
    ] = None,
    points: Annotated[int, typer.Option(metavar="N", help="about how many points")] = 55,
    budget: Annotated[
        float | None, typer.Option(metavar="B", help="largest first-stage cost (default: 0.6 of what the cheapest plan spends)")
    ] = None,
    instance: Annotated[str | None, typer.Option(metavar="NAME|FILE", help="packaged instance, drawn family or .json file")] = None,
    model_arg: options.ModelArg = None,
    scenarios: Annotated[int | None, typer.Option(metavar="N", help="number of scenarios of a drawn family")] = None,
    scenario_file: options.ScenarioFile = None,
    seed: Annotated[int | None, typer.Option(metavar="K", help="seed of a drawn family")] = None,
    method: Annotated[str, typer.Option(help="inner solver: benders or ef (extensive form)")] = "benders",
    solver: options.Solver = "highs",
    rel_gap: Annotated[float, typer.Option(metavar="G", help="solve each point to this share of the objectives' ranges")] = 1e-3,
    time_limit: Annotated[float | None, typer.Option(metavar="S", help="return what is found after so many seconds")] = None,
    threads: Annotated[int | None, typer.Option(metavar="N", help="threads (default: the solver's choice)")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.json", help="write the front here, with all plans")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="write it as a table here")] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.png", help="draw it here (.png, .svg or .pdf)")] = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> int:
    """Compute the Pareto front of a model's objectives under a budget."""
    for path in (out, csv, plot):
        require_writable(path)
    if plot is not None:
        from .. import plots

        plots.require(plot)
    named = None if objectives is None else [n.strip() for n in objectives.split(",")]
    if named is not None and not all(named):
        raise InputError(f"--objectives {objectives!r}: expected names separated by commas")
    with ProgressLine(f"pareto {model} {instance or scenario_file or ''}".strip()) as progress:
        front = facade.pareto(
            model,
            objectives=named,
            points=points,
            budget=budget,
            instance=instance,
            scenarios=scenarios,
            scenario_file=scenario_file,
            seed=seed,
            arguments=pairs(model_arg or []),
            method=method,
            solver=solver,
            rel_gap=rel_gap,
            time_limit=time_limit,
            threads=threads,
            progress=progress.count,
        )
    if is_speaker():
        if out is not None:
            front.save(out)
        if csv is not None:
            write_atomically(csv, front.to_csv())
        if plot is not None:
            plots.draw_front(front, plot)
        if as_json:
            emit_json(front.to_dict(plans=False))
        else:
            _show(front)
            for path in (p for p in (out, csv, plot) if p is not None):
                console().print(f"written to {path}")
    return front.exit_code


def _show(front: ParetoFront) -> None:
    out = console()
    facts = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    facts.add_row("front", f"{front.model} {front.instance}, {front.num_scenarios:,} scenarios: {', '.join(front.names)}")
    facts.add_row("method", f"{front.method} with {front.solver}")
    facts.add_row("status", f"{front.status.value} ({front.stop_reason})")
    if front.budget is not None:
        facts.add_row("budget", f"{front.budget:,.2f} on the first stage")
    facts.add_row("points", f"{len(front.points)} nondominated of {front.solved} solved, {front.asked} asked for")
    facts.add_row("hypervolume", f"{front.hypervolume:.4f} of the box to the reference point")
    facts.add_row("time", f"{front.timing.get('total', 0.0):,.1f} s")
    out.print(facts)
    decimals = {name: _decimals(front, name) for name in front.names}
    payoff = Table(
        title="\npayoff table: what each objective is where another is least", title_justify="left", box=None, padding=(0, 2, 0, 0)
    )
    payoff.add_column("least")
    for name in front.names:
        payoff.add_column(_head(front, name), justify="right")
    for name in front.names:
        payoff.add_row(name, *(f"{front.payoff[name][other]:,.{decimals[other]}f}" for other in front.names))
    out.print(payoff)
    table = Table(title="\npoints", title_justify="left", box=None, padding=(0, 2, 0, 0))
    table.add_column("", justify="right")
    for name in front.names:
        table.add_column(_head(front, name), justify="right")
    for heading in ("gap", "from"):
        table.add_column(heading, justify="right" if heading == "gap" else "left")
    for k, p in enumerate(front.points[:MOST_SHOWN]):
        gap = "-" if p.gap is None else f"{p.gap:.1e}"
        table.add_row(
            str(k), *(f"{p.objectives[n]:,.{decimals[n]}f}" for n in front.names), gap, p.origin + ("  <- knee" if k == front.knee else "")
        )
    out.print(table)
    if len(front.points) > MOST_SHOWN:
        out.print(f"... and {len(front.points) - MOST_SHOWN} more: --out or --csv writes all")


def _head(front: ParetoFront, name: str) -> str:
    unit = front.units.get(name)
    return f"{name} ({unit})" if unit else name


def _decimals(front: ParetoFront, name: str) -> int:
    """Six figures of the largest value, so that a column lines up."""
    largest = max(abs(p.objectives[name]) for p in front.points)
    return 6 if largest == 0 else min(max(5 - math.floor(math.log10(largest)), 0), 9)
