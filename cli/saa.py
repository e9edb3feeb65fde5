"""``quakeops saa``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from .. import facade
from ..decomposition.saa import SaaResult
from ..files import require_writable
from ..models import MODELS
from ..result import Result
from . import options
from .output import ProgressLine, console, emit_json, is_speaker
from .solve import pairs

_NAMES = {"mrp": "multiple replications", "a2rp": "averaged two replications"}


def saa(
    model: Annotated[str | None, typer.Argument(metavar="[MODEL]", help=f"one of: {', '.join(MODELS)} (default: the candidate's)")] = None,
    module: Annotated[str | None, typer.Option(metavar="PKG.MOD", help="foreign mpi-sppy scenario module in place of MODEL")] = None,
    model_arg: options.ModelArg = None,
    smps: Annotated[str | None, typer.Option(metavar="DIR|STEM", help="SMPS files (.cor, .tim, .sto) in place of MODEL")] = None,
    instance: Annotated[str | None, typer.Option(metavar="NAME|FILE", help="packaged instance, drawn family or .json file")] = None,
    scenarios: Annotated[
        int | None, typer.Option(metavar="N", help="of a module without a seed: scenarios that are its whole distribution")
    ] = None,
    scenario_file: options.ScenarioFile = None,
    candidate: Annotated[
        Path | None, typer.Option(metavar="RESULT", help="result whose plan is judged (default: the plan of a sample)")
    ] = None,
    sample: Annotated[int, typer.Option(metavar="N", help="scenarios a sample")] = 100,
    replications: Annotated[int | None, typer.Option(metavar="M", help="samples that are solved (default 30)")] = None,
    procedure: Annotated[
        str | None, typer.Option(help="mrp (multiple replications, default) or a2rp (averaged two; default with --until-gap)")
    ] = None,
    until_gap: Annotated[float | None, typer.Option(metavar="G", help="enlarge samples until this relative gap is certified")] = None,
    iterations: Annotated[int | None, typer.Option(metavar="N", help="--until-gap: most sample sizes (default 8)")] = None,
    confidence: Annotated[float, typer.Option(metavar="C", help="level of each statement")] = 0.95,
    evaluation: Annotated[
        int | None, typer.Option(metavar="N", help="fresh scenarios for the candidate's cost (default 10 times --sample)")
    ] = None,
    method: Annotated[str, typer.Option(help="benders or ef (extensive form)")] = "benders",
    solver: options.Solver = "highs",
    threads: Annotated[int | None, typer.Option(metavar="N", help="threads (default: the solver's choice)")] = None,
    seed: Annotated[int, typer.Option(metavar="K", help="every sample is drawn from it")] = 0,
    rel_gap: Annotated[float | None, typer.Option(metavar="G", help="solve samples to this relative gap (default 1e-3)")] = None,
    time_limit: Annotated[float | None, typer.Option(metavar="S", help="report what is done after so many seconds")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.json", help="write the bounds here")] = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> int:
    """Bound a plan's optimality gap and the optimal value statistically, from independent samples."""
    require_writable(out)
    plan = None if candidate is None else Result.load(candidate)
    with ProgressLine(f"saa {instance or smps or module or model or candidate}") as progress:
        found = facade.saa(
            model,
            module=module,
            smps=smps,
            instance=instance,
            scenarios=scenarios,
            scenario_file=scenario_file,
            arguments=pairs(model_arg or []),
            candidate=plan,
            sample=sample,
            replications=replications,
            procedure=procedure,
            until_gap=until_gap,
            iterations=iterations,
            confidence=confidence,
            evaluation=evaluation,
            method=method,
            solver=solver,
            seed=seed,
            rel_gap=rel_gap,
            time_limit=time_limit,
            threads=threads,
            progress=progress.count,
        )
    if is_speaker():
        if out is not None:
            found.save(out)
        if as_json:
            emit_json(found.to_dict())
        else:
            _show(found)
            if out is not None:
                console().print(f"written to {out}")
    return found.exit_code


def _show(r: SaaResult) -> None:
    out = console()
    name = " ".join(dict.fromkeys(n for n in (r.model, r.instance) if n))
    if r.violations:
        out.print(f"{name}: {r.candidate_from}, in {r.evaluation_size:,} fresh scenarios")
        _show_violations(r)
        return
    out.print(f"{name}: {_NAMES[r.procedure]}, samples of {r.sample_size:,} scenarios, {r.method} with {r.solver}")
    out.print(f"candidate: {r.candidate_from}" + (f" of {r.sample_size:,} scenarios" if r.candidate_from.endswith("a sample") else ""))
    if r.looks:
        _show_looks(r)
    level, is_least = f"{100 * r.confidence:g} %", r.sense == "minimize"
    above, below = ("<=", ">=") if is_least else (">=", "<=")
    table = Table(box=None, padding=(0, 2, 0, 2), header_style="")
    for header, justify in (("", "left"), ("estimate", "right"), (f"+- {level}", "right"), (f"{level} limit", "right"), ("from", "left")):
        table.add_column(header, justify=justify)  # type: ignore[arg-type]
    if r.cost is not None:
        limits = (f"{r.cost.value:,.2f}", f"{r.cost.half_width:,.2f}", f"{above} {r.cost.limit:,.2f}")
        table.add_row("cost of the candidate", *limits, f"{r.evaluation_size:,} fresh scenarios")
    if r.bound is not None and r.gap is not None:
        samples = f"{len(r.replications)} samples of {r.sample_size:,}" + (f", at {r.looks[-1].confidence:.2%}" if r.looks else "")
        limits = (f"{r.bound.value:,.2f}", f"{r.bound.half_width:,.2f}", f"{below} {r.bound.limit:,.2f}")
        table.add_row(f"{'lower' if is_least else 'upper'} bound on the optimum", *limits, samples)
        table.add_row("gap of the candidate", f"{r.gap.value:,.2f}", "", f"<= {r.gap.limit:,.2f}", "the same samples")
        if r.relative_gap is not None:
            table.add_row("  relative to its cost", "", "", f"<= {r.relative_gap:.2%}", "")
    if table.row_count:
        out.print(table)
    if r.certified is not None:
        said = "certified" if r.certified else "NOT certified"
        out.print(f"a gap of {r.until_gap:.2%} is {said}")
    if r.stop_reason != "done":
        done = f"{len(r.looks)} sample sizes" if r.until_gap is not None else f"{len(r.replications)} replications"
        out.print(f"stopped early ({r.stop_reason}) after {done}" + ("" if r.candidate else ", without a candidate"))


def _show_looks(r: SaaResult) -> None:
    table = Table(box=None, padding=(0, 2, 0, 2), header_style="")
    for header in ("look", "scenarios", "cost", "gap", "limit", "at", "asked for"):
        table.add_column(header, justify="right")
    for k in r.looks:
        numbers = (
            f"{k.size:,}",
            f"{k.cost.value:,.2f}",
            f"{k.gap.value:,.2f}",
            f"{k.gap.limit:,.2f}",
            f"{k.confidence:.2%}",
            f"{k.target:,.2f}",
        )
        table.add_row(str(k.number), *numbers)
    console().print(table)


def _show_violations(r: SaaResult) -> None:
    level = f"{100 * r.confidence:g} %"
    table = Table(box=None, padding=(0, 2, 0, 2), header_style="")
    headers = ("constraint", "violated in", "probability", f"exact {level} interval", f"{level} limit", "allowed", "")
    for header in headers:
        table.add_column(header, justify="left" if header in ("constraint", "") else "right")
    for name, p in r.violations.items():
        allowed, verdict = ("", "") if p.allowed is None else (f"{p.allowed:g}", _verdict(p.low, p.limit, p.allowed))
        table.add_row(name, f"{p.count:,}", f"{p.estimate:.4f}", f"[{p.low:.4f}, {p.high:.4f}]", f"<= {p.limit:.4f}", allowed, verdict)
    console().print(table)


def _verdict(low: float, limit: float, allowed: float) -> str:
    return "kept" if limit <= allowed else "broken" if low > allowed else "undecided"
