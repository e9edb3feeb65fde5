"""Dispatch rules day by day: the share of damage covered, and the damage still uncovered, whose area is the AUC.

Every order lies in the grey band between the order by descending and the order by ascending true grade; a random order follows, on average,
the dotted line.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..solvers.dispatch_study import POLICIES, TriageSimulation
from .output import amount, new_figure, plain

COLOURS = {"A": "#c8102e", "B": "#3b6ea5", "C": "#d98b00"}
OTHERS = ("#2e7d4f", "#6a4c93", "#00798c", "#7f5539")
BELOW, ABOVE = {"xytext": (4, -4), "ha": "left", "va": "top"}, {"xytext": (-4, 4), "ha": "right", "va": "bottom"}
BAND, RANDOM = "#e6e6e6", "#333333"


def triage_figure(study: TriageSimulation) -> Any:
    """Return the figure: coverage on the left, uncovered damage on the right."""
    figure = new_figure(11.2, 5.0)
    left, right = figure.add_axes((0.065, 0.12, 0.40, 0.73)), figure.add_axes((0.555, 0.12, 0.40, 0.73))
    days = np.arange(study.num_days + 1)
    left.fill_between(days, 100 * study.worst.coverage, 100 * study.oracle.coverage, color=BAND, lw=0, label="any order")
    right.fill_between(days, study.oracle.uncovered, study.worst.uncovered, color=BAND, lw=0, label="any order")
    left.plot(days, 100 * study.random_coverage, ":", color=RANDOM, lw=1.6, label="random, on average", zorder=3)
    expected = study.total_weight * (1 - study.random_coverage)
    right.plot(days, expected, ":", color=RANDOM, lw=1.6, label=f"random, on average: {amount(study.bounds.random_mean)}", zorder=3)
    others = iter(OTHERS * len(study.policies))
    for name, done in study.policies.items():
        colour = COLOURS[name] if name in COLOURS else next(others)
        said = plain(f"{name} {POLICIES[name]}" if name in POLICIES else name)
        at = np.arange(done.num_days + 1)
        left.plot(at, 100 * done.coverage, color=colour, lw=2.0, label=said)
        beside: dict[str, Any] = BELOW if name != "B" else ABOVE
        for day in (done.t50, done.t90):
            left.plot(day, 100 * done.coverage[day], "o", color=colour, ms=5.5, mec="white", mew=0.8, zorder=4)
            left.annotate(str(day), (day, 100 * done.coverage[day]), textcoords="offset points", fontsize=8, color=colour, **beside)
        right.plot(at, done.uncovered, color=colour, lw=2.0, label=f"{said}: {amount(done.auc)}")
    for axes, heading in ((left, "damage covered [%]"), (right, "damage uncovered [grades]")):
        axes.set_title(heading, loc="left", fontsize=10)
        axes.set_xlabel("day", fontsize=9)
        axes.set_xlim(0, study.num_days)
        axes.set_ylim(bottom=0)
        axes.tick_params(labelsize=8.5)
        axes.grid(color="#dddddd", lw=0.6)
        axes.set_axisbelow(True)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    left.set_ylim(0, 102)
    right.set_ylim(0, 1.3 * study.total_weight)
    for level in (50, 90):
        left.axhline(level, color="#888888", lw=0.7, ls="--", zorder=1)
    left.legend(loc="lower right", fontsize=8, frameon=True, facecolor="white", edgecolor="none", framealpha=0.9)
    right.legend(loc="upper right", fontsize=8, title="area (AUC)", title_fontsize=8, frameon=True, facecolor="white", edgecolor="none")
    whose = "ranked perfectly" if study.ranking == "perfect" else "ranked by prediction"
    figure.text(0.065, 0.93, f"{study.buildings:,} buildings {whose}, {study.per_day:,} a day, {study.num_days:,} days", fontsize=12)
    return figure
