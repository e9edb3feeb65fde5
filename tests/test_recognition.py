"""The governance risk functional, its fit, metrics, calibration and likelihoods: finite differences, all pairs, closed forms, by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from quakeops.errors import InputError
from quakeops.instances.damage_grades import YUSHU
from quakeops.instances.grade_checks import checked_probabilities
from quakeops.scenario_gen.recognition.calibration import calibration, fit_temperature, tempered
from quakeops.scenario_gen.recognition.fit import KINDS, _packed_gradient, _penalised, _start, _unpacked, fit_grades
from quakeops.scenario_gen.recognition.heads import HEADS, HeadOutput
from quakeops.scenario_gen.recognition.hinge import pairwise_hinge
from quakeops.scenario_gen.recognition.likelihood import label_likelihoods, observation_likelihoods
from quakeops.scenario_gen.recognition.metrics import (
    brier_score,
    cohen_kappa,
    confusion_counts,
    mean_squared_error,
    metrics_of,
    missed_severe_rate,
    overall_accuracy,
    predicted_grades,
    regrouped,
    underestimation_rate,
)
from quakeops.scenario_gen.recognition.parameters import TERMS, RiskParameters
from quakeops.scenario_gen.recognition.risk import asymmetric_costs, cross_entropy_of_logits, risk_of_logits, risk_of_probabilities
from quakeops.scenario_gen.recognition.synthetic import stratified_split, synthetic_features
from scipy.special import expit, log_softmax, softmax

SEEDS = st.integers(0, 100_000)
ODD = RiskParameters(alpha=2.7, margin=0.35, lambda_mono=1.9, lambda_reg=0.6, ordinal=0.8, asymmetric=1.3, pairwise=1.7, brier=0.9)
LOGITS = {"softmax": 4, "sigmoid": 3}


def batch(seed, head, n=7):
    rng = np.random.default_rng(seed)
    return 2.5 * rng.standard_normal((n, LOGITS[head])), np.append(rng.integers(0, 4, n - 2), [1, 2])


def pairs(score, severe, margin):
    """Slack m - (r_i - r_j) of all pairs."""
    return margin - (score[severe][:, None] - score[~severe][None, :])


def differences(f, z, step):
    """Central differences of f by each entry of z."""
    out = np.empty_like(z)
    for index in np.ndindex(z.shape):
        moved = np.zeros_like(z)
        moved[index] = step
        out[index] = (f(z + moved) - f(z - moved)) / (2 * step)
    return out


def parts(out):
    return out.probabilities, out.cumulative, out.log_below, out.log_above


def away_from_kinks(p, y, margin):
    assume(np.abs(pairs(p[:, 2] + p[:, 3], y >= 2, margin)).min() > 1e-4)


@pytest.mark.parametrize("head", LOGITS)
@pytest.mark.parametrize("term", [*TERMS, "all"])
@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_gradient_by_logits_is_finite_differences(head, term, seed):
    z, y = batch(seed, head)
    q = ODD if term == "all" else ODD.only(term)
    away_from_kinks(HEADS[head].forward(z).probabilities, y, q.margin)
    if head == "sigmoid":
        assume(np.abs(np.diff(z, axis=1)).min() > 1e-3)
    found = risk_of_logits(z, y, q, head)
    assert found.gradient == pytest.approx(differences(lambda v: risk_of_logits(v, y, q, head).value, z, 1e-5), rel=1e-6, abs=2e-8)


@pytest.mark.parametrize("name", LOGITS)
@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_heads_pass_every_derivative_back(name, seed):
    """A random linear function of all that a head puts out."""
    z, _ = batch(seed, name)
    assume(name == "softmax" or np.abs(np.diff(z, axis=1)).min() > 1e-3)
    head, rng = HEADS[name], np.random.default_rng(seed)
    out = head.forward(z)
    slope = HeadOutput(*(rng.standard_normal(part.shape) for part in parts(out)))
    found = head.backward(z, out, slope)

    def linear(v):
        return sum(np.sum(a * b) for a, b in zip(parts(slope), parts(head.forward(v)), strict=True))

    assert found == pytest.approx(differences(linear, z, 1e-5), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("term", [*TERMS, "all"])
@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_gradient_by_probabilities_is_finite_differences(term, seed):
    """Single entries move too: the four are free variables (rows may be 1e-6 off the sum 1)."""
    z, y = batch(seed, "softmax")
    p, q = softmax(z / 2.5, axis=1), ODD if term == "all" else ODD.only(term)
    away_from_kinks(p, y, q.margin)
    found = risk_of_probabilities(p, y, q)
    assert found.gradient == pytest.approx(differences(lambda v: risk_of_probabilities(v, y, q).value, p, 9e-7), rel=1e-5, abs=1e-8)


@given(SEEDS)
def test_two_roads_to_a_softmax(seed):
    """The gradient by logits is the softmax's Jacobian on the gradient by probabilities; values agree."""
    z, y = batch(seed, "softmax", 40)
    p = softmax(z, axis=1)
    by_p, by_z = risk_of_probabilities(p, y, ODD), risk_of_logits(z, y, ODD)
    assert by_z.value == pytest.approx(by_p.value, rel=1e-12)
    assert by_z.gradient == pytest.approx(p * (by_p.gradient - np.sum(p * by_p.gradient, axis=1, keepdims=True)), rel=1e-8, abs=1e-14)
    assert (by_z.ordinal, by_z.brier) == pytest.approx((by_p.ordinal, by_p.brier))


@given(SEEDS, st.integers(1, 30), st.sampled_from([0.125, 0.5, 1.0, 1.5]))
def test_hinge_is_all_pairs(seed, n, margin):
    """Scores on a grid of eighths: many ties, many pairs exactly at the margin, all differences exact."""
    rng = np.random.default_rng(seed)
    score, severe = rng.integers(0, 9, n) / 8, rng.random(n) < 0.4
    found = pairwise_hinge(score, severe, margin)
    if severe.all() or not severe.any():
        assert (found.value, found.active_pairs) == (0.0, 0) and not found.gradient.any() and "severe" in found.note
        return
    slack = pairs(score, severe, margin)
    assert found.value == pytest.approx(np.maximum(slack, 0).mean(), rel=1e-14, abs=1e-16) and found.note is None
    gradient = np.zeros(n)
    gradient[severe], gradient[~severe] = -(slack > 0).sum(axis=1) / slack.size, (slack > 0).sum(axis=0) / slack.size
    assert found.gradient == pytest.approx(gradient, abs=1e-16) and found.active_pairs == (slack > 0).sum()


@given(SEEDS)
def test_hinge_is_all_pairs_of_any_scores(seed):
    rng = np.random.default_rng(seed)
    score, severe = rng.random(200), rng.random(200) < 0.3
    found = pairwise_hinge(score, severe, 0.2)
    assert found.value == pytest.approx(np.maximum(pairs(score, severe, 0.2), 0).mean(), rel=1e-12)
    assert abs(found.gradient.sum()) < 1e-15, "moving all scores alike changes nothing"


def test_perfect_and_uniform_predictions():
    y = np.arange(4)
    perfect = risk_of_probabilities(np.eye(4), y)
    assert (perfect.value, perfect.ordinal, perfect.asymmetric, perfect.pairwise, perfect.brier) == (0, 0, 0, 0, 0)
    q = RiskParameters(alpha=3, margin=0.2, lambda_reg=0.7)
    for uniform in (risk_of_probabilities(np.full((4, 4), 0.25), y, q), risk_of_logits(np.zeros((4, 4)), y, q)):
        ordinal = -(np.log([0.25, 0.5, 0.75]).sum() + np.log([0.75, 0.5, 0.75]).sum() + np.log([0.75, 0.5, 0.75]).sum())
        ordinal = (ordinal - np.log([0.75, 0.5, 0.25]).sum()) / 4
        assert uniform.ordinal == pytest.approx(ordinal, rel=1e-14)
        assert uniform.asymmetric == pytest.approx((6 + (3 + 3) + (9 + 1) + 18) / 16, rel=1e-14)
        assert uniform.pairwise == pytest.approx(0.2, rel=1e-14) and uniform.brier == pytest.approx(0.75, rel=1e-14)
        assert uniform.value == pytest.approx(ordinal + 2.5 + 0.2 + 0.7 * 0.75, rel=1e-14)


def test_costs_of_equation_3():
    assert asymmetric_costs(3.0).tolist() == [[0, 1, 2, 3], [3, 0, 1, 2], [6, 3, 0, 1], [9, 6, 3, 0]]
    up, down = np.array([[0, 0.5, 0.5, 0]]), np.array([[0, 0, 0.5, 0.5]])
    low, high = (risk_of_probabilities(p, [2], RiskParameters(alpha=3).only("asymmetric")).value for p in (up, down))
    assert (low, high) == (1.5, 0.5), "underestimation is the dearer one"
    symmetric = RiskParameters(alpha=1).only("asymmetric")
    assert risk_of_probabilities(up, [2], symmetric).value == risk_of_probabilities(down, [2], symmetric).value == 0.5


def test_cumulative_probabilities_that_fall():
    """s = (0.5, 0.2, 0.8): a fall of 0.3; differences 0.5, 0, 0.6, 0.2 over 1.3."""
    s = np.array([[0.5, 0.2, 0.8]])
    z = np.log(s / (1 - s))
    assert HEADS["sigmoid"].forward(z).probabilities == pytest.approx(np.array([[0.5, 0, 0.6, 0.2]]) / 1.3)
    plain, penalised = (risk_of_logits(z, [1], RiskParameters(lambda_mono=m).only("ordinal"), "sigmoid") for m in (0, 5))
    assert plain.value == pytest.approx(-np.log(0.5) - np.log(0.2) - np.log(0.8))
    assert penalised.value - plain.value == pytest.approx(5 * 0.3**2)
    by_s = 5 * 2 * 0.3 * np.array([1, -1, 0])
    assert penalised.gradient - plain.gradient == pytest.approx(by_s * s * (1 - s))


@given(SEEDS)
def test_monotone_sigmoids_are_the_softmax_of_the_same_probabilities(seed):
    z, y = batch(seed, "softmax", 30)
    p = softmax(z, axis=1)
    s = np.cumsum(p, axis=1)[:, :-1]
    logits = np.log(s) - np.log(np.cumsum(p[:, ::-1], axis=1)[:, -2::-1])
    assert HEADS["sigmoid"].forward(logits).probabilities == pytest.approx(p, abs=1e-12)
    assert risk_of_logits(logits, y, ODD, "sigmoid").value == pytest.approx(risk_of_logits(z, y, ODD).value, rel=1e-9)
    assert risk_of_logits(z, y, replace(ODD, lambda_mono=1e6)).value == pytest.approx(risk_of_logits(z, y, ODD).value, rel=1e-9)


def test_extreme_logits_are_exact():
    """All weight on L0, the building has collapsed: -ln(1 - s_k) = 800 - ln(3 - k), and the slope does not vanish."""
    found = risk_of_logits([[800.0, 0, 0, 0]], [3], RiskParameters().only("ordinal"))
    assert found.value == pytest.approx(3 * 800 - np.log(6), rel=1e-14)
    assert found.gradient[0] == pytest.approx([3, -1 / 3, -1 / 3 - 1 / 2, -1 / 3 - 1 / 2 - 1], rel=1e-14)
    mirrored = risk_of_logits([[0, 0, 0, 800.0]], [0], RiskParameters().only("ordinal"))
    assert mirrored.value == found.value and mirrored.gradient[0] == pytest.approx(found.gradient[0, ::-1], rel=1e-14)
    sigmoids = risk_of_logits([[800.0, 800, 800]], [3], RiskParameters().only("ordinal"), "sigmoid")
    assert sigmoids.value == 2400 and sigmoids.gradient.tolist() == [[1, 1, 1]]
    assert HEADS["sigmoid"].forward([[50.0, 50, 50]]).probabilities[0, 3] == pytest.approx(np.exp(-50), rel=1e-13, abs=0)
    assert cross_entropy_of_logits([[800.0, 0, 0, 0]], [3])[0] == 800
    clipped = risk_of_probabilities([[1.0, 0, 0, 0]], [3], RiskParameters().only("ordinal"))
    assert clipped.value == pytest.approx(-3 * np.log(1e-12)) and not clipped.gradient.any()


def test_batch_semantics():
    z, y = batch(3, "softmax", 60)
    whole, twice = risk_of_logits(z, y, ODD), risk_of_logits(np.vstack([z, z]), np.tile(y, 2), ODD)
    assert twice.value == pytest.approx(whole.value) and twice.gradient[:60] == pytest.approx(whole.gradient / 2)
    halves = [risk_of_logits(z[part], y[part], ODD) for part in (slice(0, 30), slice(30, 60))]
    for term in ("ordinal", "asymmetric", "brier"):
        assert np.mean([getattr(h, term) for h in halves]) == pytest.approx(getattr(whole, term))
    assert np.mean([h.pairwise for h in halves]) != pytest.approx(whole.pairwise)
    order = np.random.default_rng(0).permutation(60)
    assert risk_of_logits(z[order], y[order], ODD).gradient == pytest.approx(whole.gradient[order])


def test_terms_and_weights():
    z, y = batch(5, "softmax", 50)
    one = RiskParameters(lambda_reg=0.3)
    found = risk_of_logits(z, y, one)
    assert found.value == pytest.approx(found.ordinal + found.asymmetric + found.pairwise + 0.3 * found.brier)
    assert risk_of_logits(z, y, replace(one, lambda_reg=1.3)).value - found.value == pytest.approx(found.brier), "of the Brier term alone"
    alone = [risk_of_logits(z, y, ODD.only(term)) for term in TERMS]
    assert sum(a.value for a in alone) == pytest.approx(risk_of_logits(z, y, ODD).value)
    assert sum(a.gradient for a in alone) == pytest.approx(risk_of_logits(z, y, ODD).gradient)
    for term in TERMS:
        less = risk_of_logits(z, y, ODD.without(term))
        assert getattr(less, term) is None
        assert less.value + risk_of_logits(z, y, ODD.only(term)).value == pytest.approx(risk_of_logits(z, y, ODD).value)


@pytest.mark.parametrize(("y", "says"), [([0, 1, 0], "no building is severe"), ([2, 3, 3], "every building is severe")])
def test_one_side_empty(y, says):
    found = risk_of_logits(np.zeros((3, 4)), y)
    assert found.pairwise == 0 and says in found.note
    assert found.gradient == pytest.approx(risk_of_logits(np.zeros((3, 4)), y, RiskParameters().without("pairwise")).gradient)
    assert risk_of_logits(np.zeros((2, 4)), [0, 3]).note is None


GOOD = np.full((3, 4), 0.25)


@pytest.mark.parametrize(
    ("p", "y", "says"),
    [
        ([[0.25] * 4, [0.2] * 4, [0.25] * 4], [0, 1, 2], "row 1: the sum is 0.8"),
        ([[0.25] * 4, [0.25] * 4, [0.5, np.nan, 0.25, 0.25]], [0, 1, 2], "row 2, column 1: nan"),
        ([[0.25] * 4, [1.2, -0.2, 0, 0], [0.25] * 4], [0, 1, 2], "row 1, grade 0: 1.2"),
        (GOOD, [0, 1, 4], "grades, row 2: 4: expected a whole number from 0 to 3"),
        (GOOD, [0, -1, 2], "grades, row 1: -1"),
        (GOOD, [0, 1.5, 2], "grades, row 1: 1.5"),
        (GOOD, [0, np.nan, 2], "grades, row 1: nan"),
        (GOOD, [0, 1], r"grades has shape \(2,\): expected \(3,\)"),
        (GOOD[:, :3], [0, 1, 2], r"probabilities has shape \(3, 3\): expected \(n, 4\)"),
        (GOOD[0], [0], "at least one row"),
        (np.empty((0, 4)), [], "at least one row"),
        ([["a"] * 4], [0], "expected numbers"),
        (GOOD, ["a", 1, 2], "expected whole numbers"),
    ],
)
def test_bad_input_is_named(p, y, says):
    for f in (risk_of_probabilities, metrics_of, calibration):
        with pytest.raises(InputError, match=says):
            f(p, y)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: risk_of_logits([[0, 0, np.inf, 0]], [1]), "logits, row 0, column 2: inf"),
        (lambda: risk_of_logits(np.zeros((2, 3)), [1, 1]), r"logits has shape \(2, 3\)"),
        (lambda: risk_of_logits(np.zeros((2, 3)), [1, 1], head="sigmod"), "did you mean 'sigmoid'"),
        (lambda: RiskParameters(alpha=0.5), "alpha is 0.5: expected a finite number, at least 1"),
        (lambda: RiskParameters(margin=0.0), "margin is 0: .*above 0"),
        (lambda: RiskParameters(lambda_reg=-1), "lambda_reg is -1"),
        (lambda: RiskParameters(brier=np.nan), "brier is nan"),
        (lambda: RiskParameters().without("rank"), "term 'rank' is unknown"),
        (lambda: fit_grades(np.zeros((3, 2)), [0, 1, 2]), "expected an objective"),
        (lambda: fit_grades([[0.0], [np.nan]], [0, 1], cross_entropy=1), "features, row 1, column 0"),
        (lambda: fit_grades(np.zeros((2, 2)), [0, 9], cross_entropy=1), "grades, row 1: 9"),
        (lambda: fit_grades(np.zeros((2, 2)), [0, 1], cross_entropy=1, kind="corn"), "kind 'corn' is unknown"),
        (lambda: fit_grades(np.zeros((2, 2)), [0, 1], cross_entropy=1).predict_proba(np.zeros((2, 3))), r"expected \(n, 2\)"),
        (lambda: fit_grades(np.zeros((2, 2)), [0, 1], cross_entropy=1, l2=-1), "l2 is -1"),
        (lambda: regrouped([0, 1], 4), "set 4 is unknown"),
        (lambda: calibration(GOOD, [0, 1, 2], bins=0), "bins is 0"),
        (lambda: calibration(GOOD, [0, 1, 2], of="both"), "of 'both'"),
        (lambda: tempered(GOOD, 0), "temperature is 0"),
        (lambda: fit_temperature(GOOD, [0, 1, 7]), "grades, row 2: 7"),
        (lambda: observation_likelihoods(GOOD), "exactly one"),
        (lambda: observation_likelihoods(GOOD, training_prior=[0.5, 0.5, 0, 0]), "above 0"),
        (lambda: observation_likelihoods(GOOD, training_prior=[1, 1, 1, 1]), "training_prior, row 0: .*4"),
        (lambda: observation_likelihoods(GOOD, confusion=np.ones((3, 4))), r"expected \(4, 4\)"),
        (lambda: observation_likelihoods(GOOD, confusion=-np.eye(4)), "confusion.* is -1"),
        (lambda: observation_likelihoods(GOOD, confusion=np.eye(4), dirichlet=0), "dirichlet is 0"),
        (lambda: observation_likelihoods(GOOD, confusion=np.eye(4), dirichlet=[1, 1, 1, 1]), "one number or"),
        (lambda: stratified_split([0, 1], [0.5, 0.6], 0), "shares are"),
        (lambda: synthetic_features(0, 1), "n is 0"),
        (lambda: synthetic_features(5, 1, counts=[0, 0, 0, 0]), "not all 0"),
    ],
)
def test_more_bad_input_is_named(call, says):
    with pytest.raises(InputError, match=says):
        call()


def test_probabilities_in_single_precision_pass():
    p = softmax(np.random.default_rng(0).standard_normal((50, 4)).astype(np.float32), axis=1)
    assert checked_probabilities(p).dtype == float


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("risk", [None, ODD])
def test_fit_is_a_minimum_of_what_it_says(kind, risk):
    x, y = synthetic_features(300, 4)
    asked = dict(risk=risk, cross_entropy=0.5 if risk else 1.0, kind=kind, l2=0.02)
    if risk is None and kind == "sigmoid":
        asked |= dict(risk=RiskParameters().only("ordinal"), cross_entropy=0.0)
    model = fit_grades(x, y, **asked)
    head, standard = KINDS[kind], (x - x.mean(axis=0)) / x.std(axis=0)

    def objective(weights, bias):
        z = standard @ weights + bias
        value = 0.01 * np.sum((weights[:, :1] if kind == "coral" else weights) ** 2)
        if asked["risk"]:
            value += risk_of_logits(z, y, asked["risk"], head).value
        return value + asked["cross_entropy"] * (cross_entropy_of_logits(z, y, head)[0] if asked["cross_entropy"] else 0)

    assert objective(model.weights, model.bias) == pytest.approx(model.objective, rel=1e-10)
    rng = np.random.default_rng(1)
    for _ in range(30):
        w, b = rng.standard_normal(model.weights.shape), rng.standard_normal(model.bias.shape)
        w = np.repeat(w[:, :1], 3, axis=1) if kind == "coral" else w
        assert objective(model.weights + 0.01 * w, model.bias + 0.01 * b) > model.objective - 1e-9
    again = fit_grades(x, y, **asked)
    assert np.array_equal(again.weights, model.weights) and np.array_equal(again.bias, model.bias)
    assert model.predict_proba(x).sum(axis=1) == pytest.approx(1)
    assert kind != "coral" or (np.all(np.diff(model.bias) > 0) and np.all(np.diff(model.logits(x)) > 0))


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_by_coefficients_is_finite_differences(kind):
    x, y = synthetic_features(40, 6)
    theta = 0.3 * np.random.default_rng(0).standard_normal(len(_start(y, kind, 8)))

    def value(v):
        weights, bias = _unpacked(v, kind, 8)
        return risk_of_logits(x @ weights + bias, y, ODD, KINDS[kind]).value + 0.15 * _penalised(v, kind, 8)

    weights, bias = _unpacked(_start(y, kind, 8), kind, 8)
    shares = HEADS[KINDS[kind]].forward(x @ weights + bias).probabilities
    assert shares == pytest.approx(np.tile((np.bincount(y, minlength=4) + 1) / 44, (40, 1))), "the start: the grades' shares"
    weights, bias = _unpacked(theta, kind, 8)
    by_logits = risk_of_logits(x @ weights + bias, y, ODD, KINDS[kind]).gradient
    assert _packed_gradient(theta, kind, x, by_logits, 0.3) == pytest.approx(differences(value, theta, 1e-6), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_fit_of_groups_gives_their_frequencies(kind):
    """Two groups told apart by one feature. A saturated model's optimum is the frequencies; ordered biases shift two cumulative ones."""
    counts = np.array([[10, 20, 30, 40], [5, 60, 20, 15]])
    group, y = (np.repeat(v, counts.ravel()) for v in ([0] * 4 + [1] * 4, [0, 1, 2, 3] * 2))
    objective = dict(risk=RiskParameters(lambda_mono=0).only("ordinal")) if kind == "sigmoid" else dict(cross_entropy=1.0)
    model = fit_grades(group[:, None], y, kind=kind, l2=0.0, **objective)
    found = model.predict_proba([[0.0], [1.0]])
    if kind != "coral":
        assert found == pytest.approx(counts / counts.sum(axis=1, keepdims=True), abs=1e-4)
    else:
        z = model.logits([[0.0], [1.0]])
        assert found == pytest.approx(np.diff(np.hstack([np.zeros((2, 1)), expit(z), np.ones((2, 1))])), abs=1e-14)
        assert np.ptp(z[1] - z[0]) < 1e-12, "one shift for all thresholds"


def test_fit_does_not_depend_on_units_and_survives_a_constant():
    x, y = synthetic_features(250, 8)
    plain = fit_grades(x, y, risk=RiskParameters()).predict_proba(x)
    scaled = np.column_stack([1000 * x - 37, np.full(250, 0.1), np.full(250, 1 / 3)])
    model = fit_grades(scaled, y, risk=RiskParameters())
    assert model.predict_proba(scaled) == pytest.approx(plain, abs=2e-3)
    assert not model.scale[-2:].any() and not model.weights[-2:].any()
    assert fit_grades(x, np.minimum(y, 1), risk=RiskParameters()).note == "no building is severe: the pairwise term is 0"


def test_cross_entropy_and_its_gradient():
    for head in LOGITS:
        z, y = batch(11, head)
        value, gradient = cross_entropy_of_logits(z, y, head)
        assert gradient == pytest.approx(differences(lambda v, y=y, h=head: cross_entropy_of_logits(v, y, h)[0], z, 1e-5), abs=1e-8)
        assert head == "sigmoid" or value == pytest.approx(-log_softmax(z, axis=1)[np.arange(7), y].mean())


def test_kappa_by_hand():
    """20, 5 / 10, 15: observed agreement 0.7, by chance 0.5. Three classes: rows 6, 5, 9, columns 4, 7, 9."""
    two = np.array([[20, 5], [10, 15]])
    assert overall_accuracy(two) == 0.7 and cohen_kappa(two) == pytest.approx(0.4) == cohen_kappa(two, quadratic=True)
    three = np.array([[4, 1, 1], [0, 3, 2], [0, 3, 6]])
    chance = (6 * 7 + 5 * (4 + 9) + 9 * 7 + 4 * (6 * 9 + 9 * 4)) / 20  # squares 1 beside the diagonal, 4 in the corners
    assert mean_squared_error(three) == pytest.approx((1 + 2 + 3 + 4) / 20)
    assert cohen_kappa(three, quadratic=True) == pytest.approx(1 - 10 / chance)
    assert cohen_kappa(three) == pytest.approx((13 / 20 - (6 * 4 + 5 * 7 + 9 * 9) / 400) / (1 - (6 * 4 + 5 * 7 + 9 * 9) / 400))
    assert cohen_kappa(np.array([[5, 0], [0, 0]])) is None and cohen_kappa(np.diag([5, 2])) == 1


@given(SEEDS)
def test_quadratic_kappa_is_lins_concordance(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 4, (2, 50))
    counts = confusion_counts(a, b)
    concordance = 2 * np.mean((a - a.mean()) * (b - b.mean())) / (a.var() + b.var() + (a.mean() - b.mean()) ** 2)
    assert cohen_kappa(counts, quadratic=True) == pytest.approx(concordance)
    assert mean_squared_error(counts) == pytest.approx(np.mean((a - b) ** 2))
    assert counts.sum() == 50 and counts[1, 2] == np.sum((a == 1) & (b == 2))


def test_rates_of_severe_grades_and_sets():
    y, seen = [0, 1, 2, 2, 3, 3, 3], [3, 0, 1, 2, 2, 0, 3]
    assert underestimation_rate(y, seen) == 3 / 5 and missed_severe_rate(y, seen) == 2 / 5
    assert underestimation_rate([0, 1], [0, 0]) is None is missed_severe_rate([0, 1], [0, 0])
    assert [regrouped([0, 1, 2, 3], s).tolist() for s in (1, 2, 3)] == [[0, 0, 1, 1], [0, 1, 2, 2], [0, 1, 2, 3]]
    p = np.eye(4)[seen]
    found = metrics_of(p, y)
    assert [found.sets[s].num_classes for s in (1, 2, 3)] == [2, 3, 4]
    assert [found.sets[s].accuracy for s in (1, 2, 3)] == pytest.approx([4 / 7, 3 / 7, 2 / 7])
    assert [found.sets[s].mse for s in (1, 2, 3)] == pytest.approx([3 / 7, (4 + 1 + 1 + 4) / 7, (9 + 1 + 1 + 1 + 9) / 7])
    assert found.brier == brier_score(p, y) == pytest.approx(2 * 5 / 7) == risk_of_probabilities(p, y).brier
    assert found.underestimation_rate == 3 / 5 and found.ece == pytest.approx(5 / 7)
    assert predicted_grades([[0.1, 0.4, 0.4, 0.1]]).tolist() == [1]


def test_reliability_by_hand():
    """Confidences 0.9, 0.9, 0.6, 1: right, wrong, right, right in bins of a fifth."""
    p = [[0.9, 0.1, 0, 0], [0.05, 0.9, 0.05, 0], [0, 0, 0.6, 0.4], [0, 0, 0, 1]]
    top = calibration(p, [0, 2, 2, 3], bins=5)
    assert top.count.tolist() == [0, 0, 0, 1, 3] and np.isnan(top.observed[0])
    assert top.confidence[3:] == pytest.approx([0.6, 2.8 / 3]) and top.observed[3:] == pytest.approx([1, 2 / 3])
    assert top.ece == pytest.approx((0.4 + 0.8) / 4)
    severe = calibration(p, [0, 2, 2, 3], bins=2, of="severe")
    assert severe.count.tolist() == [2, 2] and severe.ece == pytest.approx(0.95 / 4) and severe.edges.tolist() == [0, 0.5, 1]


def test_calibrated_probabilities_have_a_small_error_and_sharpened_ones_do_not():
    rng = np.random.default_rng(2)
    p = rng.dirichlet(np.ones(4), 40_000)
    y = (rng.random((40_000, 1)) > np.cumsum(p, axis=1)[:, :-1]).sum(axis=1)
    sharp = p**3 / (p**3).sum(axis=1, keepdims=True)
    for of in ("top", "severe"):
        assert calibration(p, y, of=of).ece < 0.015 < 0.05 < calibration(sharp, y, of=of).ece
    assert fit_temperature(p, y) == pytest.approx(1, abs=0.02) and fit_temperature(sharp, y) == pytest.approx(3, abs=0.06)
    assert tempered(sharp, 3) == pytest.approx(p, abs=1e-3) and tempered(np.eye(4), 2.0).argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_updating_by_hand_with_a_training_prior():
    """Trained on shares (.4, .3, .2, .1), used where the prior is uniform: (.1, .2, .3, .4) becomes (1, 8/3, 6, 16) / 4 over the sum."""
    pi, p = np.array([0.4, 0.3, 0.2, 0.1]), np.array([[0.1, 0.2, 0.3, 0.4], [0, 0, 0, 1.0]])
    likelihood = observation_likelihoods(p, training_prior=pi)
    assert likelihood == pytest.approx(np.array([[1 / 16, 1 / 6, 3 / 8, 1], [0, 0, 0, 1]]))
    posterior = 0.25 * likelihood[0] / (0.25 * likelihood[0]).sum()
    assert posterior == pytest.approx(np.array([3, 8, 18, 48]) / 77)
    assert pi * likelihood[0] / (pi @ likelihood[0]) == pytest.approx(p[0]), "the training prior gives the probabilities back"


def test_updating_by_hand_with_a_confusion_matrix():
    counts = np.array([[7, 2, 0, 0], [2, 5, 1, 0], [0, 2, 6, 2], [0, 0, 1, 15]])
    p = np.array([[0.1, 0.2, 0.4, 0.3], [0.7, 0.1, 0.1, 0.1]])
    likelihood = observation_likelihoods(p, confusion=counts)
    assert likelihood == pytest.approx(np.array([[1 / 13, 2 / 12, 7 / 14, 2 / 20], [8 / 13, 3 / 12, 1 / 14, 1 / 20]]))
    prior = np.array([0.5, 0.25, 0.15, 0.1])
    weight = [0.5 / 13, 0.25 / 6, 0.15 / 2, 0.1 / 10]
    assert prior * likelihood[0] / (prior @ likelihood[0]) == pytest.approx(np.array(weight) / sum(weight))
    assert label_likelihoods(counts, 0.5).sum(axis=1) == pytest.approx(1)
    assert label_likelihoods(1e9 * counts) == pytest.approx(counts / counts.sum(axis=1, keepdims=True), abs=1e-8)
    own = np.eye(4) + 0.5
    assert label_likelihoods(counts, own)[0] == pytest.approx(np.array([8.5, 2.5, 0.5, 0.5]) / 12)


def test_confusion_likelihoods_are_the_frequencies_of_labels():
    """Labels drawn given the state: what is estimated from one half predicts the other."""
    x, y = synthetic_features(20_000, 4)
    p = fit_grades(x[:2000], y[:2000], cross_entropy=1).predict_proba(x)
    seen = predicted_grades(p)
    counts = confusion_counts(y[2000:11_000], seen[2000:11_000])
    other = confusion_counts(y[11_000:], seen[11_000:])
    assert label_likelihoods(counts) == pytest.approx(other / other.sum(axis=1, keepdims=True), abs=0.04)


def test_synthetic_features_and_splits():
    x, y = synthetic_features(40_000, 1)
    assert np.array_equal(synthetic_features(100, 1)[0], x[:100]) and not np.array_equal(synthetic_features(100, 2)[0], x[:100])
    assert np.bincount(y) / 40_000 == pytest.approx(np.array(YUSHU) / sum(YUSHU), abs=0.01)
    assert set(synthetic_features(500, 1, counts=[1, 0, 1, 1])[1]) == {0, 2, 3}
    parts = stratified_split(y[:1000], [0.7, 0.1, 0.2], 5)
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(1000))
    assert np.array_equal(parts[0], stratified_split(y[:1000], [0.7, 0.1, 0.2], 5)[0])
    for part, share in zip(parts, [0.7, 0.1, 0.2], strict=True):
        assert np.abs(np.bincount(y[part]) - share * np.bincount(y[:1000])).max() <= 1


def test_single_precision_logits_are_read_in_double():
    z = np.random.default_rng(3).normal(size=(50, 4)).astype(np.float32)
    y = np.arange(50) % 4
    value, gradient = cross_entropy_of_logits(z, y)
    exact, slope = cross_entropy_of_logits(z.astype(float), y)
    assert value == exact and np.array_equal(gradient, slope)
