"""What zones need in every scenario and what a deployment plan sends them, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..decomposition.benders.compiled import compile_problem
from ..decomposition.benders.owned import OwnedProblem
from ..decomposition.benders.team import Team
from ..decomposition.packing import unpack
from ..decomposition.program import Program, from_provenance
from ..decomposition.recourse_solutions import recourse_certificate
from ..errors import InputError
from ..instances import DemandSource, Deployment
from ..models.deployment import epsilons
from ..models.order_statistics import quantile
from ..result import Result
from ..solvers import get
from .deployment_view import form_of
from .labels import Array
from .plan_view import NOTHING
from .scenario_recourse import scenario_recourse

SECONDS = 60.0
"""Solving the recourse of all scenarios may take twice as long."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DemandView:
    """``demand`` and ``arriving`` (S, n) in units by scenario and zone, and what is allowed to be missed.

    ``epsilon`` (n,) and the ``quantile`` (n,) of the demand at it are the zone's own, or those of the joint requirement.
    """

    instance: Deployment
    form: str
    method: str
    joint: bool
    fixed: bool
    probabilities: Array
    demand: Array
    arriving: Array
    epsilon: Array
    quantile: Array

    @property
    def missed(self) -> np.ndarray:
        """Whether demand is not met (S, n)."""
        return self.arriving < self.demand * (1 - NOTHING)

    @property
    def risk(self) -> Array:
        """Probability with which each zone is missed (n,)."""
        return np.asarray(self.probabilities @ self.missed)

    @property
    def joint_risk(self) -> float:
        """Probability with which any zone is missed."""
        return float(self.probabilities @ self.missed.any(axis=1))


def demand_view(result: Result) -> DemandView:
    """Rebuild what ``result`` was computed on, and find out what its plan sends in every scenario.

    Raises
    ------
    InputError
        A plan that does not fit the model, too many scenarios, or an instance that is no longer the one solved.
    """
    program = from_provenance(result.provenance)
    source: DemandSource = program.kwargs["source"]
    inst, joint = source.instance, bool(program.kwargs["joint"])
    demand, p = source.block(0, source.num_scenarios).demand, source.probabilities
    miss = epsilons(inst, joint, program.kwargs["epsilon"])
    epsilon = np.array([miss["all" if joint else z.name] for z in inst.zones])
    fixed = program.kwargs["send"] == "now"
    if fixed:
        arriving = np.broadcast_to(_arriving(inst, scenario_recourse(result, program, 0).of("send")), demand.shape)
    else:
        arriving = _by_scenario(result, program, inst)
    return DemandView(
        instance=inst,
        form=form_of(program),
        method=f"{result.method}, {result.solver}",
        joint=joint,
        fixed=fixed,
        probabilities=p,
        demand=demand,
        arriving=arriving,
        epsilon=epsilon,
        quantile=np.array([quantile(demand[:, i], p, float(e)) for i, e in enumerate(epsilon)]),
    )


def _arriving(inst: Deployment, sent: dict[tuple[str, str], float]) -> Array:
    return np.array([sum(units for (_, zone), units in sent.items() if zone == z.name) for z in inst.zones])


def _by_scenario(result: Result, program: Program, inst: Deployment) -> Array:
    """Return what arrives (S, n) where resources are sent after the scenario is known."""
    problem, _ = compile_problem(program, Team())
    owned = OwnedProblem.of(problem, program)
    names = [problem.first.names[j] for j in owned.columns.common] + [n for row in owned.names() for n in row]
    absent = [n for n in names if n not in result.first_stage]
    if absent:
        raise InputError(f"result: field 'first_stage': {absent[0]!r} is missing")
    x, z = owned.values(result)
    found = recourse_certificate(owned.fixed(z), get("highs"), Team(), x, SECONDS)
    if "missing" in found:
        raise InputError(f"what is sent in every scenario cannot be shown: {found['missing']}")
    to = _zone_of_column(program, inst)
    of = {name: k for k, name in enumerate(program.scenario_names)}
    out = np.zeros((program.num_scenarios, len(inst.zones)))
    start = 0
    for group, packed in zip(problem.groups, found["values"], strict=True):
        y = unpack(packed, "recourse", float, (len(group), len(group.second)))
        rows = [of[str(label)] for label in problem.labels[start : start + len(group)]]
        out[rows] = y @ np.array([to.get(name, np.zeros(len(inst.zones))) for name in group.second.names])
        start += len(group)
    return out


def _zone_of_column(program: Program, inst: Deployment) -> dict[str, Array]:
    """Return the unit vector (n,) of the zone that each second-stage variable sends to."""
    place = {z.name: i for i, z in enumerate(inst.zones)}
    return {data.name: np.eye(len(place))[place[zone]] for (_, zone), data in program.build(0).send.items()}
