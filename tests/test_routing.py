"""The routing model against brute force over all sets of routes, by exact timing; limits of beta; options; three methods; scenarios."""

import itertools
import json

import numpy as np
import pytest
import quakeops
from quakeops.decomposition.compiled import at_scenarios
from quakeops.decomposition.extensive_form import assemble
from quakeops.decomposition.matrices import compile_program
from quakeops.decomposition.program import from_model
from quakeops.decomposition.recourse import Recourse
from quakeops.decomposition.routing import evaluate_plan, heuristic_plan, plan_of, route_problem, routes_of
from quakeops.decomposition.symbolic import compile_affine
from quakeops.errors import InputError
from quakeops.instances import FixedRouting, Routing
from quakeops.models.routing import random_data
from quakeops.solvers import get


def instance(seed, sites=5, scenarios=3, **fields):
    """A small instance with tight windows, slowed and closed roads; as data of a file."""
    rng = np.random.default_rng(seed)
    names = [f"s{i + 1}" for i in range(sites)]
    earliest = rng.integers(5, 60, sites)
    pairs = list(itertools.combinations(["depot", *names], 2))
    records = []
    for k in range(scenarios):
        hit = rng.permutation(len(pairs))[: len(pairs) // 2]
        factors = [None if rng.random() < 0.2 else float(np.round(rng.uniform(1.2, 3), 1)) for _ in hit]
        roads = [{"ends": pairs[i], "factor": f} for i, f in zip(hit.tolist(), factors, strict=True)]
        records.append({"name": f"quake {k}", "probability": 1 / scenarios, "roads": roads})
    return {
        "format": "quakeops/routing/1",
        "name": f"small-{seed}",
        "title": "drawn for a test",
        "source": {"citation": "test", "licence": "none"},
        "provenance": {},
        "depot": {"x": 10, "y": 10, "earliest": 3, "latest": 70},
        "sites": [
            {
                "name": name,
                "x": float(rng.integers(0, 20)),
                "y": float(rng.integers(0, 20)),
                "casualties": float(rng.integers(2, 7)),
                "service_time": 4,
                "earliest": float(e),
                "latest": float(e + rng.integers(2, 12)),
                "priority": "red" if i == 0 else None,
            }
            for i, (name, e) in enumerate(zip(names, earliest, strict=True))
        ],
        "vehicles": {"count": 3, "capacity": 12},
        "priorities": [{"name": "red", "weight": 3}],
        "beta": 1.5,
        "early_weight": 0.7,
        "scenarios": records,
    } | fields


def partitions(items):
    """Yield every set of routes: orders of the sites, cut anywhere, the first sites ascending."""
    if not items:
        yield ()
        return
    first, *rest = items
    for size in range(len(rest) + 1):
        for others in itertools.combinations(rest, size):
            left = [i for i in rest if i not in others]
            for route in itertools.permutations((first, *others)):
                for more in partitions(left):
                    yield (route, *more)


def brute_force(source):
    """Return the least expected cost over all routes within fleet and capacity, and the routes."""
    problem = route_problem(source)
    best = (np.inf, ())
    for routes in partitions(list(range(1, problem.num_sites + 1))):
        if len(routes) <= problem.vehicles and all(problem.demand[list(r)].sum() <= problem.capacity for r in routes):
            best = min(best, (evaluate_plan(source, routes).expected, routes))
    return best


def opened(data):
    made = Routing.model_validate(data)
    return FixedRouting.of_records(made, made.scenarios)


def written(tmp_path, data):
    path = tmp_path / f"{data['name']}.json"
    path.write_text(json.dumps(data))
    return str(path)


FORMS = {
    "soft": {},
    "hard": {"windows": "hard", "sites_wide": 60},
    "step": {"penalty": "step", "beta": 9.0},
    "shuttle": {"shuttle": True},
    "free": {"beta": 0.0},
    "late alone": {"early_weight": 0.0},
}


def formed(seed, form):
    fields = dict(FORMS[form])
    wide = fields.pop("sites_wide", 0)
    data = instance(seed, **fields)
    for site in data["sites"]:
        site["latest"] += wide
    data["depot"]["latest"] += 3 * wide
    return data


@pytest.mark.parametrize("seed, form", [(seed, form) for form in FORMS for seed in range(2)])
def test_brute_force_over_all_routes(seed, form, tmp_path):
    data = formed(seed, form)
    source = opened(data)
    exact, _ = brute_force(source)
    assert np.isfinite(exact)
    for method in ("ef", "benders"):
        found = quakeops.solve("routing", instance=written(tmp_path, data), method=method, rel_gap=1e-6)
        assert found.objective == pytest.approx(exact, rel=1e-6, abs=1e-6)
        assert found.bound <= exact + 1e-5 * max(1, abs(exact)) and found.bound >= exact - 1e-4 * max(1, abs(exact))
        own = routes_of(source.instance, found.first_stage)
        assert evaluate_plan(source, own).expected == pytest.approx(found.objective, rel=1e-7, abs=1e-7)
        assert quakeops.verify(found).ok


def test_seven_customers(tmp_path):
    data = instance(3, sites=7, scenarios=2, vehicles={"count": 3, "capacity": 14})
    exact, _ = brute_force(opened(data))
    found = quakeops.solve("routing", instance=written(tmp_path, data), method="benders", rel_gap=1e-6)
    assert found.objective == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize("form", ["soft", "hard", "step", "shuttle", "free"])
def test_one_scenario_is_the_deterministic_problem(form, tmp_path):
    """A single outcome: compact model, branch-and-price and brute force agree; intact roads are the instance's own numbers."""
    data = formed(1, form) | {"scenarios": []}
    source = FixedRouting.nominal(Routing.model_validate(data))
    exact, _ = brute_force(source)
    path = written(tmp_path, data)
    for method in ("ef", "benders", "pricing"):
        assert quakeops.solve("routing", instance=path, method=method, rel_gap=1e-7).objective == pytest.approx(exact, rel=1e-6, abs=1e-6)


def test_a_step_at_the_earliest_time_itself(tmp_path):
    """Eq. 3 is minimised over its closed branches: who arrives at the earliest time just gets the reward, by every road."""
    data = instance(0, sites=1, penalty="step", beta=2.0, early_weight=1.0, priorities=[])
    data |= {"scenarios": []}
    data["depot"] |= {"earliest": 0}
    data["sites"][0] |= {"x": 10, "y": 13, "earliest": 3, "latest": 9, "priority": None}
    for method in ("ef", "pricing"):
        assert quakeops.solve("routing", instance=written(tmp_path, data), method=method).objective == pytest.approx(6 - 2, abs=1e-9)


def test_long_services_fit_before_the_horizon(tmp_path):
    """One vehicle, three sites side by side, an hour of service each: the last begins long after all windows, and must be able to."""
    data = instance(0, sites=3, scenarios=1, vehicles={"count": 1, "capacity": 30})
    data |= {"scenarios": []}
    data["depot"]["latest"] = None
    for i, site in enumerate(data["sites"]):
        site |= {"x": 10, "y": 11 + i, "service_time": 60, "earliest": 0, "latest": 5}
    exact, _ = brute_force(FixedRouting.nominal(Routing.model_validate(data)))
    assert quakeops.solve("routing", instance=written(tmp_path, data), rel_gap=1e-7).objective == pytest.approx(exact, rel=1e-6)


def test_large_beta_is_hard_and_zero_beta_the_capacitated_problem(tmp_path):
    path = written(tmp_path, formed(0, "hard"))
    hard = quakeops.solve("routing", instance=path, rel_gap=1e-7)
    soft = quakeops.solve("routing", instance=path, rel_gap=1e-7, arguments={"windows": "soft", "beta": 1e5})
    infinite = quakeops.solve("routing", instance=path, rel_gap=1e-7, arguments={"windows": "soft", "beta": float("inf")})
    assert soft.objective == pytest.approx(hard.objective, rel=1e-6) and infinite.objective == pytest.approx(hard.objective, rel=1e-9)
    free = quakeops.solve("routing", instance=path, rel_gap=1e-7, arguments={"windows": "soft", "beta": 0})
    data = formed(0, "hard")
    for place in (data["depot"], *data["sites"]):
        place["earliest"], place["latest"] = 0, None
    assert free.objective == pytest.approx(brute_force(opened(data))[0], rel=1e-6)
    assert free.objective <= hard.objective


def test_progressive_hedging_brackets(tmp_path):
    data = instance(2, sites=4)
    exact, _ = brute_force(opened(data))
    found = quakeops.solve("routing", instance=written(tmp_path, data), method="ph")
    assert found.bound <= exact * (1 + 1e-6) and found.objective >= exact * (1 - 1e-9)


@pytest.mark.parametrize("left_penalty", [None, 4.0])
def test_random_casualties(left_penalty, tmp_path):
    """Each scenario's casualties fit the vehicles, or are left at a price: by brute force over routes, loads solved by hand."""
    data = instance(4, sites=4, vehicles={"count": 2, "capacity": 12}, left_penalty=left_penalty, treatment_capacity=17)
    rng = np.random.default_rng(4)
    for site in data["sites"]:
        site["casualties"] = 4.0
    for record in data["scenarios"]:
        record["casualties"] = {s["name"]: float(rng.integers(1, 9 if left_penalty else 5)) for s in data["sites"]}
    source = opened(data)
    demand = source.block(0, 3).demand
    if left_penalty is None:
        assert (demand.sum(axis=1) <= 17).all()
    weight = np.array([0, 3, 1, 1, 1])
    unloaded = {"left_penalty": None, "vehicles": {"count": 2}, "scenarios": [r | {"casualties": {}} for r in data["scenarios"]]}
    timed = opened(data | unloaded)
    best = np.inf
    for routes in partitions([1, 2, 3, 4]):
        if len(routes) > 2:
            continue
        cost = evaluate_plan(timed, routes).expected
        for d in demand:
            over = least_left(d, routes, weight)
            cost += over * left_penalty / 3 if left_penalty else (0 if over == 0 else np.inf)
        best = min(best, cost)
    for method in ("ef", "benders"):
        found = quakeops.solve("routing", instance=written(tmp_path, data), method=method, rel_gap=1e-6)
        assert found.objective == pytest.approx(best, rel=1e-6)


def least_left(demand, routes, weight, capacity=12, treated=17):
    """Weighted casualties that must stay: of every route beyond its capacity, then of all beyond what is treated, the lightest first."""
    left = np.zeros(len(demand))

    def leave(sites, over):
        for j in sorted(sites, key=lambda j: weight[j]):
            take = min(over, demand[j] - left[j])
            left[j] += take
            over -= take

    for route in routes:
        leave(route, max(0, demand[list(route)].sum() - capacity))
    leave(range(1, len(demand)), max(0, (demand - left).sum() - treated))
    return float(weight @ left)


def test_compiled_once_equals_scenario_by_scenario(tmp_path):
    for form in ("soft", "hard", "shuttle"):
        program = from_model("routing", instance=written(tmp_path, formed(1, form)))
        affine = compile_affine(program)
        once, each = at_scenarios(program, affine), compile_program(program)
        for a, b in zip(once.scenarios, each.scenarios, strict=True):
            for what in ("T", "W"):
                assert abs(getattr(a, what) - getattr(b, what)).max() <= 1e-12
            for what in ("cost_first", "cost", "row_lower", "row_upper"):
                assert getattr(a, what) == pytest.approx(getattr(b, what), rel=1e-12, abs=1e-12)


def test_random_data_by_block():
    program = from_model("routing", num_scenarios=4, seed=3)
    source = program.kwargs["source"]
    block = random_data(source, source.block(1, 4))
    for k in range(3):
        one = random_data(source, source.scenario(1 + k))
        assert all(np.array_equal(one[name], block[name][k]) for name in one)


def test_both_sides_of_a_window_make_the_relaxation_tight():
    """The LP bound of the default instance is within 3 % of its optimum; without the departure side (v of (9)) it is not."""
    program = from_model("routing", num_scenarios=6, seed=1)
    exact = quakeops.solve("routing", scenarios=6, seed=1, method="benders", rel_gap=1e-6).objective
    data = compile_program(program)
    whole = assemble(data, relax=True)
    bound = get("highs").open(whole).solve().objective
    names = [name for s in data.scenarios for name in s.row_names]
    keep = np.array([True] * data.A.shape[0] + [not n.startswith("pays_next") for n in names])
    weaker = type(whole)(
        whole.cost, whole.matrix[keep], whole.row_lower[keep], whole.row_upper[keep], whole.lower, whole.upper, whole.integer
    )
    loose = get("highs").open(weaker).solve().objective
    assert loose < bound - 1e-3 * exact and bound <= exact * (1 + 1e-9)


def test_heuristic_plan_is_a_plan():
    program = from_model("routing", num_scenarios=5, seed=2)
    plan = heuristic_plan(program)
    data = compile_program(program)
    x = np.array([plan[name] for name in data.first.names])
    source = program.kwargs["source"]
    routes = routes_of(source.instance, plan)
    assert Recourse(data, get("highs")).expected(x) == pytest.approx(evaluate_plan(source, routes).expected, rel=1e-8)
    assert plan_of(source, routes) == plan


BAD = [
    ({"beta": -1}, "beta -1: expected a number that is not negative"),
    ({"windows": "open"}, "windows 'open': expected soft or hard"),
    ({"penalty": "square"}, "penalty 'square': expected proportional or step"),
]


@pytest.mark.parametrize("arguments, message", BAD)
def test_bad_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        quakeops.solve("routing", arguments=arguments)


def test_pricing_is_for_one_scenario_of_routing():
    with pytest.raises(InputError, match="solves one scenario, found 20"):
        quakeops.solve("routing", method="pricing")
    with pytest.raises(InputError, match="not of 'retrofit'"):
        quakeops.solve("retrofit", instance="retrofit-random", method="pricing")


def test_plans_that_are_no_routes():
    source = from_model("routing", num_scenarios=1, seed=0).kwargs["source"]
    plan = plan_of(source, [(1, 2, 3, 4), (5, 6, 7, 8)])
    broken = plan | {"drive[site4,depot]": 0.0, "drive[site4,site1]": 1.0, "drive[depot,site1]": 0.0}
    with pytest.raises(InputError, match="no route from the depot through site 'site1'"):
        routes_of(source.instance, broken)
    with pytest.raises(InputError, match="2 arcs leave site 'site1'"):
        routes_of(source.instance, plan | {"drive[site1,site5]": 1.0})
