"""Deployment: depots, zones with what they need and what could reach them, and demand by scenario."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from ...instances import Deployment, FixedDemand
from ...models.deployment import epsilons, requirement
from ...models.deployment_reach import most_sent
from .kind import Kind, table

MOST = 8
"""Zones up to this many have a column each in the table of scenarios."""


def _facts(inst: Deployment) -> Iterator[tuple[str, str]]:
    fleet = inst.fleet
    yield "units", f"money {inst.units.money}, resource {inst.units.resource}, times in hours"
    yield "fleet", f"{fleet.capacity:g} {inst.units.resource}s a trip, {fleet.hours:g} h on the road, {fleet.cost:,g} a vehicle"
    yield "required", f"within {inst.time_limit_h:g} h, with probability {1 - inst.epsilon:.10g}"
    late = len(inst.routes) - len(inst.usable_routes)
    if late:
        yield "too late", f"{late} of {len(inst.routes)} routes take longer than their zone's time limit"


def _tables(inst: Deployment) -> Iterator[Table]:
    money, resource = inst.units.money, inst.units.resource
    depots = table(f"depots ({money} and {resource}s)", "depot", "stock", "vehicles", "opening cost", f"cost a {resource}", "zones in time")
    for d in inst.depots:
        reached = sum(r.depot == d.name for r in inst.usable_routes)
        depots.add_row(d.name, f"{d.stock:,.6g}", str(d.vehicles), f"{d.opening_cost:,.6g}", f"{d.ready_cost:,.6g}", str(reached))
    yield depots
    yield _zones(inst)
    if inst.scenarios:
        yield _scenarios(inst)


def _zones(inst: Deployment) -> Table:
    """Return each zone's limits, the quantile of its demand at its own epsilon (of written scenarios), and the most it can be sent."""
    needed: dict[str, float] = {}
    if inst.scenarios:
        source = FixedDemand.of_records(inst, inst.scenarios)
        needed = requirement(source, "chance", False, epsilons(inst, False, None))
    quantile = ["demand at 1 - epsilon"] if needed else []
    out = table(f"zones ({inst.units.resource}s)", "zone", "limit [h]", "depots in time", "epsilon", *quantile, "most to be sent")
    reachable = most_sent(inst)
    for z in inst.zones:
        epsilon = inst.epsilon if z.epsilon is None else z.epsilon
        within = sum(r.zone == z.name for r in inst.usable_routes)
        amounts = [f"{amount[z.name]:,.6g}" for amount in (needed, reachable) if amount]
        out.add_row(z.name, f"{inst.limit_h(z):g}", str(within), f"{epsilon:g}", *amounts)
    return out


def _scenarios(inst: Deployment) -> Table:
    zones = [z.name for z in inst.zones] if len(inst.zones) <= MOST else []
    out = table(f"demand ({inst.units.resource}s)", "scenario", "probability", *zones, "zones hit", "in all")
    for s in inst.scenarios:
        hit = sum(v > 0 for v in s.demand.values())
        amounts = (f"{s.demand.get(z, 0.0):,.6g}" for z in zones)
        out.add_row(s.name, f"{s.probability:.5g}", *amounts, str(hit), f"{sum(s.demand.values()):,.6g}")
    return out


DEPLOYMENT: Kind[Deployment] = Kind(
    sizes={"depots": "depots", "zones": "zones", "routes": "routes"},
    facts=_facts,
    tables=_tables,
)
