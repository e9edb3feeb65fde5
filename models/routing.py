r"""Casualty rescue routing with soft time windows, on roads that may be broken.

The problem that Gong & Hu's paper on casualty rescue paths states in words (``papers/casualty_routing.py`` has it line by line), as a
two-stage program: routes are chosen before the roads are known, times of service after. Nodes 0 (the depot) to n; in every scenario

    min   sum_ij t_ij x_ij + sum_j p_j + sum_j lambda_0 r_j                                                          (1)
    sum_i x_ij = 1,   sum_i x_ji = 1                                 for all sites j                                 (2)
    sum_j x_0j <= K,   sum_j x_0j >= ceil(sum_j d_j / Q)                                                             (3)
    sum_k f_jk - sum_i f_ij = d_j                                    for all sites j                                 (4)
    d_i x_ij <= f_ij <= (Q - d_j) x_ij                               for all arcs, f_0j = 0                          (5)

x_ij = 1: a vehicle drives from i to j; f_ij casualties are aboard. x and f are first stage. Second stage is when service begins, written by
arc: on arc (i, j) at time a_ij in i (0 if the arc is not driven) and at time b_ij in j,

    b_ij >= a_ij + (service_i + t_ij) x_ij,   b_0j >= (E_0 + t_0j) x_0j                                              (6)
    sum_k a_jk = sum_i b_ij                                          for all sites j                                 (7)
    (E_0 + t_0i) x_ij <= a_ij <= H x_ij,   b_ij <= H x_ij                                                            (8)

H: a time by which every service has begun in some optimum. A vehicle waits wherever b exceeds what (6) asks for. What j pays is at least
what each side says, the arcs that lead to it and the one that leaves it,

    p_j >= sum_i u_ij,   p_j >= sum_k v_jk                                                                           (9)
    u_ij >= alpha_j (E_j x_ij - b_ij),   u_ij >= lambda_j (b_ij - L_j x_ij),   v_jk the same with a_jk and x_jk      (10)
    r_j >= b_j0 - L_0 x_j0                                                                                           (11)

For binary x either half of (9) alone is the penalty alpha_j (E_j - s_j)^+ + lambda_j (s_j - L_j)^+ of beginning at s_j outside the window
[E_j, L_j]. Both are there for the relaxation: they join the penalties of every two sites that are served in a row, without big-M terms
between sites. alpha and lambda are beta times weights. Hard windows have E_j x_ij <= b_ij <= L_j x_ij in place of (9), (10).

``penalty="step"`` is the source's eq. 3: -alpha_j for beginning by E_j, lambda_j after L_j; with binaries e_j, l_j and p_j = lambda_j l_j -
alpha_j e_j,   s_j <= E_j + (H - E_j)(1 - e_j),   s_j <= L_j + (H - L_j) l_j, where s_j is (7).                      (12)

Where no capacity binds, or a site has no casualties, (4) and (5) count sites. So they do where casualties are random, or may be left
behind, and then in the second stage
casualties g_ij are aboard: sum_k g_jk - sum_i g_ij = d_j - y_j,  g_ij <= Q x_ij,  sum_j (d_j - y_j) <= C; y_j of them are left, each at the
instance's penalty times its priority's weight; y = 0 without one.                                                   (13)

``shuttle``: a vehicle returns to the depot after each site: t_ij becomes t_i0 + t_0j, and Q holds for each site alone.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyomo.environ as pyo

from ..errors import InputError
from ..instances.routing import Routing
from ..instances.routing_arrays import RouteArrays, route_arrays, shuttled
from ..instances.routing_source import RoutingBlock, RoutingScenario, RoutingSource
from ..scenario_gen.sources import open_routing
from .protocol import attach_first_stage, parameter, scenario_number
from .protocol import scenario_denouement as scenario_denouement
from .protocol import scenario_names_creator as scenario_names_creator
from .routing_times import add_times

PH_RHO = 0.1
"""Factor on the cost-based rho of progressive hedging from LP duals: measured on the default, where these are not the last word."""


def build(source: RoutingSource, scen: RoutingScenario) -> pyo.ConcreteModel:
    """Write the algebra of the module's docstring for one scenario; no random number is drawn here."""
    m = pyo.ConcreteModel(scen.name)
    instance = source.instance
    arrays = route_arrays(instance)
    data = random_data(source, scen)
    depot, *sites = instance.nodes
    n = len(sites)
    later = carries_later(source)

    # sets
    m.nodes = pyo.Set(initialize=list(instance.nodes))
    m.sites = pyo.Set(initialize=sites)
    m.arcs = pyo.Set(initialize=[(i, j) for i in instance.nodes for j in instance.nodes if i != j])

    # data that all scenarios share; what a site needs on the way, and what a vehicle has room for
    unit = counts_sites(source, arrays)
    need = dict(zip(sites, [1.0] * n if unit else arrays.demand[1:].tolist(), strict=True))
    room = float(n) if unit else arrays.capacity

    # random data
    m.time = parameter(data["time"], m.arcs)

    # first-stage variables
    m.drive = pyo.Var(m.arcs, within=pyo.Binary)
    m.aboard = pyo.Var(m.arcs, within=pyo.NonNegativeReals)

    @m.Constraint(m.sites)
    def come(m, j):  # (2)
        return sum(m.drive[i, j] for i in m.nodes if i != j) == 1

    @m.Constraint(m.sites)
    def go(m, j):  # (2)
        return sum(m.drive[j, k] for k in m.nodes if k != j) == 1

    least = 1 if unit else math.ceil(sum(need.values()) / room - 1e-9)
    m.fleet = pyo.Constraint(expr=(least, sum(m.drive[depot, j] for j in m.sites), arrays.vehicles))  # (3)

    @m.Constraint(m.sites)
    def collect(m, j):  # (4)
        return sum(m.aboard[j, k] for k in m.nodes if k != j) - sum(m.aboard[i, j] for i in m.nodes if i != j) == need[j]

    @m.Constraint(m.arcs)
    def most_aboard(m, i, j):  # (5)
        return m.aboard[i, j] - (0.0 if i == depot else room - need.get(j, 0.0)) * m.drive[i, j] <= 0

    @m.Constraint(m.sites, m.nodes)
    def least_aboard(m, i, j):  # (5)
        return pyo.Constraint.Skip if i == j else m.aboard[i, j] - need[i] * m.drive[i, j] >= 0

    # second stage
    penalties = add_times(m, arrays, data) if is_timed(arrays) else 0.0
    if later:
        penalties += _add_casualties(m, source, data)

    m.first_stage_cost = pyo.Expression(expr=sum(m.time[i, j] * m.drive[i, j] for i, j in m.arcs))
    m.second_stage_cost = pyo.Expression(expr=penalties)
    m.total_cost = pyo.Objective(expr=m.first_stage_cost + m.second_stage_cost)  # (1)
    return m


def _add_casualties(m: Any, source: RoutingSource, data: dict[str, np.ndarray]) -> Any:
    """Add (13); returns what those left behind cost."""
    instance = source.instance
    depot, capacity = instance.depot.name, instance.capacity
    weight = {p.name: p.weight for p in instance.priorities}
    m.demand = parameter(data["demand"], m.sites)
    m.left = pyo.Var(m.sites, within=pyo.NonNegativeReals)

    @m.Constraint(m.sites)
    def most_left(m, j):
        return m.left[j] - (0.0 if instance.left_penalty is None else m.demand[j]) <= 0

    if instance.treatment_capacity is not None:
        m.treated = pyo.Constraint(expr=sum(m.demand[j] - m.left[j] for j in m.sites) <= instance.treatment_capacity)
    if math.isfinite(capacity):
        m.carried = pyo.Var(m.arcs, within=pyo.NonNegativeReals)

        @m.Constraint(m.sites)
        def picked_up(m, j):
            out, in_ = (sum(m.carried[arc] for arc in m.arcs if arc[side] == j) for side in (0, 1))
            if instance.shuttle:
                return out - m.demand[j] + m.left[j] == 0
            return out - in_ - m.demand[j] + m.left[j] == 0

        @m.Constraint(m.arcs)
        def most_carried(m, i, j):
            return m.carried[i, j] - (0.0 if i == depot else capacity) * m.drive[i, j] <= 0

    if instance.left_penalty is None:
        return 0.0
    return sum(instance.left_penalty * weight.get(s.priority or "", 1.0) * m.left[s.name] for s in instance.sites)


def is_timed(arrays: RouteArrays) -> bool:
    """Whether any window matters; without (beta = 0, or no windows) times are left out, and the capacitated VRP remains."""
    return bool(((arrays.early > 0) | (arrays.late > 0)).any())


def carries_later(source: RoutingSource) -> bool:
    """Whether what vehicles carry is of the second stage (13)."""
    return source.demand_varies or source.instance.left_penalty is not None


def counts_sites(source: RoutingSource, arrays: RouteArrays) -> bool:
    """Whether f of (4) counts sites and not casualties: these are of the second stage, or no capacity binds, or a site has none."""
    return carries_later(source) or math.isinf(arrays.capacity) or not bool((arrays.demand[1:] > 0).all())


def random_data(source: RoutingSource, scen: RoutingScenario | RoutingBlock) -> dict[str, np.ndarray]:
    """Return the value of every mutable parameter of :func:`build`; a block of B scenarios gives a leading axis B.

    ``time`` of every arc (i, j), i != j, in row order; where windows matter ``reach`` (n,), E_0 + t_0j, and ``horizon``, H of (8); where
    casualties are of the second stage ``demand`` (n,).
    """
    single = isinstance(scen, RoutingScenario)
    block = RoutingBlock.stack([scen]) if isinstance(scen, RoutingScenario) else scen
    arrays = route_arrays(source.instance)
    time = np.stack([shuttled(t) for t in block.time]) if source.instance.shuttle and len(block) else block.time
    nodes = len(arrays.demand)
    data = {"time": time[:, ~np.eye(nodes, dtype=bool)]}
    if is_timed(arrays):
        start = max(float(arrays.earliest[0]), 0.0) if np.isinf(arrays.earliest[0]) else float(arrays.earliest[0])
        begun = max([start, *arrays.earliest[1:][np.isfinite(arrays.earliest[1:])].tolist()])
        longest = np.where(np.eye(nodes, dtype=bool), 0.0, time).max(axis=1).sum(axis=1)
        data["reach"] = start + time[:, 0, 1:]
        data["horizon"] = begun + arrays.service.sum() + longest
    if carries_later(source):
        data["demand"] = block.demand[:, 1:]
    return {name: values[0] for name, values in data.items()} if single else data


def random_block(source: RoutingSource, start: int, stop: int) -> dict[str, np.ndarray]:
    """Return :func:`random_data` of scenarios ``start, ..., stop - 1``, with a leading scenario axis."""
    return random_data(source, source.block(start, stop))


# -- mpi-sppy scenario-module protocol


def scenario_creator(name, *, source):
    scen = source.scenario(scenario_number(name))
    m = build(source, scen)
    attach_first_stage(m, m.first_stage_cost, [m.drive, m.aboard], scen.probability)
    return m


def inparser_adder(cfg):
    cfg.num_scens_required()
    cfg.add_to_config("instance", "packaged instance, instance file, or a file of Solomon's or TSPLIB's format", str, "routing-random")
    cfg.add_to_config("scenario_file", "scenarios in place of draws", str, None)
    cfg.add_to_config("seed", "seed of the draws", int, None)
    cfg.add_to_config("beta", "penalty factor of earliness and lateness, in place of the instance's", float, None)
    cfg.add_to_config("windows", "soft or hard, in place of the instance's", str, None)
    cfg.add_to_config("penalty", "proportional or step, in place of the instance's", str, None)
    cfg.add_to_config("shuttle", "whether vehicles return after each site, in place of the instance's", bool, None)


def kw_creator(cfg):
    source = open_routing(cfg.instance, scenario_file=cfg.scenario_file, num_scenarios=cfg.num_scens, seed=cfg.seed)
    given = {name: getattr(cfg, name) for name in ("beta", "windows", "penalty", "shuttle") if getattr(cfg, name) is not None}
    return {"source": source.of(changed(source.instance, given))} if given else {"source": source}


def changed(instance: Routing, given: dict[str, Any]) -> Routing:
    """Return the instance with some fields replaced and all of it checked anew; an infinite beta makes the windows hard."""
    choices = {"windows": ("soft", "hard"), "penalty": ("proportional", "step")}
    for name, known in choices.items():
        if name in given and given[name] not in known:
            raise InputError(f"{name} {given[name]!r}: expected {' or '.join(known)}")
    if given.get("beta") is not None and not given["beta"] >= 0:
        raise InputError(f"beta {given['beta']}: expected a number that is not negative")
    if given.get("beta") == math.inf:
        given = {name: value for name, value in given.items() if name != "beta"} | {"windows": "hard"}
    return instance.model_copy(update=given)
