"""Extension of labels: travel shifts the hinges, a service adds its penalty, and the prefix minimum takes the rising part away."""

from __future__ import annotations

import numpy as np

from ...solvers.route_problem import Array
from .compiled import compiled
from .labels import ALIVE, COUNT, FINISHED, HINGES, LOAD, NODE, PARENT, SETS, TIME, VALUE
from .network import BITS, Integers, Network, Prices


@compiled
def add_hinge(floats: Array, integers: Integers, row: int, place: float, weight: float) -> None:
    """Insert a hinge in its place; there must be room."""
    k = integers[row, COUNT]
    integers[row, COUNT] = k + 1
    while k > 0 and floats[row, HINGES + 2 * k - 2] > place:
        floats[row, HINGES + 2 * k] = floats[row, HINGES + 2 * k - 2]
        floats[row, HINGES + 2 * k + 1] = floats[row, HINGES + 2 * k - 1]
        k -= 1
    floats[row, HINGES + 2 * k] = place
    floats[row, HINGES + 2 * k + 1] = weight


@compiled
def drop_past_hinges(floats: Array, integers: Integers, row: int) -> None:
    """Remove the hinges that lie before the earliest time: they are 0."""
    count, kept = integers[row, COUNT], 0
    for k in range(count):
        if floats[row, HINGES + 2 * k] > floats[row, TIME]:
            floats[row, HINGES + 2 * kept] = floats[row, HINGES + 2 * k]
            floats[row, HINGES + 2 * kept + 1] = floats[row, HINGES + 2 * k + 1]
            kept += 1
    integers[row, COUNT] = kept


@compiled
def be_late(floats: Array, integers: Integers, row: int, latest: float, late: float) -> None:
    r"""Add late * max(0, t - latest), latest >= time, and take the prefix minimum.

    On the right the slope is late less the weights of the hinges further right. So ``late`` is taken off the rightmost hinges beyond
    ``latest``, each weight w taken at place a costs w (a - latest), and what was taken becomes a hinge at ``latest``.
    """
    count, taken = integers[row, COUNT], 0.0
    while count > 0 and taken < late and floats[row, HINGES + 2 * count - 2] > latest:
        weight = min(late - taken, floats[row, HINGES + 2 * count - 1])
        floats[row, VALUE] += weight * (floats[row, HINGES + 2 * count - 2] - latest)
        taken += weight
        if weight < floats[row, HINGES + 2 * count - 1]:
            floats[row, HINGES + 2 * count - 1] -= weight
            break
        count -= 1
    integers[row, COUNT] = count
    if taken > 0.0 and latest > floats[row, TIME]:
        add_hinge(floats, integers, row, latest, taken)


@compiled
def serve(floats: Array, integers: Integers, row: int, node: int, network: Network) -> bool:
    """Begin service at ``node``: from the function of arrival to that of beginning. False where a hard window forbids it."""
    early, late = network.early[node], network.late[node]
    if np.isinf(early) and floats[row, TIME] < network.earliest[node]:
        floats[row, TIME] = network.earliest[node]
    if np.isinf(late) and floats[row, TIME] > network.room[node]:
        return False
    if network.step == 1 and node > 0:
        if late > 0.0 and floats[row, TIME] > network.room[node]:
            floats[row, VALUE] += late
        slack = 1e-9 * max(1.0, abs(network.earliest[node]))
        if early > 0.0 and not np.isinf(early) and floats[row, TIME] <= network.earliest[node] + slack:
            floats[row, VALUE] -= early
        return True
    if integers[row, COUNT] > 0:
        drop_past_hinges(floats, integers, row)
    if early > 0.0 and not np.isinf(early) and network.earliest[node] > floats[row, TIME]:
        add_hinge(floats, integers, row, network.earliest[node], early)
    if late > 0.0:
        latest = network.latest[node]
        if floats[row, TIME] > latest:
            if not np.isinf(late):
                floats[row, VALUE] += late * (floats[row, TIME] - latest)
            latest = floats[row, TIME]
        if integers[row, COUNT] > 0:
            be_late(floats, integers, row, latest, late)
    return True


@compiled
def travel(floats: Array, integers: Integers, label: int, node: int, row: int, network: Network, prices: Prices) -> bool:
    """Write into ``row`` the label that goes on from ``label`` to ``node`` and begins service there; False where that cannot be."""
    last = integers[label, NODE]
    duration = network.duration[last, node]
    floats[row, LOAD] = floats[label, LOAD] + network.demand[node]
    floats[row, TIME] = floats[label, TIME] + duration
    floats[row, VALUE] = floats[label, VALUE] + prices.cost[last, node]
    if floats[row, LOAD] > network.capacity or np.isinf(duration) or np.isinf(floats[row, VALUE]):
        return False
    count = integers[label, COUNT]
    integers[row, COUNT] = count
    for k in range(count):
        floats[row, HINGES + 2 * k] = floats[label, HINGES + 2 * k] + duration
        floats[row, HINGES + 2 * k + 1] = floats[label, HINGES + 2 * k + 1]
    return serve(floats, integers, row, node, network)


@compiled
def out_of_reach(floats: Array, row: int, node: int, other: int, network: Network) -> bool:
    """Whether no path that begins with the one in ``row``, at ``node``, can still serve ``other``."""
    if floats[row, LOAD] + network.demand[other] > network.capacity:
        return True
    return bool(np.isinf(network.late[other])) and bool(floats[row, TIME] + network.shortest[node, other] > network.room[other])


@compiled
def extend(floats: Array, integers: Integers, label: int, node: int, row: int, network: Network, prices: Prices) -> bool:
    """Write into ``row`` the extension of ``label`` to site ``node``; False where it is none."""
    sets = prices.neighbours.shape[1]
    if (integers[label, SETS + node // BITS] >> (node % BITS)) & 1:
        return False
    if not travel(floats, integers, label, node, row, network, prices):
        return False
    if np.isinf(network.late[0]) and floats[row, TIME] + network.shortest[node, 0] > network.room[0]:
        return False
    integers[row, NODE], integers[row, PARENT], integers[row, ALIVE] = node, label, 1
    floats[row, FINISHED] = np.inf
    for word in range(sets):
        near = prices.neighbours[node, word]
        visited = integers[label, SETS + word] & near
        rest, other = near & ~visited, word * BITS
        while rest:
            if rest & 1 and out_of_reach(floats, row, node, other, network):
                visited |= 1 << (other - word * BITS)
            rest >>= 1
            other += 1
        integers[row, SETS + word] = visited
    integers[row, SETS + node // BITS] |= 1 << (node % BITS)
    for word in range(prices.members.shape[1]):
        odd = integers[label, SETS + sets + word] & prices.memory[node, word]
        member = prices.members[node, word]
        second, cut = odd & member, word * BITS
        while second:
            if second & 1:
                floats[row, VALUE] += prices.toll[cut]
            second >>= 1
            cut += 1
        integers[row, SETS + sets + word] = odd ^ member
    return True
