"""What a routing instance is made of: the depot, sites with casualties and windows, the fleet, roads under damage."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .fields import Fraction, Name, NonNegative, Positive, Record

Finite = Annotated[float, Field(allow_inf_nan=False)]


class RoutingUnits(Record):
    """Units of the instance's numbers, for labels and reports; empty where the source has none."""

    time: str = "h"
    distance: str = "km"


class Depot(Record):
    """The medical point where vehicles start, from ``earliest`` on, and to which they return, by ``latest``."""

    name: Name = "depot"
    title: str = ""
    x: Finite | None = None
    y: Finite | None = None
    earliest: Finite = 0.0
    latest: Finite | None = None


class Site(Record):
    """Where casualties wait: how many, how long it takes to pick them up, and the window in which that shall begin.

    ``priority`` names one of the instance's classes; a site without one has weight 1.
    """

    name: Name
    title: str = ""
    x: Finite | None = None
    y: Finite | None = None
    casualties: NonNegative
    service_time: NonNegative = 0.0
    earliest: Finite | None = None
    latest: Finite | None = None
    priority: Name | None = None


class Priority(Record):
    """A class of casualties, and what a unit of their earliness or lateness weighs."""

    name: Name
    weight: NonNegative


class Fleet(Record):
    """How many vehicles there are, and how many casualties each takes on one route; ``None``: any number."""

    count: Annotated[int, Field(ge=1)]
    capacity: Positive | None = None


class RoadDamage(Record):
    """What damage makes of the road between two places, both ways unless ``one_way``: its time is multiplied; ``None``: closed."""

    ends: tuple[Name, Name]
    factor: Positive | None = None
    one_way: bool = False


class RoutingRecord(Record):
    """One scenario: the roads that are damaged, and casualties of the sites where they differ from the instance's."""

    name: Name
    probability: Fraction
    roads: list[RoadDamage] = []
    casualties: dict[Name, NonNegative] = {}


class RoutingUncertainty(Record):
    """What drawn scenarios vary: roads by earthquakes of a region, casualties by lognormal factors of mean 1.

    ``region``: a packaged metropolitan area or a region file, onto whose extent the sites are mapped; ``None``: roads stay intact.
    ``magnitude``: of every earthquake; ``None``: drawn. ``casualty_sigma``: of the log of the factors; 0 where casualties are known.
    """

    region: Name | None = None
    magnitude: Annotated[float, Field(ge=3, le=9)] | None = None
    casualty_sigma: NonNegative = 0.0
