"""Recourse with binaries: reduction keeps optima, inequalities of knapsacks hold at every binary point and reach its hull."""

import itertools

import numpy as np
import pytest
import quakeops
from hypothesis import given, settings
from hypothesis import strategies as st
from quakeops.decomposition.compiled import stage_data
from quakeops.decomposition.matrices import ScenarioData, Stage
from quakeops.decomposition.program import from_model, from_module
from quakeops.decomposition.tightening import knapsacks, minimal_covers, minimal_sets, violated_facet, without_idle
from quakeops.solvers import get
from scipy.optimize import linprog, milp
from scipy.sparse import csr_array

HIGHS = get("highs")


def knapsack(seed):
    rng = np.random.default_rng(seed)
    k = int(rng.integers(2, 8))
    weights = rng.integers(1, 10, k).astype(float)
    side = float(rng.integers(1, max(2, int(weights.sum()))))
    return rng, np.minimum(weights, side), side


def points(weights, side):
    """All binary points of the knapsack (F, k)."""
    every = np.array(list(itertools.product((0, 1), repeat=len(weights))))
    return every[every @ weights >= side - 1e-9]


@settings(max_examples=100)
@given(st.integers(0, 10_000))
def test_minimal_sets_and_covers_by_their_definitions(seed):
    _, weights, side = knapsack(seed)
    items, sets = minimal_sets(weights, side)
    assert items.tolist() == list(range(len(weights)))
    inside = {tuple(p) for p in points(weights, side).tolist()}
    expected = {p for p in inside if all(tuple(np.array(p) - np.eye(len(p), dtype=int)[j]) not in inside for j in range(len(p)) if p[j])}
    assert {tuple(s) for s in sets.astype(int).tolist()} == expected
    _, covers = minimal_covers(weights, side)
    is_cover = {n for n in itertools.product((0, 1), repeat=len(weights)) if (1 - np.array(n)) @ weights < side - 1e-9}
    expected = {
        n for n in is_cover if all(tuple(np.array(n) - np.eye(len(n), dtype=int)[j]) not in is_cover for j in range(len(n)) if n[j])
    }
    assert {tuple(c) for c in covers.astype(int).tolist()} == expected


@settings(max_examples=100)
@given(st.integers(0, 10_000))
def test_facets_hold_at_every_point_and_describe_the_hull(seed):
    """min c'z over the facets found on the way, against the best binary point; c >= 0, as for the hull's dominant."""
    rng, weights, side = knapsack(seed)
    inside, k = points(weights, side), len(weights)
    _, sets = minimal_sets(weights, side)
    c, rows = rng.integers(1, 10, k).astype(float), np.zeros((0, k))
    for _ in range(200):
        relaxed = linprog(c, A_ub=-np.vstack([weights[None, :], rows]), b_ub=-np.concatenate([[side], np.ones(len(rows))]), bounds=(0, 1))
        pi = violated_facet(sets, relaxed.x, HIGHS)
        if pi is None:
            break
        assert (inside @ pi >= 1 - 1e-9).all()
        assert pi @ relaxed.x < 1
        rows = np.vstack([rows, pi])
    assert relaxed.fun == pytest.approx((inside @ c).min(), rel=1e-3), "but for inequalities violated by less than 1e-4"


def test_of_many_items_the_smallest_are_taken_to_be_there():
    weights = np.concatenate([np.full(12, 5.0), np.full(4, 1.0)])
    items, sets = minimal_sets(weights, 30.0)
    assert items.tolist() == list(range(12)) and (sets.sum(axis=1) == 6).all(), "26 is missing after the four small ones"
    _, covers = minimal_covers(weights, 30.0)
    assert (covers.sum(axis=1) == 7).all()


def test_binaries_that_exclude_each_other_are_one_item():
    """0.7 (x + y) + 0.6 (u + v) >= 1 with x + y <= 1, u + v <= 1: both items are needed."""
    T = csr_array(np.array([[0.7, 0.6], [1, 0], [0, 1]]))
    W = csr_array(np.array([[0.7, 0.6], [1, 0], [0, 1]]))
    both = Stage(("a", "b"), np.zeros(2), np.ones(2), np.ones(2, dtype=bool))
    lower, upper = np.array([1.0, -np.inf, -np.inf]), np.array([np.inf, 1.0, 1.0])
    (one,) = knapsacks(T, W, lower, upper, both, both)
    assert one.weights.tolist() == [0.7, 0.6] and [c.tolist() for c in one.columns] == [[0, 2], [1, 3]]
    _, covers = minimal_covers(one.weights, one.side)
    assert covers.astype(int).tolist() == [[0, 1], [1, 0]] or covers.astype(int).tolist() == [[1, 0], [0, 1]]
    W.data[0] = 0.4  # of two coefficients the larger one counts, else a cover could cut off the first binary alone
    assert knapsacks(T, W, lower, upper, both, both)[0].weights.tolist() == [0.7, 0.6]
    upper[1] = 2.0  # x and y may both be 1: four items, of which two are enough
    assert len(knapsacks(T, W, lower, upper, both, both)[0].columns) == 3


@settings(max_examples=60)
@given(st.integers(0, 10_000))
def test_reduction_keeps_the_recourse_value(seed):
    rng = np.random.default_rng(seed)
    m, n1, n2 = 5, 3, 6
    W = np.where(rng.random((m, n2)) < 0.5, rng.integers(-2, 4, (m, n2)), 0).astype(float)
    T = np.where(rng.random((m, n1)) < 0.4, rng.integers(-1, 3, (m, n1)), 0).astype(float)
    lower = np.where(rng.random(m) < 0.7, rng.integers(-3, 3, m), -np.inf).astype(float)
    upper = np.where(rng.random(m) < 0.4, np.maximum(np.where(np.isfinite(lower), lower, 0), 0) + rng.integers(0, 9, m), np.inf).astype(
        float
    )
    first = Stage(tuple("xyz"), np.zeros(n1), np.ones(n1), np.ones(n1, dtype=bool))
    second = Stage(tuple("abcdef"), np.zeros(n2), np.ones(n2) * rng.integers(1, 3, n2), np.ones(n2, dtype=bool))
    cost = rng.integers(-1, 6, n2).astype(float)
    whole = ScenarioData(
        "s", 1.0, np.zeros(n1), cost, 0.5, csr_array(T), csr_array(W), lower, upper, tuple(f"r{i}" for i in range(m)), second
    )
    less = without_idle(_data(first, whole)).scenarios[0]
    assert len(less.stage) <= n2 and len(less.row_names) <= m
    for x in itertools.product((0.0, 1.0), repeat=n1):
        before, after = value(whole, np.array(x)), value(less, np.array(x))
        assert (before is None) == (after is None)
        assert before is None or before == pytest.approx(after, abs=1e-6)


def _data(first, scenario):
    from quakeops.decomposition.matrices import StageData

    none = csr_array((0, len(first)))
    return StageData(first, none, np.zeros(0), np.zeros(0), (), (scenario,), 1.0)


def value(s, x):
    """Return the recourse value by scipy's own MIP solver."""
    from scipy.optimize import Bounds, LinearConstraint

    shift = s.T @ x
    if not len(s.stage):
        fine = (s.row_lower <= shift + 1e-9).all() and (s.row_upper >= shift - 1e-9).all()
        return s.offset if fine else None
    rows = [LinearConstraint(s.W, s.row_lower - shift, s.row_upper - shift)] if len(s.row_names) else []
    found = milp(s.cost, integrality=np.ones(len(s.cost)), bounds=Bounds(s.stage.lower, s.stage.upper), constraints=rows)
    return None if found.status == 2 else found.fun + s.offset


@pytest.mark.parametrize("seed", range(6))
def test_benders_on_covering_knapsacks_equals_the_extensive_form(foreign, seed):
    ends = [quakeops.solve(module="covering", scenarios=6, seed=seed, method=m, rel_gap=1e-8) for m in ("ef", "benders")]
    assert ends[1].status == "optimal"
    assert ends[0].objective == pytest.approx(ends[1].objective, rel=1e-7)


@pytest.mark.parametrize("risk", ["cvar:0.5", "worst", "mean-cvar:0.5:0.8"])
def test_facets_under_a_risk_measure(foreign, risk):
    ends = [quakeops.solve(module="covering", scenarios=6, seed=3, method=m, rel_gap=1e-8, risk=risk) for m in ("ef", "benders")]
    assert ends[0].objective == pytest.approx(ends[1].objective, rel=1e-7)


@pytest.mark.parametrize("seed", range(3))
def test_sharp_recourse_is_a_lower_bound_above_the_plain_one(foreign, seed):
    from quakeops.decomposition.benders.grouping import from_stage_data
    from quakeops.decomposition.benders.sharp_recourse import SharpRecourse

    data = stage_data(from_module("covering", num_scenarios=2, arguments={"seed": seed}))
    problem = from_stage_data(data)
    rng = np.random.default_rng(seed)
    raised = 0.0
    for s, group in zip(data.scenarios, problem.groups, strict=True):
        sharp = SharpRecourse(group, group.xi[0], problem.first, HIGHS)
        cuts = []
        for _ in range(30):
            x = rng.random(7)
            found = sharp.solve(x)
            assert found is not None
            plain = linprog(
                s.cost,
                A_ub=np.vstack([-s.W.toarray()[np.isfinite(s.row_lower)], s.W.toarray()[np.isfinite(s.row_upper)]]),
                b_ub=np.concatenate(
                    [-(s.row_lower - s.T @ x)[np.isfinite(s.row_lower)], (s.row_upper - s.T @ x)[np.isfinite(s.row_upper)]]
                ),
                bounds=(0, 1),
            )
            assert found[0] >= plain.fun - 1e-7
            raised += found[0] - plain.fun
            cuts.append((found[0] - found[1] @ x, found[1]))
        for z in itertools.product((0.0, 1.0), repeat=7):
            exact = value(s, np.array(z))
            for constant, slope in cuts:
                assert exact is None or constant + slope @ np.array(z) <= exact + 1e-6
    assert raised > 0.1


def test_retrofit_with_overlapping_paths_by_both_methods():
    arguments = {"ratio": 1.5}
    ends = [
        quakeops.solve("retrofit", instance="retrofit-random", scenarios=30, seed=2, method=m, rel_gap=1e-7, arguments=arguments)
        for m in ("ef", "benders")
    ]
    assert ends[0].objective == pytest.approx(ends[1].objective, rel=1e-6)
    assert from_model("retrofit", instance="retrofit-random", num_scenarios=30, seed=2).num_scenarios == 30
