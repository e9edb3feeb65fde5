"""Responder instances: the format, times and costs by hand, the reconstruction, futures, families, and how they are shown."""

import json
import math
from itertools import product

import numpy as np
import pytest
from quakeops.errors import InputError, InstanceError
from quakeops.instances import FixedResponder, Responder, load
from quakeops.instances.incident_sets import IncidentSets
from quakeops.instances.loader import validate
from quakeops.instances.responder_arrays import layout_of
from quakeops.instances.responder_cases import CASES, SCALES, case, cases
from quakeops.scenario_gen import responder_random
from quakeops.scenario_gen.responder_reconstruction import PUBLISHED, all_policies, filled, margin, search
from quakeops.scenario_gen.sources import open_responders, open_source

SMALL = {
    "format": "quakeops/responder-smdp/1",
    "name": "two-incidents",
    "title": "Gas and fire",
    "source": {"citation": "invented for the tests", "licence": "Apache-2.0"},
    "provenance": {"everything": "synthetic"},
    "incidents": [{"name": "GL", "hazard": 2}, {"name": "FR", "hazard": 5}],
    "agencies": [
        {"name": "near", "travel_time_h": 1, "response_times_h": {"GL": 10, "FR": 30}},
        {"name": "far", "travel_time_h": 3, "response_times_h": {"FR": 20, "GL": 8}},
    ],
    "alpha": 0.25,
    "starts": [{"state": ["FR"], "probability": 0.4}, {"state": ["GL"], "probability": 0.6}],
    "dominoes": [
        {"state": ["GL"], "agency": "near", "to": [{"state": ["GL"], "probability": 0.8}, {"state": ["FR", "GL"], "probability": 0.2}]},
        {"state": ["GL"], "agency": "far", "to": [{"state": ["GL"], "probability": 0.5}, {"state": ["GL", "FR"], "probability": 0.5}]},
    ],
    "uncertainty": {"start_count": 20, "domino_count": 10, "response_sigma": 0.3, "travel_sigma": 0.1},
}

SEED, DRAW, MARGIN = 1, 64441, 0.011
"""The draw that is packaged, and how much worse the second policy is at least."""


def changed(field=None, value=None):
    """Return ``SMALL`` with one entry changed (``a.0.b`` names it), or taken away where ``value`` is ``...``."""
    data = json.loads(json.dumps(SMALL))
    if field is not None:
        *parents, last = (int(t) if t.isdigit() else t for t in field.split("."))
        place = data
        for token in parents:
            place = place[token]
        if value is ...:
            del place[last]
        else:
            place[last] = value
    return data


def small(field=None, value=None):
    return validate(changed(field, value), "small")


# -- the format


@pytest.mark.parametrize(
    ("field", "value", "parts"),
    [
        ("starts.0.probability", 0.3, ["starts: the probabilities of the decision states sum to 0.9, expected 1"]),
        ("starts.0.probability", -0.4, ["'starts[0].probability' is -0.4", "greater than or equal to 0"]),
        ("starts.0.state", [], ["'starts[0].state'", "at least 1"]),
        ("starts.0.state", ["GL"], ["starts[1].state: the state 'GL' appears twice"]),
        ("starts.0.state", ["FL"], ["starts[0].state: 'FL' is not a known incident (known: GL, FR)"]),
        ("starts.0.state", ["FR", "FR"], ["starts[0].state: the incident 'FR' appears twice"]),
        ("dominoes.1.to.0.probability", 0.4, ["dominoes[1].to", "state 'GL' and agency 'far' sum to 0.9, expected 1"]),
        ("dominoes.1.to.0.state", ["FR"], ["dominoes[1].to[0].state: state 'GL' and agency 'far' lead to 'FR' without 'GL'", "'monotone'"]),
        ("dominoes.1.to.0.state", [], ["lead to 'stable' without 'GL'"]),
        ("dominoes.1.to.0.state", ["FR", "GL"], ["dominoes[1].to[1].state", "lead to 'GL+FR' twice"]),
        ("dominoes.1.to.1.state", ["GL", "FL"], ["dominoes[1].to[1].state: 'FL' is not a known incident"]),
        ("dominoes.1.agency", "fra", ["dominoes[1].agency: 'fra' is not a known agency"]),
        ("dominoes.1.agency", "near", ["dominoes[1]: state 'GL' and agency 'near' appear twice"]),
        ("dominoes.1.state", ["GL", "FR"], ["dominoes[1].state: 'GL+FR' is not a decision state"]),
        ("dominoes.1.to", [], ["'dominoes[1].to'", "at least 1"]),
        ("dominoes.1.count", 0, ["'dominoes[1].count' is 0"]),
        ("agencies.0.travel_time_h", -1, ["'agencies[0].travel_time_h' is -1", "greater than or equal to 0"]),
        ("agencies.0.response_times_h.FR", -3, ["'agencies[0].response_times_h.FR' is -3", "greater than 0"]),
        ("agencies.0.response_times_h.FR", 0, ["'agencies[0].response_times_h.FR' is 0"]),
        ("agencies.0.response_times_h.FR", math.inf, ["'agencies[0].response_times_h.FR' is inf"]),
        ("agencies.1.response_times_h.FR", ..., ["agencies[1].response_times_h: agency 'far' has no time for incident 'FR'"]),
        ("agencies.1.response_times_h.BC", 3, ["agencies[1].response_times_h: 'BC' is not a known incident"]),
        ("agencies.1.name", "near", ["agencies: the name 'near' appears twice"]),
        ("incidents.0.hazard", -2, ["'incidents[0].hazard' is -2"]),
        ("incidents.0.name", "G+L", ["'incidents[0].name' is 'G+L'"]),
        ("incidents.0.name", "stable", ["incidents: 'stable' names the state without incidents"]),
        ("alpha", 1.5, ["'alpha' is 1.5", "less than or equal to 1"]),
        ("uncertainty.start_count", 0, ["'uncertainty.start_count' is 0"]),
        ("uncertainty.response_sigma", -0.1, ["'uncertainty.response_sigma' is -0.1"]),
        ("provenance.everything", "guessed", ["'provenance.everything' is 'guessed'", "lost"]),
        ("labels", [{"state": ["FL"], "label": "2", "origin": "published"}], ["labels[0].state: 'FL' is not a known incident"]),
        ("labels", [{"state": s, "label": "2", "origin": "published"} for s in (["GL"], ["FR"])], ["labels: the name '2' appears twice"]),
        ("published", {"policy": [{"state": ["GL"], "agency": "me"}]}, ["published.policy[0].agency: 'me' is not a known agency"]),
        ("published", {"response_times": [{"state": ["X"], "agency": "near", "hours": 1}]}, ["published.response_times[0].state: 'X'"]),
        ("scenarios", [{"name": "a", "probability": 0.5}], ["scenarios[*].probability: the sum is 0.5, expected 1"]),
        ("scenarios", [{"name": "a", "probability": 1, "travel_times_h": {"me": 1}}], ["scenarios[0].travel_times_h: 'me' is not"]),
        (
            "scenarios",
            [{"name": "a", "probability": 1, "response_times_h": {"far": {"FL": 1}}}],
            ["scenarios[0].response_times_h.far: 'FL' is not"],
        ),
        (
            "scenarios",
            [{"name": "a", "probability": 1, "starts": [{"state": ["GL", "FR"], "probability": 1}]}],
            ["scenarios[0].starts: 'GL+FR' is not a decision state"],
        ),
        ("alfa", 0.5, ["unknown field 'alfa'", "did you mean 'alpha'?"]),
    ],
)
def test_refused(field, value, parts):
    with pytest.raises(InstanceError) as caught:
        small(field, value)
    for part in ("small", *parts):
        assert part in str(caught.value)


def test_a_travel_of_no_time_to_no_incident():
    data = changed("monotone", False)
    data["dominoes"][0]["to"] = [{"state": [], "probability": 1}]
    assert validate(data, "small").dominoes[0].to[0].state == []
    data["agencies"][0]["travel_time_h"] = 0
    with pytest.raises(InstanceError, match="take no time at all"):
        validate(data, "small")


def test_a_file_is_refused_with_its_line(run, write):
    path = write("small.json", changed("dominoes.1.to.0.probability", 0.4))
    run("instances", path).failed(2, "small.json: line ", "state 'GL' and agency 'far' sum to 0.9")


def test_names_of_sets():
    sets = IncidentSets(["GL", "FR", "BC"])
    assert sets.parse("", "BC+GL") == 5 and sets.name(5) == "GL+BC" and sets.name(0) == "stable" and sets.parse("", "stable") == 0
    assert sets.members(6) == ["FR", "BC"]


# -- times and costs


def test_times_and_costs_by_hand():
    """State FR stays. GL near: 1 + 0.8 * 10 + 0.2 * 40 h; hazard 0.8 (2 + 20) + 0.2 (0.25 * 2 + 0.75 * 7 + 40 * 7)."""
    source = FixedResponder.nominal(small())
    s = source.scenario(0)
    assert source.states == ("FR", "GL") and source.layout.natural_states == ("FR", "GL", "GL+FR")
    assert s.start.tolist() == [0.4, 0.6]
    assert s.time == pytest.approx(np.array([[31, 23], [17, 3 + 0.5 * 8 + 0.5 * 28]]), rel=1e-15)
    gl_near = 0.8 * (2 + 20) + 0.2 * (0.25 * 2 + 0.75 * 7 + 40 * 7)
    gl_far = 0.5 * (3 * 2 + 8 * 2) + 0.5 * (3 * (0.25 * 2 + 0.75 * 7) + 28 * 7)
    assert s.cost == pytest.approx(np.array([[31 * 5, 23 * 5], [gl_near, gl_far]]), rel=1e-15)


def test_alpha_0_and_1_take_the_hazard_found_and_the_hazard_left():
    left, found = (FixedResponder.nominal(small("alpha", a)).scenario(0).cost[1, 0] for a in (1, 0))
    assert (left, found) == pytest.approx((0.8 * 22 + 0.2 * (2 + 280), 0.8 * 22 + 0.2 * (7 + 280)))


def test_against_dense_matrices():
    """The paper's notation, all 16 natural states and every sum written out."""
    inst = load("responder-case-1")
    sets, s = inst.sets, FixedResponder.nominal(inst).scenario(0)
    H = {i.name: i.hazard for i in inst.incidents}
    TH = [sum(H[n] for n in sets.members(m)) for m in range(16)]
    for i, start in enumerate(inst.starts):
        mask = sets.mask("", start.state)
        for a, agency in enumerate(inst.agencies):
            D = np.zeros(16)
            row = next((d for d in inst.dominoes if set(d.state) == set(start.state) and d.agency == agency.name), None)
            for r in row.to if row else []:
                D[sets.mask("", r.state)] = r.probability
            RT = [sum(agency.response_times_h[n] for n in sets.members(m)) for m in range(16)]
            TT = agency.travel_time_h
            assert s.time[i, a] == pytest.approx(TT + sum(D[m] * RT[m] for m in range(16)), rel=1e-13)
            cost = sum(D[m] * (TT * (0.5 * TH[mask] + 0.5 * TH[m]) + RT[m] * TH[m]) for m in range(16))
            assert s.cost[i, a] == pytest.approx(cost, rel=1e-13)


def test_scenarios_of_a_file(write):
    records = [
        {"name": "as it is", "probability": 0.5},
        {
            "name": "other",
            "probability": 0.5,
            "starts": [{"state": ["GL"], "probability": 1}],
            "dominoes": [{"state": ["FR"], "agency": "far", "to": [{"state": ["GL", "FR"], "probability": 1}]}],
            "travel_times_h": {"far": 5},
            "response_times_h": {"far": {"GL": 4}},
        },
    ]
    write("small.json", SMALL)
    path = write("drawn.json", {"instance": "small.json", "scenarios": records})
    source = open_responders("", scenario_file=str(path))
    first, other = source.scenario(0), source.scenario(1)
    alone = FixedResponder.nominal(small()).scenario(0)
    assert first.time.tolist() == alone.time.tolist() and first.label == "as it is"
    assert other.start.tolist() == [0, 1] and other.time[:, 0].tolist() == first.time[:, 0].tolist()
    assert other.time[:, 1].tolist() == [5 + 20 + 4, 5 + 0.5 * 4 + 0.5 * 24]
    written = open_responders(small("scenarios", records))
    assert written.block(0, 2).time.tolist() == source.block(0, 2).time.tolist()
    with pytest.raises(InputError, match="is fixed and has 2 scenarios"):
        open_responders(small("scenarios", records), num_scenarios=3)


# -- the packaged instances


def test_what_the_paper_prints():
    inst = load("responder-case-1")
    assert {i.name: i.hazard for i in inst.incidents} == {"GL": 2, "FR": 4, "BC": 8, "FL": 16} == SCALES["I"]
    assert [a.travel_time_h for a in inst.agencies] == [0.5, 1.5] and inst.alpha == 0.5
    assert [list(a.response_times_h.values()) for a in inst.agencies] == [[12, 36, 60, 200], [12, 24, 48, 100]]
    printed = {("+".join(t.state), t.agency): t.hours for t in inst.published.response_times}
    layout, response = layout_of(inst)[0], FixedResponder.nominal(inst).scenario(0).response
    hours = layout.response_times(response[None])[0]
    computed = {(layout.natural_states[n], layout.agencies[a]): hours[n, a] for n in range(layout.num_natural) for a in range(2)}
    assert printed == {k: computed[k] for k in printed}
    assert sorted(printed.values()) == [84, 108, 184, 308]
    number = {x.label: (set(x.state), x.origin) for x in inst.labels}
    assert set(number) == {str(n) for n in range(1, 17)}
    assert number["8"] == ({"GL", "FR", "BC"}, "published") and number["16"][0] == {"GL", "FR", "BC", "FL"} and number["1"][0] == set()


def test_the_published_policy_is_the_only_best_of_all():
    """Every policy by the renewal-reward formula, in plain sums."""
    inst = load("responder-case-1")
    s = FixedResponder.nominal(inst).scenario(0)
    rho = {}
    for policy in product(range(2), repeat=7):
        cost = math.fsum(p * s.cost[i, a] for i, (p, a) in enumerate(zip(s.start.tolist(), policy, strict=True)))
        rho[policy] = cost / math.fsum(p * s.time[i, a] for i, (p, a) in enumerate(zip(s.start.tolist(), policy, strict=True)))
    best, second = sorted(rho, key=rho.get)[:2]
    label = {frozenset(x.state): int(x.label) for x in inst.labels}
    chosen = {label[frozenset(c.state)]: c.agency for c in inst.published.policy}
    assert [chosen[n] for n in range(2, 9)] == ["local"] * 2 + ["central"] * 5
    assert [label[frozenset(x.state)] for x in inst.starts] == list(range(2, 9))
    assert best == PUBLISHED == (0, 0, 1, 1, 1, 1, 1)
    assert rho[second] / rho[best] - 1 > MARGIN
    assert inst.best_known.objective == pytest.approx(rho[best], rel=1e-9)
    assert margin(s.start, s.time, s.cost) == pytest.approx(rho[second] / rho[best] - 1, rel=1e-9)
    assert all_policies(s.start, s.time, s.cost)[1].tolist() == pytest.approx(sorted(rho.values()), rel=1e-12)


def test_the_reconstruction_is_a_draw_that_can_be_drawn_again():
    inst = load("responder-case-1")
    again = filled(inst, SEED, DRAW)
    assert again.starts == inst.starts and again.dominoes == inst.dominoes
    assert dict(search(inst, SEED, range(DRAW, DRAW + 1)))[DRAW] > MARGIN
    for d in inst.dominoes:
        assert all(round(r.probability, 2) == r.probability > 0 and set(r.state) >= set(d.state) for r in d.to)
    few = dict(search(inst, SEED, range(400)))
    assert 0 < len(few) < 40, "it is one of many, and most draws are not"


@pytest.mark.parametrize("name", ["responder-case-1", "responder-missouri"])
def test_every_number_has_an_origin(name):
    inst = load(name)
    text = " ".join(inst.provenance)
    for field in (
        "incidents.hazard",
        "agencies.travel_time_h",
        "agencies.response_times_h",
        "alpha",
        "starts.probability",
        "dominoes.to",
        "uncertainty",
    ):
        assert field in text
    assert "lost" in inst.provenance.values()
    assert (inst.provenance["agencies.response_times_h"] == "lost") == (name == "responder-missouri")
    assert inst.provenance["dominoes.to"] == inst.provenance["starts.probability"] == "reconstructed"


def test_the_ten_cases():
    assert [c.flood_h for c in CASES] == [100, 150, 155, 200, 100, 150, 155, 200, None, None]
    assert [c.scale for c in CASES] == ["I"] * 4 + ["II"] * 4 + ["I", "II"]
    base, missouri = load("responder-case-1"), load("responder-missouri")
    for number, inst in cases().items():
        known = CASES[number - 1]
        assert tuple(a.travel_time_h for a in inst.agencies) == known.travel_h
        assert known.flood_h in (None, inst.agencies[1].response_times_h["FL"])
        assert {i.name: i.hazard for i in inst.incidents} == SCALES[known.scale]
        assert inst.starts == base.starts and inst.dominoes == base.dominoes
        assert inst.title.endswith(f": case {number} of Ghosh & Gosavi") and (inst.published is None) == (number > 1)
        assert inst.provenance["incidents.hazard"] == ("published" if known.scale == "I" else "lost")
    assert case(1) == base and case(9) == missouri
    assert sorted(SCALES["II"].values()) == list(SCALES["II"].values()) and not set(SCALES["II"].values()) & {2**n for n in range(6)}
    with pytest.raises(InputError, match="case 11: expected 1 to 10"):
        case(11)


# -- futures


def test_one_scenario_without_a_seed_is_the_instance_itself():
    own = open_responders("responder-case-1", num_scenarios=1).scenario(0)
    assert own.label == "nominal" and own.time.tolist() == FixedResponder.nominal(load("responder-case-1")).scenario(0).time.tolist()
    drawn = open_responders("responder-case-1", num_scenarios=1, seed=0).scenario(0)
    assert drawn.label == "draw 0" and drawn.probability == 1 and (drawn.time != own.time).all()
    assert open_responders("responder-case-1").num_scenarios == 100


def test_certain_instances_are_not_drawn_from():
    certain = small("uncertainty", ...)
    assert open_responders(certain).num_scenarios == 1
    for asked in ({"num_scenarios": 5}, {"seed": 1}):
        with pytest.raises(InputError, match="'two-incidents' has no field 'uncertainty'"):
            open_responders(certain, **asked)
    with pytest.raises(InputError, match="--scenarios 0"):
        open_responders("responder-case-1", num_scenarios=0)
    with pytest.raises(InputError, match="--seed -1"):
        open_responders("responder-case-1", seed=-1)
    with pytest.raises(InputError, match="'prepositioning', expected one of 'responder-smdp'"):
        open_responders("islands-3")
    with pytest.raises(InputError, match="'responder-smdp', expected one of 'prepositioning'"):
        open_source("responder-case-1")


@pytest.mark.parametrize("name", ["responder-case-1", "responder-random"])
def test_scenario_k_depends_on_seed_and_k_alone(name):
    few, many = open_responders(name, num_scenarios=7, seed=3), open_responders(name, num_scenarios=50, seed=3)
    for k in (5, 0, 6):
        a, b, c = few.scenario(k), many.block(2, 20), many.scenario(k)
        for field in ("start", "time", "cost", "travel", "response", "domino"):
            assert getattr(a, field).tolist() == getattr(c, field).tolist()
            if k >= 2:
                assert getattr(a, field).tolist() == getattr(b, field)[k - 2].tolist()
    other = open_responders(name, num_scenarios=7, seed=4).scenario(0)
    assert (other.start != few.scenario(0).start).all()
    assert few.probabilities.tolist() == [1 / 7] * 7 and len(few.block(3, 3)) == 0 and few.block(3, 3).time.shape[0] == 0
    taken = few.block(0, 7).take([4, 4])
    assert taken.names == ("scen4", "scen4") and taken.cost[0].tolist() == few.scenario(4).cost.tolist()


def test_futures_keep_the_means():
    """Means within 4.5 standard errors; p(1 - p) / (count + 1) is the variance of a Dirichlet's part."""
    source, S = open_responders(small(), num_scenarios=4000, seed=1), 4000
    b, own = source.block(0, S), FixedResponder.nominal(small()).scenario(0)
    assert b.start.sum(axis=1) == pytest.approx(np.ones(S))
    for drawn, p, count in ((b.start, own.start, 20), (b.domino, own.domino, 10)):
        variance = p * (1 - p) / (count + 1)
        assert (np.abs(drawn.mean(axis=0) - p) <= 4.5 * np.sqrt(variance / S)).all()
        assert drawn.var(axis=0) == pytest.approx(variance, rel=0.15)
    for drawn, hours, sigma in ((b.travel, own.travel, 0.1), (b.response, own.response, 0.3)):
        assert (np.abs(drawn.mean(axis=0) / hours - 1) <= 4.5 * math.sqrt(math.expm1(sigma**2) / S)).all()
        assert np.log(drawn).std(axis=0) == pytest.approx(np.full(hours.shape, sigma), rel=0.06)
    for drawn, number in ((b.time, own.time), (b.cost, own.cost)):  # products of independent numbers
        assert (np.abs(drawn.mean(axis=0) - number) <= 4.5 * drawn.std(axis=0) / math.sqrt(S)).all()
    assert (b.domino[:, own.domino == 1] == 1).all() and (b.domino[:, own.domino == 0] == 0).all()
    assert source.layout.sum_rows(b.domino) == pytest.approx(np.ones((S, 4)), rel=1e-12)


def test_the_parts_of_a_scenario_are_independent():
    S = 3000
    b = open_responders("responder-case-1", num_scenarios=S, seed=1).block(0, S)
    parts = [b.start, b.domino, b.travel, b.response.reshape(S, -1)]
    drawn = np.column_stack(parts)
    part = np.repeat(range(4), [p.shape[1] for p in parts])
    across = part[:, None] != part
    assert (np.abs(np.corrcoef(drawn.T)[across]) < 4.8 / math.sqrt(S)).all()


def test_a_count_of_a_row_comes_first_and_small_counts_do_not_underflow():
    inst = small("dominoes.0.count", 1e-4)
    b = open_responders(inst, num_scenarios=300, seed=2).block(0, 300)
    row = b.domino[:, (layout_of(inst)[0].row == 2)]
    assert np.isfinite(row).all() and row.sum(axis=1) == pytest.approx(np.ones(300))
    assert (row.max(axis=1) > 0.999).mean() > 0.97 and 0.1 < row[:, 1].mean() < 0.3
    sure = small("uncertainty", {"travel_sigma": 0.1})
    b = open_responders(sure, num_scenarios=5, seed=2).block(0, 5)
    assert (b.start == [0.4, 0.6]).all() and (b.response == b.response[0]).all() and len(set(b.travel[:, 0])) == 5


def test_parts_do_not_move_each_other():
    a, b = (open_responders(small("uncertainty.start_count", c), num_scenarios=3, seed=5).scenario(1) for c in (20, 0.7))
    assert (a.start != b.start).all() and a.domino.tolist() == b.domino.tolist() and a.response.tolist() == b.response.tolist()


# -- families


def test_random_family_as_arrays_and_as_written():
    source = responder_random.small(2, 0)
    layout = layout_of(source.instance)[0]
    assert layout.row.tolist() == source.layout.row.tolist() and layout.states == source.layout.states
    assert layout.natural_states == source.layout.natural_states and layout.to.tolist() == source.layout.to.tolist()
    nominal = FixedResponder.nominal(source.instance).scenario(0)
    parts = responder_random.family(5, 3)[1]
    for field, part in zip(("start", "travel", "response", "domino"), parts, strict=True):
        assert getattr(nominal, field).tolist() == part.tolist()
    assert open_responders("responder-random", num_scenarios=2).scenario(1).time.tolist() == source.scenario(1).time.tolist()


def test_large_family_is_sparse():
    source = open_responders("responder-random-large", num_scenarios=2, seed=1)
    layout, s = source.layout, source.scenario(1)
    assert s.time.shape == (4095, 4) and layout.num_natural == 4095
    assert len(layout.row) == 4 * sum(math.comb(12, m) * (13 - m) for m in range(1, 13))
    assert (layout.members[layout.to] >= layout.members[layout.row // 4]).all()
    assert layout.sum_rows(s.domino[None]) == pytest.approx(np.ones((1, 4095 * 4)), rel=1e-9)
    assert s.start.sum() == pytest.approx(1) and (s.time > 0).all()
    i, a = 1234, 2  # one entry by the formulas
    of = layout.row == i * 4 + a
    hours = layout.members[layout.to[of]] @ s.response[a]
    assert s.time[i, a] == pytest.approx(s.travel[a] + s.domino[of] @ hours, rel=1e-12)


# -- how they are shown


def test_shown(run):
    out = run("instances", "responder-case-1").out
    for part in ("responder-smdp", "gas or chemical leakage", "GL+FR+BC", "published policy", "reconstructed", "lost", "0.5"):
        assert part in out
    assert "responder-missouri" in run("instances").out
    assert run("instances", "responder-case-1", "--json").json["alpha"] == 0.5
    assert "31 starts" in run("instances", "responder-random").out


def test_json_round_trip():
    inst = load("responder-case-1")
    assert Responder.model_validate(json.loads(inst.model_dump_json())) == inst
