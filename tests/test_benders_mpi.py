"""The Benders engine on 1, 2 and 4 ranks: the same digits, and one message when something goes wrong on any of them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import quakeops
from quakeops.solvers import get

HERE = Path(__file__).parent
MPIEXEC = shutil.which("mpiexec") or str(Path(sys.executable).with_name("mpiexec"))
pytestmark = pytest.mark.skipif(not Path(MPIEXEC).exists(), reason="no mpiexec (pip install 'quakeops[mpi,mpich]')")

ISLANDS = {"model": "prepositioning", "instance": "islands-3", "rel_gap": 1e-6}
FAMILY = {"model": "prepositioning", "instance": "prepositioning-random", "seed": 1, "rel_gap": 1e-2}
SCARCE = {"module": "scarce", "scenarios": 70, "rel_gap": 1e-6}
CASES = {
    "multi": ISLANDS | {"cuts": "multi"},
    "family": FAMILY | {"scenarios": 40},
    "feasibility cuts": SCARCE,
    "feasibility cuts, adaptive, retained": SCARCE | {"cuts": "adaptive", "clusters": 12, "retain": 5, "stabilization": "level-1"},
    "cvar": ISLANDS | {"risk": "cvar:0.8", "stabilization": "level-inf"},
    "worst": SCARCE | {"risk": "worst"},
    "worst distribution": SCARCE | {"risk": "wasserstein:0.1"},
    "worst distribution, sample": FAMILY | {"scenarios": 60, "sample": 20, "risk": "wasserstein:0.2"},
    "sample": FAMILY | {"scenarios": 60, "sample": 20},
    "facets": {"module": "covering", "scenarios": 10, "seed": 2, "rel_gap": 1e-7},
    "generated rows": {"module": "congested", "arguments": {"seed": "3"}, "rel_gap": 1e-7},
    "unbounded recourse": {"module": "impossible", "scenarios": 40, "arguments": {"what": "unbounded"}},
    "unbounded plan": SCARCE | {"arguments": {"free": "true", "loss": "3.5"}},
    "no scenario": {"module": "impossible", "scenarios": 40},
    "no plan": {"module": "impossible", "scenarios": 40, "arguments": {"what": "plans"}},
}
TREE = {"one tree": ISLANDS | {"solver": "gurobi"}}

SCRIPT = """\
import json, sys
import quakeops
from quakeops import parallel
from quakeops.decomposition.benders import compiled, crash, engine

usual = compiled.SAMPLE, engine.FEW, engine.SHARE
for name, case in json.loads(sys.argv[1]).items():
    sample = case.pop("sample", None)
    compiled.SAMPLE, engine.FEW, engine.SHARE = usual if sample is None else (sample, sample, sample // 2)
    crash.SAMPLE = compiled.SAMPLE
    r = quakeops.solve(case.pop("model", None), method="benders", certificate=False, **case)
    own = [r.status.value, r.stop_reason, r.objective, r.bound, dict(r.first_stage), [[p.bound, p.objective] for p in r.trace]]
    comm = parallel.world()
    everyone = [own] if comm is None else comm.allgather(own)
    if parallel.rank(comm) == 0:
        print(json.dumps([name, len(everyone), everyone.count(own), *own]))  # repr of a float holds all its digits
"""


def mpi(ranks, *arguments, script=None, timeout=180):
    """Run the command line (or a script) under mpiexec; returns the finished process."""
    command = [MPIEXEC, "-n", str(ranks), sys.executable, *([script] if script else ["-m", "quakeops"]), *arguments]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE / "modules"), *filter(None, [os.environ.get("PYTHONPATH")])])}
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, env=environment)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Every case on 1, 2 and 4 ranks: what each printed, by number of ranks and case."""
    script = tmp_path_factory.mktemp("mpi") / "cases.py"
    script.write_text(SCRIPT)
    try:
        get("gurobi")
        cases = CASES | TREE
    except quakeops.QuakeopsError:
        cases = CASES
    out = {}
    for ranks in (1, 2, 4):
        done = mpi(ranks, json.dumps(cases), script=str(script))
        assert done.returncode == 0, done.stderr
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
        assert [line[0] for line in lines] == list(cases) and all(line[1:3] == [ranks, ranks] for line in lines), (
            "every rank holds one result"
        )
        out[ranks] = {line[0]: line[3:] for line in lines}
    return out


@pytest.mark.parametrize("case", [*CASES, *TREE])
def test_same_digits_on_any_number_of_ranks(runs, case):
    if case not in runs[1]:
        pytest.skip("gurobi is not there")
    assert runs[1][case] == runs[2][case] == runs[4][case]


def test_what_the_ranks_agree_on_is_right(runs, foreign):
    """Against the extensive form on one."""
    status, _, objective, bound, first_stage, trace = runs[4]["feasibility cuts"]
    expected = quakeops.solve(module="scarce", scenarios=70, rel_gap=1e-7)
    assert status == "optimal" and objective == pytest.approx(expected.objective, rel=1e-6) and bound <= expected.objective * (1 + 1e-7)
    assert len(trace) > 3 and sum(first_stage.values()) > 0
    assert runs[4]["multi"][2] == pytest.approx(706_319.073667)
    assert runs[4]["feasibility cuts, adaptive, retained"][2] == pytest.approx(expected.objective, rel=1e-6)
    assert runs[4]["worst"][2] >= expected.objective and runs[4]["cvar"][2] >= runs[4]["multi"][2]
    assert runs[2]["no scenario"][:2] == ["infeasible", "infeasible: no plan whatsoever satisfies scenario 'scen1'"]
    assert [runs[2][case][0] for case in ("unbounded recourse", "unbounded plan", "no plan")] == ["unbounded", "unbounded", "infeasible"]


@pytest.mark.parametrize(("place", "function", "rank"), [("oracle", "evaluate_block", 1), ("together", "scenario_part", 0)])
def test_a_rank_that_fails_stops_all(tmp_path, place, function, rank):
    """In its third block, or in the start that rank 0 makes alone: exit code 4 on all, one message, no rank left waiting."""
    script = tmp_path / "broken.py"
    script.write_text(
        "import os, sys\n"
        f"import quakeops.decomposition.benders.{place} as place\n"
        "from quakeops.cli import main\n"
        f"right, calls = place.{function}, []\n"
        "def broken(*args):\n"
        "    calls.append(1)\n"
        f"    if os.environ['PMI_RANK'] == '{rank}' and len(calls) > 2: raise RuntimeError('lost my memory')\n"
        "    return right(*args)\n"
        f"place.{function} = broken\n"
        "main(sys.argv[1:])\n"
    )
    options = ("--instance", "prepositioning-random", "--scenarios", "40", "--method", "benders", "--json")
    done = mpi(2, "solve", "prepositioning", *options, script=str(script), timeout=60)
    assert done.returncode == 4, done.stderr
    assert done.stderr.count("quakeops:") == 1 and "lost my memory" in done.stderr
    assert "RuntimeError: lost my memory" in json.loads(done.stdout)["error"]["message"]


def test_bad_input_is_refused_once():
    done = mpi(2, "solve", "prepositioning", "--instance", "newsvendor", "--method", "benders", "--cuts=many", "--json", timeout=60)
    assert done.returncode == 2 and "--cuts 'many'" in json.loads(done.stdout)["error"]["message"]
    assert done.stderr.count("quakeops:") == 1 and "Traceback" not in done.stderr
