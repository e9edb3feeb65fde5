r"""Which responder to send: one policy for many futures of a semi-Markov decision process (SMDP).

Ghosh & Gosavi's model (Control Theory and Technology 15(1), 2017, doi 10.1007/s11768-017-6060-y): an earthquake leads from the stable
state to decision state i with probability p_i; an agency a is sent; while it travels, incidents may cause others (domino probabilities D);
when it has dealt with what it finds, all is stable again. Its displayed equations are lost in the text at hand; times t_ia and hazards c_ia
of a decision are those of :mod:`quakeops.instances.responder_arrays`, reconstructed from its words.

A scenario is one SMDP. Its occupation measure x_ia is the number of decisions (i, a) in H = 1,000 hours of restoring, u the number of
events. With policy binaries d_ia, first stage and so the same in all scenarios,

    min   sum_ia c_ia x_ia / H                                       average hazard rate rho                         (1)
    sum_a x_ia = p_i u                                               for all decision states i                      (2)
    sum_ia t_ia x_ia = H                                                                                            (3)
    l_ia d_ia <= x_ia <= m_ia d_ia                                   for all i, a                                   (4)
    sum_a d_ia = 1,   d binary,   x, u >= 0                          for all i                                      (5)

(2) is the balance of the chain, whose other equation, that of the stable state of no sojourn, says u = sum x. By renewal-reward
x_ia = p_i u where d_ia = 1, with u = H / sum_j p_j t_j,d(j): the bounds of (4) are the tightest,

    m_ia = H p_i / (p_i t_ia + sum_{j != i} p_j min_b t_jb),   l_ia the same with max                                (6)

With one scenario (1)-(3) alone are the linear program of the SMDP (Puterman, Markov Decision Processes, 1994, sec. 11.4), which has a pure
optimal policy: (4) and (5) take nothing from it.

``objective="event"`` minimises the hazard of an event, sum_ia c_ia x_ia, and ``"restoration"`` its duration, sum_ia t_ia x_ia (hours), both
with u = 1 in place of (3) and p_i for both bounds of (4). Each of the three may be limited too, in every scenario:

    sum_ia c_ia x_ia <= E u,    sum_ia t_ia x_ia <= T u,    sum_ia (c_ia - R t_ia) x_ia <= 0                        (7)

A pure policy is chosen all the same. What a single scenario gains by randomising tells
:func:`quakeops.decomposition.responder_limits.best_under_limits`. Units: hours, hazard in the instance's scale.
"""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pyomo.environ as pyo

from ..errors import InputError
from ..instances.responder_source import FixedResponder, ResponderBlock, ResponderScenario, ResponderSource
from ..scenario_gen.sources import open_responders
from .protocol import attach_first_stage, parameter, scenario_number
from .protocol import scenario_denouement as scenario_denouement
from .protocol import scenario_names_creator as scenario_names_creator

OBJECTIVES = ("rate", "event", "restoration")

LIMITS = {"event_limit": "hazard of an event", "hours_limit": "hours of an event", "rate_limit": "hazard an hour"}

HORIZON_H = 1000.0
"""H of (3): rates are then numbers near 1."""


def build(source: ResponderSource, scen: ResponderScenario, *, objective: str = "rate", **limits: float | None) -> pyo.ConcreteModel:
    """Write the algebra of the module's docstring for one scenario; no random number is drawn here.

    ``limits`` are ``event_limit`` E, ``hours_limit`` T and ``rate_limit`` R of (7), those that are to hold.
    """
    m = pyo.ConcreteModel(scen.name)
    limits = {name: limit for name, limit in limits.items() if limit is not None}
    data = random_data(source, scen, objective=objective, **limits)

    # sets
    m.states = pyo.Set(initialize=list(source.states))
    m.agencies = pyo.Set(initialize=[a.name for a in source.instance.agencies])

    # random data
    m.start = parameter(data["start"], m.states)
    m.cost = parameter(data["cost"], m.states, m.agencies)
    m.most = parameter(data["most"], m.states, m.agencies)
    m.least = parameter(data["least"], m.states, m.agencies)

    # first-stage variables
    m.send = pyo.Var(m.states, m.agencies, within=pyo.Binary)

    # second-stage variables
    m.decisions = pyo.Var(m.states, m.agencies, within=pyo.NonNegativeReals)
    m.events = pyo.Var(within=pyo.NonNegativeReals)

    @m.Constraint(m.states)
    def one_agency(m, i):  # (5)
        return sum(m.send[i, a] for a in m.agencies) == 1

    @m.Constraint(m.states)
    def balance(m, i):  # (2)
        return sum(m.decisions[i, a] for a in m.agencies) - m.start[i] * m.events == 0

    for name in ("time", "hazard"):
        if name in data:
            m.add_component(name, parameter(data[name], m.states, m.agencies))
    if objective == "rate":
        m.horizon = pyo.Constraint(expr=_total(m, m.time) == HORIZON_H)  # (3)
    else:
        m.horizon = pyo.Constraint(expr=m.events == 1)

    @m.Constraint(m.states, m.agencies)
    def at_most(m, i, a):  # (4)
        return m.decisions[i, a] - m.most[i, a] * m.send[i, a] <= 0

    @m.Constraint(m.states, m.agencies)
    def at_least(m, i, a):  # (4)
        return m.decisions[i, a] - m.least[i, a] * m.send[i, a] >= 0

    if "event_limit" in limits:  # (7)
        m.event_limit = pyo.Constraint(expr=_total(m, m.hazard) - limits["event_limit"] * m.events <= 0)
    if "hours_limit" in limits:
        m.hours_limit = pyo.Constraint(expr=_total(m, m.time) - limits["hours_limit"] * m.events <= 0)
    if "rate_limit" in limits:
        m.rate_limit = pyo.Constraint(expr=_total(m, m.hazard) - limits["rate_limit"] * _total(m, m.time) <= 0)

    m.first_stage_cost = pyo.Expression(expr=0.0)
    m.second_stage_cost = pyo.Expression(expr=_total(m, m.cost))
    m.total_cost = pyo.Objective(expr=m.first_stage_cost + m.second_stage_cost)  # (1)
    return m


def _total(m, each):
    return sum(each[i, a] * m.decisions[i, a] for i in m.states for a in m.agencies)


def random_data(
    source: ResponderSource, scen: ResponderScenario | ResponderBlock, *, objective: str = "rate", **limits: float | None
) -> dict[str, np.ndarray]:
    """Return the value of every mutable parameter of :func:`build`; a block of B scenarios gives a leading axis B.

    ``start`` (I,); ``cost``, ``most`` and ``least`` (I, A) of (1), (4) and (6); ``time``, ``hazard`` (I, A), those that (3) or (7) needs.
    """
    single = isinstance(scen, ResponderScenario)
    block = ResponderBlock.stack([scen]) if isinstance(scen, ResponderScenario) else scen
    start, time, cost = block.start, block.time, block.cost
    if objective == "rate":
        least, most = occupation_bounds(start, time)
        data = {"start": start, "cost": cost / HORIZON_H, "most": most, "least": least}
    else:
        both = np.broadcast_to(start[:, :, None], time.shape)
        data = {"start": start, "cost": cost if objective == "event" else time, "most": both, "least": both}
    named = {name for name, limit in limits.items() if limit is not None}
    if objective == "rate" or named & {"hours_limit", "rate_limit"}:
        data["time"] = time
    if named & {"event_limit", "rate_limit"}:
        data["hazard"] = cost
    return {name: values[0] for name, values in data.items()} if single else data


def occupation_bounds(start: np.ndarray, time: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return l and m of (6), (B, I, A), from p (B, I) and t (B, I, A)."""
    own = start[:, :, None] * time
    bounds = []
    for others in (own.max(axis=2), own.min(axis=2)):
        rest = others.sum(axis=1, keepdims=True) - others
        bounds.append(HORIZON_H * start[:, :, None] / (own + rest[:, :, None]))
    return bounds[0], bounds[1]


def random_block(source: ResponderSource, start: int, stop: int, **form) -> dict[str, np.ndarray]:
    """Return :func:`random_data` of scenarios ``start, ..., stop - 1``, with a leading scenario axis."""
    return random_data(source, source.block(start, stop), **form)


def mean_source(source: ResponderSource) -> FixedResponder:
    """Return the mean model: one scenario with the mean start probabilities, times and costs of a source's scenarios.

    The bounds (6) are those of the means; means of the bounds would be those of no SMDP.
    """
    block = source.block(0, source.num_scenarios)
    p = block.probability / block.probability.sum()
    arrays = (np.tensordot(p, getattr(block, f.name), 1) for f in fields(ResponderScenario)[3:])
    mean = ResponderBlock.stack([ResponderScenario("scen0", "mean", 1.0, *arrays)])
    return FixedResponder(source.instance, source.layout, mean)


# -- mpi-sppy scenario-module protocol


def scenario_creator(name, *, source, **form):
    scen = source.scenario(scenario_number(name))
    m = build(source, scen, **form)
    attach_first_stage(m, m.first_stage_cost, [m.send], scen.probability)
    return m


def inparser_adder(cfg):
    cfg.num_scens_required()
    cfg.add_to_config("instance", "packaged instance or instance file", str, "responder-case-1")
    cfg.add_to_config("scenario_file", "scenarios in place of draws", str, None)
    cfg.add_to_config("seed", "seed of the futures", int, None)
    for name, what in LIMITS.items():
        cfg.add_to_config(name, f"most {what}, in every scenario", float, None)
    cfg.add_to_config("objective", "rate (hazard an hour), event (hazard an event) or restoration (hours an event)", str, "rate")


def kw_creator(cfg):
    if cfg.objective not in OBJECTIVES:
        raise InputError(f"objective {cfg.objective!r}: expected {' or '.join(OBJECTIVES)}")
    limits = {name: getattr(cfg, name) for name in LIMITS if getattr(cfg, name) is not None}
    for name, limit in limits.items():
        if not limit > 0 or not np.isfinite(limit):
            raise InputError(f"{name} {limit:g}: expected a number above 0")
    source = open_responders(cfg.instance, scenario_file=cfg.scenario_file, num_scenarios=cfg.num_scens, seed=cfg.seed)
    return {"source": source, "objective": cfg.objective, **limits}
