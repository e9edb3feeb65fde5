"""Heuristic routes: insertion against brute force, small optima, published values of Solomon's instances, limits, seeds, with and without PyVRP."""

import dataclasses
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from quakeops.errors import InputError, SolverUnavailableError
from quakeops.solvers import route_heuristic, route_pyvrp
from quakeops.solvers import ruin_recreate as ruin_recreate_module
from quakeops.solvers.route_cost import evaluate_routes, route_cost
from quakeops.solvers.route_heuristic import good_routes
from quakeops.solvers.route_positions import RoutePositions
from quakeops.solvers.route_problem import RouteProblem
from quakeops.solvers.route_pyvrp import pyvrp_routes, pyvrp_version
from quakeops.solvers.route_timing import optimal_timing
from quakeops.solvers.ruin_recreate import ruin_recreate

INF = np.inf
SOLOMON = Path(__file__).parents[2] / "shared" / "data" / "vrptw"
needs_solomon = pytest.mark.skipif(not SOLOMON.is_dir(), reason="the reference data (shared/data/vrptw) are not beside the checkout")
needs_pyvrp = pytest.mark.skipif(pyvrp_version() is None, reason="PyVRP is not installed")
EITHER = [False, pytest.param(True, marks=needs_pyvrp)]


def solomon(name, penalty=INF):
    """An instance with distances cut off after one decimal, and every window's penalty."""
    rows = [line.split() for line in (SOLOMON / f"{name}.txt").read_text(encoding="utf-8").splitlines()]
    fleet = next(rows[k + 1] for k, row in enumerate(rows) if row[:1] == ["NUMBER"])
    sites = np.array([row for row in rows if len(row) == 7], dtype=float)
    apart = sites[:, None, 1:3] - sites[None, :, 1:3]
    time = np.floor(10 * np.hypot(apart[..., 0], apart[..., 1]) + 1e-9) / 10
    penalties = np.full(len(sites), penalty)
    return RouteProblem(
        time, time, sites[:, 6], sites[:, 3], sites[:, 4], sites[:, 5], penalties, penalties, int(fleet[0]), float(fleet[1])
    )


def problems(count, most):
    """Small whole numbers: soft, hard, absent and step windows, missing arcs, no triangle inequality; each with its own generator."""
    for seed in range(count):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(1, most + 1)) + 1
        cost, time = rng.integers(0, 9, (2, n, n)).astype(float)
        earliest = rng.integers(0, 15, n).astype(float)
        latest = earliest + rng.integers(0, 8, n)
        latest[0] = earliest[0] + rng.integers(10, 30)
        early, late = (rng.choice([0, 1, 2.5, INF], n, p=[0.2, 0.4, 0.25, 0.15]) for _ in range(2))
        earliest[rng.random(n) < 0.1] = -INF
        latest[rng.random(n) < 0.1] = INF
        time[rng.random((n, n)) < 0.03] = INF
        cost[rng.random((n, n)) < 0.03] = INF
        demand = np.append(0, rng.integers(0, 3, n - 1))
        yield RouteProblem(cost, time, rng.integers(0, 2, n), demand, earliest, latest, early, late, 3, 6.0, bool(seed % 3 == 0)), rng


def value_of(problem, route):
    """The objective's part of one route; infinite where it is forbidden."""
    timing = optimal_timing(problem, route) if route else None
    if not route:
        return 0.0
    full = problem.demand[route].sum() > problem.capacity
    return INF if timing is None or full else route_cost(problem, route) + timing.penalty


def rewards(problem, route):
    """What step penalties are raised by inside the search: each ``early`` that may be earned."""
    paid = np.isfinite(problem.early[route]) & np.isfinite(problem.earliest[route])
    return problem.early[route][paid].sum() if problem.step and route else 0.0


def test_an_insertion_is_the_best_there_is():
    """Every place of every route by the evaluator, against the positions and hinges of the search."""
    compared = 0
    for problem, rng in problems(700, 8):
        site, *others = (rng.permutation(problem.num_sites) + 1).tolist()
        cuts = sorted(rng.integers(0, len(others) + 1, 2))
        plan = RoutePositions(problem)
        routes = [others[: cuts[0]], others[cuts[0] : cuts[1]], others[cuts[1] :]][: plan.vehicles]
        for vehicle, route in enumerate(routes):
            plan.set_route(vehicle, route)
            if problem.demand[route].sum() <= problem.capacity:
                assert plan.totals[vehicle] == pytest.approx(value_of(problem, route) + rewards(problem, route))
        old = [value_of(problem, route) for route in routes]
        new = {(v, k): value_of(problem, [*r[:k], site, *r[k:]]) for v, r in enumerate(routes) for k in range(len(r) + 1)}
        if any(value < INF and old[v] == INF for (v, _), value in new.items()):
            continue  # the site mends a route, and the difference means nothing
        added = {place: value - old[place[0]] if value < INF else INF for place, value in new.items()}
        place = plan.best_position(site, np.ones(len(plan.after), dtype=bool))
        assert (INF if place is None else added[place]) == pytest.approx(min(added.values()))
        compared += place is not None
    assert compared > 500


def optimum(problem):
    """The best routes by brute force over sets and orders."""
    sites = range(1, problem.num_sites + 1)
    sets = range(1, 2**problem.num_sites)
    members = {m: [j for j in sites if m >> (j - 1) & 1] for m in sets}
    single = {m: min(value_of(problem, list(order)) for order in permutations(members[m])) for m in sets}
    best = {0: 0.0}
    for _ in range(problem.vehicles):
        grown = dict(best)
        for done, value in best.items():
            for m in sets:
                if not done & m and value + single[m] < grown.get(done | m, INF):
                    grown[done | m] = value + single[m]
        best = grown
    return best.get(2**problem.num_sites - 1, INF)


@pytest.mark.parametrize("use_pyvrp", EITHER)
def test_small_problems_are_solved(use_pyvrp):
    """At four sites a short search finds the optimum, and None just where there is no plan."""
    values = []
    for problem, _ in problems(40, 4):
        found = good_routes(problem, time_limit=60, seed=1, iterations=60, use_pyvrp=use_pyvrp)
        values.append(INF if found is None else found.total)
        assert values[-1] == pytest.approx(optimum(problem))
        assert found is None or found.total == evaluate_routes(problem, found.routes).total
    assert 5 < np.isinf(values).sum() < 35


@needs_solomon
@pytest.mark.parametrize("use_pyvrp", EITHER)
@pytest.mark.parametrize(("name", "best"), [("C101_25", 191.3), ("R101_25", 617.1), ("RC201_25", 360.2)])
def test_published_optima(name, best, use_pyvrp):
    """Best known values with distances cut off after one decimal; hard windows, and beta 10,000, which is as good as hard."""
    hard = good_routes(solomon(name), time_limit=60, seed=0, iterations=400, use_pyvrp=use_pyvrp)
    assert hard.total == pytest.approx(best) and hard.penalty == 0
    stiff = good_routes(solomon(name, 1e4), time_limit=60, seed=0, iterations=250, use_pyvrp=use_pyvrp)
    assert stiff.total == pytest.approx(best, rel=0.01) and stiff.total >= best - 1e-6


@needs_solomon
def test_limits_in_the_penalty():
    """Penalty 0 is the capacitated problem without windows, and the value rises with the penalty up to that of hard windows."""

    def value(problem, iterations):
        return good_routes(problem, time_limit=60, seed=0, iterations=iterations, use_pyvrp=False).total

    values = [value(solomon("R101_25", penalty), few) for penalty, few in ((0, 1000), (1, 150), (INF, 300))]
    assert values == sorted(values) and values[2] == pytest.approx(617.1)
    free = dataclasses.replace(solomon("R101_25", 0), earliest=np.full(26, -INF), latest=np.full(26, INF))
    assert value(free, 1000) == pytest.approx(values[0])


@needs_solomon
@pytest.mark.parametrize("use_pyvrp", EITHER)
def test_a_seed_is_a_result(use_pyvrp):
    problem = solomon("R101_25", 1.0)
    runs = [good_routes(problem, time_limit=60, seed=seed, iterations=20, use_pyvrp=use_pyvrp) for seed in (3, 3, 4)]
    assert runs[0].routes == runs[1].routes != runs[2].routes


def tiny(**more):
    """Three sites in a row, an hour apart, without windows."""
    time = np.abs(np.subtract.outer(np.arange(4.0), np.arange(4.0)))
    given = {
        "cost": time, "time": time, "service": np.zeros(4), "demand": [0, 1, 1, 1], "earliest": np.full(4, -INF), "latest": np.full(4, INF),
        "early": np.zeros(4), "late": np.zeros(4), "vehicles": 3, "capacity": INF,
    }  # fmt: skip
    return RouteProblem(**given | more)


@needs_pyvrp
class TestPyvrp:
    def test_it_says_who_found_the_routes(self):
        version = pyvrp_version()
        hard = good_routes(tiny(), time_limit=60, iterations=20)
        assert hard.by == f"pyvrp {version}" and hard.total == 6
        soft = good_routes(tiny(latest=[INF, 1, 1, 1], late=np.ones(4)), time_limit=60, iterations=20)
        assert soft.by == f"pyvrp {version}, local search"

    def test_windows_that_rounding_would_break_are_kept(self):
        """Times of thirds have no common decimals: a window that just fits, and one that just does not."""
        third = tiny(time=tiny().time / 3, late=np.full(4, INF), vehicles=1)
        for latest, fits in (([INF, 1 / 3, 2 / 3, 1], True), ([INF, 1 / 3, 0.66, 1], False)):
            found = good_routes(dataclasses.replace(third, earliest=np.zeros(4), latest=np.array(latest)), time_limit=60, iterations=50)
            assert (found is not None) == fits

    @pytest.mark.parametrize("keep_soft", [True, False])
    def test_its_integers_are_on_the_safe_side(self, keep_soft):
        """Decimals as they are, thirds rounded: travel with service up, windows inwards, from the departure on; missing arcs beyond all sums."""
        rng = np.random.default_rng(0)
        hard = np.array([INF, INF, 1, 1])
        for divisor in (10, 3):
            time, window = rng.integers(1, 99, (4, 4)) / divisor, np.array([700, 50, 60, 70]) / divisor
            time[2, 3] = INF
            begin = np.full(4, 40 / divisor)
            problem = tiny(
                time=time,
                service=np.arange(1, 5) / divisor,
                earliest=begin + np.array([0, 5, 0, 0]) / divisor,
                latest=begin + window,
                early=hard,
                late=hard,
            )
            data = route_pyvrp._data(problem, keep_soft)
            durations = data.duration_matrix(0)
            lag = (time + problem.service[:, None])[0, 1:]
            unit = 0.1 if divisor == 10 else window[0] / 1e6
            exact = 1e-9 if divisor == 10 else 1.001
            assert (durations[0, 1:] * unit >= lag - 1e-4 * unit).all() and durations[0, 1:] * unit == pytest.approx(lag, abs=exact * unit)
            assert durations[2, 3] > durations[np.isfinite(time)].sum() and data.distance_matrix(0)[2, 3] == durations[2, 3]
            assert data.vehicle_type(0).tw_late * unit == pytest.approx(window[0], abs=exact * unit)
            for j in (1, 2, 3):
                client, kept = data.client(j - 1), j == 1 or keep_soft
                assert client.tw_early * unit == pytest.approx(5 / divisor if j == 1 else 0, abs=exact * unit)
                assert (client.tw_late * unit == pytest.approx(window[j], abs=exact * unit)) == kept
                assert kept or client.tw_late > durations[0].sum()

    def test_routes_that_carry_too_much_are_none(self):
        assert pyvrp_routes(tiny(demand=[0, 2, 2, 2], vehicles=2, capacity=3.0), time_limit=60, seed=0, iterations=20) is None

    def test_it_gets_the_limits_and_the_seed(self, monkeypatch):
        calls = []
        monkeypatch.setattr(route_heuristic, "pyvrp_routes", lambda problem, **limits: calls.append(limits))
        good_routes(tiny(), time_limit=10, seed=7, iterations=5)
        good_routes(tiny(latest=[9, 1, 1, 1], late=np.ones(4)), time_limit=10, seed=7, iterations=5)
        assert calls == [{"time_limit": t, "seed": 7, "keep_soft": k, "iterations": 5} for t, k in ((8, True), (2.5, True), (2.5, False))]

    def test_soft_windows_are_kept_or_left_out(self):
        """One vehicle, and the far site first in time: to keep its window costs a way there and back."""
        problem = tiny(earliest=np.zeros(4), latest=[INF, 9, 9, 3], early=np.zeros(4), late=np.ones(4), vehicles=1)
        problem = dataclasses.replace(problem, earliest=np.array([0, 5.0, 0, 0]), early=np.ones(4))
        assert pyvrp_routes(problem, time_limit=60, seed=0, iterations=50)[0][-1] == 1
        assert sorted(pyvrp_routes(problem, time_limit=60, seed=0, iterations=50, keep_soft=False)[0]) == [1, 2, 3]

    def test_missing_arcs_and_depot_service(self):
        cut = tiny().cost.copy()
        cut[1, 2] = INF
        found = good_routes(tiny(cost=cut, vehicles=1), time_limit=60, iterations=50)
        assert found.total == 6 and (1, 2) not in list(zip(found.routes[0], found.routes[0][1:], strict=False))
        slow = tiny(service=[5, 0, 0, 0], earliest=np.zeros(4), latest=[INF, 5.5, INF, INF], late=np.full(4, INF))
        assert good_routes(slow, time_limit=60, iterations=50) is None


def test_without_pyvrp_the_search_is_our_own(monkeypatch):
    monkeypatch.setattr(route_pyvrp, "find_spec", lambda name: None)
    assert route_pyvrp.pyvrp_version() is None
    found = good_routes(tiny(), time_limit=60, iterations=20)
    assert found.by == route_heuristic.OWN and found.total == 6
    with pytest.raises(SolverUnavailableError, match=r"pip install 'quakeops\[routing\]'"):
        good_routes(tiny(), time_limit=60, use_pyvrp=True)


def test_an_old_pyvrp_does_not_count(monkeypatch):
    """Its classes differ below 0.14."""
    monkeypatch.setattr(route_pyvrp, "find_spec", lambda name: "there")
    for version, counts in (("0.13.2", False), ("0.14.0", True), ("1.0.0", True)):
        monkeypatch.setattr(route_pyvrp.metadata, "version", lambda name, version=version: version)
        assert (pyvrp_version() is not None) == counts


def test_a_start_is_improved_and_may_leave_sites_out():
    assert ruin_recreate(tiny(vehicles=1), time_limit=60, seed=0, iterations=1, start=[[2]]) is not None
    best = ruin_recreate(tiny(), time_limit=60, seed=0, iterations=50, start=[[1], [2], [3]])
    assert len(best) == 1


def test_the_best_plan_is_kept(monkeypatch):
    """A search that accepts everything wanders off, and returns the start that was best."""
    monkeypatch.setattr(ruin_recreate_module, "HOT", 1e9)
    monkeypatch.setattr(ruin_recreate_module, "COLD", 1e9)
    problem = dataclasses.replace(next(p for p, _ in problems(99, 8) if p.num_sites == 8), capacity=99.0, vehicles=8, step=False)
    problem = dataclasses.replace(problem, early=np.zeros(9), late=np.zeros(9))
    rough = [evaluate_routes(problem, ruin_recreate(problem, time_limit=60, seed=0, iterations=k)).total for k in (1, 20, 80, 200)]
    assert rough == sorted(rough, reverse=True) and rough[0] > rough[-1]


def test_no_plan_is_none():
    """Three sites of demand 2, two vehicles of capacity 3."""
    assert good_routes(tiny(demand=[0, 2, 2, 2], vehicles=2, capacity=3.0), time_limit=60, iterations=30, use_pyvrp=False) is None


@pytest.mark.parametrize(
    ("given_", "message"), [({"time_limit": 0}, "time_limit: 0"), ({"time_limit": 1, "iterations": 0}, "iterations: 0")]
)
def test_bad_limits_are_named(given_, message):
    with pytest.raises(InputError, match=message):
        good_routes(tiny(), **given_)
