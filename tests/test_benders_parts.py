"""The engine's data, oracle, pool and cuts, one by one: against the scenarios' own matrices and sums written out."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import quakeops
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from quakeops.decomposition.benders import Settings, parse_risk
from quakeops.decomposition.benders.compiled import compile_problem
from quakeops.decomposition.benders.cuts import block_sums, cluster_cuts, feasibility_cut
from quakeops.decomposition.benders.grouping import from_stage_data
from quakeops.decomposition.benders.oracle import EXACT, Effort, Oracle
from quakeops.decomposition.benders.problem import LARGEST_BLOCK, Block, Problem, block_size
from quakeops.decomposition.benders.recourse_lps import RecourseLPs, UnboundedRecourseError
from quakeops.decomposition.benders.risk import Risk, cvar, quantile
from quakeops.decomposition.benders.storage import new_array
from quakeops.decomposition.benders.team import Team
from quakeops.decomposition.benders.vertices import Vertices, bound_terms, residuals
from quakeops.decomposition.matrices import compile_program
from quakeops.decomposition.program import from_model
from quakeops.decomposition.recourse import Recourse
from quakeops.errors import InputError
from quakeops.solvers import get
from scipy.sparse import csr_array

SEEDS = st.integers(0, 10**6)


def members(problem):
    """Every scenario as (its number, its group, its number in the group)."""
    return [(g, k) for g in problem.groups for k in range(len(g))]


def plan(problem, rng):
    return rng.uniform(np.maximum(problem.first.lower, -9), np.minimum(problem.first.upper, 9))


def oracle_of(problem, **kwargs):
    return Oracle(problem, get("highs"), Team(), **{"threads": 1} | kwargs)


# -- grouping


@settings(max_examples=60)
@given(seed=SEEDS)
def test_groups_hold_every_scenarios_own_rows(two_stage, seed):
    """Rows one-sided by (name, sense): T, W and right-hand side; columns; costs. Free rows and zero probabilities are gone."""
    data = two_stage.draw(seed)
    data = two_stage.widen(data, seed) if seed % 2 else data
    problem, rng = from_stage_data(data), np.random.default_rng(seed)
    own = {s.name: s for s in data.scenarios}
    x = rng.normal(size=len(data.first))
    for number, (group, k) in enumerate(members(problem)):
        s, xi = own[problem.labels[number]], group.xi[k]
        T, W = group.scenario_matrix(xi).toarray(), group.W.toarray()
        rhs = group.right_hand_sides(x, group.xi[k : k + 1])[0]
        np.testing.assert_allclose(rhs, group.rhs_0 + group.rhs_xi @ xi - T @ x, atol=1e-12)
        pi = rng.normal(size=(1, len(rhs)))
        np.testing.assert_allclose(group.slopes(pi, group.xi[k : k + 1])[0], -T.T @ pi[0], atol=1e-12)
        expected = {}
        for i, name in enumerate(s.row_names):
            low, high = s.row_lower[i], s.row_upper[i]
            sides = {0: low} if low == high else {sense: v for sense, v in ((-1, low), (1, high)) if np.isfinite(v)}
            expected |= {(name, sense): [*s.T.toarray()[i], *s.W.toarray()[i], v] for sense, v in sides.items()}
        lower, upper = group.second.lower.copy(), group.second.upper.copy()
        for i, (name, sense) in enumerate(zip(group.row_names, group.sense.tolist(), strict=True)):
            row = [*T[i], *W[i], rhs[i] + T[i] @ x]
            if " bound of " in name:  # a bound that varies between scenarios
                side, variable = name.split(" bound of ")
                j = s.stage.names.index(variable)
                assert not T[i].any() and (W[i] != 0).tolist() == (np.arange(len(s.stage)) == j).tolist() and W[i, j] == 1
                assert sense == (-1 if side == "lower" else 1) and np.isinf((lower if side == "lower" else upper)[j])
                (lower if side == "lower" else upper)[j] = rhs[i]
            else:
                np.testing.assert_allclose(row, expected.pop((name, sense)), atol=1e-12)
        assert not expected
        assert np.array_equal(lower, s.stage.lower) and np.array_equal(upper, s.stage.upper) and np.array_equal(group.cost, s.cost)
        np.testing.assert_allclose(problem.cost @ x + group.extra_costs(x, k, k + 1)[0], s.cost_first @ x + s.offset, atol=1e-12)
    assert sum(problem.probabilities) == pytest.approx(1) and (problem.probabilities > 0).all()
    assert problem.num_given == len(data.scenarios)


@settings(max_examples=40)
@given(seed=SEEDS)
def test_repeated_scenarios_are_one_with_their_probabilities_added(two_stage, seed):
    data = two_stage.draw(seed)
    problem = from_stage_data(data)

    def content(s):
        arrays = (s.cost_first, s.cost, s.T.toarray(), s.W.toarray(), s.row_lower, s.row_upper, s.stage.lower, s.stage.upper)
        return s.offset, *(np.asarray(a).tobytes() for a in arrays)

    weight, first = {}, {}
    for s in data.scenarios:
        if s.probability > 0:
            weight[content(s)] = weight.get(content(s), 0.0) + s.probability
            first.setdefault(content(s), s.name)
    expected = {first[c]: w for c, w in weight.items()}
    assert dict(zip(problem.labels, problem.probabilities.tolist(), strict=True)) == pytest.approx(expected)


def test_common_recourse_is_one_group_and_another_cost_makes_two(two_stage):
    for seed in range(20):
        data = two_stage.draw(seed, fixed_recourse=True, complete=True)
        if not (data.probabilities > 0).all():
            continue
        assert len(from_stage_data(data).groups) == 1
        dearer = replace(data.scenarios[0], name="dearer", cost=data.scenarios[0].cost + 1)
        other = replace(data.scenarios[0], name="other", W=csr_array(data.scenarios[0].W * 2))
        for odd in (dearer, other):
            assert [len(g) for g in from_stage_data(replace(data, scenarios=(odd,))).groups] == [1]
            groups = from_stage_data(replace(data, scenarios=(*data.scenarios, odd))).groups
            assert len(groups) == 2 and len(groups[1]) == 1


@pytest.mark.parametrize("options", [{"instance": "islands-3"}, {"instance": "prepositioning-random", "num_scenarios": 12, "seed": 5}])
def test_affine_maps_and_compiled_scenarios_are_one_problem(options):
    """Two roads from a model to the engine's data: the same costs of every scenario at random plans, and the same first stage."""
    program = from_model("prepositioning", **options)
    ours, none = compile_problem(program, Team())
    theirs = from_stage_data(compile_program(program))
    assert none is None and len(ours.groups) == 1 and list(ours.labels) == list(theirs.labels)
    assert ours.first.names == theirs.first.names and np.array_equal(ours.first.upper, theirs.first.upper)
    np.testing.assert_allclose(ours.probabilities, theirs.probabilities, rtol=1e-12)
    rng, totals = np.random.default_rng(1), []
    clusters = np.zeros(ours.num_scenarios, dtype=np.int64)
    for _ in range(2):
        x = np.where(np.isfinite(ours.first.upper), rng.integers(0, 2, len(ours.first)), rng.uniform(0, 500, len(ours.first)))
        totals = [p.cost @ x + oracle_of(p).evaluate(x, clusters, Risk()).costs for p in (ours, theirs)]
        np.testing.assert_allclose(*totals, rtol=1e-9)


def test_arrays_beyond_the_limit_are_file_backed_and_equal(monkeypatch):
    def solved():
        options = {"instance": "prepositioning-random", "scenarios": 8, "seed": 2, "method": "benders", "rel_gap": 1e-3}
        return quakeops.solve("prepositioning", certificate=False, **options)

    in_memory = solved()
    assert not isinstance(new_array((2, 3)), np.memmap)
    monkeypatch.setattr("quakeops.decomposition.benders.storage.IN_MEMORY_BYTES", 40)
    array = new_array((2, 3))
    assert isinstance(array, np.memmap) and array.shape == (2, 3) and not array.any()
    on_disk = solved()
    assert (on_disk.objective, on_disk.bound, on_disk.first_stage) == (in_memory.objective, in_memory.bound, in_memory.first_stage)


class Rank:
    """A communicator as far as the shares of scenarios depend on it."""

    def __init__(self, rank, size):
        self.Get_rank, self.Get_size = lambda: rank, lambda: size


@pytest.mark.parametrize("count", [1, 15, 16, 17, 511, 513, 1000, 20_000])
def test_blocks_partition_the_scenarios_by_their_number_alone(count):
    """The blocks are the same on any number of ranks, and a rank draws the scenarios of its own blocks."""
    size = block_size(count)
    problem = SimpleNamespace(num_scenarios=count, groups=[range(count)])
    blocks = problem.blocks = lambda: Problem.blocks(problem)
    assert [k for b in blocks() for k in range(b.start, b.stop)] == list(range(count)) and all(len(b) <= size for b in blocks())
    assert 1 <= size <= LARGEST_BLOCK and len(list(blocks())) <= max(32, -(-count // LARGEST_BLOCK))
    for ranks in (1, 2, 3, 7):
        shares = [(Team(Rank(r, ranks)).own_spans(count), Team(Rank(r, ranks)).own_blocks(problem)) for r in range(ranks)]
        assert [b for _, own in shares for b in own] == list(blocks())
        for spans, own in shares:
            assert [k for span in spans for k in range(*span)] == [k for b in own for k in range(b.start, b.stop)]
            assert all(stop - start <= LARGEST_BLOCK for start, stop in spans)


# -- oracle and pool


@settings(max_examples=30)
@given(seed=SEEDS)
def test_pool_never_says_more_than_the_recourse(two_stage, seed):
    """Every vertex found at some plans bounds every scenario's recourse at another plan; at its own plan the best is exact."""
    data = two_stage.draw(seed, complete=True, boxed=True)
    problem, rng = from_stage_data(data), np.random.default_rng(seed)
    oracle, clusters = oracle_of(problem), np.zeros(problem.num_scenarios, dtype=np.int64)
    for _ in range(3):
        answer = oracle.evaluate(x := plan(problem, rng), clusters, Risk())
        assert answer.complete and not answer.infeasible
    pooled = oracle.evaluate(x, clusters, Risk(), effort=Effort(0))
    np.testing.assert_allclose(pooled.costs, answer.costs, atol=1e-7)
    assert not pooled.exact.any() and answer.exact.all()
    x = plan(problem, rng)
    exact, below = oracle.evaluate(x, clusters, Risk(), effort=EXACT).costs, []
    own = {s.name: k for k, s in enumerate(data.scenarios)}
    recourse = Recourse(data, get("highs"))
    for number, (group, k) in enumerate(members(problem)):
        s = data.scenarios[own[problem.labels[number]]]
        true = recourse.solve(own[s.name], x).objective
        assert problem.cost @ x + exact[number] == pytest.approx(s.cost_first @ x + s.offset + true, abs=1e-6)
        (vertices,) = (v for v, g in zip(oracle.vertices, problem.groups, strict=True) if g is group)
        values = vertices.pi @ group.right_hand_sides(x, group.xi[k : k + 1])[0] + vertices.b
        assert (values <= true + 1e-6 * max(1, abs(true))).all()
        assert values.max() >= true - 1e-6 * max(1, abs(true)), "the last evaluation put its dual in"
        assert (residuals(group, vertices.pi) <= 1e-9).all()
        constants, coefficients = vertices.weights(x)
        np.testing.assert_allclose(group.xi[k] @ coefficients + constants, values[vertices.active], rtol=1e-5, atol=1e-4)
        below.append(values.max())


def test_threads_do_not_change_a_digit():
    program = from_model("prepositioning", instance="prepositioning-random", num_scenarios=40, seed=1)
    problem, _ = compile_problem(program, Team())
    clusters, x = np.arange(40) // 8, np.where(np.isfinite(problem.first.upper), 0.3, 90.0)
    found = []
    for threads in (1, 2):
        oracle = oracle_of(problem, threads=threads)
        answers = [
            oracle.evaluate(x * f, clusters, Risk(), effort=e) for f, e in ((1, EXACT), (0.5, Effort(3, 1)), (0.5, EXACT), (0.2, EXACT))
        ]
        oracle.close()
        found.append(
            b"".join(a.costs.tobytes() + b"".join(c.slope.tobytes() + np.float64(c.constant).tobytes() for c in a.cuts) for a in answers)
        )
    assert found[0] == found[1]


def test_efforts_take_turns():
    block = Block(0, 0, 100, 130, 100)
    assert Effort(0).chosen(block).size == 0 and Effort().chosen(block).tolist() == list(range(30))
    turns = np.concatenate([Effort(4, i).chosen(block) for i in range(4)])
    assert sorted(turns.tolist()) == list(range(30))


def test_vertices_are_kept_once_and_the_latest_stay(two_stage):
    group = from_stage_data(two_stage.draw(1, fixed_recourse=True, complete=True)).groups[0]
    m, rng = len(group.sense), np.random.default_rng(0)
    pool, pi = Vertices(group), rng.normal(size=(100, m))
    numbers = pool.add(pi, bound_terms(group, pi), list(range(100)), now=1)
    assert numbers.tolist() == list(range(100)) and pool.active.tolist() == list(range(100))
    assert pool.add(pi[[3, 5, 3]] * (1 + 1e-13), np.zeros(3), ["x"] * 3, now=2).tolist() == [3, 5, 3] and len(pool) == 100
    np.testing.assert_array_equal(pool.pi, pi)
    assert pool.add(pi[[3]] * 2, np.zeros(1), ["y"], now=2).tolist() == [100], "a multiple of a vertex is another vertex"
    pool.touch(np.array([7, 9]), now=3)
    pool.shrink(4)
    assert set(pool.active.tolist()) > {7, 9, 100} and len(pool.active) == 4 and len(pool) == 101, "what left the pool keeps its number"
    assert pool.add(pi[[50]], np.zeros(1), ["again"], now=4).tolist() == [101], "found again, it counts as new"
    assert pool.weights(np.zeros(group.T_0.shape[1]))[1].shape[1] == len(pool.active) == 5


@settings(max_examples=40)
@given(seed=SEEDS)
def test_elastic_duals_prove_infeasibility(two_stage, seed):
    """pi'rhs is above the most that W y can give within the bounds of y, by at least the violation."""
    data = two_stage.draw(seed, complete=False)
    problem, rng = from_stage_data(data), np.random.default_rng(seed)
    lps, proved = RecourseLPs(problem.groups, get("highs")), 0
    for g, group in enumerate(problem.groups):
        for k in range(len(group)):
            rhs = group.right_hand_sides(plan(problem, rng), group.xi[k : k + 1])[0]
            outcome = lps.solve(g, rhs, None)
            if outcome.cost is not None:
                continue
            proved += 1
            pi, gain = outcome.dual, group.W.T @ outcome.dual
            most = np.where(gain > 0, group.second.upper, group.second.lower)
            assert (np.abs(gain[np.isinf(most)]) <= 1e-9).all()
            reach = (gain * np.where(np.isinf(most), 0.0, most)).sum()
            assert (pi[group.sense == -1] >= -1e-9).all() and (pi[group.sense == 1] <= 1e-9).all() and (np.abs(pi) <= 1 + 1e-9).all()
            assert pi @ rhs - reach == pytest.approx(outcome.violation) and outcome.violation > 0
    assume(proved)


def test_unbounded_recourse_is_raised_with_its_group(two_stage):
    data = two_stage.draw(2, complete=True, fixed_recourse=True)
    s = data.scenarios[0]
    falling = replace(s, name="falling", cost=s.cost - 40.0)
    problem = from_stage_data(replace(data, scenarios=(replace(s, probability=0.5), replace(falling, probability=0.5))))
    lps = RecourseLPs(problem.groups, get("highs"))
    assert lps.solve(0, problem.groups[0].rhs_0, None).cost is not None
    with pytest.raises(UnboundedRecourseError) as e:
        lps.solve(1, problem.groups[1].rhs_0, None)
    assert e.value.group == 1


# -- cuts


@settings(max_examples=60)
@given(seed=SEEDS, risk=st.sampled_from(["mean", "cvar:0.7", "mean-cvar:0.4:0.5", "worst"]))
def test_sums_of_blocks_are_the_sums_written_out(seed, risk):
    """(1) of ``cuts`` summed scenario by scenario, whatever the boundaries of the blocks; a cluster with a scenario without dual has none."""
    rng, measure = np.random.default_rng(seed), parse_risk(risk)
    count, n1 = int(rng.integers(3, 30)), 3
    costs, slopes, p = rng.normal(size=count) * 9, rng.normal(size=(count, n1)), rng.dirichlet(np.ones(count))
    usable, clusters = rng.random(count) < 0.93, np.sort(rng.integers(-1, 4, count))
    x, eta = rng.normal(size=n1), float(rng.normal()) if measure.has_eta else None
    for size in (1, 4, count):
        blocks = [Block(i, 0, a, min(a + size, count), a) for i, a in enumerate(range(0, count, size))]
        parts = [(b, slice(b.start, b.stop)) for b in blocks]
        sums = [block_sums(b, costs[s], slopes[s], usable[s], p[s], clusters[s], measure, x, eta) for b, s in parts]
        cuts = cluster_cuts(sums, measure, source=5)
        if measure.worst and not (usable & (clusters >= 0)).any():
            assert cuts == ()
        elif measure.worst:
            (top,) = [int(k) for k in np.flatnonzero(usable & (clusters >= 0)) if costs[k] == costs[usable & (clusters >= 0)].max()]
            best = next(c for c in cuts if c.scenario == top)
            assert best.value(x) == pytest.approx(costs[top]) and best.clusters == (0,) and np.array_equal(best.slope, slopes[top])
        if measure.worst:
            continue
        whole = [c for c in range(4) if (clusters == c).any() and usable[clusters == c].all()]
        assert [c.clusters for c in cuts] == [(c,) for c in whole] and all(c.source == 5 and c.from_duals for c in cuts)
        for cut in cuts:
            z = rng.normal(size=n1)
            other = None if eta is None else eta + 1.0
            total = 0.0
            for k in np.flatnonzero(clusters == cut.clusters[0]):
                value = costs[k] + slopes[k] @ (z - x)
                total += p[k] * (1 - measure.weight) * value
                if eta is not None and costs[k] > eta:
                    total += p[k] * measure.weight / (1 - measure.alpha) * (value - other)
            assert cut.value(z, other) == pytest.approx(total, abs=1e-10)


def test_feasibility_cut_has_length_one_and_its_violation():
    cut = feasibility_cut(2.0, np.array([3.0, -4.0]), np.array([1.0, 1.0]), scenario=7, source=1)
    assert np.linalg.norm(cut.slope) == pytest.approx(1) and cut.value(np.array([1.0, 1.0])) == pytest.approx(2 / 5)
    assert cut.clusters == () and cut.scenario == 7
    assert feasibility_cut(2.0, np.zeros(2), np.ones(2), 0, 1).value(np.ones(2)) == 2.0, "no plan helps"


# -- risk and settings


@given(seed=SEEDS, alpha=st.sampled_from([0.0, 0.1, 0.5, 0.9, 0.99]))
def test_cvar_is_the_least_over_eta(seed, alpha):
    rng = np.random.default_rng(seed)
    costs, p = rng.integers(-5, 9, 7).astype(float), rng.dirichlet(np.ones(7))
    assert cvar(costs, p, alpha) == pytest.approx(min(e + p @ np.maximum(costs - e, 0) / (1 - alpha) for e in costs))
    q = quantile(costs, p, alpha)
    assert p[costs <= q].sum() >= alpha - 1e-12 and (alpha == 0 or p[costs < q].sum() < alpha + 1e-12)
    measure = Risk(0.3, alpha)
    eta = measure.best_eta(costs, p)
    assert measure.of(costs, p) == pytest.approx(0.7 * p @ costs + 0.3 * cvar(costs, p, alpha))
    multiplier, excess = measure.multipliers(costs, eta)
    assert p @ (multiplier * costs - excess * eta) + 0.3 * eta == pytest.approx(measure.of(costs, p)), "(1) at its best eta"
    assert Risk(worst=True).of(costs, p) == costs.max() and Risk().of(costs, p) == p @ costs


def test_uniform_tail_in_closed_form():
    """Costs 1 to 100, equally likely: the mean of the 10 largest is 95.5, the 0.9-quantile 90."""
    costs, p = np.arange(1.0, 101.0), np.full(100, 0.01)
    assert cvar(costs, p, 0.9) == pytest.approx(95.5) and quantile(costs, p, 0.9) == 90.0
    assert Risk(0.5, 0.9).of(costs, p) == pytest.approx(0.5 * 50.5 + 0.5 * 95.5)


@pytest.mark.parametrize("text", ["mean", "worst", "cvar:0.95", "mean-cvar:0.3:0.8"])
def test_risk_measures_are_read_and_written(text):
    assert str(parse_risk(text)) == text and parse_risk(f" {text.upper()} ") == parse_risk(text)


@pytest.mark.parametrize(
    "text", ["", "cvar", "cvar:1", "cvar:-0.1", "cvar:x", "cvar:nan", "mean:0.5", "mean-cvar:0.5", "mean-cvar:2:0.5", "entropic:1"]
)
def test_risk_measures_refused(text):
    with pytest.raises(InputError, match=f"--risk '{text}': expected mean, worst"):
        parse_risk(text)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cuts": "many"}, r"--cuts 'many': expected single, clustered, multi, adaptive"),
        ({"stabilization": "trust"}, r"--stabilization 'trust': expected in-out, level-1, level-inf, none"),
        ({"clusters": 0}, r"--clusters 0: must be at least 1"),
        ({"retain": -1}, r"--retain -1: must not be negative"),
        ({"retain": 2, "risk": Risk(1.0, 0.9)}, r"--retain 2: goes with --risk mean, not with cvar:0.9"),
        ({"retain": 2, "risk": Risk(worst=True)}, r"--retain 2: goes with --risk mean, not with worst"),
    ],
)
def test_settings_refused(options, message):
    with pytest.raises(InputError, match=message):
        Settings(**options)


def test_number_of_clusters():
    counts = [Settings(cuts=c, clusters=20).num_clusters(8) for c in ("single", "clustered", "multi", "adaptive")]
    assert counts == [1, 8, 8, 2] and Settings(cuts="multi").num_clusters(1000) == 1000
