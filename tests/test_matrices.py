"""Stage matrices against Pyomo's own arithmetic at random points, and what the compiler refuses."""

import math

import mpisppy.utils.sputils as sputils
import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quakeops.decomposition.matrices import compile_program
from quakeops.decomposition.program import Program
from quakeops.errors import InputError, ModelError


def program(creator, scenarios=2, **kwargs):
    return Program("sample", tuple(f"scen{k}" for k in range(scenarios)), creator, kwargs)


def declare(m, first, probability="uniform"):
    sputils.attach_root_node(m, m.first_cost, first)
    if probability is not None:
        m._mpisppy_probability = probability
    return m


def sides(row_lower, row_upper, names, activity):
    """``{(row, side): distance of the activity from that side}`` of every finite side."""
    out = {}
    for name, low, high, value in zip(names, row_lower, row_upper, activity, strict=True):
        out |= {(name, "low"): value - low} if np.isfinite(low) else {}
        out |= {(name, "high"): high - value} if np.isfinite(high) else {}
    return out


def check_against_pyomo(prog, data, rng):
    """Objective and every side of every row, at a random point: from the matrices, and as Pyomo evaluates the model."""
    x = rng.uniform(-3, 3, len(data.first))
    x = np.where(data.first.lower == data.first.upper, data.first.lower, x)
    for k, s in enumerate(data.scenarios):
        y = rng.uniform(-3, 3, len(s.stage))
        m = prog.build(k)
        for v in m.component_data_objects(pyo.Var, descend_into=True):
            v.set_value(v.value if v.fixed else 0.0, skip_validation=True)  # a variable with no coefficient at all is no column
        for names, values in ((data.first.names, x), (s.stage.names, y)):
            for name, value in zip(names, values, strict=True):
                m.find_component(name).set_value(value, skip_validation=True)
        (objective,) = m.component_data_objects(pyo.Objective, active=True)
        assert data.sign * (s.cost_first @ x + s.cost @ y + s.offset) == pytest.approx(pyo.value(objective), abs=1e-9)
        ours = sides(data.row_lower, data.row_upper, data.row_names, data.A @ x)
        ours |= sides(s.row_lower, s.row_upper, s.row_names, s.T @ x + s.W @ y)
        theirs = {}
        for c in m.component_data_objects(pyo.Constraint, active=True, descend_into=True):
            low = -math.inf if c.lower is None else pyo.value(c.lower)
            high = math.inf if c.upper is None else pyo.value(c.upper)
            theirs |= sides([low], [high], [c.name], [pyo.value(c.body)])
        assert ours == pytest.approx(theirs, abs=1e-9)
        for stage in (data.first, s.stage):
            for name, low, high, integer in zip(stage.names, stage.lower, stage.upper, stage.integer, strict=True):
                v = m.find_component(name)
                bounds = (
                    (v.value, v.value)
                    if v.fixed
                    else tuple(float(b) if b is not None else d for b, d in zip(v.bounds, (-np.inf, np.inf), strict=True))
                )
                assert (low, high, integer) == (*bounds, not v.is_continuous())


def mixture(name, *, seed, maximize, shared=True):
    """A random model with every kind of variable, row and side; ``shared`` tells whether first-stage rows are the same everywhere."""
    own = np.random.default_rng([seed, sputils.extract_num(name)])  # this scenario's numbers
    common = np.random.default_rng(seed)
    m = pyo.ConcreteModel(name)
    m.ship = pyo.Var([1, 2, 3], bounds=(-1, 4))
    m.ship[2].fix(3)  # Pyomo 6.10.1 confuses it with its siblings when given a column order
    m.gate = pyo.Var(within=pyo.Binary)
    m.crew = pyo.Var(within=pyo.Integers, bounds=(None, 7))
    m.free = pyo.Var()
    m.known = pyo.Var(within=pyo.NonNegativeReals)
    m.known.fix(1.5)
    m.idle, m.priced = pyo.Var(bounds=(0, 1)), pyo.Var(bounds=(0, 1))  # both in no constraint
    m.b = pyo.Block([1, 2])
    for i in (1, 2):
        m.b[i].y = pyo.Var(within=pyo.NonNegativeReals)
        m.b[i].z = pyo.Var(bounds=(-5, 2))
        m.b[i].lots = pyo.Var(within=pyo.NonNegativeIntegers)
    m.given = pyo.Var()
    m.given.fix(float(own.integers(-2, 3)))
    m.h = pyo.Param([1, 2], initialize=dict(enumerate(own.uniform(0, 5, 2), 1)), mutable=True)
    first = [m.ship[1], m.ship[2], m.ship[3], m.gate, m.crew, m.free, m.known, m.priced]
    second = [v for i in (1, 2) for v in (m.b[i].y, m.b[i].z, m.b[i].lots)] + [m.given]

    def combination(variables, rng):
        coefficients = rng.integers(-3, 4, len(variables)) * rng.choice([1.0, 0.37], len(variables))
        coefficients[0] = 2.5
        return sum(float(c) * v for c, v in zip(coefficients, variables, strict=True)) + float(rng.integers(-2, 3))

    rng = common if shared else own
    m.budget = pyo.Constraint(expr=combination(first[:-1], rng) <= 9)
    m.staff = pyo.Constraint(expr=(1, combination(first[:-1], rng), 6))
    m.both = pyo.Constraint(expr=combination(first[:6], own) + combination(second, own) == m.h[1])
    m.window = pyo.Constraint(expr=(-3, combination(first[:6], own) + combination(second, own), m.h[2]))
    m.local = pyo.Constraint([1, 2], rule=lambda m, i: combination(second, own) >= i)
    m.off = pyo.Constraint(expr=m.b[1].y * 2 <= 3)
    m.off.deactivate()
    m.first_cost = pyo.Expression(expr=combination(first, own) + 4)
    m.goal = pyo.Objective(expr=m.first_cost + combination(second, own), sense=pyo.maximize if maximize else pyo.minimize)
    return declare(m, [m.ship, m.gate, m.crew, m.free, m.known, m.idle, m.priced])


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("shared", [False, True])
@given(seed=st.integers(0, 10**6))
def test_two_roads_to_one_number(maximize, shared, seed):
    prog = program(mixture, seed=seed, maximize=maximize, shared=shared)
    data = compile_program(prog)
    check_against_pyomo(prog, data, np.random.default_rng(seed))
    assert data.sign == (-1 if maximize else 1)
    assert data.first.names == ("ship[1]", "ship[2]", "ship[3]", "gate", "crew", "free", "known", "idle", "priced")
    assert set(data.row_names) == ({"budget", "staff"} if shared else set())
    assert data.probabilities.tolist() == [0.5, 0.5] and data.integer_recourse


def test_first_stage_rows_of_one_scenario_stay_with_it():
    """Rows that differ between scenarios keep their scenario, without a second-stage entry."""
    data = compile_program(program(mixture, seed=1, maximize=False, shared=False))
    assert data.A.shape == (0, 9)
    for s in data.scenarios:
        own = [i for i, n in enumerate(s.row_names) if n in ("budget", "staff")]
        assert len(own) == 3 and not s.W[own].nnz and s.T[own].nnz


@pytest.mark.parametrize("where", ["coefficient", "side", "name", "kind", None])
def test_first_stage_rows_are_shared_only_if_equal(where):
    """A difference in a coefficient, a side, the name or the kind of a row keeps the rows with their scenarios."""

    def creator(name):
        m = plain(name)
        mine = name == "scen1" and where
        body, side = m.x[1] * (2 if mine == "coefficient" else 1) + m.x[2], 3 if mine == "side" else 4
        m.add_component("cap" if mine == "name" else "most", pyo.Constraint(expr=body == side if mine == "kind" else body <= side))
        return m

    data = compile_program(program(creator))
    assert data.row_names == (() if where else ("most",))
    check_against_pyomo(program(creator), data, np.random.default_rng(0))


def plain(name, **parts):
    """Minimise x1 + 2 x2 + y with one row; ``parts`` changes something, for scenario 1 alone."""
    change = parts if name == "scen1" or parts.get("everywhere") else {}
    m = pyo.ConcreteModel(name)
    m.x = pyo.Var([1, 2], bounds=change.get("bounds", (0, 5)), within=change.get("within", pyo.Reals))
    m.y = pyo.Var(within=pyo.NonNegativeReals)
    m.first_cost = pyo.Expression(expr=m.x[1] + 2 * m.x[2])
    m.need = pyo.Constraint(expr=m.x[1] + m.x[2] + m.y >= 1)
    m.goal = pyo.Objective(expr=m.first_cost + m.y)
    declare(m, change.get("order", lambda m: [m.x])(m), parts.get("probability", "uniform"))
    change.get("then", lambda m: None)(m)
    return m


@pytest.mark.parametrize(("probability", "expected"), [("uniform", [1 / 3] * 3), (None, [1 / 3] * 3), (1 / 3, [1 / 3] * 3)])
def test_uniform_probability(probability, expected):
    assert compile_program(program(plain, 3, probability=probability)).probabilities == pytest.approx(expected)


def test_first_stage_only():
    """A module whose scenarios have no second stage at all."""

    def creator(name):
        m = pyo.ConcreteModel(name)
        m.x = pyo.Var(bounds=(0, 5))
        m.first_cost = pyo.Expression(expr=m.x)
        m.row = pyo.Constraint(expr=m.x >= 2)
        m.goal = pyo.Objective(expr=m.x)
        return declare(m, [m.x])

    data = compile_program(program(creator))
    assert data.row_names == ("row",) and all(len(s.stage) == 0 and s.W.shape == (0, 0) for s in data.scenarios)
    check_against_pyomo(program(creator), data, np.random.default_rng(0))


def nonlinear(expression):
    return {"everywhere": True, "then": lambda m: m.add_component("curve", pyo.Constraint(expr=expression(m) <= 4))}


def second_node(m):
    m._mpisppy_node_list = m._mpisppy_node_list * 2


def second_objective(m):
    m.also = pyo.Objective(expr=m.y)


def other_sense(m):
    m.goal.sense = pyo.maximize


REFUSED = {
    "product": (nonlinear(lambda m: m.x[1] * m.y), ["scen0", "not a linear model"]),
    "square": (nonlinear(lambda m: m.y**2), ["scen0", "not a linear model"]),
    "exponential": (nonlinear(lambda m: pyo.exp(m.y)), ["scen0", "not a linear model"]),
    "quadratic cost": ({"everywhere": True, "then": lambda m: m.goal.set_value(m.y**2)}, ["scen0", "not a linear model"]),
    "multistage": ({"then": second_node}, ["scen1", "3 stages", "only two-stage"]),
    "no nodes": ({"then": lambda m: delattr(m, "_mpisppy_node_list")}, ["scen1", "attach_root_node"]),
    "variable probability": ({"then": lambda m: setattr(m, "_mpisppy_variable_probability", [])}, ["variable probabilities"]),
    "bounds": ({"bounds": (0, 6)}, ["scen1", "scen0", "upper of 'x[1]' is 6.0, not 5.0"]),
    "fixed in one": ({"then": lambda m: m.x[2].fix(3)}, ["scen1", "lower of 'x[2]' is 3.0, not 0.0"]),
    "integrality": ({"within": pyo.Integers}, ["scen1", "integer of 'x[1]' is True, not False"]),
    "order": ({"order": lambda m: [m.x[2], m.x[1]]}, ["scen1", "scen0", "another order"]),
    "other variables": ({"order": lambda m: [m.x[1]]}, ["scen1", "scen0", "are others"]),
    "two objectives": ({"then": second_objective}, ["scen1", "2 active objectives, expected 1"]),
    "no objective": ({"then": lambda m: m.goal.deactivate()}, ["scen1", "0 active objectives"]),
    "two senses": ({"then": other_sense}, ["scen1", "one minimises, the other maximises"]),
    "probability sum": ({"probability": 0.4}, ["probabilities sum to 0.8, expected 1"]),
    "probability above 1": ({"probability": 1.5}, ["scen0", "1.5", "[0, 1]"]),
    "probability in words": ({"probability": "half"}, ["scen0", "'half'", "uniform"]),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_by_name(what):
    parts, expected = REFUSED[what]
    with pytest.raises(ModelError) as caught:
        compile_program(program(plain, **parts))
    for text in ["sample", *expected]:
        assert text in str(caught.value)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("place", ["coefficient", "side", "cost"])
def test_data_that_are_not_finite(bad, place):
    """NaN anywhere and an infinite coefficient are refused; ``<= inf`` limits nothing."""

    def then(m):
        m.data = pyo.Param(initialize=bad, mutable=True, within=pyo.Any)
        if place == "cost":
            m.goal.set_value(m.data * m.y)
        else:
            m.row = pyo.Constraint(expr=m.data * m.x[1] + m.y <= 4 if place == "coefficient" else m.x[1] + m.y <= m.data)

    prog = program(plain, then=then)
    if place == "side" and bad == math.inf:
        (s,) = compile_program(prog, scenarios=[1]).scenarios
        assert s.row_upper[s.row_names.index("row")] == math.inf
        return
    with pytest.raises(ModelError, match=r"scen1.*(not finite|finite data)"):
        compile_program(prog)


def test_failure_in_foreign_code():
    def creator(name):
        return {"a": 1}["b"]

    with pytest.raises(ModelError, match=r"sample: scenario_creator failed on 'scen0': KeyError: 'b'"):
        compile_program(program(creator))
    with pytest.raises(ModelError, match=r"returned NoneType, expected a ConcreteModel"):
        compile_program(program(lambda name: None))


def test_an_input_error_of_the_module_stays_one():
    def creator(name):
        raise InputError("no such depot")

    with pytest.raises(InputError, match=r"^no such depot$"):
        compile_program(program(creator))
