"""The script on the linear assumption: every number that it prints against decisions by brute force and equilibria of our own."""

import re
import runpy
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from quakeops.scenario_gen.grid_town.closures import SLOW_CAPACITY, SLOW_TIME
from quakeops.scenario_gen.sources import open_roads
from quakeops.scenario_gen.traffic import user_equilibrium
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

pytest.importorskip("matplotlib")

PAPER = Path(__file__).parents[1] / "papers" / "retrofit_traffic.py"
DATA = Path(__file__).parents[2] / "shared" / "data" / "retrofit" / "tntp"


class Town:
    """What the script is about, computed another way."""

    def __init__(self, name, scenarios):
        self.source = open_roads(name, num_scenarios=scenarios, seed=0)
        inst = self.inst = self.source.instance
        self.names = [e.name for e in inst.elements]
        self.carrier = [link.element for link in inst.links]
        self.intact = np.array([link.time for link in inst.links])
        node = {p.name: i for i, p in enumerate(inst.places)}
        self.ends = [(node[p.origin], node[p.destination]) for p in inst.pairs]
        self.tail, self.head = (np.array([node[link.ends[i]] for link in inst.links]) for i in (0, 1))
        self.tolerance = np.array([1 + p.tolerance for p in inst.pairs])
        self.traffic_limits = self.traffic_times({}) * self.tolerance
        self.damage = [{e: s for e, s in zip(self.names, row, strict=True) if s} for row in self.source.states.tolist()]

    def shortest(self, times):
        """Times (P,) of the pairs' shortest paths over links with these times; a street has no parallel one."""
        open_, n = np.isfinite(times), len(self.inst.places)
        graph = csr_array((times[open_], (self.tail[open_], self.head[open_])), shape=(n, n))
        distance = dijkstra(graph)
        return np.array([distance[end] for end in self.ends])

    def equilibrium(self, left):
        """Traffic where the elements ``left`` are slowed (1) or closed (2)."""
        state = np.array([left.get(e, 0) for e in self.carrier])
        slow = np.where(state == 1, SLOW_TIME, 1.0), np.where(state == 1, SLOW_CAPACITY, 1.0)
        return user_equilibrium(self.source.network.damaged(state == 2, *slow), self.source.trips, rel_gap=1e-10)

    def traffic_times(self, left):
        """Times (P,) of the pairs with traffic."""
        found = self.equilibrium(left)
        return self.shortest(np.where(found.network.closed, np.inf, found.time))

    def linear_times(self, requirement, k, restored):
        """Times (P,) of the pairs as the linear model has them in scenario k."""
        mended = np.array([e in restored for e in self.carrier])
        times = np.where(mended, self.intact, self.source.scenario(k).times)
        if requirement == "shortest":
            return self.shortest(times)
        number = {link.name: i for i, link in enumerate(self.inst.links)}
        return np.array([sum(times[number[name]] for name in p.path) for p in self.inst.pairs])

    def cheapest(self, k, retrofitted, in_time):
        """Restored elements and cost of the cheapest repairs with which ``in_time(restored)``."""
        fixed = frozenset(self.damage[k]) & retrofitted
        cost = {e.name: e.repair_cost for e in self.inst.elements}
        rest = sorted(frozenset(self.damage[k]) - fixed)
        sets = [frozenset(c) for n in range(len(rest) + 1) for c in combinations(rest, n)]
        for more in sorted(sets, key=lambda z: sum(cost[e] for e in z)):
            if in_time(fixed | more):
                return fixed | more, sum(cost[e] for e in more)
        raise AssertionError("nothing is in time")

    def linear_decisions(self, requirement, retrofitted):
        """Restored elements and repair costs of every scenario."""
        limits = self.linear_times(requirement, 0, frozenset(self.names)) * self.tolerance * (1 + 1e-9)
        return [
            self.cheapest(k, retrofitted, lambda z, k=k: bool((self.linear_times(requirement, k, z) <= limits).all()))
            for k in range(self.source.num_scenarios)
        ]

    def ratio(self, k, restored):
        """Time over limit (P,) with traffic."""
        return self.traffic_times({e: s for e, s in self.damage[k].items() if e not in restored}) / self.traffic_limits


def printed(capsys, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["retrofit_traffic.py", *map(str, arguments)])
    runpy.run_path(str(PAPER), run_name="__main__")
    return capsys.readouterr().out


def number(pattern, text):
    """The one number that takes the place of ``#`` in the text."""
    (found,) = re.findall(pattern.replace("#", r"([-+0-9.,]*\d)"), text)
    return float(found.replace(",", ""))


def test_every_number_on_grid_town(capsys, monkeypatch):
    text = printed(capsys, monkeypatch, "--instance", "grid-town", "--scenarios", 15, "--skip-traffic")
    town, rates = Town("grid-town", 15), open_roads("grid-town", num_scenarios=15, seed=0).probabilities
    hit = [k for k, damage in enumerate(town.damage) if damage]
    assert f"grid-town: 30 pairs; bridges are damaged in {len(hit)} scenarios, {rates[hit].sum():.6f} times a year" in text
    head, *plans = text.split("\nplan ")
    check_literal(town, hit, head)
    for requirement, part in zip(("path", "shortest"), plans, strict=True):
        assert f"requirement={requirement}" in part
        retrofitted = frozenset(re.search("retrofits (.*?);", part)[1].split(", ")) & frozenset(town.names)
        decisions = town.linear_decisions(requirement, retrofitted)
        repairs = float(rates @ [cost for _, cost in decisions])
        before = sum(e.retrofit_cost for e in town.inst.elements if e.name in retrofitted)
        assert number(r"repairs #\n", part) == pytest.approx(repairs, abs=1)
        assert number(r"\): cost #\n", part) == pytest.approx(before + repairs, abs=1)
        ratio = np.array([town.ratio(k, restored) for k, (restored, _) in enumerate(decisions)])
        check_late(town, hit, rates, ratio, part)
        check_needless(town, [k for k in hit if ratio[k].max() <= 1 + 1e-6], decisions, retrofitted, part)


def check_literal(town, hit, text):
    """Eq. 2 where each link takes its own time at the equilibrium of all damage, but for those of restored bridges."""
    link = {own.name: i for i, own in enumerate(town.inst.links)}
    paths = [[link[name] for name in p.path] for p in town.inst.pairs]
    for pattern, everything in ((r"fails in # of 330 \(pair, scenario\), # scenarios", False), (r"; in #, # scenarios", True)):
        late = []
        for k in hit:
            found = town.equilibrium(town.damage[k]).time
            restored = town.names if everything else town.damage[k]
            after = [town.intact[i] if e in restored else found[i] for i, e in enumerate(town.carrier)]
            late.append([sum(after[i] for i in path) for path in paths] > town.traffic_limits * (1 + 1e-6))
        for which, count in ((0, np.sum(late)), (1, np.any(late, axis=1).sum())):
            parts = pattern.split("#")
            one = parts[0] + ("#" if which == 0 else r"\d+") + parts[1] + ("#" if which == 1 else r"\d+") + parts[2]
            assert number(one, text) == count


def check_late(town, hit, rates, ratio, text):
    late, worst = ratio > 1 + 1e-6, ratio.max(axis=1)
    if not late.any():
        assert number("the latest takes # of its limit", text) == pytest.approx(worst[hit].max(), abs=6e-4)
        return
    some = late.any(axis=1)
    assert number("late in # of", text) == some.sum() and number(r"late in \d+ of # scenarios", text) == len(hit)
    assert number(r"scenarios, # times a year", text) == pytest.approx(rates[some].sum(), abs=6e-7)
    assert number(r"late \(pair, scenario\): # of", text) == late.sum()
    k, p = np.unravel_index(int(np.argmax(ratio)), ratio.shape)
    assert f"worst: {town.inst.pairs[p].name} in scen{k} (" in text
    assert number(r"\): #, limit", text) == pytest.approx(ratio[k, p] * town.traffic_limits[p], abs=6e-4)
    assert number("excess # %", text) == pytest.approx(100 * (ratio[k, p] - 1), abs=0.06)
    excess = rates[some] @ (worst[some] - 1)
    assert number("by rate: # a year", text) == pytest.approx(excess, abs=6e-7)
    assert number("on average # %", text) == pytest.approx(100 * excess / rates[some].sum(), abs=0.06)


def check_needless(town, in_time, decisions, retrofitted, text):
    """A repair can be left out where one alone can; the script finds no more than the cheapest repairs save."""
    needless, most = 0, 0.0
    for k in in_time:
        restored, cost = decisions[k]
        if any(town.ratio(k, restored - {e}).max() <= 1 + 1e-6 for e in restored - retrofitted):
            needless += 1
            least = town.cheapest(k, retrofitted, lambda z, k=k: town.ratio(k, z).max() <= 1 + 1e-6)[1]
            most += town.source.probabilities[k] * (cost - least)
    assert number("needless: in # scenarios", text) == needless
    found = number("cost of these #", text)
    assert (0 < found <= most + 1) if needless else found == 0


@pytest.mark.skipif(not DATA.is_dir(), reason="the reference data (shared/data/retrofit/tntp) are not beside the checkout")
def test_sioux_falls_with_the_plan_that_is_recomputed(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("QUAKEOPS_TNTP", str(DATA))
    text = printed(capsys, monkeypatch, "--data", DATA, "--scenarios", 9, "--out", tmp_path)
    town, (linear, part) = Town("sioux-falls", 9), text.split("\nplan with traffic")
    rates = town.source.probabilities
    assert number(r"shortest\): cost [\d,]+\n.*\n  recomputed: late in # of", linear) > 0
    best = number(r"=traffic\): cost #\n", part)
    assert "no pair is late in any scenario" in part
    for pattern, where in ((r"=path\)", "on the pairs' own paths"), (r"=shortest\)", "on shortest paths"), (r"=traffic\)", None)):
        retrofitted = frozenset(re.search(pattern + ": cost .*\n  retrofits (.*?);", text)[1].split(", ")) & frozenset(town.names)
        before = sum(e.retrofit_cost for e in town.inst.elements if e.name in retrofitted)
        exact = before
        for k in range(9):
            exact += rates[k] * town.cheapest(k, retrofitted, lambda z, k=k: town.ratio(k, z).max() <= 1 + 1e-6)[1]
        told = best if where is None else number(f"{where} with repairs that traffic allows: cost # ", part)
        assert told == pytest.approx(exact, abs=1) and exact >= best - 1
    assert {p.name for p in tmp_path.iterdir()} == {"sioux-falls-late.png", "sioux-falls-worst.png"}


def test_nothing_damaged_is_said(capsys, monkeypatch):
    with pytest.raises(SystemExit, match="no bridge is damaged in any of 1 scenarios"):
        printed(capsys, monkeypatch, "--instance", "grid-town", "--scenarios", 1, "--skip-traffic")
