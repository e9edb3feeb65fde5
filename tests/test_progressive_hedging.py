"""Progressive hedging: bounds that bracket the extensive form's optimum, on any layout of ranks, and clean ends."""

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
from quakeops.decomposition.extensive_form import assemble, scenario_problem, solve_extensive_form
from quakeops.decomposition.matrices import compile_program, join
from quakeops.decomposition.program import from_model, from_module
from quakeops.decomposition.progressive_hedging.incumbents import neighbours, roundings
from quakeops.decomposition.progressive_hedging.start import lp_start
from quakeops.decomposition.progressive_hedging.subproblems import bundle, pyomo_model
from quakeops.decomposition.run import Run
from quakeops.solvers import Termination, get

HERE = Path(__file__).parent
MPIEXEC = shutil.which("mpiexec") or str(Path(sys.executable).with_name("mpiexec"))
needs_mpi = pytest.mark.skipif(not Path(MPIEXEC).exists(), reason="no mpiexec (pip install 'quakeops[mpi,mpich]')")


def mpi(ranks, *arguments, script=None, cwd=None, timeout=180):
    """Run the command line (or a script) under mpiexec; returns the finished process."""
    command = [MPIEXEC, "-n", str(ranks), sys.executable, *([script] if script else ["-m", "quakeops"]), *arguments]
    environment = os.environ | {"PYTHONPATH": str(HERE / "modules")}
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, env=environment, cwd=cwd)


@pytest.fixture(scope="module")
def family():
    """Six scenarios of the random family: compiled data, and the extensive form's optimum to 1e-6."""
    data = compile_program(from_model("prepositioning", instance="prepositioning-random", num_scenarios=6, seed=3))
    return data, solve_extensive_form(data, get("highs"), Run(rel_gap=1e-4))


def test_first_weights_make_the_lagrangian_bound_the_lp_bound(family):
    """eq. (1)-(2) of progressive_hedging.start: sum p W = 0, and the relaxed Lagrangian at W equals the LP relaxation."""
    data, best = family
    highs = get("highs")
    start = lp_start(data, highs)
    assert start.bound == pytest.approx(highs.open(assemble(data, relax=True)).solve().objective, rel=1e-6)
    scale = np.abs(start.weights).max()
    assert scale > 1
    assert np.abs(data.probabilities @ start.weights).max() < 1e-9 * scale
    relaxed = integer = 0.0
    for s, w in zip(data.scenarios, start.weights, strict=True):
        problem = scenario_problem(data, s, w)
        integer += s.probability * highs.open(problem).solve({"rel_gap": 1e-4}).bound
        relaxed += s.probability * highs.open(replace(problem, integer=np.zeros_like(problem.integer))).solve().objective
    assert relaxed == pytest.approx(start.bound, rel=1e-6)
    assert start.bound * (1 - 1e-7) <= integer <= best.objective


PROBLEMS = {
    "islands-3": lambda: from_model("prepositioning", instance="islands-3"),
    "farmer": lambda: from_module("farmer"),
    "random": lambda: from_model("prepositioning", instance="prepositioning-random", num_scenarios=30, seed=2),
}


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("count", [None, 2])
def test_the_engines_duals_are_those_of_the_extensive_form(foreign, name, count):
    """Two roads to one bound: the relaxed Lagrangian at W from the engine's LP phase, and the extensive form's LP; in bundles too."""
    data, highs = compile_program(PROBLEMS[name]()), get("highs")
    best = highs.open(assemble(data, relax=True)).solve().objective
    start, bundled = lp_start(data, highs, bundles=count), bundle(data, count)
    assert start.bound <= best + 1e-9 * abs(best) and start.bound == pytest.approx(best, rel=1e-6)
    assert np.abs(bundled.probabilities @ start.weights).max() < 1e-9 * max(1.0, np.abs(start.weights).max())
    relaxed = 0.0
    for s, w in zip(bundled.scenarios, start.weights, strict=True):
        problem = scenario_problem(bundled, s, w)
        relaxed += s.probability * highs.open(replace(problem, integer=np.zeros_like(problem.integer))).solve().objective
    assert relaxed == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize("seed", range(30))
def test_duals_of_random_programs_give_the_lp_bound(two_stage, seed):
    """As above, with scenarios without recourse at some plans (multipliers of feasibility cuts), several W, repeated and weightless ones."""
    data, highs = two_stage.draw(seed, boxed=True), get("highs")
    best = highs.open(assemble(data, relax=True)).solve()
    start = lp_start(data, highs)
    if best.termination is not Termination.OPTIMAL:
        assert start.impossible is best.termination or best.termination is Termination.INFEASIBLE_OR_UNBOUNDED
        return
    assert np.abs(data.probabilities @ start.weights).max() < 1e-9 * max(1.0, np.abs(start.weights).max())
    values = []
    for s, w in zip(data.scenarios, start.weights, strict=True):
        if s.probability > 0:
            problem = scenario_problem(data, s, w)
            found = highs.open(replace(problem, integer=np.zeros_like(problem.integer))).solve()
            values.append(s.probability * found.objective)
    assert sum(values) == pytest.approx(best.objective, rel=1e-6, abs=1e-6)


def test_the_wrong_sign_of_w_is_far_worse(family):
    """The sign convention matters: -W is still centred, hence a valid bound, but a poor one."""
    data, _ = family
    highs = get("highs")
    start = lp_start(data, highs)
    wrong = sum(
        s.probability * (highs.open(scenario_problem(data, s, -w)).solve({"rel_gap": 1e-2}).bound)
        for s, w in zip(data.scenarios, start.weights, strict=True)
    )
    assert wrong < start.bound - abs(start.bound)


@pytest.mark.parametrize("count", [None, 1, 2, 4])
def test_bundles_keep_the_extensive_form(count):
    """Bundling regroups the extensive form (unequal probabilities): the same LP relaxation, probabilities summing to 1."""
    data = compile_program(from_model("prepositioning", instance="islands-3"))
    bundled = bundle(data, count)
    assert len(bundled.scenarios) == (6 if count is None else count)
    assert bundled.probabilities.sum() == pytest.approx(1)
    value = get("highs").open(assemble(bundled, relax=True)).solve().objective
    assert value == pytest.approx(get("highs").open(assemble(data, relax=True)).solve().objective, rel=1e-9)


def test_subproblem_written_back_to_pyomo_has_the_same_optimum(foreign):
    """Arrays -> Pyomo -> solver gives what the arrays give, for a model with every kind of row and a maximisation."""
    import pyomo.environ as pyo

    for arguments in ({}, {"maximize": "true"}):
        data = compile_program(from_module("farmer", arguments=arguments))
        for k, s in enumerate(data.scenarios):
            m = pyomo_model(data, k)
            pyo.SolverFactory("highs").solve(m)
            assert pyo.value(m.cost) == pytest.approx(get("highs").open(scenario_problem(data, s)).solve().objective, rel=1e-9)


def test_compiled_in_shares_equals_compiled_at_once(foreign):
    """What the ranks compile separately joins to the same data, in scenario order."""
    program = from_module("farmer")
    whole = compile_program(program)
    shares = [[0, 2], [1], []]
    joined = join(program, [(k, compile_program(program, scenarios=k) if k else None) for k in shares])
    assert [s.name for s in joined.scenarios] == [s.name for s in whole.scenarios]
    assert all((a.T != b.T).nnz == 0 and (a.W != b.W).nnz == 0 for a, b in zip(joined.scenarios, whole.scenarios, strict=True))


def test_candidates_respect_bounds_and_integrality(family):
    data, _ = family
    start = lp_start(data, get("highs"))
    for x in roundings(data, start.x):
        assert np.array_equal(x[data.first.integer], np.round(x[data.first.integer]))
    some = neighbours(data, x, np.random.default_rng(0))
    assert some
    assert all(np.all(y >= data.first.lower - 1e-9) and np.all(y <= data.first.upper + 1e-9) for y in some)
    assert all(0 < np.abs(y - x)[data.first.integer].sum() <= 2 for y in some)


def test_serial_brackets_the_extensive_form(family):
    _data, best = family
    result = quakeops.solve(
        "prepositioning", instance="prepositioning-random", scenarios=6, seed=3, method="ph", rel_gap=2e-2, time_limit=60
    )
    assert result.bound <= best.objective * (1 + 1e-9)
    assert best.bound <= result.objective * (1 + 1e-9)
    assert result.gap <= 2e-2
    assert result.provenance["ph"]["layout"] == "one cylinder of 1 rank"
    assert quakeops.evaluate(result, evpi=False, vss=False).expected_cost.value == pytest.approx(result.objective, rel=1e-9)


@pytest.mark.parametrize("arguments", [{}, {"maximize": "true"}])
def test_farmer_serial(foreign, arguments):
    """Birge & Louveaux (2011), sec. 1.1: 108,390 and 170, 80, 250 acres, minimised or maximised."""
    result = quakeops.solve(module="farmer", arguments=arguments, method="ph", rel_gap=1e-7, time_limit=60)
    sign = 1 if arguments else -1
    assert result.status == "optimal"
    assert result.objective == pytest.approx(sign * 108_390, abs=0.5)
    assert result.bound == pytest.approx(sign * 108_390, abs=0.5)
    assert {k: round(v) for k, v in result.first_stage.items()} == {"acres[wheat]": 170, "acres[corn]": 80, "acres[beets]": 250}


@pytest.mark.parametrize("maximize", [False, True])
def test_farmer_converges_by_itself_from_zero_weights(foreign, monkeypatch, maximize):
    """Without the LP start, mpi-sppy's own PH iterations must close the gap: the sign of W and rho, and the bounds, are right."""
    import quakeops.decomposition.progressive_hedging as ph
    from quakeops.decomposition.progressive_hedging.start import Start

    monkeypatch.setattr(ph, "lp_start", lambda data, *_, **__: Start(np.zeros((len(data.scenarios), len(data.first)))))
    arguments = {"maximize": "true"} if maximize else {}
    result = quakeops.solve(module="farmer", arguments=arguments, method="ph", rel_gap=1e-4, time_limit=60)
    assert result.provenance["ph"]["iterations"] > 3
    assert result.gap <= 1e-4
    assert abs(result.objective) == pytest.approx(108_390, rel=2e-4)


def test_duality_gap_is_reported_not_hidden():
    """islands-3 has a duality gap: PH stops when it stalls, status feasible, and its bound is below the optimum."""
    result = quakeops.solve("prepositioning", instance="islands-3", method="ph", rel_gap=1e-4, iterations=15)
    best = quakeops.load("islands-3").best_known
    assert result.status == "feasible"
    assert result.exit_code == 1
    assert result.bound < best.objective * (1 - 1e-3)
    assert result.objective >= best.objective * (1 - 1e-9)
    assert result.stop_reason == "iteration limit"


def test_one_bundle_is_the_extensive_form():
    result = quakeops.solve("prepositioning", instance="islands-3", method="ph", rel_gap=1e-4, bundles=1, time_limit=60)
    assert result.objective == pytest.approx(quakeops.load("islands-3").best_known.objective, rel=1e-4)
    assert result.status == "optimal"


def test_infeasible_names_the_scenario(foreign):
    result = quakeops.solve(module="impossible", scenarios=4, method="ph")
    assert (result.status, result.exit_code) == ("infeasible", 3)
    assert "'scen1'" in result.stop_reason
    assert quakeops.solve(module="impossible", scenarios=4, arguments={"what": "unbounded"}, method="ph").status == "unbounded"


def test_time_limit_without_incumbent():
    result = quakeops.solve("prepositioning", instance="prepositioning-random", scenarios=20, seed=1, method="ph", time_limit=0.01)
    assert result.status == "no_solution"
    assert (result.objective, result.gap, result.exit_code) == (None, None, 3)


def test_more_bundles_than_scenarios_is_refused():
    with pytest.raises(quakeops.InputError, match="--bundles 7: there are only 6 scenarios"):
        quakeops.solve("prepositioning", instance="islands-3", method="ph", bundles=7)


def test_runs_without_mpi4py(tmp_path):
    """PH in one process needs no MPI; nothing is printed and no file appears beside the user's."""
    code = "import sys; sys.modules['mpi4py'] = None; import quakeops; r = quakeops.solve('prepositioning', instance='newsvendor', method='ph', log='ph.log'); assert r.objective == 19814, r"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [p.name for p in tmp_path.iterdir()] == ["ph.log"]
    assert "PH" in (tmp_path / "ph.log").read_text()


@needs_mpi
@pytest.mark.parametrize("ranks", [2, 3, 6])
def test_every_layout_brackets_the_optimum(ranks, tmp_path):
    """2 ranks: one cylinder; 3 and 6: hub, Lagrangian, incumbents. Bounds bracket the proved optimum; only rank 0 speaks, in JSON."""
    done = mpi(
        ranks,
        "solve",
        "prepositioning",
        "--instance",
        "islands-3",
        "--method",
        "ph",
        "--rel-gap",
        "3e-2",
        "--time-limit",
        "60",
        "--json",
        cwd=tmp_path,
    )
    result = json.loads(done.stdout)
    best = quakeops.load("islands-3").best_known
    assert done.returncode == 0, done.stderr
    assert result["bound"] <= best.objective * (1 + 1e-9)
    assert result["objective"] >= best.objective * (1 - 1e-9)
    assert result["gap"] <= 3e-2
    assert ("cylinders" in result["provenance"]["ph"]["layout"]) == (ranks % 3 == 0)
    assert result["provenance"]["ranks"] == ranks
    assert list(tmp_path.iterdir()) == []


@needs_mpi
def test_farmer_on_three_ranks():
    done = mpi(3, "solve", "--module", "farmer", "--method", "ph", "--rel-gap", "1e-7", "--json")
    assert json.loads(done.stdout)["objective"] == pytest.approx(-108_390, abs=0.5)


@needs_mpi
def test_extensive_form_runs_on_rank_0():
    done = mpi(2, "solve", "prepositioning", "--instance", "newsvendor", "--method", "ef", "--json")
    assert json.loads(done.stdout)["objective"] == pytest.approx(19_814)
    assert done.returncode == 0


@needs_mpi
def test_too_many_ranks_are_refused_on_all():
    done = mpi(4, "solve", "--module", "farmer", "--method", "ph", "--bundles", "2", "--json")
    assert done.returncode == 2
    assert "4 ranks for 2 subproblems" in json.loads(done.stdout)["error"]["message"]
    assert done.stderr.count("quakeops:") == 1


@needs_mpi
def test_a_rank_that_fails_while_building_stops_all_with_one_message():
    done = mpi(3, "solve", "--module", "rank_breaks", "--method", "ph", "--json")
    assert done.returncode == 2
    assert "disk quota exceeded" in json.loads(done.stdout)["error"]["message"]
    assert done.stderr.count("quakeops:") == 1
    assert "Traceback" not in done.stderr


@needs_mpi
def test_a_rank_that_fails_in_mid_run_stops_all(tmp_path):
    """A spoke that raises while the others iterate: exit code 4 on all, one message of ours, no rank left waiting."""
    script = tmp_path / "broken_spoke.py"
    script.write_text(
        "import sys\n"
        "import quakeops.decomposition.progressive_hedging.search as search\n"
        "from quakeops.cli import main\n"
        "def broken(self): raise RuntimeError('lost my node')\n"
        "search.Search.step = broken\n"
        "main(sys.argv[1:])\n"
    )
    done = mpi(
        3, "solve", "prepositioning", "--instance", "islands-3", "--method", "ph", "--json", script=str(script), cwd=tmp_path, timeout=60
    )
    assert done.returncode == 4
    assert done.stderr.count("quakeops:") == 1
    assert "RuntimeError: lost my node" in json.loads(done.stdout)["error"]["message"]


@needs_mpi
@pytest.mark.parametrize("call", ["on_rank_0", "agree"])
def test_an_unexpected_error_reaches_every_rank(call, tmp_path):
    """In a user's own script, without the command line's guard: each rank raises, and none waits for the one that failed."""
    script = tmp_path / "surprise.py"
    script.write_text(
        "import sys\n"
        "from quakeops import parallel\n"
        "comm = parallel.world()\n"
        "def action():\n"
        "    if comm.Get_rank() == 0: raise ZeroDivisionError('surprise')\n"
        "try:\n"
        f"    parallel.{call}(comm, action)\n"
        "except Exception as e:\n"
        "    sys.stdout.write(f'{type(e).__name__}: {e}\\n')\n"
    )
    done = mpi(2, script=str(script), cwd=tmp_path, timeout=60)
    assert sorted(done.stdout.splitlines()) == ["SolverError: rank 0 failed: ZeroDivisionError: surprise", "ZeroDivisionError: surprise"]
