"""Pareto fronts: knapsack by enumeration, an analytic front, two inner solvers on random programs, scaling, quality, command line."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pyomo.environ as pyo
import pytest
import quakeops
from hypothesis import given
from hypothesis import strategies as st
from quakeops.decomposition.pareto import ParetoFront
from quakeops.decomposition.pareto.driver import find_front
from quakeops.decomposition.pareto.extensive import ExtensiveForm
from quakeops.decomposition.pareto.objectives import compile_objectives
from quakeops.decomposition.pareto.quality import hypervolume, knee, nondominated
from quakeops.decomposition.pareto.solve import INNER, solve_front
from quakeops.decomposition.program import Program, from_model
from quakeops.errors import InputError
from quakeops.models.protocol import attach_first_stage
from quakeops.solvers import get

HIGHS = get("highs")


def knapsack(name, values, weights, room, scale=(1.0, 1.0)):
    """Two profits to be lost as little as possible: f_k = what is left out."""
    m = pyo.ConcreteModel(name)
    n = range(len(weights))
    m.take = pyo.Var(n, within=pyo.Binary)
    m.room = pyo.Constraint(expr=sum(weights[j] * m.take[j] for j in n) <= room)
    m.nothing = pyo.Var(within=pyo.NonNegativeReals)
    m.idle = pyo.Constraint(expr=m.nothing >= 0 * m.take[0])
    for k in range(2):
        setattr(m, "ab"[k], pyo.Expression(expr=scale[k] * sum(values[k][j] * (1 - m.take[j]) for j in n) + 0 * m.nothing))
    m.first_stage_cost = pyo.Expression(expr=sum(weights[j] * m.take[j] for j in n))
    m.cost = pyo.Objective(expr=m.a + m.nothing)
    attach_first_stage(m, m.first_stage_cost, [m.take], 1.0)
    return m


def knapsack_program(seed, scale=(1.0, 1.0), n=9):
    r = np.random.default_rng(seed)
    values, weights = r.integers(1, 15, (2, n)), r.integers(1, 10, n)
    room = int(weights.sum() // 2)
    kwargs = {"values": values.tolist(), "weights": weights.tolist(), "room": room, "scale": scale}
    return Program("knapsack", ("scen0",), knapsack, kwargs), values, weights, room


def exact_front(values, weights, room):
    points = set()
    for take in itertools.product((0, 1), repeat=len(weights)):
        if np.dot(take, weights) <= room:
            points.add(tuple(int(v) for v in values @ (1 - np.array(take))))
    kept = [p for p in points if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in points)]
    return sorted(kept)


@pytest.mark.parametrize("seed", range(4))
def test_bi_objective_knapsack_by_enumeration(seed):
    """With more points than the front has, all of it is found, and nothing else."""
    program, values, weights, room = knapsack_program(seed)
    objectives = compile_objectives(program, ("a", "b"))
    raw = find_front(ExtensiveForm(objectives, HIGHS), ("a", "b"), 60, 1e-6)
    found = sorted(tuple(round(float(v)) for v in raw.found[i].outcome.f) for i in raw.kept)
    assert set(found) <= set(exact_front(values, weights, room))
    assert found == exact_front(values, weights, room)


@pytest.mark.parametrize("seed", range(4))
def test_every_problem_gives_a_nondominated_point(seed):
    """Not only what is kept after the filter."""
    program, values, weights, room = knapsack_program(seed)
    raw = find_front(ExtensiveForm(compile_objectives(program, ("a", "b")), HIGHS), ("a", "b"), 25, 1e-6)
    assert {tuple(round(float(v)) for v in one.outcome.f) for one in raw.found} <= set(exact_front(values, weights, room))


def test_scaling_an_objective_changes_nothing():
    one, large = (knapsack_program(2, scale)[0] for scale in ((1.0, 1.0), (1e4, 1e-3)))
    fronts = []
    for program, scale in ((one, (1, 1)), (large, (1e4, 1e-3))):
        raw = find_front(ExtensiveForm(compile_objectives(program, ("a", "b")), HIGHS), ("a", "b"), 20, 1e-6)
        fronts.append(sorted(tuple(np.round(raw.found[i].outcome.f / np.array(scale), 6)) for i in raw.kept))
    assert fronts[0] == fronts[1]


def shelter(name, *, chances, demand, costs):
    """Two goods for two zones, random need: unmet need in each zone are the objectives, the budget bounds what is bought."""
    s = int(name.removeprefix("scen"))
    m = pyo.ConcreteModel(name)
    m.site = pyo.Var(range(2), within=pyo.Binary)
    m.buy = pyo.Var(range(2), bounds=(0, 60))
    m.room = pyo.Constraint(range(2), rule=lambda m, j: m.buy[j] <= 60 * m.site[j])
    m.ship = pyo.Var(range(2), range(3), within=pyo.NonNegativeReals)
    m.short = pyo.Var(range(3), within=pyo.NonNegativeReals)
    m.slow = pyo.Var(within=pyo.NonNegativeReals)
    m.stock = pyo.Constraint(range(2), rule=lambda m, j: sum(m.ship[j, i] for i in range(3)) <= m.buy[j])
    m.meet = pyo.Constraint(range(3), rule=lambda m, i: sum(m.ship[j, i] for j in range(2)) + m.short[i] >= demand[s][i])
    m.worst = pyo.Constraint(range(3), rule=lambda m, i: m.slow >= sum((1 + abs(i - j)) * m.ship[j, i] for j in range(2)) + 4 * m.short[i])
    m.first = pyo.Expression(expr=m.short[0] + 0.2 * m.short[1])
    m.second = pyo.Expression(expr=m.short[2] + 0.3 * m.short[1])
    m.third = pyo.Expression(expr=m.slow)
    m.first_stage_cost = pyo.Expression(expr=sum(costs[j] * m.site[j] + m.buy[j] for j in range(2)))
    m.cost = pyo.Objective(expr=m.first_stage_cost + 5 * sum(m.short[i] for i in range(3)))
    attach_first_stage(m, m.first_stage_cost, [m.site, m.buy], chances[s])
    return m


def shelter_program(seed, S=4):
    r = np.random.default_rng(seed)
    chances = np.round(r.dirichlet(np.full(S, 3.0)), 4)
    chances[-1] = 1 - chances[:-1].sum()
    demand, costs = r.uniform(5, 40, (S, 3)).round(1), r.uniform(2, 10, 2).round(1)
    kwargs = {"chances": chances.tolist(), "demand": demand.tolist(), "costs": costs.tolist()}
    return Program("shelter", tuple(f"scen{k}" for k in range(S)), shelter, kwargs)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("names", [("first", "second"), ("first", "second", "third")], ids=["two", "three"])
def test_benders_is_the_extensive_form(seed, names):
    """The same anchors and budget rows, solved with rows on expectations in one problem, and by cuts on weighted recourse."""
    ends = {m: solve_front(shelter_program(seed), HIGHS, names, points=6, budget=55.0, method=m, rel_gap=1e-7) for m in ("ef", "benders")}
    for front in ends.values():
        assert front.status.value == "optimal"
        f = np.array([[p.objectives[n] for n in names] for p in front.points])
        assert nondominated(f).all()
    for a in names:
        span = ends["ef"].nadir[a] - ends["ef"].ideal[a]
        assert ends["ef"].payoff[a][a] == pytest.approx(ends["benders"].payoff[a][a], abs=3e-6 * span)
    if len(names) == 2:  # both fronts are curves: their points are the same
        assert ends["ef"].hypervolume == pytest.approx(ends["benders"].hypervolume, rel=1e-3)


@pytest.mark.parametrize("method", ["ef", "benders"])
def test_an_analytic_front(method):
    """One scenario, all of the budget on one site: the needs of two zones compete for b units, first + second = D - b on the front."""
    program = shelter_program(0, S=1)
    demand = [[30.0, 0.0, 30.0]]
    program = replace(program, kwargs=program.kwargs | {"chances": [1.0], "demand": demand, "costs": [0.0, 1000.0]})
    front = solve_front(program, HIGHS, ("first", "second"), points=9, budget=40.0, method=method, rel_gap=1e-7)
    points = np.array([[p.objectives["first"], p.objectives["second"]] for p in front.points])
    assert points.sum(axis=1) == pytest.approx(np.full(len(points), 20.0), abs=1e-5)
    assert len(points) == 9 and np.diff(points[:, 0]) == pytest.approx(np.full(8, 2.5), abs=1e-3)
    assert front.knee is None  # a straight front has none


def circle(name):
    """a and b at least 1 - (a point of the quarter disc), which 200 tangents bound: the front is the quarter circle around (1, 1)."""
    m = pyo.ConcreteModel(name)
    m.x = pyo.Var(range(2), bounds=(0, 1))
    m.y = pyo.Var(range(2), bounds=(0, 1))
    m.copy = pyo.Constraint(range(2), rule=lambda m, k: m.y[k] <= m.x[k])
    angles = np.linspace(0, np.pi / 2, 200)
    m.disc = pyo.Constraint(range(200), rule=lambda m, i: np.cos(angles[i]) * m.x[0] + np.sin(angles[i]) * m.x[1] <= 1)
    m.a, m.b = (pyo.Expression(expr=1 - m.y[k]) for k in range(2))
    m.first_stage_cost = pyo.Expression(expr=m.x[0] + m.x[1])
    m.cost = pyo.Objective(expr=m.a + m.b)
    attach_first_stage(m, m.first_stage_cost, [m.x], 1.0)
    return m


@pytest.mark.parametrize("method", ["ef", "benders"])
def test_a_curved_analytic_front(method):
    front = solve_front(Program("circle", ("scen0",), circle, {}), HIGHS, ("a", "b"), points=11, budget=5.0, method=method, rel_gap=1e-7)
    points = np.array([[p.objectives["a"], p.objectives["b"]] for p in front.points])
    radius = np.hypot(1 - points[:, 0], 1 - points[:, 1])
    assert len(points) == 11 and radius == pytest.approx(np.ones(11), abs=1 / np.cos(np.pi / 800) - 1 + 1e-6)
    steps = np.diff(points @ [1.0, -1.0])  # even on the anchors' line, and so on the front; anchors end at the first tangents' corner
    assert steps == pytest.approx(np.full(10, 0.2 * (1 - np.tan(np.pi / 4 / 199))), abs=5e-6)
    assert front.points[front.knee].objectives["a"] == pytest.approx(1 - np.sqrt(0.5), abs=1e-4)


# -- quality


@given(st.lists(st.tuples(*[st.integers(0, 6)] * 3), min_size=1, max_size=7))
def test_hypervolume_by_counting_cells(points):
    points = np.array(points, dtype=float)
    cells = np.array(list(itertools.product(range(6), repeat=3)))
    counted = sum((points <= c).all(axis=1).any() for c in cells)
    assert hypervolume(points, np.full(3, 6.0)) == pytest.approx(counted)


def test_knee_of_a_quarter_circle():
    t = np.linspace(0, np.pi / 2, 41)
    points = np.column_stack([1 - np.sin(t), 1 - np.cos(t)])
    assert knee(points, points[[0, -1]]) == 20
    assert knee(1 - points, (1 - points)[[0, -1]]) is None


# -- what is refused


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"objectives": ["casualties"]}, "at least two"),
        ({"objectives": ["casualties", "casualties"]}, "named twice"),
        ({"objectives": ["casualties", "los"]}, "did you mean 'loss'"),
        ({"points": 2}, "--points 2"),
        ({"budget": -5.0}, "--budget -5: no plan costs less than 0"),
        ({"method": "ph"}, "--method 'ph'"),
        ({"rel_gap": 0.0}, "--rel-gap 0.0"),
        ({"instance": "newsvendor"}, "'impact' is missing"),
        ({"budget": 700000.0}, "constant or in no conflict"),
    ],
)
def test_bad_input(options, part):
    with pytest.raises(InputError, match=part):
        quakeops.pareto("prepositioning", **({"instance": "islands-3", "points": 4, "budget": 200000.0} | options))


def test_a_model_without_objectives():
    with pytest.raises(InputError, match=r"deployment.*names no objectives"):
        quakeops.pareto("deployment")


# -- the command


def test_the_command_writes_front_table_and_picture(run, tmp_path):
    done = run(
        *("pareto", "prepositioning", "--objectives", "casualties,response_time", "--points", 5, "--budget", 200000),
        *("--out", "front.json", "--csv", "front.csv", "--plot", "front.png", "--json"),
    )
    assert done.code == 0, done.err
    front = ParetoFront.load(tmp_path / "front.json")
    assert [p["objectives"] for p in done.json["points"]] == [dict(p.objectives) for p in front.points]
    assert ParetoFront.from_dict(json.loads(front.to_json())) == front
    lines = (tmp_path / "front.csv").read_text().splitlines()
    assert len(lines) == len(front.points) + 1 and lines[0].startswith('point,casualties,response_time,status,gap,origin,knee,"open[')
    assert (tmp_path / "front.png").stat().st_size > 10_000
    assert run("plot", "front.json", "--out", "again.svg").code == 0
    run("plot", "front.json", "--kind", "plan").failed(2, "front")


def test_every_point_is_attained_by_its_plan(tmp_path):
    """Each plan solved again alone, with weights from its own point: it cannot do better in all objectives, and its budget holds."""
    front = quakeops.pareto("prepositioning", instance="islands-3", points=4, budget=200000.0, rel_gap=1e-5)
    program = from_model("prepositioning", instance="islands-3", arguments={"impact": True})
    objectives = compile_objectives(program, front.names, "first_stage_cost").with_budget(200000.0)
    for p in front.points:
        x = np.array([p.first_stage[n] for n in objectives.data.first.names])
        fixed = replace(objectives.data.first, lower=x, upper=x)
        held = replace(objectives, data=replace(objectives.data, first=fixed))
        inner = INNER["ef"](held, HIGHS, None)
        from quakeops.decomposition.pareto.inner import PointProblem

        f = np.array([p.objectives[n] for n in front.names])
        span = np.array([front.nadir[n] - front.ideal[n] for n in front.names])
        problem = PointProblem(1e-3 / span, np.zeros(3), np.eye(3) / span, f / span + 1e-5, 1e-6)
        assert inner.solve(problem).f is not None
        assert objectives.budget_cost @ x <= 200000.0 * (1 + 1e-6)
