"""What the pictures of routes show, as plain data: tours with their times, windows, places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..decomposition.program import from_provenance
from ..decomposition.routing import Tour, routes_of, timetable
from ..instances.routing import Routing
from ..instances.routing_arrays import plane_places, windows
from ..instances.routing_source import RoutingSource
from ..instances.scenario_labels import find_label
from ..result import Result
from .colours import ROUTE_DASHES, ROUTES
from .labels import Array
from .output import amount, percent


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RouteView:
    """Tours with means over a source's scenarios, or with the numbers of one of them (``scenario``).

    ``places`` (n+1, 2) are undefined where there are no coordinates; ``earliest`` and ``latest`` (n+1,) infinite where a window has no such
    side, and in all sites if windows do not matter.
    """

    instance: Routing
    method: str
    gap: float | None
    scenario: str | None
    num_scenarios: int
    tours: tuple[Tour, ...]
    places: Array
    earliest: Array
    latest: Array

    @property
    def nodes(self) -> tuple[str, ...]:
        """Names of depot and sites."""
        return self.instance.nodes

    @property
    def hours(self) -> str:
        """The unit of time behind a number, with a space; empty where there is none."""
        return f" {self.instance.units.time}" if self.instance.units.time else ""


def route_view(result: Result, scenario: str | None = None) -> RouteView:
    """Rebuild what ``result`` was computed on and return what the pictures show.

    Raises
    ------
    InputError
        Unknown scenario, arcs that are no routes, or an instance that is no longer the one solved.
    """
    source: RoutingSource = from_provenance(result.provenance).kwargs["source"]
    instance, count = source.instance, source.num_scenarios
    label, k = None, None
    if scenario is not None:
        labels = source.block(0, count).labels
        k = find_label(labels, scenario)
        label = labels[k]
    earliest, latest, early, late = windows(instance)
    return RouteView(
        instance=instance,
        method=f"{result.method}, {result.solver}",
        gap=result.gap,
        scenario=label,
        num_scenarios=count,
        tours=timetable(source, routes_of(instance, result.first_stage), k),
        places=plane_places(instance),
        earliest=np.where(early > 0, earliest, -np.inf),
        latest=np.where(late > 0, latest, np.inf),
    )


def facts_of(view: RouteView) -> list[str]:
    """Return what is told under the title."""
    travel, penalty = sum(t.travel for t in view.tours), sum(t.penalty for t in view.tours)
    several = f"means of {view.num_scenarios:,} scenarios" if view.num_scenarios > 1 else ""
    numbers = several if view.scenario is None else f"scenario “{view.scenario}”"
    gap = "no bound" if view.gap is None else f"gap {percent(view.gap)}"
    total = f"travel {amount(travel)} + penalties {amount(penalty)} = {amount(travel + penalty)}{view.hours}"
    left = [] if view.instance.left_penalty is None else ["without what casualties left behind cost"]
    return [f"{total} ({numbers})" if numbers else total, *left, f"{view.method} ({gap})"]


def title_of(view: RouteView) -> str:
    """Return the title."""
    fleet = f"{len(view.tours)} of {view.instance.vehicles.count} vehicles"
    back = ", back at the depot after each site" if view.instance.shuttle else ""
    return f"{view.instance.name}: {fleet}, {len(view.nodes) - 1} sites{back}"


def window_text(view: RouteView, node: int) -> str:
    """Return a window as ``0.1-0.35``, ``by 0.12`` or ``from 0.1``; empty where there is none."""
    low, high = float(view.earliest[node]), float(view.latest[node])
    if np.isinf(high):
        return "" if np.isinf(low) else f"from {amount(low)}"
    return f"by {amount(high)}" if np.isinf(low) else f"{amount(low)}–{amount(high)}"


def style_of(vehicle: int) -> tuple[str, tuple[float, ...]]:
    """Return colour and dashes of a vehicle's route, counted from 0: colours return with other dashes."""
    return ROUTES[vehicle % len(ROUTES)], ROUTE_DASHES[vehicle // len(ROUTES) % len(ROUTE_DASHES)]
