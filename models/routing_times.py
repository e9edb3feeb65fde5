"""The second stage of :mod:`.routing`: when service begins along the routes, and what that costs; equation numbers as there."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyomo.environ as pyo

from ..instances.routing_arrays import RouteArrays
from .protocol import parameter


def add_times(m: Any, arrays: RouteArrays, data: dict[str, np.ndarray]) -> Any:
    """Add (6) to (12) to a model with ``nodes``, ``sites``, ``arcs``, ``drive`` and ``time``; returns the penalties of (1)."""
    depot, *sites = arrays.names
    place = {name: j for j, name in enumerate(arrays.names)}
    service = dict(zip(arrays.names, arrays.service.tolist(), strict=True))
    m.reach = parameter(data["reach"], m.sites)
    m.horizon = pyo.Param(initialize=float(data["horizon"]), mutable=True)
    m.leaving = pyo.Set(initialize=[arc for arc in m.arcs if arc[0] != depot])

    m.start_next = pyo.Var(m.leaving, within=pyo.NonNegativeReals)  # a
    m.start_from = pyo.Var(m.arcs, within=pyo.NonNegativeReals)  # b

    @m.Constraint(m.arcs)
    def travel(m, i, j):  # (6)
        if i == depot:
            return m.start_from[i, j] - m.reach[j] * m.drive[i, j] >= 0
        return m.start_from[i, j] - m.start_next[i, j] - (service[i] + m.time[i, j]) * m.drive[i, j] >= 0

    @m.Constraint(m.sites)
    def one_start(m, j):  # (7)
        return _next(m, j) - _from(m, j) == 0

    @m.Constraint(m.leaving)
    def not_before(m, i, j):  # (8)
        return m.start_next[i, j] - m.reach[i] * m.drive[i, j] >= 0

    @m.Constraint(m.leaving)
    def begun_next(m, i, j):  # (8)
        return m.start_next[i, j] - m.horizon * m.drive[i, j] <= 0

    @m.Constraint(m.arcs)
    def begun_from(m, i, j):  # (8)
        return m.start_from[i, j] - m.horizon * m.drive[i, j] <= 0

    total = _add_return(m, arrays)
    if arrays.step:
        return total + _add_steps(m, arrays)
    hard = [s for s in sites if math.isinf(max(arrays.early[place[s]], arrays.late[place[s]]))]
    _add_hard(m, arrays, hard)
    soft = [s for s in sites if s not in hard and max(arrays.early[place[s]], arrays.late[place[s]]) > 0]
    return total + _add_penalties(m, arrays, soft)


def _next(m: Any, j: str) -> Any:
    return sum(m.start_next[j, k] for k in m.nodes if k != j)


def _from(m: Any, j: str) -> Any:
    return sum(m.start_from[i, j] for i in m.nodes if i != j)


def _windows(arrays: RouteArrays) -> dict[str, tuple[float, float, float, float]]:
    rows = zip(arrays.earliest.tolist(), arrays.latest.tolist(), arrays.early.tolist(), arrays.late.tolist(), strict=True)
    return dict(zip(arrays.names, rows, strict=True))


def _sides(m: Any, j: str) -> list[tuple[Any, Any]]:
    """Return (start, drive) of every arc that leads to ``j``, and of every arc that leaves it."""
    return [(m.start_from[i, j], m.drive[i, j]) for i in m.nodes if i != j] + [
        (m.start_next[j, k], m.drive[j, k]) for k in m.nodes if k != j
    ]


def _add_penalties(m: Any, arrays: RouteArrays, soft: list[str]) -> Any:
    """Add (9) and (10); returns sum p_j."""
    windows = _windows(arrays)
    m.soft = pyo.Set(initialize=soft)
    m.penalty = pyo.Var(m.soft, within=pyo.NonNegativeReals)
    m.into = pyo.Set(initialize=[(i, j) for j in soft for i in m.nodes if i != j])
    m.out_of = pyo.Set(initialize=[(j, k) for j in soft for k in m.nodes if k != j])
    m.off_from = pyo.Var(m.into, within=pyo.NonNegativeReals)  # u
    m.off_next = pyo.Var(m.out_of, within=pyo.NonNegativeReals)  # v

    def early(off, start, drive, j):
        earliest, _, weight, _ = windows[j]
        return off + weight * start - weight * earliest * drive >= 0 if weight > 0 else pyo.Constraint.Skip

    def late(off, start, drive, j):
        _, latest, _, weight = windows[j]
        return off - weight * start + weight * latest * drive >= 0 if weight > 0 else pyo.Constraint.Skip

    def at_arrival(side):
        return lambda m, i, j: side(m.off_from[i, j], m.start_from[i, j], m.drive[i, j], j)

    def at_departure(side):
        return lambda m, j, k: side(m.off_next[j, k], m.start_next[j, k], m.drive[j, k], j)

    m.early_from = pyo.Constraint(m.into, rule=at_arrival(early))
    m.late_from = pyo.Constraint(m.into, rule=at_arrival(late))
    m.early_next = pyo.Constraint(m.out_of, rule=at_departure(early))
    m.late_next = pyo.Constraint(m.out_of, rule=at_departure(late))
    m.pays_from = pyo.Constraint(m.soft, rule=lambda m, j: m.penalty[j] - sum(m.off_from[i, j] for i in m.nodes if i != j) >= 0)
    m.pays_next = pyo.Constraint(m.soft, rule=lambda m, j: m.penalty[j] - sum(m.off_next[j, k] for k in m.nodes if k != j) >= 0)
    return sum(m.penalty[j] for j in m.soft)


def _add_return(m: Any, arrays: RouteArrays) -> Any:
    """Add (11); returns the penalties of late returns."""
    depot, latest, weight = arrays.names[0], float(arrays.latest[0]), float(arrays.late[0])
    if weight == 0:
        return 0.0
    if math.isinf(weight):
        m.in_time = pyo.Constraint(m.sites, rule=lambda m, j: m.start_from[j, depot] - latest * m.drive[j, depot] <= 0)
        return 0.0
    m.late_return = pyo.Var(m.sites, within=pyo.NonNegativeReals)
    m.returns = pyo.Constraint(m.sites, rule=lambda m, j: m.late_return[j] - m.start_from[j, depot] + latest * m.drive[j, depot] >= 0)
    return weight * sum(m.late_return[j] for j in m.sites)


def _add_hard(m: Any, arrays: RouteArrays, hard: list[str]) -> None:
    """Add E_j x <= start <= L_j x on every arc of a site with hard windows."""
    windows, m.window = _windows(arrays), pyo.ConstraintList()
    for j in hard:
        earliest, latest, early, late = windows[j]
        for start, drive in _sides(m, j):
            if early > 0:
                m.window.add(start - earliest * drive >= 0)
            if late > 0:
                m.window.add(start - latest * drive <= 0)


def _add_steps(m: Any, arrays: RouteArrays) -> Any:
    """Add (12); returns sum p_j."""
    windows = _windows(arrays)
    m.is_early = pyo.Var([j for j in m.sites if windows[j][2] > 0], within=pyo.Binary)
    m.is_late = pyo.Var([j for j in m.sites if windows[j][3] > 0], within=pyo.Binary)

    def early(m, j):
        earliest = windows[j][0]
        return _from(m, j) - earliest - (m.horizon - earliest) * (1 - m.is_early[j]) <= 0

    def late(m, j):
        latest = windows[j][1]
        return _from(m, j) - latest - (m.horizon - latest) * m.is_late[j] <= 0

    m.early_step = pyo.Constraint(list(m.is_early), rule=early)
    m.late_step = pyo.Constraint(list(m.is_late), rule=late)
    gains = sum(windows[j][2] * m.is_early[j] for j in m.is_early)
    return sum(windows[j][3] * m.is_late[j] for j in m.is_late) - gains
