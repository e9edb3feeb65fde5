"""Rows of the chance master: on the common plan x, the scenarios' own variables Z (S, o) and the clusters' costs theta."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..matrices import Array

Indices = NDArray[np.int64]

FEASIBILITY, STAR, VALUE = "feasibility", "star", "value"


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """constant + slope'x + sum_k weight_k Z[place_k] <= theta_cluster (<= 0 without a cluster); places number Z scenario by scenario.

    What it was made of, for the certificate: ``source`` numbers the evaluation of a value row; of the others ``ray`` (m,) is the dual of
    group ``group``, ``alpha`` (n,) the slope that it was written with, ``chain`` the scenarios.
    """

    kind: str
    constant: float
    slope: Array
    places: Indices
    weights: Array
    cluster: int | None = None
    source: int = -1
    ray: Array | None = None
    group: int = 0
    alpha: Array | None = None
    chain: Indices | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """What tells rows of equal numbers."""
        return self.cluster, self.constant, self.slope.tobytes(), self.places.tobytes(), self.weights.tobytes()

    def at(self, x: Array, z: Array) -> float:
        """Return the left-hand side at x and Z (raveled)."""
        return self.constant + float(self.slope @ x) + float(self.weights @ z[self.places])

    def violation(self, x: Array, z: Array, theta: Array, unit: float) -> float:
        """Return by how much the row is violated, relative to its numbers, or to the master's unit of theta for a value row."""
        value = self.at(x, z)
        if self.cluster is None:
            return value / max(1.0, float(np.abs(self.slope) @ np.abs(x)))
        right = float(theta[self.cluster])
        return (value - right) / max(unit, abs(right))


def matrix(rows: Sequence[Row], num_x: int, num_z: int, num_theta: int) -> tuple[csr_array, Array]:
    """Return -slope, -weights, +1 on theta (k, n) and the rows' lower sides (k,): the rows read matrix @ (x, z, theta) >= constant."""
    data, indices, indptr = [], [], [0]
    for row in rows:
        some = np.flatnonzero(row.slope)
        own = row.weights != 0
        parts = [-row.slope[some], -row.weights[own]]
        columns = [some, num_x + row.places[own]]
        if row.cluster is not None:
            parts.append(np.ones(1))
            columns.append(np.array([num_x + num_z + row.cluster]))
        data.append(np.concatenate(parts))
        indices.append(np.concatenate(columns))
        indptr.append(indptr[-1] + len(data[-1]))
    shape = (len(rows), num_x + num_z + num_theta)
    if not rows:
        return csr_array(shape), np.zeros(0)
    return csr_array((np.concatenate(data), np.concatenate(indices), np.array(indptr)), shape=shape), np.array([r.constant for r in rows])
