"""Beside the map of a retrofit plan: what is repaired in the scenario and what is retrofitted, and for how much money."""

from __future__ import annotations

from typing import Any

from .map_frame import COLUMN
from .output import amount, plain
from .retrofit_view import RetrofitView

LISTED, LONGEST = 10, 30
"""Elements in a list at most, those that cost most first; letters of a name."""

ROW = 0.022
"""Height of a row in the figure."""


def add_lists(figure: Any, view: RetrofitView, top: float) -> None:
    """Write both lists into the column from ``top`` down."""
    kinds = (("repaired", "Repaired in this scenario", "repair_cost"), ("retrofitted", "Retrofitted before", "retrofit_cost"))
    for state, title, field in kinds:
        cost = {e.name: getattr(e, field) for e in view.instance.elements if e.name in getattr(view, state)}
        shown = sorted(cost, key=lambda e: -cost[e])[:LISTED]
        rows = [(e if len(e) <= LONGEST else f"{e[: LONGEST - 1]}…", amount(cost[e])) for e in shown] or [("none", "")]
        if len(cost) > LISTED:
            rows.append((f"and {len(cost) - LISTED} more", amount(sum(cost.values()) - sum(cost[e] for e in shown))))
        figure.text(COLUMN, top, plain(f"{title} ({view.instance.units.money})"), fontsize=9, weight="bold")
        for number, (name, money) in enumerate(rows, 1):
            y = top - ROW * number - 0.004
            figure.text(COLUMN, y, plain(name), fontsize=8)
            figure.text(0.93, y, money, fontsize=8, ha="right")
        top -= ROW * len(rows) + 0.05
