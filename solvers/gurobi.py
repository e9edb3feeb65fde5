"""Gurobi as a backend: its licence told apart from its absence, and what it can do."""

from __future__ import annotations

from functools import cache
from typing import Any

from ..errors import QuakeopsError, SolverError, SolverUnavailableError
from .linear import LinearProgram, RecourseModel, Separate, Solution, SolverModel
from .registry import Backend, Feature, Probe, register

FREE_SIZE = 2000
"""Variables, and linear constraints, that gurobipy solves without a licence of one's own."""


@cache
def _environment() -> Any:
    import gurobipy

    return gurobipy.Env(params={"OutputFlag": 0})


def _probe() -> Probe:
    try:
        import gurobipy
    except ImportError:
        return Probe(problem="not installed; pip install 'quakeops[gurobi]'")
    version = ".".join(map(str, gurobipy.gurobi.version()))
    try:
        with gurobipy.Model(env=_environment()) as model:
            model.addVars(FREE_SIZE + 1)
            model.optimize()
    except gurobipy.GurobiError as e:
        if e.errno == gurobipy.GRB.Error.SIZE_LIMIT_EXCEEDED:
            return Probe(version=version, limit=f"no licence of one's own: at most {FREE_SIZE} variables and constraints")
        return Probe(
            version=version,
            problem=f"installed ({version}), but no usable licence: {e} (see gurobi.com/licenses, or --solver highs)",
        )
    return Probe(version=version)


def failure(error: Any, model: Any) -> QuakeopsError:
    """Return what to raise in the place of a ``GurobiError``; the licence's size limit is told with its way out."""
    import gurobipy

    if error.errno != gurobipy.GRB.Error.SIZE_LIMIT_EXCEEDED:
        return SolverError(f"Gurobi failed: {error}")
    return SolverUnavailableError(
        f"solver 'gurobi': this problem has {model.NumVars} variables and {model.NumConstrs} constraints; without a licence of one's own "
        f"gurobipy stops at {FREE_SIZE} of each. Install a licence (gurobi.com/licenses; free for academia) or use --solver highs"
    )


def _open(problem: LinearProgram) -> SolverModel:
    from .gurobi_model import GurobiModel

    return GurobiModel(problem, _environment())


def _open_recourse(problem: LinearProgram) -> RecourseModel:
    from .gurobi_recourse import GurobiRecourse

    return GurobiRecourse(problem)


def _solve_lazy(model: SolverModel, separate: Separate, **settings: Any) -> Solution:
    from .gurobi_lazy import solve_lazy

    return solve_lazy(model, separate, **settings)


GUROBI = register(
    Backend(
        name="gurobi",
        pyomo_name="gurobi_direct",
        pyomo_mip_name="gurobi_direct",
        features=frozenset(Feature),
        options={"rel_gap": "MIPGap", "time_limit": "TimeLimit", "threads": "Threads", "seed": "Seed", "integrality": "IntFeasTol"},
        probe=_probe,
        open=_open,
        open_recourse=_open_recourse,
        solve_lazy=_solve_lazy,
    )
)
