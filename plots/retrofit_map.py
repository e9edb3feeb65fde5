"""A retrofit plan on a map: links that one scenario slows or closes, elements retrofitted before, repaired after, damaged and left.

Every mark carries what it shows in its ``gid``: ``link A``, ``slowed A``, ``closed A``, ``restored A``; ``sound E``, ``left E``,
``repaired E``, ``retrofitted E``; ``places``. A one-way link is drawn a little to the right of its direction.
"""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np

from .labels import Label, place_labels
from .map_frame import MAP, add_legend, add_title, crowd, map_figure, right_of
from .output import amount, percent, plain
from .retrofit_lists import add_lists
from .retrofit_view import Place, RetrofitView, places_of

LINKS: dict[str, dict[str, Any]] = {
    "link": {"color": "#b9b9b9", "linewidth": 0.9, "zorder": 1},
    "restored": {"color": "#2a8f4d", "linewidth": 2.2, "zorder": 2},
    "slowed": {"color": "#ee8f1a", "linewidth": 2.2, "zorder": 2.2},
    "closed": {"color": "#c1121f", "linewidth": 1.8, "linestyle": (0, (3, 1.6)), "zorder": 2.4},
}
"""How links look, by state."""

ELEMENTS: dict[str, dict[str, Any]] = {
    "sound": {"marker": "o", "markersize": 4.2, "mfc": "#8a8a8a", "mec": "white", "zorder": 4},
    "left": {"marker": "o", "markersize": 6.6, "mfc": "white", "mec": "#c1121f", "mew": 1.6, "zorder": 5},
    "repaired": {"marker": "o", "markersize": 7.8, "mfc": "#ee8f1a", "mec": "white", "mew": 0.8, "zorder": 6},
    "retrofitted": {"marker": "s", "markersize": 7.4, "mfc": "#6a0f1c", "mec": "white", "mew": 0.8, "zorder": 7},
}
"""How elements look, by state."""

WORDS = {
    "link": "link as before",
    "restored": "link restored: retrofitted or repaired",
    "slowed": "link slowed",
    "closed": "link closed",
    "sound": "other element",
    "left": "element damaged and left",
    "repaired": "element repaired in this scenario",
    "retrofitted": "element retrofitted before",
}

MANY, CROWDED = 40, 150
"""Names written on the map at most; elements above which all is drawn smaller."""


def retrofit_figure(view: RetrofitView) -> Any:
    """Return the figure of a plan."""
    places, elements = places_of(view.instance)
    figure, axes = map_figure(np.array([*places.values(), *elements.values()]), finest=1e-6)
    small = 1.0 if len(elements) <= CROWDED else 0.6
    drawn = _add_links(axes, view, places, small)
    dots: dict[str, Any] = {"linestyle": "none", "marker": ".", "color": "#777777", "markersize": 3 * small, "zorder": 3, "gid": "places"}
    axes.plot(*np.array([*places.values()]).T, scalex=False, scaley=False, **dots)
    for e, (x, y) in elements.items():
        state = _state(view, e)
        style = ELEMENTS[state] | {"markersize": small * ELEMENTS[state]["markersize"]}
        axes.plot([x], [y], linestyle="none", gid=f"{state} {e}", scalex=False, scaley=False, **style)
    _name(axes, view, places, elements, small)
    _title(figure, view)
    bottom = add_legend(figure, _legend(view, elements, drawn))
    add_lists(figure, view, bottom - 0.045)
    return figure


def _state(view: RetrofitView, element: str) -> str:
    return next((s for s in ("retrofitted", "repaired", "left") if element in getattr(view, s)), "sound")


def _add_links(axes: Any, view: RetrofitView, place: dict[str, Place], small: float) -> dict[str, int]:
    """Draw the links that have ends; return how many there are by state."""
    drawn = dict.fromkeys(LINKS, 0)
    for link in view.instance.links:
        if link.ends is None:
            continue
        state = next((s for s in ("restored", "slowed", "closed") if link.name in getattr(view, s)), "link")
        drawn[state] += 1
        ends = np.array([place[end] for end in link.ends])
        transform = right_of(axes, ends, 1.3 * small) if link.one_way else axes.transData
        style = LINKS[state] | {"linewidth": small * LINKS[state]["linewidth"], "gid": f"{state} {link.name}"}
        axes.plot(*ends.T, transform=transform, solid_capstyle="butt", scalex=False, scaley=False, **style)
    return drawn


def _name(axes: Any, view: RetrofitView, places: dict[str, Place], elements: dict[str, Place], small: float) -> None:
    """Name the elements that are more than a grey dot, unless there are too many; those damaged and left go first."""
    told = [e for e in elements if _state(view, e) != "sound"]
    if len(told) > MANY:
        told = [e for e in told if e not in view.left]
    if len(told) > MANY:
        return
    sizes = {e: small * ELEMENTS[_state(view, e)]["markersize"] / 2 for e in elements}
    damaged = view.slowed | view.closed | view.restored
    lines = [[places[end] for end in link.ends] for link in view.instance.links if link.name in damaged and link.ends]
    along = [((1 - t) * a[0] + t * b[0], (1 - t) * a[1] + t * b[1]) for a, b in lines for t in np.linspace(0.03, 0.97, 15).tolist()]
    discs = [(xy, sizes[e], 10.0 if e in told else 4.0) for e, xy in elements.items()]
    labels = [Label(text=plain(e), x=elements[e][0], y=elements[e][1], radius=sizes[e], color="#222222") for e in told]
    place_labels(axes, labels, crowd(axes, [], [*discs, *((xy, 1.0, 0.6) for xy in along)]), size=7.5)


def _title(figure: Any, view: RetrofitView) -> None:
    name, label, money = textwrap.shorten(view.instance.name, 45), textwrap.shorten(view.scenario, 60), view.instance.units.money
    gap = "no bound" if view.gap is None else f"gap {percent(view.gap)}"
    facts = (
        f"{_count(view.retrofitted, 'retrofit')} for {amount(view.retrofit_cost)} {money}",
        f"expected repair cost {amount(view.expected_repair_cost)} {money}, ratio {view.ratio:g}",
        f"{view.form} ({gap}; {view.method})",
    )
    here = f"{_count(view.repaired, 'repair')} for {amount(view.repair_cost)} {money}" if view.repaired else "nothing is repaired"
    add_title(figure, f"{name}: retrofits, and repairs in scenario “{label}” ({view.scenario_name})", facts)
    figure.text(MAP[0], 0.8825, plain(f"in this scenario {here} (probability {view.probability:.4g})"), fontsize=9.5, color="#444444")


def _count(names: frozenset[str], what: str) -> str:
    return f"{len(names) or 'no'} {what}{'' if len(names) == 1 else 's'}"


def _legend(view: RetrofitView, elements: dict[str, Place], drawn: dict[str, int]) -> list[Any]:
    from matplotlib.lines import Line2D

    states = [_state(view, e) for e in elements]
    out = [
        Line2D([], [], linestyle="none", label=f"{WORDS[s]} ({states.count(s)})", **ELEMENTS[s]) for s in reversed(ELEMENTS) if s in states
    ]
    out += [Line2D([], [], label=f"{WORDS[s]} ({n})", **LINKS[s]) for s, n in drawn.items() if n]
    lost = len(view.instance.elements) - len(elements)
    return [*out, Line2D([], [], linestyle="none", label=f"not on the map: {lost} without coordinates")] if lost else out
