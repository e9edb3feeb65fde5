"""The file format of a deployment instance: depots, zones, routes between them, a fleet, and demand by scenario.

Scenarios are sparse: a zone that is not mentioned has no demand. :mod:`quakeops.instances.deployment_source` turns them into arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from .fields import BestKnown, Name, NonNegative, Origin, Positive, Record, Source, check_sum, known, unique

Share = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]


class DeploymentUnits(Record):
    """Units of the instance's numbers, for labels and reports; times are hours."""

    money: str = "USD"
    resource: str = "unit"


class Depot(Record):
    """Where resources stand: at most ``stock`` of them and ``vehicles`` can be made ready.

    ``opening_cost`` money if anything is made ready there; ``ready_cost`` money per unit of the resource.
    """

    name: Name
    latitude: Latitude
    longitude: Longitude
    stock: NonNegative
    vehicles: Annotated[int, Field(ge=0)]
    opening_cost: NonNegative = 0.0
    ready_cost: NonNegative = 0.0


class Zone(Record):
    """Where resources are needed, within ``time_limit_h`` (the instance's if ``None``).

    ``epsilon`` is the probability with which this zone's demand may be missed (the instance's if ``None``); a joint requirement has
    the instance's alone.
    """

    name: Name
    latitude: Latitude
    longitude: Longitude
    time_limit_h: Positive | None = None
    epsilon: Share | None = None


class Route(Record):
    """A way from a depot to a zone: ``hours`` one way, ``cost`` money per unit sent."""

    depot: Name
    zone: Name
    hours: NonNegative
    cost: NonNegative = 0.0


class Fleet(Record):
    """What a vehicle does: ``capacity`` units a trip, ``hours`` on the road within the horizon; ``cost`` money per vehicle made ready."""

    capacity: Positive
    hours: Positive
    cost: NonNegative = 0.0


class DeploymentRecord(Record):
    """One scenario: demand ``zone -> units``."""

    name: Name
    probability: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
    demand: dict[Name, NonNegative] = {}


class Deployment(Record):
    """An instance of chance-constrained deployment."""

    format: Literal["quakeops/deployment/1"]
    name: Name
    title: str
    source: Source
    provenance: dict[str, Origin]
    units: DeploymentUnits = DeploymentUnits()
    depots: Annotated[list[Depot], Field(min_length=1)]
    zones: Annotated[list[Zone], Field(min_length=1)]
    routes: list[Route] = []
    fleet: Fleet
    time_limit_h: Positive
    epsilon: Share = 0.05
    shortage_cost: NonNegative = 0.0
    scenarios: list[DeploymentRecord] = []
    best_known: BestKnown | None = None

    record: ClassVar[type[DeploymentRecord]] = DeploymentRecord

    @model_validator(mode="after")
    def _consistent(self) -> Deployment:
        depots = unique("depots", (d.name for d in self.depots))
        zones = unique("zones", (z.name for z in self.zones))
        unique("routes", (f"{r.depot} -> {r.zone}" for r in self.routes))
        for i, route in enumerate(self.routes):
            known(f"routes[{i}].depot", route.depot, depots, "depot")
            known(f"routes[{i}].zone", route.zone, zones, "zone")
        self.check_records(self.scenarios)
        return self

    def check_records(self, records: Sequence[DeploymentRecord]) -> None:
        """Check names against the instance and that the probabilities sum to 1; raises ``ValueError`` naming the field."""
        zones = {z.name for z in self.zones}
        unique("scenarios", (s.name for s in records))
        for i, s in enumerate(records):
            for zone in s.demand:
                known(f"scenarios[{i}].demand", zone, zones, "zone")
        check_sum([s.probability for s in records])

    def limit_h(self, zone: Zone) -> float:
        """Return the hours within which a zone must be reached."""
        return self.time_limit_h if zone.time_limit_h is None else zone.time_limit_h

    @property
    def usable_routes(self) -> list[Route]:
        """The routes within their zone's time limit."""
        zone = {z.name: z for z in self.zones}
        return [r for r in self.routes if r.hours <= self.limit_h(zone[r.zone])]
