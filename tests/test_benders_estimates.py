"""Plans whose cost is estimated from a part of the scenarios: what an estimate may say, and what it may not end."""

import numpy as np
import pytest
import quakeops
from quakeops.decomposition.benders.compiled import compile_problem
from quakeops.decomposition.benders.crash import begin
from quakeops.decomposition.benders.engine import Engine
from quakeops.decomposition.benders.lp_phase import lp_phase
from quakeops.decomposition.benders.position import LpPosition
from quakeops.decomposition.benders.settings import Settings
from quakeops.decomposition.benders.stabilization import Center, stabilization
from quakeops.decomposition.benders.team import Team
from quakeops.decomposition.program import from_model
from quakeops.decomposition.run import Run
from quakeops.solvers import get

SCENARIOS, TOLERANCE = 700, 2e-4


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    """The engine on 700 scenarios of the town, whose demands have heavy tails; it solves a part of the recourse LPs at a time."""
    path = tmp_path_factory.mktemp("sets") / "town.nc"
    quakeops.generate("town", scenarios=SCENARIOS, seed=1, out=path)
    problem, _ = compile_problem(from_model("prepositioning", scenario_file=str(path)), Team())
    engine = Engine(problem, get("highs"), Run(), Settings(threads=1))
    assert engine.stride > 1
    yield engine
    engine.close()


def test_a_center_keeps_what_its_own_pool_missed(engine):
    """The pool learns; what it misses today says nothing of a plan estimated long ago."""
    old = Center(np.zeros(len(engine.problem.first)), None, 100.0, False, missing=7.0)
    for gap in (0.0, 3.0, 50.0):
        engine.pool_gap = gap
        assert engine.estimate(old) == 107.0
    assert engine.estimate(Center(old.x, None, 100.0, True)) == 100.0


def test_an_lp_phase_ends_near_its_bound(engine):
    """The best plan's exact cost is within a few tolerances of the bound, though the phase ends on an estimate."""
    outcome = lp_phase(engine, TOLERANCE, exact=False, start=begin(engine))
    assert outcome.reason == "gap" and not outcome.center.exact
    _, exact = engine.evaluate(outcome.center.x, None, engine.effort(exact=True))
    assert outcome.bound <= exact.cost * (1 + 1e-7) and exact.cost - outcome.bound <= 5 * TOLERANCE * exact.cost


def test_an_estimate_is_made_again_before_it_ends_a_phase(engine):
    """A plan that an old pool took for much too cheap does not end the phase: it is estimated anew, and the phase goes on."""
    cheap = Center(np.zeros(len(engine.problem.first)), None, -1e12, False)
    engine.lp, engine.resuming = LpPosition(stabilization("in-out"), center=cheap), True
    outcome = lp_phase(engine, TOLERANCE, exact=False)
    _, exact = engine.evaluate(outcome.center.x, None, engine.effort(exact=True))
    assert outcome.reason == "gap" and outcome.center is not cheap and exact.cost - outcome.bound <= 5 * TOLERANCE * exact.cost
