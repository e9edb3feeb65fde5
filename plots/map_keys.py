"""Legends of the maps, in the column beside them."""

from __future__ import annotations

from typing import Any

from .base_map import COLUMN, MAP, OUTSIDE, SHORE
from .ground import Ground


def add_legend(figure: Any, handles: list[Any], left: float = COLUMN) -> None:
    """Draw a legend at the top of the column whose left edge is ``left``."""
    style: dict[str, Any] = {"fontsize": 8.5, "frameon": False, "borderaxespad": 0, "handlelength": 1.8}
    figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(left - 0.006, MAP[1] + MAP[3]), **style)


def dot(label: str) -> Any:
    """Return the legend's entry for the middle of a zone."""
    from matplotlib.lines import Line2D

    return Line2D([], [], linestyle="none", marker="o", markersize=3, color="#222222", label=label)


def outside(ground: Ground) -> list[Any]:
    """Return the legend's entry for what is no land of the region; none where the land is not known."""
    from matplotlib.patches import Patch

    return [Patch(facecolor=OUTSIDE, edgecolor=SHORE, label="water, or outside the region")] if ground.land else []
