"""Pictures of plans and of convergence: the data they show, what they refuse, and files that are whole or absent."""

import json
import math
import subprocess
import sys
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import quakeops
from quakeops import plots
from quakeops.decomposition.matrices import compile_program
from quakeops.decomposition.program import from_model
from quakeops.errors import InputError
from quakeops.result import Result, Status, TracePoint

pytest.importorskip("matplotlib")

from matplotlib.image import imread
from quakeops.plots import convergence, map_marks
from quakeops.plots.plan_map import plan_figure
from quakeops.plots.plan_view import plan_view

ODD = "St. Ann, $1 [x] $"  # Pyomo quotes it, matplotlib would read mathematics in it
STAR = {
    "format": "quakeops/prepositioning/1",
    "name": "star",
    "title": "One depot, two towns",
    "source": {"citation": "test", "licence": "CC0-1.0"},
    "provenance": {},
    "units": {"money": "$", "distance": "km", "volume": "m3"},
    "sizes": [{"name": "hall", "fixed_cost": 1.0, "capacity": 330.0}],
    "commodities": [
        {"name": n, "unit": n, "volume": v, "price": 1.0, "transport_cost": 0.01, "holding_cost": 0.0, "shortage_penalty": 1e4}
        for n, v in (("water", 2.0), ("kits", 1.0))
    ],
    "nodes": [
        {"name": ODD, "latitude": 38.0, "longitude": 23.0},
        {"name": "B", "latitude": 38.5, "longitude": 23.5, "candidate": False},
        {"name": "C", "latitude": 37.5, "longitude": 23.6, "candidate": False},
    ],
    "links": [{"ends": [ODD, "B"], "length": 70.0}, {"ends": [ODD, "C"], "length": 76.0}],
    "scenarios": [
        {"name": "calm", "probability": 0.5, "demand": {"B": {"water": 100, "kits": 50}, "C": {"water": 40}}},
        {
            "name": "bridge lost",
            "probability": 0.5,
            "demand": {"B": {"water": 100}, "C": {"water": 10, "kits": 10}},
            "link_capacity_factor": {f"{ODD} -- C": 0},
        },
    ],
}


@pytest.fixture(scope="module")
def islands():
    return quakeops.solve("prepositioning", instance="islands-3")


@pytest.fixture(scope="module")
def star(tmp_path_factory):
    file = tmp_path_factory.mktemp("star") / "star.json"
    file.write_text(json.dumps(STAR), encoding="utf-8")
    return quakeops.solve("prepositioning", instance=str(file))


@pytest.fixture(scope="module")
def gulf():
    """Return a plan for gulf-coast-51 with two large depots, one at a node whose name Pyomo quotes; nothing is optimised."""
    program = from_model("prepositioning", instance="gulf-coast-51")
    names = compile_program(program, scenarios=[0]).first.names
    stock = {"water": 4000.0, "food": 1500.0, "medical kits": 2000.0}
    plan = dict.fromkeys(names, 0.0)
    for name in names:
        for node in ("Columbia", "Int. I10 & I75"):
            if name.startswith(("open", "stock")) and node in name:
                key = name.rpartition(",")[2].strip("']")
                plan[name] = stock.get(key, float(key == "large"))
    return Result(
        status=Status.FEASIBLE,
        method="ef",
        solver="highs",
        model="prepositioning",
        instance="gulf-coast-51",
        objective=9e7,
        first_stage=plan,
        provenance={"recipe": dict(program.recipe), "instance_hash": program.instance_hash},
    )


def run(points, **fields):
    """Return a result with the trace ``points`` of (time, bound, objective), the last of them final."""
    trace = tuple(TracePoint(time_s=t, bound=b, objective=o) for t, b, o in points)
    known = {"bound": trace[-1].bound, "objective": trace[-1].objective} if trace else {}
    base = {"status": Status.FEASIBLE, "method": "ph", "solver": "highs", "model": "m", "instance": "i", "num_scenarios": 3}
    return Result(**(base | known | {"trace": trace} | fields))


def marks(figure, kind):
    """Return the artists of the map by what their gid says after ``kind``."""
    found = figure.axes[0].get_children()
    return {a.get_gid().removeprefix(f"{kind} "): a for a in found if (a.get_gid() or "").startswith(f"{kind} ")}


def lines(axes):
    return {line.get_gid(): line for line in axes.get_lines() if line.get_gid()}


def words(figure):
    legends = [*figure.legends, *(a.get_legend() for a in figure.axes if a.get_legend())]
    texts = [*figure.texts, *(t for a in figure.axes for t in [*a.texts, a.xaxis.label, a.yaxis.label])]
    return "\n".join(t.get_text() for t in [*texts, *(t for g in legends for t in g.get_texts())])


# -- files


@pytest.mark.parametrize(("kind", "shape"), [("plan", (1110, 1875)), ("convergence", (960, 1380))])
def test_a_picture_is_written(islands, tmp_path, kind, shape):
    plots.draw(islands, kind, tmp_path / "out.png")
    picture = imread(tmp_path / "out.png")
    assert picture.shape[:2] == shape
    inked = (picture[..., :3] < 0.9).any(axis=2)
    assert 0.005 < inked.mean() < 0.5
    assert [p.name for p in tmp_path.iterdir()] == ["out.png"]


@pytest.mark.parametrize(("ending", "start"), [(".svg", b"<?xml"), (".PDF", b"%PDF")])
def test_vector_formats(islands, tmp_path, ending, start):
    target = tmp_path / f"out{ending}"
    plots.draw(islands, "plan", str(target))
    assert target.read_bytes().startswith(start)


def test_same_result_same_picture(islands, tmp_path):
    for name in ("a.png", "b.png"):
        plots.draw(islands, "plan", tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_nothing_half_written(islands, tmp_path, monkeypatch):
    def fail(self, path, **_):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", fail)
    target = tmp_path / "out.png"
    target.write_bytes(b"before")
    with pytest.raises(InputError, match=r"out\.png: cannot be written: No space left"):
        plots.draw(islands, "convergence", target)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("out.png", b"before")]


def test_import_is_lazy_and_leaves_no_pyplot_figure(tmp_path):
    code = f"""
import sys, quakeops.plots as plots
from quakeops.result import Result, Status, TracePoint
assert "matplotlib" not in sys.modules
result = Result(status=Status.FEASIBLE, method="ph", solver="highs", trace=(TracePoint(time_s=1.0, bound=1.0, objective=2.0),))
plots.draw(result, "convergence", {str(tmp_path / "out.png")!r})
pyplot = sys.modules.get("matplotlib.pyplot")  # some releases import it themselves
assert "matplotlib" in sys.modules and (pyplot is None or not pyplot.get_fignums())
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
    assert (tmp_path / "out.png").stat().st_size > 5000


def test_without_matplotlib(islands, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(InputError, match=r"pip install 'quakeops\[plot\]'"):
        plots.draw(islands, "plan", tmp_path / "out.png")
    with pytest.raises(InputError, match="matplotlib is not installed"):
        plots.compare([islands], tmp_path / "out.png")
    assert not list(tmp_path.iterdir())


# -- what is refused


@pytest.mark.parametrize(
    ("change", "kind", "target", "scenario", "message"),
    [
        ({}, "plann", "o.png", None, "unknown kind of picture 'plann'; did you mean 'plan'.*known: plan, convergence"),
        ({}, "plan", "o.jpg", None, r"file ending '\.jpg' is unknown; known: \.png, \.svg, \.pdf"),
        ({}, "plan", "out", None, r"file ending '\(none\)'"),
        ({}, "plan", "missing/o.png", None, "folder '.*missing' does not exist"),
        ({}, "plan", "o.png", "M6.0 Talera", "unknown scenario 'M6.0 Talera'; did you mean 'M6.0 Thalera'.*scen0 to scen5"),
        ({}, "convergence", "o.png", "scen0", "--scenario scen0: goes with kind plan"),
        ({"objective": None, "status": Status.INFEASIBLE}, "plan", "o.png", None, r"status infeasible\): there is no plan"),
        ({"first_stage": {}}, "plan", "o.png", None, "'first_stage': .* is missing"),
        ({"provenance": {}}, "plan", "o.png", None, r"'provenance\.recipe' is missing"),
        ({"provenance": {"recipe": {"module": "farmer"}}}, "plan", "o.png", None, "module 'farmer' has no map.*prepositioning"),
        ({"provenance": {"recipe": {"model": "newsvendor"}}}, "plan", "o.png", None, "model 'newsvendor' has no map"),
        ({"trace": ()}, "convergence", "o.png", None, "field 'trace' is empty"),
        ({"trace": (TracePoint(time_s=1.0),)}, "convergence", "o.png", None, "neither a bound nor an incumbent"),
    ],
)
def test_refused(islands, tmp_path, change, kind, target, scenario, message):
    with pytest.raises(InputError, match=message):
        plots.draw(replace(islands, **change), kind, tmp_path / target, scenario=scenario)
    assert not list(tmp_path.iterdir())


def test_an_instance_changed_since_the_solve_is_refused(islands):
    changed = replace(islands, provenance=islands.provenance | {"instance_hash": "0"})
    with pytest.raises(InputError, match="has changed since the plan was computed"):
        plan_view(changed)


def test_an_ambiguous_label_is_refused(tmp_path):
    scenarios = [s | {"name": n} for s, n in zip(STAR["scenarios"], ("same", "other"), strict=True)]
    file = tmp_path / "star.json"
    file.write_text(json.dumps(STAR | {"scenarios": scenarios}), encoding="utf-8")
    result = quakeops.solve("prepositioning", instance=str(file))
    from quakeops.plots.scenario_choice import find_scenario
    from quakeops.scenario_gen.sources import ResampledSource, open_source

    source = ResampledSource(open_source(str(file)), 6, 0)
    with pytest.raises(InputError, match="'same' is the label of scen"):
        find_scenario(source, "same")
    assert find_scenario(source, "scen4") == 4
    assert plan_view(result, "other").scenario == plan_view(result, "scen1").scenario == "other"


# -- the data of a plan


def test_expected_cost_is_the_mean_of_the_costs_shown(islands):
    views = [plan_view(islands, f"scen{k}") for k in range(islands.num_scenarios)]
    assert math.fsum(v.probability * v.cost for v in views) == pytest.approx(islands.objective, rel=1e-9)


def test_newsvendor_closed_form():
    result = quakeops.solve("prepositioning", instance="newsvendor", rel_gap=1e-9)
    most = plan_view(result)
    assert most.scenario == "demand 300"
    assert most.unmet == pytest.approx({"town": 1 - 180 / 300})
    assert most.stock["town"] == pytest.approx({"tents": 180})
    assert not plan_view(result, "demand 180").unmet


def test_star_by_hand(star):
    """All demand of ``calm`` fits the hall: 100 x 2 + 50 x 1 volume to B, 40 x 2 to C; without the bridge C gets nothing."""
    calm, lost = plan_view(star), plan_view(star, "bridge lost")
    assert calm.scenario == "calm"
    assert calm.flows == pytest.approx({(ODD, "B"): 250.0, (ODD, "C"): 80.0})
    assert (calm.unmet, calm.broken, calm.sizes) == ({}, (), {ODD: "hall"})
    assert calm.demand == pytest.approx({"B": 250.0, "C": 80.0})
    assert calm.stocked_volume(ODD) == pytest.approx(330.0)
    assert lost.flows == pytest.approx({(ODD, "B"): 200.0})
    assert lost.unmet == pytest.approx({"C": 1.0})
    assert lost.broken == ((ODD, "C"),)


# -- the marks of a plan


def test_arrows_are_as_wide_as_their_volumes(star):
    view = plan_view(star)
    arrows = marks(plan_figure(view), "flow")
    assert set(arrows) == {f"{ODD} -> B", f"{ODD} -> C"}
    widths = {name.rpartition(" ")[2]: arrow.get_arrowstyle().tail_width for name, arrow in arrows.items()}
    assert widths == pytest.approx({"B": map_marks.WIDEST, "C": map_marks.WIDEST * 80 / 250})


def test_rings_mark_unmet_demand(islands):
    for k in range(islands.num_scenarios):
        view = plan_view(islands, f"scen{k}")
        rings = marks(plan_figure(view), "unmet")
        assert set(rings) == set(view.unmet)
        for node, ring in rings.items():
            extra = ring.radius - map_marks.marker_radius(view, node) - 2
            assert extra == pytest.approx(map_marks.RING * view.unmet[node])


def test_depots_show_capacity_and_stock(islands):
    view = plan_view(islands)
    figure = plan_figure(view)
    depots, wedges = marks(figure, "depot"), marks(figure, "stock")
    assert set(depots) == set(view.sizes) == {"Thalera", "Korvia", "Melaki"}
    assert (depots["Melaki"].radius / depots["Korvia"].radius) ** 2 == pytest.approx(500 / 200)
    filled = {node: sum(w.theta2 - w.theta1 for n, w in wedges.items() if n.startswith(f"{node}:")) / 360 for node in depots}
    assert filled == pytest.approx({node: view.stocked_volume(node) / view.capacity(node) for node in depots})
    bars = {p.get_gid(): p.get_width() for p in figure.axes[1].patches if p.get_gid()}
    assert bars["bar Melaki: tents"] == pytest.approx(0.5 * view.stock["Melaki"]["tents"])


def test_broken_links_are_dashed(star):
    links = marks(plan_figure(plan_view(star, "bridge lost")), "link")
    assert [link.get_linestyle() for link in links.values()] == ["-", "--"]
    assert links[f"{ODD} -- C"].get_color() == map_marks.BROKEN


def test_the_map_keeps_its_proportions(star):
    """A kilometre is as long to the east as to the north, and every node lies inside."""
    figure = plan_figure(plan_view(star))
    figure.canvas.draw()
    axes = figure.axes[0]
    east, north = (
        np.diff(axes.transData.transform([(23, 38), (24, 38)]), axis=0)[0, 0],
        np.diff(axes.transData.transform([(23, 37), (23, 38)]), axis=0)[0, 1],
    )
    assert east / north == pytest.approx(math.cos(math.radians(38.0)), rel=1e-6)
    for node in STAR["nodes"]:
        assert axes.viewLim.contains(node["longitude"], node["latitude"])


def test_words_name_units_scenario_and_cost(star):
    text = words(plan_figure(plan_view(star, "bridge lost"))).replace("\\$", "$")
    assert "star: plan, and flows in scenario “bridge lost”" in text
    assert "probability 0.5" in text
    assert f"expected cost {star.objective:,.0f} $" in text
    assert "flow of 200 m³" in text
    assert "water (1 water = 2 m³)" in text
    assert "link broken in this scenario" in text
    assert f"{ODD}, hall" in text
    assert "C\n100 % unmet" in text


@pytest.mark.parametrize("scenario", [None, "s43 Katrina + Alicia", "s33 Fran + Andrew", "s51 no hurricane"])
def test_labels_are_legible(gulf, scenario):
    """Depots and demand nodes have labels, inside the map, none over another, none over the middle of a depot."""
    view = plan_view(gulf, scenario)
    figure = plan_figure(view)
    figure.canvas.draw()
    axes = figure.axes[0]
    assert {t.get_text().split("\n")[0] for t in axes.texts} == {*view.sizes, *view.demand}
    boxes = [t.get_window_extent() for t in axes.texts]
    frame = axes.get_window_extent()
    assert all(frame.contains(*corner) for b in boxes for corner in (b.min, b.max))
    assert not [(a, b) for a, b in combinations(boxes, 2) if a.overlaps(b)]
    places = [axes.transData.transform((n.longitude, n.latitude)) for n in view.instance.nodes if n.name in view.sizes]
    assert not [(b, p) for b in boxes for p in places if b.contains(*p)]
    legend = figure.legends[0].get_window_extent()
    assert legend.y0 > figure.axes[1].title.get_window_extent().y1
    assert legend.x0 > frame.x1


# -- convergence


def test_bound_and_incumbent_from_their_first_values_to_the_end():
    result = run([(0.5, None, None), (1.0, 80.0, None), (2.0, 90.0, 120.0), (3.0, 90.0, 100.0)], timing={"total": 5.0})
    figure = convergence.convergence_figure(result)
    upper, lower = lines(figure.axes[0]), lines(figure.axes[1])
    assert upper["bound"].get_xdata().tolist() == [1.0, 2.0, 3.0, 5.0]
    assert upper["bound"].get_ydata().tolist() == [80.0, 90.0, 90.0, 90.0]
    np.testing.assert_array_equal(upper["incumbent"].get_ydata(), [np.nan, 120.0, 100.0, 100.0])
    np.testing.assert_allclose(lower["gap"].get_ydata(), [np.nan, 25.0, 10.0, 10.0])
    assert all(line.get_drawstyle() == "steps-post" for line in [*upper.values(), *lower.values()])
    assert lower["gap"].axes.get_yscale() == "log"
    assert {"final gap 10 %", "lower bound", "relative gap (%)", "time since the start (s)"} <= {p for p in _parts(words(figure))}


def _parts(text):
    return {part.strip() for line in text.split("\n") for part in line.split(":")}


def test_a_maximisation_has_its_bound_above():
    figure = convergence.convergence_figure(run([(1.0, 140.0, 100.0), (2.0, 110.0, 105.0)], sense="maximize"))
    assert "upper bound" in words(figure)
    shown = lines(figure.axes[0])
    assert (shown["bound"].get_ydata() > shown["incumbent"].get_ydata()).all()


def test_a_single_point_and_no_gap_at_all():
    figure = convergence.convergence_figure(run([(0.3, 7.0, 7.0)], provenance={"options": {"rel_gap": 1e-3}}))
    figure.canvas.draw()
    assert lines(figure.axes[1])["gap"].get_ydata().tolist() == [100 * convergence.FLOOR] * 2
    assert "asked for:\n0.1 %" in words(figure)
    low, high = figure.axes[0].get_ylim()
    assert low < 7 < high


@pytest.mark.parametrize(
    ("point", "outcome"), [((1.0, 5.0, None), "no incumbent"), ((1.0, None, 5.0), "no bound"), ((1.0, 0.0, 0.0), "gap 0 %")]
)
def test_one_side_or_zero(point, outcome, tmp_path):
    result = run([point])
    assert outcome in words(convergence.convergence_figure(result))
    plots.draw(result, "convergence", tmp_path / "out.png")


def test_early_values_do_not_flatten_the_picture():
    figure = convergence.convergence_figure(run([(1.0, -1e9, None), (2.0, 90.0, 130.0), (3.0, 98.0, 100.0)]))
    low, high = figure.axes[0].get_ylim()
    assert 60 < low < 90 < 100 < high < 140
    assert "early values lie outside" in words(figure)


def test_money_is_named(islands, star):
    assert "objective (EUR)" in words(convergence.convergence_figure(islands))
    assert "objective (\\$)" in words(convergence.convergence_figure(star))
    gone = replace(islands, provenance={"recipe": {"model": "prepositioning", "instance": "gone.json"}})
    assert "objective\n" in words(convergence.convergence_figure(gone))


def test_compare_gives_each_result_a_colour(tmp_path):
    results = [run([(1.0, 80.0, None), (4.0, 90.0, 110.0)]), run([(2.0, 95.0, 100.0)], method="ef")]
    figure = convergence.comparison_figure(results)
    (axes,) = figure.axes
    shown = lines(axes)
    assert {gid: (s.get_linestyle(), s.get_color()) for gid, s in shown.items()} == {
        f"{what} {k}": (style, convergence.COLORS[k]) for k in (0, 1) for what, style in (("bound", "--"), ("incumbent", "-"))
    }
    assert "progressive hedging (highs): final gap 18 % after 4 s" in words(figure)
    assert "extensive form (highs): final gap 5 % after 2 s" in words(figure)
    plots.compare(results, tmp_path / "out.png")
    assert imread(tmp_path / "out.png").std() > 0.05


def test_compare_refuses(tmp_path):
    one = run([(1.0, 80.0, 90.0)])
    with pytest.raises(InputError, match="no result to compare"):
        plots.compare([], tmp_path / "out.png")
    with pytest.raises(InputError, match="different problems cannot be compared on one axis: m i, 3 scenarios; m j, 3 scenarios"):
        plots.compare([one, replace(one, instance="j")], tmp_path / "out.png")
    assert not list(tmp_path.iterdir())


# -- the command line


def test_command_line(islands, tmp_path):
    islands.save(tmp_path / "plan.json")
    command = [sys.executable, "-m", "quakeops", "plot", "plan.json"]
    done = subprocess.run([*command, "--scenario", "M6.0 Thalera"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()) == (0, ["written", "to", "plan-plan.png"]), done.stderr
    assert imread(tmp_path / "plan-plan.png").shape[:2] == (1110, 1875)
    bad = subprocess.run([*command, "--kind", "convergence", "--out", "x.bmp"], cwd=tmp_path, capture_output=True, text=True)
    assert (bad.returncode, bad.stdout) == (2, "")
    assert "'.bmp' is unknown" in bad.stderr
