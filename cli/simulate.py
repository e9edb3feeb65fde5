"""``quakeops simulate triage``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from .. import facade
from ..files import require_writable, write_atomically
from ..solvers.dispatch_rules import QUOTA, THRESHOLD
from ..solvers.dispatch_simulation import CLOSEST_GINI, Simulation
from ..solvers.dispatch_study import POLICIES, TriageSimulation
from . import options
from .instance_kinds.kind import table
from .output import console, emit_json, is_speaker

simulate = typer.Typer(help="Simulate what is done with a result: triage.", no_args_is_help=True, rich_markup_mode=None)


@simulate.callback()
def _group() -> None:
    """Simulate what a rule does, day by day."""


@simulate.command()
def triage(
    grades: Annotated[
        str | None, typer.Option(metavar="CSV", help="true grades 0 to 3, column grade; perhaps district (default: Yushu's 3,501)")
    ] = None,
    probabilities: Annotated[
        str | None, typer.Option(metavar="CSV", help="predicted probabilities, columns p0 to p3 (default: a perfect ranking)")
    ] = None,
    policy: Annotated[str | None, typer.Option(metavar="A|B|C", help="severity-first, egalitarian, quota (default: all)")] = None,
    per_day: Annotated[int, typer.Option(metavar="K", help="buildings served a day")] = 50,
    quota: Annotated[float, typer.Option(metavar="Q", help="policy C: share of a day kept for buildings above the threshold")] = QUOTA,
    threshold: Annotated[float, typer.Option(metavar="P", help="policy C: P(severe) above which a building is in the quota")] = THRESHOLD,
    seed: Annotated[int, typer.Option(metavar="K", help="of policy B's lots and of random orders")] = 0,
    draws: Annotated[int, typer.Option(metavar="N", help="random orders drawn beside the closed form; 0 for none")] = 100,
    out: Annotated[Path | None, typer.Option(metavar="FILE.json", help="write all figures and curves here")] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.png", help="draw the curves here (.png, .svg or .pdf)")] = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> int:
    """Serve damaged buildings day by day under dispatch rules, and measure how long damage stays uncovered."""
    require_writable(out)
    if plot is not None:
        from .. import plots

        plots.require(plot)
    chosen = list(POLICIES) if policy is None else [policy]
    found = facade.simulate_triage(
        grades, probabilities, policies=chosen, per_day=per_day, quota=quota, threshold=threshold, seed=seed, draws=draws
    )
    if is_speaker():
        if out is not None:
            write_atomically(out, json.dumps(found.to_dict(), indent=1, allow_nan=False) + "\n")
        if plot is not None:
            plots.draw_triage(found, plot)
        if as_json:
            emit_json(found.to_dict(curves=False))
        else:
            _show(found, console())
            for path in (p for p in (out, plot) if p is not None):
                console().print(f"written to {path}")
    return 0


def _show(found: TriageSimulation, out: Console) -> None:
    out.print(f"{found.buildings:,} buildings, {found.per_day:,} a day, {found.num_days:,} days; grades sum to {found.total_weight:,.0f}")
    if "C" in found.policies:
        kept = f"{100 * found.quota:g} % of a day"
        out.print(f"{found.ranking} ranking; {found.flagged:,} buildings above the threshold {found.threshold:g} have {kept}")
    else:
        out.print(f"{found.ranking} ranking")
    rows = table("what each policy does", "policy", "AUC", "T50", "T90", "top-20% median", "Gini")
    for name, done in found.policies.items():
        _row(rows, f"{name} {POLICIES[name]}", done)
    _row(rows, "best order", found.oracle)
    _row(rows, "worst order", found.worst)
    out.print(rows)
    b = found.bounds
    out.print(f"\nrandom order    AUC {b.random_mean:,.2f}, standard deviation {b.random_sd:,.2f} (closed form)")
    if b.simulated_mean is not None and b.simulated_sd is not None:
        out.print(f"                AUC {b.simulated_mean:,.2f}, standard deviation {b.simulated_sd:,.2f} ({b.draws:,} drawn)")
    for note in found.notes:
        out.print(f"note: {note}")
    out.print(f"AUC: damage uncovered, trapezoid over days 0 to {found.num_days}; T50, T90, median: days;")
    out.print("Gini: of weight / service day, the closest reconstruction of five variants (--json has all)")


def _row(rows: Table, name: str, done: Simulation) -> None:
    cells = (f"{done.auc:,.12g}", str(done.t50), str(done.t90), f"{done.top_median_day:g}", f"{done.gini[CLOSEST_GINI]:.3f}")
    rows.add_row(name, *cells)
