"""Dominance: a label that no completion can make better than another's is dropped.

Label p dominates q at the same node if p's load is no larger, p's ng-memory is part of q's, and F_p(t) + tolls <= F_q(t) at every time at
which q exists, where tolls are those of the cuts odd in p and even in q (Jepsen et al. 2008). F_p is convex and F_q linear between its
hinges, so that the difference is largest at q's earliest time, at a hinge of q, or far out.
"""

from __future__ import annotations

from ...solvers.route_problem import Array
from .compiled import compiled
from .labels import COUNT, HINGES, LOAD, SETS, TIME, VALUE
from .network import BITS, Integers, Prices


@compiled
def cost_by(floats: Array, integers: Integers, row: int, time: float) -> float:
    """Return F(time) of a label, ``time`` no earlier than its earliest."""
    cost = float(floats[row, VALUE])
    for k in range(integers[row, COUNT] - 1, -1, -1):
        if floats[row, HINGES + 2 * k] <= time:
            break
        cost += floats[row, HINGES + 2 * k + 1] * (floats[row, HINGES + 2 * k] - time)
    return cost


@compiled
def costs_no_more(floats: Array, integers: Integers, p: int, q: int, tolls: float, tolerance: float) -> bool:
    """Whether F_p + tolls <= F_q + tolerance wherever q exists; the limit far out is known to hold."""
    gap = tolls - tolerance
    if integers[p, COUNT] == 0:
        return True
    if cost_by(floats, integers, p, floats[q, TIME]) + gap > cost_by(floats, integers, q, floats[q, TIME]):
        return False
    for k in range(integers[q, COUNT]):
        time = floats[q, HINGES + 2 * k]
        if time > floats[q, TIME] and cost_by(floats, integers, p, time) + gap > cost_by(floats, integers, q, time):
            return False
    return True


@compiled
def dominates(floats: Array, integers: Integers, p: int, q: int, prices: Prices, level: int, tolerance: float) -> bool:
    """Whether p dominates q. ``level`` 0 is exact; 1 forgets memory and cuts, 2 load and time as well, for heuristic pricing."""
    if floats[p, VALUE] > floats[q, VALUE] + tolerance:
        return False
    if level == 2:
        return True
    if floats[p, TIME] > floats[q, TIME] or floats[p, LOAD] > floats[q, LOAD]:
        return False
    tolls = 0.0
    if level == 0:
        sets = prices.neighbours.shape[1]
        for word in range(sets):
            if integers[p, SETS + word] & ~integers[q, SETS + word]:
                return False
        for word in range(prices.members.shape[1]):
            paid = integers[p, SETS + sets + word] & ~integers[q, SETS + sets + word]
            cut = word * BITS
            while paid:
                if paid & 1:
                    tolls += prices.toll[cut]
                paid >>= 1
                cut += 1
        if floats[p, VALUE] + tolls > floats[q, VALUE] + tolerance:
            return False
    return costs_no_more(floats, integers, p, q, tolls, tolerance)
