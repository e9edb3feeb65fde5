r"""Noisy-OR: eq. 7-8 of the ST-ERAO paper on marginal probabilities, an approximation.

    P(v) = 1 - (1 - P_direct(v)) prod_{(u,v)} (1 - w_uv P(u))                                          (8)

The product treats the parents of v as independent. Losses of function are increasing functions of independent failures and edges, hence
positively associated (Harris 1960), so (8) is at least the true probability, for independent or positively associated direct failures,
with cycles too. It is exact on polytrees (no two ways between nodes, whatever the direction). Elsewhere it may be far off: a hub that fails
with probability 0.1, ten nodes that depend on it and one node that depends on the ten, all with weight 0.8, give that node 0.484; the truth
is 0.100, since nothing happens while the hub stands. Sums of logarithms keep small probabilities to full relative accuracy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .dependency_graph import DependencyGraph

Array = NDArray[np.float64]

_TOLERANCE = 1e-14
_MOST_ROUNDS = 100_000


def noisy_or_marginals(graph: DependencyGraph, direct: ArrayLike) -> Array:
    """Return P(v) of (8): an upper bound on the probability that a node is without function, exact on polytrees.

    Parameters
    ----------
    graph
        The dependency graph of n nodes. On cycles (8) is iterated upward from the direct probabilities to its least fixed point, until no
        probability of the row rises by more than a relative 1e-14.
    direct
        P_direct, (n,) or (B, n): probability P(DS >= ds_crit) of eq. 6 that each node fails physically. Rows do not affect each other.

    Returns
    -------
    total
        P, of the shape of ``direct``.

    Raises
    ------
    InputError
        A probability outside [0, 1], a wrong shape, or a cycle that does not settle: its weights are too close to 1.
    """
    out = checked_direct(graph, direct)
    total = np.atleast_2d(out)
    weight = graph.weight[graph.steps.order]
    with np.errstate(divide="ignore"):  # ln 0 = -inf is right
        for step in graph.steps.steps:
            w = weight[step.first : step.stop]
            ln_stands = np.log1p(-total[:, step.target])  # as far as earlier steps go
            rows = np.arange(len(total))
            for _ in range(_MOST_ROUNDS):
                here = np.ix_(rows, step.target)
                ln_kept = np.add.reduceat(np.log1p(-w * total[np.ix_(rows, step.source)]), step.start, axis=1)
                after = np.abs(np.expm1(ln_stands[rows] + ln_kept))
                rises = (after - total[here] > _TOLERANCE * after).any(axis=1)
                total[here] = after
                rows = rows[rises]
                if not (step.repeat and rows.size):
                    break
            else:
                node = graph.names[int(step.target[0])]
                raise InputError(f"eq. 8 does not settle on the cycles about {node!r}: weights too close to 1; sample the cascade instead")
    return out


def checked_direct(graph: DependencyGraph, direct: ArrayLike) -> Array:
    """Return direct probabilities as an array, refused if one is out of range or the shape is wrong."""
    p = np.array(direct, dtype=float)
    if p.ndim not in (1, 2) or p.shape[-1] != len(graph):
        raise InputError(f"direct has shape {p.shape}: expected one probability for each of the {len(graph)} nodes, in rows or alone")
    wrong = np.argwhere(~((p >= 0) & (p <= 1)))
    if wrong.size:
        place = tuple(int(i) for i in wrong[0])
        row = f"row {place[0]}: " if p.ndim == 2 else ""
        raise InputError(f"{row}direct probability of node {graph.names[place[-1]]!r} is {p[place]:g}: expected 0 to 1")
    return p
