"""Branching: on the number of routes, else on an arc between sites. What is whole in both is a set of routes."""

from __future__ import annotations

import numpy as np

from .columns import Columns
from .relaxation import TINY, Node, Outcome


def children(node: Node, outcome: Outcome, columns: Columns) -> list[Node]:
    """Return the two parts of a node whose solution is fractional."""
    total = float(outcome.x.sum())
    if abs(total - round(total)) > TINY:
        low = int(np.floor(total))
        return [_part(node, outcome, most=low), _part(node, outcome, fewest=low + 1)]
    flow = columns.flows(outcome.numbers, outcome.x)
    flow[0, :] = flow[:, 0] = 0.0
    distance = np.abs(flow - np.round(flow))
    tail, head = (int(k) for k in np.unravel_index(int(np.argmax(distance)), flow.shape))
    without, only = node.forbidden.copy(), node.forbidden.copy()
    without[tail, head] = True
    only[tail, :] = True
    only[:, head] = True
    only[tail, head] = node.forbidden[tail, head]
    return [Node(forbidden, node.fewest, node.most, outcome.bound, node.depth + 1) for forbidden in (without, only)]


def _part(node: Node, outcome: Outcome, *, fewest: int | None = None, most: int | None = None) -> Node:
    return Node(
        node.forbidden,
        node.fewest if fewest is None else fewest,
        node.most if most is None else most,
        outcome.bound,
        node.depth + 1,
    )
