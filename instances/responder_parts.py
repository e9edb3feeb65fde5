"""What a responder instance is made of: incidents, agencies, states, and the chances that lead from one to another."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .fields import Fraction, Name, NonNegative, Positive, Record

ResponderOrigin = Literal["published", "reconstructed", "lost", "estimated", "synthetic"]
"""``lost``: the paper had the number, but it cannot be read any more; what stands here is a substitute, or nothing."""

IncidentName = Annotated[str, Field(pattern=r"^[^+\s]+$", max_length=40)]
State = list[IncidentName]
"""The incidents that go on at once, in any order; the empty list is the stable state."""


class Incident(Record):
    """A kind of incident, and the hazard it poses per hour; hazards of incidents that go on at once add up."""

    name: IncidentName
    title: str = ""
    hazard: NonNegative


class Agency(Record):
    """Who can be sent: hours to arrive, and hours to bring each incident under control."""

    name: Name
    title: str = ""
    travel_time_h: NonNegative
    response_times_h: dict[IncidentName, Positive]


class Start(Record):
    """A decision state, and the probability that an earthquake leads to it."""

    state: Annotated[State, Field(min_length=1)]
    probability: Fraction


class Reached(Record):
    """A natural state in which the responders may find the place, and its probability."""

    state: State
    probability: Fraction


class Domino(Record):
    """Where a decision state may lead while an agency travels; ``count`` observations, if given, tell how well that is known."""

    state: State
    agency: Name
    to: Annotated[list[Reached], Field(min_length=1)]
    count: Positive | None = None


class StateLabel(Record):
    """The paper's number of a state."""

    state: State
    label: Name
    origin: ResponderOrigin


class Uncertainty(Record):
    """How well the numbers are known: counts behind probabilities, sigmas of the log of times; without one, a number is certain."""

    start_count: Positive | None = None
    domino_count: Positive | None = None
    response_sigma: NonNegative = 0.0
    travel_sigma: NonNegative = 0.0


class PublishedChoice(Record):
    """Whom a published policy sends."""

    state: State
    agency: Name


class PublishedTime(Record):
    """A published response time RT(state, agency)."""

    state: State
    agency: Name
    hours: Positive


class Published(Record):
    """Results printed by the source."""

    policy: list[PublishedChoice] = []
    response_times: list[PublishedTime] = []


class ResponderRecord(Record):
    """One scenario; what it does not mention is as in the instance. A state that ``starts`` leaves out has probability 0."""

    name: Name
    probability: Fraction
    starts: list[Start] | None = None
    dominoes: list[Domino] = []
    travel_times_h: dict[Name, NonNegative] = {}
    response_times_h: dict[Name, dict[IncidentName, Positive]] = {}
