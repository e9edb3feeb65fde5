"""One contract for the recourse LPs of every solver backend that is usable here."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quakeops.errors import SolverError
from quakeops.solvers import LinearProgram, Termination, backends, get
from scipy.sparse import csr_array

INF = np.inf
NAMES = [b.name for b in backends()]


def usable(name):
    if problem := next(b for b in backends() if b.name == name).probe().problem:
        pytest.skip(problem)
    return get(name)


@pytest.fixture(params=NAMES)
def backend(request):
    return usable(request.param)


def program(cost, matrix, row_lower, row_upper, lower=None, upper=None):
    n = len(cost)
    vectors = [np.asarray(v, dtype=float) for v in (row_lower, row_upper)]
    lower, upper = (np.full(n, d) if v is None else np.asarray(v, dtype=float) for v, d in ((lower, 0.0), (upper, INF)))
    matrix = csr_array(np.asarray(matrix, dtype=float).reshape(-1, n))
    return LinearProgram(np.asarray(cost, dtype=float), matrix, *vectors, lower, upper, np.zeros(n, dtype=bool))


def solve(model, p, start=None):
    return model.solve(p.row_lower, p.row_upper, start)


def bits(model, solution):
    """Everything that a solve gave, as bytes."""
    assert solution.termination is Termination.OPTIMAL
    return np.float64(solution.objective).tobytes(), solution.dual.tobytes(), model.pack(solution.basis).tobytes()


@st.composite
def recourse_problems(draw):
    """LPs with >=, <= and = rows, empty ones too, and every kind of column; primal and dual feasible by construction, for two sides."""
    n, m = draw(st.integers(1, 6)), draw(st.integers(0, 6))

    def array(size, low=-4, high=4):
        return np.array(draw(st.lists(st.integers(low, high), min_size=size, max_size=size)), dtype=float)

    kinds, matrix = array(m, -1, 1), array(m * n).reshape(m, n)
    matrix[array(m, 0, 5) == 0] = 0
    dual = np.where(kinds == 0, array(m), kinds * array(m, 0, 3))
    free, wide = array(n, -2, 2), array(n, 0, 3)
    x = array(n)
    lower, upper = np.where(np.isin(free, (-1, -2)), -INF, x - wide), np.where(np.isin(free, (1, -2)), INF, x + wide)
    at_lower, at_upper = np.isfinite(lower), np.isfinite(upper)
    reduced = np.where(at_lower, array(n, 0, 3), 0) - np.where(at_upper, array(n, 0, 3), 0)
    problems = []
    for point in (x, np.clip(x + array(n, -1, 1), lower, upper)):
        side = matrix @ point - kinds * array(m, 0, 3)
        row_lower, row_upper = np.where(kinds >= 0, side, -INF), np.where(kinds <= 0, side, INF)
        problems.append(program(matrix.T @ dual + reduced, matrix, row_lower, row_upper, lower, upper))
    return problems


def check_dual(p, solution, tolerance=1e-6):
    """pi has the signs of the rows and pi'b + sum_j min(l_j r_j, u_j r_j) is the optimum."""
    assert solution.termination is Termination.OPTIMAL
    pi = solution.dual
    assert pi.shape == p.row_lower.shape
    assert np.all(pi[p.row_upper == INF] >= -tolerance) and np.all(pi[p.row_lower == -INF] <= tolerance)
    reduced = p.cost - p.matrix.T @ pi
    value = pi @ np.where(np.isfinite(p.row_lower), p.row_lower, p.row_upper)
    active = np.abs(reduced) > tolerance
    value += reduced[active] @ np.where(reduced > 0, p.lower, p.upper)[active]
    assert value == pytest.approx(solution.objective, rel=1e-7, abs=1e-5)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_duals_tell_the_optimum(name, data):
    """From scratch, and for other sides from the basis of the first; the warm start changes no optimum."""
    p, q = data.draw(recourse_problems())
    backend = usable(name)
    model = backend.open_recourse(p)
    first = solve(model, p)
    check_dual(p, first)
    warm = solve(model, q, first.basis)
    check_dual(q, warm)
    other = backend.open(q).solve()
    assert warm.objective == pytest.approx(solve(model, q).objective, abs=1e-6) == pytest.approx(other.objective, abs=1e-6)


def transport(seed, sources=8, sinks=12):
    """A degenerate transportation problem with shortage: supplies <=, demands =."""
    rng = np.random.default_rng(seed)
    flows = sources * sinks
    matrix = np.zeros((sources + sinks, flows + sinks))
    for k in range(flows):
        matrix[[k // sinks, sources + k % sinks], k] = 1
    matrix[sources:, flows:] = np.eye(sinks)
    supply, demand = rng.integers(5, 15, sources), rng.integers(1, 20, sinks)
    cost = np.concatenate([rng.integers(1, 6, flows), np.full(sinks, 30)])
    return program(cost, matrix, np.concatenate([np.full(sources, -INF), demand]), np.concatenate([supply, demand]))


def family(count=4):
    first = transport(0)
    return [first] + [replace(first, row_lower=p.row_lower, row_upper=p.row_upper) for p in map(transport, range(1, count))]


def test_the_answer_depends_on_the_arguments_alone(backend):
    """A, then B, C and an infeasible one, then A again, and in a fresh object: the same bits, from scratch and from a basis."""
    a, b, c, d = family()
    impossible = replace(
        a, row_lower=np.where(a.row_lower == a.row_upper, -1, -INF), row_upper=np.where(a.row_lower == a.row_upper, -1, a.row_upper)
    )
    model = backend.open_recourse(a)
    for start in (None, solve(model, d).basis):
        before = bits(model, solve(model, a, start))
        solve(model, c, solve(model, b, start).basis)
        assert solve(model, impossible, start).termination is Termination.INFEASIBLE
        assert bits(model, solve(model, a, start)) == before
        fresh = backend.open_recourse(b)
        solve(fresh, b)
        assert bits(fresh, solve(fresh, a, None if start is None else fresh.unpack(model.pack(start)))) == before


def test_a_start_is_used(backend):
    """min x + y, x + y >= 1 has two optimal bases: each, given as start, is the answer."""
    p = program([1, 2], [[1, 1]], [1], [INF])
    model = backend.open_recourse(p)
    found = []
    for cost in ([1.0, 2], [2.0, 1]):
        model.set_cost(np.array(cost))
        found.append(solve(model, p).basis)
    assert model.pack(found[0]).tolist() != model.pack(found[1]).tolist()
    model.set_cost(np.ones(2))
    for basis in found:
        assert model.pack(solve(model, p, basis).basis).tolist() == model.pack(basis).tolist()


def test_another_cost(backend):
    """As opened with it."""
    a, b, *_ = family()
    cost = np.arange(len(a.cost), dtype=float)
    model = backend.open_recourse(a)
    start = solve(model, a).basis
    model.set_cost(cost)
    other = replace(b, cost=cost)
    check_dual(other, solve(model, b, start))
    assert solve(model, b, start).objective == pytest.approx(solve(backend.open_recourse(other), other).objective)


def test_packed_bases(backend):
    """One status a column, then one a row, as int8; an object made elsewhere takes it."""
    a, b, *_ = family()
    model, other = backend.open_recourse(a), backend.open_recourse(a)
    basis = solve(model, a).basis
    packed = model.pack(basis)
    assert packed.dtype == np.int8 and packed.shape == (len(a.cost) + len(a.row_lower),)
    assert np.count_nonzero(packed == packed.max()) < len(packed), "some are basic, some are not"
    np.testing.assert_array_equal(other.pack(other.unpack(packed)), packed)
    assert bits(other, solve(other, b, other.unpack(packed))) == bits(model, solve(model, b, basis))


def test_bases_outlive_the_next_solve(backend):
    """A basis and duals kept by the caller do not change under it."""
    a, b, *_ = family()
    model = backend.open_recourse(a)
    kept = solve(model, a)
    before = bits(model, kept)
    solve(model, b, kept.basis)
    assert bits(model, kept) == before


@pytest.mark.parametrize(
    ("matrix", "row_lower", "row_upper"),
    [([[1, 1], [1, 1]], [3, -INF], [INF, 2]), ([[1, 1], [0, 0]], [1, 1], [INF, INF]), ([[1, 1], [0, 0]], [1, -1], [INF, -1])],
    ids=["two rows", "empty row", "empty equality"],
)
def test_infeasible(backend, matrix, row_lower, row_upper):
    """From scratch and from a basis; feasible sides are solved after it."""
    p = program([1, 2], matrix, row_lower, row_upper)
    good = replace(p, row_lower=np.where(np.isfinite(p.row_lower), 0, -INF), row_upper=np.where(p.row_upper < 0, 0, p.row_upper))
    model = backend.open_recourse(good)
    for start in (None, solve(model, good).basis):
        told = solve(model, p, start)
        assert told.termination is Termination.INFEASIBLE and told.objective is told.dual is told.basis is None
        assert solve(model, good, start).objective == pytest.approx(0)


def test_unbounded(backend):
    """min -x, x - y <= 3: told also from a basis; with x - y >= 3, x - y <= 2 there is no point either."""
    p = program([-1, 0], [[1, -1], [1, -1]], [-INF, -INF], [3, 4])
    model = backend.open_recourse(p)
    unbounded = (Termination.UNBOUNDED, Termination.INFEASIBLE_OR_UNBOUNDED)
    assert solve(model, p).termination in unbounded
    model.set_cost(np.ones(2))
    basis = solve(model, p).basis
    model.set_cost(p.cost)
    assert solve(model, p, basis).termination in unbounded
    neither = program([-1, 0], [[1, -1], [1, -1]], [3, -INF], [INF, 2])
    assert solve(backend.open_recourse(neither), neither).termination in (Termination.INFEASIBLE, *unbounded)


def test_free_sides(backend):
    """A row may lose its side and get it back."""
    p = program([1, 1], [[1, 0], [0, 1]], [2, 3], [INF, INF])
    model = backend.open_recourse(p)
    for lower, value in (([2.0, 3], 5), ([-INF, 3], 3), ([2.0, -INF], 2)):
        assert model.solve(np.array(lower), p.row_upper).objective == pytest.approx(value)


def test_objects_in_threads(backend):
    """Each thread with an object of its own: the bits of one thread."""
    problems = family(8)

    def run(_):
        model = backend.open_recourse(problems[0])
        start = solve(model, problems[0]).basis
        return [bits(model, solve(model, p, start)) for p in problems * 5]

    with ThreadPoolExecutor(4) as pool:
        assert all(answer == run(0) for answer in pool.map(run, range(4)))


def test_gurobi_refuses_a_range():
    """One row with two different sides would be two constraints and one dual."""
    p = program([1, 1], [[1, 1]], [1], [INF])
    with pytest.raises(SolverError, match="two different finite sides"):
        usable("gurobi").open_recourse(p).solve(np.array([1.0]), np.array([2.0]))


def test_gurobi_names_the_size_limit():
    backend = usable("gurobi")
    if not backend.probe().limit:
        pytest.skip("a full licence")
    p = program(np.ones(2001), np.ones((1, 2001)), [1], [INF])
    with pytest.raises(SolverError, match=r"2001 variables and 1 constraints.*--solver highs"):
        solve(backend.open_recourse(p), p)


def test_rows_without_variables_count(backend):
    """A scenario without recourse variables is feasible only where its rows hold as they are."""
    p = LinearProgram(
        np.zeros(0), csr_array((2, 0)), np.array([-1.0, -INF]), np.array([INF, 1.0]), np.zeros(0), np.zeros(0), np.zeros(0, dtype=bool)
    )
    model = backend.open_recourse(p)
    assert model.solve(np.array([-1.0, -INF]), np.array([INF, 0.0])).termination is Termination.OPTIMAL
    assert model.solve(np.array([2.0, -INF]), np.array([INF, 1.0])).termination is Termination.INFEASIBLE
    assert model.solve(np.array([-1.0, -INF]), np.array([INF, -2.0])).termination is Termination.INFEASIBLE
