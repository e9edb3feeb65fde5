"""What a plan is worth: textbook figures, closed forms, brute force and the formulas of the intervals."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import quakeops
from quakeops.decomposition.evaluation import Evaluation
from quakeops.decomposition.matrices import compile_program
from quakeops.decomposition.program import from_model, from_module
from quakeops.decomposition.recourse import Recourse
from quakeops.errors import InputError, NoSolutionError
from quakeops.instances import FixedSource, load
from quakeops.scenario_gen.sources import ResampledSource
from quakeops.solvers import get
from scipy.optimize import linprog
from scipy.stats import t as student


def demands(source):
    """Demand and probability of every scenario of a newsvendor source."""
    drawn = [source.scenario(k) for k in range(source.num_scenarios)]
    return np.array([s.demand[0, 0] for s in drawn]), np.array([s.probability for s in drawn])


class Newsvendor:
    """Closed forms of the packaged newsvendor: price 100, salvage 40, penalty 300."""

    demand, p = demands(FixedSource(load("newsvendor")))
    stock = 180.0

    @staticmethod
    def cost(stock, demand):
        return 100 * stock - 40 * np.maximum(stock - demand, 0) + 300 * np.maximum(demand - stock, 0)


@pytest.fixture(scope="module")
def plan():
    """The newsvendor's optimal plan."""
    return quakeops.solve("prepositioning", instance="newsvendor", rel_gap=1e-9)


def with_stock(plan, stock):
    return replace(plan, first_stage=plan.first_stage | {"stock[town,tents]": stock, "open[town,yard]": 1.0})


def cvar(costs, p, level):
    """CVaR by its defining linear program: min t + sum p u / (1 - level), u >= cost - t, u >= 0."""
    n = len(costs)
    found = linprog(
        np.r_[1, p / (1 - level)], A_ub=np.c_[-np.ones(n), -np.eye(n)], b_ub=-costs, bounds=[(None, None), *[(0, None)] * n], method="highs"
    )
    return found.fun


@pytest.mark.parametrize(
    "options",
    [
        {"model": "prepositioning", "instance": "islands-3"},
        {"model": "prepositioning", "instance": "prepositioning-random", "scenarios": 4, "seed": 2, "rel_gap": 0.05},
        {"module": "farmer"},
        {"module": "farmer", "arguments": {"maximize": "true"}},
        {"module": "drawn", "scenarios": 9},
    ],
    ids=["instance", "family", "farmer", "farmer-maximized", "drawn"],
)
def test_on_its_own_scenarios_it_is_the_objective(foreign, options):
    result = quakeops.solve(**options)
    figures = quakeops.evaluate(result, evpi=False, vss=False)
    assert figures.expected_cost.value == pytest.approx(result.objective, rel=1e-9)
    assert figures.num_scenarios == result.num_scenarios and figures.evpi is figures.vss is None
    assert figures.sampled == (options.get("instance") == "prepositioning-random")
    assert (figures.expected_cost.low is None) == (not figures.sampled)


def test_default_number_of_draws_is_sampled_too():
    """Draws are draws also where --scenarios was left out; a fixed instance is exact also where it was given."""
    result = quakeops.solve("prepositioning", instance="newsvendor", scenarios=10)
    assert not quakeops.evaluate(result, evpi=False, vss=False).sampled


@pytest.mark.parametrize("arguments", [{}, {"maximize": "true"}])
def test_farmer(foreign, arguments):
    """Birge & Louveaux (2011), sec. 1.1 and 4: EVPI 7,016, VSS 1,150, in either sense; the worst case is the dry year."""
    figures = quakeops.evaluate(quakeops.solve(module="farmer", arguments=arguments))
    assert figures.evpi.value == pytest.approx(7_016, abs=0.5)
    assert figures.vss.value == pytest.approx(1_150, abs=0.5)
    sign = 1 if arguments else -1
    assert figures.expected_cost.value == pytest.approx(sign * 108_390, abs=0.5)
    assert figures.worst_cost == pytest.approx(sign * 48_820, abs=0.5) and figures.worst_scenario == "season0"
    assert figures.cvar.value == pytest.approx(figures.worst_cost), "beyond 1/3 the tail is the worst year"


def test_newsvendor_closed_forms(plan):
    """EVPI = cost - q E[D], VSS = cost of stocking E[D] - cost, demand met E[min(x, D)] / E[D]."""
    figures, n = quakeops.evaluate(plan), Newsvendor
    cost, mean = n.p @ n.cost(n.stock, n.demand), n.p @ n.demand
    assert figures.expected_cost.value == pytest.approx(cost, rel=1e-9) == pytest.approx(19_814)
    assert figures.evpi.value == pytest.approx(cost - 100 * mean, rel=1e-7)
    assert figures.vss.value == pytest.approx(n.p @ n.cost(mean, n.demand) - cost, rel=1e-6)
    assert figures.demand_met == {"tents": pytest.approx(n.p @ np.minimum(n.stock, n.demand) / mean)}
    assert figures.worst_cost == pytest.approx(n.cost(180, 300)) and "demand 300" in figures.worst_scenario
    assert not figures.sampled and figures.evpi.low is figures.cvar.high is None


@pytest.mark.parametrize("level", [0.01, 0.3, 0.69, 0.7, 0.95, 0.96, 0.999])
@pytest.mark.parametrize("stock", [0.0, 130.0, 180.0, 300.0])
def test_cvar_is_that_of_its_linear_program(plan, stock, level):
    figures = quakeops.evaluate(with_stock(plan, stock), cvar_level=level, evpi=False, vss=False)
    costs = Newsvendor.cost(stock, Newsvendor.demand)
    assert figures.cvar.value == pytest.approx(cvar(costs, Newsvendor.p, level), rel=1e-9)
    assert figures.cvar.value >= figures.expected_cost.value - 1e-9 and figures.cvar_level == level


def interval(values):
    half = student.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values))
    return (
        pytest.approx(np.mean(values), rel=1e-6),
        pytest.approx(np.mean(values) - half, rel=1e-6),
        pytest.approx(np.mean(values) + half, rel=1e-6),
    )


def test_intervals_on_fresh_draws(plan):
    """Student intervals: of costs, of paired differences for EVPI and VSS, of the summands at the quantile for CVaR."""
    figures = quakeops.evaluate(plan, scenarios=300, seed=8, cvar_level=0.5)
    demand, _ = demands(ResampledSource(FixedSource(load("newsvendor")), 300, 8))
    costs = Newsvendor.cost(180, demand)
    assert figures.sampled and figures.num_scenarios == 300
    threshold = np.sort(costs)[149]
    for estimate, values in (
        (figures.expected_cost, costs),
        (figures.evpi, costs - 100 * demand),
        (figures.vss, Newsvendor.cost(demand.mean(), demand) - costs),
        (figures.cvar, threshold + np.maximum(costs - threshold, 0) / 0.5),
    ):
        assert (estimate.value, estimate.low, estimate.high) == interval(values)
    assert figures.expected_cost.low < 19_814 < figures.expected_cost.high


def test_no_interval_for_a_tail_that_was_hardly_seen(plan):
    figures = quakeops.evaluate(plan, scenarios=100, seed=8, cvar_level=0.95, evpi=False, vss=False)
    assert figures.cvar.low is figures.cvar.high is None and figures.expected_cost.low is not None


@pytest.mark.parametrize(
    ("options", "fresh"),
    [
        ({"model": "prepositioning", "instance": "newsvendor"}, {"scenarios": 40}),
        ({"model": "prepositioning", "instance": "prepositioning-random", "scenarios": 3, "rel_gap": 0.05}, {"scenarios": 5}),
        ({"module": "drawn", "scenarios": 20}, {"scenarios": 30}),
        ({"module": "drawn", "scenarios": 20, "seed": 5}, {"scenarios": 30}),
    ],
    ids=["instance", "family", "module", "module-with-seed"],
)
def test_fresh_draws_follow_their_seed(foreign, options, fresh):
    """The same seed gives the same figures, another seed others, whether or not the plan's own seed was given."""
    result = quakeops.solve(**options)
    one, again, other = (quakeops.evaluate(result, **fresh, seed=seed, evpi=False, vss=False) for seed in (3, 3, 4))
    assert one == again and one.sampled and one.num_scenarios == fresh["scenarios"]
    assert one.expected_cost != other.expected_cost
    if "module" in options:
        from drawn import PENALTY, PRICE, demand

        stock = result.first_stage["stock"]
        expected = np.mean([PRICE * stock + PENALTY * max(demand(3, k) - stock, 0) for k in range(30)])
        assert one.expected_cost.value == pytest.approx(expected)


def test_fresh_draws_of_a_source_of_blocks():
    """Damage maps of the retrofit model: the mean over the draws is the plan's cost, scenario by scenario."""
    found = quakeops.solve("retrofit", instance="retrofit-random", scenarios=10, seed=1, method="benders")
    fresh = quakeops.evaluate(found, scenarios=20, seed=7).expected_cost
    data = compile_program(from_model("retrofit", instance="retrofit-random", num_scenarios=20, seed=7))
    x = np.array([found.first_stage[name] for name in data.first.names])
    assert fresh.value == pytest.approx(Recourse(data, get("highs")).expected(x), rel=1e-9)
    assert fresh.low < fresh.value < fresh.high


def test_on_a_scenario_file(plan, write):
    path = write(
        "quake.json", {"instance": "newsvendor", "scenarios": [{"name": "certain", "probability": 1, "demand": {"town": {"tents": 200}}}]}
    )
    figures = quakeops.evaluate(plan, scenario_file=str(path))
    assert figures.expected_cost.value == pytest.approx(Newsvendor.cost(180, 200)) and figures.num_scenarios == 1
    assert figures.evpi.value == pytest.approx(Newsvendor.cost(180, 200) - 20_000)


def test_plan_solved_on_a_scenario_file_beside_its_instance(small, write, monkeypatch, tmp_path):
    """The recipe in the result finds both files again, also from another folder."""
    write("towns.json", small)
    path = write("quake.json", {"instance": "towns.json", "scenarios": small["scenarios"]})
    result = quakeops.solve("prepositioning", scenario_file=str(path))
    monkeypatch.chdir("/")
    assert quakeops.evaluate(result, evpi=False, vss=False).expected_cost.value == pytest.approx(result.objective, rel=1e-9)


def refused(error, action):
    with pytest.raises(error) as caught:
        action()
    return str(caught.value)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"stock[town,tents]": 3000.0}, "storage_capacity[town]"),
        ({"open[town,yard]": 0.0}, "storage_capacity[town]"),
        ({"stock[town,tents]": -5.0}, "bound of stock[town,tents]"),
        ({"open[town,yard]": 0.5}, "integrality of open[town,yard]"),
        ({"open[town,yard]": 2.0}, "open[town,yard]"),
    ],
)
def test_a_plan_that_breaks_a_rule_is_refused(plan, change, named):
    stock = {"stock[town,tents]": 1.0, "open[town,yard]": 1.0}
    broken = replace(plan, first_stage=stock | change)
    text = refused(NoSolutionError, lambda: quakeops.evaluate(broken))
    assert "violates" in text and (named in text or "one_size[town]" in text)


def test_a_plan_without_recourse_names_the_scenario(foreign):
    result = quakeops.solve(module="impossible", scenarios=2, arguments={"what": "fine"})
    plans = replace(result, provenance=result.provenance | {"recipe": result.provenance["recipe"] | {"arguments": {"what": "scenario"}}})
    assert "scenario 'scen1'" in refused(NoSolutionError, lambda: quakeops.evaluate(plans))


def test_names_that_are_not_the_models(plan):
    extra = replace(plan, first_stage=plan.first_stage | {"stock[city,tents]": 1.0})
    assert "'stock[city,tents]' is not a first-stage variable" in refused(InputError, lambda: quakeops.evaluate(extra))
    less = replace(plan, first_stage={"open[town,yard]": 1.0})
    assert "'stock[town,tents]' is missing" in refused(InputError, lambda: quakeops.evaluate(less))


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 1.5, math.nan])
def test_cvar_level_bounds(plan, level):
    assert f"--cvar-level {level}" in refused(InputError, lambda: quakeops.evaluate(plan, cvar_level=level))


def test_options_that_do_not_go_together(plan, foreign):
    assert "--scenarios 1" in refused(InputError, lambda: quakeops.evaluate(plan, scenarios=1))
    assert "--seed goes with --scenarios" in refused(InputError, lambda: quakeops.evaluate(plan, seed=1))
    farm = quakeops.solve(module="farmer")
    assert "--scenario-file x.json" in refused(InputError, lambda: quakeops.evaluate(farm, scenario_file="x.json"))
    assert "unknown solver" in refused(InputError, lambda: quakeops.evaluate(plan, solver="cplex"))


def test_results_that_cannot_be_evaluated(plan, foreign, write):
    assert "'provenance.recipe' is missing" in refused(InputError, lambda: quakeops.evaluate(replace(plan, provenance={})))
    lost = replace(plan, provenance={"recipe": {"colour": "red"}})
    assert "provenance.recipe" in refused(InputError, lambda: quakeops.evaluate(lost))
    nothing = quakeops.solve(module="impossible", scenarios=2)
    assert "status infeasible" in refused(NoSolutionError, lambda: quakeops.evaluate(nothing))


def test_an_instance_that_changed_since(small, write):
    path = write("towns.json", small)
    result = quakeops.solve("prepositioning", instance=str(path), rel_gap=0.01)
    small["commodities"][0]["price"] += 1
    write("towns.json", small)
    assert "'two-towns' has changed" in refused(InputError, lambda: quakeops.evaluate(result))


def test_scenarios_of_different_structure_have_no_mean(foreign):
    figures = quakeops.evaluate(quakeops.solve(module="drawn", scenarios=3, arguments={"uneven": "true"}))
    assert figures.vss is None and "differ in structure" in figures.vss_note and figures.evpi.value >= 0


def test_plain_data_and_progress(plan):
    seen = []
    figures = quakeops.evaluate(plan, progress=lambda *step: seen.append(step))
    assert (
        isinstance(figures, Evaluation) and json.loads(json.dumps(figures.to_dict(), allow_nan=False))["vss"]["value"] == figures.vss.value
    )
    assert ("plan", 10, 10) in seen and ("wait-and-see", 10, 10) in seen


def test_unbounded_recourse_has_no_value(foreign):
    """A plan whose recourse cost falls without end is not given the finite value that a solver happens to stop at."""
    data = compile_program(from_module("impossible", num_scenarios=3, arguments={"what": "unbounded"}))
    recourse = Recourse(data, get("highs"))
    assert recourse.solve(0, np.array([1.0])).objective is None
    assert recourse.expected(np.array([1.0])) is None
