"""SMPS files: the standard text format of stochastic linear programs, for two stages and finitely many scenarios.

A problem is three files: the core (an MPS file), the time file (which rows and columns are second-stage) and the stoch file (what is
random). :func:`read` returns plain arrays; ``docs/smps.md`` says what is read and how ambiguous points are taken.
"""

from .core import Core, row_bounds
from .periods import Periods
from .problem import SmpsProblem, read
from .scenarios import Changes, Distribution, Key, ListedScenarios, ProductScenarios, Scenarios, SmpsScenario, What, changes

__all__ = [
    "Changes",
    "Core",
    "Distribution",
    "Key",
    "ListedScenarios",
    "Periods",
    "ProductScenarios",
    "Scenarios",
    "SmpsProblem",
    "SmpsScenario",
    "What",
    "changes",
    "read",
    "row_bounds",
]
