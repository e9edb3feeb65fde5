"""Solver backends: a registry of what each can do, and thin array drivers of highspy and gurobipy."""

from .gurobi import GUROBI
from .highs import HIGHS
from .linear import LinearProgram, RecourseModel, RecourseSolution, Separate, Solution, SolverModel, Termination
from .registry import Backend, Feature, backends, get

__all__ = [
    "GUROBI",
    "HIGHS",
    "Backend",
    "Feature",
    "LinearProgram",
    "RecourseModel",
    "RecourseSolution",
    "Separate",
    "Solution",
    "SolverModel",
    "Termination",
    "backends",
    "get",
]
