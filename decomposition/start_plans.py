"""Plans to begin with, by what is known of a model: they cost little and let a run stop as soon as its bound is good."""

from __future__ import annotations

import numpy as np

from ..instances.responder import Responder
from ..instances.triage import Triage
from ..models.protocol import variable_name
from ..solvers.policy_iteration import policy_iteration
from .program import Program
from .responder_chain import smdp_of
from .responder_figures import OBJECTIVES, minimising
from .routing import heuristic_plan, is_routing
from .triage_start import first_days

Plan = dict[str, float]


def start_plan(program: Program, time_limit: float | None = None) -> Plan | None:
    """Return first-stage values by name: routes, first days of a triage, the policy of the mean model; ``None`` where none is known."""
    if is_routing(program):
        return heuristic_plan(program, time_limit)
    source = program.kwargs.get("source")
    instance = getattr(source, "instance", None)
    if isinstance(instance, Responder):
        return _policy_of_means(program)
    if source is not None and isinstance(instance, Triage):
        return first_days(source)
    return None


def _policy_of_means(program: Program) -> Plan:
    """Return the optimal policy of the SMDP with the scenarios' mean probabilities, times and costs."""
    assert program.mean_source is not None
    mean = program.mean_source(program.kwargs["source"])
    smdp = minimising(smdp_of(mean.scenario(0), mean.layout), OBJECTIVES[program.kwargs.get("objective", "rate")])
    policy = policy_iteration(smdp).policy[1:]
    sent = np.zeros(smdp.num_pairs)
    sent[policy] = 1.0
    return {variable_name("send", smdp.states[smdp.state[pair]], smdp.action[pair]): float(sent[pair]) for pair in range(1, smdp.num_pairs)}
