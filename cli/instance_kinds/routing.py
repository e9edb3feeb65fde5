"""Routing: the depot and its vehicles, sites with casualties and windows, roads under damage."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from ...instances import Routing
from ...instances.routing_arrays import intact_times
from ...instances.routing_parts import Depot, Site
from .kind import Kind, table


def _facts(inst: Routing) -> Iterator[tuple[str, str]]:
    time, total = inst.units.time, sum(s.casualties for s in inst.sites)
    yield "units", f"time {time or 'as in the source'}, distance {inst.units.distance or 'as in the source'}"
    yield "times", _times(inst)
    fleet = inst.vehicles
    each = "any number of casualties" if fleet.capacity is None else f"{fleet.capacity:g} casualties"
    yield "vehicles", f"{fleet.count}, each for {each}" + (", back at the depot after each site" if inst.shuttle else "")
    most = "any number" if inst.treatment_capacity is None else f"{inst.treatment_capacity:g}"
    yield "casualties", f"{total:,g}; the depot can treat {most}"
    yield "depot", f"{inst.depot.name}, open {_window(inst.depot)}"
    if inst.windows == "hard":
        yield "windows", "hard"
    else:
        step = "a step" if inst.penalty == "step" else "a unit of time"
        weighed = ", times the priority's weight" if inst.priorities else ""
        yield "windows", f"soft: {inst.beta * inst.early_weight:g} for {step} early, {inst.beta * inst.late_weight:g} late{weighed}"
    if inst.priorities:
        yield "priorities", ", ".join(f"{p.name} with weight {p.weight:g}" for p in inst.priorities)
    known = inst.uncertainty
    if known is not None:
        force = "" if known.magnitude is None else f" of M {known.magnitude:g}"
        roads = "intact" if known.region is None else f"under earthquakes{force} of {known.region}"
        yield "drawn", f"roads {roads}; casualties with sigma {known.casualty_sigma:g} of the log"


def _times(inst: Routing) -> str:
    if inst.metric == "explicit":
        return "a matrix, the same both ways" if inst.symmetric else "a matrix"
    cut = "" if inst.decimals is None else f", cut off after decimal {inst.decimals}"
    return f"distances by {inst.metric}{cut}, at speed {inst.speed:g}"


def _window(place: Depot | Site) -> str:
    if place.earliest is None and place.latest is None:
        return "any time"
    first, last = ("" if t is None else f"{t:g}" for t in (place.earliest, place.latest))
    return f"from {first}" if not last else f"by {last}" if not first else f"{first} to {last}"


def _tables(inst: Routing) -> Iterator[Table]:
    unit = f" [{inst.units.time}]" if inst.units.time else ""
    headings = ("site", "casualties", f"window{unit}", f"service{unit}", f"from depot{unit}", "priority")
    sites = table("sites", *headings, left=["priority"])
    for s, direct in zip(inst.sites, intact_times(inst)[0, 1:].tolist(), strict=True):
        sites.add_row(s.name, f"{s.casualties:g}", _window(s), f"{s.service_time:g}", f"{direct:,.4g}", s.priority or "-")
    yield sites
    if inst.scenarios:
        scenarios = table("scenarios", "scenario", "probability", "slower roads", "closed roads", "casualties")
        for r in inst.scenarios:
            closed = sum(road.factor is None for road in r.roads)
            count = sum(r.casualties.get(s.name, s.casualties) for s in inst.sites)
            scenarios.add_row(r.name, f"{r.probability:.5g}", str(len(r.roads) - closed), str(closed), f"{count:,g}")
        yield scenarios


ROUTING: Kind[Routing] = Kind(
    sizes={"sites": "sites"},
    facts=_facts,
    tables=_tables,
)
