"""``quakeops what-if`` and ``quakeops estimate``: tables and JSON agree, files go in and out, and every error names its place."""

import json
from pathlib import Path

import pytest
import quakeops
from quakeops.instances import load
from quakeops.instances.csv_table import write_csv
from quakeops.instances.responder_log import COLUMNS

STATES = ("GL", "FR", "BC", "GL+FR", "GL+BC", "FR+BC", "GL+FR+BC")
MINE = {"name": "local for one", "policy": {i: "central" if "+" in i else "local" for i in STATES}}
ROWS = [
    ["e1", "GL", "local", "GL", "0.4", "10"],
    ["e2", "GL", "local", "GL+FR", "0.6", "45"],
    ["e3", "GL+FR", "central", "GL+FR", "1.4", "36"],
]
FUTURES = {
    "instance": "responder-case-1",
    "scenarios": [
        {"name": "near", "probability": 0.5},
        {"name": "far", "probability": 0.5, "travel_times_h": {"central": 6}},
    ],
}


@pytest.fixture
def log_file(tmp_path):
    write_csv(tmp_path / "log.csv", COLUMNS, ROWS)
    return "log.csv"


def cells(text, title):
    """Return the rows of a table as lists of cells, by the first cell."""
    body = text.split(f"\n{title}\n")[1].splitlines()[1:]
    rows = body[: next((n for n, line in enumerate(body) if not line.strip()), len(body))]
    return {line.split("  ")[0].strip(): [c.strip() for c in line.split("  ") if c.strip()][1:] for line in rows}


def number(cell):
    return float(cell.replace(",", "").removesuffix(" %"))


# -- what-if


def test_tables_and_json_agree(run, write):
    write("mine.json", MINE)
    asked = ("what-if", "--policy", "mine.json", "--limit", "hours-per-event=50", "--limit", "hazard-rate=13")
    text, data = run(*asked).out, run(*asked, "--json", "--out", "all.json").json
    assert data == json.loads(Path("all.json").read_text())
    assert all(len(line.rstrip()) <= 100 for line in text.splitlines()) and "\x1b" not in text
    assert text.startswith("responder-case-1, the instance's own numbers; objective rate: least hazard an hour\n")
    hours = cells(text, "restoration times: hours until all is stable again")
    assert tuple(hours) == STATES
    for state, (p, local, central, optimal, limited) in hours.items():
        row = data["restoration_h"][state]
        assert [number(p), number(local), number(central)] == pytest.approx(
            [data["start"][state], row["local"], row["central"]], abs=0.0051
        )
        assert optimal == data["policies"]["optimal"]["agency"][state]
        assert limited == ("lots" if state == "FR" else optimal)
    exposure = cells(text, "exposure")
    assert list(exposure) == ["optimal", "always local", "always central", "local for one", "under limits"]
    best = data["policies"]["optimal"]["rho"]
    for name, row in exposure.items():
        f = data["limited"] if name == "under limits" else data["policies"][name]
        shown = [f["rho"], f["hazard_per_event"], f["hours_per_event"], 100 * (f["rho"] / best - 1)]
        assert [number(c) for c in row] == pytest.approx(shown, abs=0.0051)
    limits = text.split("\nlimits\n")[1].splitlines()
    for line, limit in zip(limits[1:3], data["limited"]["limits"], strict=True):
        assert [number(c) for c in line.split()[-3:]] == pytest.approx([limit[k] for k in ("most", "attained", "price")], rel=1e-4)
    share = data["limited"]["probability"]["FR"]
    assert f"lots: FR sends local {share['local']:.4f}, central {share['central']:.4f}\n" in text and data["limited"]["randomised"] == [
        "FR"
    ]
    ranges = cells(text, "the optimal policy stays optimal while")
    assert len(data["ranges"]) == 22
    for r in data["ranges"]:
        now, lower, upper, below, above = ranges[r["input"]]
        assert [number(now), number(lower)] == pytest.approx([r["value"], r["lower"]], rel=1e-3)
        assert upper == "any" if r["upper"] is None else number(upper) == pytest.approx(r["upper"], rel=1e-3)
        for cell, choice in ((below, r["below"]), (above, r["above"])):
            assert cell == ("-" if choice is None else ": ".join(choice))


def test_the_function_and_the_command_are_one(run):
    found = quakeops.what_if("responder-missouri", limits={"hazard-per-event": 1e4}, objective="event")
    done = run("what-if", "responder-missouri", "--limit", "hazard-per-event=1e4", "--objective", "event", "--json")
    assert done.code == 0 and done.json == json.loads(json.dumps(found.to_dict()))
    assert done.json["objective"] == "event" and done.json["limited"]["randomised"] == []


def test_a_result_is_a_policy(run, write):
    """What ``solve`` writes; its figures are those of the optimal policy, whose objective the result has."""
    run("solve", "responder-smdp", "--scenarios", "1", "--out", "plan.json")
    write("mine.json", {"policy": MINE["policy"]})
    policies = run("what-if", "--policy", "plan.json", "--policy", "mine.json", "--json").json["policies"]
    assert list(policies) == ["optimal", "always local", "always central", "plan", "mine"]
    assert policies["plan"] == policies["optimal"]
    assert policies["plan"]["rho"] == pytest.approx(json.loads(Path("plan.json").read_text())["objective"], rel=1e-9)


def test_scenarios_of_a_file(run, write):
    write("futures.json", FUTURES)
    for asked in (["what-if"], ["what-if", "responder-case-1"]):
        far = run(*asked, "--scenario-file", "futures.json", "--scenario", "far", "--json").json
        assert far["scenario"] == "far" and far["policies"]["optimal"]["agency"]["GL"] == "central"
        assert far == run(*asked, "--scenario-file", "futures.json", "--scenario", "scen1", "--json").json
    near = run("what-if", "--scenario-file", "futures.json", "--scenario", "near", "--json").json
    assert near | {"scenario": "nominal"} == run("what-if", "--json").json
    assert "scenario far; objective" in run("what-if", "--scenario-file", "futures.json", "--scenario", "far").out
    inside = load("responder-case-1").model_dump() | {"scenarios": FUTURES["scenarios"]}
    write("inside.json", inside)
    assert run("what-if", "inside.json", "--scenario", "far", "--json").json == far
    assert run("what-if", "inside.json", "--json").json["scenario"] == "nominal"
    write("one.json", FUTURES | {"scenarios": [FUTURES["scenarios"][1] | {"probability": 1}]})
    assert run("what-if", "--scenario-file", "one.json", "--json").json == far


def test_ties_and_many_ranges(run, write):
    data = load("responder-case-1").model_dump()
    data["agencies"][1] = data["agencies"][0] | {"name": "central"}
    write("alike.json", data | {"dominoes": [], "published": None})
    assert run("what-if", "alike.json").out.count("tie: ") == 7
    text = run("what-if", "responder-random").out
    assert "\n... and 15 more: --out or --json has all\n" in text and text.count("more:") == 1


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (
            {"policy": MINE["policy"] | {"BC": "locl"}},
            ["field 'policy'", "unknown 'locl'; did you mean 'local'", "of state 'BC': local, central"],
        ),
        ({"policy": MINE["policy"] | {"FL": "local"}}, ["field 'policy'", "unknown 'FL'", "as state: GL, FR"]),
        ({"policy": {"GL": "local"}}, ["field 'policy'", "no agency for state 'FR'"]),
        ({"policy": {"GL": ["local"]}}, ["field 'policy'", "unknown ['local']"]),
        ({"policy": "local"}, ["field 'policy'", "expected agencies by decision state"]),
        ({"polcy": {}}, ["field 'policy' is missing"]),
        ([1], ["field 'policy' is missing"]),
        (MINE | {"nam": "x"}, ["unknown field 'nam'; did you mean 'name'"]),
        (MINE | {"name": 3}, ["field 'name' is 3"]),
        ('{"policy": ', ["not valid JSON at line 1"]),
        (
            {"status": "optimal", "method": "ef", "solver": "highs", "model": "retrofit", "first_stage": {}},
            ["a result of model 'retrofit'"],
        ),
        (
            {"status": "optimal", "method": "ef", "solver": "highs", "model": "responder-smdp", "first_stage": {"send[GL,local]": 1.0}},
            ["first_stage sends 0 agencies to state 'FR'"],
        ),
    ],
)
def test_refused_policy_files(run, write, content, parts):
    write("mine.json", content)
    done = run("what-if", "--policy", "mine.json", "--json").failed(2, "mine.json: ", *parts)
    assert done.json["error"]["type"] == "InputError"


@pytest.mark.parametrize(
    ("line", "code", "parts"),
    [
        ("--limit hours-per-event", 2, ["--limit 'hours-per-event': expected NAME=VALUE"]),
        ("--limit hours-per-event=soon", 2, ["--limit 'hours-per-event=soon'", "'soon' is not a number"]),
        ("--limit hours-per-event=nan", 2, ["limit hours-per-event=nan: expected a finite number"]),
        ("--limit hours-per-evnt=3", 2, ["limit 'hours-per-evnt'; did you mean 'hours-per-event'"]),
        ("--limit hazard-rate=13 --limit hazard-rate=14", 2, ["hazard-rate has a limit already"]),
        ("--limit hazard-per-event=600", 3, ["limit hazard-per-event=600: no policy keeps it; the least hazard-per-event is 638.309"]),
        ("--limit hours-per-event=51 --limit hazard-rate=12.8", 3, ["no policy keeps them together", "51.56", "12.83"]),
        ("--objective evnt", 2, ["objective 'evnt'; did you mean 'event'"]),
        ("--solver cplex", 2, ["unknown solver 'cplex'"]),
        ("islands-3", 2, ["one of model 'prepositioning', expected one of 'responder-smdp'"]),
        ("responder-case-2", 2, ["unknown instance 'responder-case-2'; did you mean 'responder-case-1'"]),
        ("none.json", 2, ["none.json: no such file"]),
        ("--scenario far", 2, ["--scenario far: instance 'responder-case-1' has no scenarios"]),
        ("--scenario-file futures.json", 2, ["has 2 scenarios; say which one with --scenario"]),
        ("--scenario-file futures.json --scenario farr", 2, ["unknown scenario 'farr'; did you mean 'far'"]),
        ("responder-random --scenario-file futures.json", 2, ["'responder-random' draws its own scenarios"]),
        ("--policy mine.json --policy mine.json", 2, ["mine.json: the name 'local for one' of its policy is taken"]),
        ("--policy taken.json", 2, ["policy 'optimal': the name is taken"]),
        ("--policy none.json", 2, ["none.json: no such file"]),
        ("--out none/x.json", 2, ["--out none/x.json: the folder none does not exist"]),
    ],
)
def test_refused(run, write, line, code, parts):
    write("futures.json", FUTURES)
    write("mine.json", MINE)
    write("taken.json", MINE | {"name": "optimal"})
    assert run("what-if", *line.split()).failed(code, *parts).out == ""
    again = run("what-if", *line.split(), "--json").failed(code, *parts)
    assert all(part in again.json["error"]["message"] for part in parts)


# -- estimate


def test_estimate_writes_an_instance(run, log_file):
    asked = ("estimate", log_file, "--instance", "responder-case-1", "--prior-weight", "10", "--name", "mine", "--out", "mine.json")
    text = run(*asked).out
    data = run(*asked, "--json").json
    mine = load("mine.json")
    assert (
        mine.name == data["name"] == "mine"
        and mine == quakeops.estimate(log_file, instance="responder-case-1", prior_weight=10, name="mine").instance
    )
    assert text.startswith("mine: 3 events of log.csv, prior responder-case-1 worth 10\n") and text.endswith("written to mine.json\n")
    assert all(len(line.rstrip()) <= 100 for line in text.splitlines())
    assert data["file"] == "mine.json" and data["events"] == 3 and data["by_agency"] == {"local": 2, "central": 1}
    assert data["by_state"] == dict.fromkeys(STATES, 0) | {"GL": 2, "GL+FR": 1}
    rows = cells(text, "events by state and by agency sent")
    assert tuple(rows) == (*STATES, "all") and rows["all"] == ["3", "2", "1", "1.00000"]
    for s in mine.starts:
        state = "+".join(s.state)
        prior = next(x.probability for x in load("responder-case-1").starts if x.state == s.state)
        events, local, central, p = (number(c) for c in rows[state])
        assert (events, local, central) == (data["by_state"][state], *data["by_state_and_agency"][state].values())
        assert data["start"][state] == s.probability == pytest.approx((10 * prior + events) / 13) == pytest.approx(p, abs=6e-6)
    hours = cells(text, "hours")
    for a in mine.agencies:
        assert [number(c) for c in hours[a.name]] == pytest.approx([a.travel_time_h, *a.response_times_h.values()], abs=0.0051)
        assert data["travel_time_h"][a.name] == a.travel_time_h and data["response_times_h"][a.name] == a.response_times_h
    assert run("what-if", "mine.json", "--json").json["start"] == data["start"]
    assert run("solve", "responder-smdp", "--instance", "mine.json", "--scenarios", "2", "--json").code == 0


def test_estimate_from_an_instance_file_without_prior(run, tmp_path):
    """With weight 0 every state and agency must be in the log; the shares are those of the events."""
    rows = [[f"e{i}{a}{n}", i, a, i, "1", "10"] for i in STATES for a in ("local", "central") for n in range(1 + (i == "FR"))]
    write_csv(tmp_path / "log.csv", COLUMNS, rows)
    (tmp_path / "case.json").write_text(load("responder-case-1").model_dump_json())
    done = run("estimate", "log.csv", "--instance", "case.json", "--out", "mine.json", "--json").json
    assert done["start"] == pytest.approx(dict.fromkeys(STATES, 2 / 16) | {"FR": 4 / 16}, rel=1e-14)
    assert done["prior_weight"] == 0 and load("mine.json").name == "responder-case-1-estimated"


@pytest.mark.parametrize(
    ("cell", "line", "parts"),
    [
        ((1, "action", "regional"), "", ["log.csv: line 3: ", "'action' is 'regional'", "expected an agency: local, central"]),
        ((0, "state", "FL"), "", ["log.csv: line 2: ", "'state' is 'FL'", "a decision state"]),
        ((2, "travel_h", "-1"), "", ["log.csv: line 4: ", "'travel_h' is '-1'"]),
        (None, "--prior-weight 0", ["log.csv: state 'GL' and agency 'central' are not in the log", "prior_weight above 0"]),
        (None, "--prior-weight -1", ["prior_weight -1: expected a finite number, at least 0"]),
        (None, "--name=", ["--name ''"]),
        (None, f"--name {'x' * 101}", ["log.csv: the estimated instance", "field 'name'"]),
        (None, "--instance islands-3", ["one of model 'prepositioning', expected one of 'responder-smdp'"]),
        (None, "--out none/mine.json", ["the folder none does not exist"]),
    ],
)
def test_refused_estimates(run, tmp_path, cell, line, parts):
    rows = [list(r) for r in ROWS]
    if cell is not None:
        rows[cell[0]][COLUMNS.index(cell[1])] = cell[2]
    write_csv(tmp_path / "log.csv", COLUMNS, rows)
    usual = {"--instance": "responder-case-1", "--out": "mine.json", "--prior-weight": "10"}
    options = [x for name, value in usual.items() if name not in line for x in (name, value)]
    done = run("estimate", "log.csv", *options, *line.split(), "--json").failed(2, *parts)
    assert all(part in done.json["error"]["message"] for part in parts) and not Path("mine.json").exists()
    assert run("estimate", "none.csv", *options).failed(2).out == ""


def test_an_estimate_that_takes_no_time_is_refused(run, tmp_path, write):
    data = load("responder-case-1").model_dump() | {"published": None, "labels": [], "dominoes": [], "monotone": False}
    data["starts"] = [{"state": ["GL"], "probability": 1}]
    write("one.json", data)
    rows = [["e1", "GL", "local", "stable", "0", "5"], ["e2", "GL", "central", "GL", "1", "5"]]
    write_csv(tmp_path / "log.csv", COLUMNS, rows)
    run("estimate", "log.csv", "--instance", "one.json", "--out", "mine.json").failed(
        2, "log.csv: the estimated instance", "no time at all"
    )
