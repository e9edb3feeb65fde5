"""Checkpoints: a run killed anywhere and resumed, on any number of ranks, ends at the digits of one that was not."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import quakeops
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from quakeops.decomposition.benders import checkpoint_files, engine
from quakeops.decomposition.benders.checkpoint import Checkpoint
from quakeops.decomposition.benders.compiled import compile_problem
from quakeops.decomposition.benders.cuts import Cut
from quakeops.decomposition.benders.oracle import Oracle
from quakeops.decomposition.benders.risk import Risk, parse
from quakeops.decomposition.benders.saved import Saved
from quakeops.decomposition.benders.snapshot import Reader, Writer
from quakeops.decomposition.benders.stabilization import Center, InOut
from quakeops.decomposition.benders.team import Team
from quakeops.decomposition.benders.vertices import Vertices
from quakeops.decomposition.program import from_model
from quakeops.errors import InputError, SolverError
from quakeops.solvers import LinearProgram, get
from scipy.sparse import csr_array

MPIEXEC = shutil.which("mpiexec") or str(Path(sys.executable).with_name("mpiexec"))
needs_mpi = pytest.mark.skipif(not Path(MPIEXEC).exists(), reason="no mpiexec (pip install 'quakeops[mpi,mpich]')")
SMALL = {"instance": "prepositioning-random", "scenarios": 8, "seed": 3, "rel_gap": 1e-3, "method": "benders", "certificate": False}


class Killed(BaseException):
    """Ends a run at once, as far as Python can."""


def solve(folder=None, **options):
    where = {} if folder is None else {"checkpoint": folder, "checkpoint_every": 1}
    return quakeops.solve("prepositioning", **SMALL | where | options)


def same(a, b):
    """Whether two results agree in every digit of what was found."""
    return all(getattr(a, n) == getattr(b, n) for n in ("status", "objective", "bound", "first_stage", "stop_reason")) and found(
        a
    ) == found(b)


def found(result):
    return [(p.bound, p.objective) for p in result.trace]


def kill_at(monkeypatch, number):
    """Let the run die right after its ``number``-th checkpoint."""
    count = 0
    save = Checkpoint.save

    def saved(self, engine):
        nonlocal count
        save(self, engine)
        count += 1
        if count == number:
            raise Killed

    monkeypatch.setattr(Checkpoint, "save", saved)


def checkpoints(monkeypatch):
    """Count the checkpoints written from now on, by the phase they are in."""
    phases = []
    save = Checkpoint.save

    def saved(self, engine):
        save(self, engine)
        phases.append("end" if engine.end else "lp" if engine.mip is None else "completion" if engine.lp else "mip")

    monkeypatch.setattr(Checkpoint, "save", saved)
    return phases


OPTIONS = (
    {},
    {"risk": "mean-cvar:0.3:0.8", "cuts": "adaptive", "clusters": 4, "rel_gap": 1e-2},
    {"risk": "worst", "stabilization": "level-1", "checkpoint_every": 2},
    {"risk": "wasserstein:0.3", "checkpoint_every": 2},
    {"retain": 2, "cuts": "multi", "pool": False, "rel_gap": 1e-2},
    {"scenarios": 60, "clusters": 20, "checkpoint_every": 3, "rel_gap": 1e-2},
)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_run_killed_after_any_checkpoint_ends_alike(options, tmp_path, monkeypatch):
    """Killed after a checkpoint of every phase there is, then resumed: the same bounds, plan and trace, to the last digit.

    With 60 scenarios, only some are solved in an iteration, and vertices leave the pool. The step length of in-out, which hardly ever
    changes, is made to depend on all that came before.
    """
    monkeypatch.setattr(InOut, "learn", lambda self, *_: setattr(self, "step", 0.3 + 0.6 * (7.31 * self.step % 1)))
    monkeypatch.setattr(engine, "FEW", 50)
    monkeypatch.setattr(engine, "SHARE", 20)
    shrink = Vertices.shrink
    monkeypatch.setattr(Vertices, "shrink", lambda self, _: shrink(self, 100))
    with monkeypatch.context() as m:
        phases = checkpoints(m)
        whole = solve(tmp_path / "whole", **options)
    assert whole.status == "optimal" and phases[-1] == "end" and set(phases) >= {"lp", "mip"}
    rng = random.Random(str(options))
    numbers = {rng.choice([i for i, p in enumerate(phases) if p == phase]) + 1 for phase in sorted(set(phases) - {"end"})}
    for number in sorted(numbers):
        folder = tmp_path / f"killed-{number}"
        with monkeypatch.context() as m, pytest.raises(Killed):
            kill_at(m, number)
            solve(folder, **options)
        resumed = quakeops.solve(resume=folder, certificate=False)
        assert same(resumed, whole), (number, phases[number - 1])
        assert resumed.provenance["options"] == whole.provenance["options"]
        assert resumed.provenance["resumed"]["iteration"] <= whole.provenance["benders"]["iterations"]
        assert resumed.provenance["benders"] == whole.provenance["benders"]  # iterations, LPs and cuts before the kill count


WHOLE = """
import mpisppy.utils.sputils as sputils
import numpy as np
import pyomo.environ as pyo


def scenario_names_creator(count, start=None):
    return [f"scen{k}" for k in range(6)]


def inparser_adder(cfg):
    pass


def kw_creator(cfg):
    return {}


def scenario_creator(name):
    rng = np.random.default_rng(sputils.extract_num(name))
    room, need = rng.integers(3, 9, 5), int(rng.integers(15, 25))
    m = pyo.ConcreteModel(name)
    m.build = pyo.Var(range(5), within=pyo.Binary)
    m.trips = pyo.Var(range(5), within=pyo.NonNegativeIntegers, bounds=(0, 4))
    m.short = pyo.Var(within=pyo.NonNegativeReals)
    m.served = pyo.Constraint(expr=sum(int(room[i]) * m.trips[i] for i in range(5)) + m.short >= need)
    m.open = pyo.Constraint(range(5), rule=lambda m, i: m.trips[i] <= 3 * m.build[i])
    m.cost = pyo.Expression(expr=sum((4 + i) * m.build[i] for i in range(5)))
    m.objective = pyo.Objective(expr=m.cost + sum((3 + i % 2) * m.trips[i] for i in range(5)) + 3 * m.short)
    sputils.attach_root_node(m, m.cost, [m.build])
    return m
"""


def test_integer_recourse_begins_its_phase_again(tmp_path, monkeypatch):
    """Its last checkpoint is that at the phase's start, since cuts made later may stand on what is not held."""
    (tmp_path / "whole_trips.py").write_text(WHOLE)
    monkeypatch.syspath_prepend(tmp_path)
    options = {"module": "whole_trips", "method": "benders", "rel_gap": 1e-6, "certificate": False, "checkpoint_every": 1}
    with monkeypatch.context() as m:
        phases = checkpoints(m)
        whole = quakeops.solve(checkpoint=tmp_path / "whole", **options)
    assert whole.status == "optimal" and phases[-1] == "mip" and phases.count("mip") == 1
    again = quakeops.solve(resume=tmp_path / "whole", certificate=False)
    assert same(again, whole) and again.provenance["benders"] == whole.provenance["benders"]


@pytest.mark.parametrize("options", [{}, {"risk": "cvar:0.5", "cuts": "multi"}], ids=str)
def test_one_tree_with_lazy_cuts(options, tmp_path, monkeypatch):
    """Gurobi's tree cannot be held: killed in it, the run plants it anew, and ends alike."""
    try:
        get("gurobi")
    except SolverError as e:
        pytest.skip(str(e))
    options = {
        "instance": "islands-3",
        "method": "benders",
        "rel_gap": 1e-6,
        "solver": "gurobi",
        "certificate": False,
        "checkpoint_every": 1,
    } | options
    with monkeypatch.context() as m:
        phases = checkpoints(m)
        whole = quakeops.solve("prepositioning", checkpoint=tmp_path / "whole", **options)
    for number in (3, phases.index("mip") + 1):
        with monkeypatch.context() as m, pytest.raises(Killed):
            kill_at(m, number)
            quakeops.solve("prepositioning", checkpoint=tmp_path / str(number), **options)
        assert same(quakeops.solve(resume=tmp_path / str(number), certificate=False), whole)


def test_a_vertex_that_left_the_pool_counts_as_new():
    """A checkpoint holds the pool alone; so the run that goes on undisturbed must not remember more either."""
    problem, _ = compile_problem(from_model("prepositioning", instance="newsvendor"), Team())
    (group,) = problem.groups
    pi = np.arange(5.0)[:, None] + np.ones((5, len(group.sense)))
    vertices, again = Vertices(group), Vertices(group)
    for k in range(5):
        vertices.add(pi[k : k + 1], np.zeros(1), [f"first {k}"], k)
    vertices.shrink(3)
    active = vertices.active
    again.restore(pi[active], np.zeros(3), [vertices.bases[n] for n in active], [vertices.last_used[n] for n in active])
    for v in (vertices, again):
        v.add(pi[[3, 1]], np.zeros(2), ["second 3", "second 1"], 9)
        assert [v.bases[n] for n in v.active] == ["first 2", "first 3", "first 4", "second 1"]
        assert [v.last_used[n] for n in v.active] == [2, 3, 4, 9]


def test_the_engine_forgets_its_solvers_state_at_a_checkpoint(tmp_path, monkeypatch):
    """What a checkpoint cannot hold would make the run that goes on differ from the one that was killed."""
    loaded = []
    save = Checkpoint.save
    monkeypatch.setattr(Checkpoint, "save", lambda self, engine: (save(self, engine), loaded.append(engine.master._model)))
    solve(tmp_path / "a")
    assert loaded and all(model is None for model in loaded)


def test_a_finished_run_resumes_at_once(tmp_path, monkeypatch):
    whole = solve(tmp_path / "a")
    monkeypatch.setattr(Oracle, "evaluate", lambda *_, **__: pytest.fail("asked the oracle"))
    again = quakeops.solve(resume=tmp_path / "a", certificate=False)
    assert same(again, whole)
    assert again.trace[-1].time_s <= whole.timing["total"] <= again.timing["total"]  # the clock goes on


def test_another_gap_limit_and_number_of_threads_may_be_given(tmp_path):
    """Resumed to a smaller gap, a finished run goes on, and from a limit too; what was known is not lost."""
    first = solve(tmp_path / "a", rel_gap=1e-4, iterations=4)
    assert first.stop_reason == "iteration limit" and first.status != "optimal"
    second = quakeops.solve(resume=tmp_path / "a", rel_gap=1e-2, threads=1, certificate=False)
    assert second.status == "optimal" and second.bound >= first.bound and second.trace[0] == first.trace[0]
    third = quakeops.solve(resume=tmp_path / "a", rel_gap=1e-6, time_limit=600, certificate=False)
    assert third.status == "optimal" and third.gap <= 1e-6 and third.bound >= second.bound and third.objective <= second.objective
    times = [p.time_s for p in third.trace]
    assert times == sorted(times) and len(times) > len(second.trace)
    assert quakeops.solve(resume=tmp_path / "a", time_limit=1e-3, rel_gap=1e-9, certificate=False).stop_reason == "time limit"


def test_resume_and_checkpoint_together_write_to_the_other_folder(tmp_path):
    solve(tmp_path / "a", iterations=4)
    before = (tmp_path / "a" / "checkpoint.json").read_bytes()
    whole = quakeops.solve(resume=tmp_path / "a", checkpoint=tmp_path / "b", checkpoint_every=3, certificate=False)
    assert (tmp_path / "a" / "checkpoint.json").read_bytes() == before
    assert Saved.load(tmp_path / "b").header["every"] == 3
    assert same(quakeops.solve(resume=tmp_path / "b", certificate=False), whole)


def test_a_resumed_run_can_be_verified(tmp_path, monkeypatch):
    """The records of duals survive: the certificate proves as much as that of a run that was not interrupted."""
    whole = solve(tmp_path / "a", certificate=True)
    with monkeypatch.context() as m, pytest.raises(Killed):
        kill_at(m, 6)
        solve(tmp_path / "b", certificate=True)
    resumed = quakeops.solve(resume=tmp_path / "b")
    reports = [quakeops.verify(r) for r in (whole, resumed)]
    assert same(resumed, whole) and all(r.ok for r in reports)
    assert str(reports[0]) == str(reports[1])
    with monkeypatch.context() as m, pytest.raises(Killed):
        kill_at(m, 6)
        solve(tmp_path / "c")
    without = quakeops.solve(resume=tmp_path / "c")
    assert same(without, whole) and "checkpoint" in without.certificate["bound"]["missing"]


# what is refused


@pytest.fixture(scope="module")
def half(tmp_path_factory):
    """A run that stopped after four iterations."""
    folder = tmp_path_factory.mktemp("half") / "half"
    solve(folder, iterations=4)
    return folder


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": 4}, "another program: seed was 3, now 4"),
        ({"scenarios": 9}, "another program: scenarios was 8, now 9"),
        ({"risk": "worst"}, "--risk worst: the checkpoint in .* was made with mean"),
        ({"cuts": "single"}, "--cuts single: .* was made with clustered"),
        ({"pool": False}, "--pool False: .* was made with True"),
        ({"retain": 3}, "--retain 3: .* was made with 0"),
        ({"solver": "gurobi"}, "--solver gurobi: .* was made with highs"),
        ({"method": "ef"}, "--resume is an option of --method benders, not of ef"),
        ({"checkpoint_every": 0}, "--checkpoint-every 0: must be at least 1"),
    ],
)
def test_another_program_or_option_is_refused(half, options, message):
    with pytest.raises(InputError, match=message):
        quakeops.solve("prepositioning", **SMALL | {"resume": half} | options)


def test_options_that_say_the_same_are_not_refused(half, tmp_path):
    given = SMALL | {"risk": "MEAN", "cuts": "clustered", "clusters": 50, "retain": 0, "solver": "highs"}
    result = quakeops.solve("prepositioning", resume=half, checkpoint=tmp_path / "b", **given)
    assert result.status == "optimal"


def test_checkpoints_need_benders_and_a_folder_of_their_own(half, tmp_path):
    with pytest.raises(InputError, match="--checkpoint is an option of --method benders, not of ef"):
        quakeops.solve("prepositioning", instance="newsvendor", checkpoint=tmp_path)
    with pytest.raises(InputError, match="--checkpoint-every goes with --checkpoint or --resume"):
        solve(checkpoint_every=3)
    with pytest.raises(InputError, match="holds a checkpoint already; go on from it with --resume"):
        solve(half)
    with pytest.raises(InputError, match="the folder cannot be created"):
        solve(tmp_path / "no" / "such")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="the folder cannot be created"):
        solve(tmp_path / "file")


def damage(folder, how):
    header, arrays = folder / "checkpoint.json", next(folder.glob("arrays-*.npz"))
    if how == "cut json":
        header.write_text(header.read_text()[:-300])
    elif how == "changed json":
        header.write_text(header.read_text().replace('"iteration": ', '"iteration": 1'))
    elif how == "cut arrays":
        arrays.write_bytes(arrays.read_bytes()[:-300])
    elif how == "changed arrays":
        data = bytearray(arrays.read_bytes())
        data[len(data) // 2] ^= 1
        arrays.write_bytes(data)
    elif how == "no arrays":
        arrays.unlink()
    elif how == "other format":
        header.write_text(header.read_text().replace("benders-checkpoint/1", "benders-checkpoint/9"))
    elif how == "foreign":
        header.write_text('{"format": "something"}')


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("cut json", r"checkpoint\.json: not valid JSON"),
        ("changed json", r"checkpoint\.json: damaged"),
        ("cut arrays", r"arrays-\d+\.npz: damaged"),
        ("changed arrays", r"arrays-\d+\.npz: damaged"),
        ("no arrays", r"arrays-\d+\.npz: no such file"),
        ("other format", r"checkpoint\.json: format .*/9'; this version"),
        ("foreign", r"checkpoint\.json: not a checkpoint"),
    ],
)
def test_damaged_files_are_named(half, tmp_path, how, message):
    folder = shutil.copytree(half, tmp_path / "copy")
    damage(folder, how)
    with pytest.raises(InputError, match=message):
        quakeops.solve(resume=folder)


def test_missing_and_foreign_folders_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        quakeops.solve(resume=tmp_path / "none")
    with pytest.raises(InputError, match=r"holds no checkpoint \(no file checkpoint.json\)"):
        quakeops.solve(resume=tmp_path)


def test_changed_data_under_the_same_name_are_refused(small, write, tmp_path):
    """An instance file that was edited, and scenarios in a file, which no hash of the instance covers."""
    path = write("towns.json", small)
    options = {"method": "benders", "instance": str(path), "certificate": False}
    quakeops.solve("prepositioning", checkpoint=tmp_path / "a", **options)
    assert quakeops.solve(resume=tmp_path / "a", certificate=False).status == "optimal"
    small["scenarios"][0]["demand"]["Ano"]["tents"] += 1
    write("towns.json", small)
    with pytest.raises(InputError, match="has changed since the checkpoint was made"):
        quakeops.solve(resume=tmp_path / "a")
    header = json.loads((tmp_path / "a" / "checkpoint.json").read_text())
    del header["digest"]
    header["instance_hash"] = quakeops.solve("prepositioning", **options).provenance["instance_hash"]
    header["digest"] = checkpoint_files._digest(header)
    (tmp_path / "a" / "checkpoint.json").write_text(json.dumps(header))
    with pytest.raises(InputError, match="data have changed since the checkpoint was made"):
        quakeops.solve(resume=tmp_path / "a")


# files


HEADER = {"value": 1}


@pytest.mark.parametrize("call", range(1, 4))
@pytest.mark.parametrize("function", ["replace", "fsync"])
def test_a_write_that_is_killed_leaves_the_checkpoint_before(tmp_path, function, call):
    """SIGKILL in a forked process at each renaming and each flush to the disk."""
    checkpoint_files.write(tmp_path, 1, {"value": 1}, {"a": np.arange(5.0)})
    child = os.fork()
    if child == 0:
        count, real = 0, getattr(os, function)

        def killing(*arguments):
            nonlocal count
            count += 1
            if count == call:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments)

        setattr(os, function, killing)
        checkpoint_files.write(tmp_path, 2, {"value": 2}, {"a": np.arange(7.0)})
        os._exit(0)
    _, status = os.waitpid(child, 0)
    header, arrays = checkpoint_files.read(tmp_path)
    survived = 2 if call > 2 else 1  # the second renaming makes the new one valid
    assert os.WIFSIGNALED(status) == (not (function == "replace" and call == 3))
    assert header["value"] == survived and len(arrays["a"]) == (5 if survived == 1 else 7)
    checkpoint_files.write(tmp_path, 3, {"value": 3}, {"a": np.arange(9.0)})
    assert checkpoint_files.read(tmp_path)[0]["value"] == 3
    assert len(list(tmp_path.iterdir())) == 2  # what the dead process left is cleared away


def test_a_later_checkpoint_that_cannot_be_written_does_not_end_the_run(tmp_path, monkeypatch, caplog):
    whole = solve(tmp_path / "a")
    write = checkpoint_files.write

    def full(folder, number, *rest):
        if number == 3:
            raise InputError("no space left")
        write(folder, number, *rest)

    monkeypatch.setattr(checkpoint_files, "write", full)
    assert same(solve(tmp_path / "b"), whole)
    assert "checkpoint not written, the one before is kept: no space left" in caplog.text
    monkeypatch.setattr(checkpoint_files, "write", lambda *_: (_ for _ in ()).throw(InputError("no space left")))
    with pytest.raises(InputError, match="no space left"):
        solve(tmp_path / "c")


# plain data

NUMBERS = st.floats(allow_nan=False)
DTYPES = st.sampled_from([np.float64, np.float32, np.int64, np.int32, np.int8, np.bool_])
ARRAYS = DTYPES.flatmap(lambda d: hnp.arrays(d, hnp.array_shapes(max_dims=2, min_side=0, max_side=3)))
CUTS = st.builds(
    Cut,
    st.lists(st.integers(0, 9), max_size=3).map(tuple),
    NUMBERS,
    hnp.arrays(np.float64, 3),
    eta_slope=NUMBERS,
    source=st.integers(-1, 99),
    scenario=st.none() | st.integers(0, 99),
    from_duals=st.booleans(),
)
LEAVES = st.none() | st.booleans() | st.integers() | NUMBERS | st.text(max_size=3) | ARRAYS | CUTS
CENTERS = st.builds(Center, hnp.arrays(np.float64, 2), st.none() | NUMBERS, NUMBERS, st.booleans())
KEYS = st.text(max_size=2) | st.integers() | st.tuples(st.integers(), st.integers())
TREES = st.recursive(
    LEAVES | CENTERS | st.builds(InOut, NUMBERS, NUMBERS) | st.lists(CUTS, min_size=1).map(tuple),
    lambda t: st.lists(t, max_size=3) | st.lists(t, max_size=3).map(tuple) | st.dictionaries(KEYS, t, max_size=3),
    max_leaves=12,
)


def equal(a, b):
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, csr_array):
        return all(equal(getattr(a, n), getattr(b, n)) for n in ("data", "indices", "indptr")) and a.shape == b.shape
    if isinstance(a, dict):
        return list(a) == list(b) and all(equal(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, float):
        return a.hex() == b.hex()
    return all(equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(a)) if hasattr(a, "__dataclass_fields__") else a == b


def through_files(value, folder):
    writer = Writer()
    tree = writer.tree(value)
    checkpoint_files.write(folder, 1, {"state": tree, "cuts": writer.finish()}, writer.arrays)
    header, arrays = checkpoint_files.read(folder)
    return Reader(arrays, header["cuts"]).value(header["state"])


@given(TREES)
def test_plain_data_round_trip_to_the_last_bit(tmp_path_factory, value):
    assert equal(through_files(value, tmp_path_factory.mktemp("c")), value)


def test_what_is_one_object_stays_one(tmp_path):
    """The MIP phase compares plans by identity; cuts stand in the master and in what a bound was proved by."""
    center, cut, x = Center(np.ones(2), None, np.inf, False), Cut((1,), 2.0, np.ones(3)), csr_array(np.eye(2))
    a, b, c, d, e = through_files([center, (center, None), cut, [cut, cut], x], tmp_path)
    assert b[0] is a and d[0] is c and d[1] is c and equal(e, x)


def test_what_cannot_be_held_is_refused():
    for value in (object(), {1, 2}, np.array([None]), LinearProgram(*[np.zeros(1)] * 7)):
        with pytest.raises(TypeError, match="a checkpoint cannot hold"):
            Writer().tree(value)


@given(st.floats(0, 1), st.floats(0, 1, exclude_max=True))
def test_risk_measures_are_written_exactly(weight, alpha):
    risk = Risk(weight, alpha)
    again = parse(risk.exactly())
    assert again == risk if weight > 0 else not again.has_eta
    assert parse(Risk(worst=True).exactly()).worst
    assert alpha == 0 or parse(Risk(radius=alpha).exactly()).radius == alpha


@pytest.mark.parametrize("boxed", [False, True])
def test_bases_that_will_be_packed_pack_to_the_same_solution(boxed):
    """A packed basis, whichever way it was packed, starts the next LP where the basis itself does."""
    rng = np.random.default_rng(5)
    m, n = 12, 30
    upper = np.where(rng.random(n) < 0.5, rng.uniform(0.1, 0.4, n), np.inf) if boxed else np.full(n, np.inf)
    lower = np.where(rng.random(n) < 0.2, -np.inf, 0.0) if boxed else np.zeros(n)
    A, sense = rng.normal(size=(m, n)), rng.integers(-1, 2, m)
    dual = np.where(sense == 0, rng.normal(size=m), -sense * rng.random(m))
    inside = np.clip(rng.random(n), lower, upper)
    reduced = np.where(np.isinf(lower) & np.isinf(upper), 0.0, np.where(np.isinf(lower), -1.0, 1.0) * rng.random(n))
    cost = A.T @ dual + reduced

    def sides(b):
        return np.where(sense <= 0, b, -np.inf), np.where(sense >= 0, b, np.inf)

    b = A @ inside
    plain, noted = (
        get("highs").open_recourse(LinearProgram(cost, csr_array(A), *sides(b), lower, upper, np.zeros(n, bool))) for _ in range(2)
    )
    noted.will_pack = True
    before = (None, None)
    for k in range(40):
        lo, up = sides(b + rng.normal(size=m) * 0.05 * (k > 0))
        first, second = plain.solve(lo, up, before[0]), noted.solve(lo, up, before[1])
        assert first.objective == second.objective and np.array_equal(first.dual, second.dual)
        packed = [plain.pack(first.basis), noted.pack(second.basis)]
        assert np.array_equal(packed[0] == 1, packed[1] == 1)
        free = ~np.concatenate([np.zeros(n, bool), sense == 0])
        assert np.array_equal(packed[0][free], packed[1][free])
        before = (plain.unpack(packed[0]), noted.unpack(packed[1])) if k % 2 else (first.basis, second.basis)


# the command line, killed


def command(*arguments, ranks=1):
    launch = [sys.executable, "-m", "quakeops"] if ranks == 1 else [MPIEXEC, "-n", str(ranks), sys.executable, "-m", "quakeops"]
    return [*launch, "solve", *map(str, arguments)]


def killed(arguments, folder, ranks, delay):
    """Start a command, wait until a new checkpoint is there and ``delay`` more, and kill it and all its ranks; ``False`` if it was over."""
    header = folder / "checkpoint.json"
    before = header.stat().st_mtime_ns if header.exists() else 0
    process = subprocess.Popen(
        command(*arguments, ranks=ranks), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        while process.poll() is None and not (header.exists() and header.stat().st_mtime_ns > before):
            time.sleep(0.01)
        time.sleep(delay)
        return process.poll() is None
    finally:
        for child in [*descendants(process.pid), process.pid]:
            if process.returncode is None:
                os.kill(child, signal.SIGKILL)
        process.wait()


def descendants(pid):
    """Return the numbers of a process' children, theirs included (mpiexec puts ranks into sessions of their own)."""
    out = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            out += [*descendants(child), child]
    return out


@needs_mpi
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds child processes in /proc")
def test_kill_9_at_any_moment_and_resume_on_other_numbers_of_ranks(tmp_path):
    """A run killed again and again, going on with 2 and 1 ranks: objective, bound and plan of one that nobody killed."""
    problem = [
        "prepositioning",
        "--instance",
        "prepositioning-random",
        "--scenarios",
        150,
        "--seed",
        5,
        "--method",
        "benders",
        "--rel-gap",
        1e-3,
    ]
    every = ["--checkpoint-every", 1]
    out = [tmp_path / "whole.json", tmp_path / "killed.json"]
    done = subprocess.run(
        command(*problem, "--checkpoint", tmp_path / "whole", *every, "--out", out[0]), check=False, capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode()
    folder, rng = tmp_path / "killed", random.Random(11)
    start, resume = [*problem, "--checkpoint", folder, *every], ["--resume", folder]
    iterations = []
    for ranks in (1, 2, 1):
        alive = killed(start if not iterations else resume, folder, ranks, rng.uniform(0, 0.8))
        iterations.append(Saved.load(folder).iteration)
        if not alive:
            break
    assert len(iterations) > 1 and iterations == sorted(iterations)
    done = subprocess.run(command(*resume, "--out", out[1], ranks=2), check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert f"resumed at iteration {iterations[-1]}" in done.stderr
    whole, resumed = (quakeops.Result.load(path) for path in out)
    assert (resumed.objective, resumed.bound) == (whole.objective, whole.bound)
    assert resumed.first_stage == whole.first_stage and found(resumed) == found(whole)
