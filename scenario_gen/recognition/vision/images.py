"""Images on their way into a network: checked, brought to one size, held as bytes, normalised batch by batch."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ....errors import InputError
from ..heads import HEADS
from .protocol import IMAGENET_MEAN, IMAGENET_SD
from .torch_extra import torch

Array = NDArray[np.float64]
Bytes = NDArray[np.uint8]

_PART = 512


def checked_images(images: ArrayLike) -> Bytes:
    """Return images uint8 (n, h, w, 3), n >= 1; InputError for another type or shape."""
    out = np.asarray(images)
    if out.dtype != np.uint8 or out.ndim != 4 or out.shape[3] != 3 or not out.size:
        raise InputError(f"images are {out.dtype} {out.shape}: expected uint8 (n, height, width, 3) with at least one image")
    return out


def resized(images: Bytes, size: int) -> torch.Tensor:
    """Return images (n, h, w, 3) as bytes (n, 3, size, size): bilinear, averaging where they shrink, rounded."""
    if images.shape[1:3] == (size, size):
        return _tensor(images)
    out = torch.empty((len(images), 3, size, size), dtype=torch.uint8).contiguous(memory_format=torch.channels_last)
    for k in range(0, len(images), _PART):
        part = _tensor(images[k : k + _PART]).float()
        part = torch.nn.functional.interpolate(part, size=(size, size), mode="bilinear", antialias=True, align_corners=False)
        out[k : k + _PART] = part.round_().clamp_(0, 255).to(torch.uint8)
    return out


def normalised(images: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Return bytes (n, 3, h, w) as floats on the device, less ImageNet's mean over its standard deviation, by colour."""
    mean, sd = (torch.tensor(v, device=device).view(1, 3, 1, 1) for v in (IMAGENET_MEAN, IMAGENET_SD))
    return images.to(device).float().div_(255).sub_(mean).div_(sd).contiguous(memory_format=torch.channels_last)


def probabilities_of(network: torch.nn.Module, images: torch.Tensor, head: str, batch_size: int, device: torch.device) -> Array:
    """Return float64 probabilities (n, 4) of images as bytes; the network is put into evaluation."""
    network.eval()
    with torch.inference_mode():
        parts = [network(normalised(part, device)).double().cpu().numpy() for part in torch.split(images, batch_size)]
    return HEADS[head].forward(np.concatenate(parts)).probabilities


def _tensor(images: Bytes) -> torch.Tensor:
    """Return (n, h, w, 3) as (n, 3, h, w) on the same memory; a copy where it is read-only or its strides are not torch's."""
    return torch.from_numpy(np.require(images, requirements=["C", "W"])).permute(0, 3, 1, 2)
