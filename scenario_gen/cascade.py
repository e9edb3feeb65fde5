r"""Cascades: which components of an infrastructure lose their function, sampled jointly, scenario by scenario.

Physical and functional state are two things. In scenario k, node v has failed physically if its damage state has reached its critical one;
edge e = (u, v) transmits with probability w_e, whatever else happens; and

    lost(v) = failed(v)  or  lost(u) for some u with a transmitting edge (u, v)                        (1)

A cascade takes function away; it damages nothing. With cycles (a pump needs power, the power plant cooling water) (1) has several
solutions and the least is meant: function is lost only where a chain of transmitting edges leads from a physical failure to the node.

Eq. 7-8 of the ST-ERAO paper put the same weights into marginal probabilities: :func:`.noisy_or.noisy_or_marginals`. Decisions need joint
states, for a substation that takes ten pumps takes them in one scenario.

Edge number i transmits if its 32 random bits are below w_i 2^32, rounded: the probability is w_i to within 2^-33, and exact for 0 and 1.
The bits are the low (i even) or high (i odd) half of word i // 2 of stream ``CASCADE`` of (seed, k). 64 scenarios share a machine word,
with which (1) is ``lost[v] |= lost[u] & transmits[e]``.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..processes import most_threads
from .cascade_report import CascadeReport, cascade_report
from .cascade_steps import Steps
from .dependency_graph import DependencyGraph
from .exact_marginals import exact_marginals
from .keyed import keyed_words
from .noisy_or import noisy_or_marginals
from .streams import Stream

__all__ = ["CascadeReport", "DependencyGraph", "cascade_report", "exact_marginals", "noisy_or_marginals", "sample_function"]

Bits = NDArray[np.bool_]
Words = NDArray[np.uint64]

_MOST_WORDS = 8
_WORDS_OF_EDGES = 2**20
"""A thread takes 64 times so many scenarios at a time, fewer if the edges' words would be more than these; no number depends on it."""


def sample_function(graph: DependencyGraph, failed: Bits, *, seed: int, first_scenario: int = 0, threads: int | None = None) -> Bits:
    """Return which nodes are without function.

    Parameters
    ----------
    graph
        The dependency graph of n nodes; cycles are settled by the least fixed point (its ``strict`` option refuses them).
    failed
        Which nodes failed physically, (B, n), in scenarios ``first_scenario, ..., first_scenario + B - 1``.
    seed
        Not negative. Row k depends on it, on the scenario's number and on ``failed[k]`` alone: chunks and threads change no bit.
    threads
        At most so many; by default one per processor.

    Returns
    -------
    lost
        (B, n), true wherever ``failed`` is. On the same seed and scenario fewer failures, or smaller weights, never lose more.

    Raises
    ------
    InputError
        ``failed`` is not boolean or not (B, n), or a number is out of range.
    """
    if failed.dtype != np.bool_ or failed.ndim != 2 or failed.shape[1] != len(graph):
        found = f"failed is of type {failed.dtype} and shape {failed.shape}"
        raise InputError(f"{found}: expected booleans, scenarios x {len(graph)} nodes (such as state >= 3)")
    for name, value, least in (("seed", seed, 0), ("first_scenario", first_scenario, 0), ("threads", threads, 1)):
        if value is not None and value < least:
            raise InputError(f"{name} is {value}: must be at least {least}")
    lost = np.empty(failed.shape, dtype=np.bool_)
    threshold, always = _thresholds(graph)
    steps = graph.steps
    block = 64 * max(1, min(_MOST_WORDS, _WORDS_OF_EDGES // max(1, len(threshold))))

    def run(start: int) -> None:
        part = failed[start : start + block]
        lost_words, transmits = _drawn(part, threshold, seed, first_scenario + start)
        transmits = transmits[:, graph.number[steps.order]]
        transmits[:, always[steps.order]] = ~np.uint64(0)
        _spread(steps, lost_words, transmits)
        _unpack(lost_words, lost[start : start + block])

    starts = range(0, len(failed), block)
    workers = min(threads or most_threads(), len(starts))
    if workers <= 1:
        for start in starts:
            run(start)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(run, starts))
    return lost


def _thresholds(graph: DependencyGraph) -> tuple[NDArray[np.uint32], Bits]:
    """Return what the 32 bits of each edge number must be below, and which edges transmit whatever they are."""
    scaled = np.rint(graph.weight * 2.0**32)
    always = scaled >= 2.0**32
    threshold = np.zeros(int(graph.number.max(initial=-1)) + 1, dtype=np.uint32)
    threshold[graph.number] = np.where(always, 0.0, scaled).astype(np.uint32)
    return threshold, always


def _drawn(failed: Bits, threshold: NDArray[np.uint32], seed: int, first: int) -> tuple[Words, Words]:
    """Return failures (W, n) and transmitting edge numbers (W, N) of some scenarios, 64 in a word."""
    rows = -(-len(failed) // 64) * 8
    lost = np.zeros((rows, failed.shape[1]), dtype=np.uint8)
    transmits = np.zeros((rows, len(threshold)), dtype=np.uint8)
    for i in range(len(failed)):
        words = keyed_words(seed, first + i, Stream.CASCADE, 0, (len(threshold) + 1) // 2)
        halves = words.astype("<u8", copy=False).view("<u4")[: len(threshold)]
        bit = np.uint8(i % 8)
        lost[i // 8] |= failed[i].view(np.uint8) << bit
        transmits[i // 8] |= (halves < threshold).view(np.uint8) << bit
    return _words(lost), _words(transmits)


def _words(rows: NDArray[np.uint8]) -> Words:
    """Return rows (8 W, m) of eight scenarios a byte as (W, m) words of 64."""
    bytes_together = np.ascontiguousarray(rows.reshape(len(rows) // 8, 8, -1 if rows.size else 0).transpose(0, 2, 1))
    return bytes_together.view(np.uint64)[:, :, 0]


def _unpack(words: Words, out: Bits) -> None:
    """Write words (W, n) of 64 scenarios to ``out`` (B, n), B at most 64 W."""
    rows = np.ascontiguousarray(words[:, :, None].view(np.uint8).transpose(0, 2, 1))
    for i in range(len(out)):
        np.not_equal(rows[i // 64, i % 64 // 8] & np.uint8(1 << i % 8), 0, out=out[i])


def _spread(steps: Steps, lost: Words, transmits: Words) -> None:
    """Apply (1) to ``lost`` (W, n), given which of the sorted edges transmit (W, E)."""
    for step in steps.steps:
        edges = transmits[:, step.first : step.stop]
        while True:
            before = lost[:, step.target]
            after = before | np.bitwise_or.reduceat(lost[:, step.source] & edges, step.start, axis=1)
            lost[:, step.target] = after
            if not step.repeat or np.array_equal(before, after):
                break
