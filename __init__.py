"""Optimization models for earthquake preparedness and response: from ground motion to a certified decision.

>>> import quakeops
>>> quakeops.load("newsvendor").title
'One depot, one commodity: the newsvendor problem, with its closed form'
"""

from .decomposition.evaluation import Evaluation
from .decomposition.pareto import ParetoFront
from .decomposition.responder_what_if import WhatIf
from .decomposition.saa import SaaResult
from .decomposition.verification import Verification
from .errors import InputError, NoSolutionError, QuakeopsError, SolverError, SolverUnavailableError
from .facade import (
    estimate,
    evaluate,
    export,
    generate,
    pareto,
    recognize,
    saa,
    simulate_triage,
    solve,
    train_recognizer,
    verify,
    what_if,
)
from .facade.recognize import Recognition, RecognizerTraining
from .facade.simulate_triage import TriageSimulation
from .instances import load
from .result import Result, Status

__version__ = "0.1.0"

__all__ = [
    "Evaluation",
    "InputError",
    "NoSolutionError",
    "ParetoFront",
    "QuakeopsError",
    "Recognition",
    "RecognizerTraining",
    "Result",
    "SaaResult",
    "SolverError",
    "SolverUnavailableError",
    "Status",
    "TriageSimulation",
    "Verification",
    "WhatIf",
    "estimate",
    "evaluate",
    "export",
    "generate",
    "load",
    "pareto",
    "recognize",
    "saa",
    "simulate_triage",
    "solve",
    "train_recognizer",
    "verify",
    "what_if",
]
