"""The states of a responder policy as a graph in layers: stable, what an event leaves, what the agency that is sent finds.

Every mark carries what it shows in its ``gid``: ``stable``, ``decision I``, ``natural N``; ``event I`` and ``domino I > N`` for edges.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import networkx as nx
import numpy as np

from .colours import SERIES
from .output import amount, new_figure, percent, plain
from .responder_view import ResponderView

MOST = 16
"""Decision states drawn, those that events most often lead to."""

LEAST = 0.005
"""Probability of a domino from which on it is drawn, in states drawn."""

LONGEST = 24
"""Letters of a state's name that are written."""

EVENT, NATURAL = "#9a9a9a", "#f1f1f1"
WIDEST = 16.0
"""Width of an edge of probability 1, in points."""

LAYERS = ("an event leads to", "agency sent, hours to restore", "what it finds; then all is stable again")


def graph_figure(view: ResponderView) -> Any:
    """Return the figure of a policy."""
    graph = state_graph(view)
    place = _layout(graph)
    tallest = max(sum(layer == k for _, layer in graph.nodes(data="layer")) for k in (1, 2))
    figure = new_figure(10.5, min(10.0, 2.6 + 0.44 * tallest))
    height = figure.get_figheight()
    axes = figure.add_axes((0.03, 0.5 / height, 0.94, 1 - 1.55 / height))
    axes.set_axis_off()
    for a, b, edge in graph.edges(data=True):
        width = max(0.4, WIDEST * edge["probability"])
        style = {"color": edge["colour"], "linewidth": width, "alpha": 0.55, "solid_capstyle": "butt", "zorder": 1}
        axes.plot(*_curve(place[a], place[b]), gid=edge["gid"], **style)
    for node, (x, y) in place.items():
        facts = graph.nodes[node]
        ink = "white" if facts["layer"] == 1 else "#222222"
        box = {"boxstyle": "round,pad=0.35", "facecolor": facts["colour"], "edgecolor": "#666666", "linewidth": 0.8}
        text = axes.text(x, y, plain(facts["text"]), ha="center", va="center", fontsize=8.5, color=ink, bbox=box, zorder=3)
        text.set_gid(node)
    for x, words in zip((0.0, 1.0, 2.0), LAYERS, strict=True):
        axes.text(x, 1.07, words, ha="center", va="bottom", fontsize=9, color="#444444")
    axes.set_xlim(-0.25, 2.3)
    axes.set_ylim(-1.07, 1.07)
    _legend(figure, view)
    drawn = sum(layer == 1 for _, layer in graph.nodes(data="layer"))
    rest = f", the {drawn} likeliest of {len(view.states)} states" if drawn < len(view.states) else ""
    add_heading(figure, f"{view.instance}: whom to send{rest}", facts_of(view))
    return figure


def state_graph(view: ResponderView) -> nx.DiGraph:
    """Return the graph: nodes with ``layer``, ``text`` and ``colour``, edges with ``probability``, ``colour`` and ``gid``."""
    graph = nx.DiGraph()
    graph.add_node("stable", layer=0, text="stable", colour="white")
    shown = sorted(np.argsort(-view.start, kind="stable")[:MOST].tolist())
    for i in shown:
        name, a = view.states[i], view.sent[i]
        node = f"decision {name}"
        text = f"{short(name)}: {view.agencies[a]}, {amount(view.time[i, a])} h"
        graph.add_node(node, layer=1, text=text, colour=_colour(a))
        graph.add_edge("stable", node, probability=float(view.start[i]), colour=EVENT, gid=f"event {name}")
        for n in np.flatnonzero(view.reached[i] >= LEAST).tolist():
            found, own = f"natural {view.natural[n]}", float(view.reached[i, n])
            graph.add_node(found, layer=2, text=short(view.natural[n]), colour=NATURAL)
            graph.add_edge(node, found, probability=own, colour=_colour(a), gid=f"domino {name} > {view.natural[n]}")
    return graph


def add_heading(figure: Any, title: str, facts: Sequence[str]) -> None:
    """Write the title and facts below it, at distances from the top that do not depend on the figure's height."""
    height = figure.get_figheight()
    figure.text(0.03, 1 - 0.4 / height, plain(title), fontsize=13, weight="bold")
    figure.text(0.03, 1 - 0.68 / height, plain("   ·   ".join(facts)), fontsize=9.5, color="#444444")


def short(state: str) -> str:
    """Return a state's name, cut where it is long."""
    return state if len(state) <= LONGEST else f"{state[: LONGEST - 2]} …"


def facts_of(view: ResponderView) -> list[str]:
    """Return what is told under the title."""
    several = f"means of {view.num_scenarios:,} scenarios" if view.num_scenarios > 1 else "the only scenario"
    numbers = several if view.scenario is None else f"scenario “{view.scenario}”"
    gap = "no bound" if view.gap is None else f"gap {percent(view.gap)}"
    return [f"hazard an hour {amount(view.rate)}, a mean event {amount(view.hours)} h ({numbers})", f"{view.method} ({gap})"]


def _layout(graph: nx.DiGraph) -> dict[str, tuple[float, float]]:
    """Return x = 0, 1, 2 by layer and y in [-1, 1], downwards in the instance's order; natural states by where their edges come from."""
    place: dict[str, tuple[float, float]] = {}
    for k in range(3):
        nodes = [n for n, layer in graph.nodes(data="layer") if layer == k]
        if k == 2:
            nodes.sort(key=lambda n: -_height(graph, n, place))
        for n, y in zip(nodes, np.linspace(1, -1, len(nodes)) if k else [0.0], strict=True):
            place[n] = (float(k), float(y) if len(nodes) > 1 else 0.0)
    return place


def _height(graph: nx.DiGraph, node: str, place: dict[str, tuple[float, float]]) -> float:
    weights = {a: graph.edges[a, node]["probability"] for a in graph.predecessors(node)}
    return float(sum(w * place[a][1] for a, w in weights.items()) / sum(weights.values()))


def _curve(a: tuple[float, float], b: tuple[float, float]) -> tuple[Any, Any]:
    """Return a line from a to b that leaves and arrives level."""
    t = np.linspace(0.0, 1.0, 40)
    return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * (3 * t**2 - 2 * t**3)


def _colour(agency: int) -> str:
    return SERIES[agency % len(SERIES)]


def _legend(figure: Any, view: ResponderView) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [Patch(color=_colour(a), label=plain(f"{name} is sent")) for a, name in enumerate(view.agencies) if a in view.sent]
    handles += [Line2D([], [], color=EVENT, linewidth=WIDEST * p, label=f"probability {p:g}") for p in (0.1, 0.5)]
    figure.legend(handles=handles, loc="lower center", ncols=len(handles), fontsize=8.5, frameon=False)
