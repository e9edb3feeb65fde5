"""``quakeops evaluate``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from .. import facade
from ..decomposition.evaluation import Estimate, Evaluation
from ..files import require_writable, write_atomically
from ..result import Result
from . import options
from .output import ProgressLine, console, emit_json, is_speaker


def evaluate(
    result: options.ResultFile,
    scenarios: Annotated[int | None, typer.Option(metavar="N", help="fresh scenarios (default: those of the plan)")] = None,
    seed: Annotated[int | None, typer.Option(metavar="K", help="seed of the fresh scenarios (default: the plan's plus one)")] = None,
    scenario_file: options.ScenarioFile = None,
    solver: options.Solver = "highs",
    cvar_level: Annotated[float, typer.Option(help="level of the CVaR")] = 0.95,
    evpi: Annotated[bool, typer.Option(help="solve each scenario alone for the EVPI")] = True,
    vss: Annotated[bool, typer.Option(help="solve the mean-value problem for the VSS")] = True,
    radius: Annotated[
        float | None,
        typer.Option(metavar="R", help="worst expected cost within this transport distance (1: mean distance of two scenarios)"),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.json", help="write the evaluation here")] = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> int:
    """Re-evaluate a plan: expected cost, CVaR, worst case, demand met, EVPI and VSS."""
    require_writable(out)
    plan = Result.load(result)
    with ProgressLine(f"evaluate {plan.model} {plan.instance}") as progress:
        figures = facade.evaluate(
            plan,
            scenarios=scenarios,
            seed=seed,
            scenario_file=scenario_file,
            solver=solver,
            cvar_level=cvar_level,
            evpi=evpi,
            vss=vss,
            radius=radius,
            progress=progress.count,
        )
    if is_speaker():
        if out is not None:
            write_atomically(out, json.dumps(figures.to_dict(), indent=1, allow_nan=False) + "\n")
        if as_json:
            emit_json(figures.to_dict())
        else:
            _show(plan, figures)
    return 0


def _show(plan: Result, e: Evaluation) -> None:
    kind = "drawn, 95 % confidence intervals" if e.sampled else "the whole distribution, exact"
    out = console()
    out.print(f"{e.model} {e.instance}: plan by {plan.method} on {e.num_scenarios} scenarios ({kind})")
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 2))
    for justify in ("left", "right", "left"):
        table.add_column(justify=justify)
    table.add_row("expected cost", *_cells(e.expected_cost))
    table.add_row(f"CVaR {e.cvar_level:g}", *_cells(e.cvar))
    table.add_row("worst case", f"{e.worst_cost:,.2f}", f"in {e.worst_scenario}")
    for commodity, share in e.demand_met.items():
        table.add_row(f"demand met, {commodity}", f"{share:.2%}", "")
    if e.evpi is not None:
        table.add_row("EVPI", *_cells(e.evpi))
    if e.vss is not None:
        table.add_row("VSS", *_cells(e.vss))
    elif e.vss_note:
        table.add_row("VSS", "none", e.vss_note)
    for name, v in e.violations.items():
        limit = "" if v.allowed is None else f", allowed {v.allowed:.2%}"
        interval = f"[{v.low:.2%}, {v.high:.2%}] " if v.low < v.high else ""
        table.add_row(f"misses {name}", f"{v.estimate:.2%}", f"{interval}{v.count} of {v.trials} scenarios{limit}")
    if e.ambiguity is not None:
        worst = e.ambiguity
        moved = f"{worst.moved:.1%} of the probability moved"
        table.add_row(f"worst mean, radius {worst.radius:g}", f"{worst.worst_expectation:,.2f}", moved)
        bound = "none" if worst.lipschitz_bound is None else f"{worst.lipschitz_bound:,.2f}"
        table.add_row("bound on any data", bound, worst.note or "mean + radius x Lipschitz constant")
    out.print(table)


def _cells(x: Estimate) -> tuple[str, str]:
    return f"{x.value:z,.2f}", "" if x.low is None else f"[{x.low:z,.2f}, {x.high:z,.2f}]"
