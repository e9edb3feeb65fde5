"""Recourse with binaries: what it can do without (:mod:`.reduction`), and facets of its knapsacks (:mod:`.facets`)."""

from .facets import minimal_covers, minimal_sets, violated_facet
from .knapsacks import Knapsack, knapsacks
from .reduction import without_idle

__all__ = ["Knapsack", "knapsacks", "minimal_covers", "minimal_sets", "violated_facet", "without_idle"]
