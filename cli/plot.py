"""``quakeops plot``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..decomposition.pareto import ParetoFront, is_front
from ..decomposition.saa import SaaResult, is_saa
from ..errors import InputError
from ..files import read_json
from ..result import Result
from . import options
from .output import console, is_speaker


def plot(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="result of 'quakeops solve' or 'saa' (.json) or scenario set of 'quakeops generate' (.nc)"),
    ],
    kind: Annotated[
        str | None,
        typer.Option(
            help="of a result: plan (default), convergence, (deployment) demand, (responder-smdp) restoration or (routing) timeline; "
            "of statistical bounds: bounds; of a front: front; of a scenario set: loss (default), damage, shake, cascade or hazard"
        ),
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|K",
            help="plan, restoration, timeline: the scenario shown (default: most demand, costliest repairs, or means); "
            "set: its number k (default: largest loss; loss, damage: the mean)",
        ),
    ] = None,
    region: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="shake, cascade: the region file, for a region that is not packaged")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="picture to write (.png, .svg or .pdf), or GeoJSON of a retrofit plan; default: beside FILE"),
    ] = None,
    debug: options.Debug = False,
) -> int:
    """Draw a plan, its convergence or demand that is missed, or the shaking, damage, loss, cascade or hazard curves of a scenario set.

    A retrofit plan is also written as GeoJSON, by --out FILE.geojson.
    """
    from .. import plots

    of_set = file.suffix.lower() == ".nc"
    if not of_set and file.is_file() and is_saa(file):
        return _draw_bounds(file, kind, out, scenario, region)
    if not of_set and file.is_file() and is_front(read_json(file)):
        return _draw_front(file, kind, out, scenario, region)
    known, others = (plots.SET_KINDS, plots.KINDS) if of_set else (plots.KINDS, plots.SET_KINDS)
    chosen = known[0] if kind is None else kind
    if chosen in others:
        this, other = ("scenario set", "result (.json)") if of_set else ("result", "scenario set (.nc)")
        raise InputError(f"--kind {chosen}: draws a {other}, but {file} is a {this}; known for it: {', '.join(known)}")
    target = out or file.with_name(f"{file.stem}-{chosen}.png")
    if of_set:
        _draw_set(file, chosen, target, scenario, region)
    elif region is not None:
        raise InputError(f"--region {region}: goes with kinds shake and cascade of a scenario set (.nc), and {file} is a result")
    else:
        plots.draw(Result.load(file), chosen, target, scenario=scenario)
    if is_speaker():
        console().print(f"written to {target}")
    return 0


def _draw_bounds(file: Path, kind: str | None, out: Path | None, scenario: str | None, region: Path | None) -> int:
    from .. import plots

    if kind not in (None, *plots.BOUNDS_KINDS):
        raise InputError(f"--kind {kind}: {file} holds statistical bounds; known for them: {', '.join(plots.BOUNDS_KINDS)}")
    for option, value in (("scenario", scenario), ("region", region)):
        if value is not None:
            raise InputError(f"--{option} {value}: does not go with statistical bounds")
    target = out or file.with_name(f"{file.stem}-bounds.png")
    plots.draw_bounds(SaaResult.load(file), target)
    if is_speaker():
        console().print(f"written to {target}")
    return 0


def _draw_front(file: Path, kind: str | None, out: Path | None, scenario: str | None, region: Path | None) -> int:
    from .. import plots

    if kind not in (None, *plots.FRONT_KINDS):
        raise InputError(f"--kind {kind}: {file} holds a Pareto front; known for it: {', '.join(plots.FRONT_KINDS)}")
    for option, value in (("scenario", scenario), ("region", region)):
        if value is not None:
            raise InputError(f"--{option} {value}: does not go with a Pareto front")
    target = out or file.with_name(f"{file.stem}-front.png")
    plots.draw_front(ParetoFront.load(file), target)
    if is_speaker():
        console().print(f"written to {target}")
    return 0


def _draw_set(file: Path, kind: str, target: Path, scenario: str | None, region: Path | None) -> None:
    from .. import plots
    from ..scenario_gen.scenario_set import load

    if region is not None and kind not in ("shake", "cascade"):
        raise InputError(f"--region {region}: goes with kinds shake and cascade, not with {kind}")
    if scenario is not None and not scenario.isdecimal():
        raise InputError(f"--scenario {scenario!r}: expected the number k of a scenario of {file}, such as 0")
    try:
        plots.draw_set(load(file), kind, target, scenario=None if scenario is None else int(scenario), region=region)
    except InputError as e:
        raise e if str(e).startswith((str(file), str(target), "--")) else InputError(f"{file}: {e}") from None
