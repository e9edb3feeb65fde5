"""The Benders engine against the extensive form, brute force over scenarios, and published optima."""

import itertools
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import quakeops
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from quakeops.decomposition.benders import Settings, parse_risk, solve_problem
from quakeops.decomposition.benders.compiled import compile_problem
from quakeops.decomposition.benders.driver import drive
from quakeops.decomposition.benders.engine import Engine
from quakeops.decomposition.benders.grouping import from_stage_data
from quakeops.decomposition.benders.team import Team
from quakeops.decomposition.matrices import ScenarioData, StageData
from quakeops.decomposition.program import from_model, from_module
from quakeops.decomposition.recourse import Recourse
from quakeops.decomposition.run import Run
from quakeops.result import Status
from quakeops.solvers import Termination, get
from scipy.sparse import csr_array

SHARED = Path(__file__).parents[2] / "shared"
SIPLIB, REFERENCE = SHARED / "data/siplib", SHARED / "reference"
needs_siplib = pytest.mark.skipif(not SIPLIB.is_dir(), reason=f"{SIPLIB} (SIPLIB instances) is not there")
needs_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason=f"{REFERENCE} (reference module) is not there")

SEEDS = st.integers(0, 10**6)
RISKS = ("mean", "worst", "cvar:0.5", "cvar:0.9", "mean-cvar:0.3:0.8")
WAYS = (
    {},
    {"cuts": "multi", "stabilization": "level-1"},
    {"cuts": "single", "stabilization": "level-inf"},
    {"cuts": "clustered", "clusters": 2, "stabilization": "none"},
    {"cuts": "adaptive", "clusters": 4, "pool": False},
    {"cuts": "adaptive", "stabilization": "level-inf", "threads": 2},
    {"cuts": "multi", "pool": False, "threads": 2},
    {"cuts": "single", "stabilization": "none", "pool": False},
    {"cuts": "clustered", "clusters": 3, "stabilization": "level-1", "pool": False},
    {"retain": 1},
    {"retain": 3, "cuts": "multi", "stabilization": "none", "pool": False},
    {"solver": "gurobi"},
    {"solver": "gurobi", "cuts": "multi", "stabilization": "level-1", "threads": 2},
    {"solver": "gurobi", "cuts": "adaptive", "retain": 2, "pool": False},
)


def near(a, b, tolerance=1e-7):
    return abs(a - b) <= tolerance * max(1.0, abs(a), abs(b))


def program_of(two_stage, seed):
    """A drawn program; every other one holds what ``widen`` adds."""
    data = two_stage.draw(seed)
    return two_stage.widen(data, seed) if seed % 2 else data


def assert_bracketed(result, optimum, tolerance=1e-7):
    """Every bound and every incumbent that was reported lies on its side of the optimum."""
    sign = 1.0 if result.sense == "minimize" else -1.0
    slack = tolerance * max(1.0, abs(optimum))
    for p in result.trace:
        assert p.bound is None or sign * (optimum - p.bound) >= -slack
        assert p.objective is None or sign * (p.objective - optimum) >= -slack


def assert_solved(result, optimum, tolerance=1e-7):
    """The optimum to 1e-7. The dual bound of a MIP holds to the solver's row tolerance, an absolute 1e-6 on numbers near 1."""
    assert result.objective is not None and near(result.objective, optimum, tolerance), (result.objective, optimum)
    assert near(result.bound, result.objective, 2e-6)
    assert result.status is Status.OPTIMAL or result.stop_reason == "stalled"
    assert_bracketed(result, optimum, tolerance)


def costs_of(data, x):
    """Each scenario's cost at plan ``x`` by its own matrices (inf: no recourse, -inf: unbounded), c'x included."""
    recourse, out = Recourse(data, get("highs")), []
    for k, s in enumerate(data.scenarios):
        found = recourse.solve(k, x)
        value = {Termination.INFEASIBLE: np.inf, Termination.OPTIMAL: found.objective}.get(found.termination, -np.inf)
        out.append(s.cost_first @ x + s.offset + value)
    return np.array(out)


def plan_of(data, result):
    return np.array([result.first_stage[n] for n in data.first.names])


# -- the extensive form


@settings(max_examples=80)
@given(seed=SEEDS)
def test_same_status_and_value_as_the_extensive_form(two_stage, seed):
    data = program_of(two_stage, seed)
    expected, found = two_stage.extensive(data), two_stage.benders(data)
    if expected.objective is None:
        assert found.status is expected.status and found.objective is found.bound is None and not found.first_stage
        return
    assert_solved(found, expected.objective)
    x = plan_of(data, found)
    assert Recourse(data, get("highs")).first_stage_violation(x)[0] <= 1e-6
    assert near(data.probabilities @ costs_of(data, x) * data.sign, found.objective, 1e-9)


def test_the_drawn_programs_hold_every_case(two_stage):
    """All statuses, and every oddity that the engine treats on its own."""
    drawn = [program_of(two_stage, seed) for seed in range(60)]
    assert {two_stage.extensive(d).status for d in drawn} == {Status.OPTIMAL, Status.INFEASIBLE, Status.UNBOUNDED}
    first, every = [d.first for d in drawn], [s for d in drawn for s in d.scenarios]
    assert {d.sign for d in drawn} == {1.0, -1.0}
    assert (
        any((f.lower == f.upper).any() for f in first)
        and any(f.integer.any() for f in first)
        and any(np.isinf(f.lower).any() for f in first)
    )
    assert any(((d.row_lower == d.row_upper) & np.isfinite(d.row_lower)).any() for d in drawn)
    assert any((np.isneginf(s.stage.lower) & np.isposinf(s.stage.upper)).any() for s in every)
    assert any((np.diff(s.W.indptr) == 0).any() for s in every) and any(
        (np.isinf(s.row_lower) & np.isinf(s.row_upper)).any() for s in every
    )
    assert any((np.isfinite(s.row_lower) & np.isfinite(s.row_upper) & (s.row_lower < s.row_upper)).any() for s in every)
    assert any(s.probability == 0 for s in every) and any(s.offset for s in every) and any((s.cost < 0).any() for s in every)
    assert any(len(from_stage_data(d).groups) > 1 for d in drawn) and any(
        g.cost_first is not None for d in drawn for g in from_stage_data(d).groups
    )
    assert any(from_stage_data(d).num_scenarios < sum(s.probability > 0 for s in d.scenarios) for d in drawn), "duplicates"


@pytest.mark.parametrize("way", WAYS, ids=lambda way: " ".join(f"{k}={v}" for k, v in way.items()) or "default")
def test_every_way_leads_to_the_optimum(two_stage, way):
    if way.get("solver") == "gurobi":
        try:
            get("gurobi")
        except quakeops.QuakeopsError as e:
            pytest.skip(str(e))
    for seed in (3, 8, 21, 40, 47, 54):
        data = two_stage.draw(seed, complete=True, boxed=True)
        assert_solved(two_stage.benders(data, **way), two_stage.extensive(data).objective)


@pytest.mark.parametrize("target", [5e7, -3e9])
def test_optimum_beyond_the_boxes(two_stage, target):
    """min |x - target| with x free: the master's first box ends at 1e6, and its value there is no bound."""
    data = distance_to(two_stage, target)
    found = two_stage.benders(data)
    assert found.status is Status.OPTIMAL and found.first_stage["x[0]"] == pytest.approx(target) and abs(found.objective) <= 1e-4
    assert all(p.bound is None or p.bound <= 1e-4 for p in found.trace)


def distance_to(two_stage, target):
    """min E(over + under) s.t. x + under - over = target, x free, in two equally likely scenarios."""
    inf = np.inf
    one = ScenarioData(
        name="one",
        probability=0.5,
        cost_first=np.zeros(1),
        cost=np.ones(2),
        offset=0.0,
        T=csr_array([[1.0]]),
        W=csr_array([[1.0, -1.0]]),
        row_lower=np.array([target]),
        row_upper=np.array([target]),
        row_names=("distance",),
        stage=two_stage.stage("y", [0, 0], [inf, inf], [False, False]),
    )
    other = replace(one, name="other", cost=np.array([1.0, 2.0]))
    return StageData(two_stage.stage("x", [-inf], [inf], [False]), csr_array((0, 1)), np.zeros(0), np.zeros(0), (), (one, other), 1.0)


# -- cuts


@settings(max_examples=40)
@given(seed=SEEDS, risk=st.sampled_from(RISKS), cuts=st.sampled_from(["single", "multi", "clustered", "adaptive"]))
def test_no_cut_lies_above_the_recourse(two_stage, seed, risk, cuts):
    """At random plans: a cut's value is at most what its cluster contributes to (1) of ``risk``, a feasibility cut spares plans with recourse."""
    data, measure = program_of(two_stage, seed), parse_risk(risk)
    problem = from_stage_data(data)
    engine = Engine(problem, get("highs"), Run(rel_gap=1e-7, time_limit=20), Settings(cuts=cuts, clusters=3, risk=measure, threads=1))
    try:
        drive(engine, 1e-7)
    finally:
        engine.close()
    assume(engine.master.cuts)
    rng = np.random.default_rng(seed)
    here = {s.name: s for s in data.scenarios}
    ordered = replace(data, scenarios=tuple(here[name] for name in problem.labels))
    low, high = np.maximum(data.first.lower, -9.0), np.minimum(data.first.upper, 9.0)
    for _ in range(6):
        x = rng.uniform(np.minimum(low, high), high)
        costs = costs_of(ordered, x) - problem.cost @ x
        eta = float(rng.normal(scale=30)) if measure.has_eta else None
        excess = 0.0 if eta is None else measure.tail * np.maximum(costs - eta, 0.0)
        share = problem.probabilities * ((1.0 - measure.weight) * np.where(np.isposinf(costs), 0.0, costs) + excess)
        share[np.isposinf(costs)] = np.inf
        for cut in engine.master.cuts:
            if not cut.clusters:
                true = 0.0 if costs[cut.scenario] < np.inf else np.inf
            elif measure.worst:
                true = costs.max()
            else:
                true = share[np.isin(engine.clusters, cut.clusters)].sum()
            assert cut.value(x, eta) <= true + 1e-6 * max(1.0, abs(true))


# -- risk


@settings(max_examples=40)
@given(seed=SEEDS, risk=st.sampled_from(RISKS[1:]), way=st.sampled_from(WAYS[:9]))
def test_risk_measures(two_stage, seed, risk, way):
    """Against one large program with eta and excesses as columns, and the plan's own costs sorted by hand."""
    data, measure = two_stage.draw(seed, complete=True, boxed=True), parse_risk(risk)
    found = two_stage.benders(data, risk=measure, **way)
    optimum = two_stage.risk_optimum(data, measure)
    assert optimum is not None
    assert_solved(found, optimum, 2e-6)  # its rows of excesses hold to 1e-6
    kept = data.probabilities > 0
    costs, p = costs_of(data, plan_of(data, found))[kept], data.probabilities[kept]
    order = np.argsort(-costs)
    left, tail = 1.0 - measure.alpha, 0.0
    for cost, weight in zip(costs[order], p[order], strict=True):
        tail += cost * min(weight, left) / (1.0 - measure.alpha)
        left -= min(weight, left)
    by_hand = costs.max() if measure.worst else (1.0 - measure.weight) * (p @ costs) + measure.weight * tail
    assert near(found.objective * data.sign, by_hand, 1e-9)


@settings(max_examples=15)
@given(seed=SEEDS)
def test_limits_of_the_risk_measures(two_stage, seed):
    data = two_stage.draw(seed, complete=True, boxed=True)

    def least(risk):
        return two_stage.benders(data, risk=parse_risk(risk)).objective * data.sign

    mean = two_stage.extensive(data).objective * data.sign
    assert near(least("cvar:0"), mean) and near(least("mean-cvar:0:0.9"), mean)
    values = [mean, least("mean-cvar:0.5:0.6"), least("cvar:0.6"), least("cvar:0.8"), least("worst")]
    assert all(b >= a - 1e-7 * max(1.0, abs(a)) for a, b in itertools.pairwise(values))
    assert near(least("cvar:0.999999"), values[-1]), "beyond every scenario's probability"


# -- published and proved optima


@pytest.mark.parametrize("arguments", [{}, {"maximize": "true"}])
@pytest.mark.parametrize("way", [{}, {"cuts": "multi", "stabilization": "level-inf"}, {"retain": 1}, {"cuts": "single", "pool": False}])
def test_farmer(foreign, arguments, way):
    """Birge & Louveaux (2011), sec. 1.1: 108,390 with 170, 80 and 250 acres."""
    result = quakeops.solve(module="farmer", arguments=arguments, method="benders", rel_gap=1e-9, **way)
    assert_solved(result, 108_390 if arguments else -108_390)
    assert result.num_scenarios == 3 and result.stop_reason == "gap reached"
    assert result.first_stage == pytest.approx({"acres[wheat]": 170, "acres[corn]": 80, "acres[beets]": 250})


@needs_siplib
@pytest.mark.parametrize("name", ["lands", "lands/lands-blocks.sto"])
def test_lands(name):
    """Louveaux & Smeers (1988): 381.853333."""
    result = quakeops.solve(smps=SIPLIB / name, method="benders", rel_gap=1e-9)
    assert result.status is Status.OPTIMAL and result.objective == pytest.approx(381.853333, abs=5e-7)


@pytest.mark.parametrize(("name", "optimum"), [("newsvendor", 19_814.0), ("islands-3", 706_319.073667)])
def test_packaged_instances(name, optimum):
    result = quakeops.solve("prepositioning", instance=name, method="benders", rel_gap=1e-7)
    assert result.status is Status.OPTIMAL and result.objective == pytest.approx(optimum, abs=1e-3)
    assert_bracketed(result, optimum)


@pytest.mark.parametrize("large", [False, True])
def test_random_family(monkeypatch, large):
    """Seed 1, S = 10: 19,188,865.37 by the extensive form; the second time by the road of many scenarios (sample, then a few LPs a plan)."""
    if large:
        monkeypatch.setattr("quakeops.decomposition.benders.compiled.SAMPLE", 4)
        monkeypatch.setattr("quakeops.decomposition.benders.crash.SAMPLE", 4)
        monkeypatch.setattr("quakeops.decomposition.benders.engine.FEW", 5)
        monkeypatch.setattr("quakeops.decomposition.benders.engine.SHARE", 3)
    found = quakeops.solve("prepositioning", instance="prepositioning-random", scenarios=10, seed=1, method="benders", rel_gap=1e-4)
    assert found.status is Status.OPTIMAL and found.objective == pytest.approx(19_188_865.37, rel=1e-4)
    assert_bracketed(found, 19_188_865.37)


@needs_reference
@pytest.mark.parametrize("relaxed", [False, True])
def test_reference_module(monkeypatch, relaxed):
    """S = 10: 18,904,977.70 by the extensive form to 1e-4; its LP relaxation is 18,861,300.19."""
    monkeypatch.syspath_prepend(str(REFERENCE))
    program = from_module("random_prepositioning", num_scenarios=10)
    problem, _ = compile_problem(program, Team())
    gap = 1e-4
    if relaxed:
        gap, problem = 1e-9, replace(problem, first=replace(problem.first, integer=np.zeros(len(problem.first), dtype=bool)))
    found = solve_problem(problem, get("highs"), Run(rel_gap=gap), Team(), Settings(threads=2))
    sys.modules.pop("random_prepositioning", None)
    assert found.status is Status.OPTIMAL
    if relaxed:
        assert found.objective == pytest.approx(18_861_300.19, abs=0.006) and found.bound == pytest.approx(18_861_300.19, abs=0.03)
    else:
        assert found.objective == pytest.approx(18_904_977.70, rel=1e-4) and found.bound <= 18_904_977.70 * (1 + 1e-4)


def test_gulf_coast():
    """The default instance at its default gap; proved optimum 88,810,376.29."""
    found = quakeops.solve("prepositioning", method="benders", certificate=False)
    assert found.status is Status.OPTIMAL and found.objective == pytest.approx(88_810_376.29, rel=1e-3)
    assert_bracketed(found, 88_810_376.29)


# -- limits


def test_limits_are_told(foreign):
    stopped = quakeops.solve("prepositioning", instance="islands-3", method="benders", iterations=2, rel_gap=1e-9)
    assert stopped.stop_reason == "iteration limit" and stopped.status in (Status.FEASIBLE, Status.NO_SOLUTION)
    assert stopped.bound is None or stopped.bound <= 706_319.073667 * (1 + 1e-9)
    late = quakeops.solve("prepositioning", instance="prepositioning-random", scenarios=20, method="benders", time_limit=1e-3, rel_gap=1e-6)
    assert late.stop_reason == "time limit" and late.exit_code in (1, 3)


def test_a_sample_and_the_program_it_is_of():
    """Problem.sample takes scenarios' data over unchanged, equally likely."""
    problem, _ = compile_problem(from_model("prepositioning", instance="prepositioning-random", num_scenarios=5, seed=2), Team())
    part = problem.sample(np.array([3, 1]))
    assert np.array_equal(part.groups[0].xi, problem.groups[0].xi[[3, 1]]) and part.probabilities.tolist() == [0.5, 0.5]
    assert list(part.labels) == [problem.labels[3], problem.labels[1]] and part.num_scenarios == part.num_given == 2
