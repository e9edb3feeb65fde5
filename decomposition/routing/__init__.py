"""Routing beyond the two-stage form: routes as arrays, a heuristic plan to begin with, branch-and-price for one scenario.

``problem`` makes the arrays of a scenario and turns plans into routes and back, ``start`` finds a plan to begin with, ``priced`` solves one
scenario by :mod:`..pricing`, ``evaluation`` tells what routes cost in every scenario, by exact timing,
``timetable`` when vehicles are where.
"""

from .evaluation import RouteEvaluation, evaluate_plan
from .priced import solve_by_pricing
from .problem import is_routing, plan_of, route_problem, routes_of
from .start import heuristic_plan
from .timetable import Stop, Tour, timetable

__all__ = [
    "RouteEvaluation",
    "Stop",
    "Tour",
    "evaluate_plan",
    "heuristic_plan",
    "is_routing",
    "plan_of",
    "route_problem",
    "routes_of",
    "solve_by_pricing",
    "timetable",
]
