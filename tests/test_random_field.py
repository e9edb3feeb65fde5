"""Random fields: the embedding and the interpolation by arithmetic, and that a number depends on (seed, k, site) alone."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quakeops.errors import InputError
from quakeops.scenario_gen.keyed import keyed_normals
from quakeops.scenario_gen.random_field import (
    CholeskySampler,
    Correlation,
    FieldSampler,
    interpolated_correlation,
    jayaram_baker_2009,
    largest_error,
    spacing_for,
)
from quakeops.scenario_gen.random_field.accuracy import middle_variance
from quakeops.scenario_gen.random_field.embedding import Embedding
from quakeops.scenario_gen.random_field.grid import Grid
from quakeops.scenario_gen.random_field.interpolation import cell_weights
from quakeops.scenario_gen.streams import Stream, generator

ROTATED = Correlation(4.0, 12.0, azimuth_deg=30.0)


def places(n, seed=0, side=30.0):
    return np.random.default_rng(seed).uniform(0, side, (2, n))


def sampler(n=200, correlation=ROTATED, **settings):
    return FieldSampler(correlation, *places(n), **{"seed": 5, "accuracy": 0.05} | settings)


def target(grid):
    return np.exp(-grid.spacing * np.hypot(*np.ogrid[: grid.rows, : grid.columns]))


# -- equation (4)


def test_equation_4_by_hand():
    r = Correlation(2.0, 5.0).between([0.0], [0.0], [6.0, 0.0, 6.0], [0.0, 20.0, 20.0])
    assert r[0] == pytest.approx(np.exp([-3, -4, -5]))
    assert Correlation(3.0, 3.0).matrix([0, 3], [0, 4]) == pytest.approx(np.array([[1, np.exp(-5 / 3)], [np.exp(-5 / 3), 1]]))


@pytest.mark.parametrize(
    ("azimuth", "x", "y"), [(0, 0, 5), (90, 5, 0), (30, 2.5, 5 * np.sqrt(0.75)), (-45, -5 / np.sqrt(2), 5 / np.sqrt(2))]
)
def test_azimuth_is_clockwise_from_north_of_the_h_y_axis(azimuth, x, y):
    """A step of 5 km along the azimuth is 5/h_y correlation lengths, one across it 5/h_x."""
    correlation = Correlation(2.0, 10.0, azimuth)
    assert correlation.between([0], [0], [x], [y])[0, 0] == pytest.approx(np.exp(-0.5))
    assert correlation.between([0], [0], [y], [-x])[0, 0] == pytest.approx(np.exp(-2.5))


@given(st.floats(0.1, 50), st.floats(0.1, 50), st.floats(-400, 400))
def test_half_a_turn_and_swapped_axes_change_nothing(h_x, h_y, azimuth):
    x, y = places(6)
    r = Correlation(h_x, h_y, azimuth).matrix(x, y)
    assert r == pytest.approx(Correlation(h_x, h_y, azimuth + 180).matrix(x, y), abs=1e-9)
    assert r == pytest.approx(Correlation(h_y, h_x, azimuth + 90).matrix(x, y), abs=1e-9)


@pytest.mark.parametrize(
    ("period", "clustered", "b"),
    [(0, False, 8.5), (0.5, False, 17.1), (0, True, 40.7), (0.5, True, 33.2), (1, False, 25.7), (1, True, 25.7), (3, True, 33.1)],
)
def test_jayaram_baker_2009(period, clustered, b):
    """Their ranges in km, and that correlation at distance b is exp(-3)."""
    correlation = jayaram_baker_2009(period, clustered=clustered)
    assert correlation == Correlation(correlation.h_x_km, correlation.h_x_km)
    assert correlation.between([0], [0], [b], [0])[0, 0] == pytest.approx(np.exp(-3), abs=1e-12)


# -- the embedding


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 60), st.integers(2, 60), st.floats(0.05, 3))
def test_covariance_of_the_embedding_is_the_wanted_one(rows, columns, spacing):
    grid = Grid(0.0, 0.0, spacing, rows, columns)
    assert np.abs(Embedding(grid, float).covariance() - target(grid)).max() < 1e-12


def test_covariance_on_a_grid_longer_than_the_padding():
    """50 correlation lengths: the torus is 78 around, not 100."""
    grid = Grid(0.0, 0.0, 0.25, 201, 9)
    embedding = Embedding(grid, float)
    assert embedding.shape[0] < 2 * 200
    assert np.abs(embedding.covariance() - target(grid)).max() < 1e-12


def test_transform_as_a_linear_map_has_the_wanted_covariance():
    """Unit noise in, one number after the other: A A' is the covariance of both fields and of one with the other."""
    grid = Grid(0.0, 0.0, 1.0, 3, 4)
    embedding = Embedding(grid, float)
    n = np.prod(embedding.shape)
    columns = []
    for unit in range(2 * n):
        noise = np.zeros(2 * n)
        noise[unit] = 1.0
        field = embedding.fields(noise.view(complex).reshape(embedding.shape))[:, : grid.columns].ravel()
        columns.append(np.concatenate([field.real, field.imag]))
    covariance = np.array(columns).T @ np.array(columns)
    v, u = (c.ravel() for c in np.meshgrid(range(3), range(4), indexing="ij"))
    wanted = np.exp(-np.hypot(v[:, None] - v, u[:, None] - u))
    assert np.abs(covariance - np.kron(np.eye(2), wanted)).max() < 1e-12


def test_the_torus_grows_instead_of_clipping():
    """Twice the side of a small grid has negative eigenvalues, of 1.8 % of the variance in all; the torus taken has none."""
    grid = Grid(0.0, 0.0, 0.05, 21, 21)
    side = np.minimum(np.arange(40), 40 - np.arange(40))
    least = np.fft.fft2(np.exp(-0.05 * np.hypot(side[:, None], side))).real
    assert least.min() < -0.1
    half = np.array(Embedding(grid, float).half)
    assert (half > 20).all()
    lag = [np.minimum(np.arange(2 * h), 2 * h - np.arange(2 * h)) for h in half]
    taken = np.fft.fft2(np.exp(-0.05 * np.hypot(lag[0][:, None], lag[1]))).real
    assert taken.min() > 0


def test_single_precision_costs_less_than_1e_6_of_correlation():
    grid = Grid.covering(*map(np.array, ([0.0, 2.0], [0.0, 3.0])), spacing_for(0.01))
    exact, single = Embedding(grid, float), Embedding(grid, np.float32)
    assert np.abs(single.covariance() - target(grid)).max() < 1e-6
    noise = single.noise(generator(1, 0, Stream.FIELD))
    field = exact.fields(noise.astype(complex))[:, : grid.columns]
    difference = single.fields(noise)[:, : grid.columns] - field
    assert np.sqrt((np.abs(difference) ** 2).mean()) < 1e-6  # of fields with variance 1: correlations change by its square and less
    weights, _ = cell_weights(grid.spacing, *np.random.default_rng(0).uniform(size=(2, 1000)))
    assert np.abs(weights.astype(np.float32).sum(axis=1, dtype=float) - weights.sum(axis=1)).max() < 1e-6


# -- the interpolation


def test_stated_accuracy():
    """The spacing for 0.01 is the one the documentation states; the worst pair is in the middle of a cell; other pairs do better."""
    assert spacing_for(0.01) == pytest.approx(0.017849, abs=5e-7)
    assert largest_error(spacing_for(0.01)) == pytest.approx(0.01, abs=1e-12)
    assert largest_error(spacing_for(0.01), places=7) < 0.01  # a lattice without the middle
    assert middle_variance(1e-5) / 1e-5 == pytest.approx(2 * np.sqrt(0.5) - 0.5 - np.sqrt(2) / 4, abs=1e-4)


def test_error_falls_with_spacing():
    errors = [largest_error(a) for a in (0.02, 0.01, 0.005)]
    assert errors == pytest.approx([middle_variance(a) for a in (0.02, 0.01, 0.005)], abs=1e-12)
    assert errors[0] / errors[1] == pytest.approx(2, abs=0.02)
    assert errors[1] / errors[2] == pytest.approx(2, abs=0.02)


@pytest.mark.parametrize("accuracy", [0.1, 0.03, 0.01])
def test_interpolated_correlation_of_crowded_sites(accuracy):
    """Clusters in one cell, across an edge and around a corner, and sites at nodes; against the dense matrix of (4)."""
    h, rng = ROTATED, np.random.default_rng(3)
    s = FieldSampler(h, *places(40), seed=0, accuracy=accuracy)
    step = s.grid.spacing
    cluster = rng.uniform(-step, step, (2, 60)) + step * 7
    u = np.concatenate([s.grid.u + cluster[0], s.grid.u + step * np.arange(5), h.isotropic(s.x_km, s.y_km)[0]])
    v = np.concatenate([s.grid.v + cluster[1], s.grid.v + step * np.arange(5), h.isotropic(s.x_km, s.y_km)[1]])
    implied = interpolated_correlation(s.grid, u, v)
    error = implied - np.exp(-np.hypot(u[:, None] - u, v[:, None] - v))
    assert np.abs(np.diag(error)).max() < 1e-12
    assert accuracy / 3 < np.abs(error).max() <= accuracy
    assert np.abs(error[60:65, :]).max() < 0.3 * accuracy  # nodes carry no residual


def test_rotation_against_cholesky():
    """L L' of the dense sampler is (4) in rotated axes; the field on its rotated grid has it within the accuracy, and not mirrored."""
    x, y = places(120)
    dense = CholeskySampler(ROTATED, x, y, seed=0)
    exact = dense._factor @ dense._factor.T
    a = np.radians(30)
    dx, dy = x[:, None] - x, y[:, None] - y
    across, along = dx * np.cos(a) - dy * np.sin(a), dx * np.sin(a) + dy * np.cos(a)
    assert exact == pytest.approx(np.exp(-np.sqrt((across / 4) ** 2 + (along / 12) ** 2)), abs=1e-12)
    s = FieldSampler(ROTATED, x, y, seed=0)
    assert np.abs(interpolated_correlation(s.grid, *ROTATED.isotropic(x, y)) - exact).max() <= 0.01
    mirrored = Correlation(4.0, 12.0, -30.0)
    assert np.abs(interpolated_correlation(s.grid, *mirrored.isotropic(x, y)) - exact).max() > 0.1


def test_fields_have_the_covariance_they_should():
    """Empirical variances and correlations of 6,000 fields at 12 sites, 4 of them in one cell; standard error 1/sqrt(6000)."""
    x, y = places(12)
    x[:4], y[:4] = x[0] + np.array([0, 0.02, 0.04, 0.06]), y[0]
    s = FieldSampler(ROTATED, x, y, seed=2, accuracy=0.1)
    z = s.block(0, 6000).astype(float)
    error = z.T @ z / 6000 - interpolated_correlation(s.grid, *ROTATED.isotropic(x, y))
    assert np.abs(error).max() < 4.5 * np.sqrt(2 / 6000)
    assert np.abs(z.mean(axis=0)).max() < 4 / np.sqrt(6000)
    assert abs(np.mean(z**2) - 1) < 0.03
    even_odd = z[::2].T @ z[1::2] / 3000
    assert np.abs(even_odd).max() < 4.5 / np.sqrt(3000)


def test_cholesky_fields_have_the_covariance_they_should():
    x, y = places(10)
    z = CholeskySampler(ROTATED, x, y, seed=2).block(0, 6000)
    assert np.abs(z.T @ z / 6000 - ROTATED.matrix(x, y)).max() < 4.5 * np.sqrt(2 / 6000)


# -- numbers depend on (seed, k, site) alone


def test_field_is_kriging_of_the_grid_plus_keyed_residuals():
    """Equation (7) of the module written out, in double precision."""
    s = sampler(50, dtype=float)
    u, v = ROTATED.isotropic(s.x_km, s.y_km)
    for k in (6, 7):
        torus = s.embedding.fields(s.embedding.noise(generator(5, 3, Stream.FIELD)))
        z = torus.real if k == 6 else torus.imag
        row, column, along_v, along_u = s.grid.cells(u, v)
        weights, deviation = cell_weights(s.grid.spacing, along_v, along_u)
        corners = np.stack([z[row, column], z[row, column + 1], z[row + 1, column], z[row + 1, column + 1]], axis=1)
        expected = (weights * corners).sum(axis=1) + deviation * keyed_normals(5, k, Stream.SITE_RESIDUAL, 50)
        assert s.field(k) == pytest.approx(expected, abs=1e-13)
    assert s.field(6)[17] != s.field(7)[17]


SAMPLERS = {"single": sampler(), "double": sampler(dtype=float), "dense": CholeskySampler(ROTATED, *places(200), seed=5)}


@pytest.fixture(params=SAMPLERS)
def any_sampler(request):
    return SAMPLERS[request.param]


def test_blocks_threads_ranks_and_order(any_sampler):
    """Bit for bit: one block, blocks of 1 and 5 and 7, fields backwards, on threads, by ranks, after a pickle."""
    whole = any_sampler.block(0, 40)
    for size in (1, 5, 7):
        assert np.array_equal(np.concatenate([any_sampler.block(i, min(i + size, 40)) for i in range(0, 40, size)]), whole)
    assert np.array_equal(np.array([any_sampler.field(k) for k in reversed(range(40))])[::-1], whole)
    with ThreadPoolExecutor(4) as pool:
        assert np.array_equal(np.concatenate(list(pool.map(lambda i: any_sampler.block(i, i + 2), range(0, 40, 2)))), whole)
    copy = pickle.loads(pickle.dumps(any_sampler))
    for rank in range(3):
        assert np.array_equal(np.array([copy.field(k) for k in range(rank, 40, 3)]), whole[rank::3])
    assert len(any_sampler.block(3, 3)) == 0
    assert len(np.unique(whole[:, 0])) == 40


@given(st.sampled_from(sorted(SAMPLERS)), st.lists(st.integers(0, 199), max_size=30), st.integers(0, 12), st.integers(0, 5))
def test_subsets_of_sites(name, sites, start, size):
    """In any order, with repetitions, empty."""
    numbers = np.array(sites, dtype=int)
    part = SAMPLERS[name].block(start, start + size, numbers)
    assert np.array_equal(part, SAMPLERS[name].block(start, start + size)[:, numbers])


def test_sites_can_be_appended_inside_a_box():
    x, y = places(200)
    box = (-1.0, -2.0, 32.0, 33.0)
    alone = FieldSampler(ROTATED, x[:150], y[:150], seed=5, accuracy=0.05, box_km=box)
    assert np.array_equal(alone.block(0, 4), sampler(box_km=box).block(0, 4)[:, :150])


def test_with_seed(any_sampler):
    before = any_sampler.block(0, 3)
    other = any_sampler.with_seed(9)
    assert other.seed == 9 and not np.array_equal(other.block(0, 3), before)
    assert np.array_equal(other.with_seed(5).block(0, 3), before) and np.array_equal(any_sampler.block(0, 3), before)


def test_seeds_and_scenarios_differ():
    a, b = sampler().block(0, 200), sampler(seed=6).block(0, 200)
    assert abs(np.mean(a * b)) < 0.05
    assert abs(np.mean(a[:-1] * a[1:])) < 0.05


@pytest.mark.parametrize("shape", ["one site", "a line", "one place"])
def test_degenerate_site_sets(shape):
    x = {"one site": [3.0], "a line": [0.0, 5.0, 9.0], "one place": [2.0, 2.0]}[shape]
    z = FieldSampler(ROTATED, x, [1.0] * len(x), seed=0, accuracy=0.1).block(0, 4)
    assert z.shape == (4, len(x)) and np.isfinite(z).all()


# -- what bad input gets


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Correlation(0.0, 3.0), "h_x_km is 0: expected a positive"),
        (lambda: Correlation(2.0, -3.0), "h_y_km is -3"),
        (lambda: Correlation(2.0, np.nan), "h_y_km is nan"),
        (lambda: Correlation(2.0, 2.0, np.inf), "azimuth_deg is inf"),
        (lambda: jayaram_baker_2009(-1, clustered=True), "period_s is -1"),
        (lambda: sampler(0), "empty: expected at least one site"),
        (lambda: FieldSampler(ROTATED, [1, 2, np.nan], [1, 2, 3], seed=0), "site 2: x_km is nan"),
        (lambda: FieldSampler(ROTATED, [1, 2, 3], [1, np.inf, 3], seed=0), "site 1: y_km is inf"),
        (lambda: FieldSampler(ROTATED, [1, 2, 3], [1, 2], seed=0), r"shape \(3,\), y_km \(2,\)"),
        (lambda: sampler(spacing=0.09), "spacing is 0.09 .* up to 0.0503: expected at most 0.089"),
        (lambda: sampler(spacing=0.0), "spacing is 0: expected a positive"),
        (lambda: sampler(accuracy=0.2), "accuracy is 0.2"),
        (lambda: sampler(accuracy=0.0), "accuracy is 0"),
        (lambda: sampler(dtype=np.float16), "dtype is float16: expected float32 or float64"),
        (lambda: sampler(box_km=(0, 0, 30, 20)), r"site \d+ at .* outside box_km 0 to 30 east, 0 to 20 north"),
        (lambda: sampler(most_nodes=10_000), "above the 10000 allowed: expected a smaller area"),
        (lambda: sampler().block(3, 2), "scenarios 3 to 2"),
        (lambda: sampler().field(-1), "scenarios -1 to 0"),
        (lambda: sampler().field(0, np.array([4, 200])), r"sites\[1\] is 200: expected site numbers 0 to 199"),
        (lambda: sampler().field(0, np.array([-1])), r"sites\[0\] is -1"),
        (lambda: CholeskySampler(ROTATED, *places(200), seed=0, most_sites=100), "200 sites need a dense matrix of .* at most 100 sites"),
        (lambda: CholeskySampler(ROTATED, [1, 5, 1], [2, 2, 2], seed=0), r"site 0 and site 2 are both at \(1, 2\) km"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_dense_limit_is_checked_before_memory_is_taken():
    with pytest.raises(InputError, match=r"100000 sites need a dense matrix of 80 GB: expected at most 13000 sites \(1.4 GB\)"):
        CholeskySampler(ROTATED, *places(100_000), seed=0)
