"""Pictures of scenario sets: what they show against the data, sets made again, words that can be read, what is refused."""

import json
import math
from functools import cache
from itertools import combinations

import networkx as nx
import numpy as np
import pytest
import quakeops
from hypothesis import given
from hypothesis import strategies as st
from quakeops import plots
from quakeops.errors import InputError
from quakeops.scenario_gen.cascade import sample_function
from quakeops.scenario_gen.dependency_graph import DependencyGraph
from quakeops.scenario_gen.exposure import KINDS
from quakeops.scenario_gen.metros import metro, metro_outline
from quakeops.scenario_gen.metros.outline import inside
from quakeops.scenario_gen.regenerate import regenerate
from quakeops.scenario_gen.scenario_set import save
from quakeops.scenario_gen.transmission import carrying_edges, transmitting_edges

pytest.importorskip("matplotlib")

from matplotlib.colors import LogNorm, to_hex
from matplotlib.image import imread
from quakeops.plots import cascade_graph, hazard_curves_figure, shake_map, zone_bars, zone_maps
from quakeops.plots.cascade_view import CascadeView, cascade_view
from quakeops.plots.ground import Ground, ground_of
from quakeops.plots.output import round_down, round_ticks, scaled
from quakeops.plots.scenario_maps import set_figure
from quakeops.plots.set_facts import row_of
from quakeops.plots.zone_cells import cells


@pytest.fixture(scope="module")
def data():
    return quakeops.generate("town", scenarios=40, seed=1)


@pytest.fixture(scope="module")
def generator(data):
    return regenerate(data)


@pytest.fixture(scope="module")
def drawn(data):
    """``drawn(region, kind)``: the picture, drawn once."""
    sets = {"town": data, "istanbul": quakeops.generate("istanbul", scenarios=4, seed=1)}

    @cache
    def draw(region, kind):
        figure = set_figure(sets[region], kind)
        figure.canvas.draw()
        return figure

    return draw


@pytest.fixture
def own(small, write, tmp_path):
    """A region file of three zones, one of them without buildings, with odd names."""
    small.update(name="own", scenarios=[], links=small["links"][:1])
    for node, name in zip(small["nodes"], ("Ano $1", "Kato, the lower [town] of a long name", "Mesi"), strict=True):
        node["name"] = name
    small["links"][0]["ends"] = [n["name"] for n in small["nodes"][:2]]
    for i, name in enumerate(("water", "food")):
        small["commodities"][i]["name"] = name
    write("relief.json", small)
    rows = [f"{38 + i / 400},{22 + i / 300},URML,LC,RES3,350,400000,12,3" for i in range(20)]
    header = "Lat,Long,Structure Type,DesignLevel,OccupancyClass,Vs30,ReplacementCost,occupants_night,day"
    (tmp_path / "b.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    fault = {"name": "gulf", "trace": [[37.95, 21.9], [37.98, 22.2]], "dip_degrees": 60, "magnitudes": [6.0, 7.0], "annual_rate": 0.01}
    zones = [{"name": n["name"], "population": 12 - i} for i, n in enumerate(small["nodes"])]
    region = {"format": "quakeops/region/1", "name": "own", "buildings": "b.csv", "relief": "relief.json", "zones": zones}
    return write("own.json", region | {"faults": [fault]})


def marked(axes, kind):
    """Return the artists of ``axes`` by what their gid says after ``kind``."""
    found = [*axes.get_children()]
    return {a.get_gid().removeprefix(f"{kind} "): a for a in found if (a.get_gid() or "").startswith(f"{kind} ")}


def texts(figure):
    """Return the texts that are drawn; ticks beyond an axis are not."""
    unseen = set()
    for axis in [axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)]:
        low, high = sorted(axis.get_view_interval())
        for tick in axis.get_major_ticks() + axis.get_minor_ticks():
            if not low <= tick.get_loc() <= high:
                unseen |= {tick.label1, tick.label2}
    return [
        t
        for t in figure.findobj(lambda a: hasattr(a, "get_fontsize") and hasattr(a, "get_text"))
        if t.get_text() and t.get_visible() and t not in unseen
    ]


def words(figure):
    return "\n".join(t.get_text() for t in texts(figure)).replace("\\$", "$")


# -- sets made again


OPTIONS = [
    {},
    {"time_of_day": "day", "importance": True},
    {"aftershocks": True, "magnitude": 6.6},
    {"fault": "bay", "reduce_to": 5},
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: " ".join(o) or "default")
def test_a_set_is_made_again_bit_for_bit(options, tmp_path):
    """From the file's attributes alone."""
    save(quakeops.generate("town", scenarios=7, seed=5, **options), tmp_path / "town.nc")
    from quakeops.scenario_gen.scenario_set import load

    data = load(tmp_path / "town.nc")
    again = regenerate(data)
    for row in (0, 3):
        k = int(data["number"].values[row])
        block = again.block(k, k + 1)
        for name in (
            "magnitude",
            "eta",
            "aftershocks",
            "pga",
            "loss",
            "casualties",
            "power_lost",
            "demand",
            "bridge_state",
            "hospital_beds",
        ):
            assert np.array_equal(block[name][0], data[name].values[row]), name


def test_a_region_of_ones_own_needs_its_file(own):
    data = quakeops.generate(own, scenarios=4, seed=2)
    with pytest.raises(InputError, match=r"'own' is not packaged .*give its file with --region"):
        regenerate(data)
    assert np.array_equal(regenerate(data, own).block(2, 3)["pga"][0], data["pga"].values[2])
    with pytest.raises(InputError, match=r"'region' differs from region 'town' .'own' in the set, 'town' now.*changed"):
        regenerate(data, "town")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 2}, r"scenario 0: variable 'magnitude' is [\d.]+ in the set and [\d.]+ when made again: the region or the version"),
        ({"importance_sampling": "effective sample size 3"}, "variable 'magnitude' is"),
        ({"annual_rate": 0.02}, "'annual_rate' is 0.02 in the set and 0.01 when made again"),
        ({"hazard": "{}"}, "attribute 'hazard' differs from region 'town': the region or the version"),
        ({"population": "[1]"}, "attribute 'population' differs"),
        ({"faults": '["bay", "hill"]'}, "attribute 'faults' differs"),
        ({"time_of_day": None}, "attribute 'time_of_day' is missing"),
    ],
)
def test_a_changed_region_or_version_is_noticed(data, change, message):
    kept = {name: value for name, value in (data.attrs | change).items() if value is not None}
    with pytest.raises(InputError, match=message):
        regenerate(data.copy().assign_attrs({}).drop_attrs().assign_attrs(kept))


def test_every_event_shown_is_checked(data):
    wrong = data.copy(deep=True)
    wrong["eta"].values[18] += 1e-6
    assert regenerate(wrong).seed == 1  # which looks at some events only
    with pytest.raises(InputError, match=r"scenario 18: variable 'eta' is .* when made again"):
        set_figure(wrong, "shake", 18)


# -- along which edges a cascade went


@st.composite
def graphs(draw):
    n = draw(st.integers(2, 9))
    pairs = draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda p: p[0] != p[1]), unique=True, max_size=24))
    weights = draw(st.lists(st.sampled_from([0.0, 0.2, 0.5, 0.8, 1.0]), min_size=len(pairs), max_size=len(pairs)))
    numbers = draw(st.permutations(range(3, 3 + len(pairs))))
    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return DependencyGraph.from_arrays(range(n), ends[:, 0], ends[:, 1], weights, number=list(numbers) or None), draw(
        st.lists(st.booleans(), min_size=n, max_size=n)
    )


@given(graphs(), st.integers(0, 200))
def test_edges_and_states_are_one_draw(case, k):
    """What lies downstream of a failure along transmitting edges is what the cascade's bit sets say is lost."""
    graph, physical = case
    failed = np.array(physical)
    lost = sample_function(graph, failed[None], seed=3, first_scenario=k)[0]
    transmits = transmitting_edges(graph, seed=3, k=k)
    downstream = nx.DiGraph(list(zip(graph.source[transmits].tolist(), graph.target[transmits].tolist(), strict=True)))
    downstream.add_nodes_from(range(len(graph)))
    reached = set(np.flatnonzero(failed).tolist()).union(*(nx.descendants(downstream, v) for v in np.flatnonzero(failed).tolist()))
    assert set(np.flatnonzero(lost).tolist()) == reached
    assert not transmits[graph.weight == 0].any() and transmits[graph.weight == 1].all()
    carried = carrying_edges(graph, failed, lost, seed=3, k=k)
    assert set(graph.target[carried].tolist()) == set(np.flatnonzero(lost & ~failed).tolist())
    assert lost[graph.source[carried]].all()


def test_edges_transmit_with_their_weight():
    graph = DependencyGraph.from_arrays("ab", ["a"], ["b"], [0.3])
    share = np.mean([transmitting_edges(graph, seed=0, k=k)[0] for k in range(4000)])
    assert share == pytest.approx(0.3, abs=4 * math.sqrt(0.3 * 0.7 / 4000))


def test_states_of_another_seed_are_refused():
    graph = DependencyGraph.from_arrays("ab", ["a"], ["b"], [1.0])
    with pytest.raises(InputError, match="edge 'a' -> 'b' transmits in scenario 4 of seed 0, but 'b' is not lost"):
        carrying_edges(graph, np.array([True, False]), np.array([True, False]), seed=0, k=4)


# -- which scenario


def test_the_scenario_shown(data):
    loss = data["loss"].values.sum(axis=1)
    assert row_of(data, None) == loss.argmax() and row_of(data, 3) == 3
    part = data.isel(scenario=[4, 9, 30])
    assert row_of(part, 9) == 1
    with pytest.raises(InputError, match=r"--scenario 3: not in the set; known: 4, 9, 30$"):
        row_of(part, 3)
    with pytest.raises(InputError, match=r"--scenario 40: not in the set; known: 0 to 39$"):
        row_of(data, 40)


# -- zones as areas


@pytest.mark.parametrize("region", ["town", "istanbul", "tokyo"])
def test_cells_hold_what_is_nearest_on_their_land(region):
    """Brute force over random places."""
    exposure, land = metro(region), metro_outline(region)
    zone_km = np.column_stack(exposure.origin.to_km(exposure.zones.latitude, exposure.zones.longitude))
    ground = Ground(region, exposure.origin, exposure.zones.names, zone_km, land.polygons)
    points = land.draw(np.random.default_rng(0), 400)
    side, zone_side = land.side(points), land.side(zone_km)
    assert (zone_side >= 0).all()
    found = np.full(len(points), -1)
    for zone, polygon, piece in cells(ground):
        here = inside(polygon, points) & (side == piece)
        assert (found[here] == -1).all()
        found[here] = zone
    away = np.linalg.norm(points[:, None] - zone_km, axis=2)
    away[side[:, None] != zone_side] = np.inf
    assert found.tolist() == away.argmin(axis=1).tolist()


def test_cells_do_not_cross_water(data):
    """Of two islands, one has its only zone at the far end: the near shore is its all the same, and a zone at sea belongs to both."""
    islands = tuple(np.array([[x, 0.0], [x + 10, 0], [x + 10, 5], [x, 5]]) for x in (0.0, 11.0))
    ground = Ground("own", ground_of(data).origin, ("A", "B", "C"), np.array([[9.0, 2.0], [20.0, 3.0], [50.0, 2.0]]), islands)
    found = [(zone, piece) for zone, polygon, piece in cells(ground) if inside(polygon, np.array([[11.5 if piece else 1.0, 2.0]]))[0]]
    assert found == [(0, 0), (1, 1)]
    assert [(zone, piece) for zone, _, piece in cells(ground)] == [(0, 0), (2, 0), (1, 1), (2, 1)]


def test_names_keep_off_what_matters(data):
    from quakeops.plots.base_map import add_map, inside_of, name_zones
    from quakeops.plots.output import new_figure

    ground = Ground("own", ground_of(data).origin, ("Zone",), np.zeros((1, 2)), ())
    axes = add_map(new_figure(8, 5), ground, ground.corners_km)
    (plain,) = name_zones(axes, ground)
    (moved,) = name_zones(axes, ground, avoid=inside_of(plain))
    assert not moved.get_window_extent().overlaps(plain.get_window_extent())


def test_cells_of_few_zones(data):
    ground = ground_of(data)
    for places in ([[0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [4.0, 0.0]]):
        names = tuple(map(str, range(len(places))))
        free = Ground("own", ground.origin, names, np.array(places), ())
        found = cells(free)
        assert [zone for zone, *_ in found] == ([0] if len(np.unique(places, axis=0)) == 1 else [0, 1])
        for zone, polygon, _ in found:
            assert inside(polygon, np.array([places[zone]]))[0]
    assert free.reach_km == pytest.approx(0.8 * 4) and free.corners_km.min() == pytest.approx(-3.2)


# -- maps: their frame


@pytest.mark.parametrize("kind", ["shake", "damage", "loss", "cascade"])
def test_maps_are_true_to_scale(data, drawn, kind):
    figure = drawn("town", kind)
    axes = figure.axes[0]
    east, north = np.diff(axes.transData.transform([(0, 0), (1, 0), (1, 1)]), axis=0)
    assert east[0] == pytest.approx(north[1]) and east[1] == north[0] == 0
    for polygon in metro_outline("town").polygons:
        assert all(axes.viewLim.contains(*corner) for corner in polygon)
    (bar,) = [line for line in axes.get_lines() if line.get_gid() == "scale"]
    length = float(np.ptp(bar.get_xdata()))
    assert f"{length:g} km" in words(figure) and round_down(length) == length
    ground = ground_of(data)
    for ticks, labels, latitude in ((axes.get_xticks(), axes.get_xticklabels(), False), (axes.get_yticks(), axes.get_yticklabels(), True)):
        assert len(ticks) >= 2
        for at, label in zip(ticks, labels, strict=True):
            degrees = ground.origin.to_degrees(at, at)[0 if latitude else 1]
            assert float(label.get_text().split("°")[0]) == pytest.approx(float(degrees), abs=1e-9)
            assert label.get_text()[-1] == ("N" if latitude else "E")


def test_degrees_west_and_south():
    from quakeops.plots.base_map import add_map
    from quakeops.plots.output import new_figure
    from quakeops.scenario_gen.geometry import Projection

    ground = Ground("own", Projection(-33.4, -70.6), ("Santiago",), np.zeros((1, 2)), ())
    axes = add_map(new_figure(12, 7), ground, ground.corners_km)
    assert all(t.get_text().endswith("° W") for t in axes.get_xticklabels())
    assert all(t.get_text().endswith("° S") for t in axes.get_yticklabels())


@pytest.mark.parametrize(
    ("region", "kind"),
    [*(("town", kind) for kind in plots.SET_KINDS), *(("istanbul", kind) for kind in ("loss", "shake", "cascade", "hazard"))],
)
def test_words_are_legible(drawn, region, kind):
    """Inside the picture, at least 6.5 points large, names of zones not over each other, legends not over axes."""
    figure = drawn(region, kind)
    frame = figure.bbox
    for text in texts(figure):
        box = text.get_window_extent()
        assert text.get_fontsize() >= 6.5
        assert frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1, text.get_text()
    names = [t for t in figure.axes[0].texts if t.get_text() in metro(region).zones.names]
    assert len(names) == (len(metro(region).zones) if kind in ("shake", "damage", "loss") else 0)
    magnitude = [t for t in figure.axes[0].texts if t.get_text().startswith("M ")]
    boxes = [t.get_window_extent() for t in [*names, *magnitude]]
    assert not [(a, b) for a, b in combinations(boxes, 2) if a.overlaps(b)]
    (legend,) = figure.legends
    others = [a.get_tightbbox() for a in figure.axes]
    assert not [b for b in others if b.overlaps(legend.get_window_extent())]
    assert not [(a, b) for a, b in combinations(others, 2) if a.overlaps(b)]
    assert "synthetic region" in words(figure) and "seed 1" in words(figure)


# -- shaking


def test_shake_map_shows_each_building(data, generator):
    row = row_of(data, None)
    figure = shake_map.shake_figure(data, row, generator)
    (marks,) = [c for c in figure.axes[0].collections if c.get_gid() == "pga"]
    b = generator.exposure.buildings
    np.testing.assert_allclose(marks.get_offsets(), np.column_stack(generator.exposure.building_km))
    shown = np.asarray(marks.get_array())
    means = np.exp(np.bincount(b.zone, np.log(shown)) / np.bincount(b.zone))
    np.testing.assert_allclose(means, data["pga"].values[row], rtol=1e-12)
    assert isinstance(marks.norm, LogNorm) and marks.norm.vmin <= shown.min() and shown.max() <= marks.norm.vmax
    assert figure.axes[1].get_ylabel() == "peak ground acceleration, PGA (g)"
    histogram = sum(p.get_height() for p in figure.axes[2].patches)
    assert histogram == len(b) == 1200
    said = words(figure)
    assert f"Shaking in town, scenario {row}: M {float(data['magnitude'].values[row]):.2f} on bay" in said
    assert f"event residual {float(data['eta'].values[row]):+.2f} τ".replace("-", "−") in said and "aftershock" not in said


def test_rupture_and_faults(data, generator):
    axes = shake_map.shake_figure(data, 5, generator).axes[0]
    rupture = generator.shaking.event(5).rupture
    (line,) = [a for a in axes.get_lines() if a.get_gid() == "rupture"]
    np.testing.assert_allclose(line.get_xydata(), rupture.corners_km[0, :2])
    np.testing.assert_allclose(marked(axes, "plane")["0"].get_xy()[:4], rupture.corners_km[0])
    fault = marked(axes, "fault")["bay"]
    np.testing.assert_allclose(fault.get_xydata(), np.column_stack(generator.exposure.origin.to_km(*generator.exposure.faults[0].trace.T)))
    assert line.get_linewidth() > 3 * fault.get_linewidth()
    assert f"M {rupture.magnitude:.2f}" in [t.get_text() for t in axes.texts]


def test_a_vertical_rupture_is_a_line():
    data = quakeops.generate("los-angeles", scenarios=1, seed=1, fault="san-andreas")
    figure = set_figure(data, "shake")
    assert not marked(figure.axes[0], "plane") and "plane" not in words(figure)
    assert "plane" in words(set_figure(quakeops.generate("town", scenarios=1), "shake"))


def test_hexagons_show_geometric_means(data, generator, monkeypatch):
    """Each building belongs to the nearest hexagon of the grid."""
    monkeypatch.setattr(shake_map, "MANY", 100)
    monkeypatch.setattr(shake_map, "HEXAGONS", 20)
    figure = shake_map.shake_figure(data, 0, generator)
    (marks,) = [c for c in figure.axes[0].collections if c.get_gid() == "pga"]
    centres, values = np.asarray(marks.get_offsets()), np.asarray(marks.get_array())
    low, high = np.array([figure.axes[0].get_xlim(), figure.axes[0].get_ylim()]).T
    size = (high - low) / [20, max(1, round(20 * (high[1] - low[1]) / (high[0] - low[0]) / math.sqrt(3)))]
    place = np.column_stack(generator.exposure.building_km)
    steps = (place[:, None] - centres) / size
    nearest = (steps[..., 0] ** 2 + 3 * steps[..., 1] ** 2).argmin(axis=1)
    ln_pga = generator.shaking.block(0, 1)[0].ln_pga[: len(place)]
    means = np.exp(np.bincount(nearest, ln_pga) / np.bincount(nearest))
    np.testing.assert_allclose(values, means, rtol=1e-9)
    assert "geometric mean\nof PGA in a hexagon" in words(figure)


# -- damage and loss


def test_damage_by_hand(data):
    buildings, p = data["buildings"].values, data["probability"].values
    expected = np.einsum("s,szd->zd", p, buildings)
    np.testing.assert_allclose(zone_maps.damaged_share(data, None), expected[:, 3:].sum(axis=1) / expected.sum(axis=1))
    np.testing.assert_allclose(zone_maps.damaged_share(data, 7), buildings[7, :, 3:].sum(axis=1) / buildings[7].sum(axis=1))


@pytest.mark.parametrize("row", [None, 7])
def test_zones_have_the_colours_of_their_values(data, row):
    share, loss = 100 * zone_maps.damaged_share(data, row), zone_maps.zone_values(data, "loss", row) / 1e6
    for figure, values in ((zone_maps.damage_figure(data, row), share), (zone_maps.loss_figure(data, row), loss)):
        bar = figure.axes[1]._colorbar.mappable
        assert bar.get_clim() == (0, values.max())
        shown = marked(figure.axes[0], "zone")
        assert set(shown) == set(map(str, data["zone"].values))
        assert {n: to_hex(z.get_facecolor()) for n, z in shown.items()} == {
            n: to_hex(bar.to_rgba(v)) for n, v in zip(map(str, data["zone"].values), values, strict=True)
        }
        assert len({to_hex(z.get_facecolor()) for z in shown.values()}) > 4
        assert all(z.get_clip_path() is not None for z in shown.values())


def test_bars_of_the_worst_zones(data, monkeypatch):
    monkeypatch.setattr(zone_bars, "WORST", 5)
    figure = zone_maps.loss_figure(data, None)
    loss = data["probability"].values @ data["loss"].values
    bars = {p.get_gid().removeprefix("bar "): p.get_width() for p in figure.axes[2].patches}
    order = np.argsort(-loss)[:5]
    assert list(bars) == [str(data["zone"].values[z]) for z in order]
    factor, word = scaled(loss.max())
    np.testing.assert_allclose(list(bars.values()), loss[order] / factor)
    assert figure.axes[2].get_xlabel() == f"{word}USD" and f"by zone ({word}USD)" in figure.axes[1].get_ylabel()
    assert "town: expected loss given an event" in words(figure) and "40 scenarios" in words(figure)
    assert "The 5 zones that lose most" in words(figure)


def test_bars_of_damage_states(data):
    figure = zone_maps.damage_figure(data, 3)
    counts = {p.get_gid().removeprefix("state "): p.get_width() for p in figure.axes[2].patches}
    assert counts == dict(zip(map(str, data["state"].values), data["buildings"].values[3].sum(axis=0), strict=True))
    severe = counts["extensive"] + counts["complete"]
    assert f"{severe:,.0f} of 1,200 buildings with extensive or complete damage" in words(figure)
    assert "Damage in town, scenario 3: M" in words(figure) and "(%)" in figure.axes[1].get_ylabel()


def test_a_region_of_ones_own(own, tmp_path):
    """No outline, no water, a zone without buildings, names that matplotlib would read as mathematics; not called synthetic."""
    data = quakeops.generate(own, scenarios=6, seed=2, importance=True, aftershocks=True)
    figure = zone_maps.damage_figure(data, None)
    shown = marked(figure.axes[0], "zone")
    assert shown["Mesi"].get_hatch() and not shown["Ano $1"].get_hatch() and "no buildings" in words(figure)
    assert not marked(figure.axes[0], "land") and "water" not in words(figure) and "synthetic" not in words(figure)
    assert "Ano $1" in words(figure) and "6 scenarios, importance sampling" in words(figure)
    for kind in ("loss", "shake"):
        plots.draw_set(data, kind, tmp_path / f"{kind}.png", region=own)
        assert imread(tmp_path / f"{kind}.png").std() > 0.05
    assert "included" in words(set_figure(data, "shake", 1, own))
    with pytest.raises(InputError, match="'own' has no infrastructure components"):
        set_figure(data, "cascade", None, own)


def test_a_region_with_the_name_of_another_has_not_its_outline(data):
    instance = json.loads(data.attrs["instance"])
    instance["nodes"][0]["latitude"] += 0.1
    moved = data.copy().assign_attrs(instance=json.dumps(instance))
    assert ground_of(data).land and not ground_of(moved).land


# -- hazard curves


@pytest.fixture(scope="module")
def weighted():
    return quakeops.generate("town", scenarios=120, seed=4, importance=True)


@pytest.fixture(scope="module")
def curves(weighted):
    return hazard_curves_figure.hazard_figure(weighted)


def curve(axes, name):
    lines = {line.get_gid(): line for line in axes.get_lines()}
    return lines[f"curve {name}"].get_xydata(), lines[f"curve {name} few"].get_xydata()


def test_hazard_curves_by_counting(weighted, curves):
    figure = curves
    rate, p = weighted.attrs["annual_rate"], weighted["probability"].values
    population = json.loads(weighted.attrs["population"])
    zones = sorted(range(8), key=lambda z: -population[z])[:5]
    for axes, values, name in [
        *((figure.axes[0], weighted["pga"].values[:, z], str(weighted["zone"].values[z])) for z in zones),
        (figure.axes[1], weighted["loss"].values.sum(axis=1) / scaled(weighted["loss"].values.sum(axis=1).max())[0], "loss"),
    ]:
        sure, few = curve(axes, name)
        for level, height in np.concatenate([sure, few])[::37]:
            assert height == pytest.approx(rate * p[values >= level].sum(), rel=1e-9)
        assert sure[0, 1] == pytest.approx(rate) and sure[0, 0] == values.min() and few[-1, 0] == values.max()
        assert np.count_nonzero(values >= sure[-1, 0]) >= 10 > np.count_nonzero(values >= few[1, 0])
        assert len({line.get_color() for line in figure.axes[0].get_lines() if (line.get_gid() or "").startswith("curve")}) == 5
    for axes in figure.axes:
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log") and "(1/year)" in axes.get_ylabel()
    assert "(g)" in figure.axes[0].get_xlabel() and "USD)" in figure.axes[1].get_xlabel()
    assert f"{population[zones[0]]:,} people" in words(figure)


def test_area_under_the_loss_curve_is_the_mean_annual_loss(weighted, curves):
    sure, few = curve(curves.axes[1], "loss")
    points = np.concatenate([sure, few[1:]])
    area = points[0, 0] * points[0, 1] + np.trapezoid(points[:, 1], points[:, 0])
    loss = weighted["loss"].values.sum(axis=1)
    mean = weighted.attrs["annual_rate"] * weighted["probability"].values @ loss
    assert area * scaled(loss.max())[0] == pytest.approx(mean, rel=2e-3)


def test_return_periods_are_where_they_say(curves):
    shown = marked(curves.axes[0], "period")
    assert "475" in shown
    for years, line in shown.items():
        assert line.get_ydata()[0] == pytest.approx(1 / int(years))


@pytest.mark.parametrize("rate", [None, 0.0, "often"])
def test_no_rate_no_curve(data, rate):
    attributes = {n: v for n, v in (data.attrs | {"annual_rate": rate}).items() if v is not None}
    with pytest.raises(InputError, match=r"attribute 'annual_rate' is .*: expected events a year"):
        hazard_curves_figure.hazard_figure(data.drop_attrs().assign_attrs(attributes))


def test_a_single_scenario():
    one = quakeops.generate("town", scenarios=1, seed=1)
    for kind in plots.SET_KINDS:
        assert "scenario" in words(set_figure(one, kind))


# -- cascades


def test_the_cascade_shown_is_that_of_the_set(data, generator):
    """Shares of power lost by zone, and beds, follow from the components' states."""
    parts = generator.exposure.infrastructure
    for row in (0, 3, row_of(data, None)):
        view = cascade_view(generator, row)
        power = parts.of("power")
        whole = np.bincount(parts.zone[power], parts.capacity[power], 8)
        lost = np.bincount(parts.zone[power], parts.capacity[power] * view.lost[power], 8)
        np.testing.assert_allclose(lost / np.where(whole > 0, whole, 1), data["power_lost"].values[row], atol=1e-12)
        assert not data["hospital_beds"].values[row][view.lost[parts.of("hospital")]].any()
        assert (view.failed <= view.lost).all()
        assert set(parts.target[view.carried].tolist()) == set(np.flatnonzero(view.lost & ~view.failed).tolist())


def test_states_of_components():
    """A component that failed itself is not lost to others, whatever they did."""
    view = CascadeView(np.array([False, False, True]), np.array([False, True, True]), np.array([True]))
    assert [list(cascade_graph.STATES)[s] for s in view.state] == ["works", "lost by cascade", "physically failed"]


@pytest.fixture(scope="module")
def longest(data, generator):
    """Return the row of the scenario whose cascade took most dependencies."""
    return max(range(len(data["number"])), key=lambda row: cascade_view(generator, row).carried.sum())


def test_components_by_kind_and_state(data, generator, longest):
    row = longest
    figure = cascade_graph.cascade_figure(data, row, generator)
    view, parts = cascade_view(generator, row), generator.exposure.infrastructure
    place = np.column_stack(generator.exposure.component_km)
    shown = {c.get_gid(): c for c in figure.axes[0].collections}
    drawn = 0
    for state, (word, colour) in enumerate(cascade_graph.STATES.items()):
        for kind in KINDS:
            here = (view.state == state) & (parts.kind == KINDS.index(kind))
            if here.any():
                marks = shown[f"{kind}: {word}"]
                np.testing.assert_allclose(marks.get_offsets(), place[here])
                assert to_hex(marks.get_facecolor()[0]) == colour
                drawn += here.sum()
        assert f"{word}: {np.count_nonzero(view.state == state):,}" in words(figure)
    assert drawn == 80
    bars = figure.axes[1].patches
    assert sum(p.get_width() for p in bars) == pytest.approx(100 * len(KINDS))
    water = np.bincount(view.state[parts.of("water")], minlength=3)
    assert f"water: {water[0]} / {water[1]} / {water[2]}" in words(figure)


def test_dependencies_that_carried_are_arrows(data, generator, longest, monkeypatch):
    row = longest
    view = cascade_view(generator, row)
    count = int(view.carried.sum())
    assert count >= 3
    figure = cascade_graph.cascade_figure(data, row, generator)
    assert set(marked(figure.axes[0], "carried")) == set(map(str, np.flatnonzero(view.carried).tolist()))
    others = {c.get_gid(): c for c in figure.axes[0].collections}["other"]
    assert len(others.get_segments()) == 115 - count
    monkeypatch.setattr(cascade_graph, "MOST_ARROWS", 2)
    monkeypatch.setattr(cascade_graph, "MOST_EDGES", 20)
    figure = cascade_graph.cascade_figure(data, row, generator)
    shown = {c.get_gid(): c for c in figure.axes[0].collections}
    assert "other" not in shown and not marked(figure.axes[0], "carried")
    place, parts = np.column_stack(generator.exposure.component_km), generator.exposure.infrastructure
    ends = np.stack([place[parts.source], place[parts.target]], axis=1)[view.carried]
    np.testing.assert_allclose(shown["carried"].get_segments(), ends)
    assert f"other dependencies, not drawn: {115 - count}" in words(figure)
    assert f"carried the loss: {count}" in words(figure)


# -- small helpers


def test_round_numbers():
    assert [round_down(x) for x in (1, 1.99, 2, 7.3, 0.034)] == pytest.approx([1, 1, 2, 5, 0.02])
    assert round_ticks(0.03, 2.5) == [0.05, 0.1, 0.2, 0.5, 1, 2]
    assert len(round_ticks(0.40, 0.62)) >= 4 and len(round_ticks(0.11, 0.115)) >= 0
    assert (scaled(2.5e8), scaled(3e9), scaled(5e5)) == ((1e6, "million "), (1e9, "billion "), (1.0, ""))


# -- the command line


@pytest.fixture
def town(data, tmp_path):
    save(data, tmp_path / "town.nc")
    return tmp_path / "town.nc"


def test_command_line(town, run, tmp_path):
    for arguments, name in ((), "loss"), (("--kind", "shake", "--scenario", "3"), "shake"), (("--kind", "hazard"), "hazard"):
        done = run("plot", "town.nc", *arguments)
        assert (done.code, done.out) == (0, f"written to town-{name}.png\n"), done.err
        height, width, _ = imread(tmp_path / f"town-{name}.png").shape
        assert width == 1875 and 900 <= height <= 1110
    assert run("plot", "town.nc", "--kind", "cascade", "--out", "graph.svg").code == 0
    assert (tmp_path / "graph.svg").read_text(encoding="utf-8").rstrip().endswith("</svg>")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["town.nc", "--kind", "plan"],
            "--kind plan: draws a result (.json), but town.nc is a scenario set; known for it: loss, damage, shake",
        ),
        (
            ["x.json", "--kind", "shake"],
            "--kind shake: draws a scenario set (.nc), but x.json is a result; known for it: plan, convergence",
        ),
        (
            ["town.nc", "--kind", "shak"],
            "unknown kind of picture of a scenario set 'shak'; did you mean 'shake'?; known: loss, damage, shake",
        ),
        (["town.nc", "--scenario", "M 6"], "--scenario 'M 6': expected the number k of a scenario of town.nc, such as 0"),
        (["town.nc", "--scenario", "-1"], "--scenario '-1': expected the number k"),
        (["town.nc", "--scenario", "40"], "--scenario 40: not in the set; known: 0 to 39"),
        (["town.nc", "--kind", "hazard", "--scenario", "1"], "--scenario 1: goes with kinds loss, damage, shake, cascade, not with hazard"),
        (["town.nc", "--region", "r.json"], "--region r.json: goes with kinds shake and cascade, not with loss"),
        (["x.json", "--region", "r.json"], "--region r.json: goes with kinds shake and cascade of a scenario set"),
        (["town.nc", "--kind", "shake", "--region", "r.json"], "r.json"),
        (["town.nc", "--out", "x.bmp"], "x.bmp: file ending '.bmp' is unknown"),
        (["none.nc"], "none.nc: no such file"),
        (["cut.nc"], "cut.nc: not a readable NetCDF file"),
    ],
)
def test_refused(town, run, tmp_path, arguments, message):
    (tmp_path / "cut.nc").write_bytes(town.read_bytes()[:2000])
    run("plot", *arguments).failed(2, message)
    assert not [*tmp_path.glob("*.png"), *tmp_path.glob("*.bmp")]


def test_a_set_that_says_nothing_of_its_making_names_the_file(data, run, tmp_path):
    bare = data.drop_attrs().assign_attrs({n: v for n, v in data.attrs.items() if n != "hazard"})
    save(bare, tmp_path / "bare.nc")
    run("plot", "bare.nc", "--kind", "cascade").failed(2, "bare.nc: attribute 'hazard' is missing")


def test_without_matplotlib(data, tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(InputError, match=r"pip install 'quakeops\[plot\]'"):
        plots.draw_set(data, "loss", tmp_path / "out.png")
    assert not list(tmp_path.iterdir())
