"""The functions behind ``quakeops.solve`` and its like, one file each; the command line adds nothing to them but text."""

from .evaluate import evaluate
from .export import export
from .generate import generate
from .pareto import pareto
from .saa import saa
from .solve import solve
from .verify import verify

__all__ = ["evaluate", "export", "generate", "pareto", "saa", "solve", "verify"]
