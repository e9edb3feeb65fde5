"""The order in which losses travel through a dependency graph, as slices of edge arrays.

Strongly connected components have no cycle among them: layer 0 depends on nothing, layer l on layer l - 1 and others below. Going upward, a
layer first takes what comes from below; then, where it holds components of more than one node (cycles), the edges inside these are
gone over until nothing changes. That is the least fixed point, since each component is settled when those above it are reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """Edges to take at once.

    They are ``first, ..., stop - 1`` of the sorted edges and come from the nodes ``source`` (m,); those to ``target[i]`` begin at
    ``start[i]`` of them and end before ``start[i + 1]``. ``repeat``: the edges of cycles.
    """

    first: int
    stop: int
    source: Numbers
    target: Numbers
    start: Numbers
    repeat: bool


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """``order`` (E,) sorts the edges; ``steps`` are to be taken one after the other."""

    order: Numbers
    steps: tuple[Step, ...]


def steps_of(num_nodes: int, source: Numbers, target: Numbers) -> Steps:
    """Return the steps of a graph whose edges run from ``source`` (E,) to ``target`` (E,)."""
    if not source.size:
        return Steps(np.zeros(0, dtype=np.int64), ())
    adjacency = coo_array((np.ones(len(source), dtype=np.int8), (source, target)), shape=(num_nodes, num_nodes))
    component = connected_components(adjacency, directed=True, connection="strong")[1].astype(np.int64)
    inside = component[source] == component[target]
    group = 2 * _layers(component[source], component[target])[component[target]] + inside
    order = np.lexsort((target, group))
    group, source, target = group[order], source[order], target[order]
    cuts = [0, *(np.flatnonzero(np.diff(group)) + 1).tolist(), len(group)]
    steps = []
    for first, stop in pairwise(cuts):
        start = np.flatnonzero(np.diff(target[first:stop], prepend=-1))
        steps.append(Step(first, stop, source[first:stop], target[first:stop][start], start, bool(group[first] % 2)))
    return Steps(order, tuple(steps))


def _layers(source: Numbers, target: Numbers) -> Numbers:
    """Return the number of edges of the longest way to each component, by number; edges inside one do not count."""
    sorter: TopologicalSorter[int] = TopologicalSorter()
    for u, v in zip(source.tolist(), target.tolist(), strict=True):
        if u != v:
            sorter.add(v, u)
    sorter.prepare()
    layers = np.zeros(int(max(source.max(), target.max())) + 1, dtype=np.int64)
    layer = 0
    while sorter.is_active():
        ready = sorter.get_ready()
        layers[list(ready)] = layer
        sorter.done(*ready)
        layer += 1
    return layers
