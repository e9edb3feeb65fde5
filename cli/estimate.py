"""``quakeops estimate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .. import facade
from ..scenario_gen.responder_from_log import FromLog
from . import options
from .instance_kinds.kind import table
from .output import console, emit_json, is_speaker

MOST = 40
"""Decision states shown, those that have most events."""


def estimate(
    log: Annotated[Path, typer.Argument(metavar="LOG.csv", help="events, a row each")],
    instance: Annotated[str, typer.Option(metavar="NAME|FILE", help="incidents, agencies, decision states, and the prior")],
    out: Annotated[Path, typer.Option(metavar="FILE.json", help="write the estimated instance here")],
    prior_weight: Annotated[float, typer.Option(metavar="W", help="how many observations the instance's probabilities are worth")] = 0.0,
    name: Annotated[str | None, typer.Option(metavar="N", help="name of the estimated instance (default: NAME-estimated)")] = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> int:
    """Estimate a responder instance from a log of events."""
    found = facade.estimate(log, instance=instance, prior_weight=prior_weight, name=name, out=out)
    if is_speaker():
        if as_json:
            emit_json({"file": str(out), **found.to_dict()})
        else:
            _show(found)
            console().print(f"\nwritten to {out}")
    return 0


def _show(found: FromLog) -> None:
    out, agencies = console(), list(found.by_agency)
    out.print(f"{found.instance.name}: {found.events:,} events of {found.log}, prior {found.skeleton} worth {found.prior_weight:g}")
    states = table("events by state and by agency sent", "state", "events", *agencies, "start probability")
    shown = sorted(found.by_state, key=lambda state: -found.by_state[state])[:MOST] if len(found.by_state) > MOST else found.by_state
    for state in shown:
        sent = (f"{found.by_state_and_agency[state][a]:,}" for a in agencies)
        states.add_row(state, f"{found.by_state[state]:,}", *sent, f"{found.start[state]:.5f}")
    if len(found.by_state) > len(shown):
        states.add_row(f"... and {len(found.by_state) - len(shown):,} more")
    states.add_section()
    states.add_row("all", f"{found.events:,}", *(f"{found.by_agency[a]:,}" for a in agencies), f"{sum(found.start.values()):.5f}")
    out.print(states)
    times = table("hours", "agency", "travel", *(i.name for i in found.instance.incidents))
    for a in found.instance.agencies:
        times.add_row(a.name, f"{a.travel_time_h:,.2f}", *(f"{h:,.2f}" for h in a.response_times_h.values()))
    out.print(times)
