"""The cascade: sampled states against enumeration and networkx, noisy-OR against both, bits that depend on (seed, scenario) alone."""

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quakeops.errors import InputError
from quakeops.scenario_gen.cascade import DependencyGraph, cascade_report, exact_marginals, noisy_or_marginals, sample_function
from quakeops.scenario_gen.keyed import keyed_words
from quakeops.scenario_gen.streams import Stream


def chain_of(weights):
    n = len(weights) + 1
    return DependencyGraph.from_arrays(range(n), np.arange(n - 1), np.arange(1, n), weights)


def random_graph(n, edges, seed, *, acyclic=True):
    """A seeded graph whose node numbers are in no topological order, some weights 0 or 1."""
    rng = np.random.default_rng(seed)
    pairs = [(u, v) for u in range(n) for v in range(n) if (u < v if acyclic else u != v)]
    chosen = rng.permutation(len(pairs))[: min(edges, len(pairs))]
    place = rng.permutation(n)
    source, target = (np.array([place[pairs[i][end]] for i in chosen], dtype=np.int64) for end in (0, 1))
    weight = rng.choice([0.0, 1.0, -1.0], len(chosen), p=[0.1, 0.15, 0.75])
    weight = np.where(weight < 0, rng.random(len(chosen)), weight)
    return DependencyGraph.from_arrays([f"n{i}" for i in range(n)], source, target, weight)


graphs = st.builds(random_graph, st.integers(1, 7), st.integers(0, 15), st.integers(0, 2**32 - 1), acyclic=st.booleans())


def failures(graph, scenarios, seed, p=0.2):
    return np.random.default_rng(seed).random((scenarios, len(graph))) < p


def transmitting(graph, seed, k):
    """The edges that transmit, one by one, by the words of the docstring."""
    out = []
    for i, w in zip(graph.number.tolist(), graph.weight.tolist(), strict=True):
        word = int(keyed_words(seed, k, Stream.CASCADE, i // 2, i // 2 + 1)[0])
        out.append((word >> (32 * (i % 2)) & 0xFFFFFFFF) < round(w * 2**32))
    return np.array(out, dtype=bool)


def by_reachability(graph, failed, seed, first):
    """Road two: what networkx reaches from the physical failures over the transmitting edges of each scenario."""
    lost = failed.copy()
    for b in range(len(failed)):
        spread = nx.DiGraph()
        spread.add_nodes_from(range(len(graph)))
        carried = transmitting(graph, seed, first + b)
        spread.add_edges_from(zip(graph.source[carried].tolist(), graph.target[carried].tolist(), strict=True))
        for u in np.flatnonzero(failed[b]).tolist():
            lost[b, list(nx.descendants(spread, u))] = True
    return lost


def by_enumeration(graph, direct):
    """Probabilities by going through every combination of failures and transmitting edges."""
    n, p = len(graph), np.concatenate([direct, graph.weight])
    free = np.flatnonzero((p > 0) & (p < 1))
    total = np.zeros(n)
    for bits in itertools.product((False, True), repeat=len(free)):
        happens = p == 1
        happens[free] = bits
        probability = np.where(happens, p, 1 - p).prod()
        lost, before = happens[:n].copy(), None
        while before is None or (lost != before).any():
            before = lost.copy()
            for u, v, carried in zip(graph.source, graph.target, happens[n:], strict=True):
                lost[v] |= lost[u] and carried
        total += probability * lost
    return total


# -- sampling


@given(graphs, st.integers(0, 200), st.integers(0, 2**40))
def test_sampled_states_are_what_networkx_reaches(graph, first, seed):
    """On cyclic graphs this is the least fixed point."""
    failed = failures(graph, 5, seed % 1000)
    lost = sample_function(graph, failed, seed=seed, first_scenario=first)
    assert np.array_equal(lost, by_reachability(graph, failed, seed, first))


@pytest.mark.parametrize(("n", "edges", "acyclic"), [(12, 20, True), (12, 30, False), (9, 36, True), (5, 20, False)])
def test_sampled_frequencies_are_the_exact_probabilities(n, edges, acyclic):
    graph = random_graph(n, edges, 4, acyclic=acyclic)
    direct = np.random.default_rng(5).uniform(0, 0.3, n)
    direct[0] = 0.0
    count = 30_000
    failed = np.random.default_rng(6).random((count, n)) < direct
    exact = exact_marginals(graph, direct)
    frequency = sample_function(graph, failed, seed=7).mean(axis=0)
    assert np.abs(frequency - exact).max() < 4 * np.sqrt(0.25 / count)
    assert (np.abs(frequency - exact) <= 4 * np.sqrt(exact * (1 - exact) / count) + 1e-12).all()
    assert (exact - direct).max() > 0.1  # the cascade matters


def test_an_edge_transmits_with_its_weight():
    weights = np.array([0.0, 1e-3, 0.5, 0.999, 1.0])
    graph = DependencyGraph.from_arrays("abcdefghij", np.arange(5), np.arange(5, 10), weights)
    failed = np.zeros((40_000, 10), dtype=bool)
    failed[:, :5] = True
    share = sample_function(graph, failed, seed=2)[:, 5:].mean(axis=0)
    assert share[0] == 0 and share[4] == 1
    assert (np.abs(share - weights) <= 4 * np.sqrt(weights * (1 - weights) / 40_000)).all()


def test_edges_are_independent():
    """Halves of a word, neighbours, words, scenarios: correlations of 400 edges over 4,000 scenarios stay within what chance gives."""
    graph = DependencyGraph.from_arrays(range(401), np.zeros(400, dtype=int), np.arange(1, 401), np.full(400, 0.5))
    failed = np.zeros((4000, 401), dtype=bool)
    failed[:, 0] = True
    x = 2.0 * sample_function(graph, failed, seed=3)[:, 1:] - 1
    between_edges = (x.T @ x / 4000)[np.triu_indices(400, 1)]
    between_scenarios = (x[1:] * x[:-1]).mean(axis=0)
    assert np.abs(between_edges).max() < 5.5 / np.sqrt(4000)  # of 79,800
    assert np.abs(between_scenarios).max() < 4.5 / np.sqrt(4000)


@pytest.mark.parametrize("acyclic", [True, False])
def test_chunks_threads_and_offsets_change_no_bit(acyclic):
    graph = random_graph(40, 120, 8, acyclic=acyclic)
    failed = failures(graph, 1200, 9, p=0.05)
    whole = sample_function(graph, failed, seed=11, first_scenario=1000, threads=1)
    assert whole.sum() > 1.5 * failed.sum()
    assert np.array_equal(sample_function(graph, failed, seed=11, first_scenario=1000, threads=3), whole)
    assert np.array_equal(sample_function(graph, np.asfortranarray(failed), seed=11, first_scenario=1000), whole)
    for start, stop in [(0, 1), (63, 64), (64, 129), (37, 800), (511, 513), (700, 700), (1199, 1200)]:
        part = sample_function(graph, failed[start:stop], seed=11, first_scenario=1000 + start)
        assert np.array_equal(part, whole[start:stop])
    assert not np.array_equal(sample_function(graph, failed, seed=12, first_scenario=1000), whole)
    assert not np.array_equal(sample_function(graph, failed, seed=11), whole)


def test_the_order_of_rows_is_the_callers_unless_edges_are_numbered():
    graph = random_graph(20, 50, 1)
    shuffled = np.random.default_rng(2).permutation(50)
    columns = [c[shuffled] for c in (graph.source, graph.target, graph.weight)]
    same = DependencyGraph.from_arrays(graph.names, *columns, number=graph.number[shuffled])
    other = DependencyGraph.from_arrays(graph.names, *columns)
    failed = failures(graph, 300, 3)
    lost = sample_function(graph, failed, seed=1)
    assert np.array_equal(sample_function(same, failed, seed=1), lost)
    assert not np.array_equal(sample_function(other, failed, seed=1), lost)


def test_a_subgraph_draws_what_the_whole_draws():
    """The ancestors of a node decide it: the same bits from the subgraph on them, through networkx."""
    graph = random_graph(60, 100, 13)
    failed = failures(graph, 200, 14)
    whole = sample_function(graph, failed, seed=15)
    network = graph.to_networkx()
    deepest = max(network, key=lambda v: len(nx.ancestors(network, v)))
    kept = nx.ancestors(network, deepest) | {deepest}
    assert 5 < len(kept) < 60
    part = DependencyGraph.from_networkx(network.subgraph(kept))
    here = [graph.names.index(name) for name in part.names]
    assert np.array_equal(sample_function(part, failed[:, here], seed=15), whole[:, here])


@given(graphs, st.integers(0, 2**20))
def test_a_retrofit_never_hurts(graph, seed):
    """Common random numbers: fewer failures or smaller weights lose no more in any scenario."""
    rng = np.random.default_rng(seed)
    failed = rng.random((70, len(graph))) < 0.4
    fewer = failed & (rng.random(failed.shape) < 0.7)
    lost = sample_function(graph, failed, seed=seed)
    assert not (sample_function(graph, fewer, seed=seed) & ~lost).any()
    weaker = DependencyGraph.from_arrays(graph.names, graph.source, graph.target, graph.weight * rng.random(len(graph.weight)))
    assert not (sample_function(weaker, failed, seed=seed) & ~lost).any()
    assert not (failed & ~lost).any()


def test_certain_edges_carry_a_failure_to_the_end_of_a_long_chain_and_impossible_ones_nowhere():
    failed = np.zeros((70, 3001), dtype=bool)
    failed[::2, 0] = True
    lost = sample_function(chain_of(np.ones(3000)), failed, seed=0)
    assert lost[::2].all() and not lost[1::2].any()
    assert np.array_equal(sample_function(chain_of(np.zeros(3000)), failed, seed=0), failed)


def test_a_ring_is_lost_as_a_whole_or_not_at_all():
    """All functional and all lost both solve (1) without a failure: the least solution loses nothing."""
    ring = DependencyGraph.from_arrays(range(50), np.arange(50), (np.arange(50) + 1) % 50, np.ones(50))
    failed = np.zeros((3, 50), dtype=bool)
    failed[1, 17] = True
    assert sample_function(ring, failed, seed=0).sum(axis=1).tolist() == [0, 50, 0]


def test_without_edges_nodes_or_scenarios():
    lonely = DependencyGraph.from_arrays(["a", "b", "c"], [], [], [])
    failed = failures(lonely, 100, 1)
    assert np.array_equal(sample_function(lonely, failed, seed=1), failed)
    assert np.array_equal(noisy_or_marginals(lonely, [0.1, 0.0, 1.0]), [0.1, 0.0, 1.0])
    assert exact_marginals(lonely, [0.1, 0.0, 1.0]) == pytest.approx([0.1, 0.0, 1.0], abs=1e-15)
    assert sample_function(lonely, failed[:0], seed=1).shape == (0, 3)
    empty = DependencyGraph.from_arrays([], [], [], [])
    assert sample_function(empty, np.zeros((5, 0), dtype=bool), seed=1).shape == (5, 0)
    assert len(noisy_or_marginals(empty, [])) == 0 and len(exact_marginals(empty, [])) == 0


# -- marginals


@given(st.builds(random_graph, st.integers(1, 5), st.integers(0, 6), st.integers(0, 2**32 - 1), acyclic=st.booleans()))
def test_exact_probabilities_are_those_of_enumeration(graph):
    direct = np.random.default_rng(1).choice([0.0, 0.1, 0.6, 1.0], len(graph))
    assert exact_marginals(graph, direct) == pytest.approx(by_enumeration(graph, direct), abs=1e-13)


def test_shared_hub():
    """Hub 0.1, ten children, weights 0.8: 1 - (1 - 0.8 x 0.08)^10 = 0.484 against 0.1 (1 - (1 - 0.64)^10) = 0.100."""
    source, target = [0] * 10 + list(range(1, 11)), list(range(1, 11)) + [11] * 10
    graph = DependencyGraph.from_arrays(range(12), np.array(source), np.array(target), np.full(20, 0.8))
    direct = np.zeros(12)
    direct[0] = 0.1
    assert noisy_or_marginals(graph, direct)[11] == pytest.approx(1 - (1 - 0.8 * 0.08) ** 10, abs=1e-15)
    assert exact_marginals(graph, direct)[11] == pytest.approx(0.1 * (1 - 0.36**10), abs=1e-14)
    assert f"{noisy_or_marginals(graph, direct)[11]:.3f} {exact_marginals(graph, direct)[11]:.3f}" == "0.484 0.100"


def polytree(n, seed):
    """A random tree whose edges point either way: several parents, but one way between any two nodes."""
    rng = np.random.default_rng(seed)
    ends = [(int(rng.integers(v)), v) for v in range(1, n)]
    ends = [pair if rng.random() < 0.5 else pair[::-1] for pair in ends]
    place = rng.permutation(n)
    source, target = (place[[pair[i] for pair in ends]] if ends else np.zeros(0, dtype=np.int64) for i in (0, 1))
    return DependencyGraph.from_arrays(range(n), source, target, rng.random(len(ends)))


@given(st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_noisy_or_is_exact_on_polytrees(n, seed):
    direct = np.random.default_rng(seed).random(n)
    graph = polytree(n, seed)
    assert noisy_or_marginals(graph, direct) == pytest.approx(exact_marginals(graph, direct), abs=1e-12)


@given(graphs, st.integers(0, 2**20))
def test_noisy_or_is_an_upper_bound(graph, seed):
    """Given independent failures, and for a mixture of them in which all probabilities rise together."""
    low, rise = np.random.default_rng(seed).random((2, len(graph)))
    high = low + (1 - low) * rise
    assert (noisy_or_marginals(graph, low) >= exact_marginals(graph, low) - 1e-12).all()
    mixed = 0.5 * exact_marginals(graph, low) + 0.5 * exact_marginals(graph, high)
    assert (noisy_or_marginals(graph, 0.5 * low + 0.5 * high) >= mixed - 1e-12).all()


def test_noisy_or_solves_equation_8_in_rows():
    graph = random_graph(30, 90, 3, acyclic=False)
    direct = np.random.default_rng(4).uniform(0.01, 0.3, (6, 30))
    total = noisy_or_marginals(graph, direct)
    assert np.array_equal(total[2], noisy_or_marginals(graph, direct[2]))
    for b, v in itertools.product(range(6), range(30)):
        parents = graph.target == v
        right = 1 - (1 - direct[b, v]) * np.prod(1 - graph.weight[parents] * total[b, graph.source[parents]])
        assert total[b, v] == pytest.approx(right, abs=1e-12)


def test_noisy_or_takes_the_least_fixed_point():
    """Two nodes that depend on each other with certainty: P = 0 and P = 1 both solve (8) without direct failures."""
    pair = DependencyGraph.from_arrays("ab", [*"ab"], [*"ba"], [1, 1])
    assert noisy_or_marginals(pair, [0.0, 0.0]).tolist() == [0.0, 0.0]
    half = DependencyGraph.from_arrays("ab", [*"ab"], [*"ba"], [0.5, 0.5])
    p = 0.2  # P = 1 - 0.8 (1 - P / 2) for both
    assert noisy_or_marginals(half, [p, p]) == pytest.approx([p / (1 - 0.5 * (1 - p))] * 2, abs=1e-13)


def test_noisy_or_keeps_small_probabilities():
    graph = DependencyGraph.from_arrays("abc", [*"ab"], [*"cc"], [0.5, 0.25])
    total = noisy_or_marginals(graph, [1e-20, 4e-20, 1e-30])
    assert total == pytest.approx([1e-20, 4e-20, 1.5e-20], rel=1e-9, abs=0)
    assert total[:2].tolist() == [1e-20, 4e-20]


def test_noisy_or_says_when_it_does_not_settle():
    pair = DependencyGraph.from_arrays("ab", [*"ab"], [*"ba"], [1, 1])
    with pytest.raises(InputError, match=r"eq\. 8 does not settle on the cycles about '[ab]'"):
        noisy_or_marginals(pair, [1e-7, 0.0])


# -- the graph


def test_to_networkx_and_back():
    network = nx.DiGraph()
    network.add_node("plant", kind="power")
    network.add_node(("pump", 3), kind="water")
    network.add_edge("tower", "plant", weight=0.25)
    network.add_edge("plant", ("pump", 3), weight=1)
    network.add_edge("tower", ("pump", 3), weight=0)
    graph = DependencyGraph.from_networkx(network)
    assert graph.names == ("plant", ("pump", 3), "tower") and graph.kind == ("power", "water", "")
    assert graph.weight.tolist() == [1, 0.25, 0] and len(graph) == 3
    back = graph.to_networkx()
    assert dict(back.nodes["plant"]) == {"kind": "power"} and back.edges["tower", "plant"] == {"weight": 0.25, "number": 1}
    again = DependencyGraph.from_networkx(back.reverse().reverse())
    failed = failures(graph, 500, 1, p=0.4)
    assert np.array_equal(sample_function(again, failed, seed=1), sample_function(graph, failed, seed=1))
    named = nx.DiGraph([(1, 0, {"share": 0.5})])
    assert DependencyGraph.from_networkx(named, weight="share").names == (1, 0)


def test_names_and_numbers_are_two_ways_to_give_an_end():
    by_name = DependencyGraph.from_arrays(["a", "b"], ["b"], ["a"], [0.5])
    by_number = DependencyGraph.from_arrays(["a", "b"], np.array([1]), np.array([0]), [0.5])
    assert by_name.source.tolist() == by_number.source.tolist() == [1]
    assert DependencyGraph.from_arrays([10, 20], [20], [10], [0.5]).source.tolist() == [1]


def test_strict_mode_names_the_nodes_of_a_cycle():
    names = ["grid", "plant", "pump", "depot"]
    arrays = (["grid", "plant", "pump", "pump"], ["plant", "pump", "plant", "depot"], [1, 1, 0.5, 1])
    loose = DependencyGraph.from_arrays(names, *arrays)
    assert set(loose.cycle()) == {"plant", "pump"}
    with pytest.raises(
        InputError, match=r"edges.csv: the graph has a cycle: '(plant' -> 'pump' -> 'plant|pump' -> 'plant' -> 'pump)'; .*strict"
    ):
        DependencyGraph.from_arrays(names, *arrays, strict=True, where="edges.csv: ")
    with pytest.raises(InputError, match="has a cycle"):
        DependencyGraph.from_networkx(loose.to_networkx(), strict=True)
    straight = chain_of([0.5, 0.5])
    assert straight.cycle() == () and len(DependencyGraph.from_networkx(straight.to_networkx(), strict=True)) == 3


def test_a_cycle_is_named_in_the_direction_of_its_edges():
    ring = DependencyGraph.from_arrays("abcd", [*"dabc"], [*"abcd"], np.ones(4))
    cycle = "".join(str(name) for name in ring.cycle())
    assert len(cycle) == 4 and cycle in "abcdabcd"


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"target": ["b", "x"]}, ["e.csv: row 2", "'target' is 'x'", "no such node"]),
        ({"source": np.array([0, 3])}, ["row 2", "'source' is 3", "0 to 2"]),
        ({"source": np.array([-1, 0])}, ["row 1", "'source' is -1"]),
        ({"weight": [0.5, 1.2]}, ["row 2", "'weight' of edge 'a' -> 'c' is 1.2", "0 to 1"]),
        ({"weight": [-0.1, 1]}, ["row 1", "is -0.1"]),
        ({"weight": [np.nan, 1]}, ["row 1", "is nan"]),
        ({"weight": [0.1]}, ["'weight' has shape (1,)", "2 edges"]),
        ({"weight": ["0.1", "0.2"]}, ["'weight'", "expected numbers"]),
        ({"target": ["b"]}, ["'target' has shape (1,)"]),
        ({"target": ["b", "a"]}, ["row 2", "'target' of edge 'a' -> 'a'", "another node"]),
        ({"target": ["b", "b"]}, ["row 2", "edge 'a' -> 'b'", "no row above"]),
        ({"names": ["a", "b", "a"]}, ["node 3", "'a'", "node 1"]),
        ({"kind": ["power"]}, ["'kind' has 1 values", "3 nodes"]),
        ({"number": [4, 4]}, ["row 2", "'number'", "is 4"]),
        ({"number": [0, -1]}, ["row 2", "'number'", "is -1"]),
        ({"number": [0.5, 1]}, ["row 1", "is 0.5", "whole number"]),
    ],
)
def test_bad_graphs(changes, parts):
    given_ = {"names": ["a", "b", "c"], "source": ["a", "a"], "target": ["b", "c"], "weight": [0.5, 1.0]} | changes
    with pytest.raises(InputError) as e:
        DependencyGraph.from_arrays(**given_, where="e.csv: ")
    assert all(part in str(e.value) for part in parts), e.value


def test_bad_networkx_graphs():
    with pytest.raises(InputError, match="undirected"):
        DependencyGraph.from_networkx(nx.Graph([(0, 1, {"weight": 1})]))
    with pytest.raises(InputError, match="row 1: edge 0 -> 1 has no attribute 'weight'"):
        DependencyGraph.from_networkx(nx.DiGraph([(0, 1)]))
    with pytest.raises(InputError, match="1 of 2 edges have an attribute 'number'"):
        DependencyGraph.from_networkx(nx.DiGraph([(0, 1, {"weight": 1, "number": 3}), (0, 2, {"weight": 1})]))
    with pytest.raises(InputError, match="row 2: field 'target' of edge 0 -> 1"):
        DependencyGraph.from_networkx(nx.MultiDiGraph([(0, 1, {"weight": 1}), (0, 1, {"weight": 0.5})]))


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"failed": np.zeros((4, 3))}, "type float64 and shape (4, 3)"),
        ({"failed": np.zeros((4, 2), dtype=bool)}, "scenarios x 3 nodes"),
        ({"failed": np.zeros(3, dtype=bool)}, "shape (3,)"),
        ({"seed": -1}, "seed is -1"),
        ({"first_scenario": -5}, "first_scenario is -5"),
        ({"threads": 0}, "threads is 0"),
    ],
)
def test_bad_samples(changes, part):
    given_ = {"failed": np.zeros((4, 3), dtype=bool), "seed": 1} | changes
    with pytest.raises(InputError) as e:
        sample_function(chain_of([0.5, 0.5]), **given_)
    assert part in str(e.value)


@pytest.mark.parametrize(
    ("direct", "part"),
    [([0.1, 1.1, 0], "node 1 is 1.1"), ([0.1, -0.1, 0], "node 1 is -0.1"), ([0.1, np.nan, 0], "node 1 is nan"), ([0.1, 0.2], "shape (2,)")],
)
def test_bad_probabilities(direct, part):
    for marginals in (noisy_or_marginals, exact_marginals):
        with pytest.raises(InputError) as e:
            marginals(chain_of([0.5, 0.5]), direct)
        assert part in str(e.value)


def test_bad_marginals():
    with pytest.raises(InputError, match="row 1: direct probability of node 2 is 2"):
        noisy_or_marginals(chain_of([0.5, 0.5]), [[0, 0, 0], [0, 0, 2]])
    with pytest.raises(InputError, match=r"expected \(3,\)"):
        exact_marginals(chain_of([0.5, 0.5]), np.zeros((2, 3)))
    with pytest.raises(InputError, match="13 nodes: exact enumeration takes at most 12"):
        exact_marginals(chain_of([0.5] * 12), np.zeros(13))


# -- the report


def test_report():
    graph = DependencyGraph.from_arrays("abc", [*"ab"], [*"bc"], [1, 0], kind=["power", "water", "water"])
    failed = np.array([[1, 0, 0], [0, 0, 1], [1, 1, 0], [0, 0, 0]], dtype=bool)
    report = cascade_report(graph, failed, sample_function(graph, failed, seed=0))
    assert report.scenarios == 4
    assert report.physical.tolist() == [2, 1, 1] and report.cascade_alone.tolist() == [0, 1, 0]
    assert report.by_kind == {"power": (2, 0), "water": (2, 1)} and report.raised_by == 0.25
    assert cascade_report(graph, failed[3:], failed[3:]).raised_by is None


def test_bad_reports():
    graph = chain_of([1.0])
    failed = np.array([[False, False], [True, False]])
    with pytest.raises(InputError, match="row 1: node 0 failed physically, but lost is false"):
        cascade_report(graph, failed, np.zeros((2, 2), dtype=bool))
    with pytest.raises(InputError, match=r"lost \(1, 2\)"):
        cascade_report(graph, failed, failed[:1])
