"""The plan a triage run begins with: feasible, close to the optimum, none where rules may forbid it."""

import numpy as np
import pytest
import quakeops
from hypothesis import given, settings
from hypothesis import strategies as st
from quakeops.decomposition.compiled import stage_data
from quakeops.decomposition.program import from_model
from quakeops.decomposition.recourse import Recourse
from quakeops.decomposition.severity_first import cost_from_day, severity_first
from quakeops.decomposition.start_plans import start_plan
from quakeops.decomposition.triage_start import first_days
from quakeops.instances import FixedTriage
from quakeops.instances.damage_grades import YUSHU
from quakeops.instances.recognised_buildings import RecognisedBuildings
from quakeops.instances.triage_table import triage_of
from quakeops.scenario_gen.triage_futures import DrawnTriage
from quakeops.solvers import get


def costs(program, plan):
    """Exact expected cost of a plan, and its largest violation of the first stage."""
    data = stage_data(program)
    assert sorted(plan) == sorted(data.first.names)
    x = np.array([plan[name] for name in data.first.names])
    recourse = Recourse(data, get("highs"))
    return recourse.expected(x), recourse.first_stage_violation(x)[0]


def table(n, kinds, seed):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(0.7 * np.ones(4), kinds)[rng.integers(0, kinds, n)]
    return RecognisedBuildings(p, tuple(f"d{k}" for k in rng.integers(0, 3, n)))


def test_for_yushu_it_is_the_best_known_plan():
    program = from_model("triage")
    cost, violation = costs(program, start_plan(program))
    assert cost == pytest.approx(quakeops.load("triage-yushu").best_known.objective, abs=1e-5) and violation <= 1e-12


def test_where_grades_are_known_it_is_severity_first():
    instance = triage_of(RecognisedBuildings(np.repeat(np.eye(4), YUSHU, axis=0)), "known", "test")
    plan = first_days(FixedTriage.nominal(instance))
    assert {name: n for name, n in plan.items() if n and name.startswith("early")} == {
        f"early[building 2362 and 1139 alike,{t}]": 50 for t in range(1, 6)
    }


@pytest.mark.parametrize("seed, within", [(0, 1e-7), (1, 1e-7), (2, 3e-5), (3, 4e-4), (4, 1e-7), (5, 1e-7)])
def test_it_is_close_to_the_optimum(seed, within, write):
    """Feasible, in whole numbers, and as close as it was found to be: the optimum itself in four of six."""
    instance = triage_of(table(120, 25, seed), "t", "test", per_day=6)
    path = str(write("t.json", instance.model_dump()))
    program = from_model("triage", instance=path, num_scenarios=15, seed=seed)
    plan = start_plan(program)
    cost, violation = costs(program, plan)
    assert violation <= 1e-12 and all(n == round(n) for n in plan.values())
    best = quakeops.solve("triage", instance=path, scenarios=15, seed=seed, rel_gap=1e-7)
    assert best.objective * (1 - 1e-7) <= cost <= best.objective * (1 + within)


def test_crews_share_the_days(write):
    """Two crews and three districts: everything the first days hold is served, no crew does more than it can."""
    data = triage_of(table(60, 60, 1), "t", "test", per_day=10).model_dump()
    data["crews"] = [{"name": "a", "per_day": 3}, {"name": "b", "per_day": 7}]
    program = from_model("triage", instance=str(write("t.json", data)), num_scenarios=4, seed=0)
    plan = start_plan(program)
    cost, violation = costs(program, plan)
    assert cost is not None and violation <= 1e-12
    for t in range(1, 6):
        assert [sum(n for name, n in plan.items() if name.startswith("work") and name.endswith(f",{c},{t}]")) for c in "ab"] == [3, 7]


@pytest.mark.parametrize("quota", [0.5, 0.9, 0.95])
def test_quotas_are_kept(quota):
    """And the plan is the optimum."""
    program = from_model("triage", num_scenarios=8, arguments={"quota": quota})
    cost, violation = costs(program, start_plan(program))
    best = quakeops.solve("triage", scenarios=8, method="benders", arguments={"quota": quota}, rel_gap=1e-6)
    assert violation <= 1e-9 and best.objective * (1 - 1e-6) <= cost <= best.objective * (1 + 1e-6)


def test_none_where_a_day_cannot_hold_the_quotas():
    """Fifty places, and five districts that each ask for a fraction of a building more."""
    assert start_plan(from_model("triage", num_scenarios=3, arguments={"quota": 1.0})) is None


@pytest.mark.parametrize("method", ["ef", "benders", "ph"])
@pytest.mark.parametrize("rule", [{"max_wait": 5}, {"cvar_days": 4.2}])
def test_rules_of_the_recourse_may_cut_it_off(rule, method, write):
    """All of one district are worse than those of the other: the plan serves them first, and has no recourse under the rule."""
    worse, better = [0, 0, 0.5, 0.5], [0, 0.5, 0.5, 0]
    data = triage_of(
        RecognisedBuildings(np.array(7 * [worse] + 7 * [better]), ("a",) * 7 + ("b",) * 7), "t", "test", per_day=2
    ).model_dump()
    path = str(write("t.json", data | {"first_days": 4 if "max_wait" in rule else 6}))
    program = from_model("triage", instance=path, num_scenarios=4, seed=1, arguments=rule)
    assert costs(program, start_plan(program))[0] is None
    found = quakeops.solve("triage", instance=path, scenarios=4, seed=1, method=method, arguments=rule, time_limit=20)
    if "max_wait" in rule:
        assert found.status == "infeasible"
    else:
        free = quakeops.solve("triage", instance=path, scenarios=4, seed=1)
        assert found.objective > free.objective and quakeops.verify(found).ok


def test_none_where_crews_are_bound_to_districts(write):
    data = quakeops.load("triage-yushu").model_dump()
    data["crews"].append({"name": "local", "per_day": 5, "districts": ["Batang"]})
    assert start_plan(from_model("triage", instance=str(write("t.json", data)), num_scenarios=3)) is None


def test_blocks_of_scenarios_change_nothing(monkeypatch):
    instance = triage_of(table(80, 80, 3), "t", "test", per_day=5)
    whole = first_days(DrawnTriage(instance, 30, 1))
    monkeypatch.setattr("quakeops.decomposition.triage_start.BLOCK", 7)
    assert first_days(DrawnTriage(instance, 30, 1)) == whole


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 20), min_size=4, max_size=4), st.integers(1, 9), st.integers(0, 4))
def test_cost_from_a_day_is_that_of_the_days(counts, per_day, first):
    weights, days = np.array([0.0, 1, 2, 3]), -(-max(sum(counts), 1) // per_day)
    served = severity_first(np.array(counts, dtype=float), weights, per_day, days)
    by_hand = sum(served[t] @ weights * (first + t + 0.5) for t in range(days))
    assert cost_from_day(first, np.array([counts], dtype=float), weights, per_day, days) == pytest.approx([by_hand])
