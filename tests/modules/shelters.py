"""A user's module whose scenarios may be given up: shelter places for P(all who flee find one) >= 0.8, and buses once it is known who flees."""

import numpy as np
import pyomo.environ as pyo
from quakeops.models.protocol import attach_first_stage

SITES, COST = range(3), (40.0, 25.0, 30.0)


def owned(copies, **_):
    return ("give_up",)


def flee(k):
    return np.random.default_rng(100 + k).gamma(3.0, 4.0, 2).round(2)


def scenario_creator(name, count, copies=True):
    k = int(name.removeprefix("scen"))
    m = pyo.ConcreteModel(name)
    owners, own = ([f"scen{i}" for i in range(count)], name) if copies else (["*"], "*")
    m.places = pyo.Var(SITES, bounds=(0, 60))
    m.give_up = pyo.Var(owners, within=pyo.Binary)
    m.bus = pyo.Var(range(2), SITES, within=pyo.NonNegativeReals)
    m.left = pyo.Var(range(2), within=pyo.NonNegativeReals)
    people = flee(k)
    m.move = pyo.Constraint(range(2), rule=lambda m, i: sum(m.bus[i, j] for j in SITES) + m.left[i] >= people[i])
    m.room = pyo.Constraint(SITES, rule=lambda m, j: sum(m.bus[i, j] for i in range(2)) <= m.places[j])
    m.only = pyo.Constraint(range(2), rule=lambda m, i: m.left[i] <= people[i] * m.give_up[own])
    limit, weight = (int(0.2 * count + 1e-9), 1.0) if copies else (0.2, 1.0)
    m.often = pyo.Constraint(expr=sum(weight * m.give_up[o] for o in owners) <= limit)
    m.first = pyo.Expression(expr=sum(COST[j] * m.places[j] for j in SITES))
    m.cost = pyo.Objective(expr=m.first + sum((1 + i + j) * m.bus[i, j] for i in range(2) for j in SITES))
    attach_first_stage(m, m.first, [m.places, m.give_up], 1 / count)
    return m


def scenario_names_creator(num_scens, start=None):
    return [f"scen{k}" for k in range(start or 0, (start or 0) + num_scens)]


def inparser_adder(cfg):
    cfg.num_scens_required()


def kw_creator(cfg):
    return {"count": cfg.num_scens, "copies": True}


def scenario_denouement(rank, name, scenario):
    pass
