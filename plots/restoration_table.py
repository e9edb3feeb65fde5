"""Hours until all is stable again, by decision state and agency, as a heat map; the policy's choices are framed.

Cells carry ``cell I A`` in their ``gid``, frames ``sent I``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .colours import SERIES, heat
from .output import amount, new_figure, plain
from .responder_graph import add_heading, facts_of, short
from .responder_view import ResponderView

MOST = 40
"""Decision states shown, those that events most often lead to."""

FRAME = SERIES[0]


def restoration_figure(view: ResponderView) -> Any:
    """Return the figure: a row a decision state, a column an agency."""
    from matplotlib.patches import Rectangle

    shown = sorted(np.argsort(-view.start, kind="stable")[:MOST].tolist())
    hours, agencies = view.time[shown], len(view.agencies)
    names = [f"{short(view.states[i])}  (p = {amount(view.start[i])})" for i in shown]
    left, wide = 0.4 + 0.078 * max(map(len, names)), max(3.6, 1.3 * agencies)
    width, height = max(7.6, left + wide + 1.1), 1.65 + 0.4 * len(shown)
    figure = new_figure(width, height)
    bottom, tall = 0.2 / height, 1 - 1.6 / height
    axes = figure.add_axes((left / width, bottom, 1 - (left + 1.1) / width, tall))
    image = axes.imshow(hours, cmap=heat(), aspect="auto", vmin=0.0)
    for row, i in enumerate(shown):
        for a, agency in enumerate(view.agencies):
            dark = hours[row, a] > 0.45 * hours.max()
            text = axes.text(a, row, f"{hours[row, a]:,.1f}", ha="center", va="center", fontsize=9, color="white" if dark else "black")
            text.set_gid(f"cell {view.states[i]} {agency}")
        frame = Rectangle((view.sent[i] - 0.47, row - 0.44), 0.94, 0.88, fill=False, edgecolor=FRAME, linewidth=2.4)
        frame.set_gid(f"sent {view.states[i]}")
        axes.add_patch(frame)
    axes.set_xticks(range(agencies), [plain(name) for name in view.agencies])
    axes.set_yticks(range(len(shown)), [plain(name) for name in names])
    axes.tick_params(length=0, labelsize=9, top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, cax=figure.add_axes((1 - 0.9 / width, bottom, 0.16 / width, tall)))
    bar.set_label("hours", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    rest = f", the {len(shown)} likeliest of {len(view.states)} states" if len(shown) < len(view.states) else ""
    add_heading(figure, f"{view.instance}: restoration times{rest}", facts_of(view))
    figure.text(0.03, 1 - 0.95 / height, "framed: whom the policy sends", fontsize=9.5, color=FRAME)
    return figure
