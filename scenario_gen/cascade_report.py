"""What a cascade added to the physical failures: counts by node and by kind, and the share by which it raises the damage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .dependency_graph import DependencyGraph


@dataclass(frozen=True, slots=True, eq=False)
class CascadeReport:
    """Counts over scenarios.

    Attributes
    ----------
    scenarios
        Their number B.
    physical
        In how many of them each node failed physically, (n,).
    cascade_alone
        In how many it lost its function without having failed, (n,).
    by_kind
        ``(physical, cascade alone)`` summed over the nodes of each kind.
    """

    scenarios: int
    physical: NDArray[np.int64]
    cascade_alone: NDArray[np.int64]
    by_kind: Mapping[str, tuple[int, int]]

    @property
    def raised_by(self) -> float | None:
        """Share by which the cascade raises the number of nodes without function, cascade alone / physical; ``None`` without failures.

        The ST-ERAO paper's "12-18 %" (section 5.1) is 0.12 to 0.18 here.
        """
        physical = int(self.physical.sum())
        return int(self.cascade_alone.sum()) / physical if physical else None


def cascade_report(graph: DependencyGraph, failed: NDArray[np.bool_], lost: NDArray[np.bool_]) -> CascadeReport:
    """Return the counts of physical failures (B, n) and lost functions (B, n) of :func:`.cascade.sample_function`.

    Raises
    ------
    InputError
        The shapes differ, or a node failed and is said to have its function.
    """
    if failed.shape != lost.shape or failed.ndim != 2 or failed.shape[1] != len(graph):
        raise InputError(f"failed has shape {failed.shape}, lost {lost.shape}: expected both to be scenarios x {len(graph)} nodes")
    physical, without = failed.sum(axis=0, dtype=np.int64), lost.sum(axis=0, dtype=np.int64)
    kept = failed & ~lost
    if kept.any():
        row, node = (int(i) for i in np.argwhere(kept)[0])
        raise InputError(f"row {row}: node {graph.names[node]!r} failed physically, but lost is false: expected true")
    alone = without - physical
    kinds = np.array(graph.kind, dtype=object)
    by_kind = {kind: (int(physical[kinds == kind].sum()), int(alone[kinds == kind].sum())) for kind in dict.fromkeys(graph.kind)}
    return CascadeReport(len(failed), physical, alone, by_kind)
