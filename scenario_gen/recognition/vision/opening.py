"""What can be said before any image is read: whether a network, a head and a device can be had; and a recognizer from its file."""

from __future__ import annotations

from pathlib import Path

from .backbones import backbone
from .heads import num_logits
from .recognizer import TrainedRecognizer, load
from .torch_extra import torch
from .training import device_of


def check_names(name: str, head: str, device: str | None) -> None:
    """Raise :class:`InputError` unless the backbone, the head and the device can be used; torch's generator is left alone."""
    device_of(device)
    with torch.random.fork_rng(devices=[]):
        backbone(name, num_logits(head))


def open_recognizer(path: str | Path, device: str | None = None) -> TrainedRecognizer:
    """Read a recognizer's file onto a device, by default a GPU where torch sees one; InputError as in :func:`.recognizer.load`."""
    return load(path, device=str(device_of(device)))
