"""Correlated standard normal fields at sites: circulant embedding on a grid, then local kriging to the sites.

The two fields that one transform gives are scenarios 2p and 2p + 1 (its real and imaginary part). The noise of pair p depends on (seed,
p), the residual of a site on (seed, k, site number), and the grid on all sites or the given box: so scenario k at site i is bit for bit
the same for any block of scenarios, any subset of sites, thread or rank. A sampler holds no state that changes: threads may share it.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError
from ..keyed import keyed_normals
from ..streams import Stream, generator
from .accuracy import ACCURACY, middle_variance, spacing_for
from .correlation import Array, Correlation, checked_sites
from .embedding import MOST_NODES, Embedding
from .fields import Sites, check_block, check_numbers, checked_dtype
from .grid import Grid
from .interpolation import local_kriging


class FieldSampler:
    """N(0, 1) fields with a given correlation at sites ``x_km``, ``y_km`` (n,), km east and north of any origin.

    Parameters
    ----------
    correlation
        Equation (4).
    seed
        Field k depends on (seed, k) alone.
    accuracy
        Largest error of any correlation coefficient between two sites, 0.01 by default; variances are exact. It sets the grid's spacing.
    spacing
        Spacing of the grid in correlation lengths instead of the coarsest that is accurate enough.
    box_km
        (x least, y least, x most, y most) of the area the grid covers, instead of the sites' own: a sampler to which sites are appended
        keeps its values at the others if both have the same box.
    dtype
        ``float32`` (rounding changes correlations by less than 1e-6) or ``float64``; the two draw different noise.
    most_nodes
        Nodes of the largest torus; each thread that samples needs 8 bytes a node in single precision.

    Raises
    ------
    InputError
        No site, a coordinate that is not finite or outside the box (named by site number), a spacing too coarse for the accuracy, a torus
        too large.
    """

    def __init__(
        self,
        correlation: Correlation,
        x_km: ArrayLike,
        y_km: ArrayLike,
        *,
        seed: int,
        accuracy: float = ACCURACY,
        spacing: float | None = None,
        box_km: tuple[float, float, float, float] | None = None,
        dtype: Any = np.float32,
        most_nodes: int = MOST_NODES,
    ):
        self.correlation, self.seed, self.dtype = correlation, seed, checked_dtype(dtype)
        self.x_km, self.y_km = checked_sites(x_km, y_km)
        u, v = correlation.isotropic(self.x_km, self.y_km)
        around = (u, v) if box_km is None else correlation.isotropic(*_corners(box_km, self.x_km, self.y_km))
        self.grid = Grid.covering(*around, _checked_spacing(spacing, accuracy))
        self.embedding = Embedding(self.grid, self.dtype, most_nodes)
        kriging = local_kriging(self.grid, u, v)
        self._corners = np.ascontiguousarray((kriging.rows * self.embedding.shape[1] + kriging.columns).T)
        self._weights = np.ascontiguousarray(kriging.weights.T, dtype=self.dtype)
        self._deviation = kriging.deviation.astype(self.dtype)

    def with_seed(self, seed: int) -> FieldSampler:
        """Return the same sampler with another seed; it shares all arrays."""
        other = copy.copy(self)
        other.seed = seed
        return other

    def field(self, k: int, sites: Sites | None = None) -> NDArray[Any]:
        """Return field ``k`` at all sites or at those given by number, (n,); it costs as much as the two fields of a pair."""
        return np.asarray(self.block(k, k + 1, sites)[0])

    def block(self, start: int, stop: int, sites: Sites | None = None) -> NDArray[Any]:
        """Return fields ``start, ..., stop - 1`` at all sites or at those given by number, (stop - start, n); best with an even start."""
        check_block(start, stop)
        corners, weights, deviation = self._corners, self._weights, self._deviation
        if sites is not None:
            check_numbers(sites, len(self.x_km))
            corners, weights, deviation = corners[:, sites], weights[:, sites], deviation[sites]
        out = np.empty((stop - start, len(deviation)), dtype=self.dtype)
        for pair in range(start // 2, (stop + 1) // 2):
            torus = self.embedding.fields(self.embedding.noise(generator(self.seed, pair, Stream.FIELD))).reshape(-1)
            both = torus.take(corners[0]) * weights[0]
            for corner, weight in zip(corners[1:], weights[1:], strict=True):
                both += torus.take(corner) * weight
            for k, part in ((2 * pair, both.real), (2 * pair + 1, both.imag)):
                if start <= k < stop:
                    residual = keyed_normals(self.seed, k, Stream.SITE_RESIDUAL, len(self.x_km) if sites is None else sites)
                    np.multiply(residual, deviation, out=out[k - start], casting="same_kind")
                    out[k - start] += part
        return out


def _checked_spacing(spacing: float | None, accuracy: float) -> float:
    coarsest = spacing_for(accuracy)
    if spacing is None:
        return coarsest
    if not (np.isfinite(spacing) and spacing > 0):
        raise InputError(f"spacing is {spacing:g}: expected a positive number of correlation lengths")
    if spacing > coarsest:
        raise InputError(
            f"spacing is {spacing:g} correlation lengths, at which correlations err by up to {middle_variance(spacing):.3g}: "
            f"expected at most {coarsest:.6f} for an accuracy of {accuracy:g}"
        )
    return spacing


def _corners(box_km: tuple[float, float, float, float], x: Array, y: Array) -> tuple[Array, Array]:
    """Return x and y of a box's corners, after a check that it holds all sites."""
    west, south, east, north = box_km
    outside = np.flatnonzero(~((x >= west) & (x <= east) & (y >= south) & (y <= north)))
    if len(outside):
        i = outside[0]
        raise InputError(f"site {i} at ({x[i]:g}, {y[i]:g}) km is outside box_km {west:g} to {east:g} east, {south:g} to {north:g} north")
    return np.array([west, west, east, east]), np.array([south, north, south, north])
