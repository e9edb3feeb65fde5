"""The cascade of one scenario on a map: which components failed, which lost their function through others, and along which dependencies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from ..scenario_gen.exposure import KINDS
from ..scenario_gen.generation import ScenarioGenerator
from .base_map import add_map, add_scale, add_title, map_figure
from .cascade_key import CARRIED, MARKERS, OTHER, STATES, WIDE, add_key, kind_bars
from .cascade_view import Bits, cascade_view
from .colours import RUPTURE
from .fault_marks import along, rupture_line
from .ground import ground_of
from .set_facts import facts, heading

if TYPE_CHECKING:
    import xarray as xr

MOST_EDGES = 2_000
"""Up to so many dependencies, those that carried nothing are drawn too."""

MOST_ARROWS = 250
"""Up to so many carrying dependencies have arrowheads."""


def cascade_figure(data: xr.Dataset, row: int, generator: ScenarioGenerator) -> Any:
    """Return the figure of the cascade of the scenario in ``row``, made again by ``generator``."""
    exposure, ground = generator.exposure, ground_of(data)
    parts = exposure.infrastructure
    if not len(parts):
        raise InputError(f"region {exposure.name!r} has no infrastructure components: there is no cascade to draw")
    k = int(data["number"].values[row])
    view = cascade_view(generator, k)
    place = np.column_stack(exposure.component_km)
    shown = np.concatenate([ground.corners_km, place])
    figure = map_figure(shown, WIDE)
    axes = add_map(figure, ground, shown, WIDE)
    _edges(axes, place, parts.source, parts.target, view.carried)
    _components(axes, place, parts.kind, view.state)
    top = rupture_line(generator.shaking.event(k).rupture)
    seen = any(axes.viewLim.contains(x, y) for x, y in along(top).tolist())
    if seen:
        axes.plot(*top.T, color=RUPTURE, linewidth=2.5, zorder=1.5, gid="rupture", scalex=False, scaley=False)
    add_scale(axes, np.concatenate([place, along(top), ground.rim_km]))
    counts = np.array([np.bincount(view.state[parts.of(kind)], minlength=3) for kind in KINDS])
    add_key(figure, view, ground, others_drawn=len(view.carried) <= MOST_EDGES, rupture_drawn=seen)
    kind_bars(figure, counts)
    told = f"{view.failed.sum():,} of {len(place):,} components failed, {(view.lost & ~view.failed).sum():,} more lost function"
    add_title(figure, f"Cascade in {heading(data, row)}", [told, *facts(data, ground, row)])
    return figure


ORDER = {"works": 4, "physically failed": 5, "lost by cascade": 6}
"""Which states lie above which: those that the cascade took on top, since most others are there."""


def _sizes(count: int) -> tuple[float, float, float]:
    """Return the markers' areas in square points, of components that work and of the others, and the width of their white edges."""
    return (34.0, 42.0, 0.7) if count <= 150 else (12.0, 18.0, 0.4) if count <= 2_000 else (2.5, 5.0, 0.0)


def _edges(axes: Any, place: Any, source: Any, target: Any, carried: Bits) -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.patches import FancyArrowPatch

    ends: Any = np.stack([place[source], place[target]], axis=1)
    if len(ends) <= MOST_EDGES:
        axes.add_collection(LineCollection(ends[~carried], colors=OTHER, linewidths=0.6, zorder=2, gid="other"), autolim=False)
    if carried.sum() > MOST_ARROWS:
        lines: dict[str, Any] = {"colors": CARRIED, "linewidths": 0.5, "alpha": 0.8, "zorder": ORDER["lost by cascade"] - 0.5}
        axes.add_collection(LineCollection(ends[carried], gid="carried", **lines), autolim=False)
        return
    shrink = np.sqrt(_sizes(len(place))[1]) / 2
    arrow: dict[str, Any] = {"arrowstyle": "-|>,head_length=3.2,head_width=1.6", "mutation_scale": 1, "linewidth": 0.9, "color": CARRIED}
    for edge in np.flatnonzero(carried).tolist():
        axes.add_patch(FancyArrowPatch(*ends[edge], shrinkA=0.5 * shrink, shrinkB=shrink, zorder=3, gid=f"carried {edge}", **arrow))


def _components(axes: Any, place: Any, kind: Any, state: Any) -> None:
    small, large, edge = _sizes(len(place))
    for number, (word, colour) in enumerate(STATES.items()):
        for name, marker in MARKERS.items():
            here = (state == number) & (kind == KINDS.index(name))
            if here.any():
                size = (large if number else small) * (1.5 if name == "hospital" else 1.0)
                style = {"color": colour, "linewidths": edge, "edgecolors": "white", "zorder": ORDER[word]}
                axes.scatter(*place[here].T, s=size, marker=marker, gid=f"{name}: {word}", **style)
