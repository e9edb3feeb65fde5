"""Chance decomposition: equal to the extensive form on random programs, mixing inequalities valid, certificates verified, any ranks."""

import importlib.util
import itertools
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyomo.environ as pyo
import pytest
import quakeops
from quakeops.decomposition.benders.compiled import compile_problem
from quakeops.decomposition.benders.owned import OwnedProblem
from quakeops.decomposition.benders.settings import Settings
from quakeops.decomposition.benders.team import Team
from quakeops.decomposition.chance import solve_chance
from quakeops.decomposition.chance.master import Master
from quakeops.decomposition.chance.oracle import ChanceOracle
from quakeops.decomposition.chance.problem import ChanceProblem
from quakeops.decomposition.chance.stars import Stars
from quakeops.decomposition.compiled import stage_data
from quakeops.decomposition.extensive_form import solve_extensive_form
from quakeops.decomposition.run import Run
from quakeops.decomposition.verification import verify_with
from quakeops.errors import InputError, ModelError
from quakeops.result import Result
from quakeops.solvers import get

spec = importlib.util.spec_from_file_location("given_up", Path(__file__).parent / "modules" / "given_up.py")
given_up = importlib.util.module_from_spec(spec)
spec.loader.exec_module(given_up)

KINDS = [
    {},
    {"random_T": False, "equal": True},
    {"kinds": 2},
    {"kinds": 2, "random_T": False, "equal": True},
    {"excess": True},
    {"excess": True, "random_T": False},
]


def both(program, rel_gap=1e-7, **settings):
    """The results of the extensive form and of the decomposition."""
    data = stage_data(program)
    run = Run(rel_gap=rel_gap, sign=data.sign, method="ef", solver="highs")
    whole = solve_extensive_form(data, get("highs"), run)
    run = Run(rel_gap=rel_gap, time_limit=60, method="benders", solver="highs", certificate=True)
    run.provenance = {"options": {"rel_gap": rel_gap}}
    return whole, solve_chance(program, get("highs"), run, settings=Settings(**settings))


@pytest.mark.parametrize("kind", range(len(KINDS)))
@pytest.mark.parametrize("seed", range(6))
def test_equals_the_extensive_form(kind, seed):
    program = given_up.draw(seed, **KINDS[kind])
    whole, decomposed = both(program, cuts=["single", "clustered", "multi"][seed % 3], pool=bool(seed % 2))
    assert decomposed.status.value == whole.status.value, (decomposed.stop_reason, whole.stop_reason)
    if whole.objective is None:
        return
    assert decomposed.objective == pytest.approx(whole.objective, rel=1e-6, abs=1e-6)
    assert decomposed.bound <= decomposed.objective + 1e-6 * max(1, abs(decomposed.objective))
    problem, _ = compile_problem(program, Team())
    said = verify_with(problem, decomposed, OwnedProblem.of(problem, program))
    assert said.ok, [c for c in said.checks if c.verdict.value == "false"]
    assert said.upper == decomposed.objective and said.lower <= decomposed.objective + 1e-6 * max(1, abs(decomposed.objective))


def chance_problem(program):
    problem, _ = compile_problem(program, Team())
    return ChanceProblem.of(OwnedProblem.of(problem, program))


@pytest.mark.parametrize("kind", range(4))
@pytest.mark.parametrize("seed", range(4))
def test_every_row_holds_at_every_plan_that_is_feasible(kind, seed):
    """All sets that may be given up, integer plans on a grid: a row that cuts one off would be no inequality of the problem."""
    program = given_up.draw(seed + 40, **KINDS[kind])
    chance, team = chance_problem(program), Team()
    S, o = len(chance.p), chance.num_own
    oracle, stars = ChanceOracle(chance, get("highs"), team, np.zeros(S, dtype=np.int64)), Stars(chance, team)
    rng = np.random.default_rng(seed)
    for _ in range(15):
        seen = oracle.evaluate(rng.uniform(0, 2, len(chance.common)), np.zeros((S, o)))
        stars.add(seen.rays, 50)
    rows = []
    for _ in range(30):
        x, z = rng.uniform(0, 3, len(chance.common)), rng.uniform(0, 1, (S, o)) ** 2
        rows += stars.separate(x, z, 50)
    assert rows and stars.directions
    checked = 0
    for _ in range(400):
        z = np.zeros((S, o))
        for j in range(o):  # a random set within the budget
            left = chance.budget[j] + 1e-12
            for s in rng.permutation(S).tolist():
                if chance.p[s] <= left and rng.random() < 0.8:
                    z[s, j], left = 1.0, left - chance.p[s]
        x = np.round(rng.uniform(0, 8, len(chance.common)))
        if oracle.evaluate(x, z).feasible and chance.violation(x, z)[0] <= 1e-9:
            checked += 1
            assert max(row.at(x, z.ravel()) / (1 + np.abs(row.slope) @ np.abs(x)) for row in rows) <= 1e-9
    oracle.close()
    assert checked > 10


def test_a_mixing_row_by_hand():
    """Levels 9, 7, 4, 2 of equally likely scenarios, one of which may be given up: alpha'x + 2 z_1 >= 9 with the tail at 7; chains start at
    the top, and stop where z is not smaller."""
    program = given_up.draw(1, random_T=False, equal=True)
    chance = chance_problem(program)
    stars = Stars(chance, Team())
    S = len(chance.p)
    chance.__dict__["budget"] = np.array([1 / S])
    level = np.linspace(2, 9, S)
    ray = type("Ray", (), {"alpha": np.ones(len(chance.common)), "dual": np.ones(2), "group": 0, "scenario": 0})()
    direction = stars._direction(ray, level, np.full((S, 1), 50.0))
    assert direction.top.tolist() == [S - 1]
    assert direction.steps.tolist() == [9.0, level[-2]]
    stars.directions.append(direction)
    z = np.zeros((S, 1))
    z[-1] = 0.5
    (row,) = stars.separate(np.zeros(len(chance.common)), z, 5)
    assert (row.constant, row.places.tolist()) == (9.0, [S - 1])
    assert row.weights == pytest.approx([-(9 - level[-2])])


@pytest.mark.parametrize("seed", range(3))
def test_brute_force_over_what_is_given_up(seed):
    """The best of the ordinary two-stage problems, one for every set that may be given up."""
    program = given_up.draw(seed + 7, random_T=True)
    chance = chance_problem(program)
    S = len(chance.p)
    best = np.inf
    for chosen in itertools.product((0.0, 1.0), repeat=S):
        z = np.array(chosen)[:, None]
        if chance.p @ z[:, 0] > chance.budget[0] + 1e-12:
            continue
        fixed = chance.owned.fixed(z)
        from quakeops.decomposition.benders import solve_problem

        run = Run(rel_gap=1e-9, method="benders", solver="highs")
        found = solve_problem(fixed, get("highs"), run, Team(), Settings())
        if found.objective is not None:
            best = min(best, found.objective)
    _, decomposed = both(program)
    assert decomposed.objective == pytest.approx(best, rel=1e-6, abs=1e-6)


def test_deployment_equals_the_extensive_form_in_every_form():
    for form in ({}, {"send": "now"}, {"rule": "cvar"}, {"rule": "cvar", "send": "now"}, {"rule": "cvar", "joint": "false"}):
        ends = [
            quakeops.solve("deployment", scenarios=25, seed=3, arguments=form, method=m, rel_gap=1e-7, certificate=False)
            for m in ("ef", "benders")
        ]
        assert [e.status.value for e in ends] == ["optimal", "optimal"], form
        assert ends[0].objective == pytest.approx(ends[1].objective, rel=1e-6), form


@pytest.fixture(scope="module")
def solved():
    return quakeops.solve("deployment", scenarios=40, method="benders", rel_gap=1e-3)


def test_the_certificate_is_verified(solved):
    said = quakeops.verify(Result.from_dict(json.loads(solved.to_json())))
    assert said.ok and said.upper == solved.objective and said.lower < said.upper
    assert {c.claim for c in said.checks if c.verdict.value == "proved"} >= {"the LP bound", "the rows of the MIP bound", "the plan's cost"}


def changed(result, path, value):
    data = json.loads(result.to_json())
    at = data
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value(at[path[-1]])
    return Result.from_dict(data)


def shifted(by, where=0):
    from quakeops.decomposition.packing import pack, unpack

    def change(packed):
        array = unpack(packed, "test", float, (None,) * len(packed["shape"])).copy()
        array.flat[where] += by
        return pack(array)

    return change


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("certificate", "bound", "mip", "constant"), shifted(5.0, 3)),
        (("certificate", "bound", "mip", "weights"), shifted(-5.0)),
        (("certificate", "bound", "lp", "multipliers"), shifted(0.5)),
        (("certificate", "bound", "lp", "bound"), lambda b: b * 1.01),
        (("certificate", "bound", "lp", "rays"), lambda rays: [shifted(1.0, 5)(rays[0]), *rays[1:]]),
        (("certificate", "recourse", "values"), lambda v: [shifted(3.0, 7)(v[0])]),
        (("first_stage", "ready[depot02]"), lambda v: v * 0.9),
    ],
    ids=lambda v: ".".join(v) if isinstance(v, tuple) else "",
)
def test_a_changed_certificate_is_false(solved, path, value):
    assert not quakeops.verify(changed(solved, path, value)).ok


def test_one_more_scenario_given_up_is_false(solved):
    free = next(n for n, v in solved.first_stage.items() if n.startswith("give_up") and v == 0)
    plan = dict(solved.first_stage) | {free: 1.0}
    said = quakeops.verify(replace(solved, first_stage=plan))
    wrong = [c for c in said.checks if c.verdict.value == "false"]
    assert any("reliability[all]" in c.detail for c in wrong)


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"risk": "cvar:0.9"}, "takes the mean alone"),
        ({"retain": 2}, "--retain 2"),
        ({"cuts": "adaptive"}, "--cuts adaptive"),
        ({"stabilization": "level-1"}, "--stabilization level-1"),
        ({"checkpoint": "here"}, "--checkpoint"),
    ],
)
def test_options_that_do_not_go_with_it(options, part):
    with pytest.raises(InputError, match=part):
        quakeops.solve("deployment", scenarios=10, method="benders", **options)


@pytest.mark.parametrize("method", ["ef", "benders"])
def test_risk_measures_are_refused_by_every_method(method):
    with pytest.raises(InputError, match="takes the mean alone"):
        quakeops.solve("deployment", scenarios=10, method=method, risk="worst")


def test_radius_is_refused_before_the_work():
    plan = quakeops.solve("deployment", scenarios=10, method="benders", certificate=False)
    with pytest.raises(InputError, match=r"--radius 0\.1"):
        quakeops.evaluate(plan, radius=0.1)


def test_a_row_is_added_once():
    """A solver holds rows to a tolerance; one that seems violated again must not keep a phase going for ever."""
    chance = chance_problem(given_up.draw(1))
    master = Master(chance, get("highs"), 1)
    rows = ChanceOracle(chance, get("highs"), Team(), np.zeros(len(chance.p), dtype=np.int64)).trivial_rows()
    assert (master.add(rows), master.add(rows), len(master.rows)) == (1, 0, 1)
    master.drop(np.array([0]))
    assert master.add(rows) == 1


@pytest.mark.parametrize(("what", "part"), [("plan", "first stage fall without limit"), ("recourse", "recourse costs of a scenario fall")])
def test_costs_without_limit_are_an_error(what, part):
    program = given_up.draw(3, random_T=False)

    def creator(name, *, data):
        m = program.creator(name, data=data)
        if what == "plan":
            m.x[0].setub(None)
            m.cost1.set_value(-m.x[0])
        else:
            m.free = pyo.Var(within=pyo.NonNegativeReals)
            m.often_free = pyo.Constraint(expr=m.free + m.y[0] >= 0)
            m.obj.set_value(m.cost1 - m.free)
        return m

    with pytest.raises(ModelError, match=part):
        solve_chance(replace(program, creator=creator), get("highs"), Run(rel_gap=1e-6, method="benders", solver="highs"))


def test_infeasible_is_said():
    program = given_up.draw(3, random_T=False)
    data = program.kwargs["data"] | {"h": program.kwargs["data"]["h"] + 1000.0}
    impossible = replace(program, kwargs={"data": data})
    run = Run(rel_gap=1e-6, time_limit=60, method="benders", solver="highs")
    assert solve_chance(impossible, get("highs"), run).status.value == "infeasible"


MPIEXEC = shutil.which("mpiexec") or str(Path(sys.executable).with_name("mpiexec"))
SCRIPT = """\
import json
import quakeops
from quakeops import parallel
r = quakeops.solve("deployment", scenarios=60, method="benders", rel_gap=1e-3)
if parallel.rank(parallel.world()) == 0:
    print(json.dumps([r.status.value, r.objective, r.bound, r.first_stage, quakeops.verify(r).ok]))
else:
    quakeops.verify(r)
"""


@pytest.mark.skipif(not Path(MPIEXEC).exists(), reason="no mpiexec (pip install 'quakeops[mpi,mpich]')")
def test_the_same_digits_on_two_ranks(tmp_path):
    script = tmp_path / "run.py"
    script.write_text(SCRIPT)
    outs = []
    for ranks in (1, 2):
        command = [MPIEXEC, "-n", str(ranks), sys.executable, "-m", "mpi4py", str(script)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=True)
        outs.append(json.loads(done.stdout.strip().splitlines()[-1]))
    assert outs[0][0] == "optimal" and outs[0][-1]
    assert outs[0] == outs[1]


def test_a_users_own_module(foreign):
    """A module with the function ``owned`` is decomposed as our own models are, and verified; its copies give the same optimum."""
    decomposed = quakeops.solve(module="shelters", scenarios=25, method="benders", rel_gap=1e-7)
    whole = quakeops.solve(module="shelters", scenarios=25, method="ef", rel_gap=1e-7)
    assert decomposed.status.value == "optimal" and quakeops.verify(decomposed).ok and quakeops.verify(whole).ok
    assert decomposed.objective == pytest.approx(whole.objective, rel=1e-6)
    assert sum(v for n, v in decomposed.first_stage.items() if n.startswith("give_up")) == 5
    fresh = quakeops.evaluate(decomposed, scenarios=40, evpi=False, vss=False)
    assert fresh.num_scenarios == 40
    import shelters
    from quakeops.decomposition.matrices import compile_program
    from quakeops.decomposition.program import Program

    copies = Program("shelters", tuple(f"scen{k}" for k in range(25)), shelters.scenario_creator, {"count": 25})
    run = Run(rel_gap=1e-7, method="ef", solver="highs")
    assert solve_extensive_form(compile_program(copies), get("highs"), run).objective == pytest.approx(whole.objective, rel=1e-6)
