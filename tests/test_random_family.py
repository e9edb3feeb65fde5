"""Drawn scenarios: scenario k depends on (seed, k) alone, stays in its ranges, and resampling follows the probabilities."""

import hashlib

import numpy as np
import pytest
from quakeops.instances import FixedSource, load
from quakeops.instances.loader import validate
from quakeops.scenario_gen.prepositioning_random import RandomSource, network
from quakeops.scenario_gen.sources import ResampledSource, open_source

FIELDS = ("demand", "usable", "link_capacity", "casualties", "loss")
DIGEST = """
import hashlib
from quakeops.scenario_gen.prepositioning_random import RandomSource
s = RandomSource(9, 3).scenario(4)
print(hashlib.sha256(b"".join(getattr(s, f).tobytes() for f in {fields})).hexdigest())
"""


def equal(a, b):
    return a.name == b.name and a.label == b.label and all(np.array_equal(getattr(a, f), getattr(b, f)) for f in FIELDS)


def fixed_source():
    return FixedSource(load("islands-3"))


SOURCES = [lambda n, seed: RandomSource(n, seed), lambda n, seed: ResampledSource(fixed_source(), n, seed)]


@pytest.mark.parametrize("source", SOURCES, ids=["family", "resampled"])
def test_scenario_k_depends_on_seed_and_k_alone(source):
    few, many = source(3, 7), source(50, 7)
    later = [many.scenario(k) for k in (40, 2, 0, 1)]
    assert all(equal(few.scenario(k), many.scenario(k)) for k in (2, 0, 1)), "number of scenarios"
    assert equal(later[1], few.scenario(2)) and equal(later[0], many.scenario(40)), "order of calls"
    assert few.scenario(0).probability == pytest.approx(1 / 3) and many.scenario(0).probability == pytest.approx(1 / 50)
    assert [s.name for s in later] == ["scen40", "scen2", "scen0", "scen1"]


@pytest.mark.parametrize("source", SOURCES, ids=["family", "resampled"])
def test_seeds_and_scenarios_differ(source):
    one, other = ([s.scenario(k).demand.sum() for k in range(20)] for s in (source(20, 0), source(20, 1)))
    assert one != other and len(set(one)) > 3 and len(set(other)) > 3


def test_same_digits_in_a_fresh_process(subprocess_run):
    s = RandomSource(100, 3).scenario(4)
    here = hashlib.sha256(b"".join(getattr(s, f).tobytes() for f in FIELDS)).hexdigest()
    done = subprocess_run("-c", DIGEST.format(fields=FIELDS))
    assert done.stdout.strip() == here, done.stderr


def test_ranges_and_formulas():
    """The module's docstring: severities in (0, 1), and everything that follows from them."""
    _, _, base = network()
    i, j = np.triu_indices(20, 1)
    labels, severities = [], []
    for s in map(RandomSource(300, 11).scenario, range(300)):
        severity = s.demand / base
        np.testing.assert_allclose(severity, severity[:, :1].repeat(3, axis=1), rtol=1e-12)
        severity = severity[:, 0]
        assert np.all((severity > 0) & (severity < 1))
        assert np.all((s.usable <= 1 - 0.2 * severity + 1e-12) & (s.usable >= 1 - 0.9 * severity - 1e-12))
        np.testing.assert_allclose(s.link_capacity, 2e5 * (1 - 0.8 * severity[i]) * (1 - 0.8 * severity[j]), rtol=1e-12)
        labels.append(float(s.label.removeprefix("M ")))
        severities.append(severity.mean())
    assert 5.5 <= min(labels) < 5.6 and 7.7 < max(labels) <= 7.8
    assert np.corrcoef(labels, severities)[0, 1] > 0.5, "stronger earthquakes are felt more"


def test_network_is_one_fixed_draw():
    a, b = RandomSource(2, 1).instance, RandomSource(5, 9).instance
    assert a is b and (len(a.nodes), len(a.links), len(a.commodities), len(a.sizes)) == (20, 190, 3, 3)
    assert validate(a.model_dump(mode="json"), "family") == a
    assert RandomSource(2, 1).limited_links.all()


def test_opened_by_name():
    source = open_source("prepositioning-random", num_scenarios=7, seed=2)
    assert source.num_scenarios == 7 and equal(source.scenario(6), RandomSource(7, 2).scenario(6))
    assert open_source("prepositioning-random").num_scenarios == 100
    assert equal(open_source("prepositioning-random").scenario(3), RandomSource(100, 0).scenario(3))


def test_resampling_follows_the_probabilities():
    """Frequencies of 5,000 draws within four standard deviations; a scenario of probability 0 never comes."""
    data = load("islands-3").model_dump(mode="json")
    data["scenarios"][2]["probability"], data["scenarios"][0]["probability"] = 0, 0.5
    parent, n = FixedSource(validate(data, "test")), 5_000
    drawn = ResampledSource(parent, n, 5)
    labels = [drawn.scenario(k).label for k in range(n)]
    for record in parent.records:
        p, frequency = record.probability, labels.count(record.name) / n
        assert abs(frequency - p) <= 4 * np.sqrt(p * (1 - p) / n), record.name
    assert sum(drawn.scenario(k).probability for k in range(n)) == pytest.approx(1)


def test_resampled_draws_are_the_parents_scenarios():
    parent = fixed_source()
    drawn = ResampledSource(parent, 30, 1)
    by_label = {parent.scenario(k).label: parent.scenario(k) for k in range(6)}
    for k in range(30):
        s = drawn.scenario(k)
        assert all(np.array_equal(getattr(s, f), getattr(by_label[s.label], f)) for f in (*FIELDS, "hours"))
    assert drawn.instance is parent.instance and np.array_equal(drawn.limited_links, parent.limited_links)
