"""How late the latest pair is in each scenario, for several plans: time over limit, the worst scenarios first.

Marks of a plan carry its title as their ``gid``; where no way is left at all, a mark stands at the top edge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from . import output
from .colours import SERIES
from .labels import Array

MARKERS = "os^Dv"
WIDTH_IN, LEAST_IN, HEIGHT_IN = 0.24, 6.5, 4.8
"""Width of the figure by scenario and at least, and its height."""

BY_POWERS = 2.0
"""Scale of powers where a ratio is above this, else linear."""


@dataclass(frozen=True, slots=True, eq=False)
class Lateness:
    """A plan: what it is called, and ``ratio`` (S,), the largest time over limit of all pairs in each scenario; infinite without a way."""

    title: str
    ratio: Array


def draw_lateness(
    labels: Sequence[str], plans: Sequence[Lateness], target: str | Path, *, title: str, where: str = "scenario", slack: float = 0.0
) -> None:
    """Draw plans over scenarios with these labels (S,) into the file ``target`` (.png, .svg or .pdf), whole or not at all.

    ``where`` says what the labels are. Ratios up to 1 + ``slack`` count as in time.

    Raises
    ------
    InputError
        No scenario, no plan or too many, or one of another number of scenarios; unknown file ending, missing folder or matplotlib.
    """
    path = output.check_target(target)
    output.require_matplotlib()
    output.save(lateness_figure(labels, plans, title, where, slack), path)


def lateness_figure(labels: Sequence[str], plans: Sequence[Lateness], title: str, where: str = "scenario", slack: float = 0.0) -> Any:
    """Return the figure of :func:`draw_lateness`."""
    if not labels or not 1 <= len(plans) <= len(MARKERS):
        raise InputError(f"{len(labels)} scenarios, {len(plans)} plans: expected at least one scenario and 1 to {len(MARKERS)} plans")
    for plan in plans:
        if plan.ratio.shape != (len(labels),):
            raise InputError(f"plan {plan.title!r}: ratios have shape {plan.ratio.shape}, expected ({len(labels)},)")
    worst = np.max([plan.ratio for plan in plans], axis=0)
    order = np.argsort(-worst, kind="stable")
    finite = np.concatenate([plan.ratio[np.isfinite(plan.ratio)] for plan in plans] + [np.ones(1)])
    low, high = float(finite.min()), float(finite.max())
    figure = output.new_figure(max(LEAST_IN, 1.4 + WIDTH_IN * len(labels)), HEIGHT_IN)
    axes = figure.add_axes((0.9 / figure.get_figwidth(), 0.235, 1 - 1.1 / figure.get_figwidth(), 0.585))
    if high > BY_POWERS:
        axes.set_yscale("log")
        bottom, top = low / 1.08, high * 1.15
        ticks = output.round_ticks(low, high)
        axes.set_yticks(ticks, labels=[f"{t:g}" for t in ticks])
        axes.minorticks_off()
    else:
        bottom, top = low - 0.1 * (high - low) - 0.01, high + 0.1 * (high - low) + 0.01
    axes.set(ylim=(bottom, top), xlim=(-0.7, len(labels) - 0.3), xlabel=where, ylabel="time / limit of the latest pair")
    axes.axhspan(1.0, top, color="#fbe9e7", zorder=0)
    axes.axhline(1.0, color="#222222", linewidth=1.0, zorder=1, gid="limit")
    for number, plan in enumerate(plans):
        beside = np.arange(len(labels)) + 0.22 * (number - (len(plans) - 1) / 2)
        late = int((plan.ratio > 1 + slack).sum())
        style: dict[str, Any] = {"linestyle": "none", "marker": MARKERS[number], "color": SERIES[number], "markersize": 4.5, "zorder": 3}
        drawn = np.minimum(plan.ratio[order], top)
        axes.plot(beside, drawn, label=output.plain(f"{plan.title}: late in {late}"), gid=plan.title, clip_on=False, **style)
    axes.set_xticks(range(len(labels)), [output.plain(labels[k]) for k in order], rotation=90, fontsize=7.5)
    axes.grid(axis="x", color="#e3e3e3", linewidth=0.6, zorder=0.5)
    axes.set_axisbelow(True)
    figure.text(0.9 / figure.get_figwidth(), 0.935, output.plain(title), fontsize=12, weight="bold")
    figure.legend(loc="upper left", bbox_to_anchor=(0.8 / figure.get_figwidth(), 0.915), ncol=len(plans), fontsize=9, frameon=False)
    return figure
