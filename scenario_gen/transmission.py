"""Along which edges a cascade went in one scenario: what :func:`.cascade.sample_function` draws, edge by edge, to be looked at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .dependency_graph import DependencyGraph
from .keyed import keyed_words
from .streams import Stream

Bits = NDArray[np.bool_]


def transmitting_edges(graph: DependencyGraph, *, seed: int, k: int) -> Bits:
    """Return which edges (E,) transmit in scenario ``k``, whether or not there is anything to transmit."""
    draws = int(graph.number.max(initial=-1)) + 1
    bits = keyed_words(seed, k, Stream.CASCADE, 0, (draws + 1) // 2).astype("<u8", copy=False).view("<u4")
    return np.asarray(bits[graph.number].astype(float) < np.rint(graph.weight * 2.0**32))


def carrying_edges(graph: DependencyGraph, failed: Bits, lost: Bits, *, seed: int, k: int) -> Bits:
    """Return the edges (E,) that took function away in scenario ``k``: they transmit, their source is lost, their target did not fail.

    Parameters
    ----------
    graph
        Graph of n nodes and E edges.
    failed, lost
        Physical failures and what :func:`.cascade.sample_function` made of them, (n,).
    seed, k
        Those of ``lost``.

    Raises
    ------
    InputError
        An edge transmits to a node that is not lost: ``lost`` belongs to another seed, scenario or graph.
    """
    out = transmitting_edges(graph, seed=seed, k=k) & lost[graph.source] & ~failed[graph.target]
    wrong = np.flatnonzero(out & ~lost[graph.target])
    if len(wrong):
        u, v = (graph.names[int(ends[wrong[0]])] for ends in (graph.source, graph.target))
        raise InputError(
            f"edge {u!r} -> {v!r} transmits in scenario {k} of seed {seed}, but {v!r} is not lost: states of another seed or scenario"
        )
    return np.asarray(out)
