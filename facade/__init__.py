"""The functions behind ``quakeops.solve`` and its like, one file each; the command line adds nothing to them but text."""

from .estimate import estimate
from .evaluate import evaluate
from .export import export
from .generate import generate
from .pareto import pareto
from .recognize import recognize, train_recognizer
from .saa import saa
from .simulate_triage import simulate_triage
from .solve import solve
from .verify import verify
from .what_if import what_if

__all__ = [
    "estimate",
    "evaluate",
    "export",
    "generate",
    "pareto",
    "recognize",
    "saa",
    "simulate_triage",
    "solve",
    "train_recognizer",
    "verify",
    "what_if",
]
