"""A triage plan: buildings served by grade and day, the share of the damage that is covered, and when districts are served on average.

Bars carry ``grade L`` in their ``gid``, districts ``district D``, curves ``plan`` and ``known``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..decomposition.triage_schedule import Served, TriageSchedule, triage_schedule
from ..result import Result
from .colours import SERIES, heat
from .output import new_figure, percent, plain

GRADES = ("L0 intact", "L1 slight", "L2 severe", "L3 collapsed")
KNOWN = "#333333"
MOST = 12
"""Districts that are shown, those served latest."""


def triage_plan_figure(result: Result, scenario: str | None = None) -> Any:
    """Return the figure, of the means over scenarios or of one; raises as :func:`.triage_schedule`."""
    schedule = triage_schedule(result, scenario)
    figure = new_figure(11.4, 6.4)
    _add_days(figure.add_axes((0.06, 0.56, 0.91, 0.30)), schedule)
    _add_coverage(figure.add_axes((0.06, 0.085, 0.43, 0.35)), schedule)
    _add_districts(figure.add_axes((0.66, 0.085, 0.31, 0.35)), schedule)
    gap = "" if result.gap is None else f", gap {percent(result.gap)}"
    what = f"scenario {scenario}" if scenario is not None else f"means over {result.num_scenarios:,} scenarios"
    figure.text(0.06, 0.945, plain(f"{result.instance}: who is served when"), fontsize=12.5, weight="bold")
    figure.text(0.06, 0.905, plain(f"{result.method} with {result.solver}{gap}; {what}"), fontsize=9.5)
    return figure


def _add_days(axes: Any, schedule: TriageSchedule) -> None:
    served = schedule.done.served
    days, below = np.arange(1, len(served) + 1), np.zeros(len(served))
    for grade in reversed(range(len(GRADES))):
        bars = axes.bar(days, served[:, grade], bottom=below, width=0.9, color=heat()(0.08 + 0.29 * grade), label=GRADES[grade])
        for bar in bars:
            bar.set_gid(f"grade {grade}")
        below += served[:, grade]
    first = schedule.early.shape[1]
    axes.axvline(first + 0.5, color="#222222", linewidth=1.0, linestyle="--")
    axes.set_ylim(0, 1.28 * below.max())
    axes.text(first + 0.8, 1.25 * below.max(), f"grades known after day {first}", fontsize=8.5, va="top")
    axes.set_xlim(0.4, len(served) + 0.6)
    axes.legend(loc="upper right", ncols=4, fontsize=8.5, frameon=False, handlelength=1.0, columnspacing=1.2)
    _finish(axes, "buildings served", "day")


def _add_coverage(axes: Any, schedule: TriageSchedule) -> None:
    days = np.arange(len(schedule.done.coverage))
    axes.plot(
        days,
        100 * schedule.known.coverage,
        ":",
        color=KNOWN,
        lw=1.8,
        zorder=3,
        label=_said("grades known, no rules", schedule.known),
        gid="known",
    )
    axes.plot(days, 100 * schedule.done.coverage, color=SERIES[0], lw=2.0, label=_said("plan", schedule.done), gid="plan")
    for share in (0.5, 0.9):
        day = schedule.done.first_day(share)
        at = 100 * schedule.done.coverage[day]
        axes.plot(day, at, "o", color=SERIES[0], ms=5.5, mec="white", mew=0.8, zorder=4)
        axes.annotate(f"day {day}", (day, at), xytext=(5, -5), textcoords="offset points", fontsize=8.5, va="top", color=SERIES[0])
        axes.axhline(100 * share, color="#888888", lw=0.7, ls="--", zorder=1)
    axes.set_xlim(0, days[-1])
    axes.set_ylim(0, 102)
    axes.legend(loc="lower right", fontsize=8.5, frameon=True, facecolor="white", edgecolor="none", framealpha=0.9)
    _finish(axes, "damage covered [%]", "day")


def _said(what: str, served: Served) -> str:
    return f"{what}: waits {served.mean_wait:.2f} days"


def _add_districts(axes: Any, schedule: TriageSchedule) -> None:
    known = np.flatnonzero(np.isfinite(schedule.district_day))
    shown = known[np.argsort(-schedule.district_day[known], kind="stable")][:MOST]
    for row, d in enumerate(shown.tolist()):
        axes.barh(row, schedule.district_day[d], height=0.62, color=SERIES[0], gid=f"district {schedule.districts[d]}")
        axes.text(schedule.district_day[d], row, f" {schedule.district_day[d]:.1f}", va="center", fontsize=8.5)
    axes.set_yticks(range(len(shown)), [plain(schedule.districts[d]) for d in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(0, 1.15 * schedule.district_day[shown].max())
    rest = f", the {MOST} latest of {len(known)}" if len(known) > MOST else ""
    _finish(axes, f"mean day of service by district{rest}", "day")


def _finish(axes: Any, heading: str, below: str) -> None:
    axes.set_title(heading, loc="left", fontsize=10)
    axes.set_xlabel(below, fontsize=9)
    axes.tick_params(labelsize=8.5)
    axes.grid(axis="x" if axes.get_yticklabels() and "district" in heading else "y", color="#dddddd", lw=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
