r"""Two-stage pre-positioning of relief supplies: where to open depots of which size, and what to stock there.

Rawls & Turnquist (2010), Transportation Research Part B 44(4), 521-534, in full. First stage: depot of size l at node i
(open), stock of commodity k (stock). Second stage, in scenario s: shipments over arcs (flow), leftovers (left), shortages (short).

    min  sum_il F_l open_il + sum_ik q_k stock_ik
         + E[ sum_ijk c_k d_ij flow_ijk + sum_ik h_k left_ik + p_k short_ik ]                                  (1)
    sum_k b_k stock_ik <= sum_l M_l open_il                                             for all i              (2)
    sum_l open_il <= 1                                                                  for all i              (3)
    rho_i stock_ik + sum_j flow_jik + short_ik = v_ik + sum_j flow_ijk + left_ik        for all i, k           (4)
    sum_k u_k flow_ijk <= U_ij                                                          for all limited arcs   (5)
    open binary; stock, flow, left, short >= 0

Random (scenario) data, all of them symbolic parameters that enter affinely: demand v, usable fraction rho, arc capacity U
(0 for a broken link). Goods may be transshipped at any node. Units: stock, flow, left, short in units of the commodity; F in money;
q, h, p in money per unit; c in money per unit and distance; d in distance; M, U in volume; b, u in volume per unit.

With ``impact=True`` (the instance needs an ``impact`` section) the model also carries, as named stage expressions for a
multi-objective study, the terms of the ST-ERAO paper, eq. 14-16; they are not part of (1):

    casualties    = sum_i C_i (1 - alpha_i),      alpha_i <= a_b + s_b cover_i for every piece b               (6)
    loss          = sum_i L_i (1 - beta_i),       beta_i  <= a'_b + s'_b cover_i for every piece b             (7)
    cover_i       = 1 - sum_k g_ik short_ik,      g_ik = 1 / (v_ik * number of commodities demanded at i)      (8)
    response_time >= sum_jk tau_ji g_ik deliver_jik + T sum_k g_ik short_ik              for all i             (9)
    sum_i deliver_jik = rho_j stock_jk - left_jk for all depots j,   sum_j deliver_jik = v_ik - short_ik       (10)

cover_i in [0, 1] is the covered share of the demand of zone i (1 where nothing is demanded, g = 0), alpha and beta are
concave piecewise-linear reductions, T the horizon (hours) charged for what never arrives, tau the shortest travel times over the
links that stand (at most T): response_time is the largest *mean* delivery time over zones (eq. 16). deliver_jik is a transport plan
consistent with the flows (4); where arc capacities (5) force detours its times are a lower bound. Then W holds random entries (g).
"""

from __future__ import annotations

import itertools

import numpy as np
import pyomo.environ as pyo
from pyomo.core.base.component_namer import index_repr

from ..errors import InputError
from ..instances import Scenario, ScenarioBlock, ScenarioSource
from ..scenario_gen.sources import open_source
from .protocol import attach_first_stage, parameter, scenario_number
from .protocol import scenario_denouement as scenario_denouement
from .protocol import scenario_names_creator as scenario_names_creator

OBJECTIVES = {
    "units": {"casualties": "people", "loss": "money", "response_time": "h"},
    "arguments": {"impact": True},
    "instance": "town-50",
}
"""Stage expressions for a front (6), (7), (9): their units, the argument that adds them, an instance that has the terms."""


def build(source: ScenarioSource, scen: Scenario, *, impact: bool = False) -> pyo.ConcreteModel:
    """Write the algebra of the module's docstring for one scenario; no random number is drawn here."""
    inst = source.instance
    m = pyo.ConcreteModel(scen.name)

    # sets
    m.nodes = pyo.Set(initialize=[n.name for n in inst.nodes])
    m.depots = pyo.Set(initialize=[n.name for n in inst.nodes if n.candidate])
    m.sizes = pyo.Set(initialize=[s.name for s in inst.sizes])
    m.commodities = pyo.Set(initialize=[c.name for c in inst.commodities])
    link_of = _link_of(inst)
    m.arcs = pyo.Set(initialize=list(link_of), dimen=2)
    m.limited_arcs = pyo.Set(initialize=[a for a, e in link_of.items() if source.limited_links[e]], dimen=2)
    into = {i: [j for j, k in link_of if k == i] for i in m.nodes}
    out_of = {i: [k for j, k in link_of if j == i] for i in m.nodes}
    size = {s.name: s for s in inst.sizes}
    goods = {c.name: c for c in inst.commodities}
    use = {c.name: c.volume if c.link_use is None else c.link_use for c in inst.commodities}

    # random data
    data = random_data(source, scen, impact=impact)
    m.demand = parameter(data["demand"], m.nodes, m.commodities)
    m.usable = parameter(data["usable"], m.nodes)
    m.arc_capacity = parameter(data["arc_capacity"], m.limited_arcs)

    # first-stage variables
    m.open = pyo.Var(m.depots, m.sizes, within=pyo.Binary)
    m.stock = pyo.Var(m.depots, m.commodities, within=pyo.NonNegativeReals)

    # second-stage variables
    m.flow = pyo.Var(m.arcs, m.commodities, within=pyo.NonNegativeReals)
    m.left = pyo.Var(m.nodes, m.commodities, within=pyo.NonNegativeReals)
    m.short = pyo.Var(m.nodes, m.commodities, within=pyo.NonNegativeReals)

    @m.Constraint(m.depots)
    def storage_capacity(m, i):  # (2)
        return sum(goods[k].volume * m.stock[i, k] for k in m.commodities) <= sum(size[l].capacity * m.open[i, l] for l in m.sizes)

    @m.Constraint(m.depots)
    def one_size(m, i):  # (3)
        return sum(m.open[i, l] for l in m.sizes) <= 1

    @m.Constraint(m.nodes, m.commodities)
    def balance(m, i, k):  # (4)
        supply = m.usable[i] * m.stock[i, k] if i in m.depots else 0
        arriving = sum(m.flow[j, i, k] for j in into[i])
        leaving = sum(m.flow[i, j, k] for j in out_of[i])
        return supply + arriving + m.short[i, k] == m.demand[i, k] + leaving + m.left[i, k]

    @m.Constraint(m.limited_arcs)
    def link_capacity(m, i, j):  # (5)
        return sum(use[k] * m.flow[i, j, k] for k in m.commodities) <= m.arc_capacity[i, j]

    if impact:
        _add_impact(m, inst.impact, data)

    m.first_stage_cost = pyo.Expression(
        expr=sum(size[l].fixed_cost * m.open[i, l] for i in m.depots for l in m.sizes)
        + sum(goods[k].price * m.stock[i, k] for i in m.depots for k in m.commodities)
    )
    m.second_stage_cost = pyo.Expression(
        expr=sum(goods[k].transport_cost * inst.links[e].length * m.flow[a, k] for a, e in link_of.items() for k in m.commodities)
        + sum(goods[k].holding_cost * m.left[i, k] + goods[k].shortage_penalty * m.short[i, k] for i in m.nodes for k in m.commodities)
    )
    m.total_cost = pyo.Objective(expr=m.first_stage_cost + m.second_stage_cost)  # (1)
    return m


def random_data(source: ScenarioSource, scen: Scenario | ScenarioBlock, impact: bool = False) -> dict[str, np.ndarray]:
    """Return the value of every mutable parameter of :func:`build`, in the order of its index.

    With N nodes, D depots, K commodities and A limited arcs: ``demand`` (N, K), ``usable`` (N,), ``arc_capacity`` (A,); with ``impact``
    also ``share`` g (N, K), ``weighted_hours`` tau_ji g_ik (D, N, K), ``potential_casualties`` and ``potential_loss`` (N,).
    A block of B scenarios gives the same with a leading axis B.

    Raises
    ------
    InputError
        ``impact`` for an instance without that section.
    """
    data = {"demand": scen.demand, "usable": scen.usable, "arc_capacity": scen.link_capacity[..., _limited_links(source)]}
    if not impact:
        return data
    terms = source.instance.impact
    if terms is None:
        raise InputError(f"instance {source.instance.name!r}: field 'impact' is missing; casualty, loss and response-time terms need it")
    if scen.hours is None:
        raise InputError(f"instance {source.instance.name!r}: its scenarios come without travel times; take those of source.with_hours()")
    demanded = scen.demand > 0
    with np.errstate(divide="ignore"):
        share = np.where(demanded, 1.0 / (scen.demand * np.maximum(demanded.sum(axis=-1, keepdims=True), 1)), 0.0)
    depots = [i for i, n in enumerate(source.instance.nodes) if n.candidate]
    hours = np.minimum(scen.hours[..., depots, :], terms.horizon_h)
    data |= {"share": share, "weighted_hours": hours[..., None] * share[..., None, :, :]}
    return data | {"potential_casualties": scen.casualties, "potential_loss": scen.loss}


def random_block(source: ScenarioSource, start: int, stop: int, impact: bool = False) -> dict[str, np.ndarray]:
    """Return :func:`random_data` of scenarios ``start, ..., stop - 1``, with a leading scenario axis."""
    return random_data(source, source.block(start, stop), impact=impact)


def _link_of(inst):
    """Return ``{arc: number of its link}``, both directions of every link."""
    return {arc: e for e, link in enumerate(inst.links) for arc in (link.ends, link.ends[::-1])}


def _limited_links(source):
    """Return the number of the link of every limited arc (A,)."""
    return np.array([e for e in _link_of(source.instance).values() if source.limited_links[e]], dtype=np.intp)


def _add_impact(m, terms, data):
    """Add (6)-(10): the variables, rows and the named expressions ``casualties``, ``loss``, ``response_time``."""
    m.share = parameter(data["share"], m.nodes, m.commodities)
    m.weighted_hours = parameter(data["weighted_hours"], m.depots, m.nodes, m.commodities)
    m.potential_casualties = parameter(data["potential_casualties"], m.nodes)
    m.potential_loss = parameter(data["potential_loss"], m.nodes)

    m.alpha = pyo.Var(m.nodes, within=pyo.NonNegativeReals)
    m.beta = pyo.Var(m.nodes, within=pyo.NonNegativeReals)
    m.deliver = pyo.Var(m.depots, m.nodes, m.commodities, within=pyo.NonNegativeReals)
    m.slowest = pyo.Var(within=pyo.NonNegativeReals)

    def cover(i):  # (8)
        return 1 - sum(m.share[i, k] * m.short[i, k] for k in m.commodities)

    alpha_pieces, beta_pieces = _pieces(terms.casualty_reduction), _pieces(terms.loss_reduction)

    @m.Constraint(m.nodes, range(len(alpha_pieces)))
    def casualty_reduction(m, i, b):  # (6)
        return m.alpha[i] <= alpha_pieces[b][0] + alpha_pieces[b][1] * cover(i)

    @m.Constraint(m.nodes, range(len(beta_pieces)))
    def loss_reduction(m, i, b):  # (7)
        return m.beta[i] <= beta_pieces[b][0] + beta_pieces[b][1] * cover(i)

    @m.Constraint(m.nodes)
    def slowest_zone(m, i):  # (9)
        travel = sum(m.weighted_hours[j, i, k] * m.deliver[j, i, k] for j in m.depots for k in m.commodities)
        return travel + terms.horizon_h * sum(m.share[i, k] * m.short[i, k] for k in m.commodities) <= m.slowest

    @m.Constraint(m.depots, m.commodities)
    def delivered_from(m, j, k):  # (10)
        return sum(m.deliver[j, i, k] for i in m.nodes) == m.usable[j] * m.stock[j, k] - m.left[j, k]

    @m.Constraint(m.nodes, m.commodities)
    def delivered_to(m, i, k):  # (10)
        return sum(m.deliver[j, i, k] for j in m.depots) == m.demand[i, k] - m.short[i, k]

    m.casualties = pyo.Expression(expr=sum(m.potential_casualties[i] * (1 - m.alpha[i]) for i in m.nodes))
    m.loss = pyo.Expression(expr=sum(m.potential_loss[i] * (1 - m.beta[i]) for i in m.nodes))
    m.response_time = pyo.Expression(expr=m.slowest)


def _pieces(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return (intercept, slope) of each piece of a concave piecewise-linear function given by its points."""
    pieces = []
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        slope = (y1 - y0) / (x1 - x0)
        pieces.append((y0 - slope * x0, slope))
    return pieces


def service(source: ScenarioSource, k: int, values: dict[str, float]) -> dict[str, tuple[float, float]]:
    """Return ``{commodity: (units met, units demanded)}`` of scenario ``k`` from its second-stage values by name."""
    demand = source.scenario(k).demand.sum(axis=0)
    out = {}
    for c, total in zip(source.instance.commodities, demand, strict=True):
        short = sum(values["short" + index_repr((n.name, c.name))] for n in source.instance.nodes)
        out[c.name] = (float(total) - short, float(total))
    return out


# -- mpi-sppy scenario-module protocol


def scenario_creator(name, *, source, impact=False):
    scen = source.scenario(scenario_number(name))
    m = build(source, scen, impact=impact)
    attach_first_stage(m, m.first_stage_cost, [m.open, m.stock], scen.probability)
    return m


def inparser_adder(cfg):
    cfg.num_scens_required()
    cfg.add_to_config("instance", "packaged instance, drawn family or instance file", str, "gulf-coast-51")
    cfg.add_to_config("scenario_file", "scenarios in place of the instance's own", str, None)
    cfg.add_to_config("seed", "seed of a drawn family", int, None)
    cfg.add_to_config("impact", "carry the casualty, loss and response-time terms", bool, False)


def kw_creator(cfg):
    source = open_source(cfg.instance, scenario_file=cfg.scenario_file, num_scenarios=cfg.num_scens, seed=cfg.seed)
    if cfg.impact and hasattr(source, "with_hours"):
        source = source.with_hours()
    return {"source": source, "impact": cfg.impact}
