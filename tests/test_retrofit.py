"""Retrofit before, repair after: brute force, limit cases, the public set's thresholds, paths against shortest paths, bad input."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import quakeops
from hypothesis import given, settings
from hypothesis import strategies as st
from quakeops.errors import InputError
from quakeops.files import write_atomically
from quakeops.instances import FixedRoads, Retrofit
from quakeops.instances.fields import Source
from quakeops.instances.retrofit import Element, Pair, Place, RetrofitRecord, RoadLink
from quakeops.instances.retrofit_source import QUIET
from quakeops.models.retrofit_network import arcs_of, network_limits, shortest
from quakeops.models.retrofit_paths import limits, tightened

SFBAY = Path(__file__).parents[2] / "shared" / "data" / "retrofit" / "sfbay"
needs_data = pytest.mark.skipif(not SFBAY.is_dir(), reason="the reference data (shared/data/retrofit/sfbay) are not beside the checkout")

FIXED = ("path", "shortest")
"""Requirements without traffic."""

FORMS = ({"requirement": "path"}, {"requirement": "shortest"}, {"requirement": "shortest", "formulation": "cuts"})


def instance(elements, links, pairs, scenarios=(), places=(), **more):
    return Retrofit(
        format="quakeops/retrofit/1",
        name="small",
        title="small",
        source=Source(citation="test", licence="none"),
        provenance={},
        elements=elements,
        links=links,
        pairs=pairs,
        scenarios=list(scenarios),
        places=list(places),
        **more,
    )


def written(tmp_path, inst):
    path = tmp_path / "instance.json"
    write_atomically(path, inst.model_dump_json())
    return str(path)


def grid(rng, num_pairs=3, scenarios=4, tolerance=0.3, **more):
    """Return a random instance on a 2 x 4 grid of places with 10 links, all of them elements; shortest intact paths as paths."""
    places = [Place(name=f"p{i}", latitude=i // 4, longitude=i % 4) for i in range(8)]
    ends = [(i, i + 1) for i in range(7) if i != 3] + [(i, i + 4) for i in range(4)]
    links = [
        RoadLink(name=f"l{k}", ends=(f"p{u}", f"p{v}"), time=float(rng.integers(2, 9)), element=f"l{k}") for k, (u, v) in enumerate(ends)
    ]
    elements = [
        Element(name=link.name, retrofit_cost=float(rng.integers(1, 10)), repair_cost=float(rng.integers(10, 90))) for link in links
    ]
    records = []
    for k in range(scenarios):
        hit = rng.random(len(links)) < 0.5
        times = {
            link.name: None if rng.random() < 0.3 else link.time * float(rng.integers(2, 4))
            for link, h in zip(links, hit, strict=True)
            if h
        }
        records.append(RetrofitRecord(name=f"s{k}", rate=0.2 * float(rng.random()), times=times))
    found = instance(elements, links, [Pair(name="none", path=["l0"])], places=places)
    pairs = []
    for q in range(num_pairs):
        o, d = rng.choice(8, 2, replace=False).tolist()
        pairs.append(Pair(name=f"q{q}", origin=f"p{o}", destination=f"p{d}", path=best_path(found, f"p{o}", f"p{d}"), tolerance=tolerance))
    return instance(elements, links, pairs, records, places, **more)


def best_path(inst, origin, destination):
    """Return the links of the shortest intact path, by all simple paths."""
    best, found = np.inf, []
    stack = [(origin, 0.0, [], {origin})]
    while stack:
        at, time, path, seen = stack.pop()
        if at == destination and time < best:
            best, found = time, path
        for a in arcs_of(inst):
            if a.tail == at and a.head not in seen and at != destination:
                link = inst.links[a.link]
                stack.append((a.head, time + link.time, [*path, link.name], seen | {a.head}))
    return found


def meets(inst, times, restored, requirement):
    """Whether all pairs are in time when the elements ``restored`` are; times (L,)."""
    intact = np.array([link.time for link in inst.links])
    own = np.where([link.element in restored for link in inst.links], intact, times)
    place, name = {p.name: i for i, p in enumerate(inst.places)}, {link.name: i for i, link in enumerate(inst.links)}
    if requirement == "path":
        limit = limits(inst)
        return all(sum(own[name[a]] for a in p.path) <= limit[p.name] * (1 + 1e-9) for p in inst.pairs)
    limit = network_limits(inst)
    return all(shortest(inst, arcs_of(inst), own, [p.origin])[0, place[p.destination]] <= limit[p.name] * (1 + 1e-9) for p in inst.pairs)


def enumerated(inst, requirement, ratio):
    """Return the optimum over all plans and all repairs."""
    source = FixedRoads.of_records(inst, inst.scenarios)
    block = source.block(0, source.num_scenarios)
    names = [e.name for e in inst.elements]
    sets = [frozenset(c) for size in range(len(names) + 1) for c in itertools.combinations(names, size)]
    cost = {e.name: e for e in inst.elements}
    repair = {z: sum(cost[e].repair_cost for e in z) for z in sets}
    good = [[z for z in sets if meets(inst, times, z, requirement)] for times in block.times]
    best = np.inf
    for x in sets:
        before = sum(cost[e].retrofit_cost for e in x)
        if inst.retrofit_budget is not None and before > inst.retrofit_budget:
            continue
        total = before
        for p, own in zip(block.probability, good, strict=True):
            ways = [repair[z - x] for z in own if inst.crews is None or len(z - x) <= inst.crews]
            total += ratio * p * min(ways, default=np.inf)
        best = min(best, total)
    return best


@pytest.mark.parametrize("form", FORMS, ids=lambda form: "-".join(form.values()))
@pytest.mark.parametrize("seed", range(3))
def test_all_plans_by_brute_force(tmp_path, seed, form):
    rng = np.random.default_rng(seed)
    inst = grid(rng)
    inst = inst.model_copy(update={"elements": inst.elements[:10]})
    best = enumerated(inst, form["requirement"], 3.0)
    for method in ("ef", "benders"):
        found = quakeops.solve("retrofit", instance=written(tmp_path, inst), method=method, rel_gap=1e-7, arguments={**form, "ratio": 3.0})
        assert found.status == "optimal"
        assert found.objective == pytest.approx(best, rel=1e-6)
        assert found.bound == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize("more", [{"retrofit_budget": 12.0}, {"crews": 2}, {"retrofit_budget": 20.0, "crews": 1}])
def test_budget_and_crews_by_brute_force(tmp_path, more):
    inst = grid(np.random.default_rng(7), **more)
    best = enumerated(inst, "path", 2.0)
    for method in ("ef", "benders"):
        if not np.isfinite(best):
            with pytest.raises(quakeops.errors.NoSolutionError, match="infeasible"):
                quakeops.solve("retrofit", instance=written(tmp_path, inst), method=method, arguments={"ratio": 2.0})
            continue
        found = quakeops.solve("retrofit", instance=written(tmp_path, inst), method=method, rel_gap=1e-7, arguments={"ratio": 2.0})
        assert found.objective == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_shortest_paths_are_a_relaxation(tmp_path, seed):
    inst = grid(np.random.default_rng(100 + seed), num_pairs=4)
    fixed, free = (
        quakeops.solve("retrofit", instance=written(tmp_path, inst), rel_gap=1e-8, arguments={"requirement": r, "ratio": 2.0})
        for r in FIXED
    )
    assert free.objective <= fixed.objective * (1 + 1e-7)


def test_with_one_path_alone_both_requirements_agree(tmp_path):
    """A chain of places: each pair has one path."""
    rng = np.random.default_rng(3)
    places = [Place(name=f"p{i}", latitude=0, longitude=i) for i in range(7)]
    links = [RoadLink(name=f"l{i}", ends=(f"p{i}", f"p{i + 1}"), time=float(rng.integers(2, 9)), element=f"l{i}") for i in range(6)]
    elements = [Element(name=f"l{i}", retrofit_cost=float(rng.integers(1, 9)), repair_cost=float(rng.integers(9, 60))) for i in range(6)]
    records = [
        RetrofitRecord(name=f"s{k}", rate=0.1, times={f"l{i}": None if i == k else 20.0 for i in range(6) if rng.random() < 0.7})
        for k in range(5)
    ]
    pairs = [
        Pair(name=f"q{i}{j}", origin=f"p{i}", destination=f"p{j}", path=[f"l{k}" for k in range(i, j)], tolerance=0.6)
        for i, j in ((0, 3), (1, 6), (2, 5))
    ]
    inst = instance(elements, links, pairs, records, places)
    values = [
        quakeops.solve("retrofit", instance=written(tmp_path, inst), rel_gap=1e-9, arguments={"requirement": r}).objective for r in FIXED
    ]
    assert values[0] == pytest.approx(values[1], rel=1e-9)
    assert values[0] == pytest.approx(enumerated(inst, "path", 1.0), rel=1e-9)


@settings(max_examples=60)
@given(st.integers(0, 10_000))
def test_tightening_keeps_every_binary_solution(seed):
    rng = np.random.default_rng(seed)
    k = int(rng.integers(1, 7))
    gain, need = rng.integers(0, 6, (1, k)).astype(float), np.array([float(rng.integers(-2, 12))])
    forced = rng.random((1, k)) < 0.15
    unmet, scaled, must = tightened(gain, need, forced, 1e-9)
    for z in map(np.array, itertools.product((0, 1), repeat=k)):
        before = (z >= forced[0]).all() and gain[0] @ z >= need[0] - 1e-9
        after = (z >= must[0]).all() and scaled[0] @ z >= ((scaled[0] > 0).any() - 1e-9)
        assert not unmet[0] or not before
        assert unmet[0] or before == after


def test_a_quiet_year_has_the_rest_of_the_rates():
    inst = grid(np.random.default_rng(0))
    source = FixedRoads.of_records(inst, inst.scenarios)
    assert source.num_scenarios == 5 and source.scenario(0).label == QUIET
    assert source.probabilities.sum() == pytest.approx(1.0, abs=1e-15)
    assert (source.scenario(0).times == [link.time for link in inst.links]).all()


@needs_data
@pytest.mark.parametrize(("ratio", "retrofits"), [(137.9, 0), (138.0, 0), (138.1, 1), (13838.7, 70), (13838.8, 71)], ids=lambda v: str(v))
def test_the_public_set_is_repaired_up_to_138_and_retrofitted_from_13838_8(tmp_path, ratio, retrofits):
    from quakeops.instances.repair_if_damaged import repair_if_damaged
    from quakeops.instances.sf_bridges import sf_bridges_71

    _, maps = sf_bridges_71(SFBAY)
    source = repair_if_damaged(maps)
    rates = dict(zip(maps.elements, maps.element_rates.tolist(), strict=True))
    best = sum(min(1.0, ratio * rate) for rate in rates.values())
    for method in ("ef", "benders"):
        found = quakeops.solve(
            "retrofit", instance=written(tmp_path, source.as_instance()), method=method, rel_gap=1e-9, arguments={"ratio": ratio}
        )
        assert found.objective == pytest.approx(best, rel=1e-9)
        assert sum(v > 0.5 for v in found.first_stage.values()) == retrofits


# -- bad input


def small(**changes):
    fields = {
        "elements": [{"name": "a", "retrofit_cost": 1, "repair_cost": 2}],
        "links": [{"name": "a", "ends": ["u", "v"], "time": 5, "element": "a"}],
        "places": [{"name": "u", "latitude": 0, "longitude": 0}, {"name": "v", "latitude": 0, "longitude": 1}],
        "pairs": [{"name": "uv", "origin": "u", "destination": "v", "path": ["a"]}],
        "scenarios": [{"name": "s", "rate": 0.1, "times": {"a": 9}}],
    }
    return {
        "format": "quakeops/retrofit/1",
        "name": "small",
        "title": "small",
        "source": {"citation": "test", "licence": "none"},
        "provenance": {},
    } | (fields | changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"pairs": [{"name": "uv", "path": ["b"]}]}, r"pairs\[0\].path: 'b' is not a link"),
        ({"pairs": [{"name": "uv", "origin": "u"}]}, "'uv' has neither a path nor origin and destination"),
        ({"scenarios": [{"name": "s", "rate": 0.1, "times": {"a": 4}}]}, "'a' takes 4 when damaged, less than 5 when intact"),
        ({"scenarios": [{"name": "s", "rate": -0.1}]}, "rate"),
        ({"total_rate": 0.05}, "the sum is 0.1, more than the total_rate 0.05"),
        ({"scenarios": [{"name": "s", "rate": 0.7}, {"name": "t", "rate": 0.7}]}, "the sum is 1.4, more than 1"),
        ({"links": [{"name": "a", "time": 5, "element": "z"}]}, "'z' is not a element|'z' is not an element"),
    ],
)
def test_bad_instances(tmp_path, changes, said):
    import json

    path = tmp_path / "bad.json"
    path.write_text(json.dumps(small(**changes)))
    with pytest.raises(InputError, match=said) as e:
        quakeops.solve("retrofit", instance=str(path))
    assert "bad.json" in str(e.value)


def test_a_pair_that_nothing_repairs(tmp_path):
    import json

    links = [{"name": "a", "ends": ["u", "v"], "time": 5}]
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(small(links=links)))
    for requirement in FIXED:
        with pytest.raises(InputError, match=r"pairs\[0\], 'uv': takes .* in scenario 's' even where everything is repaired"):
            quakeops.solve("retrofit", instance=str(path), arguments={"requirement": requirement})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"requirement": "fastest"}, "requirement 'fastest': expected path or shortest or traffic"),
        ({"ratio": 0.0}, "ratio 0: must be positive"),
        ({"ratio": -1.0}, "ratio -1: must be positive"),
    ],
)
def test_bad_arguments(arguments, said):
    with pytest.raises(InputError, match=said):
        quakeops.solve("retrofit", instance="retrofit-random", scenarios=3, seed=1, arguments=arguments)
