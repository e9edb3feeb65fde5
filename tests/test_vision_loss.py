"""The governance risk functional in torch: equal to numpy's in value and gradient, all pairs, saturated logits, one side empty, bad batches."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from quakeops.errors import InputError
from quakeops.scenario_gen.recognition.heads import HEADS
from quakeops.scenario_gen.recognition.parameters import TERMS, RiskParameters
from quakeops.scenario_gen.recognition.risk import cross_entropy_of_logits, risk_of_logits

torch = pytest.importorskip("torch", reason="extra vision (torch) is not installed")

from quakeops.scenario_gen.recognition.vision.heads import read  # noqa: E402
from quakeops.scenario_gen.recognition.vision.hinge import pairwise_hinge  # noqa: E402
from quakeops.scenario_gen.recognition.vision.loss import CrossEntropy, GovernanceRisk  # noqa: E402

SEEDS = st.integers(0, 100_000)
LOGITS = {"softmax": 4, "sigmoid": 3}
TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-6}
NUMBERS = st.floats(0, 3)
PARAMETERS = st.builds(
    RiskParameters,
    **{name: NUMBERS for name in ("lambda_mono", "lambda_reg", *TERMS)},
    alpha=st.floats(1, 5),
    margin=st.floats(0.01, 1.5),
)
ODD = RiskParameters(alpha=2.7, margin=0.35, lambda_mono=1.9, lambda_reg=0.6, ordinal=0.8, asymmetric=1.3, pairwise=1.7, brier=0.9)


def batch(seed, head, n=40, scale=2.5):
    """Logits that single precision holds exactly, and grades."""
    rng = np.random.default_rng(seed)
    return (scale * rng.standard_normal((n, LOGITS[head]))).astype(np.float32).astype(float), rng.integers(0, 4, n)


def by_torch(module, z, y, dtype=torch.float64):
    """Return value and gradient of a batch."""
    logits = torch.tensor(z, dtype=dtype, requires_grad=True)
    value = module(logits, torch.tensor(y))
    assert value.shape == () and value.dtype == dtype
    if value.requires_grad:
        value.backward()
    return value.item(), np.zeros(z.shape) if logits.grad is None else logits.grad.numpy()


def same(module, z, y, value, gradient, dtype=torch.float64):
    tolerance = TOLERANCE[dtype]
    found, slope = by_torch(module, z, y, dtype)
    assert found == pytest.approx(value, rel=tolerance, abs=tolerance)
    assert np.isfinite(slope).all()
    assert slope == pytest.approx(gradient, rel=tolerance, abs=tolerance)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("head", LOGITS)
@pytest.mark.parametrize("term", [*TERMS, "all"])
@given(SEEDS, st.integers(1, 60))
@settings(max_examples=15)
def test_torch_is_numpy(head, term, dtype, seed, n):
    """Every term alone, and the sum. Closer to a kink than single precision tells, either derivative is right: such batches are left out."""
    z, y = batch(seed, head, n)
    r = HEADS[head].forward(z).probabilities[:, 2:].sum(axis=1)
    assume(np.abs(np.subtract.outer(r[y >= 2], r[y < 2]) - ODD.margin).min(initial=1) > 1e-6)
    q = ODD if term == "all" else ODD.only(term)
    expected = risk_of_logits(z, y, q, head)
    same(GovernanceRisk(q, head=head), z, y, expected.value, expected.gradient, dtype)


@given(SEEDS, PARAMETERS, st.sampled_from(list(LOGITS)), st.floats(0, 3))
def test_torch_is_numpy_for_any_parameters(seed, q, head, kappa):
    z, y = batch(seed, head)
    risk, (ce, by_ce) = risk_of_logits(z, y, q, head), cross_entropy_of_logits(z, y, head)
    module = GovernanceRisk(q, head=head, cross_entropy=kappa)
    if module.weights:
        same(module, z, y, risk.value + kappa * ce, risk.gradient + kappa * by_ce)


@pytest.mark.parametrize("head", LOGITS)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_cross_entropy_is_numpy(head, dtype):
    z, y = batch(3, head)
    same(CrossEntropy(head=head), z, y, *cross_entropy_of_logits(z, y, head), dtype)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("head", LOGITS)
@pytest.mark.parametrize("scale", [50, 800])
def test_saturated_logits(head, scale, dtype):
    """Logits of +-scale in all patterns, every grade: finite, and numpy's."""
    signs = np.array(np.meshgrid(*[[-1, 1]] * LOGITS[head])).reshape(LOGITS[head], -1).T
    z, y = np.repeat(scale * signs, 4, axis=0).astype(float), np.tile(np.arange(4), len(signs))
    for term in (*TERMS, "all"):
        q = ODD if term == "all" else ODD.only(term)  # scores 0, 1/3, 1/2, ... lie at no kink of the margin 0.35
        expected = risk_of_logits(z, y, q, head)
        same(GovernanceRisk(q, head=head), z, y, expected.value, expected.gradient, dtype)
    same(CrossEntropy(head=head), z, y, *cross_entropy_of_logits(z, y, head), dtype)


@pytest.mark.parametrize("dtype", TOLERANCE)
@given(SEEDS, st.integers(1, 30), st.sampled_from([0.125, 0.5, 1.0, 1.5]), st.booleans())
def test_hinge_is_all_pairs(dtype, seed, n, margin, ties):
    """On a grid of eighths: many ties, many pairs exactly at the margin, where the derivative is 0."""
    rng = np.random.default_rng(seed)
    score = rng.integers(0, 9, n) / 8 if ties else rng.random(n).astype(np.float32)
    severe = rng.random(n) < 0.4
    r = torch.tensor(score, dtype=dtype, requires_grad=True)
    value = pairwise_hinge(r, torch.tensor(severe), margin)
    value.backward()
    slack = margin - (r.detach()[severe][:, None] - r.detach()[~severe][None, :])
    gradient = np.zeros(n)
    if slack.numel():
        active = (slack > 0).double().numpy() / slack.numel()
        gradient[severe], gradient[~severe] = -active.sum(axis=1), active.sum(axis=0)
    assert value.item() == pytest.approx(float(torch.clamp(slack, min=0).double().sum()) / max(1, slack.numel()), abs=1e-6)
    if ties or dtype == torch.float64:
        assert r.grad.numpy() == pytest.approx(gradient, abs=1e-6)


def test_one_pair():
    """r 0.3 severe, 0.6 not, margin 0.5: 0.8, and the slopes are -1 and 1."""
    r = torch.tensor([0.3, 0.6], dtype=torch.float64, requires_grad=True)
    value = pairwise_hinge(r, torch.tensor([True, False]), 0.5)
    value.backward()
    assert value.item() == pytest.approx(0.8) and r.grad.tolist() == [-1, 1]


def test_small_probabilities_are_exact():
    found = read(torch.tensor([[50.0, 50, 50], [-50, -50, -50]], dtype=torch.float64), "sigmoid")
    assert found.probabilities[0, 3].item() == pytest.approx(np.exp(-50), rel=1e-13, abs=0)
    assert found.probabilities[1, 0].item() == pytest.approx(np.exp(-50), rel=1e-13, abs=0)


def test_terms_apart_and_weights():
    z, y = batch(5, "softmax")
    module, expected = GovernanceRisk(ODD, cross_entropy=0.4), risk_of_logits(z, y, ODD)
    terms = module.terms(torch.tensor(z), torch.tensor(y))
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(
        {name: getattr(expected, name) for name in TERMS} | {"cross_entropy": cross_entropy_of_logits(z, y)[0]}
    )
    assert module.weighted(terms).item() == pytest.approx(module(torch.tensor(z), torch.tensor(y)).item())
    for term in TERMS:
        less = GovernanceRisk(ODD.without(term)).terms(torch.tensor(z), torch.tensor(y))
        assert set(less) == set(TERMS) - {term}


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("head", LOGITS)
@pytest.mark.parametrize(
    ("y", "says"), [([0, 1, 0], "no building is severe"), ([2, 3, 3], "every building is severe"), ([0], "no building")]
)
def test_one_side_empty(y, says, head, dtype):
    z = batch(7, head, len(y))[0]
    module, expected = GovernanceRisk(head=head), risk_of_logits(z, y, RiskParameters(), head)
    assert module.note is None, "nothing seen yet"
    same(module, z, y, expected.value, expected.gradient, dtype)
    assert says in module.note and module.note == expected.note
    assert by_torch(GovernanceRisk(RiskParameters().only("pairwise"), head=head), z, y, dtype) == (0, pytest.approx(np.zeros(z.shape)))
    module(torch.zeros(2, LOGITS[head]), torch.tensor([1, 3]))
    assert module.note is None
    without = GovernanceRisk(RiskParameters().without("pairwise"), head=head)
    without(torch.zeros(1, LOGITS[head]), torch.tensor([1]))
    assert without.note is None, "there is no such term"


def test_precision():
    z, y = batch(9, "softmax")
    module = GovernanceRisk()
    half = torch.tensor(z, dtype=torch.bfloat16, requires_grad=True)
    value = module(half, torch.tensor(y))
    value.backward()
    assert value.dtype == torch.float32 and half.grad.dtype == torch.bfloat16
    assert value.item() == pytest.approx(risk_of_logits(half.detach().double().numpy(), y).value, rel=1e-6)
    assert module(torch.tensor(z), torch.tensor(y, dtype=torch.int32)).dtype == torch.float64
    assert torch.autograd.gradcheck(lambda v: module(v, torch.tensor(y[:8])), torch.tensor(z[:8], dtype=torch.float64, requires_grad=True))
    assert not list(module.parameters()) and not module.state_dict(), "nothing to learn, nothing to save"


@pytest.mark.parametrize("head", LOGITS)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_device_is_kept(head, dtype):
    """On the device without memory: nothing is made on another one, and no value is waited for."""
    module = GovernanceRisk(head=head, cross_entropy=0.5, check=False).to("meta")
    value = module(
        torch.zeros(6, LOGITS[head], dtype=dtype, device="meta", requires_grad=True), torch.zeros(6, dtype=torch.int64, device="meta")
    )
    assert value.device.type == "meta" and value.dtype == dtype
    value.backward()


FINE = torch.zeros(3, 4)


@pytest.mark.parametrize(
    ("z", "y", "says"),
    [
        (FINE, [0, 1, 4], "grades, row 2: 4: expected a whole number from 0 to 3"),
        (FINE, [0, -1, 2], "grades, row 1: -1"),
        (torch.tensor([[0, 0, 0, 0], [0, 0, float("nan"), 0]]), [0, 1], "logits, row 1, column 2: nan"),
        (FINE, [0, 1], r"grades are int64 \(2,\): expected integers \(3,\)"),
        (FINE, [0.0, 1.0, 2.0], r"grades are float32 \(3,\): expected integers"),
        (FINE[:, :3], [0, 1, 2], r"logits are float32 \(3, 3\): expected floating point \(n, 4\)"),
        (FINE.long(), [0, 1, 2], "logits are int64"),
        (FINE[:0], [], "at least one row"),
    ],
)
def test_bad_batches_are_named(z, y, says):
    for module in (GovernanceRisk(), CrossEntropy()):
        with pytest.raises(InputError, match=says):
            module(z, torch.tensor(y))


def test_bad_options_are_named():
    with pytest.raises(InputError, match="did you mean 'sigmoid'"):
        GovernanceRisk(head="sigmod")
    with pytest.raises(InputError, match="cross_entropy is -1"):
        GovernanceRisk(cross_entropy=-1)
    loss = GovernanceRisk(check=False)(torch.full((2, 4), float("nan")), torch.tensor([0, 3]))
    assert torch.isnan(loss), "unchecked, a NaN is passed on for the loop to see"


def test_a_network_learns_from_the_loss_alone():
    """Logits as free parameters: gradient descent brings the functional to its least value, 0 at sure and right logits."""
    y = torch.tensor([0, 1, 2, 3] * 5)
    for head, m in LOGITS.items():
        z = torch.zeros(20, m, requires_grad=True)
        optimizer, module = torch.optim.Adam([z], lr=0.5), GovernanceRisk(head=head)
        for _ in range(60):
            optimizer.zero_grad()
            module(z, y).backward()
            optimizer.step()
        assert module(z, y).item() < 0.05
