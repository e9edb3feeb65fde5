"""The worst distribution within a transport distance: the ball, the engine that optimises over it, its proof, and the bound beyond it."""

import json
from dataclasses import replace

import numpy as np
import pytest
import quakeops
from hypothesis import example, given
from hypothesis import strategies as st
from quakeops.decomposition.ambiguity import lipschitz_constant, problem_ambiguity
from quakeops.decomposition.benders import parse_risk, solve_problem
from quakeops.decomposition.benders.compiled import compile_problem
from quakeops.decomposition.benders.grouping import from_stage_data
from quakeops.decomposition.benders.metric import metric, scenario_vectors
from quakeops.decomposition.benders.settings import Settings
from quakeops.decomposition.benders.team import Team
from quakeops.decomposition.benders.transport import Ball, worst_case
from quakeops.decomposition.compiled import stage_data
from quakeops.decomposition.extensive_form import solve_extensive_form
from quakeops.decomposition.matrices import ScenarioData, Stage, StageData
from quakeops.decomposition.packing import pack, unpack
from quakeops.decomposition.program import from_model
from quakeops.decomposition.risk_form import RiskRecourse, distinct, risk_form
from quakeops.decomposition.run import Run
from quakeops.decomposition.verification import Verdict, verify_with
from quakeops.errors import InputError
from quakeops.result import Result
from quakeops.solvers import get
from scipy.optimize import linprog
from scipy.sparse import csr_array

ISLANDS = {"model": "prepositioning", "instance": "islands-3", "rel_gap": 1e-7}
RADII = ("wasserstein:0.1", "wasserstein:0.5", "wasserstein:1.3", "wasserstein:4")


def draw_ball(seed):
    """Random scenario vectors (whole numbers at times, so that distances and costs tie), probabilities, costs and a radius."""
    r = np.random.default_rng(seed)
    count, width = int(r.integers(1, 13)), int(r.integers(0, 4))
    vectors = r.integers(-3, 4, (count, width)).astype(float) if r.integers(2) else r.normal(size=(count, width))
    p = r.integers(1, 5, count).astype(float) if r.integers(2) else r.random(count) + 0.01
    costs = r.integers(-5, 6, count).astype(float) if r.integers(2) else 100 * r.normal(size=count)
    return vectors, p / p.sum(), costs, float(r.choice([0.0, 0.01, 0.1, 0.5, 1.0, 2.0, 5.0]))


def transport_lp(costs, p, distances, radius):
    """sup E_P[Z] as the transport problem itself."""
    count = len(p)
    marginal = np.kron(np.eye(count), np.ones(count))
    found = linprog(-np.tile(costs, count), A_ub=[distances.ravel()], b_ub=[radius], A_eq=marginal, b_eq=p, method="highs")
    return -found.fun


@given(seed=st.integers(0, 10**6))
def test_the_worst_distribution_is_the_optimum_of_the_transport_problem(seed):
    vectors, p, costs, radius = draw_ball(seed)
    space = metric(vectors, p)
    everyone = np.arange(len(p))
    distances = space.between(everyone, everyone)
    found, scale = worst_case(costs, p, radius, space), np.abs(costs).max() + 1
    assert found.value == pytest.approx(transport_lp(costs, p, distances, radius), abs=1e-9 * scale)
    weights = found.weights(p)
    assert weights.min() >= 0 and weights.sum() == pytest.approx(1, abs=1e-12)
    assert weights @ costs == pytest.approx(found.value, abs=1e-12 * scale)
    assert found.reached <= radius + 1e-12  # and the plan does move that far:
    mixed = (1 - found.share) * p @ space.moved(found.less.targets) + found.share * p @ space.moved(found.more.targets)
    assert mixed == pytest.approx(found.reached, abs=1e-12)
    assert Ball(radius, space, p).dual_value(costs, found.price) == pytest.approx(found.value, abs=1e-12 * scale)
    assert found.value == pytest.approx(costs.max(), abs=1e-12 * scale) if radius > distances.max() else found.value <= costs.max() + 1e-12


@given(seed=st.integers(0, 10**6))
def test_one_is_the_mean_distance_whatever_the_units(seed):
    vectors, p, _, _ = draw_ball(seed)
    everyone = np.arange(len(p))
    distances = metric(vectors, p).between(everyone, everyone)
    assert (distances == distances.T).all() and not distances.diagonal().any()
    if (vectors != vectors[0]).any():
        assert p @ distances @ p == pytest.approx(1, rel=1e-12)
        scale = np.random.default_rng(seed).uniform(0.1, 50, vectors.shape[1])
        assert np.allclose(metric(vectors * scale - 7, p).between(everyone, everyone), distances, atol=1e-9)


def test_distances_that_are_not_kept_are_the_same():
    r = np.random.default_rng(1)
    vectors, p, costs = r.normal(size=(300, 3)), np.full(300, 1 / 300), r.normal(size=300)
    kept = metric(vectors, p)
    assert kept.pairs is not None
    assert worst_case(costs, p, 0.2, replace(kept, pairs=None)).value == worst_case(costs, p, 0.2, kept).value


def test_a_dear_scenario_takes_probability_in_order_of_gain_by_distance():
    """Three places on a line, 0, 1 and 3, equally likely, with costs 0, 1 and 9: all goes to the last, the nearer first."""
    p, costs = np.full(3, 1 / 3), np.array([0.0, 1.0, 9.0])
    space = metric(np.array([[0.0], [1.0], [3.0]]), p)
    step = 1 / 3 * space.between(np.array([1]), np.array([2]))[0, 0]
    assert worst_case(costs, p, step / 2, space).weights(p) == pytest.approx([1 / 3, 1 / 6, 1 / 2])
    assert worst_case(costs, p, step, space).weights(p) == pytest.approx([1 / 3, 0, 2 / 3])
    assert worst_case(costs, p, 2.5 * step, space).weights(p) == pytest.approx([0, 0, 1])
    assert worst_case(costs, p, 1.75 * step, space).value == pytest.approx(7.5)


def both(two_stage, data, text, **settings):
    """The optimum over the ball by one large program, and by the engine with a certificate that went through JSON."""
    problem = from_stage_data(data)
    risk = parse_risk(text).on(problem, Team())
    whole = distinct(data, problem)
    run = two_stage.run("ef")
    run.sign = data.sign
    recourse = RiskRecourse(whole, get("highs"), risk=risk, num_given=problem.num_given)
    ef = solve_extensive_form(whole, get("highs"), run, form=lambda: risk_form(whole, risk), recourse=recourse)
    run = Run(rel_gap=1e-9, method="benders", solver="highs", certificate=True, time_limit=60)
    run.provenance = {"options": {"rel_gap": 1e-9, "risk": text}}
    found = solve_problem(problem, get("highs"), run, Team(), Settings(threads=1, risk=parse_risk(text), **settings))
    return ef, Result.from_dict(json.loads(found.to_json())), problem


@given(
    seed=st.integers(0, 10**6),
    risk=st.sampled_from([*RADII, "worst", "cvar:0.6", "mean-cvar:0.4:0.7"]),
    cuts=st.sampled_from(["single", "clustered", "multi", "adaptive"]),
    stabilization=st.sampled_from(["in-out", "level-1", "level-inf", "none"]),
    pool=st.booleans(),
)
@example(seed=401124, risk="worst", cuts="adaptive", stabilization="in-out", pool=False)
@example(seed=138980, risk="worst", cuts="adaptive", stabilization="none", pool=False)
def test_the_engine_finds_the_optimum_of_the_extensive_form(two_stage, seed, risk, cuts, stabilization, pool):
    """On random programs, with fixed or random recourse (then several groups), and what verification says of it."""
    data = two_stage.draw(seed)
    data = two_stage.widen(data, seed) if seed % 2 else data
    ef, found, problem = both(two_stage, data, risk, cuts=cuts, clusters=3, stabilization=stabilization, pool=pool)
    if ef.objective is None or found.objective is None:
        assert ef.objective is found.objective
        return
    scale = max(1.0, abs(ef.objective))
    assert found.objective == pytest.approx(ef.objective, abs=1e-6 * scale)
    assert (ef.objective - found.bound) * data.sign >= -1e-6 * scale
    assert verify_with(problem, found).ok


@pytest.mark.parametrize("seed", [4, 11, 23, 40])
@pytest.mark.parametrize("touch_all", [True, False])
def test_integer_recourse_is_served(two_stage, seed, touch_all):
    """After a binary first stage the optimum over the ball is proved."""
    data = two_stage.draw(seed, boxed=True, complete=True)
    n = len(data.first)
    binary = replace(data.first, lower=np.zeros(n), upper=np.ones(n), integer=np.ones(n, dtype=bool))
    whole = [replace(s, stage=replace(s.stage, integer=np.arange(len(s.stage)) % 3 > int(touch_all))) for s in data.scenarios]
    ef, found, _ = both(two_stage, replace(data, first=binary, scenarios=tuple(whole)), "wasserstein:0.5")
    assert found.status == ef.status
    if ef.objective is not None:
        assert found.objective == pytest.approx(ef.objective, rel=1e-6, abs=1e-6)


def test_from_the_mean_to_the_worst_scenario():
    """Radius 0 is the expectation to the last digit, a large one the worst scenario; between them costs rise, concavely for one plan."""
    runs = {r: quakeops.solve(**ISLANDS, method="benders", risk=r) for r in ("mean", "worst", "wasserstein:0", *RADII)}
    zero, mean = runs["wasserstein:0"], runs["mean"]
    assert (zero.objective, zero.bound, zero.first_stage) == (mean.objective, mean.bound, mean.first_stage)
    assert [(t.bound, t.objective) for t in zero.trace] == [(t.bound, t.objective) for t in mean.trace]
    rising = [runs[r].objective for r in ("mean", *RADII)]
    assert (np.diff(rising) >= -1e-6).all() and rising[1] > rising[0] + 1
    assert runs["wasserstein:4"].objective == pytest.approx(runs["worst"].objective, rel=1e-9)
    curve = [quakeops.evaluate(mean, radius=r, evpi=False, vss=False).ambiguity.worst_expectation for r in (0, 0.5, 1, 1.5)]
    assert curve[0] == pytest.approx(mean.objective, rel=1e-12)
    assert (np.diff(curve) >= 0).all() and (np.diff(curve, 2) <= 1e-6).all()
    own = quakeops.evaluate(runs["wasserstein:0.5"], radius=0.5, evpi=False, vss=False).ambiguity
    assert own.worst_expectation == pytest.approx(runs["wasserstein:0.5"].objective, rel=1e-9)
    assert own.worst_expectation < curve[1] and 0 < own.moved < 1


@pytest.mark.parametrize("risk", ["cvar:0.6", "mean-cvar:0.3:0.5", "worst", "wasserstein:0.2"])
def test_the_extensive_form_takes_every_measure(risk):
    by_ef, by_cuts = (quakeops.solve(**ISLANDS, method=method, risk=risk) for method in ("ef", "benders"))
    assert by_ef.status == by_cuts.status == "optimal"
    assert by_ef.objective == pytest.approx(by_cuts.objective, rel=1e-7)
    assert quakeops.verify(by_ef).ok


@pytest.fixture(scope="module")
def proved():
    """An LP whose bound over the ball is proved by arithmetic."""
    islands, _ = compile_problem(from_model("prepositioning", instance="islands-3"), Team())
    problem = replace(islands, first=replace(islands.first, integer=np.zeros(len(islands.first), dtype=bool)))
    run = Run(rel_gap=1e-9, method="benders", solver="highs", certificate=True)
    run.provenance = {"options": {"rel_gap": 1e-9, "risk": "wasserstein:0.3"}}
    found = solve_problem(problem, get("highs"), run, Team(), Settings(threads=1, risk=parse_risk("wasserstein:0.3")))
    return problem, Result.from_dict(json.loads(found.to_json()))


def tampered(result, name, change):
    data = json.loads(json.dumps(result.certificate))
    section = data["bound"]["lp"] if name == "cut_multipliers" else data["bound"]["lp"]["cuts"]
    array = unpack(
        section[name], "", float if name in ("cut_multipliers", "eta_slope") else np.int64, (None,) * len(section[name]["shape"])
    )
    section[name] = pack(change(array))
    return replace(result, certificate=data)


def test_a_bound_over_the_ball_is_proved(proved):
    problem, result = proved
    found = verify_with(problem, result)
    assert found.ok and found.upper - found.lower <= 1e-7 * found.upper
    assert {c.verdict for c in found.checks} == {Verdict.PROVED}
    assert "the worst distribution" in [c.claim for c in found.checks]


def test_what_is_planted_is_found(proved):
    """A cut that claims a shorter way, one that claims another target, multipliers whose mixed moves leave the ball, another radius."""
    problem, result = proved

    def false(wrong):
        return [c.claim for c in verify_with(problem, wrong).checks if c.verdict is Verdict.FALSE]

    shorter = tampered(result, "eta_slope", lambda a: np.where(a < 0, 0.9 * a, a))
    assert "the cuts behind the LP bound" in false(shorter)
    assert "the cuts behind the LP bound" in false(tampered(result, "moves", lambda a: (a + 1) % problem.num_scenarios))

    def outside(weights):
        """Put each theta's weight on the cut that moves farthest."""
        cuts = result.certificate["bound"]["lp"]["cuts"]
        eta = unpack(cuts["eta_slope"], "", float, (None,))
        of = unpack(cuts["clusters"], "", np.int64, (None,))
        out = np.zeros_like(weights)
        for c in np.unique(of):
            mine = np.flatnonzero(of == c)
            out[mine[np.argmin(eta[mine])]] = 1.0
        return out

    found = verify_with(problem, tampered(result, "cut_multipliers", outside))
    assert any(c.verdict is Verdict.FALSE and "eta" in c.detail for c in found.checks)
    smaller = {"options": {"rel_gap": 1e-9, "risk": "wasserstein:0.2"}}
    assert "the plan's cost" in false(replace(result, provenance=smaller))
    larger = {"options": {"rel_gap": 1e-9, "risk": "wasserstein:0.5"}}
    assert "the plan's cost" in false(replace(result, provenance=larger))


def test_a_malformed_certificate_is_an_input_error(proved):
    problem, result = proved
    with pytest.raises(InputError, match=r"cuts\.moves: a number outside 0 to 5"):
        verify_with(problem, tampered(result, "moves", lambda a: a + 6))
    with pytest.raises(InputError, match=r"cuts\.move: a number outside -1"):
        verify_with(problem, tampered(result, "move", lambda a: a + 100))


def newsvendor(demands, p, cost=1.0, penalty=5.0, most=np.inf):
    """min cost x + E penalty (demand - x)^+; ``most``: the shortage is at most that, so that large demands have no recourse."""
    first = two_columns("x", 1)
    scenarios = tuple(
        ScenarioData(
            name=f"scen{k}",
            probability=w,
            cost_first=np.array([cost]),
            cost=np.array([penalty]),
            offset=0.0,
            T=csr_array([[1.0]]),
            W=csr_array([[1.0]]),
            row_lower=np.array([d]),
            row_upper=np.array([np.inf]),
            row_names=("demand",),
            stage=replace(two_columns("y", 1), upper=np.array([most])),
        )
        for k, (d, w) in enumerate(zip(demands, p, strict=True))
    )
    return StageData(first, csr_array((0, 1)), np.zeros(0), np.zeros(0), (), scenarios, 1.0)


def two_columns(name, n):
    return Stage(tuple(f"{name}[{j}]" for j in range(n)), np.zeros(n), np.full(n, np.inf), np.zeros(n, dtype=bool))


def test_the_bound_of_a_newsvendor_is_its_closed_form_and_tight():
    """Z = c x + q (D - x)^+ has slope q in D: L = q times the unit of distance, here E|D - D'|.

    Moving the probability of demand 100 by r towards 200, where it is short, gains exactly q a unit of demand: the bound is attained on the
    sample as long as there is enough to move, and is above the exact value beyond.
    """
    demands, p, x = np.array([50.0, 100.0, 200.0]), np.array([0.3, 0.5, 0.2]), np.array([80.0])
    data = newsvendor(demands, p)
    problem = from_stage_data(data)
    unit = float(p @ np.abs(demands[:, None] - demands) @ p)
    mean = 80.0 + 5.0 * float(p @ np.maximum(demands - 80.0, 0.0))
    enough = 0.5 * 100.0 / unit  # all that stands at 100
    for radius in (0.0, 0.1, 0.5, 2.0):
        found = problem_ambiguity(problem, data, get("highs"), x, radius)
        assert found.lipschitz_constant == pytest.approx(5.0 * unit, rel=1e-12)
        assert found.lipschitz_bound == pytest.approx(mean + radius * 5.0 * unit, rel=1e-12)
        if radius <= enough:
            assert found.worst_expectation == pytest.approx(found.lipschitz_bound, rel=1e-12)
        else:
            assert mean < found.worst_expectation < found.lipschitz_bound
    assert problem_ambiguity(problem, data, get("highs"), x, 99.0).worst_expectation == pytest.approx(80.0 + 5.0 * 120.0)


def test_the_robust_newsvendor_orders_the_worst_quantile():
    """Demand 0 or 100: the ball moves probability r / d(0, 100) to 100, and x = 100 as soon as P(D = 100) q > c."""
    p = np.array([0.9, 0.1])
    problem = from_stage_data(newsvendor(np.array([0.0, 100.0]), p))
    distance = 1 / (2 * 0.9 * 0.1)
    for target, ordered in ((0.19, 0.0), (0.21, 100.0)):
        risk = parse_risk(f"wasserstein:{(target - 0.1) * distance!r}")
        found = solve_problem(problem, get("highs"), Run(rel_gap=1e-9, method="benders"), Team(), Settings(threads=1, risk=risk))
        assert found.first_stage["x[0]"] == pytest.approx(ordered, abs=1e-6)
        assert found.objective == pytest.approx(min(500 * target, 100.0), rel=1e-9)


def test_no_finite_constant_is_said_so():
    data = newsvendor(np.array([50.0, 100.0]), np.array([0.5, 0.5]), most=60.0)
    problem = from_stage_data(data)
    found = problem_ambiguity(problem, data, get("highs"), np.array([70.0]), 0.5)
    assert found.lipschitz_bound is None and "no finite Lipschitz constant" in found.note
    assert found.worst_expectation > 0


def test_free_recourse_has_one_dual():
    """Z = 5 (D - x) with y free: pi is 5, whichever way the demand moves; with y >= 0 and an equality, a smaller demand has no recourse."""
    data = newsvendor(np.array([50.0, 100.0]), np.array([0.5, 0.5]))
    for lower, constant in ((-np.inf, 5.0 * 25.0), (0.0, None)):
        scenarios = [replace(s, row_upper=s.row_lower, stage=replace(s.stage, lower=np.array([lower]))) for s in data.scenarios]
        problem = from_stage_data(replace(data, scenarios=tuple(scenarios)))
        space = metric(scenario_vectors(problem, Team()), problem.probabilities)
        assert lipschitz_constant(problem, get("highs"), np.array([10.0]), space)[0] == constant


def test_all_that_differs_counts_across_groups():
    """Random prices, matrix entries, bounds (as rows where they vary within a group), offsets, costs and demands, against plain vectors."""
    data = newsvendor(np.full(6, 7.0), np.array([0.1, 0.2, 0.3, 0.1, 0.1, 0.2]))
    r, scenarios, vectors = np.random.default_rng(3), [], []
    for k, s in enumerate(data.scenarios):
        price, w = (2.0, 1.0) if k < 3 else (5.0, 1.5)
        demand, t, most, offset, cost = r.integers(1, 9, 5).astype(float)
        most = 30.0 if k > 3 else most  # varies within the first group, and within the second
        scenarios.append(
            replace(
                s,
                cost=np.array([price]),
                W=csr_array([[w]]),
                T=csr_array([[t]]),
                row_lower=np.array([demand]),
                stage=replace(s.stage, upper=np.array([most])),
                offset=offset,
                cost_first=np.array([cost]),
            )
        )
        vectors.append([price, w, t, demand, most, offset, cost])
    problem = from_stage_data(replace(data, scenarios=tuple(scenarios)))
    assert len(problem.groups) == 2 and problem.labels == [f"scen{k}" for k in range(6)]
    everyone, p = np.arange(6), problem.probabilities
    found = metric(scenario_vectors(problem, Team()), p).between(everyone, everyone)
    plain = np.array(vectors)
    mean = p @ plain
    sigma = np.sqrt(p @ (plain - mean) ** 2)
    expected = (np.abs(plain[:, None] - plain) / sigma).sum(axis=2)
    assert np.allclose(found, expected / (p @ expected @ p))


@given(seed=st.integers(0, 10**6))
def test_no_pair_of_scenarios_is_steeper_than_the_constant(two_stage, seed):
    """|Z_s - Z_t| <= L d(s, t), and the exact value on the sample lies below the bound."""
    data = two_stage.draw(seed, fixed_recourse=True, complete=True)
    problem = from_stage_data(data)
    space = metric(scenario_vectors(problem, Team()), problem.probabilities)
    x = np.clip(np.random.default_rng(seed).uniform(-3, 5, len(data.first)), data.first.lower, data.first.upper)
    constant, note = lipschitz_constant(problem, get("highs"), x, space)
    if constant is None:
        assert note
        return
    whole = distinct(data, problem)
    costs = RiskRecourse(whole, get("highs"), risk=parse_risk("mean")).costs(x)
    everyone = np.arange(len(costs))
    assert (np.abs(costs[:, None] - costs) <= constant * space.between(everyone, everyone) + 1e-6 * (1 + np.abs(costs).max())).all()
    worst = problem_ambiguity(problem, data, get("highs"), x, 0.3)
    assert data.sign * worst.worst_expectation <= data.sign * worst.lipschitz_bound + 1e-6 * (1 + np.abs(costs).max())


def test_both_roads_measure_a_model_alike():
    """A model's random data, and its scenarios' matrices compiled one by one: the same costs; random costs count as data of their own."""
    program = from_model("prepositioning", instance="newsvendor")
    by_maps, _ = compile_problem(program, Team())
    by_matrices = from_stage_data(stage_data(program))
    vectors = [scenario_vectors(p, Team()) for p in (by_maps, by_matrices)]
    distances = [metric(v, p.probabilities).between(*[np.arange(len(v))] * 2) for v, p in zip(vectors, (by_maps, by_matrices), strict=True)]
    assert np.allclose(*distances, rtol=1e-9)


@pytest.mark.parametrize("bad", ["wasserstein", "wasserstein:-1", "wasserstein:nan", "wasserstein:inf", "wasserstein:x", "wasserstein:1:2"])
def test_bad_radii_are_named(bad):
    with pytest.raises(InputError, match="wasserstein:RADIUS with a finite RADIUS >= 0"):
        parse_risk(bad)


def test_what_does_not_go_together_is_refused(two_stage, monkeypatch):
    with pytest.raises(InputError, match=r"--retain 2: goes with --risk mean, not with wasserstein:0\.1"):
        Settings(retain=2, risk=parse_risk("wasserstein:0.1"))
    with pytest.raises(InputError, match="--risk is an option of --method ef and benders, not of ph"):
        quakeops.solve(**ISLANDS, method="ph", risk="wasserstein:0.1")
    with pytest.raises(InputError, match="--radius -1: must be a finite number"):
        quakeops.evaluate(quakeops.solve(**ISLANDS), radius=-1)
    data = newsvendor(np.array([50.0, 100.0]), np.array([0.5, 0.5]))
    one, other = data.scenarios
    unlike = replace(data, scenarios=(one, replace(other, row_lower=np.array([-np.inf]), row_upper=np.array([100.0]))))
    with pytest.raises(InputError, match="differ in the shape of their recourse"):
        parse_risk("wasserstein:0.1").on(from_stage_data(unlike), Team())
    monkeypatch.setattr("quakeops.decomposition.benders.risk.MOST_SCENARIOS", 1)
    with pytest.raises(InputError, match="compares all pairs of scenarios; 2 are more than 1"):
        parse_risk("wasserstein:0.1").on(from_stage_data(data), Team())
