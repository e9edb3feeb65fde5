"""The pre-positioning model: closed forms, limit cases, plain arithmetic on its optimum, impact terms, and mpi-sppy's own driver."""

import copy
import pickle
import re
from dataclasses import replace

import numpy as np
import pyomo.environ as pyo
import pytest
import quakeops
from hypothesis import given
from hypothesis import strategies as st
from quakeops.decomposition.extensive_form import solve_extensive_form
from quakeops.decomposition.matrices import compile_program
from quakeops.decomposition.program import Program
from quakeops.decomposition.recourse import Recourse
from quakeops.decomposition.run import Run
from quakeops.errors import InputError
from quakeops.instances import FixedSource, load
from quakeops.instances.loader import validate
from quakeops.models import prepositioning
from quakeops.result import Status
from quakeops.scenario_gen.prepositioning_random import RandomSource
from quakeops.scenario_gen.sources import ResampledSource
from quakeops.solvers import get


def program(source):
    names = tuple(prepositioning.scenario_names_creator(source.num_scenarios))
    return Program("prepositioning", names, prepositioning.scenario_creator, {"source": source})


def solve(data, rel_gap=1e-9):
    """Solve an instance given as parsed JSON; return the result and the compiled scenarios."""
    compiled = compile_program(program(FixedSource(validate(data, "test"))))
    return solve_extensive_form(compiled, get("highs"), Run(rel_gap=rel_gap)), compiled


def arrays_equal(a, b):
    return all(np.array_equal(getattr(a, f), getattr(b, f)) for f in ("demand", "usable", "link_capacity", "casualties", "loss", "hours"))


# -- closed forms and published values


@st.composite
def newsvendors(draw):
    size = draw(st.integers(1, 7))
    price, markup, salvage = draw(st.integers(1, 60)), draw(st.integers(-20, 200)), draw(st.integers(-30, 40))
    demand = draw(st.lists(st.integers(0, 300), min_size=size, max_size=size))
    weight = np.array(draw(st.lists(st.integers(1, 9), min_size=size, max_size=size)), dtype=float)
    penalty = max(price + markup, 0)
    return price, penalty, max(salvage, 1 - price, -penalty), np.array(demand, dtype=float), weight / weight.sum()


@given(newsvendors())
def test_newsvendor_closed_form(problem):
    """Stock the smallest d with P(D <= d) >= (p - q) / (p + h), nothing if p <= q; its expected cost to 1e-8."""
    price, penalty, holding, demand, probability = problem
    data = load("newsvendor").model_dump(mode="json")
    goods = {
        "name": "tents",
        "unit": "tent",
        "volume": 2,
        "price": price,
        "transport_cost": 0,
        "holding_cost": holding,
        "shortage_penalty": penalty,
    }
    data |= {"commodities": [goods], "best_known": None}
    data["scenarios"] = [
        {"name": str(k), "probability": float(p), "demand": {"town": {"tents": float(d)}}}
        for k, (d, p) in enumerate(zip(demand, probability, strict=True))
    ]
    result, _ = solve(data)
    stock = 0.0
    if penalty > price:
        order = np.argsort(demand)
        reached = np.cumsum(probability[order])
        stock = demand[order][np.searchsorted(reached, (penalty - price) / (penalty + holding) - 1e-12)]
    expected = price * stock + probability @ (holding * np.maximum(stock - demand, 0) + penalty * np.maximum(demand - stock, 0))
    assert result.status is Status.OPTIMAL
    assert result.objective == pytest.approx(expected, rel=1e-8, abs=1e-8)
    assert result.bound == pytest.approx(expected, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("drop", "cost"),
    [(None, 706_319.073667), ("usable", 439_629), ("link_capacity_factor", 552_284), ("capacity", 517_588)],
)
def test_islands_and_the_figures_in_its_notes(drop, cost):
    """As given, and without stock damage, without broken and weakened links, without link capacities."""
    data = load("islands-3").model_dump(mode="json")
    for record in data["links"] if drop == "capacity" else data["scenarios"]:
        record.pop(drop, None)
    result, _ = solve(data, rel_gap=1e-7)
    assert result.objective == pytest.approx(cost, abs=0.5 if drop else 1e-5)
    if drop is None:
        assert result.objective == pytest.approx(load("islands-3").best_known.objective, rel=1e-9)


def test_gulf_coast():
    """51 scenarios over 30 nodes to 1e-3 (the suite's longest solve): the best known value lies between bound and plan."""
    best = load("gulf-coast-51").best_known
    result = quakeops.solve("prepositioning", rel_gap=1e-3)
    assert result.status is Status.OPTIMAL and result.num_scenarios == 51 and result.instance == "gulf-coast-51"
    assert result.bound <= best.objective * (1 + 1e-9) and best.bound <= result.objective * (1 + 1e-9)
    assert result.gap <= 1e-3
    assert result.objective == pytest.approx(best.objective, rel=1e-3)


# -- limit cases


def test_no_demand_costs_nothing(small):
    for scenario in small["scenarios"]:
        scenario["demand"] = {}
    result, _ = solve(small)
    assert result.status is Status.OPTIMAL and result.objective == 0 and not any(result.first_stage.values())


def test_no_penalty_buys_nothing(small):
    for goods in small["commodities"]:
        goods["shortage_penalty"] = 0
    result, _ = solve(small)
    assert result.status is Status.OPTIMAL and result.objective == 0 and not any(result.first_stage.values())


def test_a_huge_penalty_meets_every_demand(small, write):
    """Where depots and roads are large enough."""
    for size in small["sizes"]:
        size["capacity"] *= 10
    for goods in small["commodities"]:
        goods["shortage_penalty"] = 1e5
    result = quakeops.solve("prepositioning", instance=str(write("towns.json", small)), rel_gap=1e-6)
    figures = quakeops.evaluate(result, evpi=False, vss=False)
    assert figures.demand_met == pytest.approx({"tents": 1.0, "food": 1.0}, abs=1e-7)
    assert figures.worst_cost < 1e5, "no unit is short"


def test_unlinked_towns_are_separate_problems(small):
    """Without links the optimum is the sum of the towns' own."""
    small["links"], small["nodes"][2]["candidate"] = [], True
    for scenario in small["scenarios"]:
        scenario.pop("link_capacity_factor", None)
    whole, _ = solve(small)
    total = 0.0
    for node in small["nodes"]:
        alone = copy.deepcopy(small) | {"nodes": [node]}
        for scenario in alone["scenarios"]:
            for field in ("demand", "usable", "casualties", "loss"):
                scenario[field] = {k: v for k, v in scenario.get(field, {}).items() if k == node["name"]}
        total += solve(alone)[0].objective
    assert whole.objective == pytest.approx(total, rel=1e-9)


def test_more_damage_never_costs_less(small):
    costs = []
    for usable in (1.0, 0.6, 0.2, 0.0):
        small["scenarios"][1]["usable"] = {"Ano": usable, "Kato": usable}
        costs.append(solve(small)[0].objective)
    assert costs == sorted(costs) and costs[-1] > costs[0]


# -- plain arithmetic on the optimum


def table(values, pattern):
    """``{indices: value}`` of the variables named ``pattern[...]``."""
    found = (re.fullmatch(rf"{pattern}\[(.*)\]", name) for name in values)
    return {tuple(m[1].split(",")): values[m[0]] for m in found if m}


@pytest.mark.parametrize("name", ["islands-3", "small"])
def test_residuals_and_cost_of_the_optimum(small, name):
    """Every row of the model's docstring, and its cost, recomputed from the instance without Pyomo."""
    data = small if name == "small" else load(name).model_dump(mode="json")
    result, compiled = solve(data, rel_gap=1e-7)
    goods = {c["name"]: c for c in data["commodities"]}
    sizes = {s["name"]: s for s in data["sizes"]}
    links = {tuple(link["ends"]): link for link in data["links"]}
    arcs = {arc: (" -- ".join(link["ends"]), link) for ends, link in links.items() for arc in (ends, ends[::-1])}
    opened, stock = table(result.first_stage, "open"), table(result.first_stage, "stock")
    candidates = [n["name"] for n in data["nodes"] if n.get("candidate", True)]
    assert {i for i, _ in opened} == {i for i, _ in stock} == set(candidates)
    for i in candidates:
        assert set(opened[i, z] for z in sizes) <= {0.0, 1.0} and sum(opened[i, z] for z in sizes) <= 1
        used = sum(goods[k]["volume"] * stock[i, k] for k in goods)
        assert used <= sum(sizes[z]["capacity"] * opened[i, z] for z in sizes) + 1e-6
    cost = sum(sizes[z]["fixed_cost"] * v for (_, z), v in opened.items()) + sum(goods[k]["price"] * v for (_, k), v in stock.items())
    recourse = Recourse(compiled, get("highs"))
    for s, record in enumerate(data["scenarios"]):
        y = dict(zip(compiled.scenarios[s].stage.names, recourse.solve(s, np.array(list(result.first_stage.values()))).x, strict=True))
        flow, left, short = table(y, "flow"), table(y, "left"), table(y, "short")
        assert min(y.values()) >= -1e-9
        for i in (n["name"] for n in data["nodes"]):
            for k in goods:
                supply = record.get("usable", {}).get(i, 1) * stock.get((i, k), 0) + short.get((i, k), 0)
                wanted = record.get("demand", {}).get(i, {}).get(k, 0) + left.get((i, k), 0)
                net = sum(v for (a, b, c), v in flow.items() if b == i and c == k) - sum(
                    v for (a, b, c), v in flow.items() if a == i and c == k
                )
                assert supply + net == pytest.approx(wanted, abs=1e-6)
        for arc, (label, link) in arcs.items():
            if link.get("capacity") is not None:
                load_on_arc = sum((goods[k].get("link_use") or goods[k]["volume"]) * flow.get((*arc, k), 0) for k in goods)
                assert load_on_arc <= link["capacity"] * record.get("link_capacity_factor", {}).get(label, 1) + 1e-6
        cost += record["probability"] * (
            sum(goods[k]["transport_cost"] * arcs[a, b][1]["length"] * v for (a, b, k), v in flow.items())
            + sum(goods[k]["holding_cost"] * v for (_, k), v in left.items())
            + sum(goods[k]["shortage_penalty"] * v for (_, k), v in short.items())
        )
    assert result.objective == pytest.approx(cost, rel=1e-9)


# -- sources, and one structure for all scenarios


def test_sources_pickle():
    fixed = FixedSource(load("islands-3"))
    assert fixed.limited_links.any()  # cached values travel, or are recomputed
    for source in (fixed, RandomSource(5, 1), ResampledSource(fixed, 8, 3)):
        twin = pickle.loads(pickle.dumps(source))
        assert twin.num_scenarios == source.num_scenarios
        assert all(arrays_equal(twin.scenario(k), source.scenario(k)) for k in range(source.num_scenarios))


def test_scenarios_do_not_depend_on_names_or_order():
    """Scenario k of an instance is the same in any order of calls, and whatever it and the others are called."""
    data = load("islands-3").model_dump(mode="json")
    source = FixedSource(validate(data, "test"))
    backwards = [source.scenario(k) for k in reversed(range(6))][::-1]
    for k, record in enumerate(data["scenarios"]):
        record["name"] = f"renamed {5 - k}"
    renamed = FixedSource(validate(data, "test"))
    assert all(arrays_equal(renamed.scenario(k), backwards[k]) for k in range(6))
    assert [s.name for s in backwards] == [f"scen{k}" for k in range(6)]


@pytest.mark.parametrize("source", [FixedSource(load("islands-3")), RandomSource(4, 2)], ids=["islands-3", "random"])
def test_one_structure_and_affine_data(source):
    """All scenarios have the same columns and rows, and the model of averaged data has the averaged matrices."""
    data = compile_program(program(source))
    a, b = source.scenario(1), source.scenario(2)
    mean = {f: (getattr(a, f) + getattr(b, f)) / 2 for f in ("demand", "usable", "link_capacity")}

    class Averaged(type(source)):
        def scenario(self, k):
            return replace(a, **mean)

    middle = copy.copy(source)
    middle.__class__ = Averaged
    (average,) = compile_program(program(middle), scenarios=[0]).scenarios
    one, two = data.scenarios[1:3]
    for s in data.scenarios:
        assert (s.stage.names, s.row_names, s.W.shape) == (one.stage.names, one.row_names, one.W.shape)
        assert not (s.W != one.W).nnz and np.array_equal(s.cost, one.cost) and np.array_equal(s.cost_first, one.cost_first)
        assert np.array_equal(s.stage.lower, one.stage.lower) and np.array_equal(s.stage.upper, one.stage.upper)
    assert abs(average.T - (one.T + two.T) / 2).max() < 1e-12
    np.testing.assert_allclose(average.row_upper, (one.row_upper + two.row_upper) / 2, rtol=1e-12)
    np.testing.assert_allclose(average.row_lower, (one.row_lower + two.row_lower) / 2, rtol=1e-12)


# -- impact terms


@pytest.fixture
def road(small):
    """``road(**changes)`` is a source: Ano (depot) -- 2 h -- Kato, who needs 10 tents; and Mesi, 3 h from Ano."""

    def make(*, broken=False, food=0, mesi=0, hours=2):
        strong = {"name": "strong", "probability": 1, "demand": {"Kato": {"tents": 10, "food": food}, "Mesi": {"tents": mesi}}}
        strong |= {
            "casualties": {"Ano": 10, "Kato": 100},
            "loss": {"Kato": 1000},
            "link_capacity_factor": {"Ano -- Kato": 0} if broken else {},
        }
        links = [{"ends": ["Ano", "Kato"], "length": 1, "hours": hours}, {"ends": ["Ano", "Mesi"], "length": 1, "hours": 3}]
        nodes = [n | {"candidate": n["name"] == "Ano"} for n in small["nodes"]]
        return FixedSource(validate(small | {"nodes": nodes, "links": links, "scenarios": [strong]}, "test"))

    return make


def least(source, term, tents, food=0, short=None):
    """Minimise a named expression with the stock of the one depot fixed, and Kato's shortage if given."""
    m = prepositioning.build(source, source.scenario(0), impact=True)
    m.stock["Ano", "tents"].fix(tents)
    m.stock["Ano", "food"].fix(food)
    if short is not None:
        m.short["Kato", "tents"].fix(short)
    m.total_cost.deactivate()
    m.term = pyo.Objective(expr=getattr(m, term))
    pyo.SolverFactory("highs").solve(m)
    return pyo.value(m.term)


@pytest.mark.parametrize("tents", [0, 2.5, 5, 6, 10, 14])
def test_coverage_curves(road, tents):
    """Kato is covered to min(tents / 10, 1); Ano, where nothing is demanded, wholly; reductions along the given points."""
    cover = min(tents / 10, 1)
    alpha, beta = np.interp(cover, [0, 0.5, 1], [0, 0.4, 0.6]), np.interp(cover, [0, 1], [0, 0.3])
    assert least(road(), "casualties", tents) == pytest.approx(100 * (1 - alpha) + 10 * (1 - 0.6), abs=1e-6)
    assert least(road(), "loss", tents) == pytest.approx(1000 * (1 - beta), abs=1e-6)


def test_cover_is_the_mean_over_commodities(road):
    """All tents and no food: half covered."""
    assert least(road(food=30), "casualties", 10) == pytest.approx(100 * (1 - 0.4) + 4, abs=1e-6)


def test_response_time(road):
    """6 of 10 tents after 2 hours, the rest charged with the horizon of 24: 0.6 * 2 + 0.4 * 24; all of them: 2."""
    assert least(road(), "response_time", 6) == pytest.approx(10.8, abs=1e-6)
    assert least(road(), "response_time", 10) == pytest.approx(2, abs=1e-6)


def test_response_time_is_that_of_the_slowest_zone(road):
    """10 tents for Kato (2 h) and Mesi (3 h), 10 each: shared so that both means are equal."""
    shares = np.linspace(0, 10, 100_001)
    slowest = np.maximum(shares * 2 + (10 - shares) * 24, (10 - shares) * 3 + shares * 24) / 10
    assert least(road(mesi=10), "response_time", 10) == pytest.approx(slowest.min(), abs=1e-3)


def test_a_zone_cut_off_takes_the_horizon(road):
    assert least(road(broken=True), "response_time", 10) == pytest.approx(24, abs=1e-6)
    assert least(road(broken=True), "casualties", 10) == pytest.approx(104, abs=1e-6)
    assert np.isinf(road(broken=True).scenario(0).hours[0, 1])


def test_no_delivery_counts_for_more_than_the_horizon(road):
    """Tents that arrive after 100 hours are charged with 24, as if they never came."""
    assert least(road(hours=100), "response_time", 10, short=0) == pytest.approx(24, abs=1e-6)
    assert least(road(hours=100), "casualties", 10, short=0) == pytest.approx(44, abs=1e-6)


def test_impact_needs_its_section(small):
    del small["impact"]
    bare = FixedSource(validate(small, "test"))
    with pytest.raises(InputError, match=r"'two-towns'.*'impact' is missing"):
        prepositioning.build(bare, bare.scenario(0), impact=True)


def test_impact_terms_leave_the_cost_alone():
    """They are no part of the objective (1)."""
    source = FixedSource(load("islands-3"))
    with_impact = replace(program(source), kwargs={"source": source, "impact": True})
    result = solve_extensive_form(compile_program(with_impact), get("highs"), Run(rel_gap=1e-7))
    assert result.objective == pytest.approx(load("islands-3").best_known.objective, rel=1e-7)


# -- mpi-sppy


def test_scenario_module_protocol():
    source = FixedSource(load("islands-3"))
    assert prepositioning.scenario_names_creator(3) == ["scen0", "scen1", "scen2"]
    assert prepositioning.scenario_names_creator(2, start=4) == ["scen4", "scen5"]
    total = 0.0
    for k, name in enumerate(prepositioning.scenario_names_creator(6)):
        m = prepositioning.scenario_creator(name, source=source)
        (root,) = m._mpisppy_node_list
        assert (root.name, root.stage, m.name) == ("ROOT", 1, name)
        assert {v.name for v in root.nonant_vardata_list} == {v.name for var in (m.open, m.stock) for v in var.values()}
        assert m._mpisppy_probability == source.instance.scenarios[k].probability
        total += m._mpisppy_probability
    assert total == pytest.approx(1)
    with pytest.raises(ValueError, match="must end in a number"):
        prepositioning.scenario_creator("average", source=source)


def test_mpi_sppys_own_driver(subprocess_run):
    """``python -m mpisppy.generic_cylinders --EF`` on the module, unchanged."""
    options = "--num-scens 6 --instance islands-3 --EF --EF-solver-name appsi_highs --EF-mipgap 1e-7"
    done = subprocess_run("-m", "mpisppy.generic_cylinders", "--module-name", "quakeops.models.prepositioning", *options.split())
    assert done.returncode == 0, done.stderr
    (objective,) = re.findall(r"EF objective: ([\d.]+)", done.stdout)
    assert float(objective) == pytest.approx(load("islands-3").best_known.objective, rel=1e-9)
