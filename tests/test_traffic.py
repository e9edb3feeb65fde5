"""User equilibrium: published values, closed forms, enumerated paths, properties of random networks, damage, limits, bad input."""

from dataclasses import replace
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quakeops.errors import InputError
from quakeops.instances.road_network import RoadNetwork
from quakeops.instances.tntp import find_tntp, read_flows, read_network, read_trips
from quakeops.scenario_gen.traffic import LinkCosts, Stop, damaged_equilibria, incremental_assignment, user_equilibrium
from quakeops.scenario_gen.traffic.demand import Traffic
from scipy.integrate import quad
from scipy.optimize import approx_fprime, brentq, minimize

DATA = Path(__file__).parents[2] / "shared" / "data" / "retrofit" / "tntp"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the reference data (shared/data/retrofit/tntp) are not beside the checkout")
METHODS = ("path-newton", "frank-wolfe")
SIOUX_FALLS_BECKMANN, SIOUX_FALLS_TIME = 4_231_335.287107, 7_480_225.344921


def roads(tail, head, free_flow_time, capacity, *, zones=2, nodes=None, **more):
    nodes = nodes or 1 + max(*tail, *head)
    return RoadNetwork(
        name="roads", zones=zones, nodes=nodes, tail=tail, head=head, free_flow_time=free_flow_time, capacity=capacity, **more
    )


def from_first_to_second(trips, zones=2):
    demand = np.zeros((zones, zones))
    demand[0, 1] = trips
    return demand


def published(name):
    files = find_tntp(name, DATA)
    net = read_network(files.network)
    return net, read_trips(files.trips, net.zones), files


def random_case(seed, *, parallel=True, through=True):
    """A random network of 4 to 9 nodes, not always connected, some links free of charge, with trips between its zones."""
    rng = np.random.default_rng(seed)
    nodes = int(rng.integers(4, 10))
    zones = int(rng.integers(2, nodes))
    links = int(rng.integers(2 * nodes, 4 * nodes))
    tail = rng.integers(0, nodes, links)
    head = (tail + rng.integers(1, nodes, links)) % nodes
    if not parallel:
        tail, head = np.unique(np.column_stack([tail, head]), axis=0).T
        links = len(tail)
    network = RoadNetwork(
        name=f"random {seed}",
        zones=zones,
        nodes=nodes,
        tail=tail,
        head=head,
        free_flow_time=rng.uniform(1, 10, links) * (rng.random(links) > 0.15),
        capacity=rng.uniform(5, 50, links),
        power=rng.choice([1.0, 2.0, 4.0, 5.5], links),
        b=rng.choice([0.0, 0.15, 1.0], links),
        toll=rng.uniform(0, 3, links),
        toll_weight=float(rng.choice([0.0, 0.5])),
        first_through=0 if through else int(rng.integers(1, zones + 1)),
    )
    return network, rng.uniform(0, 60, (zones, zones)) * (rng.random((zones, zones)) > 0.3)


# --- published equilibria


@needs_data
@pytest.mark.parametrize(("method", "gap", "digits"), [("path-newton", 1e-12, 1e-11), ("frank-wolfe", 1e-5, 1e-5)])
def test_sioux_falls(method, gap, digits):
    """Best-known Beckmann value and total travel time; the proved bounds stand on either side."""
    net, trips, files = published("sioux-falls")
    found = user_equilibrium(net, trips, method=method, rel_gap=gap)
    assert found.stop is Stop.GAP_REACHED and found.rel_gap <= gap
    assert found.beckmann == pytest.approx(SIOUX_FALLS_BECKMANN, rel=digits)
    assert found.total_time == pytest.approx(SIOUX_FALLS_TIME, rel=100 * digits)
    assert found.bound - 1e-6 <= SIOUX_FALLS_BECKMANN <= found.beckmann + 1e-6
    assert found.beckmann - found.bound <= gap * found.total_cost * 1.01 + 1e-6
    flows = read_flows(files.flows, net)
    assert abs(found.flow - flows.volume).max() / flows.volume.max() < max(1e-9, 2000 * digits)


@needs_data
def test_anaheim():
    """Published flows, to 1e-6 of the largest one and of all flow; its zones are not passed through."""
    net, trips, files = published("anaheim")
    found, flows = user_equilibrium(net, trips, rel_gap=1e-12), read_flows(files.flows, net)
    assert net.first_through == 38
    assert abs(found.flow - flows.volume).max() <= 1e-6 * flows.volume.max()
    assert abs(found.flow - flows.volume).sum() <= 1e-6 * flows.volume.sum()
    assert found.cost == pytest.approx(flows.cost, rel=1e-6)


@needs_data
@pytest.mark.parametrize("name", ["anaheim", "berlin-friedrichshain", "eastern-massachusetts"])
def test_two_roads_to_one_number(name):
    net, trips, _ = published(name)
    newton, frank_wolfe = (user_equilibrium(net, trips, method=m, rel_gap=g) for m, g in zip(METHODS, (1e-11, 1e-5), strict=True))
    assert frank_wolfe.bound <= newton.bound <= newton.beckmann <= frank_wolfe.beckmann
    assert newton.bound == pytest.approx(newton.beckmann, rel=2e-11)
    assert frank_wolfe.beckmann == pytest.approx(newton.beckmann, rel=1e-5)


# --- closed forms


@pytest.mark.parametrize("method", METHODS)
def test_braess(method):
    """Braess (1968), 6 trips: 92 minutes each with the middle road, 83 without it."""
    times = {"free_flow_time": [1e-8, 50, 50, 10, 1e-8], "capacity": [1] * 5, "b": [1e9, 0.02, 0.02, 0.1, 1e9], "power": [1] * 5}
    net = roads([0, 0, 2, 2, 3], [2, 3, 1, 3, 1], **times)
    found = user_equilibrium(net, from_first_to_second(6), method=method, rel_gap=1e-10)
    assert found.flow == pytest.approx([4, 2, 2, 2, 4], abs=1e-5)
    assert found.travel_costs()[0, 1] == pytest.approx(92, abs=1e-5) and found.total_time == pytest.approx(552, abs=1e-4)
    without = user_equilibrium(
        net.damaged(closed=[False, False, False, True, False]), from_first_to_second(6), method=method, rel_gap=1e-10
    )
    assert without.flow == pytest.approx([3, 3, 3, 0, 3], abs=1e-5)
    assert without.travel_costs()[0, 1] == pytest.approx(83, abs=1e-5) and without.total_time == pytest.approx(498, abs=1e-4)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("trips", [10.0, 300.0, 2000.0])
def test_two_parallel_roads(method, trips):
    """Equal times, or all on the faster road; by a root of one variable. The roads join the same two nodes."""
    net = roads([0, 0], [1, 1], [10, 15], [100, 200])
    costs = LinkCosts.of(net)

    def late(first):
        return np.subtract(*costs.time(np.array([first, trips - first])))

    first = trips if late(trips) <= 0 else brentq(late, 0, trips, xtol=1e-12)
    found = user_equilibrium(net, from_first_to_second(trips), method=method, rel_gap=1e-13)
    assert found.flow == pytest.approx([first, trips - first], abs=1e-6 * trips)


def test_linear_roads():
    """t1 = 1 + v, t2 = 2 + v, 5 trips: flows 3 and 2, time 4, Beckmann 3 + 9/2 + 4 + 4/2."""
    found = user_equilibrium(roads([0, 0], [1, 1], [1, 2], 1, b=[1, 0.5], power=1), from_first_to_second(5), rel_gap=1e-14)
    assert found.flow == pytest.approx([3, 2]) and found.time == pytest.approx([4, 4])
    assert found.beckmann == pytest.approx(13.5) and found.total_time == pytest.approx(20)


def test_tolls_and_lengths():
    """The toll of 1 at weight 2 and the length of 3 at weight 1/3 make a road of 1 + v cost 4 + v: nobody pays, until it is worth it."""
    net = roads([0, 0], [1, 1], [1, 2], 1, b=[1, 0.5], power=1, toll=[1, 0], length=[3, 0], toll_weight=2, length_weight=1 / 3)
    assert user_equilibrium(net, from_first_to_second(2)).flow == pytest.approx([0, 2], abs=1e-7)
    found = user_equilibrium(net, from_first_to_second(5), rel_gap=1e-14)
    assert found.flow == pytest.approx([1.5, 3.5]) and found.cost == pytest.approx([5.5, 5.5])
    assert found.total_cost == pytest.approx(27.5) and found.total_time == pytest.approx(27.5 - 3 * 1.5)


def test_single_path():
    net = roads([0, 2], [2, 1], [5, 7], [10, 20])
    found = user_equilibrium(net, from_first_to_second(12))
    assert found.flow.tolist() == [12, 12] and found.rel_gap < 1e-15 and found.iterations == 1
    assert found.time == pytest.approx([5 * (1 + 0.15 * 1.2**4), 7 * (1 + 0.15 * 0.6**4)])


@given(st.integers(0, 10**6))
def test_costs(seed):
    """Integral and slope of every link against quadrature and differences."""
    net, _ = random_case(seed)
    costs, flow = LinkCosts.of(net), np.random.default_rng(seed).uniform(0.5, 80, net.links)
    k = seed % net.links
    one = LinkCosts(*(getattr(costs, f)[k : k + 1] for f in ("free_flow_time", "b", "power", "capacity", "fixed")))
    assert one.beckmann(flow[k : k + 1]) == pytest.approx(quad(lambda v: one.cost(np.array([v]))[0], 0, flow[k])[0], rel=1e-9)
    assert approx_fprime(flow[k : k + 1], lambda v: one.cost(v)[0], 1e-6) == pytest.approx(one.slope(flow[k : k + 1]), rel=1e-3, abs=1e-6)


# --- properties


@given(st.integers(0, 10**6), st.booleans(), st.sampled_from(METHODS))
def test_flows_are_conserved_and_nobody_gains(seed, through, method):
    """At every node what comes in goes out, but for trips that start and end; used paths are the cheapest, to the gap."""
    net, demand = random_case(seed, through=through)
    found = user_equilibrium(net, demand, method=method, rel_gap=1e-6, max_iterations=3000)
    served = demand * ~np.eye(net.zones, dtype=bool) - found.unserved
    out = np.bincount(net.tail, found.flow, minlength=net.nodes) - np.bincount(net.head, found.flow, minlength=net.nodes)
    expected = np.zeros(net.nodes)
    expected[: net.zones] = served.sum(axis=1) - served.sum(axis=0)
    assert out == pytest.approx(expected, abs=1e-9 * (1 + demand.sum()))
    assert (found.flow >= 0).all() and found.bound <= found.beckmann
    travel = found.travel_costs()
    assert not (np.ma.getmaskarray(travel) & (served > 0)).any() and (np.ma.getmaskarray(travel) | (found.unserved == 0)).all()
    least = float((travel.filled(0) * served).sum())
    assert found.total_cost - least == pytest.approx(found.rel_gap * found.total_cost, abs=1e-9 * (1 + found.total_cost))
    if found.paths is not None:
        paths = found.paths
        assert paths.incidence.T @ paths.flow == pytest.approx(found.flow, abs=1e-9 * (1 + demand.sum()))
        by_pair = np.zeros_like(served)
        np.add.at(by_pair, (paths.origin, paths.destination), paths.flow)
        assert by_pair == pytest.approx(served, abs=1e-9) and (paths.flow > 0).all()


@given(st.integers(0, 10**6), st.booleans())
def test_against_enumerated_paths(seed, through):
    """All simple paths by networkx, path flows by a general convex solver (SLSQP): the Beckmann value lies at our bounds."""
    net, demand = random_case(seed, parallel=False, through=through)
    graph = nx.DiGraph([(int(t), int(h), {"link": a}) for a, (t, h) in enumerate(zip(net.tail, net.head, strict=True))])
    graph.add_nodes_from(range(net.nodes))
    o, d = divmod(seed % net.zones**2, net.zones)
    d = d if d != o else (o + 1) % net.zones
    only = np.zeros_like(demand)
    only[o, d] = 40.0
    paths = [p for p in nx.all_simple_paths(graph, o, d) if all(n >= net.first_through for n in p[1:-1])]
    found = user_equilibrium(net, only, rel_gap=1e-12)
    if not paths:
        assert found.unserved_pairs == [(o, d)] and not found.flow.any() and found.beckmann == found.bound == 0
        return
    assert not found.unserved.any()
    incidence = np.zeros((len(paths), net.links))
    for k, path in enumerate(paths):
        incidence[k, [graph.edges[e]["link"] for e in nx.utils.pairwise(path)]] = 1
    costs = LinkCosts.of(net)
    best = minimize(
        lambda h: costs.beckmann(np.maximum(incidence.T @ h, 0)),
        np.full(len(paths), 40 / len(paths)),
        jac=lambda h: incidence @ costs.cost(np.maximum(incidence.T @ h, 0)),
        bounds=[(0, None)] * len(paths),
        constraints={"type": "eq", "fun": lambda h: h.sum() - 40, "jac": np.ones_like},
        method="SLSQP",
        options={"ftol": 1e-12, "maxiter": 500},
    )
    assert found.bound <= best.fun * (1 + 1e-8) + 1e-9
    assert found.beckmann == pytest.approx(best.fun, rel=1e-6, abs=1e-6)


@given(st.integers(0, 10**6))
def test_few_trips_travel_at_free_flow(seed):
    """The limit of little demand: all-or-nothing on the shortest paths, and every pair's cost is that of the empty network."""
    net, demand = random_case(seed)
    found = user_equilibrium(net, demand * 1e-7, rel_gap=1e-9)
    empty = user_equilibrium(net, np.zeros_like(demand)).travel_costs()
    assert found.travel_costs().filled(-1) == pytest.approx(empty.filled(-1), rel=1e-4, abs=1e-5)
    free = (empty.filled(0) * (demand * ~np.eye(len(demand), dtype=bool))).sum() * 1e-7
    assert found.total_cost == pytest.approx(free, rel=1e-4, abs=1e-12)


@given(st.integers(0, 10**6))
def test_units_do_not_matter(seed):
    """Flows and capacities in hundreds, times in hours: the same equilibrium."""
    net, demand = random_case(seed)
    other = replace(net, capacity=net.capacity / 100, free_flow_time=net.free_flow_time / 60, toll_weight=net.toll_weight / 60)
    a, b = user_equilibrium(net, demand, rel_gap=1e-11), user_equilibrium(other, demand / 100, rel_gap=1e-11)
    assert b.beckmann * 6000 == pytest.approx(a.beckmann, rel=1e-9) and (b.unserved * 100 == pytest.approx(a.unserved))


def test_nobody_passes_through_a_zone():
    """Zone 2 lies on the short way; with first_through behind it the long way is taken, and trips to and from it go on."""
    net = roads([0, 2, 0, 3], [2, 1, 3, 1], [1, 1, 5, 5], 1e9, zones=3)
    demand = np.array([[0, 7, 1], [0, 0, 0], [0, 2, 0]], dtype=float)
    assert user_equilibrium(net, demand).flow == pytest.approx([8, 9, 0, 0])
    closed = user_equilibrium(replace(net, first_through=3), demand)
    assert closed.flow == pytest.approx([1, 2, 7, 7])
    assert closed.travel_costs().filled(-1).tolist() == [[0, pytest.approx(10), 1], [-1, 0, -1], [-1, 1, 0]]


def test_links_of_no_time():
    """A circle of links without time, and parallel ones: found, and walked once."""
    net = roads([0, 2, 3, 2, 2, 3], [2, 3, 2, 1, 1, 1], [0, 0, 0, 4, 3, 0], 10, b=[0, 0, 0, 0.15, 0.15, 0])
    found = user_equilibrium(net, from_first_to_second(10))
    assert found.flow.tolist() == [10, 10, 0, 0, 0, 10] and found.total_cost == 0 and found.rel_gap == 0
    without = user_equilibrium(net.damaged(closed=[False] * 5 + [True]), from_first_to_second(10))
    assert without.flow == pytest.approx([10, 0, 0, 0, 10, 0], abs=1e-9)


# --- damage


def bridge_town():
    """Zones 0 and 1 on one bank, 2 on the other; two bridges."""
    tail, head = [0, 1, 0, 2, 1, 2], [1, 0, 2, 0, 2, 1]
    return roads(tail, head, [5, 5, 10, 10, 12, 12], 100, zones=3), np.array([[3, 50, 80], [50, 0, 40], [80, 40, 0]], dtype=float)


@pytest.mark.parametrize("method", METHODS)
def test_a_bank_cut_off(method):
    """Trips over the river are unserved, named and in no sum; the others go on as if they were alone."""
    net, demand = bridge_town()
    cut = user_equilibrium(net.damaged(closed=[False, False, True, True, True, True]), demand, method=method, rel_gap=1e-10)
    assert cut.unserved.tolist() == [[0, 0, 80], [0, 0, 40], [80, 40, 0]]
    assert cut.unserved_pairs == [(0, 2), (1, 2), (2, 0), (2, 1)] and cut.demand.tolist() == demand.tolist()
    alone = user_equilibrium(net, np.where(cut.unserved > 0, 0, demand), method=method, rel_gap=1e-10)
    assert cut.flow == pytest.approx(alone.flow, abs=1e-6) and cut.total_time == pytest.approx(alone.total_time)
    assert np.ma.getmaskarray(cut.travel_costs()).tolist() == (cut.unserved > 0).tolist()
    one_way = user_equilibrium(net.damaged(closed=[False, False, False, True, True, True]), demand, method=method)
    assert one_way.unserved_pairs == [(2, 0), (2, 1)]


def test_everything_closed():
    net, demand = bridge_town()
    nothing = user_equilibrium(net.damaged(closed=True), demand)
    assert not nothing.flow.any() and nothing.unserved.sum() == demand.sum() - 3 and nothing.total_time == nothing.rel_gap == 0


@given(st.integers(0, 10**6), st.sampled_from(METHODS))
def test_warm_start_changes_nothing_but_time(seed, method):
    net, demand = random_case(seed)
    rng = np.random.default_rng(seed)
    hit = net.damaged(closed=rng.random(net.links) < 0.3, slow=1 + rng.random(net.links), capacity=rng.uniform(0.3, 1, net.links))
    other = demand * rng.uniform(0, 2, demand.shape) * (rng.random(demand.shape) < 0.8)
    gap = 1e-10 if method == "path-newton" else 1e-5
    cold = user_equilibrium(hit, other, method=method, rel_gap=gap, max_iterations=3000)
    warm = user_equilibrium(hit, other, method=method, rel_gap=gap, max_iterations=3000, start=user_equilibrium(net, demand))
    assert warm.unserved.tolist() == cold.unserved.tolist()
    assert warm.beckmann == pytest.approx(cold.beckmann, rel=1e-9 if method == "path-newton" else 2e-4, abs=1e-9)


@needs_data
def test_scenarios_stand_alone():
    """One by one, all together, backwards, with doubles and from a given base: the same bits, and the same as cold to the gap."""
    net, trips, _ = published("sioux-falls")
    rng = np.random.default_rng(3)
    closed, slow = rng.random((6, net.links)) < 0.1, np.where(rng.random((6, net.links)) < 0.2, 2.0, 1.0)
    closed[4], slow[4] = closed[1], slow[1]
    base = user_equilibrium(net, trips)
    together = damaged_equilibria(net, trips, closed=closed, slow=slow, base=base)
    backwards = damaged_equilibria(net, trips, closed=closed[::-1], slow=slow[::-1])
    assert len(together) == 6 and together[4] is together[1]
    for k, one in enumerate(together):
        assert one.flow.tolist() == backwards[5 - k].flow.tolist() and one.paths is None
        (alone,) = damaged_equilibria(net, trips, closed=closed[k : k + 1], slow=slow[k : k + 1], base=base)
        assert alone.flow.tolist() == one.flow.tolist() and alone.unserved.tolist() == one.unserved.tolist()
        cold = user_equilibrium(net.damaged(closed=closed[k], slow=slow[k]), trips)
        assert cold.beckmann == pytest.approx(one.beckmann, rel=1e-8) and not one.flow[closed[k]].any()
    (narrow,) = damaged_equilibria(net, trips, capacity=np.full((1, net.links), 0.5))
    assert narrow.beckmann > base.beckmann


def test_damage_makes_no_potential_smaller():
    """The Beckmann value grows with every closed, slowed or narrowed link (total travel time need not: Braess)."""
    for seed in range(20):
        net, demand = random_case(seed, through=True)
        whole = user_equilibrium(net, demand, rel_gap=1e-10)
        for link in range(0, net.links, 3):
            (hit,) = damaged_equilibria(net, demand, closed=[np.arange(net.links) == link], base=whole)
            if not (hit.unserved > whole.unserved).any():
                assert hit.beckmann >= whole.bound - 1e-9


@pytest.mark.parametrize("seed", [1, 29, 197, 489])
def test_crowded_roads(seed):
    """Flows of many times the capacity, with powers up to 5.5, on paths that the damage leaves: still to a gap of 1e-10, in some rounds."""
    net, demand = random_case(seed)
    rng = np.random.default_rng(seed)
    hit = net.damaged(closed=rng.random(net.links) < 0.3, slow=1 + rng.random(net.links), capacity=rng.uniform(0.3, 1, net.links))
    base = user_equilibrium(net, demand)
    for scale in (1, 30):
        other = demand * rng.uniform(0, 2, demand.shape) * scale
        for start in (None, base):
            found = user_equilibrium(hit, other, rel_gap=1e-10, start=start, max_iterations=60)
            assert found.stop is Stop.GAP_REACHED, (scale, start is None, found.rel_gap)


# --- incremental


@needs_data
def test_incremental_comes_near():
    net, trips, _ = published("sioux-falls")
    gaps = []
    for steps in (1, 4, 16, 64, 256):
        found = incremental_assignment(net, trips, [1 / steps] * steps)
        assert "approximation" in found.method and found.stop is Stop.STEPS_DONE and found.iterations == steps + 1
        assert found.bound <= SIOUX_FALLS_BECKMANN <= found.beckmann
        gaps.append(found.rel_gap)
    assert gaps == sorted(gaps, reverse=True) and gaps[-1] < 0.1 < gaps[0]
    assert incremental_assignment(net, trips).rel_gap < gaps[0]


def test_one_increment_is_all_or_nothing():
    net, demand = bridge_town()
    traffic = Traffic(net, demand)
    flow = traffic.all_or_nothing(traffic.trees(net.free_flow_time))
    assert incremental_assignment(net, demand, [1.0]).flow.tolist() == flow.tolist() == [50, 50, 80, 80, 40, 40]


# --- stops and bad input


@needs_data
@pytest.mark.parametrize("method", METHODS)
def test_stops_are_told(method):
    net, trips, _ = published("sioux-falls")
    short = user_equilibrium(net, trips, method=method, max_iterations=3)
    assert short.stop is Stop.ITERATION_LIMIT and short.iterations == 3 and short.rel_gap > 1e-6
    assert short.bound < SIOUX_FALLS_BECKMANN < short.beckmann


def test_rounding_ends_it():
    net, demand = bridge_town()
    found = user_equilibrium(net, demand * 3.7, rel_gap=0)
    assert found.stop in (Stop.NO_PROGRESS, Stop.GAP_REACHED) and found.rel_gap < 1e-14 and found.iterations < 100


def test_bad_input():
    net, demand = bridge_town()
    for call, message in (
        (lambda: user_equilibrium(net, demand[:2]), r"demand has shape \(2, 3\): expected \(3, 3\), the zones of roads"),
        (lambda: user_equilibrium(net, -demand), r"demand\[0, 0\] is -3: expected 0 to"),
        (lambda: user_equilibrium(net, demand * np.nan), r"demand\[0, 0\] is nan"),
        (lambda: user_equilibrium(net, demand, method="frank-wolf"), "method 'frank-wolf' is unknown; did you mean 'frank-wolfe'"),
        (lambda: user_equilibrium(net, demand, rel_gap=-1), "rel_gap is -1: expected"),
        (lambda: user_equilibrium(net, demand, max_iterations=0), "max_iterations is 0: expected at least 1"),
        (
            lambda: user_equilibrium(replace(net, power=[0.5] * 6), demand),
            r"roads: power\[0\] is 0.5: expected 0 or a number of at least 1",
        ),
        (lambda: user_equilibrium(net, demand, start=user_equilibrium(net, demand, method="frank-wolfe")), "start: .* holds no paths"),
        (
            lambda: user_equilibrium(net, demand, start=user_equilibrium(replace(net, head=net.tail, tail=net.head), demand)),
            "start: its roads .* are not those",
        ),
        (lambda: incremental_assignment(net, demand, [0.5, 0.4]), "fractions: 0.5, 0.4: expected shares above 0 with sum 1, found 0.9"),
        (lambda: incremental_assignment(net, demand, [1.5, -0.5]), "fractions: 1.5, -0.5: expected shares above 0"),
        (lambda: damaged_equilibria(net, demand), "damage: found nothing: expected closed, slow or capacity"),
        (lambda: damaged_equilibria(net, demand, closed=[[True]]), r"damage: found closed \(1, 1\): expected .* \(scenarios, 6\)"),
        (lambda: damaged_equilibria(net, demand, slow=[[1] * 6, [1, 1, 1, 1, 1, 0.5]]), r"scenario 1: roads: slow\[5\] is 0.5"),
    ):
        with pytest.raises(InputError, match=message):
            call()
