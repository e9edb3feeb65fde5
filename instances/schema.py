"""The file format of a pre-positioning instance, validated field by field.

Nodes, commodities and links are named; scenarios are sparse (a node that is not mentioned has no demand, an undamaged
stock and intact links). :mod:`quakeops.instances.arrays` turns a scenario into arrays in the order of the instance.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from .fields import BestKnown, Fraction, Name, NonNegative, Origin, Positive, Record, Source, Units, check_sum, known, unique


class FacilitySize(Record):
    """A depot size: fixed cost ``F_l`` (money) and capacity ``M_l`` (volume)."""

    name: Name
    fixed_cost: NonNegative
    capacity: Positive


class Commodity(Record):
    """A relief commodity; costs are money per ``unit``.

    ``volume`` b_k and ``link_use`` u_k in volume per unit (``link_use`` defaults to ``volume``); ``transport_cost`` in
    money per unit and distance; ``holding_cost`` h_k of a leftover and ``shortage_penalty`` p_k of a unit of unmet demand.
    """

    name: Name
    unit: str
    volume: NonNegative
    price: NonNegative
    transport_cost: NonNegative
    holding_cost: float = Field(allow_inf_nan=False)
    shortage_penalty: NonNegative
    link_use: NonNegative | None = None

    @model_validator(mode="after")
    def _salvage_is_bounded(self) -> Commodity:
        for what, cost in (("price", self.price), ("shortage_penalty", self.shortage_penalty)):
            if self.holding_cost < -cost:
                raise ValueError(
                    f"holding_cost {self.holding_cost:g} is a salvage above the {what} {cost:g}: goods would be sold without limit"
                )
        return self


class Node(Record):
    """A place: ``candidate`` tells whether a depot may stand there."""

    name: Name
    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    candidate: bool = True


class Link(Record):
    """A road between two nodes, used in both directions; ``capacity`` in volume and per direction, ``None`` if unlimited."""

    ends: tuple[Name, Name]
    length: NonNegative
    hours: NonNegative | None = None
    capacity: NonNegative | None = None

    @property
    def name(self) -> str:
        """``A -- B``, the form in which scenarios name a link."""
        return f"{self.ends[0]} -- {self.ends[1]}"


class ScenarioRecord(Record):
    """One scenario: demand ``node -> commodity -> units``; ``usable`` fraction of the stock at a node (1 if not named);
    ``link_capacity_factor`` of a link ``"A -- B"`` (0 = broken, 1 if not named); potential ``casualties`` (people) and
    ``loss`` (money) of a zone.
    """

    name: Name
    probability: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
    demand: dict[Name, dict[Name, NonNegative]] = {}
    usable: dict[Name, Fraction] = {}
    link_capacity_factor: dict[str, NonNegative] = {}
    casualties: dict[Name, NonNegative] = {}
    loss: dict[Name, NonNegative] = {}


class Impact(Record):
    """Concave piecewise-linear reductions alpha (casualties) and beta (loss) as ``(coverage, reduction)`` points from
    ``(0, 0)`` to coverage 1; ``horizon_h`` is the response time charged for what is never delivered.
    """

    casualty_reduction: list[tuple[Fraction, Fraction]]
    loss_reduction: list[tuple[Fraction, Fraction]]
    horizon_h: Positive = 72.0

    @model_validator(mode="after")
    def _concave(self) -> Impact:
        for name in ("casualty_reduction", "loss_reduction"):
            points = getattr(self, name)
            if len(points) < 2 or points[0] != (0, 0) or points[-1][0] != 1:
                raise ValueError(f"{name} must run from (0, 0) to a point with coverage 1")
            slopes = [(b[1] - a[1]) / (b[0] - a[0]) if b[0] > a[0] else math.inf for a, b in itertools.pairwise(points)]
            if not all(0 <= right <= left < math.inf for left, right in zip(slopes, [*slopes[1:], 0.0], strict=True)):
                raise ValueError(f"{name} must be nondecreasing and concave with increasing coverage; its slopes are {slopes}")
        return self


class Prepositioning(Record):
    """A two-stage pre-positioning instance."""

    format: Literal["quakeops/prepositioning/1"]
    name: Name
    title: str
    source: Source
    provenance: dict[str, Origin]
    units: Units = Units()
    sizes: Annotated[list[FacilitySize], Field(min_length=1)]
    commodities: Annotated[list[Commodity], Field(min_length=1)]
    nodes: Annotated[list[Node], Field(min_length=1)]
    links: list[Link] = []
    impact: Impact | None = None
    scenarios: list[ScenarioRecord] = []
    best_known: BestKnown | None = None

    record: ClassVar[type[ScenarioRecord]] = ScenarioRecord

    @model_validator(mode="after")
    def _consistent(self) -> Prepositioning:
        nodes = unique("nodes", (n.name for n in self.nodes))
        unique("commodities", (c.name for c in self.commodities))
        unique("sizes", (s.name for s in self.sizes))
        links = unique("links", (link.name for link in self.links))
        pairs = unique("links (either direction)", (" -- ".join(sorted(link.ends)) for link in self.links))
        assert len(pairs) == len(links)
        if not any(n.candidate for n in self.nodes):
            raise ValueError("nodes: none is a candidate depot (candidate = true)")
        for i, link in enumerate(self.links):
            for end in link.ends:
                if end not in nodes:
                    raise ValueError(f"links[{i}].ends: {end!r} is not a node of the instance")
            if link.ends[0] == link.ends[1]:
                raise ValueError(f"links[{i}].ends: {link.name!r} joins a node to itself")
            if self.impact and link.hours is None:
                raise ValueError(f"links[{i}].hours: missing, and the instance's impact terms need travel times")
        self.check_records(self.scenarios)
        return self

    def check_records(self, records: Sequence[ScenarioRecord]) -> None:
        """Check names against the instance and that the probabilities sum to 1; raises ``ValueError`` naming the field."""
        nodes, links = {n.name for n in self.nodes}, {link.name for link in self.links}
        commodities = {c.name for c in self.commodities}
        unique("scenarios", (s.name for s in records))
        for i, s in enumerate(records):
            for node, amounts in s.demand.items():
                known(f"scenarios[{i}].demand", node, nodes, "node")
                for commodity in amounts:
                    known(f"scenarios[{i}].demand.{node}", commodity, commodities, "commodity")
            for what in ("usable", "casualties", "loss"):
                for node in getattr(s, what):
                    known(f"scenarios[{i}].{what}", node, nodes, "node")
            for link in s.link_capacity_factor:
                known(f"scenarios[{i}].link_capacity_factor", link, links, "link")
        check_sum([s.probability for s in records])
