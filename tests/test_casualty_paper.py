"""The script on the casualty routing paper: every number that it prints computed another way."""

import itertools
import math
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from quakeops.decomposition.pricing import branch_and_price
from quakeops.decomposition.routing import route_problem
from quakeops.instances import FixedRouting, load
from quakeops.solvers.genetic import genetic_routes, genetic_tour
from quakeops.solvers.route_cost import evaluate_routes
from quakeops.solvers.route_problem import RouteProblem

PAPER = Path(__file__).parents[1] / "papers" / "casualty_routing.py"
NUMBER = r"(-?[\d.]+)"
SHORTEST, SHORTEST_PATH = 29.340520066994223, 24.050118797676095
BURMA, BURMA_GEO, WUXI_GEO = 30.878503892587997, 3323, 3159
"""Exact optima of the points, computed apart from this package."""


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(PAPER))


@pytest.fixture(scope="module")
def printed(script):
    """Return what the script prints."""
    with pytest.MonkeyPatch.context() as patch:
        lines = []
        patch.setattr(sys, "argv", [str(PAPER), "--seeds", "1"])
        patch.setitem(script["main"].__globals__, "print", lambda *what, end="\n": lines.append(" ".join(map(str, what)) + end))
        script["main"]()
    return "".join(lines)


def points():
    return [(s.x, s.y) for s in load("wuxi-14").sites]


def tour_length(places, tour):
    return sum(math.dist(places[a - 1], places[b - 1]) for a, b in itertools.pairwise([*tour, tour[0]]))


def table(printed):
    """Return the arrivals as (vehicle, stop, arrival, start, late, penalty)."""
    rows, vehicle = [], 0
    part = printed.partition("vehicle  stop")[2].partition("What each feature")[0]
    for line in part.splitlines()[1:]:
        if not line.strip():
            continue
        found = re.match(
            r"^ +(\d*) +([A-Z][A-Za-z' ]+?) +(?:\d+ +)?[\d.]+-[\d.]+ +" + rf"{NUMBER} +{NUMBER} +(-|[\d.]+) +(-|[\d.]+)$", line
        )
        vehicle = int(found[1] or vehicle)
        rows.append((vehicle, found[2], float(found[3]), float(found[4]), *(0.0 if x == "-" else float(x) for x in found.groups()[4:])))
    return rows


def features(printed):
    """Return the table of features: name -> objective, travel, penalties, vehicles, outside."""
    part = printed.partition("What each feature")[2].partition("On the same problem")[0]
    rows = re.findall(rf"^  (\S.{{30}}) +{NUMBER} +{NUMBER} +{NUMBER} +(\d+) +{NUMBER}$", part, re.MULTILINE)
    return {name.strip(): tuple(map(float, numbers)) for name, *numbers in rows}


def test_what_is_published(printed):
    best, drawn = (3, 4, 5, 6, 12, 7, 13, 8, 11, 9, 10, 1, 2, 14), (5, 12, 7, 6, 1, 13, 4, 14, 2, 9, 10, 11, 3, 8)
    for name, tour, km, hours in (("optimal", best, "29.3405", "0.7335"), ("random", drawn, "54.3449", "1.3586")):
        assert sorted(tour) == list(range(1, 15))
        length = tour_length(points(), tour)
        assert f"{length:.4f}" == km and f"{length / 40:.4f}" == hours
        assert re.search(rf"{name} tour, length +{km} +{km}  same", printed)
        assert re.search(rf"{name} tour, hours +{hours} +{hours}  same", printed)
    assert "DIFFERENT" not in printed
    assert f"{tour_length(points(), best) - math.dist(points()[13], points()[2]):.4f}" == "29.3305" and "has 29.3305." in printed


def test_the_proof_that_it_is_the_shortest_tour(printed, script):
    """Held-Karp = reference = branch-and-price with one vehicle; on a few points = all permutations."""
    assert f"closed tour has {SHORTEST:.4f}, so that" in printed and f"without a way back, {SHORTEST_PATH:.4f}" in printed
    distance = script["plane"](load("wuxi-14"))
    assert script["held_karp"](distance) == pytest.approx(SHORTEST, abs=1e-12)
    assert script["shortest_path"](distance) == pytest.approx(SHORTEST_PATH, abs=1e-12)
    none, free = np.zeros(14), np.full(14, np.inf)
    one = RouteProblem(distance, distance, none, none, -free, free, none, none, 1, math.inf)
    assert branch_and_price(one, rel_gap=1e-9).bound == pytest.approx(SHORTEST, rel=1e-8)
    rng = np.random.default_rng(0)
    for n in (2, 3, 6):
        d = rng.random((n, n))  # not symmetric
        closed = min(sum(d[a, b] for a, b in itertools.pairwise((0, *p, 0))) for p in itertools.permutations(range(1, n)))
        path = min(sum(d[a, b] for a, b in itertools.pairwise(p)) for p in itertools.permutations(range(n)))
        assert script["held_karp"](d) == pytest.approx(closed) and script["shortest_path"](d) == pytest.approx(path)


def test_the_points_are_those_of_burma14(printed):
    theirs = [(p.x, p.y) for p in load("burma14").places]
    assert [i + 1 for i in range(14) if points()[i] != theirs[i]] == [14]
    assert (points()[13], theirs[13]) == ((20.09, 92.55), (20.09, 94.55))
    assert "13 of 14 are the same" in printed and "node 14: the article has (20.09, 92.55), TSPLIB (20.09, 94.55)" in printed
    assert f"shortest tour {BURMA:.4f} in the plane, {BURMA_GEO} km" in printed
    assert f"tour is 3160 km long, the shortest {WUXI_GEO}" in printed


def test_genetic_tours(printed, script):
    value = genetic_tour(script["plane"](load("wuxi-14")), seed=0).value
    reached = int(value < SHORTEST + 1e-7)
    assert f"1 seeds: {reached} reach the optimum {SHORTEST:.4f}; best {value:.4f}, mean {value:.4f}, worst {value:.4f}" in printed
    assert "population 100, 200 generations, crossover 0.9, mutation 0.05, gap 0.9" in printed


def test_arrivals_step_by_step(printed):
    """Every time and penalty of the table from the instance's numbers; their sum is the objective, which is the bound."""
    inst, rows = load("wuxi-14"), table(printed)
    assert sorted(r[1] for r in rows if r[1] != "Phoenix Town") == sorted(s.name for s in inst.sites)
    place, weight = {p.name: p for p in inst.places}, {"red": 3, "yellow": 1}
    travel = penalty = 0.0
    for _, route in itertools.groupby(rows, key=lambda r: r[0]):
        stops = list(route)
        assert stops[-1][1] == "Phoenix Town" and sum(place[r[1]].casualties for r in stops[:-1]) <= 150
        here, ready = inst.depot, None
        for _, name, arrival, start, late, cost in stops:
            there = place[name]
            hours = math.dist((here.x, here.y), (there.x, there.y)) / 40
            assert arrival == pytest.approx(arrival if ready is None else ready + hours, abs=1.1e-4) and start >= arrival - 1e-9
            assert ready is not None or arrival >= hours - 1e-4
            own = weight[there.priority] if name != "Phoenix Town" else 1
            assert late == pytest.approx(max(0, start - there.latest), abs=1e-4) and start >= (there.earliest or 0) - 1e-4
            assert cost == pytest.approx(10 * own * late, abs=2e-3)
            travel, penalty, here = travel + hours, penalty + cost, there
            ready = start + (there.service_time if name != "Phoenix Town" else 0)
    found = re.search(rf"Branch-and-price: optimal, {NUMBER} h; bound {NUMBER}, at the root {NUMBER};", printed)
    objective, bound, root = map(float, found.groups())
    assert objective == pytest.approx(travel + penalty, abs=2e-4) and bound == objective and root <= bound
    assert f"travel {travel:.4f} h" in printed


def test_features(printed):
    """Limits and order in beta, the shuttle's closed form, and the stated optimum's plan, which no row's optimum exceeds."""
    rows, inst = features(printed), load("wuxi-14")
    by_beta = [rows[name] for name in ("no penalties (beta = 0)", "beta = 1", "as stated", "beta = 100")]
    for beta, (objective, travel, penalties, _, outside) in zip((0, 1, 10, 100), by_beta, strict=True):
        assert objective == pytest.approx(travel + penalties, abs=2e-4) and penalties == pytest.approx(beta * outside, abs=6e-3)
    assert [r[1] for r in by_beta] == sorted(r[1] for r in by_beta) and [r[4] for r in by_beta] == sorted(
        (r[4] for r in by_beta), reverse=True
    )
    star = sum(2 * math.dist((inst.depot.x, inst.depot.y), p) for p in points()) / 40
    for name in ("back after each site (shuttle)", "shuttle, beta = 0"):
        assert rows[name][1] == pytest.approx(star, abs=6e-5)
    assert rows["shuttle, beta = 0"][0] == rows["shuttle, beta = 0"][1]
    arguments = {
        "no penalties (beta = 0)": {"beta": 0.0},
        "beta = 1": {"beta": 1.0},
        "beta = 100": {"beta": 100.0},
        "back after each site (shuttle)": {"shuttle": True},
        "steps for penalties (eq. 3)": {"penalty": "step"},
    }
    names = [s.name for s in inst.sites]
    stated = [
        [names.index(r[1]) + 1 for r in route if r[1] != "Phoenix Town"]
        for _, route in itertools.groupby(table(printed), key=lambda r: r[0])
    ]
    for name, changed in arguments.items():
        problem = route_problem(FixedRouting.nominal(inst.model_copy(update=changed)))
        assert rows[name][0] <= evaluate_routes(problem, stated).total + 1e-4
    assert re.search(r"hard windows +infeasible: Pioneer Community is 0\.1412 h away, due by 0\.12\n", printed)
    assert rows["steps for penalties (eq. 3)"][2] % 10 == 0


def test_heuristics_do_not_beat_the_optimum(printed):
    best = features(printed)["as stated"][0]
    above = re.findall(rf"article's (?:optimal|random) tour +{NUMBER}, +(\d+) vehicles, {NUMBER} % above", printed)
    assert len(above) == 2
    for value, vehicles, percent in above:
        assert float(value) > best and int(vehicles) <= 10 and float(percent) == pytest.approx(100 * (float(value) / best - 1), abs=0.06)
    value = genetic_routes(route_problem(FixedRouting.nominal(load("wuxi-14"))), seed=0).total
    assert f"best {value:.7f}, mean {value:.7f}, worst {value:.7f}" in printed and value >= best - 5e-5


def test_seeds_are_checked(script, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [str(PAPER), "--seeds", "0"])
    with pytest.raises(SystemExit):
        script["main"]()
    assert "'0': expected a whole number above 0" in capsys.readouterr().err
