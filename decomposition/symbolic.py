"""Compile once: from one Pyomo model with symbolic random data to the affine maps of :class:`AffineProgram`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.common.errors import InfeasibleConstraintException
from pyomo.repn.plugins.parameterized_standard_form import ParameterizedLinearStandardFormCompiler
from scipy.sparse import csr_array

from ..errors import ModelError, NoSolutionError
from .affine import AffineProgram, scenario_probabilities
from .affine_difference import difference
from .affine_parts import Part, coordinates, pick
from .matrices import first_stage_variables, stage_of
from .program import Program
from .symbols import Symbols


def compile_affine(program: Program) -> AffineProgram | None:
    """Return the affine maps of a program, or ``None`` if its model does not declare its random data (``random_block``).

    The models of the first and of the last scenario are compiled, and must give the same maps: whatever differs between scenarios has to
    be declared.

    Raises
    ------
    ModelError
        Not affine in the random data; random data in a variable's bound, in the side of a range constraint, or in a row without
        second-stage variables; ``build`` depends on the scenario otherwise than through the declared parameters. The message names them.
    NoSolutionError
        A constraint without variables that does not hold.
    """
    if program.random_block is None:
        return None
    affine = _compile(program, 0)
    if program.num_scenarios > 1:
        what = difference(affine, _compile(program, program.num_scenarios - 1))
        if what is not None:
            raise ModelError(
                f"{program.name}: scenario {program.scenario_names[-1]!r} differs from {program.scenario_names[0]!r} in {what}, their "
                "random data being symbols; build must take all that is random from the parameters that random_block declares"
            )
    return affine


def _compile(program: Program, k: int) -> AffineProgram:
    assert program.random_block is not None
    model = program.build(k)
    where = f"{program.name}: scenario {model.name!r}"
    given, expected = program.probability(model), float(scenario_probabilities(program)[k])
    if given != expected:
        raise ModelError(f"{where} has probability {given}, but its source says {expected}")
    nonants = first_stage_variables(program, model)
    symbols = Symbols(where, model, program.random_block(start=k, stop=k + 1, **program.kwargs))
    symbols.substitute(model)
    form = _standard_form(program, model, symbols)

    # columns: the first stage in the order declared, then the others in the order of the standard form
    position = {id(v): j for j, v in enumerate(nonants)}
    second = [v for v in form.columns if id(v) not in position]
    position |= {id(v): len(nonants) + j for j, v in enumerate(second)}
    target = np.array([position[id(v)] for v in form.columns], dtype=np.intp)
    columns, rows = [v.name for v in (*nonants, *second)], [r.constraint.name for r in form.rows]
    n1, n, m, d = len(nonants), len(columns), len(rows), len(symbols.names)

    in_row, in_col = coordinates(form.A)
    matrix = Part.of(
        symbols, form.A.data, in_row, target[in_col], lambda i, j: f"constraint {rows[i]!r}: the coefficient of {columns[j]!r}"
    )
    rhs = Part.of(symbols, form.rhs, np.arange(m), None, lambda i, _: f"constraint {rows[i]!r}: the constant")
    cost = Part.of(symbols, form.c.data, target[coordinates(form.c)[1]], None, lambda j, _: f"the cost of {columns[j]!r}")
    offset = Part.of(symbols, form.c_offset, np.zeros(1, dtype=np.intp), None, lambda *_: "the constant of the objective")

    # rows: those without second-stage variables are the first stage's own, and never random
    second_stage = np.zeros(m, dtype=bool)
    second_stage[matrix.row[(matrix.col >= n1) & (matrix.constant != 0)]] = True
    second_stage[matrix.random.row[matrix.random.col >= n1]] = True
    for random in (matrix.random, rhs.random):
        wrong = np.flatnonzero(~second_stage[random.row])
        if len(wrong):
            row, name = rows[random.row[wrong[0]]], symbols.names[random.component[wrong[0]]]
            raise ModelError(f"{where}: constraint {row!r} holds random data {name!r} but no second-stage variable")
    kind = np.array([r.bound_type for r in form.rows], dtype=np.int8)
    own, both, moved = np.flatnonzero(~second_stage), np.flatnonzero(second_stage), np.cumsum(second_stage) - 1
    constant, sides, costs, costs_xi = matrix.csr((m, n)), rhs.vector(m), cost.vector(n), cost.csr_xi(n, d)
    return AffineProgram(
        name=program.name,
        first=stage_of(nonants),
        second=stage_of(second),
        A=csr_array(constant[own][:, :n1]),
        row_lower=np.where(kind <= 0, sides, -np.inf)[own],
        row_upper=np.where(kind >= 0, sides, np.inf)[own],
        row_names=tuple(rows[i] for i in own),
        rows=tuple(rows[i] for i in both),
        sense=kind[both],
        xi_names=symbols.names,
        cost_first_0=costs[:n1],
        cost_first_xi=csr_array(costs_xi[:n1]),
        cost_0=costs[n1:],
        cost_xi=csr_array(costs_xi[n1:]),
        offset_0=float(offset.vector(1)[0]),
        offset_xi=offset.csr_xi(1, d).toarray()[0],
        rhs_0=sides[both],
        rhs_xi=csr_array(rhs.csr_xi(m, d)[both]),
        T_0=csr_array(constant[both][:, :n1]),
        T_entries=pick(matrix.random, matrix.random.col < n1, moved, 0),
        W_0=csr_array(constant[both][:, n1:]),
        W_entries=pick(matrix.random, matrix.random.col >= n1, moved, n1),
        sign=1.0 if form.objectives[0].sense == pyo.minimize else -1.0,
    )


def _standard_form(program: Program, model: pyo.ConcreteModel, symbols: Symbols) -> Any:
    """Return Pyomo's standard form, whose entries are numbers or expressions of the symbols."""
    try:
        # no column_order: see matrices
        form = ParameterizedLinearStandardFormCompiler().write(model, mixed_form=True, wrt=[symbols.variables])
    except InfeasibleConstraintException as e:
        raise NoSolutionError(f"{program.name}: infeasible: scenario {model.name!r} holds a constraint that can never hold: {e}") from None
    except Exception as e:
        raise ModelError(f"{symbols.where} is not a linear model with finite data once its random data are symbols: {e}") from e
    if len(form.objectives) != 1:
        raise ModelError(f"{symbols.where} has {len(form.objectives)} active objectives, expected 1")
    return form
