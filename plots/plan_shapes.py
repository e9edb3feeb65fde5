"""Shapes of a plan on its map, sized in points: bent arrows, discs and pies, and how a legend shows a disc."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Place = tuple[float, float]


def add_arrow(axes: Any, start: Place, end: Place, width: float, *, color: str, gaps: tuple[float, float], gid: str) -> Any:
    """Draw and return a slightly bent arrow, so that opposite ones lie apart; ``gaps`` are left free at its ends."""
    from matplotlib.patches import FancyArrowPatch

    arrow = FancyArrowPatch(
        start,
        end,
        arrowstyle=f"simple,tail_width={width},head_width={width + 5},head_length={0.6 * width + 5}",
        mutation_scale=1,
        connectionstyle="arc3,rad=0.07",
        shrinkA=gaps[0],
        shrinkB=gaps[1],
        facecolor=color,
        edgecolor="white",
        linewidth=0.4 if width > 2 else 0.0,
        alpha=0.8,
        zorder=4,
        gid=gid,
    )
    axes.add_artist(arrow)
    return arrow


def add_disc(axes: Any, place: Place, size: float, gid: str, **style: Any) -> None:
    """Draw a disc of radius ``size``."""
    from matplotlib.patches import Circle

    axes.add_artist(Circle((0, 0), size, transform=_points_at(axes, place), gid=gid, **style))


def add_pie(axes: Any, place: Place, size: float, parts: Iterable[tuple[float, str, str]]) -> None:
    """Fill a disc clockwise from the top with ``parts`` (share of the disc, colour, gid)."""
    from matplotlib.patches import Wedge

    angle = 90.0
    for share, color, gid in parts:
        end = angle - 360 * share
        wedge = Wedge((0, 0), size, end, angle, transform=_points_at(axes, place), zorder=5, linewidth=0)
        wedge.set(facecolor=color, gid=gid)
        axes.add_artist(wedge)
        angle = end


def disc_key(radius: float, label: str, *, face: str = "none", edge: str = "none", width: float = 1.2) -> Any:
    """Return a legend's entry for a disc."""
    from matplotlib.lines import Line2D

    style: dict[str, Any] = {"markerfacecolor": face, "markeredgecolor": edge, "markeredgewidth": width}
    return Line2D([], [], linestyle="none", marker="o", markersize=2 * radius, label=label, **style)


def _points_at(axes: Any, place: Place) -> Any:
    """Return the transform from points around a place on the map to the picture."""
    from matplotlib.transforms import Affine2D, ScaledTranslation

    return Affine2D().scale(1 / 72) + axes.figure.dpi_scale_trans + ScaledTranslation(*place, axes.transData)
