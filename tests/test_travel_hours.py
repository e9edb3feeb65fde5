"""Travel times and impact terms of drawn families and scenario sets, which a front of three objectives needs."""

import hashlib
import json

import networkx as nx
import numpy as np
import pytest
import quakeops
from quakeops.errors import InputError
from quakeops.models import prepositioning
from quakeops.scenario_gen.needs import IMPACT, with_impact
from quakeops.scenario_gen.prepositioning_random import RandomSource
from quakeops.scenario_gen.regions import open_region
from quakeops.scenario_gen.scenario_set import save
from quakeops.scenario_gen.scenario_source import ScenarioSetSource


def shortest(instance, hours):
    """Shortest times between all nodes by networkx; ``hours`` of the links, infinite if closed."""
    graph = nx.Graph()
    graph.add_nodes_from(n.name for n in instance.nodes)
    graph.add_weighted_edges_from((*link.ends, h) for link, h in zip(instance.links, hours, strict=True) if np.isfinite(h))
    found = dict(nx.all_pairs_dijkstra_path_length(graph))
    names = [n.name for n in instance.nodes]
    return np.array([[found[a].get(b, np.inf) for b in names] for a in names])


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    path = tmp_path_factory.mktemp("town") / "town.nc"
    return path, quakeops.generate("town", scenarios=6, seed=3, out=path)


def test_hours_of_the_family_are_shortest_paths():
    source = RandomSource(4, 8).with_hours()
    i, j = np.triu_indices(20, 1)
    for k in range(4):
        s = source.scenario(k)
        intact = np.sqrt(s.link_capacity / 2e5)  # geometric mean of 1 - 0.8 s at both ends
        hours = np.array([link.hours for link in source.instance.links]) / intact**2
        np.testing.assert_allclose(s.hours, shortest(source.instance, hours), rtol=1e-12)
        assert s.hours[i, j] == pytest.approx(s.hours[j, i])


def test_the_familys_impact_follows_the_severity():
    source = RandomSource(200, 8)
    b = source.block(0, 200)
    severity = (1 - b.usable) / 0.9  # a lower bound of it
    assert (b.casualties > 0).all() and (b.loss > 0).all()
    weak, strong = np.argsort(severity.mean(axis=1))[[0, -1]]
    assert b.casualties[strong].sum() > 3 * b.casualties[weak].sum() and b.loss[strong].sum() > b.loss[weak].sum()
    demand = b.demand[:, :, 0] / b.demand[:, :, 0].max(axis=0)
    np.testing.assert_allclose((b.casualties / b.casualties.max(axis=0)), demand**2, rtol=1e-9)
    np.testing.assert_allclose((b.loss / b.loss.max(axis=0)), demand, rtol=1e-9)


def test_impact_terms_did_not_move_the_draws():
    """The digest of demand, usable stock, capacities and probabilities from before the family had impact terms."""
    for source in (RandomSource(9, 3), RandomSource(9, 3).with_hours()):
        b = source.block(0, 9)
        digest = hashlib.sha256(b"".join(getattr(b, f).tobytes() for f in ("demand", "usable", "link_capacity", "probability")))
        assert digest.hexdigest() == "13b732bab79717bcf0ca1577f35ebcb2629ac1f1904e01c032e2918121394153"


def test_hours_of_a_scenario_set(town):
    """A road's hours times the scenario's factor; closed roads are not used, whoever is cut off is infinitely far."""
    path, data = town
    source = ScenarioSetSource(path).with_hours()
    factor = data["link_time_factor"].values
    assert np.isinf(factor).any(), "some road is closed in some scenario"
    block = source.block(0, 6)
    for k in range(6):
        hours = np.array([link.hours for link in source.instance.links]) * factor[k]
        np.testing.assert_allclose(block.hours[k], shortest(source.instance, hours), rtol=1e-12)
        np.testing.assert_array_equal(source.scenario(k).hours, block.hours[k])
    assert ScenarioSetSource(path).block(0, 1).hours is None and source.block(2, 2).hours.shape == (0, 8, 8)


def test_sets_carry_the_impact_terms(town):
    relief = open_region("town").relief
    assert relief.impact is None and with_impact(relief).impact == IMPACT
    assert with_impact(relief).provenance["impact"] == "synthetic"
    assert json.loads(town[1].attrs["instance"])["impact"]["horizon_h"] == 72
    slow = relief.model_copy(update={"links": [relief.links[0].model_copy(update={"hours": None}), *relief.links[1:]]})
    assert with_impact(slow) is slow, "roads without travel times"


def test_a_set_without_impact_terms_is_refused(town, tmp_path):
    instance = json.loads(town[1].attrs["instance"])
    del instance["impact"]
    save(town[1].assign_attrs(instance=json.dumps(instance)), tmp_path / "old.nc")
    source = ScenarioSetSource(tmp_path / "old.nc").with_hours()
    with pytest.raises(InputError, match="'impact' is missing"):
        prepositioning.random_block(source, 0, 2, impact=True)
    bare = RandomSource(1, 0)
    with pytest.raises(InputError, match="without travel times"):
        prepositioning.build(bare, bare.scenario(0), impact=True)


def test_a_front_of_generated_scenarios(run, town):
    done = run(
        "pareto", "prepositioning", "--scenario-file", str(town[0]), "--points", "4", "--budget", "6e5", "--rel-gap", "1e-2", "--json"
    )
    assert done.code == 0, done.err
    assert done.json["num_scenarios"] == 6 and len(done.json["points"]) >= 3 and done.json["units"]["loss"] == "USD"
