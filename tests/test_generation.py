"""Scenario sets of a region: sums, laws, limit cases, and scenario k from (seed, k) alone."""

from dataclasses import replace

import numpy as np
import pytest
from quakeops.errors import InputError
from quakeops.scenario_gen.damage import BRIDGE_CAPACITY, USABLE_BEDS
from quakeops.scenario_gen.generation import ScenarioGenerator
from quakeops.scenario_gen.hazus import building_fragilities
from quakeops.scenario_gen.keyed import keyed_normals
from quakeops.scenario_gen.losses import casualty_rates, loss_ratios
from quakeops.scenario_gen.make_set import make_set
from quakeops.scenario_gen.metros import metro
from quakeops.scenario_gen.needs import displaced_shares
from quakeops.scenario_gen.scenario_set import VARIABLES, check
from quakeops.scenario_gen.streams import Stream

COUNT = 40


@pytest.fixture(scope="module")
def town():
    return metro("town")


@pytest.fixture(scope="module")
def data(town):
    return make_set(town, COUNT, seed=1)


def same(a, b):
    return all(np.array_equal(a[name], b[name]) for name in a) and set(a) == set(b)


def test_the_set_is_whole(data, town):
    check(data, "town")
    assert set(data.data_vars) == set(VARIABLES) and all(data[v].attrs["units"] for v in VARIABLES)
    assert (data["buildings"].sum("state") == np.bincount(town.buildings.zone)).all()
    assert data["number"].values.tolist() == list(range(COUNT)) and data["probability"].values == pytest.approx(1 / COUNT)


def test_scenario_k_depends_on_seed_and_k_alone(town):
    """Blocks, threads, order and number of scenarios change no bit."""
    a = ScenarioGenerator(town, seed=7).generate(70, threads=1)
    b = ScenarioGenerator(town, seed=7).generate(70, threads=3)
    tail = ScenarioGenerator(town, seed=7).generate(5, start=61, threads=2)
    one = ScenarioGenerator(town, seed=7).block(63, 64)
    assert same(a, b) and same(tail, {n: v[61:66] for n, v in a.items()}) and same(one, {n: v[63:64] for n, v in a.items()})
    assert not same(a, ScenarioGenerator(town, seed=8).generate(70))


def test_sums_of_a_scenario_by_brute_force(town, data):
    """Loss, casualties and displaced of scenario 3, building by building."""
    generator = ScenarioGenerator(town, seed=1)
    b, n = town.buildings, len(town.buildings)
    shaken = generator.shaking.block(3, 4)[0]
    z = keyed_normals(1, 3, Stream.BUILDING_STATE, n)
    fragility = building_fragilities([(t, c) for t, c, _ in b.archetypes])
    loss, people, homeless = np.zeros(8), np.zeros((8, 4)), np.zeros(8)
    ratios = loss_ratios([o for *_, o in b.archetypes])
    rates = casualty_rates([(t, c) for t, c, _ in b.archetypes])
    shares = displaced_shares([o for *_, o in b.archetypes])
    for i in range(n):
        a, zone = int(b.archetype[i]), int(b.zone[i])
        state = int(fragility.sample_states(shaken.ln_pga[i : i + 1], b.archetype[i : i + 1], z[i : i + 1])[0])
        loss[zone] += b.value[i] * ratios[a, state]
        people[zone] += b.occupants[i, 0] * rates[a, state]
        homeless[zone] += b.occupants[i, 0] * shares[a, state]
    assert data["loss"].values[3] == pytest.approx(loss) and data["casualties"].values[3] == pytest.approx(people)
    assert data["displaced"].values[3] == pytest.approx(homeless)


def test_roads_follow_their_worst_bridge(data, town):
    road = town.infrastructure.road[town.infrastructure.of("road")]
    factor = BRIDGE_CAPACITY[data["bridge_state"].values]
    for link in range(len(town.relief.links)):
        expected = factor[:, road == link].min(axis=1) if (road == link).any() else np.ones(COUNT)
        assert np.array_equal(data["link_capacity_factor"].values[:, link], expected)
    with np.errstate(divide="ignore"):
        assert np.array_equal(data["link_time_factor"].values, 1 / data["link_capacity_factor"].values)


def test_no_shaking_does_nothing_and_much_shaking_all(town):
    """Vs30 of rock far away from a small event; then the same event under the town with a huge residual."""
    far = replace(town, faults=(replace(town.faults[0], trace=town.faults[0].trace + 6.0),))
    none = make_set(far, 4, magnitude=5.0)
    assert none["loss"].sum() == 0 and (none["buildings"].sel(state="none") == np.bincount(town.buildings.zone)).all()
    assert none["demand"].sum() == 0 and (none["link_capacity_factor"] == 1).all() and (none["depot_usable"] == 1).all()
    beds = town.infrastructure.capacity[town.infrastructure.of("hospital")]
    assert (none["hospital_beds"].values == beds).all()


def test_a_stronger_earthquake_does_more(town):
    """On common random numbers every total grows with the magnitude."""
    sets = [make_set(town, 20, seed=2, magnitude=m) for m in (5.6, 6.3, 7.0)]
    for name, sign in (("loss", 1), ("displaced", 1), ("water_lost", 1), ("hospital_beds", -1), ("link_capacity_factor", -1)):
        totals = [sign * float(s[name].sum()) for s in sets]
        assert totals == sorted(totals) and totals[0] < totals[-1]


def test_times_of_day(town):
    """The same damage, other people inside."""
    night, day = (make_set(town, 10, seed=1, time_of_day=t) for t in ("night", "day"))
    assert np.array_equal(night["loss"], day["loss"]) and not np.array_equal(night["casualties"], day["casualties"])
    assert np.array_equal(night["displaced"], day["displaced"])


def test_hospitals_need_their_networks(town):
    """A region whose pumps all fail: hospitals are lost as the edges transmit, beds with them."""
    generator = ScenarioGenerator(town, seed=1)
    states = np.zeros((200, len(town.infrastructure)), dtype=np.int8)
    lost = np.zeros(states.shape, dtype=bool)
    here = town.infrastructure.of("hospital")
    lost[:100, here] = True
    beds = generator._hospitals(states, lost)["hospital_beds"]
    assert (beds[:100] == 0).all() and (beds[100:] == town.infrastructure.capacity[here]).all()
    states[:, here] = 1
    assert generator._hospitals(states, 0 * lost)["hospital_beds"][150] == pytest.approx(
        USABLE_BEDS[1] * town.infrastructure.capacity[here]
    )


def test_cascade_takes_more_than_the_shaking(data, town):
    """Water lost with the edges is at least what it is without them, and more in some scenario."""
    parts = replace(town.infrastructure, weight=0 * town.infrastructure.weight)
    alone = make_set(replace(town, infrastructure=parts), COUNT, seed=1)
    assert (data["water_lost"] >= alone["water_lost"]).all() and data["water_lost"].sum() > alone["water_lost"].sum()
    assert np.array_equal(data["power_lost"] >= alone["power_lost"], np.ones_like(data["power_lost"], dtype=bool))
    assert np.array_equal(data["bridge_state"], alone["bridge_state"])


def test_importance_sampling_estimates_the_same(town):
    """Mean loss by 1,500 plain and 1,500 weighted scenarios, within five standard errors."""
    plain, weighted = make_set(town, 1500, seed=5), make_set(town, 1500, seed=6, importance=True)
    means, errors = [], []
    for d in (plain, weighted):
        p, loss = d["probability"].values, d["loss"].values.sum(axis=1)
        means.append(p @ loss)
        errors.append(np.sqrt(((p * (loss - p @ loss)) ** 2).sum()))
    assert abs(means[0] - means[1]) < 5 * np.hypot(*errors)
    assert weighted["magnitude"].mean() > plain["magnitude"].mean() + 0.2
    assert weighted.attrs["importance_sampling"].startswith("effective sample size")


@pytest.mark.parametrize("how", ["forward", "medoids"])
def test_reduction(town, data, how):
    few = make_set(town, COUNT, seed=1, reduce_to=6, reduction=how)
    check(few, "few")
    kept = few["number"].values
    assert len(kept) == 6 and np.array_equal(few["demand"], data["demand"][kept]) and "Kantorovich" in few.attrs["reduction"]
    whole = make_set(town, COUNT, seed=1, reduce_to=COUNT, reduction=how)
    assert np.array_equal(whole["loss"], data["loss"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": -1}, "--seed -1: must not be negative"),
        ({"time_of_day": "noon"}, "unknown time of day 'noon'.*known: night, day, commute"),
        ({"reduction": "foward"}, "unknown reduction 'foward'; did you mean 'forward'"),
        ({"reduce_to": 9}, "--reduce-to 9: expected 1 to the number of scenarios, 4"),
        ({"fault": "gulf"}, "--fault 'gulf': not a fault of 'town'; known: bay"),
    ],
)
def test_options_that_cannot_be(town, options, message):
    with pytest.raises(InputError, match=message):
        make_set(town, 4, **options)


def test_no_scenarios(town):
    with pytest.raises(InputError, match="--scenarios 0: must be at least 1"):
        make_set(town, 0)
