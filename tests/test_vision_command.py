"""``quakeops recognize``: from folders of images to a recognizer, to tables for triage; what is refused, with torch and without."""

import csv
import io
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import quakeops
from quakeops import InputError
from quakeops.cli.recognize_tables import _metrics
from quakeops.instances.damage_grades import read_grades
from quakeops.instances.recognised_buildings import read_recognised
from quakeops.scenario_gen.recognition.chips import synthetic_chips
from quakeops.scenario_gen.recognition.metrics import Metrics, SetMetrics, mean_squared_error, metrics_of
from quakeops.scenario_gen.recognition.parameters import TERMS, RiskParameters
from quakeops.scenario_gen.recognition.vision.folder import write_folder
from rich.console import Console

ROOT = Path(__file__).parents[1]
MPIEXEC = shutil.which("mpiexec") or str(Path(sys.executable).with_name("mpiexec"))
QUICK = ("--backbone", "small-resnet", "--size", "32", "--batch", "16", "--epochs", "16", "--learning-rate", "0.003", "--device", "cpu")


@pytest.fixture
def torch():
    """The module, with one thread: small networks on a busy machine lose more by waiting for a second one than it brings."""
    module = pytest.importorskip("torch", reason="extra vision (torch) is not installed")
    pytest.importorskip("PIL", reason="extra vision (pillow) is not installed")
    before = module.get_num_threads()
    module.set_num_threads(1)
    yield module
    module.set_num_threads(before)


@pytest.fixture
def pillow():
    return pytest.importorskip("PIL.Image", reason="extra vision (pillow) is not installed")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Labelled images with two damaged files, and a model trained on them by the command's Python function."""
    module = pytest.importorskip("torch", reason="extra vision (torch) is not installed")
    pytest.importorskip("PIL", reason="extra vision (pillow) is not installed")
    where = tmp_path_factory.mktemp("recognize")
    images, grades = synthetic_chips(120, 3, size=32, counts=[1, 1, 1, 1])
    write_folder(images, grades, where / "chips")
    (where / "chips/L2/broken.png").write_bytes(b"\x89PNG and no more")
    (where / "chips/L3/empty.jpg").touch()
    before = module.get_num_threads()
    module.set_num_threads(1)
    protocol = site_protocol(epochs=16, warmup_epochs=5, batch_size=16, size=32, learning_rate=0.003)
    quakeops.train_recognizer(where / "chips", out=where / "model.pt", backbone="small-resnet", protocol=protocol, device="cpu")
    module.set_num_threads(before)
    return where


def site_protocol(**fields):
    from quakeops.scenario_gen.recognition.vision.protocol import Protocol

    return Protocol(**fields)


def put(pillow, path, value=0, size=(8, 8)):
    """Write a grey image."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pillow.new("RGB", size, (value, value, value)).save(path)


def rows(path):
    with Path(path).open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


# -- without torch


def test_help_names_every_option(run):
    text = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    for command in ("train", "apply"):
        shown = run("recognize", command, "--help")
        section = re.search(rf"^## `recognize {command}`.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)[0]
        options = set(re.findall(r"^  (--[a-z-]+)", shown.out, re.MULTILINE))
        assert shown.code == 0 and len(options) > 5
        for option in options - {"--json", "--debug", "--help"}:
            assert f"`{option}" in section, option
    assert {"train", "apply"} <= set(re.findall(r"^  ([a-z]+) ", run("recognize", "--help").out, re.MULTILINE))


@pytest.fixture
def no_torch(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("quakeops.scenario_gen.recognition.vision.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)


@pytest.mark.parametrize("line", ["train folder --out model.pt", "apply model.pt folder --out town.csv"])
def test_without_torch(run, tmp_path, no_torch, line):
    (tmp_path / "folder").mkdir()
    done = run("recognize", *line.split()).failed(2, "torch is not installed; pip install 'quakeops[vision]'")
    assert done.out == "" and not list(tmp_path.glob("*.*"))
    error = run("recognize", *line.split(), "--json").json["error"]
    assert error == {"type": "MissingExtraError", "message": "torch is not installed; pip install 'quakeops[vision]'"}
    assert run("recognize", line.split()[0], "--help").code == 0 and run("--help").code == 0


def test_quakeops_does_not_import_torch(subprocess_run):
    code = "import sys, quakeops, quakeops.cli; print([m for m in ('torch', 'PIL') if m in sys.modules], quakeops.recognize.__name__)"
    assert subprocess_run("-c", code).stdout == "[] recognize\n"


BAD = [
    ("train folder", ["--out"]),
    ("train --out m.pt", ["FOLDER"]),
    ("train folder --out no/m.pt", ["--out no/m.pt", "folder no does not exist"]),
    ("train folder --out folder", ["--out folder", "is a folder"]),
    ("train folder --out m.pt --objective kappa", ["objective 'kappa' is unknown", "functional"]),
    ("train folder --out m.pt --objective cross-entropy --alpha 3", ["--alpha", "cross-entropy leaves out"]),
    ("train folder --out m.pt --objective cross-entropy --margin 1 --without brier", ["--margin, --without", "functional or both"]),
    ("train folder --out m.pt --without brier --lambda-reg 1", ["--lambda-reg", "--without brier leaves out"]),
    ("train folder --out m.pt --without pairwise --margin 1", ["--margin", "--without pairwise leaves out"]),
    ("train folder --out m.pt --without asymmetric --alpha 3", ["--alpha", "--without asymmetric"]),
    ("train folder --out m.pt --without ordinal --lambda-mono 3", ["--lambda-mono", "--without ordinal"]),
    ("train folder --out m.pt --without briar", ["term 'briar' is unknown; did you mean 'brier'?"]),
    ("train folder --out m.pt --alpha 0.5", ["alpha is 0.5", "at least 1"]),
    ("train folder --out m.pt --margin 0", ["margin is 0", "above 0"]),
    ("train folder --out m.pt --lambda-mono -1", ["lambda_mono is -1"]),
    ("train folder --out m.pt --lambda-reg nan", ["lambda_reg is nan"]),
    ("train folder --out m.pt --epochs 0", ["epochs is 0", "from 1 up"]),
    ("train folder --out m.pt --epochs 4 --warmup-epochs 4", ["warmup_epochs is 4", "4 epochs"]),
    ("train folder --out m.pt --batch 1", ["batch_size is 1"]),
    ("train folder --out m.pt --size 8", ["size is 8"]),
    ("train folder --out m.pt --seed -1", ["seed is -1"]),
    ("train folder --out m.pt --learning-rate 0", ["learning_rate is 0"]),
    ("train folder --out m.pt --weight-decay -1", ["weight_decay is -1"]),
    ("train folder --out m.pt --shares 0.7,0.3", ["--shares '0.7,0.3'", "three numbers"]),
    ("train folder --out m.pt --shares 0.7,0.1,0.1", ["shares are (0.7, 0.1, 0.1)", "sum is 1"]),
    ("train folder --out m.pt --epochs many", ["--epochs", "integer"]),
    ("apply m.pt folder", ["--out"]),
    ("apply m.pt --out t.csv", ["IMAGES"]),
    ("apply m.pt folder --out no/t.csv", ["--out no/t.csv", "does not exist"]),
    ("apply m.pt folder --out t.csv --grades-out no/g.csv", ["--grades-out no/g.csv", "does not exist"]),
    ("apply m.pt folder --out t.csv --grades-out ./t.csv", ["--grades-out t.csv: is --out too"]),
    ("apply m.pt folder --out t.csv --prior 0.5,0.5", ["--prior '0.5,0.5'", "P0,P1,P2,P3"]),
    ("apply m.pt folder --out t.csv --prior a,b,c,d", ["--prior 'a,b,c,d'"]),
]


@pytest.mark.parametrize(("line", "parts"), BAD, ids=[line for line, _ in BAD])
def test_bad_options_are_refused_before_any_work(run, tmp_path, monkeypatch, line, parts):
    (tmp_path / "folder").mkdir()
    monkeypatch.setattr(sys.modules["quakeops.facade.recognize"], "_require_extra", lambda: pytest.fail("worked first"))
    told = run("recognize", *line.split(), "--json").failed(2, *parts).json["error"]
    assert all(part in told["message"] for part in parts)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_functions_refuse_what_the_command_cannot_ask(tmp_path):
    with pytest.raises(InputError, match="'cross-entropy' has no parameters of risk"):
        quakeops.train_recognizer(tmp_path, objective="cross-entropy", risk=RiskParameters())
    with pytest.raises(InputError, match="all four terms of the functional are left out"):
        quakeops.train_recognizer(tmp_path, risk=RiskParameters(**dict.fromkeys(TERMS, 0.0)))


def test_one_rank_does_the_work(monkeypatch):
    monkeypatch.setattr("quakeops.parallel.on_rank_0", lambda comm, action: "what rank 0 found")
    assert quakeops.train_recognizer("images") == quakeops.recognize("m.pt", "images") == "what rank 0 found"


def test_metrics_on_the_screen():
    """Each figure in its place; a dash where there is none."""
    one = {"num_classes": 2, "accuracy": 0.5, "kappa": None, "quadratic_kappa": 0.25, "mse": 0.75}
    sets = {1: SetMetrics(**one), 3: SetMetrics(**{**one, "num_classes": 4, "kappa": -0.125})}
    found = Metrics(sets=sets, underestimation_rate=0.375, missed_severe_rate=None, brier=0.625, ece=0.0625, severe_ece=0.03125)
    told = io.StringIO()
    _metrics(found, "test part", Console(file=told, width=100))
    lines = [line.split() for line in told.getvalue().splitlines() if line.strip()]
    assert lines == [
        ["test", "part"],
        ["set", "accuracy", "kappa", "quadratic", "kappa", "MSE"],
        ["1:", "L0,", "L1", "|", "L2,", "L3", "0.500", "-", "0.250", "0.750"],
        ["3:", "L0", "|", "L1", "|", "L2", "|", "L3", "0.500", "-0.125", "0.250", "0.750"],
        ["severe", "graded", "too", "low", "37.5", "%"],
        ["severe", "missed", "-"],
        ["Brier", "score", "0.625"],
        ["calibration", "error", "0.062,", "of", "P(severe)", "0.031"],
    ]


# -- with torch


KEYS_OF_TRAIN = {
    *("file", "folder", "images", "by_grade", "unreadable", "backbone", "head", "objective", "risk", "protocol", "device", "torch"),
    *("epoch", "history", "split", "training_counts", "temperature", "metrics", "calibrated_metrics", "confusion", "notes"),
}
KEYS_OF_APPLY = {
    *("file", "grades_file", "model", "folder", "buildings", "predicted", "mean_probabilities", "severe", "districts", "prior"),
    *("temperature", "training_shares", "metrics", "confusion", "unreadable", "notes"),
}


def timeless(data):
    return {**data, "history": [{**epoch, "seconds": 0} for epoch in data["history"]]}


def test_from_images_to_a_plan(run, torch, folders, tmp_path):
    """Train, apply, then solve and simulate triage on what came out."""
    told = run("recognize", "train", folders / "chips", "--out", "model.pt", *QUICK, "--json")
    data = told.json
    assert told.code == 0 and set(data) == KEYS_OF_TRAIN and "epoch 0/16" in told.err
    assert data["images"] == sum(data["by_grade"]) == sum(data["split"].values()) == 120 and data["objective"] == "functional"
    assert [one["file"] for one in data["unreadable"]] == ["L2/broken.png", "L3/empty.jpg"]
    assert [one["epoch"] for one in data["history"]] == list(range(1, 17)) and 1 <= data["epoch"] <= 16
    assert data["backbone"] == "small-resnet" and data["notes"] == [] and data["protocol"]["warmup_epochs"] == 5
    counts, three = np.array(data["confusion"]), data["metrics"]["sets"]["3"]
    assert counts.sum() == data["split"]["test"] and np.trace(counts) / counts.sum() == pytest.approx(three["accuracy"])
    assert mean_squared_error(counts) == pytest.approx(three["mse"]) and np.count_nonzero(counts.sum(axis=0)) > 1
    assert set(data["history"][0]["terms"]) == set(TERMS)
    assert sum(data["training_counts"]) == data["split"]["training"]
    again = run("recognize", "train", folders / "chips", "--out", "again.pt", *QUICK, "--json").json
    assert timeless(again) == timeless({**data, "file": "again.pt"})

    seen = run("recognize", "apply", "model.pt", folders / "chips", "--out", "seen.csv", "--grades-out", "grades.csv", "--json").json
    assert set(seen) == KEYS_OF_APPLY and seen["buildings"] == 120 and len(seen["unreadable"]) == 2
    assert seen["metrics"]["sets"]["1"]["kappa"] > 0.3, "0 is chance; most of these images were trained on"
    run("recognize", "apply", "again.pt", folders / "chips", "--labelled", "--out", "again.csv")
    assert Path("again.csv").read_bytes() == Path("seen.csv").read_bytes()
    p, g = read_recognised("seen.csv"), read_grades("grades.csv")
    assert p.names == g.names and p.district is None and p.names[0] == "L0/" + p.names[0][3:]
    assert [name[1] for name in g.names] == [str(grade) for grade in g.grades]
    assert metrics_of(p.probabilities, g.grades).sets[3].accuracy == seen["metrics"]["sets"]["3"]["accuracy"]
    assert np.array(seen["confusion"]).sum(axis=0).tolist() == seen["predicted"]
    plan = run("solve", "triage", "--instance", "seen.csv", "--scenarios", "5", "--method", "benders", "--json")
    assert plan.code == 0 and plan.json["status"] == "optimal"
    simulated = run("simulate", "triage", "--grades", "grades.csv", "--probabilities", "seen.csv", "--per-day", "10", "--json")
    assert simulated.code == 0 and simulated.json["buildings"] == 120
    assert {path.name for path in tmp_path.iterdir()} == {"model.pt", "again.pt", "seen.csv", "again.csv", "grades.csv"}


def numbers(text):
    return [float(cell) for cell in re.findall(r"(?<![\w.])-?\d+\.?\d*(?![\w.])", text.replace(",", ""))]


def test_the_screen_of_training(run, torch, folders):
    """The same figures as in JSON; options reach the training."""
    asked = ("recognize", "train", folders / "chips", "--out", "m.pt", *QUICK, "--objective", "both", "--alpha", "3", "--without", "brier")
    asked += ("--head", "sigmoid", "--shares", "0.35,0.45,0.2", "--weight-decay", "0.01", "--warmup-epochs", "1", "--seed", "7")
    text, data = run(*asked).out, run(*asked, "--json").json
    assert data["risk"] | {"alpha": 3.0, "brier": 0.0} == data["risk"] and data["head"] == "sigmoid" and data["objective"] == "both"
    protocol = {"epochs": 16, "warmup_epochs": 1, "batch_size": 16, "size": 32, "learning_rate": 0.003, "weight_decay": 0.01, "seed": 7}
    assert data["protocol"] | protocol | {"shares": [0.35, 0.45, 0.2]} == data["protocol"]
    assert set(data["history"][0]["terms"]) == {"ordinal", "asymmetric", "pairwise", "cross_entropy"}
    assert "120 images: " in text and "2 files cannot be read and are left out:\n  L2/broken.png: not an image" in text
    assert "small-resnet, sigmoid head, images of 32 x 32 pixels, on cpu" in text and text.endswith("written to m.pt\n")
    assert "cross-entropy + functional (alpha 3, margin 0.5, lambda_mono 1, without brier)" in text
    kappas = [one["validation_kappa"] for one in data["history"][: data["epoch"]]]
    mean = f"mean of the last {min(data['epoch'], 5)}: {np.mean(kappas[-5:]):.3f}"
    assert f"kept: epoch {data['epoch']}, validation kappa {kappas[-1]:.3f}, {mean}\n" in text
    for number, one in data["metrics"]["sets"].items():
        (line,) = (line for line in text.splitlines() if line.startswith(f"{number}: "))
        found = [one["accuracy"], one["kappa"], one["quadratic_kappa"], one["mse"]]
        assert numbers(line)[1:] == pytest.approx(found, abs=5.1e-4)
    for name, field in (("severe graded too low", "underestimation_rate"), ("severe missed", "missed_severe_rate")):
        assert f"{name:23}{100 * data['metrics'][field]:.1f} %" in text
    assert f"Brier score            {data['metrics']['brier']:.3f}\n" in text
    assert f"calibration error      {data['metrics']['ece']:.3f}, of P(severe) {data['metrics']['severe_ece']:.3f}\n" in text
    c = data["calibrated_metrics"]
    assert (
        f"temperature            {data['temperature']:.2f}, fitted to the validation part; with it Brier score {c['brier']:.3f},\n" in text
    )
    assert f"calibration error {c['ece']:.3f}, of P(severe) {c['severe_ece']:.3f}\n" in text and data["temperature"] != 1
    assert c["sets"] == data["metrics"]["sets"] and c["brier"] != data["metrics"]["brier"]
    for grade, row in enumerate(data["confusion"]):
        (line,) = re.findall(rf"^L{grade} .*", text, re.MULTILINE)
        assert numbers(line) == [*row, sum(row)]
    assert all(len(line.rstrip()) <= 120 for line in text.splitlines()[1:]) and "\x1b" not in text


def test_cross_entropy_and_a_backbone_that_is_not_there(run, torch, folders, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    asked = ("recognize", "train", folders / "chips", "--out", "m.pt", *QUICK[2:], "--objective", "cross-entropy", "--epochs", "1")
    text, data = run(*asked).out, run(*asked, "--json").json
    assert data["risk"] is None and set(data["history"][0]["terms"]) == {"cross_entropy"} and data["backbone"] == "small-resnet"
    assert "objective  cross-entropy\n" in text and "note: backbone resnet18: torchvision cannot be imported" in text


def test_progress_is_told_epoch_by_epoch(torch, folders):
    told = []
    protocol = site_protocol(epochs=2, warmup_epochs=1, batch_size=64, size=16)
    done = quakeops.train_recognizer(folders / "chips", protocol=protocol, device="cpu", progress=lambda *step: told.append(step))
    first, *epochs = told
    assert first == ("reading images, epoch", 0, 2)
    assert epochs == [
        (f"loss {one.loss:.3f}  kappa {one.validation_kappa:.3f}  epoch", k, 2) for k, one in enumerate(done.model.history, 1)
    ]


def test_what_the_file_keeps(torch, folders):
    """The counts of the training part come back, and predict as the model did."""
    from quakeops.scenario_gen.recognition.vision.folder import read_folder
    from quakeops.scenario_gen.recognition.vision.recognizer import load

    model, found = load(folders / "model.pt"), read_folder(folders / "chips", 32)
    training = np.bincount(found.grades[model.split["training"]], minlength=4)
    assert model.training_counts == tuple(training) and all(type(n) is int for n in model.training_counts)
    done = quakeops.recognize(model, folders / "chips", labelled=True)
    assert done.probabilities == pytest.approx(model.predict_proba(found.images), abs=1e-6)
    assert done.training_shares == pytest.approx(training / training.sum())
    with pytest.raises(InputError, match="device 'cpu': goes with a recognizer's file"):
        quakeops.recognize(model, folders / "chips", device="cpu")


@pytest.fixture
def town(folders, tmp_path):
    """Images by district, with a file that is no image; the working folder is its parent."""
    for k, path in enumerate(sorted((folders / "chips").rglob("0*.png"))[:12]):
        target = tmp_path / "town" / ("north" if k % 3 else "south") / f"house {k}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    (tmp_path / "town/north/notes.txt").write_text("hello")
    return tmp_path / "town"


def test_a_town_and_its_prior(run, torch, folders, town):
    text = run("recognize", "apply", folders / "model.pt", "town", "--out", "town.csv").out
    assert "town: 12 buildings\n1 file cannot be read and is left out:\n  north/notes.txt: not an image" in text
    assert re.search(r"^north +8 ", text, re.MULTILINE) and re.search(r"^south +4 ", text, re.MULTILINE)
    assert "against the true grades" not in text and text.endswith("written to town.csv\n")
    header, *body = rows("town.csv")
    assert header == ["building", "district", "p0", "p1", "p2", "p3"] and body[0][:2] == ["north/house 1", "north"]
    asked = ("--prior", "0.4,0.3,0.2,0.1", "--json", "--device", "cpu")
    data = run("recognize", "apply", folders / "model.pt", "town", "--out", "moved.csv", *asked).json
    before, after = read_recognised("town.csv").probabilities, read_recognised("moved.csv").probabilities
    expected = before * [0.4, 0.3, 0.2, 0.1] / data["training_shares"]
    assert after == pytest.approx(expected / expected.sum(axis=1, keepdims=True)) and data["prior"] == pytest.approx([0.4, 0.3, 0.2, 0.1])
    assert data["severe"] == pytest.approx(after[:, 2:].sum(axis=1).mean()) and data["metrics"] is None
    assert data["districts"]["north"]["buildings"] == 8 and data["grades_file"] is None
    shown = run("recognize", "apply", folders / "model.pt", "town", "--out", "moved.csv", *asked[:2]).out
    assert "prior 0.400, 0.300, 0.200, 0.100 in place of the training's 0." in shown


def test_many_files_and_notes_fit_on_one_screen(run, torch, folders, town):
    for k in range(60):
        (town / f"north/{k}.txt").touch()
        (town / f"d{k}").mkdir()
        shutil.copy(town / "north/house 1.png", town / f"d{k}/a.png")
    text = run("recognize", "apply", folders / "model.pt", "town", "--out", "town.csv").out
    assert "61 files cannot be read" in text and "  ... and 56 more (--json has all)" in text and "... and 22 more" in text
    assert len(text.splitlines()) < 65


BAD_FILES = [
    ("train gone --out m.pt", ["gone: no such folder"]),
    ("train model.pt --out m.pt", ["model.pt: is a file"]),
    ("train town --out m.pt", ["town: expected folders L0 to L3 or 0 to 3, found 'north', 'south'"]),
    ("train few --out m.pt --device cpu", ["grade 0 has 1 images: too few, none of them falls into"]),
    ("train few --out m.pt --backbone resnet81", ["backbone 'resnet81' is unknown; did you mean 'resnet18'?"]),
    ("train few --out m.pt --head tail", ["head 'tail' is unknown"]),
    ("train few --out m.pt --device gpu", ["device 'gpu' cannot be used"]),
    ("train few --out m.pt --without ordinal --without asymmetric --without pairwise --without brier", ["all four terms"]),
    ("apply gone.pt town --out t.csv", ["gone.pt: no such file"]),
    ("apply town/north/notes.txt town --out t.csv", ["notes.txt: not a recognizer's file"]),
    ("apply cut.pt town --out t.csv", ["cut.pt: not a recognizer's file, or cut short"]),
    ("apply model.pt gone --out t.csv", ["gone: no such folder"]),
    ("apply model.pt model.pt --out t.csv", ["model.pt: is a file: expected a folder of images"]),
    ("apply model.pt town --out t.csv --labelled", ["town: expected folders L0 to L3 or 0 to 3"]),
    ("apply model.pt town --out t.csv --grades-out g.csv", ["town: expected folders L0 to L3 or 0 to 3"]),
    ("apply model.pt texts --out t.csv", ["texts: holds no image that can be read; the first of 1 files, a.txt: empty"]),
    ("apply model.pt town --out t.csv --prior 1,1,0,0", ["prior is (1.0, 1.0, 0.0, 0.0)", "sum is 1"]),
    ("apply model.pt town --out t.csv --device gpu", ["device 'gpu' cannot be used"]),
]


@pytest.mark.parametrize(("line", "parts"), BAD_FILES, ids=[line for line, _ in BAD_FILES])
def test_bad_files_and_names(run, torch, pillow, folders, town, tmp_path, line, parts):
    shutil.copy(folders / "model.pt", tmp_path / "model.pt")
    (tmp_path / "cut.pt").write_bytes((folders / "model.pt").read_bytes()[:5000])
    put(pillow, tmp_path / "few/L0/a.png")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts/a.txt").touch()
    before = sorted(tmp_path.iterdir())
    told = run("recognize", *line.split(), "--json").failed(2, *parts).json["error"]["message"]
    assert all(part in told for part in parts) and sorted(tmp_path.iterdir()) == before


def test_without_pillow(run, torch, folders, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    for line in (("train", folders / "chips", "--out", "m.pt"), ("apply", folders / "model.pt", folders / "chips", "--out", "t.csv")):
        done = run("recognize", *line).failed(2, "pillow is not installed; pip install 'quakeops[vision]'")
        assert "reading images" not in done.err


@pytest.mark.skipif(not Path(MPIEXEC).exists(), reason="no mpiexec (pip install 'quakeops[mpi,mpich]')")
def test_under_mpi_one_rank_works_and_speaks(torch, folders, town, tmp_path):
    code = f"""if True:
        import os, pathlib, sys
        from quakeops.cli import main
        facade = sys.modules["quakeops.facade.recognize"]
        work = facade.recognise_site
        facade.recognise_site = lambda *a, **b: [pathlib.Path(f"worked-{{os.getpid()}}").touch(), work(*a, **b)][1]
        main(["recognize", "apply", {str(folders / "model.pt")!r}, "town", "--out", "mpi.csv"])"""
    done = subprocess.run(
        [MPIEXEC, "-n", "2", sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0 and done.stdout.count("town: 12 buildings") == done.stdout.count("written to mpi.csv") == 1, done.stderr
    assert len(list(tmp_path.glob("worked-*"))) == 1
    quakeops.recognize(folders / "model.pt", town, out=tmp_path / "alone.csv", device="cpu")
    assert read_recognised(tmp_path / "mpi.csv").probabilities == pytest.approx(read_recognised(tmp_path / "alone.csv").probabilities)


@pytest.mark.skipif(not Path(MPIEXEC).exists(), reason="no mpiexec (pip install 'quakeops[mpi,mpich]')")
def test_under_mpi_a_missing_torch_ends_every_rank(tmp_path):
    code = "import sys; from quakeops.cli import main; sys.modules['torch'] = None; main(['recognize', 'train', '.', '--out', 'm.pt'])"
    done = subprocess.run(
        [MPIEXEC, "-n", "2", sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 2 and done.stderr.count("torch is not installed") == 1 and "Traceback" not in done.stderr
