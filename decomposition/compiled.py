"""Every scenario's matrices: from affine maps where the model declares its random data, else model by model."""

from __future__ import annotations

from typing import Any

from ..parallel import on_rank_0
from .affine import AffineProgram, scenario_probabilities, xi_block
from .forked import compile_shared
from .matrices import StageData
from .owned import spread
from .program import Program
from .symbolic import compile_affine


def stage_data(program: Program, comm: Any = None) -> StageData:
    """Return the matrices of all scenarios, on every rank of ``comm``; owned variables stand once a scenario.

    Raises
    ------
    ModelError
        Multistage, nonlinear, not affine in the declared random data, or first stages that differ; the message names scenario and row.
    NoSolutionError
        A constraint without variables that does not hold.
    """
    return spread(anonymous_stage_data(program, comm), program.owned)


def anonymous_stage_data(program: Program, comm: Any = None) -> StageData:
    """Return the matrices of all scenarios, each with the owned variables of owner ``"*"`` if there are any; raises as above."""
    affine = on_rank_0(comm, lambda: compile_affine(program))
    return compile_shared(program, comm) if affine is None else at_scenarios(program, affine)


def at_scenarios(program: Program, affine: AffineProgram) -> StageData:
    """Return the matrices of every scenario from the affine maps; no Pyomo model is built."""
    xi, p = xi_block(program, 0, program.num_scenarios), scenario_probabilities(program)
    scenarios = tuple(affine.scenario(name, float(p[k]), xi[k]) for k, name in enumerate(program.scenario_names))
    return StageData(affine.first, affine.A, affine.row_lower, affine.row_upper, affine.row_names, scenarios, affine.sign)
