"""The script on the responder paper: every number that it prints computed another way."""

import re
import runpy
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from quakeops.decomposition.responder_chain import smdp_of
from quakeops.instances import FixedResponder, load
from quakeops.instances.responder_cases import case
from quakeops.scenario_gen.responder_reconstruction import all_policies
from quakeops.solvers.policy_iteration import policy_iteration

PAPER = Path(__file__).parents[1] / "papers" / "responder_smdp.py"
NUMBER = r"(-?[\d.]+)"
TIMES = {"GL": (12, 12), "FR": (36, 24), "BC": (60, 48), "FL": (200, 100)}
HAZARD = {"GL": 2, "FR": 4, "BC": 8, "FL": 16}


@pytest.fixture(scope="module")
def printed():
    """Return what the script prints."""
    with pytest.MonkeyPatch.context() as patch:
        lines = []
        patch.setattr(sys, "argv", [str(PAPER)])
        script = runpy.run_path(str(PAPER))
        patch.setitem(script["main"].__globals__, "print", lambda *what: lines.append(" ".join(map(str, what))))
        script["main"]()
    return "\n".join(lines)


def by_iteration(scenario):
    """Return the policy in words and rho by policy iteration."""
    smdp = smdp_of(scenario)
    best = policy_iteration(smdp)
    agencies = [int(a[1:]) + 1 for a in smdp.actions(best.policy)[1:]]
    return "<" + ",".join(map(str, [1, *agencies])) + ">", best.rho


def plain(alpha, dominoes=True):
    """Return case 1 as start, time and cost (7, 2) of the formulas, term by term."""
    inst = load("responder-case-1")
    start, time, cost = np.array([s.probability for s in inst.starts]), np.zeros((7, 2)), np.zeros((7, 2))
    rows = {("+".join(d.state), d.agency): {"+".join(r.state): r.probability for r in d.to} for d in inst.dominoes}
    for i, s in enumerate(inst.starts):
        name, hazard = "+".join(s.state), sum(HAZARD[x] for x in s.state)
        for a, (agency, travel) in enumerate((("local", 0.5), ("central", 1.5))):
            for to, p in (rows[name, agency] if dominoes else {name: 1.0}).items():
                there, hours = (sum(v[x] for x in to.split("+")) for v in (HAZARD, {k: t[a] for k, t in TIMES.items()}))
                time[i, a] += p * (travel + hours)
                cost[i, a] += p * (travel * (alpha * hazard + (1 - alpha) * there) + hours * there)
    return start, time, cost


def test_what_is_published(printed):
    for what, number in (("RT(8, local)", 108), ("RT(8, central)", 84), ("RT(16, local)", 308), ("RT(16, central)", 184)):
        assert re.search(rf"{re.escape(what)}, hours +{number} +{number}  same", printed)
    assert re.search(r"policy of case 1 +<1,1,1,2,2,2,2,2> +<1,1,1,2,2,2,2,2>  same", printed) and "DIFFERENT" not in printed
    inputs = printed.partition("Inputs of")[2].partition("Policies")[0]
    rows = [line.split() for line in inputs.splitlines() if re.match(r" +\d+ ", line)]
    flood = ["100", "150", "155", "200"] * 2
    assert rows[:8] == [[str(n), "0.5", "1.5", flood[n - 1], "I" if n < 5 else "II"] for n in range(1, 9)]
    assert rows[8:] == [[str(n), "1", "2.5", "-", "?"] for n in (9, 10)]


def test_ten_cases_by_policy_iteration(printed):
    table = printed.partition("UNDER OUR RECONSTRUCTION")[2].partition("Finding")[0]
    rows = re.findall(rf"^ +(\d+) +(<[\d,]+>) +{NUMBER} +{NUMBER} %", table, re.MULTILINE)
    assert [int(r[0]) for r in rows] == list(range(1, 11))
    for number, policy, rho, _ in rows:
        words, exact = by_iteration(FixedResponder.nominal(case(int(number))).scenario(0))
        assert policy == words and float(rho) == pytest.approx(exact, abs=6e-5)


def test_slower_is_preferred_below_rho(printed):
    """The table of (TH - rho) (TT + RT) from the paper's inputs, and the sign rule."""
    start, time, cost = plain(0.5, dominoes=False)
    policies, rho = all_policies(start, time, cost)
    best = rho[0]
    assert f"rho* = {best:.4f}" in printed
    rows = re.findall(rf"^ +([A-Z+]+) +(\d+) +{NUMBER} +{NUMBER} +{NUMBER} +{NUMBER}  ([12]), the (slower|faster)", printed, re.MULTILINE)
    assert len(rows) == 7
    for i, (state, hazard, *numbers, sent, word) in enumerate(rows):
        th = sum(HAZARD[x] for x in state.split("+"))
        hours = [tt + sum(TIMES[x][a] for x in state.split("+")) for a, tt in enumerate((0.5, 1.5))]
        assert int(hazard) == th and [float(x) for x in numbers[:2]] == hours
        assert [float(x) for x in numbers[2:]] == pytest.approx([(th - best) * h for h in hours], abs=0.006)
        assert int(sent) - 1 == policies[0][i] == (int(np.argmax(hours)) if th < best else int(np.argmin(hours)))
        assert word == ("slower" if th < best else "faster")
    for what, chosen in (("an hour", policies[0]), ("an event", cost.argmin(axis=1)), ("published policy", [0, 0, 1, 1, 1, 1, 1])):
        event, hours = (start @ x[np.arange(7), chosen] for x in (cost, time))
        assert re.search(rf"{what} +<1,{','.join(str(a + 1) for a in chosen)}>  rho {event / hours:.4f}, {event:.2f} an event", printed)


def test_without_dominoes_the_published_policy_is_impossible(printed):
    """Whatever the starts: GL wants the slower central agency; its printed limits by policy iteration."""
    _, time, cost = plain(0.5, dominoes=False)
    rng = np.random.default_rng(1)
    for start in rng.dirichlet(np.full(7, 0.3), size=200):
        policies, rho = all_policies(start, time, cost)
        assert rho[0] > 2 and (policies[0][0] == 1 or start[0] < 1e-9)
    scenario = FixedResponder.nominal(load("responder-case-1").model_copy(update={"dominoes": []})).scenario(0)
    rows = re.findall(rf"p\(GL\) = {NUMBER} +rho\* = +{NUMBER}  (<[\d,]+>)", printed)
    assert [r[0] for r in rows] == ["0.9", "0.99", "0.9999"]
    for share, rho, policy in rows:
        start = np.append(float(share), scenario.start[1:] * (1 - float(share)) / (1 - scenario.start[0]))
        words, exact = by_iteration(replace(scenario, start=start))
        assert policy == words and float(rho) == pytest.approx(exact, abs=6e-6) and policy.startswith("<1,2,")


def test_a_later_agency_lowers_the_rate_and_harms_more(printed):
    rows = re.findall(rf"^ +(\d+) h: (<[\d,]+>), rho\* +{NUMBER}, hazard of an event +{NUMBER}", printed, re.MULTILINE)
    assert [int(r[0]) for r in rows] == [0, 10, 100]
    rho, event = ([float(r[k]) for r in rows] for k in (2, 3))
    assert rho[0] > rho[1] > rho[2] and event[0] < event[1] < event[2]
    inst = load("responder-case-1")
    agency = inst.agencies[0].model_copy(update={"travel_time_h": 10.5})
    late = FixedResponder.nominal(inst.model_copy(update={"agencies": [agency, inst.agencies[1]]})).scenario(0)
    assert by_iteration(late) == (rows[1][1], pytest.approx(rho[1], abs=6e-5))


def test_limits_of_alpha(printed):
    table = printed.partition("Limits of alpha")[2]
    rows = re.findall(rf"^ +{NUMBER} +(<[\d,]+>) +{NUMBER} +{NUMBER}$", table, re.MULTILINE)
    assert [float(r[0]) for r in rows] == [0, 0.5, 1]
    for alpha, policy, rho, still in rows:
        policies, exact = all_policies(*plain(float(alpha)))
        assert policy == f"<1,{','.join(str(a + 1) for a in policies[0])}>" and float(rho) == pytest.approx(exact[0], abs=6e-5)
        assert float(still) == pytest.approx(all_policies(*plain(float(alpha), dominoes=False))[1][0], abs=6e-5)
    assert float(rows[0][2]) >= float(rows[1][2]) >= float(rows[2][2]) and len({r[3] for r in rows}) == 1
