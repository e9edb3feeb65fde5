"""One contract for every solver backend that is usable here, and what happens where one is not."""

import itertools
import sys
import time
from dataclasses import replace
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quakeops.errors import InputError, SolverUnavailableError
from quakeops.solvers import Feature, LinearProgram, Termination, backends, get
from quakeops.solvers.registry import Probe
from scipy.sparse import csr_array

INF = np.inf
NAMES = [b.name for b in backends()]
BEST_PACKING = [0, 1, 9, 10, 11, 13, 14, 15, 16, 19, 21, 22, 29, 30, 33, 46, 47, 53, 54, 55, 58]


def usable(name):
    if get_problem := next(b for b in backends() if b.name == name).probe().problem:
        pytest.skip(get_problem)
    return get(name)


@pytest.fixture(params=NAMES)
def backend(request):
    return usable(request.param)


def program(cost, matrix, row_lower, row_upper, lower=None, upper=None, integer=False, offset=0.0):
    n = len(cost)
    vector = [np.asarray(v, dtype=float) for v in (cost, row_lower, row_upper)]
    return LinearProgram(
        vector[0],
        csr_array(np.asarray(matrix, dtype=float).reshape(-1, n)),
        vector[1],
        vector[2],
        np.zeros(n) if lower is None else np.asarray(lower, dtype=float),
        np.full(n, INF) if upper is None else np.asarray(upper, dtype=float),
        np.full(n, integer) if isinstance(integer, bool) else np.asarray(integer),
        offset,
    )


def wyndor(**changes):
    """Hillier & Lieberman's example as a minimisation: x = (2, 6), 36, shadow prices 0, 1.5, 1."""
    return replace(program([-3, -5], [[1, 0], [0, 2], [3, 2]], [-INF] * 3, [4, 12, 18]), **changes)


def packing():
    """A multi-row packing problem that takes either solver far longer than the limits below; its optimum is -1005."""
    rng = np.random.default_rng(0)
    n, m = 60, 30
    return program(-rng.integers(5, 60, n), rng.integers(1, 60, (m, n)), [-INF] * m, [700] * m, upper=np.ones(n), integer=True)


def check_kkt(p, solution, tolerance=1e-6):
    """Primal feasibility, c = A'y + r, signs and complementary slackness of y and r, and no duality gap."""
    x, y, r = solution.x, solution.row_dual, solution.reduced_cost
    activity = p.matrix @ x
    for value, low, high, multiplier in ((activity, p.row_lower, p.row_upper, y), (x, p.lower, p.upper, r)):
        assert np.all(value >= low - tolerance) and np.all(value <= high + tolerance)
        assert np.all((multiplier <= tolerance) | (np.abs(value - low) <= tolerance)), "positive away from the lower side"
        assert np.all((multiplier >= -tolerance) | (np.abs(value - high) <= tolerance)), "negative away from the upper side"
    np.testing.assert_allclose(r, p.cost - p.matrix.T @ y, atol=tolerance)
    dual = p.offset
    for low, high, multiplier in ((p.row_lower, p.row_upper, y), (p.lower, p.upper, r)):
        side = np.where(multiplier > 0, low, high)
        active = np.abs(multiplier) > tolerance
        dual += float(multiplier[active] @ side[active])
    assert solution.objective == pytest.approx(p.cost @ x + p.offset, rel=1e-9, abs=1e-9) == pytest.approx(dual, rel=1e-6, abs=1e-5)
    assert solution.bound == solution.objective


def test_known_optimum_and_duals(backend):
    solution = backend.open(wyndor(offset=7.0)).solve()
    assert solution.termination is Termination.OPTIMAL
    assert solution.objective == solution.bound == pytest.approx(-29, abs=1e-9)
    np.testing.assert_allclose(solution.x, [2, 6], atol=1e-9)
    np.testing.assert_allclose(solution.row_dual, [0, -1.5, -1], atol=1e-9)
    np.testing.assert_allclose(solution.reduced_cost, [0, 0], atol=1e-9)


def test_dual_is_the_derivative(backend):
    """y_i = d objective / d right-hand side, for a row of each kind: >=, <= and =."""
    p = program([2.5, 2.5, -0.5], [[1, 1, 0], [1, 0, 1], [1, -1, 1]], [4, -INF, 1], [INF, 3.5, 1], upper=[10, 10, 5])
    base = backend.open(p).solve()
    check_kkt(p, base)
    np.testing.assert_allclose(base.row_dual, [3, -1, 0.5], atol=1e-9)
    for i in range(3):
        step = np.eye(3)[i] * 1e-3
        moved = backend.open(replace(p, row_lower=p.row_lower + step, row_upper=p.row_upper + step)).solve()
        assert (moved.objective - base.objective) / 1e-3 == pytest.approx(base.row_dual[i], abs=1e-6)


def test_ranges_equalities_and_free_variables(backend):
    """2 <= x + y <= 5, x - y + z = 3, z free: min x + 2y at the range's lower side, min -x - 2y (x >= -3) at its upper one."""
    p = program([1, 2, 0], [[1, 1, 0], [1, -1, 1]], [2, 3], [5, 3], lower=[-INF, 0, -INF], upper=[INF, INF, INF])
    solution = backend.open(p).solve()
    check_kkt(p, solution)
    np.testing.assert_allclose([solution.objective, *solution.x], [2, 2, 0, 1], atol=1e-9)
    top = replace(p, cost=-p.cost, lower=np.array([-3.0, 0, -INF]))
    solution = backend.open(top).solve()
    check_kkt(top, solution)
    np.testing.assert_allclose([solution.objective, *solution.x], [-13, -3, 8, 14], atol=1e-9)


def test_no_rows(backend):
    p = program([1, -1], np.zeros((0, 2)), [], [], lower=[-1, -2], upper=[3, 4], offset=1.5)
    solution = backend.open(p).solve()
    check_kkt(p, solution)
    np.testing.assert_allclose([solution.objective, *solution.x], [-3.5, -1, 4])


@st.composite
def linear_programs(draw):
    """Small LPs with every kind of row and column, feasible by construction and bounded by their columns."""
    n, m = draw(st.integers(1, 5)), draw(st.integers(0, 5))
    entry = st.integers(-5, 5)

    def array(size, element=entry):
        return np.array(draw(st.lists(element, min_size=size, max_size=size)), dtype=float)

    matrix, cost, inside = array(m * n).reshape(m, n), array(n), array(n)
    slack, below, above = st.sampled_from([0, 1, 2, INF]), (lambda k, s: array(k, s)), (lambda k, s: array(k, s))
    activity = matrix @ inside
    width = st.integers(0, 4)
    return program(cost, matrix, activity - below(m, slack), activity + above(m, slack), inside - array(n, width), inside + array(n, width))


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_kkt_of_random_programs(name, data):
    p = data.draw(linear_programs())
    solution = usable(name).open(p).solve()
    assert solution.termination is Termination.OPTIMAL
    check_kkt(p, solution)


@pytest.mark.parametrize("integer", [False, True])
def test_infeasible(backend, integer):
    solution = backend.open(program([1, 1], [[1, 1], [1, 1]], [3, -INF], [INF, 2], upper=[9, 9], integer=integer)).solve()
    assert solution.termination in (Termination.INFEASIBLE, Termination.INFEASIBLE_OR_UNBOUNDED)
    assert solution.x is solution.objective is solution.bound is solution.row_dual is None


@pytest.mark.parametrize("integer", [False, True])
def test_unbounded(backend, integer):
    solution = backend.open(program([-1, 0], [[1, -1]], [-INF], [3], integer=integer)).solve()
    assert solution.termination in (Termination.UNBOUNDED, Termination.INFEASIBLE_OR_UNBOUNDED)
    assert solution.bound is solution.row_dual is None


def test_integer_program(backend):
    """max 5x + 4y + 3z (a textbook knapsack): 12 at (2, 0, 1), the LP relaxation 13.4 or more."""
    p = program([-5, -4, -3], [[2, 3, 1], [4, 1, 2], [3, 4, 2]], [-INF] * 3, [5, 11, 8], upper=[10] * 3, integer=True, offset=-1)
    solution = backend.open(p).solve({"rel_gap": 0.0})
    assert solution.termination is Termination.OPTIMAL
    assert solution.objective == pytest.approx(-14) and solution.bound == pytest.approx(-14)
    np.testing.assert_allclose(solution.x, [2, 0, 1], atol=1e-6)
    assert solution.row_dual is solution.reduced_cost is None


def test_feasible_is_not_called_infeasible(backend):
    """x, y integer, 3x + 3y + 3z - 3w = 1 and 2x + y <= 5: optimum -10 2/3. HiGHS 1.15.1's presolve says infeasible: asked again without."""
    integer = [True, True, False, False]
    p = program([-3, 1, 1, -1], [[2, 1, 0, 0], [3, 3, 3, -3]], [-INF, 1], [5, 1], [-2, -2, -2, 0], [4, 4, 4, 6], integer, offset=1)
    assert backend.open(p).solve().objective == pytest.approx(-32 / 3)


def test_mixed_integer_program(backend):
    p = program([-1, -1], [[2, 2]], [-INF], [3], upper=[5, 0.25], integer=[True, False])
    np.testing.assert_allclose(backend.open(p).solve().x, [1, 0.25], atol=1e-6)


CHANGES = {
    "row bounds": {"row_lower": [-INF, -INF, 6], "row_upper": [3, 8, 15]},
    "columns": {"lower": [1, -2], "upper": [1.5, 5]},
    "cost": {"cost": [-4, 1]},
}


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("integer", [False, True])
def test_changes_in_place(backend, what, integer):
    """A loaded problem after a change equals the changed problem loaded afresh, there and back again."""
    whole = np.full(2, integer)
    old = wyndor(integer=whole, row_lower=np.array([-INF, -INF, 2]))
    new = replace(old, **{k: np.array(v, dtype=float) for k, v in CHANGES[what].items()})
    model = backend.open(old)
    for p in (old, new, old):
        model.set_row_bounds(p.row_lower, p.row_upper)
        model.set_column_bounds(p.lower, p.upper)
        model.set_cost(p.cost)
        again, fresh = model.solve(), backend.open(p).solve()
        assert again.objective == pytest.approx(fresh.objective, abs=1e-9)
        np.testing.assert_allclose(again.x, fresh.x, atol=1e-6)
        if not integer:
            check_kkt(p, again)


@st.composite
def masters(draw):
    """A program and changes to it: rows and columns come and go, rows change their kind; the point ``inside`` stays feasible."""
    n = draw(st.integers(1, 4))
    inside = np.array(draw(st.lists(st.integers(-3, 3), min_size=n, max_size=n)), dtype=float)

    def array(size, low=-5, high=5):
        return np.array(draw(st.lists(st.integers(low, high), min_size=size, max_size=size)), dtype=float)

    def sides(matrix):
        slack = np.array([0, 1, 2, INF])
        activity = matrix @ inside
        return activity - slack[array(len(matrix), 0, 3).astype(int)], activity + slack[array(len(matrix), 0, 3).astype(int)]

    integer = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    matrix = array(n * draw(st.integers(0, 3))).reshape(-1, n)
    stages = [program(array(n), matrix, *sides(matrix), inside - array(n, 0, 4), inside + array(n, 0, 4), integer)]
    changes = []
    for what in draw(st.lists(st.sampled_from(["rows", "rows", "delete", "columns", "sides", "bounds", "cost", "integer"]), max_size=8)):
        p, m, n = stages[-1], len(matrix), len(inside)
        if what == "rows":
            new = array(n * draw(st.integers(1, 3))).reshape(-1, n)
            low, high = sides(new)
            changes.append(("add_rows", csr_array(new), low, high))
            matrix = np.vstack([matrix, new])
            q = {"row_lower": np.append(p.row_lower, low), "row_upper": np.append(p.row_upper, high)}
        elif what == "delete":
            rows = np.array(draw(st.permutations(range(m)))[: draw(st.integers(0, m))], dtype=np.int64)
            changes.append(("delete_rows", rows))
            matrix = np.delete(matrix, rows, axis=0)
            q = {"row_lower": np.delete(p.row_lower, rows), "row_upper": np.delete(p.row_upper, rows)}
        elif what == "columns":
            new = array(draw(st.integers(1, 2)), -3, 3)
            given = {"cost": array(len(new)), "lower": new - array(len(new), 0, 4), "upper": new + array(len(new), 0, 4)}
            inside, matrix = np.append(inside, new), np.hstack([matrix, np.zeros((m, len(new)))])
            changes.append(("add_columns", *given.values()))
            q = {k: np.append(getattr(p, k), v) for k, v in given.items()} | {
                "integer": np.append(p.integer, np.zeros(len(new), dtype=bool))
            }
            low, high = sides(matrix)  # a new column without entries leaves old rows as they were
        else:
            low, high = sides(matrix)
            q, name = {
                "sides": ({"row_lower": low, "row_upper": high}, "set_row_bounds"),
                "bounds": ({"lower": inside - array(n, 0, 4), "upper": inside + array(n, 0, 4)}, "set_column_bounds"),
                "cost": ({"cost": array(n)}, "set_cost"),
                "integer": ({"integer": array(n, 0, 1) == 1}, "set_integer"),
            }[what]
            changes.append((name, *q.values()))
        stages.append(replace(p, matrix=csr_array(matrix), **q))
    return stages, changes


@pytest.mark.parametrize("name", NAMES)
@given(drawn=masters())
def test_a_changed_master_is_the_master_loaded_afresh(name, drawn):
    """After each change, solved in between or not, as LP and as MIP."""
    stages, changes = drawn
    backend = usable(name)
    solved, lazy = backend.open(stages[0]), backend.open(stages[0])
    for p, (what, *arguments) in zip(stages[1:], changes, strict=True):
        for model in (solved, lazy):
            getattr(model, what)(*arguments)
        check_same(p, solved.solve({"rel_gap": 0.0}), backend)
    check_same(stages[-1], lazy.solve({"rel_gap": 0.0}), backend)


def check_same(p, solution, backend):
    fresh = backend.open(p).solve({"rel_gap": 0.0})
    assert solution.termination is fresh.termination is Termination.OPTIMAL
    assert solution.objective == pytest.approx(fresh.objective, abs=1e-5)
    if not p.is_mip:
        check_kkt(p, solution)


def test_rows_are_numbered_as_appended(backend):
    """Ranges among them, deleted in any order: the dual of a row stays at its number."""
    p = program([1, 1, 1, 1], np.eye(4), [1, 2, 3, 4], [9, INF, 9, 4])
    model = backend.open(p)
    model.add_rows(csr_array(2 * np.eye(4)), np.array([10.0, 2, -INF, -INF]), np.array([20.0, INF, 40, INF]))
    np.testing.assert_allclose(model.solve().row_dual, [0, 1, 1, 1, 0.5, 0, 0, 0])
    model.delete_rows(np.array([5, 0]))
    np.testing.assert_allclose(model.solve().row_dual, [1, 1, 1, 0.5, 0, 0])
    model.set_cost(np.array([-1.0, 1, -1, 1]))
    np.testing.assert_allclose(model.solve().row_dual, [1, -1, 1, -0.5, 0, 0])
    model.delete_rows(np.array([1]))
    solution = model.solve()
    np.testing.assert_allclose(solution.row_dual, [1, 1, -0.5, -0.5, 0])
    np.testing.assert_allclose(solution.x, [10, 2, 20, 4])


def test_rows_change_their_kind(backend):
    """From any kind to any other, after a row before them has gone."""
    cost = np.array([1.0, -1, 1, -1, 1])
    low = np.array([2, -INF, 1, 3, -INF])
    high = np.array([INF, 4, 6, 3, INF])
    model = backend.open(program(cost, np.eye(5)[[4, 0, 1, 2, 3, 4]], [-INF, *low], [8, *high], [-9] * 5, [9] * 5))
    model.delete_rows(np.array([0]))
    for shift in (1, 2, 3, 4, 0):
        lower, upper = np.roll(low, shift), np.roll(high, shift)
        model.set_row_bounds(lower, upper)
        solution = model.solve()
        expected = np.where(cost > 0, np.maximum(lower, -9), np.minimum(upper, 9))
        np.testing.assert_allclose(solution.x, expected)
        np.testing.assert_allclose(solution.row_dual, np.where(np.abs(expected) < 9, cost, 0))


def test_a_changed_lp_goes_on_from_its_basis(backend):
    """Cuts added and slack rows deleted cost a few pivots, not a solve from scratch."""
    rng = np.random.default_rng(0)
    m, n = 120, 150
    matrix = rng.uniform(0, 1, (m, n)) * (rng.uniform(size=(m, n)) < 0.2)
    model = backend.open(program(rng.uniform(1, 2, n), matrix, np.full(m, 5.0), np.full(m, INF), upper=np.full(n, 3.0)))

    def pivots():
        solution = model.solve({"threads": 1})
        return solution, model.model.IterCount if backend.name == "gurobi" else model._highs.getInfo().simplex_iteration_count

    solution, scratch = pivots()
    for _ in range(3):
        cut = csr_array(rng.uniform(0, 1, (3, n)))
        model.add_rows(cut, 1.01 * (cut @ solution.x), np.full(3, INF))
        solution, more = pivots()
        assert 0 < more < scratch / 4
        model.delete_rows(np.flatnonzero(solution.row_dual == 0)[:5])
        solution, more = pivots()
        assert more == 0


def test_feasible_again_after_infeasible(backend):
    model = backend.open(wyndor())
    model.set_row_bounds(np.full(3, -INF), np.array([4.0, -1, 18]))
    assert model.solve().x is None
    model.set_row_bounds(np.full(3, -INF), np.array([4.0, 12, 18]))
    assert model.solve().objective == pytest.approx(-36)


def test_time_limit(backend):
    """Stopped early it says so, with a bound on the right side of the optimum; the limit is per solve, not in all."""
    model = backend.open(packing())
    for _ in range(2):
        solution = model.solve({"time_limit": 0.02})
        if backend.name != "gurobi":  # which goes on where it stopped, and so may end
            assert solution.termination is Termination.TIME_LIMIT
        assert solution.bound is None or solution.bound <= -1005 + 1e-6
        assert solution.objective is None or solution.objective >= -1005 - 1e-6
    solution = backend.open(packing()).solve({"time_limit": 0.0})
    assert solution.termination is Termination.TIME_LIMIT and solution.x is None


def test_time_limit_of_each_solve(backend):
    """Re-solves that together take longer than the limit are all finished."""
    rng = np.random.default_rng(0)
    p = program(-rng.uniform(1, 2, 150), rng.uniform(0, 1, (150, 150)), [-INF] * 150, np.ones(150))
    model, start = backend.open(p), time.perf_counter()
    while time.perf_counter() - start < 1:
        model.set_cost(-rng.uniform(1, 2, 150))
        assert model.solve({"time_limit": 0.5}).termination is Termination.OPTIMAL


def test_warm_start(backend):
    """The first incumbent of a warm-started MIP is the given plan."""
    start = np.isin(np.arange(60), BEST_PACKING).astype(float)
    model = backend.open(packing())
    model.warm_start(start)
    found = (model.solve({"time_limit": limit}).objective for limit in (0.001, 0.01, 0.1, 1.0))
    assert next(value for value in found if value is not None) == pytest.approx(-1005)


def test_progress(backend):
    """Time runs on, bounds and incumbents improve, and stay on their side of the optimum."""
    seen = []
    backend.open(packing()).solve({"time_limit": 0.5}, lambda *point: seen.append(point))
    assert len(seen) >= 2 and any(b is not None for _, b, _ in seen) and any(z is not None for _, _, z in seen)
    for column, better in ((0, 1), (1, 1), (2, -1)):
        values = [better * p[column] for p in seen if p[column] is not None]
        assert all(a <= b + 1e-6 for a, b in itertools.pairwise(values))
    assert all(b <= -1005 + 1e-6 for _, b, _ in seen if b is not None)
    assert all(z >= -1005 - 1e-6 for _, _, z in seen if z is not None)


def test_highs_is_asked_again_after_a_doubtful_optimum(monkeypatch):
    """Optimal by status, but a row missed: from scratch, and the optimum comes."""
    model = get("highs").open(wyndor())
    highs, told = model._highs, []
    infeasible = SimpleNamespace(primal_solution_status=model._highspy.SolutionStatus.kSolutionStatusInfeasible)
    real = highs.getInfo

    class Once:
        def __getattr__(self, name):
            return getattr(highs, name)

        def getInfo(self):
            told.append(1)
            return infeasible if len(told) == 1 else real()

        def clearSolver(self):
            told.append("cleared")
            return highs.clearSolver()

    model._highs = Once()
    assert model.solve().objective == pytest.approx(-36) and "cleared" in told


def test_an_exception_in_progress_ends_the_solve(backend):
    """Raised once and at once, in a problem that would take the whole time."""
    rng, (n, m) = np.random.default_rng(0), (200, 100)
    p = program(-rng.integers(5, 60, n), rng.integers(1, 60, (m, n)), [-INF] * m, [2000] * m, upper=np.ones(n), integer=True)
    start, progress = time.perf_counter(), Mock(side_effect=RuntimeError("enough"))
    with pytest.raises(RuntimeError, match="enough"):
        backend.open(p).solve({"time_limit": 20}, progress)
    assert progress.call_count == 1 and time.perf_counter() - start < 10


@pytest.fixture(params=[b.name for b in backends() if Feature.LAZY in b.features])
def lazy(request):
    return usable(request.param)


class Separation:
    """Rows of a program that a point violates, and how often they were asked for."""

    def __init__(self, p):
        self.p, self.asked = p, 0

    def __call__(self, x):
        self.asked += 1
        activity = self.p.matrix @ x
        bad = np.flatnonzero((activity < self.p.row_lower - 1e-6) | (activity > self.p.row_upper + 1e-6))
        return (self.p.matrix[bad], self.p.row_lower[bad], self.p.row_upper[bad]) if len(bad) else None


def without_rows(p):
    return replace(p, matrix=csr_array((0, len(p.cost))), row_lower=np.zeros(0), row_upper=np.zeros(0))


def test_who_takes_lazy_rows():
    assert next(b for b in backends() if b.name == "highs").solve_lazy is None
    assert all((b.solve_lazy is not None) == (Feature.LAZY in b.features) for b in backends())


@pytest.mark.parametrize("fractional", [False, True])
def test_lazy_rows(lazy, fractional):
    """The packing problem with no row but those made on demand."""
    p = packing()
    rows, root = Separation(p), Separation(p)
    given = {"separate_fractional": root} if fractional else {}
    solution = lazy.solve_lazy(lazy.open(without_rows(p)), rows, options={"rel_gap": 0.0, "threads": 1}, **given)
    assert solution.termination is Termination.OPTIMAL and rows(solution.x) is None
    assert solution.objective == solution.bound == pytest.approx(-1005)
    assert rows.asked > 2 and (root.asked > 0) == fractional


def test_fractional_points_below_the_root(lazy):
    p = packing()
    asked = []
    for every in (0, 20):
        root = Separation(p)
        options = {"rel_gap": 0.0, "threads": 1}
        lazy.solve_lazy(lazy.open(without_rows(p)), Separation(p), options=options, separate_fractional=root, every=every)
        asked.append(root.asked)
    assert asked[1] > asked[0] + 5


@pytest.mark.parametrize("name", [b.name for b in backends() if Feature.LAZY in b.features])
@given(data=st.data())
def test_lazy_rows_of_every_kind(name, data):
    """Any program with an integer variable, its ranges split: as if the rows had been there."""
    p = data.draw(linear_programs())
    two = np.isfinite(p.row_lower) & np.isfinite(p.row_upper) & (p.row_lower != p.row_upper)
    p = replace(
        p,
        matrix=csr_array(np.vstack([p.matrix.toarray(), p.matrix.toarray()[two]])),
        row_lower=np.append(np.where(two, -INF, p.row_lower), p.row_lower[two]),
        row_upper=np.append(p.row_upper, np.full(two.sum(), INF)),
        integer=np.arange(len(p.cost)) % 2 == 0,
    )
    backend = usable(name)
    solution, whole = backend.solve_lazy(backend.open(without_rows(p)), Separation(p)), backend.open(p).solve()
    assert solution.termination is whole.termination is Termination.OPTIMAL
    assert solution.objective == pytest.approx(whole.objective, abs=1e-5) == pytest.approx(solution.bound, abs=1e-2)


def test_lazy_rows_leave_the_master_alone(lazy):
    """Solved plain, lazily and plain again it is each time the problem asked for; a plan may be offered."""
    p = packing()
    model, rows = lazy.open(without_rows(p)), Separation(p)
    for _ in range(2):
        assert model.solve().objective == pytest.approx(p.cost.sum())
        assert lazy.solve_lazy(model, rows, options={"rel_gap": 0.0}).objective == pytest.approx(-1005)
    model = lazy.open(without_rows(p))
    model.warm_start(np.isin(np.arange(60), BEST_PACKING).astype(float))
    found = (lazy.solve_lazy(model, rows, options={"time_limit": limit}).objective for limit in (0.001, 0.01, 0.1, 1.0))
    assert next(value for value in found if value is not None) == pytest.approx(-1005)


def test_lazy_rows_under_a_time_limit(lazy):
    """A bound and an incumbent on their sides of the optimum; the next call goes on."""
    p, seen = packing(), []
    model, rows = lazy.open(without_rows(p)), Separation(p)
    for k in range(1, 100):
        options = {"time_limit": 0.01 * k, "rel_gap": 0.0, "threads": 1}
        solution = lazy.solve_lazy(model, rows, options=options, progress=lambda *point: seen.append(point))
        assert solution.bound is None or solution.bound <= -1005 + 1e-6
        assert solution.x is None or (solution.objective >= -1005 - 1e-6 and rows(solution.x) is None)
        if solution.termination is Termination.OPTIMAL:
            break
        assert solution.termination is Termination.TIME_LIMIT
    assert solution.objective == pytest.approx(-1005) and solution.bound == pytest.approx(-1005)  # two sums
    assert seen and all(b is None or b <= -1005 + 1e-6 for _, b, _ in seen) and all(z is None or z >= -1005 - 1e-6 for _, _, z in seen)


def test_no_lazy_row_is_satisfied(lazy):
    """Rows that cut off every point: infeasible, not unbounded and no plan."""
    p = program([1, 1], np.zeros((0, 2)), [], [], upper=[4, 4], integer=True)
    solution = lazy.solve_lazy(lazy.open(p), lambda x: (csr_array(np.array([[1.0, 1]])), np.array([9.0]), np.array([INF])))
    assert solution.termination in (Termination.INFEASIBLE, Termination.INFEASIBLE_OR_UNBOUNDED) and solution.x is None


@pytest.mark.parametrize("where", ["separate", "separate_fractional", "progress"])
def test_an_exception_ends_a_lazy_solve(lazy, where, capfd):
    """It is raised once, as it was, and nothing is printed; the model can be used again."""
    p, wrong = packing(), Mock(side_effect=ZeroDivisionError("in a callback"))
    model = lazy.open(without_rows(p))
    given = {"separate": Separation(p), where: wrong}
    with pytest.raises(ZeroDivisionError, match="in a callback"):
        lazy.solve_lazy(model, **given)
    assert wrong.call_count == 1 and capfd.readouterr() == ("", "")
    assert lazy.solve_lazy(model, Separation(p), options={"rel_gap": 0.0}).objective == pytest.approx(-1005)


def test_lazy_rows_are_refused(lazy):
    """In an LP, where no solver would ask for them, in another solver's model, and with two sides."""
    p = packing()
    with pytest.raises(InputError, match="integer variable"):
        lazy.solve_lazy(lazy.open(replace(p, integer=np.zeros(60, dtype=bool))), Separation(p))
    with pytest.raises(InputError, match="Gurobi model"):
        lazy.solve_lazy(get("highs").open(p), Separation(p))
    with pytest.raises(InputError, match="two different finite sides"):
        lazy.solve_lazy(lazy.open(without_rows(p)), Separation(replace(p, row_lower=np.zeros(30))))


def test_a_solver_prints_nothing(backend, capfd):
    backend.open(wyndor()).solve()
    backend.open(packing()).solve({"time_limit": 0.02})
    assert capfd.readouterr() == ("", "")


def test_options_are_the_solvers_own(backend):
    """Each common option is accepted by the solver under the spelling it is translated to; None means unset."""
    given = {"rel_gap": 0.1, "time_limit": 5.0, "threads": 1, "seed": 3, "integrality": 1e-8}
    assert set(backend.translate(**given).values()) == set(given.values())
    assert backend.translate(rel_gap=None, time_limit=2.0) == {backend.options["time_limit"]: 2.0}
    assert backend.open(wyndor(integer=np.full(2, True))).solve(given).objective == pytest.approx(-36, rel=0.1)


def test_the_number_of_threads_may_change(backend):
    """In one process, from solve to solve and from problem to problem."""
    for threads in (1, 2, None, 1):
        assert backend.open(wyndor()).solve({"threads": threads}).objective == pytest.approx(-36)


def test_unknown_option_is_refused(backend):
    with pytest.raises(
        InputError,
        match=rf"solver '{backend.name}' has no option 'nodes'; known: (algorithm, )?integrality, rel_gap, seed, threads, time_limit",
    ):
        backend.open(wyndor()).solve({"nodes": 3})


def test_unknown_solver():
    with pytest.raises(InputError, match=r"unknown solver 'cplex'; known: gurobi, highs"):
        get("cplex")


def test_missing_feature():
    with pytest.raises(InputError, match=r"solver 'highs' lacks lazy, miqp; solvers that have it: gurobi"):
        get("highs", requires=[Feature.MIQP, Feature.LAZY, Feature.LP])
    assert get("highs", requires=[Feature.MIP, Feature.DUALS]).name == "highs"


@pytest.mark.parametrize(("name", "package"), [("highs", "highspy"), ("gurobi", "gurobipy")])
def test_not_installed(monkeypatch, name, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(SolverUnavailableError, match=rf"solver '{name}': not installed.*pip install") as caught:
        get(name)
    assert caught.value.exit_code == 4
    assert name in [b.name for b in backends()], "it stays listed"


def test_no_licence(monkeypatch):
    gurobipy = pytest.importorskip("gurobipy")

    def refuse():
        raise gurobipy.GurobiError(gurobipy.GRB.Error.NO_LICENSE, "License expired 2020-01-01")

    monkeypatch.setattr("quakeops.solvers.gurobi._environment", refuse)
    with pytest.raises(SolverUnavailableError, match=r"installed \(.*no usable licence.*License expired.*--solver highs") as caught:
        get("gurobi")
    assert caught.value.exit_code == 4


def test_size_limit_names_the_way_out():
    probe = next(b for b in backends() if b.name == "gurobi").probe()
    if probe.problem or not probe.limit:
        pytest.skip("no gurobipy, or one with a full licence")
    assert "2000" in probe.limit
    n = 2001
    model = get("gurobi").open(program(np.ones(n), np.ones((1, n)), [1], [INF]))
    with pytest.raises(SolverUnavailableError, match=r"2001 variables and 1 constraints.*2000 of each.*licence.*--solver highs"):
        model.solve()


def test_a_probe_is_asked_each_time(monkeypatch):
    """A backend is judged by its probe, whatever its name."""
    real = get("highs")
    monkeypatch.setitem(
        sys.modules["quakeops.solvers.registry"]._REGISTRY, "highs", replace(real, probe=lambda: Probe(problem="on strike"))
    )
    with pytest.raises(SolverUnavailableError, match="solver 'highs': on strike"):
        get("highs")
