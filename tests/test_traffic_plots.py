"""Pictures of recomputed plans: how late the latest pair is, and traffic on a map; every mark against the numbers it stands for."""

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from quakeops.errors import InputError

pytest.importorskip("matplotlib")

from matplotlib.colors import LogNorm, to_hex
from quakeops.instances.road_network import RoadNetwork
from quakeops.models.retrofit_equilibrium import EquilibriumTimes
from quakeops.plots.colours import heat
from quakeops.plots.late_scenarios import Lateness, draw_lateness, lateness_figure
from quakeops.plots.traffic_map import ELEMENTS, draw_traffic, traffic_figure
from quakeops.scenario_gen.sources import open_roads

sys.path.insert(0, str(Path(__file__).parent / "modules"))
import congested

LABELS = ["weak", "strong", "$3", "sound"]
LINEAR = Lateness("linear", np.array([1.0, 3.0, np.inf, 0.8]))
EXACT = Lateness("exact", np.array([0.9, 1.0, 1.0, 0.8]))


def marks(figure, prefix):
    """Marks of the map or chart by the rest of their ``gid``."""
    lines = figure.axes[0].get_lines()
    return {m.get_gid().removeprefix(prefix).strip(): m for m in lines if m.get_gid() and m.get_gid().startswith(prefix)}


def test_the_worst_scenarios_come_first():
    figure = lateness_figure(LABELS, [LINEAR, EXACT], "Late", "earthquake")
    axes, top = figure.axes[0], figure.axes[0].get_ylim()[1]
    assert [t.get_text() for t in axes.get_xticklabels()] == [r"\$3", "strong", "weak", "sound"]
    assert axes.get_xlabel() == "earthquake" and axes.get_yscale() == "log"
    drawn = {name: marks(figure, name)[""] for name in ("linear", "exact", "limit")}
    assert drawn["linear"].get_ydata() == pytest.approx([top, 3.0, 1.0, 0.8])
    assert drawn["exact"].get_ydata() == pytest.approx([1.0, 1.0, 0.9, 0.8])
    assert np.round(drawn["exact"].get_xdata()).tolist() == [0, 1, 2, 3] and set(drawn["limit"].get_ydata()) == {1.0}
    (legend,) = figure.legends
    assert [t.get_text() for t in legend.get_texts()] == ["linear: late in 2", "exact: late in 0"]


def test_small_ratios_have_a_linear_scale_and_slack_counts_as_in_time():
    figure = lateness_figure(["a", "b"], [Lateness("plan", np.array([1.2, 1.0005]))], "Late", slack=1e-3)
    assert figure.axes[0].get_yscale() == "linear" and figure.legends[0].get_texts()[0].get_text() == "plan: late in 1"


@pytest.mark.parametrize(
    ("labels", "plans", "message"),
    [([], [LINEAR], "0 scenarios"), (LABELS, [], "0 plans"), (LABELS[:3], [LINEAR], r"plan 'linear': ratios have shape \(4,\)")],
)
def test_what_cannot_be_drawn(labels, plans, message, tmp_path):
    with pytest.raises(InputError, match=message):
        draw_lateness(labels, plans, tmp_path / "late.png", title="Late")
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def times():
    return EquilibriumTimes(open_roads("grid-town", num_scenarios=11, seed=0))


def test_every_mark_of_the_map(times):
    source, inst, k = times.source, times.source.instance, 8
    restored = frozenset(times.damaged(k)[:2])
    figure = traffic_figure(times, k, restored, "Traffic")
    left = np.array([0 if e.name in restored else s for e, s in zip(inst.elements, source.states[k], strict=True)], dtype=np.int8)
    found, intact = times.equilibrium(left), times.equilibrium(0 * left)
    ratio = found.time / intact.time
    expected = {
        "closed": found.network.closed,
        "slower": ~found.network.closed & (ratio > 1.05),
        "faster": ~found.network.closed & (ratio < 1 / 1.05),
        "as before": ~found.network.closed & (ratio <= 1.05) & (ratio >= 1 / 1.05),
    }
    names = np.array([link.name for link in inst.links])
    for kind, which in expected.items():
        assert set(marks(figure, f"{kind} ")) - set(e.name for e in inst.elements) == set(names[which].tolist())
    norm = LogNorm(1.0, ratio[expected["slower"]].max())
    for i in np.flatnonzero(expected["slower"]):
        assert to_hex(marks(figure, "slower ")[names[i]].get_color()) == to_hex(heat()(norm(ratio[i])))
    for kind, state in (("sound", 0), ("slowed", 1), ("closed", 2)):
        at_this = {e.name for e, s in zip(inst.elements, left, strict=True) if s == state} - restored
        found_marks = {n: m for n, m in marks(figure, f"{kind} ").items() if n not in names}
        assert set(found_marks) == at_this and all(m.get_marker() == ELEMENTS[kind]["marker"] for m in found_marks.values())
    assert set(marks(figure, "restored ")) == restored


def test_the_latest_pair_and_its_way(times):
    """The way's links take the time that is told, from the pair's origin to its destination."""
    source, inst, k = times.source, times.source.instance, 10
    figure = traffic_figure(times, k, frozenset(), "Traffic")
    taken = times.times(k, frozenset())
    p = int(np.argmax(taken / times.limits))
    assert p != np.argmax(taken)
    places = {(pl.longitude, pl.latitude): i for i, pl in enumerate(inst.places)}
    nodes = [places[tuple(xy)] for xy in marks(figure, "way")[""].get_xydata().tolist()]
    assert [inst.places[nodes[i]].name for i in (0, -1)] == [inst.pairs[p].origin, inst.pairs[p].destination]
    found = times.equilibrium(source.states[k])
    by_ends = {(a, b): t for a, b, t in zip(source.network.tail, source.network.head, found.time, strict=True)}
    assert sum(by_ends[a, b] for a, b in pairwise(nodes)) == pytest.approx(taken[p])
    text = " ".join(t.get_text() for t in figure.texts)
    assert f"latest: {inst.pairs[p].name}, {taken[p]:.4g} where {times.limits[p]:.4g} is allowed" in text


def test_where_no_way_is_left(tmp_path):
    network = RoadNetwork(name="river", zones=2, nodes=2, tail=[0, 1], head=[1, 0], free_flow_time=[5, 5], capacity=[9, 9])
    source = congested.roads(network, [0, 0], [(1, 2)], [(0, 1)], 0.2, [[0, 3], [3, 0]], [[2]], [0.1])
    times = EquilibriumTimes(source)
    figure = traffic_figure(times, 1, frozenset(), "Cut off")
    assert not marks(figure, "way") and set(marks(figure, "closed ")) == {"l0", "l1", "e0"}
    assert "latest: 0 to 1, no way is left" in " ".join(t.get_text() for t in figure.texts)
    draw_traffic(times, 1, frozenset({"e0"}), tmp_path / "mended.svg", title="Mended")
    assert (tmp_path / "mended.svg").stat().st_size > 1000
    with pytest.raises(InputError, match="element 'e0' is not damaged in scenario scen0"):
        draw_traffic(times, 0, frozenset({"e0"}), tmp_path / "none.svg", title="Sound")
