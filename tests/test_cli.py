"""The command line: one JSON object, exit codes, and one readable message for everything that can go wrong."""

import json
import sys
from pathlib import Path

import pytest
from quakeops import facade
from quakeops.cli import output
from quakeops.instances import load
from quakeops.result import Result

BEST = 706_319.073667
COMMANDS = {
    "solve",
    "generate",
    "instances",
    "evaluate",
    "saa",
    "pareto",
    "what-if",
    "estimate",
    "simulate",
    "recognize",
    "verify",
    "export",
    "plot",
    "doctor",
}
LATER = {"bench"}


@pytest.fixture
def towns(small, write):
    """``towns(field, value)`` writes the small instance with one entry changed (``a.0.b`` names it) and returns the path."""

    def make(field=None, value=None):
        if field is not None:
            *parents, last = (int(t) if t.isdigit() else t for t in field.split("."))
            place = small
            for token in parents:
                place = place[token]
            place[last] = value
        return write("towns.json", small)

    return make


# -- what works


def test_solve_json(run):
    done = run("solve", "prepositioning", "--instance", "islands-3", "--rel-gap", "1e-6", "--json")
    assert done.code == 0
    keys = {"status", "objective", "bound", "gap", "method", "solver", "num_scenarios", "first_stage", "timing", "provenance"}
    assert keys <= set(done.json)
    assert done.json["status"] == "optimal" and done.json["objective"] == pytest.approx(BEST)
    assert done.json["gap"] == pytest.approx(abs(done.json["objective"] - done.json["bound"]) / BEST)


def test_solve_text_and_out(run, tmp_path):
    done = run("solve", "prepositioning", "--instance", "islands-3", "--rel-gap", "1e-6", "--out", "plan.json")
    assert done.code == 0 and "706,319.07" in done.out and "open[Melaki,large]" in done.out and "optimal" in done.out
    plan = Result.load("plan.json")
    assert plan.objective == pytest.approx(BEST) and [p.name for p in tmp_path.iterdir()] == ["plan.json"]


def test_evaluate(run):
    run("solve", "prepositioning", "--instance", "newsvendor", "--rel-gap", "1e-9", "--out", "plan.json")
    done = run("evaluate", "plan.json", "--json", "--out", "figures.json", "--cvar-level", "0.9")
    assert done.code == 0 and done.json["expected_cost"]["value"] == pytest.approx(19_814)
    assert json.loads(Path("figures.json").read_text()) == done.json
    text = run("evaluate", "plan.json", "--scenarios", "30", "--seed", "2")
    assert text.code == 0 and all(word in text.out for word in ("expected cost", "CVaR 0.95", "worst case", "EVPI", "VSS", "["))
    assert "EVPI" not in run("evaluate", "plan.json", "--no-evpi", "--no-vss").out


def test_foreign_module(run):
    done = run("solve", "--module", "farmer", "--module-arg", "maximize=true", "--module-arg", "acres=500", "--json")
    assert done.code == 0 and done.json["objective"] == pytest.approx(108_390, abs=0.5) and done.json["sense"] == "maximize"
    assert run("solve", "--module", "farmer", "--scenarios", "3").code == 0


def test_instances(run):
    listed = run("instances", "--json").json["instances"]
    assert {"gulf-coast-51", "islands-3", "newsvendor", "prepositioning-random"} <= {i["name"] for i in listed}
    assert run("instances", "islands-3", "--json").json == load("islands-3").model_dump(mode="json")
    assert "gulf-coast-51" in run("instances").out and "Melaki" in run("instances", "islands-3").out
    assert run("instances", "prepositioning-random").code == 0


def test_doctor(run):
    report = run("doctor", "--json").json
    assert report["packages"]["quakeops"] and {s["name"] for s in report["solvers"]} == {"highs", "gurobi"}
    assert "solver highs" in run("doctor").out


def test_help_lists_what_is_built(run):
    """A command that is not built yet is absent."""
    done = run("--help")
    listed = {line.split()[0] for line in done.out.split("Commands:")[1].splitlines() if line.strip()}
    assert done.code == 0 and listed & (COMMANDS | LATER) == COMMANDS
    for command in COMMANDS:
        assert run(command, "--help").code == run(command, "-h").code == 0
    for command in LATER:
        run(command).failed(2, command)


# -- exit codes


def test_stopped_with_an_incumbent_is_1(run):
    done = run("solve", "--module", "packing", "--scenarios", "1", "--time-limit", "1", "--rel-gap", "1e-9", "--json")
    assert done.code == 1 and done.json["status"] == "feasible" and done.json["gap"] > 1e-9 and done.json["stop_reason"] == "time limit"


@pytest.mark.parametrize(
    ("options", "status", "why"),
    [
        (["--module", "impossible", "--scenarios", "2"], "infeasible", "scenario 'scen1'"),
        (["--module", "impossible", "--scenarios", "2", "--module-arg", "what=unbounded"], "unbounded", "unbounded"),
        (
            ["prepositioning", "--instance", "prepositioning-random", "--scenarios", "8", "--time-limit", "0.001"],
            "no_solution",
            "time limit",
        ),
    ],
)
def test_no_solution_is_3(run, options, status, why):
    done = run("solve", *options, "--json")
    assert done.code == 3 and done.json["status"] == status and why in done.json["stop_reason"]
    assert done.json["objective"] is done.json["gap"] is None and done.json["first_stage"] == {}
    text = run("solve", *options, "--out", "none.json")
    assert text.code == 3 and status in text.out and why in text.out and "Traceback" not in text.err
    run("evaluate", "none.json").failed(3, status)


def test_solver_not_installed_is_4(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "highspy", None)
    done = run("solve", "prepositioning", "--instance", "newsvendor", "--json").failed(4, "solver 'highs'", "not installed", "pip install")
    assert done.json["error"]["type"] == "SolverUnavailableError"


def test_solver_without_licence_is_4(run, monkeypatch):
    gurobipy = pytest.importorskip("gurobipy")

    def refuse():
        raise gurobipy.GurobiError(gurobipy.GRB.Error.NO_LICENSE, "License expired 2020-01-01")

    monkeypatch.setattr("quakeops.solvers.gurobi._environment", refuse)
    run("solve", "prepositioning", "--solver", "gurobi").failed(4, "licence", "License expired", "--solver highs")
    assert "not usable" in run("doctor").out


def test_a_defect_is_4_and_says_so(run, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("boom")

    monkeypatch.setattr(facade, "solve", broken)
    done = run("solve", "prepositioning", "--json").failed(4, "RuntimeError: boom", "defect of quakeops", "--debug")
    assert done.json["error"]["type"] == "RuntimeError"
    assert 'raise RuntimeError("boom")' in run("solve", "prepositioning", "--debug").err


def test_interrupt_is_4(run, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(facade, "solve", interrupted)
    assert run("solve", "prepositioning", "--json").failed(4, "interrupted").json["error"]["type"] == "Interrupted"


# -- bad input


BAD = [
    ("solve prepositioning --instance gulf-cost-51", ["'gulf-cost-51'", "did you mean 'gulf-coast-51'?"]),
    ("solve prepositioning --instance gone.json", ["gone.json: no such file"]),
    ("solve prepositionin", ["unknown model 'prepositionin'", "prepositioning"]),
    ("solve prepositioning --solver cplex", ["unknown solver 'cplex'", "highs"]),
    ("solve prepositioning --method simplex", ["unknown method 'simplex'", "ef"]),
    ("solve prepositioning --rel-gap -1", ["--rel-gap -1"]),
    ("solve prepositioning --rel-gap nan", ["--rel-gap nan"]),
    ("solve prepositioning --rel-gap tight", ["--rel-gap", "number"]),
    ("solve prepositioning --rel-gop 1", ["--rel-gop", "--rel-gap"]),
    ("solve prepositioning --time-limit 0", ["--time-limit 0"]),
    ("solve prepositioning --threads 0", ["--threads 0"]),
    ("solve prepositioning --iterations 5", ["--iterations", "--method ph"]),
    ("solve prepositioning --log x.log", ["--log", "--method ph"]),
    ("solve prepositioning extra", ["extra"]),
    ("solve", ["either a model or --module"]),
    ("solve prepositioning --module farmer", ["either a model or --module"]),
    ("solve prepositioning --model-arg a=1", ["model 'prepositioning' declares no argument 'a'"]),
    ("solve prepositioning --instance newsvendor --scenarios 7", ["--scenarios 7", "'newsvendor' is fixed"]),
    ("solve prepositioning --instance newsvendor --seed 7", ["--seed 7", "'newsvendor' is fixed"]),
    ("solve prepositioning --instance prepositioning-random --scenarios 0", ["--scenarios 0"]),
    ("solve prepositioning --instance prepositioning-random --scenarios many", ["--scenarios", "integer"]),
    ("solve prepositioning --scenario-file gone.json", ["gone.json: no such file"]),
    ("solve --module no_such_module", ["'no_such_module' is not found"]),
    ("solve --module json", ["'json'", "'scenario_creator'", "protocol"]),
    ("solve --module impossible", ["'impossible'", "--scenarios"]),
    ("solve --module impossible --scenarios 0", ["--scenarios 0"]),
    ("solve --module farmer --scenarios 4", ["farmer", "scenario_creator failed on 'season3'", "IndexError"]),
    ("solve --module farmer --instance newsvendor", ["--instance goes with a model"]),
    ("solve --module farmer --module-arg colour=red", ["no argument 'colour'", "acres"]),
    ("solve --module farmer --module-arg acres=many", ["acres is 'many'", "float"]),
    ("solve --module farmer --module-arg maximize=perhaps", ["maximize is 'perhaps'", "true or false"]),
    ("solve --module farmer --module-arg acres", ["--model-arg 'acres'", "KEY=VALUE"]),
    ("solve --module farmer --seed 3", ["no argument 'seed'"]),
    ("instances no-such", ["'no-such'", "islands-3"]),
    ("evaluate", ["RESULT"]),
    ("evaluate gone.json", ["gone.json: no such file"]),
    ("evaluate gone.json --cvar 0.9", ["--cvar"]),
    ("plot gone.json", ["gone.json: no such file"]),
    ("frobnicate", ["frobnicate"]),
    ("--jsn", ["--jsn"]),
]


@pytest.mark.parametrize(("line", "parts"), BAD, ids=[line for line, _ in BAD])
def test_bad_input_is_2(run, line, parts):
    done = run(*line.split()).failed(2, *parts)
    assert done.out == ""
    if line.split()[0] in COMMANDS - {"plot"}:
        again = run(*line.split(), "--json").failed(2, *parts)
        assert set(again.json) == {"error"} and set(again.json["error"]) == {"type", "message"}
        assert all(part in again.json["error"]["message"] for part in parts)


@pytest.mark.parametrize(
    ("field", "value", "parts"),
    [
        ("scenarios.1.demand.Mesi.tents", -5, ["scenarios[1].demand.Mesi.tents", "-5"]),
        ("scenarios.1.demand.Mesi.tents", float("nan"), ["scenarios[1].demand.Mesi.tents", "nan"]),
        ("scenarios.1.probability", 0.5, ["probability", "1.1", "expected 1"]),
        ("scenarios.1.usable", {"Nowhere": 0.5}, ["scenarios[1].usable", "'Nowhere'", "not a node"]),
        ("nodes.0.candidat", True, ["unknown field 'nodes[0].candidat'"]),
        ("scenarioss", [], ["unknown field 'scenarioss'", "did you mean 'scenarios'?"]),
        ("scenarios", [], ["'scenarios' is empty"]),
    ],
)
def test_bad_instance_file_is_2(run, towns, field, value, parts):
    path = towns(field, value)
    name = [] if field == "scenarios" else ["towns.json"]
    run("solve", "prepositioning", "--instance", path, "--json").failed(2, *name, *parts)
    if field != "scenarios":
        run("instances", path).failed(2, "towns.json", *parts)


def test_many_errors_fit_on_one_screen(run, towns):
    demand = {f"town{i}": {"tents": -1, "food": -2} for i in range(400)}
    run("solve", "prepositioning", "--instance", towns("scenarios.1.demand", demand)).failed(2, "... and 795 more")


def test_scenario_file_cut_short_is_2(run, small, towns, write):
    towns()
    whole = json.dumps({"instance": "towns.json", "scenarios": small["scenarios"]})
    assert run("solve", "prepositioning", "--scenario-file", write("quake.json", whole)).code == 0
    for part in (0.9, 0.5, 0.0):
        cut = write("quake.json", whole[: int(part * len(whole))])
        run("solve", "prepositioning", "--scenario-file", cut, "--json").failed(2, "quake.json", "cut short")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"status": "optimal"', '{"status": "fine", "method": "ef", "solver": "highs"}'])
def test_bad_result_file_is_2(run, write, content):
    for command in (["evaluate"], ["plot", "--kind", "convergence"]):
        run(*command, write("plan.json", content)).failed(2, "plan.json")


def test_debug_shows_the_traceback(run):
    done = run("solve", "prepositioning", "--instance", "no-such", "--debug", "--json")
    assert done.code == 2 and "Traceback" in done.err and "unknown instance 'no-such'" in done.json["error"]["message"]


# -- files


@pytest.mark.parametrize("target", ["missing/plan.json", "folder", "."])
@pytest.mark.parametrize("command", [["solve", "prepositioning"], ["evaluate", "plan.json"]], ids=["solve", "evaluate"])
def test_unwritable_out_is_2_before_the_work(run, tmp_path, monkeypatch, command, target):
    (tmp_path / "folder").mkdir()
    for work in ("solve", "evaluate"):
        monkeypatch.setattr(facade, work, lambda *_, **__: pytest.fail("worked first"))
    run(*command, "--out", target, "--json").failed(2, f"--out {target}")
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


def test_nothing_half_written(run, tmp_path, monkeypatch):
    """A disk that fills up while the result is written: exit 2, the old file whole, no other left."""
    Path("plan.json").write_text("old")

    def half(self, text, **_):
        self.write_bytes(text[:50].encode())
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", half)
    run("solve", "prepositioning", "--instance", "newsvendor", "--out", "plan.json").failed(2, "plan.json", "No space left")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("plan.json", "old")]


def test_a_failed_run_leaves_the_old_file(run, tmp_path):
    Path("plan.json").write_text("old")
    run("solve", "prepositioning", "--instance", "no-such", "--out", "plan.json").failed(2)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("plan.json", "old")]


# -- other processes


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["solve", "prepositioning", "--instance", "newsvendor", "--json"], 0),
        (["solve", "--module", "farmer", "--solver", "gurobi", "--json"], 0),
        (["solve", "prepositioning", "--instance", "no-such", "--json"], 2),
        (["solve", "--module", "impossible", "--scenarios", "2", "--json"], 3),
    ],
)
def test_python_m_quakeops(subprocess_run, options, code, finished):
    """stdout is the JSON object and nothing else, whatever solver and modules print."""
    if "gurobi" in options:
        pytest.importorskip("gurobipy")
    done = subprocess_run("-m", "quakeops", *options)
    assert done.returncode == code, done.stderr
    assert finished(code, done.stdout, done.stderr).json.get("status", "error") == {0: "optimal", 2: "error", 3: "infeasible"}[code]
    assert "Traceback" not in done.stderr


def test_what_others_print_goes_to_stderr(subprocess_run, tmp_path, finished):
    """A module that prints at import and on file descriptor 1 does not spoil the JSON."""
    (tmp_path / "noisy.py").write_text('import os\nfrom farmer import *\nprint("hello")\nos.system("echo from a child")\n')
    done = subprocess_run("-m", "quakeops", "solve", "--module", "noisy", "--json")
    assert finished(done.returncode, done.stdout, done.stderr).json["status"] == "optimal"
    assert "from a child" in done.stderr


def test_no_arguments_shows_the_help(subprocess_run):
    done = subprocess_run("-m", "quakeops")
    assert done.returncode == 0 and "Commands:" in done.stdout and done.stderr == ""


def test_progress_bar():
    """Filled in proportion, whole at the end, always of the same width."""
    assert [output.bar(share, 10).count("━") for share in (0, 0.04, 0.5, 0.96, 1, 1.5)] == [0, 0, 5, 10, 10, 10]
    assert {len(output.bar(i / 7, 10)) for i in range(8)} == {10}
