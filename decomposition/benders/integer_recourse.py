"""Integer recourse: which way a problem goes after its LP phase, and the evaluation that its result stands on.

Where every first-stage variable that touches the recourse takes one of two values, the optimum is proved (``binary_phase``). Otherwise the
lower bound is that of a relaxation (``relaxed_phase``). Either way a plan's cost is that of its recourse programs, solved with integrality.
"""

from __future__ import annotations

import contextlib

import numpy as np

from ...errors import InputError
from ..matrices import Array
from ..recourse import FEASIBILITY, first_stage_violation
from .binary_phase import BinaryPhase
from .engine import Engine
from .exact import ExactPass
from .integer_cuts import two_valued
from .integer_oracle import IntegerOracle
from .integer_state import TIGHTEST, IntegerState
from .relaxed_phase import RelaxedPhase
from .scenario_mips import OutOfTimeError
from .stopping import Gap

SHARE = 0.3
"""Share of the gap asked for that the first master MIPs may leave open."""

RELAXATION = "integer recourse: the bound is that of a relaxation, since first-stage variables that enter the recourse are not binary"


def require_served(engine: Engine) -> None:
    """Refuse what does not go with integer recourse.

    Raises
    ------
    InputError
        Scenarios are to be kept whole in the master.
    """
    if engine.settings.retain:
        raise InputError(f"--retain {engine.settings.retain}: does not go with integer recourse, which the master would relax")


def integer_phase(engine: Engine, rel_gap: float) -> str:
    """Run from the end of the LP phase; returns why it stopped: ``gap``, ``infeasible``, ``relaxation``, ``stalled`` or a limit."""
    oracle = IntegerOracle(engine)
    try:
        with engine.run.timed("lagrangian cuts"):
            hopeless = oracle.find_floors()
        if hopeless is not None:
            engine.explanations["infeasible"] = f"infeasible: no plan whatsoever satisfies scenario {engine.problem.labels[hopeless]!r}"
            return "infeasible"
        state = IntegerState(engine, oracle, Gap(rel_gap), max(SHARE * rel_gap, TIGHTEST))
        if two_valued(engine.problem.first)[oracle.touching].all() and np.isfinite(oracle.floors).all():
            phase = BinaryPhase(state)
            reason = "time limit"
            with contextlib.suppress(OutOfTimeError):
                reason = phase.run()
            if reason.endswith("limit") and engine.incumbent is None and phase.fallback is not None:
                state.last_resort(phase.fallback)
            return reason
        engine.explanations["relaxation"] = RELAXATION
        return RelaxedPhase(state).run([] if engine.center is None else [engine.center.x])
    except OutOfTimeError:
        return "time limit"
    finally:
        oracle.close()


class IntegerPass(ExactPass):
    """The evaluator of a problem with integer recourse: the risk measure of recourse programs solved with integrality."""

    def expected(self, x: Array) -> float | None:
        """Return the risk of the exact costs, or ``None`` if ``x`` is infeasible; the incumbent's is known."""
        engine = self._engine
        if first_stage_violation(engine.problem, x)[0] > FEASIBILITY:
            return None
        known = engine.incumbent
        if known is not None and (known.x == x).all():
            return known.cost
        oracle = IntegerOracle(engine)
        try:
            costs = oracle.costs(x)
        finally:
            oracle.close()
        self._failed = tuple(np.flatnonzero(np.isinf(costs)).tolist())
        return None if self._failed else float(engine.problem.cost @ x) + engine.risk.of(costs, engine.problem.probabilities)
