"""Generated rows: retrofit plans recomputed with traffic or on shortest paths, against brute force; Braess; verification; what is refused."""

import dataclasses
import itertools
import sys
from pathlib import Path

import numpy as np
import pytest
import quakeops
from quakeops.decomposition.benders import Risk
from quakeops.decomposition.compiled import stage_data
from quakeops.decomposition.extensive_form import solve_extensive_form
from quakeops.decomposition.lazy import search, solve_lazy
from quakeops.decomposition.program import from_recipe
from quakeops.decomposition.recourse_solutions import with_recourse
from quakeops.decomposition.run import Run
from quakeops.errors import InputError, ModelError
from quakeops.models import retrofit
from quakeops.models.retrofit_equilibrium import EquilibriumTimes
from quakeops.models.retrofit_recomputed import Recomputed
from quakeops.models.retrofit_rows import Row, RowPool
from quakeops.models.retrofit_shortest import ShortestTimes
from quakeops.scenario_gen.sources import open_roads
from quakeops.scenario_gen.traffic import user_equilibrium
from quakeops.solvers import get

sys.path.insert(0, str(Path(__file__).parent / "modules"))
import congested
import families

TOWNS = range(6)


def subsets(names):
    return [frozenset(c) for n in range(len(names) + 1) for c in itertools.combinations(names, n)]


def allowed_by_traffic(source, k, elements=None):
    """Return the sets of restored ``elements`` (all) with which all pairs are in time, each from an equilibrium of its own."""
    inst = source.instance
    node = {p.name: i for i, p in enumerate(inst.places)}
    ends = [(node[p.origin], node[p.destination]) for p in inst.pairs]
    intact = user_equilibrium(source.network, source.trips, rel_gap=1e-10).travel_costs()
    out = []
    for z in subsets([e.name for e in inst.elements] if elements is None else elements):
        left = np.array([0 if e.name in z else s for e, s in zip(inst.elements, source.states[k], strict=True)])
        times = user_equilibrium(source.network_of(left), source.trips, rel_gap=1e-10).travel_costs().filled(np.inf)
        if all(times[o, d] <= intact[o, d] * (1 + p.tolerance) * (1 + 1e-5) for (o, d), p in zip(ends, inst.pairs, strict=True)):
            out.append(z)
    return out


def brute_force(source, allowed):
    """Return the least expected cost over all plans, with the cheapest allowed decision in each scenario."""
    inst, best = source.instance, np.inf
    retrofit_cost = {e.name: e.retrofit_cost for e in inst.elements}
    repair_cost = {e.name: e.repair_cost for e in inst.elements}
    for x in subsets(list(retrofit_cost)):
        cost = sum(retrofit_cost[e] for e in x)
        for k, p in enumerate(source.probabilities.tolist()):
            cost += p * min((sum(repair_cost[e] for e in z - x) for z in allowed[k] if z >= x), default=np.inf)
        best = min(best, cost)
    return best


@pytest.mark.parametrize("seed", TOWNS)
def test_plans_with_traffic_against_brute_force(seed):
    source = congested.town(seed)
    exact = brute_force(source, [allowed_by_traffic(source, k) for k in range(source.num_scenarios)])
    for method in ("ef", "benders"):
        found = quakeops.solve(module="congested", arguments={"seed": seed}, rel_gap=1e-9, method=method)
        assert found.status == "optimal" and "every decision recomputed" in found.stop_reason
        assert found.objective == pytest.approx(exact, rel=1e-9)
        assert found.bound == pytest.approx(exact, rel=1e-8)
        checked = quakeops.verify(found)
        assert checked.ok and {c.claim: c.verdict for c in checked.checks}["every decision is allowed when computed anew"] == "proved"


@pytest.mark.parametrize("seed, equal", [*((seed, 0) for seed in range(12)), *((seed, 1) for seed in range(6))])
def test_decisions_that_are_late_at_random_against_brute_force(seed, equal):
    """No monotonicity whatever: rows that exclude a decision must spare others; with equal costs late ones cost as much as allowed ones."""
    source = families.roads(seed, equal)
    times = families.Drawn(source)
    allowed = [
        [z for z in subsets([e.name for e in source.instance.elements]) if is_allowed(times, k, z)] for k in range(source.num_scenarios)
    ]
    exact = brute_force(source, allowed)
    for method in ("ef", "benders"):
        found = quakeops.solve(module="families", arguments={"seed": seed, "equal": equal}, rel_gap=1e-9, method=method)
        assert found.objective == pytest.approx(exact, rel=1e-9) and found.bound == pytest.approx(exact, rel=1e-8)
        assert quakeops.verify(found).ok


def is_allowed(times, k, restored):
    return not times.late(k, restored & set(times.damaged(k)))


def test_some_rows_spare_elements():
    rows = [quakeops.solve(module="families", arguments={"seed": seed}).provenance["recipe"]["rows"] for seed in range(12)]
    assert any(row["spare"] for found in rows for row in found)


def test_a_row_holds_where_it_excludes_nothing():
    row = Row.of(["a", "b"], ["c", "d"])
    for z in subsets(["a", "b", "c", "d"]):
        total = sum(c for name, c in row.coefficients.items() if name.startswith("repair") and name[7] in z)
        assert (total >= row.lower) == (not row.excludes(frozenset(z)))


def test_progressive_hedging_brackets():
    found = quakeops.solve(module="congested", arguments={"seed": 1}, method="ph", iterations=20)
    exact = quakeops.solve(module="congested", arguments={"seed": 1}, rel_gap=1e-9).objective
    assert found.bound <= exact * (1 + 1e-9) <= found.objective * (1 + 2e-9)


def test_cvar_with_traffic_against_brute_force():
    source = congested.town(3)
    allowed = [allowed_by_traffic(source, k) for k in range(source.num_scenarios)]
    p, repair = source.probabilities, {e.name: e.repair_cost for e in source.instance.elements}
    best = np.inf
    for x in subsets(list(repair)):
        costs = np.array([min((sum(repair[e] for e in z - x) for z in a if z >= x), default=np.inf) for a in allowed])
        tail = min(t + (p @ np.maximum(costs - t, 0)) / 0.1 for t in costs) if np.isfinite(costs).all() else np.inf
        best = min(best, sum(e.retrofit_cost for e in source.instance.elements if e.name in x) + tail)
    for method in ("ef", "benders"):
        found = quakeops.solve(module="congested", arguments={"seed": 3}, rel_gap=1e-9, method=method, risk="cvar:0.9")
        assert found.objective == pytest.approx(best, rel=1e-9)
        assert quakeops.verify(found).ok


def test_every_row_excludes_only_decisions_that_are_late():
    for seed in TOWNS:
        source = congested.town(seed)
        found = quakeops.solve(module="congested", arguments={"seed": seed}, rel_gap=1e-9)
        rows = RowPool.from_data(found.provenance["recipe"]["rows"])
        for k in range(source.num_scenarios):
            allowed = allowed_by_traffic(source, k)
            for row, scenarios in rows.where.items():
                assert k not in scenarios or not any(row.excludes(z) for z in allowed)


def test_a_short_cut_that_does_harm():
    """Braess: 83 without the short cut, 92 with it, the limit; where the slow road is slower too, the short cut alone makes all late."""
    source = congested.braess()
    times = EquilibriumTimes(source)
    both, none = frozenset({"e0", "e1"}), frozenset()
    assert times.limits[0] == pytest.approx(92, abs=1e-5)
    assert times.times(1, both)[0] == pytest.approx(92, abs=1e-5) and times.times(1, frozenset({"e1"}))[0] == pytest.approx(83, abs=1e-5)
    assert not times.late(1, none) and times.late(1, frozenset({"e0"})) and not times.late(1, both)
    plan = {"retrofit[e0]": 1.0, "retrofit[e1]": 0.0, "repair[e0]": 0.0, "repair[e1]": 0.0}
    assert Recomputed(times).violated(1, plan) == {Row(("e1",), ("e0",)): frozenset({1})}
    assert not Recomputed(times).holds(Row(("e1",)), 1)  # a cover would forbid to restore nothing, which is in time
    exact = brute_force(source, [allowed_by_traffic(source, k) for k in range(source.num_scenarios)])
    for method in ("ef", "benders"):
        found = quakeops.solve(module="congested", arguments={"which": "braess"}, rel_gap=1e-9, method=method)
        assert found.objective == pytest.approx(exact, rel=1e-9)
        assert quakeops.verify(found).ok


def test_cuts_are_the_flows_of_shortest_paths():
    for instance, scenarios, method in (("grid-town", 21, "ef"), ("grid-town", 11, "benders"), ("retrofit-random", 10, "ef")):
        forms = [
            quakeops.solve(
                "retrofit",
                instance=instance,
                scenarios=scenarios,
                seed=3,
                arguments={"requirement": "shortest", "formulation": formulation},
                rel_gap=1e-7,
                method=method,
            )
            for formulation in ("flow", "cuts")
        ]
        assert forms[0].objective == pytest.approx(forms[1].objective, rel=1e-7)
        assert quakeops.verify(forms[1]).ok


def test_rows_of_shortest_paths_hold_in_other_scenarios():
    source = open_roads("grid-town", num_scenarios=21, seed=3)
    times = ShortestTimes.of(source)
    found = quakeops.solve(
        "retrofit", instance="grid-town", scenarios=21, seed=3, arguments={"requirement": "shortest", "formulation": "cuts"}
    )
    rows = RowPool.from_data(found.provenance["recipe"]["rows"])
    shared = [(row, k) for row, scenarios in rows.where.items() for k in scenarios if len(scenarios) > 1]
    assert shared and all(Recomputed(times).holds(row, k) for row, k in shared)


def verdicts(result):
    return {c.claim: c.verdict for c in quakeops.verify(result).checks}


def test_a_row_that_excludes_too_much_is_seen():
    found = quakeops.solve(module="congested", arguments={"seed": 0}, rel_gap=1e-9, certificate=False)
    assert verdicts(found)["the generated rows"] == "proved"
    recipe, source = dict(found.provenance["recipe"]), congested.town(0)
    k = int(np.argmax((source.states > 0).sum(axis=1)))
    damaged = [e.name for e, s in zip(source.instance.elements, source.states[k], strict=True) if s]
    recipe["rows"] = [*recipe["rows"], *({"restore": [e], "spare": [], "scenarios": [k]} for e in damaged)]
    assert verdicts(dataclasses.replace(found, provenance={**found.provenance, "recipe": recipe}))["the generated rows"] == "false"


def test_a_plan_of_the_relaxation_is_seen():
    """Without rows nothing is restored: each scenario's decision is computed, though all have the same matrices."""
    found = quakeops.solve(module="congested", arguments={"seed": 0}, rel_gap=1e-9)
    program = from_recipe({**found.provenance["recipe"], "rows": []})
    nothing = dataclasses.replace(found, first_stage=dict.fromkeys(found.first_stage, 0.0), objective=0.0, bound=0.0, trace=())
    fake = with_recourse(nothing, program, get("highs"))
    fake = dataclasses.replace(fake, provenance={**found.provenance, "recipe": dict(program.recipe)})
    assert verdicts(fake)["every decision is allowed when computed anew"] == "false"


def test_rows_go_through_json(tmp_path):
    path = tmp_path / "plan.json"
    found = quakeops.solve("retrofit", instance="grid-town", scenarios=11, arguments={"requirement": "traffic"})
    found.save(path)
    checked = quakeops.verify(quakeops.Result.load(path))
    assert checked.ok
    again = quakeops.solve("retrofit", instance="grid-town", scenarios=11, arguments={"requirement": "traffic", "rows": str(path)})
    assert again.objective == pytest.approx(found.objective, rel=1e-9)
    path.unlink()
    assert quakeops.verify(again).ok  # its rows are in the result itself


class Ending(Run):
    """A run whose clock jumps to the end of the time limit after some looks at it."""

    looks = 0

    def elapsed(self):
        type(self).looks -= 1
        return 0.0 if self.looks > 0 else 1e9


def stopped_after(looks, arguments, **program):
    """Return a result of ``ef`` whose time runs out, and the exact optimum."""
    exact = quakeops.solve(**program, arguments=arguments, rel_gap=1e-9)
    relaxed = from_recipe({k: v for k, v in exact.provenance["recipe"].items() if k != "rows"})
    Ending.looks = looks
    run = Ending(rel_gap=1e-9, time_limit=1e6, method="ef", solver="highs", start=0.0)
    highs = get("highs")
    return solve_lazy(relaxed, highs, run, Risk(), lambda p, r: solve_extensive_form(stage_data(p), highs, r)), exact


@pytest.mark.parametrize("looks", [20, 40, 60, 80])
def test_a_time_limit_keeps_an_incumbent_and_a_bound(looks):
    """Before all rows are proved: the guessed plan's decisions are allowed, and the bound is one of the relaxation."""
    found, exact = stopped_after(looks, {"seed": 3}, module="congested")
    assert found.status in ("feasible", "no_solution", "optimal")
    if found.status == "feasible":
        assert found.stop_reason.startswith("time limit")
        assert found.objective >= quakeops.evaluate(found).expected_cost.value * (1 - 1e-9) >= exact.objective * (1 - 2e-9)
    assert found.bound is None or found.bound <= exact.objective * (1 + 1e-9)


def test_a_first_plan_costs_what_its_decisions_do(monkeypatch):
    """They need not be the cheapest: here everything is repaired, no row is found, and under no row nothing would be."""
    solved = search._recourse
    monkeypatch.setattr(search, "_recourse", lambda s, *more: s.stage.upper.copy() if more[-1] > search.EXACT else solved(s, *more))
    found, exact = stopped_after(20, {"requirement": "shortest", "formulation": "cuts"}, model="retrofit", scenarios=5, seed=1)
    source = open_roads("grid-town", num_scenarios=5, seed=1)
    assert found.status == "feasible" and not any(found.first_stage.values())
    assert found.objective == pytest.approx(sum(e.repair_cost for e in source.instance.elements), rel=1e-9)
    assert found.objective > exact.objective


def test_a_guess_takes_traffic_to_be_monotone_and_is_no_bound():
    """In Braess's town a guessed cover would exclude that nothing is restored, which is allowed."""
    lazy = Recomputed(EquilibriumTimes(congested.braess()))
    plan = {"retrofit[e0]": 1.0, "retrofit[e1]": 0.0, "repair[e0]": 0.0, "repair[e1]": 0.0}
    assert lazy.guessing().violated(1, plan) == {Row(("e1",)): frozenset({1})}
    assert lazy.violated(1, plan) == {Row(("e1",), ("e0",)): frozenset({1})}
    assert Recomputed(ShortestTimes.of(open_roads("grid-town", num_scenarios=3))).guessing() is None


def test_what_does_not_go_together():
    forms = {"requirement": "path", "formulation": "cuts"}, {"requirement": "traffic", "formulation": "cuts"}, {"formulation": "tree"}
    for arguments in forms:
        with pytest.raises(InputError, match="formulation"):
            quakeops.solve("retrofit", arguments=arguments)
    with pytest.raises(InputError, match="'retrofit-random': requirement 'traffic' needs trips and capacities"):
        quakeops.solve("retrofit", instance="retrofit-random", arguments={"requirement": "traffic"})
    with pytest.raises(InputError, match="wasserstein"):
        quakeops.solve(module="congested", risk="wasserstein:1", method="benders")
    with pytest.raises(InputError, match="checkpoint"):
        quakeops.solve(module="congested", method="benders", checkpoint="state")
    source = congested.town(0)
    with pytest.raises(ModelError, match="generated by quakeops solve"):
        retrofit.scenario_creator("scen0", source=source, requirement="traffic")


def test_other_commands_refuse_a_relaxation(tmp_path):
    form = {"requirement": "traffic"}
    found = quakeops.solve("retrofit", scenarios=11, arguments=form)
    source = open_roads("grid-town", num_scenarios=11)
    inst = source.instance
    hit = [[e.name for e, s in zip(inst.elements, states, strict=True) if s] for states in source.states]
    own = quakeops.evaluate(found)
    assert own.expected_cost.value == pytest.approx(found.objective, rel=1e-9) and own.evpi is None and "not given" in own.vss_note
    idle = dataclasses.replace(found, first_stage=dict.fromkeys(found.first_stage, 0.0))
    allowed = [
        min(sum(e.repair_cost for e in inst.elements if e.name in z) for z in allowed_by_traffic(source, k, hit[k]))
        for k in range(source.num_scenarios)
    ]
    assert quakeops.evaluate(idle).expected_cost.value == pytest.approx(source.probabilities @ allowed, rel=1e-9)
    with pytest.raises(InputError, match="evaluated on its own scenarios alone"):
        quakeops.evaluate(found, scenarios=20)
    with pytest.raises(InputError, match="'saa' does not go with rows that are generated"):
        quakeops.saa("retrofit", sample=5, arguments=form)
    with pytest.raises(InputError, match=r"'export' does not go with rows .* --model-arg rows=RESULT"):
        quakeops.export("retrofit", arguments=form, file_format="mps", out=tmp_path / "retrofit.mps")
    found.save(tmp_path / "plan.json")
    quakeops.export(
        "retrofit", scenarios=11, arguments={**form, "rows": str(tmp_path / "plan.json")}, file_format="smps", out=tmp_path / "smps"
    )
    again = quakeops.solve(smps=tmp_path / "smps", rel_gap=1e-6)
    assert again.objective == pytest.approx(found.objective, rel=2e-3)
