"""Random data as symbols in a Pyomo model: every random parameter becomes an auxiliary variable without a value.

What cannot be affine for every value of the data is refused here by name: random data in a variable's bound, or in the side of a range
constraint (which is one equality for some data and two inequalities for others).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np
import pyomo.environ as pyo
from numpy.typing import NDArray
from pyomo.common.numeric_types import native_numeric_types
from pyomo.core.base.constraint import ConstraintData
from pyomo.core.expr import identify_mutable_parameters
from pyomo.core.expr.relational_expr import EqualityExpression, RangedExpression
from pyomo.core.expr.visitor import ExpressionReplacementVisitor
from pyomo.repn import generate_standard_repn

from ..errors import ModelError


class Symbols:
    """The random data of one scenario's model, ``names`` (d,), each with an auxiliary variable in ``variables``.

    ``data`` gives for every random parameter its values (1, ...) in this scenario; they must be those that the model holds.
    """

    def __init__(self, where: str, model: pyo.ConcreteModel, data: Mapping[str, NDArray[np.float64]]):
        self.where = where
        parameters = [p for name, values in data.items() for p in self._members(model, name, np.ravel(values))]
        self.names = tuple(p.name for p in parameters)
        self.variables = _detached(len(parameters))
        self._component = {id(self.variables[i]): i for i in range(len(parameters))}
        self._is_random = {id(p) for p in parameters}
        # Pyomo 6.10 takes a fixed member of an indexed variable for a free one, and the parameterized form then fails: fixed stand-ins
        fixed = [v for v in model.component_data_objects(pyo.Var, descend_into=True) if v.fixed]
        constants = _detached(len(fixed))
        for i, v in enumerate(fixed):
            constants[i].fix(v.value)
        twins = {id(p): self.variables[i] for i, p in enumerate(parameters)} | {id(v): constants[i] for i, v in enumerate(fixed)}
        self._replace = ExpressionReplacementVisitor(twins)

    def substitute(self, model: pyo.ConcreteModel) -> None:
        """Put the auxiliary variables in place of the parameters, in every active constraint and objective of ``model``."""
        for v in model.component_data_objects(pyo.Var, descend_into=True):
            for side, bound in (("lower", v.lower), ("upper", v.upper)):
                if name := self._random_in(bound):
                    self._refuse(f"the {side} bound of variable {v.name!r} holds random data {name!r}; write it as a constraint")
        for constraint in model.component_data_objects(pyo.Constraint, active=True, descend_into=True):
            self._substitute_in(constraint)
        for objective in model.component_data_objects(pyo.Objective, active=True, descend_into=True):
            objective.set_value(self._replace.walk_expression(objective.expr))

    def affine(self, entry: Any, what: str) -> tuple[float, list[int], list[float]]:
        """Return constant, components and coefficients of an ``entry`` of the standard form; ``what`` says in a message which one."""
        if entry.__class__ in native_numeric_types:
            if not math.isfinite(entry):
                self._refuse(f"{what} is {entry}, which is not finite")
            return float(entry), [], []
        form = generate_standard_repn(entry, quadratic=False)
        if form.nonlinear_expr is not None:
            names = sorted({self.names[self._component[id(v)]] for v in form.nonlinear_vars})
            self._refuse(f"{what} is not affine in the random data {', '.join(map(repr, names))}; compute its nonlinear part before")
        if not all(map(math.isfinite, (form.constant, *form.linear_coefs))):
            self._refuse(f"{what} holds a number that is not finite")
        return float(form.constant), [self._component[id(v)] for v in form.linear_vars], [float(c) for c in form.linear_coefs]

    def _members(self, model: pyo.ConcreteModel, name: str, values: NDArray[np.float64]) -> list[Any]:
        parameter = model.find_component(name)
        if parameter is None or parameter.ctype is not pyo.Param or not parameter.mutable:
            self._refuse(f"random_block names {name!r}, which is no mutable parameter of the model")
        members = [parameter[i] for i in parameter.index_set()]
        if len(members) != len(values):
            self._refuse(f"random_block gives {len(values)} values of {name!r}, but the model's parameter has {len(members)}")
        for p, value in zip(members, values.tolist(), strict=True):
            if p.value != value:
                self._refuse(f"random_block gives {value!r} for {p.name!r}, but build has put {p.value!r} into the model")
        return members

    def _substitute_in(self, constraint: ConstraintData) -> None:
        lower, body, upper = constraint.to_bounded_expression()  # its orientation decides the sign of the row: keep it
        symbolic = self._replace.walk_expression(body)
        side = self._random_in(lower) or self._random_in(upper)
        if symbolic is body and not side:
            return
        if side and constraint.expr.__class__ is RangedExpression:
            self._refuse(f"a side of the range constraint {constraint.name!r} holds random data {side!r}; write two constraints")
        if constraint.equality:
            difference = symbolic - self._replace.walk_expression(upper) if side else symbolic
            constraint.set_value(EqualityExpression((difference, 0 if side else upper)))
        elif side:
            difference = symbolic - self._replace.walk_expression(lower if upper is None else upper)
            constraint.set_value(pyo.inequality(*((0, difference) if upper is None else (None, difference, 0))))
        else:
            constraint.set_value(pyo.inequality(lower, symbolic, upper))

    def _random_in(self, expression: Any) -> str | None:
        """Return the name of a random parameter in an expression, ``None`` if it holds none."""
        if expression is None or expression.__class__ in native_numeric_types:
            return None
        return next((p.name for p in identify_mutable_parameters(expression) if id(p) in self._is_random), None)

    def _refuse(self, what: str) -> NoReturn:
        raise ModelError(f"{self.where}: {what}")


def _detached(size: int) -> pyo.Var:
    """Return variables that belong to no model."""
    variables = pyo.Var(range(size))
    variables.construct()
    return variables
