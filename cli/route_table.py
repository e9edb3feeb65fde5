"""The routes of a routing plan as text."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from ..decomposition.program import from_provenance
from ..decomposition.routing import Stop, Tour, routes_of, timetable
from ..instances.routing import Routing
from ..instances.routing_source import RoutingSource
from ..result import Result

NOTHING = 1e-9

WIDTH = 58
"""Characters of a line of a route."""


def show_routes(out: Console, result: Result) -> None:
    """Print a row a vehicle: its route, casualties, travel and penalties; of one scenario with the start of each service."""
    source: RoutingSource = from_provenance(result.provenance).kwargs["source"]
    instance = source.instance
    tours = timetable(source, routes_of(instance, result.first_stage))
    one = source.num_scenarios == 1
    decimals = _decimals(max(abs(stop.start) for tour in tours for stop in tour.stops))
    unit = f" [{instance.units.time}]" if instance.units.time else ""
    what = f"start of service, or return{unit}, in brackets" if one else f"travel and penalty{unit} are means over scenarios"
    out.print(f"\nplan: {len(tours)} of {instance.vehicles.count} vehicles; {what}")
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="")
    table.add_column("vehicle", justify="right")
    table.add_column("route", no_wrap=True)
    for heading in ("casualties", "travel", "penalty"):
        table.add_column(heading, justify="right")
    for v, tour in enumerate(tours, start=1):
        stops = _stops(instance, tour, decimals if one else None)
        costs = (_number(x, decimals) for x in (tour.travel, tour.penalty))
        table.add_row(str(v), _wrapped(list(stops)), f"{tour.casualties:,.5g}", *costs)
    out.print(table)
    if instance.left_penalty is not None:
        out.print("casualties who may be left behind are counted as collected, and what leaving them costs is not shown")


def _decimals(largest: float) -> int:
    """Return the decimals with which the largest number has four digits."""
    return max(0, 3 - math.floor(math.log10(largest))) if largest > NOTHING else 0


def _number(value: float, decimals: int) -> str:
    """Return a number with these decimals, or two digits where it would seem to be 0; a dash for nothing."""
    if abs(value) <= NOTHING:
        return "-"
    return f"{value:,.{decimals}f}" if round(value, decimals) else f"{value:.2g}"


def _stops(instance: Routing, tour: Tour, decimals: int | None) -> Iterator[str]:
    """Yield what a vehicle passes, with starts of service if they are to have ``decimals``."""
    depot = instance.depot.name
    yield depot
    for k, stop in enumerate(tour.stops):
        yield f"{instance.nodes[stop.node]}{'' if decimals is None else _told(stop, decimals)}"
        if instance.shuttle and k < len(tour.stops) - 2:
            yield depot


def _told(stop: Stop, decimals: int) -> str:
    outside = ""
    if abs(stop.penalty) > NOTHING:
        words = (("early", stop.earliness), ("late", stop.lateness))
        outside = "".join(f", {word} {_number(by, decimals)}" for word, by in words if by > NOTHING)
    return f" ({stop.start:,.{decimals}f}{outside})"


def _wrapped(stops: list[str]) -> str:
    """Join stops to lines that break between them."""
    first, *rest = (stop.replace(" ", "\0") for stop in stops)
    text = " ".join([first, *(f">\0{stop}" for stop in rest)])
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False).replace("\0", " ")
