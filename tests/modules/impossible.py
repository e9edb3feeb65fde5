"""A foreign module whose second scenario no plan can satisfy (``what`` = scenario), or whose cost falls without end (unbounded)."""

import mpisppy.utils.sputils as sputils
import pyomo.environ as pyo


def scenario_names_creator(num_scens, start=None):
    return [f"scen{k}" for k in range(start or 0, (start or 0) + num_scens)]


def inparser_adder(cfg):
    cfg.num_scens_required()
    cfg.add_to_config("what", "scenario, plans (each scenario possible, but no common plan) or unbounded", str, "scenario")


def kw_creator(cfg):
    return {"what": cfg.what, "num_scens": cfg.num_scens}


def scenario_creator(name, *, what, num_scens):
    k = sputils.extract_num(name)
    m = pyo.ConcreteModel(name)
    m.x, m.y = pyo.Var(bounds=(0, 10)), pyo.Var(within=pyo.NonNegativeReals)
    m.cost = pyo.Expression(expr=m.x)
    m.need = pyo.Constraint(expr=m.x + m.y >= 1)
    if what == "scenario":
        m.most = pyo.Constraint(expr=m.y + m.x <= (-1 if k == 1 else 20))
    elif what == "plans":
        m.exactly = pyo.Constraint(expr=m.x + 0 * m.y == k)
    m.objective = pyo.Objective(expr=m.cost + (-m.y if what == "unbounded" else m.y))
    sputils.attach_root_node(m, m.cost, [m.x])
    m._mpisppy_probability = "uniform"
    return m
