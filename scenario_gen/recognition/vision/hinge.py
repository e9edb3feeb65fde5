r"""The pairwise hinge (eq. 5) in torch: O(n log n), differentiable, of fixed shapes so that a GPU does not wait.

With u_i = r_i - m for severe i, a_i the number of other j with r_j > u_i, and b_j the number of severe i with u_i < r_j, the sum over
active pairs of r_j - u_i is

    sum_j b_j r_j - sum_i a_i u_i

The counts come from two sorts and two binary searches and are constant between kinks, so autograd through this line is the exact gradient.
Buildings of the other side stand at infinity, where they are never active, instead of being taken out.
"""

from __future__ import annotations

from .torch_extra import torch


def pairwise_hinge(score: torch.Tensor, severe: torch.Tensor, margin: float) -> torch.Tensor:
    """Return (5), a scalar, of scores r (n,) and membership of the severe (n,) bool; 0 where one side is empty."""
    apart = torch.full_like(score, float("inf"))
    u, r = score.detach() - margin, score.detach()
    shifted, other = torch.where(severe, u, apart), torch.where(severe, -apart, r)
    active = len(score) - torch.searchsorted(torch.sort(other).values, shifted, right=True)
    below = torch.searchsorted(torch.sort(shifted).values, other)
    num_severe = severe.sum()
    pairs = torch.clamp(num_severe * (len(score) - num_severe), min=1)
    return ((below * score).sum() - (active * (score - margin)).sum()) / pairs
