"""The dependency graph of an infrastructure: by an edge u -> v of weight w, v loses its function with probability w when u has lost it.

Nodes and edges are numbered in the order given. The number of an edge addresses its random number in every scenario, so it travels with
the edge to networkx and back, as attribute ``number``, and a subgraph draws what the whole graph draws.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .cascade_steps import Steps, steps_of
from .edge_columns import check_edges, numeric, places

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class DependencyGraph:
    """A checked graph; made by :meth:`from_arrays` or :meth:`from_networkx`.

    Attributes
    ----------
    names
        The nodes (n).
    kind
        The kind of each node, ``""`` where none was given.
    source, target
        Numbers (E,) of the nodes of each edge; the target depends on the source.
    weight
        Probability (E,) that loss of function of the source takes function of the target.
    number
        Number (E,) that addresses the edge's random number.
    """

    names: tuple[Hashable, ...]
    kind: tuple[str, ...]
    source: Numbers
    target: Numbers
    weight: Array
    number: Numbers

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def from_arrays(
        cls,
        names: Sequence[Hashable],
        source: Sequence[Hashable] | NDArray[Any],
        target: Sequence[Hashable] | NDArray[Any],
        weight: ArrayLike,
        *,
        kind: Sequence[str] | None = None,
        number: ArrayLike | None = None,
        strict: bool = False,
        where: str = "",
    ) -> DependencyGraph:
        """Return the graph of edge columns.

        Parameters
        ----------
        names
            The nodes (n), all different.
        source, target
            The ends (E,) of each edge: arrays of integers hold places in ``names``, counted from 0; anything else holds names.
        weight
            Probabilities (E,), 0 to 1.
        kind
            The kind of each node (n).
        number
            Numbers of the edges (E,), not negative and all different; ``0, ..., E - 1`` unless given.
        strict
            Refuse cycles.
        where
            Put before messages, such as ``"edges.csv: "``.

        Raises
        ------
        InputError
            A node named twice; an edge to a node that does not exist, from a node to itself, or given twice; a weight outside [0, 1];
            columns of different lengths; with ``strict``, a cycle. The message names the row, counted from 1, and the field.
        """
        place: dict[Hashable, int] = {}
        for i, name in enumerate(names):
            if name in place:
                raise InputError(f"{where}node {i + 1}: name {name!r} is already that of node {place[name] + 1}")
            place[name] = i
        kinds = ("",) * len(place) if kind is None else tuple(kind)
        if len(kinds) != len(place):
            raise InputError(f"{where}field 'kind' has {len(kinds)} values: expected one for each of the {len(place)} nodes")
        ends = [places(column, field, place, where) for column, field in ((source, "source"), (target, "target"))]
        w = numeric(weight, "weight", len(ends[0]), where).astype(float)
        numbers = numeric(np.arange(len(w)) if number is None else number, "number", len(w), where)
        numeric(ends[1], "target", len(w), where)
        check_edges(tuple(place), ends[0], ends[1], w, numbers, where)
        graph = cls(tuple(place), kinds, ends[0], ends[1], w, numbers.astype(np.int64))
        if strict and (cycle := graph.cycle()):
            path = " -> ".join(repr(name) for name in (*cycle, cycle[0]))
            raise InputError(f"{where}the graph has a cycle: {path}; expected none in strict mode")
        return graph

    @classmethod
    def from_networkx(cls, graph: Any, weight: str = "weight", *, strict: bool = False, where: str = "") -> DependencyGraph:
        """Return the graph of a ``networkx.DiGraph``, in the order of its nodes and edges.

        The node attribute ``kind`` and the edge attribute ``number`` are optional (the latter: on all edges or none).

        Raises
        ------
        InputError
            As in :meth:`from_arrays`; an undirected graph; an edge without the attribute ``weight``.
        """
        if not graph.is_directed():
            raise InputError(f"{where}the graph is undirected: expected a networkx.DiGraph whose edge u -> v says that v depends on u")
        edges = list(graph.edges(data=True))
        for row, (u, v, data) in enumerate(edges, 1):
            if weight not in data:
                raise InputError(f"{where}row {row}: edge {u!r} -> {v!r} has no attribute {weight!r}")
        numbered = [data["number"] for *_, data in edges if "number" in data]
        if len(numbered) not in (0, len(edges)):
            raise InputError(f"{where}{len(numbered)} of {len(edges)} edges have an attribute 'number': expected all or none")
        nodes = list(graph.nodes)
        place = {name: i for i, name in enumerate(nodes)}
        return cls.from_arrays(
            nodes,
            np.array([place[u] for u, *_ in edges], dtype=np.int64),
            np.array([place[v] for _, v, _ in edges], dtype=np.int64),
            [data[weight] for *_, data in edges],
            kind=[str(graph.nodes[name].get("kind", "")) for name in nodes],
            number=numbered or None,
            strict=strict,
            where=where,
        )

    def to_networkx(self) -> Any:
        """Return a ``networkx.DiGraph`` with node attribute ``kind`` and edge attributes ``weight`` and ``number``."""
        import networkx as nx

        graph = nx.DiGraph()
        graph.add_nodes_from((name, {"kind": kind}) for name, kind in zip(self.names, self.kind, strict=True))
        columns = (self.source.tolist(), self.target.tolist(), self.weight.tolist(), self.number.tolist())
        for u, v, w, number in zip(*columns, strict=True):
            graph.add_edge(self.names[u], self.names[v], weight=w, number=number)
        return graph

    def cycle(self) -> tuple[Hashable, ...]:
        """Return the nodes of one cycle, each followed by one that depends on it; empty if the graph has none."""
        sorter: TopologicalSorter[int] = TopologicalSorter()
        for u, v in zip(self.source.tolist(), self.target.tolist(), strict=True):
            sorter.add(v, u)
        try:
            sorter.prepare()
        except CycleError as e:
            return tuple(self.names[i] for i in e.args[1][:-1])
        return ()

    @cached_property
    def steps(self) -> Steps:
        """The order in which losses travel."""
        return steps_of(len(self), self.source, self.target)
