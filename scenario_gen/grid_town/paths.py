"""Shortest paths without traffic, by Dijkstra's algorithm; travel times under traffic are a matter of equilibrium, not of this module."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from ...errors import InputError
from .streets import Array, Mask, Numbers


class Links(Protocol):
    """Directed links: ``tail``, ``head`` (L,) numbers of N nodes, no two links alike."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the nodes."""

    @property
    def tail(self) -> Numbers:
        """Where each link starts."""

    @property
    def head(self) -> Numbers:
        """Where each link ends."""


def free_flow_minutes(links: Links, minutes: Array, open_links: Mask | None = None) -> Array:
    """Return the shortest times between all nodes (N, N) over the links that are open; infinite where there is no way.

    ``minutes`` (L,) are positive; ``open_links`` (L,), all by default.
    """
    return np.asarray(dijkstra(_graph(links, minutes, open_links)))


def shortest_path(links: Links, minutes: Array, start: int, end: int, open_links: Mask | None = None) -> Numbers | None:
    """Return the numbers of the links of a shortest path from node ``start`` to node ``end``; ``None`` if there is no way.

    Raises
    ------
    InputError
        A node that does not exist.
    """
    for name, node in (("start", start), ("end", end)):
        if not 0 <= node < len(links.names):
            raise InputError(f"field {name!r}: {node}: expected a node, 0 to {len(links.names) - 1}")
    _, before = dijkstra(_graph(links, minutes, open_links), indices=start, return_predecessors=True)
    number = {pair: i for i, pair in enumerate(zip(links.tail.tolist(), links.head.tolist(), strict=True))}
    path: list[int] = []
    while end != start:
        previous = int(before[end])
        if previous < 0:
            return None
        path.append(number[previous, end])
        end = previous
    return np.array(path[::-1], dtype=np.int64)


def _graph(links: Links, minutes: Array, open_links: Mask | None) -> csr_array:
    if not (np.isfinite(minutes) & (minutes > 0)).all():
        link = int(np.argmin(np.isfinite(minutes) & (minutes > 0)))
        raise InputError(f"field 'minutes', link {link}: {minutes[link]:g}: expected a positive number")
    kept = np.ones(len(minutes), dtype=bool) if open_links is None else open_links
    shape = (len(links.names), len(links.names))
    return csr_array((minutes[kept], (links.tail[kept], links.head[kept])), shape=shape)
