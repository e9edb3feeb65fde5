"""Demand by zone in every scenario, its quantile at 1 - epsilon, and the scenarios in which a plan does not meet it."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np

from .base_map import add_title
from .demand_view import DemandView
from .labels import Array
from .output import new_figure, percent, plain

MOST = 25
"""Zones shown, those with the largest quantile."""

TOLD = 12
"""Zones up to this many are told how often they are missed."""

MET, MISSED, SUPPLY = "#4477aa", "#cc2222", "#1b7f79"
LARGEST, SMALLEST = 90.0, 4.0
"""Areas of dots in square points: of the most probable scenario (less where there are many), and at least."""

SPARSE = 20
"""Scenarios up to this many have dots and lines of full size."""

BAR = 0.36
"""Half the length of a zone's bars."""


def demand_figure(view: DemandView) -> Any:
    """Return the figure: a column a zone, a dot a scenario with demand there, its area proportional to the probability."""
    order = np.argsort(-view.quantile, kind="stable")
    shown = order[:MOST]
    left = 0.075
    figure = new_figure(min(12.5, 5.5 + 0.7 * len(shown)), 6.4)
    tell = len(shown) <= TOLD
    bottom = 0.095 if tell else 0.13
    axes = figure.add_axes((left, bottom, 0.985 - left, 0.85 - bottom))
    crowded = min(1.0, SPARSE / len(view.probabilities))
    area = np.maximum(SMALLEST, LARGEST * crowded * view.probabilities / view.probabilities.max())
    for column, i in enumerate(shown.tolist()):
        _add_zone(axes, view, column, i, area)
    names = [plain(textwrap.shorten(view.instance.zones[i].name, 16)) for i in shown]
    axes.set_xticks(range(len(shown)), [f"{n}\nmissed {percent(view.risk[i])}" if tell else n for n, i in zip(names, shown, strict=True)])
    axes.tick_params(labelsize=8)
    if not tell:
        axes.tick_params(axis="x", rotation=60)
    axes.set_xlim(-0.6, len(shown) - 0.4)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(plain(f"{view.instance.units.resource}s"), fontsize=9)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.grid(axis="y", color="#eeeeee")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(handles=_legend(view), loc="upper right", fontsize=8, framealpha=0.9)
    rest = f" (the {MOST} of {len(order)} that need most)" if len(order) > MOST else ""
    add_title(figure, f"{textwrap.shorten(view.instance.name, 45)}: demand by zone{rest}, and where it is missed", _facts(view), left=left)
    return figure


def _add_zone(axes: Any, view: DemandView, column: int, i: int, area: Array) -> None:
    zone = view.instance.zones[i].name
    demand, missed = view.demand[:, i], view.missed[:, i]
    x = column + _spread(demand)
    met = (demand > 0) & ~missed
    axes.scatter(x[met], demand[met], s=area[met], color=MET, alpha=0.65, linewidth=0, zorder=3, gid=f"met {zone}")
    thin = max(0.4, min(1.0, SPARSE / len(demand)) ** 0.5)
    ring: dict[str, Any] = {"facecolor": "white", "edgecolor": MISSED, "linewidth": 1.3 * thin}
    axes.vlines(
        x[missed], view.arriving[missed, i], demand[missed], color=MISSED, linewidth=0.9 * thin, alpha=thin, zorder=2, gid=f"lacking {zone}"
    )
    axes.scatter(x[missed], demand[missed], s=area[missed], zorder=4, gid=f"missed {zone}", **ring)
    axes.hlines(view.quantile[i], column - BAR, column + BAR, color="#222222", linewidth=1.6, zorder=5, gid=f"quantile {zone}")
    if view.fixed:
        style: dict[str, Any] = {"color": SUPPLY, "linewidth": 4.5, "alpha": 0.55}
        axes.hlines(view.arriving[0, i], column - BAR, column + BAR, zorder=4.5, gid=f"supply {zone}", **style)


def _spread(demand: Array) -> Array:
    """Return offsets in the column (S,) that put scenarios of similar demand beside each other: multiples of the golden ratio by rank."""
    rank = np.empty(len(demand))
    rank[np.argsort(demand, kind="stable")] = np.arange(len(demand))
    return np.asarray((rank * 0.6180339887498949 % 1 - 0.5) * 2 * (BAR - 0.08))


def _facts(view: DemandView) -> list[str]:
    risk = f"some zone is missed with probability {percent(view.joint_risk)}" + (
        f" of {percent(view.epsilon[0])} allowed" if view.joint else ""
    )
    return [view.form, risk, view.method]


def _legend(view: DemandView) -> list[Any]:
    from matplotlib.lines import Line2D

    def dot(label: str, **style: Any) -> Any:
        return Line2D([], [], linestyle="none", marker="o", markersize=6, label=label, **style)

    out = [dot("demand of a scenario that is met (area: probability)", markerfacecolor=MET, markeredgewidth=0, alpha=0.65)]
    if view.missed.any():
        out.append(dot("demand that is missed; line: what is lacking", markerfacecolor="white", markeredgecolor=MISSED))
    allowed = "epsilon" if view.joint or np.ptp(view.epsilon) == 0 else "the zone's epsilon"
    out.append(Line2D([], [], color="#222222", linewidth=1.6, label=f"quantile of the zone's demand at 1 - {allowed}"))
    if view.fixed:
        out.append(Line2D([], [], color=SUPPLY, linewidth=4.5, alpha=0.55, label="what is sent"))
    return out
