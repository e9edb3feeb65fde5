"""Routes on the map, over time and as text: what each mark shows against the instance's own numbers."""

import dataclasses
import itertools
import math
import re

import matplotlib.colors as mcolors
import numpy as np
import pytest
import quakeops
from quakeops import plots
from quakeops.cli.app import main
from quakeops.decomposition.routing import evaluate_plan, plan_of, routes_of, timetable
from quakeops.errors import InputError
from quakeops.instances import FixedRouting, load
from quakeops.plots.colours import EARLY, LATE
from quakeops.plots.route_map import LARGEST, route_figure
from quakeops.plots.route_timeline import timeline_figure
from quakeops.plots.route_view import facts_of, route_view, style_of
from quakeops.scenario_gen.sources import open_routing

PENALTY = {"red": 30.0, "yellow": 10.0, None: 10.0}


@pytest.fixture(scope="module")
def wuxi():
    return quakeops.solve("routing", instance="wuxi-14", method="pricing", rel_gap=1e-6)


@pytest.fixture(scope="module")
def drawn():
    """Three scenarios, with a plan that is early and late in some."""
    source = open_routing("routing-r101-15", num_scenarios=3, seed=1)
    plan = plan_of(source, ((2, 15, 14), (5, 8, 7), (11, 9, 10), (12, 3, 1), (6, 13, 4)))
    found = quakeops.solve("routing", instance="routing-r101-15", scenarios=3, seed=1, rel_gap=0.5)
    return dataclasses.replace(found, first_stage=plan)


def marks(figure):
    """Return the artists that carry a gid."""
    return {a.get_gid(): a for a in figure.findobj() if a.get_gid()}


def test_timetable_is_the_evaluation(drawn):
    """Means of travel and penalties are those of the evaluation; a scenario alone has no range; means lie within ranges."""
    source = open_routing("routing-r101-15", num_scenarios=3, seed=1)
    routes = routes_of(source.instance, drawn.first_stage)
    tours, whole = timetable(source, routes), evaluate_plan(source, routes)
    assert sum(t.travel for t in tours) == pytest.approx(whole.probability @ whole.travel)
    assert sum(t.penalty for t in tours) == pytest.approx(whole.probability @ whole.penalty) and whole.penalty.min() > 0
    for k in range(3):
        one = timetable(source, routes, k)
        assert sum(t.travel for t in one) == pytest.approx(whole.travel[k]) and sum(t.penalty for t in one) == pytest.approx(
            whole.penalty[k]
        )
        for tour, mean in zip(one, tours, strict=True):
            assert tour.sites == mean.sites and tour.casualties == mean.casualties
            assert tour.stops[0].arrival == pytest.approx(tour.departure + source.scenario(k).time[0, tour.sites[0]])
            for stop, total in zip(tour.stops, mean.stops, strict=True):
                assert stop.first == stop.last == stop.start and total.first - 1e-9 <= stop.start <= total.last + 1e-9
    departures = [[tour.departure for tour in timetable(source, routes, k)] for k in range(3)]
    assert [tour.departure for tour in tours] == pytest.approx(np.mean(departures, axis=0))
    assert any(s.lateness > 0 for t in tours for s in t.stops) and any(s.last > s.first for t in tours for s in t.stops)
    for tour in tours:
        assert all(s.first - 1e-9 <= s.start <= s.last + 1e-9 and s.arrival <= s.start + 1e-9 for s in tour.stops)


def test_timetable_of_the_shuttle():
    """Vehicles pass the depot between sites: travel is twice the way of each, and the next start waits for it."""
    inst = load("wuxi-14").model_copy(update={"shuttle": True, "beta": 0.0})
    source = FixedRouting.nominal(inst)
    tour = timetable(source, (tuple(range(1, 15)),))[0]
    way = [math.dist((inst.depot.x, inst.depot.y), (s.x, s.y)) / 40 for s in inst.sites]
    assert tour.travel == pytest.approx(2 * sum(way))
    for (a, one), (b, two) in itertools.pairwise(enumerate(tour.stops[:-1])):
        assert two.start >= one.start + inst.sites[a].service_time + way[a] + way[b] - 1e-9


def test_a_hard_window_that_breaks_is_told():
    inst = load("wuxi-14").model_copy(update={"windows": "hard"})
    with pytest.raises(InputError, match="plan: vehicle 10 breaks a hard window in scenario 'nominal'"):
        timetable(FixedRouting.nominal(inst), ((1,), (2,), (3, 14), (4,), (5,), (6,), (7,), (8,), (13, 12), (9, 11, 10)))


def test_map(wuxi):
    """A leg for every arc driven, in its vehicle's colour from place to place; sites by casualties; labels with window, start, penalty."""
    view, inst = route_view(wuxi), load("wuxi-14")
    figure = route_figure(view)
    found = marks(figure)
    driven = {re.sub(r"\"", "", n)[6:-1] for n, v in wuxi.first_stage.items() if n.startswith("drive") and v > 0.5}
    legs = {gid: a for gid, a in found.items() if gid.startswith("leg ")}
    assert {gid.split(" ", 2)[2].replace(" > ", ",") for gid in legs} == driven and len(legs) == 21
    place = {p.name: (p.x, p.y) for p in inst.places}
    for gid, leg in legs.items():
        _, vehicle, ends = gid.split(" ", 2)
        a, b = ends.split(" > ")
        assert mcolors.to_hex(leg.get_facecolor()) == style_of(int(vehicle) - 1)[0]
        assert (leg._posA_posB[0], leg._posA_posB[1]) == (place[a], place[b])
        assert inst.nodes.index(a if a != inst.depot.name else b) in view.tours[int(vehicle) - 1].sites
    radius = {s.name: found[f"site {s.name}"].get_markersize() / 2 for s in inst.sites}
    assert radius["White Goose Community"] == LARGEST == max(radius.values())
    for s in inst.sites:
        assert radius[s.name] == pytest.approx(max(3.0, LARGEST * math.sqrt(s.casualties / 82)))
        assert tuple(np.ravel(found[f"site {s.name}"].get_data())) == (s.x, s.y)
    stops = {stop.node: stop for tour in view.tours for stop in tour.stops[:-1]}
    for j, s in enumerate(inst.sites, start=1):
        text, stop = found[f"label {s.name}"], stops[j]
        lines = text.get_text().splitlines()
        assert lines[:2] == [s.name, f"{s.earliest:.3g}–{s.latest:.3g}, start {stop.start:.3g}"]
        late = stop.start - s.latest
        if late > 1e-9:
            assert lines[2:] == [f"late {late:.3g}, costs {PENALTY[s.priority] * late:.3g}"] and text.get_color() == LATE
        else:
            assert not lines[2:] and text.get_color() == "black"
    assert found["label Pioneer Community"].get_color() == LATE
    words = [t.get_text() for t in figure.legends[0].get_texts()]
    assert f"6: 109/150, {view.tours[5].travel:.3g}, {view.tours[5].penalty:.3g}" in words
    assert "later than the window" in words and "earlier than the window" not in words and "1 back after 0.5: costs 0.0147" in words


@pytest.mark.parametrize("which", ["wuxi", "drawn"])
def test_bars_of_the_timeline_end_to_end(which, request):
    """Travel to the arrival, waiting to the start, service; windows behind them."""
    view = route_view(request.getfixturevalue(which))
    found = marks(timeline_figure(view))
    waits = 0
    for v, tour in enumerate(view.tours, start=1):
        left = tour.departure
        for k, stop in enumerate(tour.stops, start=1):
            travel = found[f"travel {v} {k}"]
            assert (travel.get_x(), travel.get_x() + travel.get_width()) == pytest.approx((left, stop.arrival))
            assert (f"range {v} {k}" in found) == (stop.last > stop.first + 1e-9)
            assert (f"wait {v} {k}" in found) == (stop.start > stop.arrival + 1e-9)
            if f"wait {v} {k}" in found:
                wait, waits = found[f"wait {v} {k}"], waits + 1
                assert (wait.get_x(), wait.get_x() + wait.get_width()) == pytest.approx((stop.arrival, stop.start))
            window = found[f"window {v} {k}"]
            latest = min(view.instance.places[stop.node].latest, found[f"travel {v} {k}"].axes.get_xlim()[1])
            assert window.get_x() + window.get_width() == pytest.approx(latest)
            left = stop.start + stop.service
            if stop.node:
                service = found[f"service {v} {k}"]
                assert (service.get_x(), service.get_x() + service.get_width()) == pytest.approx((stop.start, left))
                assert service.get_y() + service.get_height() / 2 == pytest.approx(travel.get_y() + travel.get_height() / 2)
            assert (f"late {v} {k}" in found) == (stop.lateness > 1e-9)
    assert waits or which == "wuxi"


def test_lateness_on_the_timeline(wuxi):
    view = route_view(wuxi)
    found = marks(timeline_figure(view))
    late = found["late 6 1"].get_xdata()
    assert sorted(late) == pytest.approx([0.12, view.tours[5].stops[0].start])
    assert found["text 6 1"].get_text() == "late 0.0212, costs 0.636"


def test_means_and_one_scenario(drawn):
    view = route_view(drawn)
    found, labels = marks(timeline_figure(view)), marks(route_figure(view))
    for v, tour in enumerate(view.tours, start=1):
        for k, stop in enumerate(tour.stops, start=1):
            if stop.last - stop.first > 1e-9:
                assert tuple(found[f"range {v} {k}"].get_xdata()) == (stop.first, stop.last)
            if stop.node and stop.penalty > 1e-9:
                colour = LATE if stop.lateness > stop.earliness else EARLY
                assert labels[f"label {stop.node}"].get_color() == colour
    assert EARLY in {labels[f"label {j}"].get_color() for j in range(1, 16)}
    one = route_view(drawn, "scen2")
    source = open_routing("routing-r101-15", num_scenarios=3, seed=1)
    assert sum(t.travel for t in one.tours) == pytest.approx(evaluate_plan(source, routes_of(source.instance, drawn.first_stage)).travel[2])
    assert not [gid for gid in marks(timeline_figure(one)) if gid.startswith("range")]
    assert one.scenario == source.block(0, 3).labels[2] and "means" not in " ".join(t.get_text() for t in route_figure(one).texts)


@pytest.mark.parametrize("draw", [route_figure, timeline_figure])
@pytest.mark.parametrize("which", ["wuxi", "drawn"])
def test_nothing_leaves_the_picture(which, draw, request):
    figure = draw(route_view(request.getfixturevalue(which)))
    figure.canvas.draw()
    axes = figure.axes[0]
    for text in [*figure.texts, *axes.texts, *(axes.get_yticklabels() if draw is timeline_figure else []), *figure.legends[0].get_texts()]:
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1, text.get_text()
    if draw is route_figure:
        boxes = [t.get_window_extent() for t in axes.texts if (t.get_gid() or "").startswith("label")]
        assert not [1 for a, b in itertools.combinations(boxes, 2) if a.overlaps(b)]


def test_more_vehicles_than_colours_differ_in_dashes():
    assert len({style_of(v) for v in range(25)}) == 25


def test_what_is_left_behind_is_told_apart(wuxi):
    view = route_view(wuxi)
    assert "left behind" not in " ".join(facts_of(view))
    instance = view.instance.model_copy(update={"left_penalty": 1.0})
    assert "without what casualties left behind cost" in facts_of(dataclasses.replace(view, instance=instance))


def test_commands(wuxi, tmp_path):
    path = tmp_path / "wuxi.json"
    wuxi.save(path)
    for kind in ("plan", "timeline"):
        with pytest.raises(SystemExit) as done:
            main(["plot", str(path), "--kind", kind])
        assert done.value.code == 0
        assert (tmp_path / f"wuxi-{kind}.png").read_bytes().startswith(b"\x89PNG")


def test_refused(wuxi, tmp_path):
    with pytest.raises(InputError, match="plan: 0 arcs leave site 'Poplar Street', expected one"):
        plan = {n: v for n, v in wuxi.first_stage.items() if not n.startswith("drive[Poplar Street,")}
        route_view(dataclasses.replace(wuxi, first_stage=plan))
    with pytest.raises(InputError, match="unknown scenario 'calm'"):
        plots.draw(wuxi, "timeline", tmp_path / "x.png", scenario="calm")
    with pytest.raises(InputError, match="model 'routing' has no restoration times"):
        plots.draw(wuxi, "restoration", tmp_path / "x.png")
    view = route_view(wuxi)
    places = view.places.copy()
    places[3] = np.nan
    with pytest.raises(InputError, match="has no map to draw routes on: 'Feng Yi Community' has no x and y; --kind timeline"):
        route_figure(dataclasses.replace(view, places=places))


def test_routes_as_text(monkeypatch, wuxi, drawn):
    """Every line within 100 columns; routes, starts and totals are the timetable's."""
    from io import StringIO

    from quakeops.cli import solve as command
    from rich.console import Console

    for result, one in ((wuxi, True), (drawn, False)):
        out = StringIO()
        monkeypatch.setattr(command, "console", lambda out=out: Console(file=out, width=120, soft_wrap=True, highlight=False))
        command.show(result)
        lines = [line.rstrip() for line in out.getvalue().splitlines()]
        assert max(map(len, lines)) <= 100
        view = route_view(result)
        table = lines[next(i for i, line in enumerate(lines) if line.startswith("vehicle")) + 1 :]
        rows = [line for line in table if line[:7].strip()]
        assert [int(r.split()[0]) for r in rows] == list(range(1, len(view.tours) + 1))
        for row, tour in zip(rows, view.tours, strict=True):
            casualties, travel, penalty = row.split()[-3:]
            assert float(casualties) == tour.casualties and float(travel) == pytest.approx(tour.travel, abs=0.06 if not one else 6e-5)
            assert penalty == "-" if tour.penalty < 1e-9 else float(penalty) == pytest.approx(tour.penalty, abs=0.06 if not one else 6e-5)
        text = " ".join(" ".join(line[9:69].split()) for line in table)
        for tour in view.tours:
            way = [view.nodes[0], *(view.nodes[s.node] + (f" ({s.start:.4f}" if one else "") for s in tour.stops)]
            assert re.search(r"[^>]*> ".join(map(re.escape, way)), text), way
    assert "start of service" not in out.getvalue() and "means over scenarios" in out.getvalue()
