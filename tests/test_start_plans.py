"""Plans to begin with: the mean model's policy is that of brute force, an incumbent ends a run as soon as its bound is good."""

import importlib
import itertools

import numpy as np
import pytest
import quakeops
from quakeops.decomposition.program import from_model
from quakeops.decomposition.start_plans import start_plan


@pytest.mark.parametrize("objective", ["rate", "event", "restoration"])
def test_policy_of_the_mean_model(objective):
    program = from_model("responder-smdp", num_scenarios=5, seed=3, arguments={"objective": objective})
    source = program.kwargs["source"]
    block = source.block(0, 5)
    start, time, cost = (getattr(block, name).mean(axis=0) for name in ("start", "time", "cost"))
    n = len(start)
    best = min(
        itertools.product(range(time.shape[1]), repeat=n),
        key=lambda d: {
            "rate": start @ cost[np.arange(n), d] / (start @ time[np.arange(n), d]),
            "event": start @ cost[np.arange(n), d],
            "restoration": start @ time[np.arange(n), d],
        }[objective],
    )
    names = [a.name for a in source.instance.agencies]
    assert start_plan(program) == {f"send[{i},{a}]": float(best[k] == m) for k, i in enumerate(source.states) for m, a in enumerate(names)}


def test_a_run_ends_when_its_bound_reaches_the_plan_it_was_given():
    loose = quakeops.solve("responder-smdp", scenarios=20, seed=1, method="benders", rel_gap=0.05)
    tight = quakeops.solve("responder-smdp", scenarios=20, seed=1, method="benders", rel_gap=1e-9)
    assert loose.status == tight.status == "optimal"
    assert loose.provenance["benders"]["iterations"] < tight.provenance["benders"]["iterations"]
    assert loose.bound <= tight.objective * (1 + 1e-9) and quakeops.verify(loose).ok


def test_the_plan_saves_iterations(monkeypatch):
    options = {"scenarios": 100, "method": "benders", "rel_gap": 1e-3, "certificate": False}
    begun = quakeops.solve("responder-smdp", **options)
    monkeypatch.setattr(importlib.import_module("quakeops.facade.solve"), "start_plan", lambda program, time_limit: None)
    cold = quakeops.solve("responder-smdp", **options)
    assert begun.status == cold.status == "optimal"
    assert begun.provenance["benders"]["iterations"] < cold.provenance["benders"]["iterations"]


def test_the_lp_phase_ends_when_the_bound_reaches_the_plan(monkeypatch):
    """Where the plan is better than what the phase has found, its gap closes first; without the plan it cuts until it is its own."""
    options = {"scenarios": 300, "method": "benders", "rel_gap": 1e-4, "certificate": False}
    begun = quakeops.solve("responder-smdp", **options)
    assert begun.status == "optimal" and 1e-6 < begun.gap <= 1e-4
    monkeypatch.setattr(importlib.import_module("quakeops.facade.solve"), "start_plan", lambda program, time_limit: None)
    assert quakeops.solve("responder-smdp", **options).gap < 1e-6


def test_models_without_one():
    assert start_plan(from_model("retrofit", instance="retrofit-random", num_scenarios=3, seed=1)) is None
