"""Equilibria of one network under many states of damage."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError
from ...instances.road_network import RoadNetwork
from .assignment import Assignment
from .user_equilibrium import user_equilibrium


def damaged_equilibria(
    network: RoadNetwork,
    demand: ArrayLike,
    *,
    closed: ArrayLike | None = None,
    slow: ArrayLike | None = None,
    capacity: ArrayLike | None = None,
    rel_gap: float = 1e-8,
    max_iterations: int = 10_000,
    base: Assignment | None = None,
) -> tuple[Assignment, ...]:
    """Return the user equilibrium of each of S scenarios of damage, without path flows.

    Each starts from the paths of the undamaged network and from nothing else, so a scenario's result does not depend on the others, their
    order or their number. Equal states of damage are solved once and share one result.

    Parameters
    ----------
    network, demand, rel_gap, max_iterations
        As in ``user_equilibrium``.
    closed, slow, capacity
        Damage (S, L) as in ``RoadNetwork.damaged``; what is left out is undamaged. At least one is to be given.
    base
        The equilibrium of the undamaged network with its paths, if there already; else it is computed to the same gap.

    Raises
    ------
    InputError
        Damage of different shapes or out of range; the message names the scenario. Otherwise as ``user_equilibrium``.
    """
    damage = {name: np.asarray(a) for name, a in (("closed", closed), ("slow", slow), ("capacity", capacity)) if a is not None}
    shapes = {name: a.shape for name, a in damage.items()}
    if not damage or any(len(s) != 2 or s != next(iter(shapes.values())) or s[1] != network.links for s in shapes.values()):
        found = ", ".join(f"{name} {shape}" for name, shape in shapes.items()) or "nothing"
        raise InputError(f"damage: found {found}: expected closed, slow or capacity of shape (scenarios, {network.links})")
    states = np.column_stack([a.astype(float) for a in damage.values()])
    _, first, which = np.unique(states, axis=0, return_index=True, return_inverse=True)
    start = base or user_equilibrium(network, demand, rel_gap=rel_gap, max_iterations=max_iterations)
    solved = []
    for k in first.tolist():
        hit = _damaged(network, {name: a[k] for name, a in damage.items()}, k)
        found_now = user_equilibrium(hit, demand, rel_gap=rel_gap, max_iterations=max_iterations, start=start)
        solved.append(replace(found_now, paths=None))
    return tuple(solved[i] for i in which.reshape(-1).tolist())


def _damaged(network: RoadNetwork, damage: dict[str, NDArray[np.generic]], scenario: int) -> RoadNetwork:
    try:
        return network.damaged(**damage)
    except InputError as e:
        raise InputError(f"scenario {scenario}: {e}") from None
