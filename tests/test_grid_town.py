"""The synthetic town: a river that divides it, damage with the probabilities of its fragilities, scenario k from (seed, k) alone."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quakeops.errors import InputError
from quakeops.instances.bridges import read_bridges, write_bridges
from quakeops.instances.damage_maps import read_damage_maps, write_damage_maps
from quakeops.plots.road_map import draw_road_map, road_map_figure
from quakeops.scenario_gen.bridge_fragility import bridge_fragilities
from quakeops.scenario_gen.events import EventModel
from quakeops.scenario_gen.fragility import STATES
from quakeops.scenario_gen.grid_town import free_flow_minutes, grid_town, shortest_path
from quakeops.scenario_gen.grid_town.closures import damaged, link_states
from quakeops.scenario_gen.grid_town.roads import town_roads
from quakeops.scenario_gen.grid_town.streets import lay_out
from quakeops.scenario_gen.grid_town.trips import TRIPS_PER_PERSON_H
from quakeops.scenario_gen.hazus import component_fragility
from quakeops.scenario_gen.importance import EventProposal
from quakeops.scenario_gen.make_set import make_set
from quakeops.scenario_gen.shaking import Shaking
from quakeops.scenario_gen.traffic import user_equilibrium
from scipy.special import ndtr


@pytest.fixture(scope="module")
def town():
    return grid_town(scenarios=60, seed=3)


@pytest.fixture(scope="module")
def many():
    """250 scenarios, and ln SA(1.0) at the bridges in each, (250, 20)."""
    town = grid_town(scenarios=250, seed=5)
    shaking = Shaking(town.region, EventModel(town.region, proposal=EventProposal()), seed=5)
    return town, np.array([shaken.ln_sa for start in range(0, 250, 50) for shaken in shaking.block(start, start + 50)])


def graph(town, open_links=None):
    kept = np.ones(len(town.streets.tail), dtype=bool) if open_links is None else open_links
    out = nx.DiGraph()
    out.add_nodes_from(range(len(town.streets.names)))
    minutes = town.streets.free_flow_minutes
    out.add_edges_from(
        (int(t), int(h), {"m": float(m)}) for t, h, m, k in zip(town.streets.tail, town.streets.head, minutes, kept, strict=True) if k
    )
    return out


sizes = st.tuples(st.integers(2, 8), st.integers(2, 9), st.integers(0, 10**6), st.floats(0, 1))


def small(rows, columns, seed, share, **more):
    """A town with a share of the most bridges it can have."""
    most = 2 * int(lay_out(rows, columns, 0.75, np.random.default_rng(np.random.SeedSequence(seed))).crosses.sum())
    return grid_town(rows=rows, columns=columns, network_seed=seed, bridges=1 + round(share * (most - 1)), scenarios=1, threads=1, **more)


@given(sizes)
@settings(max_examples=25)
def test_the_river_divides_the_town(size):
    """With its bridges every crossing is reached from every other; without, two banks are left."""
    town = small(*size)
    by_bridge = town.carriers.any(axis=0)
    dry = nx.Graph(graph(town, ~by_bridge))
    assert {frozenset(c) for c in nx.connected_components(dry)} == {
        frozenset(np.flatnonzero(town.streets.bank == side).tolist()) for side in (0, 1)
    }
    assert nx.is_strongly_connected(graph(town))
    assert np.array_equal(by_bridge, town.streets.bank[town.streets.tail] != town.streets.bank[town.streets.head])
    assert (town.carriers.sum(axis=0)[by_bridge] == 1).all() and set(town.carriers.sum(axis=1).tolist()) <= {1, 2}


@given(sizes)
@settings(max_examples=25)
def test_bridges_stand_where_street_and_river_meet(size):
    town = small(*size)
    streets = town.streets
    place = np.column_stack(town.region.origin.to_km(town.bridges.latitude, town.bridges.longitude))
    for b, links in enumerate(town.carriers):
        e = int(np.flatnonzero(links)[0]) % len(streets.ends)
        ends = np.column_stack([streets.x_km, streets.y_km])[streets.ends[e]]
        assert to_line(place[b], ends) == pytest.approx(
            0.0 if links.sum() == 2 else 0.04, abs=1e-9
        )  # one-way bridges lie beside the street
        off = np.linalg.norm(streets.over_river_km[e] - ends, axis=1).min() / streets.block_km
        assert off > 0.149 if ends[0, 0] == ends[1, 0] else off > 0.05
        assert to_line(streets.over_river_km[e], ends) < 1e-9 and to_line(streets.over_river_km[e], streets.river_km) < 1e-9
        if links.sum() == 1:  # traffic keeps to the right
            way = ends[::-1] if np.flatnonzero(links)[0] >= len(streets.ends) else ends
            (east, north), (aside, ahead) = way[1] - way[0], place[b] - way[0]
            assert east * ahead - north * aside < 0
    apart = np.linalg.norm(place[:, None] - place, axis=2) + np.eye(len(place))
    assert apart.min() > 0.02


def to_line(point, line):
    """Distance of a point from a polyline (P, 2)."""
    a, d = line[:-1], np.diff(line, axis=0)
    share = np.clip(((point - a) * d).sum(axis=1) / (d**2).sum(axis=1), 0, 1)
    return float(np.linalg.norm(a + share[:, None] * d - point, axis=1).min())


def test_sizes_and_classes(town):
    """48 crossings, 82 streets in both directions, 20 bridges of several Hazus classes with the class's curves."""
    streets = town.streets
    assert (
        len(streets.names) == 48 and len(streets.ends) == 6 * 7 + 5 * 8 and len(streets.link_names) == len(set(streets.link_names)) == 164
    )
    assert streets.link_names[0] == "A1-A2" and streets.link_names[82] == "A2-A1" and streets.tail[82] == 1 and streets.head[82] == 0
    assert len(town.bridges) == 20 and np.array_equal(town.bridges.carriers(streets.link_names), town.carriers)
    classes = [title[title.index("(") + 1 : -1] for title in town.bridges.titles]
    assert len(set(classes)) >= 5
    for name, medians, betas, year in zip(classes, town.bridges.medians_g, town.bridges.betas, town.bridges.years, strict=True):
        assert tuple(medians) == component_fragility(name).medians and tuple(betas) == component_fragility(name).betas
        assert (year >= 1990) == (name.split(".")[-1] in ("7", "11", "14", "16", "19", "23"))
    assert town.bridges.repair_cost == pytest.approx(0.25 * 3150 * town.bridges.deck_area_m2, abs=500)
    share = town.bridges.retrofit_cost / town.bridges.repair_cost
    assert (share > 0.079).all() and (share < 0.301).all()


def test_closures():
    """None and slight leave a link open, moderate slows it, extensive and complete close it; the worst of two bridges decides."""
    states = np.arange(5, dtype=np.int8)[:, None]
    closed, slowed = link_states(states, np.array([[True, False]]))
    assert closed[:, 0].tolist() == [False, False, False, True, True] and slowed[:, 0].tolist() == [False, False, True, False, False]
    assert not closed[:, 1].any() and not slowed[:, 1].any() and damaged(states)[:, 0].tolist() == [False, False, True, True, True]
    pairs, both = np.array([[2, 4], [4, 2], [1, 2], [2, 0], [0, 1]], dtype=np.int8), np.ones((2, 1), dtype=bool)
    assert link_states(pairs, both)[0][:, 0].tolist() == [True, True, False, False, False]
    assert link_states(pairs, both)[1][:, 0].tolist() == [False, False, True, True, False]


def test_links_of_a_scenario(town):
    """A link is open, with twice the time, or closed as its bridge is; repaired bridges count as whole."""
    for k in range(len(town.states)):
        is_open, minutes, capacity = town.links(k)
        state = np.zeros(164, dtype=int)
        for b, links in enumerate(town.carriers):
            state[links] = town.states[k, b]
        assert (
            np.array_equal(is_open, state < 3) and np.array_equal(~is_open, town.closed[k]) and np.array_equal(state == 2, town.slowed[k])
        )
        assert minutes == pytest.approx(town.streets.free_flow_minutes * np.where(state == 2, 2, 1))
        assert capacity == pytest.approx(town.streets.capacity_veh_h * np.where(state == 2, 0.5, 1))
        assert np.array_equal(town.maps.damaged[k], town.states[k] >= 2)
        is_open, minutes, capacity = town.links(k, town.maps.damaged[k])
        assert (
            is_open.all()
            and np.array_equal(minutes, town.streets.free_flow_minutes)
            and np.array_equal(capacity, town.streets.capacity_veh_h)
        )
    worst = int(town.maps.damaged.sum(axis=1).argmax())
    first = np.flatnonzero(town.states[worst] >= 3)[0]
    is_open, _, _ = town.links(worst, np.arange(20) == first)
    assert np.array_equal(is_open, ~town.closed[worst] | town.carriers[first])


def test_network_for_a_traffic_model(town):
    whole, worst = town.road_network(), int(town.closed.sum(axis=1).argmax())
    assert whole.links == 164 and whole.zones == whole.nodes == 48 and not whole.closed.any()
    broken = town.road_network(worst)
    is_open, minutes, capacity = town.links(worst)
    assert np.array_equal(broken.closed, ~is_open) and broken.closed.any()
    assert broken.free_flow_time == pytest.approx(minutes) and broken.capacity == pytest.approx(capacity)
    assert not town.road_network(worst, town.maps.damaged[worst]).closed.any()


def test_traffic(town):
    """With traffic no trip is faster than without; without bridges what is not served is the trips over the river."""
    whole = user_equilibrium(town.road_network(), town.trips, rel_gap=1e-6)
    minutes = free_flow_minutes(town.streets, town.streets.free_flow_minutes)
    assert whole.total_time > (town.trips * minutes).sum() * (1 + 1e-3) and np.sum(whole.unserved) == 0
    over = town.carriers.any(axis=0)
    slower = whole.time / town.streets.free_flow_minutes
    assert 1.2 < slower[over].max() < 1.5 and slower.max() < 2 and np.average(slower, weights=whole.flow) < 1.2  # a peak hour, no gridlock
    dry = user_equilibrium(town.road_network().damaged(closed=town.carriers.any(axis=0)), town.trips, rel_gap=1e-6)
    across = town.streets.bank[:, None] != town.streets.bank
    assert np.sum(dry.unserved) == pytest.approx(town.trips[across].sum())


def test_scenario_k_depends_on_the_seed_and_k_alone(town):
    """Fewer scenarios, one thread, a middle that is drawn alone: the same bits. Another seed: others."""
    few = grid_town(scenarios=7, seed=3, threads=1)
    assert np.array_equal(few.states, town.states[:7]) and np.array_equal(few.magnitudes, town.magnitudes[:7])
    assert np.array_equal(few.bridges.medians_g, town.bridges.medians_g) and np.array_equal(few.trips, town.trips)
    assert few.rates[:7] / town.rates[:7] == pytest.approx(few.rates[0] / town.rates[0])  # rates: the same ratios
    other = grid_town(scenarios=7, seed=4)
    assert not np.array_equal(other.states, few.states) and np.array_equal(other.bridges.latitude, few.bridges.latitude)
    elsewhere = grid_town(scenarios=7, seed=3, network_seed=1)
    assert not np.array_equal(elsewhere.bridges.repair_cost, few.bridges.repair_cost)


def test_annual_rates(many):
    """They sum to that of the faults' events; without importance sampling all are equal; both estimate the same rates of damage."""
    weighted, plain = many[0], grid_town(scenarios=250, seed=2, importance=False)
    for town in (weighted, plain):
        assert town.maps.total_rate == pytest.approx(0.022, rel=1e-12)
    assert (plain.rates == plain.rates[0]).all() and weighted.rates.max() / weighted.rates.min() > 5
    for what in (lambda t: t.maps.damaged, lambda t: t.maps.damaged.sum(axis=1)[:, None] >= [1, 2, 5]):
        means, variances = zip(*(estimate(t.rates, what(t)) for t in (weighted, plain)), strict=True)
        z = (means[0] - means[1]) / np.sqrt(variances[0] + variances[1])
        assert np.abs(z).max() < 4 and np.sqrt(np.mean(z**2)) < 2
    assert weighted.maps.damaged.sum() > 1.3 * plain.maps.damaged.sum()


def estimate(rates, events):
    """Annual rates of events (S, n) and the variances of these estimates (self-normalised)."""
    p = rates / rates.sum()
    mean = p @ events
    return rates.sum() * mean, rates.sum() ** 2 * (p[:, None] ** 2 * (events - mean) ** 2).sum(axis=0)


def test_damage_has_the_probabilities_of_the_fragility_curves(many):
    """Given the shaking of 250 scenarios, states are independent with P(DS >= d) = Phi(ln(SA / theta_d) / beta): counts within 4 sigma."""
    town, ln_sa = many
    exact = ndtr((ln_sa[..., None] - np.log(town.bridges.medians_g)) / town.bridges.betas)
    assert bridge_fragilities(town.bridges).exceedance(ln_sa, np.arange(20)) == pytest.approx(exact, abs=1e-12)
    for d in range(1, len(STATES) + 1):
        p, found = exact[..., d - 1], town.states >= d
        z = (found.sum(axis=0) - p.sum(axis=0)) / np.sqrt((p * (1 - p)).sum(axis=0))
        assert np.abs(z).max() < 4
        assert abs(found.sum() - p.sum()) < 3 * np.sqrt((p * (1 - p)).sum())
        strong = p > 0.5
        assert abs(found[strong].sum() - p[strong].sum()) < 3.5 * np.sqrt((p * (1 - p))[strong].sum())


def test_neighbours_are_shaken_alike(many):
    """What an event leaves to a bridge beyond its mean goes together 80 m apart, and against each other at the ends of the town."""
    town, ln_sa = many
    place = np.column_stack(town.region.origin.to_km(town.bridges.latitude, town.bridges.longitude))
    correlation = np.corrcoef((ln_sa - ln_sa.mean(axis=1, keepdims=True)).T)
    distance = np.linalg.norm(place[:, None] - place, axis=2)
    assert correlation[(distance > 0) & (distance < 0.1)].min() > 0.8 and correlation[distance > 4].max() < 0.2


def test_shortest_paths(town):
    """All pairs by another library, in a damaged network too; a path's times add up; no way is no path."""
    minutes = town.streets.free_flow_minutes
    worst = int(town.closed.sum(axis=1).argmax())
    for kept in (None, town.links(worst)[0]):
        found = free_flow_minutes(town.streets, minutes, kept)
        lengths = dict(nx.all_pairs_dijkstra_path_length(graph(town, kept), weight="m"))
        exact = np.array([[lengths[a].get(b, np.inf) for b in range(48)] for a in range(48)])
        assert found == pytest.approx(exact)
        for a, b in ((0, 47), (47, 0), (20, 13), (5, 5)):
            path = shortest_path(town.streets, minutes, a, b, kept)
            assert minutes[path].sum() == pytest.approx(found[a, b])
            walked = [a, *town.streets.head[path].tolist()]
            assert walked[-1] == b and town.streets.tail[path].tolist() == walked[:-1] and (kept is None or kept[path].all())
    banks = ~town.carriers.any(axis=0)
    assert shortest_path(town.streets, minutes, 0, 47, banks) is None
    assert np.array_equal(np.isinf(free_flow_minutes(town.streets, minutes, banks)), town.streets.bank[:, None] != town.streets.bank)
    with pytest.raises(InputError, match="field 'end': 48: expected a node, 0 to 47"):
        shortest_path(town.streets, minutes, 0, 48)
    with pytest.raises(InputError, match="field 'minutes', link 3: 0: expected a positive number"):
        free_flow_minutes(town.streets, np.where(np.arange(164) == 3, 0, minutes))


def test_trips(town):
    """Each zone sends what its people drive; nobody drives to where he is; nearer and larger zones draw more."""
    people = town.region.zones.population
    assert town.trips.sum(axis=1) == pytest.approx(TRIPS_PER_PERSON_H * people) and (np.diag(town.trips) == 0).all()
    assert people.sum() == 900 * 48 and (town.trips[~np.eye(48, dtype=bool)] > 0).all()
    minutes = free_flow_minutes(town.streets, town.streets.free_flow_minutes)
    assert np.average(minutes, weights=town.trips) < minutes.sum() / (48 * 47)
    pairs = town.busiest_pairs(30)
    assert (town.streets.bank[pairs[:, 0]] != town.streets.bank[pairs[:, 1]]).all() and len({tuple(p) for p in pairs.tolist()}) == 30
    carried = town.trips[pairs[:, 0], pairs[:, 1]]
    across = town.streets.bank[:, None] != town.streets.bank
    assert carried.tolist() == np.sort(town.trips[across])[::-1][:30].tolist()
    assert len(town.busiest_pairs(int(across.sum()))) == across.sum()


def test_the_town_is_a_region(town):
    """The generator of relief scenarios takes it as it is, with the same bridges damaged."""
    data = make_set(town.region, 5, seed=3)
    plain = grid_town(scenarios=5, seed=3, importance=False)
    assert np.array_equal(data["bridge_state"].values, plain.states) and (data["demand"].values >= 0).all()
    assert dict(data.sizes)["link"] == len(town.streets.ends)


def test_written_and_read_again(town, tmp_path):
    """Inventory and maps as CSV files, like a user's own."""
    write_bridges(tmp_path / "bridges.csv", town.bridges, "synthetic")
    write_damage_maps(tmp_path / "maps.csv", town.maps, "synthetic")
    bridges = read_bridges(tmp_path / "bridges.csv")
    maps = read_damage_maps(tmp_path / "maps.csv", bridges, total_rate=0.022)
    assert np.array_equal(maps.damaged, town.maps.damaged) and np.array_equal(maps.rates, town.rates)
    assert np.array_equal(bridges.medians_g, town.bridges.medians_g) and bridges.links == town.bridges.links


def test_the_town_as_an_instance_of_retrofit(town):
    """Each direction of a street is a link with its bridge; costs are those of years; times are a matter of tests/test_traffic_roads.py."""
    source = town_roads(town, pairs=40, tolerance=0.2, years=25)
    instance, streets = source.instance, town.streets
    assert tuple(link.name for link in instance.links) == streets.link_names and all(link.one_way for link in instance.links)
    for i, link in enumerate(instance.links):
        assert link.ends == (streets.names[streets.tail[i]], streets.names[streets.head[i]])
        assert [b for b, over in zip(town.bridges.names, town.carriers[:, i], strict=True) if over] == [link.element] * (
            link.element is not None
        )
    assert source.num_scenarios == 61 and source.probabilities == pytest.approx([1 - 0.022, *town.rates])
    assert np.array_equal(source.states[1:], np.array([0, 0, 1, 2, 2])[town.states]) and not source.states[0].any()
    assert np.array_equal(source.trips, town.trips)
    ends = [(streets.names.index(p.origin), streets.names.index(p.destination)) for p in instance.pairs]
    assert ends == [tuple(p) for p in town.busiest_pairs(40, least_minutes=5).tolist()]
    assert [e.repair_cost for e in instance.elements] == pytest.approx(25 * town.bridges.repair_cost)
    for wrong in ({"years": 0}, {"tolerance": -1}, {"pairs": 0}):
        with pytest.raises(InputError, match=r"field '(years|tolerance|count)'"):
            town_roads(town, **wrong)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"bridges": 0}, "field 'bridges': 0: 12 streets cross the river: expected 1 to 24 bridges"),
        ({"bridges": 25}, "field 'bridges': 25: 12 streets cross"),
        ({"rows": 1}, "field 'rows': 1: expected 2 to 26"),
        ({"rows": 27}, "field 'rows': 27"),
        ({"columns": 1}, "field 'columns': 1: expected 2 to 999"),
        ({"block_km": 0.0}, "field 'block_km': 0: expected a positive number of km"),
        ({"block_km": float("nan")}, "field 'block_km': nan"),
        ({"scenarios": 0}, "--scenarios 0: must be at least 1"),
        ({"seed": -1}, "--seed -1: must not be negative"),
        ({"network_seed": -1}, "field 'network_seed': -1: must not be negative"),
    ],
)
def test_what_cannot_be_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        grid_town(**given)


def test_questions_that_cannot_be_answered(town):
    with pytest.raises(InputError, match="field 'scenario': 60: expected 0 to 59"):
        town.links(60)
    with pytest.raises(InputError, match=r"field 'repaired' has shape \(3,\): expected \(20,\), one for each bridge"):
        town.links(0, np.ones(3, dtype=bool))
    with pytest.raises(InputError, match="field 'count': 0: expected 1 to"):
        town.busiest_pairs(0)


def test_map(town, tmp_path):
    """Every street and bridge is drawn; closed streets are as many as the scenario closes; a bridge that is no bridge is refused."""
    worst = int(town.closed.sum(axis=1).argmax())
    figure = road_map_figure(town, worst, (), ())
    lines = figure.axes[0].get_lines()
    streets = [line for line in lines if (line.get_gid() or "").startswith("street ")]
    closed = town.closed[worst, :82] | town.closed[worst, 82:]
    assert len(streets) == 82 and sum(line.get_color() == "#c1121f" for line in streets) == closed.sum() > 0
    shown = {line.get_gid(): len(line.get_xdata()) for line in lines if (line.get_gid() or "").startswith("bridges ")}
    assert sum(shown.values()) == 20 and shown["bridges complete"] == (town.states[worst] == 4).sum()
    whole = road_map_figure(town, worst, (), town.bridges.names).axes[0].get_lines()
    assert not any(line.get_color() == "#c1121f" for line in whole)
    draw_road_map(town, tmp_path / "town.svg", retrofitted=["b01"])
    assert "retrofitted before" in (tmp_path / "town.svg").read_text()
    with pytest.raises(InputError, match="'b99' is no bridge of the town: expected b01 to b20"):
        draw_road_map(town, tmp_path / "town.png", repaired=["b99"])
    with pytest.raises(InputError, match="--scenario 60: expected 0 to 59"):
        draw_road_map(town, tmp_path / "town.png", scenario=60)
    with pytest.raises(InputError, match=r"file ending '\.gif' is unknown"):
        draw_road_map(town, tmp_path / "town.gif")
