"""Events and shaking of a region: laws, two roads to one number, and scenario k from (seed, k) alone."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from quakeops.errors import InputError
from quakeops.scenario_gen.aftershocks import aftershock_sequence
from quakeops.scenario_gen.cross_correlation import baker_jayaram_2008
from quakeops.scenario_gen.events import EventModel
from quakeops.scenario_gen.ground_motion import bssa14
from quakeops.scenario_gen.importance import EventProposal, set_weights
from quakeops.scenario_gen.metros import metro
from quakeops.scenario_gen.ruptures import rjb_km
from quakeops.scenario_gen.shaking import Shaking, _sites
from scipy.stats import kstest, truncexpon

RHO = baker_jayaram_2008(0.01, 1.0)


@pytest.fixture(scope="module")
def town():
    return metro("town")


@pytest.fixture(scope="module")
def shaking(town):
    return Shaking(town, EventModel(town), seed=3)


def test_laws_of_events():
    """Faults by their rates, magnitudes truncated Gutenberg-Richter, residuals standard normal with the correlation of PGA and SA(1.0)."""
    model = EventModel(metro("istanbul"))
    drawn = [model.draw(5, k, RHO) for k in range(4000)]
    rates = np.array([f.annual_rate for f in model.faults])
    counts = np.bincount([e.fault for e in drawn], minlength=len(rates))
    assert np.abs(counts - 4000 * rates / rates.sum()).max() < 4 * np.sqrt(4000) / 2
    fault = model.faults[0]
    m = np.array([e.rupture.magnitude for e in drawn if e.fault == 0])
    (low, high), beta = fault.magnitudes, fault.b_value * np.log(10)
    assert kstest(m, truncexpon(beta * (high - low), loc=low, scale=1 / beta).cdf).pvalue > 0.01
    eta = np.array([(e.eta, e.eta_sa) for e in drawn])
    assert kstest(eta[:, 0], "norm").pvalue > 0.01 and kstest(eta[:, 1], "norm").pvalue > 0.01
    assert np.corrcoef(eta.T)[0, 1] == pytest.approx(RHO, abs=0.04)
    assert all(e.log_weight == 0 for e in drawn)


def test_importance_sampling_tells_the_same_story():
    """P(M > 7) with weights and without, from the same law."""
    exposure = metro("istanbul")
    plain, weighted = EventModel(exposure), EventModel(exposure, proposal=EventProposal())
    true = np.mean([plain.draw(1, k, RHO).rupture.magnitude > 7 for k in range(6000)])
    drawn = [weighted.draw(2, k, RHO) for k in range(6000)]
    p = set_weights([e.log_weight for e in drawn]).probabilities
    large = np.array([e.rupture.magnitude > 7 for e in drawn])
    assert p @ large == pytest.approx(true, abs=0.012) and large.mean() > 1.5 * true


def test_one_fault_and_one_magnitude():
    exposure = metro("istanbul")
    model = EventModel(exposure, fault="cinarcik", magnitude=6.5)
    assert {(e.fault, e.rupture.magnitude) for e in (model.draw(0, k, RHO) for k in range(5))} == {(2, 6.5)}
    with pytest.raises(
        InputError,
        match=r"--fault 'cinarzik': not a fault of 'istanbul'; did you mean 'cinarcik'\?; known: central-marmara, princes-islands, cinarcik",
    ):
        EventModel(exposure, fault="cinarzik")
    with pytest.raises(InputError, match="--magnitude 12: expected 3 to 9"):
        EventModel(exposure, magnitude=12)
    with pytest.raises(InputError, match="--importance draws magnitudes"):
        EventModel(exposure, magnitude=7, proposal=EventProposal())
    with pytest.raises(InputError, match="field 'faults' is empty"):
        EventModel(replace(exposure, faults=()))


def test_shaking_is_eq_1(town, shaking):
    """ln PGA minus mu of bssa14 is tau eta + phi z: put together again by hand from field, distances and Vs30."""
    for k, shaken in enumerate(shaking.block(0, 3)):
        x, y, vs30 = _sites(town)
        mu, tau, phi = bssa14(
            shaken.event.rupture.magnitude,
            rjb_km(shaken.event.rupture, x, y),
            vs30,
            mechanism=shaken.event.rupture.mechanism,
            region="china-turkey",
        )
        field = shaking._field.field(k)
        assert shaken.ln_pga == pytest.approx(mu + tau * shaken.event.eta + phi * field, abs=1e-6)


def test_residuals_at_bridges(town):
    """SA(1.0) and PGA residuals of bridges have correlation rho, and SA(1.0) has the right spread."""
    shaking = Shaking(town, EventModel(town, magnitude=6.5), seed=11)
    sites = shaking._bridge_sites
    x, y, vs30 = _sites(town)
    pga, sa = [], []
    for shaken in shaking.block(0, 400):
        r = shaken.event.rupture
        distance = rjb_km(r, x[sites], y[sites])
        for imt, ln, out in (("PGA", shaken.ln_pga[sites], pga), ("SA(1.0)", shaken.ln_sa, sa)):
            mu, tau, phi = bssa14(r.magnitude, distance, vs30[sites], mechanism=r.mechanism, imt=imt, region="china-turkey")
            eta = shaken.event.eta if imt == "PGA" else shaken.event.eta_sa
            out.append((ln - mu - tau * eta) / phi)
    pga, sa = np.array(pga), np.array(sa)
    assert sa.std() == pytest.approx(1, abs=0.05) and pga.std() == pytest.approx(1, abs=0.05)
    each = [np.corrcoef(pga[:, i], sa[:, i])[0, 1] for i in range(pga.shape[1])]
    assert np.mean(each) == pytest.approx(RHO, abs=0.06)


def test_scenario_k_depends_on_seed_and_k_alone(town, shaking):
    whole = shaking.block(0, 8)
    again = Shaking(town, EventModel(town), seed=3)
    with ThreadPoolExecutor(3) as pool:
        alone = list(pool.map(lambda k: again.block(k, k + 1)[0], reversed(range(8))))[::-1]
    for a, b in zip(whole, alone, strict=True):
        assert np.array_equal(a.ln_pga, b.ln_pga) and np.array_equal(a.ln_sa, b.ln_sa)
    other = Shaking(town, EventModel(town), seed=4).block(0, 1)[0]
    assert not np.array_equal(other.ln_pga, whole[0].ln_pga)


def test_aftershocks_only_add(town, shaking):
    """As many as the sequence has; the larger shaking counts; main shocks stay the same; a scenario without aftershocks as before."""
    with_them = Shaking(town, EventModel(town), seed=3, aftershocks=True).block(0, 24)
    for k, (more, less) in enumerate(zip(with_them, shaking.block(0, 24), strict=True)):
        m = less.event.rupture.magnitude
        given = aftershock_sequence(m, town.hazard.aftershock_regime, horizon_days=3.0, seed=3, k=k, smallest_magnitude=min(5.0, m - 0.1))
        assert more.aftershocks == len(given) and more.event.eta == less.event.eta
        assert (more.ln_pga >= less.ln_pga).all() and (more.ln_sa >= less.ln_sa).all()
        assert len(given) or np.array_equal(more.ln_pga, less.ln_pga)
    assert sum(s.aftershocks for s in with_them) > 0


@pytest.mark.parametrize(("periods", "published"), [((1.0, 2.0), 0.75), ((0.01, 1.0), 0.52), ((0.2, 0.2), 1.0)])
def test_cross_correlation(periods, published):
    """Values read from Baker & Jayaram (2008) to two digits; symmetric."""
    assert baker_jayaram_2008(*periods) == pytest.approx(published, abs=0.005)
    assert baker_jayaram_2008(*periods[::-1]) == baker_jayaram_2008(*periods)
