"""Training on images by the protocol of SeisRank-Ord: the loop.

Runs with the same seed, images and thread count give the same weights and probabilities on one machine. torch's global generator and its
choice of deterministic algorithms are as before afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ....errors import InputError
from ....instances.grade_checks import NUM_GRADES, checked_grades
from ..calibration import fit_temperature
from ..metrics import metrics_of
from ..parameters import RiskParameters
from ..synthetic import stratified_split
from . import backbones
from .heads import num_logits
from .images import checked_images, probabilities_of, resized
from .loop import Labelled, run_epochs
from .loss import NO_RISK, GovernanceRisk
from .protocol import LEAST_FOR_TEMPERATURE, Protocol
from .recognizer import Epoch, TrainedRecognizer
from .torch_extra import torch

Index = NDArray[np.int64]

PARTS = ("training", "validation", "test")


def train(
    images: ArrayLike,
    grades: ArrayLike,
    protocol: Protocol | None = None,
    *,
    risk: RiskParameters | None = None,
    cross_entropy: float = 0.0,
    backbone: str | backbones.Maker = "resnet18",
    head: str = "softmax",
    device: str | None = None,
    progress: Callable[[int, Epoch], None] | None = None,
) -> TrainedRecognizer:
    """Return a network trained on labelled images.

    Parameters
    ----------
    images
        uint8 (n, h, w, 3).
    grades
        True grades 0..3, (n,). A grade may be missing; one that is there must reach training, validation and test.
    protocol
        The article's where none is given.
    risk
        Parameters of the functional; None leaves it out, and then ``cross_entropy`` must be above 0.
    cross_entropy
        Weight of the mean cross-entropy: 1 with no risk is the baseline, 1 with a risk the article's "CE + SeisRank-Ord".
    backbone
        As in ``backbones.backbone``.
    head
        ``softmax`` or ``sigmoid``.
    device
        As torch names it; None takes a GPU where torch sees one.
    progress
        Called with the number of each epoch, from 0, and what came out.

    Raises
    ------
    InputError
        Images of another type or shape, a bad grade (row named), too few images of a grade, an unknown head or backbone, no objective, or a
        loss that is not finite (epoch and batch named).
    """
    data, asked = checked_images(images), protocol or Protocol()
    y = checked_grades(grades, len(data))
    if risk is None and not cross_entropy:
        raise InputError("risk is None and cross_entropy is 0: expected an objective, e.g. risk=RiskParameters() or cross_entropy=1")
    objective = GovernanceRisk(risk or NO_RISK, head=head, cross_entropy=cross_entropy, check=False)
    split, notes = _split(y, asked)
    where = device_of(device)
    labelled = Labelled(resized(data, asked.size), y, split)
    with _reproducible(asked.seed):
        made = backbones.backbone(backbone, num_logits(head))
        network = made.network.to(where, memory_format=torch.channels_last)
        done = run_epochs(network, objective.to(where), labelled, asked, where, progress)
    network.load_state_dict(done.weights)
    if made.note:
        notes.append(made.note)
    batches = asked.epochs * asked.num_batches(len(split["training"]))
    notes += [f"{note} (in {count} of {batches} batches)" for note, count in done.notes.items()]
    held_out, tested = (probabilities_of(network, labelled.pixels[split[p]], head, asked.batch_size, where) for p in PARTS[1:])
    return TrainedRecognizer(
        network=network,
        backbone=made.name,
        head=head,
        protocol=asked,
        risk=risk,
        cross_entropy=cross_entropy,
        history=tuple(done.history),
        best_epoch=done.best,
        split=split,
        temperature=fit_temperature(held_out, y[split["validation"]]) if len(held_out) >= LEAST_FOR_TEMPERATURE else None,
        training_counts=tuple(np.bincount(y[split["training"]], minlength=NUM_GRADES).tolist()),
        metrics=metrics_of(tested, y[split["test"]]),
        notes=tuple(notes),
        device=str(where),
        torch_version=str(torch.__version__),
    )


def _split(grades: Index, protocol: Protocol) -> tuple[dict[str, Index], list[str]]:
    """Return rows by part, and notes of grades that are missing."""
    split = dict(zip(PARTS, stratified_split(grades, protocol.shares, protocol.seed), strict=True))
    notes = []
    for grade, count in enumerate(np.bincount(grades, minlength=NUM_GRADES)):
        if not count:
            notes.append(f"grade {grade} has no image")
            continue
        for part, rows in split.items():
            if not (grades[rows] == grade).any():
                raise InputError(f"grade {grade} has {count} images: too few, none of them falls into {part}")
    return split, notes


def device_of(name: str | None) -> torch.device:
    """Return the device of this name, by default a GPU where torch sees one; InputError for one that cannot be used."""
    if name is None:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as e:
        raise InputError(f"device {name!r} cannot be used: {(str(e).splitlines() or ['no reason given'])[0]}") from None
    return device


@contextmanager
def _reproducible(seed: int) -> Iterator[None]:
    """Seed torch's generators and ask for deterministic algorithms; both are put back at the end."""
    before, warned = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        torch.use_deterministic_algorithms(True, warn_only=True)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(before, warn_only=warned)
