"""The farmer's problem (Birge & Louveaux 2011, sec. 1.1) as a foreign mpi-sppy scenario module: 500 acres, three crops.

Costs are minimised (optimum -108,390: 170 acres of wheat, 80 of corn, 250 of sugar beets); with ``maximize`` the profit is maximised.
"""

import mpisppy.utils.sputils as sputils
import pyomo.environ as pyo

CROPS = ("wheat", "corn", "beets")
PLANTING = {"wheat": 150, "corn": 230, "beets": 260}
PRICE = {"wheat": 170, "corn": 150, "beets": 36}
PURCHASE = {"wheat": 238, "corn": 210}
NEED = {"wheat": 200, "corn": 240}
QUOTA, BEYOND_QUOTA = 6000, 10
YIELD = {"wheat": 2.5, "corn": 3.0, "beets": 20.0}
SEASONS = (0.8, 1.0, 1.2)


def scenario_names_creator(num_scens, start=None):
    return [f"season{k}" for k in range(start or 0, (start or 0) + (num_scens or len(SEASONS)))]


def inparser_adder(cfg):
    cfg.num_scens_optional()
    cfg.add_to_config("maximize", "maximise the profit instead of minimising the cost", bool, False)
    cfg.add_to_config("acres", "size of the farm", float, 500.0)


def kw_creator(cfg):
    return {"maximize": cfg.maximize, "acres": cfg.acres, "num_scens": cfg.num_scens or len(SEASONS)}


def scenario_creator(name, *, maximize=False, acres=500.0, num_scens=3):
    grown = {c: YIELD[c] * SEASONS[sputils.extract_num(name)] for c in CROPS}
    m = pyo.ConcreteModel(name)
    m.acres = pyo.Var(CROPS, bounds=(0, acres))
    m.sold = pyo.Var(CROPS, within=pyo.NonNegativeReals)
    m.surplus = pyo.Var(within=pyo.NonNegativeReals)  # beets beyond the quota
    m.bought = pyo.Var(list(NEED), within=pyo.NonNegativeReals)
    m.sold["beets"].setub(QUOTA)
    m.land = pyo.Constraint(expr=pyo.quicksum(m.acres.values()) <= acres)
    m.need = pyo.Constraint(list(NEED), rule=lambda m, c: grown[c] * m.acres[c] + m.bought[c] - m.sold[c] >= NEED[c])
    m.beets = pyo.Constraint(expr=m.sold["beets"] + m.surplus <= grown["beets"] * m.acres["beets"])
    sign = -1 if maximize else 1
    m.planting = pyo.Expression(expr=sign * sum(PLANTING[c] * m.acres[c] for c in CROPS))
    trade = sum(PURCHASE[c] * m.bought[c] for c in NEED) - sum(PRICE[c] * m.sold[c] for c in CROPS) - BEYOND_QUOTA * m.surplus
    m.objective = pyo.Objective(expr=m.planting + sign * trade, sense=pyo.maximize if maximize else pyo.minimize)
    sputils.attach_root_node(m, m.planting, [m.acres])
    m._mpisppy_probability = 1 / num_scens
    return m


def scenario_denouement(rank, name, scenario):
    pass
