"""The labelling search: labels are extended in order of time and load, each kept only if no other dominates it."""

from __future__ import annotations

from ...solvers.route_problem import Array
from .compiled import compiled
from .dominance import dominates
from .extension import extend, travel
from .labels import (
    ALIVE,
    COUNT,
    DONE,
    FINISHED,
    HINGES,
    HINGES_FULL,
    LOAD,
    NEXT,
    NODE,
    POOL_FULL,
    SIZE,
    STATUS,
    TIME,
    VALUE,
    WAITING,
)
from .network import Integers, Network, Prices


@compiled
def push(heap: Integers, keys: Array, size: int, label: int, key: float) -> None:
    """Put a label on the heap of ``size`` labels, the least key first."""
    k = size
    while k > 0 and keys[(k - 1) // 2] > key:
        heap[k], keys[k] = heap[(k - 1) // 2], keys[(k - 1) // 2]
        k = (k - 1) // 2
    heap[k], keys[k] = label, key


@compiled
def pop(heap: Integers, keys: Array, size: int) -> int:
    """Take the first label off the heap of ``size`` labels."""
    first = heap[0]
    label, key = heap[size - 1], keys[size - 1]
    k = 0
    while 2 * k + 1 < size - 1:
        child = 2 * k + 1
        if child + 1 < size - 1 and keys[child + 1] < keys[child]:
            child += 1
        if keys[child] >= key:
            break
        heap[k], keys[k] = heap[child], keys[child]
        k = child
    heap[k], keys[k] = label, key
    return int(first)


@compiled
def keep(
    floats: Array, integers: Integers, heads: Integers, row: int, network: Network, prices: Prices, level: int, tolerance: float
) -> bool:
    """Insert a new label among those of its node, sorted by value in each bucket, unless one dominates it; drop those it dominates."""
    node = integers[row, NODE]
    bucket = int((floats[row, network.axis] - network.low[node]) / network.width[node])
    bucket = min(max(bucket, 0), network.buckets - 1)
    value = floats[row, VALUE]
    for b in range(network.buckets if level == 2 else bucket + 1):
        other = heads[node, b]
        while other >= 0 and floats[other, VALUE] <= value + tolerance:
            if dominates(floats, integers, other, row, prices, level, tolerance):
                return False
            other = integers[other, NEXT]
    for b in range(0 if level == 2 else bucket, network.buckets):
        before, other, here = -1, heads[node, b], b != bucket
        while other >= 0:
            after = integers[other, NEXT]
            if not here and floats[other, VALUE] >= value:
                here = True
                if before < 0:
                    heads[node, b] = row
                else:
                    integers[before, NEXT] = row
                integers[row, NEXT] = other
                before = row
            if floats[other, VALUE] >= value - tolerance and dominates(floats, integers, row, other, prices, level, tolerance):
                integers[other, ALIVE] = 0
                if before < 0:
                    heads[node, b] = after
                else:
                    integers[before, NEXT] = after
            else:
                before = other
            other = after
        if not here:
            integers[row, NEXT] = -1
            if before < 0:
                heads[node, b] = row
            else:
                integers[before, NEXT] = row
    return True


@compiled
def search(
    floats: Array,
    integers: Integers,
    heads: Integers,
    heap: Integers,
    keys: Array,
    counters: Integers,
    network: Network,
    prices: Prices,
    level: int,
    tolerance: float,
) -> None:
    """Extend labels until none waits, or until a table is full: make it larger and call again.

    A label whose extension was cut short is extended once more; what it made already dominates the repetitions.
    """
    weight = 1e-3 / max(network.capacity, 1e-300)
    hinges = (floats.shape[1] - HINGES) // 2
    while counters[WAITING] > 0:
        size = counters[SIZE]
        if size + len(network.demand) + 1 > len(floats):
            counters[STATUS] = POOL_FULL
            return
        label = heap[0]
        if integers[label, ALIVE] == 1 and integers[label, COUNT] + 2 > hinges and floats.shape[1] > HINGES:
            counters[STATUS] = HINGES_FULL
            return
        pop(heap, keys, counters[WAITING])
        counters[WAITING] -= 1
        if integers[label, ALIVE] == 0:
            continue
        last = integers[label, NODE]
        if last > 0 and travel(floats, integers, label, 0, size, network, prices):
            floats[label, FINISHED] = floats[size, VALUE]
        for s in range(prices.successor_count[last]):
            node = prices.successors[last, s]
            if not extend(floats, integers, label, node, size, network, prices):
                continue
            if keep(floats, integers, heads, size, network, prices, level, tolerance):
                key = floats[size, TIME] + weight * floats[size, LOAD]
                push(heap, keys, counters[WAITING], size, key)
                counters[WAITING] += 1
                size += 1
        counters[SIZE] = size
    counters[STATUS] = DONE
