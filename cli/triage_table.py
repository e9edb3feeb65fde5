"""A triage plan as text: who is served on the first days, and what everybody waits."""

from __future__ import annotations

import numpy as np
from rich.console import Console

from ..decomposition.triage_schedule import Served, triage_schedule
from ..result import Result
from .instance_kinds.kind import table

MOST_ROWS, MOST_DAYS = 12, 7
"""Classes and days that are shown."""


def show_triage(out: Console, result: Result) -> None:
    """Print the classes served on the first days, and waits beside those with all grades known."""
    schedule = triage_schedule(result)
    served = schedule.early.sum(axis=1)
    days = schedule.early.shape[1]
    shown = min(days, MOST_DAYS)
    first = f"the first {days} days" if days > 1 else "the first day"
    title = f"plan: {served.sum():,.0f} building{'s' * (round(served.sum()) != 1)} served on {first}, before grades are known"
    listing = table(title, "class", *(f"day {t}" for t in range(1, shown + 1)), "all")
    order = sorted(np.flatnonzero(served > 0).tolist(), key=lambda g: (np.argmax(schedule.early[g] > 0), -served[g]))
    for g in order[:MOST_ROWS]:
        listing.add_row(schedule.classes[g], *(f"{n:.0f}" if n else "-" for n in schedule.early[g, :shown]), f"{served[g]:,.0f}")
    out.print(listing)
    left = [what for what, more in (("classes", len(order) - MOST_ROWS), ("days", days - shown)) if more > 0]
    if left:
        out.print(f"  ... and more {' and '.join(left)} (--out FILE.json holds all)")
    figures = table("means over scenarios, in days", "", "plan", "grades known, no rules")
    figures.add_row("wait of damage", *(f"{s.mean_wait:.2f}" for s in (schedule.done, schedule.known)))
    if schedule.done.severe_wait is not None:
        figures.add_row("wait of severely damaged and collapsed", *(f"{s.severe_wait:.2f}" for s in (schedule.done, schedule.known)))
    figures.add_row("half, 90 % of damage served by day", *(_reached(s) for s in (schedule.done, schedule.known)))
    out.print(figures)


def _reached(served: Served) -> str:
    return f"{served.first_day(0.5)}, {served.first_day(0.9)}"
