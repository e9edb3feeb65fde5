"""Sioux Falls: published traffic, synthetic bridges by a stated rule, damage states, times by hand, what is refused. Also a made-up ring."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import quakeops
from quakeops.errors import InputError
from quakeops.instances.retrofit_source import QUIET
from quakeops.instances.tntp import find_tntp, read_flows, read_network, read_trips
from quakeops.instances.traffic_roads import CLOSED, SLOWED
from quakeops.models.retrofit_network import network_limits
from quakeops.models.retrofit_paths import limits
from quakeops.scenario_gen.bridge_quakes import draw_quakes
from quakeops.scenario_gen.sioux_falls import sioux_falls
from quakeops.scenario_gen.sioux_falls.region import TwoWay, bridged_region
from quakeops.scenario_gen.traffic import user_equilibrium

DATA = Path(__file__).parents[2] / "shared" / "data" / "retrofit" / "tntp"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the reference data (shared/data/retrofit/tntp) are not beside the checkout")
BECKMANN, TOTAL_TIME = 4_231_335.287107, 7_480_225.344921

WAYS = [(1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 1), (2, 5)]
PLACES = [(-96.75, 43.50), (-96.73, 43.50), (-96.71, 43.50), (-96.71, 43.53), (-96.73, 43.53), (-96.75, 43.53)]


def ring(folder, links=None, leave_out=()):
    """Write six nodes in a ring with a wide street across, two more trips between opposite ones than between others."""
    rows = links or [*WAYS, *((b, a) for a, b in WAYS)]
    tags = "<NUMBER OF ZONES> 6\n<NUMBER OF NODES> 6\n<FIRST THRU NODE> 1\n<NUMBER OF LINKS> {}\n<END OF METADATA>\n"
    columns = "~ init_node term_node capacity length free_flow_time b power speed toll link_type ;\n"
    trips = [[0 if a == b else 6 if abs(a - b) == 3 else 4 for b in range(6)] for a in range(6)]
    origins = "".join(f"Origin {a + 1}\n" + "".join(f"{b + 1} : {t}; " for b, t in enumerate(row)) + "\n" for a, row in enumerate(trips))
    files = {
        "net": tags.format(len(rows))
        + columns
        + "".join(f"{a} {b} {80 if {a, b} == {2, 5} else 20} 1 {3 + a % 2} 0.15 4 0 0 1 ;\n" for a, b in rows),
        "trips": f"<NUMBER OF ZONES> 6\n<TOTAL OD FLOW> {sum(map(sum, trips))}\n<END OF METADATA>\n" + origins,
        "node": "Node X Y ;\n" + "".join(f"{n} {x} {y} ;\n" for n, (x, y) in enumerate(PLACES, 1)),
    }
    inside = folder / "SiouxFalls"
    inside.mkdir()
    for name, text in files.items():
        if name not in leave_out:
            (inside / f"SiouxFalls_{name}.tntp").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def ring_folder(tmp_path, monkeypatch):
    folder = ring(tmp_path)
    monkeypatch.setenv("QUAKEOPS_TNTP", str(folder))
    return folder


@pytest.fixture(scope="module")
def published():
    if not DATA.is_dir():
        pytest.skip("the reference data are not there")
    return sioux_falls(DATA)


# -- the published network


@needs_data
def test_traffic_is_the_published_equilibrium(published):
    """Total time and Beckmann value are the best known; each link takes what the published flows say."""
    files = find_tntp("sioux-falls", DATA)
    found = user_equilibrium(published.network, published.trips, rel_gap=1e-12)
    assert found.beckmann == pytest.approx(BECKMANN, rel=1e-12) and found.total_time == pytest.approx(TOTAL_TIME, rel=1e-9)
    times = np.array([link.time for link in published.instance.links])
    assert found.flow @ times == pytest.approx(TOTAL_TIME, rel=1e-6)
    assert times == pytest.approx(read_flows(files.flows, published.network).cost, abs=6e-6)
    assert np.array_equal(published.trips, read_trips(files.trips, 24))


@needs_data
def test_bridges_are_the_busiest_streets(published):
    """20 of the 38 streets, those with the largest published flow both ways; each carries both directions."""
    files = find_tntp("sioux-falls", DATA)
    volume = read_flows(files.flows, published.network).volume
    both = {}
    for a, b, v in zip(published.network.tail.tolist(), published.network.head.tolist(), volume.tolist(), strict=True):
        street = tuple(sorted((a + 1, b + 1)))
        both[street] = both.get(street, 0) + v
    busiest = sorted(both, key=lambda s: -both[s])[:20]
    assert len(both) == 38 and {e.name for e in published.instance.elements} == {f"b{a}-{b}" for a, b in busiest}
    for link in published.instance.links:
        a, b = sorted(map(int, link.ends))
        assert link.name == "-".join(link.ends) and link.element == (f"b{a}-{b}" if (a, b) in busiest else None)
    middle = {p.name: (p.longitude, p.latitude) for p in published.instance.places}
    for e in published.instance.elements:
        ends = np.array([middle[n] for n in e.name[1:].split("-")])
        assert (e.longitude, e.latitude) == pytest.approx(ends.mean(axis=0), abs=2e-6)


@needs_data
def test_pairs_and_limits(published):
    """The 20 pairs with the most trips that no street joins; a pair's time is that of travel at the equilibrium."""
    inst, trips = published.instance, published.trips.copy()
    trips[published.network.tail, published.network.head] = 0
    chosen = [(int(p.origin) - 1, int(p.destination) - 1) for p in inst.pairs]
    assert len(set(chosen)) == 20 and [trips[c] for c in chosen] == np.sort(trips, axis=None)[::-1][:20].tolist()
    travel = user_equilibrium(published.network, published.trips, rel_gap=1e-12).travel_costs()
    time = {link.name: link.time for link in inst.links}
    own, free = limits(inst), network_limits(inst)
    for pair, ends in zip(inst.pairs, chosen, strict=True):
        length = sum(time[a] for a in pair.path)
        assert length == pytest.approx(travel[ends], abs=6e-5)
        assert own[pair.name] / 1.2 == pytest.approx(length, rel=1e-12) and free[pair.name] == pytest.approx(own[pair.name], rel=1e-12)


@needs_data
def test_damage_is_moderate(published):
    """Of the scenarios that damage a bridge, half damage two to four or fewer, some eight to twelve; states are those of Hazus by the rule."""
    damaged = (published.states > 0).sum(axis=1)
    assert published.num_scenarios == 51 and published.scenario(0).label == QUIET and not damaged[0]
    assert 2 <= np.median(damaged[damaged > 0]) <= 4 and ((damaged >= 8) & (damaged <= 12)).sum() >= 3 and damaged.max() <= 12
    flow = user_equilibrium(published.network, published.trips).flow
    region, spans = bridged_region(published.network, published.trips, flow, 20)
    hazus = draw_quakes(region, 50, 0)
    assert spans.inventory.names == tuple(e.name for e in published.instance.elements)
    assert np.array_equal(published.states[1:], np.array([0, 0, 1, 2, 2])[hazus.states])
    assert published.probabilities[1:] == pytest.approx(hazus.rates) and hazus.rates.sum() == pytest.approx(0.022)
    assert [e.repair_cost for e in published.instance.elements] == (50 * spans.inventory.repair_cost).tolist()


@needs_data
def test_times_of_a_scenario_by_hand(published):
    """The scenario with most slowed bridges: their links as in the equilibrium of a network that is written down here, all others alone."""
    k = int((published.states == SLOWED).sum(axis=1).argmax())
    state = dict(zip((e.name for e in published.instance.elements), published.states[k].tolist(), strict=True))
    own = np.array([state.get(link.element, 0) for link in published.instance.links])
    assert (own == SLOWED).any() and (own == CLOSED).any()
    whole = read_network(find_tntp("sioux-falls", DATA).network)
    factor = np.where(own == SLOWED, 2.0, 1.0)
    broken = replace(whole, free_flow_time=whole.free_flow_time * factor, capacity=whole.capacity / factor, closed=own == CLOSED)
    after = user_equilibrium(broken, published.trips, rel_gap=1e-12).time
    intact = np.array([link.time for link in published.instance.links])
    times = published.scenario(k).times
    assert np.isinf(times[own == CLOSED]).all() and np.array_equal(times[own == 0], intact[own == 0])
    assert times[own == SLOWED] == pytest.approx(np.maximum(after, intact)[own == SLOWED], abs=1e-4)
    assert (after[own == 0] > 1.5 * intact[own == 0]).any()  # what the linear times leave out


@needs_data
def test_solved_by_two_methods(monkeypatch):
    monkeypatch.setenv("QUAKEOPS_TNTP", str(DATA))
    for requirement in ("path", "shortest"):
        values = [
            quakeops.solve(
                "retrofit", instance="sioux-falls", scenarios=11, seed=1, method=m, rel_gap=1e-6, arguments={"requirement": requirement}
            ).objective
            for m in ("ef", "benders")
        ]
        assert values[0] == pytest.approx(values[1], rel=2e-6)


# -- the same on a made-up ring, and without files


def test_scenario_k_depends_on_the_seed_and_k_alone(ring_folder):
    few, many, other = (sioux_falls(scenarios=n, seed=s, bridges=4, pairs=6) for n, s in ((5, 1), (12, 1), (5, 2)))
    assert np.array_equal(few.block(0, 6).times, many.block(0, 6).times) and np.array_equal(few.states, many.states[:6])
    assert few.instance == many.instance == other.instance and not np.array_equal(few.states, other.states)
    assert sioux_falls(ring_folder, scenarios=5, seed=1, bridges=4, pairs=6).instance == few.instance
    assert few.instance.units.time == "unit of the file" and "synthetic" in few.instance.source.notes


def test_the_street_across_and_opposite_zones(ring_folder):
    """The ring's busiest street is the wide one across; pairs are opposite zones first, and never neighbours."""
    source = sioux_falls(ring_folder, scenarios=2, bridges=1, pairs=4)
    assert [e.name for e in source.instance.elements] == ["b2-5"]
    ends = [(int(p.origin), int(p.destination)) for p in source.instance.pairs]
    assert ends == [(1, 4), (3, 6), (4, 1), (6, 3)]
    most = sioux_falls(ring_folder, scenarios=2, bridges=7, pairs=16)
    joined = {frozenset(w) for w in WAYS}
    assert len(most.instance.pairs) == 16 and not joined & {frozenset((int(p.origin), int(p.destination))) for p in most.instance.pairs}


def test_on_the_command_line(run, tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    ring(tmp_path / "data")
    monkeypatch.setattr(sioux_falls, "__kwdefaults__", sioux_falls.__kwdefaults__ | {"bridges": 4, "pairs": 6})
    monkeypatch.setenv("QUAKEOPS_TNTP", str(tmp_path / "data"))
    done = run("solve", "retrofit", "--instance", "sioux-falls", "--scenarios", "6", "--seed", "3", "--json")
    assert done.code == 0 and done.json["num_scenarios"] == 6 and done.json["provenance"]["recipe"]["instance"] == "sioux-falls"
    assert run("solve", "retrofit", "--instance", "sioux-falls", "--scenarios", "1", "--json").json["objective"] == 0
    run("solve", "retrofit", "--instance", "sioux-falls", "--scenarios", "0").failed(2, "--scenarios 0: must be at least 1")
    shown = run("instances", "sioux-falls").out
    assert "4 elements, 14 links, 6 pairs, drawn scenarios" in shown and "synthetic" in shown
    listed = run("instances")
    assert "sioux-falls: read from files of yours, in the folder that QUAKEOPS_TNTP names" in listed.out.replace("\n", " ")
    assert run("instances", "--json").json["from_files"] == {"sf-bridges-71": "QUAKEOPS_SFBAY", "sioux-falls": "QUAKEOPS_TNTP"}


def test_no_folder(run, monkeypatch):
    monkeypatch.delenv("QUAKEOPS_TNTP", raising=False)
    said = "network 'sioux-falls': name the folder of the TNTP files, or set QUAKEOPS_TNTP to it"
    for command in (("solve", "retrofit", "--instance", "sioux-falls"), ("instances", "sioux-falls")):
        run(*command).failed(2, said)
    run("solve", "retrofit", "--instance", "sioux-fals").failed(2, "did you mean 'sioux-falls'?")
    monkeypatch.setenv("QUAKEOPS_TNTP", "nowhere")
    with pytest.raises(InputError, match=r"network 'sioux-falls': nowhere \(QUAKEOPS_TNTP\) is not a folder"):
        sioux_falls()


@pytest.mark.parametrize("name", ["trips", "node"])
def test_a_file_that_is_missing(tmp_path, name):
    with pytest.raises(InputError, match=rf"SiouxFalls: no file \*_{name}\.tntp, which instance 'sioux-falls' needs"):
        sioux_falls(ring(tmp_path, leave_out=(name,)))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"bridges": 0}, "field 'bridges': 0: expected 1 to 7, the streets of SiouxFalls"),
        ({"bridges": 8}, "field 'bridges': 8: expected 1 to 7"),
        ({"bridges": 4, "pairs": 17}, "field 'pairs': 17: expected 1 to 16, the pairs of zones with trips and no street between"),
        ({"bridges": 4, "pairs": 0}, "field 'pairs': 0"),
        ({"bridges": 4, "pairs": 4, "tolerance": -0.1}, "field 'tolerance': -0.1"),
        ({"bridges": 4, "pairs": 4, "years": 0}, "field 'years': 0"),
        ({"bridges": 4, "pairs": 4, "scenarios": 0}, "--scenarios 0: must be at least 1"),
        ({"bridges": 4, "pairs": 4, "seed": -1}, "--seed -1: must not be negative"),
    ],
)
def test_refused(ring_folder, given, message):
    with pytest.raises(InputError, match=message):
        sioux_falls(**given)


def test_streets_are_used_both_ways(tmp_path):
    lone = [*WAYS, *((b, a) for a, b in WAYS[1:])]
    network = read_network(find_tntp("sioux-falls", ring(tmp_path, lone)).network)
    with pytest.raises(InputError, match="SiouxFalls: link 0 has no opposite one; expected streets that are used both ways"):
        TwoWay.of(network)
    doubled = replace(network, head=np.append(network.head[:-1], network.head[0]), tail=np.append(network.tail[:-1], network.tail[0]))
    with pytest.raises(InputError, match="links 0 and 12 both lead from node 0 to 1: expected one"):
        TwoWay.of(doubled)
