r"""Stationary fields with correlation exp(-r) on a regular grid, exactly, by circulant embedding.

The grid is part of a torus of P1 x P2 nodes whose covariance is that of the shortest way around, so that on the grid it is the wanted
one. Its eigenvalues are the torus's discrete Fourier transform: with c(i, j) = exp(-spacing hypot(i, j)), i <= P1/2, j <= P2/2,

    lambda = DFT of the even extension of c = type-1 cosine transform of c                                       (5)

If no eigenvalue is negative, then for independent N(0, 1) numbers e1, e2 on the torus

    z1 + i z2 = DFT(sqrt(lambda / (P1 P2)) (e1 + i e2))                                                          (6)

are two independent fields with covariance c (Dietrich & Newsam, SIAM J. Sci. Comput. 18(4), 1997; Wood & Chan, J. Comput. Graph. Stat.
3(4), 1994). The torus grows until the spectrum is nonnegative. No eigenvalue is clipped: one between -1e-12 of the largest and 0 is a
rounding error of (5) and counts as 0, a lower one makes the torus grow.

For a side of length L the torus is at least 2 L around, or L + 28 if that is less: there, distances d above half of it are taken the short
way, L + 28 - d >= 28, and both correlations are below exp(-28) = 7e-13.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn, fft, next_fast_len

from ...errors import InputError
from .grid import Grid

Array = NDArray[np.float64]

MOST_NODES = 2**26
"""Nodes of the largest torus by default: 0.8 GB in single precision, and 0.5 GB more for each further thread."""

NEGLIGIBLE = 28.0
"""Distance in correlation lengths at which the correlation is below 1e-12."""

ROUNDING = 1e-12
"""Eigenvalues above minus this part of the largest are zero but for rounding."""


class Embedding:
    """The torus of a grid: half its sides in nodes ``half`` (rows, columns), its spectrum, and what follows from it.

    Raises
    ------
    InputError
        More than ``most_nodes`` nodes are needed for a nonnegative spectrum.
    """

    def __init__(self, grid: Grid, dtype: Any = np.float32, most_nodes: int = MOST_NODES):
        self.grid, self.dtype = grid, np.dtype(dtype)
        self.half, eigenvalues = _nonnegative(grid, most_nodes)
        amplitude = np.sqrt(eigenvalues / (4 * self.half[0] * self.half[1]))
        self._amplitude = _mirrored(amplitude.astype(self.dtype))

    @property
    def shape(self) -> tuple[int, int]:
        """Nodes of the torus, (P1, P2)."""
        return 2 * self.half[0], 2 * self.half[1]

    def covariance(self) -> Array:
        """Return the covariance that (6) has on the grid, by lag in rows and columns, from the amplitudes as they are stored."""
        quarter = self._amplitude[: self.half[0] + 1, : self.half[1] + 1].astype(float) ** 2
        quarter = dctn(quarter, type=1, workers=1)
        rows, columns = (
            np.minimum(np.arange(n), p - np.arange(n)) for n, p in zip((self.grid.rows, self.grid.columns), self.shape, strict=True)
        )
        return np.asarray(quarter[np.ix_(rows, columns)])

    def noise(self, rng: np.random.Generator) -> NDArray[Any]:
        """Return e1 + i e2 of (6), (P1, P2)."""
        drawn = rng.standard_normal((*self.shape, 2), dtype=self.dtype)
        return np.asarray(drawn.view(np.result_type(self.dtype, np.complex64))[..., 0])

    def fields(self, noise: NDArray[Any]) -> NDArray[Any]:
        """Return z1 + i z2 of (6) on the grid's rows and all columns of the torus, (rows, P2); overwrites the noise."""
        noise *= self._amplitude
        down = fft(noise, axis=0, overwrite_x=True, workers=1)[: self.grid.rows]
        return np.asarray(fft(down, axis=1, overwrite_x=True, workers=1))


def _nonnegative(grid: Grid, most_nodes: int) -> tuple[tuple[int, int], Array]:
    """Return half the sides of the torus and the quarter of its spectrum that tells the rest."""
    least = [(n - 1 + min(n - 1, NEGLIGIBLE / grid.spacing)) / 2 for n in (grid.rows, grid.columns)]
    reach = 4.0
    while True:
        half = tuple(next_fast_len(int(np.ceil(max(n, reach / grid.spacing)))) for n in least)
        if 4 * half[0] * half[1] > most_nodes:
            raise InputError(
                f"a grid of {grid.rows} x {grid.columns} nodes {grid.spacing:g} correlation lengths apart needs a torus of at least "
                f"{2 * half[0]} x {2 * half[1]} nodes, above the {most_nodes} allowed: expected a smaller area, a longer correlation "
                f"length, or a coarser accuracy"
            )
        lag = np.hypot(*np.ogrid[: half[0] + 1, : half[1] + 1])
        lag *= -grid.spacing
        eigenvalues = dctn(np.exp(lag, out=lag), type=1, overwrite_x=True, workers=1)
        if eigenvalues.min() >= -ROUNDING * eigenvalues.max():
            return (half[0], half[1]), np.maximum(eigenvalues, 0.0)
        reach *= 1.1


def _mirrored(quarter: NDArray[Any]) -> NDArray[Any]:
    """Return the even extension of a quarter spectrum to the whole torus."""
    rows = np.concatenate([quarter, quarter[-2:0:-1]])
    return np.concatenate([rows, rows[:, -2:0:-1]], axis=1)
