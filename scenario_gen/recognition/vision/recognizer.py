"""A trained network: grade probabilities of images, how it was trained and tested, and its file."""

from __future__ import annotations

import pickle
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ....errors import InputError
from ....files import replacing
from ..metrics import Metrics, SetMetrics
from ..parameters import RiskParameters
from .backbones import Maker, backbone
from .heads import num_logits
from .images import checked_images, probabilities_of, resized
from .protocol import Protocol
from .torch_extra import torch

Array = NDArray[np.float64]
Index = NDArray[np.int64]

FORMAT = "quakeops/recognizer/1"
PLAIN = ("backbone", "head", "cross_entropy", "best_epoch", "training_counts", "temperature", "torch_version")
"""Fields that the file holds as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """One epoch: mean objective over the batches, its terms before weights, validation kappa, learning rate at the end, and seconds."""

    loss: float
    terms: dict[str, float]
    validation_kappa: float
    rate: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedRecognizer:
    """The network of the best epoch and how it came about.

    ``backbone`` is what was really used. ``best_epoch`` counts from 0 in ``history``. ``split`` holds row numbers of ``training``,
    ``validation`` and ``test``; ``training_counts`` (4,) are the training part's images by grade; ``temperature`` is fitted to the
    validation part (``calibration.fit_temperature``), None where that has fewer than 50 images; ``metrics`` are those of the test part,
    without it. ``notes`` say what was not as asked for.
    """

    network: torch.nn.Module = field(repr=False)
    backbone: str
    head: str
    protocol: Protocol
    risk: RiskParameters | None
    cross_entropy: float
    history: tuple[Epoch, ...] = field(repr=False)
    best_epoch: int
    split: dict[str, Index] = field(repr=False)
    training_counts: tuple[int, ...]
    temperature: float | None
    metrics: Metrics = field(repr=False)
    notes: tuple[str, ...]
    device: str
    torch_version: str

    def predict_proba(self, images: ArrayLike) -> Array:
        """Return probabilities of the four grades (n, 4) of images uint8 (n, h, w, 3) of any size; InputError for other images."""
        data = resized(checked_images(images), self.protocol.size)
        return probabilities_of(self.network, data, self.head, self.protocol.batch_size, torch.device(self.device))

    def save(self, path: str | Path) -> None:
        """Write all of it to one file of tensors and plain data, atomically; InputError where it cannot be written."""
        told = {name: getattr(self, name) for name in PLAIN}
        told |= {"format": FORMAT, "notes": list(self.notes), "protocol": asdict(self.protocol), "metrics": asdict(self.metrics)}
        told |= {"risk": asdict(self.risk) if self.risk else None, "history": [asdict(epoch) for epoch in self.history]}
        told |= {"split": {part: torch.from_numpy(rows) for part, rows in self.split.items()}, "weights": self.network.state_dict()}
        with replacing(path) as temporary, temporary.open("wb") as file:
            torch.save(told, file)


def load(path: str | Path, *, device: str = "cpu", make: Maker | None = None) -> TrainedRecognizer:
    """Read what :meth:`TrainedRecognizer.save` wrote; nothing in the file is executed.

    Parameters
    ----------
    path
        The file.
    device
        Where the network is put.
    make
        The function that made the network, where it was the caller's own.

    Raises
    ------
    InputError
        No such file, not one of ours, cut short, an own network without ``make``, or torchvision's where it is missing; the file is named.
    """
    if not Path(path).is_file():
        raise InputError(f"{path}: no such file")
    try:
        told: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
        if told["format"] != FORMAT:
            raise InputError(f"{path}: format is {told['format']!r}: expected {FORMAT!r}")
        if told["backbone"] == "own" and make is None:
            raise InputError(f"{path}: the network is the caller's own: give the function that makes it as make")
        with torch.random.fork_rng(devices=[]):
            network = backbone(make or told["backbone"], num_logits(told["head"])).network
        network.load_state_dict(told["weights"])
        sets = {number: SetMetrics(**one) for number, one in told["metrics"].pop("sets").items()}
        return TrainedRecognizer(
            **{name: told[name] for name in PLAIN},
            network=network.to(device).eval(),
            protocol=Protocol(**told["protocol"]),
            risk=RiskParameters(**told["risk"]) if told["risk"] else None,
            history=tuple(Epoch(**epoch) for epoch in told["history"]),
            split={part: rows.cpu().numpy() for part, rows in told["split"].items()},
            metrics=Metrics(sets=sets, **told["metrics"]),
            notes=tuple(told["notes"]),
            device=device,
        )
    except InputError as e:
        raise InputError(str(e) if str(path) in str(e) else f"{path}: {e}") from None
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError, KeyError, TypeError, ValueError, AttributeError) as e:
        torch_advises = isinstance(e, pickle.UnpicklingError)  # to read the file without its safeguard
        first = "" if torch_advises else f": {(str(e).splitlines() or [type(e).__name__])[0]}"
        raise InputError(f"{path}: not a recognizer's file, or cut short{first}") from None
