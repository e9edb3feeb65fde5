"""Statistical bounds: by sample size where samples were enlarged, else replication by replication."""

from __future__ import annotations

from typing import Any

from ..decomposition.saa import SaaResult
from ..decomposition.saa.intervals import Statement
from ..errors import InputError
from .convergence import BOUND, INCUMBENT
from .output import new_figure, percent, plain

GAP = "#444444"


def bounds_figure(result: SaaResult) -> Any:
    """Return the figure: the candidate's cost and the bound on the optimum above, the gap between them below."""
    if not result.looks and not (result.replications and result.gap):
        raise InputError("the result holds no bounds to draw: it was stopped before two replications were done")
    figure = new_figure(9.2, 6.4)
    upper = figure.add_axes((0.13, 0.41, 0.84, 0.465))
    lower = figure.add_axes((0.13, 0.095, 0.84, 0.25), sharex=upper)
    side = "lower" if result.sense == "minimize" else "upper"
    if result.looks:
        _by_size(upper, lower, result, side)
    else:
        _by_replication(upper, lower, result, side)
    for axes in (upper, lower):
        axes.tick_params(labelsize=8)
        axes.grid(color="#eeeeee")
        axes.spines[["top", "right"]].set_visible(False)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    upper.tick_params(labelbottom=False)
    upper.set_ylabel("cost", fontsize=9)
    upper.legend(fontsize=8.5, loc="best", framealpha=0.9)
    lower.set_ylabel("gap of the candidate", fontsize=9)
    lower.set_ylim(bottom=0)
    lower.legend(fontsize=8.5, loc="best", framealpha=0.9)
    name = " ".join(dict.fromkeys(n for n in (result.model, result.instance) if n))
    head = "" if result.relative_gap is None else f": gap at most {percent(result.relative_gap)} of the cost"
    figure.text(0.13, 0.945, plain(name + head), fontsize=12, weight="bold")
    procedure = {"mrp": "multiple replications", "a2rp": "averaged two replications"}[result.procedure]
    facts = f"{procedure}, confidence {100 * result.confidence:g} %, {result.method} with {result.solver}, {result.stop_reason}"
    figure.text(0.13, 0.905, plain(facts), fontsize=9.5, color="#444444")
    return figure


def _by_size(upper: Any, lower: Any, result: SaaResult, side: str) -> None:
    sizes = [k.size for k in result.looks]
    moved = 1.012  # so that the two error bars at one size stand side by side
    _bars(upper, [n * moved for n in sizes], [k.cost for k in result.looks], INCUMBENT, "cost of the look's candidate", "cost")
    _bars(upper, [n / moved for n in sizes], [k.bound for k in result.looks], BOUND, f"{side} bound on the optimum", "bound")
    gaps = [k.gap for k in result.looks]
    reach = [[0.0] * len(gaps), [g.limit - g.value for g in gaps]]
    lower.errorbar(sizes, [g.value for g in gaps], yerr=reach, fmt="o", color=GAP, capsize=4, label="estimate and its limit", gid="gap")
    lower.plot(
        sizes, [k.target for k in result.looks], color="#888888", linestyle=":", label=f"asked for: {percent(result.until_gap or 0)}"
    )
    upper.set_xscale("log")
    upper.set_xlim(min(sizes) / 1.25, max(sizes) * 1.25)
    lower.set_xticks(sizes, [f"{n:,}" for n in sizes])
    lower.minorticks_off()
    lower.set_xlabel("scenarios a sample", fontsize=9)


def _bars(axes: Any, at: list[float], statements: list[Statement], color: str, label: str, gid: str) -> None:
    values, halves = [s.value for s in statements], [s.half_width for s in statements]
    axes.errorbar(at, values, yerr=halves, fmt="o-", color=color, linewidth=1.2, capsize=4, label=label, gid=gid)


def _by_replication(upper: Any, lower: Any, result: SaaResult, side: str) -> None:
    rows, gap = result.replications, result.gap
    assert gap is not None
    at = list(range(1, len(rows) + 1))
    costs, bounds = [r.candidate for r in rows], [r.bound for r in rows]
    upper.vlines(at, bounds, costs, color="#d9d9d9", linewidth=3, zorder=1)
    upper.plot(at, costs, "o", color=INCUMBENT, markersize=5, label="candidate's mean cost in the sample", gid="cost")
    upper.plot(at, bounds, "o", color=BOUND, markersize=5, label="the sample's own bound", gid="bound")
    for statement, color, what in ((result.cost, INCUMBENT, "its cost out of sample"), (result.bound, BOUND, f"{side} bound")):
        if statement is not None:
            low, high = statement.value - statement.half_width, statement.value + statement.half_width
            upper.axhspan(low, high, color=color, alpha=0.13, linewidth=0)
            upper.axhline(statement.value, color=color, linewidth=1.2, label=what)
    lower.bar(at, [r.gap for r in rows], color="#bbbbbb", gid="gap")
    lower.axhline(gap.value, color=GAP, linewidth=1.2, label="mean")
    lower.axhline(gap.limit, color=GAP, linewidth=1.2, linestyle="--", label=f"{100 * result.confidence:g} % limit")
    lower.xaxis.get_major_locator().set_params(integer=True)
    lower.set_xlabel(f"replication (samples of {result.sample_size:,} scenarios)", fontsize=9)
