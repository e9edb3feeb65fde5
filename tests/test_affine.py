"""Compiled once: the affine maps at a scenario's data against that scenario's own Pyomo model, and what is refused."""

import itertools
import json
from dataclasses import replace

import mpisppy.utils.sputils as sputils
import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quakeops.decomposition.affine import scenario_probabilities, xi_block
from quakeops.decomposition.matrices import compile_program
from quakeops.decomposition.program import Program, from_model
from quakeops.decomposition.symbolic import compile_affine
from quakeops.errors import InputError, ModelError, NoSolutionError
from quakeops.instances import FixedSource, ScenarioBlock, load
from quakeops.instances.loader import validate
from quakeops.models import prepositioning
from quakeops.scenario_gen.prepositioning_random import RandomSource, network
from quakeops.scenario_gen.sources import ResampledSource

FIELDS = ("probability", "demand", "usable", "link_capacity", "casualties", "loss", "hours")


def prepositioning_program(source, impact=False):
    names = tuple(prepositioning.scenario_names_creator(source.num_scenarios))
    kwargs = {"source": source, "impact": impact}
    return Program("prepositioning", names, prepositioning.scenario_creator, kwargs, random_block=prepositioning.random_block)


def instance_program(name, impact=False):
    return prepositioning_program(FixedSource(load(name)), impact)


def at(affine, program, k):
    return affine.scenario(program.scenario_names[k], float(scenario_probabilities(program)[k]), xi_block(program, k, k + 1)[0])


def close(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


def assert_identical(affine, program, chosen):
    """Every array, name and order of :func:`compile_program`, scenario by scenario, to 1e-12."""
    data = compile_program(program, scenarios=chosen)
    assert (affine.first.names, affine.row_names, affine.sign) == (data.first.names, data.row_names, data.sign)
    for what in ("lower", "upper", "integer"):
        assert np.array_equal(getattr(affine.first, what), getattr(data.first, what))
    close(affine.A.toarray(), data.A.toarray())
    close(affine.row_lower, data.row_lower)
    close(affine.row_upper, data.row_upper)
    for k, theirs in zip(chosen, data.scenarios, strict=True):
        ours = at(affine, program, k)
        assert (ours.name, ours.probability, ours.row_names) == (theirs.name, theirs.probability, theirs.row_names)
        assert ours.stage.names == theirs.stage.names
        for what in ("lower", "upper", "integer"):
            assert np.array_equal(getattr(ours.stage, what), getattr(theirs.stage, what))
        for what in ("cost_first", "cost", "offset", "row_lower", "row_upper"):
            close(getattr(ours, what), getattr(theirs, what))
        for what in ("T", "W"):
            ours_, theirs_ = getattr(ours, what), getattr(theirs, what)
            close(ours_.toarray(), theirs_.toarray())
            assert ours_.nnz == theirs_.nnz and np.count_nonzero(ours_.data) == ours_.nnz


def assert_same_by_name(affine, program, k):
    """As :func:`assert_identical`, where zero data make Pyomo drop rows and columns or take them in another order."""
    data = compile_program(program, scenarios=[k])
    (theirs,) = data.scenarios
    ours = at(affine, program, k)

    def table(first, A, A_lower, A_upper, A_names, s):
        zero = {f"{n}": 0.0 for n in (*affine.first.names, *affine.second.names)}
        rows = {}
        parts = [(n, lo, up, A[[i]].toarray()[0], None) for i, (n, lo, up) in enumerate(zip(A_names, A_lower, A_upper, strict=True))]
        parts += [
            (n, lo, up, s.T[[i]].toarray()[0], s.W[[i]].toarray()[0])
            for i, (n, lo, up) in enumerate(zip(s.row_names, s.row_lower, s.row_upper, strict=True))
        ]
        for n, low, high, t, w in parts:
            kind = "==" if low == high else ">=" if np.isfinite(low) else "<="
            entries = zero | dict(zip(first.names, t, strict=True)) | (dict(zip(s.stage.names, w, strict=True)) if w is not None else {})
            rows[n, kind] = (low, high, entries)
        costs = zero | dict(zip(first.names, s.cost_first, strict=True)) | dict(zip(s.stage.names, s.cost, strict=True))
        return rows, costs

    (rows, costs), (expected, expected_costs) = (
        table(p.first, p.A, p.row_lower, p.row_upper, p.row_names, s) for p, s in ((affine, ours), (data, theirs))
    )
    assert costs == pytest.approx(expected_costs, rel=1e-12, abs=1e-12)
    assert (ours.offset, affine.sign) == (pytest.approx(theirs.offset, rel=1e-12, abs=1e-12), data.sign)
    assert set(expected) <= set(rows)
    for row, (low, high, entries) in rows.items():
        if row not in expected:
            assert not any(entries.values()), f"{row} is not in the scenario's model"
            continue
        assert (low, high) == pytest.approx(expected[row][:2], rel=1e-12, abs=1e-12), row
        assert entries == pytest.approx(expected[row][2], rel=1e-12, abs=1e-12), row


# -- the affine maps of our models


@pytest.mark.parametrize(
    ("name", "impact"), [("islands-3", False), ("islands-3", True), ("newsvendor", False)], ids=["islands", "islands-impact", "newsvendor"]
)
def test_packaged_instances(name, impact):
    program = instance_program(name, impact)
    affine = compile_affine(program)
    assert_identical(affine, program, range(program.num_scenarios))
    assert affine.fixed_recourse is not impact and affine.fixed_cost and not affine.integer_recourse


def test_drawn_family():
    program = from_model("prepositioning", instance="prepositioning-random", num_scenarios=30, seed=4)
    affine = compile_affine(program)
    assert_identical(affine, program, [0, 7, 29])
    assert (len(affine.T_entries), len(affine.xi_names), affine.W_0.shape) == (60, 60 + 20 + 380, (440, 1260))


def test_program_on_other_scenarios():
    """What ``evaluate`` does: the same program with another source; its random data follow."""
    program = from_model("prepositioning", instance="islands-3")
    source = ResampledSource(program.kwargs["source"], 8, 3)
    other = replace(program, scenario_names=tuple(f"scen{k}" for k in range(8)), kwargs={**program.kwargs, "source": source})
    assert_identical(compile_affine(program), other, range(8))


@pytest.mark.parametrize("impact", [False, True])
@pytest.mark.parametrize("first", ["nothing", "all"])
def test_zero_data_at_the_scenario_compiled(small, impact, first):
    """No demand, no usable stock, a broken link, in the first and in the last scenario: no entry is lost in the others."""
    nothing = {
        "name": "nothing",
        "probability": 0.0,
        "demand": {},
        "usable": {n["name"]: 0 for n in small["nodes"]},
        "link_capacity_factor": {"Ano -- Kato": 0},
    }
    small["scenarios"] += [nothing]
    if first == "nothing":
        small["scenarios"].reverse()
    program = prepositioning_program(FixedSource(validate(small, "test")), impact)
    affine = compile_affine(program)
    assert len(affine.T_entries) == (8 if impact else 4)
    for k in range(3):
        assert_same_by_name(affine, program, k)
    if not impact:
        assert_identical(affine, program, range(3))


def test_names_and_values_of_the_random_data(small):
    """xi holds, under each name, what ``build`` puts into the parameter of that name; and there is no other mutable parameter."""
    program = prepositioning_program(FixedSource(validate(small, "test")), impact=True)
    affine, xi = compile_affine(program), xi_block(program, 0, 2)
    for k in range(2):
        model = program.build(k)
        values = {p.name: p.value for c in model.component_objects(pyo.Param) if c.mutable for p in c.values()}
        assert dict(zip(affine.xi_names, xi[k].tolist(), strict=True)) == values
    assert affine.xi_names[:2] == ("demand[Ano,tents]", "demand[Ano,food]")


# -- random data in blocks


def same(a, b):
    return a is None and b is None if a is None or b is None else np.array_equal(a, b) and np.shape(a) == np.shape(b)


def islands():
    return FixedSource(load("islands-3"))


SOURCES = {
    "fixed": islands,
    "family": lambda: RandomSource(40, 7),
    "resampled": lambda: ResampledSource(islands(), 40, 7),
    "resampled family": lambda: ResampledSource(RandomSource(5, 1), 40, 7),
}


@pytest.mark.parametrize("source", SOURCES)
def test_a_block_is_its_scenarios_bit_for_bit(source):
    source = SOURCES[source]()
    count = source.num_scenarios
    everything = source.block(0, count)
    stacked = ScenarioBlock.stack([source.scenario(k) for k in range(count)])
    for block, (start, stop) in (
        (everything, (0, count)),
        (source.block(1, 4), (1, 4)),
        (source.block(4, 5), (4, 5)),
        (source.block(2, 2), (2, 2)),
    ):
        assert len(block) == stop - start
        assert (block.names, block.labels) == (stacked.names[start:stop], stacked.labels[start:stop])
        for field in FIELDS:
            expected = getattr(stacked, field)
            assert same(getattr(block, field), None if expected is None else expected[start:stop]), field
    assert same(source.probabilities, everything.probability)
    one = everything.scenario(3)
    assert one.name == "scen3" and all(same(getattr(one, f), getattr(source.scenario(3), f)) for f in FIELDS)


def test_the_family_draws_by_its_formulas():
    """The module's docstring with numpy's own ``uniform`` and ``normal``, one scenario at a time."""
    _, xy, base = network()
    block = RandomSource(25, 11).block(0, 25)
    i, j = np.triu_indices(20, 1)
    for k in range(25):
        rng = np.random.default_rng(np.random.SeedSequence(11, spawn_key=(k,)))
        epicentre, magnitude = rng.uniform(0, 100, 2), rng.uniform(5.5, 7.8)
        distance = np.sqrt(((xy - epicentre) ** 2).sum(axis=1))
        severity = 1 / (1 + np.exp(-(1.5 * (magnitude - 6.3) - distance / 20 + rng.normal(0, 0.6, 20))))
        usable = 1 - severity * rng.uniform(0.2, 0.9, 20)
        assert block.labels[k] == f"M {magnitude:.2f}"
        np.testing.assert_allclose(block.demand[k], severity[:, None] * base, rtol=1e-14)
        np.testing.assert_allclose(block.usable[k], usable, rtol=1e-14)
        np.testing.assert_allclose(block.link_capacity[k], (1 - 0.8 * severity[i]) * (1 - 0.8 * severity[j]) * 2e5, rtol=1e-14)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("impact", [False, True])
def test_random_data_in_blocks(source, impact):
    source = SOURCES[source]()
    if impact and source.instance.impact is None:
        with pytest.raises(InputError, match="impact"):
            prepositioning.random_block(source, 0, 2, impact=True)
        return
    if impact and source.scenario(0).hours is None:
        with pytest.raises(InputError, match="with_hours"):
            prepositioning.random_block(source, 0, 2, impact=True)
        if not hasattr(source, "with_hours"):
            return
        source = source.with_hours()
    blocks = prepositioning.random_block(source, 0, 6, impact)
    alone = [prepositioning.random_data(source, source.scenario(k), impact) for k in range(6)]
    for name, values in blocks.items():
        assert same(values, np.stack([one[name] for one in alone])), name
    assert list(blocks) == list(alone[0]) and len(blocks) == (7 if impact else 3)


def test_formulas_of_the_random_data():
    """g_ik and tau_ji g_ik of the model's docstring (8), (9), and both directions of every limited link, entry by entry."""
    source = islands()
    inst = source.instance
    limited = [e for e in range(len(inst.links)) if source.limited_links[e]]
    for k in range(source.num_scenarios):
        scen, data = source.scenario(k), prepositioning.random_data(source, source.scenario(k), impact=True)
        depots = [j for j, n in enumerate(inst.nodes) if n.candidate]
        assert data["arc_capacity"].tolist() == [scen.link_capacity[e] for e in limited for _ in range(2)]
        for i in range(len(inst.nodes)):
            demanded = np.count_nonzero(scen.demand[i])
            for c in range(len(inst.commodities)):
                g = 1 / (scen.demand[i, c] * demanded) if scen.demand[i, c] else 0.0
                assert data["share"][i, c] == pytest.approx(g, rel=1e-14)
                for d, j in enumerate(depots):
                    assert data["weighted_hours"][d, i, c] == pytest.approx(min(scen.hours[j, i], inst.impact.horizon_h) * g, rel=1e-14)


@pytest.mark.parametrize("impact", [False, True])
def test_xi_does_not_depend_on_the_block(impact):
    program = instance_program("islands-3", impact)
    whole = xi_block(program, 0, 6)
    for cuts in ([0, 1, 2, 3, 4, 5, 6], [0, 4, 6], [0, 0, 5, 5, 6]):
        assert np.array_equal(np.concatenate([xi_block(program, a, b) for a, b in itertools.pairwise(cuts)]), whole)
    assert whole.dtype == np.float64 and whole.flags.c_contiguous and whole.shape == (6, 58 if impact else 18)
    data = prepositioning.random_data(program.kwargs["source"], program.kwargs["source"].scenario(4), impact)
    assert np.array_equal(whole[4], np.concatenate([np.ravel(v) for v in data.values()]))


# -- small models with random data p (2), scenario by scenario


def sample(then=None, *, p=((0.0, 2.0), (1.5, 0.0), (-1.0, 3.0)), creator=None, block=None, maximize=False):
    """Minimise x1 + 2 x2 + y1 + 3 y2 with one row that holds p; ``then(m, values of p)`` adds or changes something."""
    p = np.array(p)

    def build(name, p):
        k = sputils.extract_num(name)
        m = pyo.ConcreteModel(name)
        m.p = pyo.Param([1, 2], initialize=dict(enumerate(p[k].tolist(), 1)), mutable=True, within=pyo.Any)
        m.unused = pyo.Param(initialize=float(k), mutable=True)
        m.x = pyo.Var([1, 2], bounds=(0, 5))
        m.y = pyo.Var([1, 2], within=pyo.NonNegativeReals)
        m.first_cost = pyo.Expression(expr=m.x[1] + 2 * m.x[2])
        m.need = pyo.Constraint(expr=m.p[1] * m.x[1] + m.y[1] + m.y[2] >= m.p[2])
        m.limit = pyo.Constraint(expr=m.x[1] + m.x[2] <= 7)
        m.goal = pyo.Objective(expr=m.first_cost + m.y[1] + 3 * m.y[2], sense=pyo.maximize if maximize else pyo.minimize)
        if then is not None:
            then(m, p[k])
        sputils.attach_root_node(m, m.first_cost, [m.x])
        m._mpisppy_probability = 1 / len(p)
        return m

    def declared(start, stop, p):
        return {"p": p[start:stop], "unused": np.arange(start, stop, dtype=float)}

    return Program("sample", tuple(f"scen{k}" for k in range(len(p))), creator or build, {"p": p}, random_block=block or declared)


def row(expression):
    return lambda m, p: m.add_component("extra", pyo.Constraint(expr=expression(m)))


def cost(expression):
    return lambda m, p: m.goal.set_value(m.goal.expr + expression(m))


ACCEPTED = {
    "nothing more": None,
    "side on the left": row(lambda m: m.p[1] >= m.x[1] + m.y[1]),
    "random on both sides": row(lambda m: m.p[1] + 2 * m.y[1] >= m.x[1] + 3 * m.p[2]),
    "equality": row(lambda m: m.p[2] * m.y[1] - m.x[2] == m.p[1] + 1),
    "equality, data on the left": row(lambda m: 2 * m.p[1] - m.p[2] == m.y[1]),
    "range with random coefficients": row(lambda m: (-1, m.p[1] * m.x[1] + m.p[2] * m.y[2] + m.p[2], 4)),
    "second stage alone": row(lambda m: m.p[1] * m.y[1] <= 2),
    "product of sums": row(lambda m: (m.p[1] + 1) * (2 * m.x[1] - m.y[2] + 3) <= 4),
    "division by a number": row(lambda m: -(m.p[1] - m.p[2]) / 4 * m.y[1] <= m.p[1] / 2),
    "same data twice": row(lambda m: m.p[1] * m.y[1] + (3 * m.p[1] + m.p[2]) * m.y[1] + m.p[1] * m.x[1] <= 1),
    "costs": cost(lambda m: m.p[1] * m.x[2] + (2 - m.p[2]) * m.y[1] + 5 * m.p[2] + 1),
    "row that holds for zero data only in name": row(lambda m: m.p[1] * m.x[1] + m.p[2] * m.y[1] <= 9),
}


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("what", ACCEPTED)
def test_small_models(what, maximize):
    program = sample(ACCEPTED[what], maximize=maximize)
    affine = compile_affine(program)
    for k in range(3):
        assert_same_by_name(affine, program, k)
    assert affine.xi_names == ("p[1]", "p[2]", "unused") and affine.sign == (-1 if maximize else 1)
    assert affine.row_names == ("limit",)


def test_named_expressions_blocks_fixed_and_integer_variables():
    def then(m, p):
        m.part = pyo.Block()
        m.part.q = pyo.Param(initialize=2 * p[0], mutable=True)
        m.part.z = pyo.Var(within=pyo.Integers, bounds=(-3, 3))
        m.x[2].fix(4)
        m.known = pyo.Var(initialize=2)
        m.known.fix()
        m.inner = pyo.Expression(expr=m.p[1] * m.known + m.part.q * m.part.z)
        m.row = pyo.Constraint(expr=m.inner + m.p[2] * m.x[2] <= m.part.q)
        m.off = pyo.Constraint(expr=pyo.exp(m.p[1]) * m.y[1] <= 3)
        m.off.deactivate()

    def block(start, stop, p):
        return {"p": p[start:stop], "part.q": 2 * p[start:stop, 0], "unused": np.arange(start, stop)}

    program = sample(then, block=block)
    affine = compile_affine(program)
    for k in range(3):
        assert_same_by_name(affine, program, k)
    assert affine.integer_recourse and affine.xi_names[2] == "part.q"
    assert affine.first.lower.tolist() == [0, 4] and not affine.T_0[:, [1]].nnz


coefficients = st.sampled_from([0.0, 0.0, 1.0, -2.5, 0.3])


@st.composite
def affine_models(draw):
    """Rows and costs of x1, x2, y1, y2, each coefficient and constant c0 + c1 p1 + c2 p2, with senses and sides of every kind."""
    entry = st.tuples(coefficients, coefficients, coefficients)
    rows = draw(
        st.lists(
            st.tuples(st.lists(entry, min_size=5, max_size=5), st.sampled_from(["<=", ">=", "==", "range", "right"]), entry), max_size=4
        )
    )
    costs = draw(st.lists(entry, min_size=5, max_size=5))
    p = draw(st.lists(st.tuples(*[st.sampled_from([0.0, 1.0, -1.0, 0.7, 25.0])] * 2), min_size=2, max_size=3))
    return rows, costs, p, draw(st.booleans())


@given(affine_models())
def test_random_affine_models(drawn):
    rows, costs, p, maximize = drawn

    def then(m, _):
        def number(c):
            return c[0] + c[1] * m.p[1] + c[2] * m.p[2]

        def combination(cs):
            return sum(number(c) * v for c, v in zip(cs, [m.x[1], m.x[2], m.y[1], m.y[2]], strict=False)) + number(cs[4])

        for i, (cs, sense, side) in enumerate(rows):
            body = combination(cs) + m.y[1 + i % 2] * 0.11  # with a second-stage variable in every scenario
            expressions = {
                "<=": lambda b, s: b <= number(s),
                ">=": lambda b, s: b >= number(s),
                "==": lambda b, s: b == number(s),
                "range": lambda b, s: (s[0] - 1, b, s[0] + 2),
                "right": lambda b, s: number(s) <= b,
            }
            m.add_component(f"row{i}", pyo.Constraint(expr=expressions[sense](body, side)))
        m.goal.set_value(m.goal.expr + combination(costs))

    program = sample(then, p=p, maximize=maximize)
    affine = compile_affine(program)
    for k in range(len(p)):
        assert_same_by_name(affine, program, k)
    for entries in (affine.T_entries, affine.W_entries):
        triples = list(zip(entries.row.tolist(), entries.col.tolist(), entries.component.tolist(), strict=True))
        assert triples == sorted(set(triples))


def test_a_model_that_declares_nothing():
    program = replace(sample(), random_block=None)
    assert compile_affine(program) is None
    with pytest.raises(ModelError, match=r"sample: .*random_block"):
        xi_block(program, 0, 1)


# -- what is refused, by name


def bound(side, of):
    return lambda m, p: getattr(of(m), "set" + side)(2 * m.p[2] - 9 if side == "lb" else 9 + m.p[2])


REFUSED = {
    "exponential coefficient": (row(lambda m: pyo.exp(m.p[1]) * m.y[2] <= 3), ["'extra'", "'y[2]'", "'p[1]'", "not affine"]),
    "exponential of first-stage coefficient": (row(lambda m: pyo.exp(m.p[2]) * m.x[2] + m.y[1] <= 3), ["'extra'", "'x[2]'", "'p[2]'"]),
    "exponential side": (row(lambda m: m.y[2] <= pyo.exp(m.p[1])), ["'extra'", "constant", "'p[1]'", "not affine"]),
    "square": (row(lambda m: m.p[1] ** 2 * m.y[2] <= 3), ["'extra'", "'y[2]'", "'p[1]'", "not affine"]),
    "product": (row(lambda m: m.p[1] * m.p[2] * m.y[2] <= 3), ["'extra'", "'y[2]'", "'p[1]', 'p[2]'", "not affine"]),
    "product in two places": (row(lambda m: m.p[1] * (m.y[2] + m.p[2]) <= 3), ["'extra'", "constant", "'p[1]', 'p[2]'"]),
    "quotient": (row(lambda m: m.y[2] / (m.p[1] + 4) <= 3), ["'extra'", "'y[2]'", "'p[1]'", "not affine"]),
    "absolute value": (row(lambda m: abs(m.p[1]) * m.y[2] <= 3), ["'extra'", "'y[2]'", "'p[1]'"]),
    "cost": (cost(lambda m: pyo.exp(m.p[1]) * m.y[2]), ["cost of 'y[2]'", "'p[1]'", "not affine"]),
    "first-stage cost": (cost(lambda m: m.p[1] ** 3 * m.x[2]), ["cost of 'x[2]'", "'p[1]'", "not affine"]),
    "constant cost": (cost(lambda m: m.p[1] * m.p[2]), ["constant of the objective", "'p[1]', 'p[2]'", "not affine"]),
    "lower bound": (bound("lb", lambda m: m.y[2]), ["lower bound", "'y[2]'", "'p[2]'"]),
    "upper bound": (bound("ub", lambda m: m.y[2]), ["upper bound", "'y[2]'", "'p[2]'"]),
    "bound of the first stage": (bound("ub", lambda m: m.x[1]), ["upper bound", "'x[1]'", "'p[2]'"]),
    "first-stage coefficient": (row(lambda m: m.p[1] * m.x[1] <= 3), ["'extra'", "'p[1]'", "no second-stage variable"]),
    "first-stage side": (row(lambda m: m.x[1] <= m.p[2] + 9), ["'extra'", "'p[2]'", "no second-stage variable"]),
    "no variable": (row(lambda m: m.p[2] <= 9), ["'extra'", "'p[2]'", "no second-stage variable"]),
    "side of a range": (row(lambda m: (-9, m.y[1], m.p[1] + 20)), ["'extra'", "'p[1]'", "range", "two constraints"]),
    "other side of a range": (row(lambda m: (m.p[1] - 9, m.y[1] + m.p[2], 20)), ["'extra'", "'p[1]'", "range", "two constraints"]),
    "nonlinear": (row(lambda m: m.p[1] * m.x[1] * m.y[1] <= 20), ["extra", "not a linear model"]),
    "infinite number": (row(lambda m: m.p[1] * m.y[1] <= float("inf")), ["'extra'", "finite"]),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_by_name(what):
    then, expected = REFUSED[what]
    with pytest.raises(ModelError) as caught:
        compile_affine(sample(then))
    for text in ["sample", "scen0", *expected]:
        assert text in str(caught.value)


def branching(m, p):
    if p[0] < 0:
        m.extra = pyo.Constraint(expr=m.y[1] >= 0)


UNDECLARED = {
    "side": (lambda m, p: m.add_component("extra", pyo.Constraint(expr=m.y[1] <= 9 + p[0])), "the constant of 'extra'"),
    "coefficient": (
        lambda m, p: m.add_component("extra", pyo.Constraint(expr=m.y[1] + (5 + p[1]) * m.x[2] <= 9)),
        "first-stage coefficients of 'extra'",
    ),
    "recourse": (
        lambda m, p: m.add_component("extra", pyo.Constraint(expr=(5 + p[1]) * m.y[1] <= 9)),
        "second-stage coefficients of 'extra'",
    ),
    "first-stage row": (
        lambda m, p: m.add_component("extra", pyo.Constraint(expr=(5 + p[1]) * m.x[1] <= 9)),
        "the coefficients of 'extra'",
    ),
    "first-stage side": (lambda m, p: m.add_component("extra", pyo.Constraint(expr=m.x[1] >= p[0])), "the lower side of 'extra'"),
    "bound": (lambda m, p: m.y[2].setub(20 + p[0]), "upper of 'y[2]'"),
    "bound of the first stage": (lambda m, p: m.x[2].setub(20 + p[0]), "upper of 'x[2]'"),
    "fixed": (lambda m, p: m.x[1].fix(p[1]), "lower of 'x[1]'"),
    "cost": (lambda m, p: m.goal.set_value(m.goal.expr + (7 + p[0]) * m.y[2]), "the cost of 'y[2]'"),
    "constant cost": (lambda m, p: m.goal.set_value(m.goal.expr + p[0]), "the constant of the objective"),
    "kind of a row": (
        lambda m, p: m.add_component("extra", pyo.Constraint(expr=m.y[1] == 1 if p[0] < 0 else m.y[1] <= 1)),
        "the sense of 'extra'",
    ),
    "rows": (branching, "the second-stage constraints"),
    "random entries": (
        lambda m, p: m.add_component("extra", pyo.Constraint(expr=m.y[1] + m.x[1] * m.p[1] * (4 + p[1]) <= 1)),
        "random entries of T",
    ),
    "sense": (lambda m, p: m.goal.set_sense(pyo.maximize if p[0] < 0 else pyo.minimize), "the cost of 'x[1]'"),
}


@pytest.mark.parametrize("what", UNDECLARED)
def test_what_differs_between_scenarios_must_be_declared(what):
    then, expected = UNDECLARED[what]
    with pytest.raises(ModelError) as caught:
        compile_affine(sample(then))
    for text in ("sample", "'scen2'", "'scen0'", expected, "random_block"):
        assert text in str(caught.value)


def declares(change):
    def block(start, stop, p):
        data = {"p": p[start:stop], "unused": np.arange(start, stop, dtype=float)}
        change(data)
        return data

    return block


def immutable(m, p):
    m.q = pyo.Param(initialize=3)


WRONG = {
    "unknown": (None, lambda d: d.update(q=d["unused"]), ["'q'", "no mutable parameter"]),
    "a variable": (None, lambda d: d.update(y=d["p"]), ["'y'", "no mutable parameter"]),
    "immutable": (immutable, lambda d: d.update(q=d["unused"]), ["'q'", "no mutable parameter"]),
    "size": (None, lambda d: d.update(p=d["p"][:, :1]), ["'p'", "1 values", "has 2"]),
    "order": (None, lambda d: d.update(p=d["p"][:, ::-1]), ["'p[1]'", "2.0", "0.0"]),
    "missing": (None, lambda d: d.pop("p"), ["differs", "'need'", "random_block"]),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_declarations(what):
    then, change, expected = WRONG[what]
    with pytest.raises(ModelError) as caught:
        compile_affine(sample(then, block=declares(change)))
    for text in ("sample", *expected):
        assert text in str(caught.value)


def test_other_probabilities_than_the_source():
    program = instance_program("islands-3")

    def creator(name, **kwargs):
        m = program.creator(name, **kwargs)
        m._mpisppy_probability = 0.25
        return m

    with pytest.raises(ModelError, match=r"'scen0' has probability 0\.25, but its source says"):
        compile_affine(replace(program, creator=creator))


def test_a_constraint_that_never_holds():
    def then(m, p):
        m.known = pyo.Var(initialize=4)
        m.known.fix()
        m.never = pyo.Constraint(expr=m.known <= 3)

    with pytest.raises(NoSolutionError, match=r"never hold.*never"):
        compile_affine(sample(then))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_random_data_that_are_not_finite(bad):
    program = sample(p=((0.0, 1.0), (2.0, bad)))
    assert xi_block(program, 0, 1).tolist() == [[0, 1, 0]]
    with pytest.raises(ModelError, match=f"sample: scenario 'scen1': random data 'p', entry 1, is {bad}, expected a finite number"):
        xi_block(program, 0, 2)


def test_xi_of_another_length():
    with pytest.raises(ModelError, match=r"'scen9'.*\(2,\).*expected \(3,\)"):
        compile_affine(sample()).scenario("scen9", 1.0, np.zeros(2))


def test_probabilities():
    assert scenario_probabilities(instance_program("islands-3")).tolist() == [r.probability for r in load("islands-3").scenarios]
    assert scenario_probabilities(sample()).tolist() == [1 / 3] * 3
    assert json.loads(json.dumps(RandomSource(4, 0).probabilities.tolist())) == [0.25] * 4
