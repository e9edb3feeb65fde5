"""Hazard curves of zones, and the loss exceedance curve of the region, from a weighted scenario set.

The set's scenarios are draws of an event given that one occurs; with annual rate v of events and probabilities p_s,
lambda(a) = v sum_s p_s 1[value_s >= a] is the annual frequency of at least ``a`` (:mod:`quakeops.scenario_gen.hazard_curves`).
"""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from ..scenario_gen.regenerate import attribute
from .colours import SERIES
from .ground import Array, ground_of
from .output import amount, new_figure, plain, round_ticks, scaled, unit
from .set_facts import facts

if TYPE_CHECKING:
    import xarray as xr

FEW = 10
"""Where fewer scenarios exceed a level, the curve is dashed: it is only a guess there."""

LEVELS = 400
PERIODS_YEARS = (100, 475, 2475)
"""Return periods that are marked."""


def most_people(data: xr.Dataset, count: int = 5) -> list[int]:
    """Return the numbers of the zones with most people, largest first."""
    people = np.array(json.loads(attribute(data, "population")))
    return [int(z) for z in np.argsort(-people, kind="stable")[:count]]


def hazard_figure(data: xr.Dataset) -> Any:
    """Return the figure: PGA in the zones with most people on the left, loss of the region on the right."""
    rate = _rate(data)
    weights = rate * data["probability"].values
    zones, people = most_people(data), json.loads(attribute(data, "population"))
    figure = new_figure(12.5, 6.7)
    left, right = figure.add_axes((0.07, 0.175, 0.385, 0.655)), figure.add_axes((0.545, 0.175, 0.385, 0.655))
    names = [str(z) for z in data["zone"].values]
    for colour, zone in zip(SERIES, zones, strict=False):
        label = f"{textwrap.shorten(names[zone], 30)} ({people[zone]:,} people)"
        _curve(left, data["pga"].values[:, zone], weights, color=colour, label=plain(label), gid=f"curve {names[zone]}")
    loss = data["loss"].values.sum(axis=1)
    money = unit(str(attribute(data, "money")))
    factor, word = scaled(float(loss.max()))
    _curve(right, loss / factor, weights, color=SERIES[0], label="all zones", gid="curve loss")
    _frame(left, "PGA, geometric mean over the zone's buildings (g)", "PGA in the zones with most people", rate, weights)
    _frame(right, f"repair cost of buildings ({word}{money})", "Loss of the region", rate, weights)
    _legend(figure, left)
    ground = ground_of(data)
    mean = rate * float(data["probability"].values @ loss)
    small, name = scaled(mean)
    told = [f"{rate:.3g} events a year", f"mean loss {amount(mean / small)} {name}{money} a year", *facts(data, ground)]
    figure.text(0.07, 0.945, plain(f"{attribute(data, 'region')}: hazard and loss curves"), fontsize=13, weight="bold")
    figure.text(0.07, 0.9, "   ·   ".join(told), fontsize=9.5, color="#444444")
    return figure


def _rate(data: xr.Dataset) -> float:
    rate = data.attrs.get("annual_rate")
    if not isinstance(rate, int | float | np.number) or not rate > 0:
        raise InputError(
            f"attribute 'annual_rate' is {rate!r}: expected events a year, a positive number: there is no hazard curve without it"
        )
    return float(rate)


def _curve(axes: Any, values: Array, weights: Array, **style: Any) -> None:
    """Draw the curve of values (S,) up to the largest, dashed where fewer than :data:`FEW` scenarios exceed them."""
    positive = values[values > 0]
    if not len(positive):
        return
    low, high = float(positive.min()), float(positive.max())
    levels = np.unique(np.concatenate([np.geomspace(low, high, LEVELS)[1:-1], [low, high]])) if high > low else np.array([low])
    order = np.argsort(values)
    below = np.searchsorted(values[order], levels)
    curve = np.cumsum(weights[order][::-1])[::-1][below]
    sure = len(values) - below >= FEW
    label, gid = style.pop("label"), style.pop("gid")
    axes.plot(levels[sure], curve[sure], linewidth=1.9, label=label, gid=gid, zorder=3, **style)
    last = max(int(np.count_nonzero(sure)) - 1, 0)
    axes.plot(levels[last:], curve[last:], linewidth=1.2, linestyle=(0, (3, 2)), gid=f"{gid} few", zorder=3, **style)


def _frame(axes: Any, value: str, title: str, rate: float, weights: Array) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    axes.set(xscale="log", yscale="log")
    least = float(weights[weights > 0].min())
    axes.set_ylim(max(0.7 * least, rate * 1e-6), 1.5 * rate)
    axes.set_xlabel(value, fontsize=9.5)
    axes.set_ylabel("annual frequency of exceedance (1/year)", fontsize=9.5)
    axes.set_title(title, fontsize=10.5, loc="left", weight="bold")
    axes.tick_params(labelsize=8.5)
    ticks = round_ticks(*axes.get_xlim())
    axes.set_xticks(ticks, [f"{t:,g}" for t in ticks])
    axes.minorticks_off()
    axes.yaxis.set_minor_locator(LogLocator(subs=range(2, 10)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    if np.divide(*axes.get_ylim()[::-1]) < 30:
        ticks = round_ticks(*axes.get_ylim())
        axes.set_yticks(ticks, [f"{t:g}" for t in ticks])
    axes.grid(which="major", color="#dddddd", linewidth=0.8)
    axes.grid(which="minor", color="#f0f0f0", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    low, high = axes.get_ylim()
    for years in PERIODS_YEARS:
        if low < 1 / years < high:
            axes.axhline(1 / years, color="#888888", linewidth=0.9, linestyle=":", zorder=2, gid=f"period {years}")
            style = {"fontsize": 8, "color": "#555555", "va": "center"}
            axes.text(1.01, 1 / years, f"{years:,}\nyears", transform=axes.get_yaxis_transform(), **style)


def _legend(figure: Any, axes: Any) -> None:
    """Draw the legend below both panels, where no curve can lie."""
    from matplotlib.lines import Line2D

    handles, _ = axes.get_legend_handles_labels()
    handles.append(Line2D([], [], color="#555555", linewidth=1.2, linestyle=(0, (3, 2)), label=f"fewer than {FEW} scenarios beyond"))
    figure.legend(handles=handles, fontsize=9, loc="lower left", bbox_to_anchor=(0.06, 0.005), ncols=3, frameon=False, columnspacing=2.5)
