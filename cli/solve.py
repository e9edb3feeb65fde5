"""``quakeops solve``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from .. import facade
from ..decomposition.benders import parse_risk
from ..errors import InputError
from ..files import require_writable
from ..models import MODELS
from ..result import Result
from . import options
from .output import ProgressLine, console, emit_json, is_speaker
from .route_table import show_routes
from .triage_table import show_triage

_SHOWN = 40


def solve(
    model: Annotated[str | None, typer.Argument(metavar="[MODEL]", help=f"one of: {', '.join(MODELS)}")] = None,
    module: Annotated[str | None, typer.Option(metavar="PKG.MOD", help="foreign mpi-sppy scenario module in place of MODEL")] = None,
    model_arg: options.ModelArg = None,
    smps: Annotated[str | None, typer.Option(metavar="DIR|STEM", help="SMPS files (.cor, .tim, .sto) in place of MODEL")] = None,
    instance: Annotated[str | None, typer.Option(metavar="NAME|FILE", help="packaged instance, drawn family or .json file")] = None,
    scenarios: Annotated[int | None, typer.Option(metavar="N", help="number of scenarios, of a drawn family or a module")] = None,
    scenario_file: options.ScenarioFile = None,
    seed: Annotated[int | None, typer.Option(metavar="K", help="seed of a drawn family")] = None,
    method: Annotated[
        str | None,
        typer.Option(help="ef (extensive form, default), ph (progressive hedging), benders or (one scenario of routing) pricing"),
    ] = None,
    solver: Annotated[str | None, typer.Option(help="highs (default) or gurobi")] = None,
    threads: Annotated[int | None, typer.Option(metavar="N", help="ef, benders: threads (ph runs one thread a rank)")] = None,
    rel_gap: Annotated[float | None, typer.Option(metavar="G", help="stop at this relative gap (default 1e-3)")] = None,
    time_limit: Annotated[float | None, typer.Option(metavar="S", help="stop after so many seconds")] = None,
    iterations: Annotated[int | None, typer.Option(metavar="N", help="ph, benders: most iterations")] = None,
    bundles: Annotated[int | None, typer.Option(metavar="N", help="ph: join the scenarios into so many bundles (default: none)")] = None,
    log: Annotated[str | None, typer.Option(metavar="FILE", help="ph: file for mpi-sppy's own log")] = None,
    risk: Annotated[
        str | None,
        typer.Option(metavar="MEASURE", help="ef, benders: mean, cvar:ALPHA, mean-cvar:LAMBDA:ALPHA, worst or wasserstein:RADIUS"),
    ] = None,
    cuts: Annotated[str | None, typer.Option(help="benders: single, clustered (default), multi or adaptive")] = None,
    clusters: Annotated[int | None, typer.Option(metavar="N", help="benders: scenario clusters of clustered cuts")] = None,
    stabilization: Annotated[str | None, typer.Option(help="benders: in-out (default), level-1, level-inf or none")] = None,
    pool: Annotated[bool | None, typer.Option(help="benders: offer dual vertices to all scenarios (default)", show_default=False)] = None,
    retain: Annotated[int | None, typer.Option(metavar="N", help="benders: scenarios kept whole in the master")] = None,
    checkpoint: Annotated[Path | None, typer.Option(metavar="DIR", help="benders: write the run's state here now and then")] = None,
    checkpoint_every: Annotated[int | None, typer.Option(metavar="N", help="benders: iterations between two checkpoints")] = None,
    resume: Annotated[Path | None, typer.Option(metavar="DIR", help="benders: go on from the checkpoint in this folder")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.json", help="write the result here")] = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> int:
    """Solve a model and print the plan, its cost and what is proved of it."""
    require_writable(out)
    with ProgressLine(f"{instance or smps or module or model or resume} {method or ''}".strip()) as progress:
        result = facade.solve(
            model,
            module=module,
            smps=smps,
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
            iterations=iterations,
            bundles=bundles,
            log=log,
            risk=risk,
            cuts=cuts,
            clusters=clusters,
            stabilization=stabilization,
            pool=pool,
            retain=retain,
            checkpoint=checkpoint,
            checkpoint_every=checkpoint_every,
            resume=resume,
            certificate=out is not None,
            progress=progress,
        )
    if is_speaker():
        if out is not None:
            result.save(out)
        if as_json:
            emit_json(result.to_dict(certificate=False))
        else:
            show(result)
            if out is not None:
                console().print(f"written to {out}")
    return result.exit_code


def _radius(measure: str | None) -> list[tuple[str, str]]:
    """Return the row that says what the radius of a transport distance means, if the measure has one."""
    radius = 0.0 if measure is None else parse_risk(measure).radius
    text = f"{radius:g} of the mean distance between two scenarios, by which the worst distribution may differ"
    return [("radius", text)] if radius > 0 else []


def show(result: Result) -> None:
    """Print a result as text."""

    def money(value: float | None) -> str:
        return "none" if value is None else f"{value:,.2f}" if abs(value) >= 1e3 else f"{value:.8g}"

    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    ranks, measure = result.provenance.get("ranks", 1), result.provenance.get("options", {}).get("risk")
    name = result.model if result.instance in ("", result.model) else f"{result.model} {result.instance}"
    rows = [
        ("problem", f"{name}, {result.num_scenarios} scenarios, {result.sense}" + (f" {measure}" if measure else "")),
        ("method", f"{result.method} with {result.solver}" + (f" on {ranks} ranks" if ranks != 1 else "")),
        ("status", f"{result.status} ({result.stop_reason})"),
        (
            "objective",
            f"{money(result.objective)}   (plan re-evaluated in every scenario)" if result.objective is not None else "none",
        ),
        *_radius(measure),
        ("bound", money(result.bound)),
        ("gap", "none" if result.gap is None else f"{result.gap:.3e}"),
        ("time", f"{result.timing.get('total', 0):.1f} s"),
    ]
    for row in rows:
        table.add_row(*row)
    out = console()
    out.print(table)
    if result.model == "routing" and result.first_stage:
        show_routes(out, result)
        return
    if result.model == "triage" and result.first_stage:
        show_triage(out, result)
        return
    plan = {n: v for n, v in result.first_stage.items() if abs(v) > 1e-9}
    if not plan:
        return
    out.print(f"\nplan: {len(plan)} of {len(result.first_stage)} first-stage variables are not zero")
    listing = Table(show_header=False, box=None, padding=(0, 2, 0, 2))
    for name, value in list(plan.items())[:_SHOWN]:
        listing.add_row(name, f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.1f}")
    out.print(listing)
    if len(plan) > _SHOWN:
        out.print(f"  ... and {len(plan) - _SHOWN} more (--out FILE.json holds all)")


def pairs(items: list[str]) -> dict[str, str]:
    """Return the ``KEY=VALUE`` arguments of ``--model-arg``."""
    pairs = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not equals or not key:
            raise InputError(f"--model-arg {item!r}: expected KEY=VALUE")
        pairs[key.replace("-", "_")] = value
    return pairs
