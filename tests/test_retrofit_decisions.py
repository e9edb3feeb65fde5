"""Which repairs pictures and GeoJSON show: those that the result holds, else others of the same cost that are recomputed too."""

import json
from dataclasses import replace

import numpy as np
import pytest
import quakeops
from quakeops.decomposition.benders.compiled import compile_problem
from quakeops.decomposition.benders.team import Team
from quakeops.decomposition.packing import pack, unpack
from quakeops.decomposition.program import from_provenance
from quakeops.models.retrofit_equilibrium import EquilibriumTimes
from quakeops.plots.retrofit_decisions import retrofit_decisions
from quakeops.plots.retrofit_features import retrofit_features
from quakeops.plots.retrofit_view import retrofit_view

TWINS = {
    "format": "quakeops/retrofit/1",
    "name": "twins",
    "title": "Two bridges in a row, of which one is enough",
    "source": {"citation": "invented for the tests", "licence": "Apache-2.0"},
    "provenance": {"links": "synthetic"},
    "places": [{"name": n, "latitude": 1.0, "longitude": x} for x, n in enumerate("abc")],
    "elements": [{"name": e, "retrofit_cost": 90, "repair_cost": 60} for e in "MN"],
    "links": [
        {"name": "m", "ends": ["a", "b"], "time": 2, "element": "M"},
        {"name": "n", "ends": ["b", "c"], "time": 2, "element": "N"},
    ],
    "pairs": [{"name": "p", "origin": "a", "destination": "c", "path": ["m", "n"], "tolerance": 0.3}],
    "scenarios": [{"name": f"both {i}", "rate": 0.1, "times": {"m": 3, "n": 3}} for i in (1, 2)]
    + [{"name": "one", "rate": 0.2, "times": {"n": 9}}],
}
"""4 minutes, 5.2 at most, 6 when both are slow: repairing M or N is the same; the first two scenarios are one to the methods."""


@pytest.fixture(scope="module", params=["path", "shortest"])
def twins(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("instance") / "twins.json"
    path.write_text(json.dumps(TWINS), encoding="utf-8")
    return quakeops.solve("retrofit", instance=str(path), rel_gap=1e-9, arguments={"requirement": request.param})


def with_choice(result, chosen, other):
    """Return the result with ``chosen`` repaired in the scenarios called both, in place of ``other``, in its certificate."""
    problem, _ = compile_problem(from_provenance(result.provenance), Team())
    packed, position = [], 0
    for group, values in zip(problem.groups, result.certificate["recourse"]["values"], strict=True):
        y = unpack(values, "values", float, (len(group), len(group.second)))
        for k in range(len(group)):
            if problem.labels[position + k] == "scen1":
                at = [group.second.names.index(f"repair[{e}]") for e in (chosen, other)]
                y[k, at] = 1.0, 0.0
                flows = [name for name in group.second.names if "flow" in name]
                if flows:  # over the link whose bridge is repaired, and over the other one as it is
                    names = {"flow[p,0]": chosen == "N", "flow[p,1]": chosen == "M", "restored_flow[p,0]": chosen == "M"}
                    names |= {"restored_flow[p,1]": chosen == "N"}
                    y[k, [group.second.names.index(n) for n in names]] = list(names.values())
        packed.append(pack(y))
        position += len(group)
    return replace(result, certificate={"recourse": {"values": packed}})


@pytest.mark.parametrize(("chosen", "other"), ["MN", "NM"])
def test_what_the_result_holds_is_shown(twins, chosen, other):
    result = with_choice(twins, chosen, other)
    assert quakeops.verify(result).ok
    view = retrofit_view(result, "both 1")
    assert (view.repaired, view.left) == ({chosen}, {other})
    assert view.expected_repair_cost == pytest.approx(result.objective) == pytest.approx(24.0)
    assert retrofit_view(result, "one").repaired == {"N"}
    rates = {f["properties"]["name"]: f["properties"].get("repair_rate") for f in retrofit_features(result)}
    assert rates["N"] + rates["M"] == pytest.approx(0.4) and rates["N"] >= 0.2 and rates[chosen] >= 0.1


def test_repeated_scenarios_have_decisions_of_their_own(twins):
    found = retrofit_decisions(twins, from_provenance(twins.provenance))
    assert found.repaired.sum(axis=1).tolist() == [0, 1, 1, 1] and not found.retrofitted.any()


def test_decisions_that_do_not_fit_the_plan_are_solved_again(twins):
    """With both retrofitted a repair would be a second one."""
    other = replace(twins, first_stage=dict.fromkeys(twins.first_stage, 1.0))
    for result in (other, replace(other, certificate=None)):
        assert retrofit_view(result, "both 1").repaired == retrofit_view(result, "one").repaired == set()


@pytest.fixture(scope="module")
def with_traffic():
    return quakeops.solve("retrofit", instance="grid-town", scenarios=11, arguments={"requirement": "traffic"})


@pytest.mark.parametrize("keep", [True, False])
def test_with_traffic_every_decision_shown_is_allowed(with_traffic, keep):
    """Also where the result holds neither decisions nor rows: what is solved again is recomputed."""
    result = with_traffic
    if not keep:
        recipe = {**result.provenance["recipe"], "rows": []}
        result = replace(result, certificate=None, provenance={**result.provenance, "recipe": recipe})
    program = from_provenance(result.provenance)
    source, found = program.kwargs["source"], retrofit_decisions(result, program)
    times, names = EquilibriumTimes(source), [e.name for e in source.instance.elements]
    for k, repaired in enumerate(found.repaired):
        restored = frozenset(np.array(names)[found.retrofitted | repaired].tolist()) & frozenset(times.damaged(k))
        assert not times.late(k, restored)
    assert found.repaired.any()
    money = float(source.probabilities @ (found.repaired @ [e.repair_cost for e in source.instance.elements]))
    before = float(found.retrofitted @ [e.retrofit_cost for e in source.instance.elements])
    assert before + money == pytest.approx(result.objective)
