"""What a map of a deployment plan shows, as plain data: what is ready, what is sent in one scenario, what is given up or missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..decomposition.program import Program, from_provenance
from ..instances import DemandSource, Deployment
from ..result import Result
from .plan_view import NOTHING
from .scenario_choice import find_scenario
from .scenario_recourse import scenario_recourse


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentView:
    """A plan and what it does in one scenario.

    ``ready`` units and ``vehicles`` by depot that is opened; ``sent`` units by route; ``demand`` and ``missing`` units by zone that has
    some; ``given_up`` zones with demand of which nothing is required. ``cost`` is the plan's cost in the scenario, ``expected_cost`` over
    all of them, in money; ``form`` names what is required.
    """

    instance: Deployment
    form: str
    method: str
    scenario: str
    probability: float
    expected_cost: float
    gap: float | None
    cost: float
    ready: dict[str, float]
    vehicles: dict[str, int]
    sent: dict[tuple[str, str], float]
    demand: dict[str, float]
    missing: dict[str, float]
    given_up: frozenset[str]

    def sent_from(self, depot: str) -> float:
        """Return the units sent from a depot."""
        return sum(units for (j, _), units in self.sent.items() if j == depot)

    def vehicles_used(self, depot: str) -> float:
        """Return the vehicles that the units sent from a depot take, 2 h / (k H) each unit ((4) of the model)."""
        fleet = self.instance.fleet
        hours = {(r.depot, r.zone): r.hours for r in self.instance.routes}
        return sum(2 * hours[route] * units for route, units in self.sent.items() if route[0] == depot) / fleet.capacity / fleet.hours


def deployment_view(result: Result, scenario: str | None = None) -> DeploymentView:
    """Rebuild what ``result`` was computed on, solve the recourse of one scenario, and return what a map shows.

    By default it is the scenario with the most units demanded of those in which nothing is given up.

    Raises
    ------
    InputError
        Unknown scenario, a plan that lacks a variable, or an instance that is no longer the one solved.
    NoSolutionError
        The plan has no recourse in the scenario.
    """
    program = from_provenance(result.provenance)
    source: DemandSource = program.kwargs["source"]
    k = _hardest_met(result, source) if scenario is None else find_scenario(source, scenario)
    found = scenario_recourse(result, program, k)
    inst, scen = source.instance, source.scenario(k)
    opened = [j for j, value in found.of("open").items() if value > 0.5]
    ready, vehicles, sent = found.of("ready"), found.of("vehicles"), found.of("send")
    least = NOTHING * max(sent.values(), default=0.0)
    demand = {z.name: float(d) for z, d in zip(inst.zones, scen.demand, strict=True) if d > 0}
    missing = {i: d - sum(units for (_, zone), units in sent.items() if zone == i) for i, d in demand.items()}
    gone = {requirement for (_, requirement), value in found.of("give_up").items() if value > 0.5}
    return DeploymentView(
        instance=inst,
        form=form_of(program),
        method=f"{result.method}, {result.solver}",
        scenario=scen.label,
        probability=scen.probability,
        expected_cost=float(result.objective or 0.0),
        gap=result.gap,
        cost=found.cost,
        ready={j: ready[j] for j in opened},
        vehicles={j: round(vehicles[j]) for j in opened},
        sent={route: units for route, units in sent.items() if units > least},
        demand=demand,
        missing={i: m for i, m in missing.items() if m > NOTHING * demand[i]},
        given_up=frozenset(i for i in demand if gone & {i, "all"}),
    )


def form_of(program: Program) -> str:
    """Return in words what a program requires: ``all zones together, with probability 0.9``."""
    form, inst = program.kwargs, program.kwargs["source"].instance
    epsilon = form["epsilon"] if form["epsilon"] is not None else inst.epsilon
    own = not form["joint"] and form["epsilon"] is None and any(z.epsilon is not None for z in inst.zones)
    level = "their probabilities" if own else f"probability {1 - epsilon:.10g}"
    which = "all zones together" if form["joint"] else "each zone for itself"
    how = f"with {level}" if form["rule"] == "chance" else f"by CVaR at {level}"
    return f"{which}, {how}"


def _hardest_met(result: Result, source: DemandSource) -> int:
    """Return the scenario with the most units demanded of those in which the plan gives nothing up, if there are any."""
    gone = {n.partition("[")[2].partition(",")[0] for n, v in result.first_stage.items() if n.startswith("give_up[") and v > 0.5}
    block = source.block(0, source.num_scenarios)
    kept = np.array([name not in gone for name in block.names])
    units = block.demand.sum(axis=1)
    return int(np.argmax(np.where(kept, units, -1.0) if kept.any() else units))
