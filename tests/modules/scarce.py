"""A foreign module where many plans have no recourse: three depots hold whole pallets, and little can be bought after the event.

Each of two towns is served by its own depot and a shared one. ``free`` leaves the stock without upper bounds, ``loss`` makes the shared
depot pay for each pallet, so that the cost falls without limit.
"""

import mpisppy.utils.sputils as sputils
import numpy as np
import pyomo.environ as pyo

TOWNS, DEPOTS = ("north", "south"), ("north", "south", "shared")
MOST_BOUGHT = 4.0


def scenario_names_creator(num_scens, start=None):
    return [f"scen{k}" for k in range(start or 0, (start or 0) + num_scens)]


def inparser_adder(cfg):
    cfg.num_scens_required()
    cfg.add_to_config("free", "stock without upper bounds", bool, False)
    cfg.add_to_config("loss", "what a pallet at the shared depot pays", float, 0.0)


def kw_creator(cfg):
    return {"free": cfg.free, "loss": cfg.loss}


def scenario_creator(name, *, free=False, loss=0.0):
    need = np.random.default_rng([7, sputils.extract_num(name)]).uniform(5, 25, 2)
    m = pyo.ConcreteModel(name)
    m.stock = pyo.Var(DEPOTS, within=pyo.NonNegativeIntegers, bounds=(0, None if free else 40))
    m.sent = pyo.Var(TOWNS, within=pyo.NonNegativeReals)  # from the shared depot
    m.bought = pyo.Var(TOWNS, bounds=(0, MOST_BOUGHT))
    m.cost = pyo.Expression(expr=2 * m.stock["north"] + 2 * m.stock["south"] + (3 - loss) * m.stock["shared"])
    m.meet = pyo.Constraint(TOWNS, rule=lambda m, t: m.stock[t] + m.sent[t] + m.bought[t] >= float(need[TOWNS.index(t)]))
    m.shared = pyo.Constraint(expr=m.sent["north"] + m.sent["south"] <= m.stock["shared"])
    m.objective = pyo.Objective(expr=m.cost + m.sent["north"] + m.sent["south"] + 9 * m.bought["north"] + 9 * m.bought["south"])
    sputils.attach_root_node(m, m.cost, [m.stock])
    m._mpisppy_probability = "uniform"
    return m
