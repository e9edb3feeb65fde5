"""Routing instances: the format, arrays by hand, roads under damage, sources, packaged instances, draws of roads and casualties."""

import json
import math
import pickle
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quakeops.errors import InputError, InstanceError
from quakeops.instances import FixedRouting, Routing, RoutingBlock, load_as
from quakeops.instances.loader import validate
from quakeops.instances.routing_arrays import RouteArrays, damaged_times, intact_times, plane_places, route_arrays, shortest_times, shuttled
from quakeops.instances.routing_parts import RoutingUncertainty
from quakeops.scenario_gen.events import EventModel
from quakeops.scenario_gen.fragility import FragilitySet
from quakeops.scenario_gen.ground_motion import bssa14
from quakeops.scenario_gen.hazus import component_fragility
from quakeops.scenario_gen.keyed import keyed_normals
from quakeops.scenario_gen.metros import metro
from quakeops.scenario_gen.random_field import CholeskySampler, Correlation
from quakeops.scenario_gen.routing_futures import DrawnRouting
from quakeops.scenario_gen.routing_random import r101, town
from quakeops.scenario_gen.routing_roads import FACTORS, RoadQuakes, placed_km
from quakeops.scenario_gen.ruptures import rjb_km
from quakeops.scenario_gen.sources import FAMILIES, open_routing
from quakeops.scenario_gen.streams import Stream
from quakeops.solvers.route_problem import RouteProblem

SMALL = {
    "format": "quakeops/routing/1",
    "name": "three-villages",
    "title": "Three villages and a hospital",
    "source": {"citation": "invented for the tests", "licence": "Apache-2.0"},
    "provenance": {"everything": "synthetic"},
    "units": {"time": "min", "distance": "km"},
    "depot": {"name": "hospital", "x": 0, "y": 0, "earliest": 0, "latest": 90},
    "sites": [
        {"name": "Ano", "x": 3, "y": 4, "casualties": 10, "service_time": 5, "earliest": 20, "latest": 30, "priority": "red"},
        {"name": "Kato", "x": 6, "y": 8, "casualties": 20, "latest": 50},
        {"name": "Mesi", "x": 0, "y": 2, "casualties": 5},
    ],
    "speed": 0.5,
    "vehicles": {"count": 2, "capacity": 30},
    "treatment_capacity": 40,
    "priorities": [{"name": "red", "weight": 3}],
    "beta": 2,
    "early_weight": 0.5,
    "scenarios": [
        {"name": "calm", "probability": 0.5},
        {
            "name": "quake",
            "probability": 0.5,
            "roads": [
                {"ends": ["hospital", "Ano"], "factor": 1.5},
                {"ends": ["Ano", "Kato"]},
                {"ends": ["Mesi", "Kato"], "factor": 1.1, "one_way": True},
            ],
            "casualties": {"Ano": 12},
        },
    ],
}

MATRIX = [[0, 1, None], [1, 0, 3], [None, 3, 0]]


def changed(field=None, value=None):
    """Return ``SMALL`` with one entry changed (``a.0.b`` names it), or taken away where ``value`` is ``...``."""
    data = json.loads(json.dumps(SMALL))
    if field is not None:
        *parents, last = (int(t) if t.isdigit() else t for t in field.split("."))
        place = data
        for token in parents:
            place = place[token]
        if value is ...:
            del place[last]
        else:
            place[last] = value
    return data


def small(field=None, value=None):
    return validate(changed(field, value), "small")


def table(times=MATRIX, **others):
    """Return an instance with a matrix of times."""
    sites = [{"name": f"s{i}", "casualties": 0} for i in range(1, len(times))]
    kept = {k: SMALL[k] for k in ("format", "title", "source", "provenance", "vehicles")}
    return validate({**kept, "name": "table", "depot": {}, "sites": sites, "metric": "explicit", "travel_times": times, **others}, "table")


# -- the format


@pytest.mark.parametrize(
    ("field", "value", "parts"),
    [
        ("sites.0.latest", 10, ["sites[0].latest: the window of 'Ano' ends at 10, before it begins at earliest 20"]),
        ("depot.latest", -1, ["depot.latest: the window of 'hospital' ends at -1, before it begins at earliest 0"]),
        ("sites.1.casualties", 31, ["sites[1].casualties: site 'Kato': 31 casualties, more than the capacity 30 of every vehicle"]),
        ("sites.1.casualties", -1, ["'sites[1].casualties' is -1", "greater than or equal to 0"]),
        (
            "scenarios.1.casualties",
            {"Kato": 40},
            ["scenarios[1].casualties: scenario 'quake', site 'Kato': 40 casualties, more than the capacity 30"],
        ),
        ("scenarios.1.casualties", {"Kota": 4}, ["scenarios[1].casualties: 'Kota' is not a site of the instance"]),
        ("treatment_capacity", 30, ["treatment_capacity: depot 'hospital' can treat 30, but all sites together have 35 casualties"]),
        ("sites.1.name", "Ano", ["sites: the name 'Ano' appears twice"]),
        ("sites.1.name", "hospital", ["sites[1].name: 'hospital' is the depot's name"]),
        ("sites.0.priority", "rad", ["sites[0].priority: 'rad' is not a priority of the instance"]),
        ("priorities", [{"name": "red", "weight": 1}] * 2, ["priorities: the name 'red' appears twice"]),
        ("priorities.0.weight", -1, ["'priorities[0].weight' is -1"]),
        ("sites.2.x", ..., ["sites[2]: 'Mesi' has no x and y, from which metric 'euclidean' takes distances"]),
        ("depot.y", ..., ["depot: 'hospital' has no x and y"]),
        ("sites", [], ["'sites'", "at least 1"]),
        ("sites.0.service_time", -5, ["'sites[0].service_time' is -5"]),
        ("sites.0.earliest", math.nan, ["'sites[0].earliest' is nan"]),
        ("speed", 0, ["'speed' is 0", "greater than 0"]),
        ("vehicles.count", 0, ["'vehicles.count' is 0"]),
        ("vehicles.capacity", 0, ["'vehicles.capacity' is 0"]),
        ("metric", "EUC_3D", ["'metric' is 'EUC_3D'", "EUC_2D"]),
        ("metric", "explicit", ["travel_times: missing, and metric is 'explicit'"]),
        ("travel_times", [[0]], ["travel_times: given, but metric is 'euclidean', expected 'explicit'"]),
        ("beta", -1, ["'beta' is -1"]),
        ("windows", "weak", ["'windows' is 'weak'", "'soft' or 'hard'"]),
        ("scenarios.0.probability", 0.4, ["scenarios[*].probability: the sum is 0.9, expected 1"]),
        ("scenarios.0.name", "quake", ["scenarios: the name 'quake' appears twice"]),
        ("scenarios.1.roads.0.ends", ["Ano", "Ano"], ["scenarios[1].roads[0].ends: 'Ano' twice, expected two places"]),
        ("scenarios.1.roads.0.ends", ["Ano", "Pera"], ["scenarios[1].roads[0].ends: 'Pera' is not a place of the instance"]),
        ("scenarios.1.roads.0.ends", ["Kato", "Ano"], ["scenarios[1].roads[1]: the road between 'Ano' and 'Kato' appears twice"]),
        ("scenarios.1.roads.0.factor", -2, ["'scenarios[1].roads[0].factor' is -2"]),
        ("shutle", True, ["unknown field 'shutle'", "did you mean 'shuttle'?"]),
    ],
)
def test_refused(field, value, parts):
    with pytest.raises(InstanceError) as caught:
        small(field, value)
    for part in ("small", *parts):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([[0, 1], [1, 0], [1, 1]], "travel_times: 3 rows, expected 2: the depot and 1 sites"),
        ([[0, 1, 2], [1, 0], [2, 3, 0]], "travel_times[1]: row of 's1' has 2 times, expected 3"),
        ([[0, 1, 2], [1, 0, 3], [2, 4, 0]], "travel_times[2]: from 's2' to 's1' is 4, back is 3: expected the same, or 'symmetric' false"),
        ([[0, 1, 2], [1, 0, None], [2, 4, 0]], "travel_times[2]: from 's2' to 's1' is 4, back is null"),
        ([[0, -1, 2], [1, 0, 3], [2, 3, 0]], "travel_times[0]: from 'depot' to 's1' is -1, expected a number >= 0, or null"),
        ([[0, math.inf, 2], [1, 0, 3], [2, 3, 0]], "travel_times[0]: from 'depot' to 's1' is inf, expected a number >= 0, or null"),
    ],
)
def test_times_refused(times, message):
    with pytest.raises(InstanceError) as caught:
        table(times) if len(times) != 3 or len(times[0]) == 3 else table(times, sites=[{"name": "s1", "casualties": 0}])
    assert message in str(caught.value)


def test_times_both_ways_may_differ_where_that_is_said():
    inst = table([[0, 1, 2], [7, 0, 3], [8, 9, 0]], symmetric=False)
    assert intact_times(inst).tolist() == [[0, 1, 2], [7, 0, 3], [8, 9, 0]]


def test_refused_with_file_and_line(run, write):
    path = write("small.json", changed("sites.0.latest", 10))
    run("instances", path).failed(2, "small.json: line ", "sites[0].latest: the window of 'Ano' ends at 10")


def test_left_penalty_lifts_the_limits():
    assert small("left_penalty", 7).left_penalty == 7
    data = changed("left_penalty", 7)
    data["treatment_capacity"], data["sites"][1]["casualties"] = 3, 99
    assert validate(data, "small").sites[1].casualties == 99


# -- arrays by hand


def test_arrays():
    inst = small()
    a = route_arrays(inst)
    assert a.names == inst.nodes == ("hospital", "Ano", "Kato", "Mesi")
    assert a.time[0].tolist() == [0, 10, 20, 4], "5, 10 and 2 km at half a km a minute"
    assert a.cost.tolist() == a.time.tolist() and (a.vehicles, a.capacity, a.step) == (2, 30, False)
    assert a.service.tolist() == [0, 5, 0, 0] and a.demand.tolist() == [0, 10, 20, 5]
    assert a.earliest.tolist() == [0, 20, -math.inf, -math.inf] and a.latest.tolist() == [90, 30, 50, math.inf]
    assert a.early.tolist() == [0, 2 * 0.5 * 3, 0, 0], "beta x early weight x that of red"
    assert a.late.tolist() == [2, 2 * 3, 2, 0]


def test_arrays_are_those_of_a_route_problem():
    assert [f.name for f in fields(RouteArrays)] == [f.name for f in fields(RouteProblem)]
    a = route_arrays(small("windows", "hard"))
    problem = RouteProblem(**{f.name: getattr(a, f.name) for f in fields(a)})
    assert problem.num_sites == 3 and problem.early[1] == math.inf == problem.late[0]
    assert problem.late[3] == 0 == problem.early[2], "no window, no penalty"


def test_beta_0_and_steps():
    a = route_arrays(small("beta", 0))
    assert not a.early.any() and not a.late.any()
    assert route_arrays(small("penalty", "step")).step
    hard = validate(changed("beta", 0) | {"windows": "hard"}, "small")
    assert route_arrays(hard).late[1] == math.inf, "hard windows stay hard"


def test_shuttle():
    """From site to site over the depot; no route has a capacity, each site alone has to fit."""
    a = route_arrays(small("shuttle", True))
    assert a.time[0].tolist() == [0, 10, 20, 4] == a.time[:, 0].tolist()
    assert a.time[1, 2] == 10 + 20 and a.time[3, 1] == 4 + 10 and a.cost[1, 3] == 14 and a.capacity == math.inf
    one_way = shuttled(np.array([[0.0, 1, 2], [10, 0, 5], [20, 5, 0]]))
    assert one_way[1, 2] == 10 + 2 and one_way[2, 1] == 20 + 1, "first back, then out"
    with pytest.raises(InstanceError, match="more than the capacity 30"):
        validate(changed("sites.0.casualties", 31) | {"shuttle": True}, "small")


def test_places_on_a_map():
    assert plane_places(small()).tolist() == [[0, 0], [3, 4], [6, 8], [0, 2]]
    burma = plane_places(load_as(Routing, "burma14"))
    assert burma[0, 1] == pytest.approx(16 + 47 / 60) and burma[3, 1] > burma[0, 1], "x of GEO is a latitude: north"
    assert np.isnan(plane_places(table())).all()


# -- roads under damage


def test_a_damaged_road_and_a_closed_one():
    """hospital - Ano 10 -> 15, or by way of Mesi; Ano - Kato closed; Mesi -> Kato slower one way alone."""
    source = open_routing(small())
    calm, quake = source.scenario(0), source.scenario(1)
    direct = intact_times(small())
    assert calm.time.tolist() == direct.tolist() and calm.demand.tolist() == [0, 10, 20, 5]
    via_mesi = direct[0, 3] + direct[3, 1]
    assert quake.time[0, 1] == pytest.approx(min(15, via_mesi)) == quake.time[1, 0]
    assert quake.time[1, 2] == pytest.approx(direct[1, 3] + min(1.1 * direct[3, 2], direct[3, 0] + direct[0, 2]))
    assert quake.time[2, 1] == pytest.approx(direct[2, 3] + direct[3, 1]), "the other way is not slower"
    assert quake.time[2, 3] == direct[2, 3] and quake.time[0, 2] == direct[0, 2] and quake.demand.tolist() == [0, 12, 20, 5]
    assert source.demand_varies and not open_routing(town()).demand_varies
    block = source.block(0, 2)
    assert isinstance(block, RoutingBlock) and block.labels == ("calm", "quake") and block.time.shape == (2, 4, 4)
    assert len(source.block(1, 1)) == 0 and source.probabilities.tolist() == [0.5, 0.5]


def test_an_unreachable_site_is_named_with_its_scenario(run, write):
    closed = [{"ends": [a, "Kato"]} for a in ("hospital", "Ano", "Mesi")]
    with pytest.raises(InputError) as caught:
        open_routing(small("scenarios.1.roads", closed))
    told = "scenarios[1].roads: in scenario 'quake': site 'Kato' cannot be reached from depot 'hospital': every way is closed"
    assert str(caught.value) == told
    with pytest.raises(InputError, match=r"scenario 'quake': site 'Kato' has no way back to depot 'hospital'"):
        open_routing(small("scenarios.1.roads", [{"ends": ["Kato", a], "one_way": True} for a in ("hospital", "Ano", "Mesi")]))
    assert open_routing(small("scenarios.1.roads", closed[:2])).scenario(1).time[0, 2] == pytest.approx(4 + 2 * math.hypot(6, 6))
    path = write("small.json", changed("scenarios.1.roads", closed))
    with pytest.raises(InputError, match=r"small.json: line \d+: scenarios\[1\].roads: in scenario 'quake': site 'Kato'"):
        open_routing(str(path))


def test_no_road_in_a_matrix_is_a_way_through_others():
    inst = table()
    assert intact_times(inst).tolist() == [[0, 1, 4], [1, 0, 3], [4, 3, 0]]
    closed = [{"name": "a", "probability": 1, "roads": [{"ends": ["s1", "s2"]}]}]
    with pytest.raises(InputError, match="scenario 'a': site 's2' cannot be reached"):
        open_routing(table(scenarios=closed))
    with pytest.raises(InputError, match="instance 'table', scenario 'nominal': site 's2' cannot be reached"):
        open_routing(table([[0, 1, None], [1, 0, None], [None, None, 0]]))


def floyd(direct):
    out = direct.copy()
    for k in range(len(out)):
        out = np.minimum(out, out[:, k : k + 1] + out[k : k + 1, :])
    return out


matrices = st.integers(2, 6).flatmap(
    lambda n: st.tuples(
        st.lists(st.lists(st.integers(0, 20), min_size=n, max_size=n), min_size=n, max_size=n),
        st.lists(st.lists(st.sampled_from([1, 1, 1.5, 4, math.inf]), min_size=n, max_size=n), min_size=n, max_size=n),
    )
)


@given(matrices)
def test_damaged_times_by_floyd_and_warshall(drawn):
    direct, factor = (np.array(m, dtype=float) for m in drawn)
    np.fill_diagonal(direct, 0.0)
    np.fill_diagonal(factor, 1.0)
    with np.errstate(invalid="ignore"):
        damaged = np.where(np.isinf(factor), np.inf, direct * factor)
    found = damaged_times(direct, factor)
    assert shortest_times(damaged).tolist() == floyd(damaged).tolist(), "times of 0 are roads too"
    assert (found[factor == 1] == direct[factor == 1]).all(), "an intact road keeps its time"
    assert (found[factor != 1] == np.maximum(direct, floyd(damaged))[factor != 1]).all() and (found >= direct).all()
    worse = factor.copy()
    worse[0, 1] = math.inf
    assert (damaged_times(direct, worse)[factor != 1] >= found[factor != 1]).all(), "closing a road makes none of the damaged faster"


# -- sources


def test_one_scenario_where_none_is_written():
    inst = load_as(Routing, "solomon-r101-25")
    source = open_routing("solomon-r101-25")
    assert source.num_scenarios == 1 and source.scenario(0).label == "nominal" and source.probabilities.tolist() == [1]
    assert source.scenario(0).time.tolist() == intact_times(inst).tolist()
    assert open_routing("wuxi-14", num_scenarios=1).scenario(0).label == "nominal"
    for options, told in (({"seed": 3}, "--seed 3"), ({"num_scenarios": 2}, "--scenarios 2")):
        with pytest.raises(InputError, match=f"{told}: instance 'burma14' has no field 'uncertainty' to draw from"):
            open_routing("burma14", **options)
    assert (open_routing("solomon-r101-25", num_scenarios=2, seed=3).block(0, 2).time >= intact_times(inst)).all()


def test_a_scenario_file(write):
    records = SMALL["scenarios"]
    write("small.json", changed("scenarios", []))
    path = write("quake.json", {"instance": "small.json", "scenarios": records})
    source = open_routing("", scenario_file=str(path))
    assert source.block(0, 2).time.tolist() == open_routing(small()).block(0, 2).time.tolist()
    with pytest.raises(InputError, match="is fixed and has 2 scenarios"):
        open_routing(small(), num_scenarios=3)
    lost = write(
        "lost.json",
        {
            "instance": "small.json",
            "scenarios": [{"name": "x", "probability": 1, "roads": [{"ends": [a, "Ano"]} for a in ("hospital", "Kato", "Mesi")]}],
        },
    )
    with pytest.raises(InputError, match=r"lost.json: line \d+: scenarios\[0\].roads: in scenario 'x': site 'Ano'"):
        open_routing("", scenario_file=str(lost))


def test_other_models_and_sets_are_refused():
    with pytest.raises(InputError, match="is one of model 'prepositioning', expected one of 'routing'"):
        open_routing("islands-3")
    with pytest.raises(InputError, match="did you mean 'wuxi-14'"):
        open_routing("wuxi-41")
    with pytest.raises(InputError, match="a scenario set is for model 'prepositioning'"):
        open_routing("wuxi-14", scenario_file="x.nc")


# -- the packaged instance of the paper


def test_what_the_paper_prints():
    inst = load_as(Routing, "wuxi-14")
    assert [s.casualties for s in inst.sites] == [25, 22, 35, 65, 42, 73, 38, 82, 26, 64, 45, 57, 73, 39]
    assert sum(s.casualties for s in inst.sites) == 686 and inst.treatment_capacity == 800
    assert (inst.speed, inst.beta, inst.vehicles.count, inst.depot.name) == (40, 10, 10, "Phoenix Town")
    assert intact_times(inst)[1, 2] == pytest.approx(1.66 / 40)
    published = {k for k, v in inst.provenance.items() if v == "published"}
    assert {"sites.x, y", "sites.casualties", "speed", "beta", "vehicles.count", "treatment_capacity"} <= published
    for ours in ("depot.x, y, latest", "vehicles.capacity", "sites.earliest, latest", "sites.service_time", "sites.priority"):
        assert inst.provenance[ours] == "reconstructed"


def test_the_rule_of_the_reconstruction():
    inst = load_as(Routing, "wuxi-14")
    assert (inst.depot.x, inst.depot.y) == tuple(round(sum(getattr(s, a) for s in inst.sites) / 14, 1) for a in ("x", "y"))
    for s in inst.sites:
        red = s.casualties >= 60
        assert (s.priority, s.earliest, s.latest) == (("red", 0, 0.12) if red else ("yellow", 0.1, 0.35))
        assert s.service_time == pytest.approx(0.002 * s.casualties)
    assert math.ceil(686 / inst.capacity) == 5
    assert max(intact_times(inst)[0, 1:]) > 0.12, "one red site is too far to be reached in time: windows bind"


# -- draws


@pytest.fixture(scope="module")
def drawn():
    """Twelve draws of routing-random."""
    return open_routing("routing-random", num_scenarios=12, seed=5)


def test_scenarios_do_not_depend_on_the_others(drawn):
    block = drawn.block(0, 12)
    other = open_routing("routing-random", num_scenarios=40, seed=5)
    for k in (0, 3, 11):
        one = other.scenario(k)
        assert one.time.tobytes() == block.time[k].tobytes() == drawn.scenario(k).time.tobytes()
        assert one.label == block.labels[k] and one.name == f"scen{k}"
    assert drawn.block(5, 9).time.tobytes() == block.time[5:9].tobytes()
    assert drawn.probabilities.tolist() == [1 / 12] * 12 == block.probability.tolist()
    assert len(drawn.block(4, 4)) == 0 and drawn.block(4, 4).time.shape == (0, 9, 9)
    assert pickle.loads(pickle.dumps(drawn)).scenario(7).time.tobytes() == block.time[7].tobytes()
    assert (open_routing("routing-random", num_scenarios=12, seed=6).block(0, 12).time != block.time).any()


def test_drawn_roads_only_slow_down(drawn):
    intact, block = intact_times(town()), drawn.block(0, 12)
    ratio = block.time[:, ~np.eye(9, dtype=bool)] / intact[~np.eye(9, dtype=bool)]
    assert ratio.min() == 1 and 1.5 < ratio.max() <= 4 + 1e-12 and len({t.tobytes() for t in block.time}) > 6
    assert np.allclose(block.time, block.time.transpose(0, 2, 1), rtol=1e-14) and (block.demand == block.demand[0]).all()
    states, magnitudes = drawn.quakes.block(0, 12)
    factor = drawn.quakes.factors(states)
    assert set(np.unique(factor)) <= set(FACTORS) and (magnitudes == 6.5).all()
    assert factor[2, 0, 1] == FACTORS[states[2, 0]] and factor[2, 1, 2] == FACTORS[states[2, 8]] == factor[2, 2, 1]
    for k in range(12):
        assert block.time[k].tolist() == damaged_times(intact, factor[k]).tolist()


def test_stronger_earthquakes_damage_more():
    share = []
    for magnitude in (5.0, 6.0, 7.0):
        states, magnitudes = RoadQuakes(town(), "town", seed=1, magnitude=magnitude).block(0, 60)
        assert (magnitudes == magnitude).all()
        share.append((states >= 2).mean())
    assert share[0] < share[1] < share[2]


def test_near_roads_are_hit_together():
    """The correlation of the damage of two bridges falls with their distance."""
    quakes = RoadQuakes(town(), "town", seed=3, magnitude=6.5)
    states = quakes.block(0, 400)[0].astype(float)
    distance = np.linalg.norm(quakes.middle_km[:, None] - quakes.middle_km[None], axis=2)
    together = np.corrcoef(states.T)
    upper = np.triu(np.ones_like(distance, dtype=bool), 1)
    near, far = (together[upper & mask].mean() for mask in (distance < 1, distance > 3))
    assert near > far > 0


def test_damage_states_from_the_parts_of_the_package():
    """ln SA(1.0) = mu + tau eta + phi z of (1), from ground motion, field and fragility called one by one."""
    region, inst, seed = metro("town"), town(), 3
    quakes = RoadQuakes(inst, "town", seed=seed, magnitude=6.5)
    places = placed_km(inst, region)
    middle = np.array([(places[i] + places[j]) / 2 for i in range(9) for j in range(i + 1, 9)])
    buildings = np.column_stack(region.building_km)
    soil = region.buildings.vs30_m_s[[int(np.argmin(np.linalg.norm(buildings - m, axis=1))) for m in middle]]
    order = np.lexsort((middle[:, 1].round(6), middle[:, 0].round(6)))
    hazard = region.hazard
    field = CholeskySampler(Correlation(hazard.h_x_km, hazard.h_y_km, hazard.azimuth_deg), *middle[order].round(6).T, seed=seed)
    events = EventModel(region, magnitude=6.5)
    found = quakes.block(0, 6)[0]
    for k in range(6):
        event = events.draw(seed, k, 1.0)
        distance = rjb_km(event.rupture, *middle.T)
        mean, tau, phi = bssa14(6.5, distance, soil, imt="SA(1.0)", mechanism=event.rupture.mechanism, region=hazard.region)
        z = np.empty(len(middle))
        z[order] = field.field(k)
        ln_sa, normals = mean + tau * event.eta + phi * z, keyed_normals(seed, k, Stream.COMPONENT_STATE, len(middle))
        classes = [component_fragility(name) for name in quakes.classes]
        states = [
            FragilitySet([c]).sample_states(v, np.array([0]), n)[0]
            for c, v, n in zip(classes, ln_sa[:, None], normals[:, None], strict=True)
        ]
        assert states == found[k].tolist()
    assert len(set(quakes.classes)) > 3 and len(np.unique(found)) == 5


def test_places_fill_the_region():
    region = metro("town")
    x, y = region.origin.to_km(region.zones.latitude, region.zones.longitude)
    placed = placed_km(town(), region)
    own = plane_places(town())
    assert (placed.min(axis=0) >= [x.min() - 1e-9, y.min() - 1e-9]).all() and (placed.max(axis=0) <= [x.max() + 1e-9, y.max() + 1e-9]).all()
    assert np.isclose(np.ptp(placed, axis=0), [np.ptp(x), np.ptp(y)]).any()
    scale = np.ptp(placed, axis=0) / np.ptp(own, axis=0)
    assert scale[0] == pytest.approx(scale[1]), "the same in both directions"


def test_casualties_keep_their_mean():
    known = RoutingUncertainty(casualty_sigma=0.4)
    inst = town().model_copy(update={"uncertainty": known, "vehicles": town().vehicles.model_copy(update={"capacity": None})})
    source = DrawnRouting(inst, 4000, 2)
    demand = source.block(0, 4000).demand
    assert source.demand_varies and not demand[:, 0].any() and (demand == np.rint(demand)).all()
    own = route_arrays(inst).demand
    error = 4 * own * math.sqrt(math.expm1(0.4**2) / 4000)
    assert (np.abs(demand.mean(axis=0) - own) <= error + 0.02).all()
    assert source.scenario(3).label == "draw 3" and source.scenario(3).demand.tolist() == demand[3].tolist()
    assert (source.block(0, 3).time == intact_times(inst)).all(), "without a region, roads stay intact"
    limited = DrawnRouting(town().model_copy(update={"uncertainty": known}), 500, 2).block(0, 500).demand
    assert limited.max() == 60 == town().capacity < demand.max()


def test_draws_refused():
    with pytest.raises(InputError, match="--scenarios 0: must be at least 1"):
        open_routing("routing-random", num_scenarios=0)
    with pytest.raises(InputError, match="--seed -1: must not be negative"):
        open_routing("routing-random", seed=-1)
    nowhere = town().model_copy(update={"uncertainty": RoutingUncertainty(region="twon")})
    with pytest.raises(InputError, match="unknown region 'twon'; did you mean 'town'"):
        open_routing(nowhere, seed=1)
    with pytest.raises(InputError, match="instance 'table': drawn roads need coordinates of the depot and all sites"):
        open_routing(table(uncertainty={"region": "town"}), seed=1)
    point = small("uncertainty", {"region": "town"}).model_copy(update={"scenarios": []})
    heap = point.model_copy(update={"sites": [s.model_copy(update={"x": 0.0, "y": 0.0}) for s in point.sites]})
    with pytest.raises(InputError, match="not all the same"):
        open_routing(heap, seed=1)


def test_two_places_at_one_point_and_roads_that_share_a_middle():
    inst = small("uncertainty", {"region": "town", "magnitude": 6.5}).model_copy(update={"scenarios": []})
    square = [(0, 2), (2, 0), (2, 2)]
    sites = [s.model_copy(update={"x": float(x), "y": float(y)}) for s, (x, y) in zip(inst.sites, square, strict=True)]
    block = open_routing(inst.model_copy(update={"sites": sites}), num_scenarios=5, seed=0).block(0, 5)
    assert np.isfinite(block.time).all()


def test_families():
    assert "routing-random" in FAMILIES and open_routing("routing-random").num_scenarios == 20
    assert open_routing("routing-r101-15").num_scenarios == 100 and len(r101().sites) == 15
    whole = load_as(Routing, "solomon-r101-25")
    assert r101().sites == whole.sites[:15] and r101().windows == "soft" and r101().best_known is None
    assert intact_times(r101()).tolist() == intact_times(whole)[:16, :16].tolist()
    assert len(town().sites) == 8 and validate(town().model_dump(mode="json"), "again") == town()
    assert sum(s.casualties for s in town().sites) <= town().vehicles.count * town().capacity
    assert FixedRouting.nominal(town()).scenario(0).time.shape == (9, 9)


def test_shown_on_the_command_line(run):
    shown = run("instances", "wuxi-14").out
    for part in ("Phoenix Town", "686", "800", "soft", "red with weight 3", "0.1 to 0.35", "M 7.5 of chengdu"):
        assert part in shown
    assert "hard" in run("instances", "solomon-c101-25").out
    listed = run("instances", "--json").json["instances"]
    scenarios = {i["name"]: i["scenarios"] for i in listed if i["model"] == "routing"}
    assert len(scenarios) == 16 and scenarios["burma14"] == 1 and scenarios["routing-random"] is None is scenarios["wuxi-14"]
