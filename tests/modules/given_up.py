"""Random small programs in which scenarios may be given up, as Program objects without affine compilation, and their extensive forms."""

import numpy as np
import pyomo.environ as pyo
from quakeops.decomposition.program import Program
from quakeops.models.protocol import attach_first_stage


def draw(seed, *, kinds=1, random_T=True, equal=False, excess=False):
    """A program with ``kinds`` indicators a scenario (or an excess variable), x in part integer, T random or not."""
    r = np.random.default_rng(seed)
    S, n, m, n2 = int(r.integers(4, 11)), int(r.integers(2, 4)), int(r.integers(2, 4)), int(r.integers(2, 4))
    p = np.full(S, 1 / S) if equal else np.round(r.dirichlet(np.full(S, 3.0)), 3)
    p[-1] = 1 - p[:-1].sum()
    data = {
        "p": p,
        "eps": float(np.round(r.uniform(0.15, 0.5), 2)),
        "c": r.integers(2, 9, n).astype(float),
        "q": r.integers(0, 4, n2).astype(float),
        "T": np.where(r.random((m, n)) < 0.8, r.integers(1, 5, (m, n)), 0).astype(float),
        "dT": r.integers(0, 2, (S, m, n)).astype(float) if random_T else np.zeros((S, m, n)),
        "W": r.integers(-1, 2, (m, n2)).astype(float),
        "h": r.integers(2, 15, (S, m)).astype(float),
        "y_up": r.integers(1, 6, n2).astype(float),
        "integer": r.random(n) < 0.5,
        "kind_of_row": r.integers(0, kinds, m),
        "penalty": float(r.integers(0, 3)),
        "excess": excess,
        "kinds": kinds,
    }

    def creator(name, *, data):
        s = int(name.removeprefix("scen"))
        mod = pyo.ConcreteModel(name)
        N, M, N2 = range(len(data["c"])), range(data["T"].shape[0]), range(len(data["q"]))
        mod.x = pyo.Var(N, bounds=(0, 20), within=pyo.Reals)
        for j in N:
            if data["integer"][j]:
                mod.x[j].domain = pyo.Integers
        K = range(data["kinds"])
        mod.y = pyo.Var(N2, bounds=lambda _, j: (0, data["y_up"][j]))
        mod.short = pyo.Var(M, within=pyo.NonNegativeReals)
        first = [mod.x]
        if data["excess"]:
            mod.t = pyo.Var(bounds=(-50, 0))
            mod.w = pyo.Var(["*"], within=pyo.NonNegativeReals)
            first += [mod.t, mod.w]
            mod.tail = pyo.Constraint(expr=mod.t + mod.w["*"] / data["eps"] <= 0)
        else:
            mod.z = pyo.Var(["*"], K, within=pyo.Binary)
            first.append(mod.z)
            mod.often = pyo.Constraint(K, rule=lambda _, k: mod.z["*", k] <= data["eps"])
        T = data["T"] + data["dT"][s]

        def cover(_, i):
            have = sum(T[i, j] * mod.x[j] for j in N) + sum(data["W"][i, j] * mod.y[j] for j in N2)
            return have + (mod.t + mod.w["*"] if data["excess"] else mod.short[i]) >= data["h"][s, i]

        mod.cover = pyo.Constraint(M, rule=cover)
        if not data["excess"]:
            mod.only = pyo.Constraint(M, rule=lambda _, i: mod.short[i] <= 40 * mod.z["*", int(data["kind_of_row"][i])])
        cost1 = sum(data["c"][j] * mod.x[j] for j in N)
        mod.cost1 = pyo.Expression(expr=cost1)
        second = sum(data["q"][j] * mod.y[j] for j in N2) + data["penalty"] * sum(mod.short[i] for i in M)
        mod.obj = pyo.Objective(expr=mod.cost1 + second)
        attach_first_stage(mod, mod.cost1, first, float(data["p"][s]))
        return mod

    for i in np.flatnonzero(~data["W"].any(axis=1)).tolist():
        data["W"][i, i % n2] = 1.0  # a row without second-stage variables would be one of the first stage
    names = tuple(f"scen{k}" for k in range(S))
    return Program(f"given-up-{seed}", names, creator, {"data": data}, owned=("w",) if excess else ("z",))
