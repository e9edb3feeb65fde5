"""A retrofit plan as GeoJSON: rates by hand and against the objective, places, and what is refused."""

import json
from dataclasses import replace

import pytest
import quakeops
from quakeops import plots
from quakeops.errors import InputError, NoSolutionError
from quakeops.plots.retrofit_features import retrofit_features

ROWS = {"north": 1.0, "middle": 0.5}

RIVER = {
    "format": "quakeops/retrofit/1",
    "name": "river",
    "title": "Two rows of links from west to east",
    "source": {"citation": "invented for the tests", "licence": "Apache-2.0"},
    "provenance": {"links": "synthetic"},
    "places": [{"name": f"{r} {s}", "latitude": y, "longitude": x} for r, y in ROWS.items() for s, x in (("west", 0), ("east", 2))],
    "elements": [
        {"name": "N", "retrofit_cost": 2, "repair_cost": 100},
        {"name": "M", "retrofit_cost": 50, "repair_cost": 60, "latitude": 0.55, "longitude": 0.5},
        {"name": "S", "retrofit_cost": 500, "repair_cost": 70, "latitude": 0.1, "longitude": 0.2},
    ],
    "links": [
        {"name": "n", "ends": ["north west", "north east"], "time": 2, "element": "N", "one_way": True},
        {"name": "m", "ends": ["middle west", "middle east"], "time": 2, "element": "M"},
        {"name": "s", "time": 3, "element": "S"},
        {"name": "west", "ends": ["north west", "middle west"], "time": 1},
    ],
    "pairs": [{"name": "north", "path": ["n"]}, {"name": "middle", "path": ["m"], "tolerance": 0.6}],
    "scenarios": [
        {"name": "small", "rate": 0.1, "times": {"n": 4, "s": 3.5}},
        {"name": "large", "rate": 0.05, "times": {"n": None, "m": None, "s": None}},
        {"name": "other", "rate": 0.2, "times": {"m": 3, "west": 5}},
    ],
}
"""N is worth retrofitting (2 against 0.15 * 100); M is repaired in the large scenario, borne in the other; S is on nobody's path."""


def solved(tmp_path, ratio=2.0, **change):
    (tmp_path / "river.json").write_text(json.dumps(RIVER | change), encoding="utf-8")
    return quakeops.solve("retrofit", instance=str(tmp_path / "river.json"), rel_gap=1e-9, arguments={"ratio": ratio})


@pytest.fixture(scope="module")
def river(tmp_path_factory):
    return solved(tmp_path_factory.mktemp("instance"))


def by_name(features, kind):
    return {f["properties"]["name"]: f for f in features if f["properties"]["kind"] == kind}


def test_elements_by_hand(river):
    found = by_name(retrofit_features(river), "element")
    rates = {e: (f["properties"]["retrofitted"], f["properties"]["damage_rate"], f["properties"]["repair_rate"]) for e, f in found.items()}
    assert rates == {
        "N": (True, pytest.approx(0.15), 0),
        "M": (False, pytest.approx(0.25), pytest.approx(0.05)),
        "S": (False, pytest.approx(0.15), 0),
    }
    assert {e: (f["properties"]["retrofit_cost"], f["properties"]["repair_cost"]) for e, f in found.items()} == {
        "N": (2, 100),
        "M": (50, 60),
        "S": (500, 70),
    }
    assert {e: f["geometry"]["coordinates"] for e, f in found.items()} == {
        "N": [1.0, 1.0],
        "M": [0.5, 0.55],
        "S": [0.2, 0.1],
    }  # longitude first


def test_links_by_hand(river):
    features = retrofit_features(river)
    found = by_name(features, "link")
    assert set(found) == {"n", "m", "west"} and len(features) == 6  # s has no ends
    assert found["n"] == {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": [[0.0, 1.0], [2.0, 1.0]]},
        "properties": {"kind": "link", "name": "n", "time": 2.0, "element": "N", "one_way": True, "damage_rate": pytest.approx(0.15)},
    }
    assert found["west"]["properties"]["element"] is None and found["west"]["properties"]["damage_rate"] == pytest.approx(0.2)


@pytest.mark.parametrize("method", ["ef", "benders"])
def test_repairs_and_retrofits_add_up_to_the_objective(method):
    result = quakeops.solve(
        "retrofit", instance="retrofit-random", scenarios=10, seed=2, method=method, rel_gap=1e-7, arguments={"ratio": 0.5}
    )
    found = [f["properties"] for f in by_name(retrofit_features(result), "element").values()]
    before = sum(p["retrofit_cost"] for p in found if p["retrofitted"])
    after = sum(p["repair_rate"] * p["repair_cost"] for p in found)
    assert result.objective == pytest.approx(before + 0.5 * after) and before > 0 and after > 0
    assert all(p["repair_rate"] <= p["damage_rate"] and not (p["retrofitted"] and p["repair_rate"]) for p in found)


def test_command_line(run, river, tmp_path, monkeypatch):
    """No picture is drawn, so matplotlib is not needed."""
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    river.save(tmp_path / "plan.json")
    done = run("plot", "plan.json", "--out", "plan.geojson")
    assert (done.code, done.out.split()) == (0, ["written", "to", "plan.geojson"])
    assert json.loads((tmp_path / "plan.geojson").read_text(encoding="utf-8"))["features"] == retrofit_features(river)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--kind", "convergence"], "plan.geojson: GeoJSON holds a plan, not kind convergence"),
        (["--scenario", "large"], "--scenario large: does not go with GeoJSON"),
    ],
)
def test_options_that_do_not_fit(run, river, tmp_path, arguments, message):
    river.save(tmp_path / "plan.json")
    run("plot", "plan.json", "--out", "plan.geojson", *arguments).failed(2, message)
    assert not (tmp_path / "plan.geojson").exists()


def test_another_model_and_no_plan(tmp_path, river):
    other = quakeops.solve("prepositioning", instance="newsvendor")
    with pytest.raises(InputError, match=r"model 'prepositioning' has no plan to write as GeoJSON; with one: retrofit"):
        plots.draw(other, "plan", tmp_path / "o.geojson")
    with pytest.raises(InputError, match="there is no plan to draw"):
        plots.draw(replace(river, objective=None), "plan", tmp_path / "o.geojson")
    with pytest.raises(InputError, match=r"the folder .*gone' does not exist"):
        plots.draw(river, "plan", tmp_path / "gone" / "o.geojson")
    assert not list(tmp_path.iterdir())


def test_elements_without_a_place_are_named(tmp_path):
    elements = [{k: v for k, v in e.items() if k not in ("latitude", "longitude")} for e in RIVER["elements"]]
    with pytest.raises(
        InputError, match=r"instance 'river': element 'S' has no place on a map; give fields 'latitude' and 'longitude', or a link"
    ):
        retrofit_features(solved(tmp_path, elements=elements))
    links = [{k: v for k, v in link.items() if k != "ends"} for link in RIVER["links"]]
    with pytest.raises(InputError, match=r"element 'N' has no place on a map \(nor have 2 more\)"):
        retrofit_features(solved(tmp_path, elements=elements, links=links))


def test_a_plan_without_recourse(tmp_path):
    """One crew, two repairs needed: only the retrofit of N makes the plan feasible."""
    result = solved(tmp_path, crews=1)
    with pytest.raises(NoSolutionError, match="no recourse in scenario 'scen2'"):
        retrofit_features(replace(result, first_stage=dict.fromkeys(result.first_stage, 0.0)))
