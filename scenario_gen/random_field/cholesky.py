r"""The exact reference: fields L z with L L' = R of (4), for up to some ten thousand sites.

Costs n^3/3 operations and 8 n^2 bytes once, 2 n^2 operations a field. Field k depends on (seed, k) alone: its z is drawn for all sites,
and products are made for groups of scenarios that are always the same ones.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cholesky
from scipy.spatial import cKDTree

from ...errors import InputError
from ..streams import Stream, generator
from .correlation import Array, Correlation, checked_sites
from .fields import Sites, check_block, check_numbers

MOST_SITES = 13_000
"""Sites of the largest dense matrix by default (1.35 GB)."""

GROUP = 16
"""Scenarios that are multiplied together."""

CLOSEST = 1e-12
"""Sites closer than this, in correlation lengths, are at one place: their matrix is singular."""


class CholeskySampler:
    """N(0, 1) fields with exactly the correlation (4) at sites ``x_km``, ``y_km`` (n,); the methods of ``FieldSampler``.

    Raises
    ------
    InputError
        More than ``most_sites`` sites, two sites at one place, or what :func:`.checked_sites` refuses.
    """

    def __init__(self, correlation: Correlation, x_km: ArrayLike, y_km: ArrayLike, *, seed: int, most_sites: int = MOST_SITES):
        self.correlation, self.seed, self.dtype = correlation, seed, np.dtype(float)
        self.x_km, self.y_km = checked_sites(x_km, y_km)
        n = len(self.x_km)
        if n > most_sites:
            raise InputError(
                f"{n} sites need a dense matrix of {8e-9 * n * n:.2g} GB: expected at most {most_sites} sites "
                f"({8e-9 * most_sites * most_sites:.2g} GB); FieldSampler has no such limit"
            )
        check_apart(correlation, self.x_km, self.y_km, "site")
        # the matrix is symmetric: its transpose is the column-major array that LAPACK factors in place
        self._factor: Array = cholesky(correlation.matrix(self.x_km, self.y_km).T, lower=True, overwrite_a=True, check_finite=False)

    def with_seed(self, seed: int) -> CholeskySampler:
        """Return the same sampler with another seed; it shares all arrays."""
        other = copy.copy(self)
        other.seed = seed
        return other

    def field(self, k: int, sites: Sites | None = None) -> Array:
        """Return field ``k`` at all sites or at those given by number, (n,)."""
        return np.asarray(self.block(k, k + 1, sites)[0])

    def block(self, start: int, stop: int, sites: Sites | None = None) -> Array:
        """Return fields ``start, ..., stop - 1`` at all sites or at those given by number, (stop - start, n)."""
        check_block(start, stop)
        n = len(self.x_km)
        if sites is not None:
            check_numbers(sites, n)
        out = np.empty((stop - start, n if sites is None else len(sites)))
        noise = np.empty((n, GROUP))
        for group in range(start // GROUP, -(-stop // GROUP)):
            first = group * GROUP
            for k in range(GROUP):
                noise[:, k] = generator(self.seed, first + k, Stream.FIELD).standard_normal(n)
            fields: NDArray[Any] = (self._factor @ noise).T
            low, high = max(start, first), min(stop, first + GROUP)
            kept = fields[low - first : high - first]
            out[low - start : high - start] = kept if sites is None else kept[:, sites]
        return out


def check_apart(correlation: Correlation, x_km: Array, y_km: Array, name: str) -> None:
    """Check that no two sites are at one place; the message calls them ``name``."""
    if len(x_km) < 2:
        return
    places = np.column_stack(correlation.isotropic(x_km, y_km))
    distance, nearest = cKDTree(places).query(places, k=2)
    i = int(np.argmin(distance[:, 1]))
    if distance[i, 1] < CLOSEST:
        j = int(nearest[i, 1] if nearest[i, 1] != i else nearest[i, 0])
        raise InputError(f"{name} {min(i, j)} and {name} {max(i, j)} are both at ({x_km[i]:g}, {y_km[i]:g}) km: expected different places")
