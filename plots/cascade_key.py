"""The key to a picture of a cascade: colours of states, markers of kinds, and how many components are in each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..scenario_gen.exposure import KINDS
from .base_map import COLUMN, MAP
from .cascade_view import CascadeView
from .colours import FAILED, LOST, RUPTURE, WORKS
from .ground import Ground
from .map_keys import add_legend, outside

STATES = {"works": WORKS, "lost by cascade": LOST, "physically failed": FAILED}
MARKERS = {"power": "^", "water": "o", "road": "s", "hospital": "P", "communications": "D"}
WORDS = {"road": "bridge", "communications": "communication"}
CARRIED, OTHER = "#222222", "#c9c9c9"

WIDE = (MAP[0], MAP[1], 0.69, MAP[3])
"""The map in the figure: no colour bar stands beside it."""


def add_key(figure: Any, view: CascadeView, ground: Ground, *, others_drawn: bool, rupture_drawn: bool) -> None:
    """Draw the legend, with counts."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    counts = np.bincount(view.state, minlength=3)
    handles: list[Any] = [
        Patch(facecolor=colour, label=f"{word}: {count:,}") for (word, colour), count in zip(STATES.items(), counts.tolist(), strict=True)
    ]
    carried, edges = int(view.carried.sum()), len(view.carried)
    handles.append(Line2D([], [], color=CARRIED, linewidth=1.0, label=f"dependency that carried the loss: {carried:,}"))
    if others_drawn:
        handles.append(Line2D([], [], color=OTHER, linewidth=1.0, label=f"other dependency: {edges - carried:,}"))
    else:
        handles.append(Line2D([], [], linestyle="none", label=f"other dependencies, not drawn: {edges - carried:,}"))
    if rupture_drawn:
        handles.append(Line2D([], [], color=RUPTURE, linewidth=2.5, label="rupture: its upper edge"))
    add_legend(figure, [*handles, *outside(ground)], WIDE[0] + WIDE[2] + 0.014)


def kind_bars(figure: Any, counts: NDArray[np.int64]) -> None:
    """Draw the share of each kind's components by state, with the kind's marker and the numbers behind the shares."""
    shown = [i for i in range(len(KINDS)) if counts[i].sum()]
    axes = figure.add_axes((COLUMN + 0.005, MAP[1], 0.982 - COLUMN - 0.005, 0.42))
    axes.set_title("Components by kind", fontsize=9, loc="left", weight="bold", pad=18)
    axes.text(0, 1.03, "works / lost by cascade / physically failed", transform=axes.transAxes, fontsize=8)
    for place, i in enumerate(shown):
        start = 0.0
        for count, (word, colour) in zip(counts[i].tolist(), STATES.items(), strict=True):
            width = 100 * count / counts[i].sum()
            axes.barh(place, width, left=start, height=0.34, color=colour, edgecolor="white", linewidth=0.5, gid=f"{KINDS[i]}: {word}")
            start += width
        kind, numbers = WORDS.get(KINDS[i], KINDS[i]), " / ".join(f"{n:,}" for n in counts[i].tolist())
        axes.scatter([3.0], [place - 0.34], s=34, marker=MARKERS[KINDS[i]], color="#444444", clip_on=False)
        axes.text(8, place - 0.34, f"{kind}: {numbers}", fontsize=8.5, va="center")
    axes.set_ylim(len(shown) - 0.6, -0.62)
    axes.set_xlim(0, 100)
    axes.set_yticks([])
    axes.set_xlabel("share (%)", fontsize=8.5)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right", "left"]].set_visible(False)
