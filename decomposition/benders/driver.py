"""The run: a sample to begin with where there are many scenarios, the LP phase, the MIP phase."""

from __future__ import annotations

from .crash import begin
from .engine import Engine
from .lp_phase import lp_phase
from .mip_phase import mip_phase

LP_SHARE = 0.2
"""Share of the gap asked for that the LP phase may leave to the MIP phase."""


def drive(engine: Engine, rel_gap: float) -> str:
    """Run all phases; returns why the run stopped: ``gap``, ``infeasible``, ``unbounded``, ``stalled`` or a limit."""
    integer = bool(engine.problem.first.integer.any())
    if engine.center is None:
        engine.center = begin(engine)
    outcome = lp_phase(engine, (LP_SHARE if integer else 1.0) * rel_gap, exact=not integer, start=engine.center)
    engine.center = outcome.center
    if not integer and outcome.center is not None:
        engine.offer(outcome.center)
    if not integer or outcome.reason != "gap":
        return outcome.reason
    return mip_phase(engine, rel_gap)
