"""Aftershocks: the rate's integral and inverse, continuity at p = 1, distributions of what is drawn, keys, the regimes' table."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quakeops.errors import InputError
from quakeops.scenario_gen import omori
from quakeops.scenario_gen.aftershock_regimes import REGIMES, AftershockParameters
from quakeops.scenario_gen.aftershocks import aftershock_sequence, worst_state
from scipy import stats
from scipy.integrate import quad

DATA = Path(__file__).parents[2] / "shared" / "data" / "hazard" / "aftershock"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the reference data (shared/data/hazard/aftershock) are not beside the checkout")
PS = st.one_of(st.floats(0.3, 2.0), st.just(1.0), st.floats(-1e-6, 1e-6).map(lambda d: 1 + d))
DAYS = st.floats(0.01, 1000)
C = st.floats(1e-3, 1.0)


def draw(k, regime="ANSR-SHALCON", magnitude=7.2, seed=1, **options):
    return aftershock_sequence(magnitude, regime, seed=seed, k=k, **{"horizon_days": 30.0, "smallest_magnitude": 4.5, **options})


def bits(sequence):
    return [getattr(sequence, f).tobytes() for f in ("times_days", "magnitudes", "along", "down")] + [sequence.seeds]


@given(DAYS, C, PS)
def test_integral_against_quadrature(t, c, p):
    by_parts = sum(quad(omori.rate_per_day, a, b, args=(2.0, c, p), epsrel=1e-11)[0] for a, b in ((0, min(c, t)), (min(c, t), t)))
    assert omori.expected_number(t, 2.0, c, p) == pytest.approx(by_parts, rel=1e-8)


@given(st.floats(0, 1), DAYS, C, PS)
def test_times_invert_the_integral(u, horizon, c, p):
    t = omori.times_days(u, horizon, c, p)
    assert 0 <= t <= horizon
    assert omori.expected_number(t, 1.0, c, p) == pytest.approx(u * omori.expected_number(horizon, 1.0, c, p), rel=1e-9, abs=1e-12)


def test_both_cases_of_p_in_closed_form():
    """K ln((T + c) / c) and K ((T + c)^(1-p) - c^(1-p)) / (1 - p)."""
    assert omori.expected_number(30, 3, 0.05, 1.0) == pytest.approx(3 * np.log(30.05 / 0.05), rel=1e-14)
    assert omori.expected_number(30, 3, 0.05, 1.5) == pytest.approx(3 * (30.05**-0.5 - 0.05**-0.5) / -0.5, rel=1e-14)
    assert omori.times_days(0.5, 30, 0.05, 1.0) == pytest.approx(np.sqrt(0.05 * 30.05) - 0.05, rel=1e-13)


@pytest.mark.parametrize("d", [10.0**-e for e in range(3, 17)])
def test_continuous_at_p_1(d):
    """Both sides of 1 differ from p = 1 by the first-order term of the expansion alone."""
    at_one = omori.expected_number(30, 1, 0.018, 1.0)
    slope = quad(lambda t: -np.log(t + 0.018) / (t + 0.018), 0, 30, limit=200)[0]
    for sign in (-1, 1):
        p = 1 + sign * d
        assert omori.expected_number(30, 1, 0.018, p) - at_one == pytest.approx(slope * (p - 1), abs=20 * d**2 + 1e-13)
        assert omori.times_days(0.3, 30, 0.018, p) == pytest.approx(omori.times_days(0.3, 30, 0.018, 1.0), rel=10 * d + 1e-13)


def test_magnitudes_at_the_ends_and_without_a_cut():
    assert omori.magnitudes([0, 1], 1.0, 5, 7.2).tolist() == pytest.approx([5, 7.2], abs=1e-12)
    assert omori.magnitudes(0.9, 1.0, 5, 50) == pytest.approx(6.0)  # one in ten is a unit larger
    u = np.linspace(0, 1, 101)
    m = omori.magnitudes(u, 0.9, 4, 6)
    np.testing.assert_allclose((1 - 10 ** (-0.9 * (m - 4))) / (1 - 10**-1.8), u, atol=1e-13)


@pytest.mark.parametrize("regime", ["ANSR-SHALCON", AftershockParameters(a=-1.67, p=1.0, c_days=0.05, b=0.91)])
def test_mean_and_variance_of_the_number(regime):
    """Poisson: both are N(T)."""
    sequences = [draw(k, regime) for k in range(2000)]
    numbers, mean = np.array([len(s) for s in sequences]), sequences[0].expected_number
    assert abs(numbers.mean() - mean) < 3.5 * np.sqrt(mean / 2000)
    assert numbers.var() / mean == pytest.approx(1, abs=0.12)


def test_reasenberg_jones_by_hand():
    """California's generic sequence (1989): M 7 after M 5 within 10 days, a -1.67, b 0.91, p 1.08, c 0.05."""
    expected = 10 ** (-1.67 + 0.91 * 2) * (0.05**-0.08 - 10.05**-0.08) / 0.08
    sequence = draw(0, AftershockParameters(-1.67, 1.08, 0.05, 0.91), 7.0, horizon_days=10, smallest_magnitude=5)
    assert sequence.expected_number == pytest.approx(expected, rel=1e-12)
    assert expected == pytest.approx(7.758, abs=5e-4)


def test_times_and_magnitudes_have_their_distributions():
    sequences = [draw(k) for k in range(300)]
    together = {f: np.concatenate([getattr(s, f) for s in sequences]) for f in ("times_days", "magnitudes", "along", "down")}
    assert len(together["along"]) > 2000
    r = REGIMES["ANSR-SHALCON"]
    whole = omori.expected_number(30, 1, r.c_days, r.p)
    laws = {
        "times_days": lambda t: omori.expected_number(t, 1, r.c_days, r.p) / whole,
        "magnitudes": lambda m: (1 - 10 ** (4.5 - m)) / (1 - 10 ** (4.5 - 7.2)),
        "along": stats.uniform.cdf,
        "down": stats.uniform.cdf,
    }
    for field, law in laws.items():
        assert stats.kstest(together[field], law).pvalue > 0.01, field
    assert abs(stats.spearmanr(together["times_days"], together["magnitudes"]).statistic) < 0.05
    assert abs(stats.spearmanr(together["along"], together["down"]).statistic) < 0.05


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.sampled_from(sorted(REGIMES)))
def test_a_sequence_is_in_order_and_in_range(seed, k, regime):
    s = draw(k, regime, seed=seed)
    assert (np.diff(s.times_days) >= 0).all() and ((s.times_days >= 0) & (s.times_days <= 30)).all()
    assert ((s.magnitudes >= 4.5) & (s.magnitudes <= 7.2)).all()
    assert len(s) == len(s.magnitudes) == len(s.along) == len(s.down) == len(s.seeds) == len(set(s.seeds))
    assert all(type(x) is int and x >= 0 for x in s.seeds)


def test_scenario_k_depends_on_seed_and_k_alone():
    forward = [bits(draw(k)) for k in range(20)]
    assert [bits(draw(k)) for k in reversed(range(20))] == forward[::-1]
    assert len({f[0] for f in forward}) == 20 and bits(draw(3, seed=2)) != forward[3]


def test_more_productive_sequences_keep_the_aftershocks():
    base = REGIMES["ANSR-SHALCON"]
    for k in range(30):
        few, many = draw(k, base), draw(k, replace(base, a=base.a + 0.4))
        kept = np.isin(many.seeds, few.seeds)
        assert kept.sum() == len(few) <= len(many)
        assert bits(few)[:4] == [getattr(many, f)[kept].tobytes() for f in ("times_days", "magnitudes", "along", "down")]


def test_drawn_productivity():
    """The mean number grows by exp((ln 10 sigma)^2 / 2); half of the sequences are below the median."""
    expected = np.array([draw(k, draw_productivity=True).expected_number for k in range(4000)])
    logs = np.log10(expected / draw(0).expected_number)
    sigma = REGIMES["ANSR-SHALCON"].sigma(7.2)
    assert sigma == pytest.approx(np.sqrt(0.49**2 + 570**2 * 10**-7.2))
    assert stats.kstest(logs / sigma, stats.norm.cdf).pvalue > 0.01
    assert REGIMES["ANSR-SHALCON"].sigma(5.0) == REGIMES["ANSR-SHALCON"].sigma(6.0)


def test_no_time_and_few_events():
    assert len(draw(0, horizon_days=0)) == 0 and draw(0, horizon_days=0).seeds == ()
    assert sum(len(draw(k, magnitude=4.6)) for k in range(200)) < 20


def test_largest_magnitude():
    small = draw(0, largest_magnitude=4.6)
    assert small.magnitudes.max() <= 4.6 and len(small) == len(draw(0))


@needs_data
def test_regimes_are_those_of_the_source():
    with (DATA / "PageEtAlGenericParams_032116.csv").open() as f:
        for row in csv.DictReader(f):
            r = REGIMES[row["regionName"].strip()]
            shown = [row[c] for c in ("aValue_Mean", "pValue_MaxLike", "cValue", "bValue", "aValue_Sigma0", "aValue_Sigma1")]
            assert [r.a, r.p, r.c_days, r.b, r.sigma_0, r.sigma_1] == list(map(float, shown))
    regimes = json.loads((DATA / "GenericRJ_ParametersFetch.json").read_text())["regimes"]
    assert {x["regime"] for x in regimes} == set(REGIMES)
    for x in regimes:
        r, v = REGIMES[x["regime"]], x["params"]
        shown = [v[c] for c in ("aValue_mean", "pValue", "cValue", "bValue", "aValue_sigma0", "aValue_sigma1")]
        assert [r.a, r.p, r.c_days, r.b, r.sigma_0, r.sigma_1] == shown


def test_worst_state():
    main, first, second = (np.array(s, dtype=np.int8) for s in ([0, 2, 4, 1], [1, 1, 0, 1], [0, 3, 4, 0]))
    worst = worst_state(iter([main, first, second]))
    assert worst.tolist() == [1, 3, 4, 1] and worst.dtype == np.int8
    assert main.tolist() == [0, 2, 4, 1] and worst_state([main]).tolist() == main.tolist()
    with pytest.raises(InputError, match="main shock"):
        worst_state([])


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"regime": "ANSR-SHALLCON"}, ["regime 'ANSR-SHALLCON'", "did you mean 'ANSR-SHALCON'"]),
        ({"magnitude": 72}, ["mainshock_magnitude is 72"]),
        ({"smallest_magnitude": 7.2}, ["smallest_magnitude is 7.2", "below the largest"]),
        ({"horizon_days": -1}, ["horizon_days is -1"]),
        ({"horizon_days": np.nan}, ["horizon_days is nan"]),
        ({"regime": AftershockParameters(-2, 1, 0.0)}, ["c_days is 0"]),
        ({"regime": AftershockParameters(-2, np.nan, 0.1)}, ["p is nan"]),
        ({"regime": AftershockParameters(-2, 1, 0.1, b=0)}, ["b is 0"]),
        ({"regime": AftershockParameters(5, 1, 0.1)}, ["aftershocks are expected", "smallest_magnitude 4.5"]),
        ({"regime": AftershockParameters(np.nan, 1, 0.1)}, ["nan aftershocks are expected"]),
        ({"seed": -1}, ["seed is -1"]),
    ],
)
def test_bad_input(options, parts):
    with pytest.raises(InputError) as e:
        draw(0, **options)
    assert all(p in str(e.value) for p in parts), e.value


def test_negative_scenario_number():
    with pytest.raises(InputError, match="k is -1"):
        draw(-1)
