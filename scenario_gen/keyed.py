"""Random numbers that can be asked for by number: that of item i depends on (seed, k, stream, i) alone.

A Philox generator (Salmon et al. 2011, Parallel random numbers: as easy as 1, 2, 3) gives its i-th word without the words before it, so a
subset of sites, buildings or network nodes gets bit for bit what all of them would have got.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Philox, SeedSequence
from numpy.typing import NDArray
from scipy.special import ndtri

from .streams import Stream

Array = NDArray[np.float64]

_WORDS = 4
"""Words of 64 bits that one step of Philox's counter gives."""


def keyed_words(seed: int, k: int, stream: Stream, start: int, stop: int) -> NDArray[np.uint64]:
    """Return words ``start, ..., stop - 1`` of 64 random bits, (stop - start,)."""
    bits = Philox(SeedSequence(seed, spawn_key=(k, int(stream))))
    skipped = start % _WORDS
    if start >= _WORDS:
        bits.advance(start // _WORDS)
    return bits.random_raw(stop - start + skipped)[skipped:]


def keyed_uniforms(seed: int, k: int, stream: Stream, items: int | NDArray[np.integer]) -> Array:
    """Return U(0, 1) of items ``0, ..., items - 1``, or of the numbers given, never 0 or 1; the shape of the items."""
    if isinstance(items, int | np.integer):
        words = keyed_words(seed, k, stream, 0, int(items))
    elif not items.size:
        return np.zeros(items.shape)
    else:
        first = int(items.min())
        words = keyed_words(seed, k, stream, first, int(items.max()) + 1)[items - first]
    return ((words >> np.uint64(12)).astype(float) + 0.5) * 2.0**-52


def keyed_normals(seed: int, k: int, stream: Stream, items: int | NDArray[np.integer]) -> Array:
    """Return N(0, 1) of the same items, by inversion of :func:`keyed_uniforms`."""
    return np.asarray(ndtri(keyed_uniforms(seed, k, stream, items)))
