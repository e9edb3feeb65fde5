"""Responder SMDP: incidents, agencies, decision states with where they may lead, and what is published."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from ...instances import FixedResponder, Responder
from .kind import Kind, table

MOST = 40
"""Decision states up to this many are listed one by one."""


def _facts(inst: Responder) -> Iterator[tuple[str, str]]:
    yield "units", "hours, hazard per hour"
    yield "dominoes", "only add incidents" if inst.monotone else "may also remove incidents"
    yield "alpha", f"{inst.alpha:g} of the travel under the hazard of the decision state"
    known = inst.uncertainty
    if known is not None:
        counts = (f"{what} {count:g}" for what, count in (("starts", known.start_count), ("dominoes", known.domino_count)) if count)
        yield "counts behind", ", ".join(counts) or "none: probabilities are certain"
        yield "sigma of log", f"response times {known.response_sigma:g}, travel times {known.travel_sigma:g}"


def _tables(inst: Responder) -> Iterator[Table]:
    incidents = table("incidents", "incident", "what", "hazard", *(f"{a.name} [h]" for a in inst.agencies), left=["what"])
    for i in inst.incidents:
        times = (f"{a.response_times_h[i.name]:,.6g}" for a in inst.agencies)
        incidents.add_row(i.name, i.title or "-", f"{i.hazard:g}", *times)
    yield incidents
    agencies = table("agencies", "agency", "what", "travel [h]", left=["what"])
    for a in inst.agencies:
        agencies.add_row(a.name, a.title or "-", f"{a.travel_time_h:g}")
    yield agencies
    if len(inst.starts) <= MOST:
        yield _states(inst)
    if inst.scenarios:
        scenarios = table("scenarios", "scenario", "probability", "rows of dominoes")
        for s in inst.scenarios:
            scenarios.add_row(s.name, f"{s.probability:.5g}", str(len(s.dominoes)))
        yield scenarios


def _states(inst: Responder) -> Table:
    """Return decision states with their start probabilities, and for each agency the expected hours until all is stable."""
    sets, names = inst.sets, [a.name for a in inst.agencies]
    label = {sets.mask("labels", x.state): x.label for x in inst.labels}
    sent = {sets.mask("policy", c.state): c.agency for c in inst.published.policy} if inst.published else {}
    policy = ["published policy"] if sent else []
    headings = ("state", "number", "start probability", *(f"{n} [h]" for n in names), *policy)
    out = table("decision states", *headings, left=policy)
    times = FixedResponder.nominal(inst).scenario(0).time
    for start, hours in zip(inst.starts, times, strict=True):
        mask = sets.mask("starts", start.state)
        chosen = [sent.get(mask, "-")] if sent else []
        out.add_row(sets.name(mask), label.get(mask, "-"), f"{start.probability:.5g}", *(f"{h:,.5g}" for h in hours), *chosen)
    return out


RESPONDER: Kind[Responder] = Kind(
    sizes={"incidents": "incidents", "agencies": "agencies", "starts": "states"},
    facts=_facts,
    tables=_tables,
)
