"""Deployment instances: what the format refuses, the packaged three-valleys, and how instances are listed and shown."""

import json
import math
from importlib.resources import files

import pytest
import quakeops
from quakeops.errors import InputError
from quakeops.instances import Deployment, load
from quakeops.models.order_statistics import quantile
from quakeops.scenario_gen.sources import FAMILIES, open_demand

TOWNS = {
    "format": "quakeops/deployment/1",
    "name": "two-zones",
    "title": "A depot and two zones",
    "source": {"citation": "invented for the tests", "licence": "Apache-2.0"},
    "provenance": {"everything": "synthetic"},
    "depots": [{"name": "yard", "latitude": 38.0, "longitude": 22.0, "stock": 100, "vehicles": 5, "ready_cost": 2}],
    "zones": [
        {"name": "Ano", "latitude": 38.1, "longitude": 22.0},
        {"name": "Kato", "latitude": 38.0, "longitude": 22.1, "epsilon": 0.25},
    ],
    "routes": [{"depot": "yard", "zone": "Ano", "hours": 1}, {"depot": "yard", "zone": "Kato", "hours": 2}],
    "fleet": {"capacity": 10, "hours": 8, "cost": 1},
    "time_limit_h": 3,
    "epsilon": 0.2,
    "scenarios": [
        {"name": "calm", "probability": 0.5},
        {"name": "strong", "probability": 0.4, "demand": {"Ano": 40, "Kato": 30}},
        {"name": "worst", "probability": 0.1, "demand": {"Ano": 70}},
    ],
}
FORMS = [{"send": s, "rule": r, "joint": j} for s in ("recourse", "now") for r in ("chance", "cvar") for j in (True, False)]


@pytest.fixture
def towns(write):
    """``towns(field, value)`` writes the instance with one entry changed (``a.0.b`` names it) and returns the path."""

    def make(field=None, value=None):
        data = json.loads(json.dumps(TOWNS))
        if field is not None:
            *parents, last = (int(t) if t.isdigit() else t for t in field.split("."))
            place = data
            for token in parents:
                place = place[token]
            place[last] = value
        return write("towns.json", data)

    return make


# -- the format


@pytest.mark.parametrize(
    ("field", "value", "parts"),
    [
        ("epsilon", 0, ["'epsilon' is 0", "greater than 0"]),
        ("epsilon", 1.0, ["'epsilon' is 1.0", "less than 1"]),
        ("zones.1.epsilon", -0.1, ["'zones[1].epsilon' is -0.1", "greater than 0"]),
        ("zones.0.time_limit_h", 0, ["'zones[0].time_limit_h' is 0"]),
        ("routes.1.depot", "jard", ["routes[1].depot: 'jard' is not a depot"]),
        ("routes.1.zone", "yard", ["routes[1].zone: 'yard' is not a zone"]),
        ("routes.1.zone", "Ano", ["routes: the name 'yard -> Ano' appears twice"]),
        ("depots.0.stock", -1, ["'depots[0].stock' is -1", "greater than or equal to 0"]),
        ("depots.0.vehicles", 2.5, ["'depots[0].vehicles' is 2.5"]),
        ("depots.0.name", "", ["'depots[0].name' is ''"]),
        ("zones.1.name", "Ano", ["zones: the name 'Ano' appears twice"]),
        ("fleet.capacity", 0, ["'fleet.capacity' is 0"]),
        ("scenarios.1.probability", 0.5, ["probability", "sum is 1.1", "expected 1"]),
        ("scenarios.1.demand", {"Mesi": 5}, ["scenarios[1].demand: 'Mesi' is not a zone"]),
        ("scenarios.1.demand.Ano", float("nan"), ["'scenarios[1].demand.Ano' is nan"]),
        ("depots.0.stok", 5, ["unknown field 'depots[0].stok'"]),
        ("epsilom", 0.1, ["unknown field 'epsilom'", "did you mean 'epsilon'?"]),
        ("format", "quakeops/deployment/2", ["'format'", "quakeops/deployment/1"]),
    ],
)
def test_refused(run, towns, field, value, parts):
    path = towns(field, value)
    run("instances", path).failed(2, "towns.json", *parts)
    run("solve", "deployment", "--instance", path, "--json").failed(2, "towns.json", *parts)


def test_a_valid_one_is_solved_and_shown(run, towns):
    """``worst`` may be missed: 40 units for Ano, 30 for Kato, by 2 hours 40 / 10 + 4 hours 30 / 10 = 20 h, 3 vehicles of 8 h."""
    done = run("solve", "deployment", "--instance", towns(), "--rel-gap", "1e-9", "--json")
    assert done.code == 0 and done.json["objective"] == pytest.approx(2 * 70 + 3)
    assert "two-zones" in run("instances", towns()).out


@pytest.mark.parametrize("epsilon", ["0", "1", "-0.2", "nan"])
def test_epsilon_outside_the_unit_interval(run, epsilon):
    run("solve", "deployment", "--instance", "three-valleys", "--model-arg", f"epsilon={epsilon}").failed(2, f"epsilon {epsilon}")


def test_an_instance_of_the_other_model(run):
    run("solve", "deployment", "--instance", "gulf-coast-51").failed(2, "'gulf-coast-51'", "'prepositioning'", "'deployment'")
    run("solve", "prepositioning", "--instance", "three-valleys").failed(2, "'three-valleys'", "'deployment'", "'prepositioning'")
    run("solve", "prepositioning", "--instance", "deployment-random").failed(2, "'deployment-random'", "'prepositioning'")


# -- a requirement that cannot be sent


def solve(path, **form):
    return quakeops.solve("deployment", instance=str(path), rel_gap=1e-9, arguments=form)


@pytest.mark.parametrize(("send", "joint"), [("recourse", True), ("recourse", False), ("now", True), ("now", False)])
def test_beyond_reach(towns, send, joint):
    """One vehicle of 8 h takes at most 40 units to Ano: 30 too few of the 70 at epsilon 0.05, and 0.1 is the smallest feasible epsilon."""
    path = towns("depots.0.vehicles", 1)
    with pytest.raises(InputError) as caught:
        solve(path, send=send, joint=joint, epsilon=0.05)
    for part in ("zone 'Ano'", "asks for 70", "at most 40", "30 too few", "smallest feasible epsilon there is 0.1"):
        assert part in str(caught.value)
    if not joint and send == "recourse":  # Kato's 30 take 12 h: it shares no scenario with what Ano needs at 0.5
        assert solve(path, send=send, joint=joint, epsilon=0.5).status.value == "optimal"


@pytest.mark.parametrize("rule", ["chance", "cvar"])
@pytest.mark.parametrize("send", ["recourse", "now"])
@pytest.mark.parametrize("joint", [True, False])
def test_the_smallest_epsilon_of_a_lone_zone_is_feasible(write, send, joint, rule):
    """The epsilon of the message is feasible, a little less is not."""
    data = json.loads(json.dumps(TOWNS)) | {"zones": TOWNS["zones"][:1], "routes": TOWNS["routes"][:1]}
    data["depots"][0]["vehicles"] = 1
    for scenario in data["scenarios"]:
        scenario.get("demand", {}).pop("Kato", None)
    path = write("lone.json", data)
    form = {"send": send, "joint": joint, "rule": rule}
    with pytest.raises(InputError) as caught:
        solve(path, epsilon=0.05, **form)
    smallest = float(str(caught.value).rpartition(" ")[2])
    # worst 0.1 at 70, then 40: (0.1 x 70 + (e - 0.1) x 40) / e = 40 never; CVaR reaches 40 where calm's zeros do
    expected = 0.1 if rule == "chance" else (0.1 * 70 + 0.4 * 40) / 40
    assert smallest == pytest.approx(expected, abs=1e-6)
    above = smallest * (1 + 1e-5) if rule == "cvar" else smallest
    assert solve(path, epsilon=above, **form).status.value == "optimal"
    with pytest.raises(InputError, match="too few"):
        solve(path, epsilon=smallest * (1 - 1e-3), **form)


# -- the packaged instance


@pytest.fixture(scope="module")
def valleys():
    """Return the objective of every form of three-valleys, with the plan."""
    return {tuple(form.values()): quakeops.solve("deployment", instance="three-valleys", rel_gap=1e-9, arguments=form) for form in FORMS}


def objective(valleys, send, rule, joint):
    return valleys[send, rule, joint].objective


def test_valid_and_complete():
    instance = load("three-valleys")
    assert isinstance(instance, Deployment) and instance.name == "three-valleys"
    assert json.loads((files("quakeops.instances.library") / "three-valleys.json").read_text())["name"] == "three-valleys"
    assert set(instance.provenance) == {"units", "depots", "zones", "routes", "fleet", "scenarios"}
    assert 8 <= len(instance.scenarios) <= 12 and len({s.probability for s in instance.scenarios}) > 5
    assert len(instance.routes) - len(instance.usable_routes) == 3


@pytest.mark.parametrize("method", ["ef", "benders"])
def test_best_known(method):
    instance = load("three-valleys")
    result = quakeops.solve("deployment", instance="three-valleys", method=method, rel_gap=1e-9)
    best = instance.best_known
    assert result.objective == pytest.approx(best.objective, rel=1e-9) and result.bound == pytest.approx(best.bound, rel=1e-9)
    assert "--instance three-valleys " in best.command and best.bound <= best.objective * (1 + 1e-9)
    given_up = [s.probability for k, s in enumerate(instance.scenarios) if result.first_stage[f"give_up[scen{k},all]"] > 0.5]
    assert len(given_up) == 4 and math.fsum(given_up) == pytest.approx(instance.epsilon)


def test_forms_in_order(valleys):
    """What requires more costs more: chance <= CVaR, after <= before the earthquake, each zone for itself <= all together."""
    assert all(r.status.value == "optimal" for r in valleys.values())
    slack = 1e-6
    for send, rule, joint in valleys:
        here = objective(valleys, send, rule, joint)
        assert here <= objective(valleys, send, "cvar", joint) + slack
        assert here <= objective(valleys, "now", rule, joint) + slack
        assert here <= objective(valleys, send, rule, True) + slack


def test_the_plans_differ(valleys):
    plans = [
        tuple(v for n, v in valleys["recourse", rule, joint].first_stage.items() if n.startswith("ready["))
        for rule, joint in (("chance", True), ("chance", False), ("cvar", True), ("cvar", False))
    ]
    assert len(set(plans)) == 4


@pytest.mark.parametrize("number", ["31,213.70", "28,500.98", "29,512.06", "42,212.48", "31,534.32"])
def test_the_numbers_of_the_notes(valleys, write, number):
    """Vehicles of the airfield and the time limit bind: without them other plans are best, as the notes say."""
    instance = load("three-valleys")
    assert f"{number} EUR" in instance.source.notes
    data = instance.model_dump(mode="json")
    if number == "31,213.70":
        data["depots"][1]["vehicles"] = 30
    elif number == "28,500.98":
        data["time_limit_h"] = 3
    else:
        form = {"29,512.06": ("chance", False), "42,212.48": ("cvar", True), "31,534.32": ("chance", True)}[number]
        assert f"{objective(valleys, 'recourse', *form):,.2f}" == number
        return
    assert f"{solve(write('changed.json', data)).objective:,.2f}" == number


def test_zone_by_zone_before_the_earthquake_is_the_order_statistic(valleys):
    """P(D <= 90) = 0.95 >= 0.9 > P(D <= 70) in Madrel, and so on: what is sent is the quantile, exact in its probabilities."""
    source = open_demand("three-valleys")
    demand, p = source.block(0, source.num_scenarios).demand, source.probabilities
    plan = valleys["now", "chance", False].first_stage
    sent = [math.fsum(v for n, v in plan.items() if n.startswith("send[") and n.endswith(f",{z.name}]")) for z in source.instance.zones]
    assert sent == pytest.approx([quantile(demand[:, i], p, 0.1) for i in range(5)])
    assert sent == pytest.approx([80, 50, 60, 90, 60])


# -- on the terminal


def test_listed_with_their_models(run):
    listed = {i["name"]: i for i in run("instances", "--json").json["instances"]}
    assert set(listed["three-valleys"]) == {
        *("name", "model", "title", "depots", "zones", "routes", "scenarios", "objective", "bound", "source"),
    }
    assert [listed["three-valleys"][k] for k in ("model", "depots", "zones", "routes", "scenarios")] == ["deployment", 3, 5, 13, 11]
    assert listed["deployment-random"]["scenarios"] is None and listed["deployment-random-large"]["zones"] == 50
    assert {listed[n]["model"] for n in ("islands-3", "prepositioning-random")} == {"prepositioning"}
    assert {"nodes", "links", "commodities"} <= set(listed["islands-3"]) and "depots" not in listed["islands-3"]
    assert set(FAMILIES) <= set(listed)
    text = run("instances").out
    rows = {line.split()[0]: line.split() for line in text.splitlines() if line.strip()}
    assert "model deployment" in text and rows["three-valleys"] == ["three-valleys", "3", "5", "13", "11", "31,534.32", "31,534.32"]


def test_shown(run):
    assert run("instances", "three-valleys", "--json").json == load("three-valleys").model_dump(mode="json")
    text = run("instances", "three-valleys").out
    for part in (
        "model       deployment",
        "3 depots, 5 zones, 13 routes, 11 scenarios",
        "8 pallets a trip",
        "3 of 13 routes take longer",
        "M7.1 basin",
    ):
        assert part in text
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line.strip()}
    assert rows["Telmo"] == ["2.5", "2", "0.1", "50", "287.273"]  # 200 of stock, and 4 x 12 x 8 / (2 x 2.2) from the airfield
    assert rows["Quinta"] == ["2", "1", "0.1", "60", "218.182"]  # 2.4 h from the airfield are too long
    for family in FAMILIES:
        assert run("instances", family).code == 0


# -- options of a model


@pytest.mark.parametrize("option", ["--model-arg", "--module-arg"])
def test_both_spellings(run, option):
    done = run(
        "solve", "deployment", "--instance", "three-valleys", option, "joint=false", option, "send=now", "--rel-gap", "1e-9", "--json"
    )
    assert done.code == 0 and done.json["objective"] == pytest.approx(37_288.5)
    assert done.json["provenance"]["recipe"]["arguments"] == {"joint": "false", "send": "now"}
    run("export", "deployment", "--instance", "three-valleys", option, "joint=perhaps", "--out", "x").failed(
        2, "joint is 'perhaps'", "true or false"
    )


@pytest.mark.parametrize(
    ("argument", "parts"),
    [
        ("colour=red", ["model 'deployment'", "'colour'", "it declares: send, rule, joint, epsilon"]),
        ("instance=x", ["'instance'", "send"]),
        ("send=later", ["send 'later'", "recourse or now"]),
        ("rule=var", ["rule 'var'", "chance or cvar"]),
        ("epsilon=small", ["epsilon is 'small'", "float"]),
        ("joint", ["--model-arg 'joint'", "KEY=VALUE"]),
    ],
)
def test_bad_arguments(run, argument, parts):
    run("solve", "deployment", "--model-arg", argument, "--json").failed(2, *parts)
