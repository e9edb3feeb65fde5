"""One contract for every solver backend that is usable here, and what happens where one is not."""

import itertools
import sys
import time
from dataclasses import replace

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


def test_a_solver_prints_nothing(backend, capfd):
    backend.open(wyndor()).solve()
    backend.open(packing()).solve({"time_limit": 0.02})
    assert capfd.readouterr() == ("", "")


def test_options_are_the_solvers_own(backend):
    """Each common option is accepted by the solver under the spelling it is translated to; None means unset."""
    given = {"rel_gap": 0.1, "time_limit": 5.0, "threads": 1, "seed": 3}
    assert set(backend.translate(**given).values()) == set(given.values())
    assert backend.translate(rel_gap=None, time_limit=2.0) == {backend.options["time_limit"]: 2.0}
    assert backend.open(wyndor(integer=np.full(2, True))).solve(given).objective == pytest.approx(-36, rel=0.1)


def test_the_number_of_threads_may_change(backend):
    """In one process, from solve to solve and from problem to problem."""
    for threads in (1, 2, None, 1):
        assert backend.open(wyndor()).solve({"threads": threads}).objective == pytest.approx(-36)


def test_unknown_option_is_refused(backend):
    with pytest.raises(InputError, match=rf"solver '{backend.name}' has no option 'nodes'; known: rel_gap, seed, threads, time_limit"):
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
