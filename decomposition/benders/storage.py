"""Large scenario arrays: in memory up to a size, beyond it in a temporary file that the system pages in and out."""

from __future__ import annotations

import tempfile

import numpy as np

from ..matrices import Array

IN_MEMORY_BYTES = 1_500_000_000
"""Larger arrays go to a file in the temporary folder (``TMPDIR``), which vanishes with the process."""


def new_array(shape: tuple[int, int]) -> Array:
    """Return an array of zeros; its pages take room when they are first written."""
    size = shape[0] * shape[1] * 8
    if size <= IN_MEMORY_BYTES:
        return np.zeros(shape)
    with tempfile.TemporaryFile(prefix="quakeops-") as file:
        return np.memmap(file, dtype=np.float64, mode="w+", shape=shape)
