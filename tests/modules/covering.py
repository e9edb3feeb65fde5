"""A foreign module whose recourse is binary: buy items now (x) or, dearer, later (y); each scenario has covering knapsacks over both."""

import mpisppy.utils.sputils as sputils
import numpy as np
import pyomo.environ as pyo

ITEMS, KNAPSACKS = range(7), range(4)


def scenario_names_creator(num_scens, start=None):
    return [f"scen{k}" for k in range(start or 0, (start or 0) + num_scens)]


def inparser_adder(cfg):
    cfg.num_scens_required()
    cfg.add_to_config("seed", "seed of the knapsacks", int, 0)


def kw_creator(cfg):
    return {"seed": cfg.seed}


def scenario_creator(name, *, seed=0):
    rng = np.random.default_rng([seed, sputils.extract_num(name)])
    m = pyo.ConcreteModel(name)
    m.x, m.y = pyo.Var(ITEMS, within=pyo.Binary), pyo.Var(ITEMS, within=pyo.Binary)
    m.once = pyo.Constraint(ITEMS, rule=lambda m, e: m.x[e] + m.y[e] <= 1)
    m.rows = pyo.ConstraintList()
    for _ in KNAPSACKS:
        a = rng.integers(1, 9, len(ITEMS)) * (rng.random(len(ITEMS)) < 0.7)
        if a.sum():
            m.rows.add(sum(int(a[e]) * (m.x[e] + m.y[e]) for e in ITEMS) >= float(rng.integers(1, a.sum() + 1)))
    m.first = pyo.Expression(expr=sum((e + 2) * m.x[e] for e in ITEMS))
    m.second = pyo.Expression(expr=sum((2 * e + 5) * m.y[e] for e in ITEMS))
    m.cost = pyo.Objective(expr=m.first + m.second)
    sputils.attach_root_node(m, m.first, [m.x])
    m._mpisppy_probability = "uniform"
    return m


def scenario_denouement(rank, name, scenario):
    """Nothing to do."""
