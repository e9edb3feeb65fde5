"""From a program to the engine's problem: by affine maps where its model declares its random data, else scenario by scenario."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array, vstack

from ..affine import AffineProgram, scenario_probabilities, xi_block
from ..compiled import at_scenarios
from ..forked import compile_shared
from ..matrices import Array, StageData
from ..program import Program
from ..symbolic import compile_affine
from ..tightening import without_idle
from .grouping import distinct_columns, from_stage_data, merge
from .problem import Entries, Group, Indices, Problem
from .storage import new_array
from .team import Team

PROBE = 64
"""Scenarios by which repeated components of xi are found; every other scenario is checked."""

SAMPLE = 300
"""Scenarios of the sample on which a large run begins; every rank holds them."""


def compile_problem(program: Program, team: Team) -> tuple[Problem, StageData | None]:
    """Return the engine's problem, and the scenarios' own matrices where they were compiled one by one.

    The problem's scenarios with integers are those matrices without what never helps (:mod:`..tightening`).
    """
    affine = team.on_rank_0(lambda: compile_affine(program))
    if affine is not None and affine.fixed_recourse and affine.fixed_cost:
        return from_affine(program, affine, team), None
    data = compile_shared(program, team.comm) if affine is None else at_scenarios(program, affine)
    return from_stage_data(without_idle(data), keep_repeated=program.keeps_repeated), data


def sample_numbers(num_scenarios: int) -> Indices:
    """Return the scenarios of the sample, evenly spread."""
    return np.arange(SAMPLE) * num_scenarios // SAMPLE if num_scenarios > SAMPLE else np.arange(num_scenarios)


def from_affine(program: Program, affine: AffineProgram, team: Team) -> Problem:
    """Return the problem of a program with common W and q: one group, whose xi holds this rank's blocks and the sample.

    Repeated scenarios of a fixed source are merged; draws are taken to differ. Where scenarios own variables, each stands for itself.
    """
    drawn = hasattr(program.kwargs.get("source"), "seed")
    p = scenario_probabilities(program)
    labels: Sequence[str] = program.scenario_names
    if drawn:
        component = distinct_columns(xi_block(program, 0, min(PROBE, program.num_scenarios)))[1]
        xi, whole = _own_draws(program, component, p, team)
        if not team.on_all(whole):
            component = np.arange(len(affine.xi_names))
            xi, _ = _own_draws(program, component, p, team)
    else:
        kept = np.arange(len(p)) if program.keeps_repeated else np.flatnonzero(p > 0)
        full = xi_block(program, 0, program.num_scenarios)[kept]
        first_of, p = (kept, p[kept]) if program.keeps_repeated else merge(full, p[kept])
        labels = [program.scenario_names[kept[i]] for i in first_of]
        xi, component = distinct_columns(full[first_of])
    return Problem(
        first=affine.first,
        cost=affine.cost_first_0,
        A=affine.A,
        row_lower=affine.row_lower,
        row_upper=affine.row_upper,
        row_names=affine.row_names,
        groups=(_group(affine, xi, component),),
        probabilities=p / p.sum(),
        labels=labels,
        sign=affine.sign,
        num_given=program.num_scenarios,
    )


def _group(affine: AffineProgram, xi: Array, component: Indices) -> Group:
    """Return the one group, its maps written for the distinct components of xi."""
    d = xi.shape[1]
    join = csr_array((np.ones(len(component)), (np.arange(len(component)), component)), shape=(len(component), d))
    entries = affine.T_entries
    deviation = None
    if affine.cost_first_xi.nnz:
        deviation = csr_array((affine.cost_first_xi @ join @ xi.T).T)
    return Group(
        cost=affine.cost_0,
        W=affine.W_0,
        sense=affine.sense,
        second=affine.second,
        row_names=affine.rows,
        rhs_0=affine.rhs_0,
        rhs_xi=csr_array(affine.rhs_xi @ join),
        T_0=affine.T_0,
        T_entries=Entries(entries.row, entries.col, component[entries.component], entries.coefficient),
        xi=xi,
        offset=affine.offset_0 + xi @ (join.T @ affine.offset_xi),
        cost_first=deviation,
        costs_xi=csr_array(vstack([csr_array((join.T @ affine.offset_xi)[None, :]), csr_array(affine.cost_first_xi @ join)])),
    )


def _own_draws(program: Program, component: Indices, p: Array, team: Team) -> tuple[Array, bool]:
    """Draw this rank's blocks and the sample into an array of all scenarios; whether equal components are equal in all of them.

    What other ranks hold is never written, and so takes no memory.
    """
    columns = np.zeros(component.max(initial=-1) + 1, dtype=np.int64)
    columns[component[::-1]] = np.arange(len(component))[::-1]
    xi = new_array((len(p), len(columns)))
    whole = True
    own = team.own_spans(len(p))
    for start, stop in own:
        full = xi_block(program, start, stop)
        xi[start:stop] = full[:, columns]
        whole = whole and bool((full == xi[start:stop][:, component]).all())
    for k in sample_numbers(len(p)).tolist():
        if not any(start <= k < stop for start, stop in own):
            xi[k] = xi_block(program, k, k + 1)[0, columns]
    return xi, whole
