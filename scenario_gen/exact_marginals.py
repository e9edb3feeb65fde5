r"""Exact probabilities of a cascade on a small graph, by enumeration of the sets of nodes that may end without function.

Let h(T, v) = (1 - p_v) prod_{u in T} (1 - w_uv): v does not fail, nor does the set T take its function. The nodes without function are
exactly S when all of S lose it by what happens within S, and no other node does:

    P(S) = A(S) prod_{v not in S} h(S, v)
    A(S) = 1 - sum_{T subset of S, T != S} A(T) prod_{v in S \ T} h(T, v)

the second because within S some set T ends without function. The nodes are taken in no order, so cycles are no special case. The work grows
as 3^n.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .dependency_graph import DependencyGraph
from .noisy_or import checked_direct

MOST_NODES = 12
"""Nodes that :func:`exact_marginals` takes: about half a second."""


def exact_marginals(graph: DependencyGraph, direct: ArrayLike) -> NDArray[np.float64]:
    """Return the probability (n,) that each node is without function, given independent direct failures; a reference for small graphs.

    Parameters
    ----------
    graph
        At most 12 nodes; cycles are allowed (least fixed point).
    direct
        Probability (n,) that each node fails physically.

    Raises
    ------
    InputError
        More nodes, a probability outside [0, 1], or a wrong shape.
    """
    n = len(graph)
    if n > MOST_NODES:
        raise InputError(f"the graph has {n} nodes: exact enumeration takes at most {MOST_NODES}; sample_function takes any number")
    p = checked_direct(graph, direct)
    if p.ndim != 1:
        raise InputError(f"direct has shape {p.shape}: expected ({n},)")
    sets = np.arange(2**n)
    member = (sets[:, None] >> np.arange(n)) & 1 == 1
    h = np.tile(1 - p, (2**n, 1))
    for u, v, w in zip(graph.source.tolist(), graph.target.tolist(), graph.weight.tolist(), strict=True):
        h[member[:, u], v] *= 1 - w
    h[member] = 1.0  # nodes of T itself have no factor
    a = np.ones(2**n)
    for s in sets[1:].tolist():
        subsets = sets[:s][sets[:s] & ~s == 0]
        a[s] = 1 - a[subsets] @ h[np.ix_(subsets, np.flatnonzero(member[s]))].prod(axis=1)
    return np.asarray((a * h.prod(axis=1)) @ member)
