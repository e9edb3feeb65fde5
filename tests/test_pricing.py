"""Branch-and-price for routing: the labelling against enumeration, the whole against brute force, a compact MIP and published optima."""

from dataclasses import replace
from functools import cache
from itertools import combinations, pairwise, permutations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quakeops.decomposition.pricing import branch_and_price, branching, relaxation, tree
from quakeops.decomposition.pricing.columns import Columns
from quakeops.decomposition.pricing.master import Duals
from quakeops.decomposition.pricing.network import build_network, pack, shortest_durations
from quakeops.decomposition.pricing.pricing import EXACT, Level, Pricer
from quakeops.decomposition.pricing.start import insertion_routes
from quakeops.decomposition.pricing.subset_rows import Cut, violated
from quakeops.decomposition.pricing.tree import least_routes
from quakeops.errors import InputError
from quakeops.result import Status
from quakeops.solvers.route_cost import evaluate_routes, route_cost
from quakeops.solvers.route_problem import RouteProblem
from quakeops.solvers.route_timing import optimal_timing
from scipy.optimize import Bounds, LinearConstraint, milp

SOLOMON = Path(__file__).parents[2] / "shared/data/vrptw"
KINDS = ("soft", "hard", "step", "mixed", "plain", "late")


def random_problem(seed, n, kind="soft", vehicles=None, closed=0.15):
    """A problem with asymmetric times off the triangle inequality, some arcs closed, whole numbers with many ties."""
    rng = np.random.default_rng(seed)
    time = rng.integers(0, 9, (n + 1, n + 1)).astype(float)
    cost = time + rng.integers(0, 3, (n + 1, n + 1))
    shut = rng.random((n + 1, n + 1)) < closed
    shut[0, 1:] &= rng.random(n) < 0.3
    shut[1:, 0] &= rng.random(n) < 0.3
    (time if seed % 2 else cost)[shut] = np.inf
    earliest = rng.integers(0, 20, n + 1).astype(float)
    latest = earliest + rng.integers(0, 12, n + 1)
    earliest[0], latest[0] = rng.choice([0.0, 2.0, -np.inf]), rng.choice([30.0, 45.0, np.inf])
    if seed % 4 < 2:
        earliest[1 + seed % n] = -np.inf
        latest[1 + (seed // 2) % n] = np.inf
    early, late = rng.choice([0.0, 0.5, 1.0, 3.0], (2, n + 1))
    hard = rng.random((2, n + 1)) < 0.4
    if kind == "hard":
        early[:], late[:] = np.inf, np.inf
    elif kind == "mixed":
        early[hard[0]], late[hard[1]] = np.inf, np.inf
    elif kind == "plain":
        early[:], late[:] = 0.0, 0.0
    elif kind == "late":
        early[:] = np.inf
    elif kind == "step":
        early[hard[0] & hard[1]], late[hard[1] & ~hard[0]] = np.inf, np.inf
    demand = np.append(0.0, rng.integers(0 if seed % 3 == 0 else 1, 5, n))
    capacity = float(rng.choice([6, 9, np.inf]))
    service = rng.integers(0, 3, n + 1).astype(float)
    vehicles = int(rng.integers(2, n + 1)) if vehicles is None else vehicles
    return RouteProblem(cost, time, service, demand, earliest, latest, early, late, vehicles, capacity, kind == "step")


def exact_cost(problem, route):
    timing = optimal_timing(problem, route)
    return np.inf if timing is None else route_cost(problem, route) + timing.penalty


def brute_force(problem):
    """The optimum over all sets of routes, infinite where there is none."""
    n = problem.num_sites
    best = {}
    for size in range(1, n + 1):
        for sites in combinations(range(1, n + 1), size):
            if problem.demand[list(sites)].sum() <= problem.capacity:
                best[frozenset(sites)] = min(exact_cost(problem, order) for order in permutations(sites))

    @cache
    def cover(left, vehicles):
        if not left:
            return 0.0
        if not vehicles:
            return np.inf
        first, rest = min(left), left - {min(left)}
        options = (frozenset({first, *more}) for size in range(len(rest) + 1) for more in combinations(sorted(rest), size))
        return min((best[s] + cover(left - s, vehicles - 1) for s in options if s in best), default=np.inf)

    return cover(frozenset(range(1, n + 1)), problem.vehicles)


def check(problem, optimum, priced):
    if np.isinf(optimum):
        assert priced.status is Status.INFEASIBLE and priced.routes is None and priced.objective is None
        return
    assert priced.status is Status.OPTIMAL
    assert priced.objective == pytest.approx(optimum, abs=1e-7)
    assert evaluate_routes(problem, priced.routes).total == priced.objective
    assert optimum - 1e-5 * (1 + abs(optimum)) <= priced.bound <= optimum + 1e-9
    assert all(bound <= optimum + 1e-9 for bound in priced.bounds)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(12))
def test_brute_force(kind, seed):
    problem = random_problem(seed, 5, kind)
    check(problem, brute_force(problem), branch_and_price(problem))


@pytest.mark.parametrize("kind", KINDS)
def test_brute_force_with_a_tight_fleet(kind):
    problem = random_problem(101, 6, kind, vehicles=2, closed=0.0)
    problem = replace(problem, capacity=float(max(problem.demand.max(), np.ceil(problem.demand.sum() / 2))))
    check(problem, brute_force(problem), branch_and_price(problem))


def test_seven_sites():
    problem = random_problem(2, 7, "mixed")
    check(problem, brute_force(problem), branch_and_price(problem))


BRANCHED = [(8, 6, "step"), (20, 6, "step"), (35, 6, "late"), (33, 6, "mixed"), (34, 6, "plain"), (1, 7, "hard"), (54, 7, "soft")]


@pytest.mark.parametrize(("seed", "n", "kind"), BRANCHED)
def test_branching_without_cuts(seed, n, kind, monkeypatch):
    monkeypatch.setattr(relaxation, "CUTS_A_ROUND", 0)
    problem = random_problem(seed, n, kind, closed=0.0)
    priced = branch_and_price(problem)
    check(problem, brute_force(problem), priced)
    assert priced.cuts == 0 and priced.nodes > 1


@pytest.mark.parametrize("cuts", [0, 20])
@pytest.mark.parametrize("kind", KINDS)
def test_small_ng_sets_grow_where_they_must(kind, cuts, monkeypatch):
    monkeypatch.setattr(tree, "NEIGHBOURS", 0)
    monkeypatch.setattr(relaxation, "CUTS_A_ROUND", cuts)
    for seed in (52, 58):
        problem = random_problem(seed, 6, kind, closed=0.0)
        check(problem, brute_force(problem), branch_and_price(problem))


def test_cuts_and_branching_agree(monkeypatch):
    problem = random_problem(51, 8, "mixed", closed=0.0)
    cut = branch_and_price(problem)
    assert cut.cuts and cut.nodes == 1
    monkeypatch.setattr(relaxation, "CUTS_A_ROUND", 0)
    branched = branch_and_price(problem)
    assert branched.nodes > 1 and branched.objective == pytest.approx(cut.objective)
    assert branched.root_bound < cut.root_bound - 0.5


def compact_optimum(problem):
    """Big-M two-index MIP: arcs, begins, loads, earliness, lateness of services and returns; finite penalties and capacity."""
    n, big = problem.num_sites, 200.0
    arcs = [(i, j) for i, j in product(range(n + 1), repeat=2) if i != j and np.isfinite(problem.cost[i, j] + problem.time[i, j])]
    at = {arc: k for k, arc in enumerate(arcs)}
    begin, load, early, late, back = (len(arcs) + k * (n + 1) for k in range(5))
    total = len(arcs) + 5 * (n + 1)
    cost = np.zeros(total)
    cost[: len(arcs)] = [problem.cost[a] for a in arcs]
    cost[early : early + n + 1], cost[late : late + n + 1], cost[back : back + n + 1] = problem.early, problem.late, problem.late[0]
    rows = []

    def row(entries, low, high=np.inf):
        values = np.zeros(total)
        for k, v in entries:
            values[k] += v
        rows.append((values, low, high))

    for j in range(1, n + 1):
        row([(at[a], 1) for a in arcs if a[0] == j], 1, 1)
        row([(at[a], 1) for a in arcs if a[1] == j], 1, 1)
        if np.isfinite(problem.earliest[j]):
            row([(begin + j, 1), (early + j, 1)], problem.earliest[j])
        if np.isfinite(problem.latest[j]):
            row([(begin + j, -1), (late + j, 1)], -problem.latest[j])
    row([(at[a], 1) for a in arcs if a[0] == 0], 0, problem.vehicles)
    for (i, j), k in at.items():
        lag = problem.service[i] + problem.time[i, j]
        if j == 0:
            if np.isfinite(problem.latest[0]):
                row([(back + i, 1), (begin + i, -1), (k, -big)], lag - problem.latest[0] - big)
        elif i == 0:
            row([(begin + j, 1), (k, -big)], problem.earliest[0] + lag - big)
        else:
            row([(begin + j, 1), (begin + i, -1), (k, -big)], lag - big)
            row([(load + j, 1), (load + i, -1), (k, -big)], problem.demand[j] - big)
    lower, upper = np.zeros(total), np.full(total, np.inf)
    upper[: len(arcs)] = 1
    lower[load : load + n + 1], upper[load : load + n + 1] = problem.demand, problem.capacity
    lower[begin : begin + n + 1], upper[begin : begin + n + 1] = -big / 2, big / 2
    matrix, low, high = (np.array(part) for part in zip(*rows, strict=True))
    integer = np.arange(total) < len(arcs)
    return milp(cost, integrality=integer, bounds=Bounds(lower, upper), constraints=LinearConstraint(matrix, low, high)).fun


@pytest.mark.parametrize("seed", [3, 4])
def test_compact_mip(seed):
    problem = random_problem(seed, 8, "soft", vehicles=3, closed=0.05)
    problem = replace(problem, capacity=10.0, earliest=np.append(0.0, problem.earliest[1:]))
    check(problem, compact_optimum(problem), branch_and_price(problem))


def test_large_penalties_are_hard_windows_and_none_is_the_capacitated_problem():
    hard = random_problem(4, 6, "hard")
    huge = replace(hard, early=np.full(7, 1e4), late=np.full(7, 1e4))
    assert branch_and_price(huge).objective == pytest.approx(branch_and_price(hard).objective)
    free = replace(hard, early=np.zeros(7), late=np.zeros(7))
    timeless = replace(hard, earliest=np.full(7, -np.inf), latest=np.full(7, np.inf))
    assert branch_and_price(free).objective == branch_and_price(timeless).objective <= branch_and_price(hard).objective


def all_routes(n):
    return [route for size in range(1, n + 1) for route in permutations(range(1, n + 1), size)]


def reduced_cost(problem, route, duals, cuts):
    tolls = sum(t * c.coefficient(route) for t, c in zip(duals.toll, cuts, strict=True))
    return exact_cost(problem, route) - duals.site[list(route)].sum() - duals.fleet + tolls


def random_duals(seed, n):
    """Duals that make some routes pay, and two cuts, the second with little memory."""
    rng = np.random.default_rng((seed, 7))
    cuts = [Cut(frozenset({1, 2, 3}), frozenset(range(1, n + 1))), Cut(frozenset({2, 3, 4}), frozenset({2, 3, 4}))]
    return Duals(np.append(0.0, rng.uniform(-2, 16, n)), float(rng.uniform(-3, 3)), rng.uniform(0, 6, 2)), cuts


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 100_000), kind=st.sampled_from(KINDS))
def test_exact_pricing_finds_the_least_reduced_cost(seed, kind):
    n = 5
    problem = random_problem(seed, n, kind)
    duals, cuts = random_duals(seed, n)
    forbidden = np.random.default_rng(seed).random((n + 1, n + 1)) < 0.1
    allowed = [r for r in all_routes(n) if problem.demand[list(r)].sum() <= problem.capacity and not forbidden[[0, *r], [*r, 0]].any()]
    least = min([0.0, *(reduced_cost(problem, r, duals, cuts) for r in allowed)])
    pricer = Pricer(build_network(problem), problem.cost, np.ones((n + 1, n + 1), dtype=bool), np.inf)
    found = pricer(duals, cuts, forbidden, 2, EXACT)
    assert found.least == pytest.approx(least, abs=1e-9)
    for route in found.routes:
        assert reduced_cost(problem, route, duals, cuts) < 0 and route in allowed
    if found.routes:
        assert reduced_cost(problem, found.routes[0], duals, cuts) == pytest.approx(found.least)
    for level in (Level(2, 3), Level(1, 3), Level(1, 99)):
        assert least - 1e-9 <= pricer(duals, cuts, forbidden, 2, level).least <= 0


@pytest.mark.parametrize("seed", [57, 192, 228, 276])
def test_dominance_compares_whole_functions_of_time(seed):
    """Windows that press, strong penalties: a label can be better far out and worse early."""
    n = 5
    rng = np.random.default_rng((seed, 3))
    problem = random_problem(seed, n, "soft", closed=0.0)
    time = rng.integers(1, 6, (n + 1, n + 1)).astype(float)
    earliest = rng.integers(4, 16, n + 1).astype(float)
    early, late = rng.choice([1.0, 2.0, 5.0], (2, n + 1))
    cost = rng.integers(0, 6, (n + 1, n + 1)).astype(float)
    latest = np.append(12.0, earliest[1:] + rng.integers(0, 3, n))
    earliest[0] = 0.0
    problem = RouteProblem(cost, time, np.zeros(n + 1), np.append(0.0, np.ones(n)), earliest, latest, early, late, n, np.inf)
    duals = Duals(np.append(0.0, np.random.default_rng(seed).uniform(2, 12, n)), 0.0, np.zeros(0))
    least = min(reduced_cost(problem, route, duals, []) for route in all_routes(n))
    pricer = Pricer(build_network(problem), cost, np.ones((n + 1, n + 1), dtype=bool), np.inf)
    assert pricer(duals, [], np.zeros((n + 1, n + 1), dtype=bool), 2, EXACT).least == pytest.approx(least, abs=1e-9)


def test_a_fractional_number_of_routes_is_branched_on_first():
    problem = random_problem(1, 5, "plain", closed=0.0)
    columns = Columns(problem, build_network(problem))
    numbers = columns.add([(1, 2), (2, 3), (1, 3)])
    node = relaxation.Node(np.zeros((6, 6), dtype=bool), 1, 5)
    parts = branching.children(node, relaxation.Outcome(7.0, numbers, np.full(3, 0.5)), columns)
    assert [(c.fewest, c.most, c.bound, c.depth) for c in parts] == [(1, 1, 7.0, 1), (2, 5, 7.0, 1)]


def is_ng_walk(walk, near):
    remembered = set()
    for site in walk:
        if site in remembered:
            return False
        remembered = {k for k in remembered if near[site, k]} | {site}
    return True


@pytest.mark.parametrize("seed", range(15))
def test_ng_routes_are_those_that_forget_only_what_they_may(seed):
    """The least reduced cost over all walks whose cycles leave the ng-sets."""
    n = 4
    problem = random_problem(seed, n, ("hard", "late", "mixed", "soft", "step")[seed % 5], closed=0.0)
    problem = replace(problem, demand=np.append(0.0, np.ones(n)), capacity=5.0, latest=problem.latest + 15)
    network = build_network(problem)._replace(capacity=5.0)
    rng = np.random.default_rng(seed)
    near = (rng.random((n + 1, n + 1)) < 0.4) | np.eye(n + 1, dtype=bool)
    duals, cuts = random_duals(seed, n)
    walks = [w for size in range(1, 6) for w in product(range(1, n + 1), repeat=size) if is_ng_walk(w, near)]
    walks = [w for w in walks if all(a != b for a, b in pairwise(w))]
    least = min([0.0, *(reduced_cost(problem, w, duals, cuts) for w in walks)])
    found = Pricer(network, problem.cost, near, np.inf)(duals, cuts, np.zeros((n + 1, n + 1), dtype=bool), 2, EXACT)
    assert found.least == pytest.approx(least, abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 100_000), kind=st.sampled_from(KINDS), size=st.integers(1, 8))
def test_the_cost_of_a_path_is_that_of_exact_timing(seed, kind, size):
    problem = replace(random_problem(seed, 8, kind), capacity=np.inf)
    route = tuple(np.random.default_rng(seed).permutation(8)[:size] + 1)
    assert Columns(problem, build_network(problem)).cost(route) == pytest.approx(exact_cost(problem, route), abs=1e-9)


def test_a_cut_counts_pairs_of_visits_it_remembers():
    cut, forgetful = Cut(frozenset({1, 2, 3}), frozenset({1, 2, 3, 4})), Cut(frozenset({1, 2, 3}), frozenset({1, 2, 3}))
    assert cut.coefficient((1, 4, 2)) == 1 and forgetful.coefficient((1, 4, 2)) == 0
    assert cut.coefficient((1, 5, 2)) == 0 and cut.coefficient((1, 2, 3)) == 1 and cut.coefficient((3, 5, 1, 2)) == 1
    routes = [(1, 2), (2, 4, 3), (3, 1)]
    visits = np.array([[r.count(j) for j in range(5)] for r in routes])
    assert violated(routes, visits, np.full(3, 0.5), 5) == [cut]
    assert violated(routes[:2], visits[:2], np.full(2, 0.5), 5) == []


def test_words_of_bits_and_shortest_durations():
    flags = np.zeros((2, 130), dtype=bool)
    flags[1, [0, 61, 62, 129]] = True
    packed = pack(flags)
    assert packed.shape == (2, 3) and packed[1].tolist() == [1 | 1 << 61, 1, 1 << 5] and not packed[0].any()
    over_depot = np.array([[9.0, 1, 1], [1, 9, 5], [1, 9, 9]])
    assert shortest_durations(over_depot)[1, 2] == 5


@pytest.mark.parametrize("name", ["C101", "R101", "R201"])
def test_solomon_25(name):
    problem, best = solomon(name, 25)
    priced = branch_and_price(problem, granularity=0.1)
    assert priced.status is Status.OPTIMAL
    assert priced.objective == pytest.approx(best, abs=1e-6) and priced.bound == pytest.approx(best, abs=1e-6)
    again = branch_and_price(problem, granularity=0.1, routes=priced.routes)
    assert again.objective == priced.objective and len(priced.routes) <= problem.vehicles


def solomon(name, n):
    """A file of Solomon's and its best known value, distances cut to one decimal."""
    path = SOLOMON / f"{name}_{n}.txt"
    if not path.exists():
        pytest.skip(f"needs {path.name} of the reference data")
    lines = [line.split() for line in path.read_text().splitlines()]
    vehicles, capacity = next((int(line[0]), float(line[1])) for line in lines if len(line) == 2 and line[0].isdigit())
    table = np.array([line for line in lines if len(line) == 7 and line[0].isdigit()], dtype=float)
    distance = np.hypot(*(table[:, None, k] - table[None, :, k] for k in (1, 2)))
    distance = np.floor(10 * distance + 1e-9) / 10
    hard = np.full(len(table), np.inf)
    known = [line.split(",") for line in (SOLOMON / "best_known.csv").read_text().splitlines()]
    best = next(float(line[3]) for line in known if line[:2] == [name, str(n)])
    return RouteProblem(distance, distance, table[:, 6], table[:, 3], table[:, 4], table[:, 5], hard, hard, vehicles, capacity), best


def test_more_sites_than_bits_in_a_word():
    """70 sites on two rays: sets of two words, every site remembered."""
    n = 70
    place = np.append(0.0, np.where(np.arange(n) < n // 2, 1.0, -1.0) * (1 + np.arange(n) % (n // 2)))
    distance = np.abs(place[:, None] - place[None, :])
    late = np.where(np.arange(n + 1) > 0, np.inf, 0.0)
    ahead = RouteProblem(distance, distance, np.zeros(n + 1), np.zeros(n + 1), np.zeros(n + 1), np.abs(place), late, late, 2, np.inf)
    priced = branch_and_price(ahead, granularity=1.0)
    assert priced.objective == priced.bound == 140 and sorted(map(len, priced.routes)) == [35, 35]


def test_runs_are_repeated_exactly():
    problem = random_problem(5, 8, "soft")
    first, second = branch_and_price(problem), branch_and_price(problem)
    assert (first.routes, first.objective, first.bounds, first.columns) == (second.routes, second.objective, second.bounds, second.columns)


def test_no_time_gives_what_is_at_hand():
    problem = random_problem(5, 8, "soft", closed=0.0)
    priced = branch_and_price(problem, time_limit=0.0)
    assert priced.status is Status.FEASIBLE and priced.bound is None and priced.gap is None
    assert priced.objective == evaluate_routes(problem, priced.routes).total
    seen = []
    whole = branch_and_price(problem, routes=priced.routes, progress=lambda *now: seen.append(now))
    assert whole.objective <= priced.objective and seen[-1][1:] == (whole.bound, whole.objective)


def test_fleets_that_cannot_do_it():
    problem = random_problem(1, 5, "plain", closed=0.0)
    small = replace(problem, capacity=float(problem.demand.max()), vehicles=1)
    assert least_routes(small) > 1
    assert branch_and_price(small).status is Status.INFEASIBLE
    alone = replace(problem, cost=np.where(np.arange(6)[:, None] == 0, problem.cost, np.inf))
    assert branch_and_price(alone).status is Status.INFEASIBLE


def test_insertion_leaves_out_what_it_cannot_serve():
    problem = random_problem(1, 5, "hard", closed=0.0)
    closed = np.array(problem.cost)
    closed[:, 3] = np.inf
    problem = replace(problem, cost=closed, earliest=np.zeros(6), latest=np.full(6, 99.0))
    routes = insertion_routes(problem, Columns(problem, build_network(problem)))
    assert sorted(j for r in routes for j in r) == [1, 2, 4, 5]


def test_input_is_checked():
    problem = random_problem(1, 5)
    with pytest.raises(InputError, match=r"rel_gap is -0.1, expected a number that is not negative"):
        branch_and_price(problem, rel_gap=-0.1)
    with pytest.raises(InputError, match="site 5 is visited 0 times"):
        branch_and_price(problem, routes=[(1, 2, 3, 4)])
