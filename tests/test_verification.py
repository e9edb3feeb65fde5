"""Verification: what holds is proved or said to be trusted, and whatever is planted is found."""

import copy
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import quakeops
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from quakeops.decomposition.benders import certificate as writing
from quakeops.decomposition.benders import ledger as ledgers
from quakeops.decomposition.benders import parse_risk, solve_problem
from quakeops.decomposition.benders.compiled import compile_problem
from quakeops.decomposition.benders.grouping import from_stage_data
from quakeops.decomposition.benders.problem import Group
from quakeops.decomposition.benders.settings import Settings
from quakeops.decomposition.benders.team import Team
from quakeops.decomposition.extensive_form import assemble
from quakeops.decomposition.packing import pack, unpack
from quakeops.decomposition.program import from_model
from quakeops.decomposition.recourse import Recourse
from quakeops.decomposition.run import Run
from quakeops.decomposition.verification import Verdict, verify_with
from quakeops.decomposition.verification.duals import GroupDuals
from quakeops.decomposition.verification.implied import implied_bounds
from quakeops.errors import InputError
from quakeops.result import Result
from quakeops.solvers import LinearProgram, Termination, get
from scipy.sparse import csr_array

MPIEXEC = shutil.which("mpiexec") or str(Path(sys.executable).with_name("mpiexec"))
needs_mpi = pytest.mark.skipif(not Path(MPIEXEC).exists(), reason="no mpiexec (pip install 'quakeops[mpi,mpich]')")


def certified(problem, *, risk="mean", rel_gap=1e-9, **chosen):
    """Solve with a certificate and send the result through JSON."""
    run = Run(rel_gap=rel_gap, method="benders", solver="highs", certificate=True, time_limit=60)
    run.provenance = {"options": {"rel_gap": rel_gap, "risk": risk}}
    result = solve_problem(problem, get("highs"), run, Team(), Settings(threads=1, risk=parse_risk(risk), **chosen))
    return Result.from_dict(json.loads(result.to_json()))


def relaxed(problem):
    return replace(problem, first=replace(problem.first, integer=np.zeros(len(problem.first), dtype=bool)))


def verdict(found, claim):
    return next(c.verdict for c in found.checks if claim in c.claim)


def false(found):
    return [c.claim for c in found.checks if c.verdict is Verdict.FALSE]


@pytest.fixture(scope="module")
def islands():
    return compile_problem(from_model("prepositioning", instance="islands-3"), Team())[0]


@pytest.fixture(scope="module")
def lp(islands):
    """islands-3 with a continuous first stage: everything about it can be proved."""
    return relaxed(islands), certified(relaxed(islands), cuts="multi")


@pytest.fixture(scope="module")
def mip(islands):
    return islands, certified(islands)


def test_a_linear_program_is_proved_on_both_sides(lp):
    found = verify_with(*lp)
    assert {c.verdict for c in found.checks} == {Verdict.PROVED}
    assert found.lower == pytest.approx(lp[1].bound, rel=1e-9) and found.upper == lp[1].objective
    assert found.upper - found.lower <= 1e-8 * found.upper


def test_the_bound_of_branch_and_bound_is_trusted_and_the_lp_bound_proved(mip, lp):
    found = verify_with(*mip)
    assert found.ok and [c.claim for c in found.checks if c.verdict is Verdict.TRUSTED] == ["the bound"]
    assert found.upper == mip[1].objective
    assert found.lower == pytest.approx(lp[1].objective, rel=1e-3)


@pytest.mark.parametrize("risk", ["cvar:0.9", "mean-cvar:0.5:0.8", "worst"])
def test_risk_measures_are_proved(islands, risk):
    for problem in (islands, relaxed(islands)):
        result = certified(problem, risk=risk)
        found = verify_with(problem, result)
        assert not false(found)
        assert verdict(found, "the LP bound") is Verdict.PROVED and verdict(found, "the plan's cost") is Verdict.PROVED
    assert found.upper - found.lower <= 1e-8 * found.upper


CHOICES = [
    {"cuts": "single"},
    {"cuts": "multi", "pool": False},
    {"cuts": "adaptive", "clusters": 3},
    {"cuts": "clustered", "clusters": 2, "retain": 2},
]


@pytest.mark.parametrize("seed", range(24))
def test_random_programs_are_verified_and_the_proved_bound_is_the_lp_relaxations(two_stage, seed):
    """Two roads: the bound that arithmetic proves, and the LP relaxation of the extensive form."""
    data = two_stage.draw(seed, integer_first=bool(seed % 2))
    problem = from_stage_data(data)
    result = certified(problem, **CHOICES[seed % 4])
    found = verify_with(problem, result)
    assert found.ok, false(found)
    best = get("highs").open(assemble(data)).solve({"rel_gap": 1e-9})
    if best.termination is not Termination.OPTIMAL:
        assert result.objective is None
        return
    side = (found.lower, found.upper) if data.sign > 0 else (-found.upper, -found.lower)
    relaxation = get("highs").open(assemble(data, relax=True)).solve().objective
    scale = max(1.0, abs(relaxation), abs(best.objective))
    assert side[0] <= relaxation + 1e-7 * scale and side[1] >= best.objective - 1e-7 * scale
    if not problem.first.integer.any():
        assert side[0] == pytest.approx(relaxation, abs=1e-6 * scale) and side[1] == pytest.approx(best.objective, abs=1e-6 * scale)


# -- what is planted is found


def places(data, path=()):
    """Yield the path of every number and every packed array of a certificate."""
    if isinstance(data, dict) and "dtype" in data:
        yield path
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from places(value, (*path, key))
    elif isinstance(data, list):
        for key, value in enumerate(data):
            yield from places(value, (*path, key))
    elif isinstance(data, int | float):
        yield path


def planted(result, path, change):
    """Return a copy of ``result`` with the number or array at ``path`` of its certificate replaced by ``change`` of it."""
    data = copy.deepcopy(dict(result.certificate))
    at = data
    for key in path[:-1]:
        at = at[key]
    old = at[path[-1]]
    if isinstance(old, dict):
        array = unpack(old, "", np.dtype(old["dtype"]).type, (None,) * len(old["shape"])).copy()
        at[path[-1]] = pack(np.asarray(change(array), dtype=array.dtype))
    else:
        at[path[-1]] = change(old)
    return replace(result, certificate=data)


def at(index, value):
    """Return a change of one entry (a flat index) by the function ``value``."""

    def change(array):
        out = array.copy()
        out.flat[index] = value(out.flat[index])
        return out

    return change


@pytest.mark.parametrize("section", ["lp", "mip"])
@pytest.mark.parametrize("field", ["constant", "slope"])
def test_a_wrong_cut_is_found(mip, section, field):
    problem, result = mip
    cuts = result.certificate["bound"][section]["cuts"]
    array = unpack(cuts[field], "", float, (None,) * len(cuts[field]["shape"]))
    biggest = int(np.abs(array).argmax())
    found = verify_with(problem, planted(result, ("bound", section, "cuts", field), at(biggest, lambda v: v * (1 + 1e-6))))
    assert any("cuts" in claim for claim in false(found))


def test_a_wrong_dual_is_found(lp):
    """Every non-zero dual of a row that holds first-stage variables: its cut's slope is another one."""
    problem, result = lp
    (group,) = problem.groups
    duals = unpack(result.certificate["bound"]["duals"][0], "", float, (None, None))
    touches = np.abs(group.T_0).sum(axis=1) + np.bincount(group.T_entries.row, minlength=len(group.sense)) > 0
    places = np.flatnonzero((np.abs(duals) > 1e-6) & touches)
    assert len(places)
    for place in places.tolist():
        for change in (lambda v: 1.001 * v, lambda v: -v, lambda v: 0.0):
            assert false(verify_with(problem, planted(result, ("bound", "duals", 0), at(place, change))))


def test_a_dual_of_the_wrong_sign_or_against_an_infinite_bound_proves_nothing(islands):
    (group,) = islands.groups
    check = GroupDuals(islands, group)
    row = int(np.flatnonzero(group.sense != 0)[0])
    wrong = np.zeros((1, len(group.sense)))
    wrong[0, row] = float(group.sense[row])
    assert check.check(np.zeros_like(wrong)).valid[0] and not check.check(wrong).valid[0]


def test_a_wrong_multiplier_is_found(lp):
    problem, result = lp
    for value in (lambda v: 1.001 * v, lambda v: -v):
        assert "the LP bound" in str(false(verify_with(problem, planted(result, ("bound", "lp", "cut_multipliers"), at(0, value)))))


def test_an_infeasible_plan_is_found(mip):
    problem, result = mip
    name = next(n for n, whole in zip(problem.first.names, problem.first.integer, strict=True) if whole and result.first_stage[n] > 0.5)
    plan = dict(result.first_stage) | {name: 0.0}
    assert "the plan satisfies the first stage" in false(verify_with(problem, replace(result, first_stage=plan)))
    fraction = dict(result.first_stage) | {name: 0.5}
    assert "the plan satisfies the first stage" in false(verify_with(problem, replace(result, first_stage=fraction)))


def test_recourse_that_does_not_fit_is_found(lp):
    problem, result = lp
    y = unpack(result.certificate["recourse"]["values"][0], "", float, (None, None))
    for change in (lambda v: v + 1.0, lambda v: 0.0):
        biggest = int(np.abs(y).argmax())
        assert false(verify_with(problem, planted(result, ("recourse", "values", 0), at(biggest, change))))


def test_a_wrong_objective_and_a_wrong_bound_are_found(lp, mip):
    for problem, result in (lp, mip):
        for part in (1 - 1e-5, 1 + 1e-5):
            trace = (*result.trace[:-1], replace(result.trace[-1], objective=result.objective * part))
            assert "the plan's cost" in false(verify_with(problem, replace(result, objective=result.objective * part, trace=trace)))
            assert false(verify_with(problem, replace(result, bound=result.bound * part)))
    problem, result = lp
    bound = result.bound * (1 + 1e-5)  # the same lie told everywhere: weak duality does not reach it
    trace = (*result.trace[:-1], replace(result.trace[-1], bound=bound))
    lie = planted(
        replace(result, bound=bound, objective=None, status=quakeops.Status.NO_SOLUTION, trace=()),
        ("bound", "lp", "bound"),
        lambda _: bound,
    )
    assert any("the LP bound" in claim for claim in false(verify_with(problem, replace(lie, trace=()))))
    assert any("agree" in claim for claim in false(verify_with(problem, replace(result, bound=bound, trace=trace))))


def test_a_gap_that_is_not_closed_is_found(mip):
    problem, result = mip
    bound = result.bound * 0.9
    wide = planted(replace(result, bound=bound, trace=()), ("bound", "mip", "bound"), lambda _: bound)
    assert false(verify_with(problem, wide)) == ["status, objective, bound and trace agree"]


def test_weights_outside_the_risk_set_are_found(islands):
    """Taking the excess of one scenario away leaves a valid cut, but another one than the stored."""
    problem = relaxed(islands)
    result = certified(problem, risk="mean-cvar:0.5:0.8")
    used = np.flatnonzero(unpack(result.certificate["bound"]["excess"], "", np.int64, (None, None)))
    assert false(verify_with(problem, planted(result, ("bound", "excess"), at(int(used[0]), lambda _: 0))))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(data=st.data())
def test_any_number_perturbed_is_found_or_claims_nothing_false(lp, mip, data):
    """What verification accepts is true: the plan's cost by a solver, the bound by the known optimum, what it proves by the known LP bound."""
    problem, result = data.draw(st.sampled_from([lp, mip]))
    everything = {"certificate": dict(result.certificate), "first_stage": dict(result.first_stage)}
    everything |= {"objective": result.objective, "bound": result.bound}
    path = data.draw(st.sampled_from(list(places(everything))))
    factor = data.draw(st.sampled_from([1 - 1e-3, 1 + 1e-3]))
    if path[0] == "certificate":
        where = everything
        for key in path:
            where = where[key]
        size = int(np.prod(where["shape"])) if isinstance(where, dict) else 1
        if not size:
            return
        index = data.draw(st.integers(0, size - 1))
        wrong = planted(result, path[1:], at(index, lambda v: v * factor) if isinstance(where, dict) else lambda v: v * factor)
    elif path[0] == "first_stage":
        wrong = replace(result, first_stage=dict(result.first_stage) | {path[1]: result.first_stage[path[1]] * factor})
    else:
        wrong = replace(result, **{path[0]: getattr(result, path[0]) * factor})
    try:
        found = verify_with(problem, wrong)
    except InputError:
        return
    if not found.ok:
        return
    x = np.array([wrong.first_stage[n] for n in problem.first.names])
    assert exact_cost(problem, x) == pytest.approx(wrong.objective, rel=2e-6)
    assert wrong.bound <= result.objective * (1 + 1e-6)
    assert found.lower <= lp[1].objective * (1 + 1e-6)


def exact_cost(problem, x):
    """Solve every recourse problem at ``x``, for the expectation."""
    (group,) = problem.groups
    total = problem.cost @ x
    for s, rhs in enumerate(group.right_hand_sides(x, group.xi)):
        low, high = np.where(group.sense <= 0, rhs, -np.inf), np.where(group.sense >= 0, rhs, np.inf)
        program = LinearProgram(group.cost, group.W, low - 1e-6, high + 1e-6, group.second.lower, group.second.upper, group.second.integer)
        total += problem.probabilities[s] * (get("highs").open(program).solve().objective + group.extra_costs(x, s, s + 1)[0])
    return float(total)


# -- the parts


@given(st.integers(0, 10_000))
def test_implied_bounds_hold_at_every_point(seed):
    """Two roads: an LP that maximises one variable never finds more than its implied bound."""
    r = np.random.default_rng(seed)
    m, n = int(r.integers(1, 5)), int(r.integers(1, 5))
    a = r.integers(-3, 4, (m, n)).astype(float)
    low, high = np.where(r.random(m) < 0.5, -np.inf, r.integers(-6, 0, m)), np.where(r.random(m) < 0.3, np.inf, r.integers(0, 9, m))
    lower, upper = np.where(r.random(n) < 0.3, -np.inf, r.integers(-3, 1, n)), np.where(r.random(n) < 0.6, np.inf, r.integers(1, 6, n))
    new_lower, new_upper = implied_bounds(csr_array(a), low, high, lower, upper)
    for j in range(n):
        for sign, bound in ((1.0, new_upper[j]), (-1.0, -new_lower[j])):
            program = LinearProgram(-sign * np.eye(n)[j], csr_array(a), low, high, lower, upper, np.zeros(n, dtype=bool))
            found = get("highs").open(program).solve()
            if found.termination is Termination.OPTIMAL:
                assert -found.objective <= bound + 1e-6 * max(1.0, abs(bound))


def test_a_residual_is_charged_with_the_bound_the_rows_imply(islands):
    """W y = y_0 + y_1 <= x, 0 <= x <= 5: y_0 is at most 5, so pi = -1 - 1e-4 with q_0 = -1 costs 5e-4 less a certain bound."""
    first = replace(islands.first, names=("x",), lower=np.zeros(1), upper=np.full(1, 5.0), integer=np.zeros(1, dtype=bool))
    second = replace(first, names=("y0", "y1"), lower=np.zeros(2), upper=np.full(2, np.inf), integer=np.zeros(2, dtype=bool))
    (base,) = islands.groups
    group = Group(
        cost=np.array([-1.0, 0.0]),
        W=csr_array([[1.0, 1.0]]),
        sense=np.array([1], dtype=np.int8),
        second=second,
        row_names=("room",),
        rhs_0=np.zeros(1),
        rhs_xi=csr_array((1, 0)),
        T_0=csr_array([[-1.0]]),
        T_entries=replace(base.T_entries, **{f: getattr(base.T_entries, f)[:0] for f in ("row", "column", "component", "coefficient")}),
        xi=np.zeros((1, 0)),
        offset=np.zeros(1),
    )
    problem = replace(
        islands, first=first, A=csr_array((0, 1)), row_lower=np.zeros(0), row_upper=np.zeros(0), row_names=(), groups=(group,)
    )
    checked = GroupDuals(problem, group).check(np.array([[-1.0], [-1.0 + 1e-4]]))
    assert checked.valid.all()
    assert checked.b == pytest.approx([0.0, -5e-4]) and checked.charged == pytest.approx(5e-4)
    unbounded = replace(problem, first=replace(first, upper=np.full(1, np.inf)))
    assert GroupDuals(unbounded, group).check(np.array([[-1.0], [-1.0 + 1e-4]])).valid.tolist() == [True, False]


def test_records_survive_a_checkpoint_and_are_forgotten_when_no_cut_needs_them(islands):
    risk = parse_risk("cvar:0.9")
    from quakeops.decomposition.benders.engine import Engine

    engine = Engine(islands, get("highs"), Run(), Settings(risk=risk, threads=1))
    writing.keep_records(engine)
    ledger = engine.proof.ledger
    x = np.asarray(islands.first.lower)
    cuts = []
    for k, eta in enumerate((None, 0.0, 1e5)):
        answer, _ = engine.evaluate(x + k * 10.0 * ~islands.first.integer, eta, engine.effort(exact=True))
        cuts += answer.cuts
    vertices, team = engine.oracle.vertices, engine.team
    state = ledger.state(team, vertices)
    again = ledgers.Ledger(islands)
    again.restore(state, islands.blocks(), has_excess=True)
    engine.close()
    resolved = []
    for records in (state, again.state(team, vertices)):
        resolved.append({k: records[k] for k in ("sources", "excess", "rays", "ray_duals")})
        resolved[-1]["duals"] = np.where(records["ids"][..., None] >= 0, records["duals_0"][records["ids"]], 0.0)
    for key, value in resolved[0].items():
        assert np.array_equal(value, resolved[1][key]), key
    everything = np.ones(islands.num_scenarios, dtype=bool)
    last = max(c.source for c in cuts)
    kept = ledger.collect(team, vertices, {last: everything})
    ledger.forget({last})
    after = ledger.collect(team, vertices, {last: everything, last - 1: everything})
    assert len(ledger) == 1 and after.sources == kept.sources == (last,)
    assert np.array_equal(after.duals[0][after.ids], kept.duals[0][kept.ids])
    ledger.forget(set())
    assert len(ledger) == 0 and ledger.nbytes == 0


def test_what_is_too_large_is_not_recorded_and_said_so(islands, monkeypatch):
    monkeypatch.setattr(ledgers, "MOST_ENTRIES", 10)
    monkeypatch.setattr("quakeops.decomposition.recourse_solutions.MOST_NUMBERS", 10)
    result = certified(islands)
    assert "too large" in result.certificate["bound"]["missing"] and "too large" in result.certificate["recourse"]["missing"]
    found = verify_with(islands, result)
    assert found.ok and verdict(found, "the bound") is Verdict.TRUSTED and verdict(found, "the plan's cost") is Verdict.TRUSTED
    monkeypatch.undo()
    monkeypatch.setattr(writing, "MOST_BYTES", 10)
    assert "dropped, too large" in certified(islands).certificate["bound"]["missing"]
    monkeypatch.undo()
    monkeypatch.setattr(ledgers, "MOST_BYTES", 10)
    assert "GB of duals" in certified(islands).certificate["bound"]["missing"]


def test_a_malformed_certificate_is_bad_input(lp):
    problem, result = lp
    for path in places(dict(result.certificate)):
        with pytest.raises(InputError, match=r"certificate\.|not a packed"):
            data = copy.deepcopy(dict(result.certificate))
            where = data
            for key in path[:-1]:
                where = where[key]
            where[path[-1]] = "garbled"
            verify_with(problem, replace(result, certificate=data))


# -- through the front door


@pytest.mark.parametrize("method", ["ef", "benders"])
def test_results_of_the_methods_are_verified(method):
    result = quakeops.solve("prepositioning", instance="islands-3", method=method)
    found = quakeops.verify(Result.from_dict(json.loads(result.to_json())))
    assert found.ok and found.upper == result.objective
    assert verdict(found, "the bound") is Verdict.TRUSTED


def test_integer_recourse_is_checked_for_integrality(foreign):
    result = quakeops.solve(module="packing", scenarios=2, method="ef", rel_gap=0.5)
    assert quakeops.verify(result).ok
    first = result.certificate["recourse"]["values"][0]
    y = unpack(first, "", float, (None, None))
    assert y.size and np.abs(y - np.round(y)).max() <= 1e-6


def test_a_maximisation_is_proved_from_both_sides(foreign):
    result = quakeops.solve(module="farmer", arguments={"maximize": "true"}, method="benders", rel_gap=1e-7)
    found = quakeops.verify(result)
    assert found.ok and found.lower == result.objective == pytest.approx(108_390)
    assert found.upper == pytest.approx(108_390, rel=1e-6)


def test_without_a_certificate_everything_else_is_still_checked():
    result = quakeops.solve("prepositioning", instance="islands-3", method="benders", certificate=False)
    assert result.certificate is None and "certificate" not in result.to_dict()
    found = quakeops.verify(result)
    assert found.ok and verdict(found, "the plan satisfies the first stage") is Verdict.PROVED
    assert verdict(found, "the plan's cost") is Verdict.TRUSTED and verdict(found, "the bound") is Verdict.TRUSTED


def test_the_command_finds_what_is_false(tmp_path, subprocess_run):
    """Exit codes 0 and 5, and 2 for an instance that has changed; ``--json`` prints no certificate."""
    out = tmp_path / "r.json"
    solved = subprocess_run(
        "-m", "quakeops", "solve", "prepositioning", "--instance", "islands-3", "--method", "benders", "--out", out, "--json"
    )
    assert solved.returncode == 0 and "certificate" not in json.loads(solved.stdout)
    good = subprocess_run("-m", "quakeops", "verify", out, "--json")
    assert good.returncode == 0 and json.loads(good.stdout)["ok"] is True
    data = json.loads(out.read_text())
    data["objective"] *= 1.001
    out.write_text(json.dumps(data))
    bad = subprocess_run("-m", "quakeops", "verify", out)
    assert bad.returncode == 5 and "FALSE" in bad.stdout and "the plan's cost" in bad.stdout
    data["provenance"]["instance_hash"] = "0" * 16
    out.write_text(json.dumps(data))
    assert subprocess_run("-m", "quakeops", "verify", out).returncode == 2


@needs_mpi
def test_certificates_of_several_ranks_say_the_same(tmp_path):
    """Two ranks gather what one rank writes: equal bounds and objectives to the last digit, and both verified."""
    digits = []
    for ranks in (1, 2):
        out = tmp_path / f"r{ranks}.json"
        command = [sys.executable, "-m", "quakeops", "solve", "prepositioning", "--instance", "prepositioning-random", "--scenarios", "20"]
        command += ["--method", "benders", "--rel-gap", "1e-2", "--out", str(out)]
        start = [MPIEXEC, "-n", str(ranks)] if ranks > 1 else []
        done = subprocess.run([*start, *command], capture_output=True, text=True, timeout=180, check=False, env=dict(os.environ))
        assert done.returncode == 0, done.stderr
        result = Result.load(out)
        found = quakeops.verify(result)
        assert found.ok and found.upper is not None
        digits.append((result.objective, result.bound, found.lower))
    assert digits[0] == digits[1]


def test_recourse_evaluator_agrees_with_the_proof(two_stage):
    """The proved upper side is what the general evaluator finds for the same plan."""
    data = two_stage.draw(5, complete=True)
    result = certified(from_stage_data(data))
    x = np.array([result.first_stage[n] for n in data.first.names])
    assert Recourse(data, get("highs")).expected(x) * data.sign == pytest.approx(result.objective, rel=1e-7, abs=1e-7)
