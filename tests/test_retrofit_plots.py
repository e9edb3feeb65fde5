"""Pictures of retrofit plans: what they show is what the plan does in the scenario, and what they refuse."""

import json
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import quakeops
from quakeops import plots
from quakeops.errors import InputError, NoSolutionError

pytest.importorskip("matplotlib")

from matplotlib.colors import to_hex
from matplotlib.image import imread
from quakeops.plots.retrofit_map import ELEMENTS, LINKS, retrofit_figure
from quakeops.plots.retrofit_view import retrofit_view

ROWS = {"north": 1.0, "middle": 0.5, "south": 0.0}

SMALL = {
    "format": "quakeops/retrofit/1",
    "name": "river $5",
    "title": "Three rows of links from west to east, joined at both ends",
    "source": {"citation": "invented for the tests", "licence": "Apache-2.0"},
    "provenance": {"links": "synthetic"},
    "units": {"money": "kEUR"},
    "places": [
        {"name": f"{row} {side}", "latitude": y, "longitude": x} for row, y in ROWS.items() for side, x in (("west", 0), ("east", 2))
    ],
    "elements": [
        {"name": "N", "retrofit_cost": 2, "repair_cost": 100},
        {"name": "M", "retrofit_cost": 50, "repair_cost": 60, "latitude": 0.55, "longitude": 0.5},
        {"name": "S", "retrofit_cost": 500, "repair_cost": 70, "latitude": 0.1, "longitude": 0.2},
        {"name": "lost", "retrofit_cost": 1, "repair_cost": 1},
    ],
    "links": [
        {"name": "n", "ends": ["north west", "north east"], "time": 2, "element": "N", "one_way": True},
        {"name": "n back", "ends": ["north east", "north west"], "time": 2, "one_way": True},
        {"name": "m", "ends": ["middle west", "middle east"], "time": 2, "element": "M"},
        {"name": "s", "ends": ["south west", "south east"], "time": 2, "element": "S"},
        {"name": "west", "ends": ["north west", "south west"], "time": 1},
    ],
    "pairs": [
        {"name": "north", "origin": "north west", "destination": "north east", "path": ["n"]},
        {"name": "middle", "origin": "middle west", "destination": "middle east", "path": ["m"], "tolerance": 0.6},
    ],
    "scenarios": [
        {"name": "small", "rate": 0.1, "times": {"n": 4, "s": 3}},
        {"name": "large", "rate": 0.05, "times": {"n": None, "m": None, "s": None}},
        {"name": "other", "rate": 0.2, "times": {"m": 3, "west": 5}},
    ],
}
"""N is worth retrofitting (2 against 0.15 * 100), M is repaired in the large scenario (50 against 0.05 * 60), S never."""


def solved(tmp_path, ratio=1.0, **change):
    (tmp_path / "small.json").write_text(json.dumps(SMALL | change), encoding="utf-8")
    return quakeops.solve("retrofit", instance=str(tmp_path / "small.json"), rel_gap=1e-9, arguments={"ratio": ratio})


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return solved(tmp_path_factory.mktemp("instance"), ratio=2.0)


@pytest.fixture(scope="module")
def town():
    return quakeops.solve("retrofit")


def gids(figure, kind):
    found = figure.axes[0].get_children()
    return {a.get_gid().removeprefix(f"{kind} "): a for a in found if (a.get_gid() or "").startswith(f"{kind} ")}


def words(figure):
    return "\n".join(t.get_text() for t in [*figure.texts, *figure.axes[0].texts, *(t for g in figure.legends for t in g.get_texts())])


def test_by_hand(small):
    view = retrofit_view(small)
    assert (view.scenario, view.scenario_name, view.probability, view.ratio) == ("large", "scen2", 0.05, 2.0)
    assert (view.retrofitted, view.repaired, view.left) == ({"N"}, {"M"}, {"S"})
    assert (view.restored, view.closed, view.slowed) == ({"n", "m"}, {"s"}, set())
    assert (view.retrofit_cost, view.repair_cost) == (2, 60)
    assert view.expected_repair_cost == pytest.approx(0.05 * 60)
    assert small.objective == pytest.approx(2 + 2.0 * 0.05 * 60)
    other = retrofit_view(small, "other")
    assert (other.repaired, other.left, other.slowed, other.closed, other.restored) == (set(), {"M"}, {"m", "west"}, set(), set())
    quiet = retrofit_view(small, "scen0")
    assert (quiet.scenario, quiet.left, quiet.slowed, quiet.restored) == ("no earthquake", set(), set(), set())


def test_costs_average_to_the_objective(small):
    views = [retrofit_view(small, f"scen{k}") for k in range(small.num_scenarios)]
    mean = sum(v.probability * v.repair_cost for v in views)
    assert views[0].expected_repair_cost == pytest.approx(mean)
    assert small.objective == pytest.approx(views[0].retrofit_cost + 2.0 * mean)


def test_the_scenario_shown(tmp_path, small):
    """The one whose repairs cost most; the one with the most links damaged if nothing is repaired in any."""
    free = SMALL | {"pairs": [{"name": "back", "path": ["n back"]}]}
    assert retrofit_view(solved(tmp_path, **free)).scenario == "large"
    records = [*SMALL["scenarios"][:1], SMALL["scenarios"][1] | {"times": {"m": None}}]
    cheap = solved(tmp_path, scenarios=records)
    assert retrofit_view(cheap).scenario == "large"


def test_marks(small):
    figure = retrofit_figure(retrofit_view(small))
    for state, names in {"retrofitted": {"N"}, "repaired": {"M"}, "left": {"S"}, "sound": set()}.items():
        marks = gids(figure, state)
        assert set(marks) == names
        assert all(
            m.get_marker() == ELEMENTS[state]["marker"] and m.get_markerfacecolor() == ELEMENTS[state]["mfc"] for m in marks.values()
        )
    for state, names in {"restored": {"n", "m"}, "closed": {"s"}, "slowed": set(), "link": {"n back", "west"}}.items():
        lines = gids(figure, state)
        assert set(lines) == names and all(to_hex(line.get_color()) == LINKS[state]["color"] for line in lines.values())
    assert gids(figure, "closed")["s"].get_linestyle() == "--" and gids(figure, "restored")["n"].get_linestyle() == "-"
    assert set(gids(retrofit_figure(retrofit_view(small, "other")), "slowed")) == {"m", "west"}


def test_places_of_marks(small):
    """N has no coordinates of its own and stands in the middle of its link; opposite one-way links lie apart, each on its right."""
    figure = retrofit_figure(retrofit_view(small))
    at = {e: gids(figure, state)[e].get_xydata()[0].tolist() for state, e in (("retrofitted", "N"), ("repaired", "M"), ("left", "S"))}
    assert at == {"N": [1.0, 1.0], "M": [0.5, 0.55], "S": [0.2, 0.1]}
    east, back, middle = gids(figure, "restored")["n"], gids(figure, "link")["n back"], gids(figure, "restored")["m"]
    y = {name: line.get_transform().transform(line.get_xydata())[:, 1] for name, line in (("n", east), ("back", back), ("m", middle))}
    on_line = figure.axes[0].transData.transform([(0, 1.0), (0, 0.5)])[:, 1]
    apart = 1.3 / 72 * figure.dpi
    assert y["n"] == pytest.approx(on_line[0] - apart) and y["back"] == pytest.approx(on_line[0] + apart)
    assert y["m"] == pytest.approx(on_line[1])


def test_words(small):
    text = words(retrofit_figure(retrofit_view(small)))
    for part in (
        r"river \$5: retrofits, and repairs in scenario “large” (scen2)",
        "1 retrofit for 2 kEUR",
        "expected repair cost 3 kEUR, ratio 2",
        "each pair in time on its own path",
        "; ef, highs)",
        "in this scenario 1 repair for 60 kEUR (probability 0.05)",
        "element retrofitted before (1)",
        "element damaged and left (1)",
        "link restored: retrofitted or repaired (2)",
        "not on the map: 1 without coordinates",
    ):
        assert part in text
    assert "slowed" not in text
    assert "in this scenario nothing is repaired" in words(retrofit_figure(retrofit_view(small, "other")))


def test_grid_town(town):
    """Costs add up to the objective, and the picture is legible."""
    shown = retrofit_view(town)
    assert shown.retrofit_cost + shown.expected_repair_cost == pytest.approx(town.objective)
    assert shown.left and shown.repaired and shown.retrofitted and shown.closed and shown.slowed
    assert shown.repair_cost > retrofit_view(town, "scen2").repair_cost > 0
    figure = retrofit_figure(shown)
    figure.canvas.draw()
    axes = figure.axes[0]
    boxes = [t.get_window_extent() for t in axes.texts]
    assert len(boxes) == len(shown.retrofitted | shown.repaired | shown.left)
    assert all(axes.get_window_extent().contains(*corner) for b in boxes for corner in (b.min, b.max))
    assert not [(a, b) for a, b in combinations(boxes, 2) if a.overlaps(b)]
    outside = [t.get_window_extent() for t in figure.texts] + [g.get_window_extent() for g in figure.legends]
    assert not [(a, b) for a, b in combinations(outside, 2) if a.overlaps(b)]
    assert not [b for b in outside if b.overlaps(axes.get_window_extent())]
    width = np.ptp([p.longitude for p in shown.instance.places]) / np.ptp(axes.get_xlim())
    assert width > 0.7


def test_many_elements_are_drawn_smaller_and_listed_in_part():
    result = quakeops.solve("retrofit", instance="retrofit-random", scenarios=20)
    view = retrofit_view(result)
    assert len(view.retrofitted) > 10
    assert f"and {len(view.retrofitted) - 10} more" in words(retrofit_figure(view))
    extended = [*view.instance.elements, *(e.model_copy(update={"name": f"{e.name} {k}"}) for e in view.instance.elements for k in "ab")]
    crowded = retrofit_figure(replace(view, instance=view.instance.model_copy(update={"elements": extended})))
    (name,) = list(view.repaired)[:1]
    assert gids(crowded, "repaired")[name].get_markersize() == pytest.approx(0.6 * ELEMENTS["repaired"]["markersize"])


def test_shortest_paths(tmp_path):
    (tmp_path / "small.json").write_text(json.dumps(SMALL), encoding="utf-8")
    arguments = {"requirement": "shortest"}
    result = quakeops.solve("retrofit", instance=str(tmp_path / "small.json"), method="benders", rel_gap=1e-9, arguments=arguments)
    view = retrofit_view(result)
    assert (view.scenario, view.repaired) == ("large", {"M"})
    assert "each pair in time on its shortest path (" in words(retrofit_figure(view))


def test_command_line(run, small, tmp_path):
    small.save(tmp_path / "r.json")
    done = run("plot", "r.json", "--scenario", "small", "--out", "r.png")
    assert (done.code, done.out.split()) == (0, ["written", "to", "r.png"])
    inked = (imread(tmp_path / "r.png")[..., :3] < 0.9).any(axis=2)
    assert 0.005 < inked.mean() < 0.5


def test_no_places_no_map(tmp_path):
    links = [{k: v for k, v in link.items() if k != "ends"} for link in SMALL["links"]]
    with pytest.raises(InputError, match=r"instance 'river \$5' has no map to draw a plan on: its links have no field 'ends'"):
        plots.draw(solved(tmp_path, links=links), "plan", tmp_path / "o.png")


@pytest.mark.parametrize(
    ("change", "kind", "scenario", "message"),
    [
        ({}, "plan", "larg", "unknown scenario 'larg'; did you mean 'large'.*scen0 to scen3"),
        ({}, "demand", None, "'retrofit' has no demand that may be missed"),
        ({"first_stage": {}}, "plan", None, "'first_stage': .* is missing"),
        ({"objective": None}, "plan", None, "there is no plan to draw"),
    ],
)
def test_refused(small, tmp_path, change, kind, scenario, message):
    with pytest.raises(InputError, match=message):
        plots.draw(replace(small, **change), kind, tmp_path / "o.png", scenario=scenario)
    assert not list(tmp_path.iterdir())


def test_a_plan_without_recourse(tmp_path):
    """One crew, two repairs needed: only the retrofit of N makes the plan feasible."""
    result = solved(tmp_path, crews=1)
    with pytest.raises(NoSolutionError, match="no recourse in scenario 'scen2'"):
        retrofit_view(replace(result, first_stage=dict.fromkeys(result.first_stage, 0.0)))
