"""The extensive form against problems put together independently, a published optimum, and its honest failures."""

from types import ModuleType

import mpisppy.utils.sputils as sputils
import numpy as np
import pyomo.environ as pyo
import pytest
import quakeops
from hypothesis import given
from hypothesis import strategies as st
from quakeops.errors import NoSolutionError, SolverUnavailableError
from quakeops.result import Status
from quakeops.solvers import get
from scipy.optimize import Bounds, LinearConstraint, milp


@pytest.fixture(params=["highs", "gurobi"])
def solver(request):
    try:
        return get(request.param).name
    except SolverUnavailableError as e:
        pytest.skip(str(e))


def module(creator, names):
    """Return a foreign scenario module made of ``creator(name)``."""
    made = ModuleType("made_here")
    made.scenario_names_creator = lambda num_scens, start=None: names
    made.inparser_adder = lambda cfg: None
    made.kw_creator = lambda cfg: {}
    made.scenario_creator = creator
    return made


class Random:
    """A small random two-stage problem: numbers, a Pyomo model of each scenario, and the whole as one dense MIP of scipy's."""

    def __init__(self, seed, *, integer_recourse, maximize):
        rng = self.rng = np.random.default_rng(seed)
        self.sign = -1 if maximize else 1
        self.n1, self.n2, self.m, self.S = rng.integers(1, 4), rng.integers(1, 4), rng.integers(1, 4), rng.integers(1, 4)
        self.p = rng.dirichlet(np.ones(self.S))
        self.c, self.q = rng.integers(-5, 6, self.n1), rng.integers(-5, 6, (self.S, self.n2))
        self.A, self.a = rng.integers(-3, 4, self.n1), rng.integers(0, 6)
        self.T, self.W = rng.integers(-3, 4, (self.S, self.m, self.n1)), rng.integers(-3, 4, (self.S, self.m, self.n2))
        self.h, self.sense = rng.integers(-4, 5, (self.S, self.m)), rng.integers(-1, 2, self.m)
        self.sense[1:] = np.where(self.sense[1:] == 0, 1, self.sense[1:])  # one equality at most
        self.whole1, self.whole2 = rng.random(self.n1) < 0.4, (rng.random(self.n2) < 0.5) & integer_recourse
        self.constant = rng.integers(-3, 4)

    def creator(self, name):
        s = sputils.extract_num(name)
        m = pyo.ConcreteModel(name)
        m.x = pyo.Var(range(self.n1), bounds=(-2, 4), within=lambda m, j: pyo.Integers if self.whole1[j] else pyo.Reals)
        m.y = pyo.Var(range(self.n2), bounds=(0, 6), within=lambda m, j: pyo.Integers if self.whole2[j] else pyo.Reals)
        m.first = pyo.Constraint(expr=0 * m.x[0] + sum(int(a) * m.x[j] for j, a in enumerate(self.A)) <= int(self.a))
        m.rows = pyo.ConstraintList()
        for i in range(self.m):
            body = 0 * m.y[0] + sum(int(self.T[s, i, j]) * m.x[j] for j in m.x) + sum(int(self.W[s, i, j]) * m.y[j] for j in m.y)
            h = int(self.h[s, i])
            if body.is_potentially_variable():
                m.rows.add((h, body, None) if self.sense[i] > 0 else (None, body, h) if self.sense[i] < 0 else (h, body, h))
        m.cost = pyo.Expression(expr=sum(int(c) * m.x[j] for j, c in enumerate(self.c)) + int(self.constant))
        second = sum(int(q) * m.y[j] for j, q in enumerate(self.q[s]))
        m.goal = pyo.Objective(expr=m.cost + second, sense=pyo.maximize if self.sign < 0 else pyo.minimize)
        sputils.attach_root_node(m, m.cost, [m.x])
        m._mpisppy_probability = float(self.p[s])
        return m

    def solve(self):
        return quakeops.solve(module=module(self.creator, [f"scen{s}" for s in range(self.S)]), rel_gap=1e-6)

    def hopeless(self):
        """Whether some row has no variable and a side that 0 is outside of."""
        empty = ~(self.T.any(axis=2) | self.W.any(axis=2))
        low, high = np.where(self.sense >= 0, self.h, -np.inf), np.where(self.sense <= 0, self.h, np.inf)
        return bool((empty & ((low > 0) | (high < 0))).any())

    def optimum(self, x=None):
        """Return scipy's optimum, or None if infeasible; at first stage ``x`` if given, and then with rows loosened by 1e-5."""
        n = self.n1 + self.S * self.n2
        rows, low, high = [np.r_[self.A, np.zeros(n - self.n1)]], [-np.inf], [self.a]
        for s in range(self.S):
            for i in range(self.m):
                row = np.zeros(n)
                row[: self.n1] = self.T[s, i]
                row[self.n1 + s * self.n2 :][: self.n2] = self.W[s, i]
                rows.append(row)
                low.append(self.h[s, i] if self.sense[i] >= 0 else -np.inf)
                high.append(self.h[s, i] if self.sense[i] <= 0 else np.inf)
        cost = np.r_[self.c, *(p * q for p, q in zip(self.p, self.q, strict=True))]
        whole = np.r_[self.whole1, np.tile(self.whole2, self.S)].astype(int)
        box = Bounds(np.r_[np.full(self.n1, -2), np.zeros(n - self.n1)], np.r_[np.full(self.n1, 4.0), np.full(n - self.n1, 6.0)])
        if x is not None:
            box.lb[: self.n1] = box.ub[: self.n1] = x
            low, high = np.array(low) - 1e-5, np.array(high) + 1e-5
        # without presolve: that of the HiGHS inside scipy 1.17 has cut off an optimum (seed 40222)
        found = milp(
            self.sign * cost,
            integrality=whole,
            bounds=box,
            constraints=LinearConstraint(np.array(rows), low, high),
            options={"mip_rel_gap": 0, "presolve": False},
        )
        assert found.status in (0, 2), found.message
        return None if found.status == 2 else self.sign * found.fun + self.constant


@pytest.mark.parametrize(("integer_recourse", "maximize"), [(False, False), (True, False), (True, True)])
@given(seed=st.integers(0, 10**9))
def test_equals_an_independent_dense_problem(integer_recourse, maximize, seed):
    """Same optimum, or infeasible both; and the plan is worth what scipy says it is."""
    problem = Random(seed, integer_recourse=integer_recourse, maximize=maximize)
    expected = problem.optimum()
    if problem.hopeless():
        with pytest.raises(NoSolutionError, match=r"scen\d.*can never hold"):
            problem.solve()
        return
    result = problem.solve()
    if expected is None:
        assert result.status is Status.INFEASIBLE and result.objective is result.bound is None and not result.first_stage
        return
    assert result.status is Status.OPTIMAL
    assert result.objective == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert result.bound == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert problem.optimum(list(result.first_stage.values())) == pytest.approx(result.objective, rel=1e-4, abs=1e-3)
    assert result.sense == ("maximize" if maximize else "minimize")


@pytest.mark.parametrize(
    ("seed", "integer_recourse", "maximize"),
    [(3731, False, False), (6552, False, False), (201285275, True, True), (1995, True, True), (12866, True, True), (26, True, False)],
)
def test_a_plan_is_whole_and_has_recourse(seed, integer_recourse, maximize):
    """Where HiGHS's own solution is whole and feasible to 1e-6 only, or the optimum is 0: still a plan, and optimal."""
    problem = Random(seed, integer_recourse=integer_recourse, maximize=maximize)
    result = problem.solve()
    assert result.status is Status.OPTIMAL and result.objective == pytest.approx(problem.optimum(), rel=1e-6, abs=1e-6)
    values = np.array(list(result.first_stage.values()))
    assert np.array_equal(values[problem.whole1], np.round(values[problem.whole1])) and values.min() >= -2 and values.max() <= 4


def acres(result):
    return {crop: result.first_stage[f"acres[{crop}]"] for crop in ("wheat", "corn", "beets")}


def test_farmer(foreign, solver):
    """Birge & Louveaux (2011), sec. 1.1: profit 108,390; 170, 80 and 250 acres."""
    result = quakeops.solve(module="farmer", solver=solver)
    assert result.status is Status.OPTIMAL and result.exit_code == 0
    assert result.objective == pytest.approx(-108_390, abs=0.5) and result.bound == pytest.approx(-108_390, abs=0.5)
    assert acres(result) == pytest.approx({"wheat": 170, "corn": 80, "beets": 250}, abs=0.5)
    assert (result.sense, result.num_scenarios, result.model, result.method, result.solver) == ("minimize", 3, "farmer", "ef", solver)


def test_farmer_maximises_too(foreign, solver):
    result = quakeops.solve(module="farmer", arguments={"maximize": "true"}, solver=solver)
    assert result.objective == pytest.approx(108_390, abs=0.5) and result.sense == "maximize"
    assert acres(result) == pytest.approx({"wheat": 170, "corn": 80, "beets": 250}, abs=0.5)
    half = quakeops.solve(module="farmer", arguments={"maximize": "true", "acres": "250"}, solver=solver)
    assert sum(acres(half).values()) == pytest.approx(250) and half.objective < result.objective


def test_bound_of_a_maximisation_is_above(foreign):
    """Stopped early, the bound is on the other side."""

    def creator(name):
        from packing import scenario_creator

        m = scenario_creator(name)
        m.objective.set_value(-m.objective.expr)
        m.objective.sense = pyo.maximize
        return m

    result = quakeops.solve(module=module(creator, ["scen0"]), time_limit=1, rel_gap=1e-9)
    assert result.status is Status.FEASIBLE and result.bound > result.objective > 0
    bounds, plans = ([v for v in column if v is not None] for column in zip(*((p.bound, p.objective) for p in result.trace), strict=True))
    assert bounds == sorted(bounds, reverse=True) and plans == sorted(plans)
    assert (bounds[-1], plans[-1]) == (result.bound, result.objective)


def test_stopped_with_an_incumbent(foreign):
    result = quakeops.solve(module="packing", scenarios=2, time_limit=1, rel_gap=1e-9)
    assert result.status is Status.FEASIBLE and result.exit_code == 1 and result.stop_reason == "time limit"
    assert result.bound < result.objective < 0 and result.gap > 1e-9 and len(result.trace) >= 2
    assert quakeops.solve(module="packing", scenarios=2, rel_gap=0.5).status is Status.OPTIMAL, "0.5 is reached at once"


def test_stopped_without_an_incumbent():
    """The limit passes while the model is built: no plan, no objective, exit code 3."""
    result = quakeops.solve("prepositioning", instance="prepositioning-random", scenarios=20, time_limit=1e-3, rel_gap=1e-6)
    assert result.status is Status.NO_SOLUTION and result.exit_code == 3 and result.stop_reason == "time limit"
    assert result.objective is result.gap is None and not result.first_stage


def test_infeasible_names_the_scenario(foreign, solver):
    result = quakeops.solve(module="impossible", scenarios=3, solver=solver)
    assert result.status is Status.INFEASIBLE and result.exit_code == 3
    assert result.objective is result.bound is None
    assert "no plan whatsoever satisfies scenario 'scen1'" in result.stop_reason and "scen2" not in result.stop_reason


def test_infeasible_together(foreign, solver):
    result = quakeops.solve(module="impossible", scenarios=3, arguments={"what": "plans"}, solver=solver)
    assert result.status is Status.INFEASIBLE and "no plan satisfies them all" in result.stop_reason


@pytest.mark.parametrize("integer", [False, True])
def test_unbounded(foreign, solver, integer):
    """Told apart from infeasible even where the solver itself does not."""

    def creator(name):
        import impossible

        m = impossible.scenario_creator(name, what="unbounded", num_scens=2)
        if integer:
            m.x.domain = m.y.domain = pyo.NonNegativeIntegers
        return m

    result = quakeops.solve(module=module(creator, ["scen0", "scen1"]), solver=solver)
    assert result.status is Status.UNBOUNDED and result.exit_code == 3
    assert result.objective is result.bound is None and not result.first_stage


def test_integer_recourse(solver):
    """Buses of 40 seats are hired by need, 100 each at once or 150 later, for 30, 70 or 130 people: two now, two later at the worst."""

    def creator(name):
        people = (30, 70, 130)[sputils.extract_num(name)]
        m = pyo.ConcreteModel(name)
        m.now = pyo.Var(within=pyo.NonNegativeIntegers, bounds=(0, 9))
        m.later = pyo.Var(within=pyo.NonNegativeIntegers)
        m.cost = pyo.Expression(expr=100 * m.now)
        m.seats = pyo.Constraint(expr=40 * (m.now + m.later) >= people)
        m.goal = pyo.Objective(expr=m.cost + 150 * m.later)
        sputils.attach_root_node(m, m.cost, [m.now])
        return m

    cost = {now: 100 * now + 150 * sum(max(need - now, 0) for need in (1, 2, 4)) / 3 for now in range(10)}
    result = quakeops.solve(module=module(creator, ["scen0", "scen1", "scen2"]), solver=solver, rel_gap=0)
    assert result.objective == pytest.approx(min(cost.values())) == pytest.approx(300)
    assert cost[round(result.first_stage["now"])] == pytest.approx(300)


def test_fixed_and_idle_first_stage_variables():
    """A nonanticipative variable that is fixed, and one in no constraint and no cost, are part of the plan."""

    def creator(name):
        m = pyo.ConcreteModel(name)
        m.x = pyo.Var([1, 2, 3], bounds=(0, 5))
        m.y = pyo.Var(within=pyo.NonNegativeReals)
        m.x[1].fix(2)
        m.cost = pyo.Expression(expr=3 * m.x[1] + m.x[2])
        m.need = pyo.Constraint(expr=m.x[1] + m.x[2] + m.y >= 4)
        m.goal = pyo.Objective(expr=m.cost + 9 * m.y)
        sputils.attach_root_node(m, m.cost, [m.x])
        return m

    result = quakeops.solve(module=module(creator, ["scen0"]))
    assert result.objective == pytest.approx(8)
    assert [result.first_stage[f"x[{j}]"] for j in (1, 2)] == pytest.approx([2, 2]) and 0 <= result.first_stage["x[3]"] <= 5


def test_one_scenario_and_its_provenance():
    result = quakeops.solve("prepositioning", instance="prepositioning-random", scenarios=1, seed=4, rel_gap=0.01, threads=1)
    assert result.status is Status.OPTIMAL and result.num_scenarios == 1
    assert result.provenance["recipe"] == {
        "model": "prepositioning",
        "instance": "prepositioning-random",
        "scenario_file": None,
        "scenarios": 1,
        "seed": 4,
    }
    assert result.provenance["versions"]["quakeops"] == quakeops.__version__ and result.provenance["instance_hash"]
    assert set(result.timing) >= {"build", "solve", "evaluate", "total"}
