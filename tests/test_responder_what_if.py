"""What-if of a responder instance: times and costs computed again at moved inputs, brute force over all policies at the ends of ranges."""

import json

import numpy as np
import pytest
from quakeops.decomposition.responder_chain import slopes, smdp_of
from quakeops.decomposition.responder_what_if import what_if
from quakeops.errors import InputError
from quakeops.instances import FixedResponder, Responder, load
from quakeops.scenario_gen.responder_reconstruction import all_policies
from quakeops.scenario_gen.sources import open_responders
from quakeops.solvers.policy_iteration import policy_iteration
from quakeops.solvers.ranges import transition_range
from scipy.sparse import csr_array

CASE = load("responder-case-1")
PUBLISHED = dict(zip(("GL", "FR", "BC", "GL+FR", "GL+BC", "FR+BC", "GL+FR+BC"), ["local"] * 2 + ["central"] * 5, strict=True))


def moved(instance, name, value):
    """Return the instance with one input at another value; the other starts keep their proportions."""
    data = instance.model_dump()
    what, _, of = name.rstrip("]").partition("[")
    agencies = {a["name"]: a for a in data["agencies"]}
    if what == "alpha":
        data["alpha"] = value
    elif what == "hazard":
        next(i for i in data["incidents"] if i["name"] == of)["hazard"] = value
    elif what == "travel_time_h":
        agencies[of]["travel_time_h"] = value
    elif what == "response_times_h":
        agency, incident = of.split(",")
        agencies[agency]["response_times_h"][incident] = value
    else:
        own = next(s for s in data["starts"] if "+".join(s["state"]) == of)
        rest = (1 - value) / (1 - own["probability"])
        for s in data["starts"]:
            s["probability"] = value if s is own else s["probability"] * rest
    return Responder.model_validate(data)


def arrays(instance):
    """Return the only scenario of an instance."""
    return FixedResponder.nominal(instance).scenario(0)


def best(instance, objective="rate"):
    """Return agencies by state of the best policy by brute force; of the means over events state by state."""
    source = FixedResponder.nominal(instance)
    s = source.scenario(0)
    means = {"event": s.cost, "restoration": s.time}
    chosen = all_policies(s.start, s.time, s.cost)[0][0] if objective == "rate" else means[objective].argmin(axis=1)
    return {i: source.layout.agencies[a] for i, a in zip(source.states, chosen, strict=True)}


def test_figures_of_case_1():
    """Against the formulas (5) and (6), for policies by name and one that is given."""
    w, s = what_if(CASE, {"mine": PUBLISHED | {"BC": "local"}}), arrays(CASE)
    assert list(w.policies) == ["optimal", "always local", "always central", "mine"]
    assert w.policies["optimal"].agency == PUBLISHED and w.ties == ()
    for n, (state, row) in enumerate(w.restoration_h.items()):
        assert list(row.values()) == s.time[n].tolist() and list(w.hazard[state].values()) == s.cost[n].tolist()
    for name, d in {"always local": [0] * 7, "always central": [1] * 7, "mine": [0, 0, 0, 1, 1, 1, 1]}.items():
        cost, time = (s.start @ x[np.arange(7), d] for x in (s.cost, s.time))
        f = w.policies[name]
        assert (f.rho, f.hazard_per_event, f.hours_per_event) == pytest.approx((cost / time, cost, time), rel=1e-12)
    assert w.policies["optimal"].rho == pytest.approx(12.728682156, rel=1e-9)
    assert json.loads(json.dumps(w.to_dict(), allow_nan=False))["ranges"][0]["input"] == "travel_time_h[local]"


@pytest.mark.parametrize("name", ["responder-case-1", "responder-missouri"])
def test_times_and_costs_are_linear_in_each_input(name):
    instance = load(name)
    source = FixedResponder.nominal(instance)
    s = source.scenario(0)
    found = list(slopes(s, source.layout))
    assert len(found) == 2 + 8 + 4 + 1
    for slope in found:
        step = 0.4 if slope.input == "alpha" else 3.7
        there = arrays(moved(instance, slope.input, slope.value + step))
        assert s.time + step * slope.time == pytest.approx(there.time, rel=1e-12), slope.input
        assert s.cost + step * slope.cost == pytest.approx(there.cost, rel=1e-12), slope.input


@pytest.mark.parametrize("objective", ["rate", "event", "restoration"])
@pytest.mark.parametrize("name", ["responder-case-1", "responder-missouri"])
def test_ends_of_ranges_by_brute_force(name, objective):
    """Just inside the policy is the best of all 2^7; just outside it is not, and the state that is named has changed."""
    instance = load(name)
    now = best(instance, objective)
    found = what_if(instance, objective=objective)
    ranges = found.ranges
    assert found.policies["optimal"].agency == now and found.objective == objective
    assert len(ranges) == 15 + 7
    ended = 0
    for r in ranges:
        assert r.lower <= r.value and (r.upper is None or r.value <= r.upper)
        for end, choice, out in ((r.lower, r.below, -1), (r.upper, r.above, 1)):
            far = r.value + 1e6 if end is None else end
            small = 1e-6 * max(1.0, far)
            if choice is None:
                inside = far - out * small if r.input.startswith(("start", "response")) else far  # sure starts tie; responses take time
                assert best(moved(instance, r.input, inside), objective) == now, r
            else:
                ended += 1
                assert best(moved(instance, r.input, far - out * small), objective) == now, r
                there = best(moved(instance, r.input, far + out * small), objective)
                assert there == now | {choice[0]: choice[1]} and there != now, r
    assert ended >= (10 if objective == "rate" else 8)


def test_start_ranges_by_bisection():
    """(R) against the numerical ranges of a chain's probabilities."""
    s = arrays(CASE)
    smdp = smdp_of(s)
    policy = policy_iteration(smdp).policy
    found = {r.input: r for r in what_if(CASE).ranges}
    for i, name in enumerate(PUBLISHED):
        change = np.zeros(smdp.transition.shape)
        change[0, 1:] = (np.eye(7)[i] - s.start) / (1 - s.start[i])
        r, numerical = found[f"start[{name}]"], transition_range(smdp, policy, csr_array(change), steps=4)
        assert (r.lower, r.upper) == pytest.approx((s.start[i] + numerical.lower, s.start[i] + numerical.upper), abs=1e-9)


def test_agencies_alike_are_tied():
    data = CASE.model_dump()
    data["agencies"][1] = data["agencies"][0] | {"name": "central"}
    data["dominoes"] = []
    w = what_if(Responder.model_validate(data))
    assert len(w.ties) == 7
    by_input = {r.input: r for r in w.ranges}
    assert (by_input["hazard[GL]"].lower, by_input["hazard[GL]"].upper) == (0, None)
    one_sided = by_input["travel_time_h[local]"]
    assert 0.5 in (one_sided.lower, one_sided.upper)


def test_names_and_a_start_that_is_sure():
    source = open_responders("responder-case-1", num_scenarios=1)
    smdp = smdp_of(source.scenario(0), source.layout)
    assert smdp.states == ("stable", *PUBLISHED) and smdp.action[:3] == ("wait", "local", "central")
    assert smdp_of(source.scenario(0)).states[:2] == ("stable", "s1")
    data = CASE.model_dump() | {"published": None}
    data["starts"] = [s | {"probability": float(s["state"] == ["FR"])} for s in data["starts"]]
    assert not [r.input for r in what_if(Responder.model_validate(data)).ranges if r.input == "start[FR]"]


@pytest.mark.parametrize(
    ("policies", "message"),
    [
        ({"optimal": PUBLISHED}, "policy 'optimal': the name is taken"),
        ({"mine": PUBLISHED | {"FL": "local"}}, "policy 'mine': unknown 'FL'"),
        ({"mine": PUBLISHED | {"FR": "locl"}}, "policy 'mine': unknown 'locl'; did you mean 'local'"),
        ({"mine": {"GL": "local"}}, "policy 'mine': no agency for state 'FR'"),
    ],
)
def test_refused_policies(policies, message):
    with pytest.raises(InputError, match=message):
        what_if(CASE, policies)
