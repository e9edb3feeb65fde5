"""Scenario reduction: against brute force, the plain greedy search and transport programs; what is lost; bad input by name."""

import tracemalloc
from itertools import combinations
from math import fsum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quakeops.errors import InputError
from quakeops.scenario_gen import kantorovich
from quakeops.scenario_gen.kantorovich import Distances, redistribution
from quakeops.scenario_gen.medoids import exchange, seeded_start
from quakeops.scenario_gen.reduction import fast_forward_selection, k_medoids, standard_scale
from quakeops.scenario_gen.reduction_loss import weighted_quantile
from scipy.optimize import linprog
from scipy.spatial.distance import cdist

SEEDS = st.integers(0, 10_000)


def cloud(seed, num=9, d=3):
    """Features (S, d) and unequal probabilities (S,)."""
    rng = np.random.default_rng(seed)
    p = rng.gamma(1.0, size=num)
    return rng.lognormal(0, 1, (num, d)), p / p.sum()


def distance(x, p, kept):
    return float(p @ cdist(x, x[list(kept)]).min(axis=1))


def brute_force(x, p, count):
    return min(distance(x, p, kept) for kept in combinations(range(len(x)), count))


def plain_greedy(x, p, count):
    """Forward selection as it is written, all candidates at every step."""
    chosen = []
    for _ in range(count):
        rest = [u for u in range(len(x)) if u not in chosen]
        chosen.append(min(rest, key=lambda u: distance(x, p, [*chosen, u])))
    return chosen


@given(SEEDS)
def test_forward_selection_is_the_plain_greedy_search(seed):
    x, p = cloud(seed, 25)
    found = fast_forward_selection(x, p, 11)
    assert found.order.tolist() == plain_greedy(x, p, 11)
    assert found.kept.tolist() == sorted(found.order.tolist())
    assert found.distance == pytest.approx(distance(x, p, found.kept), rel=1e-13)


@pytest.mark.parametrize("seed", range(3))
def test_forward_selection_leaves_out_no_candidate(seed):
    """As above where most candidates are ruled out by earlier gains."""
    x, p = cloud(seed, 400, 2)
    c, nearest, chosen = cdist(x, x), np.full(400, np.inf), []
    for _ in range(60):
        cost = np.minimum(nearest[:, None], c).T @ p
        cost[chosen] = np.inf
        chosen.append(int(np.argmin(cost)))
        nearest = np.minimum(nearest, c[chosen[-1]])
    assert fast_forward_selection(x, p, 60).order.tolist() == chosen


@pytest.mark.parametrize("method", [fast_forward_selection, lambda *a, **k: k_medoids(*a, seed=0, **k)], ids=["forward", "medoids"])
def test_one_and_all(method):
    x, p = cloud(3)
    one, everything = method(x, p, 1), method(x, p, 9)
    assert one.distance == pytest.approx(brute_force(x, p, 1), rel=1e-13) and one.probabilities.tolist() == [1.0]
    assert one.lost.relative_distance == pytest.approx(1.0, rel=1e-13)
    assert everything.distance == 0 and everything.kept.tolist() == list(range(9)) == everything.nearest.tolist()
    assert everything.probabilities == pytest.approx(p, rel=1e-14)
    assert everything.lost.worst_mean[1] < 1e-14 and everything.lost.worst_deviation[1] < 1e-14 and everything.lost.quantile_error == 0


@pytest.mark.parametrize("count", [2, 3, 4])
def test_medoids_attain_the_optimum_of_small_sets_and_greedy_never_beats_it(count):
    greedy_misses = 0
    for seed in range(30):
        x, p = cloud(seed)
        best = brute_force(x, p, count)
        greedy, medoids = fast_forward_selection(x, p, count), k_medoids(x, p, count, seed=1, restarts=8)
        assert best * (1 - 1e-13) <= medoids.distance <= greedy.distance * (1 + 1e-13)
        assert medoids.distance == pytest.approx(best, rel=1e-12)
        greedy_misses += greedy.distance > best * (1 + 1e-9)
    assert greedy_misses > 0, "instances too easy to tell the two apart"


@given(SEEDS, st.integers(2, 7))
def test_no_exchange_improves_medoids(seed, count):
    x, p = cloud(seed, 40)
    found = k_medoids(x, p, count, seed=seed, restarts=2)
    best = found.distance * (1 - 1e-10)
    kept = found.kept.tolist()
    for out in kept:
        others = [k for k in kept if k != out]
        assert all(distance(x, p, [*others, u]) >= best for u in range(40) if u not in kept)


@pytest.mark.parametrize("seed", range(12))
def test_exchange_is_the_plain_search(seed):
    """From poor starts, so that many exchanges are made: the distance of every exchange computed from nothing gives the same medoids."""
    x, p = cloud(seed, 60, 2)
    c, single, start = cdist(x, x), brute_force(x, p, 1), np.argsort(x[:, 0])[: 4 + seed]
    medoids, without, candidate = start.tolist(), 0, 0
    while without < 60:
        if candidate not in medoids:
            now = p @ c[:, medoids].min(axis=1)
            after = [p @ np.minimum(c[:, np.delete(medoids, i)].min(axis=1), c[candidate]) for i in range(len(medoids))]
            if min(after) < now - 1e-12 * single:
                medoids[int(np.argmin(after))], without = candidate, -1
        without, candidate = without + 1, (candidate + 1) % 60
    assert sorted(medoids) != sorted(start.tolist())
    assert exchange(Distances(x), p, start, single).tolist() == medoids


def test_starts_are_drawn_by_probability_times_distance():
    x, p = np.array([[0.0], [1.0], [10.0]]), np.array([0.98, 0.01, 0.01])
    drawn = [seeded_start(Distances(x), p, 2, np.random.default_rng(s)).tolist() for s in range(2000)]
    second = [b for a, b in drawn if a == 0]
    assert 0.96 < len(second) / 2000 < 0.995
    assert np.mean(np.array(second) == 2) == pytest.approx(10 / 11, abs=0.03)
    assert sorted(seeded_start(Distances(np.zeros((4, 1))), np.full(4, 0.25), 4, np.random.default_rng(0)).tolist()) == [0, 1, 2, 3]


def test_more_starts_are_never_worse_and_a_seed_says_all():
    x, p = cloud(5, 80, 6)
    found = [k_medoids(x, p, 12, seed=4, restarts=r).distance for r in (1, 3, 9)]
    assert found[0] >= found[1] >= found[2] and found[0] > found[2]
    a, b = (k_medoids(x, p, 12, seed=4, restarts=5) for _ in range(2))
    assert np.array_equal(a.kept, b.kept) and np.array_equal(a.probabilities, b.probabilities)


@given(SEEDS, st.integers(1, 5))
def test_redistribution_is_optimal_by_two_transport_programs(seed, count):
    """Theorem 2 of Dupacova et al.: over all q the least distance, and attained by the q returned."""
    x, p = cloud(seed, 8)
    kept = np.sort(np.random.default_rng(seed).permutation(8)[:count])
    q, nearest, found = redistribution(Distances(x), p, kept)
    cost = cdist(x, x[kept])
    leave = np.kron(np.eye(8), np.ones(count))
    arrive = np.kron(np.ones(8), np.eye(count))
    free = linprog(cost.ravel(), A_eq=leave, b_eq=p)
    fixed = linprog(cost.ravel(), A_eq=np.vstack([leave, arrive]), b_eq=np.concatenate([p, q]))
    assert found == pytest.approx(free.fun, abs=1e-12) == pytest.approx(fixed.fun, abs=1e-12)
    assert all(q[i] == pytest.approx(p[nearest == k].sum(), rel=1e-14) for i, k in enumerate(kept))


def test_duplicates_merge_at_zero_distance():
    base, p = cloud(2, 6, 4)
    order = np.random.default_rng(0).permutation(18)
    x, q = np.tile(base, (3, 1))[order], np.tile(p / 3, 3)[order]
    for found in (fast_forward_selection(x, q, 6), k_medoids(x, q, 6, seed=0)):
        assert found.distance == 0.0 and found.lost.relative_distance == 0.0
        assert sorted(found.probabilities) == pytest.approx(sorted(p), rel=1e-14)
        assert np.array_equal(x[found.nearest], x)
    more = fast_forward_selection(x, q, 10)
    assert more.distance == 0.0 and np.all(more.probabilities > 0) and len(np.unique(more.kept)) == 10
    same = fast_forward_selection(np.ones((5, 2)), np.full(5, 0.2), 3)
    assert same.kept.tolist() == [0, 1, 2] and same.distance == 0.0 and same.lost.relative_distance == 0.0
    assert same.probabilities == pytest.approx([0.6, 0.2, 0.2])


@given(SEEDS, st.integers(1, 60))
def test_probabilities_sum_to_one(seed, count):
    x, p = cloud(seed, 60)
    for found in (fast_forward_selection(x, p, count), k_medoids(x, p, count, seed=seed, restarts=1)):
        assert abs(fsum(found.probabilities) - 1) <= 3e-16 and np.all(found.probabilities > 0)


@given(SEEDS)
def test_forward_selection_does_not_depend_on_the_order_of_scenarios(seed):
    x, p = cloud(seed, 30)
    order = np.random.default_rng(seed + 1).permutation(30)
    a, b = fast_forward_selection(x, p, 8), fast_forward_selection(x[order], p[order], 8)
    assert np.array_equal(a.order, order[b.order])
    assert b.probabilities[np.argsort(order[b.kept])] == pytest.approx(a.probabilities, rel=1e-13)


def test_selections_are_nested():
    x, p = cloud(8, 50)
    longest = fast_forward_selection(x, p, 20).order
    assert all(np.array_equal(fast_forward_selection(x, p, n).order, longest[:n]) for n in (1, 2, 7, 19))


def test_ties_go_to_the_lowest_index():
    corners = np.array([[0.1, 0.3], [0.7, 0.3], [0.7, 0.9], [0.1, 0.9]])
    assert fast_forward_selection(corners, np.full(4, 0.25), 1).kept.tolist() == [0]
    assert fast_forward_selection(corners, np.full(4, 0.25), 2).kept.tolist() == [0, 1]
    line = fast_forward_selection([[0.0], [1.0], [2.0]], [0.25, 0.5, 0.25], 2)
    assert line.kept.tolist() == [0, 1] and line.nearest.tolist() == [0, 1, 1]
    middle = redistribution(Distances(np.array([[0.0], [1.0], [2.0]])), np.array([0.25, 0.5, 0.25]), np.array([0, 2]))
    assert middle[1].tolist() == [0, 0, 2] and middle[0].tolist() == [0.75, 0.25] and middle[2] == 0.5


def test_scenarios_without_probability_do_not_count():
    x, p = cloud(4, 12)
    far = np.vstack([x[:5], 1e6 * np.ones((1, 3)), x[5:]])
    with_far = np.insert(p, 5, 0.0)
    found, plain = fast_forward_selection(far, with_far, 4), fast_forward_selection(x, p, 4)
    assert np.array_equal(np.delete(np.arange(13), 5)[plain.kept], found.kept)
    assert found.distance == plain.distance and found.lost.mean_error == pytest.approx(plain.lost.mean_error, rel=1e-12)
    everything = fast_forward_selection(far, with_far, 13)
    assert everything.probabilities[5] == 0 and everything.distance == 0


def test_scale_divides_features():
    x, p = cloud(6, 40)
    x = x * np.array([1.0, 1e3, 1e-3])
    scale = standard_scale(x, p)
    assert scale == pytest.approx(np.sqrt(np.cov(x.T, aweights=p, bias=True).diagonal()), rel=1e-12)
    a, b = fast_forward_selection(x, p, 7, scale=scale), fast_forward_selection(x / scale, p, 7)
    assert np.array_equal(a.kept, b.kept) and a.distance == b.distance
    assert a.lost.quantile_before != b.lost.quantile_before, "the total is that of the features as given"
    assert not np.array_equal(a.kept, fast_forward_selection(x, p, 7).kept)
    m = k_medoids(x, p, 7, seed=0, scale=scale)
    assert np.array_equal(m.kept, k_medoids(x / scale, p, 7, seed=0).kept)
    assert standard_scale([[1.0, 2.0], [1.0, 4.0]], [0.5, 0.5]).tolist() == [1.0, 1.0]


@given(SEEDS, st.integers(1, 20))
def test_distance_bounds_the_error_of_lipschitz_functions(seed, count):
    x, p = cloud(seed, 20)
    found = fast_forward_selection(x, p, count)
    rng = np.random.default_rng(seed)
    for a in rng.normal(0, 3, (5, 3)):
        f = np.linalg.norm(x - a, axis=1)
        assert abs(p @ f - found.probabilities @ f[found.kept]) <= found.distance * (1 + 1e-12) + 1e-14


def test_result_does_not_depend_on_memory():
    x, p = cloud(9, 300, 5)
    for method in (fast_forward_selection, lambda *a, **k: k_medoids(*a, seed=2, restarts=2, **k)):
        held, computed = method(x, p, 15), method(x, p, 15, held_bytes=0)
        assert np.array_equal(held.kept, computed.kept) and np.array_equal(held.probabilities, computed.probabilities)
        assert held.distance == computed.distance


def test_result_does_not_depend_on_blocks(monkeypatch):
    x, p = cloud(9, 300, 5)
    whole, medoids = fast_forward_selection(x, p, 40), k_medoids(x, p, 15, seed=2, restarts=2)
    for size in (1, 7, 299):
        monkeypatch.setattr(kantorovich, "BLOCK_BYTES", 8 * 300 * size)
        assert Distances(x).block == size and np.array_equal(Distances(x).rows(np.arange(300)), cdist(x, x))
        for held in (0, 2**30):
            found = fast_forward_selection(x, p, 40, held_bytes=held)
            assert np.array_equal(found.order, whole.order) and np.array_equal(found.probabilities, whole.probabilities)
            assert found.distance == whole.distance and np.array_equal(found.nearest, whole.nearest)
        assert np.array_equal(k_medoids(x, p, 15, seed=2, restarts=2).kept, medoids.kept)


def test_memory_is_bounded():
    x, p = cloud(1, 4000, 2)
    tracemalloc.start()
    try:
        fast_forward_selection(x, p, 3, held_bytes=2**20)
        assert tracemalloc.get_traced_memory()[1] < 64e6 < 8 * 4000**2
    finally:
        tracemalloc.stop()


def test_what_was_lost_by_hand():
    """Of 0, 2, 10 with probabilities 1/4, 1/4, 1/2 keep two: alone 2 and 10 are equally good, so 2 is first, then 10; 0 joins 2."""
    x = np.array([[0.0, 5.0], [2.0, 5.0], [10.0, 5.0]])
    found = fast_forward_selection(x, [0.25, 0.25, 0.5], 2)
    lost = found.lost
    assert found.kept.tolist() == [1, 2] and found.order.tolist() == [1, 2] and found.probabilities.tolist() == [0.5, 0.5]
    assert lost.distance == 0.5 and lost.single == 4.5 and lost.relative_distance == pytest.approx(1 / 9)
    before, after = np.sqrt(0.25 * 4 + 0.5 * 100 - 5.5**2), 4.0
    assert lost.mean_error == pytest.approx([0.5 / before, 0]) and lost.deviation_error == pytest.approx([1 - after / before, 0])
    assert lost.worst_mean == (0, pytest.approx(0.5 / before)) and lost.worst_deviation[0] == 0
    assert (lost.quantile_before, lost.quantile_after, lost.quantile_error) == (15, 15, 0)
    assert "11.1 % of that of the best single scenario" in lost.summary() and "feature 0" in lost.summary()
    nothing = fast_forward_selection([[0.0], [0.0]], [0.5, 0.5], 1).lost
    assert nothing.quantile_error is None and nothing.relative_distance == 0


@pytest.mark.parametrize(("num", "rank"), [(20, 19), (80, 76), (240, 228), (1000, 950), (21, 20), (7, 7)])
def test_quantile_is_the_order_statistic(num, rank):
    values = np.random.default_rng(num).permutation(num).astype(float)
    assert weighted_quantile(values, np.full(num, 1 / num), 0.95) == rank - 1


P = [0.5, 0.25, 0.25]
X = [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]


@pytest.mark.parametrize(
    ("features", "probabilities", "count", "parts"),
    [
        (X, P, 4, ["'count': 4", "1 to 3"]),
        (X, P, 0, ["'count': 0"]),
        ([[0, 1], [2, np.nan], [4, 5]], P, 1, ["'features', scenario 1, feature 1: nan", "finite"]),
        ([[0, 1], [2, 3], [-np.inf, 5]], P, 1, ["'features', scenario 2, feature 0: -inf"]),
        ([[0, 1], [2, 3], [1e200, 5]], P, 1, ["'features', scenario 2, feature 0: 1e+200"]),
        ([0, 1, 2], P, 1, ["'features' has shape (3,)", "(scenarios, features)"]),
        ([["a", "b"]], [1], 1, ["'features'", "expected numbers"]),
        (np.zeros((3, 0)), P, 1, ["'features' has shape (3, 0)", "at least one"]),
        (X, [0.5, 0.5], 1, ["'probabilities' has shape (2,)", "(3 scenarios)"]),
        (X, [0.5, 0.7, -0.2], 1, ["'probabilities', scenario 2: -0.2", "[0, 1]"]),
        (X, [0.5, 1.5, 0.0], 1, ["'probabilities', scenario 1: 1.5"]),
        (X, [0.5, np.nan, 0.5], 1, ["'probabilities', scenario 1: nan"]),
        (X, [0.5, 0.25, 0.25 + 1e-8], 1, ["'probabilities'", "1.00000001", "expected 1 to within 1e-09"]),
    ],
)
def test_bad_input_is_named(features, probabilities, count, parts):
    for call in (fast_forward_selection, lambda *a: k_medoids(*a, seed=0)):
        with pytest.raises(InputError) as error:
            call(features, probabilities, count)
        assert all(part in str(error.value) for part in parts), error.value


def test_bad_settings_are_named():
    with pytest.raises(InputError, match="'scale', feature 1: 0: expected a positive"):
        fast_forward_selection(X, P, 1, scale=[1, 0])
    with pytest.raises(InputError, match="'features', scenario 1, feature 0: 2e\\+200"):
        fast_forward_selection(X, P, 1, scale=[1e-200, 1])
    with pytest.raises(InputError, match="'restarts': 0"):
        k_medoids(X, P, 1, seed=0, restarts=0)
    with pytest.raises(InputError, match="'seed': -1"):
        k_medoids(X, P, 1, seed=-1)
    assert fast_forward_selection(X, [0.5 + 5e-10, 0.25, 0.25], 2).probabilities.sum() == 1
