"""Programs whose rows are generated while solving, from decisions that are recomputed by another model."""

from .loop import solve_lazy
from .protocol import Lazy
from .search import Searched, search

__all__ = ["Lazy", "Searched", "search", "solve_lazy"]
