r"""The linear program of an average-cost semi-Markov decision process, over occupation measures (Puterman 1994, sec. 11.4).

x_m is the number of decisions of state-action pair m in an hour, P its transition probabilities, t and c its mean time and cost:

    min  sum_m c_m x_m                                              cost an hour, rho                               (1)
    sum_{m in j} x_m - sum_m P_mj x_m = 0                           for all states j                                (2)
    sum_m t_m x_m = 1                                                                                               (3)
    sum_m c_km x_m <= b_k                                           further costs an hour, where they are limited   (4)
    x >= 0

The dual of (3) is rho and those of (2) are relative values, if (4) is not there. A basic solution of (1)-(3) chooses one action in every
state that is visited; each row of (4) that binds may make one state randomise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr.numeric_expr import LinearExpression

Limits = Mapping[str, tuple[np.ndarray, float]]


def build(smdp: Any, limits: Limits | None = None) -> pyo.ConcreteModel:
    """Write (1)-(4) of ``smdp`` (arrays ``state``, ``time``, ``cost`` (M,), ``transition`` (M, n)); ``limits`` name (c_k, b_k)."""
    m = pyo.ConcreteModel("average cost")
    m.pairs = pyo.RangeSet(0, len(smdp.state) - 1)
    m.states = pyo.RangeSet(0, smdp.transition.shape[1] - 1)
    m.decisions = pyo.Var(m.pairs, within=pyo.NonNegativeReals)
    x = [m.decisions[i] for i in m.pairs]
    into = smdp.transition.tocsc()
    of_state: list[list[int]] = [[] for _ in m.states]
    for pair, state in enumerate(smdp.state.tolist()):
        of_state[state].append(pair)

    def total(coefficients: np.ndarray) -> LinearExpression:
        used = np.flatnonzero(coefficients)
        return LinearExpression(constant=0, linear_coefs=coefficients[used].tolist(), linear_vars=[x[i] for i in used])

    @m.Constraint(m.states)
    def balance(m, j):  # (2)
        column = slice(into.indptr[j], into.indptr[j + 1])
        net = dict.fromkeys(of_state[j], 1.0)
        for pair, p in zip(into.indices[column].tolist(), into.data[column].tolist(), strict=True):
            net[pair] = net.get(pair, 0.0) - p
        return LinearExpression(constant=0, linear_coefs=list(net.values()), linear_vars=[x[i] for i in net]) == 0

    m.hour = pyo.Constraint(expr=total(smdp.time) == 1)  # (3)
    m.limits = pyo.ConstraintList()
    for costs, most in (limits or {}).values():
        m.limits.add(total(np.asarray(costs, dtype=float)) <= most)  # (4)
    m.rate = pyo.Objective(expr=total(smdp.cost))  # (1)
    return m
