"""Training on images: one run end to end, steps, the weights kept, seeds, files, backbones, images, bad input."""

import math
import sys
import types
from dataclasses import replace

import numpy as np
import pytest
from quakeops.errors import InputError, QuakeopsError
from quakeops.scenario_gen.recognition.calibration import fit_temperature
from quakeops.scenario_gen.recognition.chips import synthetic_chips
from quakeops.scenario_gen.recognition.metrics import metrics_of
from quakeops.scenario_gen.recognition.parameters import TERMS, RiskParameters
from quakeops.scenario_gen.recognition.synthetic import stratified_split
from quakeops.scenario_gen.recognition.vision.protocol import Protocol

torch = pytest.importorskip("torch", reason="extra vision (torch) is not installed")

from quakeops.scenario_gen.recognition.vision.backbones import TORCHVISION, SmallResNet, backbone  # noqa: E402
from quakeops.scenario_gen.recognition.vision.images import normalised, resized  # noqa: E402
from quakeops.scenario_gen.recognition.vision.loop import Labelled, run_epochs  # noqa: E402
from quakeops.scenario_gen.recognition.vision.loss import GovernanceRisk  # noqa: E402
from quakeops.scenario_gen.recognition.vision.recognizer import load  # noqa: E402
from quakeops.scenario_gen.recognition.vision.training import train  # noqa: E402

CPU = torch.device("cpu")
QUICK = Protocol(epochs=2, warmup_epochs=1, batch_size=32, size=16, seed=3)


@pytest.fixture(autouse=True)
def one_thread():
    """Small networks on a busy machine lose more by waiting for a second thread than it brings."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def few():
    return synthetic_chips(150, 5, size=16)


def weights(model):
    return torch.cat([tensor.flatten().double() for tensor in model.network.state_dict().values()])


def quick(few, **options):
    asked = dict(protocol=QUICK, risk=RiskParameters(), backbone="small-resnet", device="cpu") | options
    return train(*few, asked.pop("protocol"), **asked)


def test_end_to_end():
    """500 chips of 32 pixels: far above chance, and above the network as it began."""
    images, grades = synthetic_chips(500, 1, size=32)
    told = []
    asked = Protocol(epochs=20, warmup_epochs=2, batch_size=32, size=32, learning_rate=3e-3)
    model = train(images, grades, asked, risk=RiskParameters(), progress=lambda e, out: told.append((e, out)), device="cpu")
    assert told == list(enumerate(model.history)) and len(told) == 20
    before = train(images, grades, replace(asked, learning_rate=1e-12, epochs=3), risk=RiskParameters(), device="cpu")
    kappa, kappa_before = model.metrics.sets[3].kappa, before.metrics.sets[3].kappa
    assert kappa > 0.4 and abs(kappa_before) < 0.2, "0 is chance"
    assert model.history[-1].loss < 0.7 * model.history[0].loss
    test = model.split["test"]
    assert metrics_of(model.predict_proba(images[test]), grades[test]) == model.metrics
    p = model.predict_proba(images)
    assert p.shape == (500, 4) and p.dtype == np.float64 and p.sum(axis=1) == pytest.approx(1, abs=1e-12)
    held_out = model.split["validation"]
    assert len(held_out) >= 50 and model.temperature == fit_temperature(p[held_out], grades[held_out]) != 1


def test_few_validation_images_have_no_temperature(few):
    model = quick(few)
    assert len(model.split["validation"]) < 50 and model.temperature is None


def test_history_and_split(few):
    grades = few[1]
    model = quick(few)
    first, last = model.history
    for epoch in model.history:
        q = RiskParameters()
        assert set(epoch.terms) == set(TERMS)
        assert epoch.loss == pytest.approx(sum(t * (q.lambda_reg if n == "brier" else 1) for n, t in epoch.terms.items()))
        assert epoch.seconds > 0 and -1 <= epoch.validation_kappa <= 1
    batches = math.ceil(len(model.split["training"]) / 32)
    assert first.rate == pytest.approx(1e-3 * (batches - 0.5) / batches)
    assert last.rate == pytest.approx(1e-3 * (1 + math.cos(math.pi * (batches - 0.5) / batches)) / 2)
    expected = stratified_split(grades, [0.7, 0.1, 0.2], 3)
    assert all(np.array_equal(a, b) for a, b in zip(model.split.values(), expected, strict=True))
    assert np.array_equal(np.sort(np.concatenate(list(model.split.values()))), np.arange(150))
    assert (model.backbone, model.head, model.device, model.notes) == ("small-resnet", "softmax", "cpu", ())
    assert model.torch_version == torch.__version__


def test_seeds(few):
    """The same seed gives the same bits; torch's global generator and its algorithms are left alone."""
    torch.manual_seed(11)
    state = torch.get_rng_state()
    model = quick(few)
    assert torch.equal(torch.get_rng_state(), state) and not torch.are_deterministic_algorithms_enabled()
    torch.manual_seed(12)
    again = quick(few)
    assert torch.equal(weights(again), weights(model))
    assert np.array_equal(again.predict_proba(few[0]), model.predict_proba(few[0]))
    other = quick(few, protocol=replace(QUICK, seed=4))
    assert not torch.equal(weights(other), weights(model)) and not np.array_equal(other.split["test"], model.split["test"])


def test_weights_are_those_of_the_best_epoch(few, monkeypatch):
    """Of four epochs the second is made the best: the network is as it was after two epochs at the same rates."""
    asked = Protocol(epochs=4, warmup_epochs=0, batch_size=64, size=16)
    seen = []
    step = torch.optim.AdamW.step

    def remembered(self, *args, **kwargs):
        out = step(self, *args, **kwargs)
        seen.append(torch.cat([p.detach().flatten().double() for group in self.param_groups for p in group["params"]]))
        return out

    monkeypatch.setattr(torch.optim.AdamW, "step", remembered)
    monkeypatch.setattr(Protocol, "best_epoch", lambda self, kappas: min(1, len(kappas) - 1))
    model = quick(few, protocol=asked)
    batches = len(seen) // 4
    assert model.best_epoch == 1 and len(model.history) == 4
    assert torch.equal(weights(model), seen[2 * batches - 1]) and not torch.equal(weights(model), seen[-1])


def test_steps_are_the_protocol(few, monkeypatch):
    """AdamW with its numbers; gradients clipped to the norm; rates at the middle of batches; equal batches; every image once an epoch."""
    steps, batches = [], []
    step = torch.optim.AdamW.step

    def looked_at(self, *args, **kwargs):
        (group,) = self.param_groups
        norm = torch.linalg.vector_norm(torch.cat([p.grad.flatten() for p in group["params"]])).item()
        steps.append((group["lr"], group["weight_decay"], norm))
        return step(self, *args, **kwargs)

    class Watched(SmallResNet):
        def forward(self, x):
            if self.training:
                batches.append(x.detach().clone())
            return 30 * super().forward(x)

    monkeypatch.setattr(torch.optim.AdamW, "step", looked_at)
    asked = replace(QUICK, clip=0.7, weight_decay=0.02)
    model = quick(few, protocol=asked, backbone=Watched)
    per_epoch = len(steps) // 2
    assert [rate for rate, _, _ in steps] == pytest.approx([asked.rate((k + 0.5) / per_epoch) for k in range(2 * per_epoch)])
    assert {decay for _, decay, _ in steps} == {0.02}
    norms = [norm for _, _, norm in steps]
    assert max(norms) == pytest.approx(0.7, rel=1e-5), "logits are scaled up: gradients are longer than that"
    rows = model.split["training"]
    sizes = [len(b) for b in batches]
    assert sum(sizes[:per_epoch]) == sum(sizes[per_epoch:]) == len(rows) and max(sizes) - min(sizes) <= 1 and max(sizes) <= 32
    whole = normalised(resized(few[0], 16)[rows], CPU)
    for epoch in (batches[:per_epoch], batches[per_epoch:]):
        assert torch.equal(torch.cat(epoch).flatten(1).sum(1).sort().values, whole.flatten(1).sum(1).sort().values)
    assert not torch.equal(batches[0], batches[per_epoch]), "another order every epoch"


def test_order_of_images_depends_on_the_seed_alone(few):
    """The same for every loss and head; another for another seed."""
    images, grades = few
    split = dict(zip(("training", "validation", "test"), stratified_split(grades, [0.7, 0.1, 0.2], 0), strict=True))
    data = Labelled(resized(images, 16), grades, split)

    def order(seed, head="softmax", **options):
        seen = []
        network = SmallResNet(4 if head == "softmax" else 3)
        network.register_forward_pre_hook(lambda module, args: seen.append(args[0].sum()) if module.training else None)
        run_epochs(network, GovernanceRisk(head=head, **options), data, replace(QUICK, seed=seed), CPU, None)
        return torch.stack(seen)

    first = order(3)
    assert torch.equal(order(3, "sigmoid", cross_entropy=2.0), first) and not torch.equal(order(4), first)


@pytest.mark.parametrize("head", ["softmax", "sigmoid"])
def test_save_and_load(few, head, tmp_path):
    model = quick(few, head=head, cross_entropy=0.3)
    model.save(tmp_path / "model.pt")
    assert [path.name for path in tmp_path.iterdir()] == ["model.pt"]
    torch.manual_seed(1)
    state = torch.get_rng_state()
    back = load(tmp_path / "model.pt")
    assert torch.equal(torch.get_rng_state(), state)
    assert np.array_equal(back.predict_proba(few[0]), model.predict_proba(few[0]))
    assert torch.equal(weights(back), weights(model)) and all(np.array_equal(back.split[k], model.split[k]) for k in model.split)
    for name in (
        "backbone",
        "head",
        "protocol",
        "risk",
        "cross_entropy",
        "history",
        "best_epoch",
        "metrics",
        "temperature",
        "training_counts",
        "notes",
        "device",
        "torch_version",
    ):
        assert getattr(back, name) == getattr(model, name)


def test_files_that_cannot_be_loaded(few, tmp_path):
    model, path = quick(few, risk=None, cross_entropy=1.0, backbone=SmallResNet), tmp_path / "model.pt"
    model.save(path)
    assert model.backbone == "own" and load(path, make=SmallResNet).risk is None
    data = path.read_bytes()
    torch.save({"format": "another/1"}, tmp_path / "other.pt")
    torch.save({"weights": 1}, tmp_path / "keys.pt")
    (tmp_path / "cut.pt").write_bytes(data[: len(data) // 2])
    (tmp_path / "text.pt").write_text("not a file of ours")
    cases = {
        "model.pt": "own: give the function",
        "other.pt": "format is 'another/1'",
        "keys.pt": "not a recognizer's file",
        "cut.pt": "cut short",
        "text.pt": "not a recognizer's file",
        "none.pt": "no such file",
    }
    for name, says in cases.items():
        with pytest.raises(InputError, match=rf"{name}: .*{says}"):
            load(tmp_path / name)
    with pytest.raises(InputError, match=r"model.pt: not a recognizer's file"):
        load(path, make=lambda m: torch.nn.Linear(2, m))
    with pytest.raises(InputError, match="cannot be written"):
        model.save(tmp_path / "missing" / "model.pt")


class Sly:
    def __reduce__(self):
        return pytest.fail, ("a file was executed",)


def test_files_are_not_executed(tmp_path):
    torch.save({"format": "quakeops/recognizer/1", "notes": Sly()}, tmp_path / "sly.pt")
    with pytest.raises(InputError) as error:
        load(tmp_path / "sly.pt")
    assert str(error.value) == f"{tmp_path / 'sly.pt'}: not a recognizer's file, or cut short", "without torch's advice to execute it"


def test_sigmoid_head_and_cross_entropy():
    """Grades that the brightness tells, with noise: every head and objective finds them."""
    rng = np.random.default_rng(0)
    grades = rng.integers(0, 4, 200)
    images = rng.integers(0, 60, (200, 16, 16, 3), dtype=np.uint8) + (50 * grades[:, None, None, None]).astype(np.uint8)
    asked = replace(QUICK, epochs=8, learning_rate=5e-3)
    for options in (dict(head="sigmoid"), dict(risk=None, cross_entropy=1.0), dict(risk=None, cross_entropy=1.0, head="sigmoid")):
        model = quick((images, grades), protocol=asked, **options)
        assert model.history[-1].loss < 0.9 * model.history[0].loss
        assert model.metrics.sets[3].quadratic_kappa > 0.6
        assert model.predict_proba(images).sum(axis=1) == pytest.approx(1, abs=1e-12)
        assert model.network(torch.zeros(1, 3, 16, 16)).shape == (1, 3 if options.get("head") == "sigmoid" else 4)
    assert set(model.history[0].terms) == {"cross_entropy"}


def test_missing_grades_and_one_sided_batches_are_noted(few):
    images, grades = synthetic_chips(60, 5, size=16, counts=[1, 1, 0, 0])
    model = quick((images, grades))
    assert model.notes[:2] == ("grade 2 has no image", "grade 3 has no image")
    assert model.notes[2] == "no building is severe: the pairwise term is 0 (in 4 of 4 batches)"
    assert quick((images, grades), risk=RiskParameters().without("pairwise")).notes == model.notes[:2]


GREY = np.zeros((40, 20, 20, 3), np.uint8)
EACH = np.repeat(np.arange(4), 10)


@pytest.mark.parametrize(
    ("images", "grades", "options", "says"),
    [
        (GREY.astype(float), EACH, {}, r"images are float64 \(40, 20, 20, 3\): expected uint8 \(n, height, width, 3\)"),
        (GREY[..., 0], EACH, {}, "images are uint8"),
        (GREY[:0], EACH[:0], {}, "at least one image"),
        (GREY, EACH[:-1], {}, r"grades has shape \(39,\): expected \(40,\)"),
        (GREY, np.where(EACH == 1, 4, EACH), {}, "grades, row 10: 4"),
        (GREY[:31], EACH[:31], {}, "grade 3 has 1 images: too few, none of them falls into"),
        (GREY, EACH, dict(head="coral"), "head 'coral' is unknown"),
        (GREY, EACH, dict(backbone="resnet81"), "backbone 'resnet81' is unknown; did you mean 'resnet18'"),
        (GREY, EACH, dict(risk=None), "expected an objective"),
        (GREY, EACH, dict(cross_entropy=-1.0), "cross_entropy is -1"),
        (GREY, EACH, dict(device="gpu"), "device 'gpu' cannot be used"),
    ],
)
def test_bad_input_is_named(images, grades, options, says):
    with pytest.raises(InputError, match=says):
        quick((images, grades), **options)
    assert not torch.are_deterministic_algorithms_enabled()


def test_a_loss_that_is_not_finite_is_named(few):
    class Diverging(SmallResNet):
        calls = 0

        def forward(self, x):
            self.calls += self.training
            return super().forward(x) * (float("inf") if self.calls == 6 else 1)

    with pytest.raises(InputError, match=r"epoch 2, batch 2: the loss is nan: training diverged; try a lower learning_rate \(now 0.001\)"):
        quick(few, backbone=Diverging)
    assert not torch.are_deterministic_algorithms_enabled()


def test_prediction_checks_its_images(few):
    with pytest.raises(QuakeopsError, match=r"expected uint8 \(n, height, width, 3\)"):
        quick(few).predict_proba(few[0][0])


def test_images_are_resized_and_normalised():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (3, 20, 30, 3), dtype=np.uint8)
    same = resized(images, 20)
    assert same.shape == (3, 3, 20, 20) and same.dtype == torch.uint8
    kept = resized(images[:, :, :20], 20)
    assert np.array_equal(kept.permute(0, 2, 3, 1).numpy(), images[:, :, :20])
    halves = resized(np.repeat(np.repeat(images, 2, axis=1), 2, axis=2)[:, :, :40], 20).permute(0, 2, 3, 1).numpy().astype(int)
    assert np.abs(halves[:, 1:-1, 1:-1] - images[:, 1:-1, 1:19]).mean() < 40, "shrinking averages over neighbours"
    flat = np.full((2, 50, 37, 3), [255, 0, 128], np.uint8)
    assert (resized(flat, 16).permute(0, 2, 3, 1) == torch.tensor([255, 0, 128])).all()
    lines = np.zeros((1, 64, 64, 3), np.uint8)
    lines[:, :, ::4] = 252
    grey = resized(lines, 16)[0, 0, :, 2:-2].numpy()
    assert grey.min() > 40 and grey.max() < 80, "one white column in four becomes grey: no pixel is passed over"
    x = normalised(resized(flat, 16), CPU)
    assert x[0, :, 0, 0].tolist() == pytest.approx([(1 - 0.485) / 0.229, -0.456 / 0.224, (128 / 255 - 0.406) / 0.225], rel=1e-6)
    frozen = images.copy()
    frozen.setflags(write=False)
    assert torch.equal(resized(frozen[:, :, :20], 20), kept)


def test_memory_holds_bytes(few):
    """Images of the right size are not copied at all."""
    images = few[0]
    assert resized(images, 16).data_ptr() == images.ctypes.data


@pytest.mark.parametrize("size", [16, 17, 33, 128])
def test_the_small_network(size):
    made = backbone("small-resnet", 3)
    assert made.note is None and sum(p.numel() for p in SmallResNet(4).parameters()) == 77_460
    x = torch.randn(4, 3, size, size)
    out = made.network.train()(x)
    assert out.shape == (4, 3) and torch.isfinite(out).all()
    assert made.network.eval()(x[:1])[0].tolist() == pytest.approx(out[0].tolist(), abs=1e-5), "alone as among others"
    out.sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in made.network.parameters())


def without_torchvision(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("torchvision")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.setitem(sys.modules, "torchvision.models", None)


def test_without_torchvision_the_small_network_stands_in_and_says_so(few, monkeypatch):
    without_torchvision(monkeypatch)
    for name in ("resnet18", "mobilenet"):
        model = quick(few, backbone=name)
        assert model.backbone == "small-resnet" and isinstance(model.network, SmallResNet)
        assert (
            len(model.notes) == 1
            and model.notes[0].startswith(f"backbone {name}: torchvision cannot be imported")
            and "small-resnet" in model.notes[0]
        )
    for name in ("resnet50", "densenet", "shufflenet", "torchvision resnet18"):
        with pytest.raises(InputError, match=f"backbone '{name}' needs torchvision"):
            backbone(name)


def test_torchvision_where_it_is(few, monkeypatch, tmp_path):
    """A stand-in for torchvision: the constructor asked for, no weights, the number of logits, the name told, and told again by the file."""
    calls = []

    def constructor(name):
        def made(*, weights, num_classes):
            calls.append((name, weights, num_classes))
            return torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(2), torch.nn.Flatten(), torch.nn.Linear(12, num_classes))

        return made

    models = types.ModuleType("torchvision.models")
    for name in TORCHVISION.values():
        setattr(models, name, constructor(name))
    monkeypatch.setitem(sys.modules, "torchvision", types.ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.models", models)
    assert {name: backbone(name, 3)[1:] for name in TORCHVISION} == {n: (f"torchvision {c}", None) for n, c in TORCHVISION.items()}
    assert calls == [(name, None, 3) for name in ("resnet18", "mobilenet_v2", "resnet50", "densenet121", "shufflenet_v2_x1_0")]
    model = quick(few, backbone="mobilenet")
    assert model.backbone == "torchvision mobilenet_v2" and model.notes == () and calls[-1] == ("mobilenet_v2", None, 4)
    model.save(tmp_path / "model.pt")
    assert np.array_equal(load(tmp_path / "model.pt").predict_proba(few[0]), model.predict_proba(few[0]))
    without_torchvision(monkeypatch)
    with pytest.raises(InputError, match=r"model.pt: backbone 'torchvision mobilenet_v2' needs torchvision"):
        load(tmp_path / "model.pt")


def test_a_torchvision_of_another_torch(monkeypatch):
    """Its import ends in RuntimeError: operator torchvision::nms does not exist."""

    def broken(name):
        raise RuntimeError("operator torchvision::nms does not exist\nmore")

    monkeypatch.setattr("quakeops.scenario_gen.recognition.vision.backbones.importlib.import_module", broken)
    made = backbone("resnet18")
    assert made.name == "small-resnet" and "(operator torchvision::nms does not exist)" in made.note
