r"""Chance-constrained deployment: resources sent from depots to zones, so that demand is met with high probability at the least cost.

ST-ERAO, eq. 17, as a two-stage program. Depot j is opened (open), resources (ready) and vehicles are made ready there, and y_ij units
(send) go to zone i over the routes within the zone's time limit. D_i is the random demand.

    min  sum_j F_j open_j + r_j ready_j + v vehicles_j + [E] sum_ij c_ij y_ij + s E sum_i short_i                (1)
    ready_j <= B_j open_j,   vehicles_j <= N_j open_j                                    for all j              (2)
    sum_i y_ij <= ready_j                                                                for all j              (3)
    sum_i 2 h_ij y_ij / k <= H vehicles_j                                                for all j              (4)
    P( sum_j y_ij >= D_i ) >= 1 - eps_i  for all i,   or jointly   P( sum_j y_ij >= D_i for all i ) >= 1 - eps   (5)
    open binary; vehicles integer; ready, y >= 0

``send`` says when y is decided, ``joint`` which of its forms (5) has, ``rule`` whether (5) or its convex, conservative form by CVaR holds:

* ``send="now"``: y is first stage. Each zone for itself, (5) is the order statistic sum_j y_ij >= q_i, q_i the smallest d with
  P(D_i <= d) >= 1 - eps_i (exact, an LP but for open and vehicles). Jointly, with scenario binaries z (give_up), and q_i at the joint eps,

      sum_j y_ij >= q_i,    sum_j y_ij + short_i >= D_i,    short_i <= (D_i - q_i)^+ z                          (6)

* ``send="recourse"`` (the default): y is second stage, may answer the scenario, and in one that is given up (z = 1) nothing need arrive:

      sum_j y_ij + short_i >= D_i,    short_i <= D_i z_i    (z_i = z if joint)                                  (7)

* ``rule="cvar"``: mean of the worst eps of the shortfall at most 0. With the largest shortfall of all zones if joint, else zone by zone,

      lack_i >= D_i - sum_j y_ij,    lack_i <= t_i + w_i,    t_i + E[w_i] / eps_i <= 0,    w >= 0               (8)

  (threshold t, excess w: Rockafellar & Uryasev 2000); for ``send="now"`` zone by zone it is sum_j y_ij >= CVaR_{1 - eps_i}(D_i).

The row that bounds P or E, E[z_i] <= eps_i or (8), joins the scenarios. z and w belong to one scenario each, but are declared first
stage: every scenario has copies of all of them (``copies=True``, for mpi-sppy) or, for quakeops' own methods, one that stands for its
own (owner "*").
Implied by (5), since it cuts off fractional z, for recourse: sum of ready_j over depots that reach zone i >= q_i, and jointly
sum_j ready_j >= q(sum_i D_i).                                                                                 (9)
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from ..errors import InputError
from ..instances import DemandBlock, DemandScenario, DemandSource
from ..scenario_gen.sources import open_demand
from .deployment_reach import check_reach
from .deployment_together import check_together
from .deployment_violations import violations as violations
from .order_statistics import allowed_count, cvar, quantile
from .protocol import attach_first_stage, parameter, scenario_number
from .protocol import scenario_denouement as scenario_denouement
from .protocol import scenario_names_creator as scenario_names_creator

SEND, RULE = ("recourse", "now"), ("chance", "cvar")


def build(
    source: DemandSource,
    scen: DemandScenario,
    *,
    send: str = "recourse",
    rule: str = "chance",
    joint: bool = True,
    epsilon: float | None = None,
    copies: bool = False,
    loose: bool = False,
) -> pyo.ConcreteModel:
    """Write the algebra of the module's docstring for one scenario; no random number is drawn here.

    ``loose`` leaves out what is required of all scenarios together, for a plan on scenarios it was not made for.
    """
    inst = source.instance
    m = pyo.ConcreteModel(scen.name)
    depot, zone = {d.name: d for d in inst.depots}, {z.name: z for z in inst.zones}
    route = {(r.depot, r.zone): r for r in inst.usable_routes}
    miss = epsilons(inst, joint, epsilon)
    needed = requirement(source, rule, joint, miss)

    # sets
    m.depots = pyo.Set(initialize=list(depot))
    m.zones = pyo.Set(initialize=list(zone))
    m.routes = pyo.Set(initialize=list(route), dimen=2)
    m.rules = pyo.Set(initialize=["all"] if joint else list(zone))  # what is required together
    m.owners = pyo.Set(initialize=[f"scen{k}" for k in range(source.num_scenarios)] if copies else ["*"])
    own = scen.name if copies else "*"
    rule_of = {i: "all" if joint else i for i in m.zones}
    fixed_need = send == "now" and not joint  # (5) or (8) is a row sum_j y_ij >= needed_i

    # random data
    data = random_data(source, scen, send=send, rule=rule, joint=joint, epsilon=epsilon, loose=loose)
    m.demand = parameter(data["demand"], m.zones)
    m.beyond = parameter(data["beyond"], m.zones)

    # first-stage variables
    m.open = pyo.Var(m.depots, within=pyo.Binary)
    m.ready = pyo.Var(m.depots, within=pyo.NonNegativeReals)
    m.vehicles = pyo.Var(m.depots, within=pyo.NonNegativeIntegers, bounds=lambda m, j: (0, depot[j].vehicles))
    first = [m.open, m.ready, m.vehicles]
    m.send = pyo.Var(m.routes, within=pyo.NonNegativeReals)
    if send == "now":
        first.append(m.send)
    if rule == "chance" and not fixed_need:
        m.give_up = pyo.Var(m.owners, m.rules, within=pyo.Binary)
        first.append(m.give_up)
    if rule == "cvar" and not fixed_need:
        most = sum(d.stock for d in inst.depots)
        m.threshold = pyo.Var(m.rules, bounds=(-most, 0))
        m.excess = pyo.Var(m.owners, m.rules, within=pyo.NonNegativeReals)
        first += [m.threshold, m.excess]

    # second-stage variables (send too, for send="recourse")
    shortage = (rule == "chance" and not fixed_need) or inst.shortage_cost > 0
    if shortage:
        m.short = pyo.Var(m.zones, within=pyo.NonNegativeReals)
    if rule == "cvar" and not fixed_need:
        m.lack = pyo.Var(m.zones, within=pyo.Reals)

    @m.Constraint(m.depots)
    def ready_if_open(m, j):  # (2)
        return m.ready[j] <= depot[j].stock * m.open[j]

    @m.Constraint(m.depots)
    def vehicles_if_open(m, j):  # (2)
        return m.vehicles[j] <= depot[j].vehicles * m.open[j]

    served_by = {j: [i for d, i in route if d == j] for j in m.depots}
    reached_from = {i: [j for j, z in route if z == i] for i in m.zones}

    @m.Constraint([j for j in m.depots if served_by[j]])
    def stock(m, j):  # (3)
        return sum(m.send[j, i] for i in served_by[j]) <= m.ready[j]

    @m.Constraint([j for j in m.depots if served_by[j]])
    def fleet(m, j):  # (4)
        trips = sum(2 * route[j, i].hours / inst.fleet.capacity * m.send[j, i] for i in served_by[j])
        return trips <= inst.fleet.hours * m.vehicles[j]

    def arriving(i):
        return sum(m.send[j, i] for j in reached_from[i])

    if send == "now" and (rule == "chance" or not joint) and not loose:

        @m.Constraint(m.zones)
        def enough(m, i):  # (5), (6), or (8) zone by zone
            return arriving(i) >= needed[i] if reached_from[i] else pyo.Constraint.Feasible

    if shortage:

        @m.Constraint(m.zones)
        def cover(m, i):  # (6), (7)
            return arriving(i) + m.short[i] >= m.demand[i]

    if rule == "chance" and not fixed_need:

        @m.Constraint(m.zones)
        def only_if_given_up(m, i):  # (6), (7)
            return m.short[i] <= m.beyond[i] * m.give_up[own, rule_of[i]]

        weight, scale = _weights(source, copies)

        @m.Constraint([] if loose else m.rules)
        def reliability(m, r):  # (5)
            limit = miss[r] * scale
            count = allowed_count(source.probabilities, miss[r])
            if copies and count is not None:
                limit = count
            return sum(weight[o] * m.give_up[o, r] for o in m.owners) <= limit

    if rule == "cvar" and not fixed_need:
        probability, _ = _weights(source, copies, scaled=False)

        @m.Constraint(m.zones)
        def lacking(m, i):  # (8)
            return m.lack[i] + arriving(i) >= m.demand[i]

        @m.Constraint(m.zones)
        def lack_in_tail(m, i):  # (8)
            return m.lack[i] <= m.threshold[rule_of[i]] + m.excess[own, rule_of[i]]

        @m.Constraint([] if loose else m.rules)
        def tail_mean(m, r):  # (8)
            return m.threshold[r] + sum(probability[o] / miss[r] * m.excess[o, r] for o in m.owners) <= 0

    if rule == "chance" and send == "recourse" and not loose:

        @m.Constraint(m.zones)
        def reach(m, i):  # (9)
            return sum(m.ready[j] for j in reached_from[i]) >= needed[i] if reached_from[i] else pyo.Constraint.Feasible

        if joint:
            m.total = pyo.Constraint(expr=sum(m.ready[j] for j in m.depots) >= needed["all"])  # (9)

    sending = sum(r.cost * m.send[a] for a, r in route.items())
    m.first_stage_cost = pyo.Expression(
        expr=sum(depot[j].opening_cost * m.open[j] + depot[j].ready_cost * m.ready[j] for j in m.depots)
        + sum(inst.fleet.cost * m.vehicles[j] for j in m.depots)
        + (sending if send == "now" else 0)
    )
    missing = inst.shortage_cost * sum(m.short[i] for i in m.zones) if shortage else 0
    m.second_stage_cost = pyo.Expression(expr=missing + (sending if send == "recourse" else 0))
    m.total_cost = pyo.Objective(expr=m.first_stage_cost + m.second_stage_cost)  # (1)
    m._nonanticipative = first
    return m


def epsilons(inst, joint: bool, epsilon: float | None) -> dict[str, float]:
    """Return the probability that may be missed by requirement, ``"all"`` or a zone; ``epsilon`` replaces those of the instance.

    Raises
    ------
    InputError
        ``epsilon`` does not lie strictly between 0 and 1.
    """
    if epsilon is not None and not 0 < epsilon < 1:
        raise InputError(f"epsilon {epsilon:g}: must lie strictly between 0 and 1")
    if joint:
        return {"all": inst.epsilon if epsilon is None else epsilon}
    own = {z.name: inst.epsilon if z.epsilon is None else z.epsilon for z in inst.zones}
    return own if epsilon is None else dict.fromkeys(own, epsilon)


def allowed(source: DemandSource, joint: bool = True, epsilon: float | None = None, **_) -> dict[str, float]:
    """Return the probability with which each requirement of :func:`violations` may be missed."""
    return epsilons(source.instance, joint, epsilon)


def requirement(source: DemandSource, rule: str, joint: bool, miss: dict[str, float]) -> dict[str, float]:
    """Return q_i by zone, and under ``"all"`` that of the sum of all demands (CVaR instead of quantile for ``rule="cvar"``)."""
    demand, p = source.block(0, source.num_scenarios).demand, source.probabilities
    statistic = cvar if rule == "cvar" else quantile
    names = [z.name for z in source.instance.zones]
    out = {name: statistic(demand[:, i], p, miss["all" if joint else name]) for i, name in enumerate(names)}
    return out | ({"all": statistic(demand.sum(axis=1), p, miss["all"])} if joint else {})


def random_data(
    source: DemandSource,
    scen: DemandScenario | DemandBlock,
    *,
    send: str = "recourse",
    rule: str = "chance",
    joint: bool = True,
    epsilon: float | None = None,
    copies: bool = False,
    loose: bool = False,
) -> dict[str, np.ndarray]:
    """Return the value of every mutable parameter of :func:`build`, (n,) each by zone; a block of B scenarios gives (B, n).

    ``demand`` D, and ``beyond``: the largest shortfall of a scenario that is given up, D in (7) (or ``loose``) and (D - q)^+ in (6).
    """
    demand = scen.demand
    if send == "recourse" or rule == "cvar" or not joint or loose:
        return {"demand": demand, "beyond": demand}
    needed = requirement(source, rule, joint, epsilons(source.instance, joint, epsilon))
    q = np.array([needed[z.name] for z in source.instance.zones])
    return {"demand": demand, "beyond": np.maximum(demand - q, 0.0)}


def random_block(source: DemandSource, start: int, stop: int, **form) -> dict[str, np.ndarray]:
    """Return :func:`random_data` of scenarios ``start, ..., stop - 1``, with a leading scenario axis."""
    return random_data(source, source.block(start, stop), **form)


def owned(send: str = "recourse", rule: str = "chance", joint: bool = True, **_) -> tuple[str, ...]:
    """Return the first-stage variables of which each scenario has its own; their first index is the scenario, ``"*"`` without copies."""
    if send == "now" and not joint:
        return ()
    return ("give_up",) if rule == "chance" else ("excess",)


def _weights(source, copies, scaled=True):
    """Return each owner's weight in an expectation and what it was scaled by; scaled, the smallest weight is 1."""
    if not copies:
        return {"*": 1.0}, 1.0
    p = source.probabilities
    scale = 1 / p[p > 0].min() if scaled else 1.0
    weights = np.ones_like(p) if scaled and (p == p[0]).all() else p * scale
    return {f"scen{k}": float(w) for k, w in enumerate(weights)}, scale


# -- mpi-sppy scenario-module protocol


def scenario_creator(name, *, source, **form):
    scen = source.scenario(scenario_number(name))
    m = build(source, scen, **form)
    attach_first_stage(m, m.first_stage_cost, m._nonanticipative, scen.probability)
    return m


def inparser_adder(cfg):
    cfg.num_scens_required()
    cfg.add_to_config("instance", "packaged instance, drawn family or instance file", str, "deployment-random")
    cfg.add_to_config("scenario_file", "scenarios in place of the instance's own", str, None)
    cfg.add_to_config("seed", "seed of a drawn family", int, None)
    cfg.add_to_config("send", "when resources are sent: recourse or now", str, "recourse")
    cfg.add_to_config("rule", "chance, or its conservative form cvar", str, "chance")
    cfg.add_to_config("joint", "all zones at once (otherwise each for itself)", bool, True)
    cfg.add_to_config("epsilon", "probability with which demand may be missed, in place of the instance's", float, None)


def kw_creator(cfg):
    for name, known in (("send", SEND), ("rule", RULE)):
        if cfg[name] not in known:
            raise InputError(f"{name} {cfg[name]!r}: expected {' or '.join(known)}")
    source = open_demand(cfg.instance, scenario_file=cfg.scenario_file, num_scenarios=cfg.num_scens, seed=cfg.seed)
    form = {"send": cfg.send, "rule": cfg.rule, "joint": cfg.joint, "epsilon": cfg.epsilon}
    miss = epsilons(source.instance, cfg.joint, cfg.epsilon)
    check_reach(source, requirement(source, cfg.rule, cfg.joint, miss), cfg.rule)
    if cfg.send == "now" and len(set(miss.values())) == 1 and not (cfg.rule == "cvar" and cfg.joint):
        check_together(
            source.instance,
            next(iter(miss.values())),
            lambda e: requirement(source, cfg.rule, cfg.joint, dict.fromkeys(miss, e)),
            exact=not cfg.joint,
        )
    return {"source": source, **form, "copies": True}
