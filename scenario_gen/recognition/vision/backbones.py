"""Backbones by name: five of torchvision's where it is installed, and a small residual network that ships.

``resnet18``, ``mobilenet`` (V2), ``resnet50``, ``densenet`` (121) and ``shufflenet`` (V2 x1.0) are torchvision's. Where it cannot be
imported, ``resnet18`` and ``mobilenet`` give the small network instead, under its own name and with a note; the others are an error.
Weights are random: none are downloaded (the article does not say how its backbones began).

The small network: a 3 x 3 convolution of stride 2 to 16 channels, then residual blocks (He et al. 2016, CVPR) of 16, 32 and 64 channels
with strides 1, 2 and 2, the mean over what is left of the image, and a linear layer: 77,460 weights with four logits, any size from 16 up.
It normalises by groups (Wu and He 2018, ECCV), so that no image's output depends on the other images of its batch: training and use
compute the same, and a small batch does no harm.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import NamedTuple

from ....errors import InputError
from ...plausible import one_of
from .torch_extra import torch

nn = torch.nn

SMALL = "small-resnet"
TORCHVISION = {
    "resnet18": "resnet18",
    "mobilenet": "mobilenet_v2",
    "resnet50": "resnet50",
    "densenet": "densenet121",
    "shufflenet": "shufflenet_v2_x1_0",
}
"""Constructors of ``torchvision.models`` by our names."""
REPLACED = ("resnet18", "mobilenet")
"""Names that the small network stands in for where torchvision is not there."""

Maker = Callable[[int], torch.nn.Module]


class Backbone(NamedTuple):
    """A network, what it is, and why it is not what was asked for.

    ``name`` is ``small-resnet``, ``torchvision NAME`` with the constructor's name, or ``own`` for a function of the caller.
    """

    network: torch.nn.Module
    name: str
    note: str | None = None


def backbone(name: str | Maker, num_logits: int = 4) -> Backbone:
    """Return a network of random weights (from torch's global generator) that takes images (n, 3, h, w) to logits (n, num_logits).

    Parameters
    ----------
    name
        ``resnet18``, ``mobilenet``, ``resnet50``, ``densenet``, ``shufflenet``, ``small-resnet``, the ``name`` of a :class:`Backbone`, or a
        function that makes a network from the number of logits.
    num_logits
        4 for a softmax, 3 for free sigmoids.

    Raises
    ------
    InputError
        An unknown name, or one that needs torchvision where it cannot be imported.
    """
    if callable(name):
        return Backbone(name(num_logits), "own")
    if name == SMALL:
        return Backbone(SmallResNet(num_logits), SMALL)
    by_constructor = {f"torchvision {made}": made for made in TORCHVISION.values()}
    if name not in by_constructor:
        one_of("backbone", name, [*TORCHVISION, SMALL])
    try:
        models = importlib.import_module("torchvision.models")
    except (ImportError, RuntimeError) as e:  # RuntimeError: built for another torch
        if name in REPLACED:
            note = f"backbone {name}: torchvision cannot be imported ({_first_line(e)}): the network is {SMALL}"
            return Backbone(SmallResNet(num_logits), SMALL, note)
        raise InputError(f"backbone {name!r} needs torchvision, which cannot be imported ({_first_line(e)})") from None
    constructor = by_constructor.get(name) or TORCHVISION[name]
    return Backbone(getattr(models, constructor)(weights=None, num_classes=num_logits), f"torchvision {constructor}")


class SmallResNet(torch.nn.Module):
    """The small residual network of the module's docstring: images (n, 3, h, w), h and w from 16 up, to logits (n, num_logits)."""

    def __init__(self, num_logits: int, channels: tuple[int, ...] = (16, 32, 64)) -> None:
        super().__init__()
        first = channels[0]
        self.stem = nn.Sequential(nn.Conv2d(3, first, 3, 2, 1, bias=False), _normalised(first), nn.ReLU())
        self.blocks = nn.Sequential(
            *(ResidualBlock(a, b, 1 if a == b else 2) for a, b in zip((first, *channels[:-1]), channels, strict=True))
        )
        self.head = nn.Linear(channels[-1], num_logits)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits."""
        return self.head(self.blocks(self.stem(images)).mean(dim=(2, 3)))


class ResidualBlock(torch.nn.Module):
    """Two 3 x 3 convolutions, the first with the stride, around a shortcut; 1 x 1 where the shape changes."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inside, outside, 3, stride, 1, bias=False),
            _normalised(outside),
            nn.ReLU(),
            nn.Conv2d(outside, outside, 3, 1, 1, bias=False),
            _normalised(outside),
        )
        same = inside == outside and stride == 1
        self.shortcut = nn.Identity() if same else nn.Conv2d(inside, outside, 1, stride, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return relu(body + shortcut)."""
        return torch.relu(self.body(x) + self.shortcut(x))


def _normalised(channels: int) -> torch.nn.Module:
    return nn.GroupNorm(channels // 8, channels)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
