"""Retrofit under risk measures: brute force over all plans and repairs, what the quiet year does to CVaR, certificates."""

import itertools

import numpy as np
import pytest
import quakeops

PLACES = ("a", "b", "c", "d")
LINKS = {"ab": 4, "bc": 5, "cd": 3, "da": 6, "ac": 7, "bd": 9}
"""Every two of four places are joined; each link is an element of its own."""

PAIRS = {"ac": (["ab", "bc"], 0.2), "bd": (["bc", "cd"], 0.3), "da": (["da"], 0.1)}
COSTS = {"ab": (60, 100), "bc": (90, 150), "cd": (40, 120), "da": (100, 200), "ac": (50, 90), "bd": (30, 160)}
SCENARIOS = [
    (0.008, {"ab": 9, "cd": 6}),
    (0.006, {"ab": None, "bc": 8, "da": None}),
    (0.004, {"bc": None, "cd": None, "bd": 20}),
    (0.002, {"ab": None, "bc": None, "cd": 9, "da": 14, "ac": None}),
]
"""Rates a year, 0.02 together, and times under damage."""

RIVER = {
    "format": "quakeops/retrofit/1",
    "name": "four places",
    "title": "Four places, each joined to each",
    "source": {"citation": "invented for the tests", "licence": "Apache-2.0"},
    "provenance": {"everything": "synthetic"},
    "places": [{"name": p, "latitude": i, "longitude": 0} for i, p in enumerate(PLACES)],
    "elements": [{"name": e, "retrofit_cost": before, "repair_cost": after} for e, (before, after) in COSTS.items()],
    "links": [{"name": e, "ends": list(e), "time": time, "element": e} for e, time in LINKS.items()],
    "pairs": [{"name": p, "origin": p[0], "destination": p[1], "path": path, "tolerance": t} for p, (path, t) in PAIRS.items()],
    "scenarios": [{"name": f"s{k}", "rate": rate, "times": times} for k, (rate, times) in enumerate(SCENARIOS)],
}
SETS = [frozenset(c) for size in range(len(LINKS) + 1) for c in itertools.combinations(LINKS, size)]


def simple_paths(origin, destination):
    """Every path from place to place without a loop, as links."""
    between = [p for p in PLACES if p not in (origin, destination)]
    for size in range(len(between) + 1):
        for way in itertools.permutations(between, size):
            stops = (origin, *way, destination)
            yield [next(e for e in LINKS if set(e) == set(pair)) for pair in itertools.pairwise(stops)]


def meets(requirement, times, restored):
    """Whether every pair is in time."""
    now = {e: LINKS[e] if e in restored else (np.inf if (t := times.get(e, LINKS[e])) is None else t) for e in LINKS}
    for pair, (path, tolerance) in PAIRS.items():
        ways = [path] if requirement == "path" else list(simple_paths(*pair))
        limit = min(sum(LINKS[e] for e in way) for way in ways) * (1 + tolerance)
        if min(sum(now[e] for e in way) for way in ways) > limit * (1 + 1e-9):
            return False
    return True


def all_costs(requirement, ratio):
    """Return the cost (X, S) of every plan, in the order of SETS, in the quiet year and in each scenario, repairs at their best."""
    good = [[z for z in SETS if meets(requirement, times, z)] for times in ({}, *(times for _, times in SCENARIOS))]
    repair = {z: sum(COSTS[e][1] for e in z) for z in SETS}
    return np.array([[sum(COSTS[e][0] for e in x) + ratio * min(repair[z - x] for z in own) for own in good] for x in SETS])


P = np.array([1 - sum(rate for rate, _ in SCENARIOS), *(rate for rate, _ in SCENARIOS)])


def worst_mean(costs, share):
    """Return the mean of the worst ``share`` of the probability, costs sorted and filled up one by one."""
    total, left = 0.0, share
    for s in np.argsort(-costs):
        taken = min(P[s], left)
        total, left = total + taken * costs[s], left - taken
    return total / share


RISKS = {
    "mean": lambda costs: float(P @ costs),
    "cvar:0.95": lambda costs: worst_mean(costs, 0.05),
    "cvar:0.99": lambda costs: worst_mean(costs, 0.01),
    "mean-cvar:0.4:0.995": lambda costs: 0.6 * float(P @ costs) + 0.4 * worst_mean(costs, 0.005),
    "worst": lambda costs: float(costs.max()),
}


@pytest.fixture
def river(write):
    return str(write("river.json", RIVER))


@pytest.mark.parametrize("requirement", ["path", "shortest"])
def test_all_plans_by_brute_force(river, requirement):
    costs = all_costs(requirement, 1.0)
    for risk, measure in RISKS.items():
        best = min(map(measure, costs))
        for method in ("ef", "benders"):
            found = quakeops.solve(
                "retrofit", instance=river, method=method, risk=risk, rel_gap=1e-8, certificate=True, arguments={"requirement": requirement}
            )
            assert (found.objective, found.bound) == (pytest.approx(best, rel=1e-6), pytest.approx(best, rel=1e-6)), (risk, method)
            chosen = frozenset(e for e in LINKS if found.first_stage[f"retrofit[{e}]"] > 0.5)
            assert measure(costs[SETS.index(chosen)]) == pytest.approx(best, rel=1e-6)
            assert quakeops.verify(found).ok


def test_the_level_decides():
    """On average nothing is worth a retrofit, and what is depends on how far in the tail one looks."""
    costs = all_costs("shortest", 1.0)
    plans = {risk: SETS[int(np.argmin([measure(c) for c in costs]))] for risk, measure in RISKS.items()}
    assert plans["mean"] == plans["cvar:0.95"] == frozenset()
    assert (plans["cvar:0.99"], plans["worst"]) == ({"da"}, {"da", "ac"})


def test_a_tail_that_holds_every_earthquake_is_a_ratio(river):
    """As long as 1 - alpha is at least the total rate, the quiet year fills the tail up: CVaR at ratio r is the mean at r / (1 - alpha)."""

    def solved(ratio, risk="mean"):
        return quakeops.solve("retrofit", instance=river, risk=risk, rel_gap=1e-8, arguments={"ratio": ratio})

    tail, mean = solved(2.0, "cvar:0.95"), solved(40.0)
    assert tail.objective == pytest.approx(mean.objective, rel=1e-7)
    assert tail.first_stage == pytest.approx(mean.first_stage) and sum(mean.first_stage.values()) == 2
    assert solved(0.5, "cvar:0.99").objective < 0.9 * solved(50.0).objective
