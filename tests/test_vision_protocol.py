"""The training protocol in closed form, the choice of the checkpoint, and one clear error without torch. Needs no torch."""

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quakeops.errors import InputError
from quakeops.instances.damage_grades import YUSHU
from quakeops.scenario_gen.recognition.synthetic import stratified_split
from quakeops.scenario_gen.recognition.vision.protocol import IMAGENET_MEAN, IMAGENET_SD, Protocol


def test_without_torch_one_clear_error(subprocess_run):
    """As if torch were not installed: the numpy side and the protocol import, training says what to install."""
    name = "quakeops.scenario_gen.recognition.vision"
    done = subprocess_run(
        "-c",
        f"""
import sys
class Absent:
    def find_spec(name, path=None, target=None):
        if name == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
sys.meta_path.insert(0, Absent)
import {name}.protocol, quakeops.scenario_gen.recognition.risk
from quakeops.errors import InputError
for module in ("training", "loss", "backbones", "recognizer"):
    try:
        __import__("{name}." + module)
    except InputError as e:
        assert isinstance(e, ModuleNotFoundError) and e.name == "torch" and e.__suppress_context__
        print(e)
""",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["torch is not installed; pip install 'quakeops[vision]'"] * 4


def test_protocol_is_the_article():
    p = Protocol()
    assert (p.epochs, p.warmup_epochs, p.batch_size, p.size, p.learning_rate, p.weight_decay, p.clip) == (100, 5, 128, 128, 1e-3, 1e-4, 1.0)
    assert p.shares == (0.7, 0.1, 0.2) and p.kappa_epochs == 5
    assert IMAGENET_MEAN == (0.485, 0.456, 0.406) and IMAGENET_SD == (0.229, 0.224, 0.225)


def test_learning_rate_in_closed_form():
    p = Protocol()
    assert [p.rate(e) for e in (0, 1, 2.5, 5)] == pytest.approx([0, 2e-4, 5e-4, 1e-3])
    third = 5 + 95 / 3
    assert [p.rate(e) for e in (third, 52.5, 5 + 190 / 3, 100)] == pytest.approx([7.5e-4, 5e-4, 2.5e-4, 0], abs=1e-18)
    no_warmup = Protocol(epochs=2, warmup_epochs=0, learning_rate=0.4)
    assert [no_warmup.rate(e) for e in (0, 0.5, 1, 2)] == pytest.approx([0.4, 0.2 * (1 + math.sqrt(0.5)), 0.2, 0])


def test_checkpoint_of_a_made_up_history():
    p = Protocol()
    peak = [0.1, 0.2, 0.8, 0.1, 0.1, 0.1, 0.3, 0.3, 0.3, 0.3, 0.3]
    means = [0.1, 0.15, 1.1 / 3, 0.3, 0.26, 0.26, 0.28, 0.18, 0.22, 0.26, 0.3]
    assert p.best_epoch(peak) == 2 == int(np.argmax(means)), "fewer epochs at the start"
    assert p.best_epoch([0.0] * 5 + peak[2:]) == 13, "0.8 counts a fifth; five times 0.3 are more"
    assert p.best_epoch([0.5, 0.5, 0.5]) == 0, "the first of equals"
    assert p.best_epoch([-0.2, -0.1]) == 1
    assert replace(p, kappa_epochs=1).best_epoch([0.1, 0.7, 0.6, 0.7]) == 1


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=30), st.integers(1, 6))
def test_checkpoint_can_be_kept_while_training(kappas, width):
    """The best so far is replaced exactly when the newest epoch is best."""
    p, kept = Protocol(kappa_epochs=width), 0
    for e in range(len(kappas)):
        kept = e if p.best_epoch(kappas[: e + 1]) == e else kept
    assert kept == p.best_epoch(kappas)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (dict(epochs=0), "epochs is 0: expected a whole number from 1 up"),
        (dict(epochs=2.5), "epochs is 2.5"),
        (dict(epochs=5), "warmup_epochs is 5: expected fewer than the 5 epochs"),
        (dict(batch_size=1), "batch_size is 1: .*from 2"),
        (dict(size=8), "size is 8: .*from 16"),
        (dict(learning_rate=0), "learning_rate is 0: expected 1e-12"),
        (dict(weight_decay=-1), "weight_decay is -1"),
        (dict(clip=math.nan), "clip is nan"),
        (dict(shares=(0.7, 0.1, 0.1)), "shares are .*sum is 1"),
        (dict(shares=(0.8, 0.2)), "three shares"),
        (dict(shares=(0.8, 0.2, 0.0)), r"shares\[2\] is 0"),
        (dict(seed=-1), "seed is -1"),
    ],
)
def test_bad_protocols_are_named(changes, says):
    with pytest.raises(InputError, match=says):
        Protocol(**changes)


def test_split_of_yushu():
    """Yushu's numbers at the article's shares: 545, 643, 465 and 798 to training, 77, 91, 67 and 114 to validation."""
    grades = np.repeat(np.arange(4), YUSHU)
    train_rows, held_out, test = stratified_split(grades, Protocol().shares, 0)
    assert (len(train_rows), len(held_out), len(test)) == (2451, 349, 701)


def test_a_missing_extra_can_be_told_to_other_ranks():
    """The error is sent between processes, where torch is missing too."""
    from quakeops.scenario_gen.recognition.vision.missing import MissingExtraError

    back = pickle.loads(pickle.dumps(MissingExtraError("torch is not installed", name="torch")))
    assert (
        isinstance(back, MissingExtraError)
        and isinstance(back, InputError)
        and (str(back), back.name) == ("torch is not installed", "torch")
    )
