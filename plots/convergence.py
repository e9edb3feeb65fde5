"""How bound and incumbent converged: one result with its gap, or several results of one problem on one pair of axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import InputError
from ..result import Result
from .output import new_figure, percent, plain, unit
from .series import Array, Series, money_of, series, view_limits

BOUND, INCUMBENT, BETWEEN = "#4477aa", "#bb5500", "#d9d9d9"
COLORS = ("#4477aa", "#bb5500", "#228833", "#aa3377", "#66ccee", "#997700", "#222222")

FLOOR = 1e-7
"""Gaps below this are drawn here: a logarithmic axis has no zero."""


def convergence_figure(result: Result) -> Any:
    """Return the figure of one result: bound and incumbent above, the relative gap on a logarithmic axis below."""
    data = series(result)
    figure = new_figure(9.2, 6.4)
    upper = figure.add_axes((0.13, 0.41, 0.76, 0.465))
    lower = figure.add_axes((0.13, 0.095, 0.76, 0.25), sharex=upper)
    side = "lower" if result.sense == "minimize" else "upper"
    _steps(upper, data.time_s, data.bound, color=BOUND, linestyle="--", label=f"{side} bound", gid="bound")
    _steps(upper, data.time_s, data.objective, color=INCUMBENT, linestyle="-", label="incumbent", gid="incumbent")
    between = {"color": BETWEEN, "alpha": 0.6, "linewidth": 0, "label": "gap"} if _lasts(data) else {}
    upper.fill_between(data.time_s, data.bound, data.objective, step="post", zorder=1, **between)
    _values_axis(upper, [data], money_of(result))
    upper.tick_params(labelbottom=False)
    upper.legend(fontsize=8.5, loc="best", framealpha=0.9)
    _gap_axis(lower, data, result)
    _time_axis(lower, [data])
    figure.text(0.13, 0.945, f"{_problem(result)}: {_outcome(result)}", fontsize=12, weight="bold")
    facts = f"{_name(result)}, {data.time_s[-1]:.3g} s, status {result.status.value.replace('_', ' ')}"
    figure.text(0.13, 0.905, facts, fontsize=9.5, color="#444444")
    return figure


def comparison_figure(results: Sequence[Result]) -> Any:
    """Return the figure of several results of one problem: a colour each, bound dashed and incumbent solid."""
    if not results:
        raise InputError("no result to compare; give at least one")
    problems = {(r.model, r.instance, r.num_scenarios, r.sense): _problem(r) for r in results}
    if len(problems) > 1:
        raise InputError(f"results of different problems cannot be compared on one axis: {'; '.join(problems.values())}")
    data = [series(r) for r in results]
    figure = new_figure(9.2, 5.6)
    axes = figure.add_axes((0.12, 0.115, 0.855, 0.755))
    for k, (result, run) in enumerate(zip(results, data, strict=True)):
        color = COLORS[k % len(COLORS)]
        _steps(axes, run.time_s, run.objective, color=color, linestyle="-", label=_name(result), gid=f"incumbent {k}")
        _steps(axes, run.time_s, run.bound, color=color, linestyle="--", gid=f"bound {k}")
    _values_axis(axes, data, next(filter(None, map(money_of, results)), None))
    _time_axis(axes, data)
    _comparison_legend(axes, results, data)
    figure.text(0.12, 0.925, f"{_problem(results[0])}: convergence", fontsize=12, weight="bold")
    return figure


def _steps(axes: Any, time_s: Array, values: Array, **style: Any) -> None:
    """Draw a value that holds until the next one, with a dot where it was found.

    A single dot is larger, a bound's the most: it shows around an equal incumbent.
    """
    if not np.isfinite(values).any():
        return
    axes.plot(time_s, values, drawstyle="steps-post", linewidth=1.7, zorder=3, **style)
    new = np.flatnonzero(np.isfinite(values) & np.append(True, values[1:] != values[:-1]))
    size = 3.2 if len(new) > 1 else 7.5 if style["linestyle"] == "--" else 4.5
    axes.plot(time_s[new], values[new], linestyle="none", marker="o", markersize=size, color=style["color"], zorder=4)


def _lasts(data: Series) -> bool:
    """Whether there is a gap for long enough to be seen."""
    times = data.time_s[np.isfinite(data.gap)]
    return bool(len(times)) and float(np.ptp(times)) > 0.003 * float(data.time_s[-1])


def _values_axis(axes: Any, data: list[Series], money: str | None) -> None:
    low, high, cut = view_limits(data)
    axes.set_ylim(low, high)
    axes.set_ylabel("objective" + (f" ({unit(money)})" if money else ""), fontsize=9)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    axes.tick_params(labelsize=8)
    axes.grid(color="#eeeeee")
    axes.spines[["top", "right"]].set_visible(False)
    if cut:
        note = {"fontsize": 7.5, "color": "#666666", "style": "italic", "ha": "right", "va": "bottom"}
        axes.text(1, 1.005, "early values lie outside the axis", transform=axes.transAxes, **note)


def _time_axis(axes: Any, data: list[Series]) -> None:
    axes.set_xlim(0, 1.03 * max(float(s.time_s[-1]) for s in data) or 1.0)
    axes.set_xlabel("time since the start (s)", fontsize=9)


def _gap_axis(axes: Any, data: Series, result: Result) -> None:
    """Draw the gap in percent, and the gap that was asked for."""
    asked = (result.provenance.get("options") or {}).get("rel_gap")
    axes.set_yscale("log")
    shown = [g for g in [*np.maximum(data.gap[np.isfinite(data.gap)], FLOOR), asked] if g]
    if shown:
        axes.set_ylim(min(100 * min(shown) / 2.5, 10 * max(shown)), max(100 * max(shown) * 2.5, 1000 * min(shown)))
    _steps(axes, data.time_s, 100 * np.maximum(data.gap, FLOOR), color="#444444", linestyle="-", gid="gap")
    if asked:
        axes.axhline(100 * asked, color="#888888", linewidth=1, linestyle=":")
        where = axes.get_yaxis_transform()
        axes.text(1.01, 100 * asked, f"asked for:\n{percent(asked)}", transform=where, fontsize=7.5, color="#666666", va="center")
    if not np.isfinite(data.gap).any():
        axes.text(0.5, 0.5, "no gap: bound or incumbent is missing", transform=axes.transAxes, fontsize=8.5, ha="center")
    note = f"\nbelow {100 * FLOOR:g} drawn there" if (data.gap < FLOOR).any() else ""
    axes.set_ylabel(f"relative gap (%){note}", fontsize=9)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_minor_formatter(lambda value, _: "")
    axes.tick_params(labelsize=8)
    axes.grid(color="#eeeeee")
    axes.spines[["top", "right"]].set_visible(False)


def _comparison_legend(axes: Any, results: Sequence[Result], data: list[Series]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=COLORS[k % len(COLORS)], linewidth=3, label=f"{_name(r)}: {_outcome(r)} after {s.time_s[-1]:.3g} s")
        for k, (r, s) in enumerate(zip(results, data, strict=True))
    ]
    for style, what in (("-", "incumbent"), ("--", "bound")):
        handles.append(Line2D([], [], color="#555555", linestyle=style, label=what))
    axes.legend(handles=handles, fontsize=8.5, loc="best", framealpha=0.9)


def _name(result: Result) -> str:
    methods = {"ef": "extensive form", "ph": "progressive hedging", "benders": "Benders"}
    return plain(f"{methods.get(result.method, result.method)} ({result.solver})")


def _problem(result: Result) -> str:
    names = " ".join(dict.fromkeys(n for n in (result.model, result.instance) if n)) or "problem"
    return plain(names) + (f", {result.num_scenarios:,} scenarios" if result.num_scenarios else "")


def _outcome(result: Result) -> str:
    if result.gap is not None:
        return f"final gap {percent(result.gap)}"
    return "no bound" if result.objective is not None else "no incumbent"
