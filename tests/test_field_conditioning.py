"""Fields given station records: Matheron's rule against the closed form, limits, and invariance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quakeops.errors import InputError
from quakeops.scenario_gen.random_field import CholeskySampler, ConditionedSampler, Correlation, FieldSampler, Records, posterior

CORRELATION = Correlation(6.0, 11.0, azimuth_deg=-40.0)
SITES = np.random.default_rng(1).uniform(0, 25, (2, 8))
STATIONS = np.random.default_rng(2).uniform(0, 25, (2, 3))


def records(sigma=0.0, residual=(0.7, -0.2, 1.1), **changed):
    given = {"tau": 0.35, "phi": [0.5, 0.55, 0.6], "sigma": sigma}
    return Records.of(*STATIONS, residual, **given | changed)


def prior(kind=CholeskySampler, seed=4, **settings):
    return kind(CORRELATION, *np.concatenate([SITES, STATIONS], axis=1), seed=seed, **settings)


def prior_covariance(x, y):
    p = np.eye(1 + len(x))
    p[1:, 1:] = CORRELATION.matrix(x, y)
    return p


@pytest.mark.parametrize("sigma", [0.3, [0.1, 0.2, 0.5]])
def test_posterior_against_the_information_form(sigma):
    """(P^-1 + H' Sigma^-1 H)^-1 over e and the field at sites and stations, H in full: the other road to (11)."""
    r = records(sigma)
    x, y = np.concatenate([SITES, STATIONS], axis=1)
    h = np.zeros((3, 12))
    h[:, 0], h[[0, 1, 2], [9, 10, 11]] = r.tau, r.phi
    covariance = np.linalg.inv(np.linalg.inv(prior_covariance(x, y)) + h.T @ np.diag(r.sigma**-2) @ h)
    mean = covariance @ h.T @ (r.residual / r.sigma**2)
    found = posterior(CORRELATION, r, x, y)
    assert found[0] == pytest.approx(mean, abs=1e-11)
    assert found[1] == pytest.approx(covariance, abs=1e-11)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=3, max_size=3), st.floats(0, 1), st.lists(st.floats(0.1, 1), min_size=3, max_size=3))
def test_matherons_operator_on_the_prior_covariance_is_the_closed_form(sigma, tau, phi):
    """The update of unit vectors (no records) is a matrix M: M diag(P, 1) M' is the posterior covariance, the update of 0 its mean."""
    conditioned = ConditionedSampler(prior(), records(sigma, tau=tau, phi=phi))
    x, y = np.concatenate([SITES, STATIONS], axis=1)

    def updated(event, field, noise):
        event, factors = conditioned.update(event, field[8:], noise)
        return np.concatenate([[event], field + factors @ conditioned._gain])

    zero, units = np.zeros(11), np.eye(15)
    mean = updated(0.0, zero, np.zeros(3))
    operator = np.array([updated(u[0], u[1:12], u[12:]) - mean for u in units]).T
    joint = np.eye(15)
    joint[:12, :12] = prior_covariance(x, y)
    wanted = posterior(CORRELATION, records(sigma, tau=tau, phi=phi), x, y)
    assert np.abs(mean - wanted[0]).max() < 1e-10
    assert np.abs(operator @ joint @ operator.T - wanted[1]).max() < 1e-10


@pytest.mark.parametrize("sigma", [0.0, 0.25])
def test_draws_have_the_posterior_mean_and_covariance(sigma):
    """5,000 draws; the error of a mean is sd/sqrt(5000), of a covariance at most sqrt(2/5000)."""
    r, draws = records(sigma), 5000
    event, z = ConditionedSampler(prior(), r).block(0, draws)
    found = np.column_stack([event, z])
    mean, covariance = posterior(CORRELATION, r, *np.concatenate([SITES, STATIONS], axis=1))
    assert (np.abs(found.mean(axis=0) - mean) < 4 * np.sqrt(np.diag(covariance) / draws) + 1e-12).all()
    assert np.abs(np.cov(found.T) - covariance).max() < 4.5 * np.sqrt(2 / draws)
    total = np.column_stack([np.full(11, 0.35), np.diag(np.full(11, 0.5))])
    assert np.cov((found @ total.T).T) == pytest.approx(total @ covariance @ total.T, abs=4.5 * 0.4 * np.sqrt(2 / draws))


@pytest.mark.parametrize(("kind", "settings", "rounding"), [(CholeskySampler, {}, 1e-12), (FieldSampler, {"accuracy": 0.05}, 1e-6)])
def test_draws_are_the_records_at_stations_without_noise(kind, settings, rounding):
    """Also with the interpolated field, whose own correlation is not quite (4)."""
    r = records()
    event, z = ConditionedSampler(prior(kind, **settings), r).block(0, 20)
    assert np.abs(event[:, None] * r.tau + z[:, 8:] * r.phi - r.residual).max() < rounding
    assert z[:, :8].std(axis=0).min() > 0.1


def test_far_from_stations_only_the_event_term_is_known():
    """2,000 km away z is N(0, 1), independent of e; e is that of the stations alone."""
    mean, covariance = posterior(CORRELATION, records(), [2000.0, 3000.0], [2000.0, 0.0])
    assert mean[1:] == pytest.approx([0, 0], abs=1e-12)
    assert covariance[1:, 1:] == pytest.approx(np.eye(2), abs=1e-12)
    assert covariance[0, 1:] == pytest.approx([0, 0], abs=1e-12)
    assert mean[0] > 0 and covariance[0, 0] < 1


def test_one_station_by_hand():
    """At the station: e has mean tau y / (tau^2 + phi^2 + sigma^2), z has phi y / (same); variances 1 - tau^2/(...), 1 - phi^2/(...)."""
    r = Records.of([3.0], [4.0], [0.8], tau=0.3, phi=0.4, sigma=1.2)
    mean, covariance = posterior(CORRELATION, r, [3.0], [4.0])
    s = 0.09 + 0.16 + 1.44
    assert mean == pytest.approx([0.3 * 0.8 / s, 0.4 * 0.8 / s])
    assert covariance == pytest.approx(np.array([[1 - 0.09 / s, -0.12 / s], [-0.12 / s, 1 - 0.16 / s]]))


def test_useless_records_leave_the_prior():
    unconditional = prior().block(0, 6)
    event, z = ConditionedSampler(prior(), records(sigma=1e9)).block(0, 6, event=np.arange(6.0))
    assert z == pytest.approx(unconditional, abs=1e-8)
    assert event == pytest.approx(np.arange(6), abs=1e-8)


@pytest.mark.parametrize(("kind", "settings"), [(CholeskySampler, {}), (FieldSampler, {"accuracy": 0.05})])
def test_blocks_and_subsets_bit_for_bit(kind, settings):
    conditioned = ConditionedSampler(prior(kind, **settings), records(0.2))
    event, z = conditioned.block(0, 30)
    pieces = [conditioned.block(i, min(i + 7, 30)) for i in range(0, 30, 7)]
    assert np.array_equal(np.concatenate([p[0] for p in pieces]), event)
    assert np.array_equal(np.concatenate([p[1] for p in pieces]), z)
    sites = np.array([7, 2, 10, 2])
    part = conditioned.block(4, 9, sites)
    assert np.array_equal(part[0], event[4:9])
    assert np.array_equal(part[1], z[4:9, sites])
    assert z.dtype == conditioned.prior.dtype


def test_stations_by_site_number():
    """The same sites in another order: stations first."""
    x, y = np.concatenate([STATIONS, SITES], axis=1)
    r = records()
    event, z = ConditionedSampler(CholeskySampler(CORRELATION, x, y, seed=4), r, np.array([0, 1, 2])).block(0, 3)
    assert np.abs(event[:, None] * r.tau + z[:, :3] * r.phi - r.residual).max() < 1e-12


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: records(residual=[0.1, np.nan, 0.2]), "station 1: residual is nan: expected a finite number in ln units"),
        (lambda: records(residual=0.1), r"residual has shape \(\): expected one value for each of 3 stations"),
        (lambda: records(phi=[0.5, 0.5, 0.0]), "station 2: phi is 0: expected a positive"),
        (lambda: records(tau=-0.1), "station 0: tau is -0.1"),
        (lambda: records(sigma=[0.1, np.inf, 0.1]), "station 1: sigma is inf"),
        (lambda: records(sigma=[0.1, 0.1]), r"sigma has shape \(2,\)"),
        (lambda: Records.of([], [], [], tau=1, phi=1), "at least one site"),
        (lambda: ConditionedSampler(CholeskySampler(CORRELATION, *SITES, seed=0), records()), r"station 0 is [\d.]+ km from site 5"),
        (lambda: ConditionedSampler(CholeskySampler(CORRELATION, [1.0], [1.0], seed=0), records()), "3 stations, 1 sites"),
        (lambda: ConditionedSampler(prior(), records(), np.array([8, 9])), r"station_sites has shape \(2,\)"),
        (lambda: ConditionedSampler(prior(), records(), np.array([8, 9, 11])), r"sites\[2\] is 11"),
        (lambda: posterior(CORRELATION, Records.of([1, 1], [2, 2], [0, 0], tau=0.3, phi=0.5), [0], [0]), "station without sigma 0 and"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(InputError, match=message):
        call()
