"""A plan for a run that a limit stopped before it had one: the best known is completed and evaluated exactly, past the limit if need be."""

from __future__ import annotations

import numpy as np

from .engine import Engine
from .stabilization import Center

LOOSE_GAP, LEAST_S, SHARE = 1e-2, 1.0, 0.1
"""The master MIP that rounds the LP phase's plan: its gap, and its time limit as a share of the run's (at least so many seconds)."""


def last_resort(engine: Engine) -> None:
    """Offer one exactly evaluated plan, if any can be had at once."""
    candidate = None if engine.mip is None else engine.mip.candidate
    if candidate is None and engine.problem.first.integer.any() and engine.master.awake.all():
        seconds = max(LEAST_S, SHARE * (engine.run.time_limit or 0.0))
        point, bound = engine.team.on_rank_0(lambda: engine.master.solve_mip(LOOSE_GAP, seconds, engine.settings.threads, None))
        engine.raise_bound(bound)
        candidate = None if point is None else Center(engine.clean(point.x), point.eta, np.inf, False)
    elif candidate is None and not engine.problem.first.integer.any():
        candidate = engine.center
    if candidate is not None:
        engine.make_exact(candidate)
