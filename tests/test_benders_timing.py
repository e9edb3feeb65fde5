"""What a Benders result says of its own work: counts equal to calls counted from outside, and parts of the time within their wholes."""

import pytest
import quakeops
from quakeops.decomposition.benders import compiled, crash, engine
from quakeops.decomposition.benders.master import Master
from quakeops.decomposition.benders.oracle import Oracle
from quakeops.decomposition.benders.recourse_lps import RecourseLPs

HAIR = 1e-3


@pytest.fixture
def calls(monkeypatch):
    """Count calls from outside: recourse LPs, evaluations, cuts."""
    out = {"recourse_lps": 0, "evaluations": 0, "cuts": 0}

    def counted(owner, name, key, size=lambda *arguments: 1):
        real = getattr(owner, name)

        def call(self, *arguments, **options):
            out[key] += size(*arguments)
            return real(self, *arguments, **options)

        monkeypatch.setattr(owner, name, call)

    counted(RecourseLPs, "solve", "recourse_lps")
    counted(Oracle, "evaluate", "evaluations")
    counted(Master, "add", "cuts", len)
    return out


def solve(**options):
    return quakeops.solve("prepositioning", method="benders", threads=1, certificate=False, **options)


def test_work_is_what_was_called(calls):
    result = solve(instance="islands-3", rel_gap=1e-6)
    work = result.provenance["benders"]
    assert {k: work[k] for k in calls} == calls
    assert work["recourse_lps"] == 6 * work["evaluations"]  # few scenarios: all of them, every time
    assert 0 < work["iterations"] < work["evaluations"] + 5


def test_work_of_the_sample_counts(calls, monkeypatch):
    monkeypatch.setattr(compiled, "SAMPLE", 10)
    monkeypatch.setattr(crash, "SAMPLE", 10)
    monkeypatch.setattr(engine, "FEW", 10)
    work = solve(instance="prepositioning-random", scenarios=30, seed=1).provenance["benders"]
    assert work["recourse_lps"] == calls["recourse_lps"]
    assert work["evaluations"] < calls["evaluations"]  # of the whole problem alone


def test_parts_lie_within_their_wholes():
    timing = solve(instance="prepositioning-random", scenarios=20, seed=1).timing
    assert timing["lp"] > 0 and timing["product"] > 0 and timing["master solver"] > 0
    assert timing["lp"] + timing["product"] <= timing["oracle"] + HAIR
    assert timing["master solver"] <= timing["master"] + HAIR
    assert timing["crash"] <= timing["start"] + HAIR
    assert timing["build"] + timing["start"] + timing["oracle"] + timing["exchange"] + timing["master"] <= timing["total"] + HAIR


def test_the_time_of_the_sample_is_counted_once(monkeypatch):
    monkeypatch.setattr(compiled, "SAMPLE", 10)
    monkeypatch.setattr(crash, "SAMPLE", 10)
    timing = solve(instance="prepositioning-random", scenarios=30, seed=1, iterations=1).timing
    assert timing["lp"] + timing["product"] + timing["master solver"] + timing["crash"] + timing["build"] <= timing["total"] + HAIR
    assert timing["master"] <= timing["total"]
