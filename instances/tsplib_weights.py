"""Explicit weights of a TSPLIB file: a matrix, or one triangle of it, row by row, over any number of lines."""

from __future__ import annotations

import numpy as np

from .blocks import Array
from .tsplib_sections import File

FORMATS = ("FULL_MATRIX", "UPPER_ROW", "LOWER_ROW", "UPPER_DIAG_ROW", "LOWER_DIAG_ROW")
"""Values of EDGE_WEIGHT_FORMAT that are read."""


def weights(file: File, nodes: int, *, symmetric: bool) -> Array:
    """Return the explicit weights (N, N), 0 on the diagonal; ``symmetric``: a full matrix must be."""
    form = file.one_of("EDGE_WEIGHT_FORMAT", FORMATS, None)
    heading, lines = file.section("EDGE_WEIGHT_SECTION")
    rows, columns = {
        "FULL_MATRIX": np.indices((nodes, nodes)).reshape(2, -1),
        "UPPER_ROW": np.array(np.triu_indices(nodes, 1)),
        "LOWER_ROW": np.array(np.tril_indices(nodes, -1)),
        "UPPER_DIAG_ROW": np.array(np.triu_indices(nodes)),
        "LOWER_DIAG_ROW": np.array(np.tril_indices(nodes)),
    }[form]
    found = [(line, text) for line in lines for text in line.text.split()]
    if len(found) != len(rows):
        at = found[len(rows)][0] if len(found) > len(rows) else heading
        raise at.error(f"EDGE_WEIGHT_SECTION has {len(found)} weights: expected {len(rows)}, {form} of DIMENSION {nodes}")
    out = np.zeros((nodes, nodes))
    for (line, text), i, j in zip(found, rows.tolist(), columns.tolist(), strict=True):
        out[i, j] = 0.0 if i == j else line.real(f"the weight from node {i + 1} to node {j + 1}", text, least=0)
        if form != "FULL_MATRIX":
            out[j, i] = out[i, j]
        elif symmetric and i > j and out[i, j] != out[j, i]:
            there = f"the weight from node {i + 1} to node {j + 1} is {out[i, j]:g}, back it is {out[j, i]:g}"
            raise line.error(f"{there}: expected the same, or TYPE: ATSP")
    return out
