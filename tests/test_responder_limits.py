"""The best responder policy under limits: against mixtures of pairs of all pure policies, a linear program over all of them, and slopes."""

import itertools

import numpy as np
import pytest
import quakeops
from quakeops.decomposition.responder_chain import smdp_of
from quakeops.decomposition.responder_figures import FIGURES, OBJECTIVES
from quakeops.decomposition.responder_limits import best_under_limits
from quakeops.decomposition.responder_what_if import what_if
from quakeops.errors import InputError, NoSolutionError
from quakeops.instances import FixedResponder, Responder, load
from quakeops.scenario_gen.responder_reconstruction import all_policies
from quakeops.scenario_gen.sources import open_responders
from quakeops.solvers import get
from scipy.optimize import linprog

CASE = load("responder-case-1")
MISSOURI = load("responder-missouri")
HIGHS = get("highs")


def totals(instance):
    """Return hazard and hours of a mean event, (2^7,) each, of every pure policy."""
    s = FixedResponder.nominal(instance).scenario(0)
    policies = all_policies(s.start, s.time, s.cost)[0]
    states = np.arange(len(s.start))
    return tuple(np.array([s.start @ x[states, d] for d in policies]) for x in (s.cost, s.time))


def figures(cost, time):
    return {"hazard-rate": cost / time, "hazard-per-event": cost, "hours-per-event": time}


def by_pairs(instance, objective, name, most):
    """Return the least objective over all mixtures of two pure policies, event by event, that keep one limit; each by its formula."""
    cost, time = totals(instance)
    a, b = (i.ravel() for i in np.meshgrid(np.arange(len(cost)), np.arange(len(cost)), indexing="ij"))
    excess = {"hazard-rate": cost - most * time, "hazard-per-event": cost - most, "hours-per-event": time - most}[name]
    kept = excess <= 1e-12 * most
    bind = (excess[a] > 0) & (excess[b] < 0)
    a, b = a[bind], b[bind]
    share = excess[b] / (excess[b] - excess[a])
    mixed = (np.concatenate([x[kept], share * x[a] + (1 - share) * x[b]]) for x in (cost, time))
    return figures(*mixed)[OBJECTIVES[objective]].min(initial=np.inf)


def by_program(instance, objective, limits):
    """Return the least objective over all mixtures of pure policies, by another linear program on other variables."""
    cost, time = totals(instance)
    event = np.ones_like(cost)
    parts = {"hazard-rate": (cost, time), "hazard-per-event": (cost, event), "hours-per-event": (time, event)}
    a, b = parts[OBJECTIVES[objective]]
    rows = [parts[n][0] - v * parts[n][1] for n, v in limits.items()]
    done = linprog(a, A_ub=rows, b_ub=np.zeros(len(rows)), A_eq=[b], b_eq=[1.0])
    return done.fun if done.status == 0 else None


def least_and_free(instance, name, objective):
    """Return the least of a figure, and its value at the objective's own optimum."""
    cost, time = totals(instance)
    all_figures = figures(cost, time)
    return all_figures[name].min(), all_figures[name][all_figures[OBJECTIVES[objective]].argmin()]


@pytest.mark.parametrize("instance", [CASE, MISSOURI], ids=lambda i: i.name)
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("name", FIGURES)
def test_one_limit_is_a_mixture_of_two_pure_policies(instance, objective, name):
    """From below the least that can be had to above what the free optimum has."""
    smdp = smdp_of(*(lambda s: (s.scenario(0), s.layout))(FixedResponder.nominal(instance)))
    least, free = least_and_free(instance, name, objective)
    for share in (0.0, 0.003, 0.3, 0.77, 1.0, 1.5):
        most = least + share * (free - least)
        found = best_under_limits(smdp, {name: most}, objective, HIGHS)
        best = by_pairs(instance, objective, name, most)
        assert found.figure(OBJECTIVES[objective]) == pytest.approx(best, rel=1e-9)
        assert found.figure(name) <= most * (1 + 1e-8) and len(found.randomised) <= 1
    with pytest.raises(NoSolutionError, match=f"limit {name}=.*: no policy keeps it; the least {name} is"):
        best_under_limits(smdp, {name: least * (1 - 1e-5)}, objective, HIGHS)


def test_the_limited_figures_are_those_of_its_probabilities():
    """Of case 1 at most 50 hours an event: the mixture of local and central for FR, by hand."""
    s = FixedResponder.nominal(CASE).scenario(0)
    found = what_if(CASE, limits={"hours-per-event": 50}).limited
    p = np.array([list(row.values()) for row in found.probability.values()])
    cost, time = (float(s.start @ (p * x).sum(axis=1)) for x in (s.cost, s.time))
    assert (found.rho, found.hazard_per_event, found.hours_per_event) == pytest.approx((cost / time, cost, time), rel=1e-12)
    assert found.randomised == ("FR",) and found.hours_per_event == pytest.approx(50, rel=1e-12)
    base = sum(s.start[i] * s.time[i, a] for i, a in enumerate([0, 0, 1, 1, 1, 1, 1]) if i != 1)
    share = (50 - base - s.start[1] * s.time[1, 1]) / (s.start[1] * (s.time[1, 0] - s.time[1, 1]))
    assert found.probability["FR"] == pytest.approx({"local": share, "central": 1 - share}, rel=1e-10)
    assert found.probability["GL"] == {"local": 1.0, "central": 0.0}


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_what_if_passes_objective_and_limits_on(objective):
    found = what_if(CASE, limits={"hazard-rate": 12.8}, objective=objective)
    figure = OBJECTIVES[objective]
    assert found.limited.figure(figure) == pytest.approx(by_pairs(CASE, objective, "hazard-rate", 12.8), rel=1e-9)
    assert found.policies["optimal"].figure(figure) <= found.limited.figure(figure) * (1 + 1e-12)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_several_limits_against_a_program_over_pure_policies(objective):
    smdp = smdp_of(*(lambda s: (s.scenario(0), s.layout))(FixedResponder.nominal(CASE)))
    kept = refused = 0
    for rate, hazard, hours in itertools.product((12.75, 12.82, 13.2), (640, 655, 700), (50.3, 51.6, 60)):
        limits = {"hazard-rate": rate, "hazard-per-event": hazard, "hours-per-event": hours}
        best = by_program(CASE, objective, limits)
        if best is None:
            refused += 1
            with pytest.raises(NoSolutionError, match="no policy keeps them together"):
                best_under_limits(smdp, limits, objective, HIGHS)
        else:
            kept += 1
            found = best_under_limits(smdp, limits, objective, HIGHS)
            assert found.figure(OBJECTIVES[objective]) == pytest.approx(best, rel=1e-8)
            assert len(found.randomised) <= sum(x.price > 0 for x in found.limits) or not found.randomised
    assert kept >= 8 and refused >= 8


@pytest.mark.parametrize(
    ("objective", "limits"),
    [
        ("rate", {"hours-per-event": 50.0}),
        ("rate", {"hazard-per-event": 650.0, "hours-per-event": 60.0}),
        ("event", {"hazard-rate": 12.8}),
        ("restoration", {"hazard-rate": 12.8, "hazard-per-event": 700.0}),
    ],
)
def test_the_price_is_the_slope(objective, limits):
    figure = OBJECTIVES[objective]
    for limit in what_if(CASE, limits=limits, objective=objective).limited.limits:
        step = 1e-4 * limit.most
        there = [
            what_if(CASE, limits=limits | {limit.figure: limit.most + sign * step}, objective=objective).limited.figure(figure)
            for sign in (-1, 1)
        ]
        assert limit.price == pytest.approx((there[0] - there[1]) / (2 * step), rel=1e-3, abs=1e-7)
        assert (limit.price > 0) == (limit.attained == pytest.approx(limit.most, rel=1e-9))
        assert limit.attained <= limit.most * (1 + 1e-9)


def test_without_limits_it_is_policy_iteration():
    """No limit, and limits that do not bind, give the pure optimum; so does every objective, state by state where it is a mean."""
    for instance in (CASE, MISSOURI):
        smdp = smdp_of(*(lambda s: (s.scenario(0), s.layout))(FixedResponder.nominal(instance)))
        for objective in OBJECTIVES:
            best = what_if(instance, objective=objective).policies["optimal"]
            for limits in ({}, dict.fromkeys(FIGURES, 1e5)):
                found = best_under_limits(smdp, limits, objective, HIGHS)
                assert found.randomised == () and [x.price for x in found.limits] == [0.0] * len(limits)
                assert {i: max(row, key=row.get) for i, row in found.probability.items()} == best.agency
                assert found.figure(OBJECTIVES[objective]) == pytest.approx(best.figure(OBJECTIVES[objective]), rel=1e-12)
    assert what_if(CASE).limited is None


def test_what_is_told_can_be_had():
    """Each least value in the message, taken as the limit, leaves a policy; a little less does not."""
    with pytest.raises(NoSolutionError) as caught:
        what_if(CASE, limits={"hazard-per-event": 900, "hours-per-event": 51, "hazard-rate": 12.8})
    text = str(caught.value)
    assert text.startswith("limits hours-per-event=51 and hazard-rate=12.8: no policy keeps them together; ") and "900" not in text
    hours, rate = (float(part.rsplit(" ", 1)[1]) for part in text.split("; ")[1:])
    assert "with hazard-rate=12.8 the least hours-per-event" in text and "with hours-per-event=51 the least hazard-rate" in text
    for limits in ({"hours-per-event": hours, "hazard-rate": 12.8}, {"hours-per-event": 51, "hazard-rate": rate}):
        assert what_if(CASE, limits=limits).limited is not None
        (name,) = limits.keys() & {"hours-per-event" if limits["hazard-rate"] == 12.8 else "hazard-rate"}
        with pytest.raises(NoSolutionError):
            what_if(CASE, limits=limits | {name: limits[name] - 2e-5})


def test_a_state_that_events_never_lead_to():
    data = CASE.model_dump() | {"published": None}
    for s in data["starts"]:
        s["probability"] = {"GL": 0.5, "FR": 0.5}.get("+".join(s["state"]), 0.0)
    instance = Responder.model_validate(data)
    found = what_if(instance, limits={"hours-per-event": 40})
    assert found.limited.randomised == ("FR",)
    assert all(sorted(row.values()) == [0, 1] for state, row in found.limited.probability.items() if state != "FR")
    assert found.limited.rho == pytest.approx(by_pairs(instance, "rate", "hours-per-event", 40), rel=1e-9)


def test_many_states():
    """31 decision states of small probability: the limit is kept to rounding, one state draws lots, and the Lagrangian bound is attained."""
    free = quakeops.what_if("responder-random")
    most = 0.97 * free.policies["optimal"].hours_per_event
    found = quakeops.what_if("responder-random", limits={"hours-per-event": most}).limited
    assert found.hours_per_event == pytest.approx(most, rel=1e-9) and len(found.randomised) == 1
    (limit,) = found.limits
    s = FixedResponder.nominal(open_responders("responder-random").instance).scenario(0)
    # Lagrangian bound: min over policies of sum p (c + y (t - most) - rho t) is 0 at the optimum
    y = limit.price * found.hours_per_event
    rest = s.start @ (s.cost + y * s.time - found.rho * s.time).min(axis=1) - y * most
    assert rest == pytest.approx(0, abs=1e-8 * found.hazard_per_event)


def test_unknown_names():
    for limits, message in (
        ({"hours-per-evnt": 3}, "limit 'hours-per-evnt'; did you mean 'hours-per-event'"),
        ({"hazard-rate": float("nan")}, "limit hazard-rate=nan: expected a finite number"),
    ):
        with pytest.raises(InputError, match=message):
            quakeops.what_if(limits=limits)
    with pytest.raises(InputError, match="objective 'evnt'; did you mean 'event'"):
        quakeops.what_if(objective="evnt")
