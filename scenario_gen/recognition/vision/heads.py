"""The heads of ``recognition.heads`` in torch: softmax of four logits, and three free sigmoids, with autograd.

The same formulas on the same clipping-free logarithms; see there for (h1). At a kink, equal neighbours, the derivative is 0 as well.
"""

from __future__ import annotations

from typing import NamedTuple

from ....instances.grade_checks import NUM_GRADES
from ...plausible import one_of
from ..heads import HEADS
from .torch_extra import torch


class HeadReading(NamedTuple):
    """What the terms of the functional read: p (n, 4), s_k (n, 3), ln s_k (n, 3) and ln(1 - s_k) (n, 3)."""

    probabilities: torch.Tensor
    cumulative: torch.Tensor
    log_below: torch.Tensor
    log_above: torch.Tensor


def num_logits(head: str) -> int:
    """Return how many logits a head takes: 4 for ``softmax``, 3 for ``sigmoid``; InputError for another head."""
    one_of("head", head, HEADS)
    return HEADS[head].num_logits


def read(logits: torch.Tensor, head: str) -> HeadReading:
    """Return what logits (n, 4) or (n, 3) say; ``head`` is ``softmax`` or ``sigmoid``."""
    return _softmax(logits) if head == "softmax" else _sigmoids(logits)


def _softmax(z: torch.Tensor) -> HeadReading:
    log_p = torch.log_softmax(z, dim=1)
    levels = range(1, NUM_GRADES)
    log_below = torch.stack([torch.logsumexp(log_p[:, :k], dim=1) for k in levels], dim=1)
    log_above = torch.stack([torch.logsumexp(log_p[:, k:], dim=1) for k in levels], dim=1)
    return HeadReading(torch.exp(log_p), torch.exp(log_below), log_below, log_above)


def _sigmoids(z: torch.Tensor) -> HeadReading:
    s = torch.sigmoid(z)
    steps = torch.cat([s[:, :1], torch.relu(torch.diff(s, dim=1)), torch.sigmoid(-z[:, -1:])], dim=1)
    log = torch.nn.functional.logsigmoid
    return HeadReading(steps / steps.sum(dim=1, keepdim=True), s, log(z), log(-z))
