"""A plan and its recourse in one scenario, by the names of its variables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..decomposition.evaluation import plan_vector
from ..decomposition.matrices import StageData, compile_program
from ..decomposition.owned import own_name, split
from ..decomposition.program import Program
from ..decomposition.recourse import Recourse
from ..errors import InputError, NoSolutionError
from ..result import Result
from ..solvers import get
from .labels import Array


@dataclass(frozen=True, slots=True, eq=False)
class ScenarioRecourse:
    """``model`` is the scenario's Pyomo model, ``values`` what its variables are, ``cost`` the plan's cost in it."""

    model: Any
    values: dict[str, float]
    cost: float

    def of(self, variable: str) -> dict[Any, float]:
        """Return ``index: value`` of a variable, nothing if there is none; Pyomo alone knows which index names it quotes."""
        found = getattr(self.model, variable, None)
        return {} if found is None else {index: self.values[data.name] for index, data in found.items()}


def scenario_recourse(result: Result, program: Program, k: int) -> ScenarioRecourse:
    """Solve the recourse of scenario ``k`` of ``program`` at the plan of ``result``.

    Raises
    ------
    InputError
        The plan's variables are not those of the program.
    NoSolutionError
        The plan has no recourse in the scenario.
    """
    data = compile_program(program, scenarios=[k])
    x = _own_plan(result, program, data, k) if program.owned else plan_vector(result, data)
    solution = Recourse(data, get("highs")).solve(0, x)
    only = data.scenarios[0]
    if solution.x is None or solution.objective is None:
        raise NoSolutionError(f"the plan has no recourse in scenario {only.name!r} ({solution.termination})")
    names = (*data.first.names, *only.stage.names)
    values = dict(zip(names, map(float, [*x, *solution.x]), strict=True))
    return ScenarioRecourse(program.build(k), values, data.sign * float(only.cost_first @ x + only.offset + solution.objective))


def _own_plan(result: Result, program: Program, data: StageData, k: int) -> Array:
    """Return the plan in the order of the first stage of scenario ``k``, of which owned variables are the scenario's own."""
    names = list(data.first.names)
    for j in split(data.first, program.owned).own.tolist():
        names[j] = own_name(names[j], program.scenario_names[k])
    missing = [n for n in names if n not in result.first_stage]
    if missing:
        raise InputError(f"result: field 'first_stage': {missing[0]!r} is missing")
    return np.array([result.first_stage[n] for n in names], dtype=float)
