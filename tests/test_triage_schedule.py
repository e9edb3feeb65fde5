"""Who is served when by a triage plan: against the simulation of dispatch rules, by hand, and against the objective."""

import numpy as np
import pytest
import quakeops
from hypothesis import given, settings
from hypothesis import strategies as st
from quakeops import plots
from quakeops.decomposition.severity_first import severity_first
from quakeops.decomposition.triage_schedule import triage_schedule
from quakeops.errors import InputError
from quakeops.instances.damage_grades import YUSHU
from quakeops.plots.triage_plan import triage_plan_figure
from quakeops.solvers.dispatch_rules import service_days
from quakeops.solvers.dispatch_simulation import simulate

OPTIONS = {"method": "benders", "scenarios": 5, "seed": 3, "rel_gap": 1e-8}


@pytest.fixture(scope="module")
def plan():
    return quakeops.solve("triage", **OPTIONS)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=4, max_size=4).filter(any), st.integers(1, 20))
def test_severity_first_is_the_simulated_rule(counts, per_day):
    weights = np.arange(4.0)
    grades = np.repeat(np.arange(4), counts)
    days = -(-len(grades) // per_day) + 1
    served = severity_first(np.array(counts, dtype=float), weights, per_day, days)
    day = service_days(np.argsort(-grades, kind="stable"), per_day)
    assert np.array_equal(served, [[np.sum((day == t) & (grades == g)) for g in range(4)] for t in range(1, days + 1)])


def test_perfect_recognition_waits_as_the_oracle_does(write):
    """Yushu: severity-first's area 119,736 over the weight 5,668 is the mean wait; T50 and T90 are 19 and 44."""
    grades = np.repeat(np.arange(4), YUSHU)
    table = "p0,p1,p2,p3\n" + "".join(",".join("1" if k == g else "0" for k in range(4)) + "\n" for g in grades)
    found = quakeops.solve("triage", instance=str(write("known.csv", table)), scenarios=1, rel_gap=1e-9)
    schedule = triage_schedule(found)
    oracle = simulate(service_days(np.argsort(-grades, kind="stable"), 50), grades, 50)
    for served in (schedule.done, schedule.known):
        assert served.mean_wait == pytest.approx(oracle.auc / 5668) and oracle.auc == 119_736
        assert (served.first_day(0.5), served.first_day(0.9)) == (oracle.t50, oracle.t90) == (19, 44)
        assert served.coverage == pytest.approx(oracle.coverage)
    severe = service_days(np.argsort(-grades, kind="stable"), 50)[grades >= 2] - 0.5
    assert schedule.done.severe_wait == pytest.approx(severe.mean())


def test_waits_are_the_objective(plan):
    schedule = triage_schedule(plan)
    weight = float((schedule.done.served @ schedule.done.weights).sum())
    assert schedule.done.mean_wait * weight == pytest.approx(plan.objective, rel=1e-9)
    assert schedule.known.served.sum(axis=0) == pytest.approx(schedule.done.served.sum(axis=0))
    assert schedule.known.mean_wait < schedule.done.mean_wait < 1.01 * schedule.known.mean_wait
    assert schedule.done.coverage[-1] == pytest.approx(1) and schedule.early.sum() == 250
    size = dict.fromkeys(schedule.districts, 0)
    for c in quakeops.load("triage-yushu").classes:
        size[c.district] += c.count
    days = np.arange(1, len(schedule.done.served) + 1)
    assert schedule.district_day @ list(size.values()) == pytest.approx(days @ schedule.done.served.sum(axis=1))


def test_means_are_those_of_the_scenarios(plan):
    every = [triage_schedule(plan, f"scen{k}") for k in range(5)]
    assert np.mean([s.done.served for s in every], axis=0) == pytest.approx(triage_schedule(plan).done.served)
    assert all(s.done.served[:-1].sum(axis=1) == pytest.approx(50) for s in every)  # no crew is idle
    assert np.mean([s.known.served for s in every], axis=0) == pytest.approx(triage_schedule(plan).known.served)
    assert every[0].known.served != pytest.approx(every[1].known.served)
    with pytest.raises(InputError, match="unknown scenario 'scen9'"):
        triage_schedule(plan, "scen9")


def test_where_nothing_is_severe_there_is_no_severe_wait(write):
    found = quakeops.solve("triage", instance=str(write("t.csv", "p0,p1,p2,p3\n" + "0.5,0.5,0,0\n" * 60)), scenarios=2)
    assert triage_schedule(found).done.severe_wait is None


def test_the_command_tells_days(run, plan):
    text = run("solve", "triage", "--method", "benders", "--scenarios", "5", "--seed", "3", "--out", "plan.json").out
    assert "plan: 250 buildings served on the first 5 days, before grades are known" in text
    assert "wait of damage" in text and "grades known, no rules" in text and "day 5" in text
    schedule = triage_schedule(plan)
    both = (schedule.done, schedule.known)
    for name, cells in (
        ("wait of damage", [f"{s.mean_wait:.2f}" for s in both]),
        ("wait of severely damaged and collapsed", [f"{s.severe_wait:.2f}" for s in both]),
        ("half, 90 % of damage served by day", [f"{s.first_day(0.5)}, {s.first_day(0.9)}" for s in both]),
    ):
        line = next(row for row in text.splitlines() if row.startswith(name))
        assert [cell.strip() for cell in line[len(name) :].split("  ") if cell.strip()] == cells
    assert max(map(len, text.splitlines())) <= 100
    run("plot", "plan.json", "--out", "plan.png")
    run("plot", "plan.json", "--kind", "timeline", "--out", "no.png").failed(2, "triage", "no vehicles")


def test_one_building_on_one_day(run, write):
    write("two.csv", "p0,p1,p2,p3\n1,0,0,0\n0,0,0,1\n")
    assert "plan: 1 building served on the first day, before grades are known" in run("solve", "triage", "--instance", "two.csv").out


def test_the_picture(plan, tmp_path):
    plots.draw(plan, "plan", tmp_path / "plan.svg")
    text = (tmp_path / "plan.svg").read_text()
    schedule = triage_schedule(plan)
    assert text.count('id="grade 3"') == len(schedule.done.served)
    for d in schedule.districts:
        assert f'id="district {d}"' in text
    left = triage_plan_figure(plan).axes[1]
    drawn = {line.get_gid(): line.get_ydata() for line in left.get_lines()}
    assert np.array_equal(drawn["plan"], 100 * schedule.done.coverage) and np.array_equal(drawn["known"], 100 * schedule.known.coverage)
    plots.draw(plan, "plan", tmp_path / "one.svg", scenario="draw 2")
    assert (tmp_path / "one.svg").read_text() != text
    with pytest.raises(InputError, match="unknown scenario"):
        plots.draw(plan, "plan", tmp_path / "no.svg", scenario="draw 9")
    assert not (tmp_path / "no.svg").exists()


def test_a_plan_for_another_instance_is_refused(write):
    path = write("t.csv", "p0,p1,p2,p3\n" + "0.5,0.5,0,0\n" * 60)
    found = quakeops.solve("triage", instance=str(path), scenarios=2)
    write("t.csv", "p0,p1,p2,p3\n" + "0.5,0.4,0.1,0\n" * 60)
    with pytest.raises(InputError, match="has changed since the plan was computed"):
        triage_schedule(found)


def recognised(accuracy):
    """One hundred buildings of each grade by label, as a recogniser of this accuracy sees them on average: probabilities (400, 4)."""
    rates = np.full((4, 4), (1 - accuracy) / 3) + (accuracy - (1 - accuracy) / 3) * np.eye(4)
    return np.repeat(rates, 100, axis=0)  # as many of each label as of each grade, so Bayes' rule gives the same rates


@pytest.mark.parametrize("first_days", [3, 39])
def test_better_recognition_is_worth_days(first_days, write):
    """Expected numbers, ten a day: waits fall with accuracy to those of known grades; if nothing is ever told, they are an order's by hand."""
    waits = []
    for accuracy in (0.25, 0.4, 0.7, 1.0):
        table = "p0,p1,p2,p3\n" + "".join(",".join(f"{x:.12f}" for x in row) + "\n" for row in recognised(accuracy))
        found = quakeops.solve(
            "triage", instance=str(write("t.csv", table)), scenarios=1, rel_gap=1e-8, arguments={"per_day": 10, "first_days": first_days}
        )
        schedule = triage_schedule(found)
        waits.append(schedule.done.mean_wait)
        if first_days == 39:  # by descending expected grade, label 3 first
            index = np.sort(recognised(accuracy) @ np.arange(4))[::-1]
            assert waits[-1] == pytest.approx(index @ (np.arange(400) // 10 + 0.5) / index.sum(), rel=1e-6)
    assert all(np.diff(waits) < -0.05) and waits[-1] == pytest.approx(schedule.known.mean_wait, rel=1e-8)
