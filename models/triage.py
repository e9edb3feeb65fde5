r"""Triage: which recognised buildings the crews serve first, and which once their true grades are known.

The severity-first rule of SeisRank-Ord (Zhang, Wang & Chen, doi 10.25259/JKSUS_1757_2025) as an optimization, of which it is the optimum
where nothing but the capacity binds. Buildings of class g stand in district d(g) and look alike; in a scenario N_gl of its n_g are of
grade l. The first D days are decided on what was recognised; then the grades of all that are left are known. Days t = 1, ..., T; served
in the middle of day t, a building of grade l has cost w_l (t - 1/2):

    min   sum_g sum_{t<=D} (t - 1/2) wbar_g x_gt  +  sum_dl w_l sum_{t>D} (t - 1/2) z_dlt                               (1)
    sum_t x_gt <= n_g                                                for all classes g                               (2)
    sum_{g in d} x_gt = sum_c y_dct   (t <= D),     sum_l z_dlt = sum_c y_dct   (t > D)       for all d               (3)
    sum_d y_dct <= K_c                                               for all crews c and days t                       (4)
    sum_{t>D} z_dlt + sum_{g in d} (N_gl / n_g) sum_t x_gt = sum_{g in d} N_gl                for all d, l            (5)

x (buildings of class g served on day t, whole numbers) and y of the first days are first stage, z (buildings of district d and grade l)
and the other y second stage, y_dct what crew c serves in d. wbar_g = sum_l w_l N_gl / n_g: since nothing tells the buildings of a class
apart, those served early are a random sample of it, and (1), (5) are expectations over that sample. (1) is the area under the uncovered
weight, by trapezoids. Rules of fairness, each where it is given; m_d = (sum_t t (x + z)) / N_d is the expected wait of a building of
district d:

    z_dlt = 0                                                        for t > the longest wait of grade l             (6)
    sum_{tau <= t} sum_c y_dctau >= min(q_d K t, N_d)                for all districts d with a quota and days t      (7)
    eta + sum_d N_d e_d / ((1 - a) N) <= C,   e_d >= m_d - eta,  e_d >= 0                                            (8)
    sum_{d < d'} N_d N_d' |m_d - m_d'| <= G N^2 mbar                                                                 (9)

(8) is the CVaR of level a of the expected wait over buildings, (9) the Gini index of that wait, with mbar the mean wait if each day is
used in full, which it is in every optimum with positive weights but for crews that have no buildings left. Both compare districts.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pyomo.environ as pyo

from ..instances.triage import GRADES, Triage
from ..instances.triage_changes import CHANGES, changed
from ..instances.triage_source import TriageBlock, TriageScenario, TriageSource
from ..scenario_gen.sources import open_triage
from .protocol import attach_first_stage, parameter, scenario_number
from .protocol import scenario_denouement as scenario_denouement
from .protocol import scenario_names_creator as scenario_names_creator


def build(source: TriageSource, scen: TriageScenario) -> pyo.ConcreteModel:
    """Write the algebra of the module's docstring for one scenario; no random number is drawn here."""
    m = pyo.ConcreteModel(scen.name)
    instance = source.instance
    data = random_data(source, scen)
    count = {c.name: c.count for c in instance.classes}
    district = {c.name: c.district for c in instance.classes}
    wait = [w or instance.days for w in instance.fairness.max_wait_days]

    # sets
    m.classes = pyo.Set(initialize=list(count))
    m.districts = pyo.Set(initialize=[d.name for d in instance.districts])
    m.grades = pyo.Set(initialize=list(range(GRADES)))
    m.first = pyo.Set(initialize=list(range(1, instance.first_days + 1)))
    m.later = pyo.Set(initialize=list(range(instance.first_days + 1, instance.days + 1)))
    m.days = pyo.Set(initialize=[*m.first, *m.later])
    m.works = pyo.Set(
        initialize=[(d.name, c.name) for d in instance.districts for c in instance.crews if d.name in (c.districts or [d.name])]
    )
    within = {d: [g for g in count if district[g] == d] for d in m.districts}

    # random data
    m.share = parameter(data["share"], m.classes, m.grades)
    m.weight = parameter(data["weight"], m.classes)
    m.total = parameter(data["total"], m.districts, m.grades)

    # first-stage variables
    m.early = pyo.Var(m.classes, m.first, within=pyo.NonNegativeIntegers)  # x
    m.work_early = pyo.Var(m.works, m.first, within=pyo.NonNegativeReals)  # y, t <= D

    # second-stage variables
    m.open = pyo.Set(initialize=[(d, k, t) for d in m.districts for k in m.grades for t in m.later if t <= wait[k]])  # (6)
    m.late = pyo.Var(m.open, within=pyo.NonNegativeReals)  # z
    m.work_late = pyo.Var(m.works, m.later, within=pyo.NonNegativeReals)  # y, t > D

    def work(d, c, t):
        return m.work_early[d, c, t] if t in m.first else m.work_late[d, c, t]

    @m.Constraint(m.classes)
    def at_most_all(m, g):  # (2)
        return sum(m.early[g, t] for t in m.first) <= count[g]

    @m.Constraint(m.districts, m.days)
    def by_crews(m, d, t):  # (3)
        now = t in m.first
        served = sum(m.early[g, t] for g in within[d]) if now else sum(m.late[d, k, t] for k in m.grades if t <= wait[k])
        return served - sum(work(d, c, t) for c in _crews_of(m, d)) == 0

    @m.Constraint([c.name for c in instance.crews], m.days)
    def capacity(m, c, t):  # (4)
        most = next(crew.per_day for crew in instance.crews if crew.name == c)
        return sum(work(d, other, t) for d, other in m.works if other == c) <= most

    @m.Constraint(m.districts, m.grades)
    def all_served(m, d, k):  # (5)
        later = sum(m.late[d, k, t] for t in m.later if t <= wait[k])
        return later + sum(m.share[g, k] * m.early[g, t] for g in within[d] for t in m.first) == m.total[d, k]

    _add_fairness(m, instance, work)

    m.first_stage_cost = pyo.Expression(expr=sum((t - 0.5) * m.weight[g] * m.early[g, t] for g in m.classes for t in m.first))
    m.second_stage_cost = pyo.Expression(expr=sum(instance.weights[k] * (t - 0.5) * m.late[d, k, t] for d, k, t in m.open))
    m.total_cost = pyo.Objective(expr=m.first_stage_cost + m.second_stage_cost)  # (1)
    return m


def _crews_of(m: Any, d: str) -> list[str]:
    return [c for other, c in m.works if other == d]


def _add_fairness(m: Any, instance: Triage, work: Any) -> None:
    """Add (7) to (9)."""
    size = {d: sum(c.count for c in instance.classes if c.district == d) for d in m.districts}
    quotas = {d.name: d.quota for d in instance.districts if d.quota > 0 and size[d.name]}
    if quotas:

        @m.Constraint(list(quotas), m.days)
        def quota(m, d, t):  # (7)
            due = min(quotas[d] * instance.per_day * t, float(size[d]))
            return sum(work(d, c, tau) for c in _crews_of(m, d) for tau in range(1, t + 1)) >= due

    rules = instance.fairness
    if rules.cvar_days is None and rules.gini is None:
        return
    some = [d for d in m.districts if size[d]]
    wait = {d: sum(t * work(d, c, t) for c in _crews_of(m, d) for t in m.days) / size[d] for d in some}
    if rules.cvar_days is not None:
        m.worst_wait = pyo.Var(within=pyo.NonNegativeReals)
        m.excess_wait = pyo.Var(some, within=pyo.NonNegativeReals)
        tail = (1 - rules.cvar_level) * instance.buildings
        m.cvar = pyo.Constraint(expr=m.worst_wait + sum(size[d] / tail * m.excess_wait[d] for d in some) <= rules.cvar_days)  # (8)
        m.excess = pyo.Constraint(some, rule=lambda m, d: m.excess_wait[d] - wait[d] + m.worst_wait >= 0)
    if rules.gini is not None:
        pairs = list(itertools.combinations(some, 2))
        m.apart = pyo.Var(pairs, within=pyo.NonNegativeReals)
        m.longer = pyo.Constraint(pairs, rule=lambda m, a, b: m.apart[a, b] - wait[a] + wait[b] >= 0)
        m.shorter = pyo.Constraint(pairs, rule=lambda m, a, b: m.apart[a, b] + wait[a] - wait[b] >= 0)
        most = rules.gini * instance.buildings**2 * mean_wait(instance)
        m.gini = pyo.Constraint(expr=sum(size[a] * size[b] * m.apart[a, b] for a, b in pairs) <= most)  # (9)


def mean_wait(instance: Triage) -> float:
    """Return the mean wait in days where each day is used in full: sum_t t min(K, N - (t - 1) K) / N."""
    served, total, day = 0, 0, 0
    while served < instance.buildings:
        day += 1
        today = min(instance.per_day, instance.buildings - served)
        served, total = served + today, total + day * today
    return total / served


def random_data(source: TriageSource, scen: TriageScenario | TriageBlock) -> dict[str, np.ndarray]:
    """Return the value of every mutable parameter of :func:`build`; a block of B scenarios gives a leading axis B.

    ``share`` N_gl / n_g (G, 4), ``weight`` wbar_g (G,), ``total`` buildings by district and grade (I, 4).
    """
    instance = source.instance
    single = isinstance(scen, TriageScenario)
    block = TriageBlock.stack([scen]) if isinstance(scen, TriageScenario) else scen
    share = block.grades / np.array([c.count for c in instance.classes])[:, None]
    names = [d.name for d in instance.districts]
    member = np.array([[c.district == d for c in instance.classes] for d in names], dtype=float)
    data = {"share": share, "weight": share @ np.array(instance.weights), "total": np.einsum("dg,bgl->bdl", member, block.grades)}
    return {name: values[0] for name, values in data.items()} if single else data


def random_block(source: TriageSource, start: int, stop: int) -> dict[str, np.ndarray]:
    """Return :func:`random_data` of scenarios ``start, ..., stop - 1``, with a leading scenario axis."""
    return random_data(source, source.block(start, stop))


# -- mpi-sppy scenario-module protocol


def scenario_creator(name, *, source):
    scen = source.scenario(scenario_number(name))
    m = build(source, scen)
    attach_first_stage(m, m.first_stage_cost, [m.early, m.work_early], scen.probability)
    return m


def inparser_adder(cfg):
    cfg.num_scens_required()
    cfg.add_to_config("instance", "packaged instance or instance file", str, "triage-yushu")
    cfg.add_to_config("scenario_file", "scenarios in place of draws", str, None)
    cfg.add_to_config("seed", "seed of the draws", int, None)
    cfg.add_to_config("per_day", "buildings served a day, of an instance with one crew", int, None)
    cfg.add_to_config("first_days", "days decided on before grades are known", int, None)
    cfg.add_to_config("spare_days", "days beyond those in which all can be served", int, None)
    cfg.add_to_config("gini", "most Gini index of the districts' expected waits", float, None)
    cfg.add_to_config("cvar_days", "most CVaR of the districts' expected waits, days", float, None)
    cfg.add_to_config("max_wait", "days by which severely damaged and collapsed buildings are served", int, None)
    cfg.add_to_config("quota", "share of the capacity that districts have by each day, by their numbers of buildings", float, None)


def kw_creator(cfg):
    source = open_triage(cfg.instance, scenario_file=cfg.scenario_file, num_scenarios=cfg.num_scens, seed=cfg.seed)
    given = {name: getattr(cfg, name) for name in CHANGES if getattr(cfg, name) is not None}
    return {"source": source.of(changed(source.instance, given)) if given else source}
