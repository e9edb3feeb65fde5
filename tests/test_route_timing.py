"""Optimal timing of a fixed route: the recursion = the linear program = brute force = the recursion over scenarios; closed forms; costs."""

import dataclasses
from itertools import product

import numpy as np
import pytest
from quakeops.errors import InputError
from quakeops.solvers.route_batch import has_soft_windows
from quakeops.solvers.route_cost import evaluate_routes, route_cost
from quakeops.solvers.route_problem import RouteProblem
from quakeops.solvers.route_timing import optimal_timing, route_penalties
from scipy.optimize import linprog

INF = np.inf


def line(gaps, earliest, latest, early=1.0, late=1.0, **more):
    """Sites on a line, ``gaps`` hours apart, and back to the depot in no time; windows of the depot first."""
    at = np.concatenate([[0.0], np.cumsum(gaps)])
    time = np.abs(at[:, None] - at[None, :])
    time[:, 0] = 0.0
    n = len(at)
    given = {"service": np.zeros(n), "demand": np.zeros(n), "vehicles": 1, "capacity": INF} | more
    penalties = [np.broadcast_to(np.asarray(p, dtype=float), n) for p in (early, late)]
    return RouteProblem(cost=time, time=time, earliest=earliest, latest=latest, early=penalties[0], late=penalties[1], **given)


def problems(count, most=8, step=False, soft=False):
    """Small integers, so that break points coincide; penalties may be zero or infinite, and windows absent."""
    for seed in range(count):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(1, most + 1)) + 1
        time = rng.integers(0, 6, (n, n)).astype(float)
        earliest = rng.integers(0, 15, n).astype(float)
        latest = earliest + rng.integers(0, 6, n)
        latest[0] = earliest[0] + rng.integers(5, 25)
        sizes, odds = ([0, 1, 2.5, 7], [0.2, 0.4, 0.2, 0.2]) if soft else ([0, 1, 2.5, 7, INF], [0.2, 0.3, 0.2, 0.2, 0.1])
        early, late = (rng.choice(sizes, n, p=odds) for _ in range(2))
        free = rng.random(n) < 0.1
        earliest[free], latest[rng.random(n) < 0.1] = -INF, INF
        yield RouteProblem(time, time, rng.integers(0, 3, n), np.zeros(n), earliest, latest, early, late, 3, INF, step)


def by_linear_program(problem, route):
    """The least penalty, infinite where there is none, from the formulation with one start, earliness and lateness a service."""
    nodes, before, m = [*route, 0], [0, *route], len(route) + 1
    cost, rows, right = np.zeros(3 * m + 1), [], []
    bounds = [(problem.earliest[0], None)] + [[None, None] for _ in range(m)] + [(0, None)] * (2 * m)

    def row(limit, **entries):
        rows.append(np.zeros(3 * m + 1))
        for place, value in entries.items():
            rows[-1][int(place[1:])] = value
        right.append(limit)

    for k, j in enumerate(nodes):
        row(-problem.service[before[k]] - problem.time[before[k], j], **{f"s{k}": 1, f"s{k + 1}": -1})
        if j and problem.early[j] == INF:
            bounds[k + 1][0] = problem.earliest[j]
        elif j and problem.earliest[j] > -INF:
            cost[m + 1 + k] = problem.early[j]
            row(-problem.earliest[j], **{f"s{k + 1}": -1, f"e{m + 1 + k}": -1})
        if problem.late[j] == INF:
            bounds[k + 1][1] = problem.latest[j]
        elif problem.latest[j] < INF:
            cost[2 * m + 1 + k] = problem.late[j]
            row(problem.latest[j], **{f"s{k + 1}": 1, f"l{2 * m + 1 + k}": -1})
    found = linprog(cost, A_ub=np.array(rows), b_ub=right, bounds=bounds, method="highs")
    return found.fun if found.status == 0 else INF


def penalty_of(problem, route):
    timing = optimal_timing(problem, route)
    return INF if timing is None else timing.penalty


def test_the_recursion_equals_the_linear_program():
    expected, alone, together = [], [], []
    for problem in problems(400):
        route = list(range(1, problem.num_sites + 1))
        expected.append(by_linear_program(problem, route))
        alone.append(penalty_of(problem, route))
        together.append(route_penalties(problem, route, problem.time[None])[0])
    assert alone == pytest.approx(expected, abs=1e-7) and together == pytest.approx(expected, abs=1e-7)
    assert 50 < np.isinf(expected).sum() < 200


def test_the_starts_can_be_driven_and_cost_what_is_said():
    for problem in problems(100):
        route = list(range(1, problem.num_sites + 1))
        if (timing := optimal_timing(problem, route)) is None:
            continue
        nodes = [*route, 0]
        before = np.concatenate([[timing.departure], timing.starts[:-1]])
        assert timing.arrivals == pytest.approx(before + (problem.service[:, None] + problem.time)[[0, *route], nodes])
        assert (timing.starts >= timing.arrivals - 1e-9).all() and timing.departure >= problem.earliest[0] - 1e-9
        assert timing.earliness == pytest.approx(np.maximum(0, problem.earliest[nodes] - timing.starts))
        assert timing.lateness == pytest.approx(np.maximum(0, timing.starts - problem.latest[nodes]))
        early, late = problem.early[nodes], problem.late[nodes]
        assert (timing.earliness[np.isinf(early)] <= 1e-9).all() and (timing.lateness[np.isinf(late)] <= 1e-9).all()
        soft = (np.where(np.isinf(w), 0.0, w) for w in (early, late))
        assert timing.penalties == pytest.approx(next(soft) * timing.earliness + next(soft) * timing.lateness)


def test_of_the_best_timings_it_is_the_earliest():
    """Any start that is later where all others may follow costs the same or more; any earlier one is impossible or costs more."""
    for problem in problems(60, most=4, soft=True):
        route = list(range(1, problem.num_sites + 1))
        timing = optimal_timing(problem, route)
        for k, j in enumerate(route):
            sooner = dataclasses.replace(problem, latest=problem.latest.copy(), late=problem.late.copy())
            sooner.latest[j], sooner.late[j] = timing.starts[k] - 0.25, INF
            if sooner.latest[j] < problem.earliest[j] or problem.latest[j] < timing.starts[k]:
                continue  # the node's own penalty would change with it
            assert penalty_of(sooner, route) > timing.penalty + 1e-9


def test_steps_equal_brute_force():
    """All data are whole, so some whole starts are best; a departure may be free."""
    for problem in problems(60, most=3, step=True, soft=True):
        route = list(range(1, problem.num_sites + 1))
        lags = (problem.service[:, None] + problem.time)[[0, *route], [*route, 0]]
        first = problem.earliest[0] if problem.earliest[0] > -INF else -30.0
        waits = np.array(list(product(range(4), repeat=len(lags))))
        starts = first + np.cumsum(lags + waits, axis=1)
        under, over = starts[:, :-1] < problem.earliest[route], starts[:, :-1] > problem.latest[route]
        back = problem.late[0] * np.maximum(0.0, starts[:, -1] - problem.latest[0])
        least = (over @ problem.late[route] - under @ problem.early[route] + back).min()
        assert penalty_of(problem, route) == pytest.approx(least)
        assert route_penalties(problem, route, problem.time[None])[0] == pytest.approx(least)


@pytest.mark.parametrize("step", [False, True])
def test_scenarios_equal_one_by_one(step):
    rng = np.random.default_rng(5)
    n = 9
    time = rng.uniform(1, 6, (n, n))
    route = [*(rng.permutation(6) + 1).tolist(), 7, 8]
    earliest, latest = np.zeros(n), np.full(n, 99.0)
    earliest[route] = np.arange(2, 42, 5)
    latest[route] = earliest[route] + 4
    early, late = rng.uniform(0.5, 3, (2, n))
    early[[2, 5]] = late[[3, 7]] = INF
    latest[[3, 7]] += 2
    problem = RouteProblem(time, time, np.ones(n), np.zeros(n), earliest, latest, early, late, 1, INF, step)
    times = time * rng.uniform(0.8, 1.6, (60, n, n))
    times[7, 7, 8] = INF
    together = route_penalties(problem, route, times)
    alone = [INF if (t := optimal_timing(problem, route, time=s)) is None else t.penalty for s in times]
    assert together == pytest.approx(alone)
    assert np.isinf(together[7]) and 5 < np.isfinite(together).sum() < 55 and len(np.unique(together)) > 5


def test_a_missing_arc_forbids_a_scenario_even_without_windows():
    problem = line([2, 1], [0, 0, 0], [9, 9, 9], 0, 0)
    times = np.stack([problem.time] * 2)
    times[1, 1, 2] = INF
    assert route_penalties(problem, [1, 2], times).tolist() == [0, INF]
    assert optimal_timing(problem, [1, 2], time=times[1]) is None


class TestClosedForms:
    def test_waiting_trades_earliness_here_for_lateness_there(self):
        """Two sites an hour apart, windows both [5, 5] and [5, 5]: to shift the pair costs its weights; begin at 5 and 6, or 4 and 5."""
        for early, late, starts, penalty in ((1, 3, [4, 5], 1), (3, 1, [5, 6], 1)):
            timing = optimal_timing(line([2, 1], [0, 5, 5], [99, 5, 5], early, late), [1, 2])
            assert timing.starts[:2].tolist() == starts and timing.penalty == penalty

    def test_lateness_that_cannot_be_avoided(self):
        timing = optimal_timing(line([2, 1], [3, 0, 0], [99, 4, 5], late=2.5), [1, 2])
        assert timing.starts[:2].tolist() == [5, 6] and timing.penalty == 2.5 * (1 + 1)
        assert timing.lateness.tolist() == [1, 1, 0] and timing.penalties.tolist() == [2.5, 2.5, 0]

    def test_it_waits_for_penalties_only(self):
        """Without a penalty of earliness the windows [5, 9] are entered at once; with one, at 5."""
        for early, starts in ((0, [2, 3]), ([0, 0, 1], [2, 5]), (1, [5, 6])):
            assert optimal_timing(line([2, 1], [0, 5, 5], [99, 9, 9], early), [1, 2]).starts[:2].tolist() == starts

    def test_hard_windows_wait_and_refuse(self):
        problem = line([2, 1], [0, 5, 0], [99, 9, 6], INF, INF)
        timing = optimal_timing(problem, [1, 2])
        assert timing.starts[:2].tolist() == [5, 6] and timing.penalty == 0
        assert timing.departure == 3 and timing.arrivals[:2].tolist() == [5, 6]
        assert optimal_timing(dataclasses.replace(problem, latest=[99, 9, 5.99]), [1, 2]) is None

    def test_the_return_is_a_service_at_the_depot(self):
        problem = line([2, 1], [0, 0, 0], [1, 9, 9], late=[4, 0, 0])
        assert optimal_timing(problem, [1, 2]).penalty == 4 * 2
        assert optimal_timing(dataclasses.replace(problem, late=[INF, 0, 0]), [1, 2]) is None

    def test_a_free_departure_keeps_every_window(self):
        """Windows that lie before time 0 are met where the depot has none."""
        problem = line([2, 1], [-INF, -50, -40], [INF, -50, -40], 1, 1)
        timing = optimal_timing(problem, [1, 2])
        assert timing.penalty == 0 and timing.starts[:2].tolist() == [-50, -40] and timing.departure == -52

    def test_step_pays_for_being_early_and_is_exact_at_the_bounds(self):
        """Eq. 3 of the source, times 2: early -1 up to the earliest time itself, late 1 beyond the latest."""
        problem = line([2, 1], [0, 3, 3], [99, 9, 9], 2, 2, step=True)
        assert optimal_timing(problem, [1, 2]).penalty == -4  # at 2, early; at 3, just early
        assert optimal_timing(dataclasses.replace(problem, latest=[99, 9, 3]), [1, 2]).penalty == -4
        assert optimal_timing(dataclasses.replace(problem, earliest=[0, 0, 0], latest=[99, 1, 2.5]), [1, 2]).penalty == 4

    def test_rounding_misses_no_window(self):
        """0.1 + 0.2 > 0.3 in floating point: hard windows and steps at sums of decimals."""
        problem = line([0.1, 0.2], [0, 0, 0], [99, 0.1, 0.3], INF, INF)
        assert optimal_timing(problem, [1, 2]).penalty == 0 and route_penalties(problem, [1, 2], problem.time[None])[0] == 0
        step = line([0.1, 0.2], [0, 0, 0], [99, 0.1, 0.3], 1, 1, step=True)
        assert optimal_timing(step, [1, 2]).penalty == 0 and route_penalties(step, [1, 2], step.time[None])[0] == 0


def test_longer_travel_never_costs_less():
    rng = np.random.default_rng(2)
    problem = line([2, 3, 1], [0, 4, 9, 6], [30, 6, 9, 8], 1, 2)
    times = problem.time * (1 + np.sort(rng.uniform(0, 3, 50)))[:, None, None]
    assert (np.diff(route_penalties(problem, [3, 1, 2], times)) >= -1e-9).all()


def test_costs_are_the_sum_of_the_routes():
    problem = line([2, 1, 4], [0, 3, 3, 3], [5, 4, 4, 4], 1, 2, vehicles=2)
    plan = evaluate_routes(problem, [[3, 1], [2]], by="hand")
    assert plan.cost == route_cost(problem, [3, 1]) + route_cost(problem, [2]) == (7 + 5 + 0) + (3 + 0)
    assert plan.penalty == sum(t.penalty for t in plan.timings) == 3 * 2 + 8 * 2 + 7 * 2 + 0
    assert plan.total == plan.cost + plan.penalty and plan.by == "hand"
    assert [(v.vehicle, v.stop, v.node, v.name, v.start, v.penalty) for v in plan.visits] == [
        (1, 1, 3, "3", 7, 6), (1, 2, 1, "1", 12, 16), (1, 3, 0, "depot", 12, 14), (2, 1, 2, "2", 3, 0), (2, 2, 0, "depot", 3, 0),
    ]  # fmt: skip
    assert evaluate_routes(dataclasses.replace(problem, late=np.full(4, INF)), [[3, 1], [2]]) is None
    cut = problem.cost.copy()
    cut[3, 1] = INF
    assert evaluate_routes(dataclasses.replace(problem, cost=cut), [[3, 1], [2]]) is None


def test_soft_windows_are_told_from_hard_and_absent_ones():
    problem = line([1], [0, 1], [INF, 2], INF, INF)
    assert not has_soft_windows(problem)
    assert has_soft_windows(dataclasses.replace(problem, early=[0, 1]))
    assert not has_soft_windows(dataclasses.replace(problem, late=[5, INF]))  # the depot's window never ends
    assert not has_soft_windows(dataclasses.replace(problem, early=[5, 0], late=[0, 0]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: optimal_timing(p, []), "an empty route"),
        (lambda p: optimal_timing(p, [1], time=np.zeros((3, 3))), r"shape \(3, 3\), expected \(2, 2\)"),
        (lambda p: route_penalties(p, [1], np.zeros((2, 2))), r"times has shape \(2, 2\)"),
        (lambda p: evaluate_routes(p, [[1], [1]]), "site 1 is visited 2 times"),
        (lambda p: evaluate_routes(p, []), "site 1 is visited 0 times"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(InputError, match=message):
        call(line([1], [0, 0], [9, 9]))
