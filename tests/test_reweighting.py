"""Hazard curves from weighted scenarios, and weights from hazard curves: closed forms, two programs, grids, bad input by name."""

from math import fsum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quakeops.errors import InputError
from quakeops.scenario_gen.hazard_curves import ExceedanceCounter, exceedance_curves, poisson_probability
from quakeops.scenario_gen.reweighting import reweight
from quakeops.scenario_gen.weight_checks import kish_size
from scipy.optimize import linprog
from scipy.special import ndtr, ndtri

SEEDS = st.integers(0, 10_000)
LEVELS = np.array([0.05, 0.1, 0.2, 0.4, 0.8])


def shaking(seed, num=60, sites=3):
    """Intensities (S, sites) with a common event term, and weights (S,), a third of them zero."""
    rng = np.random.default_rng(seed)
    im = np.exp(-1.8 + 0.7 * rng.standard_normal((num, 1)) + 0.5 * rng.standard_normal((num, sites)))
    w = rng.gamma(1.0, size=num) * (rng.random(num) > 1 / 3)
    return im, w / w.sum()


def by_definition(im, w, levels):
    return np.einsum("s,sil->il", w, im[:, :, None] >= np.broadcast_to(levels, (im.shape[1], np.shape(levels)[-1])))


@given(SEEDS)
def test_curves_are_the_definition(seed):
    im, w = shaking(seed)
    im[:5] = LEVELS[:, None]  # exactly at a level counts as reached
    own = np.sort(np.random.default_rng(seed).uniform(0.02, 1, (3, 4)), axis=1)
    for levels in (LEVELS, own):
        assert exceedance_curves(im, w, levels) == pytest.approx(by_definition(im, w, levels), rel=1e-13, abs=1e-16)
    assert exceedance_curves(im, 7 * w, LEVELS) == pytest.approx(7 * by_definition(im, w, LEVELS), rel=1e-13)


def test_lognormal_intensity_has_a_closed_form():
    num, mu, sigma = 4000, np.array([-2.0, -0.5]), np.array([0.5, 0.7])
    z = ndtri((np.arange(num) + 0.5) / num)
    found = exceedance_curves(np.exp(mu + sigma * z[:, None]), np.full(num, 0.02 / num), LEVELS)
    exact = 0.02 * ndtr((mu[:, None] - np.log(LEVELS)) / sigma[:, None])
    assert np.abs(found - exact).max() <= 0.5 * 0.02 / num * (1 + 1e-9)


def test_blocks_do_not_change_a_bit():
    im, w = shaking(2, 100, 7)
    whole = exceedance_curves(im, w, LEVELS)
    for cuts in ([1] * 100, [37, 0, 63], [99, 1]):
        counter, start = ExceedanceCounter(LEVELS, 7), 0
        for size in cuts:
            counter.add(im[start : start + size], w[start : start + size])
            start += size
        assert np.array_equal(counter.curves(), whole) and counter.num_scenarios == 100
    assert np.array_equal(exceedance_curves(im[:, 3:5], w, LEVELS), whole[3:5]), "a subset of sites"
    assert np.array_equal(
        exceedance_curves(im.astype(np.float32), w, LEVELS), exceedance_curves(im.astype(np.float32).astype(float), w, LEVELS)
    )


def test_standard_errors_are_binomial():
    counter = ExceedanceCounter([1.0], 1)
    counter.add(np.array([[0.5]] * 90 + [[2.0]] * 10), np.full(100, 0.3 / 100))
    assert counter.curves() == pytest.approx(np.array([[0.03]]))
    assert counter.standard_errors() == pytest.approx(np.array([[0.3 * np.sqrt(0.1 * 0.9 / 100)]]))


def test_poisson_probability():
    assert poisson_probability(1 / 475, 50) == pytest.approx(0.1, abs=2e-4)  # the usual 10 % in 50 years
    assert poisson_probability([[0.0, 1e-12]], 1.0) == pytest.approx(np.array([[0.0, 1e-12]]), rel=1e-9, abs=0)


@given(SEEDS, st.sampled_from(["mean", "max"]))
def test_targets_of_known_weights_are_reproduced(seed, norm):
    im, w = shaking(seed, 80)
    targets = exceedance_curves(im, w, LEVELS)
    im = np.vstack([im, np.full((1, 3), 2.0)])  # some scenario reaches every level
    targets = targets * 0.99 + 0.01
    found = reweight(im, LEVELS, targets, norm=norm)
    assert found.max_error <= 1e-9 and found.mean_error <= found.max_error
    assert found.achieved == pytest.approx(targets, rel=1e-9)
    assert abs(fsum(found.weights) - 1) <= 4e-16 and found.weights.min() >= 0
    assert found.kept == np.count_nonzero(found.weights) <= 3 * len(LEVELS) + 1
    assert found.effective_size == pytest.approx(1 / np.sum(found.probabilities**2))
    assert found.achieved == pytest.approx(by_definition(im, found.weights, LEVELS), rel=1e-12)


def test_annual_rates():
    im, w = shaking(1, 80)
    targets = exceedance_curves(im, 0.04 * w, LEVELS[:3])
    fixed = reweight(im, LEVELS[:3], targets, total=0.04)
    assert (
        fixed.max_error <= 1e-9 and fsum(fixed.weights) == pytest.approx(0.04, rel=1e-15) and fsum(fixed.probabilities) == pytest.approx(1)
    )
    free = reweight(im, LEVELS[:3], targets, total=None)
    twice = reweight(im, LEVELS[:3], 2 * targets, total=None)
    assert free.max_error <= 1e-9 and twice.max_error <= 1e-9
    assert fsum(free.weights) >= targets.max() * (1 - 1e-12)
    assert fsum(free.prior) == pytest.approx(fsum(free.weights))


@pytest.mark.parametrize("norm", ["mean", "max"])
@pytest.mark.parametrize("seed", range(6))
def test_infeasible_targets_get_the_least_error(seed, norm):
    """Two scenarios, one free number: the program's optimum is that of a fine grid."""
    rng = np.random.default_rng(seed)
    im, levels = rng.uniform(0, 1, (2, 3)), np.array([0.2, 0.5, 0.7])
    targets = np.sort(rng.uniform(0.05, 1, (3, 3)), axis=1)[:, ::-1]
    importance = rng.uniform(0.2, 2, (3, 3))
    q = np.linspace(0, 1, 20001)
    w = np.stack([q, 1 - q], axis=1)
    reached = im[:, :, None] >= levels
    errors = importance * np.abs(np.einsum("gs,sil->gil", w, reached) / targets - 1)
    grid = errors.sum(axis=(1, 2)) / importance.sum() if norm == "mean" else errors.max(axis=(1, 2)) / importance.max()
    found = reweight(im, levels, targets, importance=importance, norm=norm)
    size = importance * np.abs(found.relative_errors)
    ours = size.sum() / importance.sum() if norm == "mean" else size.max() / importance.max()
    assert ours <= grid.min() + 1e-9 and ours == pytest.approx(grid.min(), abs=2e-3)
    assert found.mean_error == pytest.approx(size.sum() / importance.sum())


def direct(im, levels, targets, importance, prior, penalty, norm):
    """Optimum of (1) as written: dense, not differenced, with |.| by pairs of inequalities."""
    num, size = len(im), targets.size
    A = (im[:, :, None] >= levels).reshape(num, -1).T / targets.reshape(-1, 1)
    v = importance.ravel()
    cost = np.concatenate(
        [np.zeros(num), v / v.sum() if norm == "mean" else np.zeros(size), np.full(num, penalty / 2), [float(norm == "max")]]
    )
    eye, zero = np.eye(size), np.zeros
    rows = [np.hstack([s * A, -eye, zero((size, num + 1))]) for s in (1, -1)]
    rows += [np.hstack([s * np.eye(num), zero((num, size)), -np.eye(num), zero((num, 1))]) for s in (1, -1)]
    rows += [np.hstack([zero((size, num)), np.diag(v / v.max()), zero((size, num)), -np.ones((size, 1))])]
    right = [np.ones(size), -np.ones(size), prior, -prior, zero(size) if norm == "max" else np.full(size, 1e9)]
    total = np.concatenate([np.ones(num), zero(size + num + 1)])[None]
    return linprog(cost, np.vstack(rows), np.concatenate(right), total, [1.0]).fun


@given(SEEDS, st.sampled_from(["mean", "max"]), st.sampled_from([0.0, 0.03, 0.3]))
def test_two_programs_have_one_optimum(seed, norm, penalty):
    im, prior = shaking(seed, 40)
    rng = np.random.default_rng(seed)
    targets = np.sort(rng.uniform(0.001, 0.9, (3, 5)), axis=1)[:, ::-1]
    importance = rng.uniform(0, 4, (3, 5))
    found = reweight(im, LEVELS, targets, prior=prior, penalty=penalty, importance=importance, norm=norm)
    size = importance * np.abs(found.relative_errors)
    fit = size.sum() / importance.sum() if norm == "mean" else size.max() / importance.max()
    assert fit + penalty * found.moved == pytest.approx(direct(im, LEVELS, targets, importance, prior, penalty, norm), abs=1e-8)


def test_penalty_holds_the_weights_back():
    im, prior = shaking(4, 80)
    targets = np.clip(by_definition(im, prior, LEVELS), 1e-3, 1) * np.array([[1.1], [0.9], [1.0]])
    found = [reweight(im, LEVELS, targets, prior=prior, penalty=k) for k in (0.0, 0.05, 0.3, 1e4)]
    fits, moves = [f.mean_error for f in found], [f.moved for f in found]
    assert np.all(np.diff(fits) >= -1e-9) and np.all(np.diff(moves) <= 1e-9) and fits[0] < fits[2] < fits[-1]
    assert found[-1].weights == pytest.approx(prior, abs=1e-12) and found[-1].moved < 1e-12
    assert found[-1].mean_error == pytest.approx(found[-1].prior_mean_error)
    assert found[0].prior_mean_error == found[2].prior_mean_error
    rates = reweight(im, LEVELS, 0.04 * targets, prior=0.04 * prior, penalty=1e4, total=None)
    assert rates.weights == pytest.approx(0.04 * prior, abs=1e-13)
    text = found[1].summary()
    assert f"of 80 scenarios have weight, effective sample size {kish_size(prior):.1f} ->" in text and "% of the probability moved" in text


def test_targets_without_importance_are_left_out():
    im, w = shaking(3, 80)
    targets = exceedance_curves(im, w, LEVELS[:3])
    wrong = targets.copy()
    wrong[1, 2] *= 0.2
    importance = np.ones((3, 3))
    importance[1, 2] = 0
    for norm in ("mean", "max"):
        found = reweight(im, LEVELS[:3], wrong, importance=importance, norm=norm)
        assert found.max_error <= 1e-9 and found.mean_error <= 1e-9
        assert reweight(im, LEVELS[:3], wrong, norm=norm).max_error >= 0


def test_a_level_that_no_scenario_reaches_stays_at_zero():
    im, w = shaking(0, 50)
    targets = np.concatenate([exceedance_curves(im, w, LEVELS[:3]), np.full((3, 1), 1e-4)], axis=1)
    found = reweight(im, [*LEVELS[:3], 50.0], targets)
    assert np.all(found.achieved[:, 3] == 0) and found.max_error == 1 and found.mean_error == pytest.approx(0.25, abs=1e-9)


IM = np.array([[0.1, 0.3], [0.5, 0.2], [0.6, 0.7]])
TARGETS = np.array([[0.5, 0.2], [0.6, 0.1]])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"intensity": [[0.1, np.nan], [0.5, 0.2], [0.6, 0.7]]}, "'intensity', scenario 0, site 1: nan"),
        ({"levels": [0.4, 0.4]}, "'levels', level 1: 0.4: expected levels that increase"),
        ({"levels": [[0.1, 0.4], [0.3, 0.2]]}, "'levels', site 1, level 1: 0.2"),
        ({"levels": [[0.1, 0.4]]}, r"'levels' has shape \(1, 2\): expected \(2 sites, levels\)"),
        ({"levels": [0.1, np.inf]}, "'levels', level 1: inf"),
        ({"targets": [[0.5, 0.2], [0.0, 0.0]]}, "'targets', site 1, level 0: 0: expected a positive rate"),
        ({"targets": [[0.5, 0.2], [0.1, 0.3]]}, "'targets', site 1, level 1: 0.3: expected not more than"),
        ({"targets": [[0.5, 0.2]]}, r"'targets' has shape \(1, 2\)"),
        ({"importance": [[1, 1], [1, -2]]}, "'importance', site 1, level 1: -2"),
        ({"importance": np.zeros((2, 2))}, "'importance': all are 0"),
        ({"norm": "least squares"}, "norm 'least squares' is unknown"),
        ({"penalty": -1.0}, "'penalty': -1"),
        ({"penalty": 1.0, "total": None}, "'penalty': with a free total"),
        ({"total": 0.0}, "'total': 0"),
        ({"prior": [0.5, 0.5, 0.5]}, "'prior': the sum over 3 scenarios is 1.5: expected 1"),
        ({"prior": [0.5, -0.5, 1.0]}, "'prior', scenario 1: -0.5"),
        ({"prior": [0.0, 0.0, 0.0], "total": None}, "'prior': all 3 are 0"),
        ({"prior": [0.1, -0.5, 1.0], "total": None}, "'prior', scenario 1: -0.5: expected at least 0"),
    ],
)
def test_bad_input_is_named(change, message):
    arguments = {"intensity": IM, "levels": [0.25, 0.55], "targets": TARGETS} | change
    with pytest.raises(InputError, match=message):
        reweight(**arguments)


def test_bad_curves_are_named():
    with pytest.raises(InputError, match="'weights', scenario 1: -1: expected at least 0"):
        exceedance_curves(IM, [1, -1, 1], [0.5])
    counter = ExceedanceCounter([0.5], 2)
    counter.add(IM, np.ones(3))
    with pytest.raises(InputError, match="'weights', scenario 4: -1"):
        counter.add(IM, [1, -1, 1])
    with pytest.raises(InputError, match="'intensity', scenario 5, site 0: nan"):
        counter.add(np.where(IM == 0.6, np.nan, IM), np.ones(3))
    with pytest.raises(InputError, match=r"'intensity' has shape \(3, 1\)"):
        counter.add(IM[:, :1], np.ones(3))
    with pytest.raises(InputError, match="'num_sites': 0"):
        ExceedanceCounter([0.5], 0)
    with pytest.raises(InputError, match=r"'rates', entry 1: -0\.1"):
        poisson_probability([0.1, -0.1], 50)
    with pytest.raises(InputError, match="'years': 0"):
        poisson_probability(0.1, 0)
