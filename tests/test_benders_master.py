"""The master, the steps between its solutions, and where a run begins: against fresh masters, the extensive form's LP and scipy."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quakeops.decomposition.benders import Settings, parse_risk
from quakeops.decomposition.benders.crash import few_together
from quakeops.decomposition.benders.cuts import Cut
from quakeops.decomposition.benders.engine import Engine
from quakeops.decomposition.benders.grouping import from_stage_data
from quakeops.decomposition.benders.master import LAST_BOX, Master, new_clusters
from quakeops.decomposition.benders.master_program import FIRST_BOX, Point
from quakeops.decomposition.benders.oracle import Oracle
from quakeops.decomposition.benders.projection import project
from quakeops.decomposition.benders.retained import retain
from quakeops.decomposition.benders.risk import Risk
from quakeops.decomposition.benders.stabilization import STABILIZATIONS, Center, InOut, Level, NoStabilization, stabilization
from quakeops.decomposition.benders.stopping import Gap, Limits
from quakeops.decomposition.benders.team import Team
from quakeops.decomposition.benders.together import together
from quakeops.decomposition.extensive_form import assemble
from quakeops.decomposition.run import Run
from quakeops.errors import InputError
from quakeops.solvers import get
from scipy.optimize import linprog

SEEDS = st.integers(0, 10**6)
HIGHS = get("highs")


def problem_of(two_stage, seed):
    return from_stage_data(two_stage.draw(seed, complete=True, boxed=True))


def plan(problem, rng):
    return rng.uniform(problem.first.lower, problem.first.upper)


def with_cuts(problem, rng, risk, clusters=3, rounds=4):
    """A master that knows the cuts of some random plans, in several rounds."""
    oracle = Oracle(problem, HIGHS, Team(), threads=1)
    numbers = new_clusters(problem, clusters)
    master = Master(problem, risk, int(numbers.max()) + 1, backend=HIGHS)
    for _ in range(rounds):
        eta = float(rng.normal(scale=20)) if risk.has_eta else None
        master.add(list(oracle.evaluate(plan(problem, rng), numbers, risk, eta).cuts))
    return master


def value_of(master, cuts=None):
    """The value of a fresh master of the same cuts."""
    fresh = Master(master.problem, master.risk, master.clusters, backend=HIGHS)
    fresh.add(list(master.cuts if cuts is None else cuts))
    point = fresh.solve_lp()
    return None if point is None else point.value


def assert_same(a, b, unit=1.0):
    """To the solver's tolerance, on numbers counted in ``unit``."""
    assert (a is None) == (b is None)
    assert a is None or a == pytest.approx(b, rel=1e-7, abs=1e-6 * max(1.0, unit))


# -- the LP kept in the solver


@settings(max_examples=30)
@given(seed=SEEDS, risk=st.sampled_from(["mean", "mean-cvar:0.4:0.6"]))
def test_a_master_that_is_changed_equals_a_fresh_one(two_stage, seed, risk):
    """Adding, dropping, splitting, rescaling, restricting: after each, the LP's value is that of a master with the same cuts from the start."""
    problem, rng, measure = problem_of(two_stage, seed), np.random.default_rng(seed), parse_risk(risk)
    master = with_cuts(problem, rng, measure)
    more = with_cuts(problem, rng, measure, master.clusters).cuts
    for _ in range(12):
        what = rng.choice(["add", "drop", "split", "scale", "bounds", "unload"])
        point = master.solve_lp()
        if what == "add" and more and master.clusters == len({c for cut in more for c in cut.clusters}):
            master.add([more.pop()])
        elif what == "drop" and len(master.cuts) > 1:
            last = {c: i for i, cut in enumerate(master.cuts) for c in cut.clusters}  # each theta keeps one
            master.drop(np.setdiff1d(np.flatnonzero(rng.random(len(master.cuts)) < 0.4), list(last.values())))
        elif what == "split" and master.clusters < 6:
            whole = int(rng.integers(master.clusters))
            before, awake = [cut.clusters for cut in master.cuts], master.awake
            master.split({whole: master.clusters})
            assert [c.clusters for c in master.cuts] == [(*old, master.clusters - 1) if whole in old else old for old in before]
            assert (master.awake[:-1] == awake).all()
        elif what == "scale":
            master.scale_to(float(10.0 ** rng.integers(-3, 4)))
        elif what == "bounds" and point is not None:
            fixed = np.where(rng.random(len(point.x)) < 0.5, plan(problem, rng), problem.first.lower), problem.first.upper
            master.set_bounds(fixed)
            restricted = replace(problem, first=replace(problem.first, lower=fixed[0], upper=fixed[1]))
            fresh = Master(restricted, measure, master.clusters, backend=HIGHS)
            fresh.add(list(master.cuts))
            ours, theirs = master.solve_lp(), fresh.solve_lp()
            assert_same(None if ours is None else ours.value, None if theirs is None else theirs.value, master.unit)
            master.set_bounds(None)
        elif what == "unload":
            master.unload()
        point = master.solve_lp()
        assert_same(None if point is None else point.value, value_of(master), master.unit)


@settings(max_examples=20)
@given(seed=SEEDS)
def test_slack_cuts_are_dropped_without_loss(two_stage, seed):
    problem, rng = problem_of(two_stage, seed), np.random.default_rng(seed)
    master = with_cuts(problem, rng, Risk(), rounds=8)
    before = [master.solve_lp() for _ in range(3)][-1]
    if before is None:
        return
    slack, count = master.slack_for(3), len(master.cuts)
    assert master.slack_for(4).size == 0, "not as old as that"
    duals = master.row_dual[master.problem.A.shape[0] :]
    assert (np.abs(duals[slack]) <= 1e-7).all()
    master.drop(slack)
    assert len(master.cuts) == count - len(slack) and master.awake.all(), "each theta keeps a cut"
    assert_same(master.solve_lp().value, before.value)


def test_a_theta_without_a_cut_gives_no_bound(two_stage):
    problem = problem_of(two_stage, 3)
    master = Master(problem, Risk(), 2, backend=HIGHS)
    assert master.solve_lp().bound is None and not master.awake.any()
    master.add([Cut((0,), 1.0, np.zeros(len(problem.first)))])
    assert master.solve_lp().bound is None and master.awake.tolist() == [True, False]
    master.add([Cut((1,), 2.0, np.zeros(len(problem.first)))])
    found = master.solve_lp()
    assert found.bound == pytest.approx(found.value) == pytest.approx(value_of(master)) and found.theta.tolist() == [1.0, 2.0]
    _, bound = master.solve_mip(1e-9, None, 1, None)
    assert bound >= found.bound - 1e-7


def test_boxes_grow_and_give_no_bound(two_stage):
    data = two_stage.draw(5, complete=True, boxed=True, integer_first=False)
    n = len(data.first)
    free = replace(data.first, lower=np.full(n, -np.inf), upper=np.full(n, np.inf))
    problem = replace(
        from_stage_data(data), first=free, A=data.A[:0], row_lower=np.zeros(0), row_upper=np.zeros(0), row_names=(), cost=np.ones(n)
    )
    master = Master(problem, Risk(), 1, backend=HIGHS)
    master.add([Cut((0,), 0.0, np.zeros(n))])
    point = master.solve_lp()
    assert point.boxed and point.bound is None and point.x.tolist() == [-FIRST_BOX] * n
    assert master.enlarge_box() and master.solve_lp().x.tolist() == [-100 * FIRST_BOX] * n
    master.open_box()
    assert master.solve_lp().x.tolist() == [-(100**2) * FIRST_BOX] * n, "unbounded without it, so it comes back"
    while master.enlarge_box():
        pass
    assert master.box == LAST_BOX
    master.add([Cut((), -7.0 + i, -np.eye(n)[i]) for i in range(n)])  # x_i >= i - 7
    master.open_box()
    point = master.solve_lp()
    assert not point.boxed and point.bound == pytest.approx(sum(range(n)) - 7 * n)


def test_small_slopes_beside_large_costs(two_stage):
    """min sum_j x_j / 20 + theta, theta >= 5e8 - sum_j x_j / 5, x <= 1e5: the whole stock pays, though 0.2 is 4e-10 of the costs."""
    data = two_stage.draw(5, complete=True, boxed=True, integer_first=False)
    n = len(data.first)
    first = replace(data.first, lower=np.zeros(n), upper=np.full(n, 1e5))
    problem = replace(
        from_stage_data(data), first=first, A=data.A[:0], row_lower=np.zeros(0), row_upper=np.zeros(0), row_names=(), cost=np.full(n, 0.05)
    )
    for plan_seen in (np.zeros(n), np.full(n, 3e4)):
        master = Master(problem, Risk(), 1, backend=HIGHS)
        master.add([Cut((0,), 5e8, np.full(n, -0.2))])
        master.scale_to(5e8, plan_seen)
        point, (mip, mip_bound) = master.solve_lp(), master.solve_mip(1e-12, None, 1, None)
        assert point.x == pytest.approx(1e5) and point.bound == pytest.approx(5e8 - 0.15e5 * n, abs=1e-3)
        assert mip.x == pytest.approx(1e5) and mip_bound == pytest.approx(5e8 - 0.15e5 * n, abs=1e-3)
        nearest, _ = project(master, np.full(n, 5e4), None, 5e8 - 0.1e5 * n, infinity=True)
        assert nearest == pytest.approx(1e5 / 1.5)


@settings(max_examples=20)
@given(seed=SEEDS)
def test_scenarios_held_whole_are_the_extensive_form(two_stage, seed):
    """All of them: its LP relaxation; some of them with cuts on the others: between the master of all cuts and the relaxation."""
    data = two_stage.draw(seed, complete=True, boxed=True)
    problem, rng = from_stage_data(data), np.random.default_rng(seed)
    relaxed = HIGHS.open(assemble(data, relax=True)).solve().objective
    whole = Master(problem, Risk(), 0, backend=HIGHS)
    whole.hold(retain(problem, np.arange(problem.num_scenarios)), 0)
    point = whole.solve_lp()
    assert_same(None if point is None else point.value, relaxed)
    crash = HIGHS.open(together(problem, np.arange(problem.num_scenarios))).solve().objective
    offsets = problem.probabilities @ np.concatenate([g.offset for g in problem.groups])
    assert_same(None if crash is None else crash + offsets, relaxed)
    if problem.num_scenarios < 2 or relaxed is None:
        return
    engine = Engine(problem, HIGHS, Run(), Settings(cuts="multi", threads=1))
    engine.retain(np.array([int(rng.integers(problem.num_scenarios))]))
    for _ in range(3):
        answer, _ = engine.evaluate(plan(problem, rng), None, engine.effort())
        engine.add(answer.cuts, answer.x, None)
    engine.close()
    assert len(engine.master.cuts) >= problem.num_scenarios - 1
    assert engine.master.solve_lp().value <= relaxed + 1e-7 * max(1, abs(relaxed))


def test_the_run_begins_at_the_plan_of_the_relaxation(two_stage):
    """Of a small problem all scenarios are solved together, so the first plan is optimal for the LP relaxation."""
    moved = 0
    for seed in range(8):
        data = two_stage.draw(seed, complete=True, boxed=True, integer_first=False)
        expected = HIGHS.open(assemble(data, relax=True)).solve().objective
        engine = Engine(from_stage_data(data), HIGHS, Run(), Settings(threads=1))
        center = few_together(engine)
        assert (center is None) == (expected is None)
        if center is not None:
            _, exact = engine.evaluate(center.x, None, engine.effort(exact=True))
            assert exact.cost == pytest.approx(expected)
            moved += bool(center.x.any())
        engine.close()
    assert moved


@settings(max_examples=20)
@given(seed=SEEDS)
def test_a_completed_plan_satisfies_every_cut(two_stage, seed):
    problem, rng = problem_of(two_stage, seed), np.random.default_rng(seed)
    master = with_cuts(problem, rng, Risk(0.5, 0.7))
    master.scale_to(1e4)
    if rng.random() < 0.5:
        master.split({0: master.clusters})
    x, eta = plan(problem, rng), float(rng.normal())
    full = master.completed(x, eta)
    point = master.as_point(full)
    assert np.array_equal(point.x, x) and point.eta == eta
    for cut in master.cuts:
        assert cut.value(x, eta) <= point.theta[list(cut.clusters)].sum() + 1e-7 * max(1, abs(cut.value(x, eta)))
    matrix, low, _ = master.rows(master.cuts)
    assert (matrix @ full >= low - 1e-7).all(), "as rows of the solver's problem too"


def test_a_cut_that_the_master_holds_is_not_new(two_stage):
    """Violated at the master's solution by no more than its solver's tolerance on numbers near 1, it was added for ever."""
    problem = problem_of(two_stage, 4)
    n = len(problem.first)
    engine = Engine(problem, HIGHS, Run(), Settings(cuts="multi", threads=1))
    held, new = Cut((0,), 100.0, np.ones(n)), Cut((0,), 101.0, np.ones(n))
    engine.master.add([held])
    x = np.zeros(n)
    point = Point(x, None, np.full(engine.master.clusters, 100.0 - 1e-3), 0.0, None)
    assert engine.cutting_off((held, new), point) == [False, True]
    assert engine.add((held,), x, None, point) == 0 and engine.add((new,), x, None, point) == 1
    ray = Cut((), 1.0, np.ones(n), scenario=2)
    assert engine.add((ray,), x, None) == 1 and engine.add((ray,), x, None) == 0
    assert engine.add((replace(ray, scenario=3),), x, None) == 1
    engine.close()


# -- steps


@settings(max_examples=25)
@given(seed=SEEDS, risk=st.sampled_from(["mean", "cvar:0.6"]), infinity=st.booleans())
def test_level_projection_is_the_nearest_point(two_stage, seed, risk, infinity):
    """Against the projection written out for scipy; a level below the model's least value has no point."""
    problem, rng, measure = problem_of(two_stage, seed), np.random.default_rng(seed), parse_risk(risk)
    master = with_cuts(problem, rng, measure)
    master.scale_to(100.0)
    point = master.solve_lp()
    if point is None or point.boxed:
        return
    x, eta = plan(problem, rng), (float(rng.normal(scale=20)) if measure.has_eta else None)
    level = point.value + float(rng.uniform(0.01, 30))
    center = x if eta is None else np.append(x, eta)
    nearest = project(master, x, eta, level, infinity=infinity)
    here = nearest[0] if eta is None else np.append(*nearest)
    weight, k, K, n = 1.0 / np.maximum(1.0, np.abs(center)), len(center), master.clusters, len(x)
    extra = 1 if infinity else k
    rows, right = [], []

    def below(on_center, on_theta, on_extra, side):
        rows.append(np.concatenate([on_center, on_theta, on_extra]))
        right.append(side)

    money = np.concatenate([problem.cost, [measure.weight] if measure.has_eta else []])
    below(money, np.ones(K), np.zeros(extra), level)
    for cut in master.cuts:
        theta = np.zeros(K)
        theta[list(cut.clusters)] = -1
        below(np.concatenate([cut.slope, [cut.eta_slope] if measure.has_eta else []]), theta, np.zeros(extra), -cut.constant)
    for a, low, high in zip(problem.A.toarray(), problem.row_lower, problem.row_upper, strict=True):
        for sign, side in ((1, high), (-1, -low)):
            if np.isfinite(side):
                below(np.concatenate([sign * a, np.zeros(k - n)]), np.zeros(K), np.zeros(extra), side)
    for j in range(k):
        for sign in (1, -1):
            distance = -np.ones(1) if infinity else -np.eye(k)[j]
            below(sign * weight[j] * np.eye(k)[j], np.zeros(K), distance, sign * weight[j] * center[j])
    bounds = [*zip(problem.first.lower, problem.first.upper, strict=True)] + [(None, None)] * (k - n + K) + [(0, None)] * extra
    cost = np.concatenate([np.zeros(k + K), np.ones(extra)])
    least = linprog(cost, A_ub=np.array(rows), b_ub=right, bounds=bounds).fun
    apart = weight * np.abs(here - center)
    assert (apart.max() if infinity else apart.sum()) == pytest.approx(least, abs=1e-6)
    theta = master.model_value(here[:n], None if eta is None else here[n])
    assert money @ here + theta.sum() <= level + 1e-5 * max(1, abs(level)), "in the level set"
    assert project(master, x, eta, point.value - 1.0, infinity=infinity) is None


def test_in_out_goes_half_way_and_all_the_way_after_a_query_in_vain():
    rule, point = stabilization("in-out"), Point(np.array([4.0, 0.0]), 10.0, np.zeros(1), 0.0, 0.0)
    center = Center(np.array([0.0, 2.0]), 0.0, 9.0, True)
    x, eta = rule.query(None, point, center)
    assert (x.tolist(), eta) == ([2.0, 1.0], 5.0)
    rule.learn(cut_off=False, improved=True)
    assert rule.query(None, point, center)[0].tolist() == [4.0, 0.0]
    rule.learn(cut_off=True, improved=False)
    assert rule.query(None, point, center)[0].tolist() == [2.0, 1.0]
    assert rule.query(None, point, None)[0].tolist() == [4.0, 0.0], "no plan to go from"
    assert rule.query(None, replace(point, boxed=True), center)[0].tolist() == [4.0, 0.0], "a box is no place to go half way to"


def test_level_goes_all_the_way_after_a_query_in_vain(two_stage):
    problem = problem_of(two_stage, 12)
    master = with_cuts(problem, np.random.default_rng(0), Risk())
    point, rule = master.solve_lp(), stabilization("level-1")
    center = Center(plan(problem, np.random.default_rng(1)), None, point.value + 50.0, True)
    level = point.value + 25.0
    assert np.array_equal(rule.query(master, point, center)[0], project(master, center.x, None, level, infinity=False)[0])
    rule.learn(cut_off=False, improved=False)
    assert np.array_equal(rule.query(master, point, center)[0], point.x)
    rule.learn(cut_off=True, improved=False)
    assert np.array_equal(rule.query(master, replace(point, bound=None), center)[0], point.x), "no level without a bound"


def test_names_of_stabilizations():
    kinds = [type(stabilization(name)) for name in STABILIZATIONS]
    assert kinds == [InOut, Level, Level, NoStabilization] and stabilization("level-inf").infinity and not stabilization("level-1").infinity
    with pytest.raises(InputError, match="--stabilization 'box'"):
        stabilization("box")


def test_when_a_run_ends(two_stage):
    gap = Gap(1e-3)
    assert (
        gap.reached(1000.0, 999.0)
        and not gap.reached(1000.0, 998.99)
        and gap.reached(-1000.0, -1001.0)
        and not gap.reached(-1000.0, -1001.1)
    )
    assert gap.reached(0.0, -1e-10) and not gap.reached(0.0, -1e-6) and not gap.reached(None, 1.0) and not gap.reached(1.0, None)
    assert Limits(Run(), 3).why(2) is None and Limits(Run(), 3).why(3) == "iteration limit"
    assert Limits(Run(time_limit=1e-9)).why(0) == "time limit" and Limits(Run()).why(10**9) is None
    engine = Engine(problem_of(two_stage, 1), HIGHS, Run(), Settings(threads=1))
    for cost, exact, best in (
        (5.0, False, None),
        (7.0, True, 7.0),
        (6.0, False, 7.0),
        (9.0, True, 7.0),
        (np.inf, True, 7.0),
        (4.0, True, 4.0),
    ):
        engine.offer(Center(np.zeros(1), None, cost, exact))
        assert (None if engine.incumbent is None else engine.incumbent.cost) == best
    for bound, best in ((None, None), (1.0, 1.0), (0.5, 1.0), (2.0, 2.0)):
        engine.raise_bound(bound)
        assert engine.bound == best
    engine.close()
