"""Bars beside the maps by zone: the zones that lose most, and the region's buildings by state of damage."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from .base_map import COLUMN, MAP
from .ground import Array
from .output import amount, percent, plain

WORST = 10
"""Zones listed."""

TONES = ("#e0e0e0", "#bdbdbd", "#969696", "#5f5f5f", "#1f1f1f")
"""Colours of the states of damage, from none to complete."""


def worst_zones(figure: Any, zones: Sequence[str], loss: Array, marks: Any, money: str) -> None:
    """Draw the largest losses (Z,), in the colours of the map's ``marks``; ``money`` is their unit."""
    order = np.argsort(-loss, kind="stable")[:WORST].tolist()
    names = [textwrap.shorten(zones[zone], 14, placeholder="…") for zone in order]
    axes = _bars(figure, 0.46, f"The {len(order)} zones that lose most" if len(order) < len(zones) else "Loss by zone", names)
    for place, zone in enumerate(order):
        _bar(axes, place, float(loss[zone]), marks.to_rgba(loss[zone]), amount(float(loss[zone])), f"bar {zones[zone]}")
    axes.set_xlim(0, 1.25 * float(loss.max()) or 1.0)
    axes.set_xlabel(money, fontsize=8.5)


def damage_states(figure: Any, states: Sequence[str], counts: Array) -> None:
    """Draw numbers of buildings (5,) by state of damage."""
    axes = _bars(figure, 0.3, "Buildings by state of damage", states)
    for place, (state, count) in enumerate(zip(states, counts.tolist(), strict=True)):
        _bar(axes, place, count, TONES[place], f"{count:,.0f} ({percent(count / (counts.sum() or 1))})", f"state {state}")
    axes.set_xlim(0, 2 * float(counts.max()) or 1.0)
    axes.set_xlabel("buildings", fontsize=8.5)


def _bars(figure: Any, height: float, title: str, names: Sequence[str]) -> Any:
    axes = figure.add_axes((COLUMN + 0.055, MAP[1], 0.982 - COLUMN - 0.055, height))
    axes.set_title(title, fontsize=9, loc="left", weight="bold", x=-0.4)
    axes.set_yticks(range(len(names)), [plain(name) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.locator_params(axis="x", nbins=3)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    return axes


def _bar(axes: Any, place: int, value: float, colour: Any, label: str, gid: str) -> None:
    axes.barh(place, value, height=0.72, color=colour, edgecolor="#555555", linewidth=0.5, gid=gid)
    axes.annotate(label, (value, place), xytext=(3, 0), textcoords="offset points", fontsize=7.5, va="center")
