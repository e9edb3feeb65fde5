"""Retrofit: elements with what they cost, pairs with their limits, and damage by scenario."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from ...instances import Retrofit
from ...models.retrofit_paths import limits
from .kind import Kind, table


def _facts(inst: Retrofit) -> Iterator[tuple[str, str]]:
    yield "units", f"money {inst.units.money}, time {inst.units.time}, rates a year"
    if inst.retrofit_budget is not None:
        yield "budget", f"{inst.retrofit_budget:,.6g} {inst.units.money} for retrofits"
    if inst.crews is not None:
        yield "crews", f"for {inst.crews} repairs in a scenario"
    if inst.scenarios:
        yield "earthquakes", f"{sum(s.rate for s in inst.scenarios):.6g} a year"


def _tables(inst: Retrofit) -> Iterator[Table]:
    elements = table(f"elements ({inst.units.money})", "element", "retrofit", "repair", "links", "damaged a year")
    for e in inst.elements:
        own = {link.name for link in inst.links if link.element == e.name}
        rate = sum(s.rate for s in inst.scenarios if own & set(s.times))
        elements.add_row(
            e.name, f"{e.retrofit_cost:,.6g}", f"{e.repair_cost:,.6g}", str(len(own)), f"{rate:.4g}" if inst.scenarios else "-"
        )
    yield elements
    most = limits(inst)
    pairs = table(f"pairs ({inst.units.time})", "pair", "from", "to", "links", "limit", left=["from", "to"])
    for p in inst.pairs:
        limit = (
            f"{most[p.name]:,.4g}" if p.name in most else f"{p.tolerance:+.0%}" if p.target is None else f"{p.target:g} {p.tolerance:+.0%}"
        )
        pairs.add_row(p.name, p.origin or "-", p.destination or "-", str(len(p.path)) if p.path else "shortest", limit)
    yield pairs
    if inst.scenarios:
        scenarios = table("scenarios", "scenario", "rate a year", "slower links", "closed links")
        for s in inst.scenarios:
            closed = sum(t is None for t in s.times.values())
            scenarios.add_row(s.name, f"{s.rate:.5g}", str(len(s.times) - closed), str(closed))
        yield scenarios


RETROFIT: Kind[Retrofit] = Kind(
    sizes={"elements": "elements", "links": "links", "pairs": "pairs"},
    facts=_facts,
    tables=_tables,
)
