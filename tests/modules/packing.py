"""A foreign module with 100 binary items, 50 resources and a linear recourse: hard to prove, easy to find plans for."""

import mpisppy.utils.sputils as sputils
import numpy as np
import pyomo.environ as pyo


def scenario_names_creator(num_scens, start=None):
    return [f"scen{k}" for k in range(start or 0, (start or 0) + num_scens)]


def inparser_adder(cfg):
    cfg.num_scens_required()


def kw_creator(cfg):
    return {}


def scenario_creator(name):
    rng = np.random.default_rng(0)
    items, resources = range(100), range(50)
    worth, use = rng.integers(5, 60, 100), rng.integers(1, 60, (50, 100))
    m = pyo.ConcreteModel(name)
    m.take = pyo.Var(items, within=pyo.Binary)
    m.late = pyo.Var(within=pyo.NonNegativeReals)
    m.rows = pyo.Constraint(resources, rule=lambda m, r: sum(int(use[r, i]) * m.take[i] for i in items) <= 1100)
    m.delay = pyo.Constraint(expr=m.late >= m.take[0] + sputils.extract_num(name))
    m.cost = pyo.Expression(expr=-sum(int(worth[i]) * m.take[i] for i in items))
    m.objective = pyo.Objective(expr=m.cost + m.late)
    sputils.attach_root_node(m, m.cost, [m.take])
    return m
