"""Importance sampling: densities by quadrature, unbiased estimates, bounded weights, less variance for rare events."""

from math import fsum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quakeops.errors import InputError
from quakeops.scenario_gen.importance import EventProposal, set_weights
from quakeops.scenario_gen.magnitude_law import MagnitudeLaw
from quakeops.scenario_gen.streams import Stream, generator
from scipy.integrate import quad
from scipy.special import ndtr, ndtri
from scipy.stats import kstest, norm

LAW = MagnitudeLaw(b_value=0.95, minimum=5.0, maximum=7.8)
PROPOSALS = [
    EventProposal(),
    EventProposal(share=0.1, tempering=0.0, shift=1.5, width=1.0),
    EventProposal(share=0.5, tempering=0.4, shift=-0.7, width=2.0),
    EventProposal(share=0.3, tempering=2.5, shift=0.0, width=0.6),
    EventProposal(share=0.2, tempering=1.0, shift=2.0, width=1.0),
]


def draws(proposal, num, law=LAW, seed=0):
    rng = np.random.default_rng(seed)
    return proposal.draw(law, rng.random(num), rng.random(num), rng.standard_normal(num))


def expectation(z, law=LAW):
    """E[z(M, epsilon)] under the target by the midpoint rule on a fine grid of equal probabilities."""
    u = (np.arange(2000) + 0.5) / 2000
    return float(np.mean(z(law.magnitude(u)[:, None], ndtri(u))))


def shaking(m, e):
    """ln PGA in g at 20 km, roughly, given the event."""
    return -2.9 + 0.9 * (m - 6) + 0.35 * e


QUANTITIES = {
    "one": lambda m, e: np.ones(np.broadcast_shapes(m.shape, e.shape)),
    "magnitude": lambda m, e: m + 0 * e,
    "large": lambda m, e: 1.0 * (m > 7) + 0 * e,
    "residual": lambda m, e: e**2 + 0 * m,
    "energy": lambda m, e: 10 ** (1.5 * (m - 7)) * np.exp(0.5 * e),
    "strong": lambda m, e: 1.0 * (shaking(m, e) > np.log(0.1)),
}


@pytest.mark.parametrize("b", [0.0, 0.4, 1.0, 2.3])
def test_magnitude_law_by_quadrature(b):
    law = MagnitudeLaw(b, 4.5, 7.0)
    for m in (4.6, 5.5, 6.9):
        below = quad(lambda x: float(np.exp(law.log_density(x))), 4.5, m)[0]
        assert law.magnitude(below) == pytest.approx(m, abs=1e-9)
    assert quad(lambda x: float(np.exp(law.log_density(x))), 4.5, 7.0)[0] == pytest.approx(1, abs=1e-12)
    assert law.log_density([4.4, 7.1]).tolist() == [-np.inf, -np.inf]
    ends = law.magnitude([0.0, 1e-17, 1 - 1e-16, 1.0])
    assert np.all((ends >= 4.5) & (ends <= 7.0)) and ends[0] == 4.5 and ends[-1] == pytest.approx(7.0, abs=1e-9)
    beta = b * np.log(10)
    if b:
        assert np.exp(law.log_density(5.0)) == pytest.approx(beta * np.exp(-beta * 0.5) / (1 - np.exp(-beta * 2.5)), rel=1e-13)
        counts = [10 ** -(b * m) for m in (4.5, 5.5, 7.0)]
        assert law.magnitude(1 - (counts[1] - counts[2]) / (counts[0] - counts[2])) == pytest.approx(5.5, abs=1e-9)


def test_slope_zero_is_the_limit():
    a, b = MagnitudeLaw(0.0, 5, 8), MagnitudeLaw(1e-9, 5, 8)
    u = np.linspace(0, 1, 11)
    assert a.magnitude(u) == pytest.approx(b.magnitude(u), abs=1e-7) and a.magnitude(u) == pytest.approx(5 + 3 * u)
    assert a.log_density(6.0) == pytest.approx(b.log_density(6.0), abs=1e-7)


@pytest.mark.parametrize("proposal", PROPOSALS)
def test_proposal_density_integrates_to_one(proposal):
    def g(e, m):
        return float(np.exp(proposal.log_density(LAW, m, e)))

    grid, step = np.linspace(-14, 18, 6401), 32 / 6400
    m, weights = np.polynomial.legendre.leggauss(60)
    m = 6.4 + 1.4 * m
    inner = np.exp(proposal.log_density(LAW, m[:, None], grid)).sum(axis=1) * step
    assert 1.4 * weights @ inner == pytest.approx(1, abs=1e-10)
    mixture = proposal.share * np.exp(LAW.log_density(6.3)) * norm.pdf(1.1) + (1 - proposal.share) * np.exp(
        LAW.tempered(proposal.tempering).log_density(6.3)
    ) * norm.pdf(1.1, proposal.shift, proposal.width)
    assert g(1.1, 6.3) == pytest.approx(mixture, rel=1e-12)


@pytest.mark.parametrize("proposal", PROPOSALS)
def test_draws_have_the_density_that_the_weights_divide_by(proposal):
    magnitude, epsilon, _ = draws(proposal, 20_000)
    tempered, a = LAW.tempered(proposal.tempering), proposal.share

    def below(law, m):
        beta = law.b_value * np.log(10)
        return np.expm1(-beta * (m - 5)) / np.expm1(-beta * 2.8) if beta else (m - 5) / 2.8

    by_magnitude = kstest(magnitude, lambda m: a * below(LAW, m) + (1 - a) * below(tempered, m))
    by_epsilon = kstest(epsilon, lambda e: a * ndtr(e) + (1 - a) * ndtr((e - proposal.shift) / proposal.width))
    assert min(by_magnitude.pvalue, by_epsilon.pvalue) > 1e-3


@pytest.mark.parametrize("name", QUANTITIES)
@pytest.mark.parametrize("proposal", PROPOSALS)
def test_weighted_means_are_unbiased(proposal, name):
    magnitude, epsilon, log_weight = draws(proposal, 200_000, seed=17)
    z = QUANTITIES[name](magnitude, epsilon) * np.exp(log_weight)
    exact = expectation(QUANTITIES[name])
    assert abs(z.mean() - exact) < 4 * z.std() / np.sqrt(len(z)) + 2e-4 * abs(exact)
    p = set_weights(log_weight).probabilities
    ratio = p @ QUANTITIES[name](magnitude, epsilon)
    assert ratio == pytest.approx(exact, abs=8 * z.std() / np.sqrt(len(z)) + 0.02 * abs(exact))


@given(
    st.floats(0.01, 1.0),
    st.floats(0, 5),
    st.floats(-8, 8),
    st.floats(0.05, 10),
    st.floats(0, 3),
    st.floats(0, 1),
    st.floats(-12, 12),
)
def test_weights_are_bounded(share, tempering, shift, width, b, u, e):
    proposal, law = EventProposal(share, tempering, shift, width), MagnitudeLaw(b, 4.0, 9.0)
    lw = float(proposal.log_weight(law, law.magnitude(u), e))
    assert lw <= -np.log(share) + 1e-12 and not np.isnan(lw)


def test_limits():
    rng = np.random.default_rng(1)
    u, v, z = rng.random(50), rng.random(50), rng.standard_normal(50)
    for proposal in (EventProposal(share=1.0), EventProposal(share=0.3, tempering=1.0, shift=0.0, width=1.0)):
        magnitude, epsilon, lw = proposal.draw(LAW, u, v, z)
        assert np.array_equal(magnitude, LAW.magnitude(v)) and np.array_equal(epsilon, z)
        assert lw == pytest.approx(np.zeros(50), abs=1e-14)
    uniform, _, _ = EventProposal(share=1e-9).draw(LAW, u, v, z)
    assert uniform == pytest.approx(5 + 2.8 * v)
    extreme = EventProposal(share=0.5, shift=40.0, width=0.1).log_weight(LAW, 6.0, np.array([-40.0, 0.0, 40.0]))
    assert extreme[:2] == pytest.approx([np.log(2)] * 2) and extreme[2] < -700 and np.isfinite(extreme[2])


def test_a_rare_event_needs_fewer_scenarios():
    """P(ln PGA > ln 0.35), about 1e-3: variance against plain sampling, and the estimate within its error."""

    def strong(m, e):
        return shaking(m, e) > np.log(0.35)

    exact = expectation(lambda m, e: 1.0 * strong(m, e))
    assert 3e-4 < exact < 3e-3
    magnitude, epsilon, lw = draws(EventProposal(share=0.2, shift=1.0, width=1.0), 50_000, seed=3)
    z = strong(magnitude, epsilon) * np.exp(lw)
    plain = exact * (1 - exact)
    assert abs(z.mean() - exact) < 4 * z.std() / np.sqrt(len(z)) + 0.01 * exact
    assert z.var() < plain / 20


def test_scenario_k_depends_on_seed_and_k_alone():
    proposal = EventProposal()

    def scenario(k):
        rng = generator(5, k, Stream.EVENT)
        return proposal.draw(LAW, rng.random(), rng.random(), generator(5, k, Stream.EVENT_RESIDUAL).standard_normal())

    few, many = [scenario(k) for k in range(3)], [scenario(k) for k in (9, 2, 1, 0)][:0:-1]
    assert few == many
    together = np.array([scenario(k)[2] for k in range(10)])
    assert set_weights(together[:4]).probabilities == pytest.approx(
        set_weights(together).probabilities[:4] / set_weights(together).probabilities[:4].sum()
    )


def test_set_weights():
    equal = set_weights(np.full(8, -3.0))
    assert equal.probabilities.tolist() == [0.125] * 8 and equal.effective_size == 8 and equal.largest == 0.125
    assert equal.mean_weight == pytest.approx(np.exp(-3)) and equal.mean_weight_error == 0
    w = np.array([1.0, 2.0, 5.0])
    found = set_weights(np.log(w))
    assert found.probabilities == pytest.approx(w / 8) and found.effective_size == pytest.approx(64 / 30)
    assert found.mean_weight == pytest.approx(8 / 3) and found.mean_weight_error == pytest.approx(w.std(ddof=1) / np.sqrt(3))
    assert "2.1 of 3" in found.summary() and abs(fsum(found.probabilities) - 1) <= 2e-16
    assert set_weights([-900.0, -900.0 + np.log(3)]).probabilities == pytest.approx([0.25, 0.75])
    assert set_weights([0.5]).probabilities.tolist() == [1.0]
    drawn = set_weights(draws(EventProposal(), 50_000)[2])
    assert abs(drawn.mean_weight - 1) < 4 * drawn.mean_weight_error and 0 < drawn.mean_weight_error < 0.02


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MagnitudeLaw(-1.0, 5, 8), "'b_value': -1"),
        (lambda: MagnitudeLaw(np.nan, 5, 8), "'b_value': nan"),
        (lambda: MagnitudeLaw(1.0, 8, 8), "'maximum': 8: expected a magnitude above the minimum 8"),
        (lambda: MagnitudeLaw(1.0, 5, np.nan), "'maximum': nan"),
        (lambda: EventProposal(share=0.0), r"'share': 0.0: expected a number in \(0, 1\]"),
        (lambda: EventProposal(share=1.1), "'share': 1.1"),
        (lambda: EventProposal(tempering=-0.1), "'tempering': -0.1"),
        (lambda: EventProposal(shift=np.inf), "'shift': inf"),
        (lambda: EventProposal(width=0.0), "'width': 0.0: expected a positive"),
        (lambda: EventProposal().log_weight(LAW, [6.0, 8.0], 0.0), r"magnitude\[1\] is 8: expected 5 to 7.8"),
        (lambda: set_weights([0.0, np.nan]), "'log_weights', scenario 1: nan"),
        (lambda: set_weights([]), "'log_weights' has shape"),
    ],
)
def test_bad_input_is_named(make, message):
    with pytest.raises(InputError, match=message):
        make()
