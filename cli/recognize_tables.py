"""What ``quakeops recognize`` shows: what was read, how training went, metrics, confusions, and a site's buildings."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from ..scenario_gen.recognition.metrics import SETS, Counts, Metrics
from ..scenario_gen.recognition.parameters import TERMS, RiskParameters
from ..scenario_gen.recognition.vision.protocol import LEAST_FOR_TEMPERATURE
from ..scenario_gen.recognition.vision.site import Recognition
from ..scenario_gen.recognition.vision.training_report import RecognizerTraining
from ..scenario_gen.recognition.vision.unlabelled import printable
from .instance_kinds.kind import table

MOST = 5
"""Files and notes named one by one."""
MOST_DISTRICTS = 40

GRADES = ("L0", "L1", "L2", "L3")


def show_training(done: RecognizerTraining, out: Console) -> None:
    """Show what was read, the network, the epoch chosen, and the test."""
    m = done.model
    counts = ", ".join(f"{n:,} {grade}" for grade, n in zip(GRADES, done.by_grade, strict=True))
    parts = ", ".join(f"{len(rows):,} {part}" for part, rows in m.split.items())
    seconds = sum(one.seconds for one in m.history)
    kappas = [one.validation_kappa for one in m.history[: done.epoch]]
    last = kappas[-m.protocol.kappa_epochs :]
    kappa = f"{kappas[-1]:.3f}, mean of the last {len(last)}: {sum(last) / len(last):.3f}"
    out.print(printable(f"{done.folder}: {sum(done.by_grade):,} images: {counts}; {parts}"))
    _unreadable(done.unreadable, out)
    out.print(f"network    {m.backbone}, {m.head} head, images of {m.protocol.size} x {m.protocol.size} pixels, on {m.device}")
    out.print(f"objective  {_objective(done)}")
    out.print(f"training   {m.protocol.epochs} epochs in {seconds:,.1f} s; kept: epoch {done.epoch}, validation kappa {kappa}")
    _notes(done.notes, out)
    _metrics(m.metrics, f"test part, {len(m.split['test']):,} images", out)
    if (c := done.calibrated) is None:
        out.print(f"temperature            none: fewer than {LEAST_FOR_TEMPERATURE} validation images")
    else:
        out.print(f"temperature            {m.temperature:.2f}, fitted to the validation part; with it Brier score {c.brier:.3f},")
        out.print(f"                       calibration error {c.ece:.3f}, of P(severe) {c.severe_ece:.3f}")
    _confusion(done.confusion, out)


def show_site(done: Recognition, folder: str, out: Console) -> None:
    """Show the buildings by district and predicted grade, and where true grades are known how they compare."""
    out.print(printable(f"{folder}: {len(done.buildings):,} buildings"))
    _unreadable(done.unreadable, out)
    trained = ", ".join(f"{share:.3f}" for share in done.training_shares)
    if done.prior is None:
        out.print(f"shares of the grades in the recognizer's training, which its probabilities carry: {trained}")
    else:
        out.print(f"prior {', '.join(f'{share:.3f}' for share in done.prior)} in place of the training's {trained}")
    if done.temperature is not None:
        out.print(f"at temperature {done.temperature:.2f}, fitted to the validation part of the training (--raw leaves it out)")
    _notes(done.notes, out)
    rows = table("buildings by most probable grade", "district", "buildings", *GRADES, "mean P(severe)")
    districts = done.by_district()
    shown = dict(list(districts.items())[:MOST_DISTRICTS]) if len(districts) > MOST_DISTRICTS else districts
    for name, told in shown.items():
        rows.add_row(name, *_site_row(told))
    if len(districts) > len(shown):
        rows.add_row(f"... and {len(districts) - len(shown):,} more")
    rows.add_row("all", *_site_row(done.summary()))
    out.print(rows)
    if done.metrics is not None and done.confusion is not None:
        _metrics(done.metrics, "against the true grades", out)
        _confusion(done.confusion, out)
    out.print()


def _site_row(told: dict[str, Any]) -> list[str]:
    return [f"{told['buildings']:,}", *(f"{n:,}" for n in told["predicted"]), f"{told['severe']:.3f}"]


def _objective(done: RecognizerTraining) -> str:
    if done.model.risk is None:
        return "cross-entropy"
    risk = f"functional ({_parameters(done.model.risk)})"
    return risk if done.objective == "functional" else f"cross-entropy + {risk}"


def _parameters(risk: RiskParameters) -> str:
    used = [f"alpha {risk.alpha:g}"] * bool(risk.asymmetric) + [f"margin {risk.margin:g}"] * bool(risk.pairwise)
    used += [f"lambda_mono {risk.lambda_mono:g}"] * bool(risk.ordinal) + [f"lambda_reg {risk.lambda_reg:g}"] * bool(risk.brier)
    return ", ".join(used + [f"without {term}" for term in TERMS if not getattr(risk, term)])


def _unreadable(files: list[tuple[str, str]], out: Console) -> None:
    if files:
        out.print(f"{len(files):,} file{'s' * (len(files) > 1)} cannot be read and {'are' if len(files) > 1 else 'is'} left out:")
        for file, reason in files[:MOST]:
            out.print(printable(f"  {file}: {reason}"))
        _more(len(files), out)


def _notes(notes: list[str], out: Console) -> None:
    for note in notes[:MOST]:
        out.print(printable(f"note: {note}"))
    _more(len(notes), out)


def _more(count: int, out: Console) -> None:
    if count > MOST:
        out.print(f"  ... and {count - MOST:,} more (--json has all)")


def _metrics(metrics: Metrics, title: str, out: Console) -> None:
    rows = table(title, "set", "accuracy", "kappa", "quadratic kappa", "MSE")
    for number, one in metrics.sets.items():
        classes = [[grade for grade, place in zip(GRADES, SETS[number], strict=True) if place == c] for c in range(one.num_classes)]
        told = " | ".join(", ".join(grades) for grades in classes)
        rows.add_row(f"{number}: {told}", f"{one.accuracy:.3f}", _number(one.kappa), _number(one.quadratic_kappa), f"{one.mse:.3f}")
    out.print(rows)
    out.print(f"\nsevere graded too low  {_share(metrics.underestimation_rate)}")
    out.print(f"severe missed          {_share(metrics.missed_severe_rate)}")
    out.print(f"Brier score            {metrics.brier:.3f}")
    out.print(f"calibration error      {metrics.ece:.3f}, of P(severe) {metrics.severe_ece:.3f}")


def _confusion(counts: Counts, out: Console) -> None:
    rows = table("confusion: true grade by row, predicted by column", "true", *GRADES, "all")
    for grade, row in zip(GRADES, counts, strict=True):
        rows.add_row(grade, *(f"{n:,}" for n in row), f"{row.sum():,}")
    out.print(rows)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"
