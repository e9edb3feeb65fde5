"""The file format of a responder instance: which agency to send after an earthquake, as a semi-Markov decision process.

A decision state is a set of incidents in which an earthquake may leave a place. While the agency that is sent travels, more incidents may
follow (dominoes): the responders find a natural state, bring it under control, and the place is stable until the next earthquake.
:mod:`quakeops.instances.responder_arrays` has the formulas.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from .fields import PROBABILITY_TOLERANCE, BestKnown, Fraction, Name, Record, Source, check_sum, known, unique
from .incident_sets import STABLE, IncidentSets
from .responder_parts import Agency, Domino, Incident, Published, ResponderOrigin, ResponderRecord, Start, StateLabel, Uncertainty


class Responder(Record):
    """An instance of the choice of responders.

    A state and agency without a row in ``dominoes`` stay as they are. ``monotone``: dominoes only add incidents. ``alpha``: the share
    of the travel during which the decision state's hazard lasts.
    """

    format: Literal["quakeops/responder-smdp/1"]
    name: Name
    title: str
    source: Source
    provenance: dict[str, ResponderOrigin]
    incidents: Annotated[list[Incident], Field(min_length=1, max_length=60)]
    agencies: Annotated[list[Agency], Field(min_length=1)]
    alpha: Fraction = 0.5
    monotone: bool = True
    starts: Annotated[list[Start], Field(min_length=1)]
    dominoes: list[Domino] = []
    labels: list[StateLabel] = []
    uncertainty: Uncertainty | None = None
    published: Published | None = None
    scenarios: list[ResponderRecord] = []
    best_known: BestKnown | None = None

    record: ClassVar[type[ResponderRecord]] = ResponderRecord

    @property
    def sets(self) -> IncidentSets:
        """Sets of the instance's incidents."""
        return IncidentSets([i.name for i in self.incidents])

    @model_validator(mode="after")
    def _consistent(self) -> Responder:
        incidents = unique("incidents", (i.name for i in self.incidents))
        agencies = unique("agencies", (a.name for a in self.agencies))
        if STABLE in incidents:
            raise ValueError(f"incidents: {STABLE!r} names the state without incidents, expected another name")
        for n, agency in enumerate(self.agencies):
            where = f"agencies[{n}].response_times_h"
            for name in agency.response_times_h:
                known(where, name, incidents, "known incident")
            if missing := [i.name for i in self.incidents if i.name not in agency.response_times_h]:
                raise ValueError(f"{where}: agency {agency.name!r} has no time for incident {missing[0]!r}")
        sets = self.sets
        decision = _starts(sets, "starts", self.starts)
        _dominoes(self, "dominoes", self.dominoes, decision)
        unique("labels", (sets.name(sets.mask(f"labels[{n}].state", x.state)) for n, x in enumerate(self.labels)))
        unique("labels", (x.label for x in self.labels))
        published = self.published or Published()
        for field in ("policy", "response_times"):
            for n, item in enumerate(getattr(published, field)):
                sets.mask(f"published.{field}[{n}].state", item.state)
                known(f"published.{field}[{n}].agency", item.agency, agencies, "known agency")
        self.check_records(self.scenarios)
        return self

    def check_records(self, records: Sequence[ResponderRecord]) -> None:
        """Check names, states and sums of scenarios; raises ``ValueError`` naming the field."""
        sets, agencies = self.sets, {a.name for a in self.agencies}
        decision = {sets.mask("starts", s.state) for s in self.starts}
        unique("scenarios", (r.name for r in records))
        for n, record in enumerate(records):
            where = f"scenarios[{n}]"
            if record.starts is not None:
                for other in _starts(sets, f"{where}.starts", record.starts) - decision:
                    raise ValueError(f"{where}.starts: {sets.name(other)!r} is not a decision state of the instance (see its starts)")
            _dominoes(self, f"{where}.dominoes", record.dominoes, decision)
            for field in ("travel_times_h", "response_times_h"):
                for agency in getattr(record, field):
                    known(f"{where}.{field}", agency, agencies, "known agency")
            for agency, times in record.response_times_h.items():
                sets.mask(f"{where}.response_times_h.{agency}", times)
        check_sum([r.probability for r in records])


def _starts(sets: IncidentSets, where: str, starts: Sequence[Start]) -> set[int]:
    """Return the decision states; ``ValueError`` if one comes twice or the probabilities do not sum to 1."""
    out: set[int] = set()
    for n, start in enumerate(starts):
        mask = sets.mask(f"{where}[{n}].state", start.state)
        if mask in out:
            raise ValueError(f"{where}[{n}].state: the state {sets.name(mask)!r} appears twice")
        out.add(mask)
    _sums_to_1(f"{where}: the probabilities of the decision states", [s.probability for s in starts])
    return out


def _dominoes(instance: Responder, where: str, rows: Sequence[Domino], decision: set[int]) -> None:
    """Check rows of dominoes; the messages name state and agency."""
    sets, travel = instance.sets, {a.name: a.travel_time_h for a in instance.agencies}
    seen: set[tuple[int, str]] = set()
    for n, row in enumerate(rows):
        at = f"{where}[{n}]"
        mask = sets.mask(f"{at}.state", row.state)
        known(f"{at}.agency", row.agency, set(travel), "known agency")
        what = f"state {sets.name(mask)!r} and agency {row.agency!r}"
        if mask not in decision:
            raise ValueError(f"{at}.state: {sets.name(mask)!r} is not a decision state (see starts)")
        if (mask, row.agency) in seen:
            raise ValueError(f"{at}: {what} appear twice")
        seen.add((mask, row.agency))
        found: set[int] = set()
        for m, reached in enumerate(row.to):
            to = sets.mask(f"{at}.to[{m}].state", reached.state)
            if to in found:
                raise ValueError(f"{at}.to[{m}].state: {what} lead to {sets.name(to)!r} twice")
            if instance.monotone and mask & ~to:
                gone = sets.name(mask & ~to)
                raise ValueError(f"{at}.to[{m}].state: {what} lead to {sets.name(to)!r} without {gone!r}, but 'monotone' is true")
            if not to and reached.probability >= 1 and not travel[row.agency]:
                raise ValueError(f"{at}.to[{m}].state: {what} take no time at all: expected a travel time above 0")
            found.add(to)
        _sums_to_1(f"{at}.to: the probabilities of {what}", [r.probability for r in row.to])


def _sums_to_1(what: str, probabilities: Sequence[float]) -> None:
    total = math.fsum(probabilities)
    if abs(total - 1) > PROBABILITY_TOLERANCE:
        raise ValueError(f"{what} sum to {total:.12g}, expected 1")
