"""A foreign newsvendor whose demand is drawn: scenario k from (seed, k). ``uneven`` gives scenario 1 a variable of its own."""

import mpisppy.utils.sputils as sputils
import numpy as np
import pyomo.environ as pyo

PRICE, PENALTY = 2.0, 9.0


def scenario_names_creator(num_scens, start=None):
    return [f"scen{k}" for k in range(start or 0, (start or 0) + num_scens)]


def inparser_adder(cfg):
    cfg.num_scens_required()
    cfg.add_to_config("seed", "seed of the demand", int, 0)
    cfg.add_to_config("uneven", "scenarios of different structure", bool, False)


def kw_creator(cfg):
    return {"seed": cfg.seed, "uneven": cfg.uneven}


def demand(seed, k):
    return float(np.random.default_rng([seed, k]).uniform(10, 20))


def scenario_creator(name, *, seed, uneven):
    k = sputils.extract_num(name)
    m = pyo.ConcreteModel(name)
    m.stock, m.short = pyo.Var(bounds=(0, 100)), pyo.Var(within=pyo.NonNegativeReals)
    m.cost = pyo.Expression(expr=PRICE * m.stock)
    m.meet = pyo.Constraint(expr=m.stock + m.short >= demand(seed, k))
    m.objective = pyo.Objective(expr=m.cost + PENALTY * m.short)
    if uneven and k == 1:
        m.extra = pyo.Var(bounds=(0, 1))
        m.more = pyo.Constraint(expr=m.extra + m.short >= 0)
    sputils.attach_root_node(m, m.cost, [m.stock])
    return m
