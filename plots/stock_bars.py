"""Beside the map: what each depot holds, in volume against its capacity and in units of each commodity."""

from __future__ import annotations

import textwrap
from typing import Any

from . import map_marks as marks
from .output import amount, plain, unit
from .plan_view import PlanView

MOST = 8
"""Depots listed at most, the fullest first."""

CHARACTERS, SMALL_CHARACTERS = 62, 74
"""Width of the column in characters, of the usual and of the smaller size."""


def add_stock_bars(figure: Any, view: PlanView, area: tuple[float, float, float, float]) -> None:
    """Draw a stacked bar for each depot into ``area`` (left, bottom, width, height in the figure)."""
    axes = figure.add_axes(area)
    depots = sorted(view.sizes, key=view.stocked_volume, reverse=True)
    shown = depots[:MOST]
    rest = f" (the {MOST} fullest of {len(depots)} depots)" if len(depots) > MOST else ""
    axes.set_title(f"Stock and capacity{rest}" if depots else "No depot is opened", fontsize=9, loc="left", weight="bold")
    if not depots:
        axes.set_axis_off()
        return
    roomy = len(shown) <= 4
    height, small = min(0.34, 0.1 * len(shown)) if roomy else 0.28, 7.5 if roomy else 6.5
    for row, node in enumerate(shown):
        start = 0.0
        for c in view.instance.commodities:
            volume = c.volume * view.stock[node].get(c.name, 0.0)
            axes.barh(row, volume, left=start, height=height, color=marks.color(view, c.name), gid=f"bar {node}: {c.name}")
            start += volume
        axes.barh(row, view.capacity(node), height=height, facecolor="none", edgecolor="#333333", linewidth=0.9)
        axes.text(0, row - height / 2 - 0.04, _heading(view, node), fontsize=small + 0.5, weight="bold", va="bottom")
        axes.text(0, row + height / 2 + 0.04, _amounts(view, node, roomy), fontsize=small, va="top", linespacing=1.15)
    axes.set_ylim(max(len(shown), 3) - 0.35, -0.5)
    axes.set_xlim(0, 1.01 * max(view.capacity(i) for i in shown))
    axes.set_yticks([])
    axes.set_xlabel(f"volume ({unit(view.instance.units.volume)})", fontsize=8)
    axes.tick_params(labelsize=7.5)
    axes.locator_params(axis="x", nbins=4)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.spines[["top", "right", "left"]].set_visible(False)


def _heading(view: PlanView, node: str) -> str:
    lost = f"; {100 * view.usable[node]:.0f} % usable in this scenario" if node in view.usable else ""
    return plain(textwrap.shorten(f"{node}, {view.sizes[node]}{lost}", CHARACTERS))


def _amounts(view: PlanView, node: str, roomy: bool) -> str:
    """Return the stock by commodity: on two lines with units, or on one without (the legend has them)."""
    parts = []
    for c in view.instance.commodities:
        if c.name in view.stock[node]:
            bare = not roomy or c.unit in c.name
            in_units = "" if bare else f" × {c.unit}" if c.unit[:1].isdigit() else f" {c.unit}"
            parts.append(f"{c.name}: {amount(view.stock[node][c.name])}{in_units}".replace(" ", "\u00a0"))
    return plain("\n".join(textwrap.wrap(";  ".join(parts) or "empty", CHARACTERS if roomy else SMALL_CHARACTERS)[: 2 if roomy else 1]))
