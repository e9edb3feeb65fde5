r"""The training protocol of SeisRank-Ord, section 4.1, as data: its numbers are the defaults. No torch here.

What the article leaves open is settled so:

- The learning rate is a function of time e in epochs, taken at the middle of each batch: rising from 0 over the W warm-up epochs, then a
  half cosine down to 0 at the end E,

      rate(e) = rate e / W for e < W,   rate (1 + cos(pi (e - W) / (E - W))) / 2 from there on                             (p1)

- "The checkpoint with the best validation kappa (averaged over the last five epochs)": the weights of the epoch for which the mean of
  validation kappa over it and the four before it is largest, the first of equals. In the first four epochs the mean is over fewer.
- An epoch cuts a seeded order of the training images into as few batches as the batch size allows, of equal size to within one image, so
  that no batch is too small for the pairwise term.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, cos, pi

import numpy as np

from ....errors import InputError
from ...plausible import within

IMAGENET_MEAN, IMAGENET_SD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of red, green and blue in [0, 1], as torchvision prints them."""
SMALLEST_SIZE = 16
LEAST_FOR_TEMPERATURE = 50
"""Validation images to which a temperature is fitted; with fewer it would be chance."""
_LARGEST = 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """How to train: AdamW with ``learning_rate`` and ``weight_decay``, gradients clipped to the norm ``clip``, and so on.

    ``size`` is the side in pixels to which images are brought; ``shares`` those of training, validation and test, split by grade;
    ``kappa_epochs`` how many epochs of validation kappa are averaged; ``seed`` is that of the split, the first weights and the order.

    Raises
    ------
    InputError
        A number out of range; the message names the field.
    """

    epochs: int = 100
    warmup_epochs: int = 5
    batch_size: int = 128
    size: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    clip: float = 1.0
    kappa_epochs: int = 5
    shares: tuple[float, float, float] = (0.7, 0.1, 0.2)
    seed: int = 0

    def __post_init__(self) -> None:
        least = {"epochs": 1, "warmup_epochs": 0, "batch_size": 2, "size": SMALLEST_SIZE, "kappa_epochs": 1, "seed": 0}
        for name, low in least.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value < _LARGEST:
                raise InputError(f"{name} is {value!r}: expected a whole number from {low} up")
        if self.warmup_epochs >= self.epochs:
            raise InputError(f"warmup_epochs is {self.warmup_epochs}: expected fewer than the {self.epochs} epochs")
        within("learning_rate", self.learning_rate, 1e-12, 1e9)
        within("weight_decay", self.weight_decay, 0, 1e9)
        within("clip", self.clip, 1e-12, 1e9)
        if within("shares", self.shares, 1e-6, 1).shape != (3,) or abs(sum(self.shares) - 1) > 1e-9:
            raise InputError(f"shares are {self.shares}: expected three shares whose sum is 1: training, validation, test")

    def rate(self, epoch: float) -> float:
        """Return the learning rate (p1) at a time in epochs, 0 to ``epochs``."""
        if epoch < self.warmup_epochs:
            return self.learning_rate * epoch / self.warmup_epochs
        return self.learning_rate * (1 + cos(pi * (epoch - self.warmup_epochs) / (self.epochs - self.warmup_epochs))) / 2

    def num_batches(self, num_images: int) -> int:
        """Return the number of batches of an epoch over ``num_images`` training images."""
        return ceil(num_images / self.batch_size)

    def best_epoch(self, kappas: Sequence[float]) -> int:
        """Return the epoch, from 0, whose mean of validation kappa over the last ``kappa_epochs`` epochs is best, the first of equals."""
        means = [np.mean(kappas[max(0, e + 1 - self.kappa_epochs) : e + 1]) for e in range(len(kappas))]
        return int(np.argmax(means))
