"""Traffic on a road network, damaged or not: user equilibrium with BPR travel times, on sparse graphs."""

from .assignment import Assignment, PathFlows, Stop
from .costs import LinkCosts
from .incremental import incremental_assignment
from .scenarios import damaged_equilibria
from .user_equilibrium import user_equilibrium

__all__ = ["Assignment", "LinkCosts", "PathFlows", "Stop", "damaged_equilibria", "incremental_assignment", "user_equilibrium"]
