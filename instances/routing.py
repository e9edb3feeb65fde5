"""The file format of a routing instance: a depot with vehicles, sites with casualties and time windows, roads that may be damaged.

Distances come from coordinates (:mod:`.metrics`), or times from a matrix. Scenarios are sparse: a road that is not mentioned is intact.
:mod:`.routing_arrays` and :mod:`.routing_source` turn an instance and its scenarios into arrays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from .fields import BestKnown, Name, NonNegative, Origin, Positive, Record, Source, check_sum, known, unique
from .metrics import MetricOrExplicit
from .routing_parts import Depot, Fleet, Priority, RoutingRecord, RoutingUncertainty, RoutingUnits, Site


class Routing(Record):
    """An instance of casualty rescue routing; node 0 is the depot, nodes 1 to n are the sites.

    ``metric`` tells how distances come from ``x`` and ``y``; times are distances over ``speed``. ``decimals``: distances are cut off after
    so many decimals. With metric ``explicit``, ``travel_times`` (n+1, n+1) are times, ``None`` where no road is, the same both ways
    if ``symmetric``. ``beta`` multiplies every penalty, ``early_weight`` and ``late_weight`` those of one side of a window; penalties are
    infinite where ``windows`` are ``hard``, and else proportional to the time outside the window, or a ``step``. ``shuttle``: a vehicle
    returns to the depot after each site. ``treatment_capacity``: casualties that the depot can treat; ``None``: any number.
    ``left_penalty``: cost of a casualty left behind, times its priority's weight; ``None``: none may be.
    """

    format: Literal["quakeops/routing/1"]
    name: Name
    title: str
    source: Source
    provenance: dict[str, Origin]
    units: RoutingUnits = RoutingUnits()
    depot: Depot
    sites: Annotated[list[Site], Field(min_length=1)]
    metric: MetricOrExplicit = "euclidean"
    decimals: Annotated[int, Field(ge=0, le=12)] | None = None
    speed: Positive = 1.0
    travel_times: list[list[float | None]] | None = None
    symmetric: bool = True
    vehicles: Fleet
    treatment_capacity: NonNegative | None = None
    left_penalty: NonNegative | None = None
    priorities: list[Priority] = []
    cost: Literal["time"] = "time"
    beta: NonNegative = 1.0
    early_weight: NonNegative = 1.0
    late_weight: NonNegative = 1.0
    windows: Literal["soft", "hard"] = "soft"
    penalty: Literal["proportional", "step"] = "proportional"
    shuttle: bool = False
    uncertainty: RoutingUncertainty | None = None
    scenarios: list[RoutingRecord] = []
    best_known: BestKnown | None = None

    record: ClassVar[type[RoutingRecord]] = RoutingRecord

    @property
    def nodes(self) -> tuple[str, ...]:
        """Names of depot and sites (n+1,)."""
        return tuple(p.name for p in self.places)

    @property
    def places(self) -> tuple[Depot | Site, ...]:
        """Depot and sites (n+1,)."""
        return (self.depot, *self.sites)

    @property
    def capacity(self) -> float:
        """Capacity of a vehicle, infinite where it has none."""
        return math.inf if self.vehicles.capacity is None else self.vehicles.capacity

    @model_validator(mode="after")
    def _consistent(self) -> Routing:
        unique("sites", (s.name for s in self.sites))
        priorities = unique("priorities", (p.name for p in self.priorities))
        _window("depot", self.depot)
        for i, site in enumerate(self.sites):
            if site.name == self.depot.name:
                raise ValueError(f"sites[{i}].name: {site.name!r} is the depot's name, expected another")
            _window(f"sites[{i}]", site)
            if site.priority is not None:
                known(f"sites[{i}].priority", site.priority, priorities, "priority")
            self._fits(f"sites[{i}].casualties: site {site.name!r}", site.casualties)
        total = math.fsum(s.casualties for s in self.sites)
        if self.treatment_capacity is not None and total > self.treatment_capacity and self.left_penalty is None:
            most = f"{self.treatment_capacity:g}"
            raise ValueError(
                f"treatment_capacity: depot {self.depot.name!r} can treat {most}, but all sites together have {total:g} casualties"
            )
        if self.metric == "explicit":
            self._check_times()
        elif self.travel_times is not None:
            raise ValueError(f"travel_times: given, but metric is {self.metric!r}, expected 'explicit'")
        else:
            for i, place in enumerate(self.places):
                where = f"sites[{i - 1}]" if i else "depot"
                if place.x is None or place.y is None:
                    raise ValueError(f"{where}: {place.name!r} has no x and y, from which metric {self.metric!r} takes distances")
        self.check_records(self.scenarios)
        return self

    def check_records(self, records: Sequence[RoutingRecord]) -> None:
        """Check names, casualties and probabilities of scenarios; raises ``ValueError`` naming the field."""
        nodes, sites = set(self.nodes), {s.name for s in self.sites}
        unique("scenarios", (r.name for r in records))
        for n, record in enumerate(records):
            ways: set[tuple[str, str]] = set()
            for m, road in enumerate(record.roads):
                where, (a, b) = f"scenarios[{n}].roads[{m}]", road.ends
                for end in road.ends:
                    known(f"{where}.ends", end, nodes, "place")
                if a == b:
                    raise ValueError(f"{where}.ends: {a!r} twice, expected two places")
                new = {(a, b)} if road.one_way else {(a, b), (b, a)}
                if ways & new:
                    raise ValueError(f"{where}: the road between {a!r} and {b!r} appears twice")
                ways |= new
            for name, casualties in record.casualties.items():
                known(f"scenarios[{n}].casualties", name, sites, "site")
                self._fits(f"scenarios[{n}].casualties: scenario {record.name!r}, site {name!r}", casualties)
        check_sum([r.probability for r in records])

    def _fits(self, where: str, casualties: float) -> None:
        if casualties > self.capacity and self.left_penalty is None:
            raise ValueError(f"{where}: {casualties:g} casualties, more than the capacity {self.capacity:g} of every vehicle")

    def _check_times(self) -> None:
        nodes = self.nodes
        if self.travel_times is None:
            raise ValueError("travel_times: missing, and metric is 'explicit'")
        if len(self.travel_times) != len(nodes):
            raise ValueError(f"travel_times: {len(self.travel_times)} rows, expected {len(nodes)}: the depot and {len(self.sites)} sites")
        for i, row in enumerate(self.travel_times):
            if len(row) != len(nodes):
                raise ValueError(f"travel_times[{i}]: row of {nodes[i]!r} has {len(row)} times, expected {len(nodes)}")
            for j, time in enumerate(row):
                if time is not None and not (math.isfinite(time) and time >= 0):
                    raise ValueError(f"travel_times[{i}]: from {nodes[i]!r} to {nodes[j]!r} is {time:g}, expected a number >= 0, or null")
                back = self.travel_times[j][i] if i > j else time
                if self.symmetric and time != back:
                    ways = f"from {nodes[i]!r} to {nodes[j]!r} is {_told(time)}, back is {_told(back)}"
                    raise ValueError(f"travel_times[{i}]: {ways}: expected the same, or 'symmetric' false")


def _told(time: float | None) -> str:
    return "null" if time is None else f"{time:g}"


def _window(where: str, place: Depot | Site) -> None:
    if place.earliest is not None and place.latest is not None and place.latest < place.earliest:
        raise ValueError(
            f"{where}.latest: the window of {place.name!r} ends at {place.latest:g}, before it begins at earliest {place.earliest:g}"
        )
