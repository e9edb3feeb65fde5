"""Programs whose rows are generated while solving, from decisions that are recomputed by another model."""

from .loop import solve_lazy
from .protocol import Lazy

__all__ = ["Lazy", "solve_lazy"]
