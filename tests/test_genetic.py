"""The source's genetic algorithm: its printed examples, its 14 points, the division of tours against brute force, seeds."""

import dataclasses
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quakeops.errors import InputError
from quakeops.solvers.genetic import Genetics, evolve, genetic_routes, genetic_tour, pmx, swap, turn
from quakeops.solvers.route_cost import evaluate_routes
from quakeops.solvers.route_problem import RouteProblem
from quakeops.solvers.route_split import segment_costs, split

POINTS = np.array([
    [16.47, 96.10], [16.47, 94.44], [20.09, 92.54], [22.39, 93.37], [25.23, 97.24], [22.00, 96.05], [20.47, 97.02],
    [17.20, 96.29], [16.30, 97.38], [14.05, 98.12], [16.53, 97.38], [21.52, 95.59], [19.41, 97.13], [20.09, 92.55],
])  # fmt: skip
DISTANCE = np.hypot(*(POINTS[:, None] - POINTS[None]).transpose(2, 0, 1))

ONE = np.arange(1, 15)
OTHER = np.array([5, 6, 2, 9, 11, 4, 14, 3, 1, 12, 8, 13, 7, 10])


class TestPrintedExamples:
    """Section 4 of the source; its places 6 to 9 are ours 5 to 8."""

    def test_partial_mapping(self):
        """What the source prints before the conflicts are resolved, its stars, is PMX. The end of the first child follows no mapping (6, 7, 8, 9 in
        rising order instead of 9, 8, 6, 7), and the second has 14 and 1 exchanged; the other places agree."""
        first, second = pmx(ONE, OTHER, 5, 8)
        assert first.tolist() == [9, 2, 8, 6, 5, 4, 14, 3, 1, 10, 11, 12, 13, 7]
        assert second.tolist() == [5, 4, 2, 1, 11, 6, 7, 8, 9, 12, 3, 13, 14, 10]
        printed = (
            (first, [6, 2, 7, 8, 5, 4, 14, 3, 1, 10, 11, 12, 13, 9], [0, 2, 3, 13]),
            (second, [5, 4, 2, 14, 11, 6, 7, 8, 9, 12, 3, 13, 1, 10], [3, 12]),
        )
        for child, line, differs in printed:
            assert sorted(line) == list(range(1, 15))
            assert np.flatnonzero(child != line).tolist() == differs

    def test_swap(self):
        assert swap(OTHER, 5, 8).tolist() == [5, 6, 2, 9, 11, 1, 14, 3, 4, 12, 8, 13, 7, 10]

    def test_reversal(self):
        assert turn(swap(OTHER, 5, 8), 5, 8).tolist() == [5, 6, 2, 9, 11, 4, 3, 14, 1, 12, 8, 13, 7, 10]


@given(
    st.integers(1, 9).flatmap(
        lambda n: st.tuples(st.permutations(range(n)), st.permutations(range(n)), st.tuples(*[st.integers(0, n - 1)] * 2))
    )
)
def test_operators_make_permutations(case):
    one, other, places = np.array(case[0]), np.array(case[1]), sorted(case[2])
    children = pmx(one, other, *places)
    middle = slice(places[0], places[1] + 1)
    assert children[0][middle].tolist() == other[middle].tolist() and children[1][middle].tolist() == one[middle].tolist()
    for result in (*children, swap(one, *places), turn(one, *places)):
        assert sorted(result.tolist()) == list(range(len(one)))


def test_the_source_s_tour():
    """29.3405 in 15 of the seeds 0 to 19 (benchmarked); of these two, the first reaches it and the second does not."""
    found = [genetic_tour(DISTANCE, seed=seed) for seed in (0, 1)]
    assert round(found[0].value, 4) == 29.3405 and found[1].value > 29.3406
    order = [j - 1 for j in (3, 4, 5, 6, 12, 7, 13, 8, 11, 9, 10, 1, 2, 14)]
    assert found[0].value == pytest.approx(sum(DISTANCE[i, j] for i, j in pairwise([*order, order[0]])))
    for run in found:
        assert run.value == pytest.approx(sum(DISTANCE[i, j] for i, j in pairwise([*run.order, run.order[0]])))
        assert len(run.history) == 201 and run.history[-1] == run.value and list(run.history) == sorted(run.history, reverse=True)


def test_a_seed_is_a_result():
    few = Genetics(population=10, generations=15)
    runs = [genetic_tour(DISTANCE, seed=seed, settings=few) for seed in (4, 4, 5)]
    assert runs[0].order == runs[1].order and runs[0].history == runs[1].history
    assert runs[0].history != runs[2].history


def test_the_source_s_settings_are_the_defaults():
    """Section 5.2."""
    made = Genetics()
    assert (made.population, made.generations, made.crossover, made.mutation, made.gap) == (100, 200, 0.9, 0.05, 0.9)


def test_each_setting_does_its_part():
    """Without crossover, mutation and reversal only selection is left: the best of the first population stays."""
    still = Genetics(population=12, generations=9, crossover=0, mutation=0, reversals=0)
    run = genetic_tour(DISTANCE, seed=1, settings=still)
    assert run.history == (run.value,) * 10
    for change in ({"crossover": 1}, {"mutation": 1}, {"reversals": 1}):
        assert genetic_tour(DISTANCE, seed=1, settings=dataclasses.replace(still, **change)).value < run.value
    assert evolve(lambda orders: orders[:, 0].astype(float), 1, seed=0, settings=still).order == (0,)


@pytest.mark.parametrize(("field", "value"), [("population", 1), ("generations", -1), ("mutation", 1.5), ("crossover", -0.1), ("gap", 2)])
def test_bad_settings_are_named(field, value):
    with pytest.raises(InputError, match=rf"{field} is {value}"):
        Genetics(**{field: value})


def problem_of(seed, n=6, **more):
    rng = np.random.default_rng(seed)
    time = rng.uniform(1, 5, (n + 1, n + 1))
    earliest = np.append(0, rng.uniform(0, 12, n))
    given = {
        "cost": rng.uniform(1, 5, (n + 1, n + 1)), "time": time, "service": rng.uniform(0, 1, n + 1), "demand": np.append(0, rng.integers(1, 4, n)),
        "earliest": earliest, "latest": np.append(20, earliest[1:] + 2), "early": rng.uniform(0, 2, n + 1), "late": rng.uniform(0, 2, n + 1),
        "vehicles": 3, "capacity": 6.0,
    }  # fmt: skip
    return RouteProblem(**given | more)


def divisions(tour, vehicles):
    """Every way to cut a tour into at most so many routes."""
    for cuts in range(2 ** (len(tour) - 1)):
        ends = [k + 1 for k in range(len(tour) - 1) if cuts >> k & 1]
        if len(ends) < vehicles:
            yield [tour[a:b] for a, b in pairwise([0, *ends, len(tour)])]


def cost_of(problem, routes):
    if any(problem.demand[r].sum() > problem.capacity for r in routes):
        return np.inf
    plan = evaluate_routes(problem, routes)
    return np.inf if plan is None else plan.total


@pytest.mark.parametrize("seed", range(6))
def test_division_equals_brute_force(seed):
    """Soft, hard and step windows, with few and with many vehicles."""
    hard = np.where(np.random.default_rng(seed).random(7) < 0.3, np.inf, 1.0)
    for problem in (
        problem_of(seed),
        problem_of(seed, early=hard, late=hard, latest=np.full(7, 20.0)),
        problem_of(seed, step=True, vehicles=6),
    ):
        tours = np.array([np.random.default_rng(k).permutation(6) + 1 for k in range(3)])
        totals, plans = split(problem, tours)
        for tour, total, plan in zip(tours.tolist(), totals, plans, strict=True):
            best = min((cost_of(problem, routes) for routes in divisions(tour, problem.vehicles)), default=np.inf)
            if best < np.inf:
                assert total == pytest.approx(best) == cost_of(problem, plan)
            else:
                assert len(plan) != 0 or total == np.inf


def test_too_few_vehicles_cost_a_surcharge_each():
    """Six sites of demand 3 need three vehicles of capacity 6; one has to be counted three times, two twice."""
    tight = {"demand": np.append(0, np.full(6, 3)), "early": np.zeros(7), "late": np.zeros(7)}
    tours = np.arange(1, 7)[None]
    enough, *short = (split(problem_of(0, vehicles=k, **tight), tours) for k in (3, 2, 1))
    assert len(enough[1][0]) == 3
    surcharges = [(totals[0] - enough[0][0]) / missing for (totals, _), missing in zip(short, (1, 2), strict=True)]
    assert surcharges[0] == pytest.approx(surcharges[1]) and surcharges[0] > enough[0][0]
    assert [len(plans[0]) for _, plans in short] == [3, 3]
    assert genetic_routes(problem_of(0, vehicles=1, **tight), seed=0, settings=Genetics(population=4, generations=2)) is None


def test_a_site_out_of_reach_leaves_no_division():
    late = problem_of(1, late=np.full(7, np.inf), latest=np.append(20, np.zeros(6)), earliest=np.zeros(7))
    totals, plans = split(late, np.arange(1, 7)[None])
    assert totals[0] == np.inf and plans == [[]]
    assert genetic_routes(late, seed=0, settings=Genetics(population=4, generations=2)) is None


def test_segments_are_single_routes():
    problem = problem_of(3)
    costs = segment_costs(problem, np.array([[3, 1, 2, 6, 5, 4]]))[0]
    alone = dataclasses.replace(problem, vehicles=6)
    for i, j, route in ((0, 1, [3]), (1, 3, [1, 2])):
        rest = [[k] for k in range(1, 7) if k not in route]
        expected = evaluate_routes(alone, [route, *rest]).total - sum(
            costs[k, k + 1] for k, site in enumerate((3, 1, 2, 6, 5, 4)) if [site] in rest
        )
        assert costs[i, j] == pytest.approx(expected)
    assert np.isinf(costs[np.tril_indices(7)]).all()


def test_routes_reach_the_optimum_of_a_small_problem():
    """Five sites, two vehicles: all orders and divisions by brute force."""
    problem = problem_of(8, n=5, vehicles=2, capacity=9.0)
    best = min(cost_of(problem, routes) for order in permutations(range(1, 6)) for routes in divisions(list(order), 2))
    found = genetic_routes(problem, seed=0, settings=Genetics(population=30, generations=30))
    assert found.total == pytest.approx(best) and found.by == "genetic algorithm"
    assert found.total == evaluate_routes(problem, found.routes).total
