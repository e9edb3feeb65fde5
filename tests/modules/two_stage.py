"""Random small two-stage programs as arrays, and both roads to their optimum."""

from dataclasses import replace

import numpy as np
from quakeops.decomposition.benders import Settings, solve_problem
from quakeops.decomposition.benders.grouping import from_stage_data
from quakeops.decomposition.benders.team import Team
from quakeops.decomposition.extensive_form import assemble, solve_extensive_form
from quakeops.decomposition.matrices import ScenarioData, Stage, StageData
from quakeops.decomposition.run import Run
from quakeops.solvers import LinearProgram, get
from scipy.sparse import csr_array, hstack, lil_array, vstack

INF = np.inf


def stage(prefix, lower, upper, integer):
    return Stage(
        tuple(f"{prefix}[{j}]" for j in range(len(lower))), np.asarray(lower, float), np.asarray(upper, float), np.asarray(integer, bool)
    )


def draw(seed, *, fixed_recourse=None, integer_first=None, complete=None, boxed=None):
    """A program of 1-5 first-stage and 1-5 second-stage variables, 1-6 rows of every kind, 1-8 scenarios (some repeated).

    ``complete``: every row can be missed at a price, so that recourse always exists. ``boxed``: finite bounds on the first stage.
    """
    r = np.random.default_rng(seed)

    def choose(given):
        return bool(r.integers(2)) if given is None else given

    def numbers(*shape):
        return r.integers(-4, 5, shape).astype(float) * (r.random(shape) < 0.7)

    fixed_recourse, integer_first, complete, boxed = map(choose, (fixed_recourse, integer_first, complete, boxed))
    n1, n2, m, S = int(r.integers(1, 6)), int(r.integers(1, 6)), int(r.integers(1, 7)), int(r.integers(1, 9))
    lower = np.where(r.random(n1) < 0.8, 0.0, -3.0 if boxed else -INF)
    upper = np.where(r.random(n1) < (1.0 if boxed else 0.5), r.integers(1, 9, n1).astype(float), INF)
    integer = (r.random(n1) < 0.6) & integer_first
    m1 = int(r.integers(0, 3))
    first = stage("x", lower, upper, integer)
    A = numbers(m1, n1)
    low1, high1 = np.where(r.random(m1) < 0.3, -6.0, -INF), r.integers(2, 12, m1).astype(float)
    base_T, base_W, base_h, base_q = numbers(m, n1), numbers(m, n2), r.integers(-5, 9, m).astype(float), r.integers(0, 9, n2).astype(float)
    kind = r.integers(0, 4, m)  # >=, <=, ==, range
    y_low = np.where(r.random(n2) < 0.85, 0.0, -2.0)
    y_up = np.where(r.random(n2) < 0.4, r.integers(1, 7, n2).astype(float), INF)
    extra = 2 * m if complete else 0
    scenarios = []
    for k in range(S):
        if k and r.random() < 0.2:
            again = scenarios[int(r.integers(k))]
            scenarios.append(replace(again, name=f"scen{k}"))
            continue
        h = base_h + r.integers(-2, 3, m) * (r.random(m) < 0.6)
        T = base_T + numbers(m, n1) * (r.random((m, n1)) < 0.2)
        W = base_W if fixed_recourse else base_W + numbers(m, n2) * (r.random((m, n2)) < 0.2)
        q = base_q if fixed_recourse else base_q + r.integers(0, 3, n2)
        W = np.hstack([W, np.eye(m), -np.eye(m)]) if complete else W
        up = y_up + (r.random() < 0.3) * np.isfinite(y_up) * r.integers(0, 2, n2)
        scenarios.append(
            ScenarioData(
                name=f"scen{k}",
                probability=0.0,
                cost_first=numbers(n1) + 2.0 if k == 0 or r.random() < 0.2 else scenarios[0].cost_first,
                cost=np.concatenate([q, np.full(extra, 15.0)]),
                offset=float(r.integers(0, 3)),
                T=csr_array(T),
                W=csr_array(W),
                row_lower=np.where(kind == 1, -INF, h),
                row_upper=np.where(kind == 0, INF, h + 2.0 * (kind == 3)),
                row_names=tuple(f"row[{i}]" for i in range(m)),
                stage=stage("y", np.concatenate([y_low, np.zeros(extra)]), np.concatenate([up, np.full(extra, INF)]), np.zeros(n2 + extra)),
            )
        )
    # where recourse may fail, a scenario of no weight would count for one road only
    p = r.integers(0 if complete else 1, 5, S).astype(float)
    p = p / p.sum() if p.sum() else np.full(S, 1 / S)
    scenarios = [replace(s, probability=w) for s, w in zip(scenarios, p, strict=True)]
    names = tuple(f"first_row[{i}]" for i in range(m1))
    return StageData(first, csr_array(A), low1, high1, names, tuple(scenarios), 1.0 if r.integers(2) else -1.0)


def widen(data, seed):
    """``data`` with what :func:`draw` never makes, each by chance; its probabilities are made positive, since recourse may fail or be unbounded.

    A free second-stage variable, one whose cost may fall without limit, a fixed first-stage variable, an equality among first-stage rows, rows
    of the second stage without a second-stage entry, rows without a finite side.
    """
    r = np.random.default_rng([seed, 1])
    first, n1, n2 = data.first, len(data.first), len(data.scenarios[0].stage)
    lower, upper = first.lower.copy(), first.upper.copy()
    inside = np.clip(np.zeros(n1), lower, upper)
    A, low1, high1, names = data.A, data.row_lower, data.row_upper, data.row_names
    if r.random() < 0.4:
        j = r.integers(n1)
        lower[j] = upper[j] = inside[j] = np.clip(float(r.integers(-2, 3)), lower[j], upper[j])
    if r.random() < 0.4:
        row = r.integers(-3, 4, (1, n1)).astype(float)
        A, names = csr_array(vstack([A, csr_array(row)])), (*names, "equal")
        low1, high1 = (np.append(side, row[0] @ inside) for side in (low1, high1))
    free, cheap = (int(r.integers(n2)) if r.random() < chance else None for chance in (0.4, 0.25))
    only_first = csr_array(r.integers(-2, 3, (1, n1)).astype(float)) if r.random() < 0.4 else None
    no_side = r.random() < 0.3
    scenarios = []
    for s in data.scenarios:
        T, W, low, high, rows = s.T, s.W, s.row_lower, s.row_upper, s.row_names
        if only_first is not None:
            T, W, rows = csr_array(vstack([T, only_first])), csr_array(vstack([W, csr_array((1, n2))])), (*rows, "plan alone")
            low, high = np.append(low, (only_first @ inside)[0] - r.integers(0, 3)), np.append(high, INF)
        if no_side:
            T, W, rows = csr_array(vstack([T, T[[0]]])), csr_array(vstack([W, W[[0]]])), (*rows, "no side")
            low, high = np.append(low, -INF), np.append(high, INF)
        y_lower, cost = s.stage.lower.copy(), s.cost.copy()
        if free is not None:
            y_lower[free] = -INF
        if cheap is not None:
            cost[cheap] = -2.0
        changed = dict(T=T, W=W, row_lower=low, row_upper=high, row_names=rows, cost=cost, stage=replace(s.stage, lower=y_lower))
        scenarios.append(replace(s, probability=s.probability + 0.05, **changed))
    total = sum(s.probability for s in scenarios)
    scenarios = tuple(replace(s, probability=s.probability / total) for s in scenarios)
    return StageData(replace(first, lower=lower, upper=upper), A, low1, high1, names, scenarios, data.sign)


def run(method="benders", rel_gap=1e-9, solver="highs", **limits):
    return Run(rel_gap=rel_gap, method=method, solver=solver, **limits)


def extensive(data, rel_gap=1e-9):
    r = run("ef", rel_gap)
    r.sign = data.sign
    return solve_extensive_form(data, get("highs"), r)


def benders(data, rel_gap=1e-9, solver="highs", threads=1, time_limit=60, **settings):
    return solve_problem(
        from_stage_data(data),
        get(solver),
        run(rel_gap=rel_gap, solver=solver, time_limit=time_limit),
        Team(),
        Settings(threads=threads, **settings),
    )


def risk_optimum(data, risk):
    """The optimum under a risk measure by one large program: eta and excesses as columns, or the worst cost as one."""
    data = replace(data, scenarios=tuple(s for s in data.scenarios if s.probability > 0))
    p, lp = data.probabilities, assemble(data)
    n, S = len(lp.cost), len(p)
    rows, right, at = lil_array((S, n + 1 + S)), np.zeros(S), len(data.first)
    for k, s in enumerate(data.scenarios):  # Z_s - eta <= excess_s
        rows[k, : len(data.first)] = s.cost_first
        rows[k, at : at + len(s.stage)] = s.cost
        rows[k, n] = -1.0
        rows[k, n + 1 + k] = 0.0 if risk.worst else -1.0
        right[k], at = -s.offset, at + len(s.stage)
    weight = 1.0 if risk.worst else risk.weight
    cost = np.concatenate([(1 - weight) * lp.cost, [weight], np.zeros(S) if risk.worst else risk.tail * p])
    whole = LinearProgram(
        cost=cost,
        matrix=csr_array(vstack([hstack([lp.matrix, csr_array((lp.matrix.shape[0], 1 + S))]), csr_array(rows)], format="csr")),
        row_lower=np.concatenate([lp.row_lower, np.full(S, -INF)]),
        row_upper=np.concatenate([lp.row_upper, right]),
        lower=np.concatenate([lp.lower, [-INF], np.zeros(S)]),
        upper=np.concatenate([lp.upper, [INF], np.full(S, INF)]),
        integer=np.concatenate([lp.integer, np.zeros(1 + S, dtype=bool)]),
        offset=(1 - weight) * lp.offset,
    )
    return get("highs").open(whole).solve({"rel_gap": 1e-9} if whole.is_mip else {}).objective * data.sign
