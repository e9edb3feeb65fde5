"""Pareto fronts: several expected objectives of one program under a budget.

``objectives`` compiles them, ``inner`` says what is solved for every point, by ``extensive`` or ``benders`` (with ``outer``, ``hull``,
``mixing``, ``recourse``), ``anchors`` and ``plane`` place the points, ``driver`` finds them, ``quality`` judges them, ``front`` is the
result.
"""

from .front import FrontPoint, ParetoFront, is_front
from .offered import offered_objectives
from .solve import INNER, solve_front

__all__ = ["INNER", "FrontPoint", "ParetoFront", "is_front", "offered_objectives", "solve_front"]
