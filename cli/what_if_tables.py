"""The tables of ``quakeops what-if``."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from ..decomposition.responder_figures import FIGURES, OBJECTIVES, Exposure
from ..decomposition.responder_limits import LimitedPolicy
from ..decomposition.responder_ranges import Choice, InputRange
from ..decomposition.responder_what_if import WhatIf
from .instance_kinds.kind import table

MOST = 40
"""Decision states, and ranges, that are shown."""

HEADINGS = {"hazard-rate": "hazard an hour", "hazard-per-event": "hazard an event", "hours-per-event": "hours an event"}


def show(found: WhatIf, out: Console) -> None:
    """Print all that there is."""
    whose = "the instance's own numbers" if found.scenario == "nominal" else f"scenario {found.scenario}"
    out.print(f"{found.instance}, {whose}; objective {found.objective}: least {HEADINGS[OBJECTIVES[found.objective]]}")
    out.print(_restoration(found))
    _more(len(found.start), out)
    out.print(_exposure(found))
    for state, agency in found.ties:
        out.print(f"tie: {agency} for {state} is as good")
    if found.limited is not None:
        out.print(_limits(found.limited))
        _lots(found.limited, out)
    out.print(_ranges(found.ranges))
    _more(len(found.ranges), out)
    out.print("One input moves, all others stay; beyond an end the decision named takes over.")


def _more(count: int, out: Console) -> None:
    if count > MOST:
        out.print(f"... and {count - MOST:,} more: --out or --json has all")


def _restoration(found: WhatIf) -> Table:
    """Return hours by state and agency, and whom the optimal policy sends."""
    agencies = next(iter(found.restoration_h.values()))
    limited = ["under limits"] if found.limited else []
    headings = ("state", "probability", *(f"{a} [h]" for a in agencies), "optimal", *limited)
    out = table("restoration times: hours until all is stable again", *headings, left=["optimal", *limited])
    shown = _likeliest(found.start)
    for state in shown:
        hours = (f"{h:,.2f}" for h in found.restoration_h[state].values())
        lots = [_taken(found.limited.probability[state])] if found.limited else []
        out.add_row(state, f"{found.start[state]:.4f}", *hours, found.policies["optimal"].agency[state], *lots)
    return out


def _likeliest(start: dict[str, float]) -> list[str]:
    return list(start) if len(start) <= MOST else sorted(start, key=lambda state: -start[state])[:MOST]


def _exposure(found: WhatIf) -> Table:
    """Return the figures of the policies, and how much more the objective is than at its least."""
    out = table("exposure", "policy", *HEADINGS.values(), "above least")
    figure = OBJECTIVES[found.objective]
    least = found.policies["optimal"].figure(figure)
    rows: dict[str, Exposure] = {**found.policies, **({"under limits": found.limited} if found.limited else {})}
    for name, exposure in rows.items():
        above = f"{100 * (exposure.figure(figure) / least - 1):.2f} %" if least > 0 else "-"
        out.add_row(name, *(f"{exposure.figure(f):,.{d}f}" for f, d in zip(FIGURES, (4, 2, 3), strict=True)), above)
    return out


def _limits(limited: LimitedPolicy) -> Table:
    out = table("limits", "on", "at most", "attained", "price")
    for limit in limited.limits:
        out.add_row(HEADINGS[limit.figure], f"{limit.most:,.7g}", f"{limit.attained:,.7g}", f"{limit.price:.5g}")
    return out


def _lots(limited: LimitedPolicy, out: Console) -> None:
    out.print("price: what the objective falls by for a unit more; 0: the limit does not bind")
    for state in limited.randomised:
        shares = (f"{agency} {p:.4f}" for agency, p in limited.probability[state].items() if p > 0)
        out.print(f"lots: {state} sends {', '.join(shares)}")


def _taken(probability: dict[str, float]) -> str:
    taken = [agency for agency, p in probability.items() if p > 0]
    return taken[0] if len(taken) == 1 else "lots"


def _ranges(ranges: tuple[InputRange, ...]) -> Table:
    out = table(
        "the optimal policy stays optimal while",
        "input",
        "now",
        "from",
        "to",
        "sends below",
        "sends above",
        left=["sends below", "sends above"],
    )
    for r in ranges[:MOST]:
        upper = "any" if r.upper is None else f"{r.upper:,.4g}"
        out.add_row(r.input, f"{r.value:,.4g}", f"{r.lower:,.4g}", upper, _sent(r.below), _sent(r.above))
    return out


def _sent(choice: Choice | None) -> str:
    return "-" if choice is None else f"{choice[0]}: {choice[1]}"
