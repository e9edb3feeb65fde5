"""What a retrofit plan restores in each scenario: the decisions in the result's certificate, else those that solving again finds.

Several sets of repairs may cost the same. Where rows are generated while solving (:mod:`..models.retrofit_recomputed`), those that the
result holds were recomputed and others of the same cost were not, so what is solved again is recomputed too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..decomposition.benders.compiled import compile_problem
from ..decomposition.benders.team import Team
from ..decomposition.compiled import stage_data
from ..decomposition.evaluation import plan_vector
from ..decomposition.lazy.decisions import Values, stored_decisions
from ..decomposition.lazy.search import add
from ..decomposition.matrices import Array, ScenarioData, StageData
from ..decomposition.program import Program
from ..decomposition.recourse import FEASIBILITY, Recourse
from ..errors import NoSolutionError
from ..result import Result
from ..solvers import get


@dataclass(frozen=True, slots=True, eq=False)
class RetrofitDecisions:
    """``retrofitted`` (E,) and ``repaired`` (S, E) elements, in the order of the instance."""

    retrofitted: NDArray[np.bool_]
    repaired: NDArray[np.bool_]


def retrofit_decisions(result: Result, program: Program) -> RetrofitDecisions:
    """Return what the plan of ``result``, a retrofit plan of ``program``, does in every scenario.

    Raises
    ------
    InputError
        A plan that does not fit the model, or stored arrays of another shape than the problem's.
    NoSolutionError
        The plan has no recourse in some scenario.
    """
    data = stage_data(program)
    x = plan_vector(result, data)
    values = _stored(result, program, data, x)
    values |= _solved(program, data, x, [k for k in range(program.num_scenarios) if k not in values])
    model = program.build(0)
    before, after = ([variable[e].name for e in model.elements] for variable in (model.retrofit, model.repair))
    return RetrofitDecisions(
        np.array([result.first_stage[name] > 0.5 for name in before], dtype=bool),
        np.array([[values[k][name] > 0.5 for name in after] for k in range(program.num_scenarios)], dtype=bool),
    )


def _stored(result: Result, program: Program, data: StageData, x: Array) -> dict[int, Values]:
    """Return the decisions in the certificate by scenario, of scenarios that are the same one alone; none if they are another plan's."""
    recourse: dict[str, Any] = (result.certificate or {}).get("recourse") or {}
    if recourse.get("values") is None:
        return {}
    problem, _ = compile_problem(program, Team())
    values = dict(stored_decisions(problem, program.scenario_names, x, recourse))
    return values if all(_fits(data.scenarios[k], x, own) for k, own in values.items()) else {}


def _fits(s: ScenarioData, x: Array, values: Values) -> bool:
    """Whether a scenario's rows hold, by plain arithmetic."""
    y = np.array([values[name] for name in s.stage.names])
    activity = s.T @ x + s.W @ y
    slack = FEASIBILITY * np.maximum(1, abs(s.T) @ np.abs(x) + abs(s.W) @ np.abs(y))
    return bool(((activity >= s.row_lower - slack) & (activity <= s.row_upper + slack)).all())


def _solved(program: Program, data: StageData, x: Array, numbers: list[int]) -> dict[int, Values]:
    """Solve the recourse of these scenarios; where rows are generated, until every decision is allowed."""
    while True:
        recourse, values = Recourse(data, get("highs")), {}
        for k in numbers:
            stage, solution = data.scenarios[k].stage, recourse.solve(k, x)
            if solution.x is None:
                raise NoSolutionError(f"the plan has no recourse in scenario {program.scenario_names[k]!r} ({solution.termination})")
            y = np.where(stage.integer, np.round(solution.x), solution.x)
            values[k] = Values(zip((*data.first.names, *stage.names), [*x.tolist(), *y.tolist()], strict=True))
        rows: dict[Any, frozenset[int]] = {}
        if program.lazy is not None:
            for k, own in values.items():
                add(rows, program.lazy.violated(k, own))
        if not rows:
            return values
        program = program.with_rows(rows)
        data = stage_data(program)
