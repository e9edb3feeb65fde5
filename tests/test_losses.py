"""Losses: eq. 10-11 by hand, by integration and by sampling; the Hazus tables; the lookup and its error; limits; zones; bad input."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quakeops.errors import InputError
from quakeops.scenario_gen.fragility import Fragility, FragilitySet
from quakeops.scenario_gen.hazus import (
    CASUALTY_STATES,
    SYSTEMS,
    building_codes,
    building_fragilities,
    building_fragility,
    component_fragilities,
    indoor_casualty_rates,
    occupancy_classes,
    repair_cost_ratios,
)
from quakeops.scenario_gen.loss_tables import LossTable
from quakeops.scenario_gen.losses import (
    BRIDGE_LOSS_RATIO,
    casualty_rates,
    expected_casualties,
    expected_loss,
    loss_ratios,
    occupants_at,
    realised_casualties,
    realised_loss,
    zone_sums,
)
from scipy import stats
from scipy.integrate import quad
from scipy.io import loadmat

DATA = Path(__file__).parents[2] / "shared" / "data" / "hazard" / "hazus"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the reference data (shared/data/hazard/hazus) are not beside the checkout")

TYPES = [(t, c) for t, codes in building_codes().items() for c in codes]
OCCUPANCIES = [occupancy_classes()[i % len(occupancy_classes())] for i in range(len(TYPES))]
RATIOS, RATES, FRAGILITIES = loss_ratios(OCCUPANCIES), casualty_rates(TYPES), building_fragilities(TYPES)
ONE = np.zeros(1, dtype=int)


def rows(name):
    with (DATA / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def portfolio(n=3000, seed=5):
    """Archetypes, values, people, and ln PGA of a random portfolio."""
    rng = np.random.default_rng(seed)
    people = rng.integers(0, 60, n) * (rng.random(n) > 0.2)
    return rng.integers(0, len(TYPES), n), rng.lognormal(12, 1, n), people.astype(float), rng.normal(-1.2, 1, n)


# the packaged tables


@needs_data
def test_casualty_rates_are_those_of_the_reference():
    names = dict(zip(("DS1", "DS2", "DS3", "DS4", "Collapse"), CASUALTY_STATES, strict=True))
    reference = rows("hazus_indoor_casualty_rates_pct.csv")
    assert len(reference) == 5 * len(indoor_casualty_rates()) == 180
    for row in reference:
        rates = indoor_casualty_rates()[row["building_type"]][CASUALTY_STATES.index(names[row["damage_state"]])]
        assert (100 * rates).tolist() == pytest.approx([float(row[f"sev{s}"]) for s in range(1, 5)], rel=1e-12)


@needs_data
def test_repair_costs_are_those_of_both_references():
    reference = rows("hazus_loss_ratios_pct.csv")
    assert tuple(r["occ"] for r in reference) == occupancy_classes()
    second = loadmat(DATA / "bakerjw_hazusData.mat", squeeze_me=True)["hazusData"]
    for i, row in enumerate(reference):
        ratios = 100 * repair_cost_ratios()[row["occ"]]
        for part, prefix, other in zip(SYSTEMS, ("struct", "accNS", "driftNS"), ("lossStruct", "lossAccNS", "lossDriftNS"), strict=True):
            mine = ratios[SYSTEMS.index(part)]
            assert mine.tolist() == pytest.approx([float(row[f"{prefix}_{s}"]) for s in ("slight", "moderate", "extensive", "complete")])
            assert mine.tolist() == pytest.approx(second[other].item()[i].tolist())


@needs_data
def test_medians_of_the_second_reference():
    second = loadmat(DATA / "bakerjw_hazusData.mat", squeeze_me=True)["hazusData"]
    types = second["buildingTypeCode"].item().tolist()
    for building_type, code in TYPES:
        medians = second["medians"].item()[["HC", "MC", "LC", "PC"].index(code)][types.index(building_type)]
        assert building_fragility(building_type, code).medians == tuple(medians)


@needs_data
def test_collapse_rates_are_those_of_the_second_table_of_the_reference():
    """The lifeline facilities of the library repeat the rates with a state 5 for collapse."""
    table = json.loads((DATA / "hazus_data_eq_v6.1.json").read_text(encoding="utf-8"))["Lifeline_Facilities"]["Injury_rates"]
    for building_type, rates in indoor_casualty_rates().items():
        assert (100 * rates).tolist() == [pytest.approx(table[f"DS{d}"][building_type]) for d in range(1, 6)]


def test_the_whole_building_is_lost_at_complete_damage():
    ratios = loss_ratios(occupancy_classes())
    assert ratios.shape == (28, 5) and (ratios[:, 0] == 0).all() and (ratios[:, 4] == 1).all()
    assert (np.diff(ratios, axis=1) > 0).all()
    assert loss_ratios(["RES1"])[0].tolist() == [0, 0.02, 0.1, 0.447, 1]
    np.testing.assert_allclose(ratios[:, 2], 0.1, atol=1e-12)  # moderate: a tenth in every class


def test_bridges_take_the_manuals_cost_ratios():
    assert BRIDGE_LOSS_RATIO.tolist() == [0, 0.03, 0.08, 0.25, 1]


def test_complete_damage_mixes_collapsed_and_standing():
    """C3L: 15 % collapsed. Deaths 0.85 * 0.01 % + 0.15 * 10 %."""
    rates = casualty_rates([("C3L", "LC")])[0]
    assert rates[4].tolist() == pytest.approx([0.1025, 0.0385, 0.00835 - 0.000765, 0.015085])
    assert rates[0].tolist() == [0, 0, 0, 0] and rates[3].tolist() == pytest.approx([0.01, 0.001, 1e-5, 1e-5])


def test_casualties_of_all_severities_never_exceed_the_people():
    assert RATES.min() >= 0 and RATES.sum(axis=2).max() == pytest.approx(0.21484)  # unreinforced masonry, complete damage
    assert max(rates.sum(axis=1).max() for rates in indoor_casualty_rates().values()) == pytest.approx(0.75)  # collapsed


# eq. 10-11


def test_by_hand():
    """One W1.HC dwelling at PGA 0.55 g, its median of moderate damage: the exceedance differences of eq. 10."""
    q = [stats.norm.cdf(np.log(0.55 / m) / 0.64) for m in (0.26, 0.55, 1.28, 2.01)]
    assert q[1] == 0.5
    p = FragilitySet([building_fragility("W1", "HC")]).probabilities(np.log([0.55]), ONE)
    loss = expected_loss([300_000.0], loss_ratios(["RES1"]), ONE, p)[0]
    assert loss == pytest.approx(300_000 * (0.02 * (q[0] - q[1]) + 0.1 * (q[1] - q[2]) + 0.447 * (q[2] - q[3]) + 1.0 * q[3]), rel=1e-13)
    deaths = expected_casualties([4.0], casualty_rates([("W1", "HC")]), ONE, p)[0, 3]
    assert deaths == pytest.approx(4 * (1e-5 * (q[2] - q[3]) + (0.97 * 1e-4 + 0.03 * 0.05) * q[3]), rel=1e-12)


def test_brute_force():
    archetype, value, people, ln_im = portfolio(40)
    p = FRAGILITIES.probabilities(ln_im, archetype)
    loss, hurt = expected_loss(value, RATIOS, archetype, p), expected_casualties(people, RATES, archetype, p)
    for i, a in enumerate(archetype.tolist()):
        assert loss[i] == pytest.approx(value[i] * sum(RATIOS[a, d] * p[i, d] for d in range(5)), rel=1e-13)
        for s in range(4):
            assert hurt[i, s] == pytest.approx(people[i] * sum(RATES[a, d, s] * p[i, d] for d in range(5)), rel=1e-12, abs=1e-300)


def test_closed_form_and_monte_carlo_over_a_lognormal_shaking():
    """ln IM ~ N(m, s^2): the state probabilities are lognormal with beta^2 + s^2; the same by quadrature and by sampled states."""
    m, s, value, people = np.log(0.4), 0.6, 2e5, 12.0
    fragility = building_fragility("C1M", "LC")
    ratios, rates = loss_ratios(["RES3"]), casualty_rates([("C1M", "LC")])
    wider = Fragility("wider", "PGA", fragility.medians, (np.hypot(0.64, s),) * 4).probabilities(m)
    loss = expected_loss([value], ratios, ONE, wider[None])[0]

    def integrand(x):
        return expected_loss([value], ratios, ONE, fragility.probabilities(x)[None])[0] * stats.norm.pdf(x, m, s)

    assert quad(integrand, m - 9 * s, m + 9 * s, epsabs=1e-6)[0] == pytest.approx(loss, rel=1e-9)
    rng = np.random.default_rng(11)
    n = 400_000
    archetype = np.zeros(n, dtype=int)
    states = FragilitySet([fragility]).sample_states(rng.normal(m, s, n), archetype, rng.standard_normal(n))
    drawn = realised_loss(np.full(n, value), ratios, archetype, states)
    assert abs(drawn.mean() - loss) < 3.5 * drawn.std() / np.sqrt(n)
    hurt = realised_casualties(np.full(n, people), rates, archetype, states)
    expected = expected_casualties([people], rates, ONE, wider[None])[0]
    assert (np.abs(hurt.mean(axis=0) - expected) < 3.5 * hurt.std(axis=0) / np.sqrt(n)).all()


def test_realised_is_expected_with_probability_0_or_1():
    archetype, value, people, ln_im = portfolio()
    states = FRAGILITIES.sample_states(ln_im, archetype, np.random.default_rng(1).standard_normal(len(value)))
    certain = np.eye(5)[states]
    np.testing.assert_allclose(
        realised_loss(value, RATIOS, archetype, states), expected_loss(value, RATIOS, archetype, certain), rtol=1e-14
    )
    hurt = realised_casualties(people, RATES, archetype, states)
    np.testing.assert_allclose(hurt, expected_casualties(people, RATES, archetype, certain), rtol=1e-14)
    assert (hurt.sum(axis=1) <= people).all() and (hurt[people == 0] == 0).all()


@given(st.integers(0, len(TYPES) - 1), st.floats(-6, 3), st.floats(0, 3))
def test_expected_loss_rises_with_the_shaking(a, ln_im, more):
    archetype = np.array([a])
    weak, strong = (expected_loss([1.0], RATIOS, archetype, FRAGILITIES.probabilities([x], archetype))[0] for x in (ln_im, ln_im + more))
    assert weak <= strong + 1e-15


def test_limits_of_the_shaking():
    archetype, value, people, _ = portfolio(500)
    nothing, everything = (FRAGILITIES.probabilities(np.full(500, x), archetype) for x in (-np.inf, np.inf))
    assert (expected_loss(value, RATIOS, archetype, nothing) == 0).all()
    assert (expected_loss(value, RATIOS, archetype, everything) == value).all()
    np.testing.assert_array_equal(expected_casualties(people, RATES, archetype, everything), people[:, None] * RATES[archetype, 4])


# the lookup


def exact(ln_im, archetype):
    p = FRAGILITIES.probabilities(ln_im, archetype)
    one = np.ones(len(archetype))
    return np.concatenate([expected_loss(one, RATIOS, archetype, p)[..., None], expected_casualties(one, RATES, archetype, p)], axis=-1)


@pytest.mark.parametrize("tolerance", [1e-2, 1e-3, 1e-4, 1e-5])
def test_lookup_error_is_within_its_tolerance_and_not_far_below(tolerance):
    table = LossTable(FRAGILITIES, RATIOS, RATES, tolerance=tolerance)
    rng = np.random.default_rng(2)
    archetype = np.repeat(np.arange(len(TYPES)), 2000)
    ln_im = rng.uniform(-7, 5, len(archetype))
    at_state = np.concatenate([RATIOS[:, :, None], RATES], axis=2)
    scale = np.abs(np.diff(at_state, axis=1)).sum(axis=1)[archetype]
    error = np.abs(table.expected(ln_im, archetype) - exact(ln_im, archetype)) / scale
    assert 0.2 * tolerance < error.max() <= tolerance + 1e-6  # single precision


def test_lookup_limits_are_exact():
    table, all_of_them = LossTable(FRAGILITIES, RATIOS, RATES), np.arange(len(TYPES))
    for ln_im in (-np.inf, -1e3):
        assert (table.expected(np.full(len(TYPES), ln_im), all_of_them) == 0).all()
    for ln_im in (np.inf, 1e3):
        at_complete = np.column_stack([RATIOS[:, 4], RATES[:, 4]])
        np.testing.assert_allclose(table.expected(np.full(len(TYPES), ln_im), all_of_them), at_complete, rtol=3e-7)


def test_lookup_of_blocks_and_of_states():
    table = LossTable(FRAGILITIES, RATIOS, RATES)
    archetype, value, people, ln_im = portfolio(200)
    block = np.stack([ln_im, ln_im + 0.5])
    out = table.expected(block, archetype)
    assert out.shape == (2, 200, 5) and out.dtype == np.float32
    assert (out[1] == table.expected(block[1], archetype)).all()
    states = FRAGILITIES.sample_states(block, archetype, np.zeros(200))
    looked_up = table.realised(states, archetype)
    np.testing.assert_array_equal(value * looked_up[..., 0], realised_loss(value, RATIOS, archetype, states))
    np.testing.assert_array_equal(people[:, None] * looked_up[..., 1:], realised_casualties(people, RATES, archetype, states))


def test_lookup_of_no_buildings():
    table = LossTable(building_fragilities([]), loss_ratios([]), casualty_rates([]))
    assert table.expected(np.zeros(0), np.zeros(0, dtype=int)).shape == (0, 5)


# zones, time of day


@given(st.lists(st.tuples(st.integers(0, 4), st.floats(0, 1e6)), max_size=30))
def test_zone_sums(pairs):
    zone, values = np.array([z for z, _ in pairs], dtype=int), np.array([v for _, v in pairs])
    expected = [sum(v for z, v in pairs if z == k) for k in range(5)]
    assert zone_sums(values, zone, 5).tolist() == pytest.approx(expected)
    both = zone_sums(np.column_stack([values, 2 * values]).reshape(-1, 2), zone, 5)
    assert both.shape == (5, 2) and both[:, 1].tolist() == pytest.approx([2 * e for e in expected])


def test_time_of_day():
    occupants = np.array([[4, 1, 2], [0, 30, 10]])
    assert [occupants_at(occupants, t).tolist() for t in ("night", "day", "commute")] == [[4, 0], [1, 30], [2, 10]]


# bad input


@pytest.mark.parametrize(
    ("call", "parts"),
    [
        (lambda: loss_ratios(["RES1", "RES7"]), ["occupancy class 'RES7'", "did you mean 'RES"]),
        (lambda: casualty_rates([("C3L", "HC")]), ["code level of C3L 'HC'", "'LC', 'PC'"]),
        (lambda: occupants_at([[1, 2, 3]], "noon"), ["time_of_day 'noon'", "'night', 'day', 'commute'"]),
        (lambda: occupants_at([[1, 2, 3], [1, -2, 3]], "day"), ["occupants[1, 1] is -2"]),
        (lambda: occupants_at([1, 2, 3], "day"), ["shape (3,)", "(n, 3)"]),
        (lambda: expected_loss([-5.0], RATIOS, ONE, [[1, 0, 0, 0, 0]]), ["value[0] is -5"]),
        (lambda: expected_loss([np.nan], RATIOS, ONE, [[1, 0, 0, 0, 0]]), ["value[0] is nan"]),
        (lambda: expected_loss([5.0], RATIOS, ONE, [[1.2, -0.2, 0, 0, 0]]), ["probabilities[0, 0] is 1.2", "0 to 1"]),
        (lambda: realised_loss([5.0], RATIOS, ONE, np.array([5])), ["state[0] is 5", "0 to 4"]),
        (lambda: realised_casualties([5.0], RATES, ONE, np.array([-1])), ["state[0] is -1"]),
        (lambda: zone_sums([1.0], np.array([7]), 3), ["zone[0] is 7", "0 to 2"]),
        (lambda: zone_sums([1.0, 2.0], np.array([0]), 3), ["values has shape (2,)", "1 sites"]),
        (lambda: LossTable(FRAGILITIES, 2 * RATIOS, RATES), ["loss_ratio[0, 4] is 2"]),
        (lambda: LossTable(FRAGILITIES, RATIOS[:3], RATES), ["loss_ratio has shape (3, 5)"]),
        (lambda: LossTable(FRAGILITIES, RATIOS, RATES, tolerance=0), ["tolerance is 0"]),
        (lambda: LossTable(component_fragilities(["EP.S.L.A"]), RATIOS[:1], RATES[:1]), ["'EP.S.L.A'", "0.7, 0.55", "one beta"]),
        (lambda: LossTable(component_fragilities(["W1.HC", "HWB.GS.1"]), RATIOS[:2], RATES[:2]), ["'HWB.GS.1'", "SA(1.0)", "PGA"]),
        (lambda: LossTable(FRAGILITIES, RATIOS, RATES).expected([np.nan], ONE), ["ln_im is nan at site 0"]),
    ],
)
def test_errors(call, parts):
    with pytest.raises(InputError) as e:
        call()
    assert all(p in str(e.value) for p in parts), str(e.value)
