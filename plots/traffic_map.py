"""Traffic after an earthquake on a map: links by their time over that when all is intact, bridges restored or not, the latest pair.

Every mark carries what it shows in its ``gid``: ``slower A``, ``as before A``, ``faster A``, ``closed A`` of links; ``restored E``,
``slowed E``, ``closed E``, ``sound E`` of elements; ``way``, ``from``, ``to`` of the latest pair.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..instances.traffic_roads import CLOSED, INTACT, SLOWED
from ..models.retrofit_equilibrium import EquilibriumTimes
from ..scenario_gen.traffic import Assignment
from ..scenario_gen.traffic.shortest_paths import RoadGraph
from . import output
from .colours import SERIES, heat
from .labels import Array, Label, place_labels
from .map_frame import COLUMN, add_legend, add_title, crowd, map_figure, right_of
from .retrofit_view import Place, places_of

SAME = 1.05
"""Times that change by less than this factor are as before."""

LINKS: dict[str, dict[str, Any]] = {
    "as before": {"color": "#b9b9b9", "linewidth": 1.4, "zorder": 1},
    "faster": {"color": SERIES[2], "linewidth": 2.0, "zorder": 1.5},
    "slower": {"color": "#b5367a", "linewidth": 2.8, "zorder": 2},
    "closed": {"color": SERIES[0], "linewidth": 1.5, "linestyle": (0, (2, 1.6)), "zorder": 1.7},
}
ELEMENTS: dict[str, dict[str, Any]] = {
    "sound": {"marker": "o", "markersize": 3.6, "mfc": "#8a8a8a", "mec": "white", "mew": 0.6, "zorder": 4},
    "restored": {"marker": "s", "markersize": 7.0, "mfc": SERIES[2], "mec": "white", "mew": 0.8, "zorder": 6},
    "slowed": {"marker": "o", "markersize": 6.6, "mfc": "white", "mec": "#e68a00", "mew": 1.8, "zorder": 5},
    "closed": {"marker": "X", "markersize": 8.5, "mfc": SERIES[0], "mec": "white", "mew": 0.8, "zorder": 5},
}
WORDS = {
    "as before": "link as before (within 5 %)",
    "faster": "link faster than before",
    "slower": "link slower, see below",
    "closed": "link closed",
}
WAY = "#56b4e9"


def draw_traffic(times: EquilibriumTimes, k: int, restored: frozenset[str], target: str | Path, *, title: str) -> None:
    """Draw the equilibrium of scenario ``k`` with these elements restored into the file ``target``, which is written whole or not at all.

    Raises
    ------
    InputError
        An element that is not damaged in the scenario; unknown file ending, missing folder or matplotlib.
    """
    path = output.check_target(target)
    output.require_matplotlib()
    output.save(traffic_figure(times, k, restored, title), path)


def traffic_figure(times: EquilibriumTimes, k: int, restored: frozenset[str], title: str) -> Any:
    """Return the figure of :func:`draw_traffic`."""
    source, inst = times.source, times.source.instance
    if unknown := sorted(restored - frozenset(times.damaged(k))):
        raise InputError(f"element {unknown[0]!r} is not damaged in scenario scen{k}: expected some of {', '.join(times.damaged(k))}")
    left = np.where([e.name in restored for e in inst.elements], np.int8(INTACT), source.states[k])
    found, intact = times.equilibrium(left), times.equilibrium(np.zeros_like(left))
    taken = times.times(k, restored)
    pair = int(np.argmax(taken / times.limits))
    places, elements = places_of(inst)
    figure, axes = map_figure(np.array([*places.values(), *elements.values()]), finest=1e-6)
    bar, drawn = _links(axes, times, found, found.time / intact.time, places)
    kinds = {e.name: _kind(int(s), e.name in restored) for e, s in zip(inst.elements, left, strict=True)}
    for name, xy in elements.items():
        axes.plot([xy[0]], [xy[1]], linestyle="none", gid=f"{kinds[name]} {name}", scalex=False, scaley=False, **ELEMENTS[kinds[name]])
    handles = [_key(LINKS[s], f"{WORDS[s]} ({n})") for s, n in drawn.items() if n]
    handles += [_key({"linestyle": "none", **ELEMENTS[s]}, f"bridge {s} ({n})") for s in ELEMENTS if (n := list(kinds.values()).count(s))]
    handles += _latest(axes, times, found, pair, places)
    _name(axes, inst.pairs[pair].origin, inst.pairs[pair].destination, places, {e: elements[e] for e in kinds if kinds[e] != "sound"})
    time = f"{taken[pair]:.4g} where {times.limits[pair]:.4g} is allowed" if np.isfinite(taken[pair]) else "no way is left"
    add_title(figure, title, [f"latest: {inst.pairs[pair].name}, {time}", f"{inst.name}, {source.scenario(k).label} (scen{k})"])
    bottom = add_legend(figure, handles)
    if bar is not None:
        scale = figure.colorbar(bar, cax=figure.add_axes((COLUMN, bottom - 0.06, 0.22, 0.016)), orientation="horizontal")
        scale.set_label("time / time when all is intact", fontsize=8.5)
        ticks = output.round_ticks(bar.norm.vmin, bar.norm.vmax)
        scale.set_ticks(ticks, labels=[f"{t:g}" for t in ticks])
        scale.ax.minorticks_off()
        scale.ax.tick_params(labelsize=8)
    return figure


def _kind(state: int, restored: bool) -> str:
    return "restored" if restored else {INTACT: "sound", SLOWED: "slowed", CLOSED: "closed"}[state]


def _key(style: dict[str, Any], label: str) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], label=output.plain(label), **style)


def _links(axes: Any, times: EquilibriumTimes, found: Assignment, ratio: Array, places: dict[str, Place]) -> tuple[Any, dict[str, int]]:
    """Draw the links; return what shades the slower ones, if any, and how many there are by kind."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm

    closed = found.network.closed
    kinds = np.where(closed, "closed", np.where(ratio > SAME, "slower", np.where(ratio < 1 / SAME, "faster", "as before")))
    slower = kinds == "slower"
    bar = ScalarMappable(LogNorm(1.0, max(float(ratio[slower].max()), 1.5)), heat()) if slower.any() else None
    for link, kind, value in zip(times.source.instance.links, kinds.tolist(), ratio.tolist(), strict=True):
        ends = np.array([places[end] for end in link.ends or ()])
        style = LINKS[kind] | ({"color": bar.to_rgba(value)} if kind == "slower" and bar is not None else {})
        axes.plot(*ends.T, transform=right_of(axes, ends, 1.9), gid=f"{kind} {link.name}", scalex=False, scaley=False, **style)
    return bar, {kind: int((kinds == kind).sum()) for kind in LINKS}


def _latest(axes: Any, times: EquilibriumTimes, found: Assignment, pair: int, places: dict[str, Place]) -> list[Any]:
    """Draw the fastest way of a pair, and its ends; return entries of the legend."""
    inst = times.source.instance
    ends = inst.pairs[pair].origin, inst.pairs[pair].destination
    number = {p.name: i for i, p in enumerate(inst.places)}
    graph = RoadGraph(found.network)
    origin, target = (np.array([number[str(end)]]) for end in ends)
    trees = graph.trees(found.cost, origin)
    style: dict[str, Any] = {
        "color": WAY,
        "alpha": 0.45,
        "linewidth": 9,
        "solid_capstyle": "butt",
        "solid_joinstyle": "round",
        "zorder": 0.8,
    }
    handles = []
    if np.isfinite(trees.distance[0, graph.as_target(target)[0]]):
        way = [int(link[0]) for _, link in trees.steps(np.zeros(1, dtype=np.int64), graph.as_target(target))]
        nodes = [str(ends[0]), *(inst.places[found.network.head[link]].name for link in reversed(way))]
        axes.plot(*np.array([places[n] for n in nodes]).T, gid="way", scalex=False, scaley=False, **style)
        handles = [_key(style, "fastest way of the latest pair")]
    for end, what, face in ((ends[0], "from", "white"), (ends[1], "to", WAY)):
        dot: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": 12, "mfc": face, "mec": "#222222", "mew": 1.4, "zorder": 3}
        axes.plot(*[[v] for v in places[str(end)]], gid=what, scalex=False, scaley=False, **dot)
        handles.append(_key(dot, f"{what} {end}"))
    return handles


def _name(axes: Any, origin: str | None, destination: str | None, places: dict[str, Place], elements: dict[str, Place]) -> None:
    """Write the names of the pair's ends and of damaged elements."""
    told = {str(origin): (places[str(origin)], 6.0), str(destination): (places[str(destination)], 6.0)}
    told |= {e: (xy, 4.0) for e, xy in elements.items()}
    labels = [Label(text=output.plain(name), x=xy[0], y=xy[1], radius=radius, color="#222222") for name, (xy, radius) in told.items()]
    place_labels(axes, labels, crowd(axes, [], [(xy, radius, 10.0) for xy, radius in told.values()]), size=8)
