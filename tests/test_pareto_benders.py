"""The parts of Benders with rows on expectations: weighted cuts, inner approximation, mixing, tree, and recourse that is not complete."""

import itertools
from dataclasses import replace

import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from quakeops.decomposition.pareto.benders import WeightedBenders
from quakeops.decomposition.pareto.driver import find_front
from quakeops.decomposition.pareto.extensive import ExtensiveForm
from quakeops.decomposition.pareto.inner import PointProblem, best_u
from quakeops.decomposition.pareto.mixing import mix
from quakeops.decomposition.pareto.objectives import compile_objectives
from quakeops.decomposition.pareto.outer import OuterSolution
from quakeops.decomposition.pareto.recourse import ScenarioLPs
from quakeops.decomposition.pareto.tree import PseudoCosts, search
from quakeops.decomposition.pareto.units import boxes
from quakeops.decomposition.program import Program, from_model
from quakeops.errors import InputError, ModelError
from quakeops.models.protocol import attach_first_stage
from quakeops.solvers import Termination, get

HIGHS = get("highs")
NAMES = ("casualties", "loss", "response_time")


@pytest.fixture(scope="module")
def islands():
    program = from_model("prepositioning", instance="islands-3", arguments={"impact": True})
    return compile_objectives(program, NAMES, "first_stage_cost").with_budget(200_000.0)


def random_problem(rng, scale, tolerance=1e-7):
    """A point problem in normalised objectives with K - 1 random rows, that a large u meets."""
    a, b = rng.uniform(0.01, 1, 3) / scale, np.array([0, 0, 1.0]) / scale
    G = np.array([[1, 0, -1], [0, 1, -1.0]]) / scale
    return PointProblem(a, b, G, rng.uniform(-1, 1, 2), tolerance)


# -- rows on expectations


@pytest.mark.parametrize("seed", range(5))
def test_point_problems_equal_the_extensive_form(islands, seed):
    """Random weights and rows on E f, one engine after another on the same cuts: both to 1e-6, the value attained."""
    rng = np.random.default_rng(seed)
    benders, ef = WeightedBenders(islands, HIGHS), ExtensiveForm(islands, HIGHS)
    scale = np.array([10.0, 1e6, 10.0])
    for _ in range(4):
        problem = random_problem(rng, scale)
        one, other = benders.solve(problem), ef.solve(problem)
        assert one.termination is other.termination is Termination.OPTIMAL
        assert one.value == pytest.approx(other.value, rel=1e-6)
        assert one.bound <= other.value * (1 + 1e-7) and one.bound >= other.value * (1 - 2e-6)
        assert one.value == pytest.approx(problem.on_f @ one.f + best_u(problem, one.f), rel=1e-7)


@pytest.mark.parametrize("seed", range(3))
def test_a_cut_holds_for_every_plan_and_policy(islands, seed):
    """l'f(x', y') >= constant + slope'x' for whatever plan and weights are evaluated later."""
    rng = np.random.default_rng(seed)
    lps = ScenarioLPs(islands, HIGHS, islands.scale)
    p = islands.data.probabilities
    high = np.array([500.0 if n.startswith("stock") else 1.0 for n in islands.data.first.names])
    cuts = []
    for _ in range(12):
        x, weights = rng.uniform(0, 1, len(high)) * high, rng.dirichlet([0.5] * 3)
        e = lps.evaluate(x, weights)
        slope = p @ e.slope
        assert e.value == pytest.approx(e.f @ weights, rel=1e-9)
        cuts.append((weights, p @ e.value - slope @ x, slope))
        for weights, constant, slope in cuts:
            assert weights @ (p @ e.f) >= constant + slope @ x - 1e-6
    assert len(cuts) == 12


def test_digits_do_not_depend_on_threads(islands):
    """Bit for bit, also where plan or weights are those of the call before."""
    rng = np.random.default_rng(1)
    plans, weights = rng.uniform(0, 300, (3, len(islands.data.first))), rng.dirichlet([1.0] * 3, 3)
    calls = [(0, 0), (0, 1), (1, 1), (2, 2), (2, 2), (2, 0), (0, 0)]
    ends = []
    for threads in (1, 2):
        lps = ScenarioLPs(islands, HIGHS, islands.scale, threads)
        ends.append([lps.evaluate(plans[i], weights[j]) for i, j in calls])
    fresh = ScenarioLPs(islands, HIGHS, islands.scale).evaluate(plans[0], weights[0])
    for one, two in zip(*ends, strict=True):
        assert np.array_equal(one.f, two.f) and np.array_equal(one.value, two.value) and np.array_equal(one.slope, two.slope)
    assert ends[0][-1].value == pytest.approx(fresh.value, rel=1e-9)


def test_mixing_meets_a_row_that_no_single_policy_meets():
    """Two scenarios, each with the policies (0, 1) and (1, 0): E f = (1/4, 3/4) needs half of each in one scenario."""
    from quakeops.decomposition.pareto.recourse import Evaluation

    corners = [np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([[1.0, 0.0], [1.0, 0.0]])]
    at = [Evaluation(np.zeros(1), np.ones(2), f, f.sum(axis=1), np.zeros((2, 1))) for f in corners]
    problem = PointProblem(np.array([1.0, 0.0]), np.zeros(2), np.array([[0.0, 1.0]]), np.array([0.75]), 1e-9)
    found = mix(problem, at, np.array([0.5, 0.5]), np.zeros(2), HIGHS)
    assert found.feasible and found.f == pytest.approx([0.25, 0.75], abs=1e-9)
    assert found.weights == pytest.approx([1.0, 1.0], abs=1e-9) and found.weights @ found.f + found.price == pytest.approx(0.25)
    single = mix(problem, at[:1], np.array([0.5, 0.5]), np.zeros(2), HIGHS)
    assert not single.feasible


# -- recourse that is not complete, or not bounded


def scarce(name, *, needs, free=False):
    """Stock x must cover the scenario's need to within 2, or there is no recourse; two uses of what is left compete."""
    need = needs[int(name.removeprefix("scen"))]
    m = pyo.ConcreteModel(name)
    m.x = pyo.Var(bounds=(0, 20))
    m.open = pyo.Var(within=pyo.Binary)
    m.room = pyo.Constraint(expr=m.x <= 20 * m.open)
    m.y = pyo.Var(range(2), within=pyo.NonNegativeReals)
    m.gap = pyo.Var(bounds=(0, 2))
    m.meet = pyo.Constraint(expr=m.x + m.gap >= need)
    m.use = pyo.Constraint(expr=m.y[0] + m.y[1] <= m.x)
    m.a = pyo.Expression(expr=10 - m.y[0] + m.gap - (1e3 * m.gap if free else 0))
    m.b = pyo.Expression(expr=10 - 2 * m.y[1] + 3 * m.gap)
    m.first_stage_cost = pyo.Expression(expr=m.x + m.open)
    m.cost = pyo.Objective(expr=m.a)
    attach_first_stage(m, m.first_stage_cost, [m.x, m.open], 1 / len(needs))
    return m


def scarce_program(needs, **more):
    return Program("scarce", tuple(f"scen{k}" for k in range(len(needs))), scarce, {"needs": list(needs), **more})


def test_infeasible_recourse_is_cut_off():
    """Plans below need - 2 have no recourse; the front equals the extensive form's."""
    objectives = compile_objectives(scarce_program([3.0, 9.0, 5.0]), ("a", "b"), "first_stage_cost").with_budget(13.0)
    fronts = []
    for make in (WeightedBenders, ExtensiveForm):
        raw = find_front(make(objectives, HIGHS), ("a", "b"), 7, 1e-7)
        assert all(raw.found[i].outcome.x[0] >= 7 - 1e-6 for i in raw.kept)
        fronts.append(np.array([raw.found[i].outcome.f for i in raw.kept]))
    assert fronts[0] == pytest.approx(fronts[1], abs=1e-5)


@pytest.mark.parametrize("make", [WeightedBenders, ExtensiveForm])
def test_no_plan_within_the_budget(make):
    """The first stage is affordable, but not enough stock for the largest need."""
    from quakeops.errors import NoSolutionError

    objectives = compile_objectives(scarce_program([3.0, 9.0]), ("a", "b"), "first_stage_cost").with_budget(5.0)
    with pytest.raises(NoSolutionError, match="infeasible"):
        find_front(make(objectives, HIGHS), ("a", "b"), 5, 1e-6)


def endless(name, *, first=False):
    m = pyo.ConcreteModel(name)
    m.x = pyo.Var(within=pyo.NonNegativeReals)
    m.y = pyo.Var(within=pyo.NonNegativeReals)
    m.row = pyo.Constraint(expr=m.y >= (m.x if first else 0 * m.x))
    m.a = pyo.Expression(expr=-m.x + 0 * m.y if first else -1.0 * m.y)
    m.b = pyo.Expression(expr=m.y + 1)
    m.first_stage_cost = pyo.Expression(expr=0 * m.x)
    m.cost = pyo.Objective(expr=m.b)
    attach_first_stage(m, m.first_stage_cost, [m.x], 1.0)
    return m


@pytest.mark.parametrize("make", [WeightedBenders, ExtensiveForm])
@pytest.mark.parametrize("first", [False, True], ids=["recourse", "first stage"])
def test_an_unbounded_anchor(make, first):
    objectives = compile_objectives(Program("endless", ("scen0",), endless, {"first": first}), ("a", "b"))
    with pytest.raises(InputError, match="objective 'a' is unbounded below"):
        find_front(make(objectives, HIGHS), ("a", "b"), 5, 1e-6)


def test_integer_recourse_is_refused():
    def model(name):
        m = scarce(name, needs=[3.0])
        m.y[0].domain = pyo.NonNegativeIntegers
        return m

    objectives = compile_objectives(Program("whole", ("scen0",), model, {}), ("a", "b"))
    with pytest.raises(ModelError, match="continuous recourse"):
        WeightedBenders(objectives, HIGHS)


# -- tree and boxes


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.sampled_from([1e-7, 1.0, 4.0]))
@example(1, 1e-7)  # a whole optimum at its upper bounds: it was branched on without end
def test_the_tree_finds_the_best_whole_point(seed, tolerance):
    """min c'x over random rows and x in {-2, ..., 2}^3, against enumeration; the bound is never above the optimum."""
    from scipy.optimize import linprog

    rng = np.random.default_rng(seed)
    c, A, b = rng.integers(-5, 6, 3).astype(float), rng.integers(-3, 4, (3, 3)).astype(float), rng.integers(0, 6, 3).astype(float)
    best = min(
        (c @ x for x in map(np.array, itertools.product(range(-2, 3), repeat=3)) if (A @ x <= b + 1e-9).all()),
        default=np.inf,
    )
    found, refined = [np.inf], [0]

    def solve(box, about):
        end = linprog(c, A_ub=A, b_ub=b, bounds=list(zip(*box, strict=True)))
        if end.status != 0:
            return OuterSolution(Termination.INFEASIBLE)
        loose = 0.7 / (1 + refined[0])  # as an outer approximation is, less after every refinement
        return OuterSolution(Termination.OPTIMAL, float(end.fun) - loose, np.asarray(end.x), np.zeros(1), np.zeros(1))

    def refine(z):
        found[0] = min(found[0], float(c @ z))
        refined[0] += 1

    root = (np.full(3, -2.0), np.full(3, 2.0))
    start = solve(root, 0.0).bound
    end = search(
        np.ones(3, dtype=bool), root, start, PseudoCosts(3), solve, refine, lambda: found[0] - tolerance, lambda: refined[0], lambda: False
    )
    assert end.bound <= best + 1e-6, "also of what was pruned"
    assert found[0] == pytest.approx(best, abs=1e-6) if tolerance < 1 else found[0] <= best + tolerance + 1e-6
    assert found[0] == np.inf or found[0] - end.bound <= tolerance + 0.7 + 1e-6


def test_boxes_from_single_rows(islands):
    low, high = boxes(islands.data)
    names = islands.data.first.names
    assert low.min() == 0 and np.isfinite(high).all()
    tents = high[names.index("stock[Thalera,tents]")]
    assert tents == pytest.approx(200_000 / 180, rel=1e-9), "the budget is tighter than the largest depots' 700 m3 at 0.5 m3 a tent"


def test_rescaling_keeps_what_was_learnt(islands):
    """After a change of units the same point costs no evaluation more, and its value stays."""
    engine = WeightedBenders(islands, HIGHS)
    problem = random_problem(np.random.default_rng(0), np.array([10.0, 1e6, 10.0]), 1e-6)
    before = engine.solve(problem)
    calls = engine.work()["evaluations"]
    engine.rescale(np.array([0.5, 3e4, 4.0]))
    after = engine.solve(problem)
    assert after.value == pytest.approx(before.value, abs=2e-6)
    assert engine.work()["evaluations"] <= calls + 3
    pool, hull = engine._pool, engine._hull
    for x, f in zip(hull.x, hull.f, strict=True):  # every cut holds at every point that was attained
        theta = f - engine._first @ x - engine._constant
        assert (pool.weights @ theta >= pool.constant.sum(axis=1) + pool.slope.sum(axis=1) @ x - 1e-6).all()


def test_budget_and_expressions_are_checked():
    program = scarce_program([3.0])
    with pytest.raises(InputError, match="second-stage variables"):
        compile_objectives(program, ("a", "b"), "a")
    with pytest.raises(InputError, match="no stage expression 'c'"):
        compile_objectives(program, ("a", "c"))
    with pytest.raises(InputError, match="at least two"):
        compile_objectives(program, ("a",))


@pytest.mark.parametrize(
    ("build", "part"),
    [
        (lambda m: 2 * m.a.expr + 7, "'a' and 'c' are the same up to a factor 2"),
        (lambda m: m.a.expr - 1, "'a' and 'c' are identical"),
        (lambda m: 3.0 + 0 * m.x, "'c' holds no variable"),
    ],
)
def test_objectives_that_are_no_further_ones(build, part):
    def model(name, **kwargs):
        m = scarce(name, **kwargs)
        m.c = pyo.Expression(expr=build(m))
        return m

    program = Program("scarce", ("scen0", "scen1"), model, {"needs": [3.0, 9.0]})
    with pytest.raises(InputError, match=part):
        compile_objectives(program, ("a", "b", "c"))


def test_random_data_in_objectives_and_recourse(islands):
    """What compile-once gives for every scenario is what its own Pyomo model says of random values of its variables."""
    program = from_model("prepositioning", instance="prepositioning-random", num_scenarios=3, seed=5, arguments={"impact": True})
    objectives = compile_objectives(program, NAMES, "first_stage_cost")
    slow = compile_objectives(replace(program, random_block=None), NAMES, "first_stage_cost")
    rng = np.random.default_rng(2)
    for k in range(3):
        model = program.build(k)
        values = {v.name: float(rng.uniform(0, 3)) for v in model.component_data_objects(pyo.Var)}
        for v in model.component_data_objects(pyo.Var):
            v.set_value(values[v.name], skip_validation=True)
        for o in (objectives, slow):
            s = o.data.scenarios[k]
            x, y = (np.array([values[n] for n in names]) for names in (o.data.first.names, s.stage.names))
            f = o.first[k] @ x + o.second[k] @ y + o.offset[k]
            assert f == pytest.approx([pyo.value(getattr(model, n)) for n in NAMES], rel=1e-9)
            assert o.budget_cost @ x + o.budget_offset == pytest.approx(pyo.value(model.first_stage_cost), rel=1e-9)
