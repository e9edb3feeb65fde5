"""Triage: severity-first where nothing else binds, the paper's oracle, brute force on eight buildings, rules of fairness, three methods."""

import itertools
import json

import numpy as np
import pytest
import quakeops
from quakeops.decomposition.compiled import at_scenarios
from quakeops.decomposition.matrices import compile_program
from quakeops.decomposition.program import from_model
from quakeops.decomposition.symbolic import compile_affine
from quakeops.errors import InputError
from quakeops.instances import Triage
from quakeops.models.triage import mean_wait, random_data

CERTAIN = np.eye(4).tolist()


def instance(classes, **fields):
    """Return the data of an instance; ``classes`` are (district, count, probabilities)."""
    return {
        "format": "quakeops/triage/1",
        "name": "small",
        "title": "for a test",
        "source": {"citation": "test", "licence": "none"},
        "provenance": {},
        "districts": [{"name": d} for d in dict.fromkeys(c[0] for c in classes)],
        "crews": [{"name": "crew", "per_day": 2}],
        "classes": [{"name": f"c{i}", "district": d, "count": n, "probabilities": p} for i, (d, n, p) in enumerate(classes)],
        "first_days": 1,
    } | fields


def written(tmp_path, data):
    path = tmp_path / "triage.json"
    path.write_text(json.dumps(data))
    return str(path)


@pytest.mark.parametrize("method", ["ef", "benders"])
def test_perfect_recognition_is_the_oracle(method, tmp_path):
    """Yushu's grades known: severity-first, whose area under the uncovered weight is 119,736."""
    data = instance(
        [("a", n, CERTAIN[k]) for k, n in enumerate((778, 918, 665, 1140))], crews=[{"name": "crew", "per_day": 50}], first_days=5
    )
    found = quakeops.solve("triage", instance=written(tmp_path, data), scenarios=1, method=method, rel_gap=1e-9)
    assert found.objective == pytest.approx(119_736, abs=1e-6)
    assert sum(v for name, v in found.first_stage.items() if name.startswith("early[c3")) == 250  # collapsed ones, all five days


def brute_force(grades, days, per_day, first, blind):
    """Least expected cost over all assignments of the first days of 8 buildings, then severity-first; grades (S, 8) equally likely."""
    n = grades.shape[1]
    best = np.inf
    for served in itertools.combinations(range(n), first * per_day):
        for order in {tuple(sorted(c)) for c in itertools.permutations(served, per_day)} if first > 1 else {served}:
            today = [*order, *(j for j in served if j not in order)]
            cost = 0.0
            for g in grades:
                cost += sum(g[j] * (i // per_day + 0.5) for i, j in enumerate(today))
                left = sorted((g[j] for j in range(n) if j not in served), reverse=True)
                cost += sum(w * (first + i // per_day + 0.5) for i, w in enumerate(left))
            best = min(best, cost / len(grades))
    return best


@pytest.mark.parametrize("seed, first", [(0, 1), (1, 1), (2, 2), (3, 2)])
def test_eight_buildings_one_a_class(seed, first, tmp_path):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(4), 8)
    p[:, -1] = 1 - p[:, :-1].sum(axis=1)
    data = instance([("ab"[i % 2], 1, row.tolist()) for i, row in enumerate(p)], first_days=first)
    path = written(tmp_path, data)
    source = from_model("triage", instance=path, num_scenarios=6, seed=seed).kwargs["source"]
    grades = np.argmax(source.block(0, 6).grades, axis=2)
    exact = brute_force(grades, 4, 2, first, True)
    for method in ("ef", "benders"):
        found = quakeops.solve("triage", instance=path, scenarios=6, seed=seed, method=method, rel_gap=1e-7)
        assert found.objective == pytest.approx(exact, rel=1e-7)
        assert quakeops.verify(found).ok


def test_severity_first_is_optimal_and_recognition_has_a_price():
    """Where nothing but the capacity binds, the first days go to the classes of most expected weight; the oracle costs less."""
    found = quakeops.solve("triage", method="benders", rel_gap=1e-7)
    source = from_model("triage").kwargs["source"]
    inst, block = source.instance, source.block(0, 50)
    weight = (block.grades @ np.array(inst.weights)).mean(axis=0) / [c.count for c in inst.classes]
    early = np.array([sum(found.first_stage[f"early[{c.name},{t}]"] for t in range(1, 6)) for c in inst.classes])
    assert early.sum() == 250
    assert found.objective > oracle(block.grades.sum(axis=1), inst.per_day)
    assert (weight @ early) / 250 > np.sort(np.repeat(weight, [c.count for c in inst.classes]))[::-1][:500].mean()


def oracle(grades, per_day):
    """Mean over scenarios (S, 4) of severity-first's cost with all grades known."""
    total = 0.0
    for row in grades:
        order = np.repeat([3, 2, 1, 0], row[::-1].astype(int))
        total += float(order @ (np.arange(len(order)) // per_day + 0.5))
    return total / len(grades)


def test_all_roads_agree():
    options = {"scenarios": 8, "seed": 2}
    exact = quakeops.solve("triage", method="ef", rel_gap=1e-6, **options)
    benders = quakeops.solve("triage", method="benders", rel_gap=1e-6, **options)
    hedged = quakeops.solve("triage", method="ph", **options)
    assert benders.objective == pytest.approx(exact.objective, rel=2e-6)
    assert hedged.bound <= exact.objective * (1 + 1e-6) and hedged.objective >= exact.objective * (1 - 1e-9)


def test_costs_that_differ_by_rounding_alone_move_no_units():
    """Crews' work costs nothing but what is left of differences of duals; units made of that were powers of two beyond what solvers take."""
    found = quakeops.solve("triage", method="benders", scenarios=3, arguments={"gini": 0.05})
    assert found.status == "optimal" and quakeops.verify(found).ok


TWO = [("near", 6, CERTAIN[3]), ("far", 6, CERTAIN[1])]


@pytest.mark.parametrize(
    "arguments, objective",
    [
        ({}, 3 * (0.5 + 1.5 + 2.5) * 2 + (3.5 + 4.5 + 5.5) * 2),
        ({"quota": 1.0}, 3 * sum((0.5, 1.5, 2.5, 3.5, 4.5, 5.5)) + sum((0.5, 1.5, 2.5, 3.5, 4.5, 5.5))),
        ({"gini": 0.0}, None),
        ({"cvar_days": 3.5}, None),
    ],
)
def test_rules_of_fairness_by_hand(arguments, objective, tmp_path):
    """Six collapsed and six slightly damaged buildings in two districts, two a day: severity-first, then with equal waits of the districts."""
    found = quakeops.solve("triage", instance=written(tmp_path, instance(TWO)), scenarios=1, method="ef", rel_gap=1e-9, arguments=arguments)
    equal = 3 * 6 * 3.0 + 6 * 3.0  # both districts wait 3.5 days in the mean, in the middle of a day 3
    assert found.objective == pytest.approx(equal if objective is None else objective, abs=1e-6)
    benders = quakeops.solve(
        "triage", instance=written(tmp_path, instance(TWO)), scenarios=1, method="benders", rel_gap=1e-9, arguments=arguments
    )
    assert benders.objective == pytest.approx(found.objective, abs=1e-6)


def test_longest_wait_and_crews(tmp_path):
    """Collapsed buildings by day 2, but the crew of their district serves one a day and the other crew has another district."""
    crews = [{"name": "one", "per_day": 1, "districts": ["near"]}, {"name": "two", "per_day": 1, "districts": ["far"]}]
    classes = [("near", 3, CERTAIN[3]), ("far", 3, CERTAIN[1])]
    path = written(tmp_path, instance(classes, crews=crews))
    free = quakeops.solve("triage", instance=path, scenarios=1, rel_gap=1e-9)
    assert free.objective == pytest.approx(3 * 4.5 + 4.5)
    assert quakeops.solve("triage", instance=path, scenarios=1, arguments={"max_wait": 2}).status == "infeasible"


def test_compiled_once_equals_scenario_by_scenario():
    program = from_model("triage", num_scenarios=3, seed=1, arguments={"gini": 0.1, "quota": 0.5, "cvar_days": 40.0})
    once, each = at_scenarios(program, compile_affine(program)), compile_program(program)
    for a, b in zip(once.scenarios, each.scenarios, strict=True):
        assert abs(a.T - b.T).max() <= 1e-12 and abs(a.W - b.W).max() <= 1e-12
        assert a.cost_first == pytest.approx(b.cost_first, rel=1e-12) and a.row_lower == pytest.approx(b.row_lower, rel=1e-12)


def test_random_data_by_block_and_draws_by_seed_and_number():
    source = from_model("triage", num_scenarios=5, seed=4).kwargs["source"]
    block = random_data(source, source.block(1, 4))
    for k in range(3):
        one = random_data(source, source.scenario(1 + k))
        assert all(np.array_equal(one[name], block[name][k]) for name in one)
    more = from_model("triage", num_scenarios=9, seed=4).kwargs["source"]
    assert np.array_equal(more.scenario(3).grades, source.scenario(3).grades)
    assert (source.block(0, 5).grades.sum(axis=2) == [c.count for c in source.instance.classes]).all()


def test_mean_wait():
    assert mean_wait(Triage.model_validate(instance([("a", 5, CERTAIN[0])]))) == pytest.approx((2 * 1 + 2 * 2 + 1 * 3) / 5)


BAD = [
    (
        {"classes": [{"name": "c", "district": "a", "count": 5, "probabilities": [0.5, 0.4, 0, 0]}]},
        "those of class 'c' sum to 0.9, expected 1",
    ),
    ({"districts": [{"name": "a", "quota": 0.7}, {"name": "b", "quota": 0.4}]}, "the sum is 1.1, above the capacity"),
    ({"crews": [{"name": "crew", "per_day": 0}]}, "crews\\[0\\].per_day' is 0"),
    ({"first_days": 3}, "first_days: 3, but all are served within 3 days"),
    ({"crews": [{"name": "crew", "per_day": 2, "districts": ["z"]}]}, "'z' is not a district"),
]


@pytest.mark.parametrize("change, message", BAD)
def test_bad_instances(change, message, tmp_path):
    with pytest.raises(InputError, match=message):
        quakeops.load(written(tmp_path, instance([("a", 5, CERTAIN[0])]) | change))


def test_bad_rules():
    with pytest.raises(InputError, match="gini=2: Input should be less than or equal to 1"):
        quakeops.solve("triage", arguments={"gini": 2})
    for wait in (2, 5):
        with pytest.raises(InputError, match=rf"max_wait={wait}: fairness.max_wait_days\[2\]: {wait}, but grades become known after day 5"):
            quakeops.solve("triage", arguments={"max_wait": wait})
