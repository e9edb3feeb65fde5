"""One policy for many futures: brute force over all policies, three roads for one model, limit cases, the mean model."""

import itertools

import numpy as np
import pytest
import quakeops
from quakeops.decomposition.average_cost import solve_average_cost
from quakeops.decomposition.responder_chain import smdp_of
from quakeops.errors import InputError
from quakeops.instances.responder_source import ResponderBlock
from quakeops.models.responder_smdp import HORIZON_H, occupation_bounds, random_data
from quakeops.scenario_gen.sources import open_responders
from quakeops.solvers import get
from quakeops.solvers.policy_iteration import policy_iteration
from quakeops.solvers.value_iteration import value_iteration


def opened(scenarios=None, seed=None, instance="responder-case-1"):
    return open_responders(instance, scenario_file=None, num_scenarios=scenarios, seed=seed)


def by_policy(block, objective="rate"):
    """Return the expected objective of every policy, agencies by number, by renewal-reward."""
    out = {}
    count = block.time.shape[1]
    for d in itertools.product(range(block.time.shape[2]), repeat=count):
        cost = (block.start * block.cost[:, np.arange(count), d]).sum(axis=1)
        time = (block.start * block.time[:, np.arange(count), d]).sum(axis=1)
        out[d] = float(block.probability @ {"rate": cost / time, "event": cost, "restoration": time}[objective])
    return out


def chosen(result, source):
    """Return the agency's number in every decision state."""
    names = [a.name for a in source.instance.agencies]
    return tuple(next(a for a, name in enumerate(names) if result.first_stage[f"send[{i},{name}]"] > 0.5) for i in source.states)


@pytest.mark.parametrize("objective", ["rate", "event", "restoration"])
@pytest.mark.parametrize("method", ["ef", "benders"])
def test_brute_force_over_all_policies(objective, method):
    source = opened(12, 5)
    values = by_policy(source.block(0, 12), objective)
    best = min(values, key=values.get)
    found = quakeops.solve("responder-smdp", scenarios=12, seed=5, method=method, rel_gap=1e-7, arguments={"objective": objective})
    assert found.status == "optimal" and found.objective == pytest.approx(values[best], rel=1e-8)
    assert values[chosen(found, source)] == pytest.approx(values[best], rel=1e-8)
    assert quakeops.verify(found).ok


def test_progressive_hedging_brackets():
    found = quakeops.solve("responder-smdp", scenarios=12, seed=5, method="ph")
    exact = min(by_policy(opened(12, 5).block(0, 12)).values())
    assert found.bound <= exact * (1 + 1e-9) <= found.objective * (1 + 2e-9)


@pytest.mark.parametrize("instance", ["responder-case-1", "responder-missouri"])
def test_one_scenario_is_the_linear_program_and_three_roads_agree(instance):
    source = opened(1, None, instance)
    scenario = source.scenario(0)
    smdp = smdp_of(scenario)
    exact = min(by_policy(ResponderBlock.stack([scenario])).values())
    assert policy_iteration(smdp).rho == pytest.approx(exact, abs=1e-10)
    assert value_iteration(smdp).rho == pytest.approx(exact, abs=1e-10)
    lp = solve_average_cost(smdp, get("highs"))
    assert lp.rho == pytest.approx(exact, abs=1e-10) and lp.randomised == ()
    found = quakeops.solve("responder-smdp", instance=instance, scenarios=1, rel_gap=1e-9)
    assert found.objective == pytest.approx(exact, rel=1e-9)
    assert found.objective == pytest.approx(source.instance.best_known.objective, rel=1e-6)


def test_the_published_policy():
    """Local for gas leak and fire alone, central for all others: <1,1,1,2,2,2,2,2> without the stable state."""
    source = opened(1)
    found = quakeops.solve("responder-smdp", scenarios=1, rel_gap=1e-9)
    assert chosen(found, source) == (0, 0, 1, 1, 1, 1, 1)


def test_bounds_of_the_occupation_measure_are_attained():
    block = opened(3, 2).block(0, 3)
    least, most = occupation_bounds(block.start, block.time)
    n = block.time.shape[1]
    seen = [np.full(block.time.shape, np.inf), np.zeros(block.time.shape)]
    for d in itertools.product((0, 1), repeat=n):
        rate = HORIZON_H * block.start / (block.start * block.time[:, np.arange(n), d]).sum(axis=1, keepdims=True)
        for i in range(n):
            seen[0][:, i, d[i]] = np.minimum(seen[0][:, i, d[i]], rate[:, i])
            seen[1][:, i, d[i]] = np.maximum(seen[1][:, i, d[i]], rate[:, i])
    assert least == pytest.approx(seen[0], rel=1e-12) and most == pytest.approx(seen[1], rel=1e-12)


def test_hazards_doubled_double_rho_and_keep_the_policy(tmp_path):
    case = opened(1).instance
    louder = case.model_copy(update={"incidents": [i.model_copy(update={"hazard": 2 * i.hazard}) for i in case.incidents]})
    path = tmp_path / "louder.json"
    path.write_text(louder.model_dump_json())
    one, two = (quakeops.solve("responder-smdp", instance=i, scenarios=1, rel_gap=1e-9) for i in ("responder-case-1", str(path)))
    assert two.objective == pytest.approx(2 * one.objective, rel=1e-9) and two.first_stage == one.first_stage


@pytest.mark.parametrize("scenarios, seed", [(12, 5), (4, 7)])
def test_the_value_of_a_policy_for_many_futures(scenarios, seed):
    """Against the optimum of the mean model, by brute force in both; with seed 7 the mean of the matrices has another optimum."""
    source = opened(scenarios, seed)
    block = source.block(0, scenarios)
    values = by_policy(block)
    start, time, cost = (np.mean(getattr(block, name), axis=0)[None] for name in ("start", "time", "cost"))
    mean = {d: (start * cost[:, np.arange(7), d]).sum() / (start * time[:, np.arange(7), d]).sum() for d in values}
    figures = quakeops.evaluate(quakeops.solve("responder-smdp", scenarios=scenarios, seed=seed, rel_gap=1e-9))
    assert figures.vss.value == pytest.approx(values[min(mean, key=mean.get)] - min(values.values()), abs=1e-7)
    wait = [min(by_policy(source.block(k, k + 1)).values()) for k in range(scenarios)]
    assert figures.evpi.value == pytest.approx(min(values.values()) - np.mean([w * scenarios for w in wait]), abs=1e-7)


def largest(block, objective):
    """Return the largest objective that every policy has in a scenario of the block."""
    single = (
        type(block)((block.names[k],), (block.labels[k],), np.ones(1), *(a[k : k + 1] for a in block._arrays())) for k in range(len(block))
    )
    every = [by_policy(one, objective) for one in single]
    return {d: max(values[d] for values in every) for d in every[0]}


@pytest.mark.parametrize(
    "objective, limited",
    [("rate", ["restoration"]), ("rate", ["event"]), ("event", ["rate"]), ("event", ["restoration"]), ("restoration", ["rate", "event"])],
)
@pytest.mark.parametrize("method", ["ef", "benders"])
def test_limits_in_every_scenario_against_all_policies(objective, limited, method):
    """Each limit lies halfway from what the best policy without limits has to the least there is, so that it binds."""
    source = opened(6, 9)
    block = source.block(0, 6)
    values = by_policy(block, objective)
    best = min(values, key=values.get)
    names = {"restoration": "hours_limit", "event": "event_limit", "rate": "rate_limit"}
    worst = {other: largest(block, other) for other in limited}
    limits = {other: (of[best] + min(of.values())) / 2 for other, of in worst.items()}
    allowed = {d: v for d, v in values.items() if all(worst[other][d] <= limits[other] for other in limited)}
    assert allowed and best not in allowed
    limits = {names[other]: limit for other, limit in limits.items()}
    arguments = {"objective": objective, **limits}
    found = quakeops.solve("responder-smdp", scenarios=6, seed=9, method=method, rel_gap=1e-7, arguments=arguments)
    assert found.objective == pytest.approx(min(allowed.values()), rel=1e-8) and chosen(found, source) in allowed
    assert quakeops.verify(found).ok


def test_limits_that_no_policy_meets_and_bad_ones():
    found = quakeops.solve("responder-smdp", scenarios=1, arguments={"hours_limit": 10.0})
    assert found.status == "infeasible"
    with pytest.raises(InputError, match="rate_limit -1: expected a number above 0"):
        quakeops.solve("responder-smdp", arguments={"rate_limit": -1.0})


def test_random_data_by_block():
    source = opened(6, 1)
    block = random_data(source, source.block(2, 5))
    for k in range(3):
        one = random_data(source, source.scenario(2 + k))
        assert all(np.array_equal(one[name], block[name][k]) for name in one)


def test_an_unknown_objective():
    with pytest.raises(InputError, match="objective 'speed': expected rate or event or restoration"):
        quakeops.solve("responder-smdp", arguments={"objective": "speed"})
