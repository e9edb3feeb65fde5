"""Beside the map of a deployment plan: what each depot holds ready, of that what is sent, and the vehicles it takes."""

from __future__ import annotations

import textwrap
from typing import Any

from .deployment_view import DeploymentView
from .output import amount, plain

MOST = 8
"""Depots listed at most, those with the most ready first."""


def add_depot_bars(figure: Any, view: DeploymentView, area: tuple[float, float, float, float], ready: str, sent: str) -> None:
    """Draw a bar for each opened depot into ``area`` (left, bottom, width, height in the figure), in these colours."""
    axes = figure.add_axes(area)
    depots = sorted(view.ready, key=view.ready.__getitem__, reverse=True)
    shown = depots[:MOST]
    rest = f" ({MOST} of {len(depots)} depots)" if len(depots) > MOST else ""
    axes.set_title(f"Stock, ready, sent in this scenario{rest}" if depots else "No depot is opened", fontsize=9, loc="left", weight="bold")
    if not depots:
        axes.set_axis_off()
        return
    limit = {d.name: d for d in view.instance.depots}
    resource = view.instance.units.resource
    roomy = len(shown) <= 4
    height, small = (0.34, 7.5) if roomy else (0.28, 6.5)
    for row, depot in enumerate(shown):
        gone = view.sent_from(depot)
        axes.barh(row, view.ready[depot], height=height, color=ready, gid=f"bar {depot}: ready")
        axes.barh(row, gone, height=height / 2, color=sent, gid=f"bar {depot}: sent")
        axes.barh(row, limit[depot].stock, height=height, facecolor="none", edgecolor="#333333", linewidth=0.9)
        axes.text(0, row - height / 2 - 0.04, plain(textwrap.shorten(depot, 62)), fontsize=small + 0.5, weight="bold", va="bottom")
        units = f"{amount(view.ready[depot])} of {amount(limit[depot].stock)}{f' {resource}s' if roomy else ''} ready, {amount(gone)} sent"
        vehicles = f"{view.vehicles[depot]} of {limit[depot].vehicles} vehicles, {view.vehicles_used(depot):.2g} needed"
        text = f"{units}\n{vehicles}" if roomy else f"{units}; {vehicles}"
        axes.text(0, row + height / 2 + 0.04, plain(text), fontsize=small, va="top", linespacing=1.15)
    axes.set_ylim(max(len(shown), 3) - 0.35, -0.5)
    axes.set_xlim(0, 1.01 * max(limit[j].stock for j in shown))
    axes.set_yticks([])
    axes.set_xlabel(plain(f"{resource}s"), fontsize=8)
    axes.tick_params(labelsize=7.5)
    axes.locator_params(axis="x", nbins=4)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.spines[["top", "right", "left"]].set_visible(False)
