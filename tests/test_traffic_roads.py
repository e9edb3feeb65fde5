"""Retrofit times under traffic: closed forms on two roads, the linear rule link by link, paths by brute force, what is refused."""

import networkx as nx
import numpy as np
import pytest
from quakeops.errors import InputError
from quakeops.instances import Retrofit
from quakeops.instances.fields import Source
from quakeops.instances.retrofit import Element, Pair, Place, RoadLink
from quakeops.instances.retrofit_source import QUIET
from quakeops.instances.road_network import RoadNetwork
from quakeops.instances.traffic_roads import CLOSED, INTACT, SLOWED, TrafficRoads, states_of_links
from quakeops.models.retrofit_network import network_limits
from quakeops.models.retrofit_paths import limits
from quakeops.scenario_gen import traffic_roads as module
from quakeops.scenario_gen.grid_town import grid_town, grid_town_roads, town_roads
from quakeops.scenario_gen.traffic import Stop, user_equilibrium
from quakeops.scenario_gen.traffic_roads import traffic_roads
from scipy.optimize import brentq

TRIPS = np.array([[0.0, 500.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
STATES = np.array([[SLOWED, INTACT], [CLOSED, INTACT], [SLOWED, CLOSED], [SLOWED, INTACT], [INTACT, INTACT]], dtype=np.int8)


def two_roads(**changes):
    """From 0 to 1 a road over node 2, whose two halves are elements a and c, and a road b without an element; 500 trips."""
    network = RoadNetwork(
        name="two roads",
        zones=3,
        nodes=3,
        tail=[0, 2, 0],
        head=[2, 1, 1],
        free_flow_time=[10, 0, 15],
        capacity=[100, 1, 200],
        b=[0.15, 0, 0.15],
        **changes,
    )
    ends = [("u", "w", "a"), ("w", "v", "c"), ("u", "v", None)]
    return network, Retrofit(
        format="quakeops/retrofit/1",
        name="two roads",
        title="two roads",
        source=Source(citation="test", licence="none"),
        provenance={},
        places=[Place(name=n, latitude=0, longitude=i) for i, n in enumerate("uvw")],
        elements=[Element(name=n, retrofit_cost=1, repair_cost=1) for n in "ac"],
        links=[RoadLink(name=f"{u}{v}", ends=(u, v), time=0, element=e, one_way=True) for u, v, e in ends],
        pairs=[Pair(name="uv", origin="u", destination="v", tolerance=0.5)],
    )


def drawn(**changes):
    network, skeleton = two_roads()
    given = {"skeleton": skeleton, "network": network, "trips": TRIPS, "states": STATES, "rates": np.full(5, 0.01), "labels": list("pqrst")}
    return traffic_roads(**(given | changes))


def bpr(free, capacity, flow):
    return free * (1 + 0.15 * (flow / capacity) ** 4)


def test_closed_forms():
    """500 trips over two roads take the same time on both; by the root of one equation, intact and with the first one slowed."""
    source = drawn()
    flow = brentq(lambda v: bpr(10, 100, v) - bpr(15, 200, 500 - v), 0, 500, xtol=1e-12)
    slow = brentq(lambda v: bpr(20, 50, v) - bpr(15, 200, 500 - v), 0, 500, xtol=1e-12)
    intact = [link.time for link in source.instance.links]
    assert intact == pytest.approx([bpr(10, 100, flow), 0, bpr(10, 100, flow)], abs=6e-6)
    times = source.block(0, 6).times
    assert source.scenario(0).label == QUIET and times[0].tolist() == intact
    assert times[1].tolist() == pytest.approx([bpr(20, 50, slow), 0, intact[2]], abs=6e-6)
    assert np.array_equal(times[4], times[1]) and np.array_equal(times[5], times[0])
    assert bpr(15, 200, 500 - slow) > 1.5 * intact[2]  # what really happens on the other road, and a linear model does not see
    assert all(t == round(t, 5) for t in intact)


def test_closed_links_and_never_less_than_intact():
    """A closed element takes no time with it but its own; a slowed road that nobody can use any more is not faster than intact."""
    times = drawn().block(0, 6).times
    intact = times[0]
    assert np.isinf(times[2, 0]) and times[2, 1:].tolist() == intact[1:].tolist()
    assert intact[0] > 20 and times[3, 0] == intact[0]  # slowed to 20 without traffic, since c behind it is closed
    assert np.isinf(times[3, 1]) and times[3, 2] == intact[2]


def test_what_a_slowed_element_does_is_an_option():
    slow = brentq(lambda v: bpr(30, 25, v) - bpr(15, 200, 500 - v), 0, 500, xtol=1e-12)
    source = drawn(slow_time=3.0, slow_capacity=0.25, decimals=3)
    assert source.block(1, 2).times[0, 0] == pytest.approx(bpr(30, 25, slow), abs=6e-4)
    assert source.block(1, 2).times[0, 0] == round(source.block(1, 2).times[0, 0], 3)
    again = source.network_of(STATES[0])
    assert again.free_flow_time.tolist() == [30, 0, 15] and again.capacity.tolist() == [25, 1, 200]


@pytest.fixture(scope="module")
def town():
    return grid_town(scenarios=25, seed=4)


def test_every_link_of_a_town(town):
    """The rule, link by link, by equilibria from nothing on the damaged networks that the town itself describes."""
    source, whole = town_roads(town, pairs=20), user_equilibrium(town.road_network(), town.trips, rel_gap=1e-12)
    intact = np.array([link.time for link in source.instance.links])
    assert intact == pytest.approx(whole.time, abs=6e-6)
    assert town.slowed.any(axis=1).sum() > 5
    for k in range(25):
        times = source.block(k + 1, k + 2).times[0]
        assert np.array_equal(np.isinf(times), town.closed[k])
        own = town.slowed[k]
        assert np.array_equal(times[~own & ~town.closed[k]], intact[~own & ~town.closed[k]])
        if own.any():
            found = user_equilibrium(town.road_network(k), town.trips, rel_gap=1e-12)
            assert times[own] == pytest.approx(np.maximum(found.time, intact)[own], abs=2e-5)


def test_paths_and_limits(town):
    """By another library at the instance's times; a pair's limit is its path's time and the tolerance, whichever the requirement."""
    source = town_roads(town, pairs=40, tolerance=0.3)
    inst = source.instance
    graph = nx.DiGraph()
    graph.add_edges_from((*link.ends, {"t": link.time}) for link in inst.links)
    time, at = {link.name: link.time for link in inst.links}, {link.name: link.ends for link in inst.links}
    own, free = limits(inst), network_limits(inst)
    for pair in inst.pairs:
        length = sum(time[a] for a in pair.path)
        assert length == pytest.approx(nx.dijkstra_path_length(graph, pair.origin, pair.destination, weight="t"), rel=1e-12)
        stops = [pair.origin, *(at[a][1] for a in pair.path)]
        assert stops[-1] == pair.destination and [at[a][0] for a in pair.path] == stops[:-1]
        assert own[pair.name] / 1.3 == pytest.approx(length, rel=1e-12) and free[pair.name] == pytest.approx(own[pair.name], rel=1e-12)


def test_scenario_k_depends_on_the_seed_and_k_alone():
    few, many, other = grid_town_roads(6, 2), grid_town_roads(16, 2), grid_town_roads(6, 3)
    assert np.array_equal(few.block(0, 6).times, many.block(0, 6).times) and np.array_equal(few.states, many.states[:6])
    assert few.instance == many.instance == other.instance and not np.array_equal(few.states, other.states)
    quiet = grid_town_roads(1, 2)
    assert quiet.num_scenarios == 1 and quiet.scenario(0).label == QUIET and quiet.probabilities.tolist() == [1.0]
    assert np.array_equal(quiet.scenario(0).times, few.scenario(0).times) and not quiet.states.any() and quiet.states.shape == (1, 20)
    with pytest.raises(InputError, match="--scenarios 0: must be at least 1"):
        grid_town_roads(0, 2)


def test_the_network_of_states_is_that_of_the_town(town):
    source = town_roads(town, pairs=5)
    for k in (0, int(town.closed.sum(axis=1).argmax())):
        ours, theirs = source.network_of(source.states[k + 1]), town.road_network(k)
        assert np.array_equal(ours.closed, theirs.closed) and ours.capacity == pytest.approx(theirs.capacity)
        assert ours.free_flow_time == pytest.approx(theirs.free_flow_time)
    assert np.array_equal(
        states_of_links(source.instance, source.states[1:]), np.where(town.closed, CLOSED, np.where(town.slowed, SLOWED, 0))
    )


def test_refused(monkeypatch):
    network, skeleton = two_roads()
    with pytest.raises(InputError, match="two roads: first_through is 2: an instance's paths may pass every place"):
        drawn(network=two_roads(first_through=2)[0])
    back = skeleton.model_copy(update={"pairs": [Pair(name="vu", origin="v", destination="u")]})
    with pytest.raises(InputError, match="pair 'vu': no way leads there even when all is intact"):
        drawn(skeleton=back)
    endless = skeleton.model_copy(update={"pairs": [Pair(name="p", path=["uw"])]})
    with pytest.raises(InputError, match="pair 'p': a path under traffic needs fields 'origin' and 'destination'"):
        drawn(skeleton=endless)
    turned = skeleton.model_copy(update={"links": [*skeleton.links[:2], skeleton.links[2].model_copy(update={"ends": ("v", "u")})]})
    with pytest.raises(InputError, match=r"links\[2\], 'uv': expected one_way, and ends \('u', 'v'\), those of the network's link"):
        drawn(skeleton=turned)
    with pytest.raises(InputError, match="the network has 3 links and 3 nodes, the instance 2 links and 3 places"):
        drawn(skeleton=skeleton.model_copy(update={"links": skeleton.links[:2]}))
    source = drawn()
    with pytest.raises(InputError, match=r"states have shape \(5, 1\), expected \(5, 2\)"):
        TrafficRoads(
            source.instance, source.block(1, 6).times, np.full(5, 0.01), "pqrst", network=network, trips=TRIPS, states=STATES[:, :1]
        )

    def hasty(*args, **options):
        found = user_equilibrium(*args, **options | {"max_iterations": 1})
        assert found.stop is Stop.ITERATION_LIMIT
        return found

    monkeypatch.setattr(module, "user_equilibrium", hasty)
    with pytest.raises(InputError, match=r"two roads: traffic has a relative gap of .* \(iteration limit\): expected 1e-12"):
        drawn()
