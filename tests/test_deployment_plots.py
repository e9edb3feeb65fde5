"""Pictures of deployment plans: what they show is what the plan does in the scenario, and what they refuse."""

import json
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import quakeops
from quakeops import plots
from quakeops.decomposition.program import from_provenance
from quakeops.errors import InputError
from quakeops.instances import load
from quakeops.models.deployment import violations

pytest.importorskip("matplotlib")

from matplotlib.image import imread
from quakeops.plots import map_marks
from quakeops.plots.demand_by_zone import demand_figure
from quakeops.plots.demand_view import demand_view
from quakeops.plots.deployment_map import deployment_figure
from quakeops.plots.deployment_view import deployment_view

FORMS = {
    "joint": {},
    "each": {"joint": False},
    "now": {"send": "now"},
    "now each": {"send": "now", "joint": False},
    "cvar": {"rule": "cvar"},
    "cvar now each": {"rule": "cvar", "send": "now", "joint": False},
}


@pytest.fixture(scope="module")
def valleys():
    return {name: quakeops.solve("deployment", instance="three-valleys", rel_gap=1e-9, arguments=form) for name, form in FORMS.items()}


@pytest.fixture(scope="module")
def random():
    return quakeops.solve("deployment", scenarios=30, method="benders", rel_gap=0.02)


def marks(figure, kind):
    """Return the artists of the first axes by what their gid says after ``kind``."""
    found = figure.axes[0].get_children()
    return {a.get_gid().removeprefix(f"{kind} "): a for a in found if (a.get_gid() or "").startswith(f"{kind} ")}


def words(figure):
    legends = [*figure.legends, *(a.get_legend() for a in figure.axes if a.get_legend())]
    texts = [*figure.texts, *(t for a in figure.axes for t in [*a.texts, *a.get_xticklabels()])]
    return "\n".join(t.get_text() for t in [*texts, *(t for g in legends for t in g.get_texts())])


# -- the map


def test_by_hand(valleys):
    """M6.2 middle: the railyard's three vehicles, 3 x 12 h x 8, carry 35 to Madrel, 15 to Quinta and 73.3 to Lussara, in 1, 2.2 and 3 h a trip."""
    view = deployment_view(valleys["joint"], "M6.2 middle")
    lussara = (3 * 12 * 8 - 35 * 1.0 - 15 * 2.2) / 3.0
    expected = {
        **{("railyard", "Madrel"): 35, ("railyard", "Quinta"): 15, ("railyard", "Lussara"): lussara},
        **{("barracks", "Orvana"): 30, ("barracks", "Telmo"): 15, ("barracks", "Lussara"): 120 - lussara},
    }
    assert view.sent == pytest.approx(expected)
    assert view.ready == pytest.approx({"barracks": 130, "railyard": 150}) and view.vehicles == {"barracks": 3, "railyard": 3}
    assert view.vehicles_used("railyard") == pytest.approx(3)
    assert (view.missing, view.given_up, view.probability) == ({}, frozenset(), 0.07)
    fixed = 2500 + 4000 + 60 * 130 + 50 * 150 + 6 * 900
    assert view.cost == pytest.approx(fixed + 5 * 35 + 10 * 15 + 14 * lussara + 4 * 30 + 8 * 15 + 15 * (120 - lussara))


def test_the_scenario_shown(valleys):
    """By default the largest demand of what is not given up; M7.1 basin where nothing can be."""
    assert deployment_view(valleys["joint"]).scenario == "M6.2 middle"
    assert deployment_view(valleys["now each"]).scenario == "M7.1 basin"
    assert deployment_view(valleys["joint"], "scen8").scenario == "M6.8 west"
    quiet = deployment_view(valleys["joint"], "quiet")
    assert (quiet.sent, quiet.demand, quiet.missing) == ({}, {}, {})
    deployment_figure(quiet)


@pytest.mark.parametrize("form", FORMS)
def test_costs_average_to_the_objective(valleys, form):
    result = valleys[form]
    views = [deployment_view(result, f"scen{k}") for k in range(result.num_scenarios)]
    assert sum(v.probability * v.cost for v in views) == pytest.approx(result.objective)
    for view in views:
        for depot in view.ready:
            assert view.sent_from(depot) <= view.ready[depot] + 1e-6
            assert view.vehicles_used(depot) <= view.vehicles[depot] + 1e-6


def test_given_up_zones_are_hollow_and_missing_ones_ringed(valleys):
    view = deployment_view(valleys["each"], "M6.7 east")
    assert view.given_up == {"Madrel"} and set(view.missing) == {"Madrel"}
    figure = deployment_figure(view)
    dots, rings = marks(figure, "demand"), marks(figure, "missing")
    assert set(dots) == {"Orvana", "Telmo", "Lussara", "Madrel", "Quinta"} and set(rings) == {"Madrel"}
    assert {zone for zone, dot in dots.items() if dot.get_facecolor() == (1, 1, 1, 1)} == {"Madrel"}
    share = view.missing["Madrel"] / 150
    assert rings["Madrel"].radius - dots["Madrel"].radius == pytest.approx(2 + map_marks.RING * share)
    assert f"{100 * share:.0f} % missing" in words(figure) and "given up:\nnothing is required" in words(figure)
    assert "scenario “M7.1 basin”, given up" in words(deployment_figure(deployment_view(valleys["joint"], "M7.1 basin")))


def test_marks_are_in_proportion(valleys):
    view = deployment_view(valleys["joint"])
    figure = deployment_figure(view)
    arrows = marks(figure, "sent")
    assert set(arrows) == {f"{j} -> {i}" for j, i in view.sent}
    largest = max(view.sent.values())
    for (j, i), units in view.sent.items():
        width = arrows[f"{j} -> {i}"].get_arrowstyle().tail_width
        assert width == pytest.approx(max(map_marks.THINNEST, map_marks.WIDEST * units / largest))
    depots, ready = marks(figure, "depot"), marks(figure, "ready")
    assert (depots["airfield"].radius / depots["railyard"].radius) ** 2 == pytest.approx(350 / 280)
    assert {j: (w.theta2 - w.theta1) / 360 for j, w in ready.items()} == pytest.approx({"barracks": 130 / 200, "railyard": 150 / 280})
    dashed = {name for name, line in marks(figure, "route").items() if line.get_linestyle() == "--"}
    assert dashed == {"barracks -> Madrel", "airfield -> Quinta", "railyard -> Orvana"}
    bars = {p.get_gid(): p.get_width() for p in figure.axes[1].patches if p.get_gid()}
    assert bars["bar railyard: ready"] == pytest.approx(150) and bars["bar railyard: sent"] == pytest.approx(view.sent_from("railyard"))
    text = words(figure)
    for part in (
        "three-valleys: plan, and what is sent in scenario “M6.2 middle”",
        "all zones together, with probability 0.9",
        f"expected cost {valleys['joint'].objective:,.0f} EUR",
        "airfield\nnot opened",
        "route that takes too long",
        "150 of 280 pallets ready, 123 sent\n3 of 5 vehicles, 3 needed",
    ):
        assert part in text


def test_labels_are_legible(valleys, random):
    for view in (deployment_view(valleys["joint"]), deployment_view(valleys["joint"], "M7.1 basin"), deployment_view(random)):
        figure = deployment_figure(view)
        figure.canvas.draw()
        axes = figure.axes[0]
        boxes = [t.get_window_extent() for t in axes.texts]
        assert len(boxes) == len(view.instance.depots) + len(view.instance.zones)
        assert all(axes.get_window_extent().contains(*corner) for b in boxes for corner in (b.min, b.max))
        assert not [(a, b) for a, b in combinations(boxes, 2) if a.overlaps(b)]
        assert figure.legends[0].get_window_extent().y0 > figure.axes[1].title.get_window_extent().y1


def test_odd_names(tmp_path):
    """Names that Pyomo quotes and in which matplotlib would read mathematics."""
    data = json.dumps(load("three-valleys").model_dump(mode="json")).replace("barracks", "St. Ann, $1 [x] $").replace("Orvana", "a 'b' * c")
    (tmp_path / "odd.json").write_text(data, encoding="utf-8")
    result = quakeops.solve("deployment", instance=str(tmp_path / "odd.json"), rel_gap=1e-9)
    assert deployment_view(result).ready == pytest.approx({"St. Ann, $1 [x] $": 130, "railyard": 150})
    for kind in ("plan", "demand"):
        plots.draw(result, kind, tmp_path / "out.png")


# -- demand by zone


@pytest.mark.parametrize("form", FORMS)
def test_missed_as_the_model_counts(valleys, form):
    """The recourse shown agrees with the model's own count: never fewer misses, since cost and not their number is least."""
    result, view = valleys[form], demand_view(valleys[form])
    kwargs = {k: v for k, v in from_provenance(result.provenance).kwargs.items() if k != "source"}
    source = from_provenance(result.provenance).kwargs["source"]
    counted = violations(source, dict(result.first_stage), 0, source.num_scenarios, **kwargs)
    if view.joint:
        assert (view.missed.any(axis=1) >= counted["all"]).all()
        assert view.joint_risk <= 0.1 + 1e-9
    else:
        assert (view.risk <= 0.1 + 1e-9).all()
        assert view.missed.sum() >= sum(v.sum() for v in counted.values())
    for k in range(source.num_scenarios):
        one = deployment_view(result, f"scen{k}")
        arriving = [sum(u for (_, zone), u in one.sent.items() if zone == z.name) for z in source.instance.zones]
        if view.fixed:
            assert view.arriving[k] == pytest.approx(arriving)
        else:
            assert {z.name for z, m in zip(source.instance.zones, view.missed[k], strict=True) if m} == set(one.missing)


def test_demand_marks(valleys):
    view = demand_view(valleys["now each"])
    figure = demand_figure(view)
    assert view.quantile.tolist() == [80, 50, 60, 90, 60]
    for zone, q, n_missed in (("Madrel", 90, 2), ("Orvana", 80, 2), ("Lussara", 60, 3)):
        for what in ("quantile", "supply"):
            (segment,) = marks(figure, what)[zone].get_segments()
            assert segment[:, 1] == pytest.approx([q, q])
        assert len(marks(figure, "missed")[zone].get_offsets()) == n_missed == len(marks(figure, "lacking")[zone].get_segments())
    met = marks(figure, "met")["Madrel"].get_offsets()
    assert sorted(met[:, 1]) == [5, 10, 20, 35, 45, 70, 90]
    text = words(figure)
    assert "Lussara\nmissed 10 %" in text and "Madrel\nmissed 5 %" in text
    assert "each zone for itself, with probability 0.9" in text and "what is sent" in text
    assert "some zone is missed with probability 17 %" in text


def test_joint_demand_says_what_is_allowed(valleys, random):
    figure = demand_figure(demand_view(valleys["joint"]))
    assert "some zone is missed with probability 10 % of 10 % allowed" in words(figure)
    assert not marks(figure, "supply")
    wide = demand_view(random)
    assert wide.demand.shape == (30, 20) and wide.joint_risk <= 0.05
    demand_figure(wide)


def test_quantiles_of_zones_with_their_own_epsilon(tmp_path):
    data = load("three-valleys").model_dump(mode="json")
    data["zones"][3]["epsilon"] = 0.02
    (tmp_path / "own.json").write_text(json.dumps(data), encoding="utf-8")
    own = quakeops.solve("deployment", instance=str(tmp_path / "own.json"), rel_gap=1e-9, arguments={"joint": False})
    view = demand_view(own)
    assert view.quantile.tolist() == [80, 50, 60, 150, 60] and view.epsilon.tolist() == [0.1, 0.1, 0.1, 0.02, 0.1]
    assert view.form == "each zone for itself, with their probabilities" and view.risk[3] <= 0.02
    assert "1 - the zone's epsilon" in words(demand_figure(view))


# -- files and the command line


@pytest.mark.parametrize("kind", ["plan", "demand", "convergence"])
def test_command_line(run, valleys, tmp_path, kind):
    valleys["joint"].save(tmp_path / "plan.json")
    done = run("plot", "plan.json", "--kind", kind)
    assert (done.code, done.out.split()) == (0, ["written", "to", f"plan-{kind}.png"])
    inked = (imread(tmp_path / f"plan-{kind}.png")[..., :3] < 0.9).any(axis=2)
    assert 0.005 < inked.mean() < 0.5


@pytest.mark.parametrize(
    ("change", "kind", "scenario", "message"),
    [
        ({}, "plan", "M6.2 midle", "unknown scenario 'M6.2 midle'; did you mean 'M6.2 middle'.*scen0 to scen10"),
        ({}, "demand", "quiet", "--scenario quiet: goes with kind plan, not with demand"),
        ({}, "supply", None, "unknown kind of picture 'supply'; known: plan, convergence, demand"),
        ({"objective": None}, "demand", None, "there is no plan to draw"),
        ({"first_stage": {}}, "plan", None, "'first_stage': .* is missing"),
        ({"first_stage": {}}, "demand", None, "'first_stage': .* is missing"),
        ({"provenance": {}}, "demand", None, r"'provenance\.recipe' is missing"),
        (
            {"provenance": {"recipe": {"model": "prepositioning"}}},
            "demand",
            None,
            "'prepositioning' has no demand that may be missed; with one: deployment",
        ),
        ({"provenance": {"recipe": {"smps": "x"}}}, "plan", None, "smps 'x' has no map.*prepositioning, deployment"),
    ],
)
def test_refused(valleys, tmp_path, change, kind, scenario, message):
    with pytest.raises(InputError, match=message):
        plots.draw(replace(valleys["joint"], **change), kind, tmp_path / "o.png", scenario=scenario)
    assert not list(tmp_path.iterdir())


def test_other_methods(valleys):
    """The plan of Benders is the same picture's plan; its owned variables have the same names."""
    benders = quakeops.solve("deployment", instance="three-valleys", method="benders", rel_gap=1e-9)
    one, other = deployment_view(valleys["joint"]), deployment_view(benders)
    assert other.sent == pytest.approx(one.sent) and np.allclose(demand_view(benders).arriving, demand_view(valleys["joint"]).arriving)
