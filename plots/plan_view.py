"""What a map of a plan shows, as plain data: depots, stock, and one scenario's flows and unmet demand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..decomposition.program import from_provenance
from ..instances import Prepositioning, Scenario, ScenarioSource
from ..result import Result
from .scenario_choice import find_scenario, largest_demand
from .scenario_recourse import scenario_recourse

NOTHING = 1e-6
"""Amounts up to this, relative to the largest of their kind (or to the demand), are the solver's rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """A plan and its recourse in one scenario.

    ``stock`` by node and commodity in units; ``flows`` by arc and ``demand`` by node in volume; ``unmet`` by node is the share of
    demand not covered, the mean over its commodities (1 - cover_i of eq. 8 of the model); ``usable`` is the fraction of the stock
    left at nodes that lose some; ``broken`` links carry nothing. ``cost`` is the plan's cost in the scenario, ``expected_cost``
    over all of them, in money.
    """

    instance: Prepositioning
    method: str
    scenario: str
    probability: float
    expected_cost: float
    gap: float | None
    cost: float
    sizes: dict[str, str]
    stock: dict[str, dict[str, float]]
    flows: dict[tuple[str, str], float]
    demand: dict[str, float]
    unmet: dict[str, float]
    usable: dict[str, float]
    broken: tuple[tuple[str, str], ...]

    def stocked_volume(self, node: str) -> float:
        """Return the volume stocked at a depot."""
        volume = {c.name: c.volume for c in self.instance.commodities}
        return sum(volume[k] * amount for k, amount in self.stock[node].items())

    def capacity(self, node: str) -> float:
        """Return the capacity of the depot at ``node`` in volume."""
        return next(s.capacity for s in self.instance.sizes if s.name == self.sizes[node])


def plan_view(result: Result, scenario: str | None = None) -> PlanView:
    """Rebuild what ``result`` was computed on, solve the recourse of one scenario, and return what a map shows.

    Raises
    ------
    InputError
        Unknown scenario, a plan that does not fit the model, or an instance that is no longer the one solved.
    NoSolutionError
        The plan has no recourse in the scenario.
    """
    program = from_provenance(result.provenance)
    source: ScenarioSource = program.kwargs["source"]
    k = largest_demand(source) if scenario is None else find_scenario(source, scenario)
    found = scenario_recourse(result, program, k)
    inst, scen = source.instance, source.scenario(k)
    sizes = {i: size for (i, size), value in found.of("open").items() if value > 0.5}
    volume = np.array([c.volume for c in inst.commodities])
    return PlanView(
        instance=inst,
        method=f"{result.method}, {result.solver}",
        scenario=scen.label,
        probability=scen.probability,
        expected_cost=float(result.objective or 0.0),
        gap=result.gap,
        cost=found.cost,
        sizes=sizes,
        stock=_stock(sizes, found.of("stock")),
        flows=_flows(inst, found.of("flow")),
        demand={n.name: float(d @ volume) for n, d in zip(inst.nodes, scen.demand, strict=True) if d.any()},
        unmet=_unmet(inst, scen, found.of("short")),
        usable={n.name: float(u) for n, u in zip(inst.nodes, scen.usable, strict=True) if u < 1},
        broken=tuple(link.ends for link, c in zip(inst.links, scen.link_capacity, strict=True) if c <= 0),
    )


def _stock(depots: dict[str, str], stock: dict[tuple[str, str], float]) -> dict[str, dict[str, float]]:
    least = NOTHING * max(stock.values(), default=0.0)
    return {i: {k: amount for (j, k), amount in stock.items() if j == i and amount > least} for i in depots}


def _flows(inst: Prepositioning, flow: dict[tuple[str, str, str], float]) -> dict[tuple[str, str], float]:
    """Return the volume on each arc that carries any."""
    volume = {c.name: c.volume for c in inst.commodities}
    total: dict[tuple[str, str], float] = {}
    for (i, j, k), amount in flow.items():
        total[i, j] = total.get((i, j), 0.0) + volume[k] * amount
    least = NOTHING * max(total.values(), default=0.0)
    return {arc: amount for arc, amount in total.items() if amount > least}


def _unmet(inst: Prepositioning, scen: Scenario, short: dict[tuple[str, str], float]) -> dict[str, float]:
    """Return 1 - cover_i of every node with a shortage."""
    out = {}
    for node, demand in zip(inst.nodes, scen.demand, strict=True):
        shares = [short[node.name, c.name] / d for c, d in zip(inst.commodities, demand, strict=True) if d > 0]
        if shares and max(shares) > NOTHING:
            out[node.name] = float(np.clip(np.mean(shares), 0.0, 1.0))
    return out
