"""Dispatch rules and their simulation: exact anchors, brute force, closed forms, limits, ties, bad input, the command."""

import csv
import itertools
import json
import math
import statistics
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
import quakeops
from hypothesis import assume, given
from hypothesis import strategies as st
from quakeops import InputError, plots
from quakeops.solvers.dispatch_bounds import auc_bounds, random_coverage
from quakeops.solvers.dispatch_rules import Prediction, egalitarian, quota_threshold, service_days, severity_first
from quakeops.solvers.dispatch_simulation import GINIS, gini, simulate

YUSHU = [0] * 778 + [1] * 918 + [2] * 665 + [3] * 1140
RULES = {"A": severity_first, "B": egalitarian(3), "C": quota_threshold()}


def predicted(index, severe=None, district=None):
    index = np.asarray(index, dtype=float)
    return Prediction(index, index / 3 if severe is None else np.asarray(severe, dtype=float), district)


def done(rule, grades, per_day, index=None, severe=None):
    """Return the days, and their simulation with the grades as weights."""
    p = predicted(grades if index is None else index, severe)
    days = service_days(rule(p, per_day), per_day)
    return days, simulate(days, grades, per_day)


def slow(days, weights):
    """Return U_t day by day, by looking at every building on every day, in exact arithmetic."""
    return [sum(Fraction(w) for w, d in zip(weights, days, strict=True) if d > t) for t in range(max(days) + 1)]


def quota_day_by_day(index, severe, per_day, quota, threshold):
    """Return policy C's days, filled one after the other: a second road."""
    flagged = sorted((i for i in range(len(index)) if severe[i] > threshold), key=lambda i: (-index[i], i))
    others = sorted((i for i in range(len(index)) if severe[i] <= threshold), key=lambda i: (index[i], i))
    days, kept, day = [0] * len(index), 0, 0
    while flagged or others:
        day += 1
        places = math.floor(quota * per_day * day) - math.floor(quota * per_day * (day - 1))
        kept = min(max(places, per_day - len(others)), len(flagged))
        for i in flagged[:kept] + others[: per_day - kept]:
            days[i] = day
        flagged, others = flagged[kept:], others[per_day - kept :]
    return days


grades_lists = st.lists(st.integers(0, 3), min_size=1, max_size=40).filter(any)


# -- anchors


def test_anchors_of_yushu():
    """N = 3,501, K = 50, perfect ranking; the numbers were derived apart from this package."""
    found = quakeops.simulate_triage()
    a, c = found.policies["A"], found.policies["C"]
    assert (a.auc, a.t50, a.t90, a.top_median_day) == (119736, 19, 44, 7.5)
    assert (c.auc, c.t50, c.t90, c.top_median_day) == (183624, 27, 65, 10.5)
    assert (found.buildings, found.num_days, found.total_weight, found.flagged) == (3501, 71, 5668, 1140)
    assert round(found.bounds.random_mean, 2) == 198437.47 and round(found.bounds.random_sd, 2) == 1380.15
    assert found.oracle.auc == found.bounds.oracle == 119736 and found.worst.auc == found.bounds.worst
    assert round(a.gini["weight_per_day"], 3) == 0.755


def test_arithmetic_of_the_docstring():
    """Layer by layer: (m N - K m (m - 1) / 2) over the buildings of grade g or more; and the moments of the days."""
    layers = [(n, -(-n // 50)) for n in (2723, 1805, 1140)]
    parts = [m * n - 50 * m * (m - 1) // 2 for n, m in layers]
    assert parts == [75515, 33485, 13570] and sum(parts) - 5668 // 2 == 119736
    days = [i // 50 + 1 for i in range(3501)]
    assert sum(days) == 124321
    mean = 5668 * (Fraction(124321, 3501) - Fraction(1, 2))
    var = Fraction(3501**2, 3500) * statistics.pvariance(map(Fraction, YUSHU)) * statistics.pvariance(map(Fraction, days))
    assert f"{float(mean):.2f}" == "198437.47" and f"{math.sqrt(var):.2f}" == "1380.15"
    assert auc_bounds(YUSHU, 50).random_mean == pytest.approx(float(mean), rel=1e-13)


def test_quota_day_by_day_on_yushu():
    days, _ = done(quota_threshold(), YUSHU, 50)
    assert days.tolist() == quota_day_by_day(YUSHU, [g / 3 for g in YUSHU], 50, Fraction(7, 10), 0.8)
    assert np.bincount(days[-1140:]).tolist() == [0] + [35] * 32 + [20]


# -- brute force and second roads


def test_all_orders_of_eight_buildings():
    grades = np.array([2, 0, 3, 1, 3, 2, 0, 1])
    orders = np.array(list(itertools.permutations(range(8))))
    days = np.empty_like(orders)
    np.put_along_axis(days, orders, np.broadcast_to(np.arange(8) // 3 + 1, orders.shape), axis=1)
    auc = days @ grades - grades.sum() / 2
    bounds = auc_bounds(grades, 3)
    assert done(severity_first, grades, 3)[1].auc == auc.min() == bounds.oracle
    assert auc.max() == bounds.worst
    assert auc.mean() == pytest.approx(bounds.random_mean, rel=1e-12) and auc.std() == pytest.approx(bounds.random_sd, rel=1e-12)
    covered = np.array([(days <= t) @ grades for t in range(4)]) / grades.sum()
    mean, sd = random_coverage(grades, 3)
    assert covered.mean(axis=1) == pytest.approx(mean, abs=1e-12) and covered.std(axis=1) == pytest.approx(sd, abs=1e-12)


@given(grades=grades_lists, per_day=st.integers(1, 45), seed=st.integers(0, 99), name=st.sampled_from("ABC"))
def test_trajectory_and_areas(grades, per_day, seed, name):
    index = np.random.default_rng(seed).permutation(len(grades))
    days, found = done(RULES[name], grades, per_day, index=index)
    uncovered = slow(days, grades)
    assert found.uncovered.tolist() == uncovered and found.num_days == -(-len(grades) // per_day)
    assert found.auc_left == sum(uncovered[:-1]) and found.auc_right == sum(uncovered[1:])
    assert found.auc == sum((a + b) / 2 for a, b in itertools.pairwise(uncovered))
    total = Fraction(sum(grades))
    for share, day in ((Fraction(1, 2), found.t50), (Fraction(9, 10), found.t90)):
        assert day == next(t for t, u in enumerate(uncovered) if total - u >= share * total)
    top = sorted(range(len(grades)), key=lambda i: (-grades[i], i))[: max(len(grades) // 5, 1)]
    assert found.top_median_day == statistics.median(days[i] for i in top)
    bounds = auc_bounds(grades, per_day)
    assert bounds.oracle <= found.auc <= bounds.worst and bounds.oracle <= bounds.random_mean <= bounds.worst
    assert np.bincount(days)[1:-1].tolist() == [per_day] * (found.num_days - 1)


@given(
    index=st.lists(st.integers(0, 3), min_size=1, max_size=40),
    per_day=st.integers(1, 45),
    quota=st.sampled_from(["0", "0.29", "0.5", "0.7", "0.99", "1"]),
    seed=st.integers(0, 99),
)
def test_quota_is_filled_day_by_day(index, per_day, quota, seed):
    severe = np.random.default_rng(seed).integers(0, 2, len(index))
    days = service_days(quota_threshold(float(quota))(predicted(index, severe), per_day), per_day)
    assert days.tolist() == quota_day_by_day(index, severe, per_day, Fraction(quota), 0.8)


def test_quota_is_counted_in_exact_arithmetic():
    """0.29 * 100 is 28.999... in floating point."""
    days = service_days(quota_threshold(0.29)(predicted([1] * 300, [1] * 100 + [0] * 200), 100), 100)
    assert np.bincount(days[:100]).tolist() == [0, 29, 29, 42]


def test_random_orders_agree_with_the_closed_form():
    bounds = auc_bounds(YUSHU, 50, draws=400, seed=5)
    assert abs(bounds.simulated_mean - bounds.random_mean) < 4 * bounds.random_sd / 20
    assert bounds.simulated_sd == pytest.approx(bounds.random_sd, rel=0.15)
    two = auc_bounds(YUSHU, 50, draws=2, seed=5)
    streams = (np.random.default_rng(np.random.SeedSequence(5, spawn_key=(k,))) for k in range(2))
    auc = [float(rng.permutation(YUSHU) @ (np.arange(3501) // 50 + 0.5)) for rng in streams]
    assert (two.simulated_mean, two.simulated_sd) == pytest.approx((statistics.mean(auc), statistics.stdev(auc)), rel=1e-12)
    drawn = [done(egalitarian(seed), YUSHU, 50)[1].auc for seed in range(60)]
    assert abs(statistics.mean(drawn) - bounds.random_mean) < 4 * bounds.random_sd / math.sqrt(60)
    assert auc_bounds(YUSHU, 50, draws=400, seed=5) == bounds != auc_bounds(YUSHU, 50, draws=400, seed=6)


@given(values=st.lists(st.integers(0, 9), min_size=1, max_size=12).filter(any))
def test_gini_is_half_the_mean_difference(values):
    m, total = len(values), sum(values)
    assert gini(values) == pytest.approx(sum(abs(a - b) for a in values for b in values) / (2 * m * total), abs=1e-12)


def test_gini_variants():
    grades, days = [3, 0, 1, 2], [1, 1, 2, 2]
    found = simulate(days, grades, 2)
    by_name = {
        "weight_per_day": [3, 0, 0.5, 1],
        "day": days,
        "reciprocal_day": [1, 1, 0.5, 0.5],
        "weighted_day": [3, 0, 2, 4],
        "daily_weight": [3, 3],
    }
    assert tuple(found.gini) == GINIS == tuple(by_name)
    assert all(found.gini[name] == pytest.approx(gini(values)) for name, values in by_name.items())
    assert found.gini["daily_weight"] == 0 and gini([0, 0, 0, 7]) == pytest.approx(0.75)


# -- limits and ties


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_capacity_for_all_and_for_one(rule):
    grades = [1, 3, 0, 2, 3]
    days, found = done(rule, grades, 7)
    assert days.tolist() == [1] * 5 and (found.auc, found.t50, found.t90, found.num_days) == (4.5, 1, 1, 1)
    assert found.gini["day"] == 0 and found.uncovered.tolist() == [9, 0]
    days, found = done(rule, grades, 1)
    assert sorted(days) == [1, 2, 3, 4, 5] and found.num_days == 5
    bounds = auc_bounds(grades, 7)
    assert bounds.oracle == bounds.worst == bounds.random_mean == 4.5 and bounds.random_sd == 0
    assert auc_bounds([2], 1).random_sd == 0


def test_one_a_day_by_quota():
    """0.7 of one place: none on day 1, one each on days 2 and 3, none on day 4."""
    order = quota_threshold()(predicted([3, 3, 3, 0, 1, 2]), 1)
    assert order.tolist() == [3, 0, 1, 4, 2, 5]


def test_equal_buildings_are_served_by_position():
    grades = [1, 3, 1, 3, 1, 3]
    assert severity_first(predicted(grades), 2).tolist() == [1, 3, 5, 0, 2, 4]
    assert quota_threshold(0.5)(predicted(grades), 2).tolist() == [1, 0, 3, 2, 5, 4]
    assert done(severity_first, [2] * 9, 2)[1].auc == auc_bounds([2] * 9, 2).worst


def test_egalitarian_ignores_the_prediction_and_goes_round_districts():
    rng = np.random.default_rng(0)
    index = rng.permutation(30)
    assert egalitarian(4)(predicted(index), 5).tolist() == egalitarian(4)(predicted(-index), 5).tolist()
    assert egalitarian(4)(predicted(index), 5).tolist() != egalitarian(5)(predicted(index), 5).tolist()
    district = np.array([7] * 2 + [1] * 3 + [4] * 6)
    order = egalitarian(4)(predicted(np.zeros(11), district=district), 3)
    assert district[order].tolist() == [1, 4, 7, 1, 4, 7, 1, 4, 4, 4, 4] and sorted(order) == list(range(11))


@given(grades=grades_lists, per_day=st.integers(1, 9))
def test_no_rule_is_better_than_severity_first(grades, per_day):
    best = done(severity_first, grades, per_day)[1]
    for rule in (RULES["B"], RULES["C"]):
        other = done(rule, grades, per_day)[1]
        assert (best.coverage >= other.coverage - 1e-12).all() and best.t50 <= other.t50 and best.t90 <= other.t90


@given(grades=grades_lists, scale=st.sampled_from([0.1, 1 / 3, 1e-9, 7e12]))
def test_the_unit_of_weights_does_not_matter(grades, scale):
    assume(len(grades) > 1)
    days, one = done(RULES["B"], grades, 3)
    other = simulate(days, np.array(grades) * scale, 3)
    assert other.auc == pytest.approx(one.auc * scale, rel=1e-12) and (other.t50, other.t90) == (one.t50, one.t90)
    assert other.gini == pytest.approx(one.gini, abs=1e-12)


def test_rounding_moves_no_day():
    """Ten tenths add up to less than their sum: nine of them are 90 % all the same."""
    for n, half in ((10, 5), (12, 6), (14, 7)):
        found = simulate(np.arange(n) + 1, [0.1] * n, 1)
        assert (found.t50, found.t90) == (half, math.ceil(0.9 * n))


def test_days_of_any_schedule():
    found = simulate([4, 1, 4], [1, 2, 3], 2)
    assert found.uncovered.tolist() == [6, 4, 4, 4, 0] and found.auc == 15 and (found.t50, found.t90) == (4, 4)


def test_a_million_buildings_stay_small():
    n = 1_000_000
    rng = np.random.default_rng(0)
    grades = rng.integers(0, 4, n)
    p = Prediction(grades + rng.normal(size=n), rng.random(n))
    tracemalloc.start()
    found = simulate(service_days(quota_threshold()(p, 1000), 1000), grades, 1000)
    assert found.num_days == 1000 and tracemalloc.get_traced_memory()[1] < 200e6
    tracemalloc.stop()


# -- the facade, bad input


def test_probabilities_make_index_and_score():
    grades = [3, 0, 2, 1]
    p = [[0, 0, 0.1, 0.9], [0.5, 0.5, 0, 0], [0, 0.6, 0, 0.4], [0, 0.1, 0.9, 0]]
    seen = {}
    quakeops.simulate_triage(grades, p, policies={"mine": lambda q, k: seen.update(q=q) or np.arange(4)}, per_day=2)
    assert seen["q"].index == pytest.approx([2.9, 0.5, 1.8, 1.9]) and seen["q"].severe == pytest.approx([1, 0, 0.4, 0.9])
    found = quakeops.simulate_triage(grades, p, per_day=2, policies=("C",))
    assert (found.ranking, found.flagged, found.notes) == ("predicted", 2, ())


def test_empty_flagged_sets_are_noted():
    below, above = (quakeops.simulate_triage([0, 1, 2, 3], threshold=t, per_day=1) for t in (1.0, -1.0))
    assert below.flagged == 0 and "no building is above the threshold 1" in below.notes[0]
    assert below.policies["C"].auc == below.worst.auc
    assert above.flagged == 4 and "all buildings" in above.notes[0] and above.policies["C"].auc == above.oracle.auc


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"per_day": 0}, "per_day 0: expected"),
        ({"per_day": 2.5}, "per_day 2.5"),
        ({"quota": 1.01}, "quota 1.01"),
        ({"quota": -0.1}, "quota -0.1"),
        ({"quota": math.nan}, "quota nan"),
        ({"threshold": math.nan}, "threshold nan"),
        ({"policies": ("A", "D")}, "policy 'D'"),
        ({"draws": 1}, "draws 1"),
        ({"grades": []}, "grades has shape (0,): expected (n,) with at least one row"),
        ({"grades": [0, 0]}, "no damage to cover"),
        ({"grades": [0, 4]}, "grades, row 1: 4: expected a whole number from 0 to 3"),
        ({"grades": [0.5]}, "row 0: 0.5"),
        ({"grades": [math.nan]}, "row 0: nan"),
        ({"grades": ["3"]}, "grades"),
        ({"grades": [1, 2], "probabilities": [[1, 0, 0, 0]]}, "probabilities: 1 rows: expected 2"),
        ({"grades": [1, 2], "probabilities": [[1, 0, 0, 0], [0.5, 0.4, 0, 0]]}, "probabilities, row 1: the sum is 0.9"),
        ({"grades": [1, 2], "probabilities": [[1, 0, 0, 0], [math.nan, 1, 0, 0]]}, "row 1"),
        ({"grades": [1], "probabilities": [[1.5, -0.5, 0, 0]]}, "row 0"),
        ({"probabilities": [[1, 0, 0, 0]]}, "--grades"),
        ({"grades": [1, 2], "policies": {"mine": lambda p, k: np.array([0, 0])}}, "policy 'mine': order: expected each"),
        ({"grades": [1, 2], "policies": {"mine": lambda p, k: np.array([0])}}, "policy 'mine': order: 1 buildings"),
        ({"grades": [1, 2], "policies": {"mine": lambda p, k: np.array([0.0, 1.0])}}, "policy 'mine': order: shape"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(InputError) as error:
        quakeops.simulate_triage(**arguments)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("days", "weights", "per_day", "message"),
    [
        ([1, 1], [1, 1], 1, "2 buildings on day 1: expected at most per_day 1"),
        ([0, 1], [1, 1], 1, "row 0: 0"),
        ([1.0, 2.0], [1, 1], 1, "float64"),
        ([1, 2, 3], [1, 1], 1, "shape (3,)"),
        ([1, 2], [1, -1], 1, "row 1: -1.0"),
        ([1, 2], [math.inf, 1], 1, "row 0: inf"),
        ([1, 10**9], [1, 1], 1, "day 1000000000"),
        ([], [], 1, "at least one building"),
    ],
)
def test_wrong_schedules(days, weights, per_day, message):
    with pytest.raises(InputError) as error:
        simulate(np.array(days), weights, per_day)
    assert message in str(error.value)


def test_wrong_predictions():
    for index, severe, district, message in (
        ([], [], None, "no buildings"),
        ([1.0], [1.0, 2.0], None, "field 'severe': shape (2,)"),
        ([1.0, math.nan], [0.0, 0.0], None, "field 'index': row 1: nan"),
        ([1.0], [0.0], [[1]], "field 'district'"),
    ):
        with pytest.raises(InputError) as error:
            Prediction(np.array(index), np.array(severe), None if district is None else np.array(district))
        assert message in str(error.value)
    with pytest.raises(InputError):
        gini([0, 0])


# -- the command


def test_the_command(run):
    answer = run("simulate", "triage", "--json")
    assert answer.code == 0
    data = answer.json
    assert data["policies"]["A"]["auc"] == 119736 and data["policies"]["C"]["auc"] == 183624
    assert round(data["bounds"]["random"]["random_mean"], 2) == 198437.47 and data["bounds"]["random"]["draws"] == 100
    assert set(data["policies"]) == set("ABC") and "uncovered" not in data["policies"]["A"]
    text = run("simulate", "triage", "--out", "all.json").out
    for shown in (
        "A severity-first       119,736   19   44             7.5  0.755",
        "AUC 198,437.47, standard deviation 1,380.15 (closed form)",
    ):
        assert shown in text
    assert all(len(line.rstrip()) <= 100 for line in text.splitlines())


def test_files_in_and_out(run, tmp_path):
    rng = np.random.default_rng(1)
    grades = rng.integers(0, 4, 60)
    p = rng.dirichlet([1, 1, 1, 1], 60)
    with (tmp_path / "grades.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["building", "district", "grade"], *([f"b{i}", f"d{i % 3}", g] for i, g in enumerate(grades))])
    with (tmp_path / "p.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [["building", "p0", "p1", "p2", "p3"], *([f"b{i}", *map(repr, map(float, row))] for i, row in enumerate(p))]
        )
    asked = ("--grades", "grades.csv", "--probabilities", "p.csv", "--per-day", "7", "--quota", "0.5", "--threshold", "0.6", "--seed", "3")
    assert run("simulate", "triage", *asked, "--out", "all.json", "--plot", "all.png").code == 0
    data = json.loads((tmp_path / "all.json").read_text())
    found = quakeops.simulate_triage(grades, p, per_day=7, quota=0.5, threshold=0.6, seed=3)
    lots = egalitarian(3)(predicted(grades, district=np.arange(60) % 3), 7)
    assert data["policies"]["B"]["auc"] == simulate(service_days(lots, 7), grades, 7).auc
    assert data["bounds"]["random"]["simulated_mean"] == found.bounds.simulated_mean
    for name in "AC":
        assert data["policies"][name] == found.to_dict()["policies"][name]
    assert len(data["policies"]["B"]["coverage"]) == data["num_days"] + 1 == 10
    assert data["ranking"] == "predicted" and data["flagged"] == int((p[:, 2] + p[:, 3] > 0.6).sum())
    assert (tmp_path / "all.png").stat().st_size > 10_000
    only = run("simulate", "triage", *asked, "--policy", "B", "--draws", "0", "--json").json
    assert set(only["policies"]) == {"B"} and only["bounds"]["random"]["simulated_mean"] is None


@pytest.mark.parametrize(
    ("grades", "probabilities", "parts"),
    [
        ("grade\n1\n4\n", None, ("line 3", "'grade' is '4'", "0, 1, 2 or 3")),
        ("grade\n1\n\n1.0\n", None, ("line 4", "'1.0'")),
        ("damage\n1\n", None, ("line 1", "'grade' is missing")),
        ("grade,distrct\n1,a\n", None, ("'distrct' is unknown", "district")),
        ("grade\n0\n", None, ("no damage to cover",)),
        ("grade\n1\n2\n", "p0,p1,p2,p3\n1,0,0,0\n", ("1 rows: expected 2",)),
        ("grade\n1\n", "p0,p1,p2,p3\n0.5,0.4,0,0\n", ("p.csv: line 2", "the sum is 0.9")),
        ("grade\n1\n", "p0,p1,p2,p3\nnan,1,0,0\n", ("p.csv: line 2", "'p0' is 'nan'")),
        ("grade\n1\n", "p0,p1,p2\n0,1,0\n", ("'p3' is missing",)),
        ("building,grade\na,1\n", "building,p0,p1,p2,p3\nb,1,0,0,0\n", ("line 2", "'building' is 'b'", "'a'")),
    ],
)
def test_wrong_files(run, write, grades, probabilities, parts):
    write("grades.csv", grades)
    more = ()
    if probabilities is not None:
        write("p.csv", probabilities)
        more = ("--probabilities", "p.csv")
    run("simulate", "triage", "--grades", "grades.csv", *more).failed(2, *parts)


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("--per-day", "0"), ("per_day 0",)),
        (("--quota", "1.2"), ("quota 1.2",)),
        (("--policy", "D"), ("policy 'D'", "severity-first")),
        (("--grades", "none.csv"), ("none.csv: no such file",)),
        (("--plot", "x.bmp"), ("x.bmp",)),
        (("--out", "no/x.json"), ("no/x.json",)),
    ],
)
def test_wrong_options(run, arguments, parts):
    run("simulate", "triage", *arguments).failed(2, *parts)
    assert run("simulate", "triage", *arguments, "--json").json["error"]["type"] == "InputError"


def test_own_rules_are_drawn(tmp_path):
    found = quakeops.simulate_triage(
        [0, 1, 2, 3, 3], per_day=2, policies={"last $first$": lambda p, k: np.arange(5)[::-1], "A": severity_first}
    )
    plots.draw_triage(found, tmp_path / "own.svg")
    text = (tmp_path / "own.svg").read_text()
    assert "last" in text and found.policies["last $first$"].auc == found.oracle.auc


def test_the_page_names_every_option():
    import re
    from pathlib import Path

    import typer
    from quakeops.cli.app import app

    text = (Path(__file__).parents[1] / "docs" / "cli.md").read_text(encoding="utf-8")
    section = re.search(r"^## `simulate triage`.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)[0]
    group = typer.main.get_command(app).commands["simulate"]
    assert set(group.commands) == {"triage"}
    for parameter in group.commands["triage"].params:
        for option in parameter.opts:
            assert option in ("--help", "-h", "--debug", "--json") or f"`{option}" in section, option


def test_districts_of_the_recognised_count_where_grades_have_none(write):
    """Policy B serves one of each district on every day; the districts of the file of grades come first."""

    def served(grades):
        return {quakeops.simulate_triage(grades, p, per_day=2, policies="B", seed=k, draws=0).policies["B"].auc for k in range(20)}

    p = write("p.csv", "district,p0,p1,p2,p3\n" + "".join(f"{d},0.25,0.25,0.25,0.25\n" for d in "aabb"))
    assert served([3, 3, 1, 1]) == served(write("none.csv", "grade\n3\n3\n1\n1\n")) == {8}
    assert served(write("own.csv", "grade,district\n3,x\n3,y\n1,x\n1,y\n")) == {6, 8, 10}
