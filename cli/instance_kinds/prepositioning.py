"""Pre-positioning: depot sizes, commodities, and scenarios with what they damage."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from ...instances import Prepositioning
from .kind import Kind, table


def _facts(inst: Prepositioning) -> Iterator[tuple[str, str]]:
    yield "units", f"money {inst.units.money}, distance {inst.units.distance}, volume {inst.units.volume}"


def _tables(inst: Prepositioning) -> Iterator[Table]:
    units = inst.units
    sizes = table(f"depot sizes ({units.money}, {units.volume})", "size", "fixed cost", "capacity")
    for size in inst.sizes:
        sizes.add_row(size.name, f"{size.fixed_cost:,.0f}", f"{size.capacity:,.0f}")
    yield sizes
    headings = ("commodity", "unit", "volume", "price", f"transport per {units.distance}", "holding", "shortage")
    goods = table(f"commodities ({units.money} and {units.volume} per unit)", *headings, left=["unit"])
    for c in inst.commodities:
        goods.add_row(c.name, c.unit, *(f"{v:,.6g}" for v in (c.volume, c.price, c.transport_cost, c.holding_cost, c.shortage_penalty)))
    yield goods
    if not inst.scenarios:
        return
    totals = [f"{c.name} [{c.unit}]" for c in inst.commodities]
    scenarios = table("scenarios", "scenario", "probability", *totals, "damaged depots", "damaged links")
    for s in inst.scenarios:
        amounts = [sum(a.get(c.name, 0.0) for a in s.demand.values()) for c in inst.commodities]
        damaged = (str(len(s.usable)), str(len(s.link_capacity_factor)))
        scenarios.add_row(s.name, f"{s.probability:.5g}", *(f"{v:,.6g}" for v in amounts), *damaged)
    yield scenarios


PREPOSITIONING: Kind[Prepositioning] = Kind(
    sizes={"nodes": "nodes", "links": "links", "commodities": "goods"},
    facts=_facts,
    tables=_tables,
)
