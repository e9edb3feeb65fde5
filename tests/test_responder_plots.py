"""Pictures of a responder policy: what each mark shows against the instance's own numbers."""

import dataclasses

import matplotlib.colors as mcolors
import numpy as np
import pytest
import quakeops
from quakeops import plots
from quakeops.cli.app import main
from quakeops.errors import InputError
from quakeops.plots.colours import SERIES
from quakeops.plots.responder_graph import LEAST, MOST, WIDEST, graph_figure
from quakeops.plots.responder_view import responder_view
from quakeops.plots.restoration_table import restoration_figure
from quakeops.scenario_gen.sources import open_responders

SENT = (0, 0, 1, 1, 1, 1, 1)


@pytest.fixture(scope="module")
def case_1():
    return quakeops.solve("responder-smdp", scenarios=1, rel_gap=1e-9)


@pytest.fixture(scope="module")
def drawn():
    return quakeops.solve("responder-smdp", instance="responder-random", scenarios=3, seed=1, rel_gap=1e-2)


def marks(figure):
    """Return the artists that carry a gid."""
    return {a.get_gid(): a for a in figure.findobj() if a.get_gid()}


def test_view(case_1):
    view, source = responder_view(case_1), open_responders("responder-case-1", num_scenarios=1)
    s = source.scenario(0)
    assert view.sent == SENT and view.scenario is None and view.agencies == ("local", "central")
    assert view.time == pytest.approx(s.time) and view.start == pytest.approx(s.start)
    assert view.rate == pytest.approx(case_1.objective, rel=1e-9)
    assert view.reached.sum(axis=1) == pytest.approx(np.ones(7))
    row = next(d for d in source.instance.dominoes if d.state == ["BC"] and d.agency == "central")
    expected = {"+".join(r.state): r.probability for r in row.to}
    assert {n: p for n, p in zip(view.natural, view.reached[2], strict=True) if p} == pytest.approx(expected)


def test_graph(case_1):
    """A node for every state, coloured by the agency; an edge for every probability, as wide as that."""
    view = responder_view(case_1)
    found = marks(graph_figure(view))
    for i, a, hours in zip(view.states, SENT, view.time[np.arange(7), SENT], strict=True):
        node = found[f"decision {i}"]
        assert mcolors.to_hex(node.get_bbox_patch().get_facecolor()) == SERIES[a]
        assert node.get_text().startswith(f"{i}: {view.agencies[a]}, {hours:,.3g} h")
    edges = {gid: a for gid, a in found.items() if gid.startswith(("event", "domino"))}
    expected = {f"event {i}": p for i, p in zip(view.states, view.start, strict=True)}
    for i, row in zip(view.states, view.reached, strict=True):
        expected |= {f"domino {i} > {n}": p for n, p in zip(view.natural, row, strict=True) if p >= LEAST}
    assert set(edges) == set(expected)
    for gid, p in expected.items():
        assert edges[gid].get_linewidth() == pytest.approx(max(0.4, WIDEST * p)), gid
    for gid, edge in edges.items():
        kind, _, ends = gid.partition(" ")
        a, b = (
            ("stable", f"decision {ends}")
            if kind == "event"
            else (f"{k} {n}" for k, n in zip(("decision", "natural"), ends.split(" > "), strict=True))
        )
        x, y = edge.get_data()
        assert (x[0], y[0]) == pytest.approx(found[a].get_position()) and (x[-1], y[-1]) == pytest.approx(found[b].get_position())


def test_table(case_1):
    view = responder_view(case_1)
    found = marks(restoration_figure(view))
    for i, (state, a) in enumerate(zip(view.states, SENT, strict=True)):
        for b, agency in enumerate(view.agencies):
            assert found[f"cell {state} {agency}"].get_text() == f"{view.time[i, b]:,.1f}"
        x, y = found[f"sent {state}"].get_center()
        assert (round(float(x), 9), round(float(y), 9)) == (a, i)


def test_means_and_one_scenario(drawn):
    source = open_responders("responder-random", num_scenarios=3, seed=1)
    block, view = source.block(0, 3), responder_view(drawn)
    assert view.time == pytest.approx(block.time.mean(axis=0)) and view.start == pytest.approx(block.start.mean(axis=0))
    one = responder_view(drawn, "scen2")
    assert one.time == pytest.approx(block.time[2]) and one.scenario == block.labels[2]
    assert "likeliest of 31" in " ".join(t.get_text() for t in graph_figure(view).texts)
    figure = marks(graph_figure(view))
    shown = [gid for gid in figure if gid.startswith("decision")]
    likeliest = sorted(view.start)[-MOST:]
    assert len(shown) == MOST and all(view.start[view.states.index(g.partition(" ")[2])] >= likeliest[0] for g in shown)


@pytest.mark.parametrize("kind", ["plan", "restoration"])
@pytest.mark.parametrize("scenario", [None, "scen1"])
def test_nothing_leaves_the_picture(drawn, kind, scenario):
    view = responder_view(drawn, scenario)
    figure = {"plan": graph_figure, "restoration": restoration_figure}[kind](view)
    figure.canvas.draw()
    axes = figure.axes[0]
    for text in [*figure.texts, *axes.texts, *(axes.get_yticklabels() if axes.axison else [])]:
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1, text.get_text()


def test_command(case_1, tmp_path):
    path = tmp_path / "case.json"
    case_1.save(path)
    for kind in ("plan", "restoration"):
        with pytest.raises(SystemExit) as done:
            main(["plot", str(path), "--kind", kind])
        assert done.value.code == 0
        assert (tmp_path / f"case-{kind}.png").read_bytes().startswith(b"\x89PNG")


def test_refused(case_1, tmp_path):
    with pytest.raises(InputError, match="first_stage sends 0 agencies to state 'GL', expected 1"):
        plan = {k: v for k, v in case_1.first_stage.items() if not k.startswith("send[GL,")}
        responder_view(dataclasses.replace(case_1, first_stage=plan))
    with pytest.raises(InputError, match="unknown scenario 'quiet'"):
        plots.draw(case_1, "restoration", tmp_path / "x.png", scenario="quiet")
    with pytest.raises(InputError, match="model 'responder-smdp' has no demand that may be missed"):
        plots.draw(case_1, "demand", tmp_path / "x.png")
