"""``quakeops recognize train`` and ``quakeops recognize apply``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .. import facade
from ..errors import InputError
from ..facade.recognize import OBJECTIVES
from ..scenario_gen.recognition.parameters import TERMS, RiskParameters
from ..scenario_gen.recognition.vision.protocol import Protocol
from . import options
from .output import ProgressLine, console, emit_json, is_speaker
from .recognize_tables import show_site, show_training

recognize = typer.Typer(help="Recognise damage grades on images: train, apply.", no_args_is_help=True, rich_markup_mode=None)

_TERM_OF = {"alpha": "asymmetric", "margin": "pairwise", "lambda_mono": "ordinal", "lambda_reg": "brier"}
_DEFAULT, _RISK = Protocol(), RiskParameters()

Device = Annotated[str | None, typer.Option(metavar="NAME", help="cpu, cuda, ... as torch names it (default: a GPU where torch sees one)")]


@recognize.callback()
def _group() -> None:
    """Learn damage grades from images, and recognise them (extra vision: torch and pillow)."""


@recognize.command()
def train(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="with folders L0 to L3 (or 0 to 3) of images")],
    out: Annotated[Path, typer.Option(metavar="MODEL.pt", help="write the recognizer here")],
    objective: Annotated[str, typer.Option(help=f"{', '.join(OBJECTIVES)} (their sum)")] = "functional",
    alpha: Annotated[
        float | None,
        typer.Option(metavar="A", help=f"functional: cost of a grade too low over that of one too high (default {_RISK.alpha:g})"),
    ] = None,
    margin: Annotated[
        float | None, typer.Option(metavar="M", help=f"functional: by how much P(severe) is to differ (default {_RISK.margin:g})")
    ] = None,
    lambda_mono: Annotated[
        float | None, typer.Option(metavar="L", help=f"functional: weight of order among sigmoids (default {_RISK.lambda_mono:g})")
    ] = None,
    lambda_reg: Annotated[
        float | None, typer.Option(metavar="L", help=f"functional: weight of the Brier term (default {_RISK.lambda_reg:g})")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(metavar="TERM", help=f"functional: leave out {', '.join(TERMS)}; may be repeated")
    ] = None,
    head: Annotated[str, typer.Option(help="softmax or sigmoid (three free ones)")] = "softmax",
    backbone: Annotated[str, typer.Option(help="resnet18, mobilenet, resnet50, densenet, shufflenet or small-resnet")] = "resnet18",
    epochs: Annotated[int, typer.Option(metavar="N", help="times that all training images are seen")] = _DEFAULT.epochs,
    warmup_epochs: Annotated[
        int | None, typer.Option(metavar="N", help=f"epochs of rising learning rate (default {_DEFAULT.warmup_epochs}, less in short runs)")
    ] = None,
    batch: Annotated[int, typer.Option(metavar="N", help="most images a step")] = _DEFAULT.batch_size,
    size: Annotated[int, typer.Option(metavar="PIXELS", help="images are brought to this side")] = _DEFAULT.size,
    learning_rate: Annotated[float, typer.Option(metavar="R", help="largest learning rate of AdamW")] = _DEFAULT.learning_rate,
    weight_decay: Annotated[float, typer.Option(metavar="D", help="of AdamW")] = _DEFAULT.weight_decay,
    shares: Annotated[str, typer.Option(metavar="A,B,C", help="of training, validation and test, split by grade")] = ",".join(
        map(str, _DEFAULT.shares)
    ),
    seed: Annotated[int, typer.Option(metavar="K", help="of the split, the first weights and the order")] = _DEFAULT.seed,
    device: Device = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> int:
    """Train a recognizer on a folder of labelled images, test it, and write it to a file."""
    given = {"alpha": alpha, "margin": margin, "lambda_mono": lambda_mono, "lambda_reg": lambda_reg}
    risk = _risk({name: value for name, value in given.items() if value is not None}, without or [], objective)
    a, b, c = _numbers(shares, "--shares", "three numbers A,B,C whose sum is 1", 3)
    protocol = Protocol(
        epochs=epochs,
        warmup_epochs=min(_DEFAULT.warmup_epochs, max(epochs - 1, 0)) if warmup_epochs is None else warmup_epochs,
        batch_size=batch,
        size=size,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        shares=(a, b, c),
        seed=seed,
    )
    with ProgressLine("train") as progress:
        done = facade.train_recognizer(
            folder,
            out=out,
            objective=objective,
            risk=risk,
            backbone=backbone,
            head=head,
            protocol=protocol,
            device=device,
            progress=progress.count,
        )
    if is_speaker():
        if as_json:
            emit_json({"file": str(out), **done.to_dict()})
        else:
            show_training(done, console())
            console().print(f"\nwritten to {out}")
    return 0


@recognize.command()
def apply(
    model: Annotated[Path, typer.Argument(metavar="MODEL.pt", help="file of a recognizer")],
    images: Annotated[Path, typer.Argument(metavar="IMAGES", help="folder of images; its subfolders are districts")],
    out: Annotated[Path, typer.Option(metavar="FILE.csv", help="write the probabilities of the grades by building here")],
    labelled: Annotated[bool, typer.Option("--labelled", help="folders L0 to L3 in IMAGES are true grades: compare")] = False,
    grades_out: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="write true grades here (--labelled is meant)")] = None,
    prior: Annotated[
        str | None, typer.Option(metavar="P0,P1,P2,P3", help="shares of the grades expected at the site, in place of the training's")
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="leave out the temperature fitted to the training's validation part")] = False,
    device: Device = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> int:
    """Recognise the buildings of a folder of images, as a table for triage."""
    expected = None if prior is None else _numbers(prior, "--prior", "four numbers P0,P1,P2,P3 whose sum is 1", 4)
    with ProgressLine("apply") as progress:
        done = facade.recognize(
            model,
            images,
            out=out,
            labelled=labelled,
            grades_out=grades_out,
            prior=expected,
            raw=raw,
            device=device,
            progress=progress.count,
        )
    if is_speaker():
        if as_json:
            files = {"file": str(out), "grades_file": None if grades_out is None else str(grades_out)}
            emit_json({**files, "model": str(model), "folder": str(images), **done.to_dict()})
        else:
            show_site(done, str(images), console())
            for path in (p for p in (out, grades_out) if p is not None):
                console().print(f"written to {path}")
    return 0


def _risk(given: dict[str, float], without: list[str], objective: str) -> RiskParameters | None:
    """Return the parameters of the functional that options give, None where there are none; InputError where they cannot count."""
    names = [_option(name) for name in given] + (["--without"] if without else [])
    if not names:
        return None
    if objective == "cross-entropy":
        raise InputError(f"{', '.join(names)}: of the functional, which --objective cross-entropy leaves out; expected functional or both")
    for name in given:
        if _TERM_OF[name] in without:
            raise InputError(f"{_option(name)}: of the {_TERM_OF[name]} term, which --without {_TERM_OF[name]} leaves out")
    risk = RiskParameters(**given)
    for term in without:
        risk = risk.without(term)
    return risk


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _numbers(text: str, option: str, expected: str, count: int) -> tuple[float, ...]:
    """Return the numbers of an option between commas."""
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != count:
        raise InputError(f"{option} {text!r}: expected {expected}")
    return numbers
