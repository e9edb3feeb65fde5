"""Benders with integer recourse: published optima, the extensive form as second road, brute force over all binary plans."""

import itertools
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from quakeops import Status, solve
from quakeops.decomposition.benders.engine import Engine
from quakeops.decomposition.benders.grouping import from_stage_data
from quakeops.decomposition.benders.integer_cuts import distance_slope, l_shaped_slopes, no_good, two_valued
from quakeops.decomposition.benders.integer_oracle import IntegerOracle
from quakeops.decomposition.benders.integer_recourse import IntegerPass
from quakeops.decomposition.benders.risk import parse
from quakeops.decomposition.benders.settings import Settings
from quakeops.decomposition.benders.team import Team
from quakeops.decomposition.matrices import ScenarioData, Stage, StageData
from quakeops.decomposition.recourse import FEASIBILITY, Recourse, first_stage_violation
from quakeops.errors import InputError
from quakeops.solvers import get
from scipy.sparse import csr_array, diags_array

SIPLIB = Path(__file__).parents[2] / "shared/data/siplib"
needs_siplib = pytest.mark.skipif(not SIPLIB.is_dir(), reason=f"{SIPLIB} (SIPLIB instances) is not there")
MPIEXEC = shutil.which("mpiexec") or str(Path(sys.executable).with_name("mpiexec"))
needs_mpi = pytest.mark.skipif(not Path(MPIEXEC).exists(), reason="no mpiexec (pip install 'quakeops[mpi,mpich]')")

CLOSE = 1e-7
TRUST = 1e-5
"""A MIP's dual bound holds to the solver's feasibility tolerances (1e-6) times the size of the multipliers."""


@pytest.fixture(scope="session")
def draw(two_stage):
    """``draw(seed)``: a random program whose recourse is partly integer, after a first stage that is binary where it touches the recourse.

    About a fifth of the first-stage variables do not touch it and stay as they are drawn: continuous or general integer.
    ``binary=False``: general integer and continuous variables touch it.
    """

    def draw(seed, *, binary=True, touch_all=False, **chosen):
        r = np.random.default_rng([seed, 99])
        data = two_stage.draw(seed, boxed=True, **chosen)
        first, n = data.first, len(data.first)
        touch = (r.random(n) < 0.8) | (np.arange(n) == 0) | touch_all
        whole = (r.random(40) < 0.7) | (np.arange(40) == 0)
        if binary:
            low = np.where(r.random(n) < 0.8, 0.0, np.round(first.lower))
            first = replace(
                first,
                lower=np.where(touch, low, first.lower),
                upper=np.where(touch, low + (r.random(n) < 0.9), first.upper),
                integer=first.integer | touch,
            )
        kept = csr_array(diags_array((touch | (not binary)).astype(float)))
        scenarios = [replace(s, T=csr_array(s.T @ kept), stage=replace(s.stage, integer=whole[: len(s.stage)])) for s in data.scenarios]
        return replace(data, first=first, scenarios=tuple(scenarios))

    return draw


def all_plans(data):
    """Every plan of an all-integer bounded first stage."""
    first = data.first
    for x in itertools.product(*(np.arange(low, up + 1) for low, up in zip(first.lower, first.upper, strict=True))):
        x = np.array(x, dtype=float)
        if first_stage_violation(data, x)[0] <= FEASIBILITY:
            yield x


def engine_of(two_stage, data, **settings):
    return Engine(from_stage_data(data), get("highs"), two_stage.run(), Settings(threads=1, **settings), Team())


def recourse_costs(problem, data, x):
    """Q_s(x) of the engine's scenarios, by the plain evaluator; inf where there is none."""
    recourse, number = Recourse(data, get("highs")), {s.name: k for k, s in enumerate(data.scenarios)}
    found = [recourse.solve(number[label], x).objective for label in problem.labels]
    return np.array([np.inf if v is None else v for v in found])


@needs_siplib
@pytest.mark.parametrize(("name", "optimum"), [("sslp_5_25_50", -121.6), ("sslp_15_45_5", -262.4)])
def test_sslp(name, optimum):
    """The optima that SIPLIB states."""
    result = solve(smps=SIPLIB / name, method="benders", rel_gap=1e-6)
    assert result.status is Status.OPTIMAL and result.exit_code == 0
    assert result.objective == pytest.approx(optimum, abs=1e-6) and result.bound == pytest.approx(optimum, abs=1e-3)
    assert result.bound <= result.objective + 1e-9


@pytest.mark.parametrize("seed", [*range(60), 138, 141])  # the last two: the solver's tolerance undercuts an integer L-shaped cut
def test_binary_first_stage_equals_extensive_form(two_stage, draw, seed):
    """Plans without recourse, maximisation, random W and q, first-stage variables beside the recourse are all among the seeds."""
    data = draw(seed)
    whole, found = two_stage.extensive(data), two_stage.benders(data, rel_gap=CLOSE)
    if whole.status is Status.INFEASIBLE:
        assert found.status is Status.INFEASIBLE and found.stop_reason.startswith("infeasible")
        return
    assert found.status is Status.OPTIMAL, found.stop_reason
    assert found.objective == pytest.approx(whole.objective, rel=2 * CLOSE, abs=2 * CLOSE)


def test_what_the_seeds_hold(draw):
    problems = [(draw(seed), from_stage_data(draw(seed))) for seed in range(60)]
    assert sum(p.integer_recourse for _, p in problems) == 60
    assert sum(len(p.groups) > 1 for _, p in problems) >= 15
    assert sum(d.sign < 0 for d, _ in problems) >= 15
    assert sum(not d.first.integer.all() for d, _ in problems) >= 5
    assert sum(not two_valued(p.first).all() for _, p in problems) >= 5


@pytest.mark.parametrize("beside", [False, True])
def test_solver_tolerance_does_not_undercut_large_coefficients(two_stage, beside):
    """Q = ceil(1/2 + b) - 1e6 a, so L is about -1e6 and an integer L-shaped cut falls by 1 at b = 1e-6, which a solver calls whole.

    The best plan is a = b = 0 at cost 1; with a third variable beside the recourse, of cost -1/4 up to 1, at 3/4.
    """
    n = 3 if beside else 2
    first = Stage(("a", "b", "c")[:n], np.zeros(n), np.ones(n), np.array([True, True, False])[:n])
    T, W = np.array([[0.0, -1.0, 0.0], [-1e6, 0.0, 0.0]])[:, :n], np.array([[1.0, 0.0], [0.0, 1.0]])
    recourse = Stage(("y", "w"), np.zeros(2), np.full(2, 1e7), np.array([True, False]))
    scenario = ScenarioData(
        name="only",
        probability=1.0,
        cost_first=np.array([1e6 + 2, 0.0, -0.25])[:n],
        cost=np.array([1.0, -1.0]),
        offset=0.0,
        T=csr_array(T),
        W=csr_array(W),
        row_lower=np.array([0.5, -np.inf]),
        row_upper=np.array([np.inf, 0.0]),
        row_names=("need", "gain"),
        stage=recourse,
    )
    data = StageData(first, csr_array((0, n)), np.zeros(0), np.zeros(0), (), (scenario,), 1.0)
    found = two_stage.benders(data, rel_gap=1e-6)
    assert found.status is Status.OPTIMAL, (found.stop_reason, found.bound)
    assert found.objective == pytest.approx(0.75 if beside else 1.0, abs=1e-6) and found.bound == pytest.approx(found.objective, abs=1e-5)
    assert [found.first_stage[name] for name in "ab"] == [0, 0]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(
    "options", [{"cuts": "single"}, {"cuts": "multi"}, {"cuts": "adaptive"}, {"pool": False, "stabilization": "none"}], ids=str
)
def test_settings(two_stage, draw, seed, options):
    data = draw(seed, complete=True)
    assert two_stage.benders(data, rel_gap=CLOSE, **options).objective == pytest.approx(
        two_stage.extensive(data).objective, rel=2e-7, abs=2e-7
    )


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("risk", ["cvar:0.7", "mean-cvar:0.4:0.5", "worst"])
def test_risk_by_brute_force(two_stage, draw, seed, risk):
    data = draw(seed, touch_all=True, complete=True)
    measure, problem = parse(risk), from_stage_data(data)
    best = np.inf
    for x in all_plans(data):
        costs = np.array([s.cost_first @ x + s.offset for s in data.scenarios if s.name in set(problem.labels)])
        order = [[s.name for s in data.scenarios if s.name in set(problem.labels)].index(label) for label in problem.labels]
        best = min(best, measure.of(costs[order] + recourse_costs(problem, data, x), problem.probabilities))
    found = two_stage.benders(data, rel_gap=CLOSE, risk=measure)
    if np.isinf(best):
        assert found.status is Status.INFEASIBLE
    else:
        assert found.status is Status.OPTIMAL and found.objective * data.sign == pytest.approx(best, rel=2e-7, abs=2e-7)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("risk", ["mean", "mean-cvar:0.4:0.5"])
def test_every_cut_of_a_run_is_valid(two_stage, draw, seed, risk, monkeypatch):
    """At every binary plan and any eta, all cuts that the master was ever given lie below the recourse costs they stand for."""
    data, measure = draw(seed, touch_all=True), parse(risk)
    given = []
    add = Engine.add
    monkeypatch.setattr(
        Engine, "add", lambda e, cuts, x, eta, point=None: (given.extend((e.clusters, c) for c in cuts), add(e, cuts, x, eta, point))[1]
    )
    monkeypatch.setattr("quakeops.decomposition.benders.binary_phase.FREE", 0)  # Lagrangian cuts from the first plan on
    found = two_stage.benders(data, risk=measure, rel_gap=CLOSE)
    if risk == "mean" and found.objective is not None:
        assert found.objective == pytest.approx(two_stage.extensive(data).objective, rel=2 * CLOSE, abs=2 * CLOSE)
    problem = from_stage_data(data)
    by_name = {s.name: s for s in data.scenarios}
    trusted = [c for _, c in given if not c.from_duals]
    for x in all_plans(data):
        recourse = recourse_costs(problem, data, x)
        costs = recourse + [by_name[n].cost_first @ x + by_name[n].offset - problem.cost @ x for n in problem.labels]
        for clusters, cut in given:
            if not cut.clusters:
                assert cut.value(x) <= 1e-6 or np.isinf(recourse).any()
                continue
            members = np.isin(clusters, cut.clusters)
            if np.isinf(costs[members]).any():
                continue
            for eta in [-3.0, 4.0, float(np.median(costs[members]))] if measure.has_eta else [None]:
                multiplier, excess = measure.multipliers(costs, eta)
                truth = (problem.probabilities * (multiplier * costs - excess * (eta or 0.0)))[members].sum()
                assert cut.value(x, eta) <= truth + TRUST * max(1.0, abs(truth), np.abs(cut.slope).max(initial=0.0))
    assert trusted or two_stage.extensive(data).status is Status.INFEASIBLE


@pytest.mark.parametrize("seed", range(12))
def test_lagrangian_cuts_lie_below_and_become_tight(two_stage, draw, seed):
    """Below Q_s at every binary plan; at a binary plan the best multipliers leave no gap (Zou, Ahmed & Sun 2019, theorem 3)."""
    data = draw(seed, touch_all=True, complete=True)
    engine = engine_of(two_stage, data)
    oracle = IntegerOracle(engine)
    plans = list(all_plans(data))[:6]
    if not plans or oracle.find_floors() is not None:
        pytest.skip("no plan")
    truth = {x.tobytes(): recourse_costs(engine.problem, data, x) for x in plans}
    fraction = np.mean(plans, axis=0)
    oracle.raise_at(fraction, np.full(engine.problem.num_scenarios, np.inf), 5)
    for x in plans:
        q = oracle.values(x)
        assert q == pytest.approx(truth[x.tobytes()], rel=1e-6, abs=1e-6)
        values, slopes = oracle.raise_at(x, q, 200)
        assert values == pytest.approx(q, rel=1e-5, abs=1e-5)
        for other in plans:
            assert (values + slopes @ (other - x) <= truth[other.tobytes()] + TRUST * np.maximum(1.0, np.abs(slopes).max(axis=1))).all()
    for s in oracle._own:
        for x in plans:
            q = truth[x.tobytes()][s.number]
            scale = np.maximum(1.0, np.abs(s.bounds.slopes).max(axis=1, initial=0.0))
            assert (s.bounds.constants + s.bounds.slopes @ x <= q + TRUST * scale).all()


@pytest.mark.parametrize("seed", range(5, 11))
def test_lagrangian_cuts_hold_at_any_plan(two_stage, draw, seed):
    """Also where the first stage is general integer: below Q_s at every plan of the first stage."""
    data = draw(seed, binary=False, complete=True)
    data = replace(
        data,
        first=replace(
            data.first, lower=np.ceil(data.first.lower), upper=np.ceil(data.first.lower) + 3, integer=np.full(len(data.first), True)
        ),
    )
    engine = engine_of(two_stage, data)
    oracle = IntegerOracle(engine)
    plans = list(all_plans(data))
    if not plans or oracle.find_floors() is not None:
        pytest.skip("no plan")
    for x in plans[:: max(1, len(plans) // 3)]:
        oracle.raise_at(x, np.full(engine.problem.num_scenarios, np.inf), 4)
    for x in plans[:: max(1, len(plans) // 40)]:
        q = recourse_costs(engine.problem, data, x)
        for s in oracle._own:
            scale = np.maximum(1.0, np.abs(s.bounds.slopes).max(axis=1, initial=0.0))
            assert (s.bounds.constants + s.bounds.slopes @ x <= q[s.number] + TRUST * scale).all()


def test_integer_l_shaped_cut_by_hand():
    """Laporte & Louveaux: Q = 10 at (1, 0, 1) and L = 4 give 6 (x1 - x2 + x3 - 2 + 1) + 4, tight there and at most L elsewhere."""
    first = Stage(("a", "b", "c"), np.zeros(3), np.ones(3), np.full(3, True))
    x, touching = np.array([1.0, 0.0, 1.0]), np.full(3, True)
    toward = distance_slope(x, first, touching)
    slope = l_shaped_slopes(np.array([10.0]), np.array([4.0]), toward)[0]
    for other in itertools.product([0.0, 1.0], repeat=3):
        other = np.array(other)
        a, b, c = other
        assert 10 + slope @ (other - x) == pytest.approx(6 * (a - b + c - 2 + 1) + 4)
        assert toward @ (other - x) == np.abs(other - x).sum()
        assert (no_good(x, toward, None, 0).value(other) > 0) == (other == x).all()


@pytest.mark.parametrize("seed", range(5, 30))
def test_other_first_stages_are_honest(two_stage, draw, seed):
    """Bound <= optimum <= objective; ``optimal`` only where the gap is closed."""
    data = draw(seed, binary=False)
    whole = two_stage.extensive(data)
    found = two_stage.benders(data, rel_gap=1e-4, time_limit=20)
    if whole.status is Status.INFEASIBLE:
        assert found.status is Status.INFEASIBLE
        return
    assert found.status in (Status.OPTIMAL, Status.FEASIBLE, Status.NO_SOLUTION)
    near = 2e-6 * max(1.0, abs(whole.objective))
    assert found.bound is None or data.sign * (found.bound - whole.objective) <= near
    if found.objective is not None:
        assert data.sign * (found.objective - whole.objective) >= -near
        x = np.array(list(found.first_stage.values()))
        assert Recourse(data, get("highs")).expected(x) * data.sign == pytest.approx(found.objective, rel=1e-6, abs=1e-6)
    assert (found.status is Status.OPTIMAL) == (found.gap is not None and found.gap <= 1.000002e-4)
    if found.status is not Status.OPTIMAL:
        assert found.stop_reason.startswith(("integer recourse: the bound is that of a relaxation", "time limit", "gap reached"))


def test_relaxed_cost_is_never_reported(two_stage, draw):
    """A continuous first stage, whose LP phase ends with an exactly evaluated relaxation: the plan's cost is that of the integer recourse."""
    rounded_up = 0
    for seed in range(40):
        data = draw(seed, binary=False, integer_first=False, complete=True)
        relaxed = replace(
            data, scenarios=tuple(replace(s, stage=replace(s.stage, integer=np.zeros(len(s.stage), bool))) for s in data.scenarios)
        )
        problem = from_stage_data(data)
        engine = Engine(problem, get("highs"), two_stage.run(), Settings(threads=1), Team())
        x = np.clip(np.full(len(data.first), 0.5), data.first.lower, data.first.upper)
        exact, lower = (Recourse(d, get("highs")).expected(x) for d in (data, relaxed))
        value = IntegerPass(engine).expected(x)
        assert (value is None) == (exact is None)
        if exact is not None:
            assert value == pytest.approx(exact, rel=1e-6, abs=1e-6)
            rounded_up += exact > lower + 1e-3
    assert rounded_up >= 5


def test_values_are_computed_once_a_plan(two_stage, draw):
    data = draw(3, complete=True)
    oracle = IntegerOracle(engine_of(two_stage, data))
    x = data.first.lower.copy()
    oracle.values(x)
    before = oracle.solved["recourse"]
    beside = np.flatnonzero(~oracle.touching)
    y = x.copy()
    y[beside] += 0.25  # what does not touch the recourse does not matter
    assert (
        oracle.known(y)
        and (oracle.values(y) == oracle.values(x)).all()
        and oracle.solved["recourse"] == before == oracle.engine.problem.num_scenarios
    )


def test_threads_give_the_same_digits(two_stage, draw):
    for seed in (1, 4, 9):
        data = draw(seed, complete=True)
        one, two = (two_stage.benders(data, threads=n) for n in (1, 2))
        assert (one.objective, one.bound, one.first_stage) == (two.objective, two.bound, two.first_stage)


def test_refused_and_limits(two_stage, draw):
    data = draw(1, complete=True)
    with pytest.raises(InputError, match=r"--retain 1: does not go with integer recourse"):
        two_stage.benders(data, retain=1)
    late = two_stage.benders(data, time_limit=1e-6)
    assert late.status is Status.NO_SOLUTION and late.stop_reason == "time limit"


@needs_mpi
@needs_siplib
def test_ranks_give_the_same_digits(tmp_path):
    arguments = ["-m", "quakeops", "solve", "--smps", SIPLIB / "sslp_5_25_50", "--method", "benders", "--rel-gap", "1e-6", "--json"]
    found = []
    for start in ([], [MPIEXEC, "-n", "2"]):
        done = subprocess.run([*start, sys.executable, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout))
    one, two = found
    assert two["provenance"]["ranks"] == 2
    assert (one["objective"], one["bound"], one["first_stage"]) == (two["objective"], two["bound"], two["first_stage"])
